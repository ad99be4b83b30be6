//! Which patterns the elements of a path match, worked out from one element to those in it.

use crate::document::{Link, Namespace, Pattern};
use crate::xpath::{LocalIx, Test};

/// Steps of a pattern that are told apart; a longer one matches more than it should, never less.
const STEPS_MAX: usize = 127;

/// Patterns, each with what it stands for.
#[derive(Debug, Default)]
pub(super) struct PatternSet<'p> {
    patterns: Vec<(&'p [(Link, Test)], usize)>,
}

/// How far the patterns have come at an element.
#[derive(Debug, Clone, Default)]
pub(super) struct Progress {
    live: Vec<Live>,
}

/// One pattern on its way.
#[derive(Debug, Clone, Copy)]
struct Live {
    pattern: u32,
    /// Bit n: its first n steps lead to this very element.
    at: u128,
    /// Bit n: its first n steps lead to this element or one around it, and the next one may be anywhere within.
    within: u128,
}

impl<'p> PatternSet<'p> {
    /// Adds a pattern that stands for something.
    pub(super) fn add(&mut self, pattern: &'p Pattern, stands_for: usize) {
        let n_steps = pattern.len().min(STEPS_MAX);
        self.patterns.push((&pattern[..n_steps], stands_for));
    }

    /// The progress at the document itself.
    pub(super) fn start(&self) -> Progress {
        let mut live = Vec::with_capacity(self.patterns.len());
        for (pattern, (steps, _)) in (0..).zip(&self.patterns) {
            let reaches = steps.first().is_some_and(|(link, _)| *link == Link::Within);
            live.push(Live { pattern, at: 1, within: u128::from(reaches) });
        }
        Progress { live }
    }

    /// The progress at a child.
    pub(super) fn step(
        &self,
        parent: &Progress,
        local: Option<LocalIx>,
        namespace: Namespace,
    ) -> Progress {
        let mut progress = Progress::default();
        for live in &parent.live {
            let (steps, _) = self.patterns[live.pattern as usize];
            let (mut at, mut within) = (0_u128, live.within);
            for (place, (link, test)) in steps.iter().enumerate() {
                let reached = (live.at | live.within) >> place & 1 == 1
                    && (*link == Link::Within || live.at >> place & 1 == 1);
                if !reached || !passes(test, local, namespace) {
                    continue;
                }
                at |= 1 << (place + 1);
                if steps.get(place + 1).is_some_and(|(link, _)| *link == Link::Within) {
                    within |= 1 << (place + 1);
                }
            }
            if at | within != 0 {
                progress.live.push(Live { pattern: live.pattern, at, within });
            }
        }
        progress
    }

    /// Lists what the patterns stand for that lead to this very element.
    pub(super) fn matched<'s>(
        &'s self,
        progress: &'s Progress,
    ) -> impl Iterator<Item = usize> + 's {
        progress.live.iter().filter_map(|live| {
            let (steps, stands_for) = self.patterns[live.pattern as usize];
            (live.at >> steps.len() & 1 == 1).then_some(stands_for)
        })
    }
}

/// Whether a name passes a test.
pub(super) fn passes(test: &Test, local: Option<LocalIx>, namespace: Namespace) -> bool {
    match test {
        Test::Name { local: wanted, space } => Some(*wanted) == local && space.has(namespace),
        Test::AnyIn(space) => space.has(namespace),
        Test::Any | Test::Node => true,
        Test::Text | Test::Loose(_) | Test::Group(_) => false,
    }
}
