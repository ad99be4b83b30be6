//! Points in time, and the several ways in which the documents write them.

use std::fmt;

use crate::random::Random;

/// A day with a time of day.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stamp {
    year: u64,
    month: u64,
    day: u64,
    hour: u64,
    minute: u64,
    second: u64,
    millisecond: u64,
    style: Style,
}

/// The ways of writing a [`Stamp`]; every one of them is among those that a contract can read.
#[derive(Debug, Clone, Copy)]
enum Style {
    Iso,
    IsoDay,
    Slashes,
    SlashesDay,
    TwelveHours,
}

const STYLES: [Style; 5] =
    [Style::Iso, Style::IsoDay, Style::Slashes, Style::SlashesDay, Style::TwelveHours];
const STYLES_DAY: [Style; 2] = [Style::IsoDay, Style::SlashesDay];
const STYLES_TIME: [Style; 3] = [Style::Iso, Style::Slashes, Style::TwelveHours];

impl Stamp {
    /// A time within the years `first` to `last`, in any style.
    pub(crate) fn any(random: &mut Random, first: u64, last: u64) -> Self {
        Self::with(random, first, last, &STYLES)
    }

    /// A day within the years `first` to `last`, without a time.
    pub(crate) fn day(random: &mut Random, first: u64, last: u64) -> Self {
        Self::with(random, first, last, &STYLES_DAY)
    }

    /// A time within the years `first` to `last`, never without a time of day.
    pub(crate) fn time(random: &mut Random, first: u64, last: u64) -> Self {
        Self::with(random, first, last, &STYLES_TIME)
    }

    /// The same to the minute, as a `smalldatetime` holds it.
    pub(crate) fn minute(random: &mut Random, first: u64, last: u64) -> Self {
        Self { second: 0, millisecond: 0, ..Self::time(random, first, last) }
    }

    fn with(random: &mut Random, first: u64, last: u64, styles: &[Style]) -> Self {
        Self {
            year: random.between(first, last),
            month: random.between(1, 12),
            // 28, so that every month has it.
            day: random.between(1, 28),
            hour: random.below(24),
            minute: random.below(60),
            second: random.below(60),
            millisecond: random.below(1000),
            style: random.pick(styles),
        }
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { year, month, day, hour, minute, second, millisecond, style } = *self;
        match style {
            Style::Iso => {
                write!(
                    f,
                    "{year}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{millisecond:03}"
                )
            }
            Style::IsoDay => write!(f, "{year}-{month:02}-{day:02}"),
            Style::Slashes => {
                write!(f, "{month:02}/{day:02}/{year} {hour:02}:{minute:02}:{second:02}")
            }
            Style::SlashesDay => write!(f, "{month:02}/{day:02}/{year}"),
            Style::TwelveHours => {
                let (clock, half) = (
                    if hour % 12 == 0 { 12 } else { hour % 12 },
                    if hour < 12 { "AM" } else { "PM" },
                );
                write!(f, "{month:02}/{day:02}/{year} {clock}:{minute:02}:{second:02} {half}")
            }
        }
    }
}
