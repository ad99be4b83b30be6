//! Work grows with a document as its size does, whatever the document looks like. Counted in steps, not by a clock.

#[path = "../tests/rules/contract.rs"]
#[expect(dead_code, reason = "some of it is for other tests")]
mod contract;

use std::fmt::Write as _;

use serde_json::{Value as Json, json};

use crate::layout::hash_name;
use crate::{Plan, work};
use contract::{base, document, mapping};

/// How much more work per byte a document of four times the size may take.
const MORE_PER_BYTE_MAX: f64 = 1.2;

/// A contract that reads the same things in as many ways as there are.
fn plan() -> Plan {
    let party = "/Msg/Req/loan/party";
    let home = "/Msg/Req/loan/party/home";
    let calculated = |expression: &str| json!({ "mapping_type": ["calculated_field"], "expression": expression });
    let step = |step: &str| json!({ "mapping_type": [step] });
    let mappings = [
        mapping(
            "/Msg/Req/loan",
            "long",
            "party_base.of_loan",
            "string",
            json!({ "data_length": 9 }),
        ),
        mapping(
            party,
            "x",
            "party_base.anywhere",
            "string",
            calculated("CASE WHEN v > 1 AND loan.long LIKE '%a%b' THEN x END"),
        ),
        mapping(
            party,
            "x",
            "party_base.of_primary",
            "string",
            calculated("CASE WHEN contact.nick = 'x' THEN 1 END"),
        ),
        mapping(home, "city", "party_base.now_city", "string", step("curr_address_only")),
        mapping(home, "city", "party_base.last_city", "string", step("last_valid_pr_contact")),
        mapping(party, "nick", "party_base.last_nick", "string", step("last_valid_sec_contact")),
        mapping(
            home,
            "note",
            "party_home.note",
            "string",
            calculated("CASE WHEN pid > 0 THEN note ELSE v END"),
        ),
        mapping(home, "city", "loan_terms.city", "string", step("last_valid_pr_contact")),
        mapping("/Msg/Req/loan", "long", "loan_terms.long", "string", json!({})),
    ];
    let mut contract = base();
    contract["mappings"].as_array_mut().expect("mappings").extend(mappings);
    Plan::from_json(&contract.to_string()).unwrap_or_else(|err| panic!("{err}"))
}

/// The contract with cars, their parts and what they are called.
fn row_contract() -> Json {
    let mut contract = base();
    let car = "/Msg/Req/loan/car";
    let part = "/Msg/Req/loan/car/part";
    let rules = contract["element_filtering"]["filter_rules"].as_array_mut().expect("rules");
    rules.push(json!({ "element_type": "row", "xml_child_path": car }));
    rules.push(json!({ "element_type": "row", "xml_child_path": part, "key": ["code"] }));
    let relationships = contract["relationships"].as_array_mut().expect("a list");
    relationships.retain(|it| it["child_table"] != "covers" && it["child_table"] != "goods");
    for (parent, child, key, path) in [
        ("loan_base", "covers", json!("loan_id"), car),
        ("covers", "goods", json!(["loan_id", "no"]), part),
    ] {
        relationships.push(json!({
            "parent_table": parent, "child_table": child, "foreign_key_column": key,
            "xml_child_path": path,
        }));
    }
    contract["mappings"].as_array_mut().expect("mappings").extend([
        json!({ "target_table": "covers", "target_column": "no", "data_type": "int",
                "mapping_type": ["row_number"] }),
        mapping(car, "vin", "covers.vin", "string", json!({})),
        mapping(&format!("{car}/note"), "text()", "covers.note", "string", json!({})),
        mapping(part, "code", "goods.code", "string", json!({})),
        mapping(car, "vin", "goods.vin", "string", json!({})),
        mapping(&format!("{car}/note"), "text()", "goods.note", "string", json!({})),
    ]);
    contract
}

/// Checks the documents made for a number and for four times the number. Both give rows.
fn check(shape: &str, make: impl Fn(usize) -> String) {
    check_with(&plan(), shape, make);
}

/// The same with a contract of one's own.
pub(crate) fn check_with(plan: &Plan, shape: &str, make: impl Fn(usize) -> String) {
    let [small, large] = [800, 3200].map(|n| {
        let xml = make(n);
        let (steps, mapped) = work::of(|| plan.map(&xml, None));
        mapped.unwrap_or_else(|err| panic!("{shape}, {n}: {err}"));
        (xml.len(), steps)
    });
    assert!(large.0 > small.0 * 3, "{shape}: the document grows");
    #[expect(clippy::cast_precision_loss, reason = "small enough")]
    let per_byte = |(n_bytes, n_steps): (usize, usize)| n_steps as f64 / n_bytes as f64;
    let more = per_byte(large) / per_byte(small);
    assert!(
        more < MORE_PER_BYTE_MAX,
        "{shape}: {more:.2} times as much per byte, {small:?} {large:?}"
    );
}

fn repeat(n: usize, make: impl Fn(&mut String, usize)) -> String {
    let mut text = String::new();
    for n in 0..n {
        make(&mut text, n);
    }
    text
}

/// Makes different names that have one hash.
fn colliding(n: usize) -> Vec<String> {
    let names: Vec<String> =
        (0..n).map(|n| format!("aaaaaaaa_{n:06}_bbbbbb_{n:06}_cccccccc")).collect();
    let hash = hash_name(names[0].as_bytes());
    assert!(names.iter().all(|name| hash_name(name.as_bytes()) == hash));
    names
}

macro_rules! shape {
    ($text:ident, $($format:tt)*) => { write!($text, $($format)*).expect("a string takes all") };
}

#[test]
fn elements_and_text() {
    check("one element", |n| document("", &"<a/>".repeat(n)));
    check("long text", |n| document("", &"x &amp; y ".repeat(n)));
    check("white space", |n| document(&" \n".repeat(n), &"\t ".repeat(n)));
    check("comments", |n| document("", &"<!-- - > --><?p > ?><![CDATA[ ] > ]]>".repeat(n)));
    check("a long comment", |n| document("", &format!("<!--{}-->", "- >]?".repeat(n))));
    check("a long instruction", |n| document("", &format!("<?p {}?>", "? >".repeat(n))));
    check("deep", |n| {
        document("", &format!("{}{}", "<b>".repeat(200), "</b>".repeat(200)).repeat(n / 100))
    });
    check("long names", |n| document("", &format!("<{0}></{0}>", "ab-é".repeat(n))));
}

#[test]
fn namespaces() {
    let x = "xmlns:x='u:x'";
    check("elements with a prefix", |n| document(x, &"<x:a x:v='1'/>".repeat(n)));
    check("long prefixes", |n| {
        let prefix = "ab-é".repeat(n);
        document(&format!("xmlns:{prefix}='u'"), &format!("<{prefix}:a></{prefix}:a>"))
    });
    check("many declarations", |n| {
        document("", &repeat(n, |xml, n| shape!(xml, "<x:a xmlns:x='u:{n}' xmlns='u'/>")))
    });
    check("declarations in each other", |n| {
        let open = |k: usize| repeat(200, |xml, n| shape!(xml, "<b xmlns:x{n}='u:{k}'>"));
        let inner = |k: usize| open(k) + &"<x9:a x199:v='1'/>".repeat(50) + &"</b>".repeat(200);
        document("", &repeat(n / 100, |xml, k| xml.push_str(&inner(k))))
    });
    check("attributes of many prefixes", |n| {
        let declared = repeat(500, |xml, n| shape!(xml, " xmlns:x{n}='u:{n}'"));
        let attributes = repeat(500, |xml, n| shape!(xml, " x{n}:v='{n}'"));
        document(&declared, &format!("<a{attributes}/>").repeat(n.div_ceil(50)))
    });
    check("rows and contacts of another namespace", |n| {
        document(x, &("<x:party pid='1' kind='MAIN' ssn='5'/>".repeat(n) + "<party/>"))
    });
}

#[test]
fn paths() {
    check("many paths", |n| document("", &repeat(n, |xml, n| shape!(xml, "<a{n}/>"))));
    check("many parents", |n| {
        document("", &repeat(n, |xml, n| shape!(xml, "<a{n}><b/><c/></a{n}>")))
    });
    check("paths of one hash", |n| {
        document(
            "",
            &colliding(n).iter().map(|name| format!("<{name}/>")).collect::<String>().repeat(2),
        )
    });
}

#[test]
fn attributes() {
    check("many elements with a field", |n| {
        document("", &"<a v='1'/><b v='2' long='3'/>".repeat(n))
    });
    check("many attributes", |n| {
        let attributes = repeat(1000, |xml, n| shape!(xml, " a{n}=''"));
        document("", &format!("<a{attributes}/>").repeat(n / 250))
    });
    check("names of one hash", |n| {
        let names: String =
            colliding(n.min(1000)).iter().map(|name| format!(" {name}=''")).collect();
        document("", &format!("<a{names}/>").repeat(n.div_ceil(1000)))
    });
    check("a long value", |n| document(&format!("long='{}'", "a ".repeat(n)), ""));
    check("references", |n| {
        document(&format!("long='{}'", "&amp;&#x41;&#0000000065;".repeat(n)), "")
    });
    check("digits", |n| {
        document(&format!("v='{}'", "1,1".repeat(n)), "<party pid='1' kind='MAIN' ssn='5'/>")
    });
    check("other case", |n| document("", &"<party KIND='' Kind='' kInd='' />".repeat(n)));
}

#[test]
fn contacts() {
    let party = |xml: &mut String, pid: usize, inner: &str| {
        shape!(xml, "<party pid='{pid}' kind='MAIN' ssn='5' x='a'>{inner}</party>");
    };
    check("many contacts", |n| document("v='2'", &repeat(n, |xml, n| party(xml, n + 1, ""))));
    check("one con_id", |n| {
        document("", &repeat(n, |xml, _| party(xml, 1, "<home type='NOW' city='b'/>")))
    });
    check("contacts with parts", |n| {
        document(
            "",
            &repeat(n, |xml, n| {
                party(xml, n + 1, "<home type='NOW' city='b'/><job type='OLD' pay='1'/>")
            }),
        )
    });
    check("many parts of the last contact", |n| {
        let parts = "<home type='now' city=''/>".repeat(n);
        document(
            "",
            &(repeat(n, |xml, n| party(xml, n + 1, ""))
                + &repeat(1, |xml, _| party(xml, n + 1, &parts))),
        )
    });
    check("contacts in each other", |n| {
        let nest = |xml: &mut String, n: usize| {
            shape!(xml, "<party pid='{}' kind='CO' ssn='5'><home type='NOW' city='c'/>", n + 1);
        };
        let inner =
            |k: usize| repeat(100, |xml, n| nest(xml, 100 * k + n)) + &"</party>".repeat(100);
        document("", &repeat(n / 100, |xml, k| xml.push_str(&inner(k))))
    });
    check("no contact of a role", |n| {
        document("", &"<party pid='1' kind='é ' ssn='5'/>".repeat(n))
    });
    check("contacts of the other role", |n| {
        document(
            "",
            &repeat(n, |xml, n| {
                shape!(xml, "<party pid='{}' kind=' co' ssn='5' nick='&lt;'/>", n + 1)
            }),
        )
    });
}

#[test]
fn rows_of_elements() {
    let plan = Plan::from_json(&row_contract().to_string()).unwrap_or_else(|err| panic!("{err}"));
    let check = |shape: &str, make: fn(usize) -> String| check_with(&plan, shape, make);
    let parts = |n| repeat(n, |xml, n| shape!(xml, "<part code='{n}'/>"));
    check("many rows", |n| document("", &repeat(n, |xml, n| shape!(xml, "<car vin='{n}'/>"))));
    check("rows in rows", |n| {
        document("", &repeat(n, |xml, n| shape!(xml, "<car vin='{n}'><part code='{n}'/></car>")))
    });
    check("rows of one key", |n| {
        document("", &format!("<car vin='1'>{}</car>", "<part code='a'/>".repeat(n)))
    });
    check("several notes of a row", |n| {
        document("", &format!("<car vin='1'>{}</car>", "<note>a</note>".repeat(n)))
    });
    check("parents without values", |n| {
        document("", &repeat(n, |xml, n| shape!(xml, "<car><part code='{n}'/></car>")))
    });
    check_with(&plan, "rows that read what is beside them", |n| {
        document("", &format!("<car vin='1'>{}<note>a</note>{}</car>", parts(n), parts(n)))
    });
    check("text of rows", |n| {
        let car = |xml: &mut String, n: usize| shape!(xml, "<car><note>{n}<b/>&lt;</note></car>");
        document("", &repeat(n, car))
    });
    check_with(&plan, "many parents after one of many children", |n| {
        let first = format!("<car vin='0'>{}</car>", parts(n));
        let others = "<car vin='1'><part code='1'/></car>".repeat(n);
        document("", &(first + &others))
    });
}

#[test]
fn sets_of_contracts() {
    let other = |line: &str| {
        let text = base().to_string().replace("/Msg/Req/loan", &format!("/Msg/Req/{line}"));
        let text = text.replace("loan_base", &format!("{line}_base"));
        serde_json::from_str::<Json>(&text).expect("still JSON")
    };
    let set = json!({ "contracts": [other("card"), other("boat"), row_contract()] });
    let plan = Plan::from_json(&set.to_string()).unwrap_or_else(|err| panic!("{err}"));
    check_with(&plan, "what looks like other lines", |n| {
        document("", &("<card/><boats/>".repeat(n) + &"<car vin='a'/>".repeat(n)))
    });
    check_with(&plan, "what begins like an application", |n| {
        document("", &"<cards/><l/>".repeat(n))
    });
}
