//! What a rehearsal has found, in numbers: a member of the report of a lease.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use xmlx_domain::LogReason;

/// Reasons that a report keeps apart, the first ones; what fails for others is counted together.
const REASONS_MAX: usize = 200;

/// What was found of the applications of a lease, or of a whole job.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rehearsal {
    /// Applications that would be refused, by stage and reason.
    #[serde(default)]
    pub failures: Vec<Failures>,
    /// Those that would be refused for a reason that is not among them.
    #[serde(default)]
    pub other_failures: u64,
    /// Rows by target table, of the applications that would get through.
    #[serde(default)]
    pub rows: BTreeMap<String, u64>,
    /// The keys that two applications must not share, in the order of their numbers.
    #[serde(default)]
    pub keys: Vec<String>,
    /// What could not be looked at, and why: for people.
    #[serde(default)]
    pub unknown: Vec<String>,
    /// Findings that are kept.
    #[serde(default)]
    pub findings: u64,
    /// Findings that there was no room for.
    #[serde(default)]
    pub findings_left_out: u64,
}

/// Applications that would be refused for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failures {
    /// Where.
    pub stage: String,
    /// Why; a number in it that is not part of a name is `#`.
    pub reason: String,
    /// How many.
    pub applications: u64,
    /// The lowest id among them.
    pub first: i64,
    /// The highest.
    pub last: i64,
}

impl Rehearsal {
    /// One more application would be refused.
    pub fn fail(&mut self, app_id: i64, reason: &LogReason) {
        self.add(&Failures::of(app_id, reason));
    }

    /// What could not be looked at.
    pub fn not_known(&mut self, what: &str) {
        if !self.unknown.iter().any(|known| known == what) {
            self.unknown.push(what.to_owned());
        }
    }

    /// Adds what another lease has found.
    pub fn merge(&mut self, other: &Self) {
        other.failures.iter().for_each(|failures| self.add(failures));
        self.other_failures += other.other_failures;
        for (table, rows) in &other.rows {
            *self.rows.entry(table.clone()).or_default() += rows;
        }
        if self.keys.is_empty() {
            self.keys.clone_from(&other.keys);
        }
        other.unknown.iter().for_each(|what| self.not_known(what));
        self.findings += other.findings;
        self.findings_left_out += other.findings_left_out;
    }

    /// Applications that would be refused.
    #[must_use]
    pub fn n_failures(&self) -> u64 {
        self.failures.iter().map(|failures| failures.applications).sum::<u64>()
            + self.other_failures
    }

    fn add(&mut self, failures: &Failures) {
        add_failures((&mut self.failures, &mut self.other_failures), failures);
    }
}

impl Failures {
    /// One application.
    pub(crate) fn of(app_id: i64, reason: &LogReason) -> Self {
        Self {
            stage: reason.stage.to_string(),
            reason: pattern(&reason.text),
            applications: 1,
            first: app_id,
            last: app_id,
        }
    }
}

/// Adds applications to those of the same reason, or to the others where there are too many reasons.
pub(crate) fn add_failures((known, others): (&mut Vec<Failures>, &mut u64), failures: &Failures) {
    let is_same =
        |known: &&mut Failures| known.stage == failures.stage && known.reason == failures.reason;
    if let Some(same) = known.iter_mut().find(is_same) {
        same.applications += failures.applications;
        same.first = same.first.min(failures.first);
        same.last = same.last.max(failures.last);
    } else if known.len() < REASONS_MAX {
        known.push(failures.clone());
    } else {
        *others += failures.applications;
    }
}

/// The reason without the numbers in which it differs from one application to the next (lines, lengths, ids). Digits that
/// are part of a name stay.
#[must_use]
pub fn pattern(reason: &str) -> String {
    let is_of_a_name = |c: char| c.is_alphabetic() || c == '_';
    let mut out = String::with_capacity(reason.len());
    let mut before = ' ';
    let mut rest = reason.chars().peekable();
    while let Some(c) = rest.next() {
        if !c.is_ascii_digit() || is_of_a_name(before) {
            // The digits behind those of a name are the name's, too.
            if c.is_ascii_digit() && rest.peek().is_some_and(char::is_ascii_digit) {
                out.push(c);
                continue;
            }
            out.push(c);
            before = c;
            continue;
        }
        let mut number = String::from(c);
        while let Some(digit) = rest.next_if(char::is_ascii_digit) {
            number.push(digit);
        }
        match rest.peek() {
            Some(next) if is_of_a_name(*next) => out += &number,
            _ => out.push('#'),
        }
        before = '#';
    }
    out
}

#[cfg(test)]
mod tests {
    use xmlx_domain::Stage;

    use super::*;

    #[test]
    fn numbers_are_taken_out_of_reasons_and_names_stay() {
        for (reason, expected) in [
            ("line 12, column 5: no `ID`", "line #, column #: no `ID`"),
            (
                "a text is too long for `card.decline_code_12`",
                "a text is too long for `card.decline_code_12`",
            ),
            ("`utf16` and 2nd of 30", "`utf16` and 2nd of #"),
            ("-5", "-#"),
            ("", ""),
        ] {
            assert_eq!(pattern(reason), expected);
        }
    }

    #[test]
    fn leases_add_up() {
        let reason = |text: &str| LogReason::new(Stage::Mapping, text);
        let mut first = Rehearsal::default();
        first.fail(7, &reason("line 3: no `ID`"));
        first.fail(9, &reason("line 4: no `ID`"));
        first.rows.insert("card".to_owned(), 2);
        let mut second = Rehearsal { findings: 1, ..Rehearsal::default() };
        second.fail(3, &reason("line 80: no `ID`"));
        second.fail(4, &reason("other"));
        second.rows.insert("card".to_owned(), 5);
        second.not_known("a lookup");
        first.merge(&second);
        first.merge(&Rehearsal { unknown: vec!["a lookup".to_owned()], ..Rehearsal::default() });
        assert_eq!(first.n_failures(), 4);
        let Failures { applications, first: lowest, last, .. } = &first.failures[0];
        assert_eq!((*applications, *lowest, *last), (3, 3, 9));
        assert_eq!((first.rows["card"], first.unknown.len(), first.findings), (7, 1, 1));
    }

    #[test]
    fn reasons_are_bounded_and_none_is_lost() {
        let mut all = Rehearsal::default();
        for i in 0..500_u32 {
            let text: String = i.to_string().bytes().map(|digit| char::from(digit + 49)).collect();
            all.fail(i64::from(i), &LogReason::new(Stage::Mapping, text));
        }
        assert_eq!((all.failures.len(), all.n_failures()), (REASONS_MAX, 500));
    }
}
