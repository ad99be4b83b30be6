//! Finds out which elements of a document the paths of a contract may need, seen from the document: so only these are
//! kept. It may want more than is needed, never less.

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
}

impl Wishes {
    pub(crate) fn new() -> Self {
        Self { interest: Interest::new(), never: Vec::new() }
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
    let mut places = match path.start {
        Start::Root => vec![Vec::new()],
        Start::Context => from.clone(),
    };
    let mut is_leaf = false;
    for step in &path.steps {
        places = if let Test::Group(paths) = &step.test {
            let from = std::mem::take(&mut places);
            let lead = |path| want_path(wishes, &from, path, Need::Presence);
            paths.iter().flat_map(lead).collect()
        } else {
            along(&mut wishes.interest, &places, step, is_leaf)
        };
        is_leaf = match step.axis {
            Axis::Group => {
                matches!(&step.test, Test::Group(paths) if paths.iter().any(Path::ends_in_leaf))
            }
            Axis::Attribute => true,
            Axis::Itself => is_leaf,
            Axis::Child
            | Axis::Parent
            | Axis::Ancestor
            | Axis::AncestorOrSelf
            | Axis::Descendant
            | Axis::DescendantOrSelf => step.test == Test::Text,
        };
        for predicate in &step.predicates {
            want(wishes, &places, &predicate.condition, Need::Presence);
        }
    }
    if places.is_empty() && !from.is_empty() {
        wishes.never.push(path.at);
    }
    if need == Need::Text && !is_leaf {
        places.iter().for_each(|place| wishes.interest.want_text(place));
    }
    places
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
