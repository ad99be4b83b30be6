//! A worker: works its leases off, and forgets, dies or is cut off at any moment.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use xmlx_lease::{Epoch, Event, Lease, Order, Progress, RangeId, SessionId};

use super::db::Db;
use super::rng::Rng;

const SLOTS: u32 = 2;

#[derive(Debug)]
pub(crate) struct Worker {
    pub(crate) session: SessionId,
    /// Which leader its stream goes to.
    pub(crate) leader: Option<usize>,
    pub(crate) inbox: VecDeque<Order>,
    pub(crate) outbox: VecDeque<Event>,
    pub(crate) leases: BTreeMap<(RangeId, Epoch), Held>,
    pub(crate) draining: bool,
    /// It sends heartbeats, takes leases and does nothing about them.
    pub(crate) stuck: bool,
}

#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) lease: Lease,
    pub(crate) cursor: i64,
    pub(crate) apps: u64,
    /// A group that was sent and whose answer was lost: it is sent again.
    pub(crate) unanswered: Option<Vec<i64>>,
}

impl Worker {
    pub(crate) fn new(n: u64) -> Self {
        Self {
            session: SessionId(format!("s{n}")),
            leader: None,
            inbox: VecDeque::new(),
            outbox: VecDeque::new(),
            leases: BTreeMap::new(),
            draining: false,
            stuck: false,
        }
    }

    pub(crate) fn connect(&mut self, leader: usize) {
        self.leader = Some(leader);
        self.inbox.clear();
        self.outbox.clear();
        let held = self.leases.values().map(|it| it.lease).collect();
        self.say(Event::Joined { session: self.session.clone(), slots: SLOTS, held });
        self.ask();
    }

    pub(crate) fn disconnect(&mut self) -> Option<usize> {
        self.inbox.clear();
        self.outbox.clear();
        self.leader.take()
    }

    pub(crate) fn say(&mut self, event: Event) {
        if self.leader.is_some() {
            self.outbox.push_back(event);
        }
    }

    pub(crate) fn ask(&mut self) {
        let held = u32::try_from(self.leases.len()).unwrap();
        let credits = if self.draining { 0 } else { (SLOTS + 1).saturating_sub(held) };
        self.say(Event::Asked { session: self.session.clone(), credits });
    }

    pub(crate) fn beat(&mut self) {
        let progress = |it: &Held| Progress {
            lease: it.lease,
            committed_through: it.cursor,
            claimed_through: it.cursor,
            apps: it.apps,
            reading: None,
        };
        let progress = self.leases.values().map(progress).collect();
        self.say(Event::Beat { session: self.session.clone(), progress });
        self.ask();
    }

    pub(crate) fn obey(&mut self, order: Order, db: &Db) {
        match order {
            Order::Grant(lease) => {
                // The owner reads where to start from the database.
                let cursor = db.ranges[&lease.range].committed_through;
                self.leases.entry((lease.range, lease.epoch)).or_insert(Held {
                    lease,
                    cursor,
                    apps: 0,
                    unanswered: None,
                });
            }
            Order::Revoke { lease, .. } => {
                self.leases.remove(&(lease.range, lease.epoch));
            }
            Order::Split { lease, at } => {
                if let Some(held) = self.leases.get_mut(&(lease.range, lease.epoch)) {
                    held.lease.hi = held.lease.hi.min(at);
                }
            }
            Order::Drain => self.draining = true,
        }
        self.ask();
    }

    /// One group of one lease, or the end of the range.
    pub(crate) fn work(&mut self, db: &mut Db, rng: &mut Rng) {
        if self.stuck {
            return;
        }
        let keys: Vec<_> = self.leases.keys().copied().collect();
        let Some(&key) = rng.pick(&keys) else { return };
        let session = self.session.clone();
        let held = self.leases.get_mut(&key).unwrap();
        let lease = held.lease;
        if self.draining {
            let committed_through = held.cursor;
            self.leases.remove(&key);
            self.say(Event::Released {
                session,
                lease,
                committed_through,
                backoff: Duration::ZERO,
            });
            return;
        }
        let repeated = held.unanswered.take();
        let was_repeated = repeated.is_some();
        let n = usize::try_from(1 + rng.below(6)).unwrap();
        let fresh = || db.waiting(held.cursor + 1, lease.hi).take(n).collect();
        let group: Vec<i64> = repeated.unwrap_or_else(fresh);
        if group.is_empty() {
            self.close(db, lease, rng);
            return;
        }
        let last = group[group.len() - 1];
        // A cut that the owner has not heard of: it learns from the refusal, and takes what is left.
        let hi = db.ranges[&lease.range].hi;
        if !was_repeated && last >= hi && db.ranges[&lease.range].epoch == lease.epoch {
            held.lease.hi = hi;
            return;
        }
        if db.commit(&session, &lease, &group) {
            held.apps += u64::try_from(group.len()).unwrap();
            if rng.one_in(10) {
                held.unanswered = Some(group);
            } else {
                held.cursor = last;
            }
        } else if was_repeated && db.ranges[&lease.range].committed_through == last {
            held.cursor = last;
        } else {
            let committed_through = held.cursor;
            self.leases.remove(&key);
            self.say(Event::Released {
                session,
                lease,
                committed_through,
                backoff: Duration::ZERO,
            });
        }
    }

    fn close(&mut self, db: &mut Db, lease: Lease, rng: &mut Rng) {
        let session = self.session.clone();
        self.leases.remove(&(lease.range, lease.epoch));
        let lease = Lease { hi: lease.hi.min(db.ranges[&lease.range].hi), ..lease };
        if db.complete(&session, &lease) {
            let elapsed = Duration::from_millis(rng.below(5_000));
            self.say(Event::Finished { session, lease, apps: 5, elapsed });
        } else {
            self.say(Event::Released {
                session,
                lease,
                committed_through: 0,
                backoff: Duration::ZERO,
            });
        }
        self.ask();
    }
}
