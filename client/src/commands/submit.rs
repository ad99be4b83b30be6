//! `submit` and `retry`.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use xmlx_proto::{MESSAGE_BYTES_MAX, v1 as pb};

use super::{contract_text, inspect};
use crate::cli::{Submit, Wait};
use crate::cluster::{self, Cluster, Patience};
use crate::output::{self, Answer, Format};
use crate::view::{Job, outcome_name};

/// How often `--wait` looks.
const LOOK: Duration = Duration::from_millis(500);

/// More problems of a contract than anybody reads at once.
const PROBLEMS_MAX: u32 = 100;

/// The rest of a request is small.
const CONTRACT_BYTES_MAX: usize = MESSAGE_BYTES_MAX - 64 * 1024;

/// Which applications the job takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Those without a decision.
    New,
    /// Those that failed.
    Retry,
}

pub(crate) async fn run(
    cluster: &Cluster,
    format: Format,
    args: &Submit,
    kind: Kind,
) -> anyhow::Result<Answer> {
    let stem = |it: &PathBuf| it.file_stem().map(|it| it.to_string_lossy().into_owned());
    let names: Vec<String> = args.contract.iter().filter_map(stem).collect();
    let mode = match (kind, args.follow) {
        (Kind::Retry, false) => pb::JobMode::Retry,
        (Kind::Retry, true) => {
            anyhow::bail!("`retry` takes what has failed by now; it does not follow")
        }
        (Kind::New, true) => pb::JobMode::Follow,
        (Kind::New, false) => pb::JobMode::Once,
    };
    let request = pb::SubmitRequest {
        // One key per command: whatever is repeated on the way, one job arises.
        submit_key: uuid::Uuid::new_v4().to_string(),
        name: args.name.clone().unwrap_or_else(|| names.join("+")),
        contract: contract_text(&args.contract)?,
        mode: mode.into(),
        from_app_id: args.from,
        to_app_id: args.to,
        limit: args.limit,
        priority: args.priority,
        problems_max: PROBLEMS_MAX,
        max_failures: args.max_failures.clone().unwrap_or_default(),
        max_warnings: args.max_warnings.clone().unwrap_or_default(),
    };
    let Submitted { outcome, job, decided } = submit(cluster, &request).await?;
    if (args.max_failures.is_some() || args.max_warnings.is_some()) && !job.has_limits() {
        output::note(
            "warning: the coordinator or the control tables are of an older release: the job has no limits of failures and warnings",
        );
    }
    if let Some(n) = decided {
        output::note(&nothing_waits(kind, n));
    }
    let Some(until) = args.wait else {
        show(format, outcome, &job)?;
        return Ok(Answer::Yes);
    };
    output::note(&format!("job {} {}", job.job, outcome_name(outcome)));
    let job = wait(cluster, job.job, until).await?;
    show(format, outcome, &job)?;
    Ok(answer(&job))
}

/// What became of a submission.
#[derive(Debug)]
pub struct Submitted {
    outcome: pb::Outcome,
    job: Job,
    /// Nothing waits for the job: how many applications of its scope are decided.
    decided: Option<i64>,
}

/// A job that does nothing needs a word of why.
fn nothing_waits(kind: Kind, n_decided: i64) -> String {
    match kind {
        Kind::New => format!(
            "nothing waits: all {n_decided} applications of the scope are decided already; `xmlx-client retry` takes those that failed"
        ),
        Kind::Retry => {
            format!("nothing waits: none of the {n_decided} applications of the scope has failed")
        }
    }
}

/// Whether a job that is waited for no longer came to what was wanted: one in which everything failed did not.
fn answer(job: &Job) -> Answer {
    Answer::from(job.state == "done" && (job.ok > 0 || job.failed == 0))
}

/// Whether there is nothing more to wait for.
fn is_over(job: &Job, until: Wait) -> bool {
    match until {
        Wait::UntilEnded => job.has_ended(),
        Wait::UntilPaused => job.has_ended() || job.state == "paused",
    }
}

/// Submits; the same request again finds the same job.
pub async fn submit(cluster: &Cluster, request: &pb::SubmitRequest) -> anyhow::Result<Submitted> {
    let bytes = request.contract.len();
    anyhow::ensure!(
        bytes <= CONTRACT_BYTES_MAX,
        "the contract has {bytes} bytes, and a coordinator takes no more than {CONTRACT_BYTES_MAX}"
    );
    let response = cluster
        .call(Patience::LONG, async |channel| cluster::jobs(channel).submit(request.clone()).await)
        .await?;
    anyhow::ensure!(response.problems.is_empty(), problems(&response));
    let outcome = response.outcome();
    let job = response.job.context("the coordinator did not say which job it made")?;
    Ok(Submitted { outcome, job: job.into(), decided: response.decided })
}

/// What is wrong with the contract, a line each.
fn problems(response: &pb::SubmitResponse) -> String {
    let mut text = format!("{}:", response.refused);
    for problem in &response.problems {
        text.push_str("\n  ");
        text.push_str(problem);
    }
    let shown = u32::try_from(response.problems.len()).unwrap_or(u32::MAX);
    let more = response.problems_total.saturating_sub(shown);
    if more > 0 {
        text.push_str(&format!("\n  ... and {more} more; `xmlx-client check` lists them all"));
    }
    text
}

async fn wait(cluster: &Cluster, job_id: i64, until: Wait) -> anyhow::Result<Job> {
    let mut shown = String::new();
    loop {
        let job = inspect::job(cluster, job_id).await?;
        let job = job.with_context(|| format!("job {job_id} is gone"))?;
        let line = progress(&job);
        if line != shown {
            output::note(&line);
            shown = line;
        }
        if is_over(&job, until) {
            return Ok(job);
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// A job that waits for an operator says so, and why.
fn progress(job: &Job) -> String {
    let total = job.total.map_or_else(|| "?".to_owned(), |it| it.to_string());
    let line = format!("{}/{total} applications, {} failed", job.ok + job.failed, job.failed);
    match (job.state, job.reason.as_str()) {
        ("running", "") => line,
        ("running", reason) => format!("{line}: {reason}"),
        ("paused", reason) => {
            let reason = if reason.is_empty() { "no reason given" } else { reason };
            format!("{line}, paused: {reason}; it goes on with `xmlx-client resume {}`", job.job)
        }
        (state, "") => format!("{line}, {state}"),
        (state, reason) => format!("{line}, {state}: {reason}"),
    }
}

fn show(format: Format, outcome: pb::Outcome, job: &Job) -> anyhow::Result<()> {
    match format {
        Format::Json => {
            output::json(&serde_json::json!({ "outcome": outcome_name(outcome), "job": job }))
        }
        Format::Table => output::table(&Job::HEADER, vec![job.row()]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(state: pb::JobState, done_ok: i64, done_failed: i64) -> Job {
        let (job_id, reason) = (7, "by an operator".to_owned());
        let total = Some(10);
        let state = state.into();
        pb::Job { job_id, state, reason, total, done_ok, done_failed, ..Default::default() }.into()
    }

    #[test]
    fn a_job_in_which_everything_failed_is_no_success() {
        for (state, ok, failed, expected) in [
            (pb::JobState::Done, 3, 0, Answer::Yes),
            (pb::JobState::Done, 1, 2, Answer::Yes),
            (pb::JobState::Done, 0, 3, Answer::No),
            // Nothing waited.
            (pb::JobState::Done, 0, 0, Answer::Yes),
            (pb::JobState::Failed, 3, 0, Answer::No),
            (pb::JobState::Cancelled, 3, 0, Answer::No),
            (pb::JobState::Paused, 3, 0, Answer::No),
        ] {
            assert_eq!(answer(&job(state, ok, failed)), expected, "{state:?} {ok} {failed}");
        }
    }

    #[test]
    fn a_pause_ends_the_wait_of_whoever_said_so() {
        let [running, paused, done] =
            [pb::JobState::Running, pb::JobState::Paused, pb::JobState::Done]
                .map(|state| job(state, 0, 0));
        let over = |until| [&running, &paused, &done].map(|job| is_over(job, until));
        assert_eq!(over(Wait::UntilEnded), [false, false, true]);
        assert_eq!(over(Wait::UntilPaused), [false, true, true]);
        let told = progress(&paused);
        assert!(told.contains("paused: by an operator") && told.contains("resume 7"), "{told}");
    }
}
