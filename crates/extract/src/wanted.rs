//! Finds out which elements of a document the paths of a contract may need, seen from the document: so only these are
//! kept. It may want more than is needed, never less.

use crate::coverage::{Ask, Leaf, Reader, ReaderIx};
use crate::document::{Interest, Link, Pattern};
use crate::xpath::{Axis, Expr, Kind, Path, Start, Step, Test, excludes};

/// Places in documents: what the elements may be, or those that their attributes or texts are in.
pub(crate) type Patterns = Vec<Pattern>;

/// What of the nodes that an expression meets is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// Their string values.
    Text,
    /// That they are there.
    Presence,
}

/// So many patterns one path may have; what has more (`..` and `ancestor::` behind several `//`) wants everything.
const PATTERNS_MAX: usize = 256;

/// What the paths of a contract want, as far as they have been looked at.
#[derive(Debug)]
pub(crate) struct Wishes {
    pub(crate) interest: Interest,
    /// Where in their texts paths begin that can meet nothing, since the last time this was taken.
    pub(crate) never: Vec<usize>,
    /// Who reads what, for whoever compares documents with the contract.
    pub(crate) asks: Vec<Ask>,
    pub(crate) readers: Vec<Reader>,
    /// What is read now decides something and is no value.
    pub(crate) is_condition: bool,
}

impl Wishes {
    pub(crate) fn new() -> Self {
        Self {
            interest: Interest::new(),
            never: Vec::new(),
            asks: Vec::new(),
            readers: Vec::new(),
            is_condition: false,
        }
    }

    /// Begins what another part of the contract reads.
    pub(crate) fn begin_reader(&mut self, reader: Reader) {
        self.readers.push(reader);
    }

    /// Wants for a condition what `wants` wants.
    pub(crate) fn for_condition<R>(&mut self, wants: impl FnOnce(&mut Self) -> R) -> R {
        let before = std::mem::replace(&mut self.is_condition, true);
        let result = wants(self);
        self.is_condition = before;
        result
    }

    fn ask(&mut self, places: &Patterns, leaf: Leaf) {
        let Some(reader) = self.readers.len().checked_sub(1) else { return };
        let reader = ReaderIx::try_from(reader).expect("a contract is smaller than that");
        let is_condition = self.is_condition;
        self.asks.push(Ask { reader, places: places.clone(), leaf, is_condition });
    }
}

/// Wants what an expression needs where its context is at one of the patterns.
pub(crate) fn want(wishes: &mut Wishes, from: &Patterns, expr: &Expr, need: Need) {
    match expr {
        Expr::Or(left, right) | Expr::And(left, right) => {
            want(wishes, from, left, Need::Presence);
            want(wishes, from, right, Need::Presence);
        }
        Expr::Compare(_, left, right) => {
            // A path beside a condition is one, too.
            let of = |other: &Expr| {
                if other.kind() == Kind::Flag { Need::Presence } else { Need::Text }
            };
            want(wishes, from, left, of(right));
            want(wishes, from, right, of(left));
        }
        Expr::Calculate(_, left, right) => {
            want(wishes, from, left, Need::Text);
            want(wishes, from, right, Need::Text);
        }
        Expr::Negate(inner) => want(wishes, from, inner, Need::Text),
        Expr::Paths(paths) => {
            for path in paths {
                want_path(wishes, from, path, need);
            }
        }
        Expr::Text(_) | Expr::Number(_) => {}
        Expr::Call(function, arguments) => {
            let need = if function.takes_nodes() { Need::Presence } else { Need::Text };
            arguments.iter().for_each(|argument| want(wishes, from, argument, need));
        }
    }
}

/// Wants what a path needs, and returns where it leads.
pub(crate) fn want_path(wishes: &mut Wishes, from: &Patterns, path: &Path, need: Need) -> Patterns {
    let mut places = Patterns::new();
    for (own, mut leaf) in lead(wishes, from, path) {
        if need == Need::Text && leaf == Leaf::Element {
            own.iter().for_each(|place| wishes.interest.want_text(place));
            leaf = Leaf::Text;
        }
        wishes.ask(&own, leaf);
        unite(&mut places, own);
    }
    places
}

/// Wants the way along a path, and returns where it leads: paths in brackets may end at nodes of several kinds.
fn lead(wishes: &mut Wishes, from: &Patterns, path: &Path) -> Vec<(Patterns, Leaf)> {
    let start = match path.start {
        Start::Root => vec![Vec::new()],
        Start::Context => from.clone(),
    };
    let mut ends = vec![(start, Leaf::Element)];
    for step in &path.steps {
        let mut next = Vec::new();
        for (places, leaf) in ends {
            if let Test::Group(paths) = &step.test {
                next.extend(paths.iter().flat_map(|path| lead(wishes, &places, path)));
            } else {
                let found = along(&mut wishes.interest, &places, step, leaf != Leaf::Element);
                next.push((found, leaf_of(step, leaf)));
            }
        }
        ends = next;
        for predicate in &step.predicates {
            for (places, _) in &ends {
                wishes.for_condition(|wishes| {
                    want(wishes, places, &predicate.condition, Need::Presence);
                });
            }
        }
    }
    if ends.iter().all(|(places, _)| places.is_empty()) && !from.is_empty() {
        wishes.never.push(path.at);
    }
    ends
}

/// What a step leads to, seen from what the step before it does.
fn leaf_of(step: &Step, before: Leaf) -> Leaf {
    match step.axis {
        Axis::Attribute => Leaf::Attribute(step.test.clone()),
        Axis::Itself | Axis::Group => before,
        Axis::Child
        | Axis::Parent
        | Axis::Ancestor
        | Axis::AncestorOrSelf
        | Axis::Descendant
        | Axis::DescendantOrSelf
            if step.test == Test::Text =>
        {
            Leaf::OwnText
        }
        Axis::Child
        | Axis::Parent
        | Axis::Ancestor
        | Axis::AncestorOrSelf
        | Axis::Descendant
        | Axis::DescendantOrSelf => Leaf::Element,
    }
}

fn unite(all: &mut Patterns, more: Patterns) {
    for pattern in more {
        if !all.contains(&pattern) {
            all.push(pattern);
        }
    }
}

/// Where a step leads.
fn along(interest: &mut Interest, from: &Patterns, step: &Step, is_leaf: bool) -> Patterns {
    let mut found = Patterns::new();
    let mut add = |pattern: Pattern| {
        if !found.contains(&pattern) {
            found.push(pattern);
        }
    };
    // What is around an attribute or a text begins with the element that it is in.
    let parents =
        |pattern: &Pattern| if is_leaf { vec![pattern.clone()] } else { parents(pattern) };
    for pattern in from {
        match step.axis {
            Axis::Group => {}
            Axis::Attribute => {
                interest.want_attribute(pattern, &step.test);
                add(pattern.clone());
            }
            Axis::Child if step.test == Test::Text => add(pattern.clone()),
            Axis::Child => add(joined(pattern, Link::Child, &step.test)),
            Axis::Descendant => {
                add(joined(pattern, Link::Within, &step.test));
                if step.test == Test::Text {
                    add(pattern.clone());
                }
            }
            Axis::DescendantOrSelf => {
                add(pattern.clone());
                add(joined(pattern, Link::Within, &step.test));
            }
            Axis::Itself if is_leaf => add(pattern.clone()),
            Axis::Itself => narrowed(pattern, &step.test).into_iter().for_each(&mut add),
            Axis::Parent => {
                let passing = parents(pattern).into_iter();
                passing.filter_map(|parent| narrowed(&parent, &step.test)).for_each(&mut add);
            }
            Axis::Ancestor | Axis::AncestorOrSelf => {
                let mut around = if is_leaf { vec![pattern.clone()] } else { Vec::new() };
                if step.axis == Axis::AncestorOrSelf {
                    around.push(pattern.clone());
                }
                ancestors(pattern, &step.test, &mut around);
                let passing = around.into_iter();
                passing.filter_map(|one| narrowed(&one, &step.test)).for_each(&mut add);
            }
        }
    }
    if found.len() > PATTERNS_MAX {
        found = vec![vec![(Link::Within, Test::Any)]];
    }
    if step.test == Test::Text {
        found.iter().for_each(|pattern| interest.want_text(pattern));
    }
    for pattern in &found {
        interest.want(pattern);
    }
    found
}

fn joined(pattern: &Pattern, link: Link, test: &Test) -> Pattern {
    let test = if matches!(test, Test::Node | Test::Text) { Test::Any } else { test.clone() };
    let mut longer = pattern.clone();
    longer.push((link, test));
    longer
}

/// The same place where it passes a test, as closely as is known; `None` where nothing there passes.
fn narrowed(pattern: &Pattern, test: &Test) -> Option<Pattern> {
    let Some((_, last)) = pattern.last() else {
        // The document itself has no name.
        return (*test == Test::Node).then(Pattern::new);
    };
    if excludes(last, test) || *test == Test::Text {
        return None;
    }
    let mut narrow = pattern.clone();
    if let (Test::Any, Some((_, last))) = (last, narrow.last_mut())
        && *test != Test::Node
    {
        *last = test.clone();
    }
    Some(narrow)
}

/// Where what is right around a place may be.
fn parents(pattern: &Pattern) -> Patterns {
    let Some(((link, _), before)) = pattern.split_last() else { return Vec::new() };
    match link {
        Link::Child => vec![before.to_vec()],
        Link::Within => vec![before.to_vec(), joined(&before.to_vec(), Link::Within, &Test::Any)],
    }
}

/// Where what is around a place may be.
fn ancestors(pattern: &Pattern, test: &Test, found: &mut Patterns) {
    for length in 0..pattern.len() {
        let before = pattern[..length].to_vec();
        if pattern[length].0 == Link::Within {
            found.push(joined(&before, Link::Within, test));
        }
        found.push(before);
    }
}
