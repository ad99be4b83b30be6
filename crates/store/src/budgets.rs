//! Budgets: how many failures and warnings a job may have before it pauses, and how many it has.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use xmlx_domain::JobId;

use crate::connection::{Row, column, optional};
use crate::schema::EXTRAS_SINCE;
use crate::{Error, Leadership, Store, statements};

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
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is neither a number of applications, such as 100, nor a share of them from 0% to 100%, such as 5% or 0.25%"
)]
pub struct NoLimit(String);

impl Limit {
    /// One in two.
    pub const HALF: Self = Self::Share(ALL / 2);

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
            let is_plain = !digits.is_empty() && digits.bytes().all(|it| it.is_ascii_digit());
            is_plain.then(|| digits.parse::<i64>().ok()).flatten().ok_or_else(none)
        };
        let Some(share) = given.strip_suffix('%') else { return number(given).map(Self::Number) };
        let (whole, part) = share.split_once('.').unwrap_or((share, "0"));
        if part.is_empty() || part.len() > 2 {
            return Err(none());
        }
        let hundredths = number(&format!("{part:0<2}"))?;
        let share = number(whole)?.checked_mul(100).and_then(|it| it.checked_add(hundredths));
        let share = share.and_then(|it| u32::try_from(it).ok()).filter(|it| *it <= ALL);
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
    /// As the database has it.
    pub(crate) fn columns(&self) -> (String, String) {
        let max_warnings = self.max_warnings.map(|it| it.to_string());
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

/// What is shown of a job's warnings and budget.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Warned {
    /// Applications with warnings.
    pub applications: i64,
    /// Warnings.
    pub warnings: i64,
    /// `None`: submitted to a release that had none.
    pub budget: Option<Budget>,
}

impl Store {
    /// A job's budget, and what it has of it. `None`: it has no budget.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn account(&self, job_id: JobId) -> Result<Option<Account>, Error> {
        const IT: &str = "job_account";
        if !self.has_schema(EXTRAS_SINCE).await? {
            return Ok(None);
        }
        let rows = self.run(statements::JOB_ACCOUNT, &[&job_id.0]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let (ok, failed): (i64, i64) =
            (column(row, "done_ok", IT)?, column(row, "done_failed", IT)?);
        let Some(budget) = budget(row, IT)? else { return Ok(None) };
        Ok(Some(Account {
            budget,
            total: optional(row, "total", IT)?,
            before: Tally {
                decided: column(row, "decided_before", IT)?,
                failed: column(row, "failed_before", IT)?,
                warned: column(row, "warned_before", IT)?,
            },
            now: Tally { decided: ok + failed, failed, warned: column(row, "warned", IT)? },
        }))
    }

    /// A job's budget begins again: what it has by now does not count.
    ///
    /// # Errors
    /// [`Error::Deposed`].
    pub async fn renew_budget(
        &self,
        leader: &Leadership,
        job_id: JobId,
        now: Tally,
    ) -> Result<(), Error> {
        let params: [&dyn tiberius::ToSql; 6] =
            [&leader.term.0, &job_id.0, &now.decided, &now.failed, &now.warned, &leader.holder];
        self.run(statements::JOB_BUDGET_RENEW, &params).await?;
        Ok(())
    }

    /// Warnings and budgets of all jobs, or of one. Empty where the control tables have no place for them yet.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn warned(&self, job_id: Option<JobId>) -> Result<BTreeMap<JobId, Warned>, Error> {
        const IT: &str = "jobs_warned";
        let mut all: BTreeMap<JobId, Warned> = BTreeMap::new();
        if !self.has_schema(EXTRAS_SINCE).await? {
            return Ok(all);
        }
        for row in &self.run(statements::JOBS_WARNED, &[&job_id.map_or(0, |job| job.0)]).await? {
            let warned = Warned {
                applications: column(row, "applications", IT)?,
                warnings: column(row, "warnings", IT)?,
                budget: budget(row, IT)?,
            };
            all.insert(JobId(column(row, "job_id", IT)?), warned);
        }
        Ok(all)
    }
}

/// `None`: the job was submitted to a release that had no budgets.
fn budget(row: &Row, statement: &'static str) -> Result<Option<Budget>, Error> {
    let limit = |name| {
        let given = optional::<&str>(row, name, statement)?.unwrap_or_default();
        let read = (!given.is_empty()).then(|| given.parse::<Limit>()).transpose();
        read.map_err(|err| Error::Shape { statement, detail: err.to_string() })
    };
    let Some(max_failures) = limit("max_failures")? else { return Ok(None) };
    Ok(Some(Budget { max_failures, max_warnings: limit("max_warnings")? }))
}

#[cfg(test)]
mod tests {
    use super::*;

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
