//! What `coverage` prints.

use serde::Serialize;
use xmlx_extract::{ColumnUse, Coverage, IgnoreUse, MappingUse, PathStatus, PathUse};

use crate::output::{self, Format};

/// Documents or reasons without rows that are listed for people; in JSON all of them are.
const WITHOUT_ROWS_SHOWN: usize = 20;

/// What is said of a path. Paths are long, so that they come behind the numbers.
const HEADER: [&str; 5] = ["DOCUMENTS", "TIMES", "WITH VALUE", "PATH", "READ BY"];

/// What gives no rows: a file, or applications of a job that have one reason.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub(super) enum NoRows {
    File {
        file: String,
        reason: String,
        /// It is no XML at all, so that its paths are not counted.
        is_unreadable: bool,
    },
    Applications {
        applications: u64,
        first_app_id: i64,
        last_app_id: i64,
        stage: String,
        reason: String,
    },
}

/// What was found of documents and a contract, wherever the documents were.
#[derive(Debug)]
pub(super) struct Found {
    /// The job that read the documents; none: they were files.
    pub(super) job: Option<i64>,
    /// The contract's SHA-256.
    pub(super) contract: String,
    pub(super) coverage: Coverage,
    pub(super) columns: Vec<ColumnUse>,
    pub(super) without_rows: Vec<NoRows>,
    /// Documents without rows, those that are not listed among them.
    pub(super) n_without_rows: u64,
    pub(super) n_unreadable: u64,
    /// How many paths the list has at most.
    pub(super) listed_max: u64,
}

/// How documents and a contract cover each other.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// The job that read the documents; absent: they were files.
    #[serde(skip_serializing_if = "Option::is_none")]
    job: Option<i64>,
    /// The contract's SHA-256.
    contract: String,
    documents: u64,
    documents_without_rows: u64,
    documents_unreadable: u64,
    paths_read: usize,
    paths_ignored: usize,
    paths_unread: usize,
    paths_markup: usize,
    mappings_never_matched: usize,
    /// Elements and attributes in no path of the list, which is limited.
    unlisted: u64,
    without_rows: Vec<NoRows>,
    paths: Vec<PathUse>,
    mappings: Vec<MappingUse>,
    ignored: Vec<IgnoreUse>,
    columns: Vec<ColumnUse>,
    #[serde(skip)]
    unread: Vec<Vec<String>>,
    #[serde(skip)]
    listed_max: u64,
}

impl Report {
    pub(super) fn new(found: Found) -> Self {
        let Found { job, contract, coverage, columns, without_rows, listed_max, .. } = found;
        let unread = unread(&coverage);
        Self {
            job,
            contract,
            documents: coverage.documents,
            documents_without_rows: found.n_without_rows,
            documents_unreadable: found.n_unreadable,
            paths_read: coverage.n_paths(PathStatus::Read),
            paths_ignored: coverage.n_paths(PathStatus::Ignored),
            paths_unread: coverage.n_paths(PathStatus::Unread),
            paths_markup: coverage.n_paths(PathStatus::Markup),
            mappings_never_matched: coverage.never_matched().count(),
            unlisted: coverage.unlisted,
            without_rows,
            paths: coverage.paths,
            mappings: coverage.mappings,
            ignored: coverage.ignored,
            columns,
            unread,
            listed_max,
        }
    }

    pub(super) fn n_unreadable(&self) -> u64 {
        self.documents_unreadable
    }

    pub(super) fn n_unread(&self) -> usize {
        self.paths_unread
    }

    pub(super) fn n_never_matched(&self) -> usize {
        self.mappings_never_matched
    }

    pub(super) fn rendered(&self, format: Format, all: bool) -> anyhow::Result<String> {
        output::rendered(format, self, |report| {
            report.line(&self.summary());
            self.show_without_rows(report);
            self.show_gaps(report);
            self.show_columns(report, all);
            if all {
                report.line("");
                report.line("Every path:");
                let rows = self.paths.iter().map(path_row).collect();
                report.table(&HEADER, rows);
            }
        })
    }

    /// What documents and contract do not have of each other.
    pub(crate) fn show_gaps(&self, report: &mut output::Report) {
        if !self.unread.is_empty() {
            report.line("");
            report.line("Read by nobody; map it, or name it in the contract's `ignore`:");
            report.table(&HEADER[..4], self.unread.clone());
        }
        self.show_mappings(report);
    }

    /// All of it in one line.
    pub(crate) fn summary(&self) -> String {
        let mut summary = format!(
            "{}, {}: {} read, {} ignored by name, {} read by nobody",
            plural(self.documents, "document"),
            plural(u64::try_from(self.paths.len()).unwrap_or(u64::MAX), "path"),
            self.paths_read,
            self.paths_ignored,
            self.paths_unread,
        );
        if self.paths_markup > 0 {
            summary.push_str(&format!(", {} about XML alone", self.paths_markup));
        }
        let n_mappings = u64::try_from(self.mappings.len()).unwrap_or(u64::MAX);
        summary.push_str(&format!(
            "; {}, of which {} never matched",
            plural(n_mappings, "mapping"),
            self.mappings_never_matched
        ));
        if self.unlisted > 0 {
            summary.push_str(&format!(
                "; elements and attributes in no path of the list, which ends at {}: {}",
                thousands(self.listed_max),
                self.unlisted
            ));
        }
        summary
    }

    fn show_without_rows(&self, report: &mut output::Report) {
        if self.without_rows.is_empty() {
            return;
        }
        report.line("");
        report.line(&format!("{} without rows:", plural(self.documents_without_rows, "document")));
        let header: &[&str] = match self.without_rows.first() {
            Some(NoRows::Applications { .. }) => &["DOCUMENTS", "FIRST", "LAST", "REASON"],
            Some(NoRows::File { .. }) | None => &["FILE", "REASON"],
        };
        let shown = self.without_rows.iter().take(WITHOUT_ROWS_SHOWN);
        report.table(header, shown.clone().map(NoRows::row).collect());
        let n_shown: u64 = shown.map(NoRows::n_documents).sum();
        if let Some(n_more @ 1..) = self.documents_without_rows.checked_sub(n_shown) {
            report.line(&format!("and {n_more} more"));
        }
    }

    fn show_mappings(&self, report: &mut output::Report) {
        let never: Vec<_> = self.mappings.iter().filter(|mapping| mapping.times == 0).collect();
        if !never.is_empty() {
            report.line("");
            report
                .line("Mappings that never matched; correct the path, or look at more documents:");
            let row = |mapping: &&MappingUse| {
                let column = mapping.column.as_deref().unwrap_or("(rows)");
                vec![
                    format!("{}.{column}", mapping.table),
                    mapping.reads.join(" | "),
                    mapping.at.clone().unwrap_or_default(),
                ]
            };
            report.table(&["COLUMN", "READS", "PLACE"], never.iter().map(row).collect());
        }
        let unused: Vec<_> = self.ignored.iter().filter(|entry| entry.paths == 0).collect();
        if !unused.is_empty() {
            report.line("");
            report.line("Ignored, but in none of these documents, or read all the same:");
            report.table(&["PATH"], unused.iter().map(|entry| vec![entry.path.clone()]).collect());
        }
    }

    /// Columns without a value of any document, codes that no conversion knows; with `all` every column.
    fn show_columns(&self, report: &mut output::Report, all: bool) {
        let is_empty = |column: &&ColumnUse| column.rows > 0 && column.values == column.defaults;
        let needs_attention =
            |column: &&ColumnUse| is_empty(column) || column.unknown_codes > 0 || all;
        let found: Vec<_> = self.columns.iter().filter(needs_attention).collect();
        if found.is_empty() {
            return;
        }
        report.line("");
        report.line(if all {
            "Every column:"
        } else {
            "Columns that are NULL or the default in every row, or have codes that no conversion knows:"
        });
        let row = |column: &&ColumnUse| {
            vec![
                format!("{}.{}", column.table, column.column),
                column.rows.to_string(),
                share(column.values, column.rows),
                share(column.nulls, column.rows),
                share(column.defaults, column.rows),
                column.unknown_codes.to_string(),
            ]
        };
        let header = ["COLUMN", "ROWS", "VALUES", "NULLS", "DEFAULTS", "UNKNOWN CODES"];
        report.table(&header, found.iter().map(row).collect());
    }
}

impl NoRows {
    fn n_documents(&self) -> u64 {
        match self {
            Self::File { .. } => 1,
            Self::Applications { applications, .. } => *applications,
        }
    }

    fn row(&self) -> Vec<String> {
        match self {
            Self::File { file, reason, .. } => vec![file.clone(), reason.clone()],
            Self::Applications { applications, first_app_id, last_app_id, stage, reason } => {
                vec![
                    applications.to_string(),
                    first_app_id.to_string(),
                    last_app_id.to_string(),
                    format!("{stage}: {reason}"),
                ]
            }
        }
    }
}

/// What nobody reads: the topmost elements stand for what is in them.
fn unread(coverage: &Coverage) -> Vec<Vec<String>> {
    let row = |unread: &xmlx_extract::Unread| {
        let path = &coverage.paths[unread.path];
        let name = match unread.n_within {
            0 => path.path.clone(),
            n_within => {
                let n_within = u64::try_from(n_within).unwrap_or(u64::MAX);
                format!("{} and {} in it", path.path, plural(n_within, "path"))
            }
        };
        let mut row = path_row(path);
        row.pop();
        row[3] = name;
        row
    };
    coverage.unread().iter().map(row).collect()
}

fn path_row(path: &PathUse) -> Vec<String> {
    let by = match path.status {
        PathStatus::Read if path.read_by.is_empty() => "what is in it".to_owned(),
        PathStatus::Read => path.read_by.join(", "),
        PathStatus::Ignored => "(ignored by name)".to_owned(),
        PathStatus::Markup => "(about XML)".to_owned(),
        PathStatus::Unread => "nobody".to_owned(),
    };
    vec![
        path.documents.to_string(),
        path.times.to_string(),
        path.filled.to_string(),
        path.path.clone(),
        by,
    ]
}

/// A share in whole per cent; what is little is not called nothing.
fn share(n: u64, of: u64) -> String {
    match (n, of) {
        (0, _) | (_, 0) => "0 %".to_owned(),
        (n, of) if n * 100 < of => "< 1 %".to_owned(),
        (n, of) if n < of && n * 100 / of >= 99 => "> 99 %".to_owned(),
        (n, of) => format!("{} %", n * 100 / of),
    }
}

fn thousands(n: u64) -> String {
    if n < 1_000 { n.to_string() } else { format!("{},{:03}", n / 1_000, n % 1_000) }
}

fn plural(n: u64, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

#[cfg(test)]
mod tests {
    use xmlx_extract::{ColumnCounter, Inventory, Limits, Plan};

    use super::*;

    const CONTRACT: &str = "format = 2\nignore = ['/o/audit', '/o/never']\n\
        [source]\ntable = 'dbo.t'\ndocument = 'd'\n\
        [codes.c]\nmap = { A = 1 }\nunknown = 'null'\n\
        [[table]]\nname = 'o'\nrows = '/o'\n\
        columns = { n = '@n', kind = { from = '@kind', codes = 'c', type = 'int' }, gone = 'gone/@x' }\n";

    fn report(documents: &[&str], without_rows: Vec<NoRows>) -> Report {
        let plan = Plan::from_json(CONTRACT).unwrap();
        let (mut inventory, mut columns) = (Inventory::new(), ColumnCounter::new(&plan));
        for document in documents {
            inventory.add(document, &Limits::default()).unwrap();
            columns.add(&plan.map(document, Some(1)).unwrap());
        }
        Report::new(Found {
            job: None,
            contract: plan.hash().to_owned(),
            coverage: plan.coverage(&inventory),
            columns: columns.columns(),
            n_without_rows: without_rows.iter().map(NoRows::n_documents).sum(),
            n_unreadable: 0,
            without_rows,
            listed_max: 100_000,
        })
    }

    #[test]
    fn what_needs_attention_comes_first() {
        let no_rows =
            NoRows::File { file: "b.xml".to_owned(), reason: "no".to_owned(), is_unreadable: true };
        let report = report(
            &[
                "<o n='1' kind='A' left='2'><audit by='me'/><box><k v='1'/><k/></box></o>",
                "<o n='2' kind='B'/>",
            ],
            vec![no_rows],
        );
        let expected = "2 documents, 9 paths: 3 read, 2 ignored by name, 4 read by nobody; 4 mappings, of which 1 never matched\n\n\
            1 document without rows:\n FILE   REASON\n b.xml  no\n\n\
            Read by nobody; map it, or name it in the contract's `ignore`:\n \
            DOCUMENTS  TIMES  WITH VALUE  PATH\n \
            1          1      1           /o/@left\n \
            1          1      0           /o/box and 2 paths in it\n\n\
            Mappings that never matched; correct the path, or look at more documents:\n \
            COLUMN  READS    PLACE\n \
            o.gone  gone/@x\n\n\
            Ignored, but in none of these documents, or read all the same:\n \
            PATH\n /o/never\n\n\
            Columns that are NULL or the default in every row, or have codes that no conversion knows:\n \
            COLUMN  ROWS  VALUES  NULLS  DEFAULTS  UNKNOWN CODES\n \
            o.kind  2     50 %    50 %   0 %       1\n \
            o.gone  2     0 %     100 %  0 %       0";
        assert_eq!(report.rendered(Format::Table, false).unwrap(), expected);
        assert_eq!((report.n_unread(), report.n_never_matched()), (4, 1));
        let all = report.rendered(Format::Table, true).unwrap();
        assert!(
            all.contains("\n 1          1      1           /o/audit/@by  (ignored by name)"),
            "{all}"
        );
        assert!(all.contains("\n 2          2      2           /o/@n         o.n"), "{all}");
    }

    #[test]
    fn applications_without_rows_are_counted_by_reason() {
        let reason = |applications, reason: &str| NoRows::Applications {
            applications,
            first_app_id: 1004,
            last_app_id: 1390,
            stage: "mapping".to_owned(),
            reason: reason.to_owned(),
        };
        let mut report = report(&["<o n='1'/>"], vec![reason(21, "no id"), reason(2, "other")]);
        (report.documents_without_rows, report.unlisted, report.listed_max) = (30, 5, 4_000);
        let text = report.rendered(Format::Table, false).unwrap();
        let expected = "30 documents without rows:\n \
            DOCUMENTS  FIRST  LAST  REASON\n \
            21         1004   1390  mapping: no id\n \
            2          1004   1390  mapping: other\n\
            and 7 more\n";
        assert!(text.contains(expected), "{text}");
        let first = text.lines().next().unwrap();
        assert!(
            first.ends_with(
                "; elements and attributes in no path of the list, which ends at 4,000: 5"
            ),
            "{first}"
        );
    }

    #[test]
    fn programs_get_everything() {
        let report = report(&["<o n='1'/>"], Vec::new());
        let json: serde_json::Value =
            serde_json::from_str(&report.rendered(Format::Json, false).unwrap()).unwrap();
        assert_eq!((&json["documents"], &json["paths_unread"]), (&1.into(), &0.into()));
        assert_eq!(json["paths"][1]["path"], "/o/@n");
        assert_eq!(json["paths"][1]["read_by"], serde_json::json!(["o.n"]));
        assert_eq!(json["paths"][1]["status"], "read");
        assert_eq!(json["mappings"][3]["times"], 0);
        assert_eq!(json["ignored"][0]["paths"], 0);
        assert_eq!(json["columns"][0]["column"], "app_id");
    }

    #[test]
    fn shares_are_never_rounded_to_all_or_nothing() {
        for (n, of, expected) in [
            (0, 0, "0 %"),
            (0, 9, "0 %"),
            (1, 1000, "< 1 %"),
            (1, 3, "33 %"),
            (999, 1000, "> 99 %"),
            (3, 3, "100 %"),
        ] {
            assert_eq!(share(n, of), expected);
        }
    }
}
