//! Loops, variables, savepoints, and errors that are caught.

use crate::support::{Db, code, number, prepared, run};

async fn table(db: &mut Db) {
    run(db, "CREATE TABLE [dbo].[t] ([id] int NOT NULL PRIMARY KEY)").await.expect("a table");
    run(db, "INSERT INTO [dbo].[t] ([id]) VALUES (2)").await.expect("a row");
}

/// Tries the rows of `values` one by one, and answers with the number of each error and the state behind it.
fn tries(values: &[&str], end: &str) -> String {
    let tries = values.iter().map(|value| {
        format!(
            "SAVE TRAN [one];
             BEGIN TRY INSERT INTO [dbo].[t] ([id]) VALUES ({value}); END TRY
             BEGIN CATCH
             SELECT ERROR_NUMBER() AS [number], CAST(XACT_STATE() AS int) AS [state];
             IF XACT_STATE() = 1 ROLLBACK TRAN [one];
             END CATCH;"
        )
    });
    format!("SET XACT_ABORT OFF; BEGIN TRAN; {} {end}", tries.collect::<String>())
}

async fn answers(db: &mut Db, sql: &str) -> Vec<(i32, i32)> {
    let rows = run(db, sql).await.unwrap_or_else(|err| panic!("{sql}: {err:#}"));
    let column = |row: &tiberius::Row, n: usize| row.try_get::<i32, _>(n).ok().flatten();
    rows.iter()
        .map(|row| (column(row, 0).expect("number"), column(row, 1).expect("state")))
        .collect()
}

#[tokio::test]
async fn what_is_refused_goes_and_the_rest_stays() {
    let (_server, mut db) = prepared().await;
    table(&mut db).await;
    // The first statement of a transaction writes, or there is nothing to come back to.
    let sql = tries(&["1", "2", "3"], "COMMIT;")
        .replace("BEGIN TRAN;", "BEGIN TRAN; INSERT INTO [dbo].[t] ([id]) VALUES (10);");
    assert_eq!(answers(&mut db, &sql).await, [(2627, 1)]);
    assert_eq!(number(&mut db, "SELECT COUNT_BIG(*) FROM [dbo].[t]").await, 4);
}

#[tokio::test]
async fn a_conversion_dooms_the_transaction() {
    let (_server, mut db) = prepared().await;
    table(&mut db).await;
    let begin = "BEGIN TRAN; INSERT INTO [dbo].[t] ([id]) VALUES (10);";
    let sql = tries(&["N'x'"], "ROLLBACK;").replace("BEGIN TRAN;", begin);
    assert_eq!(answers(&mut db, &sql).await, [(245, -1)]);
    for (end, expected) in
        [("COMMIT;", 3930), ("INSERT INTO [dbo].[t] ([id]) VALUES (7);", 3930), ("", 3998)]
    {
        let sql = tries(&["N'x'"], end).replace("BEGIN TRAN;", begin);
        assert_eq!(code(&run(&mut db, &sql).await), expected, "{end}");
        let open = number(&mut db, "SELECT CAST(@@TRANCOUNT AS bigint)").await;
        assert_eq!(open, 0, "the end of the batch rolls it back");
        assert_eq!(number(&mut db, "SELECT COUNT_BIG(*) FROM [dbo].[t]").await, 1, "{end}");
    }
}

#[tokio::test]
async fn loops_and_variables() {
    let (_server, mut db) = prepared().await;
    let sql = "DECLARE @n int = 0, @text nvarchar(max), @all nvarchar(max) = N'';
        WHILE @n < 3 BEGIN SET @text = SUBSTRING(N'abc', @n + 1, 1); SET @all = @all + @text; SET @n = @n + 1; END;
        SELECT CAST(LEN(@all) AS bigint) AS [n] WHERE @all = N'abc'";
    assert_eq!(number(&mut db, sql).await, 3);
    let sql = "SELECT SUM(j.[a]) AS [n] FROM OPENJSON(N'{\"x\":[[1],[2]]}', '$.x') WITH ([a] bigint '$[0]') AS j";
    assert_eq!(number(&mut db, sql).await, 3);
    assert_eq!(code(&run(&mut db, "SET @unknown = 1").await), 137);
}

/// A name that is not there is found out where the statement is compiled, which no TRY is around.
#[tokio::test]
async fn unknown_names_are_not_caught() {
    let (_server, mut db) = prepared().await;
    let sql = "BEGIN TRY INSERT INTO [dbo].[nowhere] ([id]) VALUES (1); END TRY BEGIN CATCH SELECT 1 AS [n]; END CATCH";
    assert_eq!(code(&run(&mut db, sql).await), 208);
}

/// What the product tries on a temporary table before it decides anything on a server.
#[tokio::test]
async fn a_temporary_table_refuses_what_its_constraints_say_and_goes_with_its_transaction() {
    let (_server, mut db) = prepared().await;
    let create = "CREATE TABLE [#t] ([id] int NOT NULL PRIMARY KEY, [v] int NULL CHECK ([v] > 0), [s] nvarchar(3) NULL)";
    let tries: String = [
        "INSERT INTO [#t] ([id]) VALUES (NULL)",
        "INSERT INTO [#t] ([id], [v]) VALUES (1, 0)",
        "INSERT INTO [#t] ([id]) VALUES (1), (1)",
        "INSERT INTO [#t] ([id], [s]) VALUES (2, N'four')",
        "INSERT INTO [#t] ([id], [v]) VALUES (3, NULL)",
    ]
    .iter()
    .map(|insert| {
        format!(
            "BEGIN TRY {insert}; SELECT 0 AS [number], CAST(XACT_STATE() AS int) AS [state]; END TRY
             BEGIN CATCH SELECT ERROR_NUMBER() AS [number], CAST(XACT_STATE() AS int) AS [state]; END CATCH;"
        )
    })
    .collect();
    let sql = format!("SET XACT_ABORT OFF; BEGIN TRAN; {create}; {tries} ROLLBACK TRAN;");
    let expected = [(515, 1), (547, 1), (2627, 1), (2628, 1), (0, 1)];
    assert_eq!(answers(&mut db, &sql).await, expected);
    assert_eq!(answers(&mut db, &sql).await, expected, "nothing of it is left");
    assert_eq!(code(&run(&mut db, create).await), 102, "nobody would drop it");
}

#[tokio::test]
async fn text_becomes_xml_where_it_stays_as_it_is() {
    let (_server, mut db) = prepared().await;
    let bytes = |document: &str| {
        format!(
            "SELECT CAST(DATALENGTH(CAST(CAST(N'{document}' AS xml) AS nvarchar(max))) AS bigint)"
        )
    };
    assert_eq!(number(&mut db, &bytes("<a b=\"c\">x &amp; y</a>")).await, 44);
    for document in ["<?xml version=\"1.0\"?><a/>", "<a>", "<a b=''c''/>"] {
        assert_eq!(code(&run(&mut db, &bytes(document)).await), 9400, "{document}");
    }
}
