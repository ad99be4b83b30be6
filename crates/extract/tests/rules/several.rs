//! Several values where one is wanted.

use serde_json::json;
use xmlx_extract::WarningKind;

use crate::contract::{document, mapping, plan, rows};

const LOAN: &str = "/Msg/Req/loan";

/// Shows the columns that are warned of because one of several values was taken.
fn warned(plan: &xmlx_extract::Plan, xml: &str) -> Vec<String> {
    let application = plan.map(xml, None).unwrap_or_else(|err| panic!("{xml}: {err}"));
    let several =
        application.warnings.iter().filter(|warning| warning.kind == WarningKind::SeveralValues);
    let named = several.map(|warning| {
        let (table, column) = plan.warned(warning);
        format!("{table}.{}", column.unwrap_or("*"))
    });
    named.collect()
}

/// The values of both would be mixed.
#[test]
fn two_applications_in_one_document_are_refused() {
    let several = |path: &str| {
        format!(
            "validation: there are several elements `{path}` in the document, and it is to be of one application; store each application as a document of its own"
        )
    };
    for (xml, path) in [
        ("<Msg><Req ID='7'><loan/><loan/></Req></Msg>", LOAN),
        ("<Msg><Req ID='7'><loan/></Req><Req ID='8'><loan/></Req></Msg>", LOAN),
        ("<Msg><Req ID='7'><loan/></Req><Req ID='7'/></Msg>", "/Msg/Req"),
        ("<Msg><Req ID='7'/><Req><loan/></Req></Msg>", "/Msg/Req"),
    ] {
        let refused = plan(&[]).map(xml, Some(7)).expect_err(xml);
        assert_eq!(refused.to_string(), several(path), "{xml}");
        assert_eq!(refused.app_id, Some(7), "that of the row");
    }
    let other = "<Msg xmlns:x='urn:x'><Req ID='7'><loan/><x:loan/></Req><x:Req ID='8'/></Msg>";
    assert_eq!(rows(&plan(&[]), other, "loan_base"), "loan_id=7");
}

#[test]
fn one_value_of_several_is_told() {
    let note = format!("{LOAN}/note");
    let plan = plan(&[
        mapping(&note, "n", "loan_terms.n", "string", json!({})),
        mapping(&note, "text()", "loan_terms.note", "string", json!({})),
        mapping(&note, "n", "party_base.of_loan", "string", json!({})),
    ]);
    let warned = |inner: &str| {
        let parties = "<party pid='1' kind='MAIN' ssn='5'/><party pid='2' kind='CO' ssn='6'/>";
        warned(&plan, &document("", &format!("{inner}{parties}")))
    };
    // Once of what all contacts share.
    let n = ["loan_terms.n", "party_base.of_loan"];
    for (inner, expected) in [
        ("<note n='1'/>", &[][..]),
        ("<note n='1'/><note n='2'/>", &n),
        ("<note n='1'/><note n='2'/><note n='1'/>", &n),
        ("<note n='1'/><note/>", &n),
        ("<note n='1'>a</note><note n='1'>b</note>", &["loan_terms.note"]),
        ("<note>a</note><note>b</note><note>a</note>", &["loan_terms.note"]),
        ("<note>a</note><note/>", &["loan_terms.note"]),
        // The same value, or none.
        ("<note n='1'>a</note><note n=' 1 '> a </note>", &[]),
        ("<note n='&#65;'/><note n='A'/>", &[]),
        ("<note n=' '/><note n='2'/>", &[]),
        ("<note/><note n='2'>a</note>", &[]),
    ] {
        let shown: Vec<String> = warned(inner);
        assert_eq!(shown, expected, "{inner}");
    }
}

/// What a bare name of an expression means is looked for in the whole document.
#[test]
fn fields_of_the_whole_document() {
    let calculated = |expression: &str| json!({ "mapping_type": ["calculated_field"], "expression": expression });
    let note = format!("{LOAN}/note");
    let plan = plan(&[
        mapping(LOAN, "a", "loan_terms.bare", "int", calculated("n + 0")),
        mapping(LOAN, "a", "loan_terms.of_note", "int", calculated("note.n + 0")),
        mapping(
            LOAN,
            "a",
            "loan_terms.branch",
            "int",
            calculated("CASE WHEN 1 = 2 THEN n ELSE 5 END"),
        ),
        mapping(&note, "text()", "loan_terms.text", "string", json!({})),
        mapping(
            LOAN,
            "a",
            "loan_terms.length",
            "string",
            calculated("CASE WHEN note IS NULL THEN 'none' ELSE note END"),
        ),
    ]);
    let all = ["loan_terms.bare", "loan_terms.of_note"];
    for (inner, expected) in [
        ("<note n='1'/>", &[][..]),
        ("<note n='1'/><note n='2'/>", &all),
        // The bare name alone means both.
        ("<note n='1'/><other n='2'/>", &all[..1]),
        ("<other n='2'/><note n='1'/>", &all[..1]),
        ("<note n='1'/><other n=' 1 '/>", &[]),
        ("<note n='1'/><other n=''/>", &all[..1]),
        ("<note n=''/><other n='1'/>", &[]),
        ("<x:note xmlns:x='urn:x' n='1'/><note n='1'/>", &[]),
        ("<note>a</note><note>b</note>", &["loan_terms.text", "loan_terms.length"]),
        ("<note>a</note><note>a</note>", &[]),
    ] {
        let inner = format!("{inner}<party pid='1' kind='MAIN' ssn='5'/>");
        assert_eq!(warned(&plan, &document("", &inner)), expected, "{inner}");
    }
    // However many elements a document has.
    let many: String = (0..500).map(|n| format!("<note n='{n}'/>")).collect();
    let same = format!("{}<note n='7'/>", "<note n='7'/>".repeat(500));
    assert_eq!(
        warned(&plan, &document("", &format!("{many}<party pid='1' kind='MAIN' ssn='5'/>"))),
        all
    );
    assert_eq!(warned(&plan, &document("", &same)), [""; 0]);
}

#[test]
fn several_current_addresses() {
    let home = "/Msg/Req/loan/party/home";
    let plan = plan(&[mapping(
        home,
        "phone",
        "party_base.phone",
        "string",
        json!({ "mapping_type": ["curr_address_only"] }),
    )]);
    for (homes, expected) in [
        ("<home type='NOW' phone='1'/>", &[][..]),
        ("<home type='NOW' phone='1'/><home type='NOW' phone='2'/>", &["party_base.phone"]),
        ("<home type='NOW' phone='1'/><home type='NOW'/>", &["party_base.phone"]),
        ("<home type='NOW' phone='1'/><home type='NOW' phone='1'/>", &[]),
        ("<home type='NOW'/><home type='NOW' phone='2'/>", &[]),
        ("<home type='OLD' phone='1'/><home type='NOW' phone='2'/>", &[]),
    ] {
        let party = format!("<party pid='1' kind='MAIN' ssn='5'>{homes}</party>");
        assert_eq!(warned(&plan, &document("", &party)), expected, "{homes}");
    }
}
