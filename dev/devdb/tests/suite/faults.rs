//! Faults on order, and that they leave a trace.

use std::time::Duration;

use tokio::time::Instant;

use xmlx_devdb::Fault;

use crate::commit::{SESSION, commit, leased};
use crate::support::{code, connect, connect_as, number, query, run, script};

fn fault(text: &str) -> Fault {
    text.parse().expect("a fault")
}

#[tokio::test]
async fn an_answer_lost_after_the_commit() {
    let (server, mut db) = leased().await;
    server.faults().add(fault("commit:2:drop-after"));
    commit(&mut db, 3, 1, 10, None).await.expect("the first commit");
    assert!(commit(&mut db, 3, 11, 20, None).await.is_err());
    let mut db = connect(&server).await.expect("a login");
    assert_eq!(number(&mut db, "SELECT COUNT_BIG(*) FROM [sample].[submission]").await, 20);
    assert_eq!(code(&commit(&mut db, 3, 11, 20, None).await), 51001);
    let fired = server.faults().fired();
    assert_eq!((fired.len(), fired[0].execution), (1, 2));
    assert!(server.faults().pending().is_empty());
}

#[tokio::test]
async fn a_connection_lost_before_the_commit() {
    let (server, mut db) = leased().await;
    server.faults().add(fault("commit:1:drop-before"));
    assert!(commit(&mut db, 3, 1, 10, None).await.is_err());
    let mut db = connect(&server).await.expect("a login");
    assert_eq!(number(&mut db, "SELECT COUNT_BIG(*) FROM [sample].[submission]").await, 0);
    commit(&mut db, 3, 1, 10, None).await.expect("the same again");
}

#[tokio::test]
async fn errors_to_order() {
    let (server, mut db) = leased().await;
    server.faults().add(fault("commit:1:error=1205"));
    server.faults().add(fault("leader-renew:1+:error=40613"));
    server.faults().add(fault("text=processing_log:1:error=8645"));
    assert_eq!(code(&commit(&mut db, 3, 1, 10, None).await), 1205);
    commit(&mut db, 3, 1, 10, None).await.expect("once only");
    let renew = script("crates/store/sql/leader_renew.sql");
    for _ in 0..2 {
        assert_eq!(code(&query(&mut db, &renew, &[&SESSION, &1i64, &6000i32]).await), 40613);
    }
    assert_eq!(server.faults().fired().len(), 3);
    server.faults().clear();
    query(&mut db, &renew, &[&SESSION, &1i64, &6000i32]).await.expect("no fault is left");
}

#[tokio::test]
async fn delays_and_stalls() {
    let (server, mut db) = leased().await;
    server.faults().add(fault("any:1:delay=150ms"));
    let started = Instant::now();
    run(&mut db, "SELECT 1").await.expect("late, but right");
    assert!(started.elapsed() >= Duration::from_millis(150));
    server.faults().add(fault("fetch:1:stall"));
    let fetch =
        "SELECT TOP (1) x.[app_id], x.[app_XML] AS [xml] FROM [sample].[application_xml] AS x";
    let stalled = tokio::time::timeout(Duration::from_millis(200), run(&mut db, fetch)).await;
    assert!(stalled.is_err());
    assert_eq!(server.faults().fired().len(), 2);
    // The server can be stopped while a client waits.
    server.stop();
}

#[tokio::test]
async fn faults_of_one_client_leave_the_others_alone() {
    let (server, mut db) = leased().await;
    server.faults().add(fault("xmlx/worker@any:1:error=1205"));
    assert_eq!(number(&mut db, "SELECT COUNT_BIG(*) FROM [sample].[submission]").await, 0);
    let mut worker = connect_as(&server, "xmlx/worker/1").await.expect("a login");
    assert_eq!(code(&query(&mut worker, "SELECT 1", &[]).await), 1205);
    assert!(server.faults().pending().is_empty());
}
