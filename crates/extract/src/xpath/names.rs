//! The names in the paths of one contract: prefixes, namespaces, local names, and paths that have a name.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::LocalIx;
use crate::document::Namespace;

/// Which namespaces a name may be in.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Space {
    /// In any, or in none.
    Any,
    /// In none.
    Nowhere,
    /// In one of these.
    OneOf(Arc<[Namespace]>),
}

impl Space {
    /// Says whether a namespace is one of these.
    #[inline]
    pub(crate) fn has(&self, namespace: Namespace) -> bool {
        match self {
            Self::Any => true,
            Self::Nowhere => namespace == Namespace::NONE,
            Self::OneOf(list) => list.contains(&namespace),
        }
    }

    /// Says whether a name may be in both.
    pub(crate) fn meets(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Any, _) | (_, Self::Any) | (Self::Nowhere, Self::Nowhere) => true,
            (Self::Nowhere, Self::OneOf(list)) | (Self::OneOf(list), Self::Nowhere) => {
                list.contains(&Namespace::NONE)
            }
            (Self::OneOf(list), Self::OneOf(other)) => list.iter().any(|it| other.contains(it)),
        }
    }
}

/// The names of a contract.
#[derive(Debug, Default)]
pub(crate) struct Names {
    /// Namespaces by number.
    uris: Vec<String>,
    prefixes: BTreeMap<String, Space>,
    /// Local names by number, and the other way round.
    locals: Vec<Arc<str>>,
    local_numbers: BTreeMap<Arc<str>, LocalIx>,
    /// Texts of paths and conditions that have a name.
    pub(super) lets: BTreeMap<String, String>,
    n_paths: u32,
}

impl Names {
    /// Names with the prefixes that need no declaration.
    pub(crate) fn new() -> Self {
        let mut names = Self::default();
        for (prefix, namespace) in [("xml", Namespace::XML), ("xsi", Namespace::SCHEMA_INSTANCE)] {
            names.prefixes.insert(prefix.to_owned(), Space::OneOf(Arc::new([namespace])));
        }
        names
    }

    /// Lets a prefix stand for namespaces.
    pub(crate) fn declare(&mut self, prefix: &str, uris: &[String]) {
        let numbers = uris.iter().map(|uri| self.namespace(uri)).collect();
        self.prefixes.insert(prefix.to_owned(), Space::OneOf(numbers));
    }

    /// Gives a path or a condition a name.
    pub(crate) fn define(&mut self, name: &str, text: &str) {
        self.lets.insert(name.to_owned(), text.to_owned());
    }

    fn namespace(&mut self, uri: &str) -> Namespace {
        if let Some(known) = Namespace::of_every_document(uri) {
            return known;
        }
        let place = self.uris.iter().position(|known| known == uri).unwrap_or_else(|| {
            self.uris.push(uri.to_owned());
            self.uris.len() - 1
        });
        Namespace::declared(place)
    }

    /// The namespaces of the contract, by number.
    pub(crate) fn uris(&self) -> &[String] {
        &self.uris
    }

    /// What a prefix stands for.
    pub(crate) fn space(&self, prefix: &str) -> Option<&Space> {
        self.prefixes.get(prefix)
    }

    /// Lists the prefixes.
    pub(crate) fn prefixes(&self) -> impl Iterator<Item = &str> {
        self.prefixes.keys().map(String::as_str)
    }

    /// Lists the names of paths.
    pub(crate) fn lets(&self) -> impl Iterator<Item = &str> {
        self.lets.keys().map(String::as_str)
    }

    /// Numbers a local name.
    pub(crate) fn local(&mut self, name: &str) -> LocalIx {
        if let Some(known) = self.local_numbers.get(name) {
            return *known;
        }
        let number = LocalIx::try_from(self.locals.len()).expect("a contract is smaller than that");
        let name: Arc<str> = name.into();
        self.locals.push(Arc::clone(&name));
        self.local_numbers.insert(name, number);
        number
    }

    /// Returns the text of a local name.
    pub(crate) fn text(&self, local: LocalIx) -> &str {
        &self.locals[local as usize]
    }

    /// Lists the local names, by number.
    pub(crate) fn locals(&self) -> impl Iterator<Item = &str> {
        self.locals.iter().map(|name| &**name)
    }

    /// The number of a local name, if any path has it.
    pub(crate) fn find(&self, name: &str) -> Option<LocalIx> {
        self.local_numbers.get(name).copied()
    }

    /// A prefix that stands for a namespace.
    pub(crate) fn prefix_of(&self, namespace: Namespace) -> Option<&str> {
        let stands_for = |space: &Space| match space {
            Space::OneOf(list) => list.contains(&namespace),
            Space::Any | Space::Nowhere => false,
        };
        let mut prefixes = self.prefixes.iter();
        prefixes.find(|(_, space)| stands_for(space)).map(|(prefix, _)| prefix.as_str())
    }

    /// Numbers a path.
    pub(super) fn next_path(&mut self) -> u32 {
        self.n_paths += 1;
        self.n_paths
    }
}
