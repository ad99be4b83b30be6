//! What is read, ignored and read by nobody, by contracts of both formats.

use super::*;
use crate::Limits;

fn inventory(documents: &[&str]) -> Inventory {
    let mut inventory = Inventory::new();
    for document in documents {
        inventory.add(document, &Limits::default()).expect("a document");
    }
    inventory
}

/// Each path with its status and who reads it; then what never matched.
fn coverage(contract: &str, documents: &[&str]) -> Vec<String> {
    let plan = Plan::from_json(contract).expect("a contract");
    let coverage = plan.coverage(&inventory(documents));
    let paths = coverage.paths.iter().map(|path| {
        let status = format!("{:?}", path.status).to_lowercase();
        format!("{} {status} {}", path.path, path.read_by.join(", ")).trim_end().to_owned()
    });
    let never = coverage.never_matched().map(|mapping| {
        let column = mapping.column.as_deref().unwrap_or("rows");
        format!("never {}.{column}: {}", mapping.table, mapping.reads.join(" | "))
    });
    paths.chain(never).collect()
}

const HEAD: &str = "format = 2\n[source]\ntable = 'dbo.t'\ndocument = 'd'\n";

#[test]
fn format_2_reads_by_path() {
    let contract = format!(
        "{}{}",
        HEAD.replace("[source]", "ignore = ['/o/audit', '//@id', '/o/line/@gone']\n[source]"),
        "[namespaces]\nx = 'urn:x'\n\
         [[table]]\nname = 'o'\nrows = '/o'\ncolumns = { total = 'sum(line/@price)', who = 'x:by', note = 'memo', none = 'gone/@a' }\n\
         [[table]]\nname = 'line'\nrows = '/o/line[@kind = \"A\"]'\nkey = 'n'\n\
         columns = { n = '@n', place = { position = '/o' }, up = '../@top', lost = 'p/q' }\n\
         [[table]]\nname = 'none'\nrows = '/o/nobody'\ncolumns = { n = '@n' }\n"
    );
    let document = "<o top='1' id='2' xmlns:x='urn:x' xmlns:i='http://www.w3.org/2001/XMLSchema-instance' i:nil='false'>\
        <line n='1' price='2' kind='A' left='x' id='3'><p>t</p></line><x:by>me<em>!</em></x:by><by>no</by>\
        <memo/><audit at='1'><by>me</by></audit><box><k v=''/></box></o>";
    assert_eq!(
        coverage(&contract, &[document]),
        [
            "/o read rows of o, line.place",
            "/o/@top read line.up",
            "/o/@id ignored",
            "/o/@xsi:nil markup",
            "/o/line read rows of line",
            "/o/line/@n read line.n",
            "/o/line/@price read o.total",
            "/o/line/@kind read rows of line",
            "/o/line/@left unread",
            "/o/line/@id ignored",
            "/o/line/p unread",
            "/o/x:by read o.who",
            "/o/x:by/em read o.who",
            "/o/by unread",
            "/o/memo read o.note",
            "/o/audit ignored",
            "/o/audit/@at ignored",
            "/o/audit/by ignored",
            "/o/box unread",
            "/o/box/k unread",
            "/o/box/k/@v unread",
            "never o.none: gone/@a",
            "never line.lost: p/q",
            "never none.rows: /o/nobody",
            "never none.n: @n",
        ]
    );
}

#[test]
fn what_is_wrong_with_ignored_paths_is_said() {
    for (ignored, expected) in [
        ("line", "what is ignored is seen from the document"),
        ("/o/line[@a]", "what is ignored cannot depend on conditions"),
        ("/o/../p", "what is ignored is an element or an attribute"),
        ("/o/text()", "what is ignored is an element or an attribute"),
        ("count(/o)", "this is no path"),
        ("/o/", "the path ends where a name is due"),
    ] {
        let contract = format!(
            "format = 2\nignore = '{ignored}'\n[source]\ntable = 'dbo.t'\ndocument = 'd'\n\
             [[table]]\nname = 'o'\nrows = '/o'\ncolumns = {{ n = '@n' }}\n"
        );
        let err = Plan::from_json(&contract).expect_err("a contract with a problem").to_string();
        assert!(err.contains(expected), "{ignored}: {err}");
    }
}

#[test]
fn what_nobody_reads_is_listed_at_its_top() {
    let contract = format!(
        "{HEAD}[[table]]\nname = 'o'\nrows = '/o'\ncolumns = {{ n = '@n', m = 'mixed/@m' }}\n"
    );
    let plan = Plan::from_json(&contract).expect("a contract");
    let document = "<o n='1' z='1'><a b='1'><c d='1'/></a><mixed m='1'>text</mixed><e/></o>";
    let coverage = plan.coverage(&inventory(&[document]));
    let unread = coverage.unread();
    let unread: Vec<_> = unread
        .iter()
        .map(|unread| (coverage.paths[unread.path].path.as_str(), unread.n_within))
        .collect();
    assert_eq!(unread, [("/o/@z", 0), ("/o/a", 3), ("/o/mixed", 0), ("/o/e", 0)]);
}

#[test]
fn contracts_of_both_formats_read_their_own_documents() {
    let loan = r#"{"xml_root_element": "all", "xml_application_path": "/all/loan", "source_table": "t", "source_column": "d",
        "target_schema": "dbo", "table_insertion_order": ["loan", "item"],
        "element_filtering": {"filter_rules": [{"element_type": "row", "xml_child_path": "/all/loan/item"}]},
        "relationships": [{"parent_table": "loan", "child_table": "item", "foreign_key_column": "app_id", "xml_child_path": "/all/loan/item"}],
        "mappings": [
        {"xml_path": "/all/loan/item", "xml_attribute": "n", "target_table": "item", "target_column": "n", "data_type": "int"},
        {"xml_path": "/all/loan", "xml_attribute": "id", "target_table": "loan", "target_column": "app_id", "data_type": "int", "nullable": false},
        {"xml_path": "/all/loan", "xml_attribute": "sum", "target_table": "loan", "target_column": "sum", "data_type": "int"}]}"#;
    let card = "format = 2\nignore = '//@audit'\nsource = { table = 't', document = 'd' }\ntarget = { schema = 'dbo' }\n\
        [reading]\nattributes = 'any_case'\n[[table]]\nname = 'card'\nrows = '/all/card'\n\
        columns = { sum = '@sum', last = '(by | @by)[last()]', none = '(gone)[1]' }\n";
    let contract = serde_json::json!({ "contracts": [loan, card] }).to_string();
    let documents = [
        "<all><loan id='1' sum='2' audit='3'><item n='4'/></loan></all>",
        "<all><card Sum='2' audit='3' by='me'><by>you</by><no>body</no></card></all>",
    ];
    assert_eq!(
        coverage(&contract, &documents),
        [
            "/all read",
            "/all/loan read",
            "/all/loan/@id read loan.app_id",
            "/all/loan/@sum read loan.sum",
            "/all/loan/@audit unread",
            "/all/loan/item read rows of item",
            "/all/loan/item/@n read item.n",
            "/all/card read rows of card",
            "/all/card/@Sum read card.sum",
            "/all/card/@audit ignored",
            "/all/card/@by read card.last",
            "/all/card/by read card.last",
            "/all/card/no unread",
            "never card.none: (gone)[1]",
        ]
    );
}
