//! Where one job differs from another: shares, not numbers, since one may be larger.

use crate::report::{ColumnReport, Report, TableReport};
use crate::stand_out::{Finding, ROWS_MIN, Rule, of_table, share, sort};

/// Two shares differ by more than so many points of a hundred, or nobody cares.
const POINTS_MIN: f64 = 0.05;
/// And by more than so many standard errors, or it may be chance: about one in 16,000 columns by chance alone.
const ERRORS_MIN: f64 = 4.0;
/// The rows of an application differ by more than this part, or nobody cares.
const ROWS_PART_MIN: f64 = 0.2;

/// Lists where `now` differs from `before`: shares by more than 5 points and 4 standard errors, rows per application by
/// more than a fifth, one value where there were several, columns that one of the jobs alone fills. Fewer than 20 rows in
/// either are not compared.
pub fn compare(now: &Report, before: &Report) -> Vec<Finding> {
    let mut found = Vec::new();
    for table in &now.tables {
        match before.table(&table.name) {
            Some(old) => tables(now, before, (table, old), &mut found),
            None => found.push(of_table(table, Rule::OneJobOnly, only("this"))),
        }
    }
    for old in &before.tables {
        if now.table(&old.name).is_none() {
            found.push(of_table(old, Rule::OneJobOnly, only("the other")));
        }
    }
    sort(&mut found);
    found
}

fn only(job: &str) -> String {
    format!("only {job} job fills it")
}

fn tables(
    now: &Report,
    before: &Report,
    (table, old): (&TableReport, &TableReport),
    found: &mut Vec<Finding>,
) {
    let (mean, mean_before) = (mean(table.rows, now.ok), mean(old.rows, before.ok));
    let is_large = now.ok.min(before.ok) >= ROWS_MIN;
    if is_large && (mean - mean_before).abs() > ROWS_PART_MIN * mean.max(mean_before) {
        let detail = format!("{mean:.2} rows per application, {mean_before:.2} before");
        found.push(of_table(table, Rule::RowsPerApplication, detail));
    }
    let finding = |column: &ColumnReport, rule, detail| Finding {
        table: table.name.clone(),
        column: Some(column.name.clone()),
        rule,
        detail,
    };
    for column in &table.columns {
        match old.column(&column.name) {
            Some(old) => found
                .extend(columns(column, old).map(|(rule, detail)| finding(column, rule, detail))),
            None if old.rows > 0 => found.push(finding(column, Rule::OneJobOnly, only("this"))),
            None => (),
        }
    }
    for column in &old.columns {
        if table.rows > 0 && table.column(&column.name).is_none() {
            found.push(finding(column, Rule::OneJobOnly, only("the other")));
        }
    }
}

fn columns<'a>(
    now: &'a ColumnReport,
    before: &'a ColumnReport,
) -> impl Iterator<Item = (Rule, String)> + 'a {
    let (rows, rows_before) = (now.values + now.nulls, before.values + before.nulls);
    let shares = [
        (Rule::NullShare, now.nulls, before.nulls, "NULL"),
        (Rule::DefaultShare, now.defaults, before.defaults, "defaults"),
        (Rule::UnreadableShare, now.unreadable, before.unreadable, "unreadable"),
        (Rule::UnknownCodeShare, now.unknown, before.unknown, "unknown codes"),
        (Rule::CutShare, now.cut, before.cut, "cut"),
    ];
    let differing = shares
        .into_iter()
        .filter(move |(_, n, n_before, _)| differs((*n, rows), (*n_before, rows_before)));
    let differing = differing.map(move |(rule, n, n_before, what)| {
        (rule, format!("{} {what}, {} before", share(n, rows), share(n_before, rows_before)))
    });
    let is_large = now.values.min(before.values) >= ROWS_MIN;
    let variety = match (&now.one, &before.one) {
        (Some(_), None) if is_large => Some("one value now, several before"),
        (None, Some(_)) if is_large => Some("several values now, one before"),
        _ => None,
    };
    differing.chain(variety.map(|text| (Rule::Variety, text.to_owned())))
}

/// Whether two shares differ by more than people overlook and by more than chance brings.
fn differs((n, rows): (u64, u64), (n_before, rows_before): (u64, u64)) -> bool {
    if rows.min(rows_before) < ROWS_MIN {
        return false;
    }
    let difference = (mean(n, rows) - mean(n_before, rows_before)).abs();
    let both = mean(n + n_before, rows + rows_before);
    let error = (both * (1.0 - both).max(0.0) * (mean(1, rows) + mean(1, rows_before))).sqrt();
    difference > POINTS_MIN && difference > ERRORS_MIN * error
}

#[expect(clippy::cast_precision_loss, reason = "shares are for people")]
fn mean(n: u64, of: u64) -> f64 {
    if of == 0 { 0.0 } else { n as f64 / of as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_differ_beyond_chance() {
        for (now, before, expected) in [
            ((0, 100), (0, 100), false),
            ((5, 1_000), (50, 1_000), false),
            ((0, 10_000), (600, 10_000), true),
            ((0, 10_000), (500, 10_000), false),
            ((0, 20), (6, 20), false),
            ((0, 20), (14, 20), true),
            ((0, 19), (19, 19), false),
            ((100, 100), (100, 100), false),
        ] {
            assert_eq!(differs(now, before), expected, "{now:?} {before:?}");
            assert_eq!(differs(before, now), expected, "{now:?} {before:?}");
        }
    }

    fn report(ok: u64, rows: u64, columns: &[(&str, u64, u64, Option<&str>)]) -> Report {
        let columns = columns.iter().map(|(name, values, nulls, one)| ColumnReport {
            name: (*name).to_owned(),
            values: *values,
            nulls: *nulls,
            one: one.map(str::to_owned),
            ..ColumnReport::default()
        });
        let columns = columns.collect();
        let table = TableReport { name: "t".to_owned(), rows, columns, ..TableReport::default() };
        Report { ok, tables: vec![table], ..Report::new() }
    }

    #[test]
    fn what_differs_is_listed() {
        let before =
            report(100, 100, &[("a", 100, 0, None), ("b", 50, 50, None), ("d", 100, 0, None)]);
        let now = report(
            1_000,
            2_000,
            &[("A", 1_000, 1_000, None), ("b", 1_000, 1_000, Some("x")), ("c", 2_000, 0, None)],
        );
        let found: Vec<String> = compare(&now, &before)
            .into_iter()
            .map(|finding| {
                let column = finding.column.unwrap_or_default();
                format!("{column} {}: {}", finding.rule.as_str(), finding.detail)
            })
            .collect();
        assert_eq!(
            found,
            [
                "A null_share: 50.0% NULL, 0.0% before",
                "b variety: one value now, several before",
                " rows_per_application: 2.00 rows per application, 1.00 before",
                "c one_job_only: only this job fills it",
                "d one_job_only: only the other job fills it",
            ]
        );
        assert_eq!(compare(&now, &now), []);
    }
}
