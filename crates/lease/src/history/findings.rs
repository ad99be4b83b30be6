//! What a replay objects to.

use std::collections::BTreeMap;

/// What a history is held to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// Ranges tile the scope at every moment.
    Tiling,
    /// Every change fits the state before it.
    Order,
    /// One owner per range and epoch.
    Owners,
    /// Epochs never fall, and rise with owners alone.
    Epochs,
    /// Terms never fall.
    Terms,
    /// Cursors never fall, and stay in their ranges.
    Cursors,
    /// Nothing happens to a range that is done.
    AfterDone,
    /// Nothing is granted while the job does not run.
    Barrier,
    /// What has ended stays so, and done means all of it.
    JobMoves,
    /// The tables are what the history leads to.
    Tables,
    /// Every decision is its range's owner's.
    Decisions,
}

impl Rule {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Tiling,
        Self::Order,
        Self::Owners,
        Self::Epochs,
        Self::Terms,
        Self::Cursors,
        Self::AfterDone,
        Self::Barrier,
        Self::JobMoves,
        Self::Tables,
        Self::Decisions,
    ];

    /// The check's name, as `verify` prints it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Tiling => "history: ranges tiled the scope at every moment",
            Self::Order => "history: every change fits the state before it",
            Self::Owners => "history: one owner per range and epoch",
            Self::Epochs => "history: epochs never fell and rose with owners alone",
            Self::Terms => "history: terms never fell",
            Self::Cursors => "history: cursors never fell and stayed in their ranges",
            Self::AfterDone => "history: nothing happened to a range that was done",
            Self::Barrier => "history: nothing was granted while the job did not run",
            Self::JobMoves => "history: what had ended stayed so, and done meant all of it",
            Self::Tables => "history: the tables are what it leads to",
            Self::Decisions => "history: every decision is its range's owner's",
        }
    }
}

/// Violations, counted by rule; the first of each in words.
#[derive(Debug, Default)]
pub struct Findings(BTreeMap<Rule, (i64, String)>);

impl Findings {
    /// `history_id` 0: it shows in the tables alone.
    pub(crate) fn add(&mut self, rule: Rule, history_id: i64, what: impl FnOnce() -> String) {
        let found = self.0.entry(rule).or_insert_with(|| {
            let what = what();
            let text = if history_id == 0 { what } else { format!("entry {history_id}: {what}") };
            (0, text)
        });
        found.0 += 1;
    }

    /// How often a rule was violated, and the first time in words; empty where it holds.
    #[must_use]
    pub fn of(&self, rule: Rule) -> (i64, &str) {
        self.0.get(&rule).map_or((0, ""), |(n, text)| (*n, text.as_str()))
    }
}
