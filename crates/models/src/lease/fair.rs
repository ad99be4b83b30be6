//! From each state there is a way to the end on which nothing fails any more, and the cluster takes it by itself.

use std::collections::HashSet;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::Mutex;

use stateright::Model;
use xmlx_domain::JobState;
use xmlx_lease::life::Wish;

use super::steps::{Arrival, Cluster, Quiet, Step};
use super::{Faults, State};

/// More steps than any way to the end has.
const STEPS_MAX: usize = 300;
const SHARDS: usize = 64;

/// States from which the end is known to be reached.
#[derive(Debug)]
pub(crate) struct Ended(Vec<Mutex<HashSet<u64>>>);

impl Default for Ended {
    fn default() -> Self {
        Self((0..SHARDS).map(|_| Mutex::default()).collect())
    }
}

impl Ended {
    fn shard(&self, state: u64) -> &Mutex<HashSet<u64>> {
        let at = usize::try_from(state >> 58).expect("six bits");
        &self.0[at]
    }

    fn contains(&self, state: u64) -> bool {
        self.shard(state).lock().expect("nobody panics with it").contains(&state)
    }

    fn insert(&self, state: u64) {
        self.shard(state).lock().expect("nobody panics with it").insert(state);
    }
}

fn hash(state: &State) -> u64 {
    let mut hasher = DefaultHasher::new();
    state.hash(&mut hasher);
    hasher.finish()
}

/// In which order a cluster that nothing happens to does what it can do. The first step that changes something is taken,
/// so nobody waits for ever who could go on: what is enabled stays enabled until it is done.
fn rank(step: Step) -> u32 {
    match step {
        Step::EndLeader(_) => 0,
        Step::Elect(_) => 1,
        Step::Continue(_) => 2,
        Step::Read(_) | Step::Load(_) => 3,
        Step::Connect(..) => 4,
        Step::Handle(..) => 5,
        Step::Receive(..) => 6,
        Step::StreamEnded(..) => 7,
        Step::Searched(..) => 8,
        Step::Work(..) => 9,
        Step::Order(..) => 10,
        Step::Checked(_) => 11,
        Step::Beat(_) => 12,
        Step::Pass(..) => 13,
        Step::Drain(..) | Step::SpoilSave(..) | Step::Break(_) | Step::CrashWorker(_) => 14,
    }
}

impl Cluster {
    /// Whether the cluster comes to the end of the job from here, if nothing fails any more: no state is a dead end, and
    /// whatever was going on, every application is decided after finitely many steps.
    pub(crate) fn can_end(&self, state: &State) -> bool {
        let mut way = Vec::new();
        let mut at = State { faults: Faults::default(), flaw: None, ..state.clone() };
        for n_steps in 0..STEPS_MAX {
            let key = hash(&at);
            let is_over = at.db.job == JobState::Done && at.db.is_decided();
            if is_over || self.ended.contains(key) {
                way.into_iter().for_each(|passed| self.ended.insert(passed));
                self.counts.longest(n_steps);
                return true;
            }
            way.push(key);
            match self.fair(&at) {
                Some(next) => at = next,
                None => return false,
            }
        }
        false
    }

    /// The next state where nothing fails; `None` where nothing changes any more.
    fn fair(&self, state: &State) -> Option<State> {
        let mut steps = Vec::new();
        self.actions(state, &mut steps);
        steps.sort_by_key(|step| rank(*step));
        #[allow(clippy::wildcard_enum_match_arm, reason = "the others are no faults here")]
        let is_plain = |step: &Step| match step {
            Step::Pass(_, quiet) => *quiet == Quiet::Nobody,
            Step::Receive(_, arrival) | Step::Handle(_, arrival) => *arrival == Arrival::Once,
            Step::Order(_, wish) => *wish == Wish::Resume,
            Step::Searched(_, _, is_found) => *is_found,
            Step::Work(_, _, is_answered) => *is_answered,
            _ => true,
        };
        steps.into_iter().filter(is_plain).find_map(|step| self.next_state(state, step))
    }
}
