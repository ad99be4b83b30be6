//! `diff`: what a change of the contract does to documents.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use serde::Serialize;
use xmlx_extract::{Application, ChangeKind, Plan, PlanPair, Rejection, Value};

use super::contract::sample_files;
use super::map;
use crate::output::{self, Answer, Format};

/// Ids of a column that are named.
const IDS_SHOWN: usize = 10;

/// Documents between two lines that say how far the reading is.
const DOCUMENTS_PER_LINE: usize = 10_000;

#[derive(Debug, clap::Args)]
pub(crate) struct Diff {
    /// The contract as it was
    pub(crate) old: PathBuf,
    /// The contract as it is to be
    pub(crate) new: PathBuf,
    /// A script with the CREATE TABLE statements of the target: types that the contracts leave to the database
    #[arg(long, value_name = "FILE")]
    pub(crate) ddl: Option<PathBuf>,
    /// Also print the values before and after; on a terminal alone
    #[arg(long)]
    values: bool,
    /// XML files, or folders of *.xml files
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

/// What a change of the contract does to some documents.
#[derive(Debug, Default, Serialize)]
struct Changes {
    /// The SHA-256 of both contracts.
    old: String,
    new: String,
    documents: u64,
    /// Applications of which something changes, those that fail under one of the contracts included.
    changed: u64,
    /// Documents that give rows under the old contract alone, and the other way round.
    fails_now: Failing,
    succeeds_now: Failing,
    columns: Vec<ColumnChange>,
}

/// Applications that fail under one of the contracts.
#[derive(Debug, Default, Serialize)]
struct Failing {
    applications: u64,
    app_ids: Vec<i64>,
    /// Each with the number of applications.
    reasons: BTreeMap<String, u64>,
}

/// What happens to a column, or to the rows of a table.
#[derive(Debug, Default, Serialize)]
struct ColumnChange {
    table: String,
    /// None: it is about whole rows.
    column: Option<String>,
    /// In so many applications.
    changes: u64,
    appears: u64,
    disappears: u64,
    /// A few of these applications.
    app_ids: Vec<i64>,
}

/// The answer is no where something changes.
pub(crate) fn run(format: Format, old: &Plan, new: &Plan, args: &Diff) -> anyhow::Result<Answer> {
    ensure!(
        !args.values || output::is_terminal(),
        "`--values` shows values of applications on a terminal alone; leave it out, or do not redirect the output"
    );
    let files = sample_files(&args.files)?;
    let pair = PlanPair::new(old, new);
    let mut changes =
        Changes { old: old.hash().to_owned(), new: new.hash().to_owned(), ..Changes::default() };
    for (at, file) in files.iter().enumerate() {
        let bytes =
            std::fs::read(file).with_context(|| format!("cannot read `{}`", file.display()))?;
        let id = app_id(old, new, file, at);
        let outcomes = (old.map_bytes(&bytes, id), new.map_bytes(&bytes, id));
        let shown = changes.add(&pair, outcomes);
        if args.values {
            shown.iter().try_for_each(|line| output::line(line))?;
        }
        let n = at + 1;
        if n % DOCUMENTS_PER_LINE == 0 && n < files.len() {
            output::note(&format!("compared {n} of {} documents", files.len()));
        }
    }
    output::verbatim(&changes.rendered(format)?)?;
    Ok(Answer::from(changes.changed == 0))
}

/// The id of an application where a document has none: that of its file's name, or else its number.
fn app_id(old: &Plan, new: &Plan, file: &Path, at: usize) -> Option<i64> {
    let of_name = |plan: &Plan| map::id_of_name(plan, file);
    let number = i64::try_from(at + 1).ok();
    let is_of_source = old.id_is_of_source() && new.id_is_of_source();
    of_name(old).or_else(|| of_name(new)).or(if is_of_source { number } else { None })
}

impl Changes {
    /// Adds what becomes of a document; returns a line for each value that changes.
    fn add(
        &mut self,
        pair: &PlanPair,
        outcomes: (Result<Application, Rejection>, Result<Application, Rejection>),
    ) -> Vec<String> {
        self.documents += 1;
        let (old, new) = match outcomes {
            (Ok(old), Ok(new)) => (old, new),
            (Ok(old), Err(rejection)) => {
                self.changed += 1;
                self.fails_now.add(old.app_id, rejection);
                return Vec::new();
            }
            (Err(rejection), Ok(new)) => {
                self.changed += 1;
                self.succeeds_now.add(new.app_id, rejection);
                return Vec::new();
            }
            (Err(_), Err(_)) => return Vec::new(),
        };
        let app_id = new.app_id;
        let mut lines = Vec::new();
        // Of the rows of one application each column counts once.
        let mut kinds: BTreeMap<(&str, Option<&str>), Vec<ChangeKind>> = BTreeMap::new();
        for change in pair.changes(&old, &new) {
            let known = kinds.entry((change.table, change.column)).or_default();
            if !known.contains(&change.kind) {
                known.push(change.kind);
            }
            if let Some(column) = change.column {
                let value = |value: &Value| map::cell(value).to_string();
                lines.push(format!(
                    "{app_id} {}.{column}: {} -> {}",
                    change.table,
                    value(&change.before),
                    value(&change.after)
                ));
            }
        }
        self.changed += u64::from(!kinds.is_empty());
        for ((table, column), kinds) in kinds {
            self.column(table, column).add(app_id, &kinds);
        }
        lines
    }

    fn column(&mut self, table: &str, column: Option<&str>) -> &mut ColumnChange {
        let known = self
            .columns
            .iter()
            .position(|known| known.table == table && known.column.as_deref() == column);
        let place = known.unwrap_or_else(|| {
            self.columns.push(ColumnChange {
                table: table.to_owned(),
                column: column.map(ToOwned::to_owned),
                ..ColumnChange::default()
            });
            self.columns.len() - 1
        });
        &mut self.columns[place]
    }

    fn rendered(&self, format: Format) -> anyhow::Result<String> {
        output::rendered(format, self, |report| {
            report.line(&format!(
                "{} documents, of which {} change; {} fail under the new contract alone, {} under the old one alone",
                self.documents,
                self.changed,
                self.fails_now.applications,
                self.succeeds_now.applications
            ));
            for (what, failing) in [
                ("Fail under the new contract alone:", &self.fails_now),
                ("Fail under the old contract alone:", &self.succeeds_now),
            ] {
                if failing.applications > 0 {
                    report.line("");
                    report.line(&format!("{what} {}", ids(&failing.app_ids)));
                    let row = |(reason, n): (&String, &u64)| vec![n.to_string(), reason.clone()];
                    report.table(
                        &["APPLICATIONS", "REASON"],
                        failing.reasons.iter().map(row).collect(),
                    );
                }
            }
            if !self.columns.is_empty() {
                report.line("");
                let header = ["COLUMN", "CHANGES", "APPEARS", "DISAPPEARS", "SUCH AS"];
                report.table(&header, self.columns.iter().map(ColumnChange::row).collect());
            }
        })
    }
}

impl Failing {
    fn add(&mut self, app_id: i64, rejection: Rejection) {
        self.applications += 1;
        *self.reasons.entry(rejection.reason).or_default() += 1;
        if self.app_ids.len() < IDS_SHOWN {
            self.app_ids.push(app_id);
        }
    }
}

impl ColumnChange {
    fn add(&mut self, app_id: i64, kinds: &[ChangeKind]) {
        for kind in kinds {
            match kind {
                ChangeKind::Changes => self.changes += 1,
                ChangeKind::Appears => self.appears += 1,
                ChangeKind::Disappears => self.disappears += 1,
            }
        }
        if self.app_ids.len() < IDS_SHOWN {
            self.app_ids.push(app_id);
        }
    }

    fn row(&self) -> Vec<String> {
        vec![
            format!("{}.{}", self.table, self.column.as_deref().unwrap_or("(rows)")),
            self.changes.to_string(),
            self.appears.to_string(),
            self.disappears.to_string(),
            ids(&self.app_ids),
        ]
    }
}

fn ids(app_ids: &[i64]) -> String {
    app_ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(columns: &str) -> Plan {
        Plan::from_json(&format!(
            "format = 2\n[source]\ntable = 'dbo.t'\ndocument = 'd'\n[document]\nid = '/o/@id'\n\
             [[table]]\nname = 'o'\nrows = '/o'\ncolumns = {{ {columns} }}\n\
             [[table]]\nname = 'l'\nrows = '/o/l'\nkey = 'i'\ncolumns = {{ i = '@i', p = '@p' }}\n"
        ))
        .unwrap()
    }

    #[test]
    fn each_application_counts_once_per_column() {
        let old = plan("n = '@n'");
        let new = plan("n = { from = '@m', required = true }");
        let pair = PlanPair::new(&old, &new);
        let mut changes = Changes::default();
        let mut lines = Vec::new();
        for document in [
            "<o id='1' n='a' m='b'/>",
            "<o id='2' n='a' m='a'><l i='1' p='x'/></o>",
            "<o id='3' m='b'/>",
            "<o id='4' n='a'/>",
            "<o id='5'",
        ] {
            lines.extend(changes.add(&pair, (old.map(document, None), new.map(document, None))));
        }
        assert_eq!(lines, ["1 o.n: \"a\" -> \"b\"", "3 o.n: null -> \"b\""]);
        let text = changes.rendered(Format::Table).unwrap();
        let expected = "5 documents, of which 3 change; 1 fail under the new contract alone, 0 under the old one alone\n\n\
            Fail under the new contract alone: 4\n ";
        assert!(text.starts_with(expected), "{text}");
        let columns = " COLUMN  CHANGES  APPEARS  DISAPPEARS  SUCH AS\n \
            o.n     1        1        0           1, 3";
        assert!(text.ends_with(columns), "{text}");
        assert!(!text.contains('"'), "values are for `--values`: {text}");
        let json: serde_json::Value =
            serde_json::from_str(&changes.rendered(Format::Json).unwrap()).unwrap();
        assert_eq!((&json["documents"], &json["changed"]), (&5.into(), &3.into()));
        assert_eq!(json["columns"][0]["app_ids"], serde_json::json!([1, 3]));
        assert_eq!(json["fails_now"]["app_ids"], serde_json::json!([4]));
    }
}
