//! The loop over a document: tags and the text between them are read here, what is rare is left to quick-xml.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::errors::{Error, IllFormedError};
use quick_xml::events::Event;

use super::attributes::{Attributes, Next, local_start, skip_spaces};
use super::decode::{check_references, decode_text, normalize_lines};
use super::keep::{Destination, Keeper, Open, TooLong};
use super::names::SeenNames;
use super::words::{NameEnd, name_end};
use super::{Document, Flaw, NOWHERE, prolog};
use crate::layout::{Layout, hash_name_in};
use crate::limits::Limits;
use crate::work;

/// The text in which the reference looks for the root element, in characters.
const ROOT_WITHIN: usize = 100;

/// The length of `<![CDATA[`.
const CDATA_START: usize = 9;

/// What the root element is in.
const ABOVE_ROOT: Open = Open { path: 0, contact: NOWHERE, record: NOWHERE, text: NOWHERE };

/// Reads a document whose root element has the given name.
pub(crate) fn read<'x>(
    text: &'x str,
    root: &str,
    layout: &Layout,
    limits: &Limits,
) -> Result<Document<'x>, Flaw> {
    limits.check_document(text.len()).map_err(|over| Flaw::new(over.to_string()))?;
    let (text, n_before) = prolog::clean(text);
    let pass = Pass::new(text, layout, limits);
    pass.run(root).map_err(|flaw| Flaw { at: flaw.at.map(|at| at + n_before), ..flaw })
}

struct Pass<'x, 'p> {
    text: &'x str,
    /// What has not been read yet begins here.
    at: usize,
    limits: &'p Limits,
    keeper: Keeper<'x, 'p>,
    /// The open elements and their names.
    open: Vec<(Open, &'x [u8])>,
    seen: SeenNames<'x>,
    root_seen: bool,
    /// Whether any text between tags is wanted.
    reads_text: bool,
}

impl<'x, 'p> Pass<'x, 'p> {
    fn new(text: &'x str, layout: &'p Layout, limits: &'p Limits) -> Self {
        Self {
            text,
            at: 0,
            limits,
            keeper: Keeper::new(layout),
            open: Vec::new(),
            seen: SeenNames::new(),
            root_seen: false,
            reads_text: layout.reads_text,
        }
    }

    fn run(mut self, root: &str) -> Result<Document<'x>, Flaw> {
        self.check_start(root)?;
        prolog::check_characters(self.text)
            .map_err(|at| Flaw::at(at, "malformed XML: a character that XML does not have"))?;
        let bytes = self.text.as_bytes();
        loop {
            let from = self.at;
            self.between_tags()?;
            if self.reads_text {
                self.keep_text(from, self.at, decode_text)?;
            }
            match bytes.get(self.at + 1) {
                Some(b'/') => self.end_tag()?,
                Some(b'!' | b'?') => self.rare()?,
                Some(_) => self.start_tag()?,
                None => break,
            }
        }
        if !self.open.is_empty() {
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
            return Err(Flaw::other_root(format!(
                "no root element `{root}` within the first {ROOT_WITHIN} characters"
            )));
        }
        Ok(())
    }

    /// Goes on to the next tag, or to the end of the document.
    #[inline]
    fn between_tags(&mut self) -> Result<(), Flaw> {
        let bytes = self.text.as_bytes();
        let start = skip_spaces(bytes, self.at);
        self.at = start;
        if bytes.get(start) == Some(&b'<') || start == bytes.len() {
            return Ok(());
        }
        if self.open.is_empty() {
            return Err(Flaw::at(start, "malformed XML: text outside of the root element"));
        }
        let length = memchr::memchr(b'<', &bytes[start..]);
        self.at = length.map_or(bytes.len(), |length| start + length);
        work::note(self.at - start);
        check_references(&self.text[start..self.at])
            .map_err(|at| Flaw::at(start + at, "malformed XML: `&` that begins no known reference"))
    }

    /// Keeps text that stands directly in the innermost element, if its text is wanted.
    #[cold]
    fn keep_text(
        &mut self,
        from: usize,
        to: usize,
        decode: fn(&'x str) -> Cow<'x, str>,
    ) -> Result<(), Flaw> {
        let slot = self.open.last().map_or(NOWHERE, |(open, _)| open.text);
        if slot == NOWHERE || from == to {
            return Ok(());
        }
        let max = self.limits.attribute_bytes;
        self.keeper
            .add_text(slot, decode(&self.text[from..to]), max)
            .map_err(|TooLong| Flaw::over("attribute_bytes", max, from))
    }

    /// Closes the innermost element.
    #[inline]
    fn end_tag(&mut self) -> Result<(), Flaw> {
        let Some((_, name)) = self.open.pop() else {
            return Err(Flaw::at(self.at, "malformed XML: an end tag without a start tag"));
        };
        let bytes = self.text.as_bytes();
        let after_name = self.at + 2 + name.len();
        work::note(name.len());
        if bytes.get(self.at + 2..after_name) == Some(name) {
            let end = skip_spaces(bytes, after_name);
            if bytes.get(end) == Some(&b'>') {
                self.at = end + 1;
                return Ok(());
            }
        }
        Err(Flaw::at(self.at, "malformed XML: an end tag that closes another element"))
    }

    /// Keeps what is wanted of an element.
    #[inline]
    fn start_tag(&mut self) -> Result<(), Flaw> {
        let tag = self.at;
        let bytes = self.text.as_bytes();
        let is_root = self.open.is_empty();
        if is_root {
            if self.root_seen {
                return Err(Flaw::at(tag, "malformed XML: a second root element"));
            }
            self.root_seen = true;
        }
        let start = tag + 1;
        let NameEnd { at: end, has_colon } = name_end(bytes, start);
        let name = &bytes[start..end];
        let ends_name = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b'/' | b'>');
        let local = local_start(name, has_colon).filter(|_| bytes.get(end).is_none_or(ends_name));
        let Some(local) = local else {
            return Err(Flaw::at(start, "malformed XML: this is no element name"));
        };
        // A root with a prefix is another root.
        let local = if is_root { 0 } else { local };
        let hash = hash_name_in(&bytes[start + local..], name.len() - local);
        let parent = self.open.last().map_or(ABOVE_ROOT, |(open, _)| *open);
        let (open, destination) = self.keeper.enter(parent, &self.text[start + local..end], hash);
        if self.keeper.n_paths() > self.limits.distinct_paths + 1 {
            return Err(Flaw::over("distinct_paths", self.limits.distinct_paths, tag));
        }
        if destination.is_kept() {
            self.check_kept(tag)?;
        }
        let is_empty = self.attributes(&destination, end)?;
        if !is_empty {
            self.open.push((open, name));
            if self.open.len() > self.limits.depth {
                return Err(Flaw::over("depth", self.limits.depth, tag));
            }
        }
        Ok(())
    }

    fn check_kept(&self, tag: usize) -> Result<(), Flaw> {
        if self.keeper.n_contact_elements() > self.limits.contact_elements {
            return Err(Flaw::over("contact_elements", self.limits.contact_elements, tag));
        }
        if self.keeper.n_row_elements() > self.limits.row_elements {
            return Err(Flaw::over("row_elements", self.limits.row_elements, tag));
        }
        Ok(())
    }

    /// Keeps what is wanted of the attributes of an element, which begin at an offset; says whether the element ends
    /// with its tag.
    fn attributes(&mut self, destination: &Destination<'p>, at: usize) -> Result<bool, Flaw> {
        let (text, bytes) = (self.text, self.text.as_bytes());
        let mut attributes = Attributes::new(text, at);
        self.seen.clear();
        loop {
            let attribute = match attributes.next() {
                Ok(Next::Attribute(attribute)) => attribute,
                Ok(Next::End { is_empty }) => {
                    self.at = attributes.at();
                    return Ok(is_empty);
                }
                Err(wrong) => {
                    return Err(Flaw::at(attributes.at(), format!("malformed XML: {wrong}")));
                }
            };
            let local_name = &attribute.name[attribute.local..];
            let hash = hash_name_in(&bytes[attribute.at + attribute.local..], local_name.len());
            if !self.seen.add(attribute.name, hash) {
                let reason = "malformed XML: an attribute that occurs twice";
                return Err(Flaw::at(attributes.at(), reason));
            }
            if self.seen.len() > self.limits.attributes_per_element {
                let max = self.limits.attributes_per_element;
                return Err(Flaw::over("attributes_per_element", max, at));
            }
            if attribute.value_end - attribute.value > self.limits.attribute_bytes {
                return Err(Flaw::over("attribute_bytes", self.limits.attribute_bytes, at));
            }
            let targets = destination.shape.attributes.targets(local_name, hash);
            if !targets.is_empty() && !is_declaration(attribute.name) {
                let raw = &text[attribute.value..attribute.value_end];
                self.keeper.keep(destination, targets, local_name, raw);
            }
        }
    }

    /// Reads a comment, a processing instruction, a declaration, a CDATA section or a document type.
    #[cold]
    fn rare(&mut self) -> Result<(), Flaw> {
        let at = self.at;
        let mut reader = Reader::from_str(&self.text[at..]);
        reader.config_mut().check_comments = true;
        let event = reader
            .read_event()
            .map_err(|err| malformed(&err, at + offset(reader.error_position())))?;
        match event {
            // The text has been decoded: the encoding that it declares says nothing any more.
            Event::Decl(_) if at != 0 => {
                let reason = "malformed XML: a declaration that is not at the start";
                return Err(Flaw::at(at, reason));
            }
            Event::DocType(_) if self.root_seen => {
                return Err(Flaw::at(at, "malformed XML: a document type after the root element"));
            }
            Event::CData(_) if self.open.is_empty() => {
                return Err(Flaw::at(at, "malformed XML: text outside of the root element"));
            }
            Event::CData(data) => {
                let from = at + CDATA_START;
                self.keep_text(from, from + data.len(), normalize_lines)?;
            }
            Event::Decl(_) | Event::Comment(_) | Event::PI(_) | Event::DocType(_) => {}
            Event::Start(_)
            | Event::End(_)
            | Event::Empty(_)
            | Event::Text(_)
            | Event::GeneralRef(_)
            | Event::Eof => return Err(Flaw::at(at, "malformed XML: not well-formed")),
        }
        work::note(offset(reader.buffer_position()));
        self.at = at + offset(reader.buffer_position());
        Ok(())
    }
}

/// Says whether an attribute declares a namespace, which is no attribute to those who read the document.
fn is_declaration(name: &[u8]) -> bool {
    name.starts_with(b"xmlns") && (name.len() == 5 || name[5] == b':')
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
