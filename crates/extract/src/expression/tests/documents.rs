//! Paths: texts of a document are read as what is due where they stand.

use super::super::{Expression, Type};
use super::{Document, check, check_types, parse};
use crate::convert::Conversion;
use crate::decimal::Decimal;
use crate::reading::{Reading, Word};
use crate::table::DataType;
use crate::value::Value;
use xmlx_domain::WarningKind;

#[test]
fn paths() {
    check(&[
        ("Amt", "10.50"),
        ("[Amt]", "10.50"),
        ("@no", "7"),
        ("[@no]", "7"),
        ("cac:Code", "01"),
        ("[../Hdr/Ccy]", "EUR"),
        ("[ ../Hdr/Ccy ]", "EUR"),
        ("None", "NULL"),
        ("Amt * 2", "21"),
        ("Ten / 4", "2.5"),
        ("Amt / Three", "3.5"),
        ("Amt + 1", "11.5"),
        ("Amt - Ten", "0.5"),
        ("-Amt", "-10.5"),
        ("Bad * 2", "fault: a text cannot be read as number"),
        ("Big + 1", "fault: a value is outside of number"),
        ("Amt + CAST('1' AS int)", "11.5"),
        ("CONCAT(Amt, ' ', [../Hdr/Ccy])", "10.50 EUR"),
        ("Txt + 'x'", "abcx"),
        ("ROUND(Amt * Three / 7, 2)", "4.5"),
    ]);
    check_types(&[
        ("Amt", "text of the document"),
        ("Amt * 2", "number"),
        ("Amt * 2.5", "number"),
        ("Amt * 1e0", "float"),
        ("Row", "int"),
    ]);
}

fn lost(text: &str) -> Option<WarningKind> {
    let expression = parse(text).unwrap_or_else(|flaws| panic!("{flaws:?}"));
    let reading = Reading::default();
    expression.value(&Document, &reading).lost
}

#[test]
fn losses_are_told() {
    assert_eq!(lost("DATEADD(day, 1, Dtm)"), Some(WarningKind::OffsetDropped));
    assert_eq!(lost("CAST(Dtm AS date)"), None);
    assert_eq!(lost("CAST(Dtm AS datetimeoffset)"), None);
    assert_eq!(lost("Amt * 2"), None);
}

#[test]
fn the_reading_counts() {
    let mut reading = Reading::default();
    reading.set("decimal", &Word::Text("comma")).expect("a setting");
    reading.set("dates", &Word::Text("dmy")).expect("a setting");
    let resolve = |texts: &'static [&'static str]| {
        move |path: &str, span: super::Span| {
            let slot = texts.iter().position(|text| *text == path);
            let slot = slot.ok_or_else(|| super::Flaw::new(span, "none", String::new()))?;
            Ok((slot, Type::Untyped))
        }
    };
    struct Paths;
    impl<'a> super::Values<'a> for Paths {
        fn value(&self, slot: usize) -> super::Datum<'a> {
            super::Datum::Text(["1.234,50", "31.01.2024"][slot].into())
        }
        fn exists(&self, _slot: usize) -> bool {
            true
        }
    }
    for (text, expected) in [
        ("a * 2", "2469"),
        ("CAST(a AS decimal(9,1))", "1234.5"),
        ("CAST(b AS date)", "2024-01-31"),
        // Texts that the contract writes are T-SQL's.
        ("CAST('1.5' AS decimal(9,1))", "1.5"),
    ] {
        let mut resolve = resolve(&["a", "b"]);
        let expression = Expression::parse(text, 64, &mut resolve).expect("an expression");
        let datum = expression.value(&Paths, &reading).result.expect("a value");
        let shown = super::text::show(&datum, expression.data_type());
        assert_eq!(shown, expected, "{text}");
    }
}

#[test]
fn results_fit_their_column() {
    let text = DataType::Text { units_max: None };
    let decimal = DataType::Decimal { precision: 9, scale: 2 };
    for (expression, column, fits) in [
        ("Amt", decimal, true),
        ("Amt * 2", decimal, true),
        ("Amt * 2", text, true),
        ("CONCAT(Amt, 'x')", text, true),
        ("CONCAT(Amt, 'x')", decimal, false),
        ("'x'", DataType::Date, false),
        ("CAST(Dt AS date)", DataType::DateTime, true),
        ("CAST(Dt AS date)", DataType::Int, false),
        ("LEN(Txt)", DataType::Date, false),
        ("LEN(Txt)", DataType::SmallInt, true),
        ("NULL", DataType::Date, true),
    ] {
        let parsed = parse(expression).expect("an expression");
        assert_eq!(parsed.fit(column).is_ok(), fits, "{expression} in {column}");
    }
}

#[test]
fn results_become_values() {
    let decimal = DataType::Decimal { precision: 5, scale: 2 };
    let number = |text| Value::Decimal(Decimal::of(text));
    let rounded = Some(WarningKind::Rounded);
    for (expression, column, expected) in [
        ("1 / 3.0", decimal, Conversion::Value(number("0.33"), rounded)),
        ("1.50", decimal, Conversion::Value(number("1.50"), None)),
        ("1000", decimal, Conversion::OutOfRange),
        ("2.5", DataType::Int, Conversion::Value(Value::Int(3), rounded)),
        ("1e0 / 4", decimal, Conversion::Value(number("0.25"), None)),
        ("CAST(1 AS bit)", DataType::Bit, Conversion::Value(Value::Bit(true), None)),
        ("LEN('abc')", DataType::Bit, Conversion::Value(Value::Bit(true), None)),
        ("NULLIF(1, 1)", DataType::Int, Conversion::Value(Value::Null, None)),
        (
            "LEN('abc')",
            DataType::Text { units_max: None },
            Conversion::Value(Value::Text("3".to_owned()), None),
        ),
    ] {
        let parsed = parse(expression).expect("an expression");
        let reading = Reading::default();
        let datum = parsed.value(&Document, &reading).result.expect("a value");
        assert_eq!(parsed.finish(datum, column), expected, "{expression} in {column}");
    }
}
