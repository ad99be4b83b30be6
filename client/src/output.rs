//! Data on standard output, everything else on standard error.
//!
//! Names, reasons and messages come from outside and may hold anything: this is where they are made printable, and
//! nothing else in the client writes. What is meant to be many lines goes through [`verbatim`].

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

use comfy_table::presets::NOTHING;
use comfy_table::{ColumnConstraint, Table, Width};
use serde::Serialize;
use xmlx_runtime::{printable, printable_lines};

/// Blanks on both sides of a cell.
const PADDING: u16 = 2;

/// Clears a terminal and goes to its upper left corner.
const CLEAR: &str = "\x1b[2J\x1b[H";

/// What a command found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Exit code 0.
    Yes,
    /// Exit code 1: the command worked, and the answer is no.
    No,
}

impl From<bool> for Answer {
    fn from(it: bool) -> Self {
        if it { Self::Yes } else { Self::No }
    }
}

/// How data looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Table,
    /// For programs: one JSON document, or one per line where the command says so.
    Json,
}

/// Prints one line of data.
pub fn line(text: &str) -> anyhow::Result<()> {
    verbatim(&printable(text))
}

/// Prints data that has more to come on the same line.
pub(crate) fn text(text: &str) -> anyhow::Result<()> {
    Ok(std::io::stdout().lock().write_all(printable(text).as_bytes())?)
}

/// Prints what we have made ourselves, line breaks and all: scripts, and tables of printable cells.
pub(crate) fn verbatim(text: &str) -> anyhow::Result<()> {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{text}")?;
    stdout.flush()?;
    Ok(())
}

/// Begins a terminal anew; in a pipe nothing is to be cleared.
pub(crate) fn clear_screen() -> anyhow::Result<()> {
    let mut stdout = std::io::stdout().lock();
    if stdout.is_terminal() {
        stdout.write_all(CLEAR.as_bytes())?;
    }
    Ok(())
}

/// Whether data goes to a terminal, where a person reads it and nothing keeps it.
pub(crate) fn is_terminal() -> bool {
    std::io::stdout().is_terminal()
}

/// Prints a value as one line of JSON.
pub fn json(value: &impl Serialize) -> anyhow::Result<()> {
    line(&serde_json::to_string(value)?)
}

/// What a command prints for people: lines and tables, in which every text is made printable.
#[derive(Debug, Default)]
pub(crate) struct Report(String);

impl Report {
    /// Adds a line.
    pub(crate) fn line(&mut self, text: &str) {
        self.0.push_str(&printable(text));
        self.0.push('\n');
    }

    /// Adds a table without borders; the header alone where it has no rows.
    pub(crate) fn table(&mut self, header: &[&str], rows: Vec<Vec<String>>) {
        self.0.push_str(&columns(Some(header), rows, &mut Vec::new()));
        self.0.push('\n');
    }
}

/// What is printed of `data`: the JSON of it, or the report that `fill` makes for people.
pub(crate) fn rendered(
    format: Format,
    data: &impl Serialize,
    fill: impl FnOnce(&mut Report),
) -> anyhow::Result<String> {
    match format {
        Format::Json => Ok(printable(&serde_json::to_string(data)?).into_owned()),
        Format::Table => {
            let mut report = Report::default();
            fill(&mut report);
            report.0.truncate(report.0.trim_end_matches('\n').len());
            Ok(report.0)
        }
    }
}

/// A number for people, its digits in groups of three.
pub(crate) fn thousands(n: i64) -> String {
    let digits = n.unsigned_abs().to_string();
    let mut text = String::from(if n < 0 { "-" } else { "" });
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Prints T-SQL: as it is, or as the one member of a JSON object.
pub(crate) fn sql(format: Format, text: &str) -> anyhow::Result<()> {
    match format {
        Format::Json => json(&serde_json::json!({ "sql": text })),
        Format::Table => verbatim(text),
    }
}

/// Prints a table without borders; the header alone where it has no rows.
pub(crate) fn table(header: &[&str], rows: Vec<Vec<String>>) -> anyhow::Result<()> {
    verbatim(&columns(Some(header), rows, &mut Vec::new()))
}

/// Rows one below the other; a column is never narrower than in `widths`, which is brought up to date: so rows that
/// come later stand below those that have been printed. Empty where there is nothing to print.
pub(crate) fn columns(
    header: Option<&[&str]>,
    rows: Vec<Vec<String>>,
    widths: &mut Vec<u16>,
) -> String {
    if header.is_none() && rows.is_empty() {
        return String::new();
    }
    let mut table = Table::new();
    table.load_style(NOTHING);
    if let Some(header) = header {
        table.set_header(header.to_vec());
    }
    for row in rows {
        table.add_row(row.iter().map(|cell| printable(cell)));
    }
    for (column, width) in table.column_iter_mut().zip(&*widths) {
        let width = Width::Fixed(width.saturating_add(PADDING));
        column.set_constraint(ColumnConstraint::LowerBoundary(width));
    }
    let content = table.column_max_content_widths();
    widths.resize(content.len(), 0);
    for (width, content) in widths.iter_mut().zip(content) {
        *width = content.max(*width);
    }
    let trimmed: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    trimmed.join("\n")
}

/// Tells the user something that is not data.
pub fn note(text: &str) {
    let mut stderr = std::io::stderr().lock();
    drop(writeln!(stderr, "{}", printable_lines(text)));
}

/// Whether a person is there to be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Somebody {
    There,
    Absent,
}

/// Whether a question is seen and can be answered.
pub(crate) fn can_ask() -> Somebody {
    if std::io::stdin().is_terminal() && std::io::stderr().is_terminal() {
        Somebody::There
    } else {
        Somebody::Absent
    }
}

/// Asks for a yes. Anything else is a no.
pub(crate) fn ask(question: &str) -> anyhow::Result<bool> {
    let mut stderr = std::io::stderr().lock();
    write!(stderr, "{question} [y/N] ")?;
    stderr.flush()?;
    drop(stderr);
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

/// How a program ends whose command came to this.
pub fn exit_code(outcome: anyhow::Result<Answer>) -> ExitCode {
    match outcome {
        Ok(Answer::Yes) => ExitCode::SUCCESS,
        Ok(Answer::No) => ExitCode::from(1),
        // The reader of the output, such as `head`, has what it wanted.
        Err(err) if is_broken_pipe(&err) => ExitCode::SUCCESS,
        Err(err) => {
            note(&format!("error: {err:#}"));
            ExitCode::from(2)
        }
    }
}

fn is_broken_pipe(err: &anyhow::Error) -> bool {
    let io = err.chain().find_map(|cause| cause.downcast_ref::<std::io::Error>());
    io.is_some_and(|err| err.kind() == std::io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_rows_stand_below_earlier_ones() {
        let rows = |cells: &[[&str; 2]]| {
            cells.iter().map(|row| row.map(ToOwned::to_owned).to_vec()).collect::<Vec<_>>()
        };
        let mut widths = Vec::new();
        let first = columns(Some(&["A", "REASON"]), rows(&[["100", "none"]]), &mut widths);
        let second = columns(None, rows(&[["1", "a longer one"], ["2", ""]]), &mut widths);
        assert_eq!(first, " A    REASON\n 100  none");
        assert_eq!(second, " 1    a longer one\n 2");
        assert_eq!(columns(None, Vec::new(), &mut widths), "");
        assert_eq!(columns(Some(&["A", "B"]), Vec::new(), &mut Vec::new()), " A  B");
    }

    #[test]
    fn each_answer_has_its_exit_code() {
        let broken_pipe = std::io::Error::from(std::io::ErrorKind::BrokenPipe);
        let full_disk = std::io::Error::from(std::io::ErrorKind::StorageFull);
        let outcomes: [(anyhow::Result<Answer>, u8); 5] = [
            (Ok(Answer::from(true)), 0),
            (Ok(Answer::from(false)), 1),
            (Err(anyhow::anyhow!("no coordinator answers")), 2),
            (Err(anyhow::Error::new(broken_pipe).context("cannot write")), 0),
            (Err(full_disk.into()), 2),
        ];
        for (outcome, code) in outcomes {
            let shown = format!("{outcome:?}");
            let found = exit_code(outcome);
            assert_eq!(format!("{found:?}"), format!("{:?}", ExitCode::from(code)), "{shown}");
        }
    }

    #[test]
    fn a_report_is_json_or_text_and_safe_to_show_as_both() {
        let data = serde_json::json!({ "name": "a\u{1b}[2J" });
        let fill = |report: &mut Report| {
            report.line("a\u{1b}[2J\nb");
            report.table(&["N"], vec![vec!["1".to_owned()]]);
            report.line("");
        };
        let text = rendered(Format::Table, &data, fill).unwrap();
        assert_eq!(text, "a\\u001b[2J\\nb\n N\n 1");
        let json = rendered(Format::Json, &data, fill).unwrap();
        assert_eq!(json, "{\"name\":\"a\\u001b[2J\"}");
    }

    #[test]
    fn a_hostile_cell_forges_no_row() {
        let rows = vec![vec!["a\n 9  done\u{1b}[2J".to_owned(), "b".to_owned()]];
        let text = columns(Some(&["NAME", "STATE"]), rows, &mut Vec::new());
        assert_eq!(text, " NAME                  STATE\n a\\n 9  done\\u001b[2J  b");
    }
}
