//! Names that are the same but for their prefix.

use serde_json::json;

use crate::contract::{document, mapping, plan, rows};

const LOAN: &str = "/Msg/Req/loan";

/// What the documents here declare.
const DECLARED: &str = "xmlns:a='urn:a' xmlns:b='urn:b' xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xmlns:s='http://www.w3.org/2001/XMLSchema-instance'";

fn check_attribute(attributes: &str, expected: &str) {
    let expression = json!({ "mapping_type": ["calculated_field"], "expression": "type" });
    let plan = plan(&[
        mapping(LOAN, "type", "loan_terms.x", "string", json!({})),
        mapping(LOAN, "type", "loan_terms.y", "string", expression),
    ]);
    let shown = rows(&plan, &document(&format!("{DECLARED} {attributes}"), ""), "loan_terms");
    let shown = shown.trim_start_matches("loan_id=7").trim();
    let expected = match expected {
        "" => String::new(),
        expected => format!("x='{expected}' y='{expected}'"),
    };
    assert_eq!(shown, expected, "{attributes}");
}

/// An attribute without a prefix is what a contract means, wherever it stands in its element.
#[test]
fn attributes_without_a_prefix_win() {
    for attributes in
        ["type='VAN' a:type='x'", "a:type='x' type='VAN'", "a:type='x' b:type='y' type='VAN'"]
    {
        check_attribute(attributes, "VAN");
    }
    check_attribute("a:TYPE='x' Type='VAN'", "VAN");
    check_attribute("Type='VAN' a:type='x'", "VAN");
    check_attribute("type='' a:type='x'", "");
}

#[test]
fn attributes_with_a_prefix_are_read_where_there_is_no_other() {
    check_attribute("a:type='x'", "x");
    check_attribute("a:TYPE='x'", "x");
    check_attribute("a:TYPE='y' b:type='x'", "x");
    check_attribute("b:type='x' a:TYPE='y'", "x");
    // One of them, whatever their order.
    check_attribute("a:type='x' b:type='y'", "x");
    check_attribute("b:type='y' a:type='x'", "x");
}

/// They say something of their element and are none of its values.
#[test]
fn attributes_about_xml_never_match() {
    for attributes in ["xsi:type='x'", "s:type='x'", "xml:type='x'", "xmlns:type='urn:x'"] {
        check_attribute(attributes, "");
        check_attribute(&format!("{attributes} type='VAN'"), "VAN");
        check_attribute(&format!("type='VAN' {attributes}"), "VAN");
        check_attribute(&format!("{attributes} a:type='y'"), "y");
    }
}

#[test]
fn the_last_attribute_without_a_prefix_is_that_of_a_field() {
    let expression = json!({ "mapping_type": ["calculated_field"], "expression": "status" });
    let plan = plan(&[mapping(LOAN, "x", "loan_terms.x", "string", expression)]);
    let inner = "<p status='mine'/><q a:status='other'/>";
    assert_eq!(rows(&plan, &document(DECLARED, inner), "loan_terms"), "loan_id=7 x='mine'");
}

fn check_element(inner: &str, expected: &str) {
    let plan = plan(&[
        mapping(&format!("{LOAN}/note"), "text()", "loan_terms.x", "string", json!({})),
        mapping(&format!("{LOAN}/note"), "n", "loan_terms.y", "string", json!({})),
        mapping(&format!("{LOAN}/note/part"), "n", "loan_terms.z", "string", json!({})),
    ]);
    let shown = rows(&plan, &document(DECLARED, inner), "loan_terms");
    assert_eq!(shown.strip_prefix("loan_id=7 ").unwrap_or(&shown), expected, "{inner}");
}

#[test]
fn elements_without_a_prefix_win() {
    let plain = "<note n='1'>mine<part n='2'/></note>";
    let other = "<a:note n='8'>theirs<part n='9'/></a:note>";
    check_element(plain, "x='mine' y='1' z='2'");
    check_element(other, "x='theirs' y='8' z='9'");
    check_element(&format!("{other}{plain}"), "x='mine' y='1' z='2'");
    check_element(&format!("{plain}{other}"), "x='mine' y='1' z='2'");
    check_element(&format!("{plain}{other}<b:note/>"), "x='mine' y='1' z='2'");
    check_element(&format!("{other}<note>mine</note>"), "x='mine' z='9'");
    // One namespace, written in two ways: the last one counts.
    check_element("<note xmlns='urn:a' n='1'/><a:note n='2'/>", "y='2'");
}

#[test]
fn rows_and_contacts_without_a_prefix_win() {
    let party = |prefix: &str, pid: usize| {
        format!(
            "<{prefix}party pid='{pid}' kind='MAIN' ssn='5'><home type='NOW' city='x'/></{prefix}party>"
        )
    };
    let shown = |inner: &str| {
        let plan = plan(&[]);
        let xml = document(DECLARED, inner);
        let [contacts, homes] = ["party_base", "party_home"].map(|table| rows(&plan, &xml, table));
        (contacts.matches("party_id").count(), homes.matches("party_id").count())
    };
    assert_eq!(shown(&(party("a:", 1) + &party("a:", 2))), (2, 2));
    assert_eq!(shown(&(party("", 1) + &party("a:", 2))), (1, 1));
    assert_eq!(shown(&(party("a:", 1) + &party("", 2))), (1, 1));
}

/// Documents in which everything has the prefix of one namespace are as usual as those in which nothing has.
#[test]
fn everything_may_have_a_prefix() {
    let plan =
        plan(&[mapping(&format!("{LOAN}/note"), "text()", "loan_terms.x", "string", json!({}))]);
    let xml = |inner: &str| {
        format!(
            "<m:Msg xmlns:m='urn:m' xmlns:o='urn:o'><m:Req ID='7'><m:loan>{inner}</m:loan></m:Req></m:Msg>"
        )
    };
    for inner in [
        "<m:note>mine</m:note>",
        "<m:note>mine</m:note><o:note>other</o:note>",
        "<o:note>other</o:note><m:note>mine</m:note>",
        "<m:note>mine</m:note><x:note xmlns:x='urn:m'>mine</x:note>",
    ] {
        assert_eq!(rows(&plan, &xml(inner), "loan_terms"), "loan_id=7 x='mine'", "{inner}");
    }
    let refused = rows(&plan, "<m:Other xmlns:m='urn:m'/>", "loan_terms");
    assert_eq!(refused, "validation: the root element is `Other`, not `Msg`");
}
