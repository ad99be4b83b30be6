//! Readings, as a table.

use super::{Reading, Word};
use crate::convert::Conversion;
use crate::table::DataType;
use crate::value::Value;

/// Reads with settings: what comes of it, and `!` with the warning.
fn read(settings: &[(&str, Word<'_>)], text: &str, data_type: DataType) -> String {
    let mut reading = Reading::default();
    for (key, word) in settings {
        reading.set(key, word).unwrap_or_else(|err| panic!("{key}: {err}"));
    }
    match reading.read(text, data_type) {
        Conversion::Value(value, lost) => {
            let shown = match value {
                Value::Null => "NULL".to_owned(),
                Value::Text(text) => format!("'{text}'"),
                Value::Bit(bit) => bit.to_string(),
                Value::Int(int) => int.to_string(),
                Value::Decimal(number) => number.to_string(),
                Value::Float(float) => format!("{float:?}"),
                Value::Date(date) => date.to_string(),
                Value::DateTime(date) => date.to_string(),
                Value::DateTimeOffset(date) => date.to_string(),
            };
            lost.map_or(shown.clone(), |lost| format!("{shown} !{lost}"))
        }
        other @ (Conversion::Unreadable | Conversion::OutOfRange | Conversion::OffsetRefused) => {
            format!("{other:?}")
        }
    }
}

const TEXT: DataType = DataType::Text { units_max: None };
const MONEY: DataType = DataType::Decimal { precision: 19, scale: 4 };

#[test]
fn values_by_default() {
    use DataType::{Bit, Date, DateTime, DateTimeOffset, Float, Int, TinyInt};
    for (text, data_type, expected) in [
        ("x ", TEXT, "'x '"),
        ("007", TEXT, "'007'"),
        ("12", Int, "12"),
        ("12.5", Int, "13 !rounded"),
        ("12x", Int, "Unreadable"),
        ("300", TinyInt, "OutOfRange"),
        ("1,234.5", MONEY, "1234.5000"),
        ("$12", MONEY, "12.0000"),
        ("1.234,5", MONEY, "Unreadable"),
        ("6.02e23", Float, "6.02e23"),
        ("true", Bit, "true"),
        ("0", Bit, "false"),
        ("maybe", Bit, "Unreadable"),
        ("2024-01-31", Date, "2024-01-31"),
        ("2024-01-31T10:11:12+02:00", Date, "2024-01-31"),
        ("2024-01-31+02:00", Date, "2024-01-31"),
        ("31.01.2024", Date, "Unreadable"),
        ("01/31/2024", Date, "Unreadable"),
        ("0001-01-01", Date, "0001-01-01"),
        ("1752-12-31", DateTime, "OutOfRange"),
        ("2024-01-31T10:11:12+02:00", DateTime, "2024-01-31 10:11:12 !offset_dropped"),
        ("2024-01-31T10:11:12+02:00", DateTimeOffset, "2024-01-31 10:11:12 +02:00"),
        ("2024-01-31T10:11:12", DateTimeOffset, "2024-01-31 10:11:12 +00:00"),
        ("  ", Int, "NULL"),
    ] {
        assert_eq!(read(&[], text, data_type), expected, "`{text}` as {data_type}");
    }
}

#[test]
fn values_by_settings() {
    use DataType::{Bit, Date, DateTime, DateTimeOffset, SmallDateTime};
    let word = |key: &'static str, word: &'static str| vec![(key, Word::Text(word))];
    let words =
        |key: &'static str, words: &[&'static str]| vec![(key, Word::Texts(words.to_vec()))];
    let time = "2024-01-31T23:11:12-05:00";
    for (settings, text, data_type, expected) in [
        (word("decimal", "comma"), "1.234,5", MONEY, "1234.5000"),
        (word("decimal", "comma"), "9,99", MONEY, "9.9900"),
        (word("decimal", "comma"), "9.99", MONEY, "Unreadable"),
        (word("decimal", "point"), "9,99", MONEY, "Unreadable"),
        (word("dates", "dmy"), "03/04/2024", Date, "2024-04-03"),
        (word("dates", "mdy"), "03/04/2024", Date, "2024-03-04"),
        (word("dates", "mdy"), "13/04/2024", Date, "Unreadable"),
        (word("dates", "dmy"), "2024-04-03", Date, "2024-04-03"),
        (word("dates", "ymd"), "2024/04/03", Date, "2024-04-03"),
        (word("dates", "hl7"), "20240403", Date, "2024-04-03"),
        (word("dates", "hl7"), "20240403101112.5-0500", Date, "2024-04-03"),
        (word("dates", "hl7"), "202404", Date, "NULL"),
        (word("dates", "hl7"), "2024", Date, "NULL"),
        (word("dates", "hl7"), "202413", Date, "Unreadable"),
        (word("dates", "hl7"), "2024-04-03", Date, "Unreadable"),
        (word("dates", "hl7"), "202404031011-0500", DateTimeOffset, "2024-04-03 10:11:00 -05:00"),
        (word("dates", "hl7"), "20240403101112.567", DateTimeOffset, "2024-04-03 10:11:12 +00:00"),
        (word("dates", "hl7"), "20240403", DateTimeOffset, "2024-04-03 00:00:00 +00:00"),
        (word("offsets", "utc"), time, DateTime, "2024-02-01 04:11:12"),
        (word("offsets", "utc"), time, Date, "2024-02-01"),
        (word("offsets", "keep"), time, SmallDateTime, "2024-01-31 23:11:00 !offset_dropped"),
        (word("offsets", "refuse"), time, DateTime, "OffsetRefused"),
        (word("offsets", "refuse"), time, DateTimeOffset, "2024-01-31 23:11:12 -05:00"),
        (words("yes", &["ja", "J"]), "JA", Bit, "true"),
        (words("yes", &["ja", "J"]), "j", Bit, "true"),
        (words("yes", &["ja"]), "true", Bit, "Unreadable"),
        (words("yes", &["0"]), "0", Bit, "true"),
        (words("no", &["nein"]), "nein", Bit, "false"),
    ] {
        assert_eq!(read(&settings, text, data_type), expected, "`{text}` by {settings:?}");
    }
}

#[test]
fn what_is_around_a_value() {
    let mut reading = Reading::default();
    assert_eq!(reading.text(" \t a b\r\n"), Some("a b"));
    assert_eq!(reading.text("\u{A0}a"), Some("\u{A0}a"), "only XML's white space is taken off");
    assert_eq!(reading.text(" \n"), None);
    reading.set("empty", &Word::Text("text")).expect("a setting");
    assert_eq!(reading.text(" "), Some(""));
    reading.set("trim", &Word::Flag(false)).expect("a setting");
    assert_eq!(reading.text(" a "), Some(" a "));
    assert_eq!(reading.text(" "), Some(" "));
    let int = reading.read(" ", DataType::Int);
    assert_eq!(int, Conversion::Value(Value::Null, None), "an empty text is no number");
}

#[test]
fn settings_that_are_none() {
    for (key, word, expected) in [
        ("date", Word::Text("dmy"), "did you mean `dates`?"),
        (
            "dates",
            Word::Text("dym"),
            "write `dates = ` with one of \"iso\", \"ymd\", \"mdy\", \"dmy\", \"hl7\", \"any\"",
        ),
        ("decimal", Word::Flag(true), "write `decimal = ` with one of \"point\", \"comma\""),
        ("trim", Word::Text("no"), "write `trim = true` or `trim = false`"),
        (
            "yes",
            Word::Texts(vec![]),
            "write `yes = [..]` with the words, without blanks around them",
        ),
        ("no", Word::Text(" n"), "write `no = [..]` with the words, without blanks around them"),
    ] {
        let err = Reading::default().set(key, &word).expect_err(key);
        assert_eq!(err, expected);
    }
    for key in Reading::KEYS {
        let err = Reading::default().set(key, &Word::Texts(vec![" "])).expect_err(key);
        assert!(err.starts_with(&format!("write `{key} = ")), "{err}");
    }
}

#[test]
fn identifiers() {
    let canonical = "6F9619FF-8B86-D011-B42D-00C04FC964FF";
    for text in [
        canonical,
        "6f9619ff-8b86-d011-b42d-00c04fc964ff",
        "{6F9619FF-8B86-D011-B42D-00C04FC964FF}",
        "urn:uuid:6f9619ff-8b86-d011-b42d-00c04fc964ff",
        "6f9619ff8b86d011b42d00c04fc964ff",
    ] {
        assert_eq!(Reading::uuid(text).as_deref(), Ok(canonical), "{text}");
    }
    for text in [
        "",
        "6f9619ff",
        "6f9619ff-8b86-d011-b42d-00c04fc964fg",
        "6f9619ff8-b86-d011-b42d-00c04fc964ff",
    ] {
        assert!(Reading::uuid(text).is_err(), "{text}");
    }
}

#[test]
fn bytes() {
    let mut reading = Reading::default();
    for (text, expected) in [
        ("aGVsbG8=", Some("aGVsbG8=")),
        ("aGVs\r\n bG8=", Some("aGVsbG8=")),
        ("aGVsbG8", None),
        ("aGVsbG8?", None),
        ("a===", None),
        ("", Some("")),
    ] {
        assert_eq!(reading.bytes(text).ok().as_deref(), expected, "{text}");
    }
    reading.set("binary", &Word::Text("hex")).expect("a setting");
    for (text, expected) in [
        ("68656c6c6f", Some("aGVsbG8=")),
        ("0x68656C6C6F", Some("aGVsbG8=")),
        ("68 65", Some("aGU=")),
        ("00ffFF", Some("AP//")),
        ("6", None),
        ("6g", None),
        ("", Some("")),
    ] {
        assert_eq!(reading.bytes(text).ok().as_deref(), expected, "{text}");
    }
}
