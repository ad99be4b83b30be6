//! `map`: the rows that files become, without a database.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::{Map, Value as Json, json};
use xmlx_extract::{Plan, Value};

use crate::output::{self, Answer, Format};

/// A file that cannot be read is an error; a document that is rejected is an answer, and it is no.
pub(crate) fn run(
    format: Format,
    plan: &Plan,
    app_id: Option<i64>,
    files: &[PathBuf],
) -> anyhow::Result<Answer> {
    let mut n_rejected = 0;
    for file in files {
        let mapped = map(plan, app_id.or_else(|| id_of_name(plan, file)), file)?;
        n_rejected += usize::from(mapped["status"] != "ok");
        match format {
            Format::Json => output::json(&mapped)?,
            Format::Table => show(&mapped)?,
        }
    }
    Ok(Answer::from(n_rejected == 0))
}

/// Gives the columns that leave their types to the database those of a script; without one says which they are.
pub(crate) fn take_types(plan: &mut Plan, ddl: Option<&Path>) -> anyhow::Result<()> {
    if let Some(ddl) = ddl {
        let script =
            std::fs::read(ddl).with_context(|| format!("cannot read `{}`", ddl.display()))?;
        let script = xmlx_extract::text_of(&script)?;
        return plan
            .take_types_of_script(&script)
            .map_err(|problems| anyhow::anyhow!("`{}`: {}", ddl.display(), problems.join("; ")));
    }
    let untyped = plan.untyped_columns();
    if !untyped.is_empty() {
        output::note(&format!(
            "note: {} columns have no `type` in the contract and are shown as texts; `--ddl FILE` gives them the types of the tables",
            untyped.len()
        ));
    }
    Ok(())
}

/// The id of the application by the name of its file, where the document itself has none.
pub(super) fn id_of_name(plan: &Plan, file: &Path) -> Option<i64> {
    if !plan.id_is_of_source() {
        return None;
    }
    file.file_stem()?.to_str()?.parse().ok()
}

fn map(plan: &Plan, app_id: Option<i64>, file: &Path) -> anyhow::Result<Json> {
    let bytes = std::fs::read(file).map_err(|err| {
        anyhow::Error::new(err).context(format!("cannot read `{}`", file.display()))
    })?;
    let name = file.display().to_string();
    Ok(match plan.map_bytes(&bytes, app_id) {
        Ok(application) => json!({
            "file": name,
            "status": "ok",
            "app_id": application.app_id,
            "stage": null,
            "reason": null,
            "warnings": application.warnings.iter().map(|warning| {
                let (table, column) = plan.warned(warning);
                json!({
                    "table": table,
                    "column": column,
                    "kind": warning.kind.as_str(),
                    "reason": warning.kind.sentence(),
                })
            }).collect::<Vec<_>>(),
            "tables": tables(plan, &application.tables),
        }),
        Err(it) => json!({
            "file": name,
            "status": "failed",
            "app_id": it.app_id,
            "stage": it.stage.to_string(),
            "reason": it.reason,
            "warnings": [],
            "tables": {},
        }),
    })
}

fn tables(plan: &Plan, rows: &[Vec<xmlx_extract::Row>]) -> Map<String, Json> {
    let mut tables = Map::new();
    for (table, rows) in plan.tables().iter().zip(rows).filter(|(_, rows)| !rows.is_empty()) {
        let row = |row: &xmlx_extract::Row| {
            let cells = table.columns.iter().zip(row).filter(|(_, value)| !value.is_null());
            Json::Object(cells.map(|(column, value)| (column.name.clone(), cell(value))).collect())
        };
        tables.insert(table.name.clone(), rows.iter().map(row).collect());
    }
    tables
}

/// Dates as ISO 8601, decimals as strings so that no reader rounds them.
pub(super) fn cell(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bit(it) => json!(i32::from(*it)),
        Value::Int(it) => json!(it),
        Value::Decimal(it) => json!(it.to_string()),
        Value::Float(it) => json!(it),
        Value::Text(it) => json!(it),
        Value::Date(it) => json!(it.to_string()),
        Value::DateTime(it) => json!(it.format("%Y-%m-%dT%H:%M:%S%.f").to_string()),
        Value::DateTimeOffset(date) => json!(date.format("%Y-%m-%dT%H:%M:%S%.f%:z").to_string()),
    }
}

fn show(mapped: &Json) -> anyhow::Result<()> {
    let text = |key: &str| mapped[key].as_str().unwrap_or_default().to_owned();
    output::line(&format!("{}: {} app_id={}", text("file"), text("status"), mapped["app_id"]))?;
    if mapped["stage"].is_string() {
        output::line(&format!("  {}: {}", text("stage"), text("reason")))?;
    }
    for warning in mapped["warnings"].as_array().into_iter().flatten() {
        let text = |key: &str| warning[key].as_str().unwrap_or_default();
        let column = warning["column"].as_str().map(|name| format!(".{name}"));
        output::line(&format!(
            "  warning {} `{}{}`: {}",
            text("kind"),
            text("table"),
            column.unwrap_or_default(),
            text("reason"),
        ))?;
    }
    for (table, rows) in mapped["tables"].as_object().into_iter().flatten() {
        output::line(&format!("  {table}"))?;
        for row in rows.as_array().into_iter().flatten().filter_map(Json::as_object) {
            let cells: Vec<String> =
                row.iter().map(|(name, value)| format!("{name}={value}")).collect();
            output::line(&format!("    {}", cells.join(" ")))?;
        }
    }
    Ok(())
}
