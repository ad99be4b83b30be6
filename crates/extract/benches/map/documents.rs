//! A made-up lender's contract, and documents for it that are mostly a bureau's report.

use std::fmt::Write as _;

/// Columns of each kind that the application's table has.
const N_COLUMNS: usize = 40;

/// Kinds of these columns: type and conversion, and what documents have for them.
const KINDS: [(&str, &str, &str); 5] = [
    ("text", r#""string", "data_length": 20"#, "Lantern &amp; Vine"),
    ("amount", r#""decimal", "data_length": 2"#, "1204.50"),
    ("date", r#""datetime""#, "2024-03-05 10:11:12.345"),
    ("flag", r#""bit", "mapping_type": ["char_to_bit"]"#, "Y"),
    ("code", r#""smallint", "mapping_type": ["enum"], "enum_name": "when""#, "NOW"),
];

/// Everything of the contract but its mappings.
const TABLES: &str = r#"
    "xml_root_element": "Msg", "xml_application_path": "/Msg/Req/loan",
    "source_table": "inbox", "source_column": "body",
    "table_insertion_order": ["loan", "terms", "party", "home"],
    "element_filtering": { "filter_rules": [
        { "element_type": "contact", "xml_child_path": "/Msg/Req/loan/party",
          "required_attributes": { "pid": true, "kind": ["MAIN", "CO"] } },
        { "element_type": "address", "xml_child_path": "/Msg/Req/loan/party/home",
          "required_attributes": { "type": ["NOW", "OLD"] } }
    ] },
    "relationships": [
        { "parent_table": "loan", "child_table": "terms", "foreign_key_column": "loan_id",
          "xml_child_path": "/Msg/Req/loan" },
        { "parent_table": "loan", "child_table": "party", "foreign_key_column": "loan_id",
          "xml_child_path": "/Msg/Req/loan/party" },
        { "parent_table": "party", "child_table": "home", "foreign_key_column": "party_id",
          "xml_child_path": "/Msg/Req/loan/party/home" }
    ],
    "enum_mappings": { "when": { "NOW": 1, "OLD": 2 } },
    "bit_conversions": { "char_to_bit": { "Y": 1, "N": 0 } }"#;

/// What is mapped: path and attribute, table and column, type and more.
const MAPPINGS: [(&str, &str, &str); 7] = [
    ("Msg/Req@ID", "loan.loan_id", r#""int", "mapping_type": ["identity_insert"]"#),
    ("Msg/Req/loan/party@pid", "party.party_id", r#""int", "mapping_type": ["identity_insert"]"#),
    ("Msg/Req/loan/party@first_name", "party.first_name", r#""string", "data_length": 50"#),
    ("Msg/Req/loan/party@ssn", "party.ssn", r#""string", "mapping_type": ["numbers_only"]"#),
    (
        "Msg/Req/loan/party/home@type",
        "home.type_enum",
        r#""smallint", "mapping_type": ["enum"], "enum_name": "when""#,
    ),
    ("Msg/Req/loan/party/home@city", "home.city", r#""string", "data_length": 50"#),
    (
        "Msg/Req/loan@term",
        "terms.months",
        r#""int", "mapping_type": ["calculated_field"],
           "expression": "CASE WHEN loan.basis = 'Y' THEN loan.term * 12 ELSE loan.term END""#,
    ),
];

/// A contract that reads the application, its people and their homes, and nothing of the report.
pub(crate) fn contract() -> String {
    let mut mappings: Vec<String> = MAPPINGS
        .iter()
        .map(|(source, target, type_and_more)| mapping(source, target, type_and_more))
        .collect();
    for n in 0..N_COLUMNS {
        let (kind, type_and_more, _) = KINDS[n % KINDS.len()];
        let source = format!("Msg/Req/loan@{kind}_{n}");
        mappings.push(mapping(&source, &format!("terms.{kind}_{n}"), type_and_more));
    }
    format!("{{ {TABLES}, \"mappings\": [{}] }}", mappings.join(", "))
}

fn mapping(source: &str, target: &str, type_and_more: &str) -> String {
    let (path, attribute) = source.split_once('@').expect("a path and an attribute");
    let (table, column) = target.split_once('.').expect("a table and a column");
    format!(
        r#"{{ "xml_path": "/{path}", "xml_attribute": "{attribute}", "target_table": "{table}",
              "target_column": "{column}", "nullable": true, "data_type": {type_and_more} }}"#
    )
}

/// A document of about a size, filled up with accounts that no mapping reads.
pub(crate) fn document(n_bytes: usize) -> String {
    let mut xml = String::with_capacity(n_bytes + 1024);
    xml.push_str("<Msg>\n  <Req ID=\"7\">\n    <loan basis=\"Y\" term=\"4\"");
    for n in 0..N_COLUMNS {
        let (kind, _, value) = KINDS[n % KINDS.len()];
        add(&mut xml, format_args!(" {kind}_{n}=\"{value}\""));
    }
    xml.push('>');
    for (pid, kind, first_name) in [(70, "MAIN", "Ada"), (71, "CO", "Zoë")] {
        add(
            &mut xml,
            format_args!(
                "\n      <party pid=\"{pid}\" kind=\"{kind}\" first_name=\"{first_name}\" ssn=\"012-34-5678\" phone=\"\">"
            ),
        );
        add(
            &mut xml,
            format_args!("\n        <home type=\"NOW\" city=\"Ashford\"/>\n      </party>"),
        );
    }
    xml.push_str("\n      <bureau_report bureau=\"NORTHERN\" pulled=\"2024-03-05\">");
    let mut n = 0;
    while xml.len() < n_bytes {
        account(&mut xml, n);
        n += 1;
    }
    xml.push_str("\n      </bureau_report>\n    </loan>\n  </Req>\n</Msg>\n");
    xml
}

/// An account of a report: some short values, some empty ones, one long, and now and then a remark.
fn account(xml: &mut String, n: usize) {
    const LENDERS: [&str; 4] =
        ["HILLSIDE CU", "ORCHARD &amp; VINE", "COPPER LINE BANK", "QUARRY AUTO FINANCE"];
    let lender = LENDERS[n % LENDERS.len()];
    let balance = n * 7919 % 40_000;
    add(
        xml,
        format_args!(
            "\n        <account_line lender=\"{lender}\" kind=\"REVOLVING\" opened_year=\"{}\" closed_date=\"\" high_amount=\"{balance}.50\" balance=\"{}.07\" late_30=\"{}\" late_60=\"0\" remark_code=\"\" pattern=\"{:024}\"",
            1995 + n % 28,
            balance / 3,
            n % 4,
            n * 104_729
        ),
    );
    if n.is_multiple_of(5) {
        add(
            xml,
            format_args!(
                ">\n          <remark code=\"{}\">paid as agreed</remark>\n        </account_line>",
                n % 90
            ),
        );
    } else {
        xml.push_str("/>");
    }
}

fn add(xml: &mut String, text: std::fmt::Arguments<'_>) {
    xml.write_fmt(text).expect("writing to a string cannot fail");
}
