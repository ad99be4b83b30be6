//! Which namespaces the prefixes of a document stand for.

use std::borrow::Cow;
use std::collections::HashMap;

use super::decode::unescape;
use crate::work;

/// What `xml:` stands for, in every document.
const XML: &str = "http://www.w3.org/XML/1998/namespace";

/// What `xmlns:` stands for; nothing else may.
const XMLNS: &str = "http://www.w3.org/2000/xmlns/";

/// The namespace of `xsi:type`, `xsi:nil` and the like, which say something of their element and are none of its values.
const SCHEMA_INSTANCE: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// The number of a namespace in its document. Those that a contract declares have the same in every document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Namespace(u32);

impl Namespace {
    /// That of what has neither a prefix nor a default.
    pub(crate) const NONE: Self = Self(0);
    /// That of `xml:`.
    pub(crate) const XML: Self = Self(1);
    /// That of `xsi:type` and `xsi:nil`.
    pub(crate) const SCHEMA_INSTANCE: Self = Self(2);

    /// The number of a namespace that needs no declaration by a contract.
    pub(crate) fn of_every_document(uri: &str) -> Option<Self> {
        match uri {
            "" => Some(Self::NONE),
            XML => Some(Self::XML),
            SCHEMA_INSTANCE => Some(Self::SCHEMA_INSTANCE),
            _ => None,
        }
    }

    /// The name of a namespace that needs no declaration by a contract.
    pub(crate) fn uri_of_every_document(self) -> Option<&'static str> {
        match self {
            Self::NONE => Some(""),
            Self::XML => Some(XML),
            Self::SCHEMA_INSTANCE => Some(SCHEMA_INSTANCE),
            _ => None,
        }
    }

    /// The number of a namespace by its place among those that a contract declares.
    pub(crate) fn declared(place: usize) -> Self {
        Self(u32::try_from(place).expect("a contract is smaller than that") + 3)
    }

    /// The place of a namespace among those that are declared; `None` for those that every document has.
    pub(crate) fn place_declared(self) -> Option<usize> {
        self.0.checked_sub(3).map(|place| place as usize)
    }

    /// Says whether its attributes are none of a document's values.
    pub(crate) fn is_about_xml(self) -> bool {
        self == Self::XML || self == Self::SCHEMA_INSTANCE
    }
}

/// How well a name fits that a contract writes without a prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// It has a prefix that stands for another namespace than that of the element around it.
    Foreign,
    /// It has a prefix and is of the same namespace as the element around it.
    Family,
    /// It has no prefix.
    Plain,
}

/// How many of the last bindings are gone through before a prefix is looked for among all: most documents have fewer.
const NEAR: usize = 8;

/// What a prefix stands for within one element.
#[derive(Debug)]
struct Binding<'x> {
    prefix: &'x str,
    namespace: Namespace,
    /// What it stood for around the element.
    before: Option<Namespace>,
}

/// The prefixes of the elements that are open. Nothing is noted for documents without declarations.
#[derive(Debug)]
pub(super) struct Namespaces<'x> {
    /// By prefix; the empty one is the default.
    known: HashMap<&'x str, Namespace>,
    /// By name.
    numbers: HashMap<Cow<'x, str>, Namespace>,
    bindings: Vec<Binding<'x>>,
    /// How many elements were open around one that declares something, and how many bindings there were.
    scopes: Vec<(usize, usize)>,
    /// The namespace of names without a prefix.
    pub(super) default: Namespace,
}

impl<'x> Namespaces<'x> {
    pub(super) fn new() -> Self {
        Self {
            known: HashMap::new(),
            numbers: HashMap::new(),
            bindings: Vec::new(),
            scopes: Vec::new(),
            default: Namespace::NONE,
        }
    }

    /// The same where a contract has numbered namespaces of its own.
    pub(super) fn with_numbers(uris: &[String]) -> Self {
        let numbered = uris.iter().enumerate();
        let numbers = numbered
            .map(|(place, uri)| (Cow::Owned(uri.clone()), Namespace::declared(place)))
            .collect();
        Self { numbers, ..Self::new() }
    }

    /// Returns what a prefix stands for.
    pub(super) fn get(&self, prefix: &str) -> Option<Namespace> {
        work::note(1);
        let mut near = self.bindings.iter().rev().take(NEAR);
        if let Some(binding) = near.find(|binding| binding.prefix == prefix) {
            return Some(binding.namespace);
        }
        if prefix == "xml" { Some(Namespace::XML) } else { self.known.get(prefix).copied() }
    }

    /// Binds a prefix, or the default, within an element around which so many others are open.
    pub(super) fn declare(
        &mut self,
        n_open: usize,
        prefix: &'x str,
        raw: &'x str,
    ) -> Result<(), &'static str> {
        work::note(raw.len() + 1);
        let name = unescape(raw);
        if prefix == "xmlns" || name == XMLNS {
            return Err("a declaration of the prefix `xmlns` or of what it stands for");
        }
        if (prefix == "xml") != (name == XML) {
            return Err("a declaration of the prefix `xml` or of what it stands for");
        }
        if name.is_empty() && !prefix.is_empty() {
            return Err("a declaration of a prefix that stands for nothing");
        }
        if prefix == "xml" {
            return Ok(());
        }
        let namespace = self.number(name);
        if self.scopes.last().is_none_or(|(depth, _)| *depth != n_open) {
            self.scopes.push((n_open, self.bindings.len()));
        }
        let before = self.known.insert(prefix, namespace);
        self.bindings.push(Binding { prefix, namespace, before });
        if prefix.is_empty() {
            self.default = namespace;
        }
        Ok(())
    }

    fn number(&mut self, name: Cow<'x, str>) -> Namespace {
        if let Some(known) = Namespace::of_every_document(&name) {
            return known;
        }
        let next = u32::try_from(self.numbers.len()).expect("a document is smaller than that") + 3;
        *self.numbers.entry(name).or_insert(Namespace(next))
    }

    /// The namespaces by their number, those of every document left out.
    pub(super) fn into_numbered(self) -> Vec<String> {
        let mut numbered: Vec<(Namespace, Cow<'x, str>)> =
            self.numbers.into_iter().map(|(name, number)| (number, name)).collect();
        numbered.sort_unstable();
        numbered.into_iter().map(|(_, name)| name.into_owned()).collect()
    }

    /// Says whether an element around which so many others are open declared anything.
    #[inline]
    pub(super) fn has_scope(&self, n_open: usize) -> bool {
        self.scopes.last().is_some_and(|(depth, _)| *depth >= n_open)
    }

    /// Forgets what an element declared that has ended, around which so many others are open.
    #[cold]
    pub(super) fn close(&mut self, n_open: usize) {
        while let Some((depth, n_bindings)) = self.scopes.last().copied() {
            if depth < n_open {
                return;
            }
            self.scopes.pop();
            for binding in self.bindings.drain(n_bindings..).rev() {
                work::note(1);
                match binding.before {
                    Some(before) => self.known.insert(binding.prefix, before),
                    None => self.known.remove(binding.prefix),
                };
                if binding.prefix.is_empty() {
                    self.default = binding.before.unwrap_or(Namespace::NONE);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_are_bound_within_their_element() {
        let mut namespaces = Namespaces::new();
        assert_eq!(namespaces.get("x"), None);
        assert_eq!(namespaces.get("xml"), Some(Namespace::XML));
        namespaces.declare(0, "x", "urn:a").expect("a declaration");
        let outer = namespaces.get("x");
        assert!(namespaces.has_scope(0) && !namespaces.has_scope(1));
        namespaces.declare(1, "x", "urn:b").expect("a declaration");
        namespaces.declare(1, "y", "urn:&#97;").expect("a declaration");
        namespaces.declare(1, "", "urn:a").expect("a declaration");
        assert!(outer.is_some() && namespaces.get("x") != outer);
        assert_eq!(namespaces.get("y"), outer);
        assert_eq!(Some(namespaces.default), outer);
        namespaces.close(1);
        assert_eq!(namespaces.get("x"), outer);
        assert_eq!(namespaces.get("y"), None);
        assert_eq!(namespaces.default, Namespace::NONE);
        namespaces.close(0);
        assert_eq!(namespaces.get("x"), None);
    }

    #[test]
    fn what_cannot_be_declared() {
        let declare = |prefix, name| Namespaces::new().declare(0, prefix, name);
        for (prefix, name) in
            [("xmlns", "urn:a"), ("x", XMLNS), ("xml", "urn:a"), ("x", XML), ("", XML), ("x", "")]
        {
            assert!(declare(prefix, name).is_err(), "`{prefix}` `{name}`");
        }
        assert_eq!(declare("xml", XML), Ok(()));
        assert_eq!(declare("", ""), Ok(()));
        let mut namespaces = Namespaces::new();
        namespaces.declare(0, "i", SCHEMA_INSTANCE).expect("a declaration");
        assert!(namespaces.get("i").expect("a namespace").is_about_xml());
    }
}
