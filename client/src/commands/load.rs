//! `load`: XML files into the source table.

use std::path::Path;

use anyhow::Context as _;
use xmlx_extract::{Plan, text_of};
use xmlx_store::Document;

use super::{store, xml_files};
use crate::cli::Database;
use crate::output::{self, Answer, Format};

/// Documents in one statement.
const CHUNK: usize = 200;

pub(crate) async fn run(
    format: Format,
    dir: &Path,
    plan: &Plan,
    database: &Database,
) -> anyhow::Result<Answer> {
    anyhow::ensure!(
        plan.source().application_tables.len() <= 1,
        "which line a file is of cannot be noted for several contracts at once; load the files of each line with its own contract"
    );
    let store = store(database)?;
    let files = xml_files(dir)?;
    let (mut n_new, mut without_id) = (0, Vec::new());
    for files in files.chunks(CHUNK) {
        let mut documents = Vec::with_capacity(files.len());
        for file in files {
            match document(plan, file)? {
                Some(it) => documents.push(it),
                None => without_id.push(file.display().to_string()),
            }
        }
        n_new += store.load(plan, &documents).await?;
    }
    for file in &without_id {
        output::note(&format!(
            "`{file}` has no id that can be read; name it after its app_id, such as 123.xml"
        ));
    }
    let n_found = files.len();
    match format {
        Format::Json => output::json(
            &serde_json::json!({ "files": n_found, "loaded": n_new, "without_id": without_id }),
        )?,
        Format::Table => output::line(&format!("{n_new} of {n_found} documents loaded"))?,
    }
    Ok(Answer::from(without_id.is_empty()))
}

fn document(plan: &Plan, file: &Path) -> anyhow::Result<Option<Document>> {
    let bytes = std::fs::read(file).with_context(|| format!("cannot read `{}`", file.display()))?;
    let xml = text_of(&bytes).with_context(|| format!("cannot load `{}`", file.display()))?;
    let stem = file.file_stem().and_then(|it| it.to_str()).unwrap_or_default();
    let by_name = stem.parse::<i64>().ok().filter(|_| stem.bytes().all(|it| it.is_ascii_digit()));
    let app_id = by_name.or_else(|| match plan.map(&xml, None) {
        Ok(it) => Some(it.app_id),
        Err(rejection) => rejection.app_id,
    });
    Ok(app_id.map(|app_id| Document { app_id, xml: xml.into_owned() }))
}
