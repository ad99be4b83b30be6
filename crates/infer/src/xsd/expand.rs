//! From declarations to the shape of documents.

use std::collections::VecDeque;

use crate::draft::LeftOut;
use crate::shape::{NodeId, Shape};
use crate::xsd::{SCHEMA, Schema};

/// How often a type may stand in itself before the schema is taken for recursive; the shape makes one node of both.
const SAME_TYPE_MAX: usize = 2;
/// Groups and types that refer to each other on the way to one element; more is a circle.
const REFERENCES_MAX: usize = 64;

/// An element whose type waits to be taken apart. Outer elements come first, so that what a huge schema loses for want
/// of room is what stands deepest.
struct Waiting {
    node: NodeId,
    declaration: usize,
    /// The declarations around it, outermost first.
    around: Vec<usize>,
}

/// Where in the content of an element a declaration stands.
#[derive(Clone, Copy)]
struct Content<'w> {
    waiting: &'w Waiting,
    required: bool,
    repeats: bool,
    n_references: usize,
}

/// Adds what a schema says of the elements below a root. Where samples have been read, it only says more about what
/// they have; the rest is left out.
pub(crate) fn expand(schema: &Schema, shape: &mut Shape, root: usize) -> Vec<LeftOut> {
    shape.has_schema = true;
    let has_samples = shape.nodes.iter().any(|node| node.n > 0);
    let mut expansion =
        Expansion { schema, shape, has_samples, waiting: VecDeque::new(), left_out: Vec::new() };
    let first = Waiting { node: Shape::DOCUMENT, declaration: root, around: Vec::new() };
    let content = Content { waiting: &first, required: true, repeats: false, n_references: 0 };
    expansion.element(root, content);
    while let Some(next) = expansion.waiting.pop_front() {
        expansion.type_of_element(&next);
    }
    expansion.left_out
}

struct Expansion<'s> {
    schema: &'s Schema,
    shape: &'s mut Shape,
    has_samples: bool,
    waiting: VecDeque<Waiting>,
    left_out: Vec<LeftOut>,
}

impl Expansion<'_> {
    /// An element in the content of another one: declared there, or by a reference, or by what may stand for it.
    fn element(&mut self, at: usize, content: Content<'_>) {
        let item = &self.schema.items[at];
        let required = content.required && item.get("minOccurs") != Some("0");
        let max = item.get("maxOccurs").unwrap_or("1");
        if max == "0" || content.n_references > REFERENCES_MAX {
            return;
        }
        let repeats = content.repeats || max != "1";
        let Some(reference) = item.get("ref") else {
            return self.declared(at, Content { required, repeats, ..content });
        };
        let name = self.schema.name(at, reference);
        let Some(declaration) = self.schema.global("element", &name) else {
            let path = format!("{}/{}", self.shape.path(content.waiting.node), name.1);
            return self.leave_out(path, "the schema that declares it is not there");
        };
        let substitutes = self.schema.substitutes.get(&name).cloned().unwrap_or_default();
        let is_abstract = self.schema.items[declaration].get("abstract") == Some("true");
        let required = required && substitutes.is_empty();
        let n_references = content.n_references + 1;
        let content = Content { required, repeats, n_references, ..content };
        if !is_abstract {
            self.declared(declaration, content);
        }
        for substitute in substitutes {
            self.declared(substitute, content);
        }
    }

    fn declared(&mut self, declaration: usize, content: Content<'_>) {
        let Some(name) = self.schema.items[declaration].get("name").map(ToOwned::to_owned) else {
            return;
        };
        let parent = content.waiting.node;
        let known = self.shape.nodes[parent].children.get(&name).copied();
        let is_root = parent == Shape::DOCUMENT;
        if self.has_samples && known.is_none() {
            let path = format!("{}/{name}", self.shape.path(parent));
            return self.leave_out(path, "the schema has it, no sample does");
        }
        let Some(node) = self.shape.child(parent, &name) else {
            return;
        };
        let around = &content.waiting.around;
        let n_same = around.iter().filter(|outer| self.same_type(**outer, declaration)).count();
        let element = &mut self.shape.nodes[node];
        // A second declaration of the same name: it may be there several times, and need not be.
        let is_again = known.is_some() && !self.has_samples && !is_root;
        let n_max = if content.repeats || is_again { 2 } else { 1 };
        element.n_per_parent_max = element.n_per_parent_max.max(n_max);
        element.required = content.required && !is_again;
        if n_same >= SAME_TYPE_MAX {
            element.holds_folded = true;
            return;
        }
        let mut around = around.clone();
        around.push(declaration);
        self.waiting.push_back(Waiting { node, declaration, around });
    }

    /// Whether two elements have the same name and the same named type, or are the same declaration.
    fn same_type(&self, left: usize, right: usize) -> bool {
        let key = |at: usize| {
            let item = &self.schema.items[at];
            (item.get("name"), item.get("type").map(|name| self.schema.name(at, name)))
        };
        left == right || (key(left).1.is_some() && key(left) == key(right))
    }

    fn type_of_element(&mut self, waiting: &Waiting) {
        let at = waiting.declaration;
        let content = Content { waiting, required: true, repeats: false, n_references: 0 };
        let item = &self.schema.items[at];
        if let Some(name) = item.get("type") {
            let name = name.to_owned();
            return self.named_type(at, &name, content);
        }
        for &inner in &item.children.clone() {
            match self.schema.items[inner].tag.as_str() {
                "complexType" => return self.complex_type(inner, content),
                "simpleType" => {
                    let sql_type = self.schema.sql_type(inner, None);
                    self.shape.nodes[waiting.node].text.declared = Some(sql_type);
                    self.shape.nodes[waiting.node].text.required = true;
                    return;
                }
                // Keys and uniqueness.
                _ => {}
            }
        }
        // Without a type anything may be in it; its text is what can be taken.
        self.shape.nodes[waiting.node].text.declared = Some(crate::SqlType::Text(None));
    }

    /// The type that a name stands for: a complex one is taken apart, of a simple one the element has the text.
    fn named_type(&mut self, at: usize, written: &str, content: Content<'_>) {
        let name = self.schema.name(at, written);
        let found = if name.0 == SCHEMA { None } else { self.schema.global("type", &name) };
        match found {
            Some(id) if self.schema.items[id].tag == "complexType" => {
                let n_references = content.n_references + 1;
                if n_references <= REFERENCES_MAX {
                    self.complex_type(id, Content { n_references, ..content });
                }
            }
            Some(_) | None => {
                let sql_type = self.schema.sql_type(at, Some(written));
                let text = &mut self.shape.nodes[content.waiting.node].text;
                text.declared = Some(sql_type);
                text.required = true;
            }
        }
    }

    fn complex_type(&mut self, at: usize, content: Content<'_>) {
        if self.schema.items[at].get("mixed") == Some("true") {
            self.shape.nodes[content.waiting.node].is_mixed = true;
        }
        self.content(at, content);
    }

    /// What stands in a type, a group or a derivation.
    fn content(&mut self, at: usize, content: Content<'_>) {
        for inner in self.schema.items[at].children.clone() {
            let item = &self.schema.items[inner];
            let repeats = content.repeats
                || item.get("maxOccurs").is_some_and(|max| max != "1" && max != "0");
            let required = content.required && item.get("minOccurs") != Some("0");
            let part = Content { required, repeats, ..content };
            match item.tag.as_str() {
                "element" => self.element(inner, content),
                "sequence" | "all" => self.content(inner, part),
                "choice" => self.content(inner, Content { required: false, ..part }),
                "group" => self.group("group", inner, part),
                "attributeGroup" => self.group("attributeGroup", inner, part),
                "attribute" => self.attribute(inner, content),
                "complexContent" | "simpleContent" => self.content(inner, content),
                "extension" => {
                    if let Some(base) = item.get("base").map(ToOwned::to_owned) {
                        self.named_type(inner, &base, content);
                    }
                    self.content(inner, content);
                }
                "restriction" => self.restriction(inner, content),
                "any" => {
                    let path = format!("{}/*", self.shape.path(content.waiting.node));
                    self.leave_out(path, "the schema allows any element here");
                }
                // Facets, keys, and attributes that nobody has named.
                _ => {}
            }
        }
    }

    fn group(&mut self, kind: &'static str, at: usize, content: Content<'_>) {
        let Some(reference) = self.schema.items[at].get("ref") else {
            return self.content(at, content);
        };
        let name = self.schema.name(at, reference);
        let n_references = content.n_references + 1;
        if let Some(id) = self.schema.global(kind, &name).filter(|_| n_references <= REFERENCES_MAX)
        {
            self.content(id, Content { n_references, ..content });
        }
    }

    /// A restriction repeats the content that stays. Of text it says the type; the base has the attributes, too.
    fn restriction(&mut self, at: usize, content: Content<'_>) {
        let items = &self.schema.items;
        let base = items[at].get("base").map(ToOwned::to_owned);
        let has_content = items[at]
            .children
            .iter()
            .any(|id| matches!(items[*id].tag.as_str(), "sequence" | "choice" | "all" | "group"));
        if let Some(base) = base.filter(|_| !has_content) {
            self.named_type(at, &base, content);
        }
        self.content(at, content);
    }

    fn attribute(&mut self, at: usize, content: Content<'_>) {
        let schema = self.schema;
        let item = &schema.items[at];
        if item.get("use") == Some("prohibited") {
            return;
        }
        let required = item.get("use") == Some("required");
        let (declaration, name) = match item.get("ref") {
            Some(reference) => {
                let (uri, local) = schema.name(at, reference);
                let prefix = reference.split_once(':').map_or("", |(prefix, _)| prefix);
                let name = match prefix {
                    "" => Some(local.clone()),
                    "xml" => Some(format!("xml:{local}")),
                    prefix => self.shape.prefixed(&uri, prefix, &local),
                };
                (schema.global("attribute", &(uri, local)).unwrap_or(at), name)
            }
            None => (at, item.get("name").map(ToOwned::to_owned)),
        };
        let Some(name) = name else {
            return;
        };
        let node = content.waiting.node;
        let is_known = self.shape.nodes[node].attributes.iter().any(|(known, _)| *known == name);
        if self.has_samples && !is_known {
            let path = format!("{}/@{name}", self.shape.path(node));
            return self.leave_out(path, "the schema has it, no sample does");
        }
        let found = &schema.items[declaration];
        let inline =
            found.children.iter().copied().find(|id| schema.items[*id].tag == "simpleType");
        let sql_type = match (found.get("type"), inline) {
            (Some(name), _) => schema.sql_type(declaration, Some(name)),
            (None, Some(inline)) => schema.sql_type(inline, None),
            (None, None) => crate::SqlType::Text(None),
        };
        if let Some(scalar) = self.shape.attribute(node, &name) {
            scalar.declared = Some(sql_type);
            scalar.required = required;
        }
    }

    fn leave_out(&mut self, path: String, reason: &str) {
        self.left_out.push(LeftOut { path, reason: reason.to_owned() });
    }
}
