//! The draft as text: the contract in TOML, and the T-SQL of its tables.

use std::fmt::Write as _;

use crate::draft::{Column, ID_COLUMN, LeftOut, Source, Table};
use crate::values::DateOrder;

/// What a contract says beside its tables.
pub(crate) struct Frame<'f> {
    pub(crate) source_table: &'f str,
    pub(crate) schema: &'f str,
    /// Prefixes of attributes and their namespaces.
    pub(crate) namespaces: &'f [(String, String)],
    /// Where the draft comes from, as sentences.
    pub(crate) origin: &'f [String],
}

/// The contract, format 2.
pub(crate) fn contract(frame: &Frame<'_>, tables: &[Table], left_out: &[LeftOut]) -> String {
    let mut toml = String::new();
    for sentence in frame.origin {
        line(&mut toml, &format!("# {}", one_line(sentence)));
    }
    line(&mut toml, "format = 2\n");
    line(&mut toml, &format!("[source]\ntable = {}", quoted(frame.source_table)));
    line(&mut toml, &format!("id = {}\ndocument = \"document\"\n", quoted(ID_COLUMN)));
    line(&mut toml, &format!("[target]\nschema = {}", quoted(frame.schema)));
    if !frame.namespaces.is_empty() {
        line(&mut toml, "\n[namespaces]");
        for (prefix, uri) in frame.namespaces {
            line(&mut toml, &format!("{} = {}", key(prefix), quoted(uri)));
        }
    }
    for table in tables {
        write_table(&mut toml, tables, table);
    }
    if !left_out.is_empty() {
        line(&mut toml, "\n# Left out:");
        for left_out in left_out {
            let reason = format!("# {}: {}", left_out.path, left_out.reason);
            line(&mut toml, &one_line(&reason));
        }
    }
    toml
}

fn write_table(toml: &mut String, tables: &[Table], table: &Table) {
    line(toml, &format!("\n[[table]]\nname = {}", quoted(&table.name)));
    if let Some(parent) = table.parent.filter(|parent| *parent > 0) {
        line(toml, &format!("parent = {}", quoted(&tables[parent].name)));
    }
    if let (Some(column), Some(number)) = (&table.key, &table.number) {
        let text = format!(
            "# `{column}` was different in all rows of one parent. Where it may not be, number the rows: {number} = {{ position = true }}"
        );
        line(toml, &one_line(&text));
    }
    if let Some(column) = &table.key {
        line(toml, &format!("key = [{}]", quoted(column)));
    }
    let rows: Vec<String> = table.rows.iter().map(|path| quoted(path)).collect();
    match &rows[..] {
        [path] => line(toml, &format!("rows = {path}")),
        paths => line(toml, &format!("rows = [{}]", paths.join(", "))),
    }
    line(toml, "[table.columns]");
    for column in &table.columns {
        let remark = column.remark.map(|remark| format!("  # {remark}")).unwrap_or_default();
        line(toml, &format!("{} = {}{remark}", key(&column.name), filled_by(column)));
    }
}

fn filled_by(column: &Column) -> String {
    match (&column.source, column.date_order) {
        (Source::Path(path), None) => quoted(path),
        (Source::Path(path), Some(order)) => {
            let order = match order {
                DateOrder::MonthFirst => "mdy",
                DateOrder::DayFirst => "dmy",
            };
            format!("{{ from = {}, reading = {{ dates = \"{order}\" }} }}", quoted(path))
        }
        (Source::Position, _) => "{ position = true }".to_owned(),
        (Source::PositionWithin(path), _) => format!("{{ position = {} }}", quoted(path)),
        (Source::Enclosing(column), _) => format!("{{ enclosing = {} }}", quoted(column)),
    }
}

/// A key of TOML: as it is where it may be.
fn key(name: &str) -> String {
    let is_bare = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-';
    if !name.is_empty() && name.chars().all(is_bare) { name.to_owned() } else { quoted(name) }
}

/// A text of TOML.
fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            control if control.is_control() => {
                write!(quoted, "\\u{:04X}", u32::from(control)).expect("a String takes all");
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

/// A comment must not end early and begin something else.
fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}

/// The T-SQL of the schema, the tables and `processing_log`, parents first.
pub(crate) fn ddl(frame: &Frame<'_>, tables: &[Table]) -> String {
    let mut sql = String::new();
    let schema = bracketed(frame.schema);
    let create = format!("CREATE SCHEMA {schema}").replace('\'', "''");
    let name = frame.schema.replace('\'', "''");
    line(&mut sql, &format!("IF SCHEMA_ID(N'{name}') IS NULL EXEC (N'{create}');\nGO"));
    for table in tables {
        create_table(&mut sql, &schema, tables, table);
    }
    let log = [
        "[log_id] int IDENTITY(1,1) NOT NULL",
        "[app_id] bigint NOT NULL",
        "[status] varchar(20) NOT NULL",
        "[failure_reason] varchar(500) NULL",
        "[processing_time] datetime2(7) NOT NULL DEFAULT (getutcdate())",
        "[session_id] varchar(50) NULL",
        "[app_id_start] bigint NULL",
        "[app_id_end] bigint NULL",
        "CONSTRAINT [PK_processing_log] PRIMARY KEY ([log_id])",
    ];
    let log = log.join(",\n    ");
    line(&mut sql, &format!("CREATE TABLE {schema}.[processing_log] (\n    {log}\n);"));
    line(
        &mut sql,
        &format!(
            "CREATE INDEX [IX_processing_log_app_id] ON {schema}.[processing_log] ([app_id]);"
        ),
    );
    sql
}

fn create_table(sql: &mut String, schema: &str, tables: &[Table], table: &Table) {
    let inherited = table.parent.map_or_else(|| vec![id_column()], |at| key_of(tables, at));
    let mut lines = Vec::new();
    for (column, sql_type) in &inherited {
        lines.push(format!("{} {sql_type} NOT NULL", bracketed(column)));
    }
    let inherited: Vec<String> = inherited.into_iter().map(|(column, _)| column).collect();
    for column in &table.columns {
        let null = if column.nullable { "NULL" } else { "NOT NULL" };
        lines.push(format!("{} {} {null}", bracketed(&column.name), column.sql_type));
    }
    let list = |columns: &[String]| {
        columns.iter().map(|column| bracketed(column)).collect::<Vec<_>>().join(", ")
    };
    let mut own = inherited.clone();
    own.extend(table.key.clone());
    let constraint = bracketed(&format!("PK_{}", table.name));
    lines.push(format!("CONSTRAINT {constraint} PRIMARY KEY ({})", list(&own)));
    if let Some(parent) = table.parent.map(|at| &tables[at]) {
        let constraint = bracketed(&format!("FK_{}", table.name));
        let columns = list(&inherited);
        lines.push(format!(
            "CONSTRAINT {constraint} FOREIGN KEY ({columns}) REFERENCES {schema}.{} ({columns})",
            bracketed(&parent.name)
        ));
    }
    let name = bracketed(&table.name);
    line(sql, &format!("CREATE TABLE {schema}.{name} (\n    {}\n);", lines.join(",\n    ")));
}

fn id_column() -> (String, String) {
    (ID_COLUMN.to_owned(), "bigint".to_owned())
}

/// The columns that tell the rows of a table apart, with their types: those of the tables around it, outermost first,
/// and its own.
fn key_of(tables: &[Table], at: usize) -> Vec<(String, String)> {
    let table = &tables[at];
    let mut key = table.parent.map_or_else(|| vec![id_column()], |at| key_of(tables, at));
    if let Some(name) = &table.key {
        let column = table.columns.iter().find(|column| column.name == *name);
        let sql_type = column.map_or_else(|| "int".to_owned(), |it| it.sql_type.to_string());
        key.push((name.clone(), sql_type));
    }
    key
}

fn bracketed(name: &str) -> String {
    format!("[{}]", name.replace(']', "]]"))
}

fn line(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}
