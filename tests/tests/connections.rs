//! What a refusal costs, and when a connection may be used again.

#![allow(clippy::unwrap_used, reason = "tests panic where something does not hold")]

use std::time::Duration;

use xmlx_devdb::Tls;
use xmlx_domain::ErrorClass;
use xmlx_store::{Access, Error, Store, StoreConfig};
use xmlx_tests::{Database, Needs, skips_on_server};

/// Its only connection is used by every statement in turn.
fn store_of_one(db: &Database) -> Store {
    Store::new(&StoreConfig {
        connection_string: db.connection_string(),
        ca: None,
        access: Access::ReadWrite,
        application_name: "xmlx/one".to_owned(),
        connections_max: 1,
        limits: xmlx_extract::Limits::default(),
    })
    .unwrap()
}

async fn database() -> Database {
    let db = Database::start(Tls::Off).await;
    db.run("CREATE TABLE [dbo].[one] ([id] int NOT NULL PRIMARY KEY)").await;
    db.run("INSERT INTO [dbo].[one] ([id]) VALUES (1)").await;
    db
}

/// Logins during `work`.
async fn logins(db: &Database, work: impl Future<Output = ()>) -> u64 {
    let before = db.n_logins();
    work.await;
    db.n_logins() - before
}

const REFUSED: &str = "BEGIN TRAN;\nINSERT INTO [dbo].[one] ([id]) VALUES (1);\nCOMMIT;";

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_costs_no_connection() {
    if skips_on_server(Needs::Record) {
        return;
    }
    let db = database().await;
    let store = store_of_one(&db);
    let made = logins(&db, async {
        for _ in 0..20 {
            let refused = store.run_script(REFUSED).await.unwrap_err();
            assert_eq!(refused.number(), Some(2627));
            store.leader().await.unwrap();
        }
    });
    assert_eq!(made.await, 1);
    assert_eq!(db.count("SELECT COUNT_BIG(*) FROM [dbo].[one]").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_transaction_is_never_taken_over() {
    if skips_on_server(Needs::Record) {
        return;
    }
    let db = database().await;
    let store = store_of_one(&db);
    // The second statement is refused, and what was begun stays open.
    let left_open = "SET XACT_ABORT OFF;\nBEGIN TRAN;\nINSERT INTO [dbo].[one] ([id]) VALUES (2);\nINSERT INTO [dbo].[one] ([id]) VALUES (2);";
    let made = logins(&db, async {
        assert_eq!(store.run_script(left_open).await.unwrap_err().number(), Some(2627));
        store.leader().await.unwrap();
    });
    assert_eq!(made.await, 2, "the first connection is not used again");
    let made = logins(&db, async {
        store.run_script("BEGIN TRAN;\nINSERT INTO [dbo].[one] ([id]) VALUES (3);").await.unwrap();
        store.leader().await.unwrap();
    });
    assert_eq!(made.await, 1, "nor one that was left open without an error");
    assert_eq!(db.count("SELECT COUNT_BIG(*) FROM [dbo].[one]").await, 1, "nothing of it stays");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_batch_sets_does_not_stay() {
    if skips_on_server(Needs::Record) {
        return;
    }
    let db = database().await;
    let store = store_of_one(&db);
    // Without a limit, a reader would wait for the lock until the test is ended.
    store.run_script("SET LOCK_TIMEOUT 1;\nSET XACT_ABORT OFF;").await.unwrap();
    let made = logins(&db, async {
        assert_eq!(store.run_script(REFUSED).await.unwrap_err().number(), Some(2627));
        store.leader().await.unwrap();
    });
    assert_eq!(made.await, 0, "XACT_ABORT is on again, so that nothing was left open");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unread_answer_is_never_taken_for_another() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    let db = database().await;
    let store = store_of_one(&db);
    store.leader().await.unwrap();
    db.faults().add("xmlx/one@any:1:delay=600s".parse().unwrap());
    let made = logins(&db, async {
        let given_up = tokio::time::timeout(Duration::from_millis(50), store.leader()).await;
        assert!(given_up.is_err(), "{given_up:?}");
        store.jobs_before(None, i64::MAX).await.unwrap();
    });
    assert_eq!(made.await, 1);
}

/// An error that ends the session, or says that its server is no longer the right one, ends the connection.
#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_ends_is_not_used_again() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    let db = database().await;
    let store = store_of_one(&db);
    store.leader().await.unwrap();
    let logins_after = async |number: u32| {
        logins(&db, async {
            db.faults().add(format!("xmlx/one@any:1:error={number}").parse().unwrap());
            let refused = store.leader().await.unwrap_err();
            assert_eq!(refused.number(), Some(number));
            store.leader().await.unwrap();
        })
        .await
    };
    for number in [1205, 1222, 2627, 547, 51_999, 4060, 33_557_097] {
        assert_eq!(logins_after(number).await, 0, "{number}");
    }
    for number in [596, 823, 976, 3906, 3971, 3989, 3998, 4002, 6005, 9002, 40613] {
        assert_eq!(logins_after(number).await, 1, "{number}");
    }
}

/// A connection that cannot be probed is replaced, and the statement does not notice.
#[tokio::test(flavor = "multi_thread")]
async fn a_probe_that_fails_is_nobodys_error() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    let db = database().await;
    let store = store_of_one(&db);
    for fault in ["error=1205", "drop-before", "drop-after", "error=824"] {
        assert_eq!(store.run_script(REFUSED).await.unwrap_err().number(), Some(2627));
        db.faults().add(format!("xmlx/one@text=nonce:1:{fault}").parse().unwrap());
        let made = logins(&db, async {
            store.leader().await.unwrap();
        });
        assert_eq!(made.await, 1, "{fault}");
    }
    assert!(db.faults().pending().is_empty());
}

/// What the server says of the first statement of a connection is told as it is.
#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_never_was_sound_is_an_error() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    let db = database().await;
    let store = store_of_one(&db);
    db.faults().add("xmlx/one@text=nonce:1+:drop-before".parse().unwrap());
    let refused: Error = store.leader().await.unwrap_err();
    assert!(matches!(refused.class(), ErrorClass::Transient | ErrorClass::Ambiguous), "{refused}");
}
