//! Fetches the text that a cell is made from.

use std::borrow::Cow;

use super::scope::Scope;
use super::{Evaluation, Several};
use crate::document::{Part, unescape};
use crate::explain::{Event, Record};
use crate::expr::Fields;
use crate::layout::{FieldIx, NodeIx, RecordKind, SlotIx};
use crate::program::{CalculationProgram, FieldSource, LastContact, Source};
use crate::text::strip;

/// Words that say that there is no value.
pub(super) fn says_nothing(text: &str) -> bool {
    text.is_empty() || text.eq_ignore_ascii_case("null") || text.eq_ignore_ascii_case("none")
}

/// Says whether two words are the same apart from case and surrounding space.
pub(super) fn same_word(left: &str, right: &str) -> bool {
    let (left, right) = (strip(left), strip(right));
    left.eq_ignore_ascii_case(right)
        || (!left.is_ascii() && left.to_lowercase() == right.to_lowercase())
}

/// A value, and whether there were others that it was taken of.
#[derive(Debug, Clone, Default)]
pub(super) struct Found<'x> {
    pub(super) text: Option<Cow<'x, str>>,
    is_one_of_several: bool,
}

impl<'a, 'x: 'a, R: Record> Evaluation<'a, 'x, R> {
    /// Returns the stripped text of a source; `None` if the document has none.
    pub(super) fn fetch(&self, source: &'a Source, scope: Scope) -> Option<Cow<'x, str>> {
        match source {
            Source::Path(node, slot) => self.at_path(*node, *slot),
            Source::Own(slot) => self.text(scope.element?, *slot),
            Source::LastContact(last) if scope.element.is_some() => self.same_for_all(last),
            Source::LastContact(last) => self.last_contact(last),
            Source::CurrentAddress(slot) => self.current_address(*slot, scope),
            Source::Around(kind, slot) => self.around(*kind, *slot, scope),
            Source::Within(kind, slot) => self.tell_source(self.within(*kind, *slot, scope)),
            Source::Beside { around, kind, slot } => {
                self.tell_source(self.beside(*around, *kind, *slot, scope))
            }
            Source::AroundContact(slot) => self.around_contact(*slot, scope),
        }
    }

    /// Notes that what a mapping reads is one of several values.
    fn tell_source(&self, found: Found<'x>) -> Option<Cow<'x, str>> {
        if found.is_one_of_several {
            self.several.set(Several { in_source: true, ..self.several.get() });
        }
        found.text
    }

    /// The same of a field.
    fn tell_field(&self, found: Found<'x>) -> Option<Cow<'x, str>> {
        if found.is_one_of_several {
            self.several.set(Several { in_field: true, ..self.several.get() });
        }
        found.text
    }

    /// Reads the last element at a place.
    fn at_path(&self, node: NodeIx, slot: SlotIx) -> Option<Cow<'x, str>> {
        let (text, has_others) = self.last_at(node, slot)?;
        if has_others {
            self.several.set(Several { in_source: true, is_shared: true, in_field: false });
        }
        text
    }

    /// The same for a field of an expression.
    fn field_at_path(&self, node: NodeIx, slot: SlotIx) -> Option<Cow<'x, str>> {
        let (text, has_others) = self.last_at(node, slot)?;
        if has_others {
            self.tell_shared_field();
        }
        text
    }

    /// Reads the last element at a place, and says whether an earlier one has another value.
    fn last_at(&self, node: NodeIx, slot: SlotIx) -> Option<(Option<Cow<'x, str>>, bool)> {
        let text = self.text(self.document.element_at(node)?, slot);
        let has_others = self.document.has_several(node)
            && self.document.has_others(node, slot, text.as_deref());
        Some((text, has_others))
    }

    /// Reads a field that is looked for in the whole document.
    fn anywhere(&self, field: FieldIx) -> Option<Cow<'a, str>> {
        let text = self.document.field(field);
        self.count(text.map_or(0, str::len));
        self.recorder.note(|| Event::Anywhere(text));
        if text.is_some() && self.document.field_has_others(field) {
            self.tell_shared_field();
        }
        text.map(Cow::Borrowed)
    }

    /// Notes that a field is one of several values, and the same for all rows.
    fn tell_shared_field(&self) {
        self.several.set(Several { in_field: true, is_shared: true, ..self.several.get() });
    }

    /// Reads the contact around the element that a row is made of.
    fn around_contact(&self, slot: SlotIx, scope: Scope) -> Option<Cow<'x, str>> {
        let contact = self.document.records[scope.record?].contact()?;
        self.text(self.document.contacts[contact], slot)
    }

    /// Reads the nearest element of a kind around the one that a row is made of.
    fn around(&self, kind: RecordKind, slot: SlotIx, scope: Scope) -> Option<Cow<'x, str>> {
        let around = self.document.around(scope.record?, kind)?;
        self.text(self.document.records[around].element, slot)
    }

    /// Reads the last element of a kind within the one that a row is made of.
    fn within(&self, kind: RecordKind, slot: SlotIx, scope: Scope) -> Found<'x> {
        self.last_within(scope.record, kind, slot)
    }

    /// Reads the last element of a kind within another.
    pub(super) fn last_within(
        &self,
        record: Option<usize>,
        kind: RecordKind,
        slot: SlotIx,
    ) -> Found<'x> {
        let Some((within, n_within)) = record.and_then(|it| self.document.within(it, kind)) else {
            return Found::default();
        };
        let text = self.text(self.document.records[within].element, slot);
        let counts = text.as_deref().unwrap_or_default();
        let is_other = |text: Cow<'_, str>| !text.is_empty() && *text != *counts;
        let is_one_of_several = n_within > 1
            && record.is_some_and(|record| {
                let records = &self.document.records[record + 1..within];
                let of_kind = records.iter().filter(|other| other.kind == kind);
                of_kind.filter_map(|other| self.text(other.element, slot)).any(is_other)
            });
        Found { text, is_one_of_several }
    }

    /// Reads the last element of a kind within one that is around the row's own. Many rows read it, so it is looked for
    /// once.
    fn beside(
        &self,
        around: RecordKind,
        kind: RecordKind,
        slot: SlotIx,
        scope: Scope,
    ) -> Found<'x> {
        let around = scope.record.and_then(|record| self.document.around(record, around));
        let Some(around) = around else { return Found::default() };
        let mut known = self.beside.borrow_mut();
        let found = known
            .entry((around, kind, slot))
            .or_insert_with(|| self.last_within(Some(around), kind, slot));
        self.count(found.text.as_deref().map_or(0, str::len));
        found.clone()
    }

    /// Reads the last contact for one of many rows. It is the same for all of them, so it is looked for once.
    fn same_for_all(&self, last: &'a LastContact) -> Option<Cow<'x, str>> {
        let mut known = self.last_contacts.borrow_mut();
        if let Some((_, text)) = known.iter().find(|(known, _)| *known == last) {
            self.count(text.as_deref().map_or(0, str::len));
            return text.clone();
        }
        let text = self.last_contact(last);
        known.push((last, text.clone()));
        text
    }

    /// Reads the last contact of a role: one whose role is spelled as in the contract before all others.
    fn last_contact(&self, last: &LastContact) -> Option<Cow<'x, str>> {
        let filter = self.program.contacts.as_ref()?;
        let role = filter.roles.get(last.role)?;
        let exactly = |text: &str| text == role;
        let anyhow = |text: &str| same_word(text, role);
        self.last_contact_whose(last, exactly)
            .or_else(|| self.last_contact_whose(last, anyhow))
            .flatten()
    }

    /// Reads the last contact whose role fits; the outer `None` is that there is none.
    fn last_contact_whose(
        &self,
        last: &LastContact,
        fits: impl Fn(&str) -> bool,
    ) -> Option<Option<Cow<'x, str>>> {
        let filter = self.program.contacts.as_ref()?;
        let mut chosen = None;
        for (contact, element) in self.document.contacts.iter().enumerate().rev() {
            let role = self.raw(*element, filter.role).map(unescape);
            let has_role = role.as_deref().is_some_and(&fits);
            let has_id = || self.text(*element, filter.id).is_some_and(|id| !id.is_empty());
            if !has_role || (last.needs_id && !has_id()) {
                continue;
            }
            let text = self.read_contact(last, contact);
            if !last.search || text.as_deref().is_some_and(|text| !says_nothing(text)) {
                return Some(text);
            }
            // The last contact answers for all when none has a value.
            chosen.get_or_insert(text);
        }
        chosen
    }

    /// Reads the attribute of what belongs to a contact, else of the contact itself.
    fn read_contact(&self, last: &LastContact, contact: usize) -> Option<Cow<'x, str>> {
        if let Some(last) = &last.part
            && let Some(part) = self.choose_part(last.kind, last.chosen_by, contact)
        {
            return self.text(part.element, last.slot);
        }
        self.text(self.document.contacts[contact], last.own)
    }

    /// Chooses among what belongs to a contact: of addresses the first with a value, those of the preferred type
    /// before others; else the last.
    fn choose_part(&self, kind: u8, slot: SlotIx, contact: usize) -> Option<&Part> {
        let of_contact =
            || self.document.parts_of(contact).iter().filter(move |part| part.kind == kind);
        let addresses = self.program.contacts.as_ref().and_then(|filter| filter.addresses.as_ref());
        let Some(addresses) = addresses.filter(|addresses| addresses.kind == kind) else {
            return of_contact().next_back();
        };
        let is_preferred = |part: &&Part| {
            let text = self.text(part.element, addresses.type_slot);
            text.is_some_and(|text| same_word(&text, &addresses.preferred))
        };
        let has_value = |part: &&Part| match self.raw(part.element, slot) {
            Some(raw) => !raw.is_empty(),
            // The text of the element, if there is any.
            None => self.text(part.element, slot).is_some_and(|text| !text.is_empty()),
        };
        if of_contact().any(|part| is_preferred(&part)) {
            let preferred = || of_contact().filter(is_preferred);
            return preferred().find(has_value).or_else(|| preferred().next_back());
        }
        of_contact().find(has_value).or_else(|| of_contact().next_back())
    }

    /// Reads the current address of the contact that a row is made of.
    fn current_address(&self, slot: SlotIx, scope: Scope) -> Option<Cow<'x, str>> {
        let addresses = self.program.contacts.as_ref()?.addresses.as_ref()?;
        let contact = self.kept.get(scope.kept?)?.contact;
        let is_current = |part: &&Part| {
            part.kind == addresses.kind
                && self
                    .text(part.element, addresses.type_slot)
                    .is_some_and(|text| same_word(&text, &addresses.preferred))
        };
        let mut current = self.document.parts_of(contact).iter().rev().filter(is_current);
        let text = self.text(current.next()?.element, slot);
        let is_other = |other: &Part| {
            let other = self.text(other.element, slot);
            other.is_some_and(|other| !other.is_empty() && Some(&other) != text.as_ref())
        };
        if current.any(is_other) {
            self.several.set(Several { in_source: true, ..self.several.get() });
        }
        text
    }
}

/// The fields of an expression, for one row.
pub(super) struct RowFields<'e, 'a, 'x, R> {
    pub(super) evaluation: &'e Evaluation<'a, 'x, R>,
    pub(super) calculation: &'a CalculationProgram,
    pub(super) scope: Scope,
}

impl<'a, 'x: 'a, R: Record> Fields<'a> for RowFields<'_, 'a, 'x, R> {
    fn field(&self, field: usize) -> Option<Cow<'a, str>> {
        let evaluation = self.evaluation;
        let text = self.calculation.fields[field].iter().find_map(|source| match source {
            FieldSource::Own(slot) => evaluation.text(self.scope.element?, *slot),
            FieldSource::Around(kind, slot) => evaluation.around(*kind, *slot, self.scope),
            FieldSource::AroundContact(slot) => evaluation.around_contact(*slot, self.scope),
            FieldSource::Within(kind, slot) => {
                evaluation.tell_field(evaluation.within(*kind, *slot, self.scope))
            }
            FieldSource::Beside { around, kind, slot } => {
                evaluation.tell_field(evaluation.beside(*around, *kind, *slot, self.scope))
            }
            FieldSource::Path(node, slot) => evaluation.field_at_path(*node, *slot),
            FieldSource::Anywhere(field) => evaluation.anywhere(*field),
            FieldSource::PrimaryContact(slot) => evaluation.text(evaluation.primary?, *slot),
            FieldSource::AppId => Some(Cow::Owned(evaluation.app_id.to_string())),
            FieldSource::ContactId => Some(evaluation.kept.get(self.scope.kept?)?.id.clone()),
        });
        let name = &self.calculation.names[field];
        evaluation.recorder.note(|| Event::Field { name, text: text.as_deref() });
        text
    }
}
