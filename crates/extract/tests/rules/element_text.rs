//! The text of elements.

use serde_json::json;
use xmlx_extract::Limits;

use crate::contract::{document, mapping, plan, plan_with, rows};

const NOTE: &str = "/Msg/Req/loan/note";

fn check(inner: &str, expected: &str) {
    let plan = plan(&[mapping(NOTE, "text()", "loan_terms.note", "string", json!({}))]);
    let shown = rows(&plan, &document("", inner), "loan_terms");
    assert_eq!(shown.strip_prefix("loan_id=7 ").unwrap_or(&shown), expected, "{inner}");
}

#[test]
fn character_data_and_cdata_are_put_together() {
    check("<note>  plain \n</note>", "note='plain'");
    check("<note>A&amp;lt;B &#65;</note>", "note='A&lt;B A'");
    check("<note>a<b>not this</b> c<b/> <b/>d</note>", "note='a c d'");
    check("<note>a<!-- not this --><?nor this?>b</note>", "note='ab'");
    check(
        "<note><![CDATA[1 < 2 &amp; 3]]> and <![CDATA[<x/>]]></note>",
        "note='1 < 2 &amp; 3 and <x/>'",
    );
    check("<note>one\r\ntwo\rthree</note>", "note='one\ntwo\nthree'");
    check("<x:note xmlns:x='urn:x'>with a prefix</x:note>", "note='with a prefix'");
}

#[test]
fn no_text_is_blank() {
    for inner in
        ["", "<note/>", "<note></note>", "<note> <b>x</b> </note>", "<note><![CDATA[]]></note>"]
    {
        check(inner, "");
    }
    check("<Note>other name</Note>", "");
    check("<x><note>elsewhere</note></x>", "");
}

#[test]
fn the_last_element_counts() {
    check("<note>first</note><note>last</note>", "note='last'");
    check("<note>first</note><note/>", "");
    check("<note>a</note><x><note>elsewhere</note></x>", "note='a'");
}

#[test]
fn text_and_attributes_of_one_element() {
    let plan = plan(&[
        mapping(NOTE, "text()", "loan_terms.amount", "decimal", json!({})),
        mapping(NOTE, "kind", "loan_terms.kind", "string", json!({})),
        mapping("/Msg/Req/loan/party/home", "text()", "party_home.remark", "string", json!({})),
    ]);
    let xml = document(
        "",
        "<note kind='K'> 1,200.50 </note>\
         <party pid='1' kind='MAIN' first_name='A'>no<home type='NOW' city='X'>at the back</home></party>",
    );
    assert_eq!(rows(&plan, &xml, "loan_terms"), "loan_id=7 amount=1200.50 kind='K'");
    assert_eq!(
        rows(&plan, &xml, "party_home"),
        "party_id=1 type_enum=1 city='X' remark='at the back'"
    );
}

#[test]
fn text_may_be_required_and_may_be_the_id() {
    let mut contract = crate::contract::base();
    contract["mappings"][0] = mapping(
        "/Msg/Req/id",
        "text()",
        "loan_base.loan_id",
        "int",
        json!({ "mapping_type": ["identity_insert"] }),
    );
    let plan = xmlx_extract::Plan::from_json(&contract.to_string()).expect("a contract");
    let xml = "<Msg><Req><id> 12 </id><loan/></Req></Msg>";
    assert_eq!(rows(&plan, xml, "loan_base"), "loan_id=12");
}

#[test]
fn text_has_the_limit_of_attributes() {
    let limits = Limits { attribute_bytes: 10, ..Limits::default() };
    let mappings = [mapping(NOTE, "text()", "loan_terms.note", "string", json!({}))];
    let plan = plan_with(&mappings, limits);
    let map = |inner: &str| plan.map(&document("", inner), None);
    assert!(map("<note>0123456789</note><other>0123456789 and more</other>").is_ok());
    for inner in ["<note>0123456789x</note>", "<note>012345<b/><![CDATA[6789x]]></note>"] {
        let refused = map(inner).expect_err("too long");
        assert!(refused.reason.starts_with("over the limit `attribute_bytes` of 10"), "{refused}");
    }
}

#[test]
fn a_reference_that_means_nothing_is_malformed_in_text_too() {
    let shown = rows(
        &plan(&[mapping(NOTE, "text()", "loan_terms.note", "string", json!({}))]),
        &document("", "<note>a & b</note>"),
        "loan_terms",
    );
    assert!(
        shown.starts_with("validation: malformed XML: `&` that begins no reference"),
        "{shown}"
    );
}

#[test]
fn an_address_with_text_is_read_before_one_without() {
    let home = "/Msg/Req/loan/party/home";
    let step = json!({ "mapping_type": ["last_valid_pr_contact"] });
    let plan = plan(&[mapping(home, "text()", "loan_terms.home", "string", step)]);
    let xml = document(
        "",
        "<party pid='1' kind='MAIN'><home type='NOW'> </home><home type='NOW'>here</home>\
         <home type='NOW'/></party>",
    );
    assert_eq!(rows(&plan, &xml, "loan_terms"), "loan_id=7 home='here'");
}
