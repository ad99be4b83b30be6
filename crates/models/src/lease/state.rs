//! One state of the cluster.

use std::sync::Arc;

use super::worker::Worker;
use super::{Db, Faults, Flaw, Leader};

/// Everything that the next step depends on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// The database.
    pub db: Db,
    /// Coordinators that lead, or think so.
    pub leaders: [Option<Arc<Leader>>; 2],
    /// Worker processes.
    pub workers: Vec<Worker>,
    /// What may still go wrong.
    pub faults: Faults,
    /// The number of the next session.
    pub next_session: u8,
    /// What the last step violated.
    pub flaw: Option<Flaw>,
}

impl State {
    /// The coordinator that leads by the database.
    pub(crate) fn current(&self) -> Option<usize> {
        (0..self.leaders.len()).find(|slot| {
            self.leaders[*slot].as_ref().is_some_and(|leader| leader.term == self.db.term)
        })
    }

    pub(crate) fn leader_mut(&mut self, slot: usize) -> Option<&mut Leader> {
        self.leaders[slot].as_mut().map(Arc::make_mut)
    }

    /// A leader ends: its memory and its streams are gone.
    pub(crate) fn end_leader(&mut self, slot: usize) {
        self.leaders[slot] = None;
        for worker in &mut self.workers {
            if worker.leader == Some(slot) {
                worker.disconnect();
            }
        }
        self.end_drained();
    }

    /// A worker that drains and has nobody left to tell ends.
    pub(crate) fn end_drained(&mut self) {
        let gone = |worker: &Worker| worker.draining && worker.leader.is_none();
        while let Some(at) = self.workers.iter().position(gone) {
            self.end_worker(at);
        }
    }

    /// A worker process ends. Only where it was the last one, another takes its place.
    pub(crate) fn end_worker(&mut self, at: usize) {
        self.workers.remove(at);
        if self.workers.is_empty() {
            self.workers.push(Worker::new(self.next_session));
            self.next_session += 1;
        }
    }
}
