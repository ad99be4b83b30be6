//! Functions of texts: "SUBSTRING", "LEFT", "RIGHT", "LEN", "UPPER", "LOWER", "TRIM", "LTRIM", "RTRIM", "REPLACE",
//! "CONCAT", "CONCAT_WS", "CHARINDEX".

use super::{check, check_types};

#[test]
fn substring() {
    check(&[
        ("SUBSTRING('abcdef', 2, 3)", "bcd"),
        ("SUBSTRING('abc', 1, 1)", "a"),
        // "If start is less than 1, the number of characters returned is the largest of start + length - 1 or 0."
        ("SUBSTRING('abc', 0, 2)", "a"),
        ("SUBSTRING('abc', -1, 3)", "a"),
        ("SUBSTRING('abc', -5, 3)", ""),
        ("SUBSTRING('abc', 0, 1)", ""),
        // "If start is greater than the number of characters, a zero-length expression is returned."
        ("SUBSTRING('abc', 4, 2)", ""),
        ("SUBSTRING('abc', 100, 2)", ""),
        ("SUBSTRING('abc', 2, 100)", "bc"),
        ("SUBSTRING('abc', 2, 0)", ""),
        // "If length is negative, an error is generated."
        ("SUBSTRING('abc', 2, -1)", "0..23 this never has a value: a length is below zero"),
        ("SUBSTRING(Txt, 2, Neg)", "fault: a length is below zero"),
        ("SUBSTRING(NULL, 1, 1)", "NULL"),
        ("SUBSTRING('abc', NULL, 1)", "NULL"),
        ("SUBSTRING('abc', 1, NULL)", "NULL"),
        ("SUBSTRING('äöü', 2, 1)", "ö"),
        ("SUBSTRING(Emoji, 2, 1)", "😀"),
        ("SUBSTRING(Txt, Three, 1)", "c"),
        ("SUBSTRING(12345, 2, 3)", "234"),
        ("SUBSTRING('abc', 1, 9223372036854775807)", "abc"),
        ("SUBSTRING('abc', CAST(-9223372036854775807 AS bigint), 1)", ""),
    ]);
}

#[test]
fn left_and_right() {
    check(&[
        ("LEFT('abcdefg', 2)", "ab"),
        ("LEFT('abc', 0)", ""),
        ("LEFT('abc', 10)", "abc"),
        ("LEFT('abc', -1)", "0..15 this never has a value: a length is below zero"),
        ("LEFT(NULL, 1)", "NULL"),
        ("LEFT('abc', NULL)", "NULL"),
        ("LEFT(Emoji, 2)", "a😀"),
        ("RIGHT('abcdefg', 2)", "fg"),
        ("RIGHT('abc', 0)", ""),
        ("RIGHT('abc', 10)", "abc"),
        ("RIGHT('abc', -1)", "0..16 this never has a value: a length is below zero"),
        ("RIGHT(NULL, 1)", "NULL"),
        ("RIGHT(Emoji, 2)", "😀b"),
        ("RIGHT('abc ', 2)", "c "),
        ("LEFT(2024, 2)", "20"),
        ("RIGHT(CONCAT('0000', Three), 4)", "0003"),
    ]);
}

#[test]
fn len() {
    check(&[
        // "Excluding trailing blanks."
        ("LEN('a  ')", "1"),
        ("LEN('  a')", "3"),
        ("LEN('')", "0"),
        ("LEN('   ')", "0"),
        ("LEN('Test of 22 characters ')", "21"),
        ("LEN(NULL)", "NULL"),
        ("LEN(Emoji)", "3"),
        ("LEN(Long)", "6"),
        ("LEN(123)", "3"),
        ("LEN(-1.50)", "5"),
    ]);
    check_types(&[("LEN('a')", "int")]);
}

#[test]
fn case() {
    check(&[
        ("UPPER('abcDEF')", "ABCDEF"),
        ("LOWER('abcDEF')", "abcdef"),
        ("UPPER('äé')", "ÄÉ"),
        ("UPPER(Long)", "STRAßE  "),
        ("UPPER(NULL)", "NULL"),
        ("LOWER(None)", "NULL"),
        ("UPPER(1)", "1"),
    ]);
}

#[test]
fn trim() {
    check(&[
        ("TRIM('     test    ')", "test"),
        // The page's example.
        ("TRIM('.,! ' FROM '     #     test    .')", "#     test"),
        ("TRIM('123' FROM '123abc123')", "abc"),
        ("TRIM(NULL)", "NULL"),
        ("TRIM('x' FROM NULL)", "NULL"),
        ("TRIM('xX' FROM 'xaX')", "a"),
        ("TRIM('   ')", ""),
        ("LTRIM('   abc  ')", "abc  "),
        ("RTRIM('   abc  ')", "   abc"),
        ("LTRIM('123abc', '123')", "abc"),
        ("RTRIM('abc.,', '.,')", "abc"),
        ("LTRIM(NULL)", "NULL"),
        ("RTRIM(None)", "NULL"),
        ("LTRIM(5)", "5"),
    ]);
}

#[test]
fn replace() {
    check(&[
        ("REPLACE('abcdefghicde', 'cde', 'xxx')", "abxxxfghixxx"),
        ("REPLACE('abc', 'b', '')", "ac"),
        ("REPLACE('abc', '', 'x')", "abc"),
        ("REPLACE('aaa', 'aa', 'b')", "ba"),
        // By the collation of the text: case does not matter.
        ("REPLACE('abcABC', 'B', 'x')", "axcAxC"),
        ("REPLACE('äÄ', 'Ä', 'a')", "aa"),
        ("REPLACE(NULL, 'a', 'b')", "NULL"),
        ("REPLACE('a', NULL, 'b')", "NULL"),
        ("REPLACE('a', 'a', NULL)", "NULL"),
        ("REPLACE('1,234', ',', '')", "1234"),
        ("REPLACE(10.5, '.', ',')", "10,5"),
    ]);
}

#[test]
fn concat() {
    check(&[
        ("CONCAT('CURRENT ', 'USER ', 11, '/', 25)", "CURRENT USER 11/25"),
        // "Null values are implicitly converted to an empty string."
        ("CONCAT('Name', NULL, 'Lastname')", "NameLastname"),
        ("CONCAT(NULL, NULL)", ""),
        ("CONCAT(1, 2)", "12"),
        ("CONCAT(1.50, 'x')", "1.50x"),
        ("CONCAT(CAST(1 AS bit), CAST('2024-01-31' AS date))", "12024-01-31"),
        ("CONCAT(Txt, None, Ind)", "abcDBIT"),
        ("CONCAT(Amt, '')", "10.50"),
        ("CONCAT(Amt * 2, '')", "21"),
        ("CONCAT_WS(',', '1 Microsoft Way', NULL, NULL, 'Redmond')", "1 Microsoft Way,Redmond"),
        ("CONCAT_WS(' - ', 'a', 'b')", "a - b"),
        ("CONCAT_WS(NULL, 'a', 'b')", "ab"),
        ("CONCAT_WS(',', NULL, NULL)", ""),
        ("CONCAT_WS(',', '', 'a')", ",a"),
    ]);
}

#[test]
fn char_index() {
    check(&[
        ("CHARINDEX('is', 'This is a string')", "3"),
        ("CHARINDEX('is', 'This is a string', 4)", "6"),
        ("CHARINDEX('x', 'abc')", "0"),
        ("CHARINDEX('C', 'abc')", "3"),
        ("CHARINDEX('a', 'abc', 0)", "1"),
        ("CHARINDEX('a', 'abc', -1)", "1"),
        ("CHARINDEX('a', 'abc', 10)", "0"),
        ("CHARINDEX('b', Emoji)", "3"),
        ("CHARINDEX(NULL, 'abc')", "NULL"),
        ("CHARINDEX('a', NULL)", "NULL"),
        ("SUBSTRING('xsd:PQ', CHARINDEX(':', 'xsd:PQ') + 1, 9)", "PQ"),
    ]);
}
