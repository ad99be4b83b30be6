//! Faults on order: at the n-th execution of a kind of request, fail, drop the connection, wait or never answer.

mod parse;

use crate::sync;
use crate::value::datum::{Datum, Owned};
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

/// Which requests a fault counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Every request with a statement.
    Any,
    /// Reading a group of documents: a `SELECT TOP` with a column called `xml`.
    Fetch,
    /// Committing a group: a batch that sets `committed_through` of `xmlx.range` to a parameter.
    Commit,
    /// Finding the applications of a group that are refused: a batch with a loop.
    FindRefused,
    /// Renewing the leader's lease: an `UPDATE` of `xmlx.leader` that sets `expires_at` and leaves `term` alone.
    LeaderRenew,
    /// Taking the leadership: an `UPDATE` of `xmlx.leader` that sets `term`.
    LeaderTake,
    /// Every request whose text contains this, letters compared without case.
    Text(String),
    /// Every commit of a group with a parameter that contains this: how a refusal of certain data is ordered.
    Value(String),
}

/// At which execution of its target a fault strikes; the first one is 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// At this one alone.
    Nth(u64),
    /// At this one and all that follow.
    From(u64),
}

/// What a fault does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// The request is not run and answered with this error; an open transaction is rolled back.
    Error(i32),
    /// The connection is closed and the request not run.
    DropBefore,
    /// The request is run, then the connection closed instead of an answer.
    DropAfter,
    /// The request is run after this long.
    Delay(Duration),
    /// The request is never run and never answered; the client has to give up.
    Stall,
}

/// One fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Only requests of clients whose application name begins with this are counted.
    pub client: String,
    /// Which requests are counted.
    pub target: Target,
    /// At which of them it strikes.
    pub when: When,
    /// What happens then.
    pub action: Action,
}

/// A fault that struck.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fired {
    /// The fault.
    pub fault: Fault,
    /// At which execution of its target.
    pub execution: u64,
}

/// A plan of faults; clones share it, so it can be changed while the server runs.
#[derive(Clone, Default)]
pub struct Faults {
    shared: Arc<Shared>,
    /// Whose requests are counted through this one.
    client: String,
}

#[derive(Default)]
struct Shared {
    is_armed: AtomicBool,
    /// Commits of groups that are under way, and the most that were at once.
    commits: AtomicUsize,
    commits_most: AtomicUsize,
    plan: Mutex<Plan>,
}

#[derive(Default)]
struct Plan {
    armed: Vec<(Fault, u64)>,
    fired: Vec<Fired>,
}

impl Faults {
    /// A plan without faults.
    pub fn none() -> Self {
        Self::default()
    }

    /// Adds a fault; its count of executions begins now.
    pub fn add(&self, fault: Fault) {
        self.plan().armed.push((fault, 0));
        self.shared.is_armed.store(true, Ordering::Release);
    }

    /// What has struck so far, in order.
    pub fn fired(&self) -> Vec<Fired> {
        self.plan().fired.clone()
    }

    /// The faults that have not struck yet.
    pub fn pending(&self) -> Vec<Fault> {
        let plan = self.plan();
        let has_fired = |fault: &Fault| plan.fired.iter().any(|fired| fired.fault == *fault);
        plan.armed
            .iter()
            .map(|(fault, _)| fault.clone())
            .filter(|fault| !has_fired(fault))
            .collect()
    }

    /// Takes all faults off the plan; what has struck stays on record.
    pub fn clear(&self) {
        self.plan().armed.clear();
        self.shared.is_armed.store(false, Ordering::Release);
    }

    /// The most commits of groups that were under way at once since this was asked last.
    pub fn most_commits(&self) -> usize {
        let now = self.shared.commits.load(Ordering::Acquire);
        self.shared.commits_most.swap(now, Ordering::AcqRel)
    }

    /// Counts a request as under way until the guard is dropped, where it is a commit.
    pub(crate) fn under_way(&self, kind: Option<&Target>) -> Option<UnderWay> {
        (kind == Some(&Target::Commit)).then(|| {
            let now = self.shared.commits.fetch_add(1, Ordering::AcqRel) + 1;
            self.shared.commits_most.fetch_max(now, Ordering::AcqRel);
            UnderWay(Arc::clone(&self.shared))
        })
    }

    /// The same plan, for the requests of one client.
    pub(crate) fn of(&self, client: &str) -> Self {
        Self { shared: Arc::clone(&self.shared), client: client.to_owned() }
    }

    /// Counts a request, and says what is to happen to it.
    pub(crate) fn strike(
        &self,
        kind: Option<&Target>,
        text: &str,
        values: &[Owned],
    ) -> Option<Action> {
        if !self.shared.is_armed.load(Ordering::Acquire) {
            return None;
        }
        let mut plan = self.plan();
        let Plan { armed, fired } = &mut *plan;
        let mut action = None;
        let is_hit = |fault: &Fault| {
            self.client.starts_with(&fault.client) && fault.target.is_hit(kind, text, values)
        };
        for (fault, n_seen) in armed.iter_mut().filter(|(fault, _)| is_hit(fault)) {
            *n_seen += 1;
            let strikes = match fault.when {
                When::Nth(n) => *n_seen == n,
                When::From(n) => *n_seen >= n,
            };
            if strikes && action.is_none() {
                action = Some(fault.action);
                fired.push(Fired { fault: fault.clone(), execution: *n_seen });
            }
        }
        action
    }

    fn plan(&self) -> MutexGuard<'_, Plan> {
        sync::lock(&self.shared.plan)
    }
}

/// A commit that is under way.
pub(crate) struct UnderWay(Arc<Shared>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.commits.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Target {
    fn is_hit(&self, kind: Option<&Self>, text: &str, values: &[Owned]) -> bool {
        match self {
            Self::Any => true,
            Self::Fetch | Self::Commit | Self::FindRefused => kind == Some(self),
            Self::LeaderRenew | Self::LeaderTake => kind == Some(self),
            Self::Text(part) => text.to_lowercase().contains(&part.to_lowercase()),
            Self::Value(part) => {
                let has = |value: &Owned| matches!(value, Datum::Text(text) if text.contains(part));
                kind == Some(&Self::Commit) && values.iter().any(has)
            }
        }
    }
}

impl FromIterator<Fault> for Faults {
    fn from_iter<I: IntoIterator<Item = Fault>>(faults: I) -> Self {
        let plan = Self::none();
        faults.into_iter().for_each(|fault| plan.add(fault));
        plan
    }
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Faults").field("pending", &self.pending()).finish_non_exhaustive()
    }
}
