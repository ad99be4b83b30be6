//! Functions of numbers: "ROUND", "ABS", "CEILING", "FLOOR".

use super::{check, check_types};

#[test]
fn round() {
    check(&[
        // The examples of the page.
        ("ROUND(123.9994, 3)", "123.9990"),
        ("ROUND(123.9995, 3)", "124.0000"),
        ("ROUND(123.4545, 2)", "123.4500"),
        ("ROUND(123.45, -2)", "100.00"),
        ("ROUND(150.75, 0)", "151.00"),
        ("ROUND(150.75, 0, 1)", "150.00"),
        ("ROUND(748.58, -1)", "750.00"),
        ("ROUND(748.58, -2)", "700.00"),
        ("ROUND(748.58, -4)", "0.00"),
        // "Results in an arithmetic overflow, because 748.58 defaults to decimal(5,2), which cannot return 1000.00."
        ("ROUND(748.58, -3)", "0..17 this never has a value: a value is outside of decimal(5,2)"),
        ("ROUND(CAST(748.58 AS decimal(6,2)), -3)", "1000.00"),
        // By the same rule: 0.5 is a decimal(1,1), which cannot hold 1.0.
        ("ROUND(-0.5, 0)", "0..14 this never has a value: a value is outside of decimal(1,1)"),
        ("ROUND(0.4, 0)", "0.0"),
        ("ROUND(CAST(-0.5 AS decimal(2,1)), 0)", "-1.0"),
        ("ROUND(2.5, 0)", "3.0"),
        ("ROUND(-2.5, 0)", "-3.0"),
        ("ROUND(2.5, 0, 1)", "2.0"),
        ("ROUND(2.5, 0, 0)", "3.0"),
        ("ROUND(1.005, 2)", "1.010"),
        ("ROUND(5, -1)", "10"),
        ("ROUND(4, -1)", "0"),
        ("ROUND(-15, -1)", "-20"),
        ("ROUND(-15, -1, 1)", "-10"),
        ("ROUND(15, 2)", "15"),
        ("ROUND(1.5, 10)", "1.5"),
        ("ROUND(1.5e0, 0)", "2"),
        ("ROUND(123.456e0, 1)", "123.5"),
        ("ROUND(155e0, -1)", "160"),
        ("ROUND(1.5, NULL)", "NULL"),
        ("ROUND(NULL, 1)", "NULL"),
        ("ROUND(None, 1)", "NULL"),
        ("ROUND(Amt, 0)", "11"),
        ("ROUND(Amt, -1)", "10"),
        ("ROUND(Big, -37)", "fault: a value is outside of number"),
        ("ROUND(1.5, 2147483648)", "1.5"),
        ("ROUND(1.5, -2147483649)", "0.0"),
    ]);
    check_types(&[
        ("ROUND(CAST(1 AS tinyint), 0)", "int"),
        ("ROUND(CAST(1 AS smallint), 0)", "int"),
        ("ROUND(1, 0)", "int"),
        ("ROUND(CAST(1 AS bigint), 0)", "bigint"),
        ("ROUND(123.4545, 2)", "decimal(7,4)"),
        ("ROUND(1e0, 2)", "float"),
        ("ROUND(Amt, 2)", "number"),
    ]);
}

#[test]
fn abs() {
    check(&[
        ("ABS(-1.0)", "1.0"),
        ("ABS(0.0)", "0.0"),
        ("ABS(1.0)", "1.0"),
        ("ABS(-5)", "5"),
        ("ABS(-1.5e0)", "1.5"),
        ("ABS(NULL)", "NULL"),
        ("ABS(Neg)", "5"),
        ("ABS('-2.5')", "2.5"),
        // "Arithmetic overflow error" for the smallest int.
        (
            "ABS(CAST(-2147483648 AS int))",
            "0..29 this never has a value: a value is outside of int",
        ),
    ]);
}

#[test]
fn ceiling_and_floor() {
    check(&[
        // The page's examples, with decimals for money.
        ("CEILING(123.45)", "124"),
        ("CEILING(-123.45)", "-123"),
        ("CEILING(0.0)", "0"),
        ("FLOOR(123.45)", "123"),
        ("FLOOR(-123.45)", "-124"),
        ("CEILING(5)", "5"),
        ("FLOOR(5)", "5"),
        ("CEILING(1.2e0)", "2"),
        ("FLOOR(-1.2e0)", "-2"),
        ("CEILING(NULL)", "NULL"),
        ("FLOOR(None)", "NULL"),
        ("CEILING(Amt)", "11"),
        ("FLOOR(Amt)", "10"),
        ("FLOOR(Neg)", "-5"),
    ]);
    check_types(&[
        ("CEILING(123.45)", "decimal(5,0)"),
        ("FLOOR(CAST(1 AS tinyint))", "int"),
        ("FLOOR(1e0)", "float"),
    ]);
}
