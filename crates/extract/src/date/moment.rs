//! A day and a time of day, with the offset from UTC if that is known.

use std::cmp::Ordering;
use std::fmt;

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};

/// What a date says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment {
    /// What clocks show at the place of the offset.
    pub(crate) local: NaiveDateTime,
    /// Minutes that clocks there are ahead of UTC.
    pub(crate) offset: Option<i32>,
    /// Whether the text names a day and no time of it.
    pub(crate) is_day: bool,
    /// Whether the text is more exact.
    pub(crate) rounded: bool,
}

impl Moment {
    /// The beginning of a day.
    pub(crate) fn day(date: NaiveDate, offset: Option<i32>) -> Self {
        Self { local: date.and_time(NaiveTime::MIN), offset, is_day: true, rounded: false }
    }

    pub(crate) fn is_midnight(self) -> bool {
        self.local.time() == NaiveTime::MIN
    }

    /// What clocks show in UTC; without an offset nobody knows, and it is what they show here.
    pub(crate) fn utc(self) -> NaiveDateTime {
        let ahead = TimeDelta::minutes(self.offset.unwrap_or(0).into());
        self.local.checked_sub_signed(ahead).unwrap_or(self.local)
    }

    /// The same with its offset, which is none where it is not known.
    pub(crate) fn with_offset(self) -> DateTime<FixedOffset> {
        let seconds = self.offset.unwrap_or(0) * 60;
        let offset = FixedOffset::east_opt(seconds).expect("offsets are less than a day");
        DateTime::from_naive_utc_and_offset(self.utc(), offset)
    }

    /// Compares instants where both are known, else what clocks show.
    pub(crate) fn compare(self, other: Self) -> Ordering {
        match (self.offset, other.offset) {
            (Some(_), Some(_)) => self.utc().cmp(&other.utc()),
            (Some(_) | None, None) | (None, Some(_)) => self.local.cmp(&other.local),
        }
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.local)?;
        match self.offset {
            None => Ok(()),
            Some(_) => write!(f, " {}", self.with_offset().offset()),
        }
    }
}
