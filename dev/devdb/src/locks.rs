//! Which locks SQL Server would hold for what transactions write: counted, in the order in which they are taken.
//!
//! devdb itself has one lock, the writer's. The count follows SQL Server's rules for row locks: an exclusive lock on
//! a row's key in the clustered index (or on its place in a heap), and one more on every further index that the row
//! is put into or taken out of; all are held until the transaction ends. Locks on pages and tables, and shared locks,
//! which read committed gives back within the statement, are left out.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::catalog::Table;
use crate::catalog::table::KeyKind;
use crate::clock;
use crate::sync;

/// What a statement does to rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verb {
    /// New rows: nobody else can have locked them before.
    Insert,
    /// Rows that are there.
    Update,
    /// Rows that are there.
    Delete,
}

/// One statement of a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What it does.
    pub verb: Verb,
    /// `schema.name`.
    pub table: String,
    /// Rows, over all transactions of this kind.
    pub rows: u64,
    /// The most rows at once.
    pub rows_max: u64,
    /// What new rows take on SQL Server's pages, over all transactions of this kind.
    pub bytes: u64,
    /// Row locks, over all transactions of this kind.
    pub keys: u64,
    /// The most row locks of one statement; SQL Server turns 5,000 of them into a lock on the table.
    pub keys_max: u64,
}

/// All transactions that wrote the same tables in the same order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Locked {
    /// Their statements, in order, those that touched no row included.
    pub steps: Vec<Step>,
    /// How many were committed.
    pub committed: u64,
    /// How many were rolled back.
    pub rolled_back: u64,
    /// The most row locks that one of them held at its end.
    pub keys_max: u64,
    /// From the first lock to the end, over all.
    pub held: Duration,
    /// The longest of these times.
    pub held_max: Duration,
    /// Waiting for the first lock, over all.
    pub waited: Duration,
    /// The longest of these times.
    pub waited_max: Duration,
}

/// The counts of a database.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    kinds: Mutex<BTreeMap<Vec<(Verb, String)>, Locked>>,
}

/// What a statement has touched.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Touched {
    pub(crate) rows: u64,
    /// Of new rows, on SQL Server's pages.
    pub(crate) bytes: u64,
    pub(crate) locks_per_row: u64,
}

/// What one transaction has locked so far.
#[derive(Debug)]
pub(crate) struct Holding {
    waited: Duration,
    since: Instant,
    steps: Vec<Step>,
}

impl Holding {
    /// A transaction that has waited since `asked` for its first lock, and has it now.
    pub(crate) fn new(asked: Instant) -> Self {
        let since = clock::now();
        Self { waited: since.duration_since(asked), since, steps: Vec::new() }
    }

    /// Notes a statement.
    pub(crate) fn record(&mut self, verb: Verb, table: &Table, touched: Touched) {
        let Touched { rows, bytes, locks_per_row } = touched;
        let keys = rows * locks_per_row;
        let table = table.sqlite_name();
        self.steps.push(Step { verb, table, rows, rows_max: rows, bytes, keys, keys_max: keys });
    }
}

impl Ledger {
    /// Adds a transaction that has ended.
    pub(crate) fn record(&self, held: Holding, is_committed: bool) {
        if held.steps.is_empty() {
            return;
        }
        let time = clock::now().duration_since(held.since);
        let keys: u64 = held.steps.iter().map(|step| step.keys).sum();
        let kind = held.steps.iter().map(|step| (step.verb, step.table.clone())).collect();
        let mut kinds = sync::lock(&self.kinds);
        let totals = kinds.entry(kind).or_default();
        if totals.steps.is_empty() {
            totals.steps = held.steps;
        } else {
            for (sum, step) in totals.steps.iter_mut().zip(held.steps) {
                sum.rows += step.rows;
                sum.rows_max = sum.rows_max.max(step.rows);
                sum.bytes += step.bytes;
                sum.keys += step.keys;
                sum.keys_max = sum.keys_max.max(step.keys);
            }
        }
        if is_committed {
            totals.committed += 1;
        } else {
            totals.rolled_back += 1;
        }
        totals.keys_max = totals.keys_max.max(keys);
        totals.held += time;
        totals.held_max = totals.held_max.max(time);
        totals.waited += held.waited;
        totals.waited_max = totals.waited_max.max(held.waited);
    }

    /// What was counted, kind by kind.
    pub(crate) fn all(&self) -> Vec<Locked> {
        sync::lock(&self.kinds).values().cloned().collect()
    }
}

/// Row locks for each row that is put into a table or taken out of it: one in every index.
pub(crate) fn per_row(table: &Table) -> u64 {
    let indexes = secondary(table).count() + 1;
    u64::try_from(indexes).unwrap_or(u64::MAX)
}

/// Row locks for each row of which these columns change: an index with one of them loses a key and gets another.
pub(crate) fn per_changed_row(table: &Table, changed: &[usize]) -> u64 {
    let moved =
        secondary(table).filter(|key| key.iter().any(|column| changed.contains(column))).count();
    u64::try_from(1 + 2 * moved).unwrap_or(u64::MAX)
}

/// The columns of every index but the clustered one; SQL Server clusters a table by its primary key.
fn secondary(table: &Table) -> impl Iterator<Item = &Vec<usize>> {
    let keys = table.keys.iter().filter(|key| key.kind != KeyKind::Primary).map(|key| &key.columns);
    keys.chain(&table.indexes)
}
