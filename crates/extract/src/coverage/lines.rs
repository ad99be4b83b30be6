//! What a contract of format 1, or one of a set, reads of an inventory.

use std::collections::BTreeMap;

use super::asks::{Part, Reader};
use super::paths;
use super::uses::{Use, Uses, add};
use crate::document::Namespace;
use crate::inventory::{DOCUMENT_PLACE, Inventory};
use crate::layout::{
    CONTACT_NODE, FieldIx, Layout, NO_RECORD, NameMatch, NodeIx, RecordKind, Role, SlotIx, Target,
    hash_name,
};
use crate::lines::{Line, LineProgram};
use crate::program::{
    Cell, CellStep, EntryPart, FieldSource, Needed, Program, RowsProgram, Source, TableProgram,
    Worth,
};
use crate::table::Table;

/// No node of the layout.
const NOWHERE: u32 = u32::MAX;

/// Where something is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Spot {
    /// The last element at a place.
    Path(NodeIx, SlotIx),
    /// The elements of a kind.
    Record(RecordKind, SlotIx),
    Contact(SlotIx),
    /// What belongs to contacts.
    Part(u8, SlotIx),
    /// An attribute in the whole document.
    Field(FieldIx),
}

/// What the row of a cell is made of.
#[derive(Debug, Clone, Copy)]
enum Own {
    Application,
    Contact,
    Element(RecordKind),
}

/// What a contract reads.
#[derive(Debug, Default)]
struct Reads {
    spots: BTreeMap<Spot, Vec<Use>>,
    /// Elements that are rows or bring values to them.
    records: BTreeMap<RecordKind, Vec<Use>>,
    contacts: Vec<Use>,
    /// The kind of addresses, which a cell may read without naming it.
    addresses: Option<u8>,
}

/// Finds who reads the paths of an inventory.
pub(super) fn uses(lines: &[Line], tables: &[Table], inventory: &Inventory) -> Uses {
    let mut uses = Uses::new(inventory);
    for line in lines {
        let own = own_places(line, lines, inventory);
        let is_own = |place: u32| own[place as usize];
        let program = match &line.program {
            LineProgram::Mappings(program) => program,
            LineProgram::Paths(program) => {
                paths::add_uses(program, inventory, &is_own, &mut uses);
                continue;
            }
        };
        let reads = reads(program, &tables[line.tables.clone()], &mut uses);
        walk(&program.layout, &reads, inventory, &own, &mut uses);
        let ignores = &program.ignores;
        uses.ignore(inventory, &ignores.ignored, &ignores.names, &|_| Namespace::NONE, &is_own);
    }
    uses
}

/// Says of each place whether it may be in a document of a product line: not if its root is another, nor within the
/// application of another line.
fn own_places(line: &Line, lines: &[Line], inventory: &Inventory) -> Vec<bool> {
    let own_path = application_of(line);
    let others: Vec<String> = lines.iter().filter_map(application_of).collect();
    let is_within = |path: &str, around: &str| {
        path.strip_prefix(around).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let mut paths = vec![String::new()];
    let mut own = vec![true];
    for place in &inventory.places()[1..] {
        let path = format!("{}/{}", paths[place.parent as usize], place.name);
        let is_other = others.iter().any(|other| {
            *other == path && own_path.as_ref().is_none_or(|own| !is_within(own, other))
        });
        let has_root = place.parent != DOCUMENT_PLACE
            || own_path.as_ref().is_none_or(|own| is_within(own, &path));
        own.push(own[place.parent as usize] && has_root && !is_other);
        paths.push(path);
    }
    own
}

/// The path of the elements that are applications of a line, without prefixes; `None` where its contract leaves open
/// what is around them.
fn application_of(line: &Line) -> Option<String> {
    match &line.program {
        LineProgram::Mappings(program) => Some(program.application.path.to_string()),
        LineProgram::Paths(program) => {
            let written = program.first_rows();
            let steps = written.strip_prefix('/')?.split('/');
            let mut path = String::new();
            for step in steps {
                let name = step.rsplit(':').next().unwrap_or(step).trim();
                if !crate::document::is_name(name) {
                    return None;
                }
                path.extend(["/", name]);
            }
            Some(path)
        }
    }
}

/// Collects what the contract of a line reads.
fn reads(program: &Program, tables: &[Table], uses: &mut Uses) -> Reads {
    let addresses = program.contacts.as_ref().and_then(|contacts| contacts.addresses.as_ref());
    let mut reads = Reads { addresses: addresses.map(|kind| kind.kind), ..Reads::default() };
    let id = &program.app_id;
    let root = tables.iter().find(|table| table.parent.is_none());
    let part = match root {
        Some(table) => {
            Part::Column { table: table.name.clone(), column: table.columns[0].name.clone() }
        }
        None => Part::Other("the application's id".to_owned()),
    };
    let reader = uses.add_reader(Reader {
        part,
        at: Some(id.mapping.at.to_string()),
        reads: vec![id.mapping.reads.to_string()],
    });
    reads.add(Spot::Path(id.node, id.slot), Use { reader, is_condition: false });
    if let Some(contacts) = &program.contacts {
        let what = "the rule for contacts".to_owned();
        let reader =
            uses.add_reader(Reader { part: Part::Other(what), at: None, reads: Vec::new() });
        let used = Use { reader, is_condition: true };
        reads.contacts.push(used);
        let slots = contacts.filled.iter().chain(&contacts.meaningful);
        for slot in slots.chain([&contacts.role, &contacts.id]) {
            reads.add(Spot::Contact(*slot), used);
        }
        if let Some(kind) = &contacts.addresses {
            reads.add(Spot::Part(kind.kind, kind.type_slot), used);
        }
    }
    for (how, table) in program.tables.iter().zip(tables) {
        reads.table(how, table, uses);
    }
    reads
}

impl Reads {
    fn add(&mut self, spot: Spot, used: Use) {
        add(self.spots.entry(spot).or_default(), used);
    }

    fn table(&mut self, how: &TableProgram, table: &Table, uses: &mut Uses) {
        match how {
            TableProgram::Single(single) => {
                self.cells(single.cells.iter(), Own::Application, table, uses);
            }
            TableProgram::Contacts(contacts) => {
                self.cells(contacts.cells.iter(), Own::Contact, table, uses);
            }
            TableProgram::Rows(rows) => {
                self.cells(rows.cells.iter(), Own::Element(rows.kind), table, uses);
                self.rule(rows, table, uses);
            }
            TableProgram::KeyValue(key_values) => {
                for entry in &key_values.entries {
                    self.cells([&entry.cell], Own::Application, table, uses);
                    let reader = uses.readers.len() - 1;
                    for (_, part) in &entry.parts {
                        // What stands beside the value; without a value there is no row.
                        if let EntryPart::Text(source) = part {
                            let used = Use { reader, is_condition: true };
                            self.source(source, Own::Application, used);
                        }
                    }
                }
            }
            TableProgram::Groups(groups) => {
                for group in groups {
                    let cells = group.cells.iter().map(|cell| &cell.cell);
                    self.cells(cells, Own::Application, table, uses);
                }
            }
        }
    }

    /// What decides whether an element is a row.
    fn rule(&mut self, rows: &RowsProgram, table: &Table, uses: &mut Uses) {
        let part = Part::Rows { table: table.name.clone() };
        let reader = uses.add_reader(Reader { part, at: None, reads: Vec::new() });
        let used = Use { reader, is_condition: true };
        add(self.records.entry(rows.kind).or_default(), used);
        let mut needs = |needed: &Needed| {
            self.add(Spot::Record(rows.kind, needed.slot), used);
            if let Some((kind, slot)) = needed.child {
                self.add(Spot::Record(kind, slot), used);
            }
        };
        rows.filled.iter().for_each(&mut needs);
        rows.choice.iter().for_each(|choice| needs(&choice.needed));
        if let Worth::Stated { slots, .. } = &rows.worth {
            slots.iter().for_each(|slot| self.add(Spot::Record(rows.kind, *slot), used));
        }
    }

    fn cells<'c>(
        &mut self,
        cells: impl IntoIterator<Item = &'c Cell>,
        own: Own,
        table: &Table,
        uses: &mut Uses,
    ) {
        for cell in cells {
            let column = table.columns[cell.column].name.clone();
            let reader = uses.add_reader(Reader {
                part: Part::Column { table: table.name.clone(), column },
                at: Some(cell.written.at.to_string()),
                reads: vec![cell.written.reads.to_string()],
            });
            let used = Use { reader, is_condition: false };
            let fields =
                cell.calculation.iter().flat_map(|calculation| calculation.fields.iter().flatten());
            fields.for_each(|field| self.field(*field, own, used));
            // An expression reads its fields, and not what its mapping names, unless an enum asks for that again.
            let is_calculated = cell.steps.first() == Some(&CellStep::Calculate);
            if !is_calculated || cell.steps.iter().any(|step| matches!(step, CellStep::Enum(_))) {
                self.source(&cell.source, own, used);
            }
        }
    }

    fn own(&mut self, own: Own, slot: SlotIx, used: Use) {
        match own {
            Own::Application => {}
            Own::Contact => self.add(Spot::Contact(slot), used),
            Own::Element(kind) => self.add(Spot::Record(kind, slot), used),
        }
    }

    fn source(&mut self, source: &Source, own: Own, used: Use) {
        match source {
            Source::Path(node, slot) => self.add(Spot::Path(*node, *slot), used),
            Source::Own(slot) => self.own(own, *slot, used),
            Source::LastContact(last) => {
                self.add(Spot::Contact(last.own), used);
                if let Some(part) = &last.part {
                    self.add(Spot::Part(part.kind, part.slot), used);
                    self.add(Spot::Part(part.kind, part.chosen_by), used);
                }
            }
            Source::CurrentAddress(slot) => {
                if let Some(kind) = self.addresses {
                    self.add(Spot::Part(kind, *slot), used);
                }
            }
            Source::Around(kind, slot) | Source::Within(kind, slot) => {
                self.add(Spot::Record(*kind, *slot), used);
            }
            Source::AroundContact(slot) => self.add(Spot::Contact(*slot), used),
            Source::Beside { kind, slot, .. } => self.add(Spot::Record(*kind, *slot), used),
        }
    }

    fn field(&mut self, field: FieldSource, own: Own, used: Use) {
        match field {
            FieldSource::Own(slot) => self.own(own, slot, used),
            FieldSource::Around(kind, slot)
            | FieldSource::Within(kind, slot)
            | FieldSource::Beside { kind, slot, .. } => self.add(Spot::Record(kind, slot), used),
            FieldSource::AroundContact(slot) | FieldSource::PrimaryContact(slot) => {
                self.add(Spot::Contact(slot), used);
            }
            FieldSource::Path(node, slot) => self.add(Spot::Path(node, slot), used),
            FieldSource::Anywhere(field) => self.add(Spot::Field(field), used),
            FieldSource::AppId | FieldSource::ContactId => {}
        }
    }
}

/// What the layout makes of a place of the inventory.
#[derive(Debug, Clone, Copy)]
struct Seen {
    node: NodeIx,
    below_contact: NodeIx,
    in_contact: bool,
}

/// Goes through the inventory as the keeper goes through a document.
fn walk(layout: &Layout, reads: &Reads, inventory: &Inventory, own: &[bool], uses: &mut Uses) {
    let mut seen = vec![Seen { node: 0, below_contact: NOWHERE, in_contact: false }];
    for (number, place) in inventory.places().iter().enumerate().skip(1) {
        let (name, hash) = (&*place.name, hash_name(place.name.as_bytes()));
        let child = |node: NodeIx| match layout.nodes.get(node as usize) {
            Some(node) => node.child(name, hash).unwrap_or(NOWHERE),
            None => NOWHERE,
        };
        let record =
            |node: NodeIx| layout.nodes.get(node as usize).map_or(NO_RECORD, |node| node.record);
        let above = seen[place.parent as usize];
        let shape = &layout.shapes[layout.shape_of(name, hash) as usize];
        let node = child(above.node);
        let below_contact =
            if shape.role == Role::Contact { CONTACT_NODE } else { child(above.below_contact) };
        let in_contact = above.in_contact || shape.role == Role::Contact;
        seen.push(Seen { node, below_contact, in_contact });
        if !own[number] {
            continue;
        }
        let of_contact = record(below_contact);
        let record = if of_contact == NO_RECORD { record(node) } else { of_contact };
        let spots = |slot: SlotIx| {
            let part = match shape.role {
                Role::Part(kind) if in_contact => Some(Spot::Part(kind, slot)),
                Role::Contact => Some(Spot::Contact(slot)),
                Role::None | Role::Part(_) => None,
            };
            let at_node = (node != NOWHERE && layout.nodes[node as usize].read)
                .then_some(Spot::Path(node, slot));
            let of_record = (record != NO_RECORD).then_some(Spot::Record(record, slot));
            [part, at_node, of_record].into_iter().flatten()
        };
        let users = |spot: Spot| reads.spots.get(&spot).into_iter().flatten();
        let found = &mut uses.places[number];
        if record != NO_RECORD {
            let users = reads.records.get(&record).into_iter().flatten();
            users.for_each(|used| add(&mut found.element, *used));
        }
        if shape.role == Role::Contact {
            reads.contacts.iter().for_each(|used| add(&mut found.element, *used));
        }
        if let Some(slot) = shape.text {
            spots(slot).flat_map(users).for_each(|used| add(&mut found.text, *used));
        }
        for (uses, attribute) in found.attributes.iter_mut().zip(&place.attributes) {
            if attribute.namespace.is_about_xml() {
                continue;
            }
            let name = attribute.name.as_bytes();
            for target in shape.attributes.targets(name, hash_name(name)) {
                match target {
                    Target::Slot { name: wanted, matching, slot } => {
                        if *matching == NameMatch::AnyCase || **wanted == *attribute.name {
                            spots(*slot).flat_map(users).for_each(|used| add(uses, *used));
                        }
                    }
                    Target::Field { field, .. } => {
                        users(Spot::Field(*field)).for_each(|used| add(uses, *used));
                    }
                }
            }
        }
    }
}
