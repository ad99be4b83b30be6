//! Whether the server does what commit and fetch rely on, tried before anything is decided on it.
//!
//! A compatible server that turns text into other bytes, reads an escape of JSON in another way or takes a text for a
//! number lets a job run to its end with every row wrong, or every application `failed`. All of it is tried in one round
//! trip. Nothing stays of it, no table of the database is read, and it needs no permission: everybody may make temporary
//! tables.

use std::fmt::Write as _;
use std::pin::Pin;

use chrono::NaiveDate;
use xmlx_domain::ErrorClass;
use xmlx_extract::Value;

use crate::assumptions::{self as a, Assumption};
use crate::catalog::CatalogColumn;
use crate::connection::{Row, column, optional, text as text_of};
use crate::encode::{self, ColumnCodec};
use crate::{Disagreement, Error, Store};

const IT: &str = "probe";
/// Where the findings are, in lists that show a place for each.
const PLACE: &str = "server";
/// Longer texts are shown by their length and how they begin.
const SHOWN_CHARS: usize = 80;
const SHOWN_BYTES: usize = 16;
/// Quotes, both slashes, line ends, what JSON escapes by number, two, three and four bytes of UTF-8, and blanks at the end.
const TRICKY: &str =
    "\"quoted\" \\ / 'single' \n\r\t\u{1f} \u{e9} \u{6f22} \u{1f0a1} \u{2028} <&> \u{fffd}  ";

/// A document as SQL Server writes it back.
const DOCUMENT: &str =
    "<app id=\"7\" name=\"\u{e9}\u{6f22}\u{1f0a1}\"><a>x &lt; y &amp; z</a></app>";

/// What a server was found to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerFindings {
    /// Rows or decisions would be wrong: nothing may be decided on this server.
    pub wrong: Vec<Disagreement>,
    /// Applications that the database refuses would be told apart by trial, not by the number of the error.
    pub unnamed: Vec<Disagreement>,
    /// Everything that was tried, and what was found where it is not as expected.
    pub found: Vec<(Assumption, Option<String>)>,
}

/// What follows from a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Weight {
    Wrong,
    Unnamed,
}

impl ServerFindings {
    fn differs(&mut self, weight: Weight, assumption: Assumption, (expected, found): (&str, &str)) {
        let list = match weight {
            Weight::Wrong => &mut self.wrong,
            Weight::Unnamed => &mut self.unnamed,
        };
        list.push(finding(assumption, expected, found));
        self.found.push((assumption, Some(found.to_owned())));
    }
}

type Asked<'s> = Pin<Box<dyn Future<Output = Result<ServerFindings, Error>> + Send + 's>>;

/// A value on its way through OPENJSON and back.
struct Trip {
    assumption: Assumption,
    column: CatalogColumn,
    value: Value,
    /// How it comes back: the column is `j.[c0]` or so.
    back: fn(&str) -> String,
    expected: Option<String>,
}

/// A statement that has to be refused.
struct Refusal {
    assumption: Assumption,
    sql: &'static str,
}

/// What is refused without a table. The fence counts on its own number; the others are what data is refused for.
const REFUSALS: [Refusal; 6] = [
    Refusal { assumption: a::ERROR_THROW, sql: "THROW 51001, N'fenced', 1;" },
    Refusal {
        assumption: a::ERROR_INT,
        sql: "SELECT CAST(j.[v] AS nvarchar(30)) AS [v] FROM OPENJSON(N'[[\"12x\"]]') WITH ([v] int '$[0]') AS j;",
    },
    Refusal {
        assumption: a::ERROR_TINYINT,
        sql: "SELECT CAST(j.[v] AS nvarchar(30)) AS [v] FROM OPENJSON(N'[[300]]') WITH ([v] tinyint '$[0]') AS j;",
    },
    Refusal {
        assumption: a::ERROR_DECIMAL,
        sql: "SELECT CAST(j.[v] AS nvarchar(30)) AS [v] FROM OPENJSON(N'[[12345.67]]') WITH ([v] decimal(4,2) '$[0]') AS j;",
    },
    Refusal {
        assumption: a::ERROR_SMALLDATETIME,
        sql: "SELECT CONVERT(nvarchar(30), j.[v], 126) AS [v] FROM OPENJSON(N'[[\"1899-12-30T00:00:00\"]]') WITH ([v] smalldatetime '$[0]') AS j;",
    },
    Refusal {
        assumption: a::ERROR_JSON,
        sql: "SELECT CAST(j.[v] AS nvarchar(30)) AS [v] FROM OPENJSON(N'[[1]') WITH ([v] int '$[0]') AS j;",
    },
];

/// Foreign keys of temporary tables are not checked, and raise the number that a CHECK does.
const TABLE: &str = "CREATE TABLE [#xmlx_probe] ([id] int NOT NULL PRIMARY KEY, [positive] int NULL CHECK ([positive] > 0), [short] nvarchar(3) NULL);";

/// What the constraints of a table refuse. The last one may end the transaction.
const CONSTRAINTS: [Refusal; 4] = [
    Refusal { assumption: a::ERROR_NULL, sql: "INSERT INTO [#xmlx_probe] ([id]) VALUES (NULL);" },
    Refusal {
        assumption: a::ERROR_CHECK,
        sql: "INSERT INTO [#xmlx_probe] ([id], [positive]) VALUES (1, 0);",
    },
    Refusal { assumption: a::ERROR_KEY, sql: "INSERT INTO [#xmlx_probe] ([id]) VALUES (1), (1);" },
    Refusal {
        assumption: a::ERROR_LENGTH,
        sql: "INSERT INTO [#xmlx_probe] ([id], [short]) SELECT 2, j.[v] FROM OPENJSON(N'[[\"four\"]]') WITH ([v] nvarchar(max) '$[0]') AS j;",
    },
];

/// The place of the values in the answer, where refusals have their own.
const VALUES: i32 = -1;

/// The bytes of UTF-16, as documents are read.
fn bytes(column: &str) -> String {
    format!("CAST(CAST({column} AS nvarchar(max)) AS varbinary(max))")
}

/// The same, through a column of varchar.
fn narrow_bytes(column: &str) -> String {
    bytes(&format!("CAST({column} AS varchar(max))"))
}

/// The same, through a column of xml.
fn xml_bytes(column: &str) -> String {
    bytes(&format!("CAST({column} AS xml)"))
}

fn text(column: &str) -> String {
    bytes(&format!("CAST({column} AS nvarchar(100))"))
}

fn iso(column: &str) -> String {
    bytes(&format!("CONVERT(nvarchar(30), {column}, 126)"))
}

/// A default of the catalog, under the date format of the session.
fn default_day(column: &str) -> String {
    iso(&format!("COALESCE({column}, CONVERT(datetime, ('2016-07-13')))"))
}

fn trips() -> Vec<Trip> {
    let day = NaiveDate::from_ymd_opt(2016, 7, 3).expect("a day");
    let at = day.and_hms_micro_opt(1, 2, 0, 570_000).expect("a time of day");
    let trip =
        |assumption, (type_name, precision, scale), value, back, expected: Option<&str>| Trip {
            assumption,
            column: CatalogColumn::of_type(type_name, precision, scale),
            value,
            back,
            expected: expected.map(ToOwned::to_owned),
        };
    let of_text = |assumption, value: &str, back| {
        trip(assumption, ("nvarchar", 0, 0), Value::Text(value.to_owned()), back, Some(value))
    };
    let moment = Value::DateTime(at);
    vec![
        of_text(a::TEXT_ESCAPED, TRICKY, bytes as fn(&str) -> String),
        of_text(a::TEXT_5000, &"\u{e9}".repeat(5_000), bytes),
        of_text(a::TEXT_9000, &"\u{6f22}".repeat(9_000), bytes),
        of_text(a::TEXT_VARCHAR, &"x".repeat(9_000), narrow_bytes),
        of_text(a::TEXT_XML, DOCUMENT, xml_bytes),
        trip(a::VALUE_NULL, ("nvarchar", 0, 0), Value::Null, bytes, None),
        trip(a::VALUE_BIT, ("bit", 0, 0), Value::Bit(true), text, Some("1")),
        trip(a::VALUE_INT, ("int", 0, 0), Value::Int(-2_147_483_648), text, Some("-2147483648")),
        trip(
            a::VALUE_BIGINT,
            ("bigint", 0, 0),
            Value::Int(i64::MAX),
            text,
            Some("9223372036854775807"),
        ),
        trip(a::VALUE_FLOAT, ("float", 0, 0), Value::Float(-1.5), text, Some("-1.5")),
        trip(
            a::VALUE_DECIMAL,
            ("decimal", 18, 4),
            Value::Float(-1_234_567_890.062_5),
            text,
            Some("-1234567890.0625"),
        ),
        trip(a::VALUE_DATE, ("date", 0, 0), Value::Date(day), iso, Some("2016-07-03")),
        trip(
            a::VALUE_DATETIME,
            ("datetime", 0, 0),
            moment.clone(),
            iso,
            Some("2016-07-03T01:02:00.570"),
        ),
        trip(
            a::VALUE_SMALLDATETIME,
            ("smalldatetime", 0, 0),
            moment.clone(),
            iso,
            Some("2016-07-03T01:02:00"),
        ),
        trip(a::VALUE_DATETIME2, ("datetime2", 0, 3), moment, iso, Some("2016-07-03T01:02:00.570")),
        trip(
            a::VALUE_DEFAULT,
            ("datetime", 0, 0),
            Value::Null,
            default_day,
            Some("2016-07-13T00:00:00"),
        ),
    ]
}

/// The statement, and the one for a server that does not take it, for checks from outside.
#[must_use]
pub fn probe_statements() -> Vec<(String, String)> {
    let trips = trips();
    vec![
        ("probe".to_owned(), statement(&trips)),
        ("probe_values".to_owned(), values_statement(&trips)),
    ]
}

/// Tries all behind each other, and answers with a row for each.
fn statement(trips: &[Trip]) -> String {
    let mut sql = String::from("SET NOCOUNT ON;\nSET XACT_ABORT OFF;\n");
    push_try(&mut sql, VALUES, &format!("{};", values_statement(trips)));
    for (n, refusal) in (0..).zip(&REFUSALS) {
        push_try(&mut sql, n, refusal.sql);
    }
    // What is made in a transaction is gone with it.
    sql.push_str("BEGIN TRAN;\n");
    sql.push_str(TABLE);
    sql.push('\n');
    for (n, refusal) in (REFUSALS.len()..).zip(&CONSTRAINTS) {
        push_try(&mut sql, i32::try_from(n).unwrap_or(i32::MAX), refusal.sql);
    }
    sql.push_str("IF XACT_STATE() <> 0 ROLLBACK TRAN;\n");
    sql
}

fn push_try(sql: &mut String, n: i32, tried: &str) {
    let done = if n == VALUES {
        String::new()
    } else {
        format!("SELECT {n} AS [n], 0 AS [number], N'' AS [message];\n")
    };
    let row =
        format!("SELECT {n} AS [n], ERROR_NUMBER() AS [number], ERROR_MESSAGE() AS [message];");
    write!(sql, "BEGIN TRY\n{tried}\n{done}END TRY\nBEGIN CATCH\n{row}\nEND CATCH;\n")
        .expect("writing to a string does not fail");
}

fn values_statement(trips: &[Trip]) -> String {
    let mut columns: Vec<String> = Vec::with_capacity(trips.len());
    let mut schema: Vec<String> = Vec::with_capacity(trips.len());
    for (i, trip) in trips.iter().enumerate() {
        columns.push(format!("{} AS [c{i}]", (trip.back)(&format!("j.[c{i}]"))));
        schema.push(format!("[c{i}] {} '$[{i}]'", ColumnCodec::new(&trip.column).sql_type));
    }
    let (columns, schema) = (columns.join(", "), schema.join(", "));
    format!("SELECT {columns} FROM OPENJSON(@P1) WITH ({schema}) AS j")
}

impl Store {
    /// What the server was found to do; it is tried once.
    ///
    /// # Errors
    /// [`Error::Unfit`] where rows or decisions would be wrong; see [`Error`].
    pub async fn require_fit_server(&self) -> Result<&ServerFindings, Error> {
        // Its type has to end here: callers' futures grow with it otherwise, beyond what the compiler follows.
        let asked: Asked<'_> = Box::pin(self.server_findings());
        let findings = self.findings.get_or_try_init(|| asked).await?;
        if findings.wrong.is_empty() {
            return Ok(findings);
        }
        let lines: Vec<&str> = findings.wrong.iter().map(|it| it.problem.as_str()).collect();
        Err(Error::Unfit(lines.join("\n")))
    }

    /// Tries what commit and fetch rely on.
    ///
    /// # Errors
    /// See [`Error`]; what the server does in another way is none.
    pub async fn server_findings(&self) -> Result<ServerFindings, Error> {
        let trips = trips();
        let codecs: Vec<ColumnCodec> =
            trips.iter().map(|trip| ColumnCodec::new(&trip.column)).collect();
        let values: Vec<Value> = trips.iter().map(|trip| trip.value.clone()).collect();
        let mut json = String::new();
        encode::push_row(&codecs, &values, &mut json);
        encode::close(&mut json);
        let mut findings = ServerFindings::default();
        let rows = match self.run(&statement(&trips), &[&json]).await {
            Ok(rows) => rows,
            Err(err) if is_an_answer(&err) => {
                // A server that does not take the statement as a whole may be good enough.
                let found = err.to_string();
                findings.differs(Weight::Unnamed, a::STATEMENT, ("a row for each", &found));
                match self.run(&values_statement(&trips), &[&json]).await {
                    Ok(rows) => rows,
                    Err(err) if is_an_answer(&err) => {
                        let found = err.to_string();
                        findings.differs(Weight::Wrong, a::STATEMENT, ("a row", &found));
                        return Ok(findings);
                    }
                    Err(err) => return Err(err),
                }
            }
            Err(err) => return Err(err),
        };
        for row in &rows {
            // What was to be refused and was not may have answered with rows of its own.
            let has = |name: &str| row.columns().iter().any(|column| column.name() == name);
            if has("number") {
                judge(row, &mut findings)?;
            } else if has("c0") {
                compare(&trips, row, &mut findings)?;
            }
        }
        if findings.found.iter().all(|(assumption, _)| *assumption != a::STATEMENT) {
            findings.found.push((a::STATEMENT, None));
        }
        Ok(findings)
    }
}

/// Whether the server has refused the statement for what it is.
fn is_an_answer(err: &Error) -> bool {
    err.number().is_some() && err.class() != ErrorClass::Transient
}

fn compare(trips: &[Trip], row: &Row, findings: &mut ServerFindings) -> Result<(), Error> {
    for (i, trip) in trips.iter().enumerate() {
        let found = optional::<&[u8]>(row, &format!("c{i}"), IT)?;
        let expected = trip.expected.as_deref().map(utf16);
        if found == expected.as_deref() {
            findings.found.push((trip.assumption, None));
        } else {
            let (expected, found) = (shown(expected.as_deref()), shown(found));
            findings.differs(Weight::Wrong, trip.assumption, (&expected, &found));
        }
    }
    Ok(())
}

/// Takes the answer to one that had to be refused, or the refusal of the values.
fn judge(row: &Row, findings: &mut ServerFindings) -> Result<(), Error> {
    let n = column::<i32>(row, "n", IT)?;
    let number = u32::try_from(column::<i32>(row, "number", IT)?).unwrap_or_default();
    let err = match number {
        0 => None,
        51001 => Some(Error::Fenced),
        _ => Some(Error::of_server(number, &text_of(row, "message", IT)?)),
    };
    if let Some(err) = err.as_ref().filter(|err| err.class() == ErrorClass::Transient) {
        return Err(Error::of_server(number, &err.to_string()));
    }
    let found = err.as_ref().map_or_else(|| "no error".to_owned(), ToString::to_string);
    if n == VALUES {
        findings.differs(Weight::Wrong, a::STATEMENT, ("a row", &found));
        return Ok(());
    }
    let tried = usize::try_from(n).ok().and_then(|n| REFUSALS.iter().chain(&CONSTRAINTS).nth(n));
    let Some(Refusal { assumption, .. }) = tried else {
        return Err(Error::Shape { statement: IT, detail: "`n` is out of range".to_owned() });
    };
    let (is_so, is_fence) = match err.map(|err| err.class()) {
        _ if assumption.id == a::ERROR_THROW.id => (number == 51001, true),
        class => (class == Some(ErrorClass::Data), false),
    };
    if is_so {
        findings.found.push((*assumption, None));
    } else {
        let expected = if is_fence { "that error" } else { "an error of data" };
        let weight = if is_fence || number == 0 { Weight::Wrong } else { Weight::Unnamed };
        findings.differs(weight, *assumption, (expected, &found));
    }
    Ok(())
}

fn finding(assumption: Assumption, expected: &str, found: &str) -> Disagreement {
    let what = assumption.what;
    Disagreement {
        place: PLACE.to_owned(),
        problem: format!("{what}: expected {expected}, found {found}"),
    }
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// The bytes of a text of ours, for people.
fn shown(bytes: Option<&[u8]>) -> String {
    let Some(bytes) = bytes else { return "NULL".to_owned() };
    let units: Vec<u16> =
        bytes.chunks_exact(2).map(|it| u16::from_le_bytes([it[0], it[1]])).collect();
    match String::from_utf16(&units) {
        Ok(text) if bytes.len() % 2 == 0 && text.chars().count() <= SHOWN_CHARS => {
            format!("{text:?}")
        }
        Ok(_) | Err(_) => {
            let start: String =
                bytes.iter().take(SHOWN_BYTES).map(|it| format!("{it:02x}")).collect();
            format!("{} bytes that begin with 0x{start}", bytes.len())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_show_what_was_expected_and_what_was_found() {
        let problem = finding(a::VALUE_NULL, &shown(Some(&utf16("x\n"))), &shown(None)).to_string();
        assert_eq!(problem, "`server`: no value: expected \"x\\n\", found NULL");
        assert_eq!(shown(Some(b"abc")), "3 bytes that begin with 0x616263");
        assert!(shown(Some(&utf16(&"x".repeat(9_000)))).starts_with("18000 bytes"));
    }
}
