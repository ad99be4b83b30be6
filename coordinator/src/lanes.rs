//! How many connections each kind of reading may take: a question that reads whole tables for an hour must keep neither
//! grants nor short questions from a connection.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use xmlx_proto::{ErrorCode, Refusal};

/// One connection for each lane, and one for short questions.
pub(crate) const CONNECTIONS_MIN: usize = 5;

/// The kinds of reading that may take long. Short questions share what these leave.
#[derive(Clone, Debug)]
pub(crate) struct Lanes {
    /// Looking where to cut a range for whoever asked for a lease.
    pub(crate) grants: Lane,
    /// Looking for what has come to sources of `follow` jobs.
    pub(crate) follow: Lane,
    /// What is found out before a job is accepted.
    pub(crate) submits: Lane,
    /// Whatever reads a whole source or log: counts, verifications, failures.
    pub(crate) whole: Lane,
}

/// Lets so many in at once, first come, first served. Cheap to clone; all clones are one.
#[derive(Clone, Debug)]
pub(crate) struct Lane(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    free: Semaphore,
    inside: Mutex<Inside>,
}

#[derive(Debug, Default)]
struct Inside {
    entered: u64,
    /// What each is doing, by when it entered.
    doing: BTreeMap<u64, String>,
}

/// The right to one connection, until dropped.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    lane: &'a Lane,
    number: u64,
    _permit: SemaphorePermit<'a>,
}

impl Lanes {
    /// Lanes over a pool of so many connections, of which short questions keep at least one.
    pub(crate) fn new(connections_max: usize) -> Self {
        let spare = connections_max.saturating_sub(CONNECTIONS_MIN);
        // In turn to grants, for which work waits, to reading whole tables, and to short questions.
        let (grants, whole) = (1 + spare.div_ceil(3), 1 + (spare + 1) / 3);
        Self {
            grants: Lane::new(grants),
            follow: Lane::new(1),
            submits: Lane::new(1),
            whole: Lane::new(whole),
        }
    }
}

impl Lane {
    fn new(places: usize) -> Self {
        Self(Arc::new(Inner { free: Semaphore::new(places), inside: Mutex::default() }))
    }

    /// Waits for a turn. `doing`: what others who wait are told.
    pub(crate) async fn enter(&self, doing: String) -> Turn<'_> {
        let permit = self.0.free.acquire().await.expect("the semaphore is never closed");
        let mut inside = self.inside();
        inside.entered += 1;
        let number = inside.entered;
        inside.doing.insert(number, doing);
        Turn { lane: self, number, _permit: permit }
    }

    /// The same, for whoever has no patience.
    ///
    /// # Errors
    /// Says what is under way.
    pub(crate) async fn enter_within(
        &self,
        patience: Duration,
        doing: String,
    ) -> Result<Turn<'_>, Refusal> {
        tokio::time::timeout(patience, self.enter(doing)).await.map_err(|_| {
            let message = format!("the coordinator is busy: {}; try again later", self.doing());
            Refusal::new(ErrorCode::Unavailable, message)
        })
    }

    /// What those who are in are doing.
    pub(crate) fn doing(&self) -> String {
        let doing: Vec<String> = self.inside().doing.values().cloned().collect();
        doing.join(", ")
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.0.inside.lock().expect("nobody panics while holding this lock")
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.lane.inside().doing.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(lane: &Lane) -> usize {
        lane.0.free.available_permits()
    }

    #[test]
    fn every_lane_has_a_place_and_short_questions_keep_one() {
        for connections in CONNECTIONS_MIN..100 {
            let it = Lanes::new(connections);
            let lanes = [&it.grants, &it.follow, &it.submits, &it.whole];
            assert!(lanes.iter().all(|lane| places(lane) > 0), "{connections}");
            assert!(lanes.iter().map(|lane| places(lane)).sum::<usize>() < connections);
        }
    }

    #[tokio::test]
    async fn who_waits_is_told_for_what() {
        let lane = Lane::new(1);
        let first = lane.enter("counting job 3".to_owned()).await;
        let refused = lane.enter_within(Duration::from_millis(1), "x".to_owned()).await;
        let refusal = refused.expect_err("it is taken");
        assert!(refusal.message.contains("counting job 3"), "{refusal}");
        drop(first);
        let turn = lane.enter_within(Duration::ZERO, "y".to_owned()).await.expect("it is free");
        assert_eq!(lane.doing(), "y");
        drop(turn);
    }
}
