//! "DATEADD" and "DATEDIFF".

use super::{check, check_types, shown};

/// Moves the time of the page's examples.
fn moved(part: &str, number: &str, at: &str) -> String {
    shown(&format!("DATEADD({part}, {number}, CAST('{at}' AS datetime2))"))
}

#[test]
fn parts_are_added() {
    for (part, expected) in [
        ("year", "2008-01-01 13:10:10.1111111"),
        ("quarter", "2007-04-01 13:10:10.1111111"),
        ("month", "2007-02-01 13:10:10.1111111"),
        ("dayofyear", "2007-01-02 13:10:10.1111111"),
        ("day", "2007-01-02 13:10:10.1111111"),
        ("week", "2007-01-08 13:10:10.1111111"),
        ("weekday", "2007-01-02 13:10:10.1111111"),
        ("hour", "2007-01-01 14:10:10.1111111"),
        ("minute", "2007-01-01 13:11:10.1111111"),
        ("second", "2007-01-01 13:10:11.1111111"),
        ("millisecond", "2007-01-01 13:10:10.1121111"),
        ("microsecond", "2007-01-01 13:10:10.1111121"),
        ("nanosecond", "2007-01-01 13:10:10.1111111"),
    ] {
        assert_eq!(moved(part, "1", "2007-01-01 13:10:10.1111111"), expected, "{part}");
    }
    for (part, number, expected) in [
        ("quarter", "4", "2008-01-01 01:01:01.1111111"),
        ("month", "13", "2008-02-01 01:01:01.1111111"),
        ("dayofyear", "365", "2008-01-01 01:01:01.1111111"),
        ("day", "365", "2008-01-01 01:01:01.1111111"),
        ("week", "5", "2007-02-05 01:01:01.1111111"),
        ("weekday", "31", "2007-02-01 01:01:01.1111111"),
        ("hour", "23", "2007-01-02 00:01:01.1111111"),
        ("minute", "59", "2007-01-01 02:00:01.1111111"),
        ("second", "59", "2007-01-01 01:02:00.1111111"),
        ("millisecond", "1", "2007-01-01 01:01:01.1121111"),
        ("nanosecond", "49", "2007-01-01 01:01:01.1111111"),
        ("nanosecond", "50", "2007-01-01 01:01:01.1111112"),
        ("nanosecond", "150", "2007-01-01 01:01:01.1111113"),
        ("microsecond", "2", "2007-01-01 01:01:01.1111131"),
    ] {
        assert_eq!(moved(part, number, "2007-01-01 01:01:01.1111111"), expected, "{part} {number}");
    }
}

#[test]
fn date_add() {
    check(&[
        // "September has 30 days; therefore, these statements return 2006-09-30 00:00:00.000."
        ("DATEADD(month, 1, '20060830')", "2006-09-30 00:00:00.000"),
        ("DATEADD(month, 1, '20060831')", "2006-09-30 00:00:00.000"),
        ("DATEADD(month, 1, '2024-01-31')", "2024-02-29 00:00:00.000"),
        ("DATEADD(year, 1, '2024-02-29')", "2025-02-28 00:00:00.000"),
        ("DATEADD(year, -1, '2024-02-29')", "2023-02-28 00:00:00.000"),
        ("DATEADD(month, -1, '2024-03-31')", "2024-02-29 00:00:00.000"),
        // "The argument for number exceeds the range of int by 1."
        (
            "DATEADD(year, 2147483648, '20060731')",
            "14..24 this never has a value: a value is outside of int",
        ),
        (
            "DATEADD(year, 2147483647, '20060731')",
            "0..37 this never has a value: a value is outside of datetime",
        ),
        (
            "DATEADD(year, -2147483647, '20060731')",
            "0..38 this never has a value: a value is outside of datetime",
        ),
        // "DATEADD will truncate a number that has a decimal fraction."
        ("DATEADD(day, 1.9, '2024-01-01')", "2024-01-02 00:00:00.000"),
        ("DATEADD(day, -1.9, '2024-01-03')", "2024-01-02 00:00:00.000"),
        (
            "DATEADD(day, 365, CAST('2000-01-01 01:01:01.111' AS datetime))",
            "2000-12-31 01:01:01.110",
        ),
        ("DATEADD(month, -(10/2), CAST('2024-06-15' AS date))", "2024-01-15"),
        ("DATEADD(day, 1, NULL)", "NULL"),
        ("DATEADD(day, None, '2024-01-01')", "NULL"),
        ("DATEADD(dd, Three, Dt)", "2024-02-03 00:00:00.0000000"),
        ("DATEADD(yy, 1, CAST(Dt AS date))", "2025-01-31"),
        ("DATEADD(hh, 15, CAST('10:00' AS time(0)))", "01:00:00"),
        ("DATEADD(hour, 1, CAST(Dtm AS datetimeoffset(0)))", "2024-01-31 11:11:12 +02:00"),
        (
            "DATEADD(day, 1, CAST('9999-12-31' AS date))",
            "0..43 this never has a value: a value is outside of date",
        ),
        (
            "DATEADD(day, -1, CAST('0001-01-01' AS date))",
            "0..44 this never has a value: a value is outside of date",
        ),
        ("DATEADD(second, 29, CAST('2024-01-01 10:00' AS smalldatetime))", "2024-01-01 10:00:00"),
        ("DATEADD(second, 31, CAST('2024-01-01 10:00' AS smalldatetime))", "2024-01-01 10:01:00"),
        // "DATEADD does not allow addition for microsecond or nanosecond for smalldatetime, date, and datetime."
        (
            "DATEADD(microsecond, 1, CAST('2024-01-01' AS datetime))",
            "0..55 datetime has no microsecond that DATEADD could move",
        ),
        (
            "DATEADD(hour, 1, CAST('2024-01-01' AS date))",
            "0..44 date has no hour that DATEADD could move",
        ),
        (
            "DATEADD(day, 1, CAST('10:00' AS time))",
            "0..38 time(7) has no day that DATEADD could move",
        ),
        ("DATEADD('day', 1, Dt)", "8..13 this is no part of a date"),
        ("DATEADD(fortnight, 1, Dt)", "8..17 this is no part of a date"),
        ("DATEADD(day, 1, 5)", "16..17 int stands where a date is due"),
    ]);
    check_types(&[
        ("DATEADD(day, 1, '20240101')", "datetime"),
        ("DATEADD(day, 1, CAST(Dt AS date))", "date"),
        ("DATEADD(day, 1, Dt)", "datetime2(7)"),
        ("DATEADD(day, 1, CAST(Dt AS smalldatetime))", "smalldatetime"),
    ]);
}

/// "Each statement returns 1."
#[test]
fn one_boundary() {
    for part in [
        "year",
        "quarter",
        "month",
        "dayofyear",
        "day",
        "week",
        "hour",
        "minute",
        "second",
        "millisecond",
        "microsecond",
        "yy",
        "yyyy",
        "qq",
        "q",
        "mm",
        "m",
        "dy",
        "y",
        "dd",
        "d",
        "wk",
        "ww",
        "hh",
        "mi",
        "n",
        "ss",
        "s",
        "ms",
        "mcs",
    ] {
        let text = format!(
            "DATEDIFF({part}, '2005-12-31 23:59:59.9999999', '2006-01-01 00:00:00.0000000')"
        );
        assert_eq!(shown(&text), "1", "{part}");
    }
}

#[test]
fn date_diff() {
    check(&[
        ("DATEDIFF(day, '2036-03-01', '2036-02-28')", "-2"),
        (
            "DATEDIFF(day, CAST('2007-05-06 12:10:09' AS datetime2), CAST('2007-05-07 12:10:09' AS datetime2))",
            "1",
        ),
        ("DATEDIFF(day, '2007-05-05 12:10:09.3312722', '2007-05-04 12:10:09.3312722')", "-1"),
        ("DATEDIFF(day, '2007-05-07 09:53:01.0376635', '2007-05-08 09:53:01.0376635')", "1"),
        ("DATEDIFF(year, '2023-12-31', '2024-01-01')", "1"),
        ("DATEDIFF(year, '2024-01-01', '2024-12-31')", "0"),
        ("DATEDIFF(month, '2024-01-31', '2024-02-01')", "1"),
        ("DATEDIFF(quarter, '2024-03-31', '2024-04-01')", "1"),
        ("DATEDIFF(week, '2024-01-06', '2024-01-07')", "1"),
        ("DATEDIFF(week, '2024-01-07', '2024-01-13')", "0"),
        ("DATEDIFF(hour, '2024-01-01 10:59', '2024-01-01 11:00')", "1"),
        ("DATEDIFF(nanosecond, '2024-01-01 00:00:00', '2024-01-01 00:00:00.0000001')", "100"),
        // "For millisecond, the maximum difference is 24 days, 20 hours, 31 minutes and 23.647 seconds."
        ("DATEDIFF(millisecond, '2000-01-01', '2000-01-25 20:31:23.647')", "2147483647"),
        (
            "DATEDIFF(millisecond, '2000-01-01', '2000-01-25 20:31:23.648')",
            "0..62 this never has a value: a value is outside of int",
        ),
        (
            "DATEDIFF(second, '1900-01-01', '2100-01-01')",
            "0..44 this never has a value: a value is outside of int",
        ),
        // "If both are assigned only a time value, and the datepart is not a time datepart, DATEDIFF returns 0."
        ("DATEDIFF(day, CAST('10:00' AS time), CAST('11:00' AS time))", "0"),
        ("DATEDIFF(minute, CAST('10:00' AS time), CAST('11:00' AS time))", "60"),
        // "DATEDIFF sets the value of the missing date part to 1900-01-01."
        ("DATEDIFF(day, CAST('10:00' AS time), CAST('1900-01-02' AS date))", "1"),
        (
            "DATEDIFF(hour, CAST('2024-01-01T00:00:00+02:00' AS datetimeoffset), CAST('2024-01-01T00:00:00Z' AS datetimeoffset))",
            "2",
        ),
        ("DATEDIFF(day, NULL, '2024-01-01')", "NULL"),
        ("DATEDIFF(day, None, '2024-01-01')", "NULL"),
        ("DATEDIFF(day, '2024-01-01', Dt)", "30"),
        ("DATEDIFF(weekday, '2024-01-01', Dt)", "9..16 this is no part of a date"),
        ("DATEDIFF(day, 'x', Dt)", "14..17 a text cannot be read as datetime2(7)"),
    ]);
    check_types(&[("DATEDIFF(day, Dt, Dt)", "int")]);
}
