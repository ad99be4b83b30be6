//! The commit of a group: it lands once, under its epoch, whole or not at all.

use tiberius::ToSql;
use xmlx_devdb::Server;

use crate::support::{Db, code, message, number, prepared, query, run};

/// The batch as the store generates it, over three tables of the sample schema.
pub(crate) const COMMIT: &str = "SET XACT_ABORT ON;
SET LOCK_TIMEOUT 5000;
BEGIN TRAN;
UPDATE [xmlx].[range] SET [committed_through] = @P1, [done_ok] = [done_ok] + @P2, [done_failed] = [done_failed] + @P3, [rows_written] = [rows_written] + @P4
WHERE [job_id] = @P5 AND [range_id] = @P6 AND [epoch] = @P7 AND [owner_session] = @P8 AND [state] = 'leased' AND [committed_through] < @P9 AND @P1 < [hi];
IF @@ROWCOUNT <> 1 THROW 51001, N'fenced', 1;
SET IDENTITY_INSERT [sample].[submission] ON;
INSERT INTO [sample].[submission] ([app_id], [line_enum], [received_date], [decision_date], [client_ip])
SELECT j.[app_id], j.[line_enum], COALESCE(j.[received_date], (getutcdate())), j.[decision_date], j.[client_ip]
FROM OPENJSON(@P11) WITH ([app_id] int '$[0]', [line_enum] smallint '$[1]', [received_date] datetime '$[2]', [decision_date] datetime '$[3]', [client_ip] nvarchar(max) '$[4]') AS j;
SET IDENTITY_INSERT [sample].[submission] OFF;
INSERT INTO [sample].[card_process] ([app_id], [device_print], [review_flag])
SELECT j.[app_id], j.[device_print], COALESCE(j.[review_flag], ((0)))
FROM OPENJSON(@P12) WITH ([app_id] int '$[0]', [device_print] nvarchar(max) '$[1]', [review_flag] bit '$[2]') AS j;
INSERT INTO [sample].[processing_log] ([app_id], [status], [failure_reason], [session_id], [app_id_start], [app_id_end])
SELECT j.[app_id], j.[status], j.[reason], @P8, @P13, @P14 FROM OPENJSON(@P10) WITH ([app_id] int '$[0]', [status] nvarchar(max) '$[1]', [reason] nvarchar(max) '$[2]') AS j;
COMMIT;";

pub(crate) const SESSION: &str = "0b7c3a52-62a5-4b86-9d6e-0c3f6a3f7a11";

/// A server with one range of job 1, `[1, 1001)`, leased under epoch 3.
pub(crate) async fn leased() -> (Server, Db) {
    let (server, mut db) = prepared().await;
    lease(&mut db).await;
    (server, db)
}

pub(crate) async fn lease(db: &mut Db) {
    run(db, "INSERT INTO [xmlx].[job] ([job_id], [submit_key], [name], [contract_hash], [contract], [mode], [scope_lo], [scope_hi], [state], [log_watermark])
        VALUES (1, 'k', N'n', 'h', N'{}', 'once', 1, 1001, 'running', 0)").await.expect("a job");
    run(db, &format!("INSERT INTO [xmlx].[range] ([job_id], [range_id], [lo], [hi], [state], [epoch], [owner_session], [committed_through])
        VALUES (1, 1, 1, 1001, 'leased', 3, '{SESSION}', 0)")).await.expect("a range");
}

/// Commits the applications `first..=last`; `submissions` and `log` are theirs unless given.
pub(crate) async fn commit(
    db: &mut Db,
    epoch: i64,
    first: i64,
    last: i64,
    submissions: Option<&str>,
) -> anyhow::Result<()> {
    let rows = |row: &dyn Fn(i64) -> String| {
        format!("[{}]", (first..=last).map(row).collect::<Vec<_>>().join(","))
    };
    let submissions = submissions.map_or_else(
        || {
            rows(&|id| {
                format!("[{id},10,null,\"2024-05-06T07:08:09.123\",\"10.0.0.{}\"]", id % 250)
            })
        },
        str::to_owned,
    );
    let process = rows(&|id| format!("[{id},\"print é {id}\",null]"));
    let log = rows(&|id| format!("[{id},\"success\",null]"));
    let n = last - first + 1;
    let params: [&dyn ToSql; 14] = [
        &last,
        &n,
        &0i64,
        &(3 * n),
        &1i64,
        &1i64,
        &epoch,
        &SESSION,
        &first,
        &log,
        &submissions,
        &process,
        &1i64,
        &1000i64,
    ];
    query(db, COMMIT, &params).await.map(|_| ())
}

async fn counts(db: &mut Db) -> [i64; 4] {
    [
        number(db, "SELECT COUNT_BIG(*) FROM [sample].[submission]").await,
        number(db, "SELECT COUNT_BIG(*) FROM [sample].[card_process]").await,
        number(db, "SELECT COUNT_BIG(*) FROM [sample].[processing_log]").await,
        number(db, "SELECT [committed_through] FROM [xmlx].[range]").await,
    ]
}

#[tokio::test]
async fn a_hundred_land_once() {
    let (_server, mut db) = leased().await;
    commit(&mut db, 3, 1, 100, None).await.expect("the first commit");
    assert_eq!(counts(&mut db).await, [100, 100, 100, 100]);
    let again = commit(&mut db, 3, 1, 100, None).await;
    assert_eq!((code(&again), message(&again).as_str()), (51001, "fenced"));
    assert_eq!(code(&commit(&mut db, 2, 101, 200, None).await), 51001);
    assert_eq!(code(&commit(&mut db, 3, 950, 1001, None).await), 51001);
    assert_eq!(counts(&mut db).await, [100, 100, 100, 100]);
    assert_eq!(number(&mut db, "SELECT CAST(@@TRANCOUNT AS bigint)").await, 0);
    commit(&mut db, 3, 101, 200, None).await.expect("the next group");
    assert_eq!(counts(&mut db).await, [200, 200, 200, 200]);
    assert_eq!(number(&mut db, "SELECT [rows_written] FROM [xmlx].[range]").await, 600);
    let row = run(
        &mut db,
        "SELECT [review_flag], [device_print] FROM [sample].[card_process] WHERE [app_id] = 7",
    )
    .await;
    let row = row.expect("a row");
    assert_eq!(row[0].try_get::<bool, _>(0).expect("bit"), Some(false));
    assert_eq!(row[0].try_get::<&str, _>(1).expect("text"), Some("print é 7"));
}

#[tokio::test]
async fn bad_data_leaves_nothing_behind() {
    let (_server, mut db) = leased().await;
    commit(&mut db, 3, 1, 10, None).await.expect("a good group");
    let cases = [
        ("[[11,10,null,null,null],[12,999,null,null,null]]", 547),
        ("[[11,10,null,null,null],[5,10,null,null,null]]", 2627),
        ("[[11,null,null,null,null]]", 515),
        ("[[11,\"x\",null,null,null]]", 245),
        ("[[11,70000,null,null,null]]", 244),
        ("[[11,10,null,\"2024-05-06T07:08:09.1234\",null]]", 241),
        ("[[11,10,null,\"1600-01-01\",null]]", 242),
        ("[[11,10,null,null,\"0123456789012345678901234567890123456789\"]]", 2628),
        ("[[11,10", 13609),
    ];
    for (rows, expected) in cases {
        let failed = commit(&mut db, 3, 11, 12, Some(rows)).await;
        assert_eq!(code(&failed), expected, "{rows}: {}", message(&failed));
        assert_eq!(counts(&mut db).await, [10, 10, 10, 10], "{rows}");
    }
    commit(&mut db, 3, 11, 12, None).await.expect("another good group");
    assert_eq!(counts(&mut db).await, [12, 12, 12, 12]);
}
