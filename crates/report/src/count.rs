//! Counts what is written, one group of applications at a time.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, Hash, Hasher};

use foldhash::fast::FixedState;
use sha2::{Digest, Sha256};
use xmlx_domain::WarningKind;
use xmlx_extract::{Application, Plan, Row, Value};

use crate::report::{ColumnReport, PerParent, Report, TableReport};

/// Digits of the hash of a column's one value.
const HASH_BYTES: usize = 8;

/// What the counts of one contract are about. Made once per job.
#[derive(Debug, Clone)]
pub struct Counter {
    /// Tables of the report: those of the plan, as far as their names differ.
    names: Vec<(String, Vec<String>)>,
    /// By table of the plan.
    tables: Vec<CountedTable>,
    /// Goes into the hashes, so that those of different contracts cannot be compared.
    salt: String,
}

/// Where the counts of a table of the plan go, by place.
#[derive(Debug, Clone)]
struct CountedTable {
    into: usize,
    columns: Vec<CountedColumn>,
    parent: Option<CountedParent>,
}

#[derive(Debug, Clone)]
struct CountedColumn {
    into: usize,
    /// Whether the database puts a default where there is no value.
    has_default: bool,
}

#[derive(Debug, Clone)]
struct CountedParent {
    /// Its place in the plan; `None` where it is no table of the contract.
    table: Option<usize>,
    /// The columns of a row that say which parent it hangs off.
    columns: Vec<usize>,
}

/// What became of an application.
#[derive(Debug, Clone, Copy)]
pub enum Outcome<'a> {
    /// Its rows are written.
    Rows(&'a Application),
    /// It has none.
    Failed,
}

/// What a lease has counted so far.
#[derive(Debug, Clone, Default)]
pub struct Gathered {
    ok: u64,
    failed: u64,
    tables: Vec<GatheredTable>,
}

#[derive(Debug, Clone, Default)]
struct GatheredTable {
    rows: u64,
    left_out: u64,
    per_parent: Option<PerParent>,
    columns: Vec<GatheredColumn>,
}

#[derive(Debug, Clone, Default)]
struct GatheredColumn {
    values: u64,
    nulls: u64,
    defaults: u64,
    unreadable: u64,
    cut: u64,
    unknown: u64,
    seen: Seen,
}

/// The values of a column, as far as it matters whether they are one. In memory alone.
#[derive(Debug, Clone, PartialEq, Default)]
enum Seen {
    #[default]
    None,
    /// [`Value::Null`] is the default of the database.
    One(Value),
    Several,
}

impl Seen {
    fn add(&mut self, value: &Value) {
        match self {
            Self::None => *self = Self::One(value.clone()),
            Self::One(first) if first == value => (),
            Self::One(_) => *self = Self::Several,
            Self::Several => (),
        }
    }

    fn merge(&mut self, other: &Self) {
        match other {
            Self::None => (),
            Self::One(value) => self.add(value),
            Self::Several => *self = Self::Several,
        }
    }
}

impl Counter {
    /// Prepares to count what is written by a plan. `has_default` says whether the column of that name in that table of
    /// the database has a default, which stands where there is no value.
    pub fn new(plan: &Plan, has_default: impl Fn(&str, &str) -> bool) -> Self {
        let mut names: Vec<(String, Vec<String>)> = Vec::new();
        let mut tables = Vec::with_capacity(plan.tables().len());
        let mut first = 0;
        for line in plan.lines() {
            for table in line {
                let into =
                    place_of(&mut names, |(name, _)| name, &table.name, |name| (name, Vec::new()));
                let known = &mut names[into].1;
                let columns = table.columns.iter().map(|column| CountedColumn {
                    into: place_of(known, |name| name, &column.name, |name| name),
                    has_default: has_default(&table.name, &column.name),
                });
                let columns = columns.collect();
                let parent = table.parent.as_ref().map(|parent| CountedParent {
                    table: line
                        .iter()
                        .position(|other| other.name == parent.table)
                        .map(|at| first + at),
                    columns: places(&table.columns, &parent.columns),
                });
                tables.push(CountedTable { into, columns, parent });
            }
            first += line.len();
        }
        Self { names, tables, salt: plan.hash().to_owned() }
    }

    /// Counts applications that are written together.
    pub fn count<'a>(&self, outcomes: impl IntoIterator<Item = Outcome<'a>>) -> Gathered {
        let mut gathered = Gathered::default();
        let columns = |(_, columns): &(String, Vec<String>)| GatheredTable {
            columns: vec![GatheredColumn::default(); columns.len()],
            ..GatheredTable::default()
        };
        gathered.tables = self.names.iter().map(columns).collect();
        for outcome in outcomes {
            match outcome {
                Outcome::Rows(application) => {
                    gathered.ok += 1;
                    self.application(application, &mut gathered);
                }
                Outcome::Failed => gathered.failed += 1,
            }
        }
        gathered
    }

    fn application(&self, application: &Application, gathered: &mut Gathered) {
        for (table, rows) in self.tables.iter().zip(&application.tables) {
            let counts = &mut gathered.tables[table.into];
            counts.rows += n(rows.len());
            for row in rows {
                for (column, value) in table.columns.iter().zip(row) {
                    counts.columns[column.into].add(value, column.has_default);
                }
            }
            if let Some(parent) = &table.parent {
                let parents = parent.table.map_or(0, |table| application.tables[table].len());
                per_parent(
                    counts.per_parent.get_or_insert_default(),
                    parents,
                    rows,
                    &parent.columns,
                );
            }
        }
        for cell in &application.defaults {
            let table = &self.tables[cell.table as usize];
            let column = table.columns[cell.column as usize].into;
            gathered.tables[table.into].columns[column].defaults += 1;
        }
        for warning in &application.warnings {
            let table = &self.tables[warning.table];
            let counts = &mut gathered.tables[table.into];
            let column = warning.column.map(|column| table.columns[column].into);
            match (warning.kind, column) {
                (WarningKind::Unreadable, Some(column)) => counts.columns[column].unreadable += 1,
                (WarningKind::Cut, Some(column)) => counts.columns[column].cut += 1,
                (WarningKind::UnknownCode, Some(column)) => counts.columns[column].unknown += 1,
                (WarningKind::RowLeftOut, _) => counts.left_out += 1,
                (
                    WarningKind::Unreadable
                    | WarningKind::Cut
                    | WarningKind::UnknownCode
                    | WarningKind::PartlyRead
                    | WarningKind::OffsetDropped
                    | WarningKind::Rounded
                    | WarningKind::SeveralValues,
                    _,
                ) => (),
            }
        }
    }

    /// What is kept of what a lease has counted.
    pub fn report(&self, gathered: &Gathered) -> Report {
        let tables = self.names.iter().zip(&gathered.tables).map(|((name, columns), counts)| {
            let columns = columns.iter().zip(&counts.columns);
            // Of a table without rows there is nothing to say by column, unless something was lost there.
            let columns = columns.filter(|(_, counts)| counts.says_something());
            TableReport {
                name: name.clone(),
                rows: counts.rows,
                left_out: counts.left_out,
                per_parent: counts.per_parent.clone(),
                columns: columns
                    .map(|(column, counts)| ColumnReport {
                        name: column.clone(),
                        values: counts.values,
                        nulls: counts.nulls,
                        defaults: counts.defaults,
                        unreadable: counts.unreadable,
                        cut: counts.cut,
                        unknown: counts.unknown,
                        one: self.one(name, column, &counts.seen),
                    })
                    .collect(),
            }
        });
        Report {
            ok: gathered.ok,
            failed: gathered.failed,
            tables: tables.collect(),
            ..Report::new()
        }
    }

    fn one(&self, table: &str, column: &str, seen: &Seen) -> Option<String> {
        let Seen::One(value) = seen else { return None };
        let text = format!("{}\n{table}\n{column}\n{value:?}", self.salt);
        let hash = Sha256::digest(text.as_bytes());
        Some(hash.iter().take(HASH_BYTES).map(|byte| format!("{byte:02x}")).collect())
    }
}

impl Gathered {
    /// Adds what was counted of the next applications of the lease.
    pub fn merge(&mut self, other: &Self) {
        self.ok += other.ok;
        self.failed += other.failed;
        if self.tables.is_empty() {
            self.tables.clone_from(&other.tables);
            return;
        }
        for (own, other) in self.tables.iter_mut().zip(&other.tables) {
            own.rows += other.rows;
            own.left_out += other.left_out;
            if let Some(theirs) = &other.per_parent {
                own.per_parent.get_or_insert_default().merge(theirs);
            }
            own.columns.iter_mut().zip(&other.columns).for_each(|(own, other)| own.merge(other));
        }
    }
}

impl GatheredColumn {
    fn add(&mut self, value: &Value, has_default: bool) {
        if value.is_null() {
            if !has_default {
                self.nulls += 1;
                return;
            }
            self.defaults += 1;
        }
        self.values += 1;
        self.seen.add(value);
    }

    fn merge(&mut self, other: &Self) {
        self.values += other.values;
        self.nulls += other.nulls;
        self.defaults += other.defaults;
        self.unreadable += other.unreadable;
        self.cut += other.cut;
        self.unknown += other.unknown;
        self.seen.merge(&other.seen);
    }

    fn says_something(&self) -> bool {
        self.values + self.nulls + self.unreadable + self.cut + self.unknown > 0
    }
}

/// Counts the rows of each parent of one application. Rows of one parent mostly stand together.
fn per_parent(counts: &mut PerParent, n_parents: usize, rows: &[Row], columns: &[usize]) {
    if n_parents <= 1 {
        if n_parents == 1 || !rows.is_empty() {
            counts.add(n(rows.len()));
        }
        return;
    }
    let mut runs: HashMap<u64, u64, FixedState> = HashMap::with_hasher(FixedState::default());
    let is_same = |a: &Row, b: &Row| columns.iter().all(|column| a[*column] == b[*column]);
    for run in rows.chunk_by(is_same) {
        *runs.entry(key(&run[0], columns)).or_default() += n(run.len());
    }
    let mut n_filled = 0;
    for n_rows in runs.into_values() {
        counts.add(n_rows);
        n_filled += 1;
    }
    (n_filled..n_parents).for_each(|_| counts.add(0));
}

/// Tells the parents of one application apart.
fn key(row: &Row, columns: &[usize]) -> u64 {
    let mut hasher = FixedState::default().build_hasher();
    for column in columns {
        match &row[*column] {
            Value::Int(int) => int.hash(&mut hasher),
            Value::Text(text) => text.hash(&mut hasher),
            other @ (Value::Null
            | Value::Bit(_)
            | Value::Decimal(_)
            | Value::Float(_)
            | Value::Date(_)
            | Value::DateTime(_)
            | Value::DateTimeOffset(_)) => format!("{other:?}").hash(&mut hasher),
        }
    }
    hasher.finish()
}

/// The place of a name, which is added where it is new. Names that differ in case alone are one.
fn place_of<T>(
    list: &mut Vec<T>,
    name_of: impl Fn(&T) -> &String,
    name: &str,
    new: impl Fn(String) -> T,
) -> usize {
    let known = list.iter().position(|known| name_of(known).to_lowercase() == name.to_lowercase());
    known.unwrap_or_else(|| {
        list.push(new(name.to_owned()));
        list.len() - 1
    })
}

fn places(columns: &[xmlx_extract::Column], names: &[String]) -> Vec<usize> {
    let place = |name: &String| columns.iter().position(|column| column.name == *name);
    names.iter().filter_map(place).collect()
}

fn n(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
