//! An explanation for people.

use xmlx_extract::{
    CellResult, CellTrace, LeftOut, Place, RowTrace, StepTrace, TableTrace, Values,
};

use super::Explained;
use crate::output::Report;
use crate::view::Run;

/// As much of a hash as tells contracts apart.
const HASH_SHOWN: usize = 12;

impl Explained {
    pub(super) fn fill(&self, report: &mut Report, skip: u32, values: Values) {
        let hash: String = self.contract_hash.chars().take(HASH_SHOWN).collect();
        let app_id = self.explanation.app_id;
        let name = app_id.map_or_else(|| "(id not known)".to_owned(), |id| id.to_string());
        match (&self.file, self.job, &self.job_name) {
            (Some(file), ..) => {
                report.line(&format!("application {name}, file {file}, contract {hash}"));
            }
            (None, Some(job), job_name) => {
                let job_name = job_name.as_deref().unwrap_or_default();
                report.line(&format!(
                    "application {name}, by the contract of job {job} `{job_name}` ({hash})"
                ));
            }
            (None, None, _) => report.line(&format!("application {name}, contract {hash}")),
        }
        if self.file.is_none() {
            self.fill_runs(report);
        }
        if let Some(failure) = &self.explanation.failure {
            report.line("");
            report.line(&format!("no rows: {}: {}", failure.stage, failure.reason));
        }
        for table in &self.explanation.tables {
            fill_table(report, table, skip, values);
        }
    }

    fn fill_runs(&self, report: &mut Report) {
        report.line("");
        if self.runs.is_empty() {
            report.line("processing_log has no row of it yet");
            return;
        }
        report.table(&Run::HEADER, self.runs.iter().map(Run::row).collect());
        if self.has_more_runs {
            report.line("there are older rows; `runs` lists all");
        }
    }
}

fn fill_table(report: &mut Report, table: &TableTrace, skip: u32, values: Values) {
    report.line("");
    let TableTrace { table: name, rows, left_out, row_traces, left_out_traces } = table;
    report.line(&format!("{name}: {}, {left_out} left out", count(*rows, "row")));
    for row in row_traces {
        fill_row(report, row, values);
    }
    let n_shown = row_traces.iter().filter(|row| row.row.is_some()).count() as u64;
    fill_rest(report, (*rows, n_shown), skip, "rows");
    if !left_out_traces.is_empty() {
        report.line("");
    }
    for left_out in left_out_traces {
        report.line(&format!("left out: {}", left_out_line(left_out)));
    }
    fill_rest(report, (*left_out, left_out_traces.len() as u64), skip, "left out");
}

/// Says how many are not shown.
fn fill_rest(report: &mut Report, (n, n_shown): (u64, u64), skip: u32, what: &str) {
    let skipped = u64::from(skip).min(n);
    let n_after = n.saturating_sub(skipped + n_shown);
    if skipped + n_after > 0 {
        report.line(&format!(
            "not shown of {what}: {skipped} before these, {n_after} after; `--skip` and `--limit` choose"
        ));
    }
}

fn count(n: u64, what: &str) -> String {
    if n == 1 { format!("{n} {what}") } else { format!("{n} {what}s") }
}

fn fill_row(report: &mut Report, row: &RowTrace, values: Values) {
    let mut line = match row.row {
        Some(row) => format!("row {row}"),
        None => "row that was being made".to_owned(),
    };
    match (&row.element, &row.mapping) {
        (Some(element), _) => line += &format!(", from {}", shown(element)),
        (None, Some(mapping)) => line += &format!(", from {mapping} of the contract"),
        (None, None) => {}
    }
    if let Some(parent) = &row.parent {
        line += &format!(", of {} row {}", parent.table, parent.row);
    }
    report.line("");
    report.line(&line);
    let around = row.element.as_ref().map(|element| element.path.as_str());
    let lines = row.cells.iter().flat_map(|cell| cell_lines(cell, around, values)).collect();
    match values {
        Values::Hidden => report.table(&["COLUMN", "STEP", "GIVES"], lines),
        Values::Shown => report.table(&["COLUMN", "STEP", "GIVES", "VALUE"], lines),
    }
}

/// A line for each step, the first with the column's name.
fn cell_lines(cell: &CellTrace, around: Option<&str>, values: Values) -> Vec<Vec<String>> {
    let mut lines = Vec::new();
    let mut push = |step: String, gives: &str, value: Option<&String>| {
        let name = if lines.is_empty() { cell.column.clone() } else { String::new() };
        let mut line = vec![name, step, gives.to_owned()];
        if values == Values::Shown {
            line.push(value.cloned().unwrap_or_default());
        }
        lines.push(line);
    };
    for step in &cell.steps {
        push(step_text(cell, step, around), &step.gives, step.value.as_ref());
    }
    match cell.result {
        CellResult::Null if cell.steps.is_empty() => {
            push("nothing fills it".to_owned(), "NULL", None)
        }
        CellResult::Null => push("no value".to_owned(), "NULL", None),
        CellResult::None if cell.steps.is_empty() => push(String::new(), "", None),
        CellResult::Value | CellResult::Default | CellResult::None => {}
    }
    lines
}

fn step_text(cell: &CellTrace, step: &StepTrace, around: Option<&str>) -> String {
    let reads = || cell.reads.iter().map(|path| format!("`{path}`")).collect::<Vec<_>>().join(", ");
    let place = step.at.as_ref().map(|place| {
        let path = around.and_then(|around| place.path.strip_prefix(around)?.strip_prefix('/'));
        let path = path.unwrap_or(&place.path);
        format!("{path} at {}:{}", place.line, place.column)
    });
    let mut text = match (step.step.as_str(), place) {
        ("read", Some(place)) => place,
        // Of several paths each that is tried has a step of its own.
        ("read", None) if step.gives == "nothing" && cell.reads.len() > 1 => "not there".to_owned(),
        ("read", None) if step.gives == "nothing" => format!("{} is not there", reads()),
        ("read", None) => format!("read {}", reads()),
        (_, Some(place)) => format!("{}: {place}", step.what),
        (_, None) => step.what.clone(),
    };
    if !step.warnings.is_empty() {
        text += &format!(" ({})", step.warnings.join(", "));
    }
    text
}

fn left_out_line(left_out: &LeftOut) -> String {
    let what = match (&left_out.element, &left_out.mapping) {
        (Some(element), _) => shown(element),
        (None, Some(mapping)) => format!("{mapping} of the contract"),
        (None, None) => "the row".to_owned(),
    };
    let instead = match (&left_out.instead, left_out.instead_row) {
        (Some(element), _) => format!(": {}", shown(element)),
        (None, Some(row)) => format!(": row {row}"),
        (None, None) => String::new(),
    };
    format!("{what}: {}{instead}", left_out.meaning)
}

fn shown(place: &Place) -> String {
    format!("{} at {}:{}", place.path, place.line, place.column)
}

#[cfg(test)]
mod tests {
    use xmlx_extract::Explanation;

    use super::*;
    use crate::output::{self, Format};

    const CONTRACT: &str = r#"
format = 2
[source]
table = "dbo.order_xml"
id = "app_id"
document = "document"
[target]
schema = "shop"
[codes.sign]
map = { CRDT = "1", DBIT = "-1" }
unknown = "null"
[[table]]
name = "customer_order"
rows = "/Order"
[table.columns]
channel = { from = "@channel", type = "nvarchar(10)", default = "web" }
[[table]]
name = "line"
parent = "customer_order"
rows = "/Order/Line"
key = ["sku"]
keep = "last"
[table.columns]
sku = { from = "@sku", type = "nvarchar(10)" }
sign = { from = "Ind", codes = "sign", type = "int" }
"#;

    const DOCUMENT: &str = "<Order>\n  <Line sku=\"a\"><Ind>X</Ind></Line>\n  <Line sku=\"a\"><Ind>DBIT</Ind></Line>\n</Order>";

    fn explained(values: Values) -> Explained {
        let plan = xmlx_extract::Plan::from_json(CONTRACT).expect("a contract");
        let asked = xmlx_extract::Asked { part: None, skip: 0, rows_max: 20, values };
        let explanation: Explanation = plan.explain(DOCUMENT, Some(7), &asked);
        Explained {
            file: Some("7.xml".to_owned()),
            job: None,
            job_name: None,
            contract_hash: "5f2c".to_owned(),
            runs: Vec::new(),
            has_more_runs: false,
            explanation,
        }
    }

    fn text(values: Values) -> String {
        let explained = explained(values);
        let fill = |report: &mut Report| explained.fill(report, 0, values);
        output::rendered(Format::Table, &explained, fill).expect("text")
    }

    #[test]
    fn people_see_each_step_with_its_place() {
        let text = text(Values::Hidden);
        let lines: Vec<String> = text
            .lines()
            .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect();
        assert_eq!(lines.join("\n"), EXPECTED.trim());
        assert!(!text.contains("DBIT"), "{text}");
    }

    const EXPECTED: &str = "
application 7, file 7.xml, contract 5f2c

customer_order: 1 row, 0 left out

row 1, from /Order at 1:1
COLUMN STEP GIVES
app_id the application's id number
channel `@channel` is not there nothing
default of the contract text

line: 1 row, 1 left out

row 1, from /Order/Line at 3:3
COLUMN STEP GIVES
app_id the application's id number
sku @sku at 3:9 text
as text of at most 10 text
sign Ind at 3:17 text
code table `sign` text
as int number

left out: /Order/Line at 2:3: another row has the same key: /Order/Line at 3:3
";

    #[test]
    fn values_have_a_column_of_their_own() {
        let text = text(Values::Shown);
        let last = text.lines().find(|line| line.contains("as int")).expect("the last step");
        assert!(last.ends_with("-1"), "{text}");
    }
}
