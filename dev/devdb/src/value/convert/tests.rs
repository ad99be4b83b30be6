//! What converts to what, and the number of the error where it does not.

use super::*;

fn check(text: &str, to: SqlType, expected: Result<Datum<'static>, i32>) {
    let found = cast(Datum::text(text), SqlType::NVarChar(4000), to)
        .map(Datum::into_owned)
        .map_err(|err| err.number);
    assert_eq!(found, expected, "`{text}` to {to:?}");
}

#[test]
fn text_to_numbers() {
    check(" 12 ", SqlType::Int, Ok(Datum::Int(12)));
    check("", SqlType::Int, Ok(Datum::Int(0)));
    check("1.5", SqlType::Int, Err(245));
    check("abc", SqlType::BigInt, Err(8114));
    check("99999", SqlType::SmallInt, Err(244));
    check("300", SqlType::TinyInt, Err(244));
    check("3000000000", SqlType::Int, Err(248));
    check("true", SqlType::Bit, Ok(Datum::Int(1)));
    check("yes", SqlType::Bit, Err(245));
    check("1.005", SqlType::Decimal { precision: 5, scale: 2 }, Ok(Datum::Int(101)));
    check("1234.5", SqlType::Decimal { precision: 5, scale: 2 }, Err(8115));
    check("1e3", SqlType::Decimal { precision: 5, scale: 2 }, Err(8114));
    check("1e3", SqlType::Float, Ok(Datum::Real(1000.0)));
}

#[test]
fn text_to_moments_and_text() {
    check("2024-13-01", SqlType::Date, Err(241));
    check("1700-01-01", SqlType::DateTime, Err(242));
    check("2024-01-01 00:00:00.1234", SqlType::DateTime, Err(241));
    check("abc", SqlType::VarChar(2), Ok(Datum::text("ab")));
    check("ab", SqlType::Char(4), Ok(Datum::text("ab  ")));
}

#[test]
fn numbers_to_narrower_ones() {
    let number = |value, from, to| {
        cast(Datum::Int(value), from, to).map(Datum::into_owned).map_err(|err| err.number)
    };
    assert_eq!(number(40_000, SqlType::Int, SqlType::SmallInt), Err(220));
    assert_eq!(number(1 << 40, SqlType::BigInt, SqlType::Int), Err(8115));
    assert_eq!(
        number(1234, SqlType::Decimal { precision: 9, scale: 2 }, SqlType::Int),
        Ok(Datum::Int(12))
    );
    assert_eq!(
        number(7, SqlType::Int, SqlType::Decimal { precision: 9, scale: 2 }),
        Ok(Datum::Int(700))
    );
}
