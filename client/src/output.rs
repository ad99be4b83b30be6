//! Data on standard output, everything else on standard error.

use std::io::Write as _;

use comfy_table::Table;
use comfy_table::presets::NOTHING;
use serde::Serialize;

/// What a command found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
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
pub(crate) enum Format {
    /// For people.
    #[default]
    Table,
    /// For programs: one JSON document, or one per line where the command says so.
    Json,
}

/// Prints one line of data.
pub(crate) fn line(text: &str) -> anyhow::Result<()> {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{text}")?;
    stdout.flush()?;
    Ok(())
}

/// Prints a value as one line of JSON.
pub(crate) fn json(value: &impl Serialize) -> anyhow::Result<()> {
    line(&serde_json::to_string(value)?)
}

/// Prints T-SQL: as it is, or as the one member of a JSON object.
pub(crate) fn sql(format: Format, text: &str) -> anyhow::Result<()> {
    match format {
        Format::Json => json(&serde_json::json!({ "sql": text })),
        Format::Table => line(text),
    }
}

/// Prints a table without borders; nothing where it has no rows.
pub(crate) fn table(header: &[&str], rows: Vec<Vec<String>>) -> anyhow::Result<()> {
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(header.to_vec());
    for row in rows {
        table.add_row(row);
    }
    let trimmed: Vec<String> = table.lines().map(|it| it.trim_end().to_owned()).collect();
    line(&trimmed.join("\n"))
}

/// Tells the user something that is not data.
pub(crate) fn note(text: &str) {
    let mut stderr = std::io::stderr().lock();
    drop(writeln!(stderr, "{text}"));
}

/// Whether the reader of our output has left: that is success.
pub(crate) fn is_broken_pipe(err: &anyhow::Error) -> bool {
    let io = err.chain().find_map(|it| it.downcast_ref::<std::io::Error>());
    io.is_some_and(|it| it.kind() == std::io::ErrorKind::BrokenPipe)
}
