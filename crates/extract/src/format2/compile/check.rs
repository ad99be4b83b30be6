//! What tables, columns and paths of a contract have to keep to together.

use super::super::contract::TableRule;
use super::super::program::{From, TableProgram};
use super::Compiler;
use crate::document::{Link, Pattern};
use crate::wanted::{Need, Patterns, Wishes, want_path};
use crate::xpath::{Axis, Path, Start, Step, Test, excludes};

impl Compiler<'_> {
    /// The keys of rows of which one stays have to be known before the rows are.
    pub(super) fn check_keep(&mut self, rule: &TableRule, place: usize) {
        let program = &self.programs[place];
        let Some(keep) = &program.keep else { return };
        let is_late = |column: usize| {
            let mut cells = program.cells().filter(|cell| cell.column == column);
            cells.any(|cell| match &cell.origin.from {
                From::Position(_) => true,
                From::Enclosing { table, .. } => *table == place,
                From::Path(_)
                | From::Alternatives(_)
                | From::All(_)
                | From::Constant(_)
                | From::Expression { .. } => false,
            })
        };
        if keep.key.iter().any(|column| is_late(*column)) {
            let way = "take columns that come from the document";
            self.add(&rule.name, "`keep` cannot compare positions, which tell all rows apart", way);
        }
    }

    /// Refuses paths of which several values are to be expected where one is meant and nothing says which.
    pub(super) fn check_singles(&mut self) {
        for (placed, paths, table) in std::mem::take(&mut self.singles) {
            for path in &paths {
                let rows = || {
                    let way = rows_on_the_way(path, &self.patterns[table], &self.programs)?;
                    let name = &self.tables[way].name;
                    Some(format!(
                        "the path goes down through the rows of `{name}`, of which there are many"
                    ))
                };
                let Some(reason) = plural_step(path).map(str::to_owned).or_else(rows) else {
                    continue;
                };
                let way = "say which: `pick = \"first\"`, a position such as `[1]`, a condition, or `join`";
                self.add(&placed, reason, way);
            }
        }
    }

    /// A table whose rows begin with another root element than the first table's would never have rows beside it. Where
    /// the paths leave open which root element there is, nothing can be said.
    pub(super) fn check_roots(&mut self) {
        let root = |patterns: &Patterns| -> Vec<Test> {
            let firsts = patterns.iter().filter_map(|pattern| pattern.first());
            firsts.filter(|(link, _)| *link == Link::Child).map(|(_, test)| test.clone()).collect()
        };
        let Some(first) = self.patterns.first() else { return };
        let (roots, n_first) = (root(first), first.len());
        if roots.is_empty() || roots.len() < n_first {
            return;
        }
        for place in 1..self.patterns.len() {
            let own = root(&self.patterns[place]);
            let is_apart = !own.is_empty()
                && own.len() == self.patterns[place].len()
                && own.iter().all(|test| roots.iter().all(|root| excludes(root, test)));
            if is_apart {
                let name = self.tables[place].name.clone();
                let reason = format!(
                    "its rows are outside of the root element of `{}`",
                    self.tables[0].name
                );
                self.problems.add(
                    format!("table.{name}.rows"),
                    reason,
                    "begin with the same root element",
                );
            }
        }
    }
}

/// The step of a path that means any number of elements, described; none where a position or a condition says which.
pub(super) fn plural_step(path: &Path) -> Option<&'static str> {
    let is_open = |step: &Step| step.predicates.is_empty();
    path.steps.iter().enumerate().find_map(|(place, step)| match step.axis {
        Axis::Descendant | Axis::DescendantOrSelf => {
            let chosen = path.steps[place..].iter().any(|later| !is_open(later));
            (!chosen).then_some("the path looks at any depth (`//`) and may meet several elements")
        }
        Axis::Child if matches!(step.test, Test::Any | Test::AnyIn(_)) && is_open(step) => {
            Some("the path takes elements of any name (`*`) and may meet several")
        }
        Axis::Child
        | Axis::Attribute
        | Axis::Itself
        | Axis::Parent
        | Axis::Ancestor
        | Axis::AncestorOrSelf
        | Axis::Group => None,
    })
}

/// The table of whose rows many are on the way of a path, as far as the contract shows.
pub(super) fn rows_on_the_way(
    path: &Path,
    patterns: &Patterns,
    programs: &[TableProgram],
) -> Option<usize> {
    let mut scratch = Wishes::new();
    for length in 1..=path.steps.len() {
        let step = &path.steps[length - 1];
        if step.axis != Axis::Child || !step.predicates.is_empty() || step.test == Test::Text {
            continue;
        }
        let part = Path { steps: path.steps[..length].to_vec(), ..path.clone() };
        let met = want_path(&mut scratch, patterns, &part, Need::Presence);
        let is_met = |program: &TableProgram| {
            // A table with several paths may have few rows of each; one that has a single row has one.
            let [rows] = program.rows.as_slice() else { return false };
            // There is one root element.
            let is_root = rows.steps.len() == 1 && rows.steps[0].axis == Axis::Child;
            program.has_own_key && program.keep.is_none() && !is_root && {
                let document: Patterns = vec![Pattern::new()];
                let theirs = want_path(&mut Wishes::new(), &document, rows, Need::Presence);
                rows.start == Start::Root && met.iter().any(|pattern| theirs.contains(pattern))
            }
        };
        if let Some(place) = programs.iter().position(is_met) {
            return Some(place);
        }
    }
    None
}
