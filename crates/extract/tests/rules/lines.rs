//! Several contracts in one job.

use serde_json::{Value as Json, json};
use xmlx_extract::{Plan, Stage};

use crate::contract::base;

/// The contract of `base` for another product line, whose tables are its own.
fn other_line(line: &str, root: &str) -> Json {
    let text = base().to_string();
    let text = text.replace("/Msg/Req/loan", &format!("/{root}/Req/{line}"));
    let text =
        text.replace("\"/Msg", &format!("\"/{root}")).replace("\"Msg\"", &format!("\"{root}\""));
    let text = text.replace("loan_base", &format!("{line}_base"));
    let mut contract: Json = serde_json::from_str(&text).expect("still JSON");
    contract["source_application_table"] = json!(line);
    contract
}

fn set(contracts: &[Json]) -> String {
    json!({ "contracts": contracts }).to_string()
}

fn plan() -> Plan {
    let contracts = [base(), other_line("card", "Msg"), other_line("boat", "Doc")];
    Plan::from_json(&set(&contracts)).unwrap_or_else(|err| panic!("{err}"))
}

/// The tables that got rows.
fn filled(plan: &Plan, xml: &str) -> Result<String, String> {
    let application = plan.map(xml, None).map_err(|it| it.to_string())?;
    let tables = plan.tables().iter().zip(&application.tables);
    let filled: Vec<&str> =
        tables.filter(|(_, rows)| !rows.is_empty()).map(|(table, _)| table.name.as_str()).collect();
    Ok(filled.join(" "))
}

#[test]
fn documents_go_to_the_contract_of_their_line() {
    let plan = plan();
    for (xml, expected) in [
        ("<Msg><Req ID='7'><loan/></Req></Msg>", "loan_base"),
        ("<Msg><Req ID='7'><card/></Req></Msg>", "card_base"),
        ("<Doc><Req ID='7'><boat/></Req></Doc>", "boat_base"),
        // What only looks like another line is not taken for it.
        ("<Msg><!-- <loan/> --><Req ID='7'><other><loan/></other><card/></Req></Msg>", "card_base"),
    ] {
        assert_eq!(filled(&plan, xml), Ok(expected.to_owned()), "{xml}");
    }
    assert_eq!(plan.source().application_tables, ["loan", "card", "boat"]);
}

#[test]
fn warnings_name_tables_of_every_line() {
    let mut lines = [base(), other_line("card", "Msg")];
    for (line, table) in lines.iter_mut().zip(["loan_base", "card_base"]) {
        let path = line["xml_application_path"].clone();
        let more = json!({ "xml_path": path, "xml_attribute": "n", "target_table": table,
            "target_column": "n", "data_type": "int" });
        line["mappings"].as_array_mut().expect("a list").push(more);
    }
    let plan = Plan::from_json(&set(&lines)).unwrap_or_else(|err| panic!("{err}"));
    for (line, table) in [("loan", "loan_base"), ("card", "card_base")] {
        let xml = format!("<Msg><Req ID='7'><{line} n='none'/></Req></Msg>");
        let application = plan.map(&xml, None).expect("rows");
        let [warning] = application.warnings[..] else { panic!("{:?}", application.warnings) };
        assert_eq!(plan.warned(&warning), (table, Some("n")));
    }
}

#[test]
fn a_document_of_no_line_is_refused_by_all() {
    let rejection = plan().map("<Msg><Req ID='7'><hut/></Req></Msg>", None).expect_err("no line");
    assert_eq!((rejection.stage, rejection.app_id), (Stage::Validation, Some(7)));
    for part in ["`/Msg/Req/loan`", "`/Msg/Req/card`", "the root element is `Msg`, not `Doc`"] {
        assert!(rejection.reason.contains(part), "{}", rejection.reason);
    }
}

/// What is wrong with a document of a line is not another line's business.
#[test]
fn other_refusals_are_final() {
    let rejection = plan().map("<Msg><Req ID='x'><loan/></Req></Msg>", None).expect_err("no id");
    assert_eq!(rejection.reason, "the application id `/Msg/Req/@ID` is no positive integer");
}

#[test]
fn a_contract_that_takes_every_document_takes_every_document() {
    let mut all = other_line("card", "Msg");
    all.as_object_mut().expect("an object").remove("source_application_table");
    let plan = Plan::from_json(&set(&[base(), all])).unwrap_or_else(|err| panic!("{err}"));
    assert_eq!(plan.source().application_tables, [] as [String; 0]);
}

#[test]
fn what_keeps_contracts_from_sharing_a_job_is_named() {
    let mut schema = other_line("card", "Msg");
    schema["target_schema"] = json!("elsewhere");
    let mut misspelt = other_line("boat", "Doc");
    misspelt["mapings"] = misspelt["mappings"].take();
    for (contract, expected) in [
        (
            set(&[base(), schema]),
            "contracts[1].target_schema: `elsewhere`, but `lending` in the first",
        ),
        (
            set(&[base(), base()]),
            "contracts[1].xml_application_path: another contract has the same",
        ),
        (set(&[misspelt]), "contracts[0].mapings"),
        (set(&[]), "contracts: the set is empty"),
        (
            json!({ "contracts": [base()], "version": 1 }).to_string(),
            "contracts: no list of contracts that stands alone",
        ),
        (
            json!({ "contracts": 1 }).to_string(),
            "contracts: no list of contracts that stands alone",
        ),
        (json!({ "contracts": [1] }).to_string(), "contracts[0]: the contract is no JSON object"),
    ] {
        let errors = Plan::from_json(&contract).expect_err("a problem").to_string();
        assert!(errors.contains(expected), "`{expected}` in {errors}");
    }
}

#[test]
fn contracts_are_compared_once_each_is_right() {
    let mut misspelt = other_line("boat", "Doc");
    misspelt["mapings"] = misspelt["mappings"].take();
    let errors = Plan::from_json(&set(&[misspelt, base(), base()])).expect_err("a problem");
    assert!(errors.problems().iter().all(|it| it.path.starts_with("contracts[0]")), "{errors}");
}
