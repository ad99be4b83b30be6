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

/// Ids that are named on a line; `-o json` has all of them.
const IDS_SHOWN: usize = 10;

/// What becomes of documents that the table has in another form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Changed {
    /// They stay as they are.
    Leave,
    /// The files' take their place.
    Replace,
}

pub(crate) async fn run(
    format: Format,
    dir: &Path,
    (contract, plan): (&Path, &Plan),
    store: &Store,
    changed: Changed,
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
        match take(store, plan, &documents, changed).await {
            Ok(taken) => loaded.count(documents.len(), taken),
            // The statement says nothing of which document it was.
            Err(err) if is_of_a_document(&err) => {
                for (document, name) in documents.iter().zip(&names) {
                    match take(store, plan, std::slice::from_ref(document), changed).await {
                        Ok(taken) => loaded.count(1, taken),
                        // Such as an id that is too large for its column.
                        Err(err) if is_of_a_document(&err) => {
                            output::note(&format!("`{name}` is left out: {err}"));
                            loaded.refused.push(name.clone());
                        }
                        Err(err) => return Err(err.into()),
                    }
                }
            }
            Err(err) => return Err(err.into()),
        }
    }
    loaded.decided = store.decided(plan, &loaded.replaced).await?;
    match format {
        Format::Json => output::json(&loaded)?,
        Format::Table => output::line(&loaded.line())?,
    }
    if let Some(note) = loaded.to_be_written_again(contract) {
        output::note(&note);
    }
    Ok(loaded.answer())
}

/// Whether another document may be loaded all the same.
fn is_of_a_document(err: &Error) -> bool {
    err.class() == ErrorClass::Data
}

/// What became of documents that were sent together.
#[derive(Debug, Default)]
struct Taken {
    n_new: i64,
    /// Whose document is another one now.
    replaced: Vec<i64>,
}

async fn take(
    store: &Store,
    plan: &Plan,
    documents: &[Document],
    changed: Changed,
) -> Result<Taken, Error> {
    let replaced = match changed {
        Changed::Leave => Vec::new(),
        Changed::Replace => store.replace_documents(plan, documents).await?,
    };
    Ok(Taken { n_new: store.load(plan, documents).await?, replaced })
}

/// What became of the files.
#[derive(Debug, Default, Serialize)]
struct Loaded {
    files: usize,
    loaded: usize,
    already_there: usize,
    /// Whose document in the table was another one.
    replaced: Vec<i64>,
    /// Those of them that are decided: their rows are still those of the old document.
    decided: Vec<i64>,
    without_id: Vec<String>,
    undecodable: Vec<String>,
    /// The database does not take them.
    refused: Vec<String>,
}

impl Loaded {
    /// So many documents are in the table, of which some are new or other ones than before.
    fn count(&mut self, n_documents: usize, taken: Taken) {
        let Taken { n_new, replaced } = taken;
        let n_new = usize::try_from(n_new).unwrap_or(0);
        self.loaded += n_new;
        self.already_there += n_documents.saturating_sub(n_new + replaced.len());
        self.replaced.extend(replaced);
    }

    /// What to do about applications that are decided.
    fn to_be_written_again(&self, contract: &Path) -> Option<String> {
        let (first, last) = (self.decided.iter().min()?, self.decided.iter().max()?);
        let mut ids: Vec<String> =
            self.decided.iter().take(IDS_SHOWN).map(ToString::to_string).collect();
        if self.decided.len() > IDS_SHOWN {
            ids.push("...".to_owned());
        }
        Some(format!(
            "{} of the replaced documents are of applications that are decided, whose rows are still those of the old document ({}); \
             `xmlx-client submit --replace --again --contract {} --from {first} --to {last}` writes everything from the first to the last of them again",
            self.decided.len(),
            ids.join(", "),
            contract.display()
        ))
    }

    fn n_left_out(&self) -> usize {
        self.without_id.len() + self.undecodable.len() + self.refused.len()
    }

    fn line(&self) -> String {
        let mut line = format!(
            "{} of {} documents loaded, {} were there already",
            self.loaded, self.files, self.already_there
        );
        if !self.replaced.is_empty() {
            line.push_str(&format!(", {} replaced", self.replaced.len()));
        }
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
        loaded.count(3, Taken { n_new: 0, replaced: vec![7, 9] });
        assert_eq!(loaded.line(), "3 of 5 documents loaded, 3 were there already, 2 replaced");
        assert_eq!(
            loaded.to_be_written_again(Path::new("a.json")),
            None,
            "nobody has decided them"
        );
        loaded.decided = vec![9, 7];
        let note = loaded.to_be_written_again(Path::new("a.json")).unwrap();
        assert!(note.contains("(9, 7)") && note.contains("--from 7 --to 9"), "{note}");
        let mut loaded = Loaded { files: 5, loaded: 3, already_there: 2, ..Loaded::default() };
        loaded.undecodable.push("7.xml".to_owned());
        assert_eq!(loaded.line(), "3 of 5 documents loaded, 2 were there already, 1 left out");
        assert_eq!(loaded.answer(), Answer::No);
    }
}
