//! Makes an explanation of what a recorder has heard and of the rows that came of it.

use std::collections::{BTreeMap, BTreeSet};

use super::places::Places;
use super::record::{ParentRow, StepKind, Why};
use super::recorder::{
    Origin, Recorded, RecordedCell, RecordedOmission, RecordedRow, RecordedStep, RecordedTable,
    show, type_name,
};
use super::{
    Asked, CellResult, CellTrace, Explanation, Failure, LeftOut, Place, RowName, RowTrace,
    StepTrace, TableTrace, Values,
};
use crate::document::Spot;
use crate::lines::LineProgram;
use crate::plan::{Body, Plan};
use crate::program::TableProgram;
use crate::rejection::Rejection;
use crate::table::{Application, Defaulted};

/// What a document came to, before and after its values were fitted to the columns of the database.
type Outcome<'o> = Result<&'o Application, &'o Rejection>;

struct Assembly<'r> {
    plan: &'r Plan,
    asked: &'r Asked,
    recorded: Recorded<'r>,
    places: Places<'r>,
    mapped: Option<&'r Application>,
    fitted: Option<&'r Application>,
    defaults: BTreeSet<Defaulted>,
}

impl<'r> Recorded<'r> {
    pub(super) fn assemble(
        mut self,
        plan: &'r Plan,
        asked: &'r Asked,
        (mapped, fitted): (Outcome<'r>, Outcome<'r>),
    ) -> Explanation {
        let places = Places::new(self.text);
        let tables = std::mem::take(&mut self.tables);
        let mut open = self.open.take();
        let (mapped, rejection) = (mapped.ok(), fitted.err());
        let fitted = fitted.ok();
        let defaults = fitted.map(|fitted| fitted.defaults.iter().copied().collect());
        let defaults = defaults.unwrap_or_default();
        let assembly = Assembly { plan, asked, recorded: self, places, mapped, fitted, defaults };
        let n_tables = tables.len();
        let mut traces = Vec::with_capacity(n_tables);
        for (place, table) in tables.into_iter().enumerate() {
            let open = if place + 1 == n_tables { open.take() } else { None };
            traces.extend(assembly.table(place, table, open));
        }
        let app_id = match (fitted, rejection) {
            (Some(fitted), _) => Some(fitted.app_id),
            (None, rejection) => rejection.and_then(|rejection| rejection.app_id),
        };
        Explanation { app_id, failure: rejection.map(Failure::of), tables: traces }
    }
}

impl Assembly<'_> {
    /// A table of the contract; `None` where another is asked for.
    fn table(
        &self,
        place: usize,
        mut recorded: RecordedTable,
        open: Option<RecordedRow>,
    ) -> Option<TableTrace> {
        let table_ix = self.recorded.first_table + place;
        let table = &self.plan.tables()[table_ix];
        if self.asked.part.as_ref().is_some_and(|part| part.table != table.name) {
            return None;
        }
        let mut n_left_out = recorded.omitted.n;
        let mut omissions = Vec::new();
        if self.is_of_contacts(table_ix) {
            n_left_out += self.recorded.contacts.n;
            omissions.extend(self.recorded.contacts.shown.iter());
        }
        omissions.extend(recorded.omitted.shown.iter());
        let left_out_traces = omissions.iter().take(self.asked.rows_max);
        let left_out_traces = left_out_traces.map(|omission| self.left_out(omission)).collect();
        let n_rows = match self.fitted {
            Some(fitted) => fitted.tables[table_ix].len(),
            None => recorded.n_rows,
        };
        let rows = std::mem::take(&mut recorded.rows).into_iter();
        let rows = rows.map(|(row_ix, row)| (Some(row_ix), row));
        let rows = rows.chain(open.map(|row| (None, row)));
        Some(TableTrace {
            table: table.name.clone(),
            rows: n_rows as u64,
            left_out: n_left_out as u64,
            row_traces: rows.map(|(row_ix, row)| self.row(table_ix, row_ix, row)).collect(),
            left_out_traces,
        })
    }

    /// Says whether the rows of a table are contacts of a contract of format 1.
    fn is_of_contacts(&self, table_ix: usize) -> bool {
        let Body::Lines(lines) = &self.plan.body else { return false };
        let line = lines.iter().find(|line| line.tables.contains(&table_ix));
        line.is_some_and(|line| match &line.program {
            LineProgram::Mappings(program) => {
                matches!(program.tables[table_ix - line.tables.start], TableProgram::Contacts(_))
            }
            LineProgram::Paths(_) => false,
        })
    }

    fn row(&self, table_ix: usize, row_ix: Option<usize>, row: RecordedRow) -> RowTrace {
        let table = &self.plan.tables()[table_ix];
        let (element, mapping) = self.origin(&row.from);
        let parent = row.parent.and_then(|parent| match parent {
            ParentRow::Row { table, row } => Some((table, row)),
            ParentRow::Contact(contact) => self.recorded.contact_rows.get(&contact).copied(),
        });
        let parent = parent.map(|(parent, row)| RowName {
            table: self.plan.tables()[self.recorded.first_table + parent].name.clone(),
            row: row as u64 + 1,
        });
        let asked = self.asked.part.as_ref().and_then(|part| part.column.as_ref());
        let mut made: BTreeMap<usize, RecordedCell> = BTreeMap::new();
        for cell in row.cells {
            match made.get_mut(&cell.column) {
                // A key/value row has a mapping for its value, and then columns that get it.
                Some(known) => known.steps.extend(cell.steps),
                None => {
                    made.insert(cell.column, cell);
                }
            }
        }
        let columns = table.columns.iter().enumerate();
        let columns = columns.filter(|(_, column)| asked.is_none_or(|it| column.name == *it));
        // Of a row that failed only what was made of it.
        let columns = columns.filter(|(column, _)| row_ix.is_some() || made.contains_key(column));
        let columns: Vec<usize> = columns.map(|(column, _)| column).collect();
        let cells = columns.into_iter().map(|column| {
            let made = made.remove(&column);
            self.cell(table_ix, row_ix, column, made)
        });
        let cells = cells.collect();
        RowTrace { row: row_ix.map(|row| row as u64 + 1), element, mapping, parent, cells }
    }

    fn cell(
        &self,
        table_ix: usize,
        row_ix: Option<usize>,
        column_ix: usize,
        made: Option<RecordedCell>,
    ) -> CellTrace {
        let column = &self.plan.tables()[table_ix].columns[column_ix];
        let value_in = |application: Option<&Application>| {
            application.zip(row_ix).map(|(it, row)| it.tables[table_ix][row][column_ix].clone())
        };
        let (mapped, value) = (value_in(self.mapped), value_in(self.fitted));
        let (mapping, reads, mut steps) = match made {
            Some(made) => {
                let steps = made.steps.into_iter().map(|step| self.step(step)).collect();
                (made.mapping, made.reads, steps)
            }
            None => (None, Vec::new(), Vec::new()),
        };
        let shown = value.as_ref().filter(|value| !value.is_null()).map(show);
        let shown = shown.filter(|_| self.asked.values == Values::Shown);
        if value.is_some() && value != mapped {
            steps.push(StepTrace {
                step: StepKind::Stored.as_str().to_owned(),
                what: StepKind::Stored.sentence(None),
                gives: "number".to_owned(),
                at: None,
                warnings: vec![xmlx_domain::WarningKind::Rounded.as_str().to_owned()],
                value: shown.clone(),
            });
        }
        let is_default = row_ix
            .is_some_and(|row| self.defaults.contains(&Defaulted::new(table_ix, row, column_ix)));
        let result = match &value {
            None => CellResult::None,
            Some(value) if value.is_null() => CellResult::Null,
            Some(_) if is_default => CellResult::Default,
            Some(_) => CellResult::Value,
        };
        CellTrace {
            column: column.name.clone(),
            data_type: type_name(column.data_type),
            mapping,
            reads,
            steps,
            result,
            value: shown,
        }
    }

    fn step(&self, step: RecordedStep) -> StepTrace {
        StepTrace {
            step: step.kind.as_str().to_owned(),
            what: step.kind.sentence(step.detail.as_deref()),
            gives: step.gives.as_str().to_owned(),
            at: step.at.and_then(|spot| self.place(spot)),
            warnings: step.warnings.iter().map(|kind| kind.as_str().to_owned()).collect(),
            value: step.value,
        }
    }

    fn left_out(&self, omission: &RecordedOmission) -> LeftOut {
        let (element, mapping) = self.origin(&omission.from);
        let (instead, instead_row) = match omission.why {
            Why::SameKeyAs(spot) => (self.place(self.winner(spot)), None),
            Why::SameKeyAsRow(row) => (None, Some(row as u64 + 1)),
            Why::Filter
            | Why::NoParent
            | Why::NoValue
            | Why::NoRole
            | Why::UnknownRole
            | Why::NoId
            | Why::Incomplete
            | Why::Meaningless => (None, None),
        };
        LeftOut {
            element,
            mapping,
            reason: omission.why.as_str().to_owned(),
            meaning: omission.why.sentence().to_owned(),
            instead,
            instead_row,
        }
    }

    /// The element that is a row in the end: one that took the place of another may have lost it to a third.
    fn winner(&self, mut spot: Spot) -> Spot {
        // Elements that give several rows may have won and lost against each other.
        let mut n_left = self.recorded.winners.len();
        while n_left > 0
            && let Some(next) = self.recorded.winners.get(&spot)
        {
            spot = *next;
            n_left -= 1;
        }
        spot
    }

    fn origin(&self, from: &Origin) -> (Option<Place>, Option<String>) {
        match from {
            Origin::Document => (None, None),
            Origin::Element(spot) => (self.place(*spot), None),
            Origin::Mapping(mapping) => (None, Some(mapping.clone())),
        }
    }

    fn place(&self, spot: Spot) -> Option<Place> {
        let point = self.recorded.located.find(spot, self.recorded.text)?;
        let (line, column) = self.places.find(point.offset);
        Some(Place { path: point.path, line, column })
    }
}
