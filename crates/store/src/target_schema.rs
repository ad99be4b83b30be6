//! Target tables as a contract describes them, for whoever has none yet.

use std::fmt::Write as _;

use xmlx_extract::{Column, DataType, Outline, Parent, Plan, Table};

use crate::name;

/// A clustered key holds at most 900 bytes; texts of keys are names that the contract itself gives.
const KEY_TEXT: &str = "nvarchar(100)";
/// Digits of a decimal, unless its scale needs more.
const DECIMAL_DIGITS: u32 = 18;

/// The T-SQL that creates a contract's tables and `processing_log`, parents first. Safe to repeat: what
/// exists is left as it is.
#[must_use]
pub fn target_schema(plan: &Plan) -> String {
    let schema = plan.target_schema();
    let outlines = plan.outlines();
    let mut sql = format!(
        "IF SCHEMA_ID({}) IS NULL EXEC (N'CREATE SCHEMA {}');\nGO\n",
        literal(schema),
        name::quoted(schema).replace('\'', "''")
    );
    for (table, outline) in plan.tables().iter().zip(&outlines) {
        create(&mut sql, plan, table, outline);
    }
    log(&mut sql, schema, plan.tables().first());
    sql
}

fn create(sql: &mut String, plan: &Plan, table: &Table, outline: &Outline) {
    let schema = plan.target_schema();
    let target = name::table(schema, &table.name);
    let mut lines: Vec<String> = Vec::new();
    for (at, column) in table.columns.iter().enumerate() {
        let in_key = outline.key.contains(&at);
        let null = if column.nullable && !in_key { "NULL" } else { "NOT NULL" };
        lines.push(format!("{} {} {null}", name::quoted(&column.name), sql_type(column, in_key)));
    }
    if !outline.key.is_empty() {
        let key: Vec<String> =
            outline.key.iter().map(|at| name::quoted(&table.columns[*at].name)).collect();
        let constraint = name::quoted(&format!("PK_{}", table.name));
        lines.push(format!("CONSTRAINT {constraint} PRIMARY KEY ({})", key.join(", ")));
    }
    let mut index = None;
    if let Some(parent) = table.parent.as_ref() {
        let columns: Vec<String> = parent.columns.iter().map(|it| name::quoted(it)).collect();
        let columns = columns.join(", ");
        // What does not tell the parent's rows apart cannot be referred to.
        if names_a_row(plan, parent) {
            lines.push(format!(
                "CONSTRAINT {} FOREIGN KEY ({columns}) REFERENCES {} ({columns})",
                name::quoted(&format!("FK_{}_{}", table.name, parent.table)),
                name::table(schema, &parent.table),
            ));
        }
        // Where the key does not begin with it, `verify` would read the whole table.
        let first = outline.key.first().map(|at| table.columns[*at].name.as_str());
        let is_first = first.is_some() && first == parent.columns.first().map(String::as_str);
        index = (!is_first).then_some((parent.columns.join("_"), columns));
    }
    guarded(sql, &target, &lines);
    if let Some((suffix, columns)) = index {
        index_on(sql, &target, &format!("IX_{}_{suffix}", table.name), &columns);
    }
}

/// Says whether the columns that rows hang off by are the key of the table that they hang off.
fn names_a_row(plan: &Plan, parent: &Parent) -> bool {
    let outlines = plan.outlines();
    let found = plan.tables().iter().zip(&outlines).find(|(table, _)| table.name == parent.table);
    found.is_some_and(|(table, outline)| {
        let key: Vec<&str> =
            outline.key.iter().map(|at| table.columns[*at].name.as_str()).collect();
        key == parent.columns
    })
}

fn guarded(sql: &mut String, target: &str, lines: &[String]) {
    writeln!(
        sql,
        "IF OBJECT_ID({}, N'U') IS NULL\nCREATE TABLE {target} (\n    {}\n);\nGO",
        literal(target),
        lines.join(",\n    ")
    )
    .expect("writing to a string does not fail");
}

fn index_on(sql: &mut String, target: &str, index: &str, column: &str) {
    writeln!(
        sql,
        "IF NOT EXISTS (SELECT 1 FROM sys.indexes WHERE [name] = {} AND [object_id] = OBJECT_ID({}, N'U'))\n\
         CREATE INDEX {} ON {target} ({column});\nGO",
        literal(index),
        literal(target),
        name::quoted(index)
    )
    .expect("writing to a string does not fail");
}

/// No foreign key: an application that failed has no row elsewhere.
fn log(sql: &mut String, schema: &str, root: Option<&Table>) {
    let target = name::table(schema, "processing_log");
    let id = match root.and_then(|it| it.columns.first()).map(|it| it.data_type) {
        Some(DataType::BigInt) => "bigint",
        _ => "int",
    };
    let lines = [
        "[log_id] int IDENTITY(1,1) NOT NULL".to_owned(),
        format!("[app_id] {id} NOT NULL"),
        "[status] varchar(20) NOT NULL".to_owned(),
        "[failure_reason] varchar(500) NULL".to_owned(),
        "[processing_time] datetime2(7) NOT NULL DEFAULT (getutcdate())".to_owned(),
        "[session_id] varchar(50) NULL".to_owned(),
        format!("[app_id_start] {id} NULL"),
        format!("[app_id_end] {id} NULL"),
        "CONSTRAINT [PK_processing_log] PRIMARY KEY ([log_id])".to_owned(),
    ];
    guarded(sql, &target, &lines);
    index_on(sql, &target, "IX_processing_log_app_id", "[app_id]");
}

fn sql_type(column: &Column, in_key: bool) -> String {
    match column.data_type {
        DataType::Text { units_max: Some(n @ 1..=4000) } => format!("nvarchar({n})"),
        DataType::Text { .. } if in_key => KEY_TEXT.to_owned(),
        DataType::Text { .. } => "nvarchar(max)".to_owned(),
        DataType::TinyInt => "tinyint".to_owned(),
        DataType::SmallInt => "smallint".to_owned(),
        DataType::Int => "int".to_owned(),
        DataType::BigInt => "bigint".to_owned(),
        DataType::Decimal { scale, .. } => {
            let digits = if scale > DECIMAL_DIGITS / 2 { 38 } else { DECIMAL_DIGITS };
            format!("decimal({digits},{scale})")
        }
        DataType::Float => "float".to_owned(),
        DataType::Bit => "bit".to_owned(),
        DataType::Date => "date".to_owned(),
        DataType::DateTime => "datetime".to_owned(),
        DataType::SmallDateTime => "smalldatetime".to_owned(),
        DataType::DateTime2 => "datetime2(7)".to_owned(),
        DataType::DateTimeOffset => "datetimeoffset(7)".to_owned(),
        DataType::Time => "time(7)".to_owned(),
        DataType::Uuid => "uniqueidentifier".to_owned(),
        DataType::Binary => "varbinary(max)".to_owned(),
        DataType::Xml => "xml".to_owned(),
    }
}

/// A name as a literal of T-SQL.
fn literal(name: &str) -> String {
    format!("N'{}'", name.replace('\'', "''"))
}
