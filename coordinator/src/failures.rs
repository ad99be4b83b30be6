//! The failures of a job as a client sees them: in pages, by stage, reason, column or application, and grouped.

mod taken;

use std::collections::{BTreeMap, BTreeSet};

use xmlx_domain::LogReason;
use xmlx_extract::Plan;
use xmlx_proto::{Refusal, v1 as pb};
use xmlx_store::{Failure, JobRow, Store};

use crate::convert;
use crate::pages::{Page, ROWS_MAX};

pub(crate) use taken::{Taken, Within, taken};

/// The most rows of the log that one answer goes through for a filter: who wants more asks for the next page.
const READ_MAX: usize = 50_000;
/// The most groups in one answer.
const GROUPS_MAX: usize = 1_000;
/// Groups that are told apart; what comes when there are so many is counted together.
const GROUPS_KNOWN_MAX: usize = 20_000;
/// Applications that a group names.
const IDS_SHOWN: usize = 3;
/// What stands for a number and for a quoted text in the form of a reason.
const NUMBER: &str = "N";
const QUOTED: char = '…';

/// Takes reasons apart with the names of a contract.
#[derive(Debug)]
pub(crate) struct Reasons {
    /// Tables in lower case, with their columns.
    tables: BTreeMap<String, BTreeSet<String>>,
    /// Columns of any table.
    columns: BTreeSet<String>,
}

/// What a reason says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Parts {
    /// Empty where it names none.
    pub(crate) stage: String,
    /// `table.column` as the contract has it, in lower case; empty where it names none.
    pub(crate) column: String,
    /// The reason without what differs between applications: each number is `N`, each quoted text `…` unless it is a
    /// table or column of the contract.
    pub(crate) form: String,
}

impl Reasons {
    pub(crate) fn of(plan: &Plan) -> Self {
        let mut tables: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for table in plan.tables() {
            let columns = table.columns.iter().map(|column| column.name.to_lowercase());
            tables.entry(table.name.to_lowercase()).or_default().extend(columns);
        }
        let columns = tables.values().flatten().cloned().collect();
        Self { tables, columns }
    }

    pub(crate) fn parts(&self, reason: &str) -> Parts {
        let (stage, text) = match reason.parse::<LogReason>() {
            Ok(LogReason { stage, text }) => (stage.to_string(), text),
            // Another tool's.
            Err(_) => (String::new(), reason.to_owned()),
        };
        let (form, names) = self.form(&text);
        Parts { stage, column: self.column(&names), form }
    }

    /// The form of a text, and the names of the contract in it.
    fn form(&self, text: &str) -> (String, Vec<String>) {
        let (mut form, mut names) = (String::new(), Vec::new());
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let quoted = matches!(first, '`' | '\'' | '"')
                .then(|| rest[1..].find(first).map(|end| (&rest[1..=end], &rest[end + 2..])))
                .flatten();
            // An apostrophe within a word opens nothing.
            let is_within_word = first == '\'' && form.ends_with(char::is_alphanumeric);
            if let Some((name, after)) = quoted.filter(|_| !is_within_word) {
                form.push(first);
                if self.is_known(name) {
                    form.push_str(name);
                    names.push(name.to_lowercase());
                } else {
                    form.push(QUOTED);
                }
                form.push(first);
                rest = after;
            } else if first.is_ascii_digit()
                && !form.ends_with(|c: char| c.is_alphanumeric() || c == '_')
            {
                let is_part = |c: char| c.is_ascii_digit() || c == '.' || c == ',';
                let digits = rest.find(|c| !is_part(c)).map_or(rest, |end| &rest[..end]);
                let digits = digits.trim_end_matches(['.', ',']);
                form.push_str(NUMBER);
                rest = &rest[digits.len()..];
            } else {
                form.push(first);
                rest = &rest[first.len_utf8()..];
            }
        }
        (form, names)
    }

    fn is_known(&self, name: &str) -> bool {
        let name = name.to_lowercase();
        let last = name.rsplit('.').next().unwrap_or_default();
        self.columns.contains(&name) || self.tables.contains_key(last) || self.is_column(&name)
    }

    fn is_column(&self, name: &str) -> bool {
        name.rsplit_once('.').is_some_and(|(table, column)| {
            self.tables.get(table).is_some_and(|columns| columns.contains(column))
        })
    }

    /// The column that a reason is about: `table.column`, or a table and a column of it, as SQL Server names them.
    fn column(&self, names: &[String]) -> String {
        if let Some(name) = names.iter().find(|name| self.is_column(name)) {
            return name.clone();
        }
        let last = |name: &String| name.rsplit('.').next().unwrap_or_default().to_owned();
        let tables = names.iter().map(last).filter(|name| self.tables.contains_key(name));
        for table in tables {
            let has = |name: &&String| self.is_column(&format!("{table}.{name}"));
            if let Some(column) = names.iter().find(has) {
                return format!("{table}.{column}");
            }
        }
        String::new()
    }
}

/// Which failures are wanted.
#[derive(Debug)]
pub(crate) struct Filter<'a> {
    stage: &'a str,
    reason: &'a str,
    column: String,
    app_id: Option<i64>,
}

impl<'a> Filter<'a> {
    pub(crate) fn of(filter: Option<&'a pb::FailureFilter>) -> Self {
        let filter = filter.map(|filter| {
            let column = filter.column.to_lowercase();
            (filter.stage.as_str(), filter.reason.as_str(), column, filter.app_id)
        });
        let (stage, reason, column, app_id) = filter.unwrap_or_default();
        Self { stage, reason, column, app_id }
    }

    fn is_none(&self) -> bool {
        let Self { stage, reason, column, app_id } = self;
        stage.is_empty() && reason.is_empty() && column.is_empty() && app_id.is_none()
    }

    fn takes(&self, failure: &Failure, parts: &Parts) -> bool {
        let has_reason =
            || parts.form.contains(self.reason) || failure.reason.contains(self.reason);
        self.app_id.is_none_or(|app_id| app_id == failure.app_id)
            && (self.stage.is_empty() || self.stage == parts.stage)
            && (self.column.is_empty() || is_within(&parts.column, &self.column))
            && (self.reason.is_empty() || has_reason())
    }
}

/// Whether a column is the one that is wanted, or of the table that is.
fn is_within(column: &str, wanted: &str) -> bool {
    column == wanted || column.rsplit_once('.').is_some_and(|(table, _)| table == wanted)
}

/// A page of the failures that are wanted, the latest first, and the token of the next. An answer goes through a part of
/// the log: it may have fewer than were asked for, or none, though more follow.
pub(crate) async fn page(
    store: &Store,
    (plan, job): (&Plan, &JobRow),
    filter: &Filter<'_>,
    page: Page,
) -> Result<(Vec<pb::Failure>, String), Refusal> {
    let reasons = Reasons::of(plan);
    // Without a filter each row that is read is wanted.
    let n_max = if filter.is_none() { page.to_read() } else { i64::from(ROWS_MAX) };
    let mut wanted = Vec::new();
    let (mut before, mut n_read) = (page.after.unwrap_or(i64::MAX), 0);
    loop {
        let rows = store.failures(plan, job, before, n_max).await;
        let rows = rows.map_err(|err| convert::refusal(&err))?;
        let is_last = rows.len() < usize::try_from(n_max).unwrap_or(usize::MAX);
        n_read += rows.len();
        for row in rows {
            if wanted.len() >= page.size {
                return Ok((wanted, before.to_string()));
            }
            before = row.log_id;
            let parts = reasons.parts(&row.reason);
            if filter.takes(&row, &parts) {
                wanted.push(failure(row, parts));
            }
        }
        if is_last {
            return Ok((wanted, String::new()));
        }
        if n_read >= READ_MAX {
            return Ok((wanted, before.to_string()));
        }
    }
}

fn failure(row: Failure, parts: Parts) -> pb::Failure {
    pb::Failure {
        app_id: row.app_id,
        reason: row.reason,
        session_id: row.session_id,
        at: row.at,
        stage: parts.stage,
        column: parts.column,
    }
}

/// The failures that are wanted, by stage, column and form of the reason, the most frequent group first.
pub(crate) async fn groups(
    store: &Store,
    (plan, job): (&Plan, &JobRow),
    filter: &Filter<'_>,
) -> Result<pb::GroupFailuresResponse, Refusal> {
    let reasons = Reasons::of(plan);
    let (mut groups, mut before) = (Groups::default(), i64::MAX);
    loop {
        let rows = store.failures(plan, job, before, i64::from(ROWS_MAX)).await;
        let rows = rows.map_err(|err| convert::refusal(&err))?;
        let is_last = rows.len() < usize::try_from(ROWS_MAX).unwrap_or(usize::MAX);
        for row in rows {
            before = row.log_id;
            let parts = reasons.parts(&row.reason);
            if filter.takes(&row, &parts) {
                groups.add(parts, row.app_id);
            }
        }
        if is_last {
            return Ok(groups.finish());
        }
    }
}

/// Failures by what they have in common.
#[derive(Debug, Default)]
struct Groups {
    /// How many, and a few of their applications.
    known: BTreeMap<Parts, (i64, Vec<i64>)>,
    total: i64,
    /// Those that are counted together, since there were so many groups.
    beyond: i64,
}

impl Groups {
    fn add(&mut self, parts: Parts, app_id: i64) {
        self.total += 1;
        if self.known.len() >= GROUPS_KNOWN_MAX && !self.known.contains_key(&parts) {
            self.beyond += 1;
            return;
        }
        let (n, ids) = self.known.entry(parts).or_default();
        *n += 1;
        if ids.len() < IDS_SHOWN {
            ids.push(app_id);
        }
    }

    /// The most frequent group first.
    fn finish(self) -> pb::GroupFailuresResponse {
        let Self { known, total, beyond } = self;
        let group = |(parts, (count, app_ids)): (Parts, (i64, Vec<i64>))| pb::FailureGroup {
            stage: parts.stage,
            column: parts.column,
            reason: parts.form,
            count,
            app_ids,
        };
        let mut groups: Vec<pb::FailureGroup> = known.into_iter().map(group).collect();
        groups.sort_by_key(|group| std::cmp::Reverse(group.count));
        let not_shown: i64 = groups.iter().skip(GROUPS_MAX).map(|group| group.count).sum();
        groups.truncate(GROUPS_MAX);
        pb::GroupFailuresResponse { groups, total, not_shown: not_shown + beyond }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reasons() -> Reasons {
        let columns = BTreeSet::from(["amount".to_owned(), "term".to_owned()]);
        let tables = BTreeMap::from([("loan".to_owned(), columns.clone())]);
        Reasons { tables, columns }
    }

    #[test]
    fn a_reason_is_known_by_its_form() {
        let check = |reason: &str, stage: &str, column: &str, form: &str| {
            let parts = reasons().parts(reason);
            assert_eq!((parts.stage.as_str(), parts.column.as_str()), (stage, column), "{reason}");
            assert_eq!(parts.form, form);
        };
        check(
            "mapping: the value of `loan.amount` is outside of 0 to 32,767.",
            "mapping",
            "loan.amount",
            "the value of `loan.amount` is outside of N to N.",
        );
        check(
            "validation: the document is of application 12, its row is of application 13",
            "validation",
            "",
            "the document is of application N, its row is of application N",
        );
        check(
            "database: SQL Server error 2628: data would be truncated in table 'x.dbo.loan', column 'term'.",
            "database",
            "loan.term",
            "SQL Server error N: data would be truncated in table 'x.dbo.loan', column 'term'.",
        );
        check(
            "constraint: SQL Server error 547: conflict with \"FK_7\" in table \"sample.campaign\"",
            "constraint",
            "",
            "SQL Server error N: conflict with \"…\" in table \"…\"",
        );
        check("it doesn't open 'this", "", "", "it doesn't open 'this");
        check("mapping: the root is `é2`, utf8 v1_2", "mapping", "", "the root is `…`, utf8 v1_2");
    }

    #[test]
    fn filters_go_together() {
        let failure = Failure {
            log_id: 1,
            app_id: 7,
            reason: "mapping: `loan.amount` is outside of 0 to 9".to_owned(),
            session_id: String::new(),
            at: String::new(),
        };
        let parts = reasons().parts(&failure.reason);
        let takes = |filter: pb::FailureFilter| Filter::of(Some(&filter)).takes(&failure, &parts);
        let filter = |stage: &str, reason: &str, column: &str, app_id| pb::FailureFilter {
            stage: stage.to_owned(),
            reason: reason.to_owned(),
            column: column.to_owned(),
            app_id,
        };
        assert!(Filter::of(None).takes(&failure, &parts));
        assert!(takes(filter("mapping", "outside of N", "LOAN.amount", Some(7))));
        assert!(takes(filter("", "0 to 9", "loan", None)), "as it stands in the log, and a table");
        for other in [
            filter("database", "", "", None),
            filter("", "inside", "", None),
            filter("", "", "loan.term", None),
            filter("", "", "loa", None),
            filter("", "", "", Some(8)),
        ] {
            assert!(!takes(other.clone()), "{other:?}");
        }
    }
}
