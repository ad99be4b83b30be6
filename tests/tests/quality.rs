//! What workers count of a load, against the tables that it went to.

#![allow(clippy::unwrap_used, reason = "tests panic where something does not hold")]

use xmlx_domain::JobId;
use xmlx_report::Report;
use xmlx_tests::{Cluster, Needs, Setup, skips_on_server};

async fn report(cluster: &Cluster, job: i64) -> Report {
    cluster.db.store().report(JobId(job)).await.unwrap().expect("the tables have a place for it")
}

/// Every count of the job's report is what a count over the tables says; the job has loaded all that is in them.
async fn assert_counted(cluster: &Cluster, job: i64) {
    let report = report(cluster, job).await;
    let shown = cluster.job(job);
    assert_eq!(report.ok, shown["ok"].as_u64().unwrap());
    assert_eq!(report.failed, shown["failed"].as_u64().unwrap());
    let mut rows = 0;
    for table in &report.tables {
        let name = format!("[sample].[{}]", table.name);
        let n_rows = cluster.db.count(&format!("SELECT COUNT_BIG(*) FROM {name}")).await;
        assert_eq!(i64::try_from(table.rows).unwrap(), n_rows, "{name}");
        rows += n_rows;
        for column in &table.columns {
            let quoted = format!("[{}]", column.name);
            let nulls = format!("SELECT COUNT_BIG(*) FROM {name} WHERE {quoted} IS NULL");
            let n_nulls = cluster.db.count(&nulls).await;
            assert_eq!(i64::try_from(column.nulls).unwrap(), n_nulls, "{name}.{quoted}");
            assert_eq!(column.values + column.nulls, table.rows, "{name}.{quoted}");
            assert!(column.defaults <= column.values, "{name}.{quoted}");
            let distinct =
                format!("SELECT DISTINCT {quoted} FROM {name} WHERE {quoted} IS NOT NULL");
            let n_distinct = cluster.db.n_rows(&distinct).await;
            // Text may differ in case alone, which the database takes for one.
            if n_distinct > 1 || column.one.is_some() {
                assert_eq!(column.one.is_some(), n_distinct == 1, "{name}.{quoted}");
            }
        }
        if let Some(per_parent) = &table.per_parent {
            assert_eq!(per_parent.parents_by_rows.iter().sum::<u64>(), per_parent.parents);
            assert!(per_parent.min * per_parent.parents <= table.rows, "{name}");
            assert!(per_parent.max * per_parent.parents >= table.rows, "{name}");
        }
    }
    assert!(rows > 0, "there are rows to count");
    assert_eq!(rows, shown["rows"].as_i64().unwrap());
}

/// Workers die, answers are lost, ranges are cut, applications fail: each row counts once.
#[tokio::test(flavor = "multi_thread")]
async fn counts_are_exact_whatever_goes_wrong() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    let flags = &["--lease-apps-first", "100"];
    let setup = Setup {
        workers: 3,
        group_apps: 5,
        broken_permille: 60,
        coordinator_flags: flags,
        ..Setup::small(600)
    };
    let mut cluster = Cluster::start(setup).await;
    for fault in ["commit:1+:delay=20ms", "commit:7:drop-after", "commit:19:drop-after"] {
        cluster.db.faults().add(fault.parse().unwrap());
    }
    let job = cluster.submit(&[]);
    cluster.wait_busy().await;
    for killed in 0..2 {
        cluster.workers[killed].kill();
        cluster.add_worker();
    }
    cluster.wait_done(job).await;
    cluster.assert_faults_fired();
    let shown = cluster.job(job);
    assert!(shown["leases_revoked"].as_i64().unwrap() > 0, "killed workers held leases");
    assert!(shown["failed"].as_i64().unwrap() > 0, "some fail");
    cluster.assert_verified(job).await;
    assert_counted(&cluster, job).await;
}

/// What stands out is shown first, text and JSON say the same, and a job is compared with the one before.
#[tokio::test(flavor = "multi_thread")]
async fn what_stands_out_is_shown_without_values() {
    let cluster = Cluster::start(Setup::small(120)).await;
    let first = cluster.submit(&["--limit", "60", "--wait"]).to_string();
    let second = cluster.submit(&["--wait"]).to_string();
    let shown = cluster.client(&["quality", &first, "--all", "-o", "json"]);
    let quality = shown.json();
    assert_eq!((&quality["counted_ok"], &quality["not_counted"]), (&60.into(), &0.into()));
    let findings = quality["findings"].as_array().unwrap();
    assert_eq!(quality["findings_total"], findings.len());
    assert_eq!(shown.code, i32::from(!findings.is_empty()));
    let columns = quality["columns"].as_array().unwrap();
    // Each column that stands out by NULLs is one that has nothing else.
    for finding in findings.iter().filter(|finding| finding["rule"] == "all_null") {
        let column = columns.iter().find(|column| {
            column["table"] == finding["table"] && column["column"] == finding["column"]
        });
        assert_eq!(column.unwrap()["values"], 0, "{finding}");
    }
    let text = cluster.client(&["quality", &first]).expect(shown.code).stdout;
    assert_eq!(text.lines().count(), findings.len() + 1, "{text}");
    // Two halves of one load differ by chance alone.
    let differences = |quality: &serde_json::Value| {
        let findings = quality["findings"].as_array().unwrap().iter();
        findings.filter(|finding| finding["differs"] == true).count()
    };
    let same = cluster.client(&["quality", &first, "--against", &first, "-o", "json"]).json();
    assert_eq!(differences(&same), 0);
    let other = cluster.client(&["quality", &second, "--against", &first, "-o", "json"]).json();
    assert_eq!(other["against"], 1);
    // `jobs` has it in one line.
    let jobs = cluster.client(&["jobs"]).expect(0).stdout;
    if !findings.is_empty() {
        assert!(jobs.contains(&format!("`xmlx-client quality {first}`")), "{jobs}");
    }
    let missing = cluster.client(&["quality", "99"]).expect(2);
    assert!(missing.stderr.contains("there is no job 99"), "{missing:?}");
}

/// A column that has more NULLs than it may pauses the job, which says which one, and goes on when told to.
#[tokio::test(flavor = "multi_thread")]
async fn a_threshold_pauses_the_job_and_resume_goes_on() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    let cluster = Cluster::start(Setup { group_apps: 5, ..Setup::small(700) }).await;
    let measured = cluster.submit(&["--limit", "100", "--wait"]).to_string();
    let quality = cluster.client(&["quality", &measured, "--all", "-o", "json"]).json();
    let columns = quality["columns"].as_array().unwrap();
    let is_known = |column: &&serde_json::Value| column["nulls"].as_i64() > Some(50);
    let column = columns.iter().find(is_known).expect("some column is mostly NULL");
    let name =
        format!("{}.{}", column["table"].as_str().unwrap(), column["column"].as_str().unwrap());
    cluster.db.faults().add("commit:1+:delay=80ms".parse().unwrap());
    let threshold = format!("null:{name}=10%");
    let job = cluster.submit(&[
        "--threshold",
        &threshold,
        "--threshold",
        "cut:person.middle_initial=100%",
    ]);
    let paused = async |more_than: i64| {
        cluster
            .wait_for("the job to pause", async |cluster| {
                let job = cluster.job(job);
                assert_ne!(job["state"], "done", "{job}");
                job["state"] == "paused" && job["ok"].as_i64().unwrap() > more_than
            })
            .await;
        cluster.job(job)
    };
    let first = paused(0).await;
    let reason = first["reason"].as_str().unwrap();
    assert!(reason.contains(&format!("have NULL in `{name}`")), "{reason}");
    assert!(reason.contains(&format!("`--threshold {threshold}` allows")), "{reason}");
    assert!(reason.contains(&format!("xmlx-client resume {job}")), "{reason}");
    let done = first["ok"].as_i64().unwrap();
    assert!(done < 500, "{first}");
    let _ = cluster.client(&["resume", &job.to_string()]).expect(0);
    let second = paused(done).await;
    assert!(second["ok"].as_i64().unwrap() >= done + 100, "a share counts once there are 100 rows");
    for (wrong, code, why) in [
        ("null:nothing.at_all=5%", 2, "has no column `nothing.at_all`"),
        ("none:card.a=5%", 64, "measures are null, default"),
    ] {
        let args = ["submit", "--contract", "card.json", "--threshold", wrong];
        let refused = cluster.client(&args).expect(code);
        assert!(refused.stderr.contains(why), "{refused:?}");
    }
}
