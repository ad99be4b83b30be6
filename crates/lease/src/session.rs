//! A worker's session, as the table keeps it.

use std::time::Duration;

use crate::{Limits, Timestamp};

#[derive(Clone, Debug)]
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

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(5_000);

    fn session() -> Session {
        Session::new(2, 1, NOW, &Limits::default())
    }

    #[test]
    fn a_rate_is_the_mean_of_the_last_lease_and_those_before() {
        let mut measured = session();
        for (apps, seconds, rate) in [
            (0, 4, None),
            (10, 0, None),
            (10, 2, Some(5.0)),
            (0, 4, Some(5.0)),
            (20, 2, Some(7.5)),
            (30, 60, Some(4.0)),
        ] {
            measured.measure(apps, Duration::from_secs(seconds));
            assert_eq!(measured.rate, rate, "{apps} in {seconds} s");
        }
    }

    #[test]
    fn who_is_about_to_go_takes_nothing() {
        let with = |credits, draining, broken| Session { credits, draining, broken, ..session() };
        for (known, stays, may_take) in [
            (with(1, false, false), true, true),
            (with(0, false, false), true, false),
            (with(1, true, false), false, false),
            (with(1, false, true), false, false),
            (with(1, true, true), false, false),
        ] {
            assert_eq!((known.stays(), known.may_take()), (stays, may_take), "{known:?}");
        }
    }

    #[test]
    fn a_rest_ends_when_its_time_has_come() {
        let resting = Session { rests_until: NOW, ..session() };
        assert!(resting.is_resting(Timestamp(NOW.0 - 1)) && !resting.is_resting(NOW));
    }
}
