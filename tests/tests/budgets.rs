//! A job that has more failures or warnings than it may have pauses, says why, and goes on when it is told to.

#![allow(clippy::unwrap_used, reason = "tests panic where something does not hold")]

use serde_json::Value;
use xmlx_tests::{Cluster, Needs, Setup, skips_on_server};

/// Waits until the job is paused and says more than how many there are.
async fn wait_paused(cluster: &Cluster, job: i64, word: &str) -> Value {
    cluster
        .wait_for("the job to pause", async |cluster| {
            let job = cluster.job(job);
            assert_ne!(job["state"], "done", "{job}");
            job["state"] == "paused" && job["reason"].as_str().unwrap().contains(word)
        })
        .await;
    cluster.job(job)
}

fn number(job: &Value, name: &str) -> i64 {
    job[name].as_i64().unwrap()
}

/// Whatever is wrong, it is the same with all of them: the job stops after a few, says which, and can be told to go on.
#[tokio::test(flavor = "multi_thread")]
async fn a_job_in_which_most_fail_pauses_by_itself() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    const APPS: usize = 1_500;
    let setup = Setup { coordinators: 2, workers: 0, broken_permille: 1_000, ..Setup::small(APPS) };
    let mut cluster = Cluster::start(setup).await;
    cluster.db.faults().add("commit:1+:delay=100ms".parse().unwrap());
    let job = cluster.submit(&[]);
    // Whoever leads looks at it.
    let term = cluster.term().await;
    cluster.leader().kill();
    cluster.wait_term_after(term).await;
    for _ in 0..2 {
        cluster.add_worker();
    }
    let paused = wait_paused(&cluster, job, "most often").await;
    let reason = paused["reason"].as_str().unwrap();
    for part in ["more than `--max-failures 50%` allows: validation ", "xmlx-client failures 1"] {
        assert!(reason.contains(part), "{reason}");
    }
    let failed = number(&paused, "failed");
    assert!((51..=600).contains(&failed), "{failed} of {APPS} failed before the job paused");
    assert_eq!(paused["max_failures"], "50%");
    let jobs = cluster.client(&["jobs"]).expect(0).stdout;
    assert!(jobs.contains("failures 50%"), "{jobs}");

    // It goes on from there, and stops again: the cause is still there.
    let _ = cluster.client(&["resume", &job.to_string()]).expect(0);
    cluster
        .wait_for("more to be decided", async |cluster| {
            number(&cluster.job(job), "failed") > failed
        })
        .await;
    let again = wait_paused(&cluster, job, "most often").await;
    let decided = |it: &Value| number(it, "ok") + number(it, "failed");
    assert!(decided(&again) >= decided(&paused) + 100, "a share counts once 100 are decided");
    cluster.assert_history_holds(job);
}

/// A number is a number however few are decided; `resume` begins anew, and the next number pauses again.
#[tokio::test(flavor = "multi_thread")]
async fn a_number_of_failures_pauses_and_resume_goes_on() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    let setup = Setup { broken_permille: 300, group_apps: 5, ..Setup::small(400) };
    let cluster = Cluster::start(setup).await;
    cluster.db.faults().add("commit:1+:delay=50ms".parse().unwrap());
    let job = cluster.submit(&["--max-failures", "4"]);
    let paused = wait_paused(&cluster, job, "`--max-failures 4` allows").await;
    assert!(number(&paused, "failed") >= 5 && number(&paused, "ok") < 300, "{paused}");
    let _ = cluster.client(&["resume", &job.to_string()]).expect(0);
    cluster
        .wait_for("more to fail", async |cluster| {
            number(&cluster.job(job), "failed") > number(&paused, "failed")
        })
        .await;
    let again = wait_paused(&cluster, job, "`--max-failures 4` allows").await;
    assert!(number(&again, "failed") >= number(&paused, "failed") + 5, "{again}");
    let _ = cluster.client(&["resume", &job.to_string()]).expect(0);
    let _ = cluster.client(&["cancel", &job.to_string()]).expect(0);
    assert_eq!(cluster.job(job)["state"], "cancelled");
}

/// The same of warnings, whose reason names columns.
#[tokio::test(flavor = "multi_thread")]
async fn warnings_pause_a_job_that_asked_for_it() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    let setup = Setup { broken_permille: 600, group_apps: 5, ..Setup::small(500) };
    let cluster = Cluster::start(setup).await;
    cluster.db.faults().add("commit:1+:delay=50ms".parse().unwrap());
    let limits = ["--max-failures", "100%", "--max-warnings", "3%"];
    let job = cluster.submit(&limits);
    let paused = wait_paused(&cluster, job, "most often `").await;
    let reason = paused["reason"].as_str().unwrap();
    assert!(reason.contains("have warnings, more than `--max-warnings 3%` allows"), "{reason}");
    assert!(reason.contains("xmlx-client warnings 1"), "{reason}");
    assert!(number(&paused, "ok") + number(&paused, "failed") < 400, "{paused}");
    assert_eq!((&paused["max_failures"], &paused["max_warnings"]), (&"100%".into(), &"3%".into()));
}

/// `100%` switches the default off; a job of fewer than 100 just ends.
#[tokio::test(flavor = "multi_thread")]
async fn a_job_may_be_let_fail() {
    let setup = Setup { broken_permille: 1_000, ..Setup::small(220) };
    let cluster = Cluster::start(setup).await;
    let few = cluster.submit(&["--limit", "90"]);
    cluster.wait_done(few).await;
    let job = cluster.submit(&["--max-failures", "100%"]);
    cluster.wait_done(job).await;
    let failed = number(&cluster.job(few), "failed") + number(&cluster.job(job), "failed");
    assert!(failed > 150, "{failed}");
    let wrong = cluster.client(&["submit", "--contract", "card.json", "--max-failures", "half"]);
    assert_eq!(wrong.code, 64, "{wrong:?}");
    assert!(wrong.stderr.contains("`half` is neither a number of applications"), "{wrong:?}");
}
