//! XML Schemas: their declarations, found by name.
//!
//! What is read is what decides about rows and columns: elements, attributes, how often, which type. Identity
//! constraints, patterns, assertions and annotations are passed over.

mod expand;
mod simple;

use std::collections::BTreeMap;

use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::{PrefixDeclaration, ResolveResult};
use quick_xml::reader::NsReader;

pub(crate) use expand::expand;

const SCHEMA: &str = "http://www.w3.org/2001/XMLSchema";
/// Declarations that are kept of all files together.
const ITEMS_MAX: usize = 1_000_000;

/// Why a schema cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    /// The text is no XML document.
    #[error("the schema is not well-formed XML: {0}")]
    Malformed(String),
    /// Its root element is another one.
    #[error("it is no XML Schema: its root element is not `schema` of {SCHEMA}")]
    NoSchema,
    /// It is larger than any that is known.
    #[error("the schemas together have more than {ITEMS_MAX} declarations")]
    TooLarge,
}

/// An element of a schema file.
#[derive(Debug, Default)]
pub(crate) struct Item {
    /// `element`, `complexType`, `sequence` ..
    pub(crate) tag: String,
    attributes: Vec<(String, String)>,
    pub(crate) children: Vec<usize>,
    /// The file that it stands in.
    file: usize,
}

impl Item {
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// What a file says of names.
#[derive(Debug, Default)]
struct File {
    namespace: String,
    prefixes: BTreeMap<String, String>,
}

/// A namespace and a local name.
pub(crate) type Name = (String, String);

/// All files together.
#[derive(Debug, Default)]
pub(crate) struct Schema {
    pub(crate) items: Vec<Item>,
    files: Vec<File>,
    /// Top-level declarations by kind (`type`, `element`, `attribute`, `group`, `attributeGroup`) and name.
    globals: BTreeMap<(&'static str, String), Vec<(String, usize)>>,
    /// Elements that may stand for another one.
    pub(crate) substitutes: BTreeMap<Name, Vec<usize>>,
}

/// The files that a schema includes or imports, as it writes them.
///
/// # Errors
///
/// Returns why the text is no schema.
pub fn schema_locations(text: &str) -> Result<Vec<String>, SchemaError> {
    let mut schema = Schema::default();
    let root = schema.read(text)?;
    let items = &schema.items;
    let others = items[root].children.iter().map(|id| &items[*id]);
    let others =
        others.filter(|item| matches!(item.tag.as_str(), "include" | "import" | "redefine"));
    Ok(others.filter_map(|item| item.get("schemaLocation")).map(ToOwned::to_owned).collect())
}

impl Schema {
    /// Adds a file.
    pub(crate) fn add(&mut self, text: &str) -> Result<(), SchemaError> {
        let root = self.read(text)?;
        let namespace = self.files.last().map(|file| file.namespace.clone()).unwrap_or_default();
        for id in self.items[root].children.clone() {
            let item = &self.items[id];
            let kind = match item.tag.as_str() {
                "complexType" | "simpleType" => "type",
                "element" => "element",
                "attribute" => "attribute",
                "group" => "group",
                "attributeGroup" => "attributeGroup",
                _ => continue,
            };
            let Some(name) = item.get("name").map(ToOwned::to_owned) else {
                continue;
            };
            let head = item.get("substitutionGroup").map(|head| self.name(id, head));
            if let Some(head) = head {
                self.substitutes.entry(head).or_default().push(id);
            }
            self.globals.entry((kind, name)).or_default().push((namespace.clone(), id));
        }
        Ok(())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The namespace and local name that a reference such as `cbc:ID` stands for at an item.
    pub(crate) fn name(&self, at: usize, written: &str) -> Name {
        let file = &self.files[self.items[at].file];
        let (prefix, local) = written.split_once(':').unwrap_or(("", written));
        let uri = file.prefixes.get(prefix).cloned().unwrap_or_default();
        (uri, local.to_owned())
    }

    /// A top-level declaration. A file without a namespace takes that of the file that includes it, so a name that is
    /// not found in its own namespace is looked up in any.
    pub(crate) fn global(&self, kind: &'static str, name: &Name) -> Option<usize> {
        let found = self.globals.get(&(kind, name.1.clone()))?;
        let exact = found.iter().find(|(namespace, _)| *namespace == name.0);
        exact.or_else(|| found.first()).map(|(_, id)| *id)
    }

    /// A top-level element by its local name.
    pub(crate) fn element(&self, local: &str) -> Option<usize> {
        let found = self.globals.get(&("element", local.to_owned()))?;
        found.first().map(|(_, id)| *id)
    }

    /// The top-level elements that no other declaration refers to: those that documents begin with.
    pub(crate) fn roots(&self) -> Vec<usize> {
        let referred: Vec<Name> = (0..self.items.len())
            .filter(|id| self.items[*id].tag == "element")
            .filter_map(|id| self.items[id].get("ref").map(|name| self.name(id, name)))
            .collect();
        let elements = self.globals.iter().filter(|((kind, _), _)| *kind == "element");
        let all = elements.flat_map(|((_, name), found)| {
            found.iter().map(move |(namespace, id)| ((namespace.clone(), name.clone()), *id))
        });
        let free = all.filter(|(name, id)| {
            let item = &self.items[*id];
            let is_abstract = item.get("abstract") == Some("true");
            // What may stand for another element stands where that one is referred to.
            let head = item.get("substitutionGroup").map(|head| self.name(*id, head));
            let stands_in = head.is_some_and(|head| referred.contains(&head));
            !is_abstract && !referred.contains(name) && !stands_in
        });
        free.map(|(_, id)| id).collect()
    }

    /// Reads a file into items; returns the place of its root.
    fn read(&mut self, text: &str) -> Result<usize, SchemaError> {
        let mut reader = NsReader::from_str(text);
        reader.config_mut().expand_empty_elements = true;
        let malformed = |err: quick_xml::Error| SchemaError::Malformed(err.to_string());
        let file = self.files.len();
        // `None`: an element of another namespace, or an annotation, and all that is in it.
        let mut open: Vec<Option<usize>> = Vec::new();
        let mut root = None;
        loop {
            let event = reader.read_event().map_err(malformed)?;
            match &event {
                Event::Start(start) => {
                    let (namespace, local) = reader.resolver().resolve_element(start.name());
                    let is_schema = match namespace {
                        ResolveResult::Bound(uri) => uri.as_ref() == SCHEMA,
                        ResolveResult::Unbound | ResolveResult::Unknown(_) => false,
                    };
                    let outer = open.last().copied();
                    let skipped =
                        !is_schema || local.as_ref() == "annotation" || outer == Some(None);
                    if outer.is_none() {
                        if skipped || local.as_ref() != "schema" {
                            return Err(SchemaError::NoSchema);
                        }
                        self.files.push(begin_file(start)?);
                    }
                    if skipped {
                        open.push(None);
                        continue;
                    }
                    if self.items.len() >= ITEMS_MAX {
                        return Err(SchemaError::TooLarge);
                    }
                    let id = self.items.len();
                    let tag = local.as_ref().to_owned();
                    let attributes = attributes(start)?;
                    self.items.push(Item { tag, attributes, children: Vec::new(), file });
                    if let Some(Some(outer)) = outer {
                        self.items[outer].children.push(id);
                    }
                    root.get_or_insert(id);
                    open.push(Some(id));
                }
                Event::End(_) => {
                    open.pop();
                }
                Event::Eof if open.is_empty() => return root.ok_or(SchemaError::NoSchema),
                Event::Eof => {
                    let reason = "it ends before its elements do".to_owned();
                    return Err(SchemaError::Malformed(reason));
                }
                Event::Empty(_)
                | Event::Text(_)
                | Event::CData(_)
                | Event::Comment(_)
                | Event::Decl(_)
                | Event::PI(_)
                | Event::DocType(_)
                | Event::GeneralRef(_) => {}
            }
        }
    }
}

fn begin_file(root: &BytesStart<'_>) -> Result<File, SchemaError> {
    let mut file = File::default();
    for attribute in root.attributes() {
        let attribute = attribute.map_err(|err| SchemaError::Malformed(err.to_string()))?;
        let value = attribute.normalized_value(XmlVersion::Implicit1_0);
        let value = value.map_err(|err| SchemaError::Malformed(err.to_string()))?.into_owned();
        match attribute.key.as_namespace_binding() {
            Some(PrefixDeclaration::Default) => {
                file.prefixes.insert(String::new(), value);
            }
            Some(PrefixDeclaration::Named(prefix)) => {
                file.prefixes.insert(prefix.to_owned(), value);
            }
            None if attribute.key.as_ref() == "targetNamespace" => file.namespace = value,
            None => {}
        }
    }
    file.prefixes.insert("xml".to_owned(), "http://www.w3.org/XML/1998/namespace".to_owned());
    Ok(file)
}

fn attributes(start: &BytesStart<'_>) -> Result<Vec<(String, String)>, SchemaError> {
    let mut attributes = Vec::new();
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|err| SchemaError::Malformed(err.to_string()))?;
        let value = attribute.normalized_value(XmlVersion::Implicit1_0);
        let value = value.map_err(|err| SchemaError::Malformed(err.to_string()))?;
        attributes.push((attribute.key.as_ref().to_owned(), value.into_owned()));
    }
    Ok(attributes)
}
