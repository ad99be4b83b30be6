//! How long things may take, and how large a lease is.

use std::time::Duration;

/// The table's settings. Safety rests on none of them: epochs are compared in the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// A session is lost after so long without a heartbeat.
    pub lost_after: Duration,
    /// A session is lost so long after its stream broke.
    pub broken_after: Duration,
    /// A lease is taken away after so long without progress, though its owner is heard of.
    pub stalled_after: Duration,
    /// A lease whose owner says that it is reading is not taken for stalled before: statements that look through many
    /// ids have as much patience.
    pub reading_max: Duration,
    /// How long workers may take to reconnect after a new leader takes over.
    pub reattach_grace: Duration,
    /// A lease is meant to be worked off in about this time.
    pub lease_work: Duration,
    /// Applications in a lease while nothing has been measured.
    pub first_apps: u64,
    /// No lease is carved smaller: what it costs to hand out would show.
    pub apps_min: u64,
    /// A lease is split for a slot that stands idle where each part keeps so many: the last applications of a job are
    /// worth the cost, so that all slots end together.
    pub split_min: u64,
    /// No lease is carved larger: more would be repeated when a worker dies between heartbeats.
    pub apps_max: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            lost_after: Duration::from_secs(6),
            broken_after: Duration::from_secs(2),
            stalled_after: Duration::from_secs(300),
            reading_max: Duration::from_secs(3600),
            reattach_grace: Duration::from_secs(8),
            lease_work: Duration::from_secs(20),
            first_apps: 200,
            apps_min: 50,
            split_min: 10,
            apps_max: 50_000,
        }
    }
}

impl Limits {
    /// Applications for the next lease: about [`Limits::lease_work`] of work at the measured rate,
    /// but no more than a quarter of each slot's share of what is left, so that all end together.
    pub(crate) fn lease_apps(&self, rate: Option<f64>, unassigned: Option<u64>, slots: u64) -> u64 {
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "rates are positive and far below 2^63"
        )]
        let by_rate =
            rate.map_or(self.first_apps, |rate| (rate * self.lease_work.as_secs_f64()) as u64);
        let by_share = unassigned.map_or(self.first_apps, |apps| apps / (4 * slots.max(1)));
        by_rate.min(by_share).clamp(self.apps_min, self.apps_max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leases_follow_the_rate_and_shrink_at_the_end() {
        let limits = Limits::default();
        assert_eq!(limits.lease_apps(None, None, 8), 200);
        assert_eq!(limits.lease_apps(Some(100.0), Some(1_000_000), 8), 2_000);
        assert_eq!(limits.lease_apps(Some(100.0), Some(3_200), 8), 100);
        assert_eq!(limits.lease_apps(Some(100.0), Some(10), 8), 50);
        assert_eq!(limits.lease_apps(Some(1e9), Some(u64::MAX), 1), 50_000);
    }
}
