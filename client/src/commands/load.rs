//! `load`: XML files into the source table.

use std::path::Path;

use anyhow::Context as _;
use serde::Serialize;
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
    let mut loaded = Loaded { files: files.len(), ..Loaded::default() };
    for files in files.chunks(CHUNK) {
        let mut documents = Vec::with_capacity(files.len());
        for file in files {
            match document(plan, file)? {
                Read::Document(document) => documents.push(document),
                Read::WithoutId => {
                    let name = file.display();
                    output::note(&format!(
                        "`{name}` has no id that can be read; name it after its app_id, such as 123.xml"
                    ));
                    loaded.without_id.push(name.to_string());
                }
                Read::Undecodable(reason) => {
                    let name = file.display();
                    output::note(&format!("`{name}` is left out: {reason}"));
                    loaded.undecodable.push(name.to_string());
                }
            }
        }
        let n_new = usize::try_from(store.load(plan, &documents).await?).unwrap_or(0);
        loaded.loaded += n_new;
        loaded.already_there += documents.len().saturating_sub(n_new);
    }
    match format {
        Format::Json => output::json(&loaded)?,
        Format::Table => output::line(&loaded.line())?,
    }
    Ok(loaded.answer())
}

/// What became of the files.
#[derive(Debug, Default, Serialize)]
struct Loaded {
    files: usize,
    loaded: usize,
    already_there: usize,
    without_id: Vec<String>,
    undecodable: Vec<String>,
}

impl Loaded {
    fn line(&self) -> String {
        let mut line = format!(
            "{} of {} documents loaded, {} were there already",
            self.loaded, self.files, self.already_there
        );
        let n_left_out = self.without_id.len() + self.undecodable.len();
        if n_left_out > 0 {
            line.push_str(&format!(", {n_left_out} left out"));
        }
        line
    }

    /// Files that were left out are not in the table, whatever else is.
    fn answer(&self) -> Answer {
        Answer::from(self.without_id.is_empty() && self.undecodable.is_empty())
    }
}

/// What a file holds.
enum Read {
    Document(Document),
    WithoutId,
    /// Bytes that are no text, with the reason.
    Undecodable(String),
}

/// A file that cannot be read at all is an error: the folder is not what somebody thinks it is.
fn document(plan: &Plan, file: &Path) -> anyhow::Result<Read> {
    let bytes = std::fs::read(file).with_context(|| format!("cannot read `{}`", file.display()))?;
    let xml = match text_of(&bytes) {
        Ok(xml) => xml,
        Err(err) => return Ok(Read::Undecodable(err.to_string())),
    };
    let stem = file.file_stem().and_then(|it| it.to_str()).unwrap_or_default();
    let by_name = stem.parse::<i64>().ok().filter(|_| stem.bytes().all(|it| it.is_ascii_digit()));
    let app_id = by_name.or_else(|| match plan.map(&xml, None) {
        Ok(it) => Some(it.app_id),
        Err(rejection) => rejection.app_id,
    });
    Ok(app_id.map_or(Read::WithoutId, |app_id| {
        Read::Document(Document { app_id, xml: xml.into_owned() })
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_left_out_is_said_and_is_no_success() {
        let mut loaded = Loaded { files: 5, loaded: 3, already_there: 2, ..Loaded::default() };
        assert_eq!(loaded.line(), "3 of 5 documents loaded, 2 were there already");
        assert_eq!(loaded.answer(), Answer::Yes);
        loaded.undecodable.push("7.xml".to_owned());
        assert_eq!(loaded.line(), "3 of 5 documents loaded, 2 were there already, 1 left out");
        assert_eq!(loaded.answer(), Answer::No);
    }
}
