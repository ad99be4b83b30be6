//! The report of a lease, as it is kept in `xmlx.range_report`, and how reports add up.

use serde::{Deserialize, Serialize};
use xmlx_extract::ChangeCounts;

use crate::{Covered, Rehearsal};

/// The version that this build writes. A version only ever gains members: an older build ignores those that it does not
/// know, and a newer one takes what is missing for nothing.
pub const REPORT_VERSION: u32 = 1;

/// What one lease has committed, or what several have. Empty: nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Report {
    /// [`REPORT_VERSION`] of the build that wrote it.
    pub v: u32,
    /// Applications that have their rows.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub ok: u64,
    /// Applications that failed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub failed: u64,
    /// What was written to each table.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tables: Vec<TableReport>,
    /// What a rehearsal has found; `None` for other jobs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rehearsal: Option<Rehearsal>,
    /// What the documents have; `None` for jobs that do not look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coverage: Option<Covered>,
    /// What another contract would change; `None` for jobs that do not compare contracts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changes: Option<ChangeCounts>,
}

/// What was written to a table.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TableReport {
    /// Its name, as the contract writes it. Names that differ in case alone are one.
    pub name: String,
    /// Its rows.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub rows: u64,
    /// Elements that were meant to be rows and are none, as the warning `row_left_out` counts them.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub left_out: u64,
    /// How many rows hang off a row of the parent; `None` for the table of the application itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_parent: Option<PerParent>,
    /// Its columns, in the order of the contract.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<ColumnReport>,
}

/// How many rows of a table hang off one row of its parent.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PerParent {
    /// Rows of the parent.
    pub parents: u64,
    /// The fewest rows of one of them.
    pub min: u64,
    /// The most.
    pub max: u64,
    /// Parents by number of rows: 0, 1, 2, 3 to 4, 5 to 8, 9 to 16, and so on. Ends with the last that has some.
    pub parents_by_rows: Vec<u64>,
}

/// What was written to a column. A row has a value or NULL; where one contract of a
/// set fills the column and another does not, `values` and `nulls` are fewer than the rows of the table.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ColumnReport {
    /// Its name, as the contract writes it.
    pub name: String,
    /// Rows with a value, defaults among them.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub values: u64,
    /// Rows without one.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub nulls: u64,
    /// Rows in which the default of the contract or of the column in the database stands.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub defaults: u64,
    /// Warnings `unreadable`.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unreadable: u64,
    /// Warnings `cut`.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cut: u64,
    /// Warnings `unknown_code`.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unknown: u64,
    /// Where all values are one: half of a hash of it, so that leases can be compared. `None` where there are several
    /// values, or none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub one: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(n: &u64) -> bool {
    *n == 0
}

/// A text that is no report.
#[derive(Debug, thiserror::Error)]
#[error("what is kept of a lease is no report")]
pub struct ReadError(#[source] serde_json::Error);

impl Report {
    /// An empty report of this build's version.
    pub fn new() -> Self {
        Self { v: REPORT_VERSION, ..Self::default() }
    }

    /// Writes the report as JSON; numbers that are zero are left out.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("numbers and strings are always JSON")
    }

    /// Reads what [`Report::to_json`] of this or another version wrote.
    ///
    /// # Errors
    ///
    /// Returns why the text is no report.
    pub fn from_json(json: &str) -> Result<Self, ReadError> {
        serde_json::from_str(json).map_err(ReadError)
    }

    /// Adds another lease's report.
    ///
    /// ```
    /// # use xmlx_report::Report;
    /// let mut sum = Report::new();
    /// sum.merge(&Report { ok: 2, ..Report::new() });
    /// sum.merge(&Report { ok: 3, failed: 1, ..Report::new() });
    /// assert_eq!((sum.ok, sum.failed), (5, 1));
    /// ```
    pub fn merge(&mut self, other: &Self) {
        self.v = self.v.max(other.v);
        self.ok += other.ok;
        self.failed += other.failed;
        if let Some(theirs) = &other.rehearsal {
            self.rehearsal.get_or_insert_default().merge(theirs);
        }
        if let Some(theirs) = &other.coverage {
            self.coverage.get_or_insert_default().merge(theirs);
        }
        if let Some(theirs) = &other.changes {
            self.changes.get_or_insert_default().merge(theirs);
        }
        for (place, table) in other.tables.iter().enumerate() {
            match find(&self.tables, place, |own| &own.name, &table.name) {
                Some(own) => self.tables[own].merge(table),
                None => self.tables.push(table.clone()),
            }
        }
    }

    /// The report of a table, whatever the case of its name.
    pub fn table(&self, name: &str) -> Option<&TableReport> {
        find(&self.tables, 0, |table| &table.name, name).map(|place| &self.tables[place])
    }
}

impl TableReport {
    fn merge(&mut self, other: &Self) {
        self.rows += other.rows;
        self.left_out += other.left_out;
        if let Some(theirs) = &other.per_parent {
            self.per_parent.get_or_insert_default().merge(theirs);
        }
        for (place, column) in other.columns.iter().enumerate() {
            match find(&self.columns, place, |own| &own.name, &column.name) {
                Some(own) => self.columns[own].merge(column),
                // Another contract of the set fills it.
                None => self.columns.push(column.clone()),
            }
        }
    }

    /// The report of a column, whatever the case of its name.
    pub fn column(&self, name: &str) -> Option<&ColumnReport> {
        find(&self.columns, 0, |column| &column.name, name).map(|place| &self.columns[place])
    }
}

impl PerParent {
    /// Counts a parent that has so many rows.
    pub(crate) fn add(&mut self, n_rows: u64) {
        self.merge(&Self { parents: 1, min: n_rows, max: n_rows, parents_by_rows: Vec::new() });
        let bucket = bucket(n_rows);
        if self.parents_by_rows.len() <= bucket {
            self.parents_by_rows.resize(bucket + 1, 0);
        }
        self.parents_by_rows[bucket] += 1;
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        if other.parents == 0 {
            return;
        }
        self.min = if self.parents == 0 { other.min } else { self.min.min(other.min) };
        self.max = self.max.max(other.max);
        self.parents += other.parents;
        let n = self.parents_by_rows.len().max(other.parents_by_rows.len());
        self.parents_by_rows.resize(n, 0);
        let theirs = self.parents_by_rows.iter_mut().zip(&other.parents_by_rows);
        theirs.for_each(|(own, more)| *own += more);
    }
}

/// 0, 1, 2, 3 to 4, 5 to 8, ...
fn bucket(n_rows: u64) -> usize {
    match n_rows {
        0 => 0,
        n => 1 + (u64::BITS - (n - 1).leading_zeros()) as usize,
    }
}

impl ColumnReport {
    fn merge(&mut self, other: &Self) {
        self.one = match (self.values, other.values) {
            (_, 0) => self.one.take(),
            (0, _) => other.one.clone(),
            _ => self.one.take().filter(|own| Some(own) == other.one.as_ref()),
        };
        self.values += other.values;
        self.nulls += other.nulls;
        self.defaults += other.defaults;
        self.unreadable += other.unreadable;
        self.cut += other.cut;
        self.unknown += other.unknown;
    }
}

/// The place of a name in a list, most likely `place`.
fn find<T>(list: &[T], place: usize, name_of: impl Fn(&T) -> &String, name: &str) -> Option<usize> {
    if list.get(place).is_some_and(|known| name_of(known) == name) {
        return Some(place);
    }
    let name = name.to_lowercase();
    list.iter().position(|known| name_of(known).to_lowercase() == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(values: u64, one: Option<&str>) -> ColumnReport {
        let one = one.map(str::to_owned);
        ColumnReport { name: "a".to_owned(), values, one, ..ColumnReport::default() }
    }

    #[test]
    fn one_value_stays_one_only_where_it_is_the_same() {
        let check = |own: ColumnReport, other: ColumnReport, expected: Option<&str>| {
            let mut sum = own;
            sum.merge(&other);
            assert_eq!(sum.one.as_deref(), expected);
        };
        check(column(2, Some("x")), column(3, Some("x")), Some("x"));
        check(column(2, Some("x")), column(3, Some("y")), None);
        check(column(2, Some("x")), column(3, None), None);
        check(column(0, None), column(3, Some("y")), Some("y"));
        check(column(2, Some("x")), column(0, None), Some("x"));
    }

    #[test]
    fn parents_are_counted_by_their_rows() {
        let (mut all, mut rest) = (PerParent::default(), PerParent::default());
        [3, 0, 1, 2].into_iter().for_each(|n| all.add(n));
        [4, 5, 8, 9].into_iter().for_each(|n| rest.add(n));
        assert_eq!((all.min, all.max), (0, 3));
        all.merge(&rest);
        all.merge(&PerParent::default());
        let expected =
            PerParent { parents: 8, min: 0, max: 9, parents_by_rows: vec![1, 1, 1, 2, 2, 1] };
        assert_eq!(all, expected);
    }

    #[test]
    fn old_and_new_reports_merge() {
        let new = r#"{"v":9,"ok":2,"tables":[{"name":"LOAN","rows":2,"more":1,"columns":[{"name":"A","values":2}]}],"later":{"x":1}}"#;
        let old = r#"{"v":1,"ok":1,"failed":1,"tables":[{"name":"fee"},{"name":"loan","rows":1,"columns":[{"name":"a","nulls":1},{"name":"b","values":1}]}]}"#;
        let mut sum = Report::from_json(new).unwrap();
        sum.merge(&Report::from_json(old).unwrap());
        assert_eq!(
            sum.to_json(),
            r#"{"v":9,"ok":3,"failed":1,"tables":[{"name":"LOAN","rows":3,"columns":[{"name":"A","values":2,"nulls":1},{"name":"b","values":1}]},{"name":"fee"}]}"#
        );
        assert!(Report::from_json("[]").is_err());
    }
}
