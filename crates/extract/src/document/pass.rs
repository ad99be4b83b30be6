//! The loop over a document: tags and the text between them are read here, what is rare is left to quick-xml.

use super::attributes::{Attribute, Attributes, Next, skip_spaces};
use super::decode::check_references;
use super::keeping::{Keep, PlainAttribute, PrefixedAttribute, TextKind, TooLong};
use super::names::SeenNames;
use super::namespaces::{Namespace, Namespaces};
use super::prefixed::{Name, Prefixed};
use super::qualified::local_start;
use super::words::name_end;
use super::{Flaw, prolog};
use crate::layout::hash_name_in;
use crate::limits::Limits;
use crate::work;

/// The longest name in a message, in characters.
pub(super) const NAME_CHARS_MAX: usize = 64;

/// Reads a document and lets a keeper keep what it wants of it.
pub(super) fn read<'x, K: Keep<'x>>(
    text: &'x str,
    keeper: impl FnOnce(&'x str) -> K,
    namespaces: Namespaces<'x>,
    limits: &Limits,
) -> Result<K, Flaw> {
    limits.check_document(text.len()).map_err(|over| Flaw::new(over.to_string()))?;
    let whole = text;
    let (text, n_before) = prolog::clean(text);
    let pass = Pass::new(text, keeper(text), namespaces, limits);
    pass.run().map_err(|flaw| flaw.located(whole, n_before))
}

pub(super) struct Pass<'x, 'p, K: Keep<'x>> {
    pub(super) text: &'x str,
    /// What has not been read yet begins here.
    pub(super) at: usize,
    limits: &'p Limits,
    keeper: K,
    /// The open elements and their names.
    pub(super) open: Vec<(K::Open, &'x [u8])>,
    seen: SeenNames<'x>,
    namespaces: Namespaces<'x>,
    /// The attributes with a prefix of the element in hand.
    prefixed: Vec<Prefixed<'x>>,
    pub(super) root_seen: bool,
    pub(super) doctype_seen: bool,
    /// Whether any text between tags is wanted.
    reads_text: bool,
}

impl<'x, 'p, K: Keep<'x>> Pass<'x, 'p, K> {
    fn new(text: &'x str, keeper: K, namespaces: Namespaces<'x>, limits: &'p Limits) -> Self {
        let reads_text = keeper.reads_text();
        Self {
            text,
            at: 0,
            limits,
            keeper,
            open: Vec::new(),
            seen: SeenNames::new(),
            namespaces,
            prefixed: Vec::new(),
            root_seen: false,
            doctype_seen: false,
            reads_text,
        }
    }

    fn run(mut self) -> Result<K, Flaw> {
        if self.text.is_empty() {
            return Err(Flaw::new("the document is empty"));
        }
        if !self.text.starts_with('<') {
            return Err(Flaw::malformed(0, "a document begins with `<`"));
        }
        prolog::check_characters(self.text)
            .map_err(|at| Flaw::malformed(at, "a character that XML 1.0 does not allow"))?;
        let bytes = self.text.as_bytes();
        loop {
            let from = self.at;
            self.between_tags()?;
            if self.reads_text && from < self.at {
                self.keep_text(from, self.at, TextKind::Written)?;
            }
            match bytes.get(self.at + 1) {
                Some(b'/') => self.end_tag()?,
                Some(b'!' | b'?') => self.rare()?,
                Some(_) => self.start_tag()?,
                None => break,
            }
        }
        self.check_end()?;
        self.keeper.take_namespaces(self.namespaces);
        Ok(self.keeper)
    }

    /// Makes sure that a text which has ended is a whole document.
    fn check_end(&self) -> Result<(), Flaw> {
        let end = self.text.len();
        if let Some((_, name)) = self.open.last() {
            let name = shorten(name);
            let since = self.tag_of(self.open.len() - 1);
            return Err(Flaw::cut(end, format_args!("the element `{name}`"), since));
        }
        if self.at < end {
            return Err(Flaw::cut(end, "a tag", self.at));
        }
        if !self.root_seen {
            return Err(Flaw::malformed(end, "the document ends before its root element"));
        }
        Ok(())
    }

    /// Where the tag of an open element begins.
    fn tag_of(&self, place: usize) -> usize {
        // Its name is a part of the text.
        let name = self.open[place].1;
        name.as_ptr() as usize - self.text.as_ptr() as usize - 1
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
            return Err(Flaw::malformed(start, "text outside of the root element"));
        }
        // Most texts have neither `>` nor `&` in them.
        let stop = memchr::memchr3(b'<', b'>', b'&', &bytes[start..]);
        work::note(stop.unwrap_or(bytes.len() - start));
        match stop {
            Some(length) if bytes[start + length] == b'<' => {
                self.at = start + length;
                Ok(())
            }
            Some(_) | None => self.rare_text(start),
        }
    }

    /// Goes on to the next tag from the beginning of a text that has `>` or `&` in it, or that nothing follows.
    #[inline(never)]
    fn rare_text(&mut self, start: usize) -> Result<(), Flaw> {
        let bytes = self.text.as_bytes();
        let mut at = start;
        while let Some(length) = memchr::memchr2(b'<', b'>', &bytes[at..]) {
            work::note(length);
            at += length;
            if bytes[at] == b'<' {
                break;
            }
            if bytes[start..at].ends_with(b"]]") {
                let reason = "`]]>` in text, which ends a CDATA section; it is written `]]&gt;`";
                return Err(Flaw::malformed(at - 2, reason));
            }
            at += 1;
        }
        if bytes.get(at) != Some(&b'<') {
            self.at = bytes.len();
            return self.check_end();
        }
        self.at = at;
        work::note(at - start);
        check_references(&self.text[start..self.at])
            .map_err(|bad| Flaw::malformed(start + bad.at, bad.reason))
    }

    /// Keeps text that stands directly in the innermost element, if its text is wanted.
    #[inline]
    pub(super) fn keep_text(&mut self, from: usize, to: usize, kind: TextKind) -> Result<(), Flaw> {
        let Some((open, _)) = self.open.last() else { return Ok(()) };
        if !K::takes_text(*open) || from == to {
            return Ok(());
        }
        let max = self.limits.attribute_bytes;
        self.keeper
            .add_text(*open, &self.text[from..to], kind, max)
            .map_err(|TooLong| Flaw::over("attribute_bytes", max, from))
    }

    /// Closes the innermost element.
    #[inline]
    fn end_tag(&mut self) -> Result<(), Flaw> {
        let Some((open, name)) = self.open.pop() else {
            return Err(Flaw::malformed(self.at, "an end tag without a start tag"));
        };
        let bytes = self.text.as_bytes();
        let after_name = self.at + 2 + name.len();
        work::note(name.len());
        if bytes.get(self.at + 2..after_name) == Some(name) {
            let end = skip_spaces(bytes, after_name);
            if bytes.get(end) == Some(&b'>') {
                self.at = end + 1;
                self.keeper.leave(open);
                if self.namespaces.has_scope(self.open.len()) {
                    self.namespaces.close(self.open.len());
                }
                return Ok(());
            }
        }
        Err(self.bad_end(name))
    }

    /// Says what is wrong with an end tag.
    #[cold]
    fn bad_end(&self, name: &[u8]) -> Flaw {
        let rest = &self.text.as_bytes()[self.at + 2..];
        let length = rest.len().min(name.len());
        let is_cut = rest[..length] == name[..length] && rest[length..].trim_ascii().is_empty();
        if is_cut {
            return Flaw::cut(self.text.len(), "an end tag", self.at);
        }
        let reason = format!("an end tag that closes another element than `{}`", shorten(name));
        Flaw::malformed(self.at, reason)
    }

    /// Keeps what is wanted of an element.
    #[inline]
    fn start_tag(&mut self) -> Result<(), Flaw> {
        let tag = self.at;
        let bytes = self.text.as_bytes();
        let start = tag + 1;
        let name_end = name_end(bytes, start);
        let end = name_end.at;
        let name = &bytes[start..end];
        let ends_name = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b'/' | b'>');
        let local = local_start(self.text, start, name_end)
            .filter(|_| bytes.get(end).is_some_and(ends_name));
        let Some(local) = local else {
            return Err(self.bad_start(start, end));
        };
        if self.open.is_empty() {
            self.root(tag, &self.text[start + local..end])?;
        }
        let hash = hash_name_in(&bytes[start + local..], name.len() - local);
        let parent = self.open.last().map_or(K::ABOVE_ROOT, |(open, _)| *open);
        let default = self.namespaces.default;
        let (mut open, destination) = if local == 0 {
            self.keeper.enter(parent, &self.text[start..end], hash, default)
        } else {
            let namespace = self.prefix(start, local, end)?;
            let (whole, local) = (&self.text[start..end], &self.text[start + local..end]);
            self.keeper.enter_prefixed(parent, &Name { whole, local, hash, namespace })
        };
        self.keeper.check(&destination, self.limits, tag)?;
        let mut is_empty = false;
        if bytes.get(end) == Some(&b'>') {
            // It has no attributes, as most elements of documents that are made of elements.
            self.at = end + 1;
        } else {
            is_empty = self.attributes(&destination, end)?;
        }
        if self.namespaces.default != default && local == 0 {
            // The element itself has declared it.
            let (name, namespace) = (&self.text[start..end], self.namespaces.default);
            let name = Name { whole: name, local: name, hash, namespace };
            if let Some((again, destination)) = self.keeper.rename(parent, open, &name) {
                open = again;
                is_empty = self.attributes(&destination, end)?;
            }
        }
        if !is_empty {
            self.open.push((open, name));
            if self.open.len() > self.limits.depth {
                return Err(Flaw::over("depth", self.limits.depth, tag));
            }
            return Ok(());
        }
        self.keeper.leave(open);
        if self.namespaces.has_scope(self.open.len()) {
            self.namespaces.close(self.open.len());
        }
        Ok(())
    }

    #[cold]
    fn bad_start(&self, start: usize, end: usize) -> Flaw {
        if end == self.text.len() {
            return Flaw::cut(end, "a tag", start - 1);
        }
        Flaw::malformed(start, "this is no element name")
    }

    /// Makes sure that there is one root element and that it is the one that is looked for.
    #[cold]
    fn root(&mut self, tag: usize, name: &str) -> Result<(), Flaw> {
        if self.root_seen {
            return Err(Flaw::malformed(tag, "a second root element"));
        }
        self.root_seen = true;
        self.keeper.check_root(name)
    }

    /// Finds what the prefix of an element stands for, which the element itself may declare.
    #[inline(never)]
    fn prefix(&mut self, start: usize, local: usize, end: usize) -> Result<Namespace, Flaw> {
        if self.text.as_bytes().get(end) != Some(&b'>') {
            let mut attributes = Attributes::new(self.text, end);
            // What is wrong with the tag is said when it is read.
            while let Ok(Next::Attribute(attribute)) = attributes.next() {
                let Attribute { name, local, at, value, value_end } = attribute;
                self.declare(&Prefixed { name, local, at, value, value_end, hash: 0 })?;
            }
        }
        let prefix = &self.text[start..start + local - 1];
        self.namespaces.get(prefix).ok_or_else(|| unbound(start, prefix))
    }

    /// Reads a declaration, or an attribute with a prefix, which is kept when the tag ends.
    #[cold]
    #[inline(never)]
    fn odd_attribute(&mut self, attribute: Prefixed<'x>) -> Result<(), Flaw> {
        if !self.declare(&attribute)? {
            self.prefixed.push(attribute);
        }
        Ok(())
    }

    /// Notes what an attribute declares; says whether it declares anything.
    fn declare(&mut self, attribute: &Prefixed<'x>) -> Result<bool, Flaw> {
        let prefix = match attribute.name.strip_prefix(b"xmlns") {
            Some(b"") => "",
            Some([b':', ..]) => {
                let at = attribute.at;
                &self.text[at + attribute.local..at + attribute.name.len()]
            }
            Some(_) | None => return Ok(false),
        };
        let raw = &self.text[attribute.value..attribute.value_end];
        self.namespaces
            .declare(self.open.len(), prefix, raw)
            .map_err(|reason| Flaw::malformed(attribute.at, reason))?;
        Ok(true)
    }

    /// Keeps what is wanted of the attributes of an element, which begin at an offset; says whether the element ends
    /// with its tag.
    fn attributes(&mut self, destination: &K::Destination, at: usize) -> Result<bool, Flaw> {
        let (text, bytes) = (self.text, self.text.as_bytes());
        let mut attributes = Attributes::new(text, at);
        self.seen.clear();
        loop {
            let attribute = match attributes.next() {
                Ok(Next::Attribute(attribute)) => attribute,
                Ok(Next::End { is_empty }) => {
                    self.at = attributes.at();
                    if !self.prefixed.is_empty() {
                        self.keep_prefixed(destination)?;
                    }
                    return Ok(is_empty);
                }
                Err(wrong) => return Err(Flaw::malformed(attributes.at(), wrong)),
            };
            let local_name = &attribute.name[attribute.local..];
            let hash = hash_name_in(&bytes[attribute.at + attribute.local..], local_name.len());
            if !self.seen.add(attribute.name, hash) {
                let reason = "an attribute that occurs twice";
                return Err(Flaw::malformed(attributes.at(), reason));
            }
            if self.seen.len() > self.limits.attributes_per_element {
                let max = self.limits.attributes_per_element;
                return Err(Flaw::over("attributes_per_element", max, at));
            }
            if attribute.value_end - attribute.value > self.limits.attribute_bytes {
                return Err(Flaw::over("attribute_bytes", self.limits.attribute_bytes, at));
            }
            if attribute.local > 0 || is_default(attribute.name) {
                // In parts, so that the attribute of every other tag stays in registers.
                let Attribute { name, local, at, value, value_end } = attribute;
                self.odd_attribute(Prefixed { name, local, at, value, value_end, hash })?;
                continue;
            }
            let raw = &text[attribute.value..attribute.value_end];
            let plain = PlainAttribute { name: local_name, hash, raw };
            self.keeper.keep(destination, &plain);
        }
    }

    /// Keeps what is wanted of the attributes with a prefix, whose places those without one have taken before.
    #[cold]
    fn keep_prefixed(&mut self, destination: &K::Destination) -> Result<(), Flaw> {
        let mut prefixed = std::mem::take(&mut self.prefixed);
        let mut known = Vec::with_capacity(prefixed.len());
        for attribute in &prefixed {
            let prefix = &self.text[attribute.at..attribute.at + attribute.local - 1];
            let Some(namespace) = self.namespaces.get(prefix) else {
                return Err(unbound(attribute.at, prefix));
            };
            known.push(PrefixedAttribute {
                name: &attribute.name[attribute.local..],
                namespace,
                hash: attribute.hash,
                at: attribute.at,
                raw: &self.text[attribute.value..attribute.value_end],
            });
        }
        // So that their order in the document means nothing.
        known.sort_unstable_by_key(|it| (it.name, it.namespace, it.at));
        for pair in known.windows(2) {
            let (before, after) = (&pair[0], &pair[1]);
            if (before.name, before.namespace) == (after.name, after.namespace) {
                let reason = "an attribute that occurs twice, by two prefixes of one namespace";
                return Err(Flaw::malformed(after.at, reason));
            }
        }
        self.keeper.keep_prefixed(destination, &known);
        // Its room is of use again.
        prefixed.clear();
        self.prefixed = prefixed;
        Ok(())
    }
}

/// Says whether an attribute declares the namespace of what has no prefix.
#[inline]
fn is_default(name: &[u8]) -> bool {
    name == b"xmlns"
}

#[cold]
fn unbound(at: usize, prefix: &str) -> Flaw {
    let prefix = shorten(prefix.as_bytes());
    Flaw::malformed(
        at,
        format!("the prefix `{prefix}` stands for no namespace: nothing declares it"),
    )
}

/// A name for a message.
pub(super) fn shorten(name: &[u8]) -> String {
    String::from_utf8_lossy(name).chars().take(NAME_CHARS_MAX).collect()
}
