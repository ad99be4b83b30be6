//! Several contracts in one job, of either format: each document goes to the one whose root and application element it
//! has, or whose first table has a row in it.

use std::collections::BTreeSet;
use std::ops::Range;

use memchr::memmem;

use serde_json::Value as Json;

use crate::contract::{self, Contract};
use crate::evaluate::{self, Refused};
use crate::explain::{Event, Record};
use crate::format2;
use crate::limits::Limits;
use crate::plan::{FileKind, Source};
use crate::problem::Problems;
use crate::program::Program;
use crate::rejection::Rejection;
use crate::table::{Application, Table};

/// A contract on its way into a plan.
#[derive(Debug)]
pub(crate) struct Compiled {
    pub(crate) source: Source,
    pub(crate) target_schema: String,
    /// The column of the application's id in the target.
    pub(crate) id: String,
    /// The path of what makes a document one of this contract.
    place: String,
    pub(crate) program: LineProgram,
    pub(crate) tables: Vec<Table>,
}

/// What the documents of a line are mapped by.
#[derive(Debug)]
pub(crate) enum LineProgram {
    /// A contract of format 1.
    Mappings(Box<Program>),
    /// A contract of format 2.
    Paths(Box<format2::Program>),
}

/// The names that a format has for what contracts of one job have in common.
struct Keys {
    source_table: &'static str,
    source_column: &'static str,
    source_id: &'static str,
    target_schema: &'static str,
    target_id: &'static str,
    place: &'static str,
    parent: &'static str,
}

const KEYS_1: Keys = Keys {
    source_table: "source_table",
    source_column: "source_column",
    source_id: "source_table",
    target_schema: "target_schema",
    target_id: "relationships",
    place: "xml_application_path",
    parent: "relationships",
};
const KEYS_2: Keys = Keys {
    source_table: "source.table",
    source_column: "source.document",
    source_id: "source.id",
    target_schema: "target.schema",
    target_id: "target.id",
    place: "table[0].rows",
    parent: "table",
};

impl Compiled {
    /// A contract of format 1.
    pub(crate) fn of_format_1(contract: &Contract, program: Program, tables: Vec<Table>) -> Self {
        let root = contract.root_table();
        let id = root.and_then(|root| contract.key_of(root)).unwrap_or_default().to_owned();
        Self {
            source: contract.source.clone(),
            target_schema: contract.target_schema.clone(),
            id,
            place: format!("/{}", contract.application_path.join("/")),
            program: LineProgram::Mappings(Box::new(program)),
            tables,
        }
    }

    /// A contract of format 2.
    pub(crate) fn of_format_2(compiled: format2::Compiled) -> Self {
        Self {
            source: compiled.source,
            target_schema: compiled.target_schema,
            id: compiled.target_id,
            place: compiled.program.first_rows().to_owned(),
            program: LineProgram::Paths(Box::new(compiled.program)),
            tables: compiled.tables,
        }
    }
}

/// What the documents of one product line are mapped by.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) program: LineProgram,
    /// Its tables among those of the plan.
    pub(crate) tables: Range<usize>,
}

/// Compiles a contract of a set, or one of format 1 that stands alone. In a set, contracts of format 2 are texts: so they
/// may be TOML, and problems have the lines of their own files.
pub(crate) fn compile(json: Json, limits: &Limits, problems: &mut Problems) -> Option<Compiled> {
    if let Json::String(text) = &json {
        let kind = FileKind::of(text);
        if kind == FileKind::Toml || format2::says_format_2(text) {
            return format2::compile(text, kind, limits, problems).map(Compiled::of_format_2);
        }
    }
    if json.get("format").is_some() {
        let reason = "a contract of format 2 in a set is a text";
        problems.add("$", reason, "put the whole contract in quotes, or submit its file");
        return None;
    }
    let json = match json {
        Json::String(text) => match serde_json::from_str(&text) {
            Ok(json) => json,
            Err(err) => {
                problems.add("$", format!("the contract is no JSON: {err}"), "correct the JSON");
                return None;
            }
        },
        json
        @ (Json::Null | Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_)) => json,
    };
    let contract = contract::read(json, problems)?;
    contract::check(&contract, problems);
    let (program, tables) = crate::compile::compile(&contract, limits, problems)?;
    Some(Compiled::of_format_1(&contract, program, tables))
}

/// Notes what keeps contracts from sharing a job.
pub(crate) fn check(set: &[Compiled], problems: &mut Problems) {
    let Some((first, others)) = set.split_first() else { return };
    let mut places = BTreeSet::from([&first.place]);
    for (other_ix, other) in others.iter().enumerate() {
        let at = format!("contracts[{}]", other_ix + 1);
        let keys = match &other.program {
            LineProgram::Mappings(_) => KEYS_1,
            LineProgram::Paths(_) => KEYS_2,
        };
        for (name, ours, theirs) in [
            (keys.source_table, &first.source.table, &other.source.table),
            (keys.source_column, &first.source.column, &other.source.column),
            (keys.source_id, &first.source.id, &other.source.id),
            (keys.target_schema, &first.target_schema, &other.target_schema),
        ] {
            if ours != theirs {
                let reason = format!("`{theirs}`, but `{ours}` in the first contract");
                problems.add(format!("{at}.{name}"), reason, "submit it as a job of its own");
            }
        }
        if first.id != other.id {
            let reason = format!(
                "the application's id is `{}`, but `{}` in the first contract",
                other.id, first.id
            );
            let place = format!("{at}.{}", keys.target_id);
            problems.add(place, reason, "submit it as a job of its own");
        }
        for (ours, theirs) in pairs(&set[0].tables, &set[other_ix + 1].tables) {
            if ours.parent.as_ref().map(|parent| &parent.columns)
                != theirs.parent.as_ref().map(|parent| &parent.columns)
            {
                let reason =
                    format!("`{}` hangs off something else than in the first contract", ours.name);
                problems.add(format!("{at}.{}", keys.parent), reason, "use a table of its own");
            }
        }
        if !places.insert(&other.place) {
            let reason = "another contract has the same application element";
            problems.add(format!("{at}.{}", keys.place), reason, "leave one of them");
        }
    }
}

/// Tables that two contracts fill.
fn pairs<'t>(
    ours: &'t [Table],
    theirs: &'t [Table],
) -> impl Iterator<Item = (&'t Table, &'t Table)> {
    ours.iter().flat_map(move |table| {
        theirs.iter().filter(move |their| their.name == table.name).map(move |their| (table, their))
    })
}

/// The source of all documents. Where one of the contracts takes every document, all of them are taken.
pub(crate) fn source(set: &[Compiled]) -> Source {
    let sources = || set.iter().map(|line| &line.source);
    let first = sources().next().expect("a set has a contract");
    let takes_all = sources().any(|source| source.application_tables.is_empty());
    let mut application_tables: Vec<String> = Vec::new();
    for table in sources().flat_map(|source| &source.application_tables).filter(|_| !takes_all) {
        if !application_tables.contains(table) {
            application_tables.push(table.clone());
        }
    }
    Source { application_tables, ..first.clone() }
}

/// The tables of a set, those of one contract after those of another.
pub(crate) fn join(set: Vec<Compiled>) -> (Vec<Line>, Vec<Table>) {
    let mut tables = Vec::new();
    let mut lines = Vec::with_capacity(set.len());
    for compiled in set {
        let start = tables.len();
        tables.extend(compiled.tables);
        lines.push(Line { program: compiled.program, tables: start..tables.len() });
    }
    (lines, tables)
}

/// Maps a document by the contract that it is of.
pub(crate) fn map<R: Record>(
    lines: &[Line],
    tables: &[Table],
    (xml, expected): (&str, Option<i64>),
    limits: &Limits,
    recorder: &R,
) -> Result<Application, Rejection> {
    let mut refused: Option<Rejection> = None;
    for line in in_order(lines, xml) {
        let own = &tables[line.tables.clone()];
        recorder.note(|| Event::Line(line.tables.start));
        let document = (xml, expected);
        let mapped = match &line.program {
            LineProgram::Mappings(program) => {
                evaluate::evaluate(program, own, document, limits, recorder)
            }
            LineProgram::Paths(program) => {
                format2::map_line(program, own, document, limits, recorder)
            }
        };
        match mapped {
            Ok(application) => return Ok(among_all(application, line, tables.len())),
            Err(Refused { rejection, other_line: false }) => return Err(rejection),
            Err(Refused { rejection, other_line: true }) => {
                refused = Some(match refused {
                    None => rejection,
                    Some(before) => {
                        let reason = format!("{}; or {}", before.reason, rejection.reason);
                        let app_id = before.app_id.or(rejection.app_id);
                        Rejection { reason, app_id, ..before }
                    }
                });
            }
        }
    }
    Err(refused.expect("a plan has a line"))
}

/// Those first whose application element the text seems to have, so that hardly any document is read twice.
fn in_order<'l>(lines: &'l [Line], xml: &str) -> Vec<&'l Line> {
    let mut order: Vec<&Line> = lines.iter().collect();
    if lines.len() > 1 {
        order.sort_by_cached_key(|line| {
            let has = |text: &str| memmem::find(xml.as_bytes(), text.as_bytes()).is_some();
            let begins = |name: &str| has(&format!("<{name}"));
            match &line.program {
                LineProgram::Mappings(program) => {
                    let place = &program.application;
                    !(begins(&place.root) && begins(&place.name))
                }
                LineProgram::Paths(program) => !program.row_names().iter().all(|name| has(name)),
            }
        });
    }
    order
}

/// Puts the rows of a line where its tables are among those of the plan.
fn among_all(application: Application, line: &Line, n_tables: usize) -> Application {
    if line.tables.len() == n_tables {
        return application;
    }
    let mut tables = vec![Vec::new(); n_tables];
    for (place, rows) in line.tables.clone().zip(application.tables) {
        tables[place] = rows;
    }
    let mut warnings = application.warnings;
    for warning in &mut warnings {
        warning.table += line.tables.start;
    }
    let mut defaults = application.defaults;
    for cell in &mut defaults {
        cell.table += u32::try_from(line.tables.start).unwrap_or(u32::MAX);
    }
    Application { tables, warnings, defaults, ..application }
}
