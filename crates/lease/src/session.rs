//! A worker's session, as the table keeps it.

use std::time::Duration;

use crate::{Limits, Timestamp};

#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) slots: u32,
    /// The protocol that was agreed on with it.
    pub(crate) protocol: u32,
    /// Leases it can take now.
    pub(crate) credits: u32,
    pub(crate) draining: bool,
    /// When it is given up, unless it is heard of.
    pub(crate) lost_at: Timestamp,
    /// Its stream has ended; it may come back until `lost_at`.
    pub(crate) broken: bool,
    /// It got nowhere with a lease: while others can take leases, it is given none before.
    pub(crate) rests_until: Timestamp,
    /// Applications per second and slot, where measured.
    pub(crate) rate: Option<f64>,
}

impl Session {
    pub(crate) fn new(slots: u32, protocol: u32, now: Timestamp, limits: &Limits) -> Self {
        Self {
            slots,
            protocol,
            credits: 0,
            draining: false,
            lost_at: now.after(limits.lost_after),
            broken: false,
            rests_until: Timestamp::default(),
            rate: None,
        }
    }

    /// Whether it wants a lease and is not about to go.
    pub(crate) fn may_take(&self) -> bool {
        self.credits > 0 && self.stays()
    }

    /// Whether it is here and not about to go.
    pub(crate) fn stays(&self) -> bool {
        !self.draining && !self.broken
    }

    pub(crate) fn is_resting(&self, now: Timestamp) -> bool {
        self.rests_until > now
    }

    /// Takes in what a finished lease says of the worker's speed; recent leases count more.
    pub(crate) fn measure(&mut self, apps: u64, elapsed: Duration) {
        let seconds = elapsed.as_secs_f64();
        if apps == 0 || seconds <= 0.0 {
            return;
        }
        #[allow(clippy::cast_precision_loss, reason = "a rate needs no 53 bits")]
        let rate = apps as f64 / seconds;
        self.rate = Some(self.rate.map_or(rate, |old| old * 0.5 + rate * 0.5));
    }
}
