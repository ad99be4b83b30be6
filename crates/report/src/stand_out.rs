//! Which tables and columns of a job deserve a look, by rules that are stated.

use crate::report::{ColumnReport, Report, TableReport};

/// A rule counts once a column has so many rows: what a few documents have in common says little.
pub(crate) const ROWS_MIN: u64 = 20;
/// More than one row in so many: unreadable, cut, unknown.
const ONE_IN: u64 = 100;

/// Why something stands out. In the order in which it is shown: what is most likely wrong comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// No row of the table, of 20 applications or more.
    NoRows,
    /// No value in 20 rows or more.
    AllNull,
    /// Nothing but defaults in 20 rows or more.
    AllDefault,
    /// More than 1 % of 20 rows or more are unreadable.
    Unreadable,
    /// More than 1 % of 20 rows or more have a code that no conversion knows.
    UnknownCodes,
    /// More than 1 % of 20 rows or more were cut.
    Cut,
    /// One value in 20 rows or more.
    OneValue,
    /// The share of NULLs is not what it was.
    NullShare,
    /// The share of defaults is not what it was.
    DefaultShare,
    /// The share of unreadable values is not what it was.
    UnreadableShare,
    /// The share of unknown codes is not what it was.
    UnknownCodeShare,
    /// The share of values that were cut is not what it was.
    CutShare,
    /// There is one value now and there were several, or the other way round.
    Variety,
    /// The rows of an application are not as many as they were.
    RowsPerApplication,
    /// Only one of the two jobs fills it.
    OneJobOnly,
}

impl Rule {
    /// The rule as a word for programs, which does not change.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoRows => "no_rows",
            Self::AllNull => "all_null",
            Self::AllDefault => "all_default",
            Self::Unreadable => "unreadable",
            Self::UnknownCodes => "unknown_codes",
            Self::Cut => "cut",
            Self::OneValue => "one_value",
            Self::NullShare => "null_share",
            Self::DefaultShare => "default_share",
            Self::UnreadableShare => "unreadable_share",
            Self::UnknownCodeShare => "unknown_code_share",
            Self::CutShare => "cut_share",
            Self::Variety => "variety",
            Self::RowsPerApplication => "rows_per_application",
            Self::OneJobOnly => "one_job_only",
        }
    }
}

/// Something that stands out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The table.
    pub table: String,
    /// Its column; `None`: the table as a whole.
    pub column: Option<String>,
    /// Why.
    pub rule: Rule,
    /// What it is, for people: counts and shares, no values.
    pub detail: String,
}

/// Lists what stands out in a job by itself, the most likely mistakes first.
///
/// ```
/// # use xmlx_report::{ColumnReport, Report, TableReport, Rule, standing_out};
/// let amount = ColumnReport { name: "amount".into(), nulls: 20, ..ColumnReport::default() };
/// let loan = TableReport { name: "loan".into(), rows: 20, columns: vec![amount], ..TableReport::default() };
/// let report = Report { ok: 20, tables: vec![loan], ..Report::new() };
/// assert_eq!(standing_out(&report)[0].rule, Rule::AllNull);
/// ```
pub fn standing_out(report: &Report) -> Vec<Finding> {
    let mut found = Vec::new();
    for table in &report.tables {
        if table.rows == 0 && report.ok >= ROWS_MIN {
            let detail = format!("no row in {} applications", report.ok);
            found.push(of_table(table, Rule::NoRows, detail));
        }
        for column in &table.columns {
            found.extend(of_column(column).map(|(rule, detail)| Finding {
                table: table.name.clone(),
                column: Some(column.name.clone()),
                rule,
                detail,
            }));
        }
    }
    sort(&mut found);
    found
}

pub(crate) fn of_table(table: &TableReport, rule: Rule, detail: String) -> Finding {
    Finding { table: table.name.clone(), column: None, rule, detail }
}

pub(crate) fn sort(found: &mut [Finding]) {
    found.sort_by_key(|finding| finding.rule);
}

fn of_column(column: &ColumnReport) -> impl Iterator<Item = (Rule, String)> {
    let ColumnReport { values, nulls, defaults, .. } = *column;
    let rows = values + nulls;
    let kind = if values == 0 {
        Some((Rule::AllNull, format!("NULL in all {rows} rows")))
    } else if defaults == values {
        Some((Rule::AllDefault, format!("all {values} values of {rows} rows are defaults")))
    } else if column.one.is_some() && values >= ROWS_MIN {
        Some((Rule::OneValue, format!("all {values} values of {rows} rows are one")))
    } else {
        None
    };
    let often = [
        (Rule::Unreadable, column.unreadable, "unreadable"),
        (Rule::UnknownCodes, column.unknown, "unknown codes"),
        (Rule::Cut, column.cut, "cut"),
    ];
    let often = often.into_iter().filter(move |(_, n, _)| n * ONE_IN > rows);
    let often = often.map(move |(rule, n, what)| {
        (rule, format!("{n} of {rows} rows {what} ({})", share(n, rows)))
    });
    kind.into_iter().chain(often).filter(move |_| rows >= ROWS_MIN)
}

/// A share for people, with a digit behind the point.
pub(crate) fn share(n: u64, of: u64) -> String {
    let permille = (u128::from(n) * 1_000 + u128::from(of) / 2) / u128::from(of.max(1));
    format!("{}.{}%", permille / 10, permille % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(column: ColumnReport, expected: &[(Rule, &str)]) {
        let columns = vec![ColumnReport { name: "c".to_owned(), ..column }];
        let table =
            TableReport { name: "t".to_owned(), rows: 1, columns, ..TableReport::default() };
        let report = Report { ok: 1, tables: vec![table], ..Report::new() };
        let found = standing_out(&report);
        let found: Vec<(Rule, &str)> =
            found.iter().map(|finding| (finding.rule, finding.detail.as_str())).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn columns_stand_out_by_stated_rules() {
        let none = ColumnReport::default;
        let one = || Some("ab".to_owned());
        check(ColumnReport { nulls: 19, ..none() }, &[]);
        check(ColumnReport { nulls: 20, ..none() }, &[(Rule::AllNull, "NULL in all 20 rows")]);
        check(ColumnReport { nulls: 20, values: 1, ..none() }, &[]);
        let all_default =
            ColumnReport { values: 30, nulls: 10, defaults: 30, one: one(), ..none() };
        check(all_default, &[(Rule::AllDefault, "all 30 values of 40 rows are defaults")]);
        check(ColumnReport { values: 30, nulls: 10, defaults: 29, ..none() }, &[]);
        let one_value = ColumnReport { values: 20, nulls: 10, one: one(), ..none() };
        check(one_value, &[(Rule::OneValue, "all 20 values of 30 rows are one")]);
        check(ColumnReport { values: 19, nulls: 11, one: one(), ..none() }, &[]);
        check(ColumnReport { values: 200, unreadable: 2, ..none() }, &[]);
        check(
            ColumnReport { values: 200, unreadable: 3, unknown: 100, cut: 2, ..none() },
            &[
                (Rule::Unreadable, "3 of 200 rows unreadable (1.5%)"),
                (Rule::UnknownCodes, "100 of 200 rows unknown codes (50.0%)"),
            ],
        );
    }

    #[test]
    fn a_table_without_rows_stands_out_among_enough_applications() {
        let table = TableReport { name: "t".to_owned(), ..TableReport::default() };
        for (ok, n) in [(19, 0), (20, 1)] {
            let report = Report { ok, tables: vec![table.clone()], ..Report::new() };
            assert_eq!(standing_out(&report).len(), n, "{ok}");
        }
    }
}
