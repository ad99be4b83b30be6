//! Thresholds: how many rows of a column may be without a value, or have a value of a questionable kind, before the job
//! pauses.

use std::fmt;
use std::str::FromStr;

use xmlx_domain::JobId;

use super::{Limit, NoLimit};

/// A share counts once a column has so many rows.
const ROWS_MIN: i64 = 100;

/// What is counted of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Rows without a value.
    Null,
    /// Rows in which a default stands.
    Default,
    /// Values that are nothing of the column's type.
    Unreadable,
    /// Texts that were cut.
    Cut,
    /// Codes that no conversion knows.
    UnknownCode,
}

impl Measure {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Null, Self::Default, Self::Unreadable, Self::Cut, Self::UnknownCode];

    /// The word for it, which users write.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Default => "default",
            Self::Unreadable => "unreadable",
            Self::Cut => "cut",
            Self::UnknownCode => "unknown_code",
        }
    }

    /// What is so of the rows of a column.
    fn words(self) -> &'static str {
        match self {
            Self::Null => "have NULL in",
            Self::Default => "have a default in",
            Self::Unreadable => "were unreadable in",
            Self::Cut => "were cut in",
            Self::UnknownCode => "had an unknown code in",
        }
    }
}

/// The most that a column may have of something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Threshold {
    /// Of what.
    pub measure: Measure,
    /// The column's table.
    pub table: String,
    /// The column.
    pub column: String,
    /// So many rows, or such a share of the column's rows.
    pub max: Limit,
}

/// What is no threshold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoThreshold {
    /// It has another form.
    Form(String),
    /// What is behind `=` is no limit.
    Limit(NoLimit),
}

impl fmt::Display for NoThreshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Form(given) => {
                let words = Measure::ALL.map(Measure::as_str).join(", ");
                write!(
                    f,
                    "`{given}` is no threshold: write `MEASURE:TABLE.COLUMN=MOST`, such as `null:loan.amount=5%` or `unreadable:loan.opened=0`; measures are {words}"
                )
            }
            Self::Limit(err) => write!(f, "{err} (rows of the column, here)"),
        }
    }
}

impl std::error::Error for NoThreshold {}

impl FromStr for Threshold {
    type Err = NoThreshold;

    fn from_str(given: &str) -> Result<Self, NoThreshold> {
        let parts = || {
            let (measure, rest) = given.split_once(':')?;
            let measure = Measure::ALL.into_iter().find(|known| known.as_str() == measure)?;
            let (name, max) = rest.rsplit_once('=')?;
            let (table, column) = name.rsplit_once('.')?;
            let is_named = !table.is_empty() && !column.is_empty();
            is_named.then(|| (measure, table.to_owned(), column.to_owned(), max))
        };
        let (measure, table, column, max) =
            parts().ok_or_else(|| NoThreshold::Form(given.to_owned()))?;
        let max = max.parse().map_err(NoThreshold::Limit)?;
        Ok(Self { measure, table, column, max })
    }
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { measure, table, column, max } = self;
        write!(f, "{}:{table}.{column}={max}", measure.as_str())
    }
}

/// What a column has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Its rows.
    pub rows: i64,
    /// Those of them that are what the threshold counts.
    pub found: i64,
}

/// A threshold of a job and what has become of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watched {
    /// Its number among those of the job.
    pub n: i32,
    /// The threshold.
    pub threshold: Threshold,
    /// What there was when the job was resumed after it had been exceeded.
    pub before: Found,
    /// What there is now.
    pub now: Found,
}

impl Watched {
    /// Whether there is more than allowed since the job was last resumed for it.
    #[must_use]
    pub fn is_exceeded(&self) -> bool {
        let Found { rows, found } = self.since();
        self.threshold.max.is_exceeded(found, rows, ROWS_MIN)
    }

    fn since(&self) -> Found {
        Found { rows: self.now.rows - self.before.rows, found: self.now.found - self.before.found }
    }

    /// Why the job is paused: what, what it was, and the way out.
    #[must_use]
    pub fn reason(&self, job: JobId) -> String {
        let Found { rows, found } = self.since();
        let Threshold { measure, table, column, .. } = &self.threshold;
        format!(
            "{found} of {rows} rows {} `{table}.{column}`, more than `--threshold {}` allows; `xmlx-client quality {job}` shows what else stands out, `xmlx-client resume {job}` goes on and counts anew",
            measure.words(),
            self.threshold
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_are_written_as_users_write_them() {
        for given in [
            "null:loan.amount=5%",
            "default:loan.currency=0",
            "unreadable:dbo.loan.opened=0.25%",
            "cut:a.b=c=1",
            "unknown_code:loan.kind=100",
        ] {
            let threshold: Threshold = given.parse().expect(given);
            assert_eq!(threshold.to_string(), given);
        }
        for given in
            ["", "null", "null:loan=5%", "null:.a=5%", "null:loan.=5%", "none:a.b=5%", "null:a.b"]
        {
            let refused = given.parse::<Threshold>().expect_err(given).to_string();
            assert!(refused.contains("MEASURE:TABLE.COLUMN=MOST"), "{refused}");
        }
        let refused = "null:a.b=x".parse::<Threshold>().expect_err("no limit").to_string();
        assert!(refused.starts_with("`x` is neither a number"), "{refused}");
    }

    #[test]
    fn a_threshold_is_exceeded_since_the_job_was_resumed() {
        let found = |rows, found| Found { rows, found };
        for (max, before, now, exceeded) in [
            ("5%", found(0, 0), found(99, 99), false),
            ("5%", found(0, 0), found(100, 5), false),
            ("5%", found(0, 0), found(100, 6), true),
            ("5%", found(100, 6), found(199, 100), false),
            ("5%", found(100, 6), found(200, 12), true),
            ("3", found(0, 0), found(4, 3), false),
            ("3", found(0, 0), found(4, 4), true),
            ("3", found(4, 4), found(9, 7), false),
            ("0%", found(0, 0), found(100, 1), true),
            ("100%", found(0, 0), found(500, 500), false),
        ] {
            let threshold = format!("null:loan.amount={max}").parse().expect("a threshold");
            let watched = Watched { n: 0, threshold, before, now };
            assert_eq!(watched.is_exceeded(), exceeded, "{watched:?}");
        }
    }

    #[test]
    fn a_reason_names_the_column_and_the_way_out() {
        let threshold = "null:loan.amount=5%".parse().expect("a threshold");
        let (before, now) = (Found::default(), Found { rows: 400, found: 31 });
        let watched = Watched { n: 0, threshold, before, now };
        assert_eq!(
            watched.reason(JobId(7)),
            "31 of 400 rows have NULL in `loan.amount`, more than `--threshold null:loan.amount=5%` allows; `xmlx-client quality 7` shows what else stands out, `xmlx-client resume 7` goes on and counts anew"
        );
    }
}
