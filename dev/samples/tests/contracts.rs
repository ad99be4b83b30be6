//! The contracts compile, and they and the SQL scripts speak of the same tables.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use xmlx_extract::{Plan, Value as Cell};
use xmlx_samples::{Line, contract, contracts, source_sql, target_sql};

/// The columns of each table that a script creates.
fn columns_of(script: &str) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut tables: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut table = "";
    for line in script.lines() {
        if let Some(rest) = line.strip_prefix("CREATE TABLE [sample].[") {
            table = rest.split(']').next().expect("a name ends");
        }
        if let Some(rest) = line.strip_prefix("    [") {
            tables.entry(table).or_default().insert(rest.split(']').next().expect("a name ends"));
        }
    }
    tables
}

#[test]
fn the_contracts_compile() {
    for (line, contract) in contracts() {
        let plan = Plan::from_json(contract).unwrap_or_else(|errors| panic!("{line:?}: {errors}"));
        assert_eq!(plan.target_schema(), "sample");
        let table = format!("sample.{}", line.application_table());
        assert_eq!(plan.source().application_tables, [table]);
    }
}

#[test]
fn every_column_of_a_contract_is_in_the_script() {
    let tables = columns_of(target_sql());
    assert!(tables["person"].contains("ssn_last_4"));
    for (line, contract) in contracts() {
        let plan = Plan::from_json(contract).expect("the contract compiles");
        for table in plan.tables() {
            for column in &table.columns {
                let columns =
                    tables.get(table.name.as_str()).unwrap_or_else(|| panic!("no {}", table.name));
                assert!(
                    columns.contains(column.name.as_str()),
                    "{line:?}: {}.{}",
                    table.name,
                    column.name
                );
            }
        }
    }
}

#[test]
fn every_number_of_an_enum_is_in_the_script() {
    let script = target_sql();
    for (line, contract) in contracts() {
        let contract: Value = serde_json::from_str(contract).expect("JSON");
        let enums = contract["enum_mappings"].as_object().expect("an object");
        for (name, entries) in enums {
            for (key, number) in entries.as_object().expect("an object") {
                let Some(number) = number.as_i64() else { continue };
                assert!(
                    script.contains(&format!("\n    ({number}, '")),
                    "{line:?}: {name}.{key} is {number}"
                );
            }
        }
    }
}

#[test]
fn the_source_tables_are_those_of_the_contracts() {
    let tables = columns_of(source_sql());
    for (line, contract) in contracts() {
        let contract: Value = serde_json::from_str(contract).expect("JSON");
        let table = contract["source_table"].as_str().expect("a name");
        assert!(tables[table].contains("app_XML"));
        assert!(tables.contains_key(line.application_table()));
    }
}

#[test]
fn between_them_the_contracts_use_every_mapping_type() {
    let both = format!("{}{}", contract(Line::Card), contract(Line::Loan));
    for name in [
        "enum",
        "char_to_bit",
        "boolean_to_bit",
        "numbers_only",
        "extract_numeric",
        "extract_date",
        "identity_insert",
        "calculated_field",
        "last_valid_pr_contact",
        "last_valid_sec_contact",
        "authu_contact",
        "curr_address_only",
        "add_score(VANTAGE)",
        "add_indicator(fraud_ssn)",
        "add_history",
        "add_report_lookup(IDV)",
        "policy_exceptions(341)",
        "policy_exceptions()",
        "warranty_field(321)",
        "add_collateral(2)",
    ] {
        assert!(both.contains(&format!("\"{name}\"")), "{name}");
    }
}

/// The first block of a language in the reference of the contract format.
fn first_block(language: &str) -> &'static str {
    let text = include_str!("../../../docs/contract-1.md");
    let start = format!("```{language}\n");
    let from = text.find(&start).expect("there is such a block") + start.len();
    let end = from + text[from..].find("\n```").expect("the block ends");
    &text[from..end]
}

#[test]
fn the_contract_that_the_reference_begins_with_gives_the_rows_that_it_shows() {
    let plan = Plan::from_json(first_block("json")).unwrap_or_else(|errors| panic!("{errors}"));
    let application = plan.map(first_block("xml"), Some(42)).expect("the document maps");
    assert!(application.warnings.is_empty());
    let shown: Vec<String> = plan
        .tables()
        .iter()
        .zip(&application.tables)
        .map(|(table, rows)| {
            let [row] = rows.as_slice() else { panic!("{} has {} rows", table.name, rows.len()) };
            let cells = table
                .columns
                .iter()
                .zip(row)
                .map(|(column, cell)| format!("{} {}", column.name, show(cell)));
            format!("{}: {}", table.name, cells.collect::<Vec<_>>().join(", "))
        })
        .collect();
    assert_eq!(
        shown,
        [
            "boat: app_id 42, received_date 2024-03-05 00:00:00, length 21.5, kind_enum 1",
            "owner: con_id 7, app_id 42, last_name Brandt, ssn 012345678",
            "owner_home: con_id 7, place_enum 11, city Ashford",
        ]
    );
}

fn show(cell: &Cell) -> String {
    match cell {
        Cell::Null => "NULL".to_owned(),
        Cell::Bit(bit) => u8::from(*bit).to_string(),
        Cell::Int(int) => int.to_string(),
        Cell::Decimal(decimal) => decimal.to_string(),
        Cell::Float(float) => float.to_string(),
        Cell::Text(text) => text.clone(),
        Cell::Date(date) => date.to_string(),
        Cell::DateTime(time) => time.to_string(),
        Cell::DateTimeOffset(time) => time.to_string(),
    }
}
