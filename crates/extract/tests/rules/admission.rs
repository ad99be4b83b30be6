//! Which documents are refused, and why.

use crate::contract::{base, document, mapping, plan};
use serde_json::json;
use xmlx_extract::{Limits, Plan, Stage};

fn check(xml: &str, expected: &str) {
    let shown = match plan(&[]).map(xml, None) {
        Ok(application) => application.app_id.to_string(),
        Err(rejection) => rejection.to_string(),
    };
    assert_eq!(shown, expected, "`{xml}`");
}

#[test]
fn documents_that_are_taken() {
    check(&document("", ""), "7");
    check(&format!("\u{FEFF}\u{1} {}\r\n", document("", "")), "7");
    check(
        &format!(
            "<?xml version='1.0' encoding='UTF-8'?><!-- hi -->{}<!-- bye -->",
            document("", "")
        ),
        "7",
    );
    check(&document("a='&#x41;&lt;'", "text &amp; <![CDATA[<&]]>"), "7");
    check("<Msg><Req ID=' +07 '><loan/></Req></Msg>", "7");
    check("<Msg xmlns='urn:x'><Req ID='7'><loan/></Req></Msg>", "7");
}

/// A driver has decoded the text that it was declared for.
#[test]
fn a_declared_encoding_means_nothing_in_text() {
    for encoding in
        ["UTF-8", "utf-16", "windows-1252", "ISO-8859-1", "shift_jis", "none at all", ""]
    {
        let xml = format!("<?xml version='1.0' encoding='{encoding}'?>{}", document("a='é漢'", ""));
        check(&xml, "7");
        check(&format!("\u{FEFF}{xml}"), "7");
    }
}

#[test]
fn bytes_are_decoded_or_refused() {
    let plan = plan(&[]);
    let map = |bytes: &[u8]| plan.map_bytes(bytes, Some(7)).map(|it| it.app_id);
    let xml = document("a='é'", "");
    assert_eq!(map(xml.as_bytes()), Ok(7));
    let utf_16: Vec<u8> = xml.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(map(&utf_16), Ok(7));
    let rejection = map(&utf_16[1..]).expect_err("no text");
    assert_eq!((rejection.stage, rejection.app_id), (Stage::Validation, Some(7)));
    let rejection = map(b"\xFF\xFE<").expect_err("half a character");
    assert_eq!(
        rejection.to_string(),
        "validation: the document cannot be decoded: UTF-16LE with an odd number of bytes"
    );
}

#[test]
fn documents_of_another_root() {
    check("<Other/>", "validation: the root element is `Other`, not `Msg`");
    check("<msg/>", "validation: the root element is `msg`, not `Msg`");
    // What is wrong with the rest of it is not ours to say.
    check("<Other><a></Other>", "validation: the root element is `Other`, not `Msg`");
}

/// XML 1.0 lets any number of comments and instructions stand before the root, and a document type.
#[test]
fn the_prolog_may_be_long() {
    let long = "x".repeat(5000);
    for before in [
        "<!-- short -->".to_owned(),
        format!("<!-- {long} --><?show {long}?><!-- <Other> -->"),
        format!("<?xml version='1.0'?>\n<!DOCTYPE Msg PUBLIC '-//X//{long}' 'http://x'>\n"),
        "<!DOCTYPE Msg [<!ENTITY a 'b'><!ATTLIST loan n CDATA '1'>]><!-- -->".to_owned(),
    ] {
        check(&format!("{before}{}", document("", "")), "7");
    }
}

#[test]
fn documents_of_somebody_else() {
    let no_loan = "there is no `/Msg/Req/loan`; the contract expects `loan` there and found";
    let line = "perhaps it is of another product line";
    check("<Msg><Req><loan/></Req></Msg>", "validation: there is no application id `/Msg/Req/@ID`");
    check(
        "<Msg><Req id='7'><loan/></Req></Msg>",
        "validation: there is no application id `/Msg/Req/@ID`",
    );
    check(
        "<Msg><Req ID=' '><loan/></Req></Msg>",
        "validation: the application id `/Msg/Req/@ID` is empty",
    );
    for id in ["x", "0", "-7", "7.5", "1_000"] {
        let xml = format!("<Msg><Req ID='{id}'><loan/></Req></Msg>");
        check(&xml, "validation: the application id `/Msg/Req/@ID` is no positive integer");
    }
    check(
        "<Msg><Req ID='99999999999'><loan/></Req></Msg>",
        "validation: the application id `/Msg/Req/@ID` is outside of int, 1 to 2147483647",
    );
    check("<Msg><Req ID='7'><card/></Req></Msg>", &format!("validation: {no_loan} `card`: {line}"));
    check(
        "<Msg><Req><card/></Req></Msg>",
        &format!("validation: there is no application id `/Msg/Req/@ID`; {no_loan} `card`: {line}"),
    );
    check("<Msg><Req ID='7'/></Msg>", &format!("validation: {no_loan} nothing: {line}"));
}

#[test]
fn the_row_and_the_document_have_one_id() {
    let plan = plan(&[]);
    assert_eq!(plan.map(&document("", ""), Some(7)).expect("rows").app_id, 7);
    let rejection = plan.map(&document("", ""), Some(8)).expect_err("another id");
    assert_eq!(
        rejection.to_string(),
        "validation: the document is of application 7, its row is of application 8"
    );
    assert_eq!(rejection.app_id, Some(7));
    assert_eq!(plan.map("", Some(8)).expect_err("empty").app_id, Some(8));
}

#[test]
fn limits_are_named() {
    let limits = Limits {
        document_bytes: 300,
        depth: 4,
        attributes_per_element: 3,
        attribute_bytes: 10,
        distinct_paths: 6,
        contact_elements: 2,
        row_elements: 1,
        value_bytes: 1000,
        ..Limits::default()
    };
    let plan = Plan::from_json_with(&base().to_string(), limits).expect("a contract");
    let check = |xml: &str, expected: &str| {
        let shown = match plan.map(xml, None) {
            Ok(_) => "taken".to_owned(),
            Err(rejection) => rejection.reason,
        };
        assert!(shown.starts_with(expected), "{xml}: {shown}");
    };
    check(&document("a='1234567890'", "<a/>"), "taken");
    check(&document("", &" ".repeat(300)), "over the limit `document_bytes` of 300");
    check(&document("", "<a><a/></a>"), "taken");
    check(&document("", "<a><a></a></a>"), "over the limit `depth` of 4");
    check(&document("a='1' b='2' c='3'", ""), "taken");
    check(&document("a='1' b='2' c='3' d='4'", ""), "over the limit `attributes_per_element` of 3");
    check(&document("a='12345678901'", ""), "over the limit `attribute_bytes` of 10");
    check(&document("", "<a/><b/><c/>"), "taken");
    check(&document("", "<a/><b/><c/><d/>"), "over the limit `distinct_paths` of 6");
    check(&document("", &"<party/>".repeat(2)), "taken");
    check(&document("", &"<party/>".repeat(3)), "over the limit `contact_elements` of 2");
    let bytes = plan.map_bytes(&[b' '; 301], None).expect_err("too many bytes");
    assert_eq!(bytes.reason, "over the limit `document_bytes` of 300, which `--limits` sets");
}

/// A contract that repeats a value of the application for each contact cannot be made to fill the memory.
#[test]
fn values_are_looked_at_only_so_often() {
    let mut contract = base();
    let repeated = mapping("/Msg/Req/loan", "a", "party_base.a", "string", json!({}));
    contract["mappings"].as_array_mut().expect("mappings").push(repeated);
    let limits = Limits { value_bytes: 100_000, ..Limits::default() };
    let plan = Plan::from_json_with(&contract.to_string(), limits).expect("a contract");
    let xml = |n_contacts: usize| {
        let party = |n| format!("<party pid='{n}' kind='MAIN' ssn='5'/>");
        let parties: String = (1..=n_contacts).map(party).collect();
        document(&format!("a='{}'", "x".repeat(1000)), &parties)
    };
    assert_eq!(plan.map(&xml(50), None).expect("rows").tables[1].len(), 50);
    assert_eq!(
        plan.map(&xml(200), None).expect_err("too many").to_string(),
        "mapping: over the limit `value_bytes` of 100000, which `--limits` sets"
    );
}

/// No text brings the crate down: every document with a piece cut out, doubled or replaced is mapped or refused.
#[test]
fn damaged_documents_do_no_harm() {
    let plan = plan(&[]);
    let xml = document(
        "a='&#x41;' é='漢字'",
        "<party pid='1' kind='MAIN' ssn='5'><home type='NOW' city='é'/></party><!-- c --><![CDATA[x]]>&lt;<?p i?>",
    );
    let places: Vec<usize> = (0..=xml.len()).filter(|at| xml.is_char_boundary(*at)).collect();
    for (place, &at) in places.iter().enumerate() {
        for &end in &places[place..(place + 12).min(places.len())] {
            for middle in
                ["", "<", ">", "&", "'", "\u{0}", "é", "]]>", "<!DOCTYPE x [<!ENTITY y 'z'>]>"]
            {
                let _ = plan.map(&format!("{}{middle}{}", &xml[..at], &xml[end..]), Some(7));
            }
        }
    }
}
