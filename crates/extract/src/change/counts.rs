//! How many applications another contract changes, by column: names, counts and ids, never a value.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Change, ChangeKind, PlanPair};
use crate::rejection::Rejection;
use crate::table::Application;

/// Ids that are named, the lowest ones: so counts add up to the same whatever the order.
const IDS_MAX: usize = 10;

/// Reasons that are kept apart; applications that fail for others are counted together.
const REASONS_MAX: usize = 200;

/// What another contract changes in some applications.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeCounts {
    /// Documents that were mapped by both contracts.
    pub documents: u64,
    /// Applications of which something changes, those that fail under one of the contracts alone included.
    pub changed: u64,
    /// Applications that have rows under the old contract alone.
    pub fails_now: FailureCounts,
    /// Applications that have rows under the new contract alone.
    pub succeeds_now: FailureCounts,
    /// By table and column.
    pub columns: Vec<ColumnChanges>,
}

/// Applications that fail under one of the contracts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureCounts {
    /// How many.
    pub applications: u64,
    /// The lowest ids.
    pub app_ids: Vec<i64>,
    /// Each with the number of applications.
    pub reasons: BTreeMap<String, u64>,
    /// Applications that fail for a reason that is not among them.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub other_reasons: u64,
}

/// What happens to a column, or to the rows of a table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnChanges {
    /// The table.
    pub table: String,
    /// None: it is about whole rows.
    pub column: Option<String>,
    /// In how many applications a value becomes another.
    pub changes: u64,
    /// In how many there is a value, or a row, where there was none.
    pub appears: u64,
    /// In how many there is none where there was one.
    pub disappears: u64,
    /// The lowest ids among them.
    pub app_ids: Vec<i64>,
}

/// What another contract changes in one application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    app_id: i64,
    how: How,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum How {
    /// Rows under both contracts, or under none. Of the rows of an application each column counts once.
    Columns(BTreeMap<(String, Option<String>), Vec<ChangeKind>>),
    FailsNow(String),
    SucceedsNow(String),
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(n: &u64) -> bool {
    *n == 0
}

impl PlanPair {
    /// What the new contract changes in an application, and each change of a cell or row, with its values, where both
    /// contracts give rows. `reason` makes of a rejection what is counted by.
    pub fn changed(
        &self,
        app_id: i64,
        old: &Result<Application, Rejection>,
        new: &Result<Application, Rejection>,
        reason: impl Fn(&Rejection) -> String,
    ) -> (Changed, Vec<Change<'_>>) {
        let mut columns: BTreeMap<(String, Option<String>), Vec<ChangeKind>> = BTreeMap::new();
        let mut changes = Vec::new();
        let how = match (old, new) {
            (Ok(_), Err(rejection)) => How::FailsNow(reason(rejection)),
            (Err(rejection), Ok(_)) => How::SucceedsNow(reason(rejection)),
            (Err(_), Err(_)) => How::Columns(columns),
            (Ok(old), Ok(new)) => {
                changes = self.changes(old, new);
                for change in &changes {
                    let key = (change.table.to_owned(), change.column.map(str::to_owned));
                    let kinds = columns.entry(key).or_default();
                    if !kinds.contains(&change.kind) {
                        kinds.push(change.kind);
                    }
                }
                How::Columns(columns)
            }
        };
        (Changed { app_id, how }, changes)
    }
}

impl ChangeCounts {
    /// Adds what becomes of an application.
    pub fn add(&mut self, changed: &Changed) {
        let Changed { app_id, how } = changed;
        self.documents += 1;
        match how {
            How::FailsNow(reason) => self.fails_now.add(*app_id, reason),
            How::SucceedsNow(reason) => self.succeeds_now.add(*app_id, reason),
            How::Columns(columns) if columns.is_empty() => return,
            How::Columns(columns) => {
                for ((table, column), kinds) in columns {
                    self.column(table, column.as_deref()).add(*app_id, kinds);
                }
            }
        }
        self.changed += 1;
    }

    /// Adds what others have counted.
    pub fn merge(&mut self, other: &Self) {
        self.documents += other.documents;
        self.changed += other.changed;
        self.fails_now.merge(&other.fails_now);
        self.succeeds_now.merge(&other.succeeds_now);
        for theirs in &other.columns {
            let own = self.column(&theirs.table, theirs.column.as_deref());
            own.changes += theirs.changes;
            own.appears += theirs.appears;
            own.disappears += theirs.disappears;
            theirs.app_ids.iter().for_each(|app_id| keep_lowest(&mut own.app_ids, *app_id));
        }
    }

    /// In the order of their names, so that it does not matter what came first.
    fn column(&mut self, table: &str, column: Option<&str>) -> &mut ColumnChanges {
        let found = self.columns.binary_search_by(|known| {
            (known.table.as_str(), known.column.as_deref()).cmp(&(table, column))
        });
        let place = found.unwrap_or_else(|place| {
            let column = column.map(str::to_owned);
            let new = ColumnChanges { table: table.to_owned(), column, ..ColumnChanges::default() };
            self.columns.insert(place, new);
            place
        });
        &mut self.columns[place]
    }
}

impl FailureCounts {
    fn add(&mut self, app_id: i64, reason: &str) {
        self.applications += 1;
        self.add_reason(reason, 1);
        keep_lowest(&mut self.app_ids, app_id);
    }

    fn add_reason(&mut self, reason: &str, applications: u64) {
        if let Some(known) = self.reasons.get_mut(reason) {
            *known += applications;
        } else if self.reasons.len() < REASONS_MAX {
            self.reasons.insert(reason.to_owned(), applications);
        } else {
            self.other_reasons += applications;
        }
    }

    fn merge(&mut self, other: &Self) {
        self.applications += other.applications;
        self.other_reasons += other.other_reasons;
        for (reason, applications) in &other.reasons {
            self.add_reason(reason, *applications);
        }
        other.app_ids.iter().for_each(|app_id| keep_lowest(&mut self.app_ids, *app_id));
    }
}

impl ColumnChanges {
    fn add(&mut self, app_id: i64, kinds: &[ChangeKind]) {
        for kind in kinds {
            match kind {
                ChangeKind::Changes => self.changes += 1,
                ChangeKind::Appears => self.appears += 1,
                ChangeKind::Disappears => self.disappears += 1,
            }
        }
        keep_lowest(&mut self.app_ids, app_id);
    }
}

fn keep_lowest(app_ids: &mut Vec<i64>, app_id: i64) {
    if let Err(place) = app_ids.binary_search(&app_id)
        && place < IDS_MAX
    {
        app_ids.insert(place, app_id);
        app_ids.truncate(IDS_MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Plan;

    fn plan(columns: &str) -> Plan {
        Plan::from_json(&format!(
            "format = 2\n[source]\ntable = 'dbo.t'\ndocument = 'd'\n\
             [[table]]\nname = 'o'\nrows = '/o'\ncolumns = {{ {columns} }}\n"
        ))
        .expect("a contract")
    }

    fn counts(pair: &PlanPair, plans: (&Plan, &Plan), ids: &[i64]) -> ChangeCounts {
        let mut counts = ChangeCounts::default();
        for app_id in ids {
            let document = match app_id % 4 {
                0 => "<o n='a' m='b'/>",
                1 => "<o n='a' m='a'/>",
                2 => "<o m='b'/>",
                _ => "<o n='a'/>",
            };
            let (old, new) =
                (plans.0.map(document, Some(*app_id)), plans.1.map(document, Some(*app_id)));
            let (changed, _) =
                pair.changed(*app_id, &old, &new, |rejection| rejection.reason.clone());
            counts.add(&changed);
        }
        counts
    }

    #[test]
    fn counts_add_up_to_the_same_whatever_the_order() {
        let (old, new) = (plan("n = '@n'"), plan("n = { from = '@m', required = true }"));
        let pair = PlanPair::new(&old, &new);
        let ids: Vec<i64> = (0..100).collect();
        let all = counts(&pair, (&old, &new), &ids);
        assert_eq!((all.documents, all.changed), (100, 75));
        let column = &all.columns[0];
        assert_eq!((column.changes, column.appears, column.disappears), (25, 25, 0));
        assert_eq!(column.app_ids, [0, 2, 4, 6, 8, 10, 12, 14, 16, 18]);
        assert_eq!(
            (all.fails_now.applications, all.fails_now.app_ids[..2].to_vec()),
            (25, vec![3, 7])
        );
        for n_parts in [2, 7, 100] {
            let mut sum = ChangeCounts::default();
            for part in (0..n_parts).rev() {
                let own: Vec<i64> = ids.iter().copied().skip(part).step_by(n_parts).collect();
                let json = serde_json::to_string(&counts(&pair, (&old, &new), &own)).expect("JSON");
                sum.merge(&serde_json::from_str(&json).expect("our own"));
            }
            assert_eq!(sum, all, "{n_parts} parts");
        }
    }

    #[test]
    fn reasons_are_bounded_and_none_is_lost() {
        let mut failures = FailureCounts::default();
        for app_id in 0..300 {
            failures.add(app_id, &format!("reason {app_id}"));
        }
        let listed: u64 = failures.reasons.values().sum();
        assert_eq!((failures.reasons.len(), listed + failures.other_reasons), (REASONS_MAX, 300));
    }
}
