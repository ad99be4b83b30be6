//! A table's state as one number, without the time of day.

use std::collections::hash_map::DefaultHasher;
use std::fmt::{self, Debug, Write as _};
use std::hash::Hasher as _;

/// Fields of the table on which nothing depends that happens in this model: settings, which are the same everywhere, and
/// times that are renewed, or are over, whenever time passes ([`super::Step::Pass`]).
const IRRELEVANT: [&str; 4] = ["limits", "moved_at", "reading", "lost_at"];

/// Hashes what `Debug` shows of `value`. Of an instant it counts how far ahead of `now` it is: what is past is past, however
/// long. So two tables that will decide alike from now on are one state, whenever they came to it.
pub(crate) fn digest(value: &impl Debug, now: u64) -> u64 {
    let hasher = DefaultHasher::new();
    let mut printer = Printer { now, within: Within::Other, skipped: None, hasher };
    write!(printer, "{value:?}").expect("hashing does not fail");
    printer.hasher.finish()
}

/// Where in the text of an instant the printer is: `Timestamp(1000)`.
#[derive(PartialEq, Eq)]
enum Within {
    Other,
    Name,
    Parenthesis,
}

struct Printer {
    now: u64,
    within: Within,
    /// Within an irrelevant field, how many brackets are open.
    skipped: Option<u32>,
    hasher: DefaultHasher,
}

impl Printer {
    /// Whether the text belongs to an irrelevant field, which ends with a comma or with what it is a field of.
    fn skips(&mut self, text: &str) -> bool {
        let Some(depth) = &mut self.skipped else {
            if IRRELEVANT.contains(&text) {
                self.skipped = Some(0);
            }
            return self.skipped.is_some();
        };
        match text {
            " { " | "(" | "[" | "{" => *depth += 1,
            " }" | ")" | "]" | "}" if *depth > 0 => *depth -= 1,
            ", " | " }" if *depth == 0 => {
                self.skipped = None;
                return false;
            }
            _ => (),
        }
        true
    }
}

impl fmt::Write for Printer {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.skips(text) {
            return Ok(());
        }
        let within = std::mem::replace(&mut self.within, Within::Other);
        match (within, text) {
            (_, "Timestamp") => self.within = Within::Name,
            (Within::Name, "(") => self.within = Within::Parenthesis,
            (Within::Parenthesis, digits) => {
                let at: u64 = digits.parse().map_err(|_| fmt::Error)?;
                self.hasher.write_u64(at.saturating_sub(self.now));
                return Ok(());
            }
            (Within::Other | Within::Name, _) => (),
        }
        self.hasher.write(text.as_bytes());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use xmlx_lease::Timestamp;

    #[test]
    fn instants_count_as_seen_from_now() {
        let seen = |at: u64, now: u64| digest(&(Timestamp(at), "x"), now);
        assert_eq!(seen(5_100, 5_000), seen(6_100, 6_000));
        assert_eq!(seen(0, 5_000), seen(5_000, 5_000), "both are past");
        assert_ne!(seen(5_001, 5_000), seen(5_000, 5_000));
        assert_ne!(digest(&5_u64, 5), digest(&6_u64, 6), "other numbers are what they are");
    }

    #[derive(Debug)]
    #[allow(dead_code, reason = "they are printed")]
    struct Fields {
        limits: Option<(Vec<u8>, Duration)>,
        kept: Option<Timestamp>,
        lost_at: Timestamp,
    }

    #[test]
    fn fields_that_mean_nothing_are_left_out() {
        let seen = |secs, kept, lost_at| {
            let limits = Some((vec![1, 2], Duration::from_millis(secs)));
            digest(&Fields { limits, kept: Some(Timestamp(kept)), lost_at: Timestamp(lost_at) }, 0)
        };
        assert_eq!(seen(1, 2, 3), seen(1_500, 2, 4));
        assert_ne!(seen(1, 2, 3), seen(1, 3, 3), "what stands between them is seen");
        let two = |lost_at| [(Timestamp(lost_at), 1), (Timestamp(lost_at), 2)];
        assert_ne!(digest(&two(1), 0), digest(&two(2), 0), "only fields have such names");
    }
}
