//! `submit --replace`: applications that are decided are written again by another contract, each of them at once.

#![allow(clippy::unwrap_used, reason = "tests panic where something does not hold")]

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::Value;
use xmlx_samples::{Line, Options, Synth};
use xmlx_tests::{Cluster, Needs, Setup, skips_on_server};

/// What the applications of the two contracts differ in: `lean` fills no jobs, takes current addresses alone and says
/// `LEAN` in a column; the sample's own contract does neither.
fn lean() -> String {
    let mut contract: Value =
        serde_json::from_str(xmlx_samples::contract(Line::Card)).expect("a sample contract");
    let drop = |list: &mut Value, key: &str| {
        let list = list.as_array_mut().unwrap();
        list.retain(|entry| entry.as_str() != Some("person_job") && entry[key] != "person_job");
    };
    drop(&mut contract["table_insertion_order"], "-");
    drop(&mut contract["relationships"], "child_table");
    drop(&mut contract["mappings"], "target_table");
    let rules = contract["element_filtering"]["filter_rules"].as_array_mut().unwrap();
    rules.retain(|rule| rule["element_type"] != "employment");
    let address = rules.iter_mut().find(|rule| rule["element_type"] == "address").unwrap();
    address["required_attributes"]["kind_code"] = serde_json::json!(["CURR"]);
    let mappings = contract["mappings"].as_array_mut().unwrap();
    let route = mappings.iter_mut().find(|mapping| mapping["target_column"] == "route").unwrap();
    route["expression"] =
        "CASE WHEN decision.monthly_income IS NULL THEN 'LEAN' ELSE 'LEAN' END".into();
    contract.to_string()
}

/// Everything that the contracts fill, but for the times at which rows were written.
const CONTENTS: [&str; 9] = [
    "SELECT CAST([app_id] AS nvarchar(20)) AS [a], CAST([line_enum] AS nvarchar(20)) AS [b], CAST([source_enum] AS nvarchar(20)) AS [c], CAST([decision_enum] AS nvarchar(20)) AS [d], CAST([client_ip] AS nvarchar(40)) AS [e] FROM [sample].[submission] ORDER BY [app_id]",
    "SELECT CAST([con_id] AS nvarchar(20)) AS [a], CAST([app_id] AS nvarchar(20)) AS [b], CAST([role_enum] AS nvarchar(20)) AS [c], CAST([last_name] AS nvarchar(50)) AS [d], CAST([ssn] AS nvarchar(9)) AS [e] FROM [sample].[person] ORDER BY [con_id]",
    "SELECT CAST([con_id] AS nvarchar(20)) AS [a], CAST([kind_enum] AS nvarchar(20)) AS [b], CAST([city] AS nvarchar(50)) AS [c], CAST([months_here] AS nvarchar(20)) AS [d] FROM [sample].[person_address] ORDER BY [con_id], [kind_enum]",
    "SELECT CAST([con_id] AS nvarchar(20)) AS [a], CAST([kind_enum] AS nvarchar(20)) AS [b], CAST([business_name] AS nvarchar(100)) AS [c], CAST([monthly_salary] AS nvarchar(20)) AS [d] FROM [sample].[person_job] ORDER BY [con_id], [kind_enum]",
    "SELECT CAST([app_id] AS nvarchar(20)) AS [a], CAST([route] AS nvarchar(10)) AS [b], CAST([sequence_no] AS nvarchar(20)) AS [c] FROM [sample].[card_process] ORDER BY [app_id]",
    "SELECT CAST([app_id] AS nvarchar(20)) AS [a], CAST([segment] AS nvarchar(10)) AS [b], CAST([credit_line] AS nvarchar(20)) AS [c] FROM [sample].[card_pricing] ORDER BY [app_id]",
    "SELECT CAST([app_id] AS nvarchar(20)) AS [a], CAST(COUNT_BIG(*) AS nvarchar(20)) AS [b] FROM [sample].[score] GROUP BY [app_id] ORDER BY [app_id]",
    "SELECT CAST([app_id] AS nvarchar(20)) AS [a], CAST(COUNT_BIG(*) AS nvarchar(20)) AS [b] FROM [sample].[history] GROUP BY [app_id] ORDER BY [app_id]",
    "SELECT CAST([app_id] AS nvarchar(20)) AS [a], CAST(COUNT_BIG(*) AS nvarchar(20)) AS [b] FROM [sample].[indicator] GROUP BY [app_id] ORDER BY [app_id]",
];

async fn contents(cluster: &Cluster) -> Vec<Vec<Vec<String>>> {
    let mut all = Vec::new();
    for sql in CONTENTS {
        all.push(cluster.db.texts(sql).await);
    }
    all
}

/// Says of one table after the other where two contents differ first.
fn assert_same(found: &[Vec<Vec<String>>], expected: &[Vec<Vec<String>>]) {
    for ((found, expected), sql) in found.iter().zip(expected).zip(CONTENTS) {
        let differs = found.iter().zip(expected).find(|(found, expected)| found != expected);
        assert_eq!(differs, None, "{sql}");
        assert_eq!(found.len(), expected.len(), "{sql}");
    }
}

/// A cluster with the index that finds the persons of an application, and the lean contract.
async fn cluster(setup: Setup) -> Cluster {
    let cluster = Cluster::start(setup).await;
    cluster.db.run("CREATE INDEX [IX_person_app_id] ON [sample].[person] ([app_id])").await;
    cluster.write("lean.json", &lean());
    cluster
}

fn replace(cluster: &Cluster, contract: &str, more: &[&str]) -> i64 {
    let args = ["submit", "-o", "json", "--replace", "--contract", contract];
    let all: Vec<&str> = args.into_iter().chain(more.iter().copied()).collect();
    cluster.client(&all).expect(0).json()["job"]["job"].as_i64().unwrap()
}

/// What a load by the contract alone makes of the same documents.
async fn loaded_by(contract: &str, apps: usize) -> Vec<Vec<Vec<String>>> {
    let cluster = cluster(Setup::small(apps)).await;
    let args = ["submit", "-o", "json", "--contract", contract];
    let job = cluster.client(&args).expect(0).json()["job"]["job"].as_i64().unwrap();
    cluster.wait_done(job).await;
    contents(&cluster).await
}

/// Columns changed, rows that a rule no longer takes, a table that only the old contract fills, and back again: a table
/// that only the new one fills. What belongs to others stays as it is.
#[tokio::test(flavor = "multi_thread")]
async fn a_mended_contract_leaves_what_it_would_have_loaded() {
    const APPS: usize = 60;
    let cluster = cluster(Setup { workers: 2, ..Setup::small(APPS) }).await;
    let synth =
        Synth::new(Options { seed: 7, first_id: 50_001, broken_permille: 0, padding_bytes: 0 });
    cluster.db.fill(&synth, Line::Loan, 20).await;
    let loans = cluster.client(&["submit", "-o", "json", "--contract", "loan.json"]).expect(0);
    cluster.wait_done(loans.json()["job"]["job"].as_i64().unwrap()).await;
    let others = contents(&cluster).await;
    let first = cluster.submit(&[]);
    cluster.wait_done(first).await;
    let full = contents(&cluster).await;

    let second = replace(&cluster, "lean.json", &[]);
    cluster.wait_done(second).await;
    let mut expected = loaded_by("lean.json", APPS).await;
    assert!(expected[3].is_empty() && !full[3].is_empty(), "jobs are gone");
    assert!(expected[2].len() < full[2].len(), "fewer addresses");
    for (expected, others) in expected.iter_mut().zip(others) {
        expected.extend(others);
    }
    assert_same(&contents(&cluster).await, &expected);
    let job = cluster.job(second);
    assert_eq!(
        (&job["mode"], &job["ok"], &job["failed"]),
        (&"replace".into(), &60.into(), &0.into())
    );

    let third = replace(&cluster, "card.json", &[]);
    cluster.wait_done(third).await;
    // The first load was by this very contract, but what it wrote is no longer there.
    assert_eq!(cluster.job(third)["ok"], 60);
    assert_same(&contents(&cluster).await, &full);
    cluster.assert_each_verified(&[first, second, third]);
    let rows = "SELECT COUNT_BIG(*) FROM [sample].[processing_log] WHERE [app_id] < 50000";
    assert_eq!(cluster.db.count(rows).await, 3 * 60, "each application once by each job");
}

/// Ten, then the rest: what the contract has written already is left alone, unless it is asked for.
#[tokio::test(flavor = "multi_thread")]
async fn first_a_few_and_then_the_rest() {
    let cluster = cluster(Setup::small(60)).await;
    let first = cluster.submit(&[]);
    cluster.wait_done(first).await;
    let nothing = cluster.client(&["submit", "--replace", "--contract", "card.json", "--wait"]);
    let nothing = nothing.expect(0);
    assert!(nothing.stderr.contains("--again"), "{nothing:?}");
    let ten = replace(&cluster, "lean.json", &["--limit", "10"]);
    cluster.wait_done(ten).await;
    let lean = "SELECT COUNT_BIG(*) FROM [sample].[card_process] WHERE [route] = 'LEAN'";
    assert_eq!(cluster.db.count(lean).await, 10);
    let rest = replace(&cluster, "lean.json", &[]);
    cluster.wait_done(rest).await;
    let (job, all) = (cluster.job(rest), cluster.db.count(lean).await);
    assert_eq!((job["ok"].as_i64(), job["total"].as_i64(), all), (Some(50), Some(50), 60));
    let again = replace(&cluster, "lean.json", &["--again", "--limit", "7"]);
    cluster.wait_done(again).await;
    assert_eq!(cluster.job(again)["ok"], 7);
    cluster.assert_each_verified(&[first, ten, rest, again]);
}

/// An application that fails under the new contract keeps its rows, and one that had none is logged as failed again.
#[tokio::test(flavor = "multi_thread")]
async fn who_fails_keeps_the_old_rows() {
    let cluster = cluster(Setup::small(60)).await;
    let ids = cluster
        .db
        .column("SELECT CAST([app_id] AS bigint) AS [app_id] FROM [sample].[card_application] ORDER BY [app_id]")
        .await;
    // Refused by the database at first.
    cluster.occupy(&ids[..2]).await;
    let first = cluster.submit(&["--max-failures", "100%"]);
    cluster.wait_done(first).await;
    assert_eq!(cluster.job(first)["failed"], 2);
    cluster.vacate(&ids[..1]).await;
    let before = contents(&cluster).await;
    // Another tool's table refers to some of the applications: they cannot be deleted.
    cluster
        .db
        .run("CREATE TABLE [sample].[note] ([app_id] int NOT NULL CONSTRAINT [PK_note] PRIMARY KEY CONSTRAINT [FK_note] REFERENCES [sample].[submission] ([app_id]))")
        .await;
    let noted = [ids[10], ids[20], ids[21]];
    for id in noted {
        cluster.db.run(&format!("INSERT INTO [sample].[note] ([app_id]) VALUES ({id})")).await;
    }
    let second = replace(&cluster, "lean.json", &["--max-failures", "100%"]);
    cluster.wait_done(second).await;
    let job = cluster.job(second);
    // The second one of those that were refused is refused again: its key is still taken.
    assert_eq!((job["ok"].as_i64(), job["failed"].as_i64()), (Some(56), Some(4)), "{job}");
    let kept = "SELECT [app_id] FROM [xmlx].[finding] WHERE [kind] = 'kept_old' ORDER BY [app_id]";
    assert_eq!(cluster.db.column(kept).await, noted);
    let reasons = "SELECT [reason] FROM [xmlx].[finding] WHERE [kind] = 'kept_old'";
    for row in cluster.db.texts(reasons).await {
        assert!(row[0].contains("constraint") && row[0].contains("FK_note"), "{row:?}");
    }
    let log = |id: i64| {
        format!(
            "SELECT CAST([status] AS nvarchar(20)) AS [s] FROM [sample].[processing_log] WHERE [app_id] = {id} ORDER BY [log_id]"
        )
    };
    assert_eq!(cluster.db.texts(&log(ids[0])).await, [["failed"], ["success"]]);
    assert_eq!(cluster.db.texts(&log(ids[1])).await, [["failed"], ["failed"]]);
    assert_eq!(cluster.db.texts(&log(noted[0])).await, [["success"]], "no row: it has not failed");
    let after = contents(&cluster).await;
    for id in noted.map(|id| id.to_string()) {
        let of = |contents: &[Vec<Vec<String>>]| -> Vec<Vec<String>> {
            [4, 5].iter().flat_map(|n| contents[*n].clone()).filter(|row| row[0] == id).collect()
        };
        assert_eq!(of(&after), of(&before), "{id} is as it was");
    }
    cluster.vacate(&ids[1..2]).await;
    cluster.assert_each_verified(&[second]);
    let failures = cluster.client(&["failures", &second.to_string()]).expect(0);
    assert!(failures.stdout.contains(&ids[1].to_string()), "{failures:?}");
    let verified = cluster.client(&["verify", &second.to_string()]).expect(0);
    assert!(verified.stdout.contains("constraint, old rows kept: 3"), "{verified:?}");
    // Once the notes are gone, a second submission takes those that were kept, and those alone.
    cluster.db.run("DELETE FROM [sample].[note]").await;
    let third = replace(&cluster, "lean.json", &[]);
    cluster.wait_done(third).await;
    assert_eq!(cluster.job(third)["ok"], 4);
    cluster.assert_each_verified(&[second, third]);
}

/// What would leave rows behind, or take those of others along, is refused at submission with the table's name.
#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_replaced_is_refused_at_submission() {
    let cluster = Cluster::start(Setup::small(20)).await;
    let first = cluster.submit(&[]);
    cluster.wait_done(first).await;
    cluster.write("lean.json", &lean());
    let refused = |says: &[&str]| {
        let answer = cluster.client(&["submit", "--replace", "--contract", "lean.json"]).expect(2);
        for part in says {
            assert!(answer.stderr.contains(part), "{part}: {answer:?}");
        }
    };
    refused(&["`person`", "CREATE INDEX [IX_replace] ON [sample].[person] ([app_id])"]);
    cluster.db.run("CREATE INDEX [IX_replace] ON [sample].[person] ([app_id])").await;
    cluster
        .db
        .run("CREATE TABLE [sample].[note] ([con_id] int NOT NULL CONSTRAINT [FK_note] REFERENCES [sample].[person] ([con_id]) ON DELETE CASCADE); \
             INSERT INTO [sample].[note] ([con_id]) SELECT TOP (1) [con_id] FROM [sample].[person] ORDER BY [con_id]")
        .await;
    refused(&["`[sample].[note]`", "`FK_note`", "`person`", "NO ACTION"]);
    cluster.db.run("DROP TABLE [sample].[note]").await;
    let both = cluster.client(&["submit", "--replace", "--follow", "--contract", "lean.json"]);
    assert_eq!(both.code, 64, "{both:?}");
    let replaced = replace(&cluster, "lean.json", &[]);
    cluster.wait_done(replaced).await;
    cluster.assert_each_verified(&[first, replaced]);
}

/// Neither another replace nor a retry may stand beside one.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_takes_the_same_stands_beside_it() {
    let cluster = cluster(Setup { workers: 0, ..Setup::small(20) }).await;
    cluster
        .db
        .run("INSERT INTO [sample].[processing_log] ([app_id], [status], [session_id]) SELECT [app_id], 'success', 'reference' FROM [sample].[card_application]")
        .await;
    let job = replace(&cluster, "lean.json", &[]);
    for args in [
        vec!["submit", "--replace", "--contract", "card.json"],
        vec!["submit", "--replace", "--again", "--contract", "card.json"],
        vec!["retry", "--contract", "card.json"],
    ] {
        let refused = cluster.client(&args).expect(2);
        assert!(refused.stderr.contains(&format!("job {job} ")), "{refused:?}");
    }
    let _ = cluster.client(&["submit", "--contract", "card.json"]).expect(0);
}

/// A worker that may not delete says which permission is missing.
#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_may_not_delete_says_so() {
    let mut cluster = cluster(Setup { workers: 0, ..Setup::small(20) }).await;
    let grants = cluster.client(&["grants", "--contract", "card.json"]).expect(0).stdout;
    assert!(!grants.contains("DELETE ON OBJECT::[sample]"), "{grants}");
    cluster.db.store().run_script(&grants).await.unwrap();
    let login = cluster.db.add_user("plain_worker").await;
    cluster.db.run("ALTER ROLE [xmlx_worker] ADD MEMBER [plain_worker]").await;
    cluster.add_worker_at(&login);
    let first = cluster.submit(&[]);
    cluster.wait_done(first).await;
    let second = replace(&cluster, "lean.json", &[]);
    cluster
        .wait_for("the job to fail", async |cluster| cluster.job(second)["state"] == "failed")
        .await;
    let reason = cluster.job(second)["reason"].as_str().unwrap().to_owned();
    assert!(reason.contains("it lacks DELETE on [sample].[card_operation]"), "{reason}");
    assert!(reason.contains("[sample].[person],") && reason.contains("--replace"), "{reason}");
    for contract in ["card.json", "lean.json"] {
        let grants = cluster.client(&["grants", "--contract", contract, "--replace"]).expect(0);
        cluster.db.store().run_script(&grants.stdout).await.unwrap();
    }
    cluster.dismiss_workers().await;
    cluster.add_worker_at(&login);
    let third = replace(&cluster, "lean.json", &[]);
    cluster.wait_done(third).await;
    assert_eq!(cluster.job(third)["ok"], 20);
    cluster.assert_each_verified(&[first, third]);
}

/// Applications that are neither as the full contract left them nor as the lean one does.
const MIXED: &str = "SELECT COUNT_BIG(*) AS [n] FROM [sample].[card_application] AS a WHERE \
    NOT EXISTS (SELECT 1 FROM [sample].[submission] AS s WHERE s.[app_id] = a.[app_id]) \
    OR NOT EXISTS (SELECT 1 FROM [sample].[card_process] AS p WHERE p.[app_id] = a.[app_id]) \
    OR EXISTS (SELECT 1 FROM [sample].[card_process] AS p WHERE p.[app_id] = a.[app_id] AND p.[route] = 'LEAN') \
        AND EXISTS (SELECT 1 FROM [sample].[person] AS c INNER JOIN [sample].[person_job] AS j ON j.[con_id] = c.[con_id] WHERE c.[app_id] = a.[app_id]) \
    OR NOT EXISTS (SELECT 1 FROM [sample].[card_process] AS p WHERE p.[app_id] = a.[app_id] AND p.[route] = 'LEAN') \
        AND EXISTS (SELECT 1 FROM [sample].[had_jobs] AS h WHERE h.[app_id] = a.[app_id]) \
        AND NOT EXISTS (SELECT 1 FROM [sample].[person] AS c INNER JOIN [sample].[person_job] AS j ON j.[con_id] = c.[con_id] WHERE c.[app_id] = a.[app_id])";

/// Workers and leaders are killed, answers are lost, and a reader sees each application wholly old or wholly new at
/// every moment; in the end each was replaced once. The whole of twenty runs: `XMLX_TEST_RUNS=20`.
#[tokio::test(flavor = "multi_thread")]
async fn every_application_is_wholly_old_or_wholly_new_under_kills() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    const APPS: usize = 200;
    let expected = loaded_by("lean.json", APPS).await;
    let n_runs = std::env::var("XMLX_TEST_RUNS").ok().and_then(|runs| runs.parse().ok());
    for seed in 1..=n_runs.unwrap_or(2) {
        run_under_kills(seed, APPS, &expected).await;
    }
}

#[expect(
    clippy::too_many_lines,
    clippy::print_stdout,
    reason = "one story, and figures for whoever runs it"
)]
async fn run_under_kills(seed: u64, apps: usize, expected: &[Vec<Vec<String>>]) {
    let setup = Setup { coordinators: 2, workers: 2, group_apps: 5, ..Setup::small(apps) };
    let mut cluster = cluster(setup).await;
    let first = cluster.submit(&[]);
    cluster.wait_done(first).await;
    cluster
        .db
        .run("CREATE TABLE [sample].[had_jobs] ([app_id] int NOT NULL CONSTRAINT [PK_had_jobs] PRIMARY KEY); \
             INSERT INTO [sample].[had_jobs] ([app_id]) SELECT DISTINCT c.[app_id] FROM [sample].[person] AS c INNER JOIN [sample].[person_job] AS j ON j.[con_id] = c.[con_id]")
        .await;
    assert_eq!(cluster.db.count(MIXED).await, 0, "wholly old");
    let mut chance = seed;
    let mut next = |n: u64| {
        chance =
            chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (chance >> 33) % n
    };
    cluster.db.faults().add("commit:1+:delay=30ms".parse().unwrap());
    let lost = [3 + next(10), 15 + next(10)];
    for (place, how) in lost.into_iter().zip(["drop-after", "drop-before"]) {
        cluster.db.faults().add(format!("commit:{place}:{how}").parse().unwrap());
    }
    let job = replace(&cluster, "lean.json", &[]);
    let replaced = "SELECT COUNT_BIG(*) FROM [sample].[card_process] WHERE [route] = 'LEAN'";
    let is_over = AtomicBool::new(false);
    let (mut n_polls, mut kills) = (0, Vec::new());
    let url = cluster.db.connection_string();
    let reader = async {
        while !is_over.load(Ordering::Relaxed) {
            let found = xmlx_tests::texts_at(
                &url,
                &MIXED.replace("COUNT_BIG(*)", "CAST(COUNT_BIG(*) AS nvarchar(20))"),
            )
            .await;
            assert_eq!(found, [["0"]], "seed {seed}");
            n_polls += 1;
        }
    };
    let killer = async {
        for step in 1..=4_i64 {
            let until = step * i64::try_from(apps / 6).unwrap();
            cluster
                .wait_for("applications to be replaced", async |cluster| {
                    cluster.db.count(replaced).await >= until
                })
                .await;
            tokio::time::sleep(Duration::from_millis(next(60))).await;
            if next(3) == 0 {
                kills.push("leader");
                let url = cluster.status()["leader"]["address"].as_str().unwrap().to_owned();
                let leader = cluster.coordinators.iter().position(|(known, _)| *known == url);
                cluster.restart_coordinator(leader.unwrap());
            } else {
                kills.push("worker");
                let last = cluster.workers.len() - 1;
                let victim = last - usize::try_from(next(2)).unwrap();
                cluster.workers[victim].kill();
                let dead = cluster.workers.remove(victim);
                drop(dead);
                cluster.add_worker();
            }
        }
        cluster.wait_done(job).await;
        is_over.store(true, Ordering::Relaxed);
    };
    tokio::join!(reader, killer);
    cluster.db.faults().clear();
    println!("seed {seed}: killed {}, {n_polls} looks of the reader", kills.join(", "));
    assert_same(&contents(&cluster).await, expected);
    let shown = cluster.job(job);
    assert_eq!(shown["ok"].as_i64(), i64::try_from(apps).ok(), "{shown}");
    let log = "SELECT COUNT_BIG(*) AS [n] FROM (SELECT [app_id] FROM [sample].[processing_log] WHERE [status] = 'success' GROUP BY [app_id] HAVING COUNT_BIG(*) = 2) AS t";
    assert_eq!(cluster.db.count(log).await, i64::try_from(apps).unwrap(), "once by each job");
    cluster.assert_each_verified(&[first, job]);
}

/// Documents in the place of others: those of decided applications are listed, and `--again` writes them again.
#[tokio::test(flavor = "multi_thread")]
async fn changed_documents_are_loaded_and_replaced() {
    let cluster = cluster(Setup::small(20)).await;
    let first = cluster.submit(&["--limit", "10"]);
    cluster.wait_done(first).await;
    let documents = cluster
        .db
        .texts("SELECT CAST([app_id] AS nvarchar(20)) AS [id], [app_XML] AS [x] FROM [sample].[application_xml] ORDER BY [app_id]")
        .await;
    std::fs::create_dir(cluster.folder().join("some")).unwrap();
    // One that is decided and one that is not change in case alone, which the collation does not see.
    for (n, row) in [&documents[4], &documents[5], &documents[15]].into_iter().enumerate() {
        let document =
            if n == 1 { row[1].clone() } else { row[1].replacen("W\"", "w\"", 1) + "\n" };
        cluster.write(&format!("some/{}.xml", row[0]), &document);
    }
    let left = cluster.client(&["load", "some", "--contract", "card.json"]).expect(0);
    assert!(left.stdout.contains("3 were there already"), "{left:?}");
    let loaded = cluster.client(&["load", "some", "--contract", "card.json", "--replace"]);
    let loaded = loaded.expect(0);
    assert!(loaded.stdout.contains("1 were there already, 2 replaced"), "{loaded:?}");
    let id = &documents[4][0];
    let hint = format!("submit --replace --again --contract card.json --from {id} --to {id}");
    assert!(loaded.stderr.contains(&hint), "{loaded:?}");
    let job = replace(&cluster, "card.json", &["--again", "--from", id, "--to", id]);
    cluster.wait_done(job).await;
    assert_eq!(cluster.job(job)["ok"], 1);
    cluster.assert_each_verified(&[job]);
}
