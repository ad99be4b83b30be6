//! A worker process: works its leases off, whoever leads.

use xmlx_domain::{Epoch, RangeId, Scope};

use super::db::Held;
use super::{Db, Defect};

/// What a leader tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Told {
    Grant { range: RangeId, epoch: Epoch, scope: Scope },
    Revoke { range: RangeId, epoch: Epoch },
    Split { range: RangeId, epoch: Epoch, at: i64 },
    Drain,
}

/// What it tells the leader.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Said {
    Joined {
        held: Vec<Held>,
    },
    /// A heartbeat.
    Beat {
        held: Vec<Held>,
    },
    Finished {
        range: RangeId,
        epoch: Epoch,
        apps: u64,
    },
    Released {
        range: RangeId,
        epoch: Epoch,
        cursor: i64,
    },
    Left,
}

/// A message to the leader, and behind it how many more leases the worker can take.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Message {
    pub(crate) said: Said,
    pub(crate) credits: u32,
}

/// A worker process.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Worker {
    pub(crate) session: u8,
    /// Where its stream goes.
    pub(crate) leader: Option<usize>,
    /// The highest term that it has seen: it follows no lower one.
    pub(crate) term: i64,
    pub(crate) inbox: Vec<Told>,
    pub(crate) outbox: Vec<Message>,
    pub(crate) leases: Vec<Held>,
    pub(crate) draining: bool,
}

impl Worker {
    pub(crate) fn new(session: u8) -> Self {
        Self {
            session,
            leader: None,
            term: 0,
            inbox: Vec::new(),
            outbox: Vec::new(),
            leases: Vec::new(),
            draining: false,
        }
    }

    /// Whether nothing is on its way between it and its leader.
    pub(crate) fn is_quiet(&self) -> bool {
        self.inbox.is_empty() && self.outbox.is_empty()
    }

    pub(crate) fn connect(&mut self, slot: usize, term: i64, leases_max: u32) {
        (self.leader, self.term) = (Some(slot), term);
        self.say(Said::Joined { held: self.leases.clone() }, leases_max);
    }

    pub(crate) fn disconnect(&mut self) {
        self.leader = None;
        self.inbox.clear();
        self.outbox.clear();
    }

    fn say(&mut self, said: Said, leases_max: u32) {
        if self.leader.is_some() {
            let credits = self.credits(leases_max);
            self.outbox.push(Message { said, credits });
        }
    }

    /// How many more leases it can take.
    pub(crate) fn credits(&self, leases_max: u32) -> u32 {
        let held = u32::try_from(self.leases.len()).expect("a few");
        if self.draining { 0 } else { leases_max.saturating_sub(held) }
    }

    pub(crate) fn handle(&mut self, told: Told, db: &Db) {
        match told {
            Told::Grant { range, epoch, .. } if self.draining => {
                self.say(Said::Released { range, epoch, cursor: 0 }, 0);
            }
            Told::Grant { range, epoch, scope } => {
                let is_known =
                    self.leases.iter().any(|held| (held.range, held.epoch) == (range, epoch));
                // Where to start it reads from the database.
                if let Some(row) = db.open(self.session, range, epoch).filter(|_| !is_known) {
                    let scope = Scope { lo: scope.lo, hi: scope.hi.min(row.scope.hi) };
                    self.leases.push(Held { range, epoch, scope, cursor: row.cursor });
                }
            }
            Told::Revoke { range, epoch } => {
                self.leases.retain(|held| (held.range, held.epoch) != (range, epoch));
            }
            Told::Split { range, epoch, at } => {
                for held in &mut self.leases {
                    if (held.range, held.epoch) == (range, epoch) {
                        held.scope.hi = held.scope.hi.min(at);
                    }
                }
            }
            Told::Drain if self.draining => (),
            Told::Drain => {
                self.draining = true;
                for Held { range, epoch, cursor, .. } in std::mem::take(&mut self.leases) {
                    self.say(Said::Released { range, epoch, cursor }, 0);
                }
                self.say(Said::Left, 0);
            }
        }
    }

    /// Commits the next group under a lease, or closes its range. Without an answer it does not know what came of it.
    pub(crate) fn work(
        &mut self,
        db: &mut Db,
        at: usize,
        (group, leases_max): (i64, u32),
        is_answered: bool,
        defect: Defect,
    ) -> Worked {
        let held = self.leases[at];
        let last = (held.cursor + group).min(held.scope.hi - 1);
        let is_commit = last > held.cursor;
        let holds = db.open(self.session, held.range, held.epoch).is_some();
        let written = if is_commit {
            db.commit(self.session, &held, last, defect)
        } else {
            db.complete(self.session, &held)
        };
        if !is_answered {
            return Worked { is_commit, is_written: written.is_some(), holds };
        }
        match (written, is_commit) {
            (Some(()), true) => self.leases[at].cursor = last,
            (Some(()), false) => {
                self.leases.remove(at);
                let apps = u64::try_from(held.scope.hi - held.scope.lo).unwrap_or(0);
                let finished = Said::Finished { range: held.range, epoch: held.epoch, apps };
                self.say(finished, leases_max);
            }
            (None, _) => self.look(db, at, last, leases_max),
        }
        Worked { is_commit, is_written: written.is_some(), holds }
    }

    /// After a refusal: the group is in already, or the range was cut, or the lease is gone.
    fn look(&mut self, db: &Db, at: usize, last: i64, leases_max: u32) {
        let held = self.leases[at];
        let is_commit = last > held.cursor;
        let open = db.open(self.session, held.range, held.epoch);
        match open {
            Some(row) if is_commit && row.cursor >= last => self.leases[at].cursor = last,
            Some(row) if row.scope.hi < held.scope.hi && row.cursor == held.cursor => {
                self.leases[at].scope.hi = row.scope.hi;
            }
            _ => {
                self.leases.remove(at);
                let Held { range, epoch, cursor, .. } = held;
                self.say(Said::Released { range, epoch, cursor }, leases_max);
            }
        }
    }
}

/// What a transaction of a worker came to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Worked {
    /// It was a commit, else the closing of a range.
    pub(crate) is_commit: bool,
    pub(crate) is_written: bool,
    /// The worker had the lease when it wrote.
    pub(crate) holds: bool,
}
