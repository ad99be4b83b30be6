//! What contracts of format 2 are refused for: all of it at once, each with its place and the way out.

use crate::Plan;

/// Checks what is wrong with a contract that has these lines as its second table, which begins in line 9.
fn check(lines: &str, expected: &[&str]) {
    check_whole(&format!("[[table]]\n{lines}"), expected);
}

fn check_whole(lines: &str, expected: &[&str]) {
    let text = format!(
        "format = 2\nsource = {{ table = \"t\", document = \"d\" }}\n[namespaces]\np = \"urn:p\"\n\
         [[table]]\nname = \"root\"\nrows = \"/p:o\"\n\n{lines}"
    );
    let found = match Plan::from_json(&text) {
        Ok(_) => Vec::new(),
        Err(err) => err.problems().iter().map(ToString::to_string).collect(),
    };
    assert_eq!(found, expected, "{lines}");
}

fn check_column(column: &str, expected: &str) {
    let lines = format!("name = \"x\"\nrows = \"/p:o/p:l/p:i\"\ncolumns.c = {column}");
    let expected: Vec<&str> = if expected.is_empty() { Vec::new() } else { vec![expected] };
    check(&lines, &expected);
}

/// Columns, and what each is refused for; nothing where it is not.
const COLUMNS: &[(&str, &str)] = &[
    (r#""@s""#, ""),
    (
        r#""p:a/""#,
        "line 12, column 18: table.x.columns.c: the path ends where a name is due (complete it, or leave the `/` at its end out)",
    ),
    (
        r#""q:a""#,
        "line 12, column 14: table.x.columns.c: the prefix `q` stands for nothing (did you mean `p`?)",
    ),
    (
        r#""../../../../p:z""#,
        "line 12, column 14: table.x.columns.c: the path can meet nothing: it leaves the document, or asks for another name than is there (count the `..`, and compare the names with those of `rows`)",
    ),
    (
        r#""self::p:l/@s""#,
        "line 12, column 14: table.x.columns.c: the path can meet nothing: it leaves the document, or asks for another name than is there (count the `..`, and compare the names with those of `rows`)",
    ),
    (
        r#""//p:a""#,
        "line 12, column 13: table.x.columns.c: the path looks at any depth (`//`) and may meet several elements (say which: `pick = \"first\"`, a position such as `[1]`, a condition, or `join`)",
    ),
    (
        r#""*/@a""#,
        "line 12, column 13: table.x.columns.c: the path takes elements of any name (`*`) and may meet several (say which: `pick = \"first\"`, a position such as `[1]`, a condition, or `join`)",
    ),
    (r#"{ from = "//p:a", join = "," }"#, ""),
    (
        r#"{ from = "p:a", form = "p:b" }"#,
        "line 12, column 29: table.x.columns.c.form: there is no key `form` here (did you mean `from`?)",
    ),
    (
        r#"{ from = "p:a", value = 1 }"#,
        "line 12, column 13: table.x.columns.c: `from` and `value` are both there (leave all but one of them out)",
    ),
    (
        r#"{ type = "int" }"#,
        "line 12, column 13: table.x.columns.c: nothing says where the value comes from (write one of `from`, `all`, `value`, `position`, `enclosing`, `expr`)",
    ),
    (
        r#"{ from = "p:a", type = "decimel(9,2)" }"#,
        "line 12, column 36: table.x.columns.c.type: `decimel(9,2)` is no type (did you mean `decimal`?)",
    ),
    (
        r#"{ from = "p:a", codes = "kind" }"#,
        "line 12, column 37: table.x.columns.c.codes: there is no conversion table `kind` ([codes] has none; add it there)",
    ),
    (
        r#"{ from = "p:a", type = "int", default = "x" }"#,
        "line 12, column 53: table.x.columns.c.default: the default is no value of int (write one, or correct `type`)",
    ),
    (
        r#"{ enclosing = "root.no" }"#,
        "line 12, column 27: table.x.columns.c.enclosing: `root` has no column `no` (`root` has `app_id`)",
    ),
    (
        r#"{ enclosing = "rot.no" }"#,
        "line 12, column 27: table.x.columns.c.enclosing: no table up to here is `rot` (did you mean `root`?)",
    ),
    (r#"{ expr = "'a' + 1" }"#, "line 12, column 23: table.x.columns.c.expr: "),
    (
        r#"{ all = ["p:a", "p:b"] }"#,
        "line 12, column 13: table.x.columns.c.join: `all` takes many values for one column (say what stands between them: join = \"; \")",
    ),
    (
        r#"7"#,
        "line 12, column 13: table.x.columns.c: a table is due here, not a number (write a table)",
    ),
    (
        r#"{ from = "p:a", reading = { dates = "dym" } }"#,
        "line 12, column 49: table.x.columns.c.reading.dates: this is nothing for `dates` (write `dates = ` with one of \"iso\", \"ymd\", \"mdy\", \"dmy\", \"hl7\", \"any\")",
    ),
    (
        r#"{ from = "p:a[@b = '1' and @b = '2']" }"#,
        "line 12, column 26: table.x.columns.c.from: one attribute cannot be equal to two texts; `or` may be meant (correct the condition)",
    ),
];

#[test]
fn columns() {
    for (column, expected) in COLUMNS {
        if expected.ends_with(": ") {
            let text = format!(
                "format = 2\nsource = {{ table = \"t\", document = \"d\" }}\n[namespaces]\np = \"urn:p\"\n[[table]]\nname = \"root\"\nrows = \"/p:o\"\n\n[[table]]\nname = \"x\"\nrows = \"/p:o/p:l/p:i\"\ncolumns.c = {column}"
            );
            let err = Plan::from_json(&text).expect_err(column).to_string();
            assert!(err.contains(expected), "{err}");
            continue;
        }
        check_column(column, expected);
    }
}

#[test]
fn tables() {
    check(
        "name = \"x\"\nparnt = \"root\"\nrows = [\"/p:o/p:i\", \"/p:o/p:i\"]",
        &[
            "line 11, column 1: table.x.parnt: there is no key `parnt` here (did you mean `parent`?)",
            "line 12, column 21: table.x.rows[1]: two rules for the same rows (leave one of the paths out)",
        ],
    );
    check(
        "name = \"root\"\nrows = \"/p:o/p:i\"",
        &[
            "line 10, column 8: table[1].name: there are two rules for the rows of `root` (list all its paths in one `rows`)",
        ],
    );
    check(
        "name = \"x\"\nrows = \"/p:o/p:i\"\nkey = [\"no\"]\ncolumns = { app_id = \"@a\", No = \"@b\", no = \"@c\" }",
        &[
            "line 13, column 13: table.x.columns.app_id: the column `app_id` is filled twice (leave it out: the key of what the rows hang off fills it)",
            "line 13, column 28: table.x.columns.No: the column `No` is filled twice (leave one of them out)",
        ],
    );
    check(
        "name = \"x\"",
        &[
            "line 9, column 1: table.x.rows: `rows` is missing (write the path of the elements that are rows: rows = \"/root/..\")",
        ],
    );
    check(
        "name = \"x\"\nrows = \"/p:q/p:i\"",
        &[
            "table.x.rows: its rows are outside of the root element of `root` (begin with the same root element)",
        ],
    );
    check(
        "name = \"x\"\nrows = \"p:i\"",
        &[
            "line 11, column 8: table.x.rows: rows are elements, seen from the document (begin at the document, `/root/..` or `//name`, and end with an element)",
        ],
    );
    check(
        "name = \"x\"\nrows = \"/p:o/@i\"",
        &[
            "line 11, column 8: table.x.rows: rows are elements, seen from the document (begin at the document, `/root/..` or `//name`, and end with an element)",
        ],
    );
    check(
        "name = \"x\"\nrows = \"/p:o\"\nparent = \"y\"",
        &[
            "line 12, column 10: table.x.parent: no table before this one is `y` (the contract has `root`)",
        ],
    );
}

#[test]
fn a_way_through_the_rows_of_another_table() {
    let tables = "columns.a = \"p:l/p:i/@s\"\n[[table]]\nname = \"x\"\nkey = [\"s\"]\nrows = \"/p:o/p:l/p:i\"\ncolumns.s = \"@s\"";
    check_whole(
        tables,
        &[
            "line 9, column 13: table.root.columns.a: the path goes down through the rows of `x`, of which there are many (say which: `pick = \"first\"`, a position such as `[1]`, a condition, or `join`)",
        ],
    );
}

#[test]
fn files() {
    let check = |text: &str, expected: &str| {
        let err = Plan::from_json(text).expect_err(text).to_string();
        assert!(err.contains(expected), "{err}");
    };
    check(
        "format = 2\nformat = 2",
        "line 2, column 1: file: the contract is no TOML: duplicate key",
    );
    check("format = 3", "line 1, column 10: format: there is no format `3` of contracts in TOML");
    check("[source]", "line 1, column 1: format: the contract does not say of which format it is");
    check("{\"format\": 2}", "source: there is no `[source]`");
    check("{\"format\": 2, \"format\": 2}", "format");
    check(
        "format = 2\n[source]\ntable = 5\ndocument = \"d\"\n[[table]]\nname = \"t\"\nrows = \"/a\"",
        "line 3, column 9: source.table: a text is due here, not a number",
    );
}

#[test]
fn json_says_the_same_as_toml() {
    let json = r#"{ "format": 2, "source": { "table": "t", "document": "d" },
        "table": [{ "name": "t", "rows": "/a", "columns": { "c": "@c", "d": { "from": "b/" } } }] }"#;
    let err = Plan::from_json(json).expect_err("a path that does not end").to_string();
    assert!(err.contains("line 2, column 90: table.t.columns.d.from: the path ends"), "{err}");
    assert!(Plan::from_json(&json.replace("b/", "b")).is_ok());
}
