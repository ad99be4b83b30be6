//! The main job: every application once, whatever is started, killed and started again.

#![allow(clippy::unwrap_used, reason = "tests panic where something does not hold")]

use xmlx_tests::{Cluster, Needs, Setup, skips_on_server};

/// What the users of the reference do to convince themselves.
#[tokio::test(flavor = "multi_thread")]
async fn limit_kill_look_start_again() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    let mut cluster = Cluster::start(Setup { group_apps: 1, ..Setup::small(30) }).await;
    cluster.db.faults().add("commit:1+:delay=80ms".parse().unwrap());

    let first = cluster.submit(&["--limit", "10"]);
    cluster.wait_logged(3).await;
    cluster.workers[0].kill();
    let after_kill = cluster.logged().await;
    assert!(
        (3..10).contains(&after_kill),
        "{after_kill} of 10 were done when the worker was killed"
    );

    cluster.add_worker();
    cluster.wait_done(first).await;
    assert_eq!(cluster.logged().await, 10, "the limit is kept across the restart");
    assert_eq!(cluster.repeated().await, 0);
    cluster.assert_verified(first).await;

    let rest = cluster.submit(&[]);
    cluster.wait_done(rest).await;
    assert_eq!(cluster.logged().await, 30);
    cluster.assert_verified(rest).await;

    let again =
        cluster.client(&["submit", "--contract", "card.json", "--wait", "-o", "json"]).expect(0);
    assert_eq!(again.json()["job"]["ok"], 0, "nothing is left to do");
    assert_eq!(cluster.logged().await, 30);
    cluster.assert_faults_fired();
}

/// Existing rows of processing_log, whoever wrote them, exclude their applications.
#[tokio::test(flavor = "multi_thread")]
async fn rows_of_another_tool_are_honoured() {
    let cluster = Cluster::start(Setup::small(40)).await;
    let ids = cluster
        .db
        .column("SELECT CAST([app_id] AS bigint) FROM [sample].[application_xml] ORDER BY [app_id]")
        .await;
    for (i, id) in ids[..6].iter().enumerate() {
        let status = if i % 2 == 0 { "success" } else { "failed" };
        let sql = format!(
            "INSERT INTO [sample].[processing_log] ([app_id], [status], [session_id]) VALUES ({id}, '{status}', '20251103_101500')"
        );
        cluster.db.run(&sql).await;
    }
    let job = cluster.submit(&[]);
    cluster.wait_done(job).await;
    assert_eq!(cluster.job(job)["ok"], 34);
    assert_eq!(cluster.logged().await, 40);
    assert_eq!(cluster.repeated().await, 0);
    cluster.assert_verified(job).await;
}

/// Broken applications fail alone, at the stage that found them; their neighbours are unharmed.
#[tokio::test(flavor = "multi_thread")]
async fn broken_applications_fail_alone() {
    let cluster = Cluster::start(Setup { broken_permille: 300, ..Setup::small(300) }).await;
    let job = cluster.submit(&["--wait"]);
    let shown = cluster.job(job);
    let (ok, failed) = (shown["ok"].as_i64().unwrap(), shown["failed"].as_i64().unwrap());
    assert_eq!(ok + failed, 300);
    assert!(failed > 30, "{failed} failed");
    let failures = cluster.client(&["failures", &job.to_string(), "-o", "json"]).expect(0).json();
    let stages: Vec<&str> = failures["stages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|stage| stage["stage"].as_str().unwrap())
        .collect();
    for stage in ["validation", "mapping", "constraint", "database"] {
        assert!(stages.contains(&stage), "no failure at {stage}: {stages:?}");
    }
    cluster.assert_verified(job).await;

    let retried =
        cluster.client(&["retry", "--contract", "card.json", "--wait", "-o", "json"]).expect(1);
    assert_eq!(retried.json()["job"]["failed"], failed, "the same data fails the same way");
    let sql = "SELECT COUNT_BIG(*) FROM [sample].[processing_log] WHERE [status] = 'failed'";
    assert_eq!(cluster.db.count(sql).await, 2 * failed);
    cluster.assert_each_verified(&[job, 2]);
}

/// Numbers shown equal SQL aggregates.
#[tokio::test(flavor = "multi_thread")]
async fn status_shows_what_the_tables_say() {
    let cluster = Cluster::start(Setup { broken_permille: 100, ..Setup::small(120) }).await;
    let job = cluster.submit(&["--wait"]);
    let shown = cluster.job(job);
    for (key, status) in [("ok", "success"), ("failed", "failed")] {
        let sql = format!(
            "SELECT COUNT_BIG(*) FROM [sample].[processing_log] WHERE [status] = '{status}'"
        );
        assert_eq!(shown[key], cluster.db.count(&sql).await, "{key}");
    }
    let plan =
        xmlx_extract::Plan::from_json(xmlx_samples::contract(xmlx_samples::Line::Card)).unwrap();
    let mut rows = 0;
    for table in plan.tables() {
        rows +=
            cluster.db.count(&format!("SELECT COUNT_BIG(*) FROM [sample].[{}]", table.name)).await;
    }
    assert_eq!(shown["rows"], rows);
    assert_eq!(shown["total"], 120);
}

/// A total counts each application once, whatever is decided, and by whom, while it is counted.
#[tokio::test(flavor = "multi_thread")]
async fn totals_are_true() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    let cluster = Cluster::start(Setup { group_apps: 5, ..Setup::small(120) }).await;
    cluster.db.faults().add("text=l.[log_id] <= @P4):1:delay=1s".parse().unwrap());
    cluster.db.faults().add("commit:1+:delay=200ms".parse().unwrap());
    let job = cluster.submit(&[]);
    cluster.wait_logged(10).await;
    // What another tool decides in the meantime the job does not.
    let last = "SELECT MAX(CAST([app_id] AS bigint)) FROM [sample].[application_xml]";
    let last = cluster.db.count(last).await;
    let insert = format!(
        "INSERT INTO [sample].[processing_log] ([app_id], [status], [session_id]) VALUES ({last}, 'failed', '20251103_101500')"
    );
    cluster.db.run(&insert).await;
    let counted = async |it: &Cluster| !it.job(job)["total"].is_null();
    cluster.wait_for("the total", counted).await;
    let shown = cluster.job(job);
    assert_eq!((&shown["total"], &shown["state"]), (&120.into(), &"running".into()), "{shown}");
    assert!(shown["ok"].as_i64().unwrap() > 10, "some were decided while they were counted");
    cluster.wait_done(job).await;
    let shown = cluster.job(job);
    assert_eq!((&shown["total"], &shown["ok"]), (&119.into(), &119.into()), "{shown}");
    cluster.assert_verified(job).await;
    cluster.assert_faults_fired();
}

/// Looking through ids that are decided is work, also where it takes longer than a lease may stand still; what a job
/// waits for is shown.
#[tokio::test(flavor = "multi_thread")]
async fn a_fetch_that_takes_long_is_waited_for() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    let flags = &["--stalled-after", "2s"];
    let cluster = Cluster::start(Setup { coordinator_flags: flags, ..Setup::small(30) }).await;
    cluster.db.faults().add("text=AS [stored]:1:delay=11s".parse().unwrap());
    // The first such search is that of `submit`, which does not wait for it.
    cluster.db.faults().add("text=MIN(t.[app_id]):2:delay=11s".parse().unwrap());
    let job = cluster.submit(&[]);
    let shows = async |it: &Cluster, text: &str| {
        it.job(job)["reason"].as_str().is_some_and(|it| it.contains(text))
    };
    for text in ["looking for the next applications", "has been reading the next applications"] {
        cluster.wait_for(text, async |cluster| shows(cluster, text).await).await;
    }
    cluster.wait_done(job).await;
    let shown = cluster.job(job);
    assert_eq!((&shown["ok"], &shown["leases_revoked"]), (&30.into(), &0.into()), "{shown}");
    assert_eq!(shown["reason"], "");
    cluster.assert_verified(job).await;
    cluster.assert_faults_fired();
}

/// A lease begins where something waits, and not where its range does.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_decided_is_not_looked_through_again() {
    let cluster = Cluster::start(Setup::small(60)).await;
    let ids = cluster
        .db
        .column("SELECT CAST([app_id] AS bigint) FROM [sample].[application_xml] ORDER BY [app_id]")
        .await;
    for id in &ids[..50] {
        let sql = format!(
            "INSERT INTO [sample].[processing_log] ([app_id], [status], [session_id]) VALUES ({id}, 'success', '20251103_101500')"
        );
        cluster.db.run(&sql).await;
    }
    let job = cluster.submit(&[]);
    cluster.wait_done(job).await;
    let granted = format!(
        "SELECT [committed_through] FROM [xmlx].[range_history] WHERE [job_id] = {job} AND [event] = 'granted' AND [epoch] = 1 ORDER BY [history_id]"
    );
    assert_eq!(cluster.db.column(&granted).await[0], ids[50] - 1);
    cluster.assert_verified(job).await;
}

/// A job that follows takes what comes later.
#[tokio::test(flavor = "multi_thread")]
async fn follow_takes_what_comes_later() {
    let cluster = Cluster::start(Setup::small(20)).await;
    let job = cluster.submit(&["--follow"]);
    cluster.wait_logged(20).await;
    let synth = xmlx_samples::Synth::new(xmlx_samples::Options {
        seed: 8,
        first_id: 5001,
        broken_permille: 0,
        padding_bytes: 0,
    });
    cluster.db.fill(&synth, xmlx_samples::Line::Card, 15).await;
    cluster.wait_logged(35).await;
    assert_eq!(cluster.job(job)["state"], "running");
    let _ = cluster.client(&["cancel", &job.to_string()]).expect(0);
    assert_eq!(cluster.repeated().await, 0);
}

/// The documents that a small cluster starts with, by id.
fn documents(n: usize) -> Vec<xmlx_samples::Sample> {
    let synth = xmlx_samples::Synth::new(xmlx_samples::Options {
        seed: 7,
        first_id: 1001,
        broken_permille: 0,
        padding_bytes: 0,
    });
    let all = (0..).map(|n| synth.application(n));
    all.filter(|sample| sample.line == xmlx_samples::Line::Card).take(n).collect()
}

const FILL_IN: &str = "UPDATE [sample].[application_xml] SET [app_XML] = @P2 WHERE [app_id] = @P1";

/// Documents that are filled in later, whose row comes later, whose id was committed late or lies below all others: a
/// job that follows passes none of them.
#[tokio::test(flavor = "multi_thread")]
async fn follow_passes_nothing() {
    let cluster = Cluster::start(Setup::small(40)).await;
    let samples = documents(40);
    let [unfilled, without_line, uncommitted] = [&samples[5], &samples[10], &samples[15]];
    for sql in [
        format!(
            "UPDATE [sample].[application_xml] SET [app_XML] = NULL WHERE [app_id] = {}",
            unfilled.app_id
        ),
        format!("DELETE FROM [sample].[card_application] WHERE [app_id] = {}", without_line.app_id),
        format!("DELETE FROM [sample].[application_xml] WHERE [app_id] = {}", uncommitted.app_id),
    ] {
        cluster.db.run(&sql).await;
    }
    let job = cluster.submit(&["--follow"]);
    cluster.wait_logged(37).await;
    let is_done = async |cluster: &Cluster| cluster.job(job)["ranges_leased"] == 0;
    cluster.wait_for("the ranges to be done", is_done).await;

    cluster.db.execute(FILL_IN, &[&unfilled.app_id, &unfilled.xml]).await;
    let insert = "INSERT INTO [sample].[card_application] ([app_id]) VALUES (@P1)";
    cluster.db.execute(insert, &[&without_line.app_id]).await;
    let insert = "INSERT INTO [sample].[application_xml] ([app_id], [app_XML]) VALUES (@P1, @P2)";
    cluster.db.execute(insert, &[&uncommitted.app_id, &uncommitted.xml]).await;
    let below = xmlx_samples::Synth::new(xmlx_samples::Options {
        seed: 9,
        first_id: 101,
        broken_permille: 0,
        padding_bytes: 0,
    });
    cluster.db.fill(&below, xmlx_samples::Line::Card, 5).await;
    cluster.wait_logged(45).await;
    let is_settled = async |cluster: &Cluster| {
        let job = cluster.job(job);
        job["total"] == 45 && job["ok"] == 45 && job["ranges_leased"] == 0
    };
    cluster.wait_for("all of them", is_settled).await;
    assert_eq!(cluster.job(job)["state"], "running");
    cluster.assert_verified(job).await;
    let _ = cluster.client(&["cancel", &job.to_string()]).expect(0);
}

/// What appears in a range that is done is found at the end of any job.
#[tokio::test(flavor = "multi_thread")]
async fn what_appears_behind_a_job_is_taken_at_its_end() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    let cluster = Cluster::start(Setup { group_apps: 2, ..Setup::small(40) }).await;
    let samples = documents(40);
    let sql = format!(
        "UPDATE [sample].[application_xml] SET [app_XML] = NULL WHERE [app_id] = {}",
        samples[1].app_id
    );
    cluster.db.run(&sql).await;
    cluster.db.faults().add("commit:1+:delay=100ms".parse().unwrap());
    let job = cluster.submit(&[]);
    let passed = format!(
        "SELECT COUNT_BIG(*) FROM [xmlx].[range] WHERE [lo] <= {0} AND [committed_through] > {0}",
        samples[1].app_id
    );
    cluster.wait_for("the cursor", async |cluster| cluster.db.count(&passed).await > 0).await;
    cluster.db.execute(FILL_IN, &[&samples[1].app_id, &samples[1].xml]).await;
    cluster.wait_done(job).await;
    let shown = cluster.job(job);
    assert_eq!((&shown["ok"], &shown["total"]), (&40.into(), &40.into()), "{shown}");
    cluster.assert_verified(job).await;
    let reopened = "SELECT COUNT_BIG(*) FROM [xmlx].[range_history] WHERE [event] = 'reopened'";
    assert_eq!(cluster.db.count(reopened).await, 1);
}

/// Two product lines in one job: each document goes to the contract of its line.
#[tokio::test(flavor = "multi_thread")]
async fn several_contracts_share_a_job() {
    let cluster = Cluster::start(Setup { broken_permille: 100, ..Setup::small(60) }).await;
    let synth = xmlx_samples::Synth::new(xmlx_samples::Options {
        seed: 9,
        first_id: 5001,
        broken_permille: 100,
        padding_bytes: 0,
    });
    cluster.db.fill(&synth, xmlx_samples::Line::Loan, 40).await;
    let job = cluster.submit(&["--contract", "loan.json", "--wait"]);
    let shown = cluster.job(job);
    assert_eq!(shown["ok"].as_i64().unwrap() + shown["failed"].as_i64().unwrap(), 100);
    assert_eq!(shown["name"], "card+loan");
    for table in ["card_application", "loan_application"] {
        let sql = format!(
            "SELECT COUNT_BIG(*) FROM [sample].[processing_log] AS l WHERE l.[status] = 'success' AND EXISTS (SELECT 1 FROM [sample].[{table}] AS a WHERE a.[app_id] = l.[app_id])"
        );
        assert!(cluster.db.count(&sql).await > 20, "{table}");
    }
    cluster.assert_verified(job).await;
    // A job over one of the lines would decide the same applications.
    let again = cluster.client(&["submit", "--contract", "loan.json", "--wait", "-o", "json"]);
    assert_eq!(again.expect(0).json()["job"]["ok"], 0);
}

/// A source column of bytes: each document in an encoding of its own, and one that is none.
#[tokio::test(flavor = "multi_thread")]
async fn documents_in_bytes_are_decoded() {
    let cluster = Cluster::start(Setup::small(0)).await;
    cluster.db.run("DROP TABLE [sample].[application_xml]").await;
    cluster
        .db
        .run("CREATE TABLE [sample].[application_xml] ([app_id] int NOT NULL PRIMARY KEY, [app_XML] varbinary(max) NULL)")
        .await;
    let options =
        xmlx_samples::Options { seed: 3, first_id: 1, broken_permille: 0, padding_bytes: 0 };
    let synth = xmlx_samples::Synth::new(options);
    let samples = (0..)
        .map(|n| synth.application(n))
        .filter(|sample| sample.line == xmlx_samples::Line::Card);
    for (n, sample) in samples.take(4).enumerate() {
        let utf_16 = sample.xml.encode_utf16().flat_map(u16::to_le_bytes);
        let bytes: Vec<u8> = match n {
            0 => sample.xml.into_bytes(),
            1 => utf_16.collect(),
            2 => [b"\xEF\xBB\xBF", sample.xml.as_bytes()].concat(),
            _ => [0xFF, 0xFE].into_iter().chain(utf_16.take(9)).collect(),
        };
        let insert =
            "INSERT INTO [sample].[application_xml] ([app_id], [app_XML]) VALUES (@P1, @P2)";
        cluster.db.execute(insert, &[&sample.app_id, &bytes]).await;
        let insert = "INSERT INTO [sample].[card_application] ([app_id]) VALUES (@P1)";
        cluster.db.execute(insert, &[&sample.app_id]).await;
    }
    let job = cluster.submit(&[]);
    cluster.wait_done(job).await;
    let shown = cluster.job(job);
    assert_eq!((&shown["ok"], &shown["failed"]), (&3.into(), &1.into()), "{shown}");
    let failures = cluster.client(&["failures", &job.to_string()]).expect(0);
    assert!(failures.stdout.contains("cannot be decoded"), "{failures:?}");
}

/// Ids may lie anywhere in a bigint but at its very ends, where a range could not begin below or end above them.
#[tokio::test(flavor = "multi_thread")]
async fn ids_may_lie_at_the_ends_of_bigint() {
    let cluster = Cluster::start(Setup::small(0)).await;
    for table in ["application_xml", "card_application", "processing_log"] {
        cluster.db.run(&format!("DROP TABLE [sample].[{table}]")).await;
    }
    for sql in [
        "CREATE TABLE [sample].[application_xml] ([app_id] bigint NOT NULL PRIMARY KEY, [app_XML] nvarchar(max) NULL)",
        "CREATE TABLE [sample].[card_application] ([app_id] bigint NOT NULL PRIMARY KEY)",
        "CREATE TABLE [sample].[processing_log] ([log_id] int IDENTITY(1,1) NOT NULL PRIMARY KEY, [app_id] bigint NOT NULL,
             [status] varchar(20) NOT NULL, [failure_reason] varchar(500) NULL, [processing_time] datetime2(7) NOT NULL DEFAULT (getutcdate()),
             [session_id] varchar(50) NULL, [app_id_start] bigint NULL, [app_id_end] bigint NULL)",
    ] {
        cluster.db.run(sql).await;
    }
    let add = async |app_id: i64| {
        let document =
            "INSERT INTO [sample].[application_xml] ([app_id], [app_XML]) VALUES (@P1, N'<none/>')";
        cluster.db.execute(document, &[&app_id]).await;
        let line = "INSERT INTO [sample].[card_application] ([app_id]) VALUES (@P1)";
        cluster.db.execute(line, &[&app_id]).await;
    };
    let ids = [i64::MIN + 1, -1, 0, i64::MAX - 1];
    for app_id in ids {
        add(app_id).await;
    }
    // All of them fail, and are decided all the same: none is the sample's document.
    let any =
        ["submit", "-o", "json", "--contract", "card.json", "--max-failures", "100%", "--wait"];
    let job = cluster.client(&any).expect(1).json()["job"]["job"].as_i64().unwrap();
    assert_eq!((&cluster.job(job)["failed"], &cluster.job(job)["total"]), (&4.into(), &4.into()));
    let logged = "SELECT [app_id] FROM [sample].[processing_log] ORDER BY [app_id]";
    assert_eq!(cluster.db.column(logged).await, ids);
    cluster.assert_verified(job).await;
    for end in [i64::MAX, i64::MIN] {
        add(end).await;
        let refused = cluster.client(&["submit", "--contract", "card.json"]).expect(2);
        let named = refused.stderr.contains(&end.to_string());
        assert!(named && refused.stderr.contains("`--from` and `--to`"), "{refused:?}");
    }
}
