//! No expression panics, whatever it is.

use proptest::prelude::*;

use super::shown;

/// Pieces of which many put together are expressions.
const PIECES: [&str; 64] = [
    "1",
    "0",
    "2.5",
    "1e3",
    "'a'",
    "''",
    "'2024-01-31'",
    "'12'",
    "NULL",
    "Amt",
    "None",
    "Txt",
    "Dt",
    "Row",
    "Big",
    "(",
    ")",
    "+",
    "-",
    "*",
    "/",
    "%",
    "=",
    "<>",
    "<",
    ">=",
    ",",
    "AND",
    "OR",
    "NOT",
    "IS NULL",
    "IN (",
    "BETWEEN",
    "LIKE",
    "ESCAPE",
    "CASE WHEN",
    "CASE",
    "WHEN",
    "THEN",
    "ELSE",
    "END",
    "COALESCE(",
    "NULLIF(",
    "IIF(",
    "CONCAT(",
    "SUBSTRING(",
    "LEFT(",
    "RIGHT(",
    "LEN(",
    "REPLACE(",
    "TRIM(",
    "ROUND(",
    "ABS(",
    "CEILING(",
    "FLOOR(",
    "DATEADD(day,",
    "DATEDIFF(month,",
    "CAST(",
    "TRY_CAST(",
    "AS int)",
    "AS decimal(9,2))",
    "AS date)",
    "AS datetimeoffset)",
    "[../Hdr/Ccy]",
];

/// Expressions that are well formed, if not well typed.
#[expect(clippy::too_many_lines, reason = "lists of what an expression may be")]
fn expression() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        any::<i64>().prop_map(|number| number.to_string()),
        (any::<i32>(), 0_u32..1_000_000).prop_map(|(whole, part)| format!("{whole}.{part}")),
        "[a-z0-9%_ äß😀-]{0,8}".prop_map(|text| format!("'{text}'")),
        prop::sample::select(vec![
            "NULL",
            "Amt",
            "None",
            "Txt",
            "Dt",
            "Dtm",
            "Row",
            "Big",
            "Bad",
            "Emoji",
            "1e300",
            "'9999-12-31'",
            "CAST(Dt AS date)",
            "CAST(Dtm AS datetimeoffset)",
            "CAST('10:00' AS time)",
            "CAST(1 AS bit)",
        ])
        .prop_map(str::to_owned),
    ];
    leaf.prop_recursive(5, 64, 4, |inner| {
        let many = prop::collection::vec(inner.clone(), 4);
        prop_oneof![
            (inner.clone(), prop::sample::select(vec!["+", "-", "*", "/", "%"]), inner.clone())
                .prop_map(|(left, operator, right)| format!("({left} {operator} {right})")),
            (many.clone(), prop::sample::select(vec!["=", "<", ">=", "<>"])).prop_map(
                |(parts, comparison)| format!(
                    "CASE WHEN {} {comparison} {} THEN {} ELSE {} END",
                    parts[0], parts[1], parts[2], parts[3]
                )
            ),
            (
                many.clone(),
                prop::sample::select(vec![
                    "COALESCE($0, $1)",
                    "NULLIF($0, $1)",
                    "CONCAT($0, $1, $2)",
                    "SUBSTRING($0, $1, $2)",
                    "LEFT($0, $1)",
                    "RIGHT($0, $1)",
                    "LEN($0)",
                    "UPPER($0)",
                    "TRIM($0)",
                    "REPLACE($0, $1, $2)",
                    "ROUND($0, $1)",
                    "ROUND($0, $1, 1)",
                    "ABS($0)",
                    "CEILING($0)",
                    "FLOOR($0)",
                    "DATEADD(month, $0, $1)",
                    "DATEADD(nanosecond, $0, $1)",
                    "DATEDIFF(week, $0, $1)",
                    "DATEDIFF(nanosecond, $0, $1)",
                    "CAST($0 AS int)",
                    "CAST($0 AS decimal(38,38))",
                    "CAST($0 AS decimal(5,2))",
                    "CAST($0 AS datetime)",
                    "CAST($0 AS smalldatetime)",
                    "CAST($0 AS datetimeoffset(3))",
                    "CAST($0 AS varchar(3))",
                    "CAST($0 AS float)",
                    "TRY_CAST($0 AS tinyint)",
                    "CHARINDEX($0, $1, $2)",
                    "-$0",
                    "CASE WHEN $0 LIKE $1 THEN 1 END",
                    "CASE WHEN $0 BETWEEN $1 AND $2 THEN 1 END",
                    "CASE $0 WHEN $1 THEN $2 ELSE $3 END",
                    "CASE WHEN $0 IN ($1, $2, $3) THEN 1 END",
                ])
            )
                .prop_map(|(parts, form)| {
                    let put = |text: String, (place, part): (usize, &String)| {
                        text.replace(&format!("${place}"), part)
                    };
                    parts.iter().enumerate().fold(form.to_owned(), put)
                }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn expressions_do_not_panic(text in expression()) {
        let _ = shown(&text);
    }

    #[test]
    fn pieces_do_not_panic(pieces in prop::collection::vec(prop::sample::select(PIECES.to_vec()), 0..14)) {
        let _ = shown(&pieces.join(" "));
    }

    #[test]
    fn texts_do_not_panic(text in "\\PC{0,40}") {
        let _ = shown(&text);
    }
}
