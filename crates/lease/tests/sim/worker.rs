//! A worker: works its leases off, and forgets, dies or is cut off at any moment.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use xmlx_domain::{Lease, LeaseKey, Progress, Scope, SessionId, leases_max};
use xmlx_lease::{Event, Message};

use super::db::Db;
use super::rng::Rng;

const SLOTS: u32 = 2;

#[derive(Debug)]
pub(crate) struct Worker {
    pub(crate) session: SessionId,
    /// Which leader its stream goes to.
    pub(crate) leader: Option<usize>,
    pub(crate) inbox: VecDeque<Message>,
    pub(crate) outbox: VecDeque<Event>,
    pub(crate) leases: BTreeMap<LeaseKey, Held>,
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
    /// Where the lease ended when the last of it was fetched; from then on only the rest is committed.
    pub(crate) fetched_to: Option<i64>,
    /// Fetched, and not yet committed.
    pub(crate) in_flight: VecDeque<Vec<i64>>,
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
        let held = self.leases.values().map(|held| held.lease).collect();
        self.send(Event::Joined { session: self.session.clone(), slots: SLOTS, held, protocol: 1 });
        self.request_leases();
    }

    pub(crate) fn disconnect(&mut self) -> Option<usize> {
        self.inbox.clear();
        self.outbox.clear();
        self.leader.take()
    }

    pub(crate) fn send(&mut self, event: Event) {
        if self.leader.is_some() {
            self.outbox.push_back(event);
        }
    }

    pub(crate) fn request_leases(&mut self) {
        let held = u32::try_from(self.leases.len()).unwrap();
        let credits = if self.draining { 0 } else { leases_max(SLOTS).saturating_sub(held) };
        self.send(Event::Asked { session: self.session.clone(), credits });
    }

    pub(crate) fn beat(&mut self) {
        let progress = |held: &Held| Progress {
            lease: held.lease,
            committed_through: held.cursor,
            claimed_through: held.cursor,
            apps: held.apps,
            reading: None,
        };
        let progress = self.leases.values().map(progress).collect();
        self.send(Event::Beat { session: self.session.clone(), progress });
        self.request_leases();
    }

    pub(crate) fn handle(&mut self, message: Message, db: &Db) {
        match message {
            Message::Grant(lease) => {
                // The owner reads where to start from the database.
                let Some(range) = db.open(&self.session, lease.key) else { return };
                let scope = Scope { hi: lease.scope.hi.min(range.scope.hi), ..lease.scope };
                self.leases.entry(lease.key).or_insert(Held {
                    lease: Lease { scope, ..lease },
                    cursor: range.committed_through,
                    apps: 0,
                    unanswered: None,
                    fetched_to: None,
                    in_flight: VecDeque::new(),
                });
            }
            Message::Revoke { lease, .. } => {
                self.leases.remove(&lease.key);
            }
            Message::Split { lease, at } => {
                if let Some(held) = self.leases.get_mut(&lease.key) {
                    held.lease.scope.hi = held.lease.scope.hi.min(at);
                }
            }
            Message::Drain => self.draining = true,
        }
        self.request_leases();
    }

    /// One step of one lease, as the pipeline takes them: fetches a group, commits one, or closes the range.
    pub(crate) fn work(&mut self, db: &mut Db, rng: &mut Rng) {
        if self.stuck {
            return;
        }
        let keys: Vec<_> = self.leases.keys().copied().collect();
        let Some(&key) = rng.pick(&keys) else { return };
        let held = self.leases.get_mut(&key).unwrap();
        if self.draining {
            return self.give_back(key);
        }
        if held.fetched_to.is_none() && held.in_flight.len() < 2 {
            return held.fetch(db, rng);
        }
        let repeated = held.unanswered.take();
        let was_repeated = repeated.is_some();
        let Some(mut group) = repeated.or_else(|| held.in_flight.pop_front()) else {
            return self.close(db, key, rng);
        };
        let known =
            db.open(&self.session, key).map(|range| (range.scope.hi, range.committed_through));
        // A cut that the owner has not heard of: it learns from the refusal, and takes what is left.
        if let Some((hi, cursor)) = known
            && !was_repeated
            && cursor == held.cursor
            && group.last().is_some_and(|last| *last >= hi)
        {
            held.lease.scope.hi = hi;
            group.retain(|app| *app < hi);
            if group.is_empty() {
                return;
            }
        }
        let last = group[group.len() - 1];
        if db.commit(&self.session, key, held.cursor, &group) {
            held.apps += u64::try_from(group.len()).unwrap();
            if rng.one_in(10) {
                held.unanswered = Some(group);
            } else {
                held.cursor = last;
            }
        } else if known.is_some_and(|(_, cursor)| cursor >= last) {
            held.cursor = last;
        } else {
            self.give_back(key);
        }
    }

    fn give_back(&mut self, key: LeaseKey) {
        let held = self.leases.remove(&key).expect("the caller found it");
        self.send(Event::Released {
            session: self.session.clone(),
            lease: key,
            committed_through: held.cursor,
            backoff: Duration::ZERO,
        });
    }

    /// Closes the range where the fetch ended; where it was cut since, at its new end.
    fn close(&mut self, db: &mut Db, key: LeaseKey, rng: &mut Rng) {
        let session = self.session.clone();
        let held = self.leases.get(&key).expect("the caller found it");
        let (lease, cursor, apps) = (held.lease, held.cursor, held.apps);
        let mut hi = held.fetched_to.expect("all is fetched").min(lease.scope.hi);
        if let Some(range) = db.open(&session, key)
            && range.committed_through == cursor
            && (range.scope.hi < hi || db.closes_at_any_end())
        {
            hi = range.scope.hi;
        }
        if !db.complete(&session, key, hi, cursor) {
            self.give_back(key);
        } else {
            self.leases.remove(&key);
            let elapsed = Duration::from_millis(rng.below(5_000));
            self.send(Event::Finished { session, lease: key, apps, elapsed });
        }
        self.request_leases();
    }
}

impl Held {
    fn fetch(&mut self, db: &Db, rng: &mut Rng) {
        let n = usize::try_from(1 + rng.below(6)).unwrap();
        let fetched = self.in_flight.back().or(self.unanswered.as_ref());
        let from = fetched.and_then(|group| group.last().copied()).unwrap_or(self.cursor) + 1;
        let scope = Scope { lo: from, hi: self.lease.scope.hi.max(from) };
        let group: Vec<i64> = db.waiting(scope).take(n).collect();
        if group.len() < n {
            self.fetched_to = Some(self.lease.scope.hi);
        }
        if !group.is_empty() {
            self.in_flight.push_back(group);
        }
    }
}
