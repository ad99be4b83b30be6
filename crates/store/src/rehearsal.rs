//! What a rehearsal has found, in numbers: a member of the report that a lease keeps.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use xmlx_domain::{JobId, LogReason};
use xmlx_extract::Plan;

use crate::connection::{column, text};
use crate::schema::FINDINGS_SINCE;
use crate::source::count;
use crate::{Error, JobRow, Source, Store, statements};

/// Reports in one answer. One has up to some tens of kilobytes.
const PAGE_REPORTS: i64 = 200;

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
    /// The keys that two applications must not share, as [`crate::SharedKey`] numbers them.
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
        self.add(&Failures {
            stage: reason.stage.to_string(),
            reason: pattern(&reason.text),
            applications: 1,
            first: app_id,
            last: app_id,
        });
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
        let is_same = |known: &&mut Failures| {
            known.stage == failures.stage && known.reason == failures.reason
        };
        if let Some(known) = self.failures.iter_mut().find(is_same) {
            known.applications += failures.applications;
            known.first = known.first.min(failures.first);
            known.last = known.last.max(failures.last);
        } else if self.failures.len() < REASONS_MAX {
            self.failures.push(failures.clone());
        } else {
            self.other_failures += failures.applications;
        }
    }
}

/// The report of a lease, as far as it is about the rehearsal.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Report {
    v: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rehearsal: Option<Rehearsal>,
}

/// What a lease keeps of a rehearsal, as JSON.
#[must_use]
pub fn report_of_rehearsal(rehearsal: &Rehearsal) -> String {
    let report = Report { v: 1, rehearsal: Some(rehearsal.clone()) };
    serde_json::to_string(&report).expect("strings and numbers are always JSON")
}

/// A key that several applications of a rehearsal have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RepeatedKey {
    /// Which, as [`Rehearsal::keys`] names it.
    pub key: usize,
    /// How many applications have it.
    pub applications: i64,
    /// The lowest id among them.
    pub first: i64,
    /// The highest.
    pub last: i64,
}

/// How many of one kind of keys several applications have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RepeatedKeys {
    /// Which, as [`Rehearsal::keys`] names it.
    pub key: usize,
    /// How many values of it are there more than once.
    pub keys: i64,
    /// Applications that have one, less one of each: these would be refused.
    pub applications: i64,
}

/// Applications that wait and have rows all the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ThereAlready {
    /// How many.
    pub count: i64,
    /// The first of them.
    pub app_ids: Vec<i64>,
}

impl Store {
    /// What the leases of a rehearsal have found so far, added up.
    ///
    /// # Errors
    /// See [`Error`]; [`Error::Shape`] where a row is no report.
    pub async fn rehearsal(&self, job_id: JobId) -> Result<Rehearsal, Error> {
        const IT: &str = "range_reports";
        let mut sum = Rehearsal::default();
        if !self.has_schema(FINDINGS_SINCE).await? {
            return Ok(sum);
        }
        let (mut range, mut epoch) = (0_i64, 0_i64);
        loop {
            let params: [&dyn tiberius::ToSql; 4] = [&job_id.0, &range, &epoch, &PAGE_REPORTS];
            let rows = self.run_long(statements::RANGE_REPORTS, &params).await?;
            for row in &rows {
                (range, epoch) = (column(row, "range_id", IT)?, column(row, "epoch", IT)?);
                let report: Report =
                    serde_json::from_str(&text(row, "report", IT)?).map_err(|err| {
                        Error::Shape {
                            statement: IT,
                            detail: format!("{err} (range {range}, epoch {epoch})"),
                        }
                    })?;
                if let Some(rehearsal) = report.rehearsal {
                    sum.merge(&rehearsal);
                }
            }
            if i64::try_from(rows.len()).unwrap_or(i64::MAX) < PAGE_REPORTS {
                return Ok(sum);
            }
        }
    }

    /// The first `n_max` keys that several applications of a rehearsal have.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn repeated_keys(
        &self,
        job_id: JobId,
        n_max: i64,
    ) -> Result<Vec<RepeatedKey>, Error> {
        const IT: &str = "rehearsed_keys";
        if !self.has_schema(FINDINGS_SINCE).await? {
            return Ok(Vec::new());
        }
        let rows = self.run_long(statements::REHEARSED_KEYS, &[&job_id.0, &n_max]).await?;
        let key = |row| {
            Ok(RepeatedKey {
                key: usize::try_from(column::<i32>(row, "key_no", IT)?).unwrap_or(usize::MAX),
                applications: column(row, "applications", IT)?,
                first: column(row, "first_app_id", IT)?,
                last: column(row, "last_app_id", IT)?,
            })
        };
        rows.iter().map(key).collect()
    }

    /// How many keys of each kind several applications of a rehearsal have.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn count_repeated_keys(&self, job_id: JobId) -> Result<Vec<RepeatedKeys>, Error> {
        const IT: &str = "rehearsed_keys_count";
        if !self.has_schema(FINDINGS_SINCE).await? {
            return Ok(Vec::new());
        }
        let rows = self.run_long(statements::REHEARSED_KEYS_COUNT, &[&job_id.0]).await?;
        let keys = |row| {
            Ok(RepeatedKeys {
                key: usize::try_from(column::<i32>(row, "key_no", IT)?).unwrap_or(usize::MAX),
                keys: column(row, "keys", IT)?,
                applications: column(row, "applications", IT)?,
            })
        };
        rows.iter().map(keys).collect()
    }

    /// Applications of a rehearsal that wait by now and have rows in the contract's first table all the same: their load
    /// would meet a key that is there.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn there_already(&self, plan: &Plan, job: &JobRow) -> Result<ThereAlready, Error> {
        let source = Source::new(plan, xmlx_domain::Mode::Once, job.log_watermark);
        let Some([n, ids]) = crate::verify::there_already(plan, &source) else {
            return Ok(ThereAlready::default());
        };
        let n_unused = 0_i64;
        let params: [&dyn tiberius::ToSql; 4] =
            [&job.scope.lo, &job.scope.hi, &n_unused, &job.log_watermark];
        let n = count(&self.run_long(&n, &params).await?, "there_already")?;
        let rows = if n > 0 { self.run_long(&ids, &params).await? } else { Vec::new() };
        let app_ids = rows.iter().map(|row| column(row, "app_id", "there_already"));
        Ok(ThereAlready { count: n, app_ids: app_ids.collect::<Result<_, _>>()? })
    }
}

/// The reason without the numbers in which it differs from one application to the next (lines, lengths, ids). Digits that
/// are part of a name stay.
fn pattern(reason: &str) -> String {
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
