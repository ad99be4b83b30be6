//! Finds the elements that are rows, decides which of them stay, and makes the rows.

use std::collections::HashMap;

use xmlx_domain::Stage;

use super::super::contract::{Amount, Keep};
use super::super::program::{Cell, From, KeepRule, TableProgram};
use super::{Evaluation, Fault, Made, Refusal, whole};
use crate::document::{DOCUMENT, ElementNo, NodeKind, NodeNo};
use crate::explain::{Detail, Event, ParentRow, Reads, Record, RowFrom, Seen, Spot, StepKind, Why};
use crate::search::Context;
use crate::value::{Row, Value};
use xmlx_domain::WarningKind;

/// The row of a table around an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Enclosing {
    /// There is none.
    None,
    /// There was to be one, and it was left out.
    LeftOut,
    Row(usize),
}

/// A row that an element may give.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    /// The place of the element.
    place: usize,
    /// Which of the rows of the element it is.
    variant: usize,
}

/// Counts rows for the columns that are positions.
type Counters = HashMap<(usize, NodeNo), i64, foldhash::fast::FixedState>;

/// Says whether the value of a cell is one of the document, and not always there.
fn is_of_document(cell: &Cell) -> bool {
    match &cell.origin.from {
        From::Constant(_) => cell.origin.when.is_some(),
        From::Position(_) => false,
        From::Path(_)
        | From::Alternatives(_)
        | From::All(_)
        | From::Enclosing { .. }
        | From::Expression { .. } => true,
    }
}

/// Says whether a value is as much as a row needs.
fn is_enough(value: &Value, amount: Amount) -> bool {
    let sign = match value {
        Value::Null => return false,
        Value::Bit(bit) => i32::from(*bit),
        Value::Int(int) => int.signum().try_into().unwrap_or_default(),
        Value::Decimal(decimal) if decimal.is_zero() => 0,
        Value::Decimal(decimal) => 1 - 2 * i32::from(decimal.is_negative()),
        Value::Float(float) if *float == 0.0 => 0,
        Value::Float(float) => 1 - 2 * i32::from(*float < 0.0),
        Value::Text(_) | Value::Date(_) | Value::DateTime(_) | Value::DateTimeOffset(_) => 1,
    };
    match amount {
        Amount::Any => true,
        Amount::NotZero => sign != 0,
        Amount::Positive => sign > 0,
    }
}

impl<'a, 'x: 'a, R: Record> Evaluation<'a, 'x, R> {
    /// Makes the rows of a table.
    pub(super) fn table(&mut self, table: usize) -> Result<(), Refusal> {
        let program: &'a TableProgram = &self.program.tables[table];
        let elements = self.elements(program);
        let outer = self.outer(&elements);
        let row_of = vec![None; elements.len()];
        self.made.push(Made { elements, outer, row_of, rows: Vec::new() });
        self.recorder.note(|| Event::Paused);
        let candidates = self.candidates(table, program)?;
        self.recorder.note(|| Event::Resumed);
        let mut counters = Counters::default();
        for Candidate { place, variant } in candidates {
            let element = self.made[table].elements[place];
            let cells = &program.variants[variant];
            let Some(row) = self.row(table, (program, cells), element, &mut counters)? else {
                self.recorder.note(|| Event::Dropped(Why::NoParent));
                self.warn(table, None, WarningKind::RowLeftOut);
                continue;
            };
            let made = &mut self.made[table];
            self.recorder.note(|| Event::Made(made.rows.len()));
            made.row_of[place] = Some(made.rows.len());
            made.rows.push(row);
        }
        self.check_first(table, program)
    }

    /// The rows that the elements of a table may give.
    fn candidates(&self, table: usize, program: &'a TableProgram) -> Result<Vec<Candidate>, Fault> {
        let mut candidates = Vec::new();
        for (place, element) in self.made[table].elements.iter().enumerate() {
            for variant in 0..program.variants.len() {
                if self.is_needed(table, program, Candidate { place, variant })? {
                    candidates.push(Candidate { place, variant });
                } else {
                    let spot = Spot::Element(*element);
                    self.recorder.note(|| Event::Passed(spot, Why::NoValue));
                }
            }
        }
        if let Some(rule) = &program.keep {
            let stays = self.choose(table, program, rule, &candidates)?;
            let mut stays = stays.into_iter();
            candidates.retain(|_| stays.next().unwrap_or_default());
        }
        Ok(candidates)
    }

    /// The first table is that of the application, which has a row, and one if nothing tells several apart.
    fn check_first(&self, table: usize, program: &TableProgram) -> Result<(), Refusal> {
        let n_rows = self.made[table].rows.len();
        if table > 0 || (n_rows > 0 && (n_rows == 1 || program.has_own_key)) {
            return Ok(());
        }
        let (name, written) = (&self.tables[table].name, &program.written);
        let reason = if n_rows == 0 {
            format!(
                "there is no row for `{name}`: the document has nothing at `{written}`; perhaps it is of another kind"
            )
        } else {
            format!(
                "there are {n_rows} rows for `{name}`, which the application's id alone tells apart; give it a `key`, or a path that meets one element"
            )
        };
        Err(Refusal { stage: Stage::Validation, reason, is_of_other_kind: n_rows == 0 })
    }

    fn elements(&self, program: &'a TableProgram) -> Vec<ElementNo> {
        let document = Context::of(NodeNo::element(DOCUMENT));
        let nodes = self.search.nodes(&program.rows, document);
        let holds = |node: &NodeNo| {
            let when = program.when.as_ref();
            let holds = when.is_none_or(|when| self.search.holds(when, Context::of(*node)));
            if !holds && let NodeKind::Element(element) = self.search.tree.kind(*node) {
                self.recorder.note(|| Event::Passed(Spot::Element(element), Why::Filter));
            }
            holds
        };
        let nodes = nodes.into_iter().filter(holds);
        nodes
            .filter_map(|node| match self.search.tree.kind(node) {
                NodeKind::Element(element) => Some(element),
                NodeKind::Attribute { .. } | NodeKind::Text { .. } => None,
            })
            .collect()
    }

    /// For each element the nearest one of the list around it.
    fn outer(&self, elements: &[ElementNo]) -> Vec<Option<usize>> {
        let mut open: Vec<usize> = Vec::new();
        let mut outer = Vec::with_capacity(elements.len());
        for (place, element) in elements.iter().enumerate() {
            while open.last().is_some_and(|last| self.search.tree.end(elements[*last]) <= *element)
            {
                open.pop();
            }
            outer.push(open.last().copied());
            open.push(place);
        }
        outer
    }

    /// Finds the row of a table that is of an element or, if that is none, the nearest around it.
    pub(super) fn enclosing(&self, table: usize, element: ElementNo, itself: bool) -> Enclosing {
        let made = &self.made[table];
        let n_before = made.elements.partition_point(|known| *known <= element);
        let mut place = n_before.checked_sub(1);
        while let Some(known) = place {
            let around = made.elements[known];
            let is_in = self.search.tree.end(around) > element && (itself || around != element);
            if is_in {
                return made.row_of[known].map_or(Enclosing::LeftOut, Enclosing::Row);
            }
            place = made.outer[known];
        }
        Enclosing::None
    }

    /// Says whether a row has a value of the document where the contract wants one.
    fn is_needed(
        &self,
        table: usize,
        program: &'a TableProgram,
        candidate: Candidate,
    ) -> Result<bool, Fault> {
        if program.needs.is_empty() {
            return Ok(true);
        }
        let element = self.made[table].elements[candidate.place];
        let n_warnings = self.warnings.borrow().len();
        let mut is_needed = false;
        for cell in &program.variants[candidate.variant] {
            let need = program.needs.iter().find(|need| need.column == cell.column);
            let Some(need) = need.filter(|_| is_of_document(cell)) else { continue };
            self.check_count()?;
            if is_enough(&self.own(table, cell, element)?, need.amount) {
                is_needed = true;
                break;
            }
        }
        // The row itself warns, if it is one.
        self.warnings.borrow_mut().truncate(n_warnings);
        Ok(is_needed)
    }

    /// Says of each row that may be whether it stays, of those with one key.
    fn choose(
        &self,
        table: usize,
        program: &'a TableProgram,
        rule: &'a KeepRule,
        candidates: &[Candidate],
    ) -> Result<Vec<bool>, Fault> {
        let mut best: HashMap<String, (usize, usize)> = HashMap::new();
        for (place, candidate) in candidates.iter().enumerate() {
            let element = &self.made[table].elements[candidate.place];
            let cells = &program.variants[candidate.variant];
            let context = Context::of(NodeNo::element(*element));
            let rank = rule.prefer.iter().position(|it| self.search.holds(it, context));
            let rank = rank.unwrap_or(rule.prefer.len());
            let key = format!("{:?}", self.key(table, (program, cells), rule, *element)?);
            match best.get_mut(&key) {
                None => {
                    best.insert(key, (rank, place));
                }
                Some(best) => {
                    let is_better = match rule.keep {
                        Keep::First => rank < best.0,
                        Keep::Last => rank <= best.0,
                    };
                    self.recorder.note(|| {
                        let spot = |place: usize| {
                            Spot::Element(self.made[table].elements[candidates[place].place])
                        };
                        let (loser, winner) =
                            if is_better { (best.1, place) } else { (place, best.1) };
                        Event::Passed(spot(loser), Why::SameKeyAs(spot(winner)))
                    });
                    if is_better {
                        *best = (rank, place);
                    }
                }
            }
        }
        let mut stays = vec![false; candidates.len()];
        #[expect(clippy::iter_over_hash_type, reason = "the order does not matter")]
        for (_, (_, place)) in best {
            stays[place] = true;
        }
        Ok(stays)
    }

    /// The key of an element's row, as far as it comes from the document or the row around it.
    fn key(
        &self,
        table: usize,
        (program, cells): (&'a TableProgram, &'a [Cell]),
        rule: &KeepRule,
        element: ElementNo,
    ) -> Result<Row, Fault> {
        let mut row = self.begin(table, program, element).unwrap_or_else(|| self.empty(table));
        let n_warnings = self.warnings.borrow().len();
        let n_defaults = self.defaults.borrow().len();
        for cell in cells.iter().filter(|cell| rule.key.contains(&cell.column)) {
            row[cell.column] = self.cell(table, cell, element)?;
        }
        // The row itself warns, if it stays.
        self.warnings.borrow_mut().truncate(n_warnings);
        self.defaults.borrow_mut().truncate(n_defaults);
        Ok(row)
    }

    fn empty(&self, table: usize) -> Row {
        vec![Value::Null; self.tables[table].columns.len()].into_boxed_slice()
    }

    /// Begins a row with the key of the row around it; `None` where there is no such row.
    fn begin(&self, table: usize, program: &TableProgram, element: ElementNo) -> Option<Row> {
        let mut row = self.empty(table);
        if let Some(id) = program.id {
            row[id] = Value::Int(self.app_id);
            self.tell_key(id, StepKind::AppId, Detail::None, &row[id]);
        }
        if let Some(inherited) = &program.parent {
            let Enclosing::Row(parent) = self.enclosing(inherited.table, element, true) else {
                return None;
            };
            let parent = &self.made[inherited.table].rows[parent];
            for (own, theirs) in &inherited.columns {
                row[*own] = parent[*theirs].clone();
                let detail = Detail::Column { table: inherited.table, column: *theirs };
                self.tell_key(*own, StepKind::Parent, detail, &row[*own]);
            }
        }
        Some(row)
    }

    fn row(
        &self,
        table: usize,
        (program, cells): (&'a TableProgram, &'a [Cell]),
        element: ElementNo,
        counters: &mut Counters,
    ) -> Result<Option<Row>, Fault> {
        self.recorder.note(|| {
            let from = RowFrom::Element(Spot::Element(element));
            let parent = program.parent.as_ref().map(|parent| parent.table);
            let parent = parent.and_then(|table| match self.enclosing(table, element, true) {
                Enclosing::Row(row) => Some(ParentRow::Row { table, row }),
                Enclosing::None | Enclosing::LeftOut => None,
            });
            Event::Row { from, parent }
        });
        let Some(mut row) = self.begin(table, program, element) else { return Ok(None) };
        for cell in cells {
            self.check_count()?;
            let reads = Reads::Paths(&cell.written);
            self.recorder.note(|| Event::Cell { column: cell.column, reads });
            row[cell.column] = match &cell.origin.from {
                From::Position(within) => {
                    let within = self.counted_within(within.as_deref(), element);
                    let counter = counters.entry((cell.column, within)).or_default();
                    *counter += 1;
                    self.position(table, cell, *counter)?
                }
                From::Path(_)
                | From::Alternatives(_)
                | From::All(_)
                | From::Constant(_)
                | From::Enclosing { .. }
                | From::Expression { .. } => self.cell(table, cell, element)?,
            };
            if row[cell.column].is_null() && !cell.is_nullable {
                return Err(format!(
                    "`{}` must have a value and has neither one nor a default",
                    self.name(table, cell.column)
                ));
            }
        }
        Ok(Some(row))
    }

    /// The element within which rows are counted.
    fn counted_within(
        &self,
        within: Option<&'a [crate::xpath::Path]>,
        element: ElementNo,
    ) -> NodeNo {
        let document = NodeNo::element(DOCUMENT);
        let Some(within) = within else { return document };
        self.search.first(within, Context::of(NodeNo::element(element))).unwrap_or(document)
    }

    fn position(&self, table: usize, cell: &Cell, number: i64) -> Result<Value, Fault> {
        let value = whole(number, cell.data_type);
        self.tell(StepKind::Position, value.as_ref().map_or(Seen::Nothing, Seen::value));
        value.ok_or_else(|| self.out_of_range(table, cell))
    }

    /// Tells what the product itself fills a column with.
    fn tell_key(&self, column: usize, kind: StepKind, detail: Detail<'_>, value: &Value) {
        self.recorder.note(|| Event::Cell { column, reads: Reads::Nothing });
        let gives = Seen::value(value);
        self.recorder.note(|| Event::Step { kind, detail, at: None, gives });
    }
}
