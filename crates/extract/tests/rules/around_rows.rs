//! What rows that are elements read of elements around and beside them, and what goes with a parent that is no row.

use serde_json::{Value as Json, json};
use xmlx_extract::{Plan, WarningKind};

use crate::contract::{mapping, rows};

const TX: &str = "/Doc/batch/tx";

/// A contract of batches with transactions; with a rule for batches or without.
fn contract(rules: &[Json], more: &[Json]) -> Json {
    let has_batches = rules.iter().any(|rule| rule["xml_child_path"] == "/Doc/batch");
    let key = if has_batches { json!(["id", "batch_no"]) } else { json!("id") };
    let parent = if has_batches { "batch" } else { "doc" };
    let mut mappings = vec![
        mapping("/Doc", "id", "doc.id", "int", json!({ "nullable": false })),
        mapping(TX, "ref", "tx.ref", "string", json!({})),
    ];
    let mut relationships = vec![json!({
        "parent_table": parent, "child_table": "tx", "foreign_key_column": key,
        "xml_child_path": TX
    })];
    if has_batches {
        mappings.push(json!({ "target_table": "batch", "target_column": "batch_no",
            "data_type": "int", "mapping_type": ["row_number"] }));
        mappings.push(mapping("/Doc/batch", "code", "batch.code", "string", json!({})));
        relationships.push(json!({
            "parent_table": "doc", "child_table": "batch", "foreign_key_column": "id",
            "xml_child_path": "/Doc/batch"
        }));
    }
    mappings.extend_from_slice(more);
    let order = if has_batches { json!(["doc", "batch", "tx"]) } else { json!(["doc", "tx"]) };
    json!({
        "xml_root_element": "Doc", "xml_application_path": "/Doc", "source_table": "s",
        "source_column": "b", "target_schema": "t", "table_insertion_order": order,
        "element_filtering": { "filter_rules": rules }, "relationships": relationships,
        "mappings": mappings
    })
}

fn rule(path: &str, more: Json) -> Json {
    let mut rule = json!({ "element_type": "row", "xml_child_path": path });
    for (key, value) in more.as_object().into_iter().flatten() {
        rule[key] = value.clone();
    }
    rule
}

fn plan(rules: &[Json], more: &[Json]) -> Plan {
    Plan::from_json(&contract(rules, more).to_string()).unwrap_or_else(|err| panic!("{err}"))
}

fn kinds(plan: &Plan, xml: &str) -> Vec<String> {
    let application = plan.map(xml, None).unwrap_or_else(|err| panic!("{xml}: {err}"));
    let shown = application.warnings.iter().map(|warning| {
        let (table, column) = plan.warned(warning);
        format!("{table}.{} {}", column.unwrap_or("*"), warning.kind)
    });
    shown.collect()
}

const TWO: &str = "<Doc id='1'><batch no='1'><head day='Mon'>A</head><tx ref='a'/><tx ref='b'/></batch>\
                   <batch no='2'><tx ref='c'/><head day='Tue'>B</head></batch><batch no='3'><tx ref='d'/></batch></Doc>";

/// Each row reads the elements of its own line, whether there are rules for what is around it or not.
#[test]
fn what_is_around_and_beside_a_row_is_that_of_the_row() {
    let more = [
        mapping("/Doc/batch/head", "day", "tx.day", "string", json!({})),
        mapping("/Doc/batch/head", "text()", "tx.head", "string", json!({})),
        mapping("/Doc/batch", "no", "tx.no", "int", json!({})),
    ];
    for (rules, keys) in [
        (vec![rule(TX, json!({}))], ["id=1"; 4]),
        (
            vec![rule("/Doc/batch", json!({})), rule(TX, json!({}))],
            ["id=1 batch_no=1", "id=1 batch_no=1", "id=1 batch_no=2", "id=1 batch_no=3"],
        ),
    ] {
        let plan = plan(&rules, &more);
        let expected = [
            "ref='a' day='Mon' head='A' no=1",
            "ref='b' day='Mon' head='A' no=1",
            "ref='c' day='Tue' head='B' no=2",
            "ref='d' no=3",
        ];
        let expected: Vec<String> =
            keys.iter().zip(expected).map(|(key, row)| format!("{key} {row}")).collect();
        assert_eq!(rows(&plan, TWO, "tx"), expected.join(" | "));
        assert_eq!(kinds(&plan, TWO), [""; 0]);
    }
    let two =
        "<Doc id='1'><batch><head day='1'/><head day='2'/><tx ref='a'/><tx ref='b'/></batch></Doc>";
    let plan = plan(&[rule(TX, json!({}))], &more[..1]);
    assert_eq!(rows(&plan, two, "tx"), "id=1 ref='a' day='2' | id=1 ref='b' day='2'");
    assert_eq!(kinds(&plan, two), ["tx.day several_values"; 2]);
}

#[test]
fn one_value_of_several_within_a_row_is_told() {
    let plan = plan(
        &[rule(TX, json!({}))],
        &[mapping("/Doc/batch/tx/note", "text()", "tx.note", "string", json!({}))],
    );
    let xml = |notes: &str| format!("<Doc id='1'><batch><tx ref='a'>{notes}</tx></batch></Doc>");
    assert_eq!(kinds(&plan, &xml("<note>a</note><note>b</note>")), ["tx.note several_values"]);
    assert_eq!(kinds(&plan, &xml("<note>a</note><note/>")), ["tx.note several_values"]);
    assert_eq!(kinds(&plan, &xml("<note>b</note><note> b </note><x/>")), [""; 0]);
}

/// Otherwise what hangs off it would be lost.
#[test]
fn a_parent_without_values_is_a_row_if_rows_hang_off_it() {
    let filter = json!({ "required_attributes": { "ref": true } });
    let plan = plan(&[rule("/Doc/batch", json!({})), rule(TX, filter)], &[]);
    let xml = "<Doc id='1'><batch><tx ref='a'/></batch><batch/><batch><tx/></batch><batch><tx ref='b'/></batch></Doc>";
    assert_eq!(rows(&plan, xml, "batch"), "id=1 batch_no=1 | id=1 batch_no=2");
    assert_eq!(rows(&plan, xml, "tx"), "id=1 batch_no=1 ref='a' | id=1 batch_no=2 ref='b'");
    assert_eq!(kinds(&plan, xml), [""; 0]);
}

#[test]
fn what_goes_with_a_parent_that_another_replaces_is_told() {
    let xml = "<Doc id='1'><batch code='A'><tx ref='a'/></batch><batch code='A'><tx ref='b'/><tx ref='c'/></batch></Doc>";
    for (keep, kept, n_lost) in [("first", "a", 2), ("last", "b", 1)] {
        let key = json!({ "key": ["code"], "keep": keep });
        let plan = plan(&[rule("/Doc/batch", key), rule(TX, json!({}))], &[]);
        assert!(rows(&plan, xml, "tx").contains(&format!("ref='{kept}'")));
        let lost = format!("tx.* {}", WarningKind::RowLeftOut);
        assert_eq!(kinds(&plan, xml), vec![lost; n_lost], "{keep}");
    }
}

#[test]
fn what_must_be_there_may_be_a_child() {
    let filter = |wanted: Json| json!({ "required_attributes": { "sts": wanted } });
    let xml = "<Doc id='1'><batch><tx ref='a'><sts> book </sts></tx><tx ref='b'><sts>PDNG</sts></tx>\
               <tx ref='c' sts='BOOK'><sts>PDNG</sts></tx><tx ref='d' sts=''><sts>BOOK</sts></tx><tx ref='e'><x><sts>BOOK</sts></x></tx></batch></Doc>";
    for (wanted, expected) in [
        (json!(["BOOK"]), "id=1 ref='a' | id=1 ref='c'"),
        (json!(true), "id=1 ref='a' | id=1 ref='b' | id=1 ref='c'"),
    ] {
        let plan = plan(&[rule(TX, filter(wanted))], &[]);
        assert_eq!(rows(&plan, xml, "tx"), expected);
    }
}

fn calculated(expression: &str) -> [Json; 4] {
    let step = json!({ "mapping_type": ["calculated_field"], "expression": expression });
    [
        mapping("/Doc/batch/tx/amt", "text()", "tx.amt", "int", json!({})),
        mapping("/Doc/batch/tx/a/nm", "text()", "tx.a", "string", json!({})),
        mapping("/Doc/batch/head", "text()", "tx.head", "string", json!({})),
        mapping(TX, "x", "tx.x", "string", step),
    ]
}

#[test]
fn expressions_read_the_text_of_elements() {
    let xml = "<Doc id='1'><batch><head>H</head><tx ref='r'><amt k='K'>5</amt><a><nm>N</nm></a></tx></batch></Doc>";
    for (expression, expected) in [
        ("amt * 2", "10"),
        ("tx.amt * 2", "10"),
        ("amt.text", "5"),
        ("amt.k", "K"),
        ("nm", "N"),
        ("a.nm", "N"),
        ("head", "H"),
        ("batch.head", "H"),
        ("ref", "r"),
    ] {
        let plan = plan(&[rule(TX, json!({}))], &calculated(expression));
        let shown = rows(&plan, xml, "tx");
        assert!(shown.ends_with(&format!("x='{expected}'")), "{expression}: {shown}");
    }
    // An attribute of the name comes first.
    let plan = plan(&[rule(TX, json!({}))], &calculated("amt"));
    let shown = rows(&plan, "<Doc id='1'><batch><tx amt='9'><amt>5</amt></tx></batch></Doc>", "tx");
    assert!(shown.ends_with("x='9'"), "{shown}");
}

#[test]
fn expressions_of_the_application_read_the_text_of_elements() {
    let step = json!({ "mapping_type": ["calculated_field"], "expression": "total * 2" });
    let plan = plan(
        &[rule(TX, json!({}))],
        &[
            mapping("/Doc/sum/total", "text()", "doc.total", "int", json!({})),
            mapping("/Doc", "x", "doc.twice", "int", step),
        ],
    );
    let xml = "<Doc id='1'><sum><total>4</total></sum></Doc>";
    assert_eq!(rows(&plan, xml, "doc"), "id=1 total=4 twice=8");
}

#[test]
fn a_field_that_may_be_two_elements_is_refused() {
    let mut more = calculated("nm").to_vec();
    more.push(mapping("/Doc/batch/tx/b/nm", "text()", "tx.b", "string", json!({})));
    let refused = Plan::from_json(&contract(&[rule(TX, json!({}))], &more).to_string());
    let problem = refused.expect_err("two elements").problems()[0].clone();
    assert_eq!(problem.path, "mappings[5].expression");
    assert_eq!(
        problem.reason,
        "the field `nm` may be the text of `/Doc/batch/tx/a/nm` or of `/Doc/batch/tx/b/nm`"
    );
    assert!(problem.suggestion.contains("Parent.Child"), "{}", problem.suggestion);
}

#[test]
fn names_that_can_never_be_met_are_refused() {
    let check = |more: Json, expected: &str| {
        let mut contract = contract(&[rule(TX, json!({}))], &[]);
        for (key, value) in more.as_object().expect("an object") {
            contract[key] = value.clone();
        }
        let err = Plan::from_json(&contract.to_string()).expect_err(expected);
        let problem = &err.problems()[0];
        let shown = format!("{}: {}", problem.path, problem.reason);
        assert_eq!(shown, expected);
    };
    check(
        json!({ "source_table": "a.b.c" }),
        "source_table: `a.b.c` is neither a table nor a schema and a table",
    );
    check(
        json!({ "source_application_table": ".b" }),
        "source_application_table: `.b` is neither a table nor a schema and a table",
    );
    check(json!({ "source_table": "" }), "source_table: `source_table` is empty");
    let required = rule(TX, json!({ "required_attributes": { "@sts": true } }));
    check(
        json!({ "element_filtering": { "filter_rules": [required] } }),
        "element_filtering.filter_rules[0].required_attributes: `@sts` is no name of an attribute",
    );
    for (path, reason) in [
        ("/Doc/x:item", "`x:item` has a prefix"),
        ("/Doc/item/@v", "`@v` is an attribute, not an element"),
        ("/Doc/item[1]", "`item[1]` has a condition, and paths have none"),
        ("/Doc/item/text()", "`text()` is text, not an element"),
        ("/Doc/*", "`*` is no name of an element"),
        ("/Doc/../x", "`..` is no name of an element"),
    ] {
        let more = [mapping(path, "v", "doc.v", "string", json!({}))];
        let err = Plan::from_json(&contract(&[rule(TX, json!({}))], &more).to_string());
        let err = err.expect_err(path);
        assert_eq!(err.problems()[0].path, "mappings[2].xml_path");
        assert_eq!(err.problems()[0].reason, reason);
    }
    let qualified = [mapping("/Doc", "v", "t.doc2.v", "string", json!({}))];
    let mut contract = contract(&[rule(TX, json!({}))], &qualified);
    contract["table_insertion_order"] = json!(["doc", "t.doc2", "tx"]);
    let err = Plan::from_json(&contract.to_string()).expect_err("a schema");
    assert_eq!(err.problems()[0].reason, "`t.doc2` names a schema");
}

/// JSON does not say which of two keys counts.
#[test]
fn keys_that_occur_twice_are_refused() {
    let text = contract(&[rule(TX, json!({}))], &[]).to_string();
    let twice =
        text.replacen("\"source_column\":", "\"source_column\":\"x\",\"source_column\":", 1);
    let twice = twice.replacen("{\"data_type\":", "{\"data_type\":\"bit\",\"data_type\":", 1);
    assert_ne!(text, twice);
    let err = Plan::from_json(&twice).expect_err("twice");
    let mut places: Vec<&str> =
        err.problems().iter().map(|problem| problem.path.as_str()).collect();
    places.sort_unstable();
    assert_eq!(places, ["mappings[0].data_type", "source_column"]);
    assert!(Plan::from_json(&format!("\u{FEFF}{text}")).is_ok());
}
