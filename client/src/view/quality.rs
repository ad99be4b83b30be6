//! What a job has written, in counts.

use serde::Serialize;
use xmlx_proto::v1 as pb;

/// The answer of `quality`.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Quality {
    pub(crate) job: i64,
    /// `None`: it was not compared.
    pub(crate) against: Option<i64>,
    /// The share of its scope that the job takes; none: all of it.
    pub(crate) sample: Option<String>,
    /// Which part that is, for people.
    #[serde(skip)]
    pub(crate) part: Option<String>,
    /// Applications that the counts are of.
    pub(crate) counted_ok: i64,
    pub(crate) counted_failed: i64,
    /// Applications that workers of an older release committed without counting.
    pub(crate) not_counted: i64,
    /// How many findings there are; no more than 1,000 are listed.
    pub(crate) findings_total: u32,
    pub(crate) findings: Vec<QualityFinding>,
    /// Empty unless all was asked for.
    pub(crate) tables: Vec<TableQuality>,
    pub(crate) columns: Vec<ColumnQuality>,
}

/// Something that stands out.
#[derive(Debug, Serialize)]
pub(crate) struct QualityFinding {
    table: String,
    /// `None`: the table as a whole.
    column: Option<String>,
    rule: String,
    detail: String,
    /// Whether it is a difference from the other job.
    differs: bool,
}

/// A table's rows.
#[derive(Debug, Serialize)]
pub(crate) struct TableQuality {
    table: String,
    rows: i64,
    left_out: i64,
    /// Rows of the parent; `None` for the table of the application itself.
    parents: Option<i64>,
    rows_min: Option<i64>,
    rows_max: Option<i64>,
    /// Parents by number of rows: 0, 1, 2, 3 to 4, 5 to 8, ...
    parents_by_rows: Vec<i64>,
}

/// A column's rows.
#[derive(Debug, Serialize)]
pub(crate) struct ColumnQuality {
    table: String,
    column: String,
    values: i64,
    nulls: i64,
    defaults: i64,
    unreadable: i64,
    cut: i64,
    unknown_codes: i64,
    one_value: bool,
}

impl QualityFinding {
    pub(crate) const HEADER: [&'static str; 4] = ["TABLE", "COLUMN", "WHAT", "DETAIL"];

    pub(crate) fn row(&self) -> Vec<String> {
        vec![
            self.table.clone(),
            self.column.clone().unwrap_or_else(|| "(table)".to_owned()),
            self.rule.clone(),
            self.detail.clone(),
        ]
    }
}

impl From<pb::QualityFinding> for QualityFinding {
    fn from(finding: pb::QualityFinding) -> Self {
        Self {
            table: finding.table,
            column: Some(finding.column).filter(|text| !text.is_empty()),
            rule: finding.rule,
            detail: finding.detail,
            differs: finding.differs,
        }
    }
}

impl TableQuality {
    pub(crate) const HEADER: [&'static str; 7] =
        ["TABLE", "ROWS", "LEFT OUT", "PARENTS", "LEAST", "MEAN", "MOST"];

    pub(crate) fn row(&self) -> Vec<String> {
        let text = |n: Option<i64>| n.map(|n| n.to_string()).unwrap_or_default();
        vec![
            self.table.clone(),
            self.rows.to_string(),
            self.left_out.to_string(),
            text(self.parents),
            text(self.rows_min),
            self.parents.map(|parents| hundredths(self.rows, parents)).unwrap_or_default(),
            text(self.rows_max),
        ]
    }
}

impl From<pb::TableQuality> for TableQuality {
    fn from(table: pb::TableQuality) -> Self {
        Self {
            table: table.table,
            rows: table.rows,
            left_out: table.left_out,
            parents: table.parents,
            rows_min: table.parents.map(|_| table.rows_min),
            rows_max: table.parents.map(|_| table.rows_max),
            parents_by_rows: table.parents_by_rows,
        }
    }
}

impl ColumnQuality {
    pub(crate) const HEADER: [&'static str; 9] = [
        "TABLE",
        "COLUMN",
        "VALUES",
        "NULL",
        "DEFAULT",
        "UNREADABLE",
        "CUT",
        "UNKNOWN",
        "ONE VALUE",
    ];

    pub(crate) fn row(&self) -> Vec<String> {
        let rows = self.values + self.nulls;
        // How many, and of the commoner ones how large a share that is.
        let share = |n: i64| match n {
            0 => "0".to_owned(),
            n => format!("{n} ({}%)", hundredths(n.saturating_mul(100), rows)),
        };
        vec![
            self.table.clone(),
            self.column.clone(),
            self.values.to_string(),
            share(self.nulls),
            share(self.defaults),
            self.unreadable.to_string(),
            self.cut.to_string(),
            self.unknown_codes.to_string(),
            if self.one_value { "yes" } else { "" }.to_owned(),
        ]
    }
}

impl From<pb::ColumnQuality> for ColumnQuality {
    fn from(column: pb::ColumnQuality) -> Self {
        Self {
            table: column.table,
            column: column.column,
            values: column.values,
            nulls: column.nulls,
            defaults: column.defaults,
            unreadable: column.unreadable,
            cut: column.cut,
            unknown_codes: column.unknown_codes,
            one_value: column.one_value,
        }
    }
}

/// A quotient with two digits behind the point.
fn hundredths(n: i64, of: i64) -> String {
    let hundredths = i128::from(n) * 100 / i128::from(of.max(1));
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}
