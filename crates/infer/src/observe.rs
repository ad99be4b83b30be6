//! Reading of a sample into the shape: nothing is kept of the document but what it adds to the shape.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use quick_xml::XmlVersion;
use quick_xml::events::attributes::Attribute;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::{PrefixDeclaration, ResolveResult};
use quick_xml::reader::NsReader;

use crate::shape::{NodeId, Shape};

/// Elements in each other; a worker refuses documents that go deeper, unless its limits are set.
const DEPTH_MAX: usize = 256;
/// Values in one element that are compared with each other.
const SEEN_MAX: usize = 100_000;
const SCHEMA_INSTANCE: &str = "http://www.w3.org/2001/XMLSchema-instance";
const XML: &str = "http://www.w3.org/XML/1998/namespace";

/// Why a sample cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The text is no XML document.
    #[error("the document is not well-formed XML: {0}")]
    Malformed(String),
    /// Elements stand in each other too deeply.
    #[error("elements stand in each other more than {DEPTH_MAX} levels deep")]
    TooDeep,
    /// There is no element at all.
    #[error("the document has no element")]
    Empty,
}

/// An element whose end has not come yet.
#[derive(Debug, Default)]
struct Open {
    /// `None`: the element is left out, and all that is in it.
    node: Option<NodeId>,
    n_children: BTreeMap<NodeId, u64>,
    has_elements: bool,
    is_nil: bool,
    text: String,
    /// Hashes of the values of the elements in it, by element and by what has the value: none of them is kept, and two
    /// that are alike are told all the same.
    seen: HashMap<(NodeId, Of), HashSet<u64>>,
    n_seen: usize,
}

/// What of an element has a value: an attribute, or an element in it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Of {
    Attribute(String),
    Child(NodeId),
}

impl Open {
    /// Says whether another element beside it has had the same value. Where there are too many to tell, one has.
    fn has_seen(&mut self, node: NodeId, of: Of, value: &str) -> bool {
        if self.n_seen >= SEEN_MAX {
            return true;
        }
        self.n_seen += 1;
        let hash = self.seen.entry((node, of)).or_default();
        let mut hasher = DefaultHasher::new();
        value.trim().hash(&mut hasher);
        !hash.insert(hasher.finish())
    }
}

/// Adds a document to the shape; one that cannot be read adds nothing.
pub(crate) fn observe(shape: &mut Shape, xml: &str) -> Result<(), ReadError> {
    // The first pass only looks for faults: a document that breaks off in the middle must not count by half.
    pass(xml, &mut |_, _| Ok(()))?;
    let mut open = vec![Open { node: Some(Shape::DOCUMENT), ..Open::default() }];
    pass(xml, &mut |reader, event| {
        match event {
            Event::Start(start) => begin(shape, &mut open, reader, start)?,
            Event::End(_) => end(shape, &mut open),
            Event::Text(text) => add_text(&mut open, &text.xml10_content()),
            Event::CData(text) => add_text(&mut open, &text.xml10_content()),
            Event::GeneralRef(reference) => {
                // What an entity of the document's own stands for is not looked up: its length is not known either way.
                let named = quick_xml::escape::resolve_predefined_entity(reference);
                match (reference.resolve_char_ref(), named) {
                    (Ok(Some(letter)), _) => add_text(&mut open, letter.encode_utf8(&mut [0; 4])),
                    (Ok(None) | Err(_), Some(text)) => add_text(&mut open, text),
                    (Ok(None) | Err(_), None) => add_text(&mut open, "?"),
                }
            }
            Event::Empty(_)
            | Event::Comment(_)
            | Event::Decl(_)
            | Event::PI(_)
            | Event::DocType(_)
            | Event::Eof => {}
        }
        Ok(())
    })?;
    let document = open.pop().expect("the document itself is never closed");
    count_children(shape, &document);
    Ok(())
}

type Visit<'v> = dyn FnMut(&NsReader<&[u8]>, &Event<'_>) -> Result<(), ReadError> + 'v;

/// Goes through a document; an empty element is seen as its start and its end.
fn pass(xml: &str, visit: &mut Visit<'_>) -> Result<(), ReadError> {
    let mut reader = NsReader::from_str(xml);
    reader.config_mut().expand_empty_elements = true;
    let (mut depth, mut n_roots) = (0_usize, 0_usize);
    loop {
        let event = reader.read_event().map_err(|err| ReadError::Malformed(err.to_string()))?;
        match &event {
            Event::Start(start) => {
                n_roots += usize::from(depth == 0);
                depth += 1;
                if depth > DEPTH_MAX {
                    return Err(ReadError::TooDeep);
                }
                uri(&reader.resolver().resolve_element(start.name()).0)?;
                for attribute in start.attributes() {
                    let attribute =
                        attribute.map_err(|err| ReadError::Malformed(err.to_string()))?;
                    value(&attribute)?;
                    uri(&reader.resolver().resolve_attribute(attribute.key).0)?;
                }
            }
            Event::End(_) => depth -= 1,
            Event::Eof if depth > 0 => {
                return Err(ReadError::Malformed("it ends before its elements do".to_owned()));
            }
            Event::Eof if n_roots == 0 => return Err(ReadError::Empty),
            Event::Eof => return Ok(()),
            Event::Empty(_)
            | Event::Text(_)
            | Event::CData(_)
            | Event::Comment(_)
            | Event::Decl(_)
            | Event::PI(_)
            | Event::DocType(_)
            | Event::GeneralRef(_) => {}
        }
        if n_roots > 1 {
            return Err(ReadError::Malformed("it has more than one root element".to_owned()));
        }
        visit(&reader, &event)?;
    }
}

fn value<'a>(attribute: &Attribute<'a>) -> Result<std::borrow::Cow<'a, str>, ReadError> {
    let text = attribute.normalized_value(XmlVersion::Implicit1_0);
    text.map_err(|err| ReadError::Malformed(err.to_string()))
}

fn begin(
    shape: &mut Shape,
    open: &mut Vec<Open>,
    reader: &NsReader<&[u8]>,
    start: &BytesStart<'_>,
) -> Result<(), ReadError> {
    let outer = open.last_mut().expect("the document itself is never closed");
    outer.has_elements = true;
    let name = start.local_name();
    let node = outer.node.and_then(|parent| shape.child(parent, name.as_ref()));
    let mut inner = Open { node, ..Open::default() };
    if let Some(node) = node {
        *outer.n_children.entry(node).or_default() += 1;
        shape.nodes[node].n += 1;
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|err| ReadError::Malformed(err.to_string()))?;
            if is_declaration(&attribute) {
                continue;
            }
            let text = value(&attribute)?;
            let (namespace, local) = reader.resolver().resolve_attribute(attribute.key);
            let prefix = attribute.key.prefix().map(|prefix| prefix.as_ref().to_owned());
            let name = match (uri(&namespace)?, prefix) {
                (Some(SCHEMA_INSTANCE), _) => {
                    // Where a schema is, or that the element has no value, is nothing about the application. The type of
                    // an element may be.
                    inner.is_nil |= local.as_ref() == "nil" && matches!(text.trim(), "true" | "1");
                    (local.as_ref() == "type").then(|| "xsi:type".to_owned())
                }
                (Some(XML), _) => Some(format!("xml:{}", local.as_ref())),
                (Some(uri), Some(prefix)) => shape.prefixed(uri, &prefix, local.as_ref()),
                (Some(_), None) | (None, _) => Some(local.as_ref().to_owned()),
            };
            let Some(name) = name else { continue };
            if let Some(scalar) = shape.attribute(node, &name) {
                scalar.values.add(&text);
                scalar.is_repeated |= outer.has_seen(node, Of::Attribute(name), &text);
            }
        }
    }
    open.push(inner);
    Ok(())
}

fn is_declaration(attribute: &Attribute<'_>) -> bool {
    match attribute.key.as_namespace_binding() {
        Some(PrefixDeclaration::Default | PrefixDeclaration::Named(_)) => true,
        None => false,
    }
}

fn uri<'n>(namespace: &'n ResolveResult<'_>) -> Result<Option<&'n str>, ReadError> {
    match namespace {
        ResolveResult::Bound(namespace) => Ok(Some(namespace.as_ref())),
        ResolveResult::Unbound => Ok(None),
        ResolveResult::Unknown(prefix) => {
            Err(ReadError::Malformed(format!("the prefix `{prefix}` is not declared")))
        }
    }
}

fn add_text(open: &mut [Open], text: &str) {
    let element = open.last_mut().expect("the document itself is never closed");
    if element.node.is_some() && open.len() > 1 {
        let element = open.last_mut().expect("checked above");
        element.text.push_str(text);
    }
}

fn end(shape: &mut Shape, open: &mut Vec<Open>) {
    let Some(element) = open.pop() else {
        return;
    };
    let Some(node) = element.node else {
        return;
    };
    if !element.has_elements {
        let text = if element.is_nil { "" } else { &element.text };
        shape.nodes[node].text.values.add(text);
        // It may be the key of the element that it is in, among those beside that one.
        if let [.., around, row] = open.as_mut_slice()
            && let Some(row) = row.node
        {
            let is_repeated = around.has_seen(row, Of::Child(node), text);
            shape.nodes[node].text.is_repeated |= is_repeated;
        }
    } else if !element.text.trim_matches([' ', '\t', '\r', '\n']).is_empty() {
        shape.nodes[node].is_mixed = true;
    }
    count_children(shape, &element);
}

fn count_children(shape: &mut Shape, element: &Open) {
    for (&child, &n) in &element.n_children {
        let child = &mut shape.nodes[child];
        child.n_parents += 1;
        child.n_per_parent_max = child.n_per_parent_max.max(n);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(documents: &[&str]) -> Vec<String> {
        let mut shape = Shape::default();
        for xml in documents {
            observe(&mut shape, xml).unwrap();
        }
        let mut lines = Vec::new();
        for id in 1..shape.nodes.len() {
            let node = &shape.nodes[id];
            let mark = if node.is_mixed { " mixed" } else { "" };
            let text = &node.text.values;
            lines.push(format!(
                "{} n={} in={} most={} text={}/{}{mark}",
                shape.path(id),
                node.n,
                node.n_parents,
                node.n_per_parent_max,
                text.n,
                text.n_blank
            ));
            for (name, scalar) in &node.attributes {
                let values = &scalar.values;
                lines.push(format!(
                    "  @{name} {}/{} {}",
                    values.n,
                    values.n_blank,
                    values.sql_type("x")
                ));
            }
        }
        lines
    }

    #[test]
    fn elements_are_counted_where_they_stand() {
        assert_eq!(
            seen(&[
                "<a><b x='1'>t</b><b x=''/><c><b>2024-01-01</b></c></a>",
                "<p:a xmlns:p='urn:x'><p:b p:x='22'>&amp;&#65;<![CDATA[b]]></p:b></p:a>",
            ]),
            [
                "/a n=2 in=2 most=1 text=0/0",
                "/a/b n=3 in=2 most=2 text=2/1",
                "  @x 1/1 int",
                "  @p:x 1/0 int",
                "/a/c n=1 in=1 most=1 text=0/0",
                "/a/c/b n=1 in=1 most=1 text=1/0",
            ]
        );
    }

    #[test]
    fn text_beside_elements_and_nil() {
        assert_eq!(
            seen(&[
                "<a xmlns:i='http://www.w3.org/2001/XMLSchema-instance' i:schemaLocation='x y'>\
                <t>one <b>two</b></t><n i:nil='true'>5</n><v i:type='PQ'/></a>"
            ]),
            [
                "/a n=1 in=1 most=1 text=0/0",
                "/a/t n=1 in=1 most=1 text=0/0 mixed",
                "/a/t/b n=1 in=1 most=1 text=1/0",
                "/a/n n=1 in=1 most=1 text=0/1",
                "/a/v n=1 in=1 most=1 text=0/1",
                "  @xsi:type 1/0 nvarchar(20)",
            ]
        );
    }

    #[test]
    fn what_is_no_document_adds_nothing() {
        let mut shape = Shape::default();
        for (xml, expected) in [
            ("<a><b></a>", "not well-formed"),
            ("<a><b x='1' x='2'/></a>", "not well-formed"),
            ("<a>", "it ends before"),
            ("<a/><b/>", "more than one root"),
            ("<a><p:b/></a>", "the prefix `p` is not declared"),
            ("<a p:b=''/>", "the prefix `p` is not declared"),
            (" ", "no element"),
        ] {
            let shown = observe(&mut shape, xml).expect_err(xml).to_string();
            assert!(shown.contains(expected), "{shown}");
        }
        let deep = "<a>".repeat(300);
        assert!(matches!(observe(&mut shape, &deep), Err(ReadError::TooDeep)));
        assert_eq!(shape.nodes.len(), 1);
    }
}
