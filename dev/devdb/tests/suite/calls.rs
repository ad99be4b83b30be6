//! Several calls in one request, as drivers send parameters of many rows.

use crate::raw::{Raw, Token, execute_sql};
use crate::support::{Db, connect, number, options, run, server};

const INSERT: &str = "INSERT INTO dbo.t (id) VALUES (@P1)";

async fn prepared() -> (xmlx_devdb::Server, Db, Raw) {
    let server = server();
    let mut db = connect(&server).await.expect("a login");
    run(&mut db, "CREATE TABLE dbo.t (id int NOT NULL CONSTRAINT PK_t PRIMARY KEY)")
        .await
        .expect("a table");
    let it = options();
    let raw = Raw::connect(&server, &it.user, &it.password);
    (server, db, raw)
}

const fn done(more: bool, failed: bool) -> Token {
    Token::Procedure { more, failed }
}

#[tokio::test]
async fn each_call_is_answered() {
    let (_server, mut db, mut raw) = prepared().await;
    for (first, separator) in [(1, 0xFF), (11, 0x80)] {
        let calls: Vec<Vec<u8>> =
            (first..first + 3).map(|n| execute_sql(INSERT, Some(n))).collect();
        let answer = raw.call(&calls, separator);
        assert_eq!(answer, [done(true, false), done(true, false), done(false, false)]);
    }
    assert_eq!(number(&mut db, "SELECT COUNT_BIG(*) FROM dbo.t").await, 6);
}

#[tokio::test]
async fn an_error_ends_its_own_call() {
    let (_server, mut db, mut raw) = prepared().await;
    let calls = [1, 1, 2].map(|n| execute_sql(INSERT, Some(n)));
    let answer = raw.call(&calls, 0xFF);
    let expected = [done(true, false), Token::Error(2627), done(true, true), done(false, false)];
    assert_eq!(answer, expected);
    let calls = [execute_sql("SELEC", None), execute_sql(INSERT, Some(3))];
    assert_eq!(raw.call(&calls, 0xFF), [Token::Error(102), done(true, true), done(false, false)]);
    assert_eq!(number(&mut db, "SELECT COUNT_BIG(*) FROM dbo.t").await, 3);
}

#[tokio::test]
async fn a_transaction_that_is_rolled_back_ends_the_rest() {
    let (_server, mut db, mut raw) = prepared().await;
    let calls = [
        execute_sql(
            "SET XACT_ABORT ON; BEGIN TRAN; INSERT INTO dbo.t (id) VALUES (1), (1); COMMIT",
            None,
        ),
        execute_sql(INSERT, Some(2)),
    ];
    // The setting ends with its call, and the transaction began in it: the next one has not lost anything.
    assert_eq!(raw.call(&calls, 0xFF), [Token::Error(2627), done(true, true), done(false, false)]);
    let calls = [
        execute_sql("BEGIN TRAN", None),
        execute_sql("SET XACT_ABORT ON; INSERT INTO dbo.t (id) VALUES (3), (3)", None),
        execute_sql(INSERT, Some(4)),
    ];
    let expected = [Token::Error(266), done(true, true), Token::Error(2627), done(false, true)];
    assert_eq!(raw.call(&calls, 0xFF), expected);
    assert_eq!(number(&mut db, "SELECT COUNT_BIG(*) FROM dbo.t").await, 1);
}
