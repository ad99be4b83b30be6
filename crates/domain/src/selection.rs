//! Which applications a job takes of those that its mode takes in its scope: all of them, or a part.

use std::fmt;
use std::str::FromStr;

use crate::{Mode, UnknownWord};

/// What stands behind the mode of a job that takes a part.
const PART: &str = "-part";

/// Whether a job takes all applications that its mode takes in its scope, or a part of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// All of them.
    Whole,
    /// Those that its [`Selection`] names.
    Part,
}

/// A mode and its extent, in the one word that the database has for both. A release that knows no parts does not know
/// the word: it refuses the job, where a column that it does not read would let it take everything.
///
/// ```
/// # use xmlx_domain::{Extent, Mode, Taking};
/// let taking = Taking { mode: Mode::Once, extent: Extent::Part };
/// assert_eq!(taking.to_string(), "once-part");
/// assert_eq!("once-part".parse(), Ok(taking));
/// assert!("once-part".parse::<Mode>().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taking {
    /// Which applications of its scope the job takes.
    pub mode: Mode,
    /// All of these, or a part.
    pub extent: Extent,
}

impl fmt::Display for Taking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = match self.extent {
            Extent::Whole => "",
            Extent::Part => PART,
        };
        write!(f, "{}{part}", self.mode)
    }
}

impl FromStr for Taking {
    type Err = UnknownWord;

    fn from_str(given: &str) -> Result<Self, UnknownWord> {
        match given.strip_suffix(PART) {
            Some(mode) => Ok(Self { mode: mode.parse()?, extent: Extent::Part }),
            None => Ok(Self { mode: given.parse()?, extent: Extent::Whole }),
        }
    }
}

/// Which applications a job takes of those that its mode takes in its scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selection {
    /// All of them.
    All,
    /// A share of them, spread evenly.
    Sample(Sample),
    /// Those that were listed when it was submitted, and how many they are.
    Listed(i64),
}

impl Selection {
    /// Whether it is all of them.
    #[must_use]
    pub fn extent(self) -> Extent {
        match self {
            Self::All => Extent::Whole,
            Self::Sample(_) | Self::Listed(_) => Extent::Part,
        }
    }
}

/// A share of applications, in millionths. Which ones these are their ids say, so that the same share takes the same
/// ones each time, and a larger one takes those of a smaller one and others.
///
/// An application has a place: its id times [`Sample::STEP`], modulo [`Sample::PLACES`]. The step is that of the golden
/// ratio, by which places in a row fill the circle as evenly as any sequence does: of contiguous ids every stretch has its
/// share, to within a few. Ids that go up by 2, 10 or 1,000 are spread as well, because the number of places is a prime.
///
/// ```
/// # use xmlx_domain::Sample;
/// let sample: Sample = "0.1%".parse().unwrap();
/// assert_eq!((sample.millionths(), sample.to_string().as_str()), (1_000, "0.1%"));
/// let n = (1..=1_000_000).filter(|id| sample.takes(*id)).count();
/// assert!((998..=1_002).contains(&n));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sample(u32);

/// What is no share to take a sample of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoSample(String);

impl fmt::Display for NoSample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is no share above 0% and below 100%, such as 1% or 0.1%, with at most four digits behind the point",
            self.0
        )
    }
}

impl std::error::Error for NoSample {}

impl Sample {
    /// How many places there are: the largest prime of 31 bits, so that a product of two of them fits 64 bits.
    pub const PLACES: i64 = 2_147_483_647;
    /// How far the next id's place is from an id's: near the golden section of [`Self::PLACES`], and of the numbers there
    /// one whose continued fraction has no large part, which is what evenness needs.
    pub const STEP: i64 = 1_327_217_102;
    const ALL: u32 = 1_000_000;

    /// A share of so many millionths; `None`: that is nothing, or everything.
    #[must_use]
    pub fn of_millionths(millionths: u32) -> Option<Self> {
        (1..Self::ALL).contains(&millionths).then_some(Self(millionths))
    }

    /// The share in millionths.
    #[must_use]
    pub fn millionths(self) -> u32 {
        self.0
    }

    /// Applications whose place is below this are in the sample.
    #[must_use]
    pub fn bound(self) -> i64 {
        i64::from(self.0) * Self::PLACES / i64::from(Self::ALL)
    }

    /// Whether an application is in the sample.
    #[must_use]
    pub fn takes(self, app_id: i64) -> bool {
        app_id.rem_euclid(Self::PLACES) * Self::STEP % Self::PLACES < self.bound()
    }
}

impl FromStr for Sample {
    type Err = NoSample;

    fn from_str(given: &str) -> Result<Self, NoSample> {
        let none = || NoSample(given.to_owned());
        let share = given.strip_suffix('%').ok_or_else(none)?;
        let (whole, part) = share.split_once('.').unwrap_or((share, "0"));
        let is_plain = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
        let is_sound = (1..=2).contains(&whole.len()) && (1..=4).contains(&part.len());
        if !is_sound || !is_plain(whole) || !is_plain(part) {
            return Err(none());
        }
        let millionths = format!("{whole}{part:0<4}").parse().map_err(|_| none())?;
        Self::of_millionths(millionths).ok_or_else(none)
    }
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, part) = (self.0 / 10_000, self.0 % 10_000);
        let part = format!("{part:04}");
        match part.trim_end_matches('0') {
            "" => write!(f, "{whole}%"),
            digits => write!(f, "{whole}.{digits}%"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(text: &str) -> Sample {
        text.parse().unwrap_or_else(|err| panic!("{err}"))
    }

    #[test]
    fn every_mode_has_two_words_that_read_back() {
        for mode in Mode::ALL {
            for extent in [Extent::Whole, Extent::Part] {
                let taking = Taking { mode: *mode, extent };
                let word = taking.to_string();
                assert_eq!(word.parse(), Ok(taking));
                assert!(word.len() <= 20, "{word}: the column has room for 20");
                let is_mode = word.parse::<Mode>().is_ok();
                assert_eq!(is_mode, extent == Extent::Whole, "{word}: an older release");
            }
        }
        for given in ["", "-part", "once-part-part", "part", "oncepart"] {
            let refused = given.parse::<Taking>().expect_err("no word").to_string();
            assert!(refused.contains("is no job mode; known are: "), "{refused}");
        }
    }

    #[test]
    fn shares_are_read_as_they_are_written() {
        for (given, millionths, shown) in [
            ("1%", 10_000, "1%"),
            ("0.1%", 1_000, "0.1%"),
            ("99.9999%", 999_999, "99.9999%"),
            ("0.0001%", 1, "0.0001%"),
            ("05.50%", 55_000, "5.5%"),
        ] {
            let read = sample(given);
            assert_eq!((read.millionths(), read.to_string().as_str()), (millionths, shown));
        }
        for wrong in [
            "", "1", "%", "0%", "0.0%", "100%", "101%", "-1%", "1.%", ".1%", "0.00001%", "1e1%",
            "+1%",
        ] {
            let refused = wrong.parse::<Sample>().expect_err(wrong).to_string();
            assert!(refused.starts_with(&format!("`{wrong}` is no share ")), "{refused}");
        }
    }

    /// Whatever stretch of ids: the number that is taken is the share of it, to within a few.
    #[test]
    fn a_sample_is_spread_evenly() {
        for (share, per) in [("10%", 10), ("1%", 100), ("0.1%", 1_000), ("50%", 2)] {
            let share = sample(share);
            for step in [1, 2, 3, 10, 16, 1_000] {
                for first in
                    [i64::MIN + 1, -50_000, -7, 1, 1_001, 2_147_483_000, i64::MAX - 100_000_000]
                {
                    let n_ids = 60 * per;
                    let ids = (0..n_ids).map(|n| first + n * step);
                    let n = ids.filter(|id| share.takes(*id)).count();
                    let off = i64::try_from(n).unwrap().abs_diff(60);
                    let most = if step == 1 { 2 } else { 9 };
                    assert!(off <= most, "{share} of {n_ids} from {first} by {step}: {n}");
                }
            }
        }
    }

    #[test]
    fn a_larger_sample_has_everything_of_a_smaller_one() {
        let (small, large) = (sample("0.5%"), sample("2%"));
        let ids = -100_000..100_000;
        let taken: Vec<i64> = ids.filter(|id| small.takes(*id)).collect();
        assert!(taken.len() > 900 && taken.iter().all(|id| large.takes(*id)));
    }
}
