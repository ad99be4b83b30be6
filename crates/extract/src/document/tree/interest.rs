//! Which elements of a document some path may need: every path of a contract, seen from the document.

use super::{Namespace, Wanted};
use crate::hash::TextMap;
use crate::layout::hash_name;
use crate::work;
use crate::xpath::{LocalIx, Names, Space, Test};

/// How one element of a pattern is in the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Link {
    /// As its child.
    Child,
    /// Anywhere within it.
    Within,
}

/// The elements from the document to one that a path may meet.
pub(crate) type Pattern = Vec<(Link, Test)>;

/// What is wanted of a document: the patterns of all paths as one tree.
#[derive(Debug)]
pub(crate) struct Interest {
    nodes: Vec<Node>,
    locals: TextMap<LocalIx>,
    local_names: Vec<Box<str>>,
    reads_text: bool,
}

/// A step of a pattern, which is at the same place as that of others.
#[derive(Debug, Default)]
pub(super) struct Node {
    next: Vec<(Link, Test, u32)>,
    /// Whether some next step may be anywhere within.
    reaches: bool,
    text: bool,
    all_attributes: bool,
    attributes: Vec<(LocalIx, Space)>,
    /// Attributes that are wanted in whatever case they are written.
    loose: Vec<LocalIx>,
}

/// What is known of the elements at one path of a document.
#[derive(Debug, Default, Clone)]
pub(super) struct State {
    /// The steps that the element is at.
    pub(super) at: Vec<u32>,
    /// The steps around it whose next ones may be anywhere within.
    pub(super) around: Vec<u32>,
}

impl Interest {
    /// Wants nothing but the document itself.
    pub(crate) fn new() -> Self {
        Self {
            nodes: vec![Node::default()],
            locals: TextMap::default(),
            local_names: Vec::new(),
            reads_text: false,
        }
    }

    /// Wants the elements of a pattern.
    pub(crate) fn want(&mut self, pattern: &[(Link, Test)]) -> u32 {
        let mut at = 0_u32;
        for (link, test) in pattern {
            let next = &self.nodes[at as usize].next;
            let known = next.iter().find(|(other, known, _)| (other, known) == (link, test));
            at = match known {
                Some((.., next)) => *next,
                None => {
                    let place = u32::try_from(self.nodes.len()).expect("a contract is smaller");
                    self.nodes.push(Node::default());
                    let node = &mut self.nodes[at as usize];
                    node.next.push((*link, test.clone(), place));
                    node.reaches |= *link == Link::Within;
                    place
                }
            };
        }
        at
    }

    /// Wants the text of the elements of a pattern, too.
    pub(crate) fn want_text(&mut self, pattern: &[(Link, Test)]) {
        // The text of the document is that of its root element.
        let root = [(Link::Child, Test::Any)];
        let at = self.want(if pattern.is_empty() { &root } else { pattern });
        self.nodes[at as usize].text = true;
        self.reads_text = true;
    }

    /// Wants attributes of the elements of a pattern, too.
    pub(crate) fn want_attribute(&mut self, pattern: &[(Link, Test)], test: &Test) {
        let at = self.want(pattern);
        let node = &mut self.nodes[at as usize];
        match test {
            Test::Name { local, space } => {
                let wanted = (*local, space.clone());
                if !node.attributes.contains(&wanted) {
                    node.attributes.push(wanted);
                }
            }
            Test::Loose(local) => {
                let wanted = (*local, Space::Nowhere);
                if !node.attributes.contains(&wanted) {
                    node.attributes.push(wanted);
                }
                if !node.loose.contains(local) {
                    node.loose.push(*local);
                }
            }
            Test::Any | Test::AnyIn(_) | Test::Node => node.all_attributes = true,
            Test::Text | Test::Group(_) => {}
        }
    }

    /// Takes over the names, once all paths are known.
    pub(crate) fn finish(&mut self, names: &Names) {
        self.local_names = names.locals().map(Into::into).collect();
        for (name, number) in self.local_names.iter().zip(0..) {
            self.locals.insert(name.clone(), number);
        }
    }

    pub(super) fn reads_text(&self) -> bool {
        self.reads_text
    }

    pub(super) fn local(&self, name: &str) -> Option<LocalIx> {
        self.locals.get(name).copied()
    }

    pub(super) fn name(&self, local: LocalIx) -> &str {
        &self.local_names[local as usize]
    }

    /// What is known of the document itself.
    pub(super) fn start(&self) -> State {
        State { at: vec![0], around: Vec::new() }
    }

    /// What is known of a child.
    pub(super) fn step(
        &self,
        parent: &State,
        local: Option<LocalIx>,
        namespace: Namespace,
    ) -> State {
        let mut state = State { at: Vec::new(), around: parent.around.clone() };
        let reaching = parent.at.iter().filter(|at| self.nodes[**at as usize].reaches);
        for at in reaching {
            if !state.around.contains(at) {
                state.around.push(*at);
            }
        }
        let passes = |test: &Test| match test {
            Test::Name { local: wanted, space } => Some(*wanted) == local && space.has(namespace),
            Test::AnyIn(space) => space.has(namespace),
            Test::Any | Test::Node => true,
            Test::Text | Test::Loose(_) | Test::Group(_) => false,
        };
        let mut enter = |from: u32, is_child: bool| {
            for (link, test, next) in &self.nodes[from as usize].next {
                work::note(1);
                let reached = is_child || *link == Link::Within;
                if reached && passes(test) && !state.at.contains(next) {
                    state.at.push(*next);
                }
            }
        };
        parent.at.iter().for_each(|at| enter(*at, true));
        parent.around.iter().for_each(|at| enter(*at, false));
        state
    }

    /// Says whether the text of elements in a state is wanted.
    pub(super) fn wants_text(&self, state: &State) -> bool {
        state.at.iter().any(|at| self.nodes[*at as usize].text)
    }

    pub(super) fn wants_all_attributes(&self, state: &State) -> bool {
        state.at.iter().any(|at| self.nodes[*at as usize].all_attributes)
    }

    /// The attributes that are wanted in whatever case they are written.
    pub(super) fn loose_attributes(&self, state: &State) -> Vec<LocalIx> {
        let mut wanted = Vec::new();
        for local in state.at.iter().flat_map(|at| &self.nodes[*at as usize].loose) {
            if !wanted.contains(local) {
                wanted.push(*local);
            }
        }
        wanted
    }

    pub(super) fn wanted_attributes(&self, state: &State) -> Vec<Wanted> {
        let mut wanted: Vec<Wanted> = Vec::new();
        for at in &state.at {
            for (local, space) in &self.nodes[*at as usize].attributes {
                let hash = hash_name(self.name(*local).as_bytes());
                let attribute = Wanted { hash, local: *local, space: space.clone() };
                if !wanted.contains(&attribute) {
                    wanted.push(attribute);
                }
            }
        }
        wanted
    }
}
