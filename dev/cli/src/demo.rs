//! `demo`: a cluster of real processes loads invented applications while a worker and the leader are
//! killed, and the result is verified.

mod faults;
mod processes;
mod progress;
pub(crate) mod samples;
mod summary;

use std::time::Duration;

use anyhow::{Context as _, bail};
use xmlx_client::Cluster;
use xmlx_client::commands::{self, submit};
use xmlx_client::output::{self, Answer, Format};
use xmlx_client::view::{Job, Status};
use xmlx_proto::v1 as pb;
use xmlx_runtime::Clock;

use crate::cli::Demo;
use crate::ready;
use faults::Killing;
use processes::Processes;
use progress::Progress;

/// Coordinators in the cluster.
const COORDINATORS: usize = 2;
/// How often the cluster is looked at.
const POLL_INTERVAL: Duration = Duration::from_millis(50);
/// Commits that a small demo takes at least.
const COMMITS: u64 = 400;
/// A demo that does not get on for so long has failed.
const STALLED: Duration = Duration::from_secs(60);

pub(crate) async fn run(args: Demo, format: Format) -> anyhow::Result<Answer> {
    if args.apps == 0 || args.workers == 0 {
        bail!("`--apps` and `--workers` must be at least 1");
    }
    if args.workers == 1 && !args.no_faults {
        bail!(
            "with one worker nobody is left when it is killed; use `--workers 2` or `--no-faults`"
        );
    }
    let mut processes = Processes::start().await?;
    let outcome = drive(&args, format, &mut processes).await;
    if !matches!(outcome, Ok(Answer::Yes)) {
        processes.keep_logs();
    }
    if args.keep && outcome.is_ok() {
        output::note(&format!(
            "still running until Ctrl-C; try `xmlx-client status` after:\n{}",
            processes.secured().variables(&processes.coordinator_urls().join(","))
        ));
        tokio::signal::ctrl_c().await?;
    }
    processes.stop().await;
    outcome
}

async fn drive(args: &Demo, format: Format, processes: &mut Processes) -> anyhow::Result<Answer> {
    let store = commands::store_at(processes.database(), None)?;
    output::note(&format!(
        "1 database, {COORDINATORS} coordinators, {} workers; logs in {}",
        args.workers,
        processes.logs().display()
    ));
    samples::create(&store).await?;
    processes.join(COORDINATORS, args.workers, group_apps(args.apps))?;
    let mut loading = Progress::loading(args.apps);
    samples::fill(&store, args.apps, args.seed, &mut |n| loading.loaded(n)).await?;
    loading.finish();
    let urls = processes.coordinator_urls();
    let n_workers = usize::try_from(args.workers).unwrap_or(usize::MAX);
    let cluster = Cluster::new(urls.clone(), processes.secured().proof()?);
    let waited = ready::wait(&cluster, &urls, n_workers, || processes.check()).await;
    waited.with_context(|| format!("see the logs in `{}`", processes.logs().display()))?;
    let clock = Clock::start();
    for (line, contract) in xmlx_samples::contracts() {
        let request = pb::SubmitRequest {
            submit_key: uuid::Uuid::new_v4().to_string(),
            name: line.name().to_owned(),
            contract: contract.to_owned(),
            mode: pb::JobMode::Once.into(),
            from_app_id: None,
            to_app_id: None,
            limit: None,
            priority: 0,
            problems_max: 100,
            max_failures: String::new(),
            max_warnings: String::new(),
            thresholds: Vec::new(),
            of_job: None,
            new_contract: String::new(),
        };
        submit::submit(&cluster, &request).await?;
    }
    let mut killing = Killing::new(!args.no_faults);
    let status = watch(&cluster, processes, &mut killing, args.apps).await?;
    let elapsed = clock.now();
    let verified = summary::verify(&cluster, &status.jobs).await?;
    summary::show(format, args, &status.jobs, &verified, elapsed, &killing)
}

/// Applications in one commit: so few that there is time to kill somebody on the way.
fn group_apps(apps: u64) -> u64 {
    (apps / COMMITS).clamp(1, 100)
}

/// Looks at the cluster until all jobs have ended, and kills what is to be killed on the way.
async fn watch(
    cluster: &Cluster,
    processes: &mut Processes,
    killing: &mut Killing,
    apps: u64,
) -> anyhow::Result<Status> {
    let clock = Clock::start();
    let mut progress = Progress::running(apps);
    let (mut seen, mut seen_at) = (0, clock.now());
    loop {
        let status = commands::status::fetch(cluster).await?;
        let decided: i64 = status.jobs.iter().map(|job| job.ok + job.failed).sum();
        progress.show(&status, decided, killing);
        if !status.jobs.is_empty() && status.jobs.iter().all(Job::has_ended) {
            progress.finish();
            return Ok(status);
        }
        if decided > seen {
            (seen, seen_at) = (decided, clock.now());
        } else if clock.now().saturating_sub(seen_at) > STALLED {
            bail!(
                "nothing was committed for {STALLED:?}; see the logs in `{}`",
                processes.logs().display()
            );
        }
        let done = u64::try_from(decided).unwrap_or(0);
        killing
            .proceed(done * 100 / apps, &status, processes)
            .await
            .context("cannot kill a process")?;
        tokio::time::sleep(POLL_INTERVAL).await;
    }
}
