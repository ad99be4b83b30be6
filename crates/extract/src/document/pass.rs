//! The loop over the events of a document.

use quick_xml::Reader;
use quick_xml::errors::{Error, IllFormedError};
use quick_xml::events::{BytesDecl, BytesRef, BytesStart, Event};

use super::attributes::{Attributes, local_name};
use super::keep::{Destination, Keeper, Open};
use super::names::SeenNames;
use super::{Document, Flaw, NOWHERE, prolog};
use crate::layout::{Layout, hash_name};
use crate::limits::Limits;

/// The text in which the reference looks for the root element, in characters.
const ROOT_WITHIN: usize = 100;

/// Reads a document whose root element has the given name.
pub(crate) fn read<'x>(
    text: &'x str,
    root: &str,
    layout: &Layout,
    limits: &Limits,
) -> Result<Document<'x>, Flaw> {
    if text.len() > limits.document_bytes {
        return Err(Flaw::new(format!(
            "over the limit `document_bytes` of {}",
            limits.document_bytes
        )));
    }
    let (text, n_before) = prolog::clean(text);
    let pass = Pass::new(text, layout, limits);
    pass.run(root).map_err(|flaw| Flaw { at: flaw.at.map(|at| at + n_before), ..flaw })
}

struct Pass<'x, 'p> {
    text: &'x str,
    limits: &'p Limits,
    keeper: Keeper<'x, 'p>,
    open: Vec<Open>,
    seen: SeenNames<'x>,
    root_seen: bool,
}

impl<'x, 'p> Pass<'x, 'p> {
    fn new(text: &'x str, layout: &'p Layout, limits: &'p Limits) -> Self {
        let above_root = Open { path: 0, contact: NOWHERE, is_contact: false };
        let keeper = Keeper::new(layout);
        Self {
            text,
            limits,
            keeper,
            open: vec![above_root],
            seen: SeenNames::new(),
            root_seen: false,
        }
    }

    fn run(mut self, root: &str) -> Result<Document<'x>, Flaw> {
        self.check_start(root)?;
        prolog::check_characters(self.text)
            .map_err(|at| Flaw::at(at, "malformed XML: a character that XML does not have"))?;
        let mut reader = Reader::from_str(self.text);
        let config = reader.config_mut();
        config.check_comments = true;
        config.trim_text(true);
        loop {
            let before = offset(reader.buffer_position());
            let event = reader
                .read_event()
                .map_err(|err| malformed(&err, offset(reader.error_position())))?;
            match event {
                Event::Start(start) => {
                    let open = self.element(&start)?;
                    self.open.push(open);
                    if self.open.len() > self.limits.depth + 1 {
                        return Err(Flaw::over("depth", self.limits.depth, before));
                    }
                }
                Event::Empty(start) => {
                    self.element(&start)?;
                }
                Event::End(_) => {
                    self.open.pop();
                }
                Event::Text(_) | Event::CData(_) => self.expect_inside(before)?,
                Event::GeneralRef(reference) => {
                    self.expect_inside(before)?;
                    check_reference(&reference, before)?;
                }
                Event::Decl(declaration) => check_declaration(&declaration, before)?,
                Event::DocType(_) if self.root_seen => {
                    return Err(Flaw::at(
                        before,
                        "malformed XML: a document type after the root element",
                    ));
                }
                Event::Comment(_) | Event::PI(_) | Event::DocType(_) => {}
                Event::Eof => break,
            }
        }
        if self.open.len() > 1 {
            return Err(Flaw::at(
                self.text.len(),
                "malformed XML: the document ends inside of an element",
            ));
        }
        if !self.root_seen {
            return Err(Flaw::new("malformed XML: no root element"));
        }
        Ok(self.keeper.finish())
    }

    /// Makes sure that the text can be a document for this contract before it is read.
    fn check_start(&self, root: &str) -> Result<(), Flaw> {
        if self.text.is_empty() {
            return Err(Flaw::new("the document is empty"));
        }
        if !self.text.starts_with('<') || !self.text.ends_with('>') {
            return Err(Flaw::new("malformed XML: a document begins with `<` and ends with `>`"));
        }
        let end = self.text.char_indices().nth(ROOT_WITHIN).map_or(self.text.len(), |(at, _)| at);
        let start = format!("<{}", root.to_lowercase());
        if !self.text[..end].to_lowercase().contains(&start) {
            return Err(Flaw::new(format!(
                "no root element `{root}` within the first {ROOT_WITHIN} characters"
            )));
        }
        Ok(())
    }

    fn expect_inside(&self, at: usize) -> Result<(), Flaw> {
        if self.open.len() > 1 {
            Ok(())
        } else {
            Err(Flaw::at(at, "malformed XML: text outside of the root element"))
        }
    }

    /// Keeps what is wanted of an element.
    fn element(&mut self, start: &BytesStart<'_>) -> Result<Open, Flaw> {
        let (at, content) = self.slice(start);
        let parent = *self.open.last().expect("what is above the root is never closed");
        if self.open.len() == 1 {
            if self.root_seen {
                return Err(Flaw::at(at, "malformed XML: a second root element"));
            }
            self.root_seen = true;
        }
        let (name, attributes) = content.split_at(start.name().as_ref().len());
        let Some(local_name) = local_name(name) else {
            return Err(Flaw::at(at, "malformed XML: this is no element name"));
        };
        // A root with a prefix is another root.
        let local_name = if self.open.len() == 1 { name } else { local_name };
        let (open, destination) = self.keeper.enter(parent, local_name);
        if self.keeper.n_paths() > self.limits.distinct_paths + 1 {
            return Err(Flaw::over("distinct_paths", self.limits.distinct_paths, at));
        }
        if self.keeper.n_contact_elements() > self.limits.contact_elements {
            return Err(Flaw::over("contact_elements", self.limits.contact_elements, at));
        }
        self.attributes(Attributes::new(attributes), &destination, at + name.len())?;
        Ok(open)
    }

    /// Keeps what is wanted of the attributes of an element, which begin at an offset.
    fn attributes(
        &mut self,
        mut attributes: Attributes<'x>,
        destination: &Destination<'p>,
        at: usize,
    ) -> Result<(), Flaw> {
        self.seen.clear();
        loop {
            let attribute = match attributes.next() {
                Ok(Some(attribute)) => attribute,
                Ok(None) => return Ok(()),
                Err(wrong) => {
                    return Err(Flaw::at(at + attributes.at(), format!("malformed XML: {wrong}")));
                }
            };
            let hash = hash_name(attribute.local_name.as_bytes());
            if !self.seen.add(attribute.name, hash) {
                let reason = "malformed XML: an attribute that occurs twice";
                return Err(Flaw::at(at + attributes.at(), reason));
            }
            if self.seen.len() > self.limits.attributes_per_element {
                let max = self.limits.attributes_per_element;
                return Err(Flaw::over("attributes_per_element", max, at));
            }
            if attribute.raw.len() > self.limits.attribute_bytes {
                return Err(Flaw::over("attribute_bytes", self.limits.attribute_bytes, at));
            }
            let targets = destination.shape.attributes.targets(attribute.local_name, hash);
            if !targets.is_empty() && !attribute.is_declaration() {
                self.keeper.keep(destination, targets, attribute.local_name, attribute.raw);
            }
        }
    }

    /// Returns what the event holds as a slice of the document, which outlives the event, and where it begins.
    fn slice(&self, start: &BytesStart<'_>) -> (usize, &'x str) {
        let at = (start.as_ptr() as usize).wrapping_sub(self.text.as_ptr() as usize);
        let content = self.text.get(at..at.wrapping_add(start.len()));
        (at, content.expect("events of a slice are slices of it"))
    }
}

/// Refuses a reference in text that means nothing.
fn check_reference(reference: &BytesRef<'_>, at: usize) -> Result<(), Flaw> {
    let known = matches!(&**reference, "amp" | "lt" | "gt" | "quot" | "apos")
        || matches!(reference.resolve_char_ref(), Ok(Some(_)));
    if known {
        Ok(())
    } else {
        Err(Flaw::at(at, "malformed XML: `&` that begins no known reference"))
    }
}

fn check_declaration(declaration: &BytesDecl<'_>, at: usize) -> Result<(), Flaw> {
    if at != 0 {
        return Err(Flaw::at(at, "malformed XML: a declaration that is not at the start"));
    }
    let Some(encoding) = declaration.encoding() else { return Ok(()) };
    let encoding = encoding.map_err(|_| Flaw::at(at, "malformed XML: a broken declaration"))?;
    prolog::check_encoding(&encoding)
}

#[expect(clippy::cast_possible_truncation, reason = "an offset in a text that is in memory")]
fn offset(position: u64) -> usize {
    position as usize
}

/// Says what is wrong without repeating the document.
fn malformed(err: &Error, at: usize) -> Flaw {
    let reason = match err {
        Error::Syntax(syntax) => syntax.to_string(),
        Error::IllFormed(IllFormedError::MismatchedEndTag { .. }) => {
            "an end tag that closes another element".to_owned()
        }
        Error::IllFormed(IllFormedError::UnmatchedEndTag(_)) => {
            "an end tag without a start tag".to_owned()
        }
        Error::IllFormed(IllFormedError::DoubleHyphenInComment) => "`--` in a comment".to_owned(),
        Error::IllFormed(IllFormedError::UnclosedReference) => {
            "`&` that begins no known reference".to_owned()
        }
        Error::Io(_)
        | Error::IllFormed(_)
        | Error::InvalidAttr(_)
        | Error::Encoding(_)
        | Error::Escape(_)
        | Error::Namespace(_) => "not well-formed".to_owned(),
    };
    Flaw::at(at, format!("malformed XML: {reason}"))
}
