//! Several contracts in one job: each document goes to the one whose root and application element it has.

use std::collections::BTreeSet;
use std::ops::Range;

use memchr::memmem;

use crate::contract::Contract;
use crate::evaluate::{self, Refused};
use crate::limits::Limits;
use crate::plan::Source;
use crate::problem::Problems;
use crate::program::Program;
use crate::rejection::Rejection;
use crate::table::{Application, Table};

/// A contract on its way into a plan.
#[derive(Debug)]
pub(crate) struct Compiled {
    pub(crate) contract: Contract,
    pub(crate) program: Program,
    pub(crate) tables: Vec<Table>,
}

/// What the documents of one product line are mapped by.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) program: Program,
    /// Its tables among those of the plan.
    pub(crate) tables: Range<usize>,
}

/// Notes what keeps contracts from sharing a job.
pub(crate) fn check(set: &[Compiled], problems: &mut Problems) {
    let Some((first, others)) = set.split_first() else { return };
    let key = |contract: &Contract| {
        contract.root_table().and_then(|root| contract.key_of(root)).unwrap_or_default().to_owned()
    };
    let mut places = BTreeSet::from([&first.contract.application_path]);
    for (other_ix, Compiled { contract: other, .. }) in others.iter().enumerate() {
        let at = format!("contracts[{}]", other_ix + 1);
        let first = &first.contract;
        for (name, ours, theirs) in [
            ("source_table", &first.source.table, &other.source.table),
            ("source_column", &first.source.column, &other.source.column),
            ("target_schema", &first.target_schema, &other.target_schema),
        ] {
            if ours != theirs {
                let reason = format!("`{theirs}`, but `{ours}` in the first contract");
                problems.add(format!("{at}.{name}"), reason, "submit it as a job of its own");
            }
        }
        if key(first) != key(other) {
            let reason = format!(
                "the application's id is `{}`, but `{}` in the first contract",
                key(other),
                key(first)
            );
            problems.add(format!("{at}.relationships"), reason, "submit it as a job of its own");
        }
        for (ours, theirs) in pairs(&set[0].tables, &set[other_ix + 1].tables) {
            if ours.parent.as_ref().map(|parent| &parent.columns)
                != theirs.parent.as_ref().map(|parent| &parent.columns)
            {
                let reason =
                    format!("`{}` hangs off something else than in the first contract", ours.name);
                problems.add(format!("{at}.relationships"), reason, "use a table of its own");
            }
        }
        if !places.insert(&other.application_path) {
            let reason = "another contract has the same application element";
            problems.add(format!("{at}.xml_application_path"), reason, "leave one of them");
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
    let sources = || set.iter().map(|line| &line.contract.source);
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
pub(crate) fn map(
    lines: &[Line],
    tables: &[Table],
    xml: &str,
    expected: Option<i64>,
    limits: &Limits,
) -> Result<Application, Rejection> {
    let mut refused: Option<Rejection> = None;
    for line in in_order(lines, xml) {
        let own = &tables[line.tables.clone()];
        match evaluate::evaluate(&line.program, own, xml, expected, limits) {
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
            let place = &line.program.application;
            let begins =
                |name: &str| memmem::find(xml.as_bytes(), format!("<{name}").as_bytes()).is_some();
            !(begins(&place.root) && begins(&place.name))
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
