//! Collects what a plan reads, one request after the other.

use std::collections::BTreeMap;

use super::name_table::{NameTable, hash_name};
use super::{
    AttributeTable, CONTACT_NODE, FieldIx, Layout, NO_RECORD, NameMatch, Node, NodeIx, RecordKind,
    Role, Shape, SlotIx, TEXT, Target,
};

/// A layout while it grows. Asking twice for the same gives the same place.
#[derive(Debug)]
pub(crate) struct LayoutBuilder {
    nodes: Vec<Node>,
    shapes: BTreeMap<String, ShapeBuilder>,
    /// Element name, if any, and attribute name of each field.
    fields: Vec<(Option<String>, String)>,
}

#[derive(Debug, Default)]
struct ShapeBuilder {
    slots: Vec<(String, NameMatch)>,
    role: Option<Role>,
}

impl LayoutBuilder {
    pub(crate) fn new() -> Self {
        Self {
            nodes: vec![empty_node(), empty_node()],
            shapes: BTreeMap::new(),
            fields: Vec::new(),
        }
    }

    /// Keeps the last element at a place in the document.
    pub(crate) fn node(&mut self, path: &[String]) -> NodeIx {
        let node = self.place(0, path);
        self.nodes[node as usize].read = true;
        node
    }

    /// Keeps each element at a place in the document.
    pub(crate) fn records(&mut self, path: &[String], kind: RecordKind) {
        let node = self.place(0, path);
        self.nodes[node as usize].record = kind;
    }

    /// Keeps each element at a place below contacts.
    pub(crate) fn records_of_contacts(&mut self, path: &[String], kind: RecordKind) {
        let node = self.place(CONTACT_NODE, path);
        self.nodes[node as usize].record = kind;
    }

    fn place(&mut self, root: NodeIx, path: &[String]) -> NodeIx {
        let mut node = root;
        for name in path {
            node = match self.nodes[node as usize].child(name, hash_name(name.as_bytes())) {
                Some(child) => child,
                None => {
                    let child = NodeIx::try_from(self.nodes.len())
                        .expect("a contract has fewer paths than that");
                    self.nodes.push(empty_node());
                    let hash = hash_name(name.as_bytes());
                    let named = (hash, name.as_str().into(), child);
                    self.nodes[node as usize].children.push(named);
                    child
                }
            };
        }
        if let Some(name) = path.last() {
            self.shapes.entry(name.clone()).or_default();
        }
        node
    }

    /// Keeps an attribute of all elements of a name, or their text.
    pub(crate) fn slot(&mut self, element: &str, attribute: &str, matching: NameMatch) -> SlotIx {
        let matching = if attribute == TEXT { NameMatch::Exact } else { matching };
        let slots = &mut self.shapes.entry(element.to_owned()).or_default().slots;
        let found = slots.iter().position(|(name, known)| name == attribute && *known == matching);
        let slot = found.unwrap_or_else(|| {
            slots.push((attribute.to_owned(), matching));
            slots.len() - 1
        });
        SlotIx::try_from(slot).expect("a contract has fewer attributes than that")
    }

    /// Says what the elements of a name are.
    pub(crate) fn role(&mut self, element: &str, role: Role) {
        self.shapes.entry(element.to_owned()).or_default().role = Some(role);
    }

    /// Keeps the last value of an attribute, of elements of one name or of any.
    pub(crate) fn field(&mut self, element: Option<&str>, attribute: &str) -> FieldIx {
        let field = (element.map(str::to_owned), attribute.to_owned());
        let found = self.fields.iter().position(|known| *known == field);
        let field = found.unwrap_or_else(|| {
            self.fields.push(field);
            self.fields.len() - 1
        });
        FieldIx::try_from(field).expect("a contract has fewer fields than that")
    }

    pub(crate) fn finish(mut self) -> Layout {
        for (element, _) in &self.fields {
            let Some(element) = element else { continue };
            if !self.shapes.keys().any(|name| name.eq_ignore_ascii_case(element)) {
                self.shapes.insert(element.clone(), ShapeBuilder::default());
            }
        }
        let fields = self.fields;
        let unknown = Shape {
            attributes: AttributeTable::new(field_targets(&fields, None)),
            n_slots: 0,
            role: Role::None,
            text: None,
        };
        let mut layout = Layout {
            nodes: self.nodes,
            shapes: vec![unknown],
            shape_names: NameTable::new([]),
            n_fields: fields.len(),
            reads_text: false,
        };
        let mut shape_names = Vec::new();
        for (name, builder) in self.shapes {
            let text = builder.slots.iter().position(|(attribute, _)| attribute == TEXT);
            let text =
                text.map(|slot| SlotIx::try_from(slot).expect("a contract has fewer attributes"));
            layout.reads_text |= text.is_some();
            let slots = (0..).zip(builder.slots).map(|(slot, (name, matching))| Target::Slot {
                name: name.into(),
                matching,
                slot,
            });
            let targets: Vec<Target> = slots.chain(field_targets(&fields, Some(&name))).collect();
            let n_slots =
                targets.iter().filter(|target| matches!(target, Target::Slot { .. })).count();
            let shape = u32::try_from(layout.shapes.len())
                .expect("a contract has fewer elements than that");
            shape_names.push((name, shape));
            layout.shapes.push(Shape {
                attributes: AttributeTable::new(targets),
                n_slots: u32::try_from(n_slots).expect("a contract has fewer attributes than that"),
                role: builder.role.unwrap_or(Role::None),
                text,
            });
        }
        layout.shape_names = NameTable::new(shape_names);
        layout
    }
}

fn empty_node() -> Node {
    Node { children: Vec::new(), read: false, record: NO_RECORD }
}

/// Lists the fields that the elements of a name have, or those that any element has.
fn field_targets(fields: &[(Option<String>, String)], element: Option<&str>) -> Vec<Target> {
    let mut targets = Vec::new();
    for (field, (wanted, attribute)) in (0..).zip(fields) {
        let fits = match (wanted, element) {
            (None, _) => true,
            (Some(wanted), Some(element)) => wanted.eq_ignore_ascii_case(element),
            (Some(_), None) => false,
        };
        if fits {
            targets.push(Target::Field { name: attribute.as_str().into(), field });
        }
    }
    targets
}
