//! `submit`, and what every command does that submits.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use xmlx_domain::JobState;
use xmlx_proto::{MESSAGE_BYTES_MAX, v1 as pb};

use super::{contract_text, inspect, rehearsal};
use crate::cli::{JobArgs, Submit, Wait};
use crate::cluster::{self, Cluster, Patience};
use crate::output::{self, Answer, Format};
use crate::view::{Job, outcome_name};

/// How often `--wait` asks for the job: often enough that a small job seems to end at once.
const POLL: Duration = Duration::from_millis(500);

/// Problems of a contract that are listed; more than that nobody reads at once.
pub(super) const PROBLEMS_MAX: u32 = 100;

/// A message has a largest size, and all of a request beside the contract is far below 64 KiB.
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
) -> anyhow::Result<Answer> {
    let contract = contract_text(&args.contract)?;
    let asked = (args.contract.as_slice(), &args.args);
    run_job(cluster, format, asked, Kind::New, contract).await
}

/// Submits a job and waits for it, where that is asked for.
pub(super) async fn run_job(
    cluster: &Cluster,
    format: Format,
    asked: (&[PathBuf], &JobArgs),
    kind: Kind,
    contract: String,
) -> anyhow::Result<Answer> {
    let request = request(asked, kind, contract, uuid::Uuid::new_v4().to_string())?;
    let (_, args) = asked;
    let submitted = match &args.sample {
        None => submit(cluster, &request).await?,
        Some(sample) => {
            let part = pb::SubmitPartRequest {
                submit: Some(request.clone()),
                sample: sample.clone(),
                ..pb::SubmitPartRequest::default()
            };
            submit_part(cluster, &part).await?
        }
    };
    if let Some(n) = submitted.decided {
        output::note(&match &args.sample {
            None => nothing_waits(request.mode(), n),
            Some(sample) => {
                format!(
                    "nothing waits: none of the {n} applications of the sample of {sample} does"
                )
            }
        });
    }
    if let Some(found) = &submitted.coverage {
        output::note(&covered(found));
    }
    follow_up(cluster, format, args, submitted).await
}

/// What follows a submission.
pub(super) async fn follow_up(
    cluster: &Cluster,
    format: Format,
    args: &JobArgs,
    submitted: Submitted,
) -> anyhow::Result<Answer> {
    let Submitted { outcome, job, .. } = submitted;
    if (args.max_failures.is_some() || args.max_warnings.is_some()) && !job.has_limits() {
        output::note(
            "warning: the coordinator or the control tables are of an older release: the job has no limits of failures and warnings",
        );
    }
    if !args.threshold.is_empty() && !job.has_thresholds() {
        output::note(
            "warning: the coordinator is of an older release: the job has no thresholds of columns",
        );
    }
    let Some(until) = args.wait else {
        show(format, outcome, &job)?;
        return Ok(Answer::Yes);
    };
    output::note(&format!("job {} {}", job.job, outcome_name(outcome)));
    let job = wait(cluster, job.job, until).await?;
    if args.dry_run {
        return rehearsal::run(cluster, format, job.job).await;
    }
    show(format, outcome, &job)?;
    Ok(answer(&job))
}

/// What to ask of a coordinator. `submit_key` is one per command: whatever is repeated on the way, one job is made.
pub(super) fn request(
    (files, args): (&[PathBuf], &JobArgs),
    kind: Kind,
    contract: String,
    submit_key: String,
) -> anyhow::Result<pb::SubmitRequest> {
    let mode = match (kind, args.follow) {
        (Kind::Retry, true) => {
            anyhow::bail!("`retry` takes what has failed by now; it does not follow")
        }
        (Kind::Retry, false) if args.dry_run => {
            anyhow::bail!(
                "`retry` has no `--dry-run`; `submit --dry-run` rehearses what has no decision yet"
            )
        }
        (Kind::Retry, false) if args.replace => {
            anyhow::bail!(
                "`retry` takes what has failed; `submit --replace` takes whatever is decided"
            )
        }
        (Kind::Retry, false) => pb::JobMode::Retry,
        (Kind::New, _) if args.dry_run => pb::JobMode::Rehearse,
        (Kind::New, _) if args.again => pb::JobMode::ReplaceAll,
        (Kind::New, _) if args.replace => pb::JobMode::Replace,
        (Kind::New, true) => pb::JobMode::Follow,
        (Kind::New, false) => pb::JobMode::Once,
    };
    let stem = |path: &PathBuf| path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let stems: Vec<String> = files.iter().filter_map(stem).collect();
    Ok(pb::SubmitRequest {
        submit_key,
        name: args.name.clone().unwrap_or_else(|| stems.join("+")),
        contract,
        mode: mode.into(),
        from_app_id: args.from,
        to_app_id: args.to,
        limit: args.limit,
        priority: args.priority,
        problems_max: PROBLEMS_MAX,
        max_failures: args.max_failures.clone().unwrap_or_default(),
        max_warnings: args.max_warnings.clone().unwrap_or_default(),
        thresholds: args.threshold.clone(),
        of_job: None,
        new_contract: String::new(),
    })
}

/// What became of a submission.
#[derive(Debug)]
pub struct Submitted {
    outcome: pb::Outcome,
    pub(super) job: Job,
    /// Nothing waits for the job: how many applications of its scope are decided.
    decided: Option<i64>,
    /// What is known of the contract and documents.
    coverage: Option<pb::CoverageOfJob>,
}

/// What an earlier job has seen of documents by the same contract.
fn covered(found: &pb::CoverageOfJob) -> String {
    let pb::CoverageOfJob { job_id, paths, paths_read, paths_unread, .. } = found;
    format!(
        "coverage of job {job_id}: {paths_read} of {paths} paths read, {} ignored by name, {paths_unread} by nobody; {} mappings never matched (`xmlx-client coverage {job_id}`)",
        found.paths_ignored, found.mappings_never_matched
    )
}

/// Why a job has nothing to do.
fn nothing_waits(mode: pb::JobMode, n_decided: i64) -> String {
    match mode {
        pb::JobMode::Replace => format!(
            "nothing waits: of the {n_decided} applications of the scope none is decided, or this very contract wrote all that are; `--again` takes those, too"
        ),
        pb::JobMode::ReplaceAll => {
            format!("nothing waits: none of the {n_decided} applications of the scope is decided")
        }
        pb::JobMode::Unspecified
        | pb::JobMode::Once
        | pb::JobMode::Follow
        | pb::JobMode::Rehearse
        | pb::JobMode::Reconcile
        | pb::JobMode::Cover
        | pb::JobMode::Diff => format!(
            "nothing waits: all {n_decided} applications of the scope are decided already; `xmlx-client retry` takes those that failed"
        ),
        pb::JobMode::Retry => {
            format!("nothing waits: none of the {n_decided} applications of the scope has failed")
        }
    }
}

/// Whether a job ended well. One in which every application failed did not, although it is `done`.
fn answer(job: &Job) -> Answer {
    Answer::from(job.is_done() && (job.ok > 0 || job.failed == 0))
}

/// Whether there is nothing more to wait for.
fn is_over(job: &Job, until: Wait) -> bool {
    match until {
        Wait::UntilEnded => job.has_ended(),
        Wait::UntilPaused => job.has_ended() || job.state == Some(JobState::Paused),
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
    submitted(response)
}

/// Submits a job that takes a part of its scope. A coordinator of a release that knows no parts refuses the call.
pub(super) async fn submit_part(
    cluster: &Cluster,
    request: &pb::SubmitPartRequest,
) -> anyhow::Result<Submitted> {
    let submit = async |channel| cluster::jobs(channel).submit_part(request.clone()).await;
    let response = cluster.call(Patience::LONG, submit).await?;
    submitted(response.submitted.unwrap_or_default())
}

/// # Errors
/// What is wrong with the contract, where the coordinator took it to be invalid.
pub(super) fn refuse_problems(response: &pb::SubmitResponse) -> anyhow::Result<()> {
    anyhow::ensure!(response.problems.is_empty(), problems(response));
    Ok(())
}

/// # Errors
/// As [`refuse_problems`].
fn submitted(response: pb::SubmitResponse) -> anyhow::Result<Submitted> {
    refuse_problems(&response)?;
    let outcome = response.outcome();
    let job = response.job.context("the coordinator did not say which job it made")?;
    Ok(Submitted {
        outcome,
        job: job.into(),
        decided: response.decided,
        coverage: response.coverage,
    })
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

pub(super) async fn wait(cluster: &Cluster, job_id: i64, until: Wait) -> anyhow::Result<Job> {
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
        tokio::time::sleep(POLL).await;
    }
}

/// One line on how far a job is. Where it waits for an operator, the line says so, and why.
fn progress(job: &Job) -> String {
    let total = job.total.map_or_else(|| "?".to_owned(), |total| total.to_string());
    let line = format!("{}/{total} applications, {} failed", job.ok + job.failed, job.failed);
    match (job.state, job.reason.as_str()) {
        (Some(JobState::Running), "") => line,
        (Some(JobState::Running), reason) => format!("{line}: {reason}"),
        (Some(JobState::Paused), reason) => {
            let reason = if reason.is_empty() { "no reason given" } else { reason };
            format!("{line}, paused: {reason}; it goes on with `xmlx-client resume {}`", job.job)
        }
        (_, "") => format!("{line}, {}", job.state_word()),
        (_, reason) => format!("{line}, {}: {reason}", job.state_word()),
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
    use clap::Parser as _;

    use super::*;
    use crate::cli::{Cli, Command};

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
    fn progress_says_why_nothing_moves() {
        let job = |state: pb::JobState, total, reason: &str| {
            let reason = reason.to_owned();
            let job =
                pb::Job { job_id: 7, state: state.into(), total, reason, ..Default::default() };
            progress(&pb::Job { done_ok: 3, done_failed: 1, ..job }.into())
        };
        for (state, total, reason, expected) in [
            (pb::JobState::Running, Some(10), "", "4/10 applications, 1 failed"),
            (pb::JobState::Running, None, "", "4/? applications, 1 failed"),
            (pb::JobState::Running, Some(10), "held up", "4/10 applications, 1 failed: held up"),
            (
                pb::JobState::Paused,
                Some(10),
                "",
                "4/10 applications, 1 failed, paused: no reason given; it goes on with `xmlx-client resume 7`",
            ),
            (pb::JobState::Done, Some(4), "", "4/4 applications, 1 failed, done"),
            (pb::JobState::Failed, Some(9), "gone", "4/9 applications, 1 failed, failed: gone"),
        ] {
            assert_eq!(job(state, total, reason), expected);
        }
    }

    fn args(line: &[&str]) -> Submit {
        let line = ["xmlx-client", "submit", "--contract", "a/card.json"].iter().chain(line);
        let Some(Command::Submit(args)) = Cli::try_parse_from(line).unwrap().command else {
            panic!("not a submission")
        };
        args
    }

    #[test]
    fn a_request_says_what_was_asked_for() {
        let ask = |line: &[&str], kind| {
            let args = args(line);
            let asked = (args.contract.as_slice(), &args.args);
            request(asked, kind, "{}".to_owned(), "key".to_owned()).unwrap()
        };
        let plain = pb::SubmitRequest {
            submit_key: "key".to_owned(),
            name: "card".to_owned(),
            contract: "{}".to_owned(),
            mode: pb::JobMode::Once.into(),
            problems_max: 100,
            ..Default::default()
        };
        assert_eq!(ask(&[], Kind::New), plain);
        let retry = pb::SubmitRequest { mode: pb::JobMode::Retry.into(), ..plain.clone() };
        assert_eq!(ask(&[], Kind::Retry), retry);
        let follow = pb::SubmitRequest { mode: pb::JobMode::Follow.into(), ..plain.clone() };
        assert_eq!(ask(&["--follow"], Kind::New), follow);
        for (line, mode) in [
            (&["--replace"][..], pb::JobMode::Replace),
            (&["--replace", "--again"], pb::JobMode::ReplaceAll),
        ] {
            let replace = pb::SubmitRequest { mode: mode.into(), ..plain.clone() };
            assert_eq!(ask(line, Kind::New), replace);
        }
        let rehearsal = pb::SubmitRequest { mode: pb::JobMode::Rehearse.into(), ..plain.clone() };
        assert_eq!(ask(&["--dry-run"], Kind::New), rehearsal);
        let scope = ["--from", "-5", "--to", "9", "--limit", "3", "--priority", "-1"];
        let scoped = pb::SubmitRequest {
            from_app_id: Some(-5),
            to_app_id: Some(9),
            limit: Some(3),
            priority: -1,
            ..plain.clone()
        };
        assert_eq!(ask(&scope, Kind::New), scoped);
        let limits = ["--max-failures", "5%", "--max-warnings", "10", "--name", "x"];
        let limited = pb::SubmitRequest {
            name: "x".to_owned(),
            max_failures: "5%".to_owned(),
            max_warnings: "10".to_owned(),
            ..plain.clone()
        };
        assert_eq!(ask(&limits, Kind::New), limited);
        let thresholds = ["--threshold", "null:a.b=5%", "--threshold", "cut:a.c=0"];
        let watched = pb::SubmitRequest {
            thresholds: vec!["null:a.b=5%".to_owned(), "cut:a.c=0".to_owned()],
            ..plain.clone()
        };
        assert_eq!(ask(&thresholds, Kind::New), watched);
        let two = pb::SubmitRequest { name: "card+loan".to_owned(), ..plain };
        assert_eq!(ask(&["--contract", "loan.json"], Kind::New), two);
        let args = args(&["--follow"]).args;
        let refused = request((&[], &args), Kind::Retry, String::new(), String::new());
        assert!(refused.unwrap_err().to_string().contains("does not follow"));
    }

    #[test]
    fn a_refused_contract_is_an_error_with_every_problem() {
        let problems = vec!["a: missing".to_owned(), "b: unknown".to_owned()];
        let refused = "the contract is invalid".to_owned();
        let response =
            pb::SubmitResponse { problems, refused, problems_total: 5, ..Default::default() };
        assert_eq!(
            submitted(response.clone()).unwrap_err().to_string(),
            "the contract is invalid:\n  a: missing\n  b: unknown\n  ... and 3 more; `xmlx-client check` lists them all"
        );
        let all = pb::SubmitResponse { problems_total: 2, ..response };
        assert!(!submitted(all).unwrap_err().to_string().contains("more"));
        let silent = submitted(pb::SubmitResponse::default()).unwrap_err().to_string();
        assert!(silent.contains("which job it made"), "{silent}");
        let job = Some(pb::Job { job_id: 7, ..Default::default() });
        let outcome = pb::Outcome::AlreadySo.into();
        let taken =
            submitted(pb::SubmitResponse { job, outcome, decided: Some(3), ..Default::default() });
        let Submitted { job, outcome, decided, .. } = taken.unwrap();
        assert_eq!((job.job, outcome, decided), (7, pb::Outcome::AlreadySo, Some(3)));
    }

    #[test]
    fn a_job_with_nothing_to_do_says_why() {
        let new = nothing_waits(pb::JobMode::Once, 12);
        assert!(new.contains("all 12 applications") && new.contains("xmlx-client retry"), "{new}");
        for mode in [pb::JobMode::Retry, pb::JobMode::ReplaceAll] {
            assert!(nothing_waits(mode, 12).contains("none of the 12 applications"));
        }
        assert!(nothing_waits(pb::JobMode::Replace, 12).contains("--again"));
    }

    #[test]
    fn what_is_known_of_the_contract_is_one_line() {
        let found = pb::CoverageOfJob {
            job_id: 12,
            documents: 400,
            paths: 218,
            paths_read: 200,
            paths_ignored: 5,
            paths_unread: 13,
            mappings_never_matched: 1,
        };
        let expected = "coverage of job 12: 200 of 218 paths read, 5 ignored by name, 13 by nobody; 1 mappings never matched (`xmlx-client coverage 12`)";
        assert_eq!(covered(&found), expected);
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
