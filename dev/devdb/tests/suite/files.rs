//! A database in a file is there again after a restart.

use xmlx_devdb::{Options, Server, Storage};

use crate::commit::{commit, lease};
use crate::support::{code, connect, number, options, prepare, query, run, script};

#[tokio::test]
async fn everything_survives_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = Storage::File(folder.path().join("data.sqlite"));
    let start = || Server::start(Options { data: data.clone(), ..options() }).expect("a server");
    let server = start();
    let mut db = connect(&server).await.expect("a login");
    prepare(&mut db).await.expect("the schemas");
    lease(&mut db).await;
    commit(&mut db, 3, 1, 50, None).await.expect("a commit");
    let columns = query(&mut db, &script("crates/store/sql/catalog_columns.sql"), &[&"sample"])
        .await
        .expect("columns");
    server.stop();

    let server = start();
    let mut db = connect(&server).await.expect("a login");
    prepare(&mut db).await.expect("the schemas again");
    assert_eq!(number(&mut db, "SELECT COUNT_BIG(*) FROM [sample].[submission]").await, 50);
    let again = query(&mut db, &script("crates/store/sql/catalog_columns.sql"), &[&"sample"])
        .await
        .expect("columns");
    assert_eq!(format!("{columns:?}"), format!("{again:?}"));
    assert_eq!(code(&commit(&mut db, 3, 1, 50, None).await), 51001);
    commit(&mut db, 3, 51, 60, None).await.expect("the next group");
    assert_eq!(
        number(&mut db, "SELECT CAST(MAX([log_id]) AS bigint) FROM [sample].[processing_log]")
            .await,
        60
    );
    let refused = run(&mut db, "INSERT INTO [sample].[processing_log] ([app_id], [status]) VALUES (1, '0123456789012345678901')").await;
    assert_eq!(code(&refused), 2628);
}
