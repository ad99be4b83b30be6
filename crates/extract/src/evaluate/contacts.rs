//! Chooses the contacts of a document and makes their rows.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use super::sources::same_word;
use super::{Evaluation, Fault, Scope};
use crate::document::{Document, ElementIx};
use crate::explain::{Detail, Event, Record, RowFrom, Spot, StepKind, Why};
use crate::layout::SlotIx;
use crate::program::{ContactFilter, ContactsProgram, Program};
use crate::value::{Row, Value};

/// A contact that gets a row.
#[derive(Debug)]
pub(super) struct KeptContact<'x> {
    /// The place in [`Document::contacts`].
    pub(super) contact: usize,
    /// The place of its role in the contract.
    pub(super) rank: usize,
    pub(super) id: Cow<'x, str>,
}

/// Keeps the contacts that have a role of the contract, an id, and something that says who they are. Of several with
/// one id the one whose role comes first in the contract stays, of the same role the last one, at the place of the
/// first.
pub(super) fn keep<'x>(
    program: &Program,
    document: &Document<'x>,
    recorder: &impl Record,
) -> Vec<KeptContact<'x>> {
    let Some(filter) = &program.contacts else { return Vec::new() };
    let mut kept: Vec<KeptContact<'x>> = Vec::new();
    let mut places: HashMap<Cow<'x, str>, usize> = HashMap::new();
    for (contact, element) in document.contacts.iter().enumerate() {
        let passed = |loser, why| recorder.note(|| Event::Passed(Spot::Contact(loser), why));
        let (rank, id) = match meant(filter, document, *element) {
            Ok(meant) => meant,
            Err(why) => {
                passed(contact, why);
                continue;
            }
        };
        match places.get(&id) {
            Some(place) => {
                let known = &mut kept[*place];
                if rank <= known.rank {
                    passed(known.contact, Why::SameKeyAs(Spot::Contact(contact)));
                    (known.contact, known.rank) = (contact, rank);
                } else {
                    passed(contact, Why::SameKeyAs(Spot::Contact(known.contact)));
                }
            }
            None => {
                places.insert(id.clone(), kept.len());
                kept.push(KeptContact { contact, rank, id });
            }
        }
    }
    kept
}

/// The rank and the id of a contact that may be kept, or why it may not.
fn meant<'x>(
    filter: &ContactFilter,
    document: &Document<'x>,
    element: ElementIx,
) -> Result<(usize, Cow<'x, str>), Why> {
    let is_filled =
        |slot: &SlotIx| document.text(element, *slot).is_some_and(|text| !text.is_empty());
    let role = document.text(element, filter.role).ok_or(Why::NoRole)?;
    let rank = filter.roles.iter().position(|known| same_word(known, &role));
    let rank = rank.ok_or(Why::UnknownRole)?;
    let id = document.text(element, filter.id).filter(|id| !id.is_empty()).ok_or(Why::NoId)?;
    if !filter.filled.iter().all(is_filled) {
        return Err(Why::Incomplete);
    }
    if !filter.meaningful.iter().any(is_filled) {
        return Err(Why::Meaningless);
    }
    Ok((rank, id))
}

/// For each of a number of contacts its place among those that are kept.
pub(super) fn places(kept: &[KeptContact<'_>], n_contacts: usize) -> Vec<Option<usize>> {
    let mut places = vec![None; n_contacts];
    for (place, contact) in kept.iter().enumerate() {
        places[contact.contact] = Some(place);
    }
    places
}

impl<'a, 'x: 'a, R: Record> Evaluation<'a, 'x, R> {
    /// Makes the rows of the contacts; notes the id that each kept contact got. The first row of an id wins.
    pub(super) fn contacts(
        &mut self,
        table_ix: usize,
        program: &'a ContactsProgram,
    ) -> Result<Vec<Row>, Fault> {
        let mut rows = Vec::with_capacity(self.kept.len());
        let mut seen = BTreeSet::new();
        let kept = self.kept;
        for (kept_ix, contact) in kept.iter().enumerate() {
            let element = self.document.contacts[contact.contact];
            let scope = Scope { element: Some(element), kept: Some(kept_ix), record: None };
            // A key is never rounded or guessed.
            if !contact.id.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(format!("the key `{}` is no whole number", self.name(table_ix, 0)));
            }
            let spot = Spot::Contact(contact.contact);
            self.recorder.note(|| Event::Row { from: RowFrom::Element(spot), parent: None });
            let mut row = self.empty_row(table_ix);
            row[1] = Value::Int(self.app_id);
            self.tell_key(1, StepKind::AppId, Detail::None, &row[1]);
            for cell in &program.cells {
                let outcome = self.told_cell(table_ix, cell, scope)?;
                if outcome.is_missing(cell) {
                    return Err(self.missing(table_ix, cell.column));
                }
                row[cell.column] = outcome.value;
            }
            let Value::Int(id) = row[0] else { return Err(self.missing(table_ix, 0)) };
            let is_new = seen.insert(id);
            self.settle_defaults(table_ix, is_new.then_some(rows.len()));
            if is_new {
                self.contact_ids[kept_ix] = Some(id);
                self.recorder.note(|| Event::Made(rows.len()));
                rows.push(row);
            } else {
                self.recorder.note(|| {
                    let same = rows.iter().position(|other: &Row| other[0] == row[0]);
                    Event::Dropped(Why::SameKeyAsRow(same.unwrap_or_default()))
                });
            }
        }
        Ok(rows)
    }
}
