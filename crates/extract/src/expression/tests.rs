//! Expressions against a table of cases that state T-SQL's documented results, and random ones.

mod arithmetic;
mod casts;
mod conditions;
mod dates;
mod documents;
mod flaws;
mod numbers;
mod random;
mod texts;

use super::{Datum, Expression, Flaw, Span, Type, Values, text};
use crate::reading::Reading;

/// The document of the tests: what its paths lead to.
const DOCUMENT: [(&str, &str); 16] = [
    ("Amt", "10.50"),
    ("Ten", "10"),
    ("Three", "3"),
    ("Neg", "-5"),
    ("Ind", "DBIT"),
    ("Txt", "abc"),
    ("Long", "Straße  "),
    ("Emoji", "a😀b"),
    ("Dt", "2024-01-31"),
    ("Dtm", "2024-01-31T10:11:12+02:00"),
    ("Yes", "true"),
    ("Bad", "12x"),
    ("Big", "99999999999999999999999999999999999999"),
    ("@no", "7"),
    ("../Hdr/Ccy", "EUR"),
    ("cac:Code", "01"),
];

/// A path that leads to an element without a value, and one that leads nowhere.
const EMPTY: &str = "Empty";
const NONE: &str = "None";

/// A path whose type is known: the number of the row.
const ROW: &str = "Row";

pub(super) struct Document;

impl<'a> Values<'a> for Document {
    fn value(&self, slot: usize) -> Datum<'a> {
        match DOCUMENT.get(slot) {
            Some((_, text)) => Datum::Text((*text).into()),
            None if slot == DOCUMENT.len() + 2 => Datum::Int(4),
            None => Datum::Null,
        }
    }

    fn exists(&self, slot: usize) -> bool {
        slot <= DOCUMENT.len()
    }
}

fn resolve(path: &str, span: Span) -> Result<(usize, Type), Flaw> {
    if let Some(slot) = DOCUMENT.iter().position(|(known, _)| *known == path) {
        return Ok((slot, Type::Untyped));
    }
    match path {
        EMPTY => Ok((DOCUMENT.len(), Type::Untyped)),
        NONE => Ok((DOCUMENT.len() + 1, Type::Untyped)),
        ROW => Ok((DOCUMENT.len() + 2, Type::Int)),
        _ => Err(Flaw::new(span, "there is no such path", "write another".to_owned())),
    }
}

pub(super) fn parse(text: &str) -> Result<Expression, Vec<Flaw>> {
    Expression::parse(text, 64, &mut resolve)
}

/// Shows what an expression gives: its value as the database's tools show it, why it has none, or what is wrong with it.
pub(super) fn shown(text: &str) -> String {
    let expression = match parse(text) {
        Ok(expression) => expression,
        Err(flaws) => {
            let shown =
                |flaw: &Flaw| format!("{}..{} {}", flaw.span.start, flaw.span.end, flaw.reason);
            return flaws.iter().map(shown).collect::<Vec<_>>().join("; ");
        }
    };
    let reading = Reading::default();
    let outcome = expression.value(&Document, &reading);
    match outcome.result {
        Ok(Datum::Null) => "NULL".to_owned(),
        Ok(Datum::DateTime(date)) if expression.data_type() == Type::DateTime => {
            date.format("%Y-%m-%d %H:%M:%S%.3f").to_string()
        }
        Ok(Datum::DateTime(date)) if expression.data_type() == Type::SmallDateTime => {
            date.format("%Y-%m-%d %H:%M:%S").to_string()
        }
        Ok(datum) => text::show(&datum, expression.data_type()),
        Err(fault) => format!("fault: {fault}"),
    }
}

/// Checks cases of `expression => result`, all of them before it fails.
fn check(cases: &[(&str, &str)]) {
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|(text, expected)| {
            let shown = shown(text);
            (shown != *expected)
                .then(|| format!("{text}\n  is       {shown}\n  expected {expected}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

/// Checks the types of results.
fn check_types(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        let expression = parse(text).unwrap_or_else(|flaws| panic!("{text}: {flaws:?}"));
        assert_eq!(expression.data_type().to_string(), *expected, "{text}");
    }
}
