//! Columns of format 2 that are computed, converted by tables and read by settings, through the whole of a plan.

#[path = "shared/cell.rs"]
mod cell;

use xmlx_extract::Plan;

use cell::cell;

/// A contract with columns of a line, and whatever else it needs.
fn contract(columns: &str, more: &str) -> String {
    format!(
        "format = 2
{more}
[source]
table = \"orders\"
document = \"body\"

[[table]]
name = \"line\"
rows = \"/Order/Line\"
key = [\"no\"]
[table.columns]
no = {{ position = true }}
{columns}
"
    )
}

/// Shows the column `x` of each row with the warnings, or why there are no rows.
fn mapped(column: &str, more: &str, inner: &str) -> String {
    let contract = contract(&format!("x = {column}"), more);
    let plan = Plan::from_json(&contract).unwrap_or_else(|err| panic!("{contract}\n{err}"));
    let xml = format!("<Order ccy='EUR'><Date>2024-01-31</Date>{inner}</Order>");
    let application = match plan.map(&xml, Some(7)) {
        Ok(application) => application,
        Err(rejection) => return rejection.to_string(),
    };
    let place = plan.tables()[0].columns.iter().position(|column| column.name == "x");
    let place = place.expect("the contract has the column");
    let mut shown: Vec<String> =
        application.tables[0].iter().map(|row| cell(&row[place])).collect();
    shown.extend(application.warnings.iter().map(|warning| format!("!{}", warning.kind)));
    shown.join(" ")
}

#[test]
fn computed_columns() {
    let decimal = |expr: &str| format!("{{ expr = \"{expr}\", type = \"decimal(9,2)\" }}");
    let text = |expr: &str| format!("{{ expr = \"{expr}\", type = \"nvarchar(20)\" }}");
    for (column, inner, expected) in [
        (
            decimal("CASE WHEN Ind = 'DBIT' THEN -Amt ELSE Amt END"),
            "<Line><Ind>DBIT</Ind><Amt>1.50</Amt></Line><Line><Ind>CRDT</Ind><Amt>2</Amt></Line>",
            "-1.50 2.00",
        ),
        (decimal("Amt / @n"), "<Line n='4'><Amt>10</Amt></Line>", "2.50"),
        (decimal("Amt / @n"), "<Line n='3'><Amt>10</Amt></Line>", "3.33 !rounded"),
        (decimal("Amt / @n"), "<Line n='0'><Amt>10</Amt></Line>", "NULL !unreadable"),
        (decimal("Amt / @n"), "<Line><Amt>10</Amt></Line>", "NULL"),
        (decimal("Amt * 2"), "<Line><Amt>ten</Amt></Line>", "NULL !unreadable"),
        (decimal("COALESCE(Amt, 0)"), "<Line><Amt> </Amt></Line>", "0.00"),
        (text("CONCAT(Amt, ' ', [../@ccy])"), "<Line><Amt>10</Amt></Line>", "'10 EUR'"),
        (
            text("IIF(EXISTS(Amt), 'is there', 'is not')"),
            "<Line><Amt/></Line><Line/>",
            "'is there' 'is not'",
        ),
        (text("CONCAT([count(A)], '')"), "<Line><A/><A/></Line><Line/>", "'2' '0'"),
        (
            text("CONCAT_WS('/', A, [B/@c], 'z')"),
            "<Line><A>a</A><B c='b'/></Line><Line><B c='b'/></Line>",
            "'a/b/z' 'b/z'",
        ),
        (
            "{ expr = \"DATEADD(month, 1, CAST([../Date] AS date))\", type = \"date\" }".to_owned(),
            "<Line/>",
            "2024-02-29",
        ),
        (
            "{ expr = \"DATEDIFF(day, [../Date], Due)\", type = \"int\" }".to_owned(),
            "<Line><Due>2024-02-01</Due></Line><Line><Due>soon</Due></Line>",
            "1 NULL !unreadable",
        ),
        (
            "{ expr = \"Amt / @n\", type = \"decimal(9,2)\", on_error = \"fail\" }".to_owned(),
            "<Line n='0'><Amt>10</Amt></Line>",
            "mapping: `line.x`: a number is divided by zero",
        ),
    ] {
        assert_eq!(mapped(&column, "", inner), expected, "{column}\n{inner}");
    }
}

/// A column whose value a condition on another attribute chooses, which format 1 cannot say.
#[test]
fn a_column_by_a_predicate() {
    let contract = "format = 2
[source]
table = \"src\"
document = \"body\"

[[table]]
name = \"app\"
rows = \"/App\"
[table.columns]
home = { from = \"phone[@use='HP']/@no\", type = \"nvarchar(20)\" }

[[table]]
name = \"phone\"
parent = \"app\"
rows = \"/App/phone[@use='HP']\"
[table.columns]
no = { from = \"@no\", type = \"nvarchar(20)\" }
";
    let plan = Plan::from_json(contract).unwrap_or_else(|err| panic!("{err}"));
    let xml = "<App id='1'><phone use='HP' no='111'/><phone use='MC' no='222'/></App>";
    let application = plan.map(xml, Some(1)).expect("it maps");
    let rows = |table: usize| {
        let rows = application.tables[table].iter();
        rows.map(|row| cell(row.last().expect("a column"))).collect::<Vec<_>>()
    };
    assert_eq!((rows(0), rows(1)), (vec!["'111'".to_owned()], vec!["'111'".to_owned()]));
    assert_eq!(application.warnings, []);
}

/// What an unknown code does.
#[test]
fn conversion_tables() {
    let table = |more: &str| format!("[codes.state]\nmap = {{ A = 1, C = 2 }}\n{more}");
    let column = "{ from = \"@s\", codes = \"state\", type = \"int\" }";
    let lines = "<Line s='A'/><Line s='c'/><Line/>";
    for (more, expected) in [
        ("", "1 NULL NULL !unknown_code"),
        ("any_case = true", "1 2 NULL"),
        ("unknown = \"default\"\ndefault = 9", "1 9 NULL !unknown_code"),
        ("unknown = \"fail\"", "mapping: the conversion table of `line.x` does not know the code"),
    ] {
        assert_eq!(mapped(column, &table(more), lines), expected, "{more}");
    }
    let text = "{ from = \"@s\", codes = \"state\", type = \"nvarchar(5)\" }";
    assert_eq!(mapped(text, &table("unknown = \"keep\""), lines), "'1' 'c' NULL !unknown_code");
}

#[test]
fn readings() {
    for (reading, data_type, text, expected) in [
        ("dates = \"dmy\"", "date", "03/04/2024", "2024-04-03"),
        ("dates = \"mdy\"", "date", "03/04/2024", "2024-03-04"),
        ("dates = \"hl7\"", "date", "20240403101112", "2024-04-03"),
        ("decimal = \"comma\"", "decimal(9,2)", "1.234,5", "1234.50"),
        ("decimal = \"point\"", "decimal(9,2)", "1.234,5", "NULL !unreadable"),
        ("yes = [\"ja\"]", "bit", "JA", "true"),
        ("offsets = \"utc\"", "datetime2(3)", "2024-04-03T01:00:00+02:00", "2024-04-02 23:00:00"),
        ("empty = \"text\"", "nvarchar(5)", "", "''"),
        ("empty = \"null\"", "nvarchar(5)", "", "NULL"),
        ("trim = false", "nvarchar(5)", " a ", "' a '"),
        ("binary = \"hex\"", "varbinary(10)", "68656c6c6f", "'aGVsbG8='"),
        (
            "trim = true",
            "uniqueidentifier",
            "{6f9619ff-8b86-d011-b42d-00c04fc964ff}",
            "'6F9619FF-8B86-D011-B42D-00C04FC964FF'",
        ),
    ] {
        let column =
            format!("{{ from = \"@v\", type = \"{data_type}\", reading = {{ {reading} }} }}");
        let shown = mapped(&column, "", &format!("<Line v='{text}'/>"));
        assert_eq!(shown, expected, "{reading} {data_type} `{text}`");
        // The same for the whole contract.
        let column = format!("{{ from = \"@v\", type = \"{data_type}\" }}");
        let shown =
            mapped(&column, &format!("[reading]\n{reading}"), &format!("<Line v='{text}'/>"));
        assert_eq!(shown, expected, "{reading} {data_type} `{text}`");
    }
}

/// All at once, each with its place in the file and the way out.
#[test]
fn what_is_refused() {
    let contract = contract(
        "a = { expr = \"'a' + 1\", type = \"int\" }
b = { expr = \"LENGTH(Amt) + Nix / 0\", type = \"int\" }
c = { expr = \"Amt + Tax\", type = \"decimal(9,2)\" }
d = { expr = \"LEFT(Amt, 2)\", type = \"date\" }",
        "",
    );
    let errors = Plan::from_json(&contract).expect_err("nothing of it can be meant").to_string();
    for part in [
        "line 13, column 15: table.line.columns.a.expr",
        "a text cannot be read as int",
        "line 14, column 15: table.line.columns.b.expr",
        "there is no function `LENGTH`",
        "line 15, column 15: table.line.columns.c.expr",
        "`+` adds numbers and puts texts together",
        "write CONCAT(a, b) for texts",
        "line 16, column 1: table.line.columns.d",
        "the expression gives text, and the column is date",
    ] {
        assert!(errors.contains(part), "`{part}` is not in\n{errors}");
    }
}
