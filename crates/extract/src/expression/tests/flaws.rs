//! What is refused when a contract is loaded, where, and with which way out.

use super::{check, parse};

#[expect(clippy::too_many_lines, reason = "a table of cases")]
#[test]
fn types_that_do_not_fit() {
    check(&[
        ("'a' + 1", "0..3 a text cannot be read as int"),
        ("1 + 'a'", "4..7 a text cannot be read as int"),
        ("LEFT(Txt, 2) * 2", "0..12 text stands where a number is due"),
        ("CONCAT(Txt, 'x') + 1", "0..16 text stands where a number is due"),
        (
            "Amt + Ten",
            "0..9 `+` adds numbers and puts texts together, and nothing says which these two are",
        ),
        ("CAST(Dt AS date) + 1", "0..16 date stands where `+` takes a number"),
        (
            "CAST(Dt AS date) - CAST(Dt AS date)",
            "0..16 date stands where `-` takes a number; 19..35 date stands where `-` takes a number",
        ),
        ("ROUND('x', 1)", "6..9 a text cannot be read as number"),
        ("ROUND(LEFT(Txt, 1), 1)", "6..18 text stands where a number is due"),
        ("SUBSTRING(Txt, 'b', 1)", "15..18 a text cannot be read as bigint"),
        ("CASE WHEN 1 = 1 THEN 1 ELSE 'x' END", "28..31 a text cannot be read as int"),
        ("CASE WHEN 1 = 1 THEN 1 ELSE '' END", "28..30 a text cannot be read as int"),
        (
            "CASE WHEN 1 = 1 THEN 1 ELSE LEFT(Txt, 1) END",
            "28..40 the branches of the CASE do not fit together: int (at 22) and text",
        ),
        (
            "CASE WHEN 1 = 1 THEN 1 ELSE CAST(Dt AS date) END",
            "28..44 the branches of the CASE do not fit together: int (at 22) and date",
        ),
        (
            "COALESCE(LEN(Txt), LEFT(Txt, 1))",
            "19..31 the arguments of COALESCE do not fit together: int (at 10) and text",
        ),
        ("CASE WHEN 1 = 1 THEN NULL END", "0..29 the branches of the CASE are all NULL"),
        ("COALESCE(NULL, NULL)", "0..20 the arguments of COALESCE are all NULL"),
        (
            "CASE WHEN LEFT(Txt, 1) = 1 THEN 1 END",
            "25..26 the values that are compared do not fit together: text (at 11) and int",
        ),
        (
            "CASE WHEN CAST(Dt AS date) = 5 THEN 1 END",
            "29..30 the values that are compared do not fit together: date (at 11) and int",
        ),
        ("CASE WHEN CAST(Dt AS date) = 'x' THEN 1 END", "29..32 a text cannot be read as date"),
        ("CASE WHEN Row IN (1, 'x') THEN 1 END", "21..24 a text cannot be read as int"),
        ("CASE Row WHEN 'x' THEN 1 END", "14..17 a text cannot be read as int"),
        ("CASE WHEN Txt THEN 1 END", "10..13 a value stands where a condition is due"),
        ("CASE WHEN Yes AND 1 = 1 THEN 1 END", "10..13 a value stands where a condition is due"),
        ("Ind = 'DBIT'", "0..12 a condition stands where a value is due"),
        ("CASE WHEN Ind = NULL THEN 1 END", "16..20 a comparison with NULL is never true"),
        (
            "CASE WHEN Amt > Ten THEN 1 END",
            "10..19 nothing says whether these are numbers, dates or texts, and as texts 9 comes after 10",
        ),
        (
            "CASE WHEN Amt > '9' THEN 1 END",
            "16..19 a text of digits is compared character by character, so that 9 comes after 10",
        ),
        (
            "CASE WHEN Dt < '2024-02-01' THEN 1 END",
            "15..27 a text of digits is compared character by character, so that 9 comes after 10",
        ),
        (
            "CASE WHEN Amt BETWEEN '1' AND '20' THEN 1 END",
            "22..25 a text of digits is compared character by character, so that 9 comes after 10",
        ),
        ("-CAST(1 AS bit)", "0..15 a bit has no sign"),
        ("CAST(1 AS bit) + CAST(1 AS bit)", "0..31 `+` has no meaning for two bits"),
        ("CAST(1 AS date)", "0..15 int cannot be converted to date"),
        ("CAST(CAST(Dt AS date) AS int)", "0..29 date cannot be converted to int"),
        ("NULLIF(NULL, 1)", "0..15 the first argument of NULLIF is NULL"),
        ("CASE WHEN EXISTS(1 + 1) THEN 1 END", "17..22 EXISTS takes a path"),
        ("CASE WHEN Txt LIKE 'a' ESCAPE 'ab' THEN 1 END", "30..34 an ESCAPE is one character"),
    ]);
}

#[test]
fn names_and_arguments() {
    check(&[
        ("Nix", "0..3 there is no such path"),
        ("Nix + Nax", "0..3 there is no such path; 6..9 there is no such path"),
        ("LENGTH(Txt)", "0..11 there is no function `LENGTH`"),
        ("LEN()", "0..5 LEN takes 1 arguments and has 0"),
        ("LEN(Txt, 1)", "0..11 LEN takes 1 arguments and has 2"),
        ("SUBSTRING(Txt, 1)", "0..17 SUBSTRING takes 3 arguments and has 2"),
        ("ROUND(1.5)", "0..10 ROUND takes 2 to 3 arguments and has 1"),
        ("COALESCE(1)", "0..11 COALESCE takes at least 2 arguments and has 1"),
        ("CAST(Txt AS text)", "12..16 `text` as it is written here is no type of CAST"),
        ("CAST(Txt AS decimal(39,2))", "12..25 `decimal` as it is written here is no type of CAST"),
        ("CAST(Txt AS int(4))", "12..18 `int` as it is written here is no type of CAST"),
        ("CAST(Txt AS varchar(9000))", "12..25 `varchar` as it is written here is no type of CAST"),
    ]);
}

#[test]
fn syntax() {
    check(&[
        ("", "0..0 the end stands where a value is due"),
        ("1 +", "3..3 the end stands where a value is due"),
        ("(1 + 2", "6..6 the end stands where `)` is due"),
        ("1 2", "2..3 a number stands where an operator or the end is due"),
        ("Txt Ind", "4..7 `Ind` stands where an operator or the end is due"),
        ("CASE END", "5..8 `END` stands where a value is due"),
        ("CASE WHEN 1 = 1 1 END", "16..17 a number stands where THEN is due"),
        ("CASE WHEN 1 = 1 THEN 1", "22..22 the end stands where END is due"),
        ("Txt IS 1", "7..8 a number stands where NULL is due"),
        ("Txt NOT 1", "8..9 a number stands where LIKE, IN or BETWEEN is due"),
        ("1 BETWEEN 1", "11..11 the end stands where AND is due"),
        ("1 IN ()", "6..7 `)` stands where a value is due"),
        ("CAST(1, int)", "6..7 `,` stands where AS is due"),
        ("WHEN", "0..4 `WHEN` stands where a value is due"),
        ("Amt/@no", "0..7 `Amt/@no` may be one path or an operation with two"),
        ("\"Amt\"", "0..1 `\"` means nothing here"),
        ("a || b", "2..3 `|` means nothing here"),
    ]);
}

/// Each flaw has a way out.
#[test]
fn suggestions() {
    for (text, expected) in [
        ("'a' + 1", "write a value of int, without quotes if it is a number"),
        ("Ind = 'DBIT'", "make a value of it: CASE WHEN .. THEN 1 ELSE 0 END"),
        ("LENGTH(Txt)", "docs/expressions.md lists the functions"),
        ("SUBSTR(Txt, 1, 2)", "write `SUBSTRING`"),
        ("CONCATT(Txt, Ind)", "write `CONCAT`"),
        ("SUBSTRING(Txt, 1)", "write SUBSTRING(text, start, length)"),
        ("Amt + Ten", "write CONCAT(a, b) for texts, CAST(a AS decimal(18,2)) + b for numbers"),
        ("CASE", "write a value there"),
        ("WHEN", "write a value there; a path of that name is written in brackets"),
    ] {
        let flaws = parse(text).expect_err(text);
        assert_eq!(flaws[0].suggestion, expected, "{text}");
    }
}

#[test]
fn limits() {
    let nested = |n: usize| format!("{}1{}", "(".repeat(n), ")".repeat(n));
    assert!(parse(&nested(64)).is_ok());
    let flaws = parse(&nested(65)).expect_err("too deep");
    assert_eq!(flaws[0].reason, "more than 64 brackets, calls or CASEs are within each other");
    let chain = |n: usize| vec!["1"; n].join(" + ");
    assert!(parse(&chain(250)).is_ok());
    assert!(parse(&chain(300)).expect_err("too long")[0].reason.starts_with("more than 256"));
    let minus = format!("{}1", "- ".repeat(100));
    assert!(parse(&minus).is_err());
    let flaws = parse(&format!("'{}'", "x".repeat(70_000))).expect_err("too long");
    assert_eq!(flaws[0].reason, "the expression has more than 65536 bytes");
}

/// A short expression that would fill the memory.
#[test]
fn texts_do_not_grow_without_end() {
    let mut text = "CONCAT(Txt, 'aaaaaaaaaa')".to_owned();
    for _ in 0..20 {
        text = format!("REPLACE({text}, 'a', 'aaaaaaaaaa')");
    }
    assert_eq!(super::shown(&text), "fault: the texts that it makes have more than 64 MiB");
}
