//! Text compares by the collation of its column, and two collations do not mix.

use crate::support::{Db, code, connect, message, number, query, run, server};

const TABLES: &str = "
    CREATE TABLE dbo.t (id int NOT NULL PRIMARY KEY,
        ci varchar(20) NULL,
        n nvarchar(20) COLLATE SQL_Latin1_General_CP1_CI_AS NULL,
        cs varchar(20) COLLATE Latin1_General_CS_AS NULL,
        bin nchar(4) COLLATE Latin1_General_BIN2 NOT NULL,
        win nvarchar(20) COLLATE Latin1_General_CI_AS NULL);
    INSERT INTO dbo.t VALUES (1, 'Ab ', N'Ab', 'Ab ', N'Ab', N'Ab'), (2, 'aB', N'aB', 'aB', N'aB', N'aB'),
        (3, 'b', N'b', 'b', N'b', N'b'), (4, 'É', N'É', 'É', N'É', N'É'), (5, 'e', N'e', 'e', N'e', N'e')";

async fn tables() -> (xmlx_devdb::Server, Db) {
    let server = server();
    let mut db = connect(&server).await.expect("a login");
    run(&mut db, TABLES).await.expect("tables");
    (server, db)
}

/// Conditions over column `c`, and how many rows they take without and with regard for case.
const CONDITIONS: &[(&str, i64, i64)] = &[
    ("c = 'AB'", 2, 0),
    ("c = 'Ab'", 2, 1),
    ("'Ab   ' = c", 2, 1),
    ("c <> 'Ab'", 3, 4),
    ("c IN ('ab', 'B')", 3, 0),
    ("'AB' IN (c, 'x')", 2, 0),
    ("c IN (SELECT 'ab')", 2, 0),
    ("c LIKE 'A%'", 2, 1),
    ("c LIKE '%B'", 3, 1),
    ("c = 'é'", 1, 0),
    ("CHARINDEX('B', c) = 2", 2, 1),
    ("LEFT(c, 1) = 'A'", 2, 1),
    ("REPLACE(c, 'B', 'x') = 'ax'", 2, 1),
    ("UPPER(c) = 'ab'", 2, 0),
    ("COALESCE(c, 'x') = 'AB'", 2, 0),
    ("CASE WHEN id > 0 THEN c END = 'AB'", 2, 0),
    ("CAST(c AS nvarchar(30)) + N'' = N'AB'", 2, 0),
    ("NULLIF(c, 'AB') IS NULL", 2, 0),
    ("(SELECT MAX(k.c) FROM (SELECT t.c AS c) AS k) = 'AB'", 2, 0),
    // `COLLATE` decides against the column.
    ("c COLLATE Latin1_General_BIN2 = 'Ab'", 1, 1),
    ("c = 'AB' COLLATE DATABASE_DEFAULT", 2, 2),
    ("c COLLATE CATALOG_DEFAULT LIKE 'AB%'", 2, 2),
    ("c IN ('ab' COLLATE Latin1_General_CI_AS)", 2, 2),
];

#[tokio::test]
async fn every_comparison_goes_by_the_column() {
    let (_server, mut db) = tables().await;
    for (condition, without_case, with_case) in CONDITIONS {
        for (column, expected) in [
            ("ci", without_case),
            ("n", without_case),
            ("win", without_case),
            ("cs", with_case),
            ("bin", with_case),
        ] {
            // As wide as it is, a blank-filled column's own end cannot be searched for.
            if column == "bin" && (condition.contains("%B") || condition.contains("REPLACE")) {
                continue;
            }
            let sql = format!(
                "SELECT COUNT_BIG(*) FROM (SELECT id, {column} AS c FROM dbo.t) AS t WHERE {condition}"
            );
            assert_eq!(number(&mut db, &sql).await, *expected, "{column}: {condition}");
        }
    }
    // A parameter takes the column's, whatever it is declared as.
    let sql = "SELECT id FROM dbo.t WHERE cs = @P1";
    assert_eq!(query(&mut db, sql, &[&"ab"]).await.expect("rows").len(), 0);
    let sql = "SELECT id FROM dbo.t WHERE ci = @P1";
    assert_eq!(query(&mut db, sql, &[&"ab"]).await.expect("rows").len(), 2);
}

/// Blanks at the end of the text do not count where neither side is Unicode; those of the pattern do.
#[tokio::test]
async fn trailing_blanks_in_like() {
    let server = server();
    let mut db = connect(&server).await.expect("a login");
    for (condition, expected) in [
        ("'ab  ' LIKE 'AB'", 1),
        ("'ab  ' LIKE '%b'", 1),
        ("'ab  ' LIKE 'ab %'", 1),
        ("'ab' LIKE 'ab '", 0),
        ("N'ab  ' LIKE 'ab'", 0),
        ("'ab  ' LIKE N'ab'", 0),
    ] {
        let sql = format!("SELECT CAST(CASE WHEN {condition} THEN 1 ELSE 0 END AS bigint)");
        assert_eq!(number(&mut db, &sql).await, expected, "{condition}");
    }
}

#[tokio::test]
async fn groups_and_order() {
    let (_server, mut db) = tables().await;
    for (column, n_groups) in [("ci", 4), ("win", 4), ("cs", 5), ("bin", 5)] {
        let groups = format!(
            "SELECT COUNT_BIG(*) FROM (SELECT {column} AS c, COUNT(*) AS n FROM dbo.t GROUP BY {column}) AS g"
        );
        assert_eq!(number(&mut db, &groups).await, n_groups, "{column}");
        let distinct = format!("SELECT COUNT_BIG(DISTINCT {column}) FROM dbo.t");
        assert_eq!(number(&mut db, &distinct).await, n_groups, "{column}");
        let distinct =
            format!("SELECT COUNT_BIG(*) FROM (SELECT DISTINCT {column} AS c FROM dbo.t) AS d");
        assert_eq!(number(&mut db, &distinct).await, n_groups, "{column}");
    }
    for (order, expected) in [
        ("cs", [2, 1, 3, 5, 4]),
        ("bin", [1, 2, 3, 5, 4]),
        ("ci COLLATE Latin1_General_BIN2", [1, 2, 3, 5, 4]),
    ] {
        let rows = run(&mut db, &format!("SELECT id FROM dbo.t ORDER BY {order}")).await;
        let ids: Vec<i32> =
            rows.expect("rows").iter().map(|row| row.try_get(0).unwrap().unwrap()).collect();
        assert_eq!(ids, expected, "{order}");
    }
}

#[tokio::test]
async fn keys_go_by_their_columns() {
    let (_server, mut db) = tables().await;
    run(
        &mut db,
        "CREATE TABLE dbo.ci (code varchar(9) NOT NULL PRIMARY KEY);
         CREATE TABLE dbo.cs (code varchar(9) COLLATE Latin1_General_CS_AS NOT NULL PRIMARY KEY);
         CREATE TABLE dbo.ci_child (code varchar(9) NOT NULL REFERENCES dbo.ci (code));
         CREATE TABLE dbo.cs_child (code varchar(9) COLLATE Latin1_General_CS_AS NOT NULL REFERENCES dbo.cs (code));
         CREATE TABLE dbo.u (id int NOT NULL, code varchar(9) COLLATE Latin1_General_BIN2 NOT NULL);
         CREATE UNIQUE INDEX IX_u ON dbo.u (id, code);
         INSERT INTO dbo.ci VALUES ('Ab'); INSERT INTO dbo.cs VALUES ('Ab'); INSERT INTO dbo.u VALUES (1, 'Ab')",
    )
    .await
    .expect("tables");
    for (sql, expected) in [
        ("INSERT INTO dbo.ci VALUES ('aB ')", 2627),
        ("INSERT INTO dbo.cs VALUES ('Ab ')", 2627),
        ("INSERT INTO dbo.cs VALUES ('aB')", 0),
        ("INSERT INTO dbo.u VALUES (1, 'Ab ')", 2601),
        ("INSERT INTO dbo.u VALUES (1, 'AB')", 0),
        ("INSERT INTO dbo.ci_child VALUES ('AB ')", 0),
        ("INSERT INTO dbo.cs_child VALUES ('AB')", 547),
        ("INSERT INTO dbo.cs_child VALUES ('Ab ')", 0),
    ] {
        let result = run(&mut db, sql).await;
        assert_eq!(code(&result), expected, "{sql}: {}", message(&result));
    }
}

const CONFLICT: &str = "Cannot resolve the collation conflict between";

#[tokio::test]
async fn collations_do_not_mix() {
    let (_server, mut db) = tables().await;
    for (sql, number, part) in [
        (
            "SELECT id FROM dbo.t WHERE ci = cs",
            468,
            "Cannot resolve the collation conflict between \"SQL_Latin1_General_CP1_CI_AS\" and \"Latin1_General_CS_AS\" in the equal to operation.",
        ),
        ("SELECT id FROM dbo.t WHERE n <> win", 468, CONFLICT),
        ("SELECT id FROM dbo.t WHERE LEFT(ci, 1) < cs", 468, CONFLICT),
        ("SELECT id FROM dbo.t WHERE ci LIKE bin", 468, CONFLICT),
        ("SELECT id FROM dbo.t WHERE ci IN ('x', bin)", 468, CONFLICT),
        ("SELECT id FROM dbo.t WHERE ci IN (SELECT k.cs FROM dbo.t AS k)", 468, CONFLICT),
        ("SELECT ci + cs FROM dbo.t", 468, CONFLICT),
        ("SELECT COALESCE(ci, cs) FROM dbo.t", 468, CONFLICT),
        (
            "SELECT t.id FROM dbo.t AS t JOIN OPENJSON('[\"a\"]') WITH (v nvarchar(9) '$') AS j ON j.v = t.cs",
            468,
            CONFLICT,
        ),
        (
            "SELECT id FROM dbo.t WHERE ci COLLATE Latin1_General_BIN2 = cs COLLATE Latin1_General_CS_AS",
            468,
            CONFLICT,
        ),
        ("SELECT id FROM dbo.t WHERE ci = cs COLLATE Latin1_General_CS_AS", 0, ""),
        ("SELECT id FROM dbo.t WHERE ci COLLATE DATABASE_DEFAULT = cs", 0, ""),
        (
            "SELECT id FROM dbo.t WHERE id COLLATE DATABASE_DEFAULT = 1",
            447,
            "Expression type int is invalid for COLLATE clause.",
        ),
        (
            "SELECT id FROM dbo.t WHERE ci COLLATE Klingon_CI = 'x'",
            448,
            "Invalid collation 'Klingon_CI'.",
        ),
        (
            "CREATE TABLE dbo.x (c varchar(9) COLLATE Klingon_CI)",
            448,
            "Invalid collation 'Klingon_CI'.",
        ),
        ("CREATE TABLE dbo.x (c int COLLATE Latin1_General_BIN2)", 447, "Expression type int"),
        (
            "CREATE TABLE dbo.x (c varchar(9) COLLATE Latin1_General_BIN2 NOT NULL PRIMARY KEY, d varchar(9) REFERENCES dbo.x (c))",
            1757,
            "is not of same collation as referencing column",
        ),
    ] {
        let result = run(&mut db, sql).await;
        assert!(
            code(&result) == number && message(&result).contains(part),
            "{sql}: {} {}",
            code(&result),
            message(&result)
        );
    }
}

#[tokio::test]
async fn the_catalog_shows_it() {
    let (_server, mut db) = tables().await;
    let sql = "SELECT name, collation_name FROM sys.columns WHERE object_id = OBJECT_ID('dbo.t') ORDER BY column_id";
    let rows = run(&mut db, sql).await.expect("rows");
    let shown: Vec<Option<&str>> = rows.iter().map(|row| row.try_get(1).unwrap()).collect();
    assert_eq!(
        shown,
        [
            None,
            Some("SQL_Latin1_General_CP1_CI_AS"),
            Some("SQL_Latin1_General_CP1_CI_AS"),
            Some("Latin1_General_CS_AS"),
            Some("Latin1_General_BIN2"),
            Some("Latin1_General_CI_AS"),
        ]
    );
}
