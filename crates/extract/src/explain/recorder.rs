//! Hears how rows are made, and keeps what is asked for of it.

use std::cell::RefCell;
use std::collections::BTreeMap;

use xmlx_domain::WarningKind;

use super::record::{Detail, Event, Gives, ParentRow, Reads, Record, RowFrom, Seen, StepKind, Why};
use super::{Asked, Values};
use crate::document::{
    Document, Flaw, Interest, Located, Spot, Tree, read_located, read_tree_located,
};
use crate::layout::Layout;
use crate::limits::Limits;
use crate::table::{DataType, Table};
use crate::value::Value;

/// The longest text of a value, in characters.
const VALUE_CHARS_MAX: usize = 200;

/// Hears how the rows of one document are made.
#[derive(Debug)]
pub(super) struct Recorder<'t> {
    text: &'t str,
    asked: &'t Asked,
    tables: &'t [Table],
    state: RefCell<State>,
}

/// What was heard.
#[derive(Debug, Default)]
pub(super) struct Recorded<'t> {
    pub(super) text: &'t str,
    pub(super) located: Located,
    /// The first table of the contract that the document is of, among those of the plan.
    pub(super) first_table: usize,
    pub(super) tables: Vec<RecordedTable>,
    /// The contacts that were left out before any row was made.
    pub(super) contacts: Omitted,
    /// The row in hand when the document failed.
    pub(super) open: Option<RecordedRow>,
    /// Which element got the key of another.
    pub(super) winners: BTreeMap<Spot, Spot>,
    /// The rows of contacts.
    pub(super) contact_rows: BTreeMap<usize, (usize, usize)>,
}

#[derive(Debug, Default)]
pub(super) struct RecordedTable {
    pub(super) rows: BTreeMap<usize, RecordedRow>,
    pub(super) n_rows: usize,
    pub(super) omitted: Omitted,
}

/// What was left out: how many there are, and the ones that are shown.
#[derive(Debug, Default)]
pub(super) struct Omitted {
    pub(super) n: usize,
    pub(super) shown: Vec<RecordedOmission>,
}

#[derive(Debug)]
pub(super) struct RecordedOmission {
    pub(super) from: Origin,
    pub(super) why: Why,
}

/// What a row is made of.
#[derive(Debug, Clone)]
pub(super) enum Origin {
    Document,
    Element(Spot),
    Mapping(String),
}

#[derive(Debug)]
pub(super) struct RecordedRow {
    pub(super) from: Origin,
    pub(super) parent: Option<ParentRow>,
    /// In the order in which they were made.
    pub(super) cells: Vec<RecordedCell>,
}

#[derive(Debug)]
pub(super) struct RecordedCell {
    pub(super) column: usize,
    pub(super) mapping: Option<String>,
    pub(super) reads: Vec<String>,
    pub(super) steps: Vec<RecordedStep>,
}

#[derive(Debug)]
pub(super) struct RecordedStep {
    pub(super) kind: StepKind,
    pub(super) detail: Option<String>,
    pub(super) at: Option<Spot>,
    pub(super) gives: Gives,
    pub(super) value: Option<String>,
    pub(super) warnings: Vec<WarningKind>,
}

#[derive(Debug, Default)]
struct State {
    recorded: Recorded<'static>,
    is_paused: bool,
    row: Option<RecordedRow>,
    /// Whether the cell in hand is asked for.
    is_wanted: bool,
    /// What was looked at for the cell in hand.
    looks: Vec<Look>,
    /// What was found for cells, which other rows may find again without looking.
    found: BTreeMap<LookKey, Spot>,
}

/// A value that was looked at.
#[derive(Debug)]
struct Look {
    spot: Spot,
    key: LookKey,
}

/// What tells a value that was looked at from others.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum LookKey {
    /// A part of the document, by its address.
    Borrowed(usize),
    /// A text that was made of it.
    Owned(String),
}

impl<'t> Recorder<'t> {
    pub(super) fn new(text: &'t str, asked: &'t Asked, tables: &'t [Table]) -> Self {
        Self { text, asked, tables, state: RefCell::default() }
    }

    pub(super) fn into_recorded(self) -> Recorded<'t> {
        let State { recorded, row, .. } = self.state.into_inner();
        Recorded { text: self.text, open: row, ..recorded }
    }

    fn key(&self, text: &str) -> LookKey {
        let address = text.as_ptr() as usize;
        let start = self.text.as_ptr() as usize;
        let is_within = (start..=start + self.text.len()).contains(&address);
        if is_within { LookKey::Borrowed(address) } else { LookKey::Owned(text.to_owned()) }
    }

    /// The table in hand, if it is asked for.
    fn table(&self, state: &State) -> Option<&'t Table> {
        let in_hand = state.recorded.tables.len().checked_sub(1)?;
        let table = self.tables.get(state.recorded.first_table + in_hand)?;
        let is_asked = self.asked.part.as_ref().is_none_or(|part| part.table == table.name);
        is_asked.then_some(table)
    }

    fn wants(&self, state: &State, column: usize) -> bool {
        let Some(table) = self.table(state) else { return false };
        let asked = self.asked.part.as_ref().and_then(|part| part.column.as_ref());
        asked.is_none_or(|asked| table.columns.get(column).is_some_and(|it| it.name == *asked))
    }

    fn hear(&self, state: &mut State, event: Event<'_>) {
        match event {
            Event::Line(first_table) => {
                *state = State::default();
                state.recorded.first_table = first_table;
            }
            Event::Table => {
                state.row = None;
                state.recorded.tables.push(RecordedTable::default());
            }
            Event::Paused => state.is_paused = true,
            Event::Resumed => state.is_paused = false,
            Event::Passed(spot, why) => self.omit(state, Origin::Element(spot), why),
            _ if state.is_paused => {}
            Event::Row { from, parent } => {
                let from = match from {
                    RowFrom::Document => Origin::Document,
                    RowFrom::Element(spot) => Origin::Element(spot),
                    RowFrom::Mapping(written) => Origin::Mapping(written.at.to_string()),
                };
                state.row = Some(RecordedRow { from, parent, cells: Vec::new() });
                state.is_wanted = false;
            }
            Event::Cell { column, reads } => self.begin_cell(state, column, reads),
            Event::Look { spot, value, text } => {
                let spot = value.map_or(spot, |value| Spot::Value(value.as_ptr() as usize));
                if let Some(text) = text.filter(|_| state.is_wanted) {
                    state.looks.push(Look { spot, key: self.key(text) });
                }
            }
            Event::Anywhere(text) => {
                let text = text.filter(|_| state.is_wanted);
                if let Some(LookKey::Borrowed(address)) = text.map(|text| self.key(text)) {
                    let spot = Spot::Value(address);
                    state.looks.push(Look { spot, key: LookKey::Borrowed(address) });
                }
            }
            Event::Fetched(text) => self.fetched(state, (StepKind::Read, Detail::None), text),
            Event::Field { name, text } => {
                self.fetched(state, (StepKind::Field, Detail::Name(name)), text);
            }
            Event::Step { kind, detail, at, gives } => {
                self.step(state, (kind, detail), at, gives);
            }
            Event::Warned(kind) => {
                let step = last_cell(state).and_then(|cell| cell.steps.last_mut());
                if let Some(step) = step {
                    step.warnings.push(kind);
                }
            }
            Event::Made(place) => self.made(state, place),
            Event::Dropped(why) => {
                if let Some(row) = state.row.take() {
                    self.omit(state, row.from, why);
                }
            }
        }
    }

    fn begin_cell(&self, state: &mut State, column: usize, reads: Reads<'_>) {
        state.is_wanted = self.wants(state, column);
        state.looks.clear();
        let Some(row) = state.row.as_mut().filter(|_| state.is_wanted) else { return };
        let (mapping, reads) = match reads {
            Reads::Nothing => (None, Vec::new()),
            Reads::Mapping(written) => {
                (Some(written.at.to_string()), vec![written.reads.to_string()])
            }
            Reads::Paths(paths) => (None, paths.to_vec()),
        };
        row.cells.push(RecordedCell { column, mapping, reads, steps: Vec::new() });
    }

    /// Adds the step in which a text was found, which had been looked at for this cell or for an earlier one.
    fn fetched(&self, state: &mut State, step: (StepKind, Detail<'_>), text: Option<&str>) {
        if !state.is_wanted {
            return;
        }
        let key = text.map(|text| self.key(text));
        let spot = key.as_ref().and_then(|key| {
            let now = state.looks.iter().rev().find(|look| look.key == *key);
            now.map(|look| look.spot).or_else(|| state.found.get(key).copied())
        });
        self.step(state, step, spot, Seen::text(text));
        if let (Some(key), Some(spot)) = (key, spot) {
            state.found.insert(key, spot);
        }
    }

    fn step(
        &self,
        state: &mut State,
        (kind, detail): (StepKind, Detail<'_>),
        at: Option<Spot>,
        gives: Seen<'_>,
    ) {
        let first_table = state.recorded.first_table;
        let Some(cell) = last_cell(state) else { return };
        let detail = match detail {
            Detail::None => None,
            Detail::Name(name) => Some(name.to_owned()),
            Detail::Count(count) => Some(count.to_string()),
            Detail::Type(data_type) => Some(type_name(data_type)),
            Detail::Column { table, column } => {
                let table = &self.tables[first_table + table];
                Some(format!("{}.{}", table.name, table.columns[column].name))
            }
        };
        let (gives, value) = self.seen(gives);
        cell.steps.push(RecordedStep { kind, detail, at, gives, value, warnings: Vec::new() });
    }

    fn made(&self, state: &mut State, place: usize) {
        let Some(row) = state.row.take() else { return };
        let is_asked = self.table(state).is_some();
        let in_hand = state.recorded.tables.len() - 1;
        if let Origin::Element(Spot::Contact(contact)) = row.from {
            state.recorded.contact_rows.insert(contact, (in_hand, place));
        }
        let shown = self.asked.skip..self.asked.skip.saturating_add(self.asked.rows_max);
        let table = &mut state.recorded.tables[in_hand];
        table.n_rows = table.n_rows.max(place + 1);
        if is_asked
            && shown.contains(&place)
            && let Some(before) = table.rows.insert(place, row)
        {
            self.omit(state, before.from, Why::SameKeyAsRow(place));
        }
    }

    fn omit(&self, state: &mut State, from: Origin, why: Why) {
        if let (Origin::Element(loser), Why::SameKeyAs(winner)) = (&from, why)
            && *loser != winner
        {
            state.recorded.winners.insert(*loser, winner);
        }
        // Contacts are chosen before any table is made.
        let is_asked = state.recorded.tables.is_empty() || self.table(state).is_some();
        let omitted = match state.recorded.tables.last_mut() {
            Some(table) => &mut table.omitted,
            None => &mut state.recorded.contacts,
        };
        let shown = self.asked.skip..self.asked.skip.saturating_add(self.asked.rows_max);
        if is_asked && shown.contains(&omitted.n) {
            omitted.shown.push(RecordedOmission { from, why });
        }
        omitted.n += 1;
    }

    /// What a step gives, with the value if values are shown.
    fn seen(&self, seen: Seen<'_>) -> (Gives, Option<String>) {
        let shown = |text: &dyn std::fmt::Display| match self.asked.values {
            Values::Hidden => None,
            Values::Shown => Some(shorten(&text.to_string())),
        };
        match seen {
            Seen::Nothing | Seen::Value(Value::Null) => (Gives::Nothing, None),
            Seen::Text("") => (Gives::Empty, None),
            Seen::Text(text) => (Gives::Text, shown(&text)),
            Seen::Flag(flag) => (Gives::Flag, shown(&u8::from(flag))),
            Seen::Shown(gives, text) => (gives, shown(text)),
            Seen::Value(value) => (gives_of(value), shown(&show(value))),
        }
    }
}

impl Record for Recorder<'_> {
    const HEARS: bool = true;

    fn note<'e>(&self, event: impl FnOnce() -> Event<'e>) {
        // Made first: it may look at the document, which is heard, too.
        let event = event();
        self.hear(&mut self.state.borrow_mut(), event);
    }

    fn read<'x>(
        &self,
        text: &'x str,
        root: &str,
        layout: &Layout,
        limits: &Limits,
    ) -> Result<Document<'x>, Flaw> {
        let (document, located) = read_located(text, root, layout, limits)?;
        self.state.borrow_mut().recorded.located = located;
        Ok(document)
    }

    fn read_tree<'x>(
        &self,
        text: &'x str,
        interest: &Interest,
        uris: &[String],
        limits: &Limits,
    ) -> Result<Tree<'x>, Flaw> {
        let (tree, located) = read_tree_located(text, interest, uris, limits)?;
        self.state.borrow_mut().recorded.located = located;
        Ok(tree)
    }
}

/// The cell in hand, if it is asked for.
fn last_cell(state: &mut State) -> Option<&mut RecordedCell> {
    if !state.is_wanted || state.is_paused {
        return None;
    }
    state.row.as_mut()?.cells.last_mut()
}

pub(super) fn type_name(data_type: DataType) -> String {
    match data_type {
        DataType::Text { units_max: Some(units_max) } => format!("text of at most {units_max}"),
        DataType::Text { units_max: None } => "text".to_owned(),
        DataType::Decimal { precision, scale } => format!("decimal({precision},{scale})"),
        DataType::TinyInt
        | DataType::SmallInt
        | DataType::Int
        | DataType::BigInt
        | DataType::Float
        | DataType::Bit
        | DataType::Date
        | DataType::DateTime
        | DataType::SmallDateTime
        | DataType::DateTime2
        | DataType::DateTimeOffset
        | DataType::Time
        | DataType::Uuid
        | DataType::Binary
        | DataType::Xml => data_type.to_string(),
    }
}

fn gives_of(value: &Value) -> Gives {
    match value {
        Value::Null => Gives::Nothing,
        Value::Bit(_) => Gives::Flag,
        Value::Int(_) | Value::Decimal(_) | Value::Float(_) => Gives::Number,
        Value::Text(_) => Gives::Text,
        Value::Date(_) | Value::DateTime(_) | Value::DateTimeOffset(_) => Gives::Date,
    }
}

/// A value as text: dates as ISO 8601.
pub(super) fn show(value: &Value) -> String {
    let text = match value {
        Value::Null => String::new(),
        Value::Bit(bit) => u8::from(*bit).to_string(),
        Value::Int(int) => int.to_string(),
        Value::Decimal(decimal) => decimal.to_string(),
        Value::Float(float) => float.to_string(),
        Value::Text(text) => text.clone(),
        Value::Date(date) => date.to_string(),
        Value::DateTime(date) => date.format("%Y-%m-%dT%H:%M:%S%.f").to_string(),
        Value::DateTimeOffset(date) => date.format("%Y-%m-%dT%H:%M:%S%.f%:z").to_string(),
    };
    shorten(&text)
}

fn shorten(text: &str) -> String {
    let mut characters = text.chars();
    let mut kept: String = characters.by_ref().take(VALUE_CHARS_MAX).collect();
    if characters.next().is_some() {
        kept.push('…');
    }
    kept
}
