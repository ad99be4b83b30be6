//! A contract, compiled: what every application of a job is mapped by.

use std::borrow::Cow;
use std::ops::Range;

use sha2::{Digest, Sha256};
use xmlx_domain::Stage;

use crate::encoding::{text_of, text_of_utf16};
use crate::explain::{Record, Silent};
use crate::held::Held;
use crate::limits::Limits;
use crate::lines::{Line, LineProgram};
use crate::problem::{ContractErrors, Problems};
use crate::rejection::Rejection;
use crate::table::{Application, Table};
use crate::warning::Warning;
use crate::{Outline, contract, format2, lines, outline};

/// Where the documents are, as the contract writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The table that holds the XML.
    pub table: String,
    /// The column that holds the XML.
    pub column: String,
    /// The column that holds the application's id.
    pub id: String,
    /// The tables that tell the applications of these product lines from others; empty where one of the contracts names
    /// none.
    pub application_tables: Vec<String>,
}

/// A contract, checked and compiled, or several of them that share a source: one for each product line. Made once per
/// job; mapping looks nothing up by name.
#[derive(Debug)]
pub struct Plan {
    hash: String,
    source: Source,
    target_schema: String,
    pub(crate) tables: Vec<Table>,
    pub(crate) body: Body,
    /// By table: the columns that hold less than the contract may have for them, once the database's are known.
    pub(crate) held: Vec<Vec<(usize, Held)>>,
    limits: Limits,
}

/// What documents are mapped by.
#[derive(Debug)]
pub(crate) enum Body {
    /// Contracts of format 1, or several contracts of either format, one for each product line.
    Lines(Vec<Line>),
    /// A contract of format 2.
    Paths(Box<format2::Program>),
}

/// How the file of a contract is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// TOML, which contracts of format 2 may be.
    Toml,
    /// JSON, which contracts of both formats may be.
    Json,
}

impl FileKind {
    /// Tells the kind by the text: JSON begins with a brace, as no TOML does.
    pub fn of(contract: &str) -> Self {
        let start = contract.trim_start_matches(|it: char| it == '\u{FEFF}' || it.is_whitespace());
        if start.starts_with('{')
            || start.starts_with('[')
                && serde_json::from_str::<serde::de::IgnoredAny>(start).is_ok()
        {
            Self::Json
        } else {
            Self::Toml
        }
    }
}

impl Plan {
    /// Reads, checks and compiles a contract or a set of them, for the default limits.
    ///
    /// # Errors
    ///
    /// Returns every problem of the contract at once.
    pub fn from_json(contract: &str) -> Result<Self, ContractErrors> {
        Self::from_json_with(contract, Limits::default())
    }

    /// Reads, checks and compiles a contract of either format, whether it is JSON or TOML. The limits hold for its
    /// expressions and for every document.
    ///
    /// # Errors
    ///
    /// Returns every problem of the contract at once.
    pub fn from_json_with(contract: &str, limits: Limits) -> Result<Self, ContractErrors> {
        let kind = FileKind::of(contract);
        if kind == FileKind::Toml || format2::says_format_2(contract) {
            return Self::of_format_2(contract, kind, limits);
        }
        let mut problems = Problems::default();
        let mut set = Vec::new();
        for (at, json) in contract::split(contract, &mut problems) {
            let mut found = Problems::default();
            let compiled = lines::compile(json, &limits, &mut found);
            match at {
                Some(at) => problems.take_from(found, &at),
                None => problems.take(found),
            }
            set.extend(compiled);
        }
        // Places in the set are those of the contracts only if each of them compiled.
        if problems.is_empty() {
            lines::check(&set, &mut problems);
        }
        problems.check()?;
        let first = set.first().expect("a contract without problems compiles");
        let target_schema = first.target_schema.clone();
        let source = lines::source(&set);
        let (lines, tables) = lines::join(set);
        let body = Body::Lines(lines);
        Ok(Self {
            hash: hash(contract),
            source,
            target_schema,
            tables,
            body,
            held: Vec::new(),
            limits,
        })
    }

    fn of_format_2(contract: &str, kind: FileKind, limits: Limits) -> Result<Self, ContractErrors> {
        let mut problems = Problems::default();
        let compiled = format2::compile(contract, kind, &limits, &mut problems);
        problems.check()?;
        let compiled = compiled.expect("a contract without problems compiles");
        Ok(Self {
            hash: hash(contract),
            source: compiled.source,
            target_schema: compiled.target_schema,
            tables: compiled.tables,
            body: Body::Paths(Box::new(compiled.program)),
            held: Vec::new(),
            limits,
        })
    }

    /// The programs of format 2, each with its tables.
    pub(crate) fn path_programs(&mut self) -> Vec<(&mut format2::Program, &mut [Table])> {
        match &mut self.body {
            Body::Paths(program) => vec![(&mut **program, self.tables.as_mut_slice())],
            Body::Lines(lines) => {
                let mut rest = self.tables.as_mut_slice();
                let mut programs = Vec::new();
                for line in lines {
                    let (own, others) = rest.split_at_mut(line.tables.len());
                    rest = others;
                    match &mut line.program {
                        LineProgram::Mappings(_) => {}
                        LineProgram::Paths(program) => programs.push((&mut **program, own)),
                    }
                }
                programs
            }
        }
    }

    /// Returns the SHA-256 of the contract's text in hexadecimal.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// Returns where the documents are.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// Returns the schema of every target table.
    pub fn target_schema(&self) -> &str {
        &self.target_schema
    }

    /// Lists the tables that rows can go to, in the order of insertion.
    pub fn tables(&self) -> &[Table] {
        &self.tables
    }

    /// Lists the tables of each contract of the set by themselves.
    pub fn lines(&self) -> impl Iterator<Item = &[Table]> {
        let ranges: Vec<Range<usize>> = match &self.body {
            Body::Lines(lines) => lines.iter().map(|line| line.tables.clone()).collect(),
            Body::Paths(_) => std::iter::once(0..self.tables.len()).collect(),
        };
        ranges.into_iter().map(|tables| &self.tables[tables])
    }

    /// Returns the limits that every document is held to.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Says whether documents do not have the application's id, so that it has to be given to map them.
    pub fn id_is_of_source(&self) -> bool {
        match &self.body {
            Body::Lines(lines) => lines.iter().any(|line| match &line.program {
                LineProgram::Mappings(_) => false,
                LineProgram::Paths(program) => program.id_is_of_source(),
            }),
            Body::Paths(program) => program.id_is_of_source(),
        }
    }

    /// Says of each table what tells its rows apart and which values are the contract's own.
    pub fn outlines(&self) -> Vec<Outline> {
        let of_line = |line: &Line| match &line.program {
            LineProgram::Mappings(program) => {
                outline::outlines(program, &self.tables[line.tables.clone()])
            }
            LineProgram::Paths(program) => program.outlines(),
        };
        match &self.body {
            Body::Lines(lines) => lines.iter().flat_map(of_line).collect(),
            Body::Paths(program) => program.outlines(),
        }
    }

    /// Names the table and the column that a warning of this plan is about; a warning about a row names no column.
    pub fn warned(&self, warning: &Warning) -> (&str, Option<&str>) {
        let table = &self.tables[warning.table];
        (&table.name, warning.column.map(|column| table.columns[column].name.as_str()))
    }

    /// Maps one document. `expected` is the id of the source row, which the document must carry, too. An encoding that
    /// the document declares means nothing any more.
    ///
    /// # Errors
    ///
    /// Returns why the document gives no rows.
    pub fn map(&self, xml: &str, expected: Option<i64>) -> Result<Application, Rejection> {
        let mapped = self.map_recorded(xml, expected, &Silent);
        mapped.and_then(|application| self.fit(application))
    }

    /// Maps one document and lets a recorder hear how; what the database's columns do not hold is still to come.
    pub(crate) fn map_recorded(
        &self,
        xml: &str,
        expected: Option<i64>,
        recorder: &impl Record,
    ) -> Result<Application, Rejection> {
        let (tables, limits, document) = (&self.tables, &self.limits, (xml, expected));
        match &self.body {
            Body::Lines(lines) => lines::map(lines, tables, document, limits, recorder),
            Body::Paths(program) => format2::map(program, tables, document, limits, recorder),
        }
    }

    /// Maps one document whose encoding is not known; see [`crate::text_of`].
    ///
    /// # Errors
    ///
    /// Returns why the document gives no rows.
    pub fn map_bytes(&self, bytes: &[u8], expected: Option<i64>) -> Result<Application, Rejection> {
        self.map(&self.text_of(bytes, expected)?, expected)
    }

    /// The text of a document whose encoding is not known, as [`Plan::map_bytes`] reads it.
    ///
    /// # Errors
    ///
    /// Returns why the document gives no rows.
    pub fn text_of<'b>(
        &self,
        bytes: &'b [u8],
        expected: Option<i64>,
    ) -> Result<Cow<'b, str>, Rejection> {
        // Before memory is spent on its text.
        let sized = self.limits.check_document(bytes.len());
        sized.map_err(|err| undecoded(&err, expected))?;
        text_of(bytes).map_err(|err| undecoded(&err, expected))
    }

    /// Maps one document that is known to be UTF-16, low byte first; see [`crate::text_of_utf16`].
    ///
    /// # Errors
    ///
    /// Returns why the document gives no rows.
    pub fn map_utf16(&self, bytes: &[u8], expected: Option<i64>) -> Result<Application, Rejection> {
        self.map(&self.text_of_utf16(bytes, expected)?, expected)
    }

    /// The text of a document that is known to be UTF-16, as [`Plan::map_utf16`] reads it.
    ///
    /// # Errors
    ///
    /// Returns why the document gives no rows.
    pub fn text_of_utf16<'b>(
        &self,
        bytes: &'b [u8],
        expected: Option<i64>,
    ) -> Result<Cow<'b, str>, Rejection> {
        text_of_utf16(bytes).map_err(|err| undecoded(&err, expected))
    }
}

fn undecoded(err: &dyn std::fmt::Display, expected: Option<i64>) -> Rejection {
    Rejection { stage: Stage::Validation, reason: err.to_string(), app_id: expected }
}

fn hash(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plans_are_shared_between_threads() {
        fn is_shared<T: Send + Sync + std::fmt::Debug>() {}
        is_shared::<Plan>();
    }

    #[test]
    fn hashes_are_of_the_text() {
        assert_eq!(hash(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }
}
