//! `load`: XML files into the source table.

use std::path::Path;

use anyhow::Context as _;
use serde::Serialize;
use xmlx_domain::ErrorClass;
use xmlx_extract::{Plan, text_of};
use xmlx_store::{Document, Error, Store};

use super::xml_files;
use crate::output::{self, Answer, Format};

/// Documents in one statement.
const CHUNK: usize = 200;

pub(crate) async fn run(
    format: Format,
    dir: &Path,
    plan: &Plan,
    store: &Store,
) -> anyhow::Result<Answer> {
    anyhow::ensure!(
        plan.source().application_tables.len() <= 1,
        "which line a file is of cannot be noted for several contracts at once; load the files of each line with its own contract"
    );
    let files = xml_files(dir)?;
    let mut loaded = Loaded { files: files.len(), ..Loaded::default() };
    for files in files.chunks(CHUNK) {
        let (mut documents, mut names) = (Vec::new(), Vec::new());
        for file in files {
            match document(plan, file)? {
                Read::Document(document) => {
                    documents.push(document);
                    names.push(file.display().to_string());
                }
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
        match store.load(plan, &documents).await {
            Ok(n_new) => loaded.count(documents.len(), n_new),
            // The statement says nothing of which document it was.
            Err(err) if is_of_a_document(&err) => {
                load_one_by_one(store, plan, (&documents, &names), &mut loaded).await?;
            }
            Err(err) => return Err(err.into()),
        }
    }
    match format {
        Format::Json => output::json(&loaded)?,
        Format::Table => output::line(&loaded.line())?,
    }
    Ok(loaded.answer())
}

/// Whether another document may be loaded all the same.
fn is_of_a_document(err: &Error) -> bool {
    err.class() == ErrorClass::Data
}

/// Leaves out those that the database refuses, such as an id that is too large for its column.
async fn load_one_by_one(
    store: &Store,
    plan: &Plan,
    (documents, names): (&[Document], &[String]),
    loaded: &mut Loaded,
) -> Result<(), Error> {
    for (document, name) in documents.iter().zip(names) {
        match store.load(plan, std::slice::from_ref(document)).await {
            Ok(n_new) => loaded.count(1, n_new),
            Err(err) if is_of_a_document(&err) => {
                output::note(&format!("`{name}` is left out: {err}"));
                loaded.refused.push(name.clone());
            }
            Err(err) => return Err(err),
        }
    }
    Ok(())
}

/// What became of the files.
#[derive(Debug, Default, Serialize)]
struct Loaded {
    files: usize,
    loaded: usize,
    already_there: usize,
    without_id: Vec<String>,
    undecodable: Vec<String>,
    /// The database does not take them.
    refused: Vec<String>,
}

impl Loaded {
    /// So many documents are in the table, of which so many are new.
    fn count(&mut self, n_documents: usize, n_new: i64) {
        let n_new = usize::try_from(n_new).unwrap_or(0);
        self.loaded += n_new;
        self.already_there += n_documents.saturating_sub(n_new);
    }

    fn n_left_out(&self) -> usize {
        self.without_id.len() + self.undecodable.len() + self.refused.len()
    }

    fn line(&self) -> String {
        let mut line = format!(
            "{} of {} documents loaded, {} were there already",
            self.loaded, self.files, self.already_there
        );
        let n_left_out = self.n_left_out();
        if n_left_out > 0 {
            line.push_str(&format!(", {n_left_out} left out"));
        }
        line
    }

    /// Files that were left out are not in the table, whatever else is.
    fn answer(&self) -> Answer {
        Answer::from(self.n_left_out() == 0)
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
    let by_name = id_in_name(stem);
    let app_id = by_name.or_else(|| match plan.map(&xml, None) {
        Ok(it) => Some(it.app_id),
        Err(rejection) => rejection.app_id,
    });
    Ok(app_id.map_or(Read::WithoutId, |app_id| {
        Read::Document(Document { app_id, xml: xml.into_owned() })
    }))
}

/// The id that a file is named after; ids may be negative.
fn id_in_name(stem: &str) -> Option<i64> {
    let digits = stem.strip_prefix('-').unwrap_or(stem);
    stem.parse().ok().filter(|_| digits.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_a_number_is_the_id() {
        for (stem, id) in [
            ("123", Some(123)),
            ("-5", Some(-5)),
            ("007", Some(7)),
            ("+5", None),
            ("-", None),
            ("5a", None),
            ("", None),
            ("9223372036854775808", None),
        ] {
            assert_eq!(id_in_name(stem), id, "{stem}");
        }
    }

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
