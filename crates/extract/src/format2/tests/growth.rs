//! Work of format 2 grows with a document as its size does: conditions, `//`, `..`, joins, values from elsewhere.

use std::fmt::Write as _;

use crate::Plan;
use crate::growth::check_with;

/// The part of a contract that is alike in all of these tests.
const HEAD: &str = r#"
format = 2
[source]
table = "t"
document = "d"
[document]
id = "/o/@id"
[[table]]
name = "o"
rows = "/o"
[table.columns]
head = "h/c"
"#;

fn plan(tables: &str) -> Plan {
    let text = format!("{HEAD}{tables}");
    Plan::from_json(&text).unwrap_or_else(|err| panic!("{err}\n{text}"))
}

fn check(shape: &str, tables: &str, line: impl Fn(usize) -> String) {
    check_with(&plan(tables), shape, |n| {
        let mut xml = String::from("<o id='7'><h><c>EUR</c></h><l>");
        for place in 0..n {
            let _ = write!(xml, "{}", line(place));
        }
        xml.push_str("</l></o>");
        xml
    });
}

#[test]
fn values_of_the_elements_around_rows() {
    let tables = r#"
[[table]]
name = "i"
rows = "/o/l/i"
[table.columns]
no = { position = true }
of_list = { position = ".." }
own = "@s"
head = "../../h/c"
elsewhere = "/o/h/c"
around = "ancestor::o/h/c"
first = { from = "../i/@s", pick = "first" }
last = { from = "/o/l/i/@s", pick = "last" }
n = "count(../i)"
n_all = "count(//i)"
"#;
    check("around", tables, |n| format!("<i s='s{n}'>x</i>"));
}

#[test]
fn conditions() {
    let tables = r#"
[[table]]
name = "i"
rows = "/o/l/i[../../h/c = 'EUR' and ../i/@s = 's1' and (@s != 'x' or /o/l/i/@t > 5)]"
[table.columns]
own = { from = "@s", negate_if = "../i[last()]/@s = 's0'" }
joined = { from = "x[@y = /o/l/i/@s]", join = ";" }
third = "../i[3]/@s"
chosen = { from = [{ when = "../i/@none", value = "a" }, { when = "not(../i[@s = 's2']/@none)", value = "b" }] }
computed = { expr = "CASE WHEN [../i[@s = 's5']/@s] = 's5' AND EXISTS([//i[@s = 's3']]) THEN 1 ELSE [count(../i)] END" }
"#;
    check("conditions", tables, |n| format!("<i s='s{n}'><x y='s{n}'>x</x><x y='q'/></i>"));
}

#[test]
fn blank_values_before_the_first() {
    let tables = r#"
[[table]]
name = "i"
rows = "/o/l/i"
[table.columns]
first = { from = "../i/@blank", pick = "first" }
list = { from = ["../i/@blank", "../i/@none", "@s"], pick = "first" }
"#;
    check("blanks", tables, |n| format!("<i s='s{n}' blank=' '/>"));
}

#[test]
fn rows_at_any_depth() {
    let tables = r#"
[[table]]
name = "i"
key = ["no"]
rows = "//i"
[table.columns]
no = { position = true }
outer = { enclosing = "i.no" }
depth = "count(ancestor-or-self::i)"
[[table]]
name = "t"
parent = "i"
rows = "/o/l//i/t"
[table.columns]
text = "."
around = "ancestor::i[1]/@s"
outermost = "ancestor::i[last()]/@s"
"#;
    check("depths", tables, |n| {
        format!("<i s='a{n}'><t>1</t><i s='b{n}'><t>2 <b>3</b></t><i s='c'/></i></i>")
    });
}

#[test]
fn rows_of_which_one_stays() {
    let tables = r#"
[[table]]
name = "i"
key = ["s"]
rows = "/o/l/i"
keep = "last"
prefer = ["@p = '1'", "../i[1]/@p = '2'"]
[table.columns]
s = "@s"
p = "@p"
"#;
    check("keys", tables, |n| format!("<i s='{}' p='{}'/>", n / 2, n % 2));
}

#[test]
fn one_long_text() {
    let tables = r#"
[[table]]
name = "i"
rows = "/o/l"
[table.columns]
text = "."
joined = { from = "i/text()", join = "" }
squeezed = { from = ".", squeeze = true }
"#;
    check("text", tables, |n| format!("a &amp; b<!-- {n} --><![CDATA[ <c> ]]><i>d</i>\n"));
}
