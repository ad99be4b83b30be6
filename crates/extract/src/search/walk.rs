//! Walks along the steps of a path.

use std::ops::ControlFlow;
use std::rc::Rc;

use super::{Context, Search};
use crate::document::{DOCUMENT, ElementNo, NodeKind, NodeNo};
use crate::xpath::{Axis, Expr, Path, Predicate, Start, Step, Test};

/// So many nodes are found again as quickly as remembered.
const FEW: usize = 4;

/// Whether to go on.
pub(super) type Flow = ControlFlow<()>;

/// What is done with each node.
type Visit<'v> = &'v mut dyn FnMut(NodeNo) -> Flow;

impl Path {
    /// How many steps go up, or stay, before the first that goes down.
    fn n_up(&self) -> usize {
        let stays = |step: &&Step| step.axis.goes_up() || step.axis == Axis::Itself;
        self.steps.iter().take_while(stays).count()
    }

    /// Says whether many nodes have the result in common: it begins at the document, or goes up first.
    pub(super) fn is_common(&self) -> bool {
        self.start == Start::Root || self.steps.first().is_some_and(|step| step.axis.goes_up())
    }
}

/// Says whether a walk meets the nodes in document order and none of them twice.
pub(super) fn is_in_order(steps: &[Step]) -> bool {
    let mut went_deep = false;
    for (place, step) in steps.iter().enumerate() {
        match step.axis {
            Axis::Attribute | Axis::Itself => {}
            Axis::Child if step.test == Test::Text => {}
            Axis::Child if went_deep => return false,
            Axis::Child => {}
            Axis::Descendant | Axis::DescendantOrSelf if went_deep => return false,
            Axis::Descendant | Axis::DescendantOrSelf => went_deep = true,
            Axis::Parent if place == 0 => {}
            // Those that go up again from several nodes meet the same one.
            Axis::Parent => {
                if !steps[..place].iter().all(|before| before.axis == Axis::Parent) {
                    return false;
                }
            }
            Axis::Group if place == 0 => went_deep = true,
            Axis::Ancestor | Axis::AncestorOrSelf | Axis::Group => return false,
        }
    }
    true
}

/// Splits off the first steps that lead to children by their names.
fn split_plain(steps: &[Step]) -> (&[Step], &[Step]) {
    let n_plain = steps.iter().take_while(|step| step.is_plain()).count();
    steps.split_at(n_plain)
}

/// Says whether the only condition is to be the first: `[1]`.
fn is_first(predicates: &[Predicate]) -> bool {
    let [Predicate { condition: Expr::Number(number), .. }] = predicates else { return false };
    number.total_cmp(&1.0).is_eq()
}

impl<'a, 'x: 'a> Search<'a, 'x> {
    /// From where a path goes down, and along which steps. `None` where many nodes may have the result in common, and
    /// it is worth remembering.
    pub(super) fn direct(&self, path: &'a Path, context: Context) -> Option<(NodeNo, &'a [Step])> {
        if !path.is_common() {
            return Some((context.node, &path.steps));
        }
        let (base, down) = self.base(path, context)?;
        self.leads_to_few(path.id, base, down).then_some((base, down))
    }

    /// Says whether steps lead to so few nodes that they are found again as quickly as remembered.
    fn leads_to_few(&self, path: u32, base: NodeNo, down: &'a [Step]) -> bool {
        let (plain, rest) = split_plain(down);
        let (NodeKind::Element(element), [] | [Step { axis: Axis::Attribute, .. }]) =
            (self.tree.kind(base), rest)
        else {
            return false;
        };
        self.look(0);
        let is_without_condition = rest.iter().all(|step| step.predicates.is_empty());
        if plain.is_empty() || !is_without_condition {
            return is_without_condition;
        }
        let mut routes = self.routes.borrow_mut();
        let elements = routes.elements(self.tree, path, element, plain);
        let end = self.tree.end(element);
        elements.is_some_and(|elements| elements.get(FEW).is_none_or(|within| *within >= end))
    }

    /// Adds the nodes of a path, in document order, each once.
    pub(super) fn collect(&self, path: &'a Path, context: Context, found: &mut Vec<NodeNo>) {
        if let Some((node, steps)) = self.direct(path, context) {
            self.collect_from(path.id, node, steps, found);
            return;
        }
        for shared in self.shared(path, context) {
            found.extend(&shared.nodes);
            self.look(shared.nodes.len());
        }
        found.sort_unstable();
        found.dedup();
    }

    /// Adds the nodes to which the steps of a path lead that go down, or to which those lead that go up.
    pub(super) fn collect_from(
        &self,
        path: u32,
        node: NodeNo,
        steps: &'a [Step],
        found: &mut Vec<NodeNo>,
    ) {
        let _ = self.walk_from(path, node, steps, &mut |node| {
            found.push(node);
            Flow::Continue(())
        });
        if !is_in_order(steps) {
            found.sort_unstable();
            found.dedup();
        }
    }

    /// Finds what a path that is shared leads to: one result for each node from which it goes down.
    pub(super) fn shared(&self, path: &'a Path, context: Context) -> Vec<Rc<super::Shared<'a>>> {
        let (up, down) = path.steps.split_at(path.n_up());
        let mut bases = Vec::new();
        match path.start {
            Start::Root => self.collect_from(path.id, NodeNo::element(DOCUMENT), up, &mut bases),
            Start::Context => self.collect_from(path.id, context.node, up, &mut bases),
        }
        bases.into_iter().map(|base| self.shared_at(path.id, base, down)).collect()
    }

    /// The same where there is just one node from which the path goes down, as is usual: `../name`, `/root/name`.
    pub(super) fn shared_one(
        &self,
        path: &'a Path,
        context: Context,
    ) -> Option<Rc<super::Shared<'a>>> {
        let (base, down) = self.base(path, context)?;
        Some(self.shared_at(path.id, base, down))
    }

    /// The node from which a path goes down, if there is just one, and the steps down.
    fn base(&self, path: &'a Path, context: Context) -> Option<(NodeNo, &'a [Step])> {
        let (up, down) = path.steps.split_at(path.n_up());
        let mut base = match path.start {
            Start::Root => NodeNo::element(DOCUMENT),
            Start::Context => context.node,
        };
        for step in up {
            base = NodeNo::element(self.one_up(base, step)?);
        }
        Some((base, down))
    }

    /// The one element to which a step up leads, if that is easily found.
    fn one_up(&self, node: NodeNo, step: &'a Step) -> Option<ElementNo> {
        let tree = self.tree;
        let is_nearest = is_first(&step.predicates);
        if !is_nearest && !step.predicates.is_empty() {
            return None;
        }
        let (owner, element) = match tree.kind(node) {
            NodeKind::Element(element) => (None, element),
            NodeKind::Attribute { owner, .. } | NodeKind::Text { owner, .. } => {
                (Some(owner), owner)
            }
        };
        if step.axis == Axis::Parent && step.test == Test::Node {
            return owner.or_else(|| tree.parent(element));
        }
        if step.axis != Axis::Ancestor {
            return None;
        }
        let mut next = owner.or_else(|| tree.around(element));
        let mut found = None;
        while let Some(around) = next {
            self.look(0);
            if tree.passes(around, &step.test) {
                if is_nearest || found.is_some() {
                    return is_nearest.then_some(around);
                }
                found = Some(around);
            }
            next = tree.around(around);
        }
        found
    }

    /// Says whether a path meets any node.
    pub(super) fn exists(&self, path: &'a Path, context: Context) -> bool {
        if let Some((node, steps)) = self.direct(path, context) {
            return self.walk_from(path.id, node, steps, &mut |_| Flow::Break(())).is_break();
        }
        if let Some(shared) = self.shared_one(path, context) {
            return !shared.nodes.is_empty();
        }
        self.shared(path, context).iter().any(|shared| !shared.nodes.is_empty())
    }

    /// The first node of paths, in document order.
    pub(crate) fn first(&self, paths: &'a [Path], context: Context) -> Option<NodeNo> {
        if let [path] = paths
            && let Some((node, steps)) = self.direct(path, context)
            && is_in_order(steps)
        {
            let mut first = None;
            let _ = self.walk_from(path.id, node, steps, &mut |node| {
                first = Some(node);
                Flow::Break(())
            });
            return first;
        }
        let firsts = paths.iter().filter_map(|path| {
            if path.is_common() {
                if let Some(shared) = self.shared_one(path, context) {
                    return shared.nodes.first().copied();
                }
                let shared = self.shared(path, context);
                return shared.iter().filter_map(|shared| shared.nodes.first().copied()).min();
            }
            let mut found = Vec::new();
            self.collect(path, context, &mut found);
            found.first().copied()
        });
        firsts.min()
    }

    /// Visits nodes of paths in document order until the visitor has what it wants.
    pub(crate) fn visit(&self, paths: &'a [Path], context: Context, visit: Visit<'_>) {
        if let [path] = paths
            && let Some((node, steps)) = self.direct(path, context)
            && is_in_order(steps)
        {
            let _ = self.walk_from(path.id, node, steps, visit);
            return;
        }
        let nodes = self.nodes(paths, context);
        let _ = nodes.into_iter().try_for_each(visit);
    }

    /// Walks along the steps of a path from a node. Children by their names, with which most paths begin, are found
    /// at once.
    pub(super) fn walk_from(
        &self,
        path: u32,
        node: NodeNo,
        steps: &'a [Step],
        visit: Visit<'_>,
    ) -> Flow {
        let (plain, rest) = split_plain(steps);
        let NodeKind::Element(element) = self.tree.kind(node) else {
            return self.walk(node, steps, visit);
        };
        if plain.is_empty() {
            return self.walk(node, steps, visit);
        }
        self.look(0);
        let Some(elements) = self.routes.borrow_mut().elements(self.tree, path, element, plain)
        else {
            return self.walk(node, steps, visit);
        };
        let end = self.tree.end(element);
        for within in elements.iter().take_while(|within| **within < end) {
            self.look(0);
            if self.is_over() {
                return Flow::Break(());
            }
            self.walk(NodeNo::element(*within), rest, visit)?;
        }
        Flow::Continue(())
    }

    /// Walks along steps from a node.
    fn walk(&self, node: NodeNo, steps: &'a [Step], visit: Visit<'_>) -> Flow {
        let Some((step, rest)) = steps.split_first() else { return visit(node) };
        self.look(0);
        if self.is_over() {
            return Flow::Break(());
        }
        if step.predicates.iter().any(|predicate| predicate.is_positional) {
            let mut nodes = Vec::new();
            self.along(node, step, &mut |node| {
                nodes.push(node);
                Flow::Continue(())
            })?;
            self.look(nodes.len());
            self.filter(&mut nodes, step);
            return nodes.into_iter().try_for_each(|node| self.walk(node, rest, visit));
        }
        self.along(node, step, &mut |node| {
            let context = Context::of(node);
            let holds = step.predicates.iter().all(|it| self.predicate(it, context));
            if holds { self.walk(node, rest, visit) } else { Flow::Continue(()) }
        })
    }

    /// Keeps the nodes for which the predicates of a step hold, which may ask for their positions.
    fn filter(&self, nodes: &mut Vec<NodeNo>, step: &'a Step) {
        for predicate in &step.predicates {
            let size = nodes.len();
            let mut position = 0;
            nodes.retain(|node| {
                position += 1;
                self.predicate(predicate, Context { node: *node, position, size })
            });
        }
    }

    /// Visits the nodes of an axis that pass the test of a step, in the order of the axis.
    fn along(&self, node: NodeNo, step: &'a Step, visit: Visit<'_>) -> Flow {
        let tree = self.tree;
        let (element, is_element) = match tree.kind(node) {
            NodeKind::Element(element) => (element, true),
            NodeKind::Attribute { owner, .. } | NodeKind::Text { owner, .. } => (owner, false),
        };
        let passes = |element: ElementNo| tree.passes(element, &step.test);
        match step.axis {
            Axis::Group => {
                let Test::Group(paths) = &step.test else { return Flow::Continue(()) };
                self.nodes(paths, Context::of(node)).into_iter().try_for_each(visit)
            }
            Axis::Child | Axis::Descendant | Axis::Attribute if !is_element => Flow::Continue(()),
            Axis::Child => self.children(element, &step.test, visit),
            Axis::Attribute => tree.attributes(element, &step.test).try_for_each(visit),
            Axis::Itself if is_element => {
                if passes(element) {
                    visit(node)
                } else {
                    Flow::Continue(())
                }
            }
            Axis::Itself => {
                let is_text = matches!(tree.kind(node), NodeKind::Text { .. });
                let passes = step.test == Test::Node || (is_text && step.test == Test::Text);
                if passes { visit(node) } else { Flow::Continue(()) }
            }
            Axis::Parent => {
                let parent = if is_element { tree.parent(element) } else { Some(element) };
                match parent.filter(|parent| passes(*parent)) {
                    Some(parent) => visit(NodeNo::element(parent)),
                    None => Flow::Continue(()),
                }
            }
            Axis::Ancestor | Axis::AncestorOrSelf => {
                let mut next = match (step.axis, is_element) {
                    (Axis::Ancestor, true) => tree.around(element),
                    _ => Some(element),
                };
                if step.axis == Axis::AncestorOrSelf && !is_element && step.test == Test::Node {
                    visit(node)?;
                }
                while let Some(element) = next {
                    self.look(0);
                    if passes(element) {
                        visit(NodeNo::element(element))?;
                    }
                    next = tree.around(element);
                }
                Flow::Continue(())
            }
            Axis::Descendant => self.descendants(element, &step.test, visit),
            Axis::DescendantOrSelf => {
                let is_itself = if is_element { passes(element) } else { step.test == Test::Node };
                if is_itself {
                    visit(node)?;
                }
                if is_element {
                    return self.descendants(element, &step.test, visit);
                }
                Flow::Continue(())
            }
        }
    }

    /// Visits the children of an element.
    fn children(&self, element: ElementNo, test: &'a Test, visit: Visit<'_>) -> Flow {
        let tree = self.tree;
        if matches!(test, Test::Text) {
            return tree.texts(element).into_iter().try_for_each(visit);
        }
        if matches!(test, Test::Node) {
            let mut found = tree.texts(element);
            let _ = self.child_elements(element, test, &mut |node| {
                found.push(node);
                Flow::Continue(())
            });
            found.sort_unstable();
            return found.into_iter().try_for_each(visit);
        }
        self.child_elements(element, test, visit)
    }

    fn child_elements(&self, element: ElementNo, test: &'a Test, visit: Visit<'_>) -> Flow {
        let tree = self.tree;
        let (mut child, end) = (element + 1, tree.end(element));
        let mut n_looks = 0;
        while child < end {
            n_looks += 1;
            if tree.is_child(child, element) && tree.passes(child, test) {
                visit(NodeNo::element(child))?;
            }
            child = tree.end(child);
        }
        self.look(n_looks);
        Flow::Continue(())
    }

    /// Visits what is anywhere within an element, in document order.
    fn descendants(&self, element: ElementNo, test: &'a Test, visit: Visit<'_>) -> Flow {
        let tree = self.tree;
        if matches!(test, Test::Text | Test::Node) {
            let mut found = Vec::new();
            for within in element..tree.end(element) {
                self.look(0);
                if within != element && *test == Test::Node {
                    found.push(NodeNo::element(within));
                }
                found.extend(tree.texts(within));
            }
            found.sort_unstable();
            return found.into_iter().try_for_each(visit);
        }
        for within in element + 1..tree.end(element) {
            self.look(0);
            if tree.passes(within, test) {
                visit(NodeNo::element(within))?;
            }
        }
        Flow::Continue(())
    }
}
