//! Whether the server does what commit and fetch rely on, tried before anything is decided on it.
//!
//! A compatible server that turns text into other bytes, reads an escape of JSON in another way or takes a text for a
//! number lets a job run to its end with every row wrong, or every application `failed`. Nothing is written for the
//! trial and no table is read: it needs no permission.

use std::pin::Pin;

use chrono::NaiveDate;
use xmlx_domain::ErrorClass;
use xmlx_extract::Value;

use crate::catalog::CatalogColumn;
use crate::connection::{only, optional};
use crate::encode::{self, ColumnCodec};
use crate::{Disagreement, Error, Store};

/// Where the findings are, in lists that show a place for each.
const PLACE: &str = "server";
/// Longer texts are shown by their length and how they begin.
const SHOWN_CHARS: usize = 80;
const SHOWN_BYTES: usize = 16;
/// Quotes, both slashes, line ends, what JSON escapes by number, two, three and four bytes of UTF-8, and blanks at the end.
const TRICKY: &str =
    "\"quoted\" \\ / 'single' \n\r\t\u{1f} \u{e9} \u{6f22} \u{1f0a1} \u{2028} <&> \u{fffd}  ";

/// What a server was found to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerFindings {
    /// Rows or decisions would be wrong: nothing may be decided on this server.
    pub wrong: Vec<Disagreement>,
    /// Applications that the database refuses would be told apart by trial, not by the number of the error.
    pub unnamed: Vec<Disagreement>,
}

type Asked<'s> = Pin<Box<dyn Future<Output = Result<ServerFindings, Error>> + Send + 's>>;

/// A value on its way through OPENJSON and back.
struct Trip {
    what: &'static str,
    column: CatalogColumn,
    value: Value,
    /// How it comes back: the column is `j.[c0]` or so.
    back: fn(&str) -> String,
    expected: Option<String>,
}

/// A statement that has to be refused, and in which way.
struct Refusal {
    what: &'static str,
    sql: &'static str,
    json: &'static str,
    class: ErrorClass,
}

/// The fence counts on its own number; the others are what data is refused for.
const REFUSALS: [Refusal; 6] = [
    Refusal {
        what: "THROW 51001",
        sql: "IF @P1 = N'[[1]]' THROW 51001, N'fenced', 1;",
        json: "[[1]]",
        class: ErrorClass::Fenced,
    },
    Refusal {
        what: "a text that is no number, read as int",
        sql: "SELECT CAST(j.[v] AS nvarchar(30)) AS [v] FROM OPENJSON(@P1) WITH ([v] int '$[0]') AS j",
        json: "[[\"12x\"]]",
        class: ErrorClass::Data,
    },
    Refusal {
        what: "a number that is too large, read as tinyint",
        sql: "SELECT CAST(j.[v] AS nvarchar(30)) AS [v] FROM OPENJSON(@P1) WITH ([v] tinyint '$[0]') AS j",
        json: "[[300]]",
        class: ErrorClass::Data,
    },
    Refusal {
        what: "a number that is too large, read as decimal(4,2)",
        sql: "SELECT CAST(j.[v] AS nvarchar(30)) AS [v] FROM OPENJSON(@P1) WITH ([v] decimal(4,2) '$[0]') AS j",
        json: "[[12345.67]]",
        class: ErrorClass::Data,
    },
    Refusal {
        what: "a day of 1899, read as smalldatetime",
        sql: "SELECT CONVERT(nvarchar(30), j.[v], 126) AS [v] FROM OPENJSON(@P1) WITH ([v] smalldatetime '$[0]') AS j",
        json: "[[\"1899-12-30T00:00:00\"]]",
        class: ErrorClass::Data,
    },
    Refusal {
        what: "JSON without its end",
        sql: "SELECT CAST(j.[v] AS nvarchar(30)) AS [v] FROM OPENJSON(@P1) WITH ([v] int '$[0]') AS j",
        json: "[[1]",
        class: ErrorClass::Data,
    },
];

/// The bytes of UTF-16, as documents are read.
fn bytes(column: &str) -> String {
    format!("CAST(CAST({column} AS nvarchar(max)) AS varbinary(max))")
}

/// The same, through a column of varchar.
fn narrow_bytes(column: &str) -> String {
    bytes(&format!("CAST({column} AS varchar(max))"))
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
    let trip = |what, (type_name, precision, scale), value, back, expected: Option<&str>| Trip {
        what,
        column: CatalogColumn::of_type(type_name, precision, scale),
        value,
        back,
        expected: expected.map(ToOwned::to_owned),
    };
    let of_text = |what, value: String, back| Trip {
        what,
        column: CatalogColumn::of_type("nvarchar", 0, 0),
        value: Value::Text(value.clone()),
        back,
        expected: Some(value),
    };
    vec![
        of_text("text with characters that JSON escapes", TRICKY.to_owned(), bytes),
        of_text("a text of 5,000 characters", "\u{e9}".repeat(5_000), bytes),
        of_text("a text of 9,000 characters", "\u{6f22}".repeat(9_000), bytes),
        of_text("a text of 9,000 characters in a varchar", "x".repeat(9_000), narrow_bytes),
        trip("no value", ("nvarchar", 0, 0), Value::Null, bytes, None),
        trip("a flag", ("bit", 0, 0), Value::Bit(true), text, Some("1")),
        trip("an int", ("int", 0, 0), Value::Int(-2_147_483_648), text, Some("-2147483648")),
        trip("a bigint", ("bigint", 0, 0), Value::Int(i64::MAX), text, Some("9223372036854775807")),
        trip("a float", ("float", 0, 0), Value::Float(-1.5), text, Some("-1.5")),
        trip("a date", ("date", 0, 0), Value::Date(day), iso, Some("2016-07-03")),
        trip(
            "a datetime",
            ("datetime", 0, 0),
            Value::DateTime(at),
            iso,
            Some("2016-07-03T01:02:00.570"),
        ),
        trip(
            "a smalldatetime",
            ("smalldatetime", 0, 0),
            Value::DateTime(at),
            iso,
            Some("2016-07-03T01:02:00"),
        ),
        trip(
            "a datetime2(3)",
            ("datetime2", 0, 3),
            Value::DateTime(at),
            iso,
            Some("2016-07-03T01:02:00.570"),
        ),
        trip(
            "a default of a day",
            ("datetime", 0, 0),
            Value::Null,
            default_day,
            Some("2016-07-13T00:00:00"),
        ),
        trip(
            "a decimal(18,4)",
            ("decimal", 18, 4),
            Value::Float(-1_234_567_890.062_5),
            text,
            Some("-1234567890.0625"),
        ),
    ]
}

/// The statements, each with what it is for, for checks from outside.
#[must_use]
pub fn probe_statements() -> Vec<(String, String)> {
    let refusals = REFUSALS.iter().enumerate();
    let refusals = refusals.map(|(i, it)| (format!("probe_refusal_{i}"), it.sql.to_owned()));
    std::iter::once(("probe_values".to_owned(), values_statement(&trips())))
        .chain(refusals)
        .collect()
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
        let mut findings = ServerFindings::default();
        self.try_values(&mut findings).await?;
        for it in &REFUSALS {
            self.try_refusal(it, &mut findings).await?;
        }
        Ok(findings)
    }

    async fn try_values(&self, findings: &mut ServerFindings) -> Result<(), Error> {
        const IT: &str = "probe_values";
        let trips = trips();
        let codecs: Vec<ColumnCodec> =
            trips.iter().map(|it| ColumnCodec::new(&it.column)).collect();
        let values: Vec<Value> = trips.iter().map(|it| it.value.clone()).collect();
        let mut json = String::new();
        encode::push_row(&codecs, &values, &mut json);
        encode::close(&mut json);
        let rows = match self.run(&values_statement(&trips), &[&json]).await {
            Ok(rows) => rows,
            Err(err) if err.number().is_some() && err.class() != ErrorClass::Transient => {
                findings.wrong.push(finding("values through OPENJSON", "a row", &format!("{err}")));
                return Ok(());
            }
            Err(err) => return Err(err),
        };
        let row = only(&rows, IT)?;
        for (i, trip) in trips.iter().enumerate() {
            let found = optional::<&[u8]>(row, &format!("c{i}"), IT)?;
            let expected = trip.expected.as_deref().map(utf16);
            if found != expected.as_deref() {
                let expected = expected.as_deref();
                findings.wrong.push(finding(trip.what, &shown(expected), &shown(found)));
            }
        }
        Ok(())
    }

    async fn try_refusal(&self, it: &Refusal, findings: &mut ServerFindings) -> Result<(), Error> {
        let is_fence = it.class == ErrorClass::Fenced;
        let expected = if is_fence { "that error" } else { "an error of data" };
        match self.run(it.sql, &[&it.json]).await {
            Ok(_) => findings.wrong.push(finding(it.what, expected, "no error")),
            Err(err) if err.class() == it.class => (),
            Err(err @ Error::Server { .. }) if err.class() != ErrorClass::Transient => {
                let list = if is_fence { &mut findings.wrong } else { &mut findings.unnamed };
                list.push(finding(it.what, expected, &err.to_string()));
            }
            Err(err) => return Err(err),
        }
        Ok(())
    }
}

fn finding(what: &str, expected: &str, found: &str) -> Disagreement {
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
        let problem = finding("a", &shown(Some(&utf16("x\n"))), &shown(None)).to_string();
        assert_eq!(problem, "`server`: a: expected \"x\\n\", found NULL");
        assert_eq!(shown(Some(b"abc")), "3 bytes that begin with 0x616263");
        assert!(shown(Some(&utf16(&"x".repeat(9_000)))).starts_with("18000 bytes"));
    }
}
