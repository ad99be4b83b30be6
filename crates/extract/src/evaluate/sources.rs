//! Fetches the text that a cell is made from.

use std::borrow::Cow;

use super::Evaluation;
use super::scope::Scope;
use crate::document::Part;
use crate::expr::Fields;
use crate::layout::{RecordKind, SlotIx};
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

impl<'x> Evaluation<'_, 'x> {
    /// Returns the stripped text of a source; `None` if the document has none.
    pub(super) fn fetch(&self, source: &Source, scope: Scope) -> Option<Cow<'x, str>> {
        match source {
            Source::Path(node, slot) => self.document.text(self.document.element_at(*node)?, *slot),
            Source::Own(slot) => self.document.text(scope.element?, *slot),
            Source::LastContact(last) => self.last_contact(last),
            Source::CurrentAddress(slot) => self.current_address(*slot, scope),
            Source::Around(kind, slot) => self.around(*kind, *slot, scope),
            Source::Within(kind, slot) => self.within(*kind, *slot, scope),
            Source::AroundContact(slot) => {
                let contact = self.document.records[scope.record?].contact()?;
                self.document.text(self.document.contacts[contact], *slot)
            }
        }
    }

    /// Reads the nearest element of a kind around the one that a row is made of.
    fn around(&self, kind: RecordKind, slot: SlotIx, scope: Scope) -> Option<Cow<'x, str>> {
        let around = self.document.around(scope.record?, kind)?;
        self.document.text(self.document.records[around].element, slot)
    }

    /// Reads the last element of a kind within the one that a row is made of.
    fn within(&self, kind: RecordKind, slot: SlotIx, scope: Scope) -> Option<Cow<'x, str>> {
        let within = self.document.within(scope.record?, kind)?;
        self.document.text(self.document.records[within].element, slot)
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
            let has_role = self.document.raw(*element, filter.role).is_some_and(&fits);
            let has_id =
                || self.document.text(*element, filter.id).is_some_and(|id| !id.is_empty());
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
        if let Some((kind, slot)) = last.part
            && let Some(part) = self.choose_part(kind, slot, contact)
        {
            return self.document.text(part.element, slot);
        }
        self.document.text(self.document.contacts[contact], last.own)
    }

    /// Chooses among what belongs to a contact: of addresses the first with a value, those of the preferred type
    /// before others; else the last.
    fn choose_part(&self, kind: u8, slot: SlotIx, contact: usize) -> Option<&Part> {
        let of_contact = || {
            self.document
                .parts
                .iter()
                .filter(move |part| part.contact == contact && part.kind == kind)
        };
        let addresses = self.program.contacts.as_ref().and_then(|filter| filter.addresses.as_ref());
        let Some(addresses) = addresses.filter(|addresses| addresses.kind == kind) else {
            return of_contact().next_back();
        };
        let is_preferred = |part: &&Part| {
            let text = self.document.text(part.element, addresses.type_slot);
            text.is_some_and(|text| same_word(&text, &addresses.preferred))
        };
        let has_value =
            |part: &&Part| self.document.raw(part.element, slot).is_some_and(|raw| !raw.is_empty());
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
        let current = self.document.parts.iter().rev().find(|part| {
            part.contact == contact
                && part.kind == addresses.kind
                && self
                    .document
                    .text(part.element, addresses.type_slot)
                    .is_some_and(|text| same_word(&text, &addresses.preferred))
        })?;
        self.document.text(current.element, slot)
    }
}

/// The fields of an expression, for one row.
pub(super) struct RowFields<'e, 'a, 'x> {
    pub(super) evaluation: &'e Evaluation<'a, 'x>,
    pub(super) calculation: &'a CalculationProgram,
    pub(super) scope: Scope,
}

impl<'a, 'x: 'a> Fields<'a> for RowFields<'_, 'a, 'x> {
    fn field(&self, field: usize) -> Option<Cow<'a, str>> {
        let evaluation = self.evaluation;
        let document = evaluation.document;
        self.calculation.fields[field].iter().find_map(|source| match source {
            FieldSource::Own(slot) => document.text(self.scope.element?, *slot),
            FieldSource::Around(kind, slot) => evaluation.around(*kind, *slot, self.scope),
            FieldSource::Within(kind, slot) => evaluation.within(*kind, *slot, self.scope),
            FieldSource::Anywhere(field) => document.field(*field).map(Cow::Borrowed),
            FieldSource::PrimaryContact(slot) => {
                let primary =
                    evaluation.kept.iter().min_by_key(|kept| (kept.rank != 0, kept.contact))?;
                document.text(document.contacts[primary.contact], *slot)
            }
            FieldSource::AppId => Some(Cow::Owned(evaluation.app_id.to_string())),
            FieldSource::ContactId => Some(evaluation.kept.get(self.scope.kept?)?.id.clone()),
        })
    }
}
