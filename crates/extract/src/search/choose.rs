//! Chooses one of the values that a path meets.

use std::borrow::Cow;
use std::rc::Rc;

use super::shared::Shared;
use super::walk::{Flow, is_in_order};
use super::{Context, Search};
use crate::document::NodeNo;
use crate::xpath::Path;

/// The value that was chosen.
#[derive(Debug, Clone)]
pub(crate) struct Chosen<'a> {
    /// The node that has it.
    pub(crate) node: NodeNo,
    pub(crate) text: Cow<'a, str>,
    /// Another node has another value.
    pub(crate) is_one_of_several: bool,
}

/// Reads the value of a node; `None` where it has none.
type Read<'r, 'a> = &'r dyn Fn(NodeNo) -> Option<Cow<'a, str>>;

impl<'a, 'x: 'a> Search<'a, 'x> {
    /// Chooses the first node, in document order, that has a value. What many rows have in common is chosen once, so
    /// nodes of one path always have to be read alike.
    pub(crate) fn first_value(
        &self,
        paths: &'a [Path],
        context: Context,
        read: Read<'_, 'a>,
    ) -> Option<Chosen<'a>> {
        let mut chosen: Option<Chosen<'a>> = None;
        let mut choose = |node| match (&mut chosen, read(node)) {
            (_, None) => Flow::Continue(()),
            (None, Some(text)) => {
                chosen = Some(Chosen { node, text, is_one_of_several: false });
                Flow::Continue(())
            }
            (Some(chosen), Some(text)) if chosen.text == text => Flow::Continue(()),
            (Some(chosen), Some(_)) => {
                chosen.is_one_of_several = true;
                Flow::Break(())
            }
        };
        if let [path] = paths {
            match self.direct(path, context) {
                Some((node, steps)) if is_in_order(steps) => {
                    let _ = self.walk_from(path.id, node, steps, &mut choose);
                    return chosen;
                }
                Some(_) => {}
                None => {
                    if let Some(shared) = self.one(path, context) {
                        let first = || first(shared.nodes.iter().copied(), read);
                        return self.remembered(&shared, first);
                    }
                }
            }
        }
        self.visit(paths, context, &mut choose);
        chosen
    }

    /// What has been chosen of something shared, or is chosen now.
    fn remembered(
        &self,
        shared: &Shared<'a>,
        choose: impl FnOnce() -> Option<Chosen<'a>>,
    ) -> Option<Chosen<'a>> {
        let chosen = shared.chosen.get_or_init(choose);
        self.look(chosen.as_ref().map_or(0, |chosen| chosen.text.len()));
        chosen.clone()
    }

    /// What a path that is shared leads to, if it goes down from one node.
    fn one(&self, path: &'a Path, context: Context) -> Option<Rc<Shared<'a>>> {
        if let Some(shared) = self.shared_one(path, context) {
            return Some(shared);
        }
        let mut all = self.shared(path, context);
        if all.len() == 1 { all.pop() } else { None }
    }

    /// Chooses the last node, in document order, that has a value.
    pub(crate) fn last_value(
        &self,
        paths: &'a [Path],
        context: Context,
        read: Read<'_, 'a>,
    ) -> Option<Chosen<'a>> {
        if let [path] = paths
            && self.direct(path, context).is_none()
            && let Some(shared) = self.one(path, context)
        {
            let last = || first(shared.nodes.iter().rev().copied(), read);
            return self.remembered(&shared, last);
        }
        first(self.nodes(paths, context).into_iter().rev(), read)
    }
}

/// The first that has a value, and whether another has another one.
fn first<'a>(mut nodes: impl Iterator<Item = NodeNo>, read: Read<'_, 'a>) -> Option<Chosen<'a>> {
    let (node, text) = nodes.find_map(|node| read(node).map(|text| (node, text)))?;
    let is_one_of_several = nodes.filter_map(read).any(|other| other != text);
    Some(Chosen { node, text, is_one_of_several })
}
