//! How counts of paths are written: as JSON, in little room, since every commit of a lease writes them.

use std::sync::Arc;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{OTHER, Path, PathCounts, PathKey, Rank, TOP};

/// Begins the name of an attribute. No name begins so.
const ATTRIBUTE: char = '@';

/// What is written. What is missing is nothing, and what is not known is of a newer build.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Written {
    documents: u64,
    #[serde(default)]
    unlisted: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    beyond: Option<Rank>,
    /// The namespaces by their number.
    namespaces: Vec<String>,
    /// How deep it is, its name, the number of its namespace, documents, times, times with a value. What is in an element
    /// comes right behind it.
    paths: Vec<(u32, String, usize, u64, u64, u64)>,
}

impl PathCounts {
    pub(super) fn written(&self) -> Written {
        let mut namespaces: Vec<String> = Vec::new();
        let paths = self.in_order().into_iter().map(|number| {
            let Path { key, rank: (depth, _), documents, times, filled, .. } = &self.paths[number];
            let known = namespaces.iter().position(|known| **known == *key.namespace);
            let namespace = known.unwrap_or_else(|| {
                namespaces.push(key.namespace.to_string());
                namespaces.len() - 1
            });
            let mut name = String::with_capacity(key.name.len() + 1);
            name.extend(key.is_attribute.then_some(ATTRIBUTE));
            name.push_str(&key.name);
            (*depth, name, namespace, *documents, *times, *filled)
        });
        let paths = paths.collect();
        let (documents, unlisted) = (self.n_documents, self.unlisted);
        Written { documents, unlisted, beyond: self.beyond, namespaces, paths }
    }

    /// Takes over what was written; `None` where it cannot have been written so.
    fn read(written: Written) -> Option<Self> {
        let Written { documents: n_documents, unlisted, beyond, namespaces, paths } = written;
        let namespaces: Vec<Arc<str>> = namespaces.into_iter().map(Arc::from).collect();
        let mut counts = Self { n_documents, unlisted, beyond, ..Self::default() };
        // The elements that are open, the root first.
        let mut open: Vec<u32> = Vec::new();
        for (depth, name, namespace, documents, times, filled) in paths {
            open.truncate(usize::try_from(depth).ok()?.checked_sub(1)?);
            if open.len() + 1 != usize::try_from(depth).ok()? {
                return None;
            }
            let around = open.last().copied().unwrap_or(TOP);
            let (is_attribute, name) = match name.strip_prefix(ATTRIBUTE) {
                Some(name) => (true, name),
                None => (false, name.as_str()),
            };
            let namespace = Arc::clone(namespaces.get(namespace)?);
            let key = PathKey { around, is_attribute, namespace, name: Arc::from(name) };
            let place = counts.place(key);
            if place == OTHER {
                return None;
            }
            let path = &mut counts.paths[place as usize];
            (path.documents, path.times, path.filled) = (documents, times, filled);
            // Nothing is in an attribute.
            if !is_attribute {
                open.push(place);
            }
        }
        Some(counts)
    }
}

impl Serialize for PathCounts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.written().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for PathCounts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = Written::deserialize(deserializer)?;
        Self::read(written).ok_or_else(|| D::Error::custom("these are no counts of paths"))
    }
}
