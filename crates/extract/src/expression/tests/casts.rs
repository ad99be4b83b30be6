//! "CAST and CONVERT", "TRY_CAST", and the pages of the types.

use super::{check, check_types};

#[test]
fn to_whole_numbers() {
    check(&[
        ("CAST('12' AS int)", "12"),
        ("CAST(' -12 ' AS int)", "-12"),
        ("CAST('+12' AS int)", "12"),
        ("CAST('' AS int)", "0"),
        ("CAST('12.5' AS int)", "0..19 this never has a value: a text cannot be read as int"),
        ("CAST('1e3' AS int)", "0..18 this never has a value: a text cannot be read as int"),
        ("CAST('abc' AS int)", "0..18 this never has a value: a text cannot be read as int"),
        ("CAST('-' AS int)", "0..16 this never has a value: a text cannot be read as int"),
        // "numeric to int: truncated."
        ("CAST(10.6496 AS int)", "10"),
        ("CAST(-10.6496 AS int)", "-10"),
        ("CAST(10.9e0 AS int)", "10"),
        ("CAST(256 AS tinyint)", "0..20 this never has a value: a value is outside of tinyint"),
        ("CAST(-1 AS tinyint)", "0..19 this never has a value: a value is outside of tinyint"),
        ("CAST('99999999999' AS int)", "0..26 this never has a value: a value is outside of int"),
        ("CAST('99999999999' AS bigint)", "99999999999"),
        ("CAST(CAST(1 AS bit) AS int)", "1"),
        ("CAST(NULL AS int)", "NULL"),
        ("CAST(Ten AS int)", "10"),
        ("CAST(Amt AS int)", "fault: a text cannot be read as int"),
        ("CAST(Bad AS int)", "fault: a text cannot be read as int"),
        ("CAST(Big AS bigint)", "fault: a value is outside of bigint"),
        ("CAST(None AS int)", "NULL"),
        ("CAST(LEFT(Dt, 4) AS int) + 1", "2025"),
    ]);
}

#[test]
fn to_decimals() {
    check(&[
        // "numeric to numeric: rounded."
        ("CAST(10.3496847 AS decimal(6,4))", "10.3497"),
        ("CAST('12.345' AS decimal(5,2))", "12.35"),
        ("CAST('-.5' AS decimal(3,1))", "-0.5"),
        (
            "CAST('1,234.5' AS decimal(9,2))",
            "0..31 this never has a value: a text cannot be read as decimal(9,2)",
        ),
        (
            "CAST('' AS decimal(9,2))",
            "0..24 this never has a value: a text cannot be read as decimal(9,2)",
        ),
        (
            "CAST('1e3' AS decimal(9,2))",
            "0..27 this never has a value: a text cannot be read as decimal(9,2)",
        ),
        (
            "CAST(1000 AS decimal(5,2))",
            "0..26 this never has a value: a value is outside of decimal(5,2)",
        ),
        ("CAST(5 AS decimal(5,2))", "5.00"),
        ("CAST(0.1e0 AS decimal(5,2))", "0.10"),
        ("CAST(2.675e0 AS decimal(5,2))", "2.68"),
        ("CAST(Amt AS decimal(9,1))", "10.5"),
        ("CAST(1.5 AS decimal)", "2"),
        ("CAST(12.3456 AS money)", "12.3456"),
    ]);
    check_types(&[
        ("CAST(1 AS decimal)", "decimal(18,0)"),
        ("CAST(1 AS numeric(7))", "decimal(7,0)"),
        ("CAST(1 AS money)", "decimal(19,4)"),
        ("CAST(1 AS smallmoney)", "decimal(10,4)"),
        ("CAST(1 AS real)", "float"),
        ("CAST(1 AS float(24))", "float"),
    ]);
}

#[test]
fn to_bits_and_floats() {
    check(&[
        ("CAST('true' AS bit)", "1"),
        ("CAST('FALSE' AS bit)", "0"),
        ("CAST(5 AS bit)", "1"),
        ("CAST(0 AS bit)", "0"),
        ("CAST(0.1 AS bit)", "1"),
        ("CAST('2' AS bit)", "1"),
        ("CAST('yes' AS bit)", "0..18 this never has a value: a text cannot be read as bit"),
        // Of a document the words of its reading count.
        ("CAST(Yes AS bit)", "1"),
        ("CAST(Txt AS bit)", "fault: a text cannot be read as bit"),
        ("CAST('1e3' AS float)", "1000"),
        ("CAST(' 1.5 ' AS float)", "1.5"),
        ("CAST('' AS float)", "0"),
        ("CAST('inf' AS float)", "0..20 this never has a value: a text cannot be read as float"),
        ("CAST(1 AS float) / 3", "0.333333"),
    ]);
}

#[test]
fn to_text() {
    check(&[
        ("CAST('abcdef' AS varchar(3))", "abc"),
        ("CAST('abc' AS char(5)) + '|'", "abc  |"),
        ("CAST(12 AS varchar(10))", "12"),
        ("CAST(1.50 AS varchar(10))", "1.50"),
        ("CAST(123456 AS nvarchar(3))", "0..27 this never has a value: a value is outside of text"),
        // "The default value is 30."
        ("LEN(CAST('1234567890123456789012345678901234567890' AS varchar))", "30"),
        ("LEN(CAST('1234567890123456789012345678901234567890' AS varchar(max)))", "40"),
        ("CAST(CAST('2024-01-31' AS date) AS varchar(10))", "2024-01-31"),
        ("CAST(CAST('2024-01-31' AS date) AS varchar(7))", "2024-01"),
        (
            "CAST(CAST('2024-01-31 10:11:12.5' AS datetime2(3)) AS varchar(30))",
            "2024-01-31 10:11:12.500",
        ),
        // Style 0 is the default of datetime: mon dd yyyy hh:miAM.
        ("CAST(CAST('2024-01-05 15:04:00' AS datetime) AS varchar(30))", "Jan  5 2024  3:04PM"),
        ("CAST(CAST('10:11' AS time(0)) AS varchar(20))", "10:11:00"),
        (
            "CAST(CAST('2024-01-31T10:11:12+02:00' AS datetimeoffset(0)) AS varchar(40))",
            "2024-01-31 10:11:12 +02:00",
        ),
        // "A maximum of 6 digits. Use in scientific notation, when appropriate."
        ("CAST(1234567e0 AS varchar(20))", "1.23457e+006"),
        ("CAST(0.00001e0 AS varchar(20))", "1e-005"),
        ("CAST(0.1e0 AS varchar(20))", "0.1"),
        ("CAST(CAST(1 AS bit) AS varchar(5))", "1"),
        ("CAST(NULL AS varchar(5))", "NULL"),
        ("CAST(Amt AS varchar(10))", "10.50"),
    ]);
}

#[test]
fn to_dates() {
    check(&[
        ("CAST('2024-01-31' AS date)", "2024-01-31"),
        ("CAST('20240131' AS date)", "2024-01-31"),
        ("CAST('1/31/2024' AS date)", "2024-01-31"),
        (
            "CAST('2024-02-30' AS date)",
            "0..26 this never has a value: a text cannot be read as date",
        ),
        ("CAST('' AS date)", "1900-01-01"),
        ("CAST('2024-01-31T10:11:12' AS date)", "2024-01-31"),
        ("CAST('2024-01-31 10:11:12.3456789' AS datetime2(3))", "2024-01-31 10:11:12.346"),
        ("CAST('2024-01-31' AS datetime2(0))", "2024-01-31 00:00:00"),
        // "Rounded to increments of .000, .003, or .007 seconds": the table of the page "datetime".
        ("CAST('1998-01-01T23:59:59.999' AS datetime)", "1998-01-02 00:00:00.000"),
        ("CAST('1998-01-01T23:59:59.995' AS datetime)", "1998-01-01 23:59:59.997"),
        ("CAST('1998-01-01T23:59:59.996' AS datetime)", "1998-01-01 23:59:59.997"),
        ("CAST('1998-01-01T23:59:59.998' AS datetime)", "1998-01-01 23:59:59.997"),
        ("CAST('1998-01-01T23:59:59.992' AS datetime)", "1998-01-01 23:59:59.993"),
        ("CAST('1998-01-01T23:59:59.994' AS datetime)", "1998-01-01 23:59:59.993"),
        ("CAST('1998-01-01T23:59:59.990' AS datetime)", "1998-01-01 23:59:59.990"),
        ("CAST('1998-01-01T23:59:59.991' AS datetime)", "1998-01-01 23:59:59.990"),
        (
            "CAST('1752-12-31' AS datetime)",
            "0..30 this never has a value: a value is outside of datetime",
        ),
        // "29.998 seconds or less round down, 29.999 seconds or more round up."
        ("CAST('2007-05-08 12:35:29' AS smalldatetime)", "2007-05-08 12:35:00"),
        ("CAST('2007-05-08 12:35:30' AS smalldatetime)", "2007-05-08 12:36:00"),
        ("CAST('2007-05-08 12:59:59.998' AS smalldatetime)", "2007-05-08 13:00:00"),
        ("CAST('12:35:29.1234567' AS time(4))", "12:35:29.1235"),
        ("CAST('12:35:29' AS datetime2(0))", "1900-01-01 12:35:29"),
        ("CAST(CAST('2024-01-31 10:11:12' AS datetime2) AS date)", "2024-01-31"),
        ("CAST(CAST('2024-01-31 10:11:12' AS datetime2) AS time(0))", "10:11:12"),
        ("CAST(CAST('2024-01-31' AS date) AS datetimeoffset(0))", "2024-01-31 00:00:00 +00:00"),
        (
            "CAST(CAST('2024-01-31T10:11:12+02:00' AS datetimeoffset) AS datetime2(0))",
            "2024-01-31 10:11:12",
        ),
        ("CAST(Dt AS date)", "2024-01-31"),
        ("CAST(Dtm AS date)", "2024-01-31"),
        ("CAST(Dtm AS datetimeoffset(0))", "2024-01-31 10:11:12 +02:00"),
        ("CAST(Txt AS date)", "fault: a text cannot be read as date"),
    ]);
}

#[test]
fn try_cast() {
    check(&[
        ("TRY_CAST('test' AS float)", "NULL"),
        (
            "CASE WHEN TRY_CAST('test' AS float) IS NULL THEN 'Cast failed' ELSE 'Cast succeeded' END",
            "Cast failed",
        ),
        ("TRY_CAST('12' AS int)", "12"),
        ("TRY_CAST('12/31/2016' AS datetime2(0))", "2016-12-31 00:00:00"),
        ("TRY_CAST('31/12/2016' AS datetime2(0))", "NULL"),
        ("TRY_CAST(Bad AS int)", "NULL"),
        ("TRY_CAST(Amt AS int)", "NULL"),
        ("TRY_CAST(300 AS tinyint)", "NULL"),
        ("TRY_CAST(Row / 0 AS int)", "fault: a number is divided by zero"),
        ("COALESCE(TRY_CAST(Txt AS int), 0)", "0"),
        // "TRY_CAST fails with an error when the cast is explicitly not permitted."
        ("TRY_CAST(4 AS date)", "0..19 int cannot be converted to date"),
    ]);
}
