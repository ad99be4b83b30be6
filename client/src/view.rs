//! What users see of the protocol's messages: the JSON that scripts rely on, and table rows.

mod cluster;
mod failures;
mod quality;
mod runs;

use serde::{Serialize, Serializer};
use xmlx_domain::{JobState, Mode};
use xmlx_proto::v1 as pb;

use crate::output::thousands;

pub use cluster::{Leader, Status, Worker};
pub(crate) use failures::{Failure, FailureGroup, FailureGroups};
pub(crate) use quality::{ColumnQuality, Quality, QualityFinding, TableQuality};

pub(crate) use runs::Run;

/// A job.
#[derive(Debug, Serialize)]
pub struct Job {
    pub job: i64,
    pub(crate) name: String,
    /// `None`: one that this build does not know.
    #[serde(serialize_with = "word")]
    pub(crate) state: Option<JobState>,
    pub reason: String,
    #[serde(serialize_with = "word")]
    mode: Option<Mode>,
    priority: i32,
    from: i64,
    to: i64,
    pub(crate) total: Option<i64>,
    /// The share of its scope that it takes; `None`: it takes no sample.
    pub(crate) sample: Option<String>,
    /// How many applications were listed for it; `None`: it has no list.
    pub(crate) listed: Option<i64>,
    /// How long ago the counts were read, where they could not be read again in time.
    #[serde(skip_serializing_if = "Option::is_none")]
    counts_age_ms: Option<u64>,
    pub ok: i64,
    pub failed: i64,
    /// Applications with warnings.
    pub(crate) warned: i64,
    warnings: i64,
    pub rows: i64,
    ranges_pending: i64,
    ranges_leased: i64,
    ranges_done: i64,
    pub leases_revoked: i64,
    /// `None`: any number.
    max_failures: Option<String>,
    max_warnings: Option<String>,
    /// What columns may have before it pauses; shown where one job is asked for.
    thresholds: Vec<String>,
    /// How many tables and columns stand out in what it has written; `None`: not known.
    standing_out: Option<u32>,
    contract_hash: String,
    created_at: String,
    finished_at: Option<String>,
}

impl Job {
    pub(crate) const HEADER: [&'static str; 11] = [
        "JOB", "NAME", "STATE", "DONE", "TOTAL", "FAILED", "WARNED", "ROWS", "RANGES", "LIMITS",
        "REASON",
    ];

    pub(crate) fn row(&self) -> Vec<String> {
        vec![
            self.job.to_string(),
            self.name.clone(),
            self.state_word().to_owned(),
            (self.ok + self.failed).to_string(),
            self.total_of_part(),
            self.failed.to_string(),
            self.warned.to_string(),
            self.rows.to_string(),
            format!("{}/{}/{}", self.ranges_pending, self.ranges_leased, self.ranges_done),
            self.limits(),
            self.remark(),
        ]
    }

    /// How many applications it takes, and which part of its scope that is.
    fn total_of_part(&self) -> String {
        let total = self.total.map_or_else(|| "counting".to_owned(), |total| total.to_string());
        match (&self.sample, self.listed) {
            (Some(sample), _) => format!("{total} ({sample})"),
            (None, Some(_)) => format!("{total} (listed)"),
            (None, None) => total,
        }
    }

    /// Which part of its scope it takes, for reports; `None`: all of it.
    pub(crate) fn part(&self) -> Option<String> {
        let n = thousands(self.total.unwrap_or(self.ok + self.failed));
        match (&self.sample, self.listed) {
            (Some(sample), _) => {
                let share = sample.trim_end_matches('%');
                Some(format!(
                    "a sample: {share} % of the range, {n} applications; the others were not looked at"
                ))
            }
            (None, Some(listed)) => Some(format!(
                "{} applications that were listed; the others were not looked at",
                thousands(listed)
            )),
            (None, None) => None,
        }
    }

    pub(crate) fn has_thresholds(&self) -> bool {
        !self.thresholds.is_empty()
    }

    pub(crate) fn has_limits(&self) -> bool {
        self.max_failures.is_some()
    }

    /// Why it is in its state and how old its counts are, or else what stands out in what it has written.
    fn remark(&self) -> String {
        let age = self.counts_age_ms.map(|age| {
            let seconds = age.div_ceil(1_000);
            format!("counts of {seconds} s ago: a commit holds their rows")
        });
        let reason = Some(&self.reason).filter(|reason| !reason.is_empty()).cloned();
        let said: Vec<String> = reason.into_iter().chain(age).collect();
        match self.standing_out {
            Some(n) if n > 0 && said.is_empty() => {
                format!("{n} things stand out: `xmlx-client quality {}`", self.job)
            }
            Some(_) | None => said.join("; "),
        }
    }

    /// What it may have before it pauses.
    fn limits(&self) -> String {
        let failures = self.max_failures.iter().map(|limit| format!("failures {limit}"));
        let warnings = self.max_warnings.iter().map(|limit| format!("warnings {limit}"));
        failures.chain(warnings).collect::<Vec<_>>().join(", ")
    }

    /// Whether nothing more can happen to it.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.state.is_some_and(|state| !state.is_open())
    }

    /// Whether it compares the rows of another job.
    pub(crate) fn is_reconciliation(&self) -> bool {
        self.mode == Some(Mode::Reconcile)
    }

    /// Whether it counts what its documents have.
    pub(crate) fn covers(&self) -> bool {
        self.mode.is_some_and(Mode::covers)
    }

    /// Whether all of its applications are decided.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.state == Some(JobState::Done)
    }

    /// Its state as a word for people.
    #[must_use]
    pub fn state_word(&self) -> &'static str {
        self.state.map_or(UNKNOWN, JobState::as_str)
    }
}

impl From<pb::Job> for Job {
    fn from(job: pb::Job) -> Self {
        Self {
            job: job.job_id,
            state: job.state().try_into().ok(),
            mode: job.mode().try_into().ok(),
            priority: job.priority,
            name: job.name,
            reason: job.reason,
            from: job.scope_lo,
            to: job.scope_hi.saturating_sub(1),
            total: job.total,
            sample: Some(job.sample).filter(|text| !text.is_empty()),
            listed: job.listed,
            counts_age_ms: job.counts_age_ms,
            ok: job.done_ok,
            failed: job.done_failed,
            warned: job.warned,
            warnings: job.warnings,
            rows: job.rows_written,
            ranges_pending: job.ranges_pending,
            ranges_leased: job.ranges_leased,
            ranges_done: job.ranges_done,
            leases_revoked: job.leases_revoked,
            max_failures: Some(job.max_failures).filter(|text| !text.is_empty()),
            max_warnings: Some(job.max_warnings).filter(|text| !text.is_empty()),
            thresholds: job.thresholds,
            standing_out: job.standing_out,
            contract_hash: job.contract_hash,
            created_at: job.created_at,
            finished_at: Some(job.finished_at).filter(|text| !text.is_empty()),
        }
    }
}

/// Stands for a word of a coordinator that is newer than this build.
const UNKNOWN: &str = "unknown";

fn word<S: Serializer>(word: &Option<impl AsRef<str>>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(word.as_ref().map_or(UNKNOWN, AsRef::as_ref))
}

/// What came of a request.
pub(crate) fn outcome_name(outcome: pb::Outcome) -> &'static str {
    match outcome {
        pb::Outcome::Unspecified => "unknown",
        pb::Outcome::Accepted => "accepted",
        pb::Outcome::AlreadySo => "already so",
    }
}

/// A range.
#[derive(Debug, Serialize)]
pub(crate) struct Range {
    range: i64,
    from: i64,
    to: i64,
    state: String,
    epoch: i64,
    owner_session: Option<String>,
    committed_through: i64,
    ok: i64,
    failed: i64,
    rows: i64,
}

impl Range {
    pub(crate) const HEADER: [&'static str; 9] =
        ["RANGE", "FROM", "TO", "STATE", "EPOCH", "COMMITTED", "OK", "FAILED", "OWNER"];

    pub(crate) fn row(&self) -> Vec<String> {
        vec![
            self.range.to_string(),
            self.from.to_string(),
            self.to.to_string(),
            self.state.clone(),
            self.epoch.to_string(),
            self.committed_through.to_string(),
            self.ok.to_string(),
            self.failed.to_string(),
            self.owner_session.clone().unwrap_or_default(),
        ]
    }
}

impl From<pb::Range> for Range {
    fn from(range: pb::Range) -> Self {
        Self {
            range: range.range_id,
            from: range.lo,
            to: range.hi.saturating_sub(1),
            state: range.state,
            epoch: range.epoch,
            owner_session: Some(range.owner_session).filter(|text| !text.is_empty()),
            committed_through: range.committed_through,
            ok: range.done_ok,
            failed: range.done_failed,
            rows: range.rows_written,
        }
    }
}

/// Failures of one stage.
#[derive(Debug, Serialize)]
pub struct Stage {
    pub stage: String,
    pub count: i64,
}

impl From<pb::StageCount> for Stage {
    fn from(stage: pb::StageCount) -> Self {
        Self { stage: stage.stage, count: stage.count }
    }
}

/// Warnings of one column and kind.
#[derive(Debug, Serialize)]
pub(crate) struct WarningCount {
    pub(crate) table: String,
    /// `None`: they are about rows as a whole.
    column: Option<String>,
    pub(crate) kind: String,
    pub(crate) meaning: String,
    applications: i64,
    warnings: i64,
    /// A few of the applications.
    app_ids: Vec<i64>,
}

impl WarningCount {
    pub(crate) const HEADER: [&'static str; 6] =
        ["TABLE", "COLUMN", "KIND", "APPLICATIONS", "WARNINGS", "SUCH AS"];

    pub(crate) fn row(&self) -> Vec<String> {
        let ids: Vec<String> = self.app_ids.iter().map(ToString::to_string).collect();
        vec![
            self.table.clone(),
            self.column.clone().unwrap_or_else(|| "(row)".to_owned()),
            self.kind.clone(),
            self.applications.to_string(),
            self.warnings.to_string(),
            ids.join(", "),
        ]
    }
}

impl From<pb::WarningCount> for WarningCount {
    fn from(count: pb::WarningCount) -> Self {
        Self {
            table: count.table,
            column: Some(count.column).filter(|text| !text.is_empty()),
            kind: count.kind,
            meaning: count.meaning,
            applications: count.applications,
            warnings: count.warnings,
            app_ids: count.app_ids,
        }
    }
}

/// What `verify` found.
#[derive(Debug, Serialize)]
pub struct Verification {
    pub holds: bool,
    pub checks: Vec<Check>,
    pub failures_by_stage: Vec<Stage>,
    pub(crate) left_out: i64,
    /// `None`: nothing is left to do.
    pub(crate) waiting: Option<i64>,
}

/// One check.
#[derive(Debug, Serialize)]
pub struct Check {
    pub check: String,
    pub holds: bool,
    pub violations: i64,
    pub detail: String,
}

impl Verification {
    /// Violations of the check of that name.
    #[must_use]
    pub fn violations(&self, check: &str) -> i64 {
        let found = self.checks.iter().find(|found| found.check == check);
        found.map_or(0, |found| found.violations)
    }
}

impl From<pb::VerifyResponse> for Verification {
    fn from(response: pb::VerifyResponse) -> Self {
        let check = |check: pb::Check| Check {
            check: check.name,
            holds: check.holds,
            violations: check.violations,
            detail: check.detail,
        };
        Self {
            holds: response.holds,
            checks: response.checks.into_iter().map(check).collect(),
            failures_by_stage: response.stages.into_iter().map(Into::into).collect(),
            left_out: response.left_out,
            waiting: response.waiting,
        }
    }
}

#[cfg(test)]
mod tests;
