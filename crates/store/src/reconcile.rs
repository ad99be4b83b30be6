//! Compares the rows that documents become with those that are in the tables.
//!
//! The database converts the rows that there should be, as it did when they were inserted: the same JSON, the same types,
//! the column's collation and length. Both sides come back as the same types, and are compared byte by byte: trailing
//! blanks, case and the last digit count. Nothing is written, and no value leaves this file.

mod compare;
mod report;
mod sql;

pub use report::Reconciled;

use std::collections::BTreeMap;

use tiberius::{ColumnData, ToSql};
use xmlx_domain::JobId;
use xmlx_extract::{Application, Plan};

use crate::catalog::Catalog;
use crate::connection::{Row, column, text};
use crate::encode::{self, ColumnCodec};
use crate::{Connection, Error, Finding, Store, statements};
use compare::{Cell, Differs, Shape};
use sql::{Side, Statement};

/// How a table differs from what the documents say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DifferenceKind {
    /// A cell of a row.
    Cell,
    /// A row hangs off another one than it should.
    Parent,
    /// A row is not there.
    RowMissing,
    /// A row is there that should not be.
    RowExtra,
}

impl DifferenceKind {
    /// The word for programs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cell => "cell",
            Self::Parent => "parent",
            Self::RowMissing => "row_missing",
            Self::RowExtra => "row_extra",
        }
    }
}

/// A difference, without the values.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// The application.
    pub app_id: i64,
    /// The table.
    pub table: String,
    /// The column; none where it is about a whole row.
    pub column: Option<String>,
    /// What differs.
    pub kind: DifferenceKind,
}

impl Difference {
    /// The same as a job keeps it.
    #[must_use]
    pub fn finding(&self) -> Finding {
        Finding {
            app_id: self.app_id,
            kind: self.kind.as_str().to_owned(),
            table: self.table.clone(),
            column: self.column.clone().unwrap_or_default(),
            reason: String::new(),
        }
    }
}

/// Reports that are read at once.
const PAGE: i64 = 500;

impl Store {
    /// What the leases of a reconciliation have compared, all together.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn reconciled(&self, job_id: JobId) -> Result<Reconciled, Error> {
        const IT: &str = "range_reports";
        let mut sum = Reconciled::default();
        let (mut range_id, mut epoch) = (i64::MIN, i64::MIN);
        loop {
            let rows =
                self.run(statements::RANGE_REPORTS, &[&job_id.0, &range_id, &epoch, &PAGE]).await?;
            for row in &rows {
                range_id = column(row, "range_id", IT)?;
                epoch = column(row, "epoch", IT)?;
                sum.merge(&Reconciled::from_json(&text(row, "report", IT)?)?);
            }
            if i64::try_from(rows.len()).unwrap_or(PAGE) < PAGE {
                return Ok(sum);
            }
        }
    }
}

/// What was compared, and what of it differs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compared {
    /// In the order of the applications, then of the tables.
    pub differences: Vec<Difference>,
    /// Rows that there should be.
    pub rows: u64,
    /// Cells of these rows.
    pub cells: u64,
}

/// What is not compared, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NotCompared {
    /// `table` or `table.column`.
    pub place: String,
    /// In words.
    pub reason: String,
}

/// The statement that compares applications of one contract.
#[derive(Clone, Debug)]
pub struct Comparison {
    text: String,
    /// Those of the plan, in its order.
    tables: Vec<ComparedTable>,
    not_compared: Vec<NotCompared>,
}

#[derive(Clone, Debug)]
struct ComparedTable {
    name: String,
    columns: Vec<String>,
    codecs: Vec<ColumnCodec>,
    shape: Shape,
    /// By column: the database itself puts something there where there is no value.
    is_filled: Vec<bool>,
    /// Its place among the tables, each of which is there once.
    target: usize,
    /// By column: its place in a row of the target.
    places: Vec<usize>,
}

impl Comparison {
    /// The statement for `plan` and the target's `catalog`.
    ///
    /// # Errors
    /// [`Error::Mismatch`] with every point on which they disagree.
    pub fn new(plan: &Plan, catalog: &Catalog) -> Result<Self, Error> {
        let found = catalog.check(plan);
        if !found.is_empty() {
            let lines: Vec<String> = found.iter().map(ToString::to_string).collect();
            return Err(Error::Mismatch(lines.join("\n")));
        }
        let Statement { text, targets, not_compared } = sql::statement(plan, catalog);
        let outlines = plan.outlines();
        let mut tables = Vec::new();
        for (table, outline) in plan.tables().iter().zip(&outlines) {
            let target = targets
                .iter()
                .position(|target| target.name.eq_ignore_ascii_case(&table.name))
                .expect("each table is a target");
            let known = |name: &str| catalog.column(&table.name, name).expect("the check found it");
            let columns: Vec<String> =
                table.columns.iter().map(|column| column.name.clone()).collect();
            let place = |name: &String| columns.iter().position(|column| column == name);
            let is_filled: Vec<bool> =
                columns.iter().map(|name| sql::is_filled_by_function(known(name))).collect();
            let key = sql::application_key(plan);
            let parent = table.parent.iter().flat_map(|parent| &parent.columns);
            let parent = parent.filter(|name| Some(name.as_str()) != key).filter_map(place);
            let loose = (0..columns.len()).filter(|column| is_filled[*column]);
            tables.push(ComparedTable {
                name: table.name.clone(),
                codecs: columns.iter().map(|name| ColumnCodec::new(known(name))).collect(),
                shape: Shape {
                    n_columns: columns.len(),
                    key: outline.key.clone(),
                    parent: parent.collect(),
                    loose: loose.collect(),
                },
                places: columns.iter().map(|name| targets[target].place(name)).collect(),
                is_filled,
                columns,
                target,
            });
        }
        Ok(Self { text, tables, not_compared })
    }

    /// What of the tables is not compared, and why.
    #[must_use]
    pub fn not_compared(&self) -> &[NotCompared] {
        &self.not_compared
    }

    /// The statement with its parameters in a comment, for checks from outside.
    #[must_use]
    pub fn statements(&self) -> Vec<(&'static str, String)> {
        let params: Vec<String> =
            (1..=self.tables.len() + 1).map(|n| format!("@P{n} nvarchar(max)")).collect();
        vec![("reconcile", format!("-- params: {}\n{}", params.join(", "), self.text))]
    }

    /// Compares applications with their rows. Applications that should have rows only: what has none here should have
    /// none there.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn compare(
        &self,
        connection: &mut Connection,
        applications: &[&Application],
    ) -> Result<Compared, Error> {
        let ids: Vec<i64> = applications.iter().map(|application| application.app_id).collect();
        let mut params = vec![serde_json::to_string(&ids).expect("numbers are always JSON")];
        encode::pad(&mut params[0]);
        for (place, table) in self.tables.iter().enumerate() {
            let mut json = String::new();
            for application in applications {
                for row in &application.tables[place] {
                    encode::push_row_of(application.app_id, &table.codecs, row, &mut json);
                }
            }
            encode::close(&mut json);
            params.push(json);
        }
        let n_bytes = params.iter().map(String::len).sum();
        let values: Vec<&dyn ToSql> = params.iter().map(|json| json as &dyn ToSql).collect();
        let rows = connection.run_sized(n_bytes, &self.text, &values).await?;
        self.differences(applications, rows)
    }

    fn differences(
        &self,
        applications: &[&Application],
        rows: Vec<Row>,
    ) -> Result<Compared, Error> {
        let mut expected: BTreeMap<(i64, usize), Vec<Vec<Cell>>> = BTreeMap::new();
        let mut actual: BTreeMap<(i64, usize), Vec<Vec<Cell>>> = BTreeMap::new();
        for row in rows {
            let (side, app_id, cells) = read(row, self.tables.len())?;
            match side {
                Side::Expected(table) => expected.entry((app_id, table)).or_default().push(cells),
                Side::Actual(target) => actual.entry((app_id, target)).or_default().push(cells),
            }
        }
        let mut compared = Compared::default();
        for application in applications {
            let app_id = application.app_id;
            for (place, table) in self.tables.iter().enumerate() {
                let given = &application.tables[place];
                let expected = expected.remove(&(app_id, place)).unwrap_or_default();
                if expected.len() != given.len() {
                    return Err(shape_error("another number of rows than were sent"));
                }
                // Of a table that several contracts fill, the rows are those of the contract that has some.
                let shares = |(other, shared): (usize, &ComparedTable)| {
                    other != place
                        && shared.target == table.target
                        && (other < place || !application.tables[other].is_empty())
                };
                if given.is_empty() && self.tables.iter().enumerate().any(shares) {
                    continue;
                }
                let actual = actual.remove(&(app_id, table.target)).unwrap_or_default();
                let actual = actual.into_iter().map(|row| table.own(row)).collect();
                let expected: Vec<_> =
                    expected.into_iter().map(|row| table.with_any(row)).collect();
                compared.rows += u64::try_from(given.len()).unwrap_or(u64::MAX);
                let n_cells = given.len() * table.columns.len();
                compared.cells += u64::try_from(n_cells).unwrap_or(u64::MAX);
                let found = compare::compare(&table.shape, expected, actual);
                compared
                    .differences
                    .extend(found.into_iter().map(|differs| table.difference(app_id, differs)));
            }
        }
        Ok(compared)
    }
}

impl ComparedTable {
    /// The columns of a row of the target that the contract fills.
    fn own(&self, mut row: Vec<Cell>) -> Vec<Cell> {
        self.places.iter().map(|place| std::mem::replace(&mut row[*place], Cell::Null)).collect()
    }

    /// A row in which what the database puts into empty cells may be anything.
    fn with_any(&self, mut row: Vec<Cell>) -> Vec<Cell> {
        for (cell, is_filled) in row.iter_mut().zip(&self.is_filled) {
            if *is_filled && *cell == Cell::Null {
                *cell = Cell::Any;
            }
        }
        row
    }

    fn difference(&self, app_id: i64, differs: Differs) -> Difference {
        let (column, kind) = match differs {
            Differs::Cell { column } => (Some(column), DifferenceKind::Cell),
            Differs::Parent { column } => (Some(column), DifferenceKind::Parent),
            Differs::Missing => (None, DifferenceKind::RowMissing),
            Differs::Extra => (None, DifferenceKind::RowExtra),
        };
        let column = column.map(|column| self.columns[column].clone());
        Difference { app_id, table: self.name.clone(), column, kind }
    }
}

/// Reads a row of the answer: which it is, the application, and its cells.
fn read(row: Row, n_tables: usize) -> Result<(Side, i64, Vec<Cell>), Error> {
    let mut cells = row.into_iter();
    let (Some(ColumnData::I32(Some(side))), Some(ColumnData::I64(Some(app_id)))) =
        (cells.next(), cells.next())
    else {
        return Err(shape_error("a row does not begin with its number and the application's id"));
    };
    let side = Side::of(side, n_tables).ok_or_else(|| shape_error("a row of no table"))?;
    let cells = cells.map(cell).collect::<Result<_, _>>()?;
    Ok((side, app_id, cells))
}

fn shape_error(detail: &str) -> Error {
    Error::Shape { statement: "reconcile", detail: detail.to_owned() }
}

/// A cell of the answer, whatever its type: of one column it is the same on both sides.
fn cell(data: ColumnData<'_>) -> Result<Cell, Error> {
    let whole = |number: Option<i128>| number.map_or(Cell::Null, Cell::Whole);
    // The two zeros are equal.
    let float = |number: Option<f64>| {
        number.map_or(Cell::Null, |number| {
            Cell::Bytes((number + 0.0).to_bits().to_be_bytes().to_vec())
        })
    };
    Ok(match data {
        ColumnData::U8(number) => whole(number.map(i128::from)),
        ColumnData::I16(number) => whole(number.map(i128::from)),
        ColumnData::I32(number) => whole(number.map(i128::from)),
        ColumnData::I64(number) => whole(number.map(i128::from)),
        ColumnData::Bit(flag) => whole(flag.map(i128::from)),
        ColumnData::F32(number) => float(number.map(f64::from)),
        ColumnData::F64(number) => float(number),
        ColumnData::Numeric(number) => {
            number.map_or(Cell::Null, |number| Cell::Decimal(number.value(), number.scale()))
        }
        ColumnData::Binary(bytes) => {
            bytes.map_or(Cell::Null, |bytes| Cell::Bytes(bytes.into_owned()))
        }
        ColumnData::Guid(guid) => {
            guid.map_or(Cell::Null, |guid| Cell::Bytes(guid.as_bytes().to_vec()))
        }
        ColumnData::Date(day) => whole(day.map(|day| day.days().into())),
        ColumnData::DateTime(at) => {
            whole(at.map(|at| (i128::from(at.days()) << 32) + i128::from(at.seconds_fragments())))
        }
        ColumnData::SmallDateTime(at) => {
            whole(at.map(|at| (i128::from(at.days()) << 32) + i128::from(at.seconds_fragments())))
        }
        ColumnData::Time(time) => whole(time.map(|time| i128::from(time.increments()))),
        ColumnData::DateTime2(at) => whole(at.map(moment)),
        ColumnData::DateTimeOffset(at) => {
            whole(at.map(|at| (moment(at.datetime2()) << 16) + i128::from(at.offset())))
        }
        ColumnData::String(_) | ColumnData::Xml(_) => {
            return Err(shape_error("a text that does not come as bytes"));
        }
    })
}

fn moment(at: tiberius::time::DateTime2) -> i128 {
    (i128::from(at.date().days()) << 64) + i128::from(at.time().increments())
}
