//! Days and times of day: between which bounds a column has them, and how it rounds them.

use chrono::{
    DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, SubsecRound as _, TimeDelta,
    Timelike as _,
};

/// What a column of dates holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Moments {
    pub(super) first: NaiveDateTime,
    /// The last one, once it is rounded.
    pub(super) last: NaiveDateTime,
    pub(super) unit: Unit,
}

/// What a column rounds to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Unit {
    /// The day; the time of day is dropped.
    Day,
    /// The minute.
    Minute,
    /// So many digits of a second.
    Digits(u32),
}

impl Moments {
    pub(super) const DAYS: Self =
        Self { first: midnight(1, 1, 1), last: midnight(9999, 12, 31), unit: Unit::Day };
    pub(super) const SMALL: Self = Self {
        first: midnight(1900, 1, 1),
        last: midnight(2079, 6, 6).date().and_hms_opt(23, 59, 0).expect("a time of day"),
        unit: Unit::Minute,
    };

    /// From a year to the end of 9999, with so many digits of a second.
    pub(super) const fn from_year(year: i32, digits: u32) -> Self {
        // A `datetime` has no .999: what would be rounded to it belongs to the next day.
        let nano = match (year, digits) {
            (1753, 3) => 998_000_000,
            _ => 999_999_999,
        };
        let last = midnight(9999, 12, 31).date().and_hms_nano_opt(23, 59, 59, nano);
        Self {
            first: midnight(year, 1, 1),
            last: last.expect("a time of day"),
            unit: Unit::Digits(digits),
        }
    }

    pub(super) fn contains(&self, moment: NaiveDateTime) -> bool {
        (self.first..=self.last).contains(&moment)
    }

    /// Says whether all of the others are held as they are.
    pub(super) fn covers(&self, others: &Self) -> bool {
        self.first <= others.first && others.last <= self.last && others.unit <= self.unit
    }
}

impl Unit {
    pub(super) fn round(self, moment: NaiveDateTime) -> NaiveDateTime {
        match self {
            Self::Day => moment.date().and_time(NaiveTime::MIN),
            Self::Minute => {
                let into = TimeDelta::seconds(moment.second().into())
                    + TimeDelta::nanoseconds(moment.nanosecond().into());
                let minute = moment - into;
                // As the server does: up to 29.998 seconds are rounded down.
                let half = TimeDelta::microseconds(29_998_500);
                if into < half { minute } else { minute + TimeDelta::minutes(1) }
            }
            Self::Digits(digits) => moment.round_subsecs(u16::try_from(digits).unwrap_or(u16::MAX)),
        }
    }

    pub(super) fn round_with_offset(self, moment: DateTime<FixedOffset>) -> DateTime<FixedOffset> {
        let local = self.round(moment.naive_local());
        local.and_local_timezone(*moment.offset()).single().unwrap_or(moment)
    }
}

/// Says whether a time of day has more digits of a second than a column keeps.
pub(super) fn has_finer_time(text: &str, digits: u32) -> bool {
    let Some((_, fraction)) = text.rsplit_once('.') else { return false };
    let n_digits = fraction.trim_end_matches('0').bytes().take_while(u8::is_ascii_digit).count();
    n_digits > digits as usize
}

const fn midnight(year: i32, month: u32, day: u32) -> NaiveDateTime {
    let day = NaiveDate::from_ymd_opt(year, month, day).expect("a day");
    day.and_hms_opt(0, 0, 0).expect("every day begins")
}
