//! What is a number.

use super::{Reading, find, find_first, read};

fn show(reading: Reading) -> String {
    match reading {
        Reading::Number(number) => {
            let decimal = number.rounded();
            let rounded = if number.is_held() { "" } else { " (rounded)" };
            format!("{decimal}{rounded}")
        }
        Reading::TooLarge => "too large".to_owned(),
        Reading::Unreadable => "-".to_owned(),
    }
}

fn check(text: &str, whole: &str, first: &str) {
    assert_eq!(show(read(text)), whole, "`{text}` as a whole");
    let found = find_first(text);
    let shown = found.map_or_else(|| "-".to_owned(), |found| show(found.number()));
    assert_eq!(shown, first, "first number in `{text}`");
    if let Some(found) = found {
        assert_eq!(found.partly, whole == "-", "`{text}` was used as a whole");
    }
}

#[test]
fn numbers_in_every_dress() {
    check("42", "42", "42");
    check("  42  ", "42", "42");
    check("-5", "-5", "-5");
    check("+5", "5", "5");
    check("-0", "0", "0");
    check(".5", "0.5", "0.5");
    check("5.", "5", "5");
    check("1,200", "1200", "1200");
    check("$1,234.56", "1234.56", "1234.56");
    check("-$1,234.56", "-1234.56", "-1234.56");
    check("$ -7", "-7", "-7");
    check("1e3", "1000", "1000");
    check("2.5E-1", "0.25", "0.25");
    check("000000000000000000000000000000000000000000007", "7", "7");
}

#[test]
fn commas_group_or_nothing_is_read() {
    for (text, number) in [
        ("1,234", "1234"),
        ("12,345,678", "12345678"),
        ("1,23,456", "123456"),
        ("12,34,56,789.5", "123456789.5"),
        ("000,001", "1"),
    ] {
        check(text, number, number);
    }
    for text in [
        "9,99",
        "12,5",
        "1234,56",
        "1.234,56",
        "0,75",
        "1,2,3",
        "10,00",
        "1,2345",
        "1234,567",
        "1,23,45",
        "123,45,678",
        "1,234,56",
        "1,,234",
        "1.2.3",
        "1.234.567",
        "EUR 9,99",
        "10.11.2024",
    ] {
        check(text, "-", "-");
    }
}

#[test]
fn numbers_among_other_text() {
    check("", "-", "-");
    check(".", "-", "-");
    check("-", "-", "-");
    check("n/a", "-", "-");
    check("x7y", "-", "7");
    check("x-7y", "-", "7");
    check("about -7", "-", "-7");
    check("12abc34", "-", "12");
    check("36 months", "-", "36");
    check("1 234", "-", "1");
    check("0x1F", "-", "0");
    check("(1,234.56)", "-", "1234.56");
    check("1,", "-", "1");
    check("7, 8 and 9", "-", "7");
    check("2e", "-", "2");
    check("a.5", "-", "0.5");
}

#[test]
fn digits_are_38_or_rounded() {
    check(
        "12345678901234567890123456789012345678",
        "12345678901234567890123456789012345678",
        "12345678901234567890123456789012345678",
    );
    check(
        "3.14159265358979323846264338327950288419716939937510",
        "3.1415926535897932384626433832795028842 (rounded)",
        "3.1415926535897932384626433832795028842 (rounded)",
    );
    check(
        "9.99999999999999999999999999999999999999",
        "10.000000000000000000000000000000000000 (rounded)",
        "10.000000000000000000000000000000000000 (rounded)",
    );
    check("123456789012345678901234567890123456789", "too large", "too large");
    check(
        "1e37",
        "10000000000000000000000000000000000000",
        "10000000000000000000000000000000000000",
    );
    check("1e38", "too large", "too large");
    check("1e999999999999", "too large", "too large");
    let smallest = "0.00000000000000000000000000000000000001";
    check("1e-38", smallest, smallest);
    check("5e-39", &format!("{smallest} (rounded)"), &format!("{smallest} (rounded)"));
    let zero = "0.00000000000000000000000000000000000000 (rounded)";
    check("4e-39", zero, zero);
    check("1e-999999999999", zero, zero);
    check("0e-999999999999", "0", "0");
}

/// A second rounding would make 0.15 of 0.1499.
#[test]
fn numbers_are_rounded_once() {
    let rounded = |text: &str, scale| {
        let number = read(text).number().expect("a number");
        number.with_scale(scale).map(|(decimal, exact)| (decimal.to_string(), exact))
    };
    let whole = "1234567890123456789012345678901234567";
    let check = |fraction: &str, scale, expected: Option<(&str, bool)>| {
        let expected = expected.map(|(text, exact)| (text.to_owned(), exact));
        assert_eq!(rounded(&format!("{whole}.{fraction}"), scale), expected, "{fraction}");
    };
    check("1499", 1, Some(("1234567890123456789012345678901234567.1", false)));
    check("15", 1, Some(("1234567890123456789012345678901234567.2", false)));
    check("1000", 1, Some(("1234567890123456789012345678901234567.1", true)));
    check("45", 0, Some((whole, false)));
    check("25", 2, None);
    assert_eq!(rounded("7", 2), Some(("7.00".to_owned(), true)));
    assert_eq!(rounded("1.005", 2), Some(("1.01".to_owned(), false)));
    assert_eq!(rounded("-0.5", 0), Some(("-1".to_owned(), false)));
}

#[test]
fn floats_are_the_nearest() {
    let float = |text: &str| find(text).expect("a number").float();
    for (text, expected) in [
        ("6.62607015e-34", 6.626_070_15e-34),
        ("-1,234.5", -1234.5),
        ("1e308", 1e308),
        ("0.1", 0.1),
        ("0", 0.0),
        ("1152921504606846976", 1_152_921_504_606_846_976.0),
        ("0.10000000000000000", 0.1),
    ] {
        assert_eq!(float(text), Some((expected, false)), "{text}");
    }
    for (text, expected) in [
        ("9007199254740993", 9_007_199_254_740_992.0),
        ("1.41421356237309504880168", std::f64::consts::SQRT_2),
        ("1e-400", 0.0),
        ("1e-310", 0.0),
    ] {
        assert_eq!(float(text), Some((expected, true)), "{text}");
    }
    assert_eq!(float("1e309"), None);
    assert_eq!(float("1e999999999999"), None);
}
