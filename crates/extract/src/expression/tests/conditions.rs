//! Conditions and choices: "CASE", "COALESCE", "NULLIF", "IIF", "IN", "BETWEEN", "LIKE", "IS NULL", "AND", "OR", "NOT",
//! "Comparison operators", "= (Equals)".

use super::{check, check_types};

/// Checks conditions: `true`, `false` or `unknown`.
fn holds(cases: &[(&str, &str)]) {
    for (condition, expected) in cases {
        let text = format!(
            "CASE WHEN {condition} THEN 'true' WHEN NOT ({condition}) THEN 'false' ELSE 'unknown' END"
        );
        assert_eq!(super::shown(&text), *expected, "{condition}");
    }
}

#[test]
fn comparisons() {
    holds(&[
        ("1 = 1", "true"),
        ("1 = 2", "false"),
        ("1 <> 2", "true"),
        ("1 != 1", "false"),
        ("1 < 2", "true"),
        ("2 <= 2", "true"),
        ("2 > 3", "false"),
        ("2 >= 3", "false"),
        ("2 !< 3", "false"),
        ("2 !> 3", "true"),
        ("1 = 1.0", "true"),
        ("0.1e0 < 1", "true"),
        // Under the default collation case does not matter, and blanks at the end are ignored.
        ("'abc' = 'ABC'", "true"),
        ("'abc' = 'abc  '", "true"),
        ("'abc' = '  abc'", "false"),
        ("'' = '   '", "true"),
        ("'é' = 'e'", "false"),
        ("'É' = 'é'", "true"),
        ("'a' < 'B'", "true"),
        ("'abc' < 'abd'", "true"),
        // The higher precedence decides: the text is read as a number.
        ("'1' = 1", "true"),
        ("'01' = 1", "true"),
        ("CAST(1 AS bit) = 'true'", "true"),
        ("CAST('2024-01-31' AS date) = '20240131'", "true"),
        ("CAST('2024-01-31' AS date) < CAST('2024-01-31 10:00' AS datetime2)", "true"),
        (
            "CAST('2024-01-31 10:00 +02:00' AS datetimeoffset) = CAST('2024-01-31 08:00' AS datetime2)",
            "true",
        ),
        ("CAST('10:00' AS time) < CAST('11:00' AS time)", "true"),
        ("None = 1", "unknown"),
        ("1 < None", "unknown"),
        ("None = None", "unknown"),
        ("None <> 'a'", "unknown"),
        ("Ind = 'dbit'", "true"),
        ("Ind = Txt", "false"),
        ("Amt = 10.5", "true"),
        ("Amt > 9", "true"),
        ("Amt < 9", "false"),
        ("[cac:Code] = '01'", "true"),
        ("[cac:Code] = '1'", "false"),
        ("[cac:Code] = 1", "true"),
        ("Yes = CAST(1 AS bit)", "true"),
        ("CAST(Dt AS date) > '2024-01-30'", "true"),
        ("@no = Row + 3", "true"),
    ]);
}

/// The truth tables of the pages "AND", "OR" and "NOT".
#[test]
fn three_values() {
    let values = [("true", "1 = 1"), ("false", "1 = 2"), ("unknown", "None = 1")];
    let and =
        ["true", "false", "unknown", "false", "false", "false", "unknown", "false", "unknown"];
    let or = ["true", "true", "true", "true", "false", "unknown", "true", "unknown", "unknown"];
    for (row, (left_name, left)) in values.iter().enumerate() {
        for (column, (right_name, right)) in values.iter().enumerate() {
            let place = row * 3 + column;
            holds(&[(&format!("{left} AND {right}"), and[place])]);
            holds(&[(&format!("{left} OR {right}"), or[place])]);
            let _ = (left_name, right_name);
        }
    }
    holds(&[
        ("NOT 1 = 1", "false"),
        ("NOT 1 = 2", "true"),
        ("NOT None = 1", "unknown"),
        ("NOT NOT 1 = 1", "true"),
        // AND before OR, NOT before both.
        ("1 = 1 OR 1 = 1 AND 1 = 2", "true"),
        ("(1 = 1 OR 1 = 1) AND 1 = 2", "false"),
        ("NOT 1 = 2 AND 1 = 2", "false"),
        // What decides is enough: the division is not computed.
        ("1 = 2 AND Row / 0 = 1", "false"),
        ("1 = 1 OR Row / 0 = 1", "true"),
    ]);
}

#[test]
fn null_checks() {
    holds(&[
        ("None IS NULL", "true"),
        ("None IS NOT NULL", "false"),
        ("Txt IS NULL", "false"),
        ("Txt IS NOT NULL", "true"),
        ("NULL IS NULL", "true"),
        ("'' IS NULL", "false"),
        ("None + 1 IS NULL", "true"),
        ("NOT None IS NULL", "false"),
        ("EXISTS(Empty)", "true"),
        ("EXISTS(None)", "false"),
        ("NOT EXISTS(Txt)", "false"),
        ("Empty IS NULL", "true"),
    ]);
}

#[test]
fn in_and_between() {
    holds(&[
        ("1 IN (1, 2)", "true"),
        ("3 IN (1, 2)", "false"),
        ("3 NOT IN (1, 2)", "true"),
        ("'b' IN ('A', 'B')", "true"),
        // "Any null values can produce unexpected results": unknown where nothing is equal.
        ("1 IN (1, NULL)", "true"),
        ("3 IN (1, NULL)", "unknown"),
        ("3 NOT IN (1, NULL)", "unknown"),
        ("None IN (1, 2)", "unknown"),
        ("Ind IN ('DBIT', 'CRDT')", "true"),
        ("Three IN (1, 2, 3)", "true"),
        ("Three IN (1, 2.5)", "false"),
        ("2 BETWEEN 1 AND 3", "true"),
        // Both ends belong to it.
        ("1 BETWEEN 1 AND 3", "true"),
        ("3 BETWEEN 1 AND 3", "true"),
        ("4 BETWEEN 1 AND 3", "false"),
        ("2 BETWEEN 3 AND 1", "false"),
        ("4 NOT BETWEEN 1 AND 3", "true"),
        ("None BETWEEN 1 AND 3", "unknown"),
        ("2 BETWEEN None AND 3", "unknown"),
        ("4 BETWEEN None AND 3", "false"),
        ("Amt BETWEEN 10 AND 11", "true"),
        ("CAST(Dt AS date) BETWEEN '2024-01-01' AND '2024-01-31'", "true"),
        ("'b' BETWEEN 'A' AND 'C'", "true"),
        ("2 BETWEEN 1 AND 3 AND 1 = 2", "false"),
    ]);
}

#[test]
fn like() {
    holds(&[
        ("'abc' LIKE 'abc'", "true"),
        ("'abc' LIKE 'ABC'", "true"),
        ("'abc' LIKE 'a%'", "true"),
        ("'abc' LIKE '%c'", "true"),
        ("'abc' LIKE '%b%'", "true"),
        ("'abc' LIKE '_b_'", "true"),
        ("'abc' LIKE '_'", "false"),
        ("'' LIKE '%'", "true"),
        ("'' LIKE '_'", "false"),
        ("'Carsen' LIKE '[C-P]arsen'", "true"),
        ("'Larsen' LIKE '[C-P]arsen'", "true"),
        ("'Sarsen' LIKE '[C-P]arsen'", "false"),
        ("'Cheryl' LIKE '[CS]heryl'", "true"),
        ("'dent' LIKE 'de[^l]%'", "true"),
        ("'della' LIKE 'de[^l]%'", "false"),
        ("'Zhang' LIKE 'Zh[ae]ng'", "true"),
        // The table "Using wildcard characters as literals".
        ("'5%' LIKE '5[%]'", "true"),
        ("'5x' LIKE '5[%]'", "false"),
        ("'_n' LIKE '[_]n'", "true"),
        ("'an' LIKE '[_]n'", "false"),
        ("'b' LIKE '[a-cdf]'", "true"),
        ("'e' LIKE '[a-cdf]'", "false"),
        ("'-' LIKE '[-acdf]'", "true"),
        ("'[' LIKE '[ [ ]'", "true"),
        ("']' LIKE ']'", "true"),
        ("'abc_d5' LIKE 'abc[_]d%'", "true"),
        ("'abce' LIKE 'abc[def]'", "true"),
        // The example of ESCAPE.
        ("'Discount is 10-15% off' LIKE '%10-15!% off%' ESCAPE '!'", "true"),
        ("'Discount is .10-.15 off' LIKE '%10-15!% off%' ESCAPE '!'", "false"),
        ("'30%' LIKE '%30!%%' ESCAPE '!'", "true"),
        ("'30!' LIKE '%30!%%' ESCAPE '!'", "false"),
        ("'a^b' LIKE 'a[!^]b' ESCAPE '!'", "true"),
        // "If there is no character after an escape character, the pattern isn't valid and the LIKE returns FALSE."
        ("'a' LIKE 'a!' ESCAPE '!'", "false"),
        // "If the character after an escape character isn't a wildcard character, the escape character is discarded."
        ("'ab' LIKE 'a!b' ESCAPE '!'", "true"),
        // All blanks of a pattern count, and of texts of Unicode.
        ("'abc' LIKE 'abc '", "false"),
        ("'Robert King   ' LIKE '% King'", "false"),
        ("RTRIM('Robert King   ') LIKE '% King'", "true"),
        ("'abc' NOT LIKE 'b%'", "true"),
        ("None LIKE 'a'", "unknown"),
        ("'a' LIKE None", "unknown"),
        ("'a' LIKE 'a' ESCAPE None", "unknown"),
        ("Txt LIKE CONCAT('a', '%')", "true"),
        ("10.50 LIKE '10%'", "true"),
        ("'é' LIKE 'É'", "true"),
        ("'a' LIKE '[b'", "false"),
    ]);
}

#[test]
fn case() {
    check(&[
        ("CASE WHEN 1 = 1 THEN 'a' ELSE 'b' END", "a"),
        ("CASE WHEN 1 = 2 THEN 'a' ELSE 'b' END", "b"),
        ("CASE WHEN 1 = 2 THEN 'a' END", "NULL"),
        ("CASE WHEN None = 1 THEN 'a' ELSE 'b' END", "b"),
        ("CASE 2 WHEN 1 THEN 'a' WHEN 2 THEN 'b' END", "b"),
        ("CASE 'B' WHEN 'a' THEN 1 WHEN 'b' THEN 2 END", "2"),
        ("CASE None WHEN NULL THEN 'a' ELSE 'b' END", "b"),
        ("CASE NULL WHEN 1 THEN 'a' ELSE 'b' END", "b"),
        // The first that is true counts, and no other is computed.
        ("CASE WHEN 1 = 1 THEN 1 WHEN 1 = 1 THEN 2 END", "1"),
        ("CASE WHEN Row = 4 THEN 1 ELSE Row / 0 END", "1"),
        ("CASE WHEN 1 = 2 THEN 1 ELSE Row / 0 END", "fault: a number is divided by zero"),
        ("CASE WHEN Ind = 'DBIT' THEN -Amt ELSE Amt END", "-10.5"),
        ("CASE Ind WHEN 'CRDT' THEN Amt WHEN 'DBIT' THEN -Amt END", "-10.5"),
        ("CASE WHEN 1 = 1 THEN 1 ELSE 2.5 END", "1.0"),
        ("CASE WHEN 1 = 1 THEN CASE WHEN 1 = 2 THEN 1 ELSE 2 END END", "2"),
        ("CASE WHEN Amt IS NULL THEN NULL ELSE Amt END", "10.50"),
        ("CASE WHEN 1 = 1 THEN '1' ELSE 2 END", "1"),
        ("case when 1 = 1 then 'a' else 'b' end", "a"),
    ]);
    check_types(&[
        ("CASE WHEN 1 = 1 THEN 1 ELSE 2.5 END", "decimal(11,1)"),
        ("CASE WHEN 1 = 1 THEN CAST(1 AS tinyint) ELSE 2 END", "int"),
        ("CASE WHEN 1 = 1 THEN Amt ELSE 0 END", "number"),
        ("CASE WHEN 1 = 1 THEN Txt ELSE 'x' END", "text"),
        ("CASE WHEN 1 = 1 THEN Txt ELSE Ind END", "text of the document"),
        ("CASE WHEN 1 = 1 THEN CAST(Dt AS date) ELSE '2024-01-01' END", "date"),
        ("CASE WHEN 1 = 1 THEN 1 END", "int"),
        ("CASE WHEN 1 = 1 THEN CAST(Dt AS date) ELSE CAST(Dt AS datetime2(3)) END", "datetime2(3)"),
    ]);
}

#[test]
fn other_choices() {
    check(&[
        ("COALESCE(NULL, NULL, 'third_value', 'fourth_value')", "third_value"),
        ("COALESCE(None, Txt)", "abc"),
        ("COALESCE(None, 5)", "5"),
        ("COALESCE(None, Empty)", "NULL"),
        ("COALESCE(1, Row / 0)", "1"),
        ("COALESCE(1, 2.5)", "1.0"),
        ("COALESCE('', 'a')", ""),
        ("ISNULL(None, 'x')", "x"),
        ("NULLIF(4, 4)", "NULL"),
        ("NULLIF(5, 7)", "5"),
        ("NULLIF('a', 'A ')", "NULL"),
        ("NULLIF(NULLIF(1, 2), 1)", "NULL"),
        ("NULLIF(1, NULL)", "1"),
        ("NULLIF(None, 1)", "NULL"),
        ("NULLIF(Amt, 0)", "10.50"),
        ("NULLIF(Ten, 10.0)", "NULL"),
        ("100 / NULLIF(Row - 4, 0)", "NULL"),
        ("NULLIF(Ind, 'dbit')", "NULL"),
        ("IIF(45 > 30, 'TRUE', 'FALSE')", "TRUE"),
        ("IIF(45 > NULLIF(1, 1), 'TRUE', 'FALSE')", "FALSE"),
        ("IIF(1 = 2, 1, NULL)", "NULL"),
        ("IIF(Ind = 'DBIT', 'D', Txt)", "D"),
    ]);
    check_types(&[
        ("NULLIF(1, 2.5)", "int"),
        ("COALESCE(1, 2.5)", "decimal(11,1)"),
        ("COALESCE(Amt, Ten)", "text of the document"),
        ("IIF(1 = 1, 1, CAST(2 AS bigint))", "bigint"),
    ]);
}
