//! Two sessions: locks, snapshots, transactions that a client begins and forgets.

use std::time::Duration;

use crate::support::{code, connect, number, query, run, server};

#[tokio::test]
async fn a_second_writer_waits_and_gives_up() {
    let server = server();
    let mut first = connect(&server).await.expect("a login");
    let mut second = connect(&server).await.expect("a login");
    run(&mut first, "CREATE TABLE dbo.t (id int NOT NULL PRIMARY KEY, n int NOT NULL); INSERT INTO dbo.t VALUES (1, 0)").await.expect("a table");
    run(&mut first, "BEGIN TRAN; UPDATE dbo.t SET n = 1 WHERE id = 1").await.expect("a change");
    let refused =
        run(&mut second, "SET LOCK_TIMEOUT 100; UPDATE dbo.t SET n = 2 WHERE id = 1").await;
    assert_eq!(code(&refused), 1222);
    // What is not committed is not seen, and readers do not wait.
    assert_eq!(number(&mut second, "SELECT CAST(n AS bigint) FROM dbo.t").await, 0);
    assert_eq!(number(&mut first, "SELECT CAST(n AS bigint) FROM dbo.t").await, 1);
    let waiting = tokio::spawn(async move {
        let waited =
            run(&mut second, "SET LOCK_TIMEOUT -1; UPDATE dbo.t SET n = n + 5 WHERE id = 1").await;
        (code(&waited), second)
    });
    tokio::time::sleep(Duration::from_millis(200)).await;
    run(&mut first, "COMMIT").await.expect("a commit");
    let (waited, mut second) = waiting.await.expect("no panic");
    assert_eq!(waited, 0);
    assert_eq!(number(&mut second, "SELECT CAST(n AS bigint) FROM dbo.t").await, 6);
}

#[tokio::test]
async fn a_dropped_connection_rolls_back() {
    let server = server();
    let mut first = connect(&server).await.expect("a login");
    run(&mut first, "CREATE TABLE dbo.t (id int NOT NULL PRIMARY KEY)").await.expect("a table");
    first.begin_transaction().await.expect("begin");
    query(&mut first, "INSERT INTO dbo.t VALUES (@P1)", &[&1i32]).await.expect("a row");
    drop(first);
    let mut second = connect(&server).await.expect("a login");
    run(&mut second, "SET LOCK_TIMEOUT 5000; INSERT INTO dbo.t VALUES (2)")
        .await
        .expect("the lock is free");
    assert_eq!(number(&mut second, "SELECT COUNT_BIG(*) FROM dbo.t").await, 1);
}

#[tokio::test]
async fn a_waiting_client_that_goes_away_changes_nothing() {
    let server = server();
    let mut first = connect(&server).await.expect("a login");
    let mut second = connect(&server).await.expect("a login");
    run(&mut first, "CREATE TABLE dbo.t (id int NOT NULL PRIMARY KEY)").await.expect("a table");
    run(&mut first, "BEGIN TRAN; INSERT INTO dbo.t VALUES (1)").await.expect("a row");
    let gone = tokio::time::timeout(
        Duration::from_millis(200),
        run(&mut second, "INSERT INTO dbo.t VALUES (2)"),
    )
    .await;
    assert!(gone.is_err());
    drop(second);
    tokio::time::sleep(Duration::from_millis(200)).await;
    run(&mut first, "COMMIT").await.expect("a commit");
    assert_eq!(number(&mut first, "SELECT COUNT_BIG(*) FROM dbo.t").await, 1);
}

#[tokio::test]
async fn transactions_by_request() {
    let server = server();
    let mut db = connect(&server).await.expect("a login");
    run(&mut db, "CREATE TABLE dbo.t (id int NOT NULL PRIMARY KEY)").await.expect("a table");
    db.begin_transaction().await.expect("begin");
    query(&mut db, "INSERT INTO dbo.t VALUES (@P1)", &[&1i32]).await.expect("a row");
    db.rollback_transaction().await.expect("rollback");
    assert_eq!(number(&mut db, "SELECT COUNT_BIG(*) FROM dbo.t").await, 0);
    db.begin_transaction().await.expect("begin");
    query(&mut db, "INSERT INTO dbo.t VALUES (@P1)", &[&2i32]).await.expect("a row");
    db.commit_transaction().await.expect("commit");
    assert_eq!(number(&mut db, "SELECT COUNT_BIG(*) FROM dbo.t").await, 1);
    // A definition goes with its transaction, too.
    run(
        &mut db,
        "BEGIN TRAN; CREATE TABLE dbo.u (id int NOT NULL); INSERT INTO dbo.u VALUES (1); ROLLBACK",
    )
    .await
    .expect("a batch");
    assert_eq!(code(&run(&mut db, "SELECT id FROM dbo.u").await), 208);
}

#[tokio::test]
async fn a_stale_descriptor_is_refused() {
    let server = server();
    let mut db = connect(&server).await.expect("a login");
    // The part of the answer that tells of the transaction is never read: the next request comes without it.
    let stream = db.simple_query("SELECT 1; BEGIN TRAN").await.expect("an answer");
    drop(stream);
    let next = run(&mut db, "SELECT 2").await;
    assert!(matches!(code(&next), 0 | 3989), "{next:?}");
}

#[tokio::test]
async fn settings_of_a_procedure_end_with_it() {
    let server = server();
    let mut db = connect(&server).await.expect("a login");
    run(&mut db, "CREATE TABLE dbo.a (id int IDENTITY(1,1) NOT NULL PRIMARY KEY); CREATE TABLE dbo.b (id int IDENTITY(1,1) NOT NULL PRIMARY KEY)").await.expect("tables");
    query(&mut db, "SET IDENTITY_INSERT dbo.a ON; INSERT INTO dbo.a (id) VALUES (@P1)", &[&5i32])
        .await
        .expect("a row");
    query(&mut db, "SET IDENTITY_INSERT dbo.b ON; INSERT INTO dbo.b (id) VALUES (@P1)", &[&5i32])
        .await
        .expect("a row");
    assert_eq!(code(&run(&mut db, "INSERT INTO dbo.a (id) VALUES (6)").await), 544);
    run(&mut db, "INSERT INTO dbo.a DEFAULT VALUES").await.expect("a row");
    assert_eq!(number(&mut db, "SELECT CAST(MAX(id) AS bigint) FROM dbo.a").await, 6);
    // In a batch of its own a setting stays, and takes one table at a time.
    run(&mut db, "SET IDENTITY_INSERT dbo.a ON").await.expect("set");
    assert_eq!(code(&run(&mut db, "SET IDENTITY_INSERT dbo.b ON").await), 8107);
}
