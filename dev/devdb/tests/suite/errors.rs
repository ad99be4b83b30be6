//! Each error where SQL Server raises it.

use crate::support::{Db, code, connect, message, query, run, server};

async fn tables(db: &mut Db) {
    run(
        db,
        "CREATE TABLE dbo.p (id int NOT NULL CONSTRAINT PK_p PRIMARY KEY, code varchar(4) NOT NULL CONSTRAINT UQ_p_code UNIQUE, note nvarchar(10) NULL);
         CREATE TABLE dbo.c (id int IDENTITY(1,1) NOT NULL PRIMARY KEY, pid int NOT NULL CONSTRAINT FK_c_p REFERENCES dbo.p (id),
            n tinyint NULL, s smallint NULL, amount decimal(5,2) NULL, at datetime NULL, flag bit NOT NULL DEFAULT 0,
            ssn varchar(9) NULL, last4 AS RIGHT([ssn], 4) PERSISTED);
         CREATE UNIQUE INDEX IX_c_s ON dbo.c (s);
         CREATE TABLE dbo.k (a int NULL, b varchar(5) NULL, CONSTRAINT UQ_k UNIQUE (a, b));
         INSERT INTO dbo.p (id, code) VALUES (1, 'AB'), (2, 'CD');
         INSERT INTO dbo.c (pid, s, ssn) VALUES (1, 1, '123456789')",
    )
    .await
    .expect("tables");
}

/// Each statement, the number of its error, and a part of its message.
const CASES: &[(&str, u32, &str)] = &[
    ("SELECT 1 FROM dbo.p MERGE", 0, ""),
    ("MERGE dbo.p AS t USING dbo.c AS s ON 1 = 1", 102, "Incorrect syntax near 'MERGE'."),
    ("SELECT TRIM(note) FROM dbo.p", 102, "Incorrect syntax near 'TRIM'."),
    ("SELECT id FROM dbo.p UNION SELECT id FROM dbo.c", 102, "Incorrect syntax near 'UNION'."),
    ("SELECT 'open", 105, "Unclosed quotation mark"),
    ("SELECT @x", 137, "Must declare the scalar variable \"@x\"."),
    ("SELECT nope FROM dbo.p", 207, "Invalid column name 'nope'."),
    ("SELECT id FROM dbo.nope", 208, "Invalid object name 'dbo.nope'."),
    (
        "SELECT id FROM dbo.p AS a JOIN dbo.c AS b ON a.id = b.pid",
        209,
        "Ambiguous column name 'id'.",
    ),
    (
        "INSERT INTO dbo.c (pid, s) VALUES (1, 40000)",
        220,
        "Arithmetic overflow error for data type smallint, value = 40000.",
    ),
    ("INSERT INTO dbo.c (pid, n) VALUES (1, '300')", 244, "INT1"),
    (
        "INSERT INTO dbo.c (pid, at) VALUES (1, 'soon')",
        241,
        "Conversion failed when converting date and/or time",
    ),
    ("INSERT INTO dbo.c (pid, at) VALUES (1, '1700-01-01')", 242, "out-of-range value"),
    (
        "SELECT CAST('abc' AS int)",
        245,
        "Conversion failed when converting the varchar value 'abc' to data type int.",
    ),
    (
        "UPDATE dbo.c SET pid = N'x1'",
        245,
        "Conversion failed when converting the nvarchar value 'x1' to data type int.",
    ),
    (
        "INSERT INTO dbo.p (id, code) VALUES (9, NULL)",
        515,
        "Cannot insert the value NULL into column 'code', table 'xmlx.dbo.p'; column does not allow nulls. INSERT fails.",
    ),
    ("INSERT INTO dbo.p (id) VALUES (9)", 515, "column 'code'"),
    ("UPDATE dbo.p SET code = NULL", 515, "UPDATE fails."),
    (
        "INSERT INTO dbo.c (id, pid) VALUES (9, 1)",
        544,
        "Cannot insert explicit value for identity column in table 'c' when IDENTITY_INSERT is set to OFF.",
    ),
    (
        "SET IDENTITY_INSERT dbo.c ON; INSERT INTO dbo.c (pid) VALUES (1)",
        545,
        "Explicit value must be specified",
    ),
    ("SET IDENTITY_INSERT dbo.p ON", 8106, "does not have the identity property"),
    (
        "INSERT INTO dbo.c (pid) VALUES (77)",
        547,
        "The INSERT statement conflicted with the FOREIGN KEY constraint \"FK_c_p\". The conflict occurred in database \"xmlx\", table \"dbo.p\", column 'id'.",
    ),
    (
        "DELETE FROM dbo.p WHERE id = 1",
        547,
        "The DELETE statement conflicted with the REFERENCE constraint \"FK_c_p\"",
    ),
    ("INSERT INTO dbo.c (pid, last4) VALUES (1, '9999')", 271, "computed column"),
    (
        "INSERT INTO dbo.c (pid, s) VALUES (2, 1)",
        2601,
        "Cannot insert duplicate key row in object 'dbo.c' with unique index 'IX_c_s'. The duplicate key value is (1).",
    ),
    (
        "INSERT INTO dbo.p (id, code) VALUES (1, 'ZZ')",
        2627,
        "Violation of PRIMARY KEY constraint 'PK_p'. Cannot insert duplicate key in object 'dbo.p'. The duplicate key value is (1).",
    ),
    (
        "INSERT INTO dbo.p (id, code) VALUES (3, 'ab  ')",
        2627,
        "Violation of UNIQUE KEY constraint 'UQ_p_code'",
    ),
    // A second NULL in a unique key is one too many; NULLs beside different values are not.
    ("INSERT INTO dbo.c (pid, s) VALUES (1, NULL)", 0, ""),
    (
        "INSERT INTO dbo.c (pid) VALUES (2)",
        2601,
        "with unique index 'IX_c_s'. The duplicate key value is (<NULL>).",
    ),
    ("UPDATE dbo.c SET s = NULL WHERE s = 1", 2601, "with unique index 'IX_c_s'"),
    (
        "INSERT INTO dbo.k (a, b) VALUES (1, NULL), (2, NULL), (NULL, 'x'), (NULL, NULL), (NULL, 'y')",
        0,
        "",
    ),
    (
        "INSERT INTO dbo.k (a, b) VALUES (NULL, 'X ')",
        2627,
        "Violation of UNIQUE KEY constraint 'UQ_k'. Cannot insert duplicate key in object 'dbo.k'. The duplicate key value is (<NULL>, X ).",
    ),
    ("INSERT INTO dbo.k (a, b) VALUES (2, NULL)", 2627, "The duplicate key value is (2, <NULL>)."),
    ("INSERT INTO dbo.k (a, b) VALUES (NULL, NULL)", 2627, "(<NULL>, <NULL>)"),
    ("INSERT INTO dbo.k (a, b) VALUES (0, NULL)", 0, ""),
    ("CREATE UNIQUE INDEX IX_k_a ON dbo.k (a)", 1505, "index name 'IX_k_a'"),
    (
        "INSERT INTO dbo.p (id, code) VALUES (3, 'ABCDE')",
        2628,
        "String or binary data would be truncated in table 'xmlx.dbo.p', column 'code'. Truncated value: 'ABCD'.",
    ),
    ("UPDATE dbo.p SET note = N'0123456789x' WHERE id = 1", 2628, "column 'note'"),
    ("CREATE TABLE dbo.p (id int)", 2714, "There is already an object named 'p' in the database."),
    ("CREATE SCHEMA dbo", 2714, "There is already an object named 'dbo' in the database."),
    ("DROP TABLE dbo.nope", 3701, "Cannot drop the table 'dbo.nope'"),
    ("DROP TABLE dbo.p", 3726, "referenced by a FOREIGN KEY"),
    ("COMMIT", 3902, "The COMMIT TRANSACTION request has no corresponding BEGIN TRANSACTION."),
    ("ROLLBACK", 3903, "The ROLLBACK TRANSACTION request has no corresponding BEGIN TRANSACTION."),
    ("SELECT CAST('x' AS bigint)", 8114, "Error converting data type varchar to bigint."),
    (
        "SELECT CAST(N'1,5' AS decimal(9,2))",
        8114,
        "Error converting data type nvarchar to numeric.",
    ),
    (
        "INSERT INTO dbo.c (pid, amount) VALUES (1, 1000)",
        8115,
        "Arithmetic overflow error converting",
    ),
    (
        "SELECT 2147483647 + 1",
        8115,
        "Arithmetic overflow error converting expression to data type int.",
    ),
    ("SELECT CAST(9223372036854775807 AS bigint) + 1", 8115, "data type bigint"),
    ("SELECT 1 / 0", 8134, "Divide by zero error encountered."),
    ("SELECT LEFT('abc', -1)", 537, "Invalid length parameter"),
    ("THROW 51234, N'as you wish', 7", 51234, "as you wish"),
    ("EXEC sp_who", 102, "Incorrect syntax near 'sp_who'."),
];

#[tokio::test]
async fn numbers_and_messages() {
    let server = server();
    let mut db = connect(&server).await.expect("a login");
    tables(&mut db).await;
    for (sql, number, part) in &CASES[1..] {
        let result = run(&mut db, sql).await;
        let (found, text) = (code(&result), message(&result));
        assert!(
            found == *number && text.contains(part),
            "{sql}\nfound {found}: {text}\nexpected {number}: {part}"
        );
        let _ = run(&mut db, "SET IDENTITY_INSERT dbo.c OFF").await;
    }
}

#[tokio::test]
async fn a_failed_statement_leaves_the_others_without_xact_abort() {
    let server = server();
    let mut db = connect(&server).await.expect("a login");
    tables(&mut db).await;
    let count = "SELECT COUNT_BIG(*) FROM dbo.p";
    // A statement of several rows is all or nothing; the transaction and the batch go on.
    let failed = run(&mut db, "BEGIN TRAN; INSERT INTO dbo.p (id, code) VALUES (5, 'E'), (6, 'AB'); INSERT INTO dbo.p (id, code) VALUES (7, 'G'); COMMIT").await;
    assert_eq!(code(&failed), 2627);
    assert_eq!(crate::support::number(&mut db, count).await, 3);
    // With XACT_ABORT both end.
    let failed = run(&mut db, "SET XACT_ABORT ON; BEGIN TRAN; INSERT INTO dbo.p (id, code) VALUES (8, 'H'); INSERT INTO dbo.p (id, code) VALUES (9, 'AB'); INSERT INTO dbo.p (id, code) VALUES (10, 'J'); COMMIT").await;
    assert_eq!(code(&failed), 2627);
    assert_eq!(crate::support::number(&mut db, count).await, 3);
    assert_eq!(crate::support::number(&mut db, "SELECT CAST(@@TRANCOUNT AS bigint)").await, 0);
}

#[tokio::test]
async fn a_transaction_left_open_by_a_procedure() {
    let server = server();
    let mut db = connect(&server).await.expect("a login");
    assert_eq!(code(&query(&mut db, "BEGIN TRAN", &[]).await), 266);
    assert_eq!(crate::support::number(&mut db, "SELECT CAST(@@TRANCOUNT AS bigint)").await, 1);
    assert_eq!(code(&query(&mut db, "COMMIT", &[]).await), 266);
    assert_eq!(crate::support::number(&mut db, "SELECT CAST(@@TRANCOUNT AS bigint)").await, 0);
}
