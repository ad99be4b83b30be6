//! `contract`: a first contract from samples or a schema, and what a contract looks like.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow, bail, ensure};
use clap::Subcommand;
use serde_json::json;
use xmlx_extract::{CONTRACT_FORMAT, CONTRACT_FORMAT_2, Limits, Plan, rewrite};
use xmlx_infer::{Draft, LeftOut, Options, Samples, schema_locations};

use super::xml_files;
use crate::output::{self, Answer, Format};

/// The files that `--into` writes.
const CONTRACT_FILE: &str = "contract.toml";
const TABLES_FILE: &str = "tables.sql";
/// Documents between two lines that say how far the reading is.
const DOCUMENTS_PER_LINE: usize = 1_000;
/// Lines about one kind of thing; the contract lists all that was left out.
const LINES_SHOWN: usize = 20;

#[derive(Debug, Subcommand)]
pub(crate) enum Contract {
    /// Write a first contract and its tables from sample documents or an XML Schema
    ///
    /// What repeats becomes rows, attributes and texts become columns with types that hold all samples and leave some
    /// room. What it leaves out is listed, and the result is tried on every sample.
    /// Read it before you use it: the more documents, the better it is.
    ///
    /// Example: xmlx-client contract new samples/ --table dbo.order_xml --into orders/
    New(New),
    /// Write a contract of format 1 as format 2
    ///
    /// It gives the same rows. Comments tell what is worth a look; what format 2 cannot express is listed with its
    /// place, and nothing is written then.
    ///
    /// Example: xmlx-client contract convert card.json --into card.toml
    Convert {
        /// The contract of format 1
        contract: PathBuf,
        /// The file that gets the contract, which must not exist yet (default: it is printed)
        #[arg(long)]
        into: Option<PathBuf>,
    },
    /// Print the JSON Schema of contracts, for editors and other tools
    ///
    /// Example: xmlx-client contract schema --format 1
    Schema {
        /// The format of the contract
        #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=2))]
        format: u8,
    },
}

#[derive(Debug, clap::Args)]
pub(crate) struct New {
    /// XML files, or folders of *.xml files; none where the schema is enough
    #[arg(required_unless_present = "xsd")]
    files: Vec<PathBuf>,
    /// An XML Schema; files that it includes or imports are looked for beside it
    #[arg(long)]
    xsd: Option<PathBuf>,
    /// The table that holds the documents
    #[arg(long, default_value = "dbo.document_xml")]
    table: String,
    /// The schema of the target tables (default: named after the root element)
    #[arg(long)]
    schema: Option<String>,
    /// The root element, where documents or the schema have several
    #[arg(long)]
    root: Option<String>,
    /// Folder that gets `contract.toml` and `tables.sql`, which must not exist yet (default: the contract is printed)
    #[arg(long)]
    into: Option<PathBuf>,
}

pub(crate) fn run(format: Format, command: &Contract) -> anyhow::Result<Answer> {
    match command {
        Contract::New(args) => draft(format, args),
        Contract::Convert { contract, into } => convert(format, contract, into.as_deref()),
        Contract::Schema { format } => {
            let schema = if *format == 1 { CONTRACT_FORMAT } else { CONTRACT_FORMAT_2 };
            output::verbatim(schema.trim_end())?;
            Ok(Answer::Yes)
        }
    }
}

/// The answer is no where format 2 cannot express the contract.
fn convert(format: Format, contract: &Path, out: Option<&Path>) -> anyhow::Result<Answer> {
    if let Some(out) = out {
        ensure!(!out.exists(), "`{}` exists already: name another file", out.display());
    }
    let text = std::fs::read_to_string(contract)
        .with_context(|| format!("cannot read `{}`", contract.display()))?;
    // What is wrong with the contract itself is an error, as everywhere.
    Plan::from_json(&text).with_context(|| format!("contract `{}`", contract.display()))?;
    let rewritten = match rewrite(&text) {
        Ok(rewritten) => rewritten,
        Err(err) => {
            for problem in err.problems() {
                output::note(&format!("cannot be converted: {problem}"));
            }
            return Ok(Answer::No);
        }
    };
    Plan::from_json(&rewritten.contract)
        .context("the result is no contract, which is a fault of this program")?;
    if let Some(out) = out {
        write(out, &rewritten.contract)?;
    }
    match (format, out) {
        (Format::Json, _) => output::json(&json!({
            "contract": rewritten.contract,
            "remarks": rewritten.remarks,
        }))?,
        (Format::Table, Some(out)) => output::line(&out.display().to_string())?,
        (Format::Table, None) => output::verbatim(rewritten.contract.trim_end())?,
    }
    for remark in &rewritten.remarks {
        output::note(&format!("worth a look: {remark}"));
    }
    Ok(Answer::Yes)
}

/// The answer is no where a document could not be read.
fn draft(format: Format, args: &New) -> anyhow::Result<Answer> {
    if let Some(dir) = &args.into {
        refuse_to_overwrite(dir)?;
    }
    let files = sample_files(&args.files)?;
    let mut samples = Samples::new();
    if let Some(xsd) = &args.xsd {
        add_schemas(&mut samples, xsd)?;
    }
    let mut n_unreadable = 0;
    for (at, file) in files.iter().enumerate() {
        let n = at + 1;
        n_unreadable += usize::from(!add(&mut samples, file)?);
        if n % DOCUMENTS_PER_LINE == 0 && n < files.len() {
            output::note(&format!("read {n} of {} documents", files.len()));
        }
    }
    let options = Options {
        source_table: args.table.clone(),
        schema: args.schema.clone(),
        root: args.root.clone(),
    };
    let draft = samples.draft(&options)?;
    let tried = try_out(&draft, &files)?;
    show(format, args.into.as_deref(), &draft, &tried)?;
    Ok(Answer::from(n_unreadable == 0 && tried.failures.is_empty()))
}

/// What became of the samples when the draft mapped them.
#[derive(Debug, Default)]
struct Tried {
    n_documents: usize,
    n_mapped: usize,
    /// Each column that had a warning, with its kind.
    warnings: BTreeSet<String>,
    /// Files that give no rows, with the reason.
    failures: Vec<(String, String)>,
}

/// Maps every sample by the draft: whoever reads it should know what it does not take yet.
fn try_out(draft: &Draft, files: &[PathBuf]) -> anyhow::Result<Tried> {
    let mut plan = Plan::from_json(&draft.contract)
        .context("the draft is no contract, which is a fault of this program")?;
    plan.take_types_of_script(&draft.ddl).map_err(|problems| {
        anyhow!(
            "the draft and its tables differ, which is a fault of this program: {}",
            problems.join("; ")
        )
    })?;
    let mut tried = Tried { n_documents: files.len(), ..Tried::default() };
    for (at, file) in files.iter().enumerate() {
        // The id only has to be some id.
        let app_id = i64::try_from(at)? + 1;
        match plan.map_bytes(&read(file)?, Some(app_id)) {
            Ok(application) => {
                tried.n_mapped += 1;
                for warning in &application.warnings {
                    let (table, column) = plan.warned(warning);
                    let column = column.map(|name| format!(".{name}")).unwrap_or_default();
                    tried.warnings.insert(format!("{table}{column}: {}", warning.kind));
                }
            }
            Err(rejection) => {
                tried.failures.push((file.display().to_string(), rejection.reason));
            }
        }
        let n = at + 1;
        if n % DOCUMENTS_PER_LINE == 0 && n < files.len() {
            output::note(&format!("tried the draft on {n} of {} documents", files.len()));
        }
    }
    Ok(tried)
}

fn show(format: Format, into: Option<&Path>, draft: &Draft, tried: &Tried) -> anyhow::Result<()> {
    if let Some(dir) = into {
        std::fs::create_dir_all(dir)
            .with_context(|| format!("cannot create the folder `{}`", dir.display()))?;
        write(&dir.join(CONTRACT_FILE), &draft.contract)?;
        write(&dir.join(TABLES_FILE), &draft.ddl)?;
    }
    let n_columns: usize = draft.tables.iter().map(|table| table.columns.len()).sum();
    match (format, into) {
        (Format::Json, _) => {
            let left_out: Vec<_> = draft
                .left_out
                .iter()
                .map(|left_out| json!({ "path": left_out.path, "reason": left_out.reason }))
                .collect();
            output::json(&json!({
                "tables": draft.tables.len(),
                "columns": n_columns,
                "contract": draft.contract,
                "ddl": draft.ddl,
                "documents": tried.n_documents,
                "mapped": tried.n_mapped,
                "warnings": tried.warnings,
                "left_out": left_out,
            }))?;
        }
        (Format::Table, None) => output::verbatim(draft.contract.trim_end())?,
        (Format::Table, Some(dir)) => {
            for file in [CONTRACT_FILE, TABLES_FILE] {
                output::line(&dir.join(file).display().to_string())?;
            }
        }
    }
    output::note(&format!("{} tables with {n_columns} columns", draft.tables.len()));
    list_left_out(&draft.left_out);
    list_tried(tried);
    Ok(())
}

fn list_left_out(left_out: &[LeftOut]) {
    for left_out in left_out.iter().take(LINES_SHOWN) {
        output::note(&format!("left out: {}: {}", left_out.path, left_out.reason));
    }
    if let Some(n_more @ 1..) = left_out.len().checked_sub(LINES_SHOWN) {
        output::note(&format!("left out: {n_more} more, listed at the end of the contract"));
    }
}

fn list_tried(tried: &Tried) {
    if tried.n_documents == 0 {
        return;
    }
    output::note(&format!("{} of {} documents give rows", tried.n_mapped, tried.n_documents));
    for (file, reason) in tried.failures.iter().take(LINES_SHOWN) {
        output::note(&format!("no rows: {file}: {reason}"));
    }
    for warning in tried.warnings.iter().take(LINES_SHOWN) {
        output::note(&format!("warning: {warning}"));
    }
    let n_shown = tried.failures.len().min(LINES_SHOWN) + tried.warnings.len().min(LINES_SHOWN);
    if let Some(n_more @ 1..) = (tried.failures.len() + tried.warnings.len()).checked_sub(n_shown) {
        output::note(&format!("and {n_more} more of these"));
    }
}

fn refuse_to_overwrite(dir: &Path) -> anyhow::Result<()> {
    for file in [CONTRACT_FILE, TABLES_FILE] {
        let path = dir.join(file);
        ensure!(
            !path.exists(),
            "`{}` exists already: name another folder, or move it away",
            path.display()
        );
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    std::fs::write(path, text).with_context(|| format!("cannot write `{}`", path.display()))
}

/// Files as given, folders as the XML files in them.
pub(super) fn sample_files(given: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in given {
        if path.is_dir() {
            files.extend(xml_files(path)?);
        } else {
            files.push(path.clone());
        }
    }
    Ok(files)
}

/// Adds a document. One that is no XML is left out; a file that cannot be read at all is an error.
fn add(samples: &mut Samples, file: &Path) -> anyhow::Result<bool> {
    let bytes = read(file)?;
    let name = file.display().to_string();
    let text = match xmlx_extract::text_of(&bytes) {
        Ok(text) => text,
        Err(err) => {
            samples.leave_out(&name, err.to_string());
            return Ok(false);
        }
    };
    Ok(samples.add(&name, &text).is_ok())
}

fn read(file: &Path) -> anyhow::Result<Vec<u8>> {
    let name = || format!("cannot read `{}`", file.display());
    let size = std::fs::metadata(file).with_context(name)?.len();
    let max = Limits::default().document_bytes;
    if usize::try_from(size).map_or(true, |size| size > max) {
        bail!("`{}` has {size} bytes, and samples may have {max}", file.display());
    }
    std::fs::read(file).with_context(name)
}

/// Adds a schema and the files that it includes or imports, each once. One that is not there is told and left out:
/// imports often name an address on the web.
fn add_schemas(samples: &mut Samples, first: &Path) -> anyhow::Result<()> {
    let mut seen = BTreeSet::from([first.to_owned()]);
    let mut waiting = vec![first.to_owned()];
    while let Some(path) = waiting.pop() {
        let bytes = read(&path)?;
        let context = || format!("schema `{}`", path.display());
        let text = xmlx_extract::text_of(&bytes).with_context(context)?;
        samples.add_schema(&text).with_context(context)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        for location in schema_locations(&text).with_context(context)? {
            let other = plain(&folder.join(&location));
            if seen.contains(&other) {
                continue;
            }
            if other.is_file() {
                seen.insert(other.clone());
                waiting.push(other);
            } else {
                output::note(&format!(
                    "warning: `{location}`, which `{}` refers to, is not there: what it declares is left out",
                    path.display()
                ));
            }
        }
    }
    Ok(())
}

/// A path without `x/..`, so that a file that several schemas include is known again.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        let is_up = part == std::path::Component::ParentDir;
        let has_name = plain.file_name().is_some();
        if is_up && has_name {
            plain.pop();
        } else if part != std::path::Component::CurDir {
            plain.push(part);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_schemas_are_known_again() {
        for (path, expected) in [
            ("a/b/../c.xsd", "a/c.xsd"),
            ("./a.xsd", "a.xsd"),
            ("../a/../b.xsd", "../b.xsd"),
            ("/x/./y/../../z.xsd", "/z.xsd"),
        ] {
            assert_eq!(plain(Path::new(path)), Path::new(expected), "{path}");
        }
    }
}
