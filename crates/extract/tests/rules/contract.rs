//! A small contract of a made-up lender, and documents for it.

#[path = "../shared/cell.rs"]
mod cell;

use serde_json::{Value as Json, json};
use xmlx_extract::{Application, Limits, Plan, Rejection};

use cell::cell;

/// The contract without mappings of columns other than keys.
pub(crate) fn base() -> Json {
    let party = "/Msg/Req/loan/party";
    json!({
        "xml_root_element": "Msg",
        "xml_application_path": "/Msg/Req/loan",
        "source_table": "inbox",
        "source_column": "body",
        "source_application_table": "loan",
        "target_schema": "lending",
        "table_insertion_order":
            ["loan_base", "loan_terms", "party_base", "party_home", "party_job", "scores", "flags", "history", "notes",
             "exceptions", "covers", "goods", "processing_log"],
        "element_filtering": { "filter_rules": [
            { "element_type": "contact", "xml_child_path": party,
              "required_attributes": { "pid": true, "kind": ["MAIN", "CO"] } },
            { "element_type": "address", "xml_child_path": format!("{party}/home"),
              "required_attributes": { "type": ["NOW", "OLD"] } },
            { "element_type": "employment", "xml_child_path": format!("{party}/job"),
              "required_attributes": { "type": ["NOW", "OLD"] } },
        ]},
        "relationships": [
            relationship("loan_base", "party_base", "loan_id", party),
            relationship("loan_base", "loan_terms", "loan_id", "/Msg/Req/loan"),
            relationship("loan_base", "covers", "loan_id", "/Msg/Req/loan"),
            relationship("loan_base", "goods", "loan_id", "/Msg/Req/loan"),
            relationship("party_base", "party_home", "party_id", &format!("{party}/home")),
            relationship("party_base", "party_job", "party_id", &format!("{party}/job")),
        ],
        "mappings": [
            mapping("/Msg/Req", "ID", "loan_base.loan_id", "int", json!({ "mapping_type": ["identity_insert"] })),
            mapping(party, "pid", "party_base.party_id", "int", json!({ "mapping_type": "identity_insert" })),
            mapping(party, "first_name", "party_base.first_name", "string", json!({ "data_length": 5 })),
            mapping(&format!("{party}/home"), "type", "party_home.type_enum", "smallint",
                json!({ "mapping_type": ["enum"], "enum_name": "when" })),
            mapping(&format!("{party}/home"), "city", "party_home.city", "string",
                json!({ "default_value": "MISSING", "exclude_default_when_record_empty": true })),
            mapping(&format!("{party}/job"), "type", "party_job.type_enum", "smallint",
                json!({ "mapping_type": ["enum"], "enum_name": "when" })),
            mapping(&format!("{party}/job"), "pay", "party_job.monthly_salary", "decimal", json!({})),
        ],
        "enum_mappings": { "when": { "NOW": 1, "OLD": 2 }, "colour": { "red": 10, "Blue": 11, "": 19 } },
        "bit_conversions": {
            "char_to_bit": { "Y": 1, "N": 0 }, "boolean_to_bit": { "true": 1, "false": 0 },
        },
    })
}

fn relationship(parent: &str, child: &str, key: &str, path: &str) -> Json {
    json!({ "parent_table": parent, "child_table": child, "foreign_key_column": key, "xml_child_path": path })
}

/// A mapping with further keys.
pub(crate) fn mapping(
    path: &str,
    attribute: &str,
    target: &str,
    data_type: &str,
    more: Json,
) -> Json {
    let (table, column) = target.split_once('.').unwrap_or((target, ""));
    let mut mapping = json!({
        "xml_path": path, "xml_attribute": attribute, "target_table": table, "target_column": column,
        "data_type": data_type, "nullable": true, "required": false,
    });
    for (key, value) in more.as_object().into_iter().flatten() {
        mapping[key] = value.clone();
    }
    mapping
}

/// Compiles the contract with more mappings.
pub(crate) fn plan(mappings: &[Json]) -> Plan {
    plan_with(mappings, Limits::default())
}

/// The same with other limits.
pub(crate) fn plan_with(mappings: &[Json], limits: Limits) -> Plan {
    let mut contract = base();
    contract["mappings"].as_array_mut().expect("mappings").extend_from_slice(mappings);
    Plan::from_json_with(&contract.to_string(), limits).unwrap_or_else(|err| panic!("{err}"))
}

/// A document with attributes of the loan and elements in it.
pub(crate) fn document(attributes: &str, inner: &str) -> String {
    format!("<Msg><Req ID='7'><loan {attributes}>{inner}</loan></Req></Msg>")
}

/// Shows the rows of a table, or why there are none.
pub(crate) fn rows(plan: &Plan, xml: &str, table: &str) -> String {
    show(plan, plan.map(xml, None), table)
}

fn show(plan: &Plan, mapped: Result<Application, Rejection>, table: &str) -> String {
    let application = match mapped {
        Ok(application) => application,
        Err(rejection) => return rejection.to_string(),
    };
    let place = plan
        .tables()
        .iter()
        .position(|known| known.name == table)
        .expect("a table of the contract");
    let columns = &plan.tables()[place].columns;
    let rows = application.tables[place].iter().map(|row| {
        let cells = columns.iter().zip(row).filter(|(_, value)| !value.is_null());
        cells
            .map(|(column, value)| format!("{}={}", column.name, cell(value)))
            .collect::<Vec<_>>()
            .join(" ")
    });
    rows.collect::<Vec<_>>().join(" | ")
}
