//! Chooses the contacts of a document and makes their rows.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use super::sources::same_word;
use super::{Evaluation, Fault, Scope};
use crate::document::Document;
use crate::layout::SlotIx;
use crate::program::{ContactsProgram, Program};
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
pub(super) fn keep<'x>(program: &Program, document: &Document<'x>) -> Vec<KeptContact<'x>> {
    let Some(filter) = &program.contacts else { return Vec::new() };
    let mut kept: Vec<KeptContact<'x>> = Vec::new();
    let mut places: HashMap<Cow<'x, str>, usize> = HashMap::new();
    for (contact, element) in document.contacts.iter().enumerate() {
        let is_filled =
            |slot: &SlotIx| document.text(*element, *slot).is_some_and(|text| !text.is_empty());
        let Some(role) = document.text(*element, filter.role) else { continue };
        let Some(rank) = filter.roles.iter().position(|known| same_word(known, &role)) else {
            continue;
        };
        let id = document.text(*element, filter.id).filter(|id| !id.is_empty());
        let Some(id) = id.filter(|_| filter.filled.iter().all(is_filled)) else { continue };
        if !filter.meaningful.iter().any(is_filled) {
            continue;
        }
        match places.get(&id) {
            Some(place) => {
                let known = &mut kept[*place];
                if rank <= known.rank {
                    (known.contact, known.rank) = (contact, rank);
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

/// For each of a number of contacts its place among those that are kept.
pub(super) fn places(kept: &[KeptContact<'_>], n_contacts: usize) -> Vec<Option<usize>> {
    let mut places = vec![None; n_contacts];
    for (place, contact) in kept.iter().enumerate() {
        places[contact.contact] = Some(place);
    }
    places
}

impl<'a, 'x: 'a> Evaluation<'a, 'x> {
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
            let mut row = self.empty_row(table_ix);
            row[1] = Value::Int(self.app_id);
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
                rows.push(row);
            }
        }
        Ok(rows)
    }
}
