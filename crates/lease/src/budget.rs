//! Budgets: how many failures and warnings a job may have before it pauses, when it has used them up, and when that is
//! looked at.
//!
//! What a job has is read from the tables, where the commits count it. So a job exceeds its budget by no more than what
//! the cluster decides between two looks and until the pause has revoked every lease.

mod threshold;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use xmlx_domain::JobId;

pub use threshold::{Found, Measure, NoThreshold, Threshold, Watched};

/// Hundredths of a percent in all.
const ALL: u32 = 10_000;

/// The most that a job may have of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// So many applications.
    Number(i64),
    /// So many hundredths of a percent of the applications that are decided.
    Share(u32),
}

/// What is no limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoLimit(String);

impl fmt::Display for NoLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is neither a number of applications, such as 100, nor a share of them from 0% to 100%, such as 5% or 0.25%",
            self.0
        )
    }
}

impl std::error::Error for NoLimit {}

impl Limit {
    /// One in two.
    pub const HALF: Self = Self::Share(ALL / 2);
    /// Any number.
    pub const ALL: Self = Self::Share(ALL);

    /// Whether `n` of `decided` applications are more than that. A share of a few says nothing: it counts once
    /// `decided_min` are decided.
    #[must_use]
    pub fn is_exceeded(self, n: i64, decided: i64, decided_min: i64) -> bool {
        match self {
            Self::Number(max) => n > max,
            Self::Share(max) => {
                let (n, decided_all) = (i128::from(n), i128::from(decided));
                decided >= decided_min && n * i128::from(ALL) > decided_all * i128::from(max)
            }
        }
    }
}

impl FromStr for Limit {
    type Err = NoLimit;

    fn from_str(given: &str) -> Result<Self, NoLimit> {
        let none = || NoLimit(given.to_owned());
        let number = |digits: &str| {
            let is_plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            is_plain.then(|| digits.parse::<i64>().ok()).flatten().ok_or_else(none)
        };
        let Some(share) = given.strip_suffix('%') else { return number(given).map(Self::Number) };
        let (whole, part) = share.split_once('.').unwrap_or((share, "0"));
        if part.is_empty() || part.len() > 2 {
            return Err(none());
        }
        let hundredths = number(&format!("{part:0<2}"))?;
        let share = number(whole)?.checked_mul(100).and_then(|whole| whole.checked_add(hundredths));
        let share = share.and_then(|share| u32::try_from(share).ok()).filter(|share| *share <= ALL);
        share.map(Self::Share).ok_or_else(none)
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Number(max) => write!(f, "{max}"),
            Self::Share(max) if max % 100 == 0 => write!(f, "{}%", max / 100),
            Self::Share(max) if max % 10 == 0 => write!(f, "{}.{}%", max / 100, max % 100 / 10),
            Self::Share(max) => write!(f, "{}.{:02}%", max / 100, max % 100),
        }
    }
}

/// What a job may have before it pauses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Applications that fail.
    pub max_failures: Limit,
    /// Applications with warnings; `None`: any number.
    pub max_warnings: Option<Limit>,
}

impl Budget {
    /// As the database has it: both limits, the second one empty where there is none.
    #[must_use]
    pub fn columns(&self) -> (String, String) {
        let max_warnings = self.max_warnings.map(|limit| limit.to_string());
        (self.max_failures.to_string(), max_warnings.unwrap_or_default())
    }
}

/// What a job has of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Applications that are decided.
    pub decided: i64,
    /// Applications that failed.
    pub failed: i64,
    /// Applications with warnings.
    pub warned: i64,
}

impl Tally {
    /// What has come since `before`.
    #[must_use]
    pub fn since(self, before: Self) -> Self {
        Self {
            decided: self.decided - before.decided,
            failed: self.failed - before.failed,
            warned: self.warned - before.warned,
        }
    }
}

/// A job's budget and what has become of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account {
    /// The budget.
    pub budget: Budget,
    /// Applications that there are to decide, where counted.
    pub total: Option<i64>,
    /// What the job had when it was resumed after its budget was used up.
    pub before: Tally,
    /// What it has now.
    pub now: Tally,
}

/// A share counts once so many applications are decided; a job of fewer just ends.
const DECIDED_MIN: i64 = 100;
/// How often a job's budget is read.
const PAUSE: Duration = Duration::from_secs(1);
/// The same while the job is young: a cause that makes everything fail shows at once, and a fast cluster writes
/// thousands of failures in a second.
const PAUSE_YOUNG: Duration = Duration::from_millis(100);
/// A job is young until so many applications are decided.
const YOUNG: i64 = 2_000;
/// A budget is not read again before so many times as long as reading it took: adding up a job of many ranges must not
/// keep the database busy. At 50 it takes two percent of one connection.
const PAUSE_FACTOR: u32 = 50;
/// Where the database does not answer, the budget is read again after so long.
const PAUSE_AFTER_ERROR: Duration = Duration::from_secs(5);

/// A limit that is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spent {
    /// Of failures.
    Failures(Limit),
    /// Of warnings.
    Warnings(Limit),
}

impl Account {
    /// What the job has of its budget: what has come since it was last resumed because the budget was used up.
    #[must_use]
    pub fn had(&self) -> Tally {
        self.now.since(self.before)
    }

    /// Which limit is used up, failures first.
    ///
    /// ```
    /// use xmlx_lease::budget::{Account, Budget, Limit, Spent, Tally};
    ///
    /// let budget = Budget { max_failures: Limit::Number(3), max_warnings: None };
    /// let now = Tally { decided: 20, failed: 4, warned: 0 };
    /// let account = Account { budget, total: None, before: Tally::default(), now };
    /// assert_eq!(account.spent(), Some(Spent::Failures(Limit::Number(3))));
    /// ```
    #[must_use]
    pub fn spent(&self) -> Option<Spent> {
        let had = self.had();
        let exceeds = |limit: &Limit, n| limit.is_exceeded(n, had.decided, DECIDED_MIN);
        let failures = Some(self.budget.max_failures).filter(|limit| exceeds(limit, had.failed));
        let warnings = self.budget.max_warnings.filter(|limit| exceeds(limit, had.warned));
        failures.map(Spent::Failures).or(warnings.map(Spent::Warnings))
    }

    /// Which limit the job has to pause for: where nothing is left to do there is nothing to stop.
    #[must_use]
    pub fn pauses_for(&self) -> Option<Spent> {
        self.spent().filter(|_| !self.is_at_its_end())
    }

    /// The first threshold that the job has to pause for.
    #[must_use]
    pub fn pauses_for_column<'a>(&self, thresholds: &'a [Watched]) -> Option<&'a Watched> {
        thresholds.iter().find(|watched| watched.is_exceeded()).filter(|_| !self.is_at_its_end())
    }

    fn is_at_its_end(&self) -> bool {
        self.total.is_some_and(|total| self.now.decided >= total)
    }
}

impl Spent {
    /// Why the job is paused: what, what it was, and the way out. `details` come in between.
    #[must_use]
    pub fn reason(self, job: JobId, had: Tally, details: &str) -> String {
        let (n, what, limit, flag, list) = match self {
            Self::Failures(limit) => (had.failed, "failed", limit, "--max-failures", "failures"),
            Self::Warnings(limit) => {
                (had.warned, "have warnings", limit, "--max-warnings", "warnings")
            }
        };
        let decided = had.decided;
        format!(
            "{n} of {decided} applications {what}, more than `{flag} {limit}` allows{details}; `xmlx-client {list} {job}` lists them, `xmlx-client resume {job}` goes on and counts anew"
        )
    }
}

/// When which job's budget is read. Times are durations since the caller's clock began.
#[derive(Debug, Default)]
pub struct Schedule {
    under_way: BTreeSet<JobId>,
    due: BTreeMap<JobId, Duration>,
    /// Jobs without a budget: they were submitted to a release that had none.
    unlimited: BTreeSet<JobId>,
}

/// What came of reading a budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// So many applications are decided.
    Decided(i64),
    /// The job has no budget.
    Unlimited,
    /// The database did not answer.
    Failed,
}

impl Schedule {
    /// The jobs of `running` whose budgets are to be read now; they count as being read from then on.
    pub fn take_due(
        &mut self,
        running: impl IntoIterator<Item = JobId>,
        now: Duration,
    ) -> Vec<JobId> {
        let is_due = |job: &JobId| {
            !self.under_way.contains(job)
                && !self.unlimited.contains(job)
                && self.due.get(job).is_none_or(|due| *due <= now)
        };
        let jobs: Vec<JobId> = running.into_iter().filter(is_due).collect();
        self.under_way.extend(jobs.iter().copied());
        jobs
    }

    /// A budget has been read, which took so long.
    pub fn read(&mut self, job: JobId, reading: Reading, took: Duration, now: Duration) {
        self.under_way.remove(&job);
        let pause = match reading {
            Reading::Decided(decided) if decided < YOUNG => PAUSE_YOUNG.max(took * PAUSE_FACTOR),
            Reading::Decided(_) => PAUSE.max(took * PAUSE_FACTOR),
            Reading::Unlimited => {
                self.unlimited.insert(job);
                return;
            }
            Reading::Failed => PAUSE_AFTER_ERROR,
        };
        self.due.insert(job, now + pause);
    }

    /// The job has ended.
    pub fn forget(&mut self, job: JobId) {
        self.due.remove(&job);
        self.unlimited.remove(&job);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(decided: i64, failed: i64, warned: i64) -> Tally {
        Tally { decided, failed, warned }
    }

    fn account(before: Tally, now: Tally) -> Account {
        let budget = Budget { max_failures: Limit::HALF, max_warnings: Some(Limit::Number(7)) };
        Account { budget, total: None, before, now }
    }

    #[test]
    fn a_budget_is_used_up_since_the_job_was_resumed() {
        let none = Tally::default();
        let (failures, warnings) =
            (Some(Spent::Failures(Limit::HALF)), Some(Spent::Warnings(Limit::Number(7))));
        for (before, now, spent, why) in [
            (none, tally(99, 99, 0), None, "too few to tell"),
            (none, tally(100, 50, 0), None, "half, and no more"),
            (none, tally(100, 51, 0), failures, "more than half"),
            (tally(100, 51, 0), tally(199, 150, 0), None, "99 since then"),
            (tally(100, 51, 0), tally(200, 102, 0), failures, "51 of 100 since then"),
            (none, tally(20, 0, 7), None, "as many as allowed"),
            (none, tally(20, 0, 8), warnings, "a number counts at once"),
            (tally(20, 0, 8), tally(90, 0, 15), None, "7 since then"),
            (tally(20, 0, 8), tally(91, 0, 16), warnings, "8 since then"),
            (none, tally(200, 150, 100), failures, "failures come first"),
        ] {
            assert_eq!(account(before, now).spent(), spent, "{why}");
        }
    }

    #[test]
    fn a_job_without_warnings_allowed_for_has_no_limit_of_them() {
        let mut account = account(Tally::default(), tally(200, 0, 200));
        account.budget.max_warnings = None;
        assert_eq!(account.spent(), None);
    }

    #[test]
    fn a_job_at_its_end_is_not_paused() {
        let mut account = account(Tally::default(), tally(100, 100, 0));
        for (total, pauses) in
            [(None, true), (Some(101), true), (Some(100), false), (Some(99), false)]
        {
            account.total = total;
            assert_eq!(account.pauses_for().is_some(), pauses, "{total:?}");
        }
    }

    #[test]
    fn a_reason_names_the_way_out() {
        let details = ": mapping 70, validation 4; most often (65): mapping: no `ID`";
        assert_eq!(
            Spent::Failures(Limit::HALF).reason(JobId(3), tally(120, 74, 0), details),
            "74 of 120 applications failed, more than `--max-failures 50%` allows: mapping 70, validation 4; most often (65): mapping: no `ID`; `xmlx-client failures 3` lists them, `xmlx-client resume 3` goes on and counts anew"
        );
        assert_eq!(
            Spent::Warnings(Limit::Number(7)).reason(JobId(4), tally(20, 0, 8), ""),
            "8 of 20 applications have warnings, more than `--max-warnings 7` allows; `xmlx-client warnings 4` lists them, `xmlx-client resume 4` goes on and counts anew"
        );
    }

    #[test]
    fn budgets_are_read_soon_while_a_job_is_young_and_never_back_to_back() {
        let ms = Duration::from_millis;
        for (reading, took, pause) in [
            (Reading::Decided(0), ms(1), ms(100)),
            (Reading::Decided(1_999), ms(2), ms(100)),
            (Reading::Decided(1_999), ms(3), ms(150)),
            (Reading::Decided(2_000), ms(1), ms(1_000)),
            (Reading::Decided(2_000), ms(100), ms(5_000)),
            (Reading::Failed, ms(60_000), ms(5_000)),
        ] {
            let (mut schedule, job) = (Schedule::default(), JobId(1));
            assert_eq!(schedule.take_due([job], ms(10)), [job], "a new job is read at once");
            assert_eq!(schedule.take_due([job], ms(10)), [], "it is being read");
            schedule.read(job, reading, took, ms(10));
            assert_eq!(schedule.take_due([job], ms(9) + pause), [], "{reading:?}");
            assert_eq!(schedule.take_due([job], ms(10) + pause), [job], "{reading:?}");
        }
    }

    #[test]
    fn budgets_are_kept_as_text() {
        let max_failures = Limit::Number(3);
        let columns = |max_warnings| Budget { max_failures, max_warnings }.columns();
        assert_eq!(columns(None), ("3".to_owned(), String::new()));
        assert_eq!(columns(Some(Limit::HALF)), ("3".to_owned(), "50%".to_owned()));
        let refused = "many".parse::<Limit>().expect_err("no limit").to_string();
        assert!(refused.starts_with("`many` is neither a number of applications"), "{refused}");
    }

    #[test]
    fn only_what_has_come_since_counts() {
        let had = tally(10, 5, 3).since(tally(4, 2, 1));
        assert_eq!(had, tally(6, 3, 2));
    }

    #[test]
    fn a_job_without_a_budget_is_read_once() {
        let (mut schedule, job) = (Schedule::default(), JobId(1));
        assert_eq!(schedule.take_due([job], Duration::ZERO), [job]);
        schedule.read(job, Reading::Unlimited, Duration::ZERO, Duration::ZERO);
        assert_eq!(schedule.take_due([job], Duration::MAX), []);
        schedule.forget(job);
        assert_eq!(schedule.take_due([job], Duration::ZERO), [job], "nothing is kept of it");
    }

    #[test]
    fn limits_are_numbers_or_shares() {
        for (given, limit) in [
            ("0", Limit::Number(0)),
            ("250", Limit::Number(250)),
            ("0%", Limit::Share(0)),
            ("50%", Limit::Share(5_000)),
            ("0.25%", Limit::Share(25)),
            ("12.5%", Limit::Share(1_250)),
            ("0.05%", Limit::Share(5)),
            ("100%", Limit::Share(10_000)),
        ] {
            assert_eq!(given.parse(), Ok(limit));
            assert_eq!(limit.to_string(), given);
        }
        for given in
            ["", "%", "-1", "+1", "1.5", "101%", "100.01%", "1.%", "1.234%", "x%", "5 %", "٣"]
        {
            assert_eq!(given.parse::<Limit>(), Err(NoLimit(given.to_owned())), "{given}");
        }
    }

    #[test]
    fn a_share_counts_once_enough_are_decided() {
        let half = Limit::Share(5_000);
        assert!(!half.is_exceeded(99, 99, 100));
        assert!(half.is_exceeded(51, 100, 100));
        assert!(!half.is_exceeded(50, 100, 100), "more than half");
        assert!(!Limit::Share(10_000).is_exceeded(500, 500, 100), "100% switches it off");
        assert!(Limit::Share(0).is_exceeded(1, 100, 100));
        assert!(Limit::Number(0).is_exceeded(1, 1, 100));
        assert!(!Limit::Number(3).is_exceeded(3, 1_000, 100));
        assert!(half.is_exceeded(i64::MAX, i64::MAX, 100), "no overflow");
    }
}
