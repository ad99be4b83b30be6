//! What the demo shows at the end.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use xmlx_client::Cluster;
use xmlx_client::commands::verify::verify as verify_job;
use xmlx_client::output::{self, Answer, Format};
use xmlx_client::view::{Job, Verification};
use xmlx_proto::v1 as pb;

use crate::cli::Demo;
use crate::demo::faults::Killing;

/// The demo's figures, summed over its jobs.
#[derive(Debug, Serialize)]
struct Summary {
    apps: i64,
    succeeded: i64,
    failed: i64,
    rows: i64,
    seconds: f64,
    apps_per_second: f64,
    failures_by_stage: BTreeMap<String, i64>,
    leases_revoked: i64,
    repeated: i64,
    lost: i64,
    faults_fired: bool,
    verified: bool,
}

pub(crate) async fn verify(cluster: &Cluster, jobs: &[Job]) -> anyhow::Result<Vec<Verification>> {
    let mut found = Vec::with_capacity(jobs.len());
    for job in jobs {
        let request = pb::VerifyRequest { job_id: job.job, history: true };
        found.push(verify_job(cluster, request).await?);
    }
    Ok(found)
}

pub(crate) fn show(
    format: Format,
    args: &Demo,
    jobs: &[Job],
    verified: &[Verification],
    elapsed: Duration,
    killing: &Killing,
) -> anyhow::Result<Answer> {
    let summary = summary_of(jobs, verified, elapsed, killing);
    let everything = i64::try_from(args.apps).is_ok_and(|apps| apps == summary.apps);
    // A few applications may be loaded before anybody can be killed: that is said below, and no failure.
    let holds = summary.verified && everything && jobs.iter().all(Job::is_done);
    match format {
        Format::Json => output::json(&summary)?,
        Format::Table => print(&summary)?,
    }
    for check in verified.iter().flat_map(|job| &job.checks).filter(|check| !check.holds) {
        output::note(&format!(
            "does not hold: {} ({} violations, {})",
            check.check, check.violations, check.detail
        ));
    }
    for job in jobs.iter().filter(|job| !job.is_done()) {
        output::note(&format!("job {} is {}: {}", job.job, job.state_word(), job.reason));
    }
    if !everything {
        output::note(&format!(
            "{} applications were generated, {} decided",
            args.apps, summary.apps
        ));
    }
    if !summary.faults_fired {
        output::note(
            "all was loaded before everything that was to be killed could be; use a larger `--apps`",
        );
    }
    Ok(Answer::from(holds))
}

fn summary_of(
    jobs: &[Job],
    verified: &[Verification],
    elapsed: Duration,
    killing: &Killing,
) -> Summary {
    let sum = |of: fn(&Job) -> i64| jobs.iter().map(of).sum::<i64>();
    let violations = |check: &str| verified.iter().map(|job| job.violations(check)).sum::<i64>();
    let apps = sum(|job| job.ok + job.failed);
    let mut failures_by_stage = BTreeMap::new();
    for stage in verified.iter().flat_map(|job| &job.failures_by_stage) {
        *failures_by_stage.entry(stage.stage.clone()).or_insert(0) += stage.count;
    }
    #[allow(clippy::cast_precision_loss, reason = "a rate needs no 53 bits")]
    let apps_per_second = apps as f64 / elapsed.as_secs_f64();
    Summary {
        apps,
        succeeded: sum(|job| job.ok),
        failed: sum(|job| job.failed),
        rows: sum(|job| job.rows),
        seconds: elapsed.as_secs_f64(),
        apps_per_second,
        failures_by_stage,
        leases_revoked: sum(|job| job.leases_revoked),
        repeated: violations("no application is repeated"),
        lost: violations("no application is lost"),
        faults_fired: killing.all_fired(),
        verified: verified.iter().all(|job| job.holds),
    }
}

fn print(summary: &Summary) -> anyhow::Result<()> {
    let stages: Vec<String> =
        summary.failures_by_stage.iter().map(|(stage, n)| format!("{stage} {n}")).collect();
    let lines = [
        (
            "applications",
            format!(
                "{} ({} succeeded, {} failed)",
                summary.apps, summary.succeeded, summary.failed
            ),
        ),
        ("rows", summary.rows.to_string()),
        (
            "time",
            format!("{:.1} s, {:.0} applications/s", summary.seconds, summary.apps_per_second),
        ),
        ("failures", if stages.is_empty() { "none".to_owned() } else { stages.join(", ") }),
        ("leases revoked", summary.leases_revoked.to_string()),
        ("repeated", summary.repeated.to_string()),
        ("lost", summary.lost.to_string()),
        ("verified", if summary.verified { "yes" } else { "NO" }.to_owned()),
    ];
    for (name, value) in lines {
        output::line(&format!("{name:<15} {value}"))?;
    }
    Ok(())
}
