//! How a range stands, and what can happen to it.

use std::fmt;
use std::str::FromStr;

use crate::word::{UnknownWord, words};
use crate::{Epoch, JobId, JobState, RangeId, Scope, SessionId};

words! {
    /// How a range stands.
    "range state": RangeState {
        /// Nobody has it, and something may wait in it.
        Pending = "pending",
        /// A session has it.
        Leased = "leased",
        /// All of it is decided.
        Done = "done",
    }
}

words! {
    /// What can happen to a range.
    "range event": RangeEvent {
        /// It arose, pending.
        Created = "created",
        /// A session got it.
        Granted = "granted",
        /// Its owner gave it back.
        Released = "released",
        /// It was taken from its owner.
        Revoked = "revoked",
        /// It was taken from an owner that is there and made no progress.
        Stalled = "stalled",
        /// Its owner was lost, perhaps through an application in it.
        Lost = "lost",
        /// What lies behind a cut was taken from its owner.
        Split = "split",
        /// Nothing waited in it.
        Empty = "empty",
        /// Its owner decided all of it.
        Completed = "completed",
        /// Something waits in it although it was done: it ends before that, and a new range takes it.
        Reopened = "reopened",
    }
}

impl RangeEvent {
    /// Whether it counts as a death: the next owner tries the first applications one at a time.
    #[must_use]
    pub fn counts_death(self) -> bool {
        self == Self::Lost
    }

    /// Whether a lease was taken from its owner, as `LEASES_REVOKED` counts it.
    #[must_use]
    pub fn counts_revocation(self) -> bool {
        match self {
            Self::Revoked | Self::Stalled | Self::Lost => true,
            Self::Created
            | Self::Granted
            | Self::Released
            | Self::Split
            | Self::Empty
            | Self::Completed
            | Self::Reopened => false,
        }
    }

    /// Whether a new epoch begins: nothing that the owner before sends is taken from then on.
    #[must_use]
    pub fn begins_epoch(self) -> bool {
        self == Self::Granted || self.counts_revocation()
    }
}

/// A range as the database has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RangeSnapshot {
    /// Its id.
    pub range: RangeId,
    /// Its bounds.
    pub scope: Scope,
    /// Its state.
    pub state: RangeState,
    /// The epoch of its last owner.
    pub epoch: Epoch,
    /// Who has it; of a range that is done, who had it last.
    pub owner: Option<SessionId>,
    /// Every application at or below is decided.
    pub committed_through: i64,
}

/// What a compare-and-set on a range compares, and what it leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RangeMark {
    /// Its state.
    pub state: RangeState,
    /// Its epoch.
    pub epoch: Epoch,
    /// Its end.
    pub hi: i64,
}

/// One compare-and-set of the leader on a range. Where the range is not as `from` says, nothing may change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RangeChange {
    /// Its job.
    pub job: JobId,
    /// The range.
    pub range: RangeId,
    /// What happens to it, for the history.
    pub event: RangeEvent,
    /// How it is before.
    pub from: RangeMark,
    /// How it is afterwards. Where it ends lower, `[to.hi, from.hi)` becomes the pending range `rest`.
    pub to: RangeMark,
    /// Who has it afterwards.
    pub owner: Option<SessionId>,
    /// The id of the new range, where one arises.
    pub rest: Option<RangeId>,
    /// Nothing waits at or below, as a search has just found: a grant moves the cursor up to here, so that its owner
    /// does not have to look through what is decided already. Never what an owner has said of its cursor: a database
    /// that has gone back in time has lost what lay below.
    pub cursor: i64,
}

/// What an entry of a job's history says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HistoryEvent {
    /// Something happened to a range.
    Range(RangeEvent),
    /// The job moved to this state.
    Job(JobState),
}

impl FromStr for HistoryEvent {
    type Err = UnknownWord;

    /// ```
    /// # use xmlx_domain::{HistoryEvent, JobState, RangeEvent};
    /// assert_eq!("lost".parse(), Ok(HistoryEvent::Range(RangeEvent::Lost)));
    /// assert_eq!("paused".parse(), Ok(HistoryEvent::Job(JobState::Paused)));
    /// assert!("forgotten".parse::<HistoryEvent>().is_err());
    /// ```
    fn from_str(given: &str) -> Result<Self, UnknownWord> {
        if let Ok(event) = given.parse() {
            return Ok(Self::Range(event));
        }
        given.parse().map(Self::Job).map_err(|_: UnknownWord| {
            let events = RangeEvent::ALL.iter().map(|event| event.as_str());
            let states = JobState::ALL.iter().map(|state| state.as_str());
            UnknownWord::new("event of a history", given, events.chain(states).collect())
        })
    }
}

impl fmt::Display for HistoryEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Range(event) => event.fmt(f),
            Self::Job(state) => state.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_count_what_they_should() {
        let those = |counts: fn(RangeEvent) -> bool| -> Vec<&str> {
            let events = RangeEvent::ALL.iter().filter(|event| counts(**event));
            events.map(|event| event.as_str()).collect()
        };
        assert_eq!(those(RangeEvent::counts_death), ["lost"]);
        assert_eq!(those(RangeEvent::counts_revocation), ["revoked", "stalled", "lost"]);
        assert_eq!(those(RangeEvent::begins_epoch), ["granted", "revoked", "stalled", "lost"]);
    }

    #[test]
    fn an_entry_is_about_a_range_or_the_job() {
        for event in RangeEvent::ALL {
            assert_eq!(event.as_str().parse(), Ok(HistoryEvent::Range(*event)));
            assert_eq!(HistoryEvent::Range(*event).to_string(), event.as_str());
        }
        for state in JobState::ALL {
            assert_eq!(state.as_str().parse(), Ok(HistoryEvent::Job(*state)));
            assert_eq!(HistoryEvent::Job(*state).to_string(), state.as_str());
        }
        let unknown = "vanished".parse::<HistoryEvent>().expect_err("no such event").to_string();
        assert!(unknown.starts_with("`vanished` is no event of a history"), "{unknown}");
        assert!(unknown.contains("granted") && unknown.contains("cancelled"), "{unknown}");
    }
}
