//! The report of a reconciliation: what was compared, what differs, and what was not looked at. As JSON it is for
//! programs, as a page it is to print and sign. It holds ids, names and counts, never a value.

use std::fmt::Write as _;

use serde::Serialize;
use sha2::{Digest, Sha256};

/// The version of the JSON. It only ever gains members.
const VERSION: u32 = 1;

/// Differences that the page lists one by one; the JSON has all that the job kept.
const LISTED_MAX: usize = 500;

/// What a reconciliation found.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Report {
    pub(crate) v: u32,
    /// The job whose rows were compared, and the one that compared them.
    pub(crate) job: i64,
    pub(crate) reconciliation: i64,
    pub(crate) name: String,
    /// The share of the range that was compared; none: all of it.
    pub(crate) sample: Option<String>,
    /// How many applications were listed to be compared; none: those of the range.
    pub(crate) listed: Option<i64>,
    /// The same for people.
    #[serde(skip)]
    pub(crate) part: Option<String>,
    /// The SHA-256 of the contract.
    pub(crate) contract: String,
    /// The range of ids, both ends included; none where there is no application.
    pub(crate) first_app_id: Option<i64>,
    pub(crate) last_app_id: Option<i64>,
    pub(crate) applications: u64,
    pub(crate) rows: u64,
    pub(crate) cells: u64,
    /// Applications that the contract gives no rows for any more.
    pub(crate) rejected: u64,
    /// Applications with at least one difference.
    pub(crate) differing: u64,
    pub(crate) differences: Vec<Count>,
    pub(crate) findings: Vec<Finding>,
    /// Findings that were counted and not kept.
    pub(crate) findings_left_out: u64,
    pub(crate) not_compared: Vec<NotCompared>,
    /// The SHA-256 of this JSON without this member.
    pub(crate) sha256: String,
}

/// Differences of one kind in one column.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Count {
    pub(crate) table: String,
    pub(crate) column: Option<String>,
    pub(crate) kind: String,
    pub(crate) differences: u64,
}

/// A difference of one application.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Finding {
    pub(crate) app_id: i64,
    pub(crate) kind: String,
    pub(crate) table: String,
    pub(crate) column: Option<String>,
    pub(crate) reason: Option<String>,
}

/// What was not looked at, and why.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct NotCompared {
    pub(crate) place: String,
    pub(crate) reason: String,
}

impl Report {
    /// Whether the rows say what the documents say.
    pub(crate) fn holds(&self) -> bool {
        self.rejected == 0 && self.differences.is_empty()
    }

    /// Numbers the version and computes the hash over everything else.
    pub(crate) fn sealed(mut self) -> anyhow::Result<Self> {
        self.v = VERSION;
        self.sha256 = String::new();
        let json = serde_json::to_string(&self)?;
        self.sha256 =
            Sha256::digest(json.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(self)
    }

    /// What the report says in one sentence.
    pub(crate) fn summary(&self) -> String {
        if self.holds() {
            format!(
                "{} applications, {} rows, {} cells: the tables say what the documents say",
                self.applications, self.rows, self.cells
            )
        } else {
            let n: u64 = self.differences.iter().map(|count| count.differences).sum();
            format!(
                "{} applications, {} rows, {} cells: {n} differences in {} applications; {} have no rows by the contract any more",
                self.applications, self.rows, self.cells, self.differing, self.rejected
            )
        }
    }

    /// A page to print: one file, without scripts and without anything from elsewhere.
    pub(crate) fn page(&self) -> String {
        let mut page = format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>Reconciliation of job {}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>Reconciliation of job {}</h1>\n<p class=\"{}\">{}</p>\n",
            self.job,
            self.job,
            if self.holds() { "holds" } else { "differs" },
            escaped(&self.summary()),
        );
        let id = |id: Option<i64>| id.map_or_else(|| "none".to_owned(), |id| id.to_string());
        let facts = [
            ("Job", format!("{} ({})", self.job, self.name)),
            ("Compared by job", self.reconciliation.to_string()),
            ("Of the range", self.part.clone().unwrap_or_else(|| "all applications".to_owned())),
            ("Contract (SHA-256)", self.contract.clone()),
            ("First application", id(self.first_app_id)),
            ("Last application", id(self.last_app_id)),
            ("Applications", self.applications.to_string()),
            ("Rows", self.rows.to_string()),
            ("Cells", self.cells.to_string()),
            ("Applications that differ", self.differing.to_string()),
            ("Applications without rows by the contract", self.rejected.to_string()),
            ("SHA-256 of the report", self.sha256.clone()),
        ];
        let facts = facts.map(|(name, value)| vec![name.to_owned(), value]);
        push_table(&mut page, "What was compared", &[], &facts);
        let counts: Vec<Vec<String>> = self.differences.iter().map(Count::row).collect();
        push_table(&mut page, "Differences by column", &Count::HEADER, &counts);
        let listed = self.findings.iter().take(LISTED_MAX);
        let listed: Vec<Vec<String>> = listed.map(Finding::row).collect();
        push_table(&mut page, "Applications that differ", &Finding::HEADER, &listed);
        let n_more = u64::try_from(self.findings.len().saturating_sub(LISTED_MAX))
            .unwrap_or(u64::MAX)
            .saturating_add(self.findings_left_out);
        if n_more > 0 {
            page.push_str(&format!("<p>and {n_more} more</p>\n"));
        }
        let rows = self.not_compared.iter();
        let rows: Vec<Vec<String>> =
            rows.map(|entry| vec![entry.place.clone(), entry.reason.clone()]).collect();
        push_table(&mut page, "Not looked at", &["Place", "Why"], &rows);
        page.push_str("</body>\n</html>\n");
        page
    }
}

impl Count {
    pub(crate) const HEADER: [&str; 4] = ["Table", "Column", "Kind", "Differences"];

    pub(crate) fn row(&self) -> Vec<String> {
        let column = self.column.clone().unwrap_or_else(|| "(row)".to_owned());
        vec![self.table.clone(), column, self.kind.clone(), self.differences.to_string()]
    }
}

impl Finding {
    pub(crate) const HEADER: [&str; 5] = ["Application", "Kind", "Table", "Column", "Reason"];

    pub(crate) fn row(&self) -> Vec<String> {
        vec![
            self.app_id.to_string(),
            self.kind.clone(),
            self.table.clone(),
            self.column.clone().unwrap_or_default(),
            self.reason.clone().unwrap_or_default(),
        ]
    }
}

/// What a browser shows as it is.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for sign in text.chars() {
        match sign {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            sign => out.push(sign),
        }
    }
    out
}

/// A table under a heading; the heading alone says that there is nothing.
fn push_table(page: &mut String, heading: &str, header: &[&str], rows: &[Vec<String>]) {
    let mut push = |text: std::fmt::Arguments<'_>| {
        page.write_fmt(text).expect("writing to a string does not fail");
    };
    push(format_args!("<h2>{}</h2>\n", escaped(heading)));
    if rows.is_empty() {
        push(format_args!("<p>none</p>\n"));
        return;
    }
    push(format_args!("<table>\n"));
    if !header.is_empty() {
        let cells: String =
            header.iter().map(|name| format!("<th scope=\"col\">{}</th>", escaped(name))).collect();
        push(format_args!("<thead><tr>{cells}</tr></thead>\n"));
    }
    push(format_args!("<tbody>\n"));
    for row in rows {
        let cells: String = row.iter().map(|cell| format!("<td>{}</td>", escaped(cell))).collect();
        push(format_args!("<tr>{cells}</tr>\n"));
    }
    push(format_args!("</tbody>\n</table>\n"));
}

const STYLE: &str = "body{font:11pt/1.4 sans-serif;margin:2em;max-width:60em}\
table{border-collapse:collapse;width:100%}\
td,th{border:1px solid #888;padding:.2em .5em;text-align:left;vertical-align:top;overflow-wrap:anywhere}\
thead{display:table-header-group}tr{break-inside:avoid}\
.holds{border-left:.4em solid #060;padding-left:.6em}\
.differs{border-left:.4em solid #a00;padding-left:.6em;font-weight:bold}";

#[cfg(test)]
mod tests {
    use super::*;

    fn report(differences: Vec<Count>) -> Report {
        Report {
            v: 0,
            job: 7,
            reconciliation: 8,
            name: "card & <loan>".to_owned(),
            sample: None,
            listed: None,
            part: None,
            contract: "ab".repeat(32),
            first_app_id: Some(1),
            last_app_id: Some(9),
            applications: 9,
            rows: 20,
            cells: 300,
            rejected: 0,
            differing: u64::from(!differences.is_empty()),
            differences,
            findings: Vec::new(),
            findings_left_out: 0,
            not_compared: vec![NotCompared {
                place: "t.id".to_owned(),
                reason: "numbers of the database (IDENTITY)".to_owned(),
            }],
            sha256: String::new(),
        }
        .sealed()
        .unwrap()
    }

    #[test]
    fn the_hash_is_over_everything_else() {
        let clean = report(Vec::new());
        let json = serde_json::to_value(&clean).unwrap();
        let text = serde_json::to_string(&clean).unwrap();
        let without = text.replace(&clean.sha256, "");
        let expected: String =
            Sha256::digest(without.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!((json["sha256"].as_str(), &json["v"]), (Some(expected.as_str()), &1.into()));
        let other = Report { rows: 21, ..clean.clone() }.sealed().unwrap();
        assert_ne!(other.sha256, clean.sha256);
    }

    #[test]
    fn a_page_shows_names_as_they_are_and_what_was_not_looked_at() {
        let clean = report(Vec::new());
        let page = clean.page();
        assert!(page.contains("card &amp; &lt;loan&gt;") && !page.contains("<loan>"), "{page}");
        assert!(page.contains("<td>t.id</td><td>numbers of the database (IDENTITY)</td>"));
        assert!(page.contains(&clean.sha256) && page.contains("class=\"holds\""));
        let count = Count {
            table: "t".to_owned(),
            column: Some("c".to_owned()),
            kind: "cell".to_owned(),
            differences: 3,
        };
        let found = report(vec![count]);
        assert!(!found.holds() && found.summary().contains("3 differences in 1 applications"));
        assert!(found.page().contains("<td>t</td><td>c</td><td>cell</td><td>3</td>"));
    }
}
