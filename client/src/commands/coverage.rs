//! `coverage`: what of the documents the contract reads, and what of the contract the documents have.

mod report;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::ValueEnum;
use xmlx_extract::{ColumnCounter, Inventory, Plan, text_of};

use super::contract::sample_files;
use crate::output::{self, Answer, Format};
use report::{NoRows, Report};

/// Documents between two lines that say how far the reading is.
const DOCUMENTS_PER_LINE: usize = 10_000;

#[derive(Debug, clap::Args)]
pub(crate) struct Coverage {
    /// The mapping contract; several of them for documents of several product lines
    #[arg(long, required = true, value_name = "FILE")]
    pub(crate) contract: Vec<PathBuf>,
    /// A script with the CREATE TABLE statements of the target: types that the contract leaves to the database
    #[arg(long, value_name = "FILE")]
    pub(crate) ddl: Option<PathBuf>,
    /// Exit code 1 where something is found: paths that nobody reads, or mappings that never matched
    #[arg(long, value_name = "WHAT", value_delimiter = ',')]
    fail_on: Vec<FailOn>,
    /// Also list every path that is read, and every column
    #[arg(long)]
    all: bool,
    /// XML files, or folders of *.xml files
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

/// What makes the answer no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOn {
    /// A path that nobody reads.
    Unread,
    /// A mapping that never matched.
    Unmatched,
}

/// The answer is no where a document could not be read as XML, or where `--fail-on` says so.
pub(crate) fn run(format: Format, plan: &Plan, args: &Coverage) -> anyhow::Result<Answer> {
    let files = sample_files(&args.files)?;
    let mut inventory = Inventory::new();
    let mut columns = ColumnCounter::new(plan);
    let mut without_rows = Vec::new();
    let mut n_unreadable = 0;
    for (at, file) in files.iter().enumerate() {
        if let Err(reason) = add(plan, file, &mut inventory, &mut columns)? {
            n_unreadable += usize::from(reason.is_unreadable);
            without_rows.push(reason);
        }
        let n = at + 1;
        if n % DOCUMENTS_PER_LINE == 0 && n < files.len() {
            output::note(&format!("read {n} of {} documents", files.len()));
        }
    }
    let report = Report::new(plan, &inventory, &columns, without_rows);
    output::verbatim(&report.rendered(format, args.all)?)?;
    let is_found = args.fail_on.iter().any(|what| match what {
        FailOn::Unread => report.n_unread() > 0,
        FailOn::Unmatched => report.n_never_matched() > 0,
    });
    Ok(Answer::from(n_unreadable == 0 && !is_found))
}

/// Counts what is in a document and what it becomes; returns why it gives no rows.
fn add(
    plan: &Plan,
    file: &Path,
    inventory: &mut Inventory,
    columns: &mut ColumnCounter,
) -> anyhow::Result<Result<(), NoRows>> {
    let bytes = std::fs::read(file).with_context(|| format!("cannot read `{}`", file.display()))?;
    let no_rows = |reason: String, is_unreadable| {
        Ok(Err(NoRows { file: file.display().to_string(), reason, is_unreadable }))
    };
    let text = match text_of(&bytes) {
        Ok(text) => text,
        Err(err) => return no_rows(err.to_string(), true),
    };
    if let Err(reason) = inventory.add(&text, plan.limits()) {
        return no_rows(reason, true);
    }
    // The id only has to be some id, where the document has none.
    let app_id = plan.id_is_of_source().then_some(1);
    match plan.map(&text, app_id) {
        Ok(application) => {
            columns.add(&application);
            Ok(Ok(()))
        }
        Err(rejection) => no_rows(rejection.reason, false),
    }
}
