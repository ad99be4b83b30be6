//! Operators: "Arithmetic operators", "Precision, scale, and length", "int, bigint, smallint, and tinyint", "Constants",
//! "Operator precedence", "+ (String concatenation)".

use super::{check, check_types};

#[test]
fn whole_numbers() {
    check(&[
        ("5 / 2", "2"),
        ("-5 / 2", "-2"),
        ("5 % 2", "1"),
        ("-5 % 2", "-1"),
        ("5 % -2", "1"),
        ("38 / 5", "7"),
        ("38 % 5", "3"),
        ("2147483647 / 2", "1073741823"),
        // "Integer constants greater than 2,147,483,647 are converted to the decimal data type, not the bigint."
        ("2147483649 / 2", "1073741824.500000"),
        ("2147483647 + 1", "0..14 this never has a value: a value is outside of int"),
        ("CAST(2147483647 AS bigint) + 1", "2147483648"),
        (
            "CAST(200 AS tinyint) + CAST(100 AS tinyint)",
            "0..43 this never has a value: a value is outside of tinyint",
        ),
        (
            "CAST(1 AS tinyint) - CAST(2 AS tinyint)",
            "0..39 this never has a value: a value is outside of tinyint",
        ),
        ("CAST(200 AS tinyint) + 100", "300"),
        (
            "CAST(9223372036854775807 AS bigint) + 1",
            "0..39 this never has a value: a value is outside of bigint",
        ),
        ("-2147483648", "-2147483648"),
        ("1 / 0", "0..5 this never has a value: a number is divided by zero"),
        ("1 % 0", "0..5 this never has a value: a number is divided by zero"),
        ("Row / 0", "fault: a number is divided by zero"),
        ("Row / 3", "1"),
        ("Row * 3", "12"),
    ]);
}

#[test]
fn precedence() {
    check(&[
        ("2 + 3 * 4", "14"),
        ("(2 + 3) * 4", "20"),
        ("10 - 2 - 3", "5"),
        ("100 / 10 / 2", "5"),
        ("2 * 5 % 3", "1"),
        ("- -5", "5"),
        ("-(2 + 3)", "-5"),
        ("+5", "5"),
        ("4 - -1", "5"),
        // "2 * (4 + (5 - 3)) yields an expression result of 12" and "2 * (4 + 5) of 18".
        ("2 * (4 + (5 - 3))", "12"),
        ("2 * (4 + 5)", "18"),
        ("2 * 4 + 5", "13"),
    ]);
}

#[test]
fn decimals() {
    check(&[
        ("1 / 3.0", "0.333333"),
        ("2 / 3.0", "0.666666"),
        ("1.0 / 3", "0.333333"),
        ("1.0 / 3.0", "0.333333"),
        ("5 / 2.0", "2.500000"),
        ("1.5 + 2.25", "3.75"),
        ("1.5 * 2.25", "3.375"),
        ("5.5 % 2", "1.5"),
        ("-7.5 % 2", "-1.5"),
        ("10 / 4.00", "2.500000"),
        ("0.1 + 0.2", "0.3"),
        ("1 / 0.0", "0..7 this never has a value: a number is divided by zero"),
        // Both are the page's examples.
        (
            "CAST(0.0000009000 AS decimal(30,20)) * CAST(1.0000000000 AS decimal(30,20))",
            "0.00000090000000000",
        ),
        ("CAST(0.0000009000 AS decimal(30,10)) * CAST(1.0000000000 AS decimal(30,10))", "0.000001"),
        // "The following query returns 0.500000": an article on the same page.
        ("50 / CAST(100 AS decimal(3))", "0.500000"),
        (
            "CAST(99999999999999999999999999999999999999 AS decimal(38,0)) + 1",
            "0..65 this never has a value: a value is outside of decimal(38,0)",
        ),
    ]);
}

/// The table of "Precision, scale, and length".
#[test]
fn precision_and_scale() {
    check_types(&[
        ("CAST(1 AS decimal(9,2)) + CAST(1 AS decimal(12,4))", "decimal(13,4)"),
        ("CAST(1 AS decimal(9,2)) - CAST(1 AS decimal(12,4))", "decimal(13,4)"),
        ("CAST(1 AS decimal(9,2)) * CAST(1 AS decimal(12,4))", "decimal(22,6)"),
        ("CAST(1 AS decimal(9,2)) / CAST(1 AS decimal(12,4))", "decimal(26,15)"),
        ("CAST(1 AS decimal(9,2)) % CAST(1 AS decimal(12,4))", "decimal(11,4)"),
        ("CAST(1 AS decimal(38,10)) / CAST(1 AS decimal(38,10))", "decimal(38,6)"),
        ("CAST(1 AS decimal(28,10)) / CAST(1 AS decimal(28,10))", "decimal(38,10)"),
        ("CAST(1 AS decimal(30,20)) * CAST(1 AS decimal(30,20))", "decimal(38,17)"),
        ("CAST(1 AS decimal(30,10)) * CAST(1 AS decimal(30,10))", "decimal(38,6)"),
        ("CAST(1 AS decimal(38,20)) + CAST(1 AS decimal(38,2))", "decimal(38,2)"),
        ("CAST(1 AS decimal(38,4)) * CAST(1 AS decimal(38,1))", "decimal(38,5)"),
        ("1 + 1", "int"),
        ("1 + 1.5", "decimal(3,1)"),
        ("250 + 1.5", "decimal(5,1)"),
        ("CAST(1 AS int) + CAST(1 AS decimal(5,2))", "decimal(6,2)"),
        ("Row + CAST(1 AS decimal(5,2))", "decimal(13,2)"),
        ("CAST(1 AS bigint) + 1", "bigint"),
        ("CAST(1 AS smallint) + CAST(1 AS tinyint)", "smallint"),
        ("1 + 1e0", "float"),
        ("1.5 + 1e0", "float"),
        ("748.58", "decimal(5,2)"),
        ("0.5", "decimal(1,1)"),
        ("2147483648", "decimal(10,0)"),
        ("CAST(1 AS bit) + 1", "int"),
    ]);
}

#[test]
fn floats() {
    check(&[
        ("1e0 / 4", "0.25"),
        ("1e3", "1000"),
        ("1e308 * 10", "0..10 this never has a value: a value is outside of float"),
        ("1e0 / 0", "0..7 this never has a value: a number is divided by zero"),
        ("7e0 % 4", "3"),
        ("-1.5e0", "-1.5"),
    ]);
}

#[test]
fn nulls_spread() {
    check(&[
        ("1 + NULL", "NULL"),
        ("NULL * 2.5", "NULL"),
        ("None + 1", "NULL"),
        ("1 / None", "NULL"),
        ("-None", "NULL"),
        ("'a' + NULL", "NULL"),
        ("'a' + None", "NULL"),
    ]);
}

#[test]
fn texts_put_together() {
    check(&[
        ("'a' + 'b'", "ab"),
        ("'a' + '' + 'c'", "ac"),
        ("'a ' + 'b'", "a b"),
        ("N'a' + 'b'", "ab"),
        ("'it''s'", "it's"),
        ("Txt + '-' + Ind", "abc-DBIT"),
        ("'1' + '2'", "12"),
        // A text in quotes beside a number is one: the number has the higher precedence.
        ("'1' + 2", "3"),
        ("2 + '1'", "3"),
        ("'10' * 2", "20"),
    ]);
}
