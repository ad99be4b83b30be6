//! The elements and attributes that documents have, as a tree of paths: what repeats, what is missing, what values
//! there are. Samples fill it, or a schema does; the tables are made from it.
//!
//! Names are local names: a path of a contract without prefixes matches them in every namespace, and so takes all
//! versions of a format.

use std::collections::BTreeMap;

use crate::values::{SqlType, Values};

/// Different element paths that are remembered; what comes after that is counted as left out. The reader of documents
/// refuses more, too.
const NODES_MAX: usize = 32_768;
/// Attributes that are remembered of all elements together.
const ATTRIBUTES_MAX: usize = 131_072;
/// Namespaces of attributes.
const PREFIXES_MAX: usize = 64;

/// The place of an element in [`Shape::nodes`].
pub(crate) type NodeId = usize;

/// An attribute, or the text of an element.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scalar {
    pub(crate) values: Values,
    /// What a schema says of the type, which then counts more than the values.
    pub(crate) declared: Option<SqlType>,
    /// Whether a schema says that it is always there.
    pub(crate) required: bool,
    /// Two elements beside each other have the same value.
    pub(crate) is_repeated: bool,
}

impl Scalar {
    fn merge(&mut self, other: &Self) {
        self.values.merge(&other.values);
        self.declared = self.declared.or(other.declared);
        self.required &= other.required;
        self.is_repeated |= other.is_repeated;
    }
}

/// All elements at one path.
#[derive(Debug, Clone, Default)]
pub(crate) struct Node {
    pub(crate) name: String,
    pub(crate) parent: Option<NodeId>,
    pub(crate) children: BTreeMap<String, NodeId>,
    /// In the order in which documents have them: columns follow it.
    pub(crate) order: Vec<NodeId>,
    pub(crate) attributes: Vec<(String, Scalar)>,
    /// The places of attributes by name; elements may have a thousand of them.
    attribute_at: BTreeMap<String, usize>,
    /// The text of elements that have no elements in them.
    pub(crate) text: Scalar,
    /// Elements at this path; elements around them that have at least one; the most that one of these has.
    pub(crate) n: u64,
    pub(crate) n_parents: u64,
    pub(crate) n_per_parent_max: u64,
    /// Some of these elements have text beside elements.
    pub(crate) is_mixed: bool,
    /// Elements of the same kind stand in these, at any depth.
    pub(crate) is_recursive: bool,
    /// An element that stood in these has gone into the one around it that is of its kind.
    pub(crate) holds_folded: bool,
    /// Whether a schema says that the element around it always has one.
    pub(crate) required: bool,
}

impl Node {
    pub(crate) fn repeats(&self) -> bool {
        self.n_per_parent_max > 1
    }

    /// Whether it has text that is a value of its own.
    pub(crate) fn has_text(&self) -> bool {
        self.is_mixed || self.text.values.n > 0 || self.text.declared.is_some()
    }

    fn push_attribute(&mut self, name: &str, scalar: Scalar) -> usize {
        let at = self.attributes.len();
        self.attributes.push((name.to_owned(), scalar));
        self.attribute_at.insert(name.to_owned(), at);
        at
    }

    /// Finds or makes an attribute. `None` when there are too many.
    fn attribute(&mut self, name: &str, n_attributes: &mut usize) -> Option<&mut Scalar> {
        let at = match self.attribute_at.get(name) {
            Some(&at) => at,
            None if *n_attributes >= ATTRIBUTES_MAX => return None,
            None => {
                *n_attributes += 1;
                self.push_attribute(name, Scalar::default())
            }
        };
        Some(&mut self.attributes[at].1)
    }
}

/// The tree. Node 0 stands for the document; its only child is the root element.
#[derive(Debug, Clone)]
pub(crate) struct Shape {
    pub(crate) nodes: Vec<Node>,
    n_attributes: usize,
    /// Prefixes of the namespaces of attributes: paths have to write them.
    pub(crate) prefixes: Vec<(String, String)>,
    /// Whether a schema has said what is required.
    pub(crate) has_schema: bool,
    /// Elements and attributes for which there was no room.
    pub(crate) n_over: u64,
}

impl Default for Shape {
    fn default() -> Self {
        Self {
            nodes: vec![Node::default()],
            n_attributes: 0,
            prefixes: Vec::new(),
            has_schema: false,
            n_over: 0,
        }
    }
}

impl Shape {
    pub(crate) const DOCUMENT: NodeId = 0;

    /// Finds or makes the child of an element. `None` when there are too many.
    pub(crate) fn child(&mut self, parent: NodeId, name: &str) -> Option<NodeId> {
        if let Some(&id) = self.nodes[parent].children.get(name) {
            return Some(id);
        }
        if self.nodes.len() >= NODES_MAX {
            self.n_over += 1;
            return None;
        }
        let id = self.nodes.len();
        self.nodes.push(Node { name: name.to_owned(), parent: Some(parent), ..Node::default() });
        self.nodes[parent].children.insert(name.to_owned(), id);
        self.nodes[parent].order.push(id);
        Some(id)
    }

    /// Finds or makes the attribute of an element. `None` when there are too many.
    pub(crate) fn attribute(&mut self, node: NodeId, name: &str) -> Option<&mut Scalar> {
        let found = self.nodes[node].attribute(name, &mut self.n_attributes);
        if found.is_none() {
            self.n_over += 1;
        }
        found
    }

    /// The name of an attribute in a namespace, as paths write it: with the prefix of the first document, unless that
    /// stands for another namespace already. `None` when there are too many namespaces.
    pub(crate) fn prefixed(&mut self, uri: &str, prefix: &str, name: &str) -> Option<String> {
        let known = self.prefixes.iter().find(|(_, known)| known == uri);
        if let Some((prefix, _)) = known {
            return Some(format!("{prefix}:{name}"));
        }
        if self.prefixes.len() >= PREFIXES_MAX {
            self.n_over += 1;
            return None;
        }
        let is_free = |wanted: &str| self.prefixes.iter().all(|(known, _)| known != wanted);
        let numbered = (2..).map(|number| format!("{prefix}{number}"));
        let free = std::iter::once(prefix.to_owned()).chain(numbered).find(|name| is_free(name));
        let prefix = free?;
        let written = format!("{prefix}:{name}");
        self.prefixes.push((prefix, uri.to_owned()));
        Some(written)
    }

    /// The path of an element from the document, such as `/Order/Lines/Line`.
    pub(crate) fn path(&self, id: NodeId) -> String {
        let mut names = Vec::new();
        let mut at = id;
        while let Some(parent) = self.nodes[at].parent {
            names.push(self.nodes[at].name.as_str());
            at = parent;
        }
        names.iter().rev().map(|name| format!("/{name}")).collect()
    }

    /// Turns elements that stand in elements of their own kind, such as sections in sections, into one node: otherwise
    /// each depth that the samples happen to have would become a table of its own.
    pub(crate) fn fold_recursion(&mut self) {
        // Nodes come after their parents, so the outermost is found first and takes in everything below.
        for id in 1..self.nodes.len() {
            if self.is_folded(id) {
                continue;
            }
            while let Some(inner) = self.recursion(id) {
                self.fold(id, inner);
            }
        }
    }

    /// Whether the node, or one around it, has gone into another.
    fn is_folded(&self, id: NodeId) -> bool {
        let mut at = id;
        while let Some(parent) = self.nodes[at].parent {
            if self.nodes[parent].children.get(&self.nodes[at].name) != Some(&at) {
                return true;
            }
            at = parent;
        }
        at != Self::DOCUMENT
    }

    /// The first element below `outer` that is of its kind.
    fn recursion(&self, outer: NodeId) -> Option<NodeId> {
        let mut waiting: Vec<NodeId> = self.nodes[outer].order.clone();
        while let Some(id) = waiting.pop() {
            if self.is_same_kind(outer, id) {
                return Some(id);
            }
            waiting.extend(&self.nodes[id].order);
        }
        None
    }

    /// The same name in elements of the same name; or directly in each other, with something in common: a `name` in a
    /// `name` that only wraps it is not of its kind.
    fn is_same_kind(&self, outer: NodeId, inner: NodeId) -> bool {
        let (out, inn) = (&self.nodes[outer], &self.nodes[inner]);
        if out.name != inn.name {
            return false;
        }
        // The rows of a recursive table are all elements of its name in each other, wherever they stand.
        if out.is_recursive {
            return true;
        }
        let parent_name = |node: &Node| node.parent.map(|id| self.nodes[id].name.as_str());
        let shared_child = inn.children.keys().any(|name| out.children.contains_key(name));
        let shared_attribute =
            inn.attribute_at.keys().any(|name| out.attribute_at.contains_key(name));
        let is_direct = inn.parent == Some(outer);
        parent_name(out) == parent_name(inn) || is_direct && (shared_child || shared_attribute)
    }

    /// Takes `inner` out of the tree and adds what it has to `outer`.
    fn fold(&mut self, outer: NodeId, inner: NodeId) {
        let parent = self.nodes[inner].parent.expect("the inner one stands in the outer one");
        let name = self.nodes[inner].name.clone();
        self.nodes[parent].children.remove(&name);
        self.nodes[parent].order.retain(|id| *id != inner);
        self.nodes[parent].holds_folded = true;
        self.merge(outer, inner);
        self.nodes[outer].is_recursive = true;
        // What stands in itself may stand there several times.
        self.nodes[outer].n_per_parent_max = self.nodes[outer].n_per_parent_max.max(2);
    }

    fn merge(&mut self, into: NodeId, from: NodeId) {
        let taken = std::mem::take(&mut self.nodes[from]);
        let node = &mut self.nodes[into];
        node.n += taken.n;
        node.n_parents += taken.n_parents;
        node.n_per_parent_max = node.n_per_parent_max.max(taken.n_per_parent_max);
        node.is_mixed |= taken.is_mixed;
        node.is_recursive |= taken.is_recursive;
        node.holds_folded |= taken.holds_folded;
        node.text.merge(&taken.text);
        for (name, scalar) in &taken.attributes {
            match node.attribute_at.get(name) {
                Some(&at) => node.attributes[at].1.merge(scalar),
                None => {
                    node.push_attribute(name, scalar.clone());
                }
            }
        }
        for id in taken.order {
            let name = self.nodes[id].name.clone();
            match self.nodes[into].children.get(&name) {
                Some(&known) => self.merge(known, id),
                None => {
                    self.nodes[id].parent = Some(into);
                    self.nodes[into].children.insert(name, id);
                    self.nodes[into].order.push(id);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(paths: &[&str]) -> Shape {
        let mut shape = Shape::default();
        for path in paths {
            let mut at = Shape::DOCUMENT;
            for name in path.split('/') {
                at = match name.strip_prefix('@') {
                    Some(name) => {
                        shape.attribute(at, name).unwrap().values.add("1");
                        at
                    }
                    None => shape.child(at, name).unwrap(),
                };
            }
        }
        shape
    }

    fn paths(shape: &Shape) -> Vec<String> {
        let mut paths = Vec::new();
        let mut waiting = shape.nodes[Shape::DOCUMENT].order.clone();
        while let Some(id) = waiting.pop() {
            let mark = if shape.nodes[id].is_recursive { "*" } else { "" };
            paths.push(shape.path(id) + mark);
            waiting.extend(&shape.nodes[id].order);
        }
        paths.sort();
        paths
    }

    #[test]
    fn sections_in_sections_are_one_node() {
        let mut shape = shape(&[
            "doc/component/body/component/section/title",
            "doc/component/body/component/section/component/section/title",
            "doc/component/body/component/section/component/section/component/section/code/@id",
        ]);
        shape.fold_recursion();
        assert_eq!(
            paths(&shape),
            [
                "/doc",
                "/doc/component",
                "/doc/component/body",
                "/doc/component/body/component",
                "/doc/component/body/component/section*",
                "/doc/component/body/component/section/code",
                "/doc/component/body/component/section/component",
                "/doc/component/body/component/section/title",
            ]
        );
        let section = shape.nodes.iter().find(|node| node.is_recursive).unwrap();
        assert!(section.repeats());
    }

    #[test]
    fn all_elements_of_the_name_in_a_recursive_one_are_taken_in() {
        let mut shape = shape(&["a/r/@x", "a/r/r/@x", "a/r/s/r/t"]);
        shape.fold_recursion();
        assert_eq!(paths(&shape), ["/a", "/a/r*", "/a/r/s", "/a/r/t"]);
    }

    #[test]
    fn lines_directly_in_lines_are_one_node_and_wrappers_are_not() {
        let mut lines = shape(&["a/line/@id", "a/line/line/line/@id", "a/line/line/@id"]);
        lines.fold_recursion();
        assert_eq!(paths(&lines), ["/a", "/a/line*"]);
        let mut wrapped = shape(&["a/names/names/@x", "a/b/b"]);
        wrapped.fold_recursion();
        assert_eq!(paths(&wrapped), ["/a", "/a/b", "/a/b/b", "/a/names", "/a/names/names"]);
    }
}
