//! Values over the wire and back, functions, and the statements the store generates.

use rust_decimal::Decimal;
use tiberius::{FromSql, Row};

use crate::commit::{commit, leased};
use crate::support::{code, connect, number, query, run, server};

fn get<'a, T: FromSql<'a>>(row: &'a Row, idx: usize) -> T {
    row.try_get::<T, _>(idx).expect("the type").expect("not NULL")
}

#[tokio::test]
async fn every_type_there_and_back() {
    let server = server();
    let mut db = connect(&server).await.expect("a login");
    let moment = chrono::NaiveDate::from_ymd_opt(2024, 2, 29)
        .expect("a day")
        .and_hms_micro_opt(1, 2, 3, 456_700)
        .expect("a time");
    let long = "é😀x".repeat(4000);
    let rows = query(
        &mut db,
        "SELECT @P1, @P2, @P3, @P4, @P5, @P6, @P7, @P8",
        &[&i64::MIN, &-5i32, &true, &2.5f64, &Decimal::new(-12345, 3), &"a'b", &long, &moment],
    )
    .await
    .expect("a row");
    let row = &rows[0];
    assert_eq!((get::<i64>(row, 0), get::<i32>(row, 1), get::<bool>(row, 2)), (i64::MIN, -5, true));
    assert!((get::<f64>(row, 3) - 2.5).abs() < f64::EPSILON);
    assert_eq!(get::<Decimal>(row, 4), Decimal::new(-12345, 3));
    assert_eq!((get::<&str>(row, 5), get::<&str>(row, 6)), ("a'b", long.as_str()));
    assert_eq!(get::<chrono::NaiveDateTime>(row, 7), moment);
    let nulls =
        query(&mut db, "SELECT @P1, @P2, @P3", &[&None::<i64>, &None::<&str>, &None::<Decimal>])
            .await
            .expect("a row");
    assert_eq!(nulls[0].try_get::<i64, _>(0).expect("bigint"), None);
}

#[tokio::test]
async fn every_column_type_kept_and_rounded() {
    let server = server();
    let mut db = connect(&server).await.expect("a login");
    run(&mut db, "CREATE TABLE dbo.t (a tinyint NULL, b smallint NULL, c bigint NULL, d decimal(12,2) NULL, e real NULL, f float NULL, g char(5) NULL, h varchar(max) NULL,
        i date NULL, j datetime NULL, k smalldatetime NULL, l datetime2(3) NULL, m bit NULL, n uniqueidentifier NULL)").await.expect("a table");
    run(&mut db, "INSERT INTO dbo.t VALUES (255, -3, 5000000000, 12.345, 1.5, 1e3, 'ab', N'€ and 中', '2024-02-29', '2024-02-29T10:11:12.125', '2024-02-29 10:11:31', '2024-02-29T10:11:12.1236', 7, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11')").await.expect("a row");
    let rows = run(&mut db, "SELECT a, b, c, d, e, f, g, h, CONVERT(varchar(30), i, 126), CONVERT(varchar(30), j, 126), CONVERT(varchar(30), k, 126), CONVERT(varchar(30), l, 126), m, n, j, i, l FROM dbo.t").await.expect("a row");
    let row = &rows[0];
    assert_eq!(
        (get::<u8>(row, 0), get::<i16>(row, 1), get::<i64>(row, 2)),
        (255, -3, 5_000_000_000)
    );
    assert_eq!(get::<Decimal>(row, 3), Decimal::new(1235, 2));
    assert!(
        (get::<f32>(row, 4) - 1.5).abs() < f32::EPSILON
            && (get::<f64>(row, 5) - 1000.0).abs() < f64::EPSILON
    );
    assert_eq!((get::<&str>(row, 6), get::<&str>(row, 7)), ("ab   ", "€ and ?"));
    let moments: Vec<&str> = (8..12).map(|idx| get::<&str>(row, idx)).collect();
    assert_eq!(
        moments,
        ["2024-02-29", "2024-02-29T10:11:12.127", "2024-02-29T10:12:00", "2024-02-29T10:11:12.124"]
    );
    assert!(get::<bool>(row, 12));
    assert_eq!(get::<tiberius::Uuid>(row, 13).to_string(), "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11");
    let at = get::<chrono::NaiveDateTime>(row, 14);
    assert_eq!(at.format("%H:%M:%S%.3f").to_string(), "10:11:12.126");
    assert_eq!(get::<chrono::NaiveDate>(row, 15).to_string(), "2024-02-29");
    assert_eq!(get::<chrono::NaiveDateTime>(row, 16).to_string(), "2024-02-29 10:11:12.124");
}

#[tokio::test]
async fn functions_and_predicates() {
    let server = server();
    let mut db = connect(&server).await.expect("a login");
    for (expr, expected) in [
        ("LEFT('stage: why', CHARINDEX(':', 'stage: why' + ':') - 1)", "stage"),
        ("RIGHT('123456789', 4)", "6789"),
        ("COALESCE(NULL, ISNULL(NULL, 'x'), 'y')", "x"),
        ("COALESCE(NULLIF('', ' '), 'empty')", "empty"),
        ("CASE WHEN 'ABC ' = 'abc' AND 'b' > 'A' THEN 'same' ELSE 'other' END", "same"),
        ("CASE WHEN 'abc' LIKE 'A[a-c]%' AND NOT 'x' IN ('a', 'b') THEN 'like' END", "like"),
        ("CAST(CAST('12.345' AS decimal(9,2)) AS varchar(10))", "12.35"),
        ("CAST(LEN('ab  ') AS varchar(5)) + CAST(DATALENGTH(N'ab') AS varchar(5))", "24"),
        (
            "CONVERT(varchar(30), DATEADD(millisecond, 1500, CAST('2024-12-31T23:59:59' AS datetime2(3))), 126)",
            "2025-01-01T00:00:00.500",
        ),
        ("CONVERT(varchar(30), DATEADD(month, 1, CAST('2024-01-31' AS date)), 126)", "2024-02-29"),
        ("CAST(DATEDIFF(day, CAST('2024-02-28' AS date), '2024-03-01') AS varchar(5))", "2"),
        ("CAST(7 / 2 AS varchar(5)) + CAST(-7 % 3 AS varchar(5))", "3-1"),
        ("CASE WHEN 5 BETWEEN 1 AND 5 AND (1 = 2 OR (2 + 1) * 3 = 9) THEN 'yes' END", "yes"),
    ] {
        let rows = run(&mut db, &format!("SELECT {expr}"))
            .await
            .unwrap_or_else(|err| panic!("{expr}: {err:#}"));
        assert_eq!(get::<&str>(&rows[0], 0), expected, "{expr}");
    }
    let alive = run(
        &mut db,
        "IF SYSUTCDATETIME() > '2024-01-01' SELECT 1 AS [now] ELSE SELECT 2 AS [then]",
    )
    .await
    .expect("a row");
    assert_eq!(get::<i32>(&alive[0], 0), 1);
}

/// The filter of mode once and of mode retry.
const WAITING: &str =
    "EXISTS (SELECT 1 FROM [sample].[card_application] AS a WHERE a.[app_id] = x.[app_id])
 AND NOT EXISTS (SELECT 1 FROM [sample].[processing_log] AS l WHERE l.[app_id] = x.[app_id])";
const FAILED: &str = "(SELECT TOP (1) l.[status] FROM [sample].[processing_log] AS l WHERE l.[app_id] = x.[app_id] ORDER BY l.[log_id] DESC) = 'failed'
 AND (SELECT MAX(l.[log_id]) FROM [sample].[processing_log] AS l WHERE l.[app_id] = x.[app_id]) <= @P4";

#[tokio::test]
async fn documents_from_loading_to_verification() {
    let (_server, mut db) = leased().await;
    let documents: Vec<String> =
        (1..=30).map(|id| format!("[{id},\"<doc id=\\\"{id}\\\">é\\n</doc>\"]")).collect();
    let documents = format!("[{}]", documents.join(","));
    let ids: Vec<String> = (1..=30).map(|id| id.to_string()).collect();
    let load = "INSERT INTO [sample].[application_xml] ([app_id], [app_XML]) SELECT i.[app_id], i.[xml] FROM OPENJSON(@P1) WITH ([app_id] bigint '$[0]', [xml] nvarchar(max) '$[1]') AS i WHERE NOT EXISTS (SELECT 1 FROM [sample].[application_xml] AS x WHERE x.[app_id] = i.[app_id])";
    let mark = "INSERT INTO [sample].[card_application] ([app_id]) SELECT i.[app_id] FROM OPENJSON(@P1) WITH ([app_id] bigint '$') AS i WHERE NOT EXISTS (SELECT 1 FROM [sample].[card_application] AS x WHERE x.[app_id] = i.[app_id])";
    assert_eq!(db.execute(load, &[&documents]).await.expect("load").total(), 30);
    assert_eq!(db.execute(load, &[&documents]).await.expect("load again").total(), 0);
    assert_eq!(
        db.execute(mark, &[&format!("[{}]", ids.join(","))]).await.expect("mark").total(),
        30
    );
    commit(&mut db, 3, 1, 10, None).await.expect("a commit");
    run(&mut db, "INSERT INTO [sample].[processing_log] ([app_id], [status], [failure_reason], [session_id]) VALUES (11, 'failed', 'mapping: no role', 's'), (12, 'failed', 'parse', 's')").await.expect("failures");

    let fetch = format!(
        "SELECT TOP (@P3) CAST(x.[app_id] AS bigint) AS [app_id], x.[app_XML] AS [xml] FROM [sample].[application_xml] AS x WHERE x.[app_id] >= @P1 AND x.[app_id] < @P2 AND x.[app_XML] IS NOT NULL AND {WAITING} ORDER BY x.[app_id]"
    );
    let rows = query(&mut db, &fetch, &[&1i64, &1001i64, &5i64]).await.expect("fetch");
    let fetched: Vec<i64> = rows.iter().map(|row| get::<i64>(row, 0)).collect();
    assert_eq!(fetched, [13, 14, 15, 16, 17]);
    assert_eq!(get::<&str>(&rows[0], 1), "<doc id=\"13\">é\n</doc>");
    let retry = format!(
        "SELECT COUNT_BIG(*) AS [n] FROM [sample].[application_xml] AS x WHERE x.[app_id] >= @P1 AND x.[app_id] < @P2 AND @P3 = @P3 AND {FAILED}"
    );
    let rows = query(&mut db, &retry, &[&1i64, &1001i64, &0i64, &11i64]).await.expect("retry");
    assert_eq!(get::<i64>(&rows[0], 0), 1);
    let cut = format!(
        "SELECT MAX(t.[app_id]) + 1 AS [cut], COUNT_BIG(*) AS [n] FROM (SELECT TOP (@P3) CAST(x.[app_id] AS bigint) AS [app_id] FROM [sample].[application_xml] AS x WHERE x.[app_id] >= @P1 AND x.[app_id] < @P2 AND {WAITING} ORDER BY x.[app_id]) AS t"
    );
    let rows = query(&mut db, &cut, &[&1i64, &1001i64, &5i64]).await.expect("cut");
    assert_eq!((get::<i64>(&rows[0], 0), get::<i64>(&rows[0], 1)), (18, 5));

    let bounds = run(&mut db, "SELECT CAST(MIN(x.[app_id]) AS bigint) AS [lo], CAST(MAX(x.[app_id]) AS bigint) AS [hi] FROM [sample].[application_xml] AS x").await.expect("bounds");
    assert_eq!((get::<i64>(&bounds[0], 0), get::<i64>(&bounds[0], 1)), (1, 30));
    assert_eq!(number(&mut db, "SELECT COALESCE(MAX(CAST([log_id] AS bigint)), 0) AS [n] FROM [sample].[processing_log]").await, 12);
    assert_eq!(number(&mut db, "SELECT COUNT_BIG(*) AS [n] FROM (SELECT l.[app_id] FROM [sample].[processing_log] AS l WHERE l.[status] = 'success' GROUP BY l.[app_id] HAVING COUNT_BIG(*) > 1) AS t").await, 0);
    assert_eq!(number(&mut db, "SELECT COUNT_BIG(*) AS [n] FROM [sample].[processing_log] AS l WHERE l.[status] = 'success' AND NOT EXISTS (SELECT 1 FROM [sample].[submission] AS b WHERE b.[app_id] = l.[app_id])").await, 0);
    let stages = run(&mut db, "SELECT l.[status], LEFT(l.[failure_reason], CHARINDEX(':', l.[failure_reason] + ':') - 1) AS [stage], COUNT_BIG(*) AS [n] FROM [sample].[processing_log] AS l GROUP BY l.[status], LEFT(l.[failure_reason], CHARINDEX(':', l.[failure_reason] + ':') - 1) ORDER BY [n] DESC").await.expect("stages");
    assert_eq!(
        (stages.len(), get::<&str>(&stages[0], 0), get::<i64>(&stages[0], 2)),
        (3, "success", 10)
    );
    let failures = query(&mut db, "SELECT TOP (@P3) CAST(l.[log_id] AS bigint) AS [log_id], CAST(l.[app_id] AS bigint) AS [app_id], l.[failure_reason], l.[session_id], CONVERT(varchar(30), l.[processing_time], 126) AS [at] FROM [sample].[processing_log] AS l WHERE l.[status] = 'failed' AND l.[app_id] >= @P1 AND l.[app_id] < @P2 ORDER BY l.[log_id] DESC", &[&1i64, &1001i64, &10i64]).await.expect("failures");
    assert_eq!((failures.len(), get::<&str>(&failures[0], 2)), (2, "parse"));
}

/// The statement that counts: what is there goes up, what is not is added.
#[tokio::test]
async fn an_update_reads_the_rows_of_a_document() {
    let server = server();
    let mut db = connect(&server).await.expect("a login");
    run(&mut db, "CREATE TABLE dbo.t (a int NOT NULL, name nvarchar(20) NOT NULL, n bigint NOT NULL, PRIMARY KEY (a, name))").await.expect("a table");
    run(&mut db, "INSERT INTO dbo.t VALUES (1, N'x', 10), (1, N'y', 20), (2, N'x', 30)")
        .await
        .expect("rows");
    let count = "UPDATE dbo.t SET n = n + j.more FROM OPENJSON(@P2) WITH (called nvarchar(20) '$[0]', more bigint '$[1]') AS j \
        WHERE a = @P1 AND name = j.called OPTION (LOOP JOIN);
        INSERT INTO dbo.t (a, name, n) SELECT @P1, j.called, j.more FROM OPENJSON(@P2) WITH (called nvarchar(20) '$[0]', more bigint '$[1]') AS j \
        WHERE NOT EXISTS (SELECT 1 FROM dbo.t AS t WHERE t.a = @P1 AND t.name = j.called) OPTION (LOOP JOIN);";
    query(&mut db, count, &[&1i32, &r#"[["x",5],["z",7]]"#]).await.expect("counted");
    let rows = run(&mut db, "SELECT a, name, n FROM dbo.t ORDER BY a, name").await.expect("rows");
    let found: Vec<(i32, &str, i64)> =
        rows.iter().map(|row| (get(row, 0), get(row, 1), get(row, 2))).collect();
    assert_eq!(found, [(1, "x", 15), (1, "y", 20), (1, "z", 7), (2, "x", 30)]);
}

#[tokio::test]
async fn a_delete_takes_the_rows_that_a_join_finds() {
    let server = server();
    let mut db = connect(&server).await.expect("a login");
    run(
        &mut db,
        "CREATE TABLE dbo.p (id int NOT NULL CONSTRAINT PK_p PRIMARY KEY, app int NOT NULL)",
    )
    .await
    .expect("a table");
    run(&mut db, "CREATE TABLE dbo.c (pid int NOT NULL CONSTRAINT FK_c FOREIGN KEY REFERENCES dbo.p (id), name nvarchar(20) NOT NULL, PRIMARY KEY (pid, name))").await.expect("a table");
    run(&mut db, "CREATE TABLE dbo.heap (pid int NULL, n int NULL)").await.expect("a table");
    run(&mut db, "INSERT INTO dbo.p VALUES (1, 10), (2, 10), (3, 11); INSERT INTO dbo.c VALUES (1, N'x'), (1, N'y'), (3, N'x'); INSERT INTO dbo.heap VALUES (1, 1), (1, 1), (3, 1), (NULL, 1)")
        .await
        .expect("rows");
    let of = |table: &str| {
        format!(
            "DELETE t0 FROM OPENJSON(@P1) WITH (app int '$[0]', status nvarchar(max) '$[1]') AS j INNER LOOP JOIN dbo.p AS t1 ON t1.app = j.app \
             INNER LOOP JOIN {table} AS t0 ON t0.pid = t1.id WHERE j.status = N'ok'"
        )
    };
    let ids = r#"[[10,"ok"],[10,"ok"],[11,"no"]]"#;
    let parents = "DELETE t0 FROM OPENJSON(@P1) WITH (app int '$[0]') AS j INNER LOOP JOIN dbo.p AS t0 ON t0.app = j.app WHERE j.app = 10";
    let refused = query(&mut db, parents, &[&ids]).await;
    assert_eq!(code(&refused), 547, "children go first");
    for (sql, table, left) in [
        (of("dbo.c"), "dbo.c", 1),
        (of("dbo.heap"), "dbo.heap", 2),
        (parents.to_owned(), "dbo.p", 1),
    ] {
        query(&mut db, &sql, &[&ids]).await.unwrap_or_else(|err| panic!("{sql}: {err:#}"));
        assert_eq!(number(&mut db, &format!("SELECT COUNT_BIG(*) FROM {table}")).await, left);
    }
    for (sql, expected) in [
        ("DELETE dbo.p FROM dbo.p AS a", 102),
        ("DELETE b FROM dbo.p AS a", 102),
        ("DELETE p FROM dbo.p", 102),
        ("DELETE a FROM dbo.p AS a JOIN dbo.c AS c ON c.nowhere = a.id", 207),
    ] {
        assert_eq!(code(&run(&mut db, sql).await), expected, "{sql}");
    }
}
