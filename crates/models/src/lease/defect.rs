//! Defects planted around the decider: what it is told or what it says is changed, one decision at a time. They show that
//! the properties notice what they are there for.

#![allow(clippy::wildcard_enum_match_arm, reason = "a defect concerns one decision and no other")]

use xmlx_domain::{Epoch, JobState, RangeChange, RangeEvent, RangeId, RangeState};
use xmlx_lease::{Action, Boundary, Event, LeaseTable, Message, Timestamp};

use super::db::{self, JOB};

/// A planted defect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Defect {
    /// Everything is as it is.
    None,
    /// A grant does not begin an epoch.
    GrantKeepsTheEpoch,
    /// A revocation does not begin an epoch.
    RevocationKeepsTheEpoch,
    /// What is given back begins at epoch 0 again.
    ReleaseResetsTheEpoch,
    /// A worker is told of a change before the change is saved.
    SpeaksBeforeSaving,
    /// A grant is told and not saved.
    GrantIsNotSaved,
    /// A revocation is told and not saved.
    RevocationIsNotSaved,
    /// A grant names no owner.
    GrantNamesNoOwner,
    /// A range is granted to one session, and then to another under the same epoch.
    GrantsToTwo,
    /// What a grant leaves of a range belongs to no range any more.
    GrantForgetsTheRest,
    /// What a cut takes from an owner belongs to no range any more.
    SplitForgetsTheRest,
    /// What is left of a range gets the id of a range that exists.
    RestReusesAnId,
    /// A grant says that the first application of the range is decided.
    GrantSkipsTheFirst,
    /// A range in which applications wait is taken for one in which none does.
    ClosesWhatWaits,
    /// Sessions that are not heard of keep their leases.
    KeepsTheDead,
    /// A pause revokes nothing.
    PauseDoesNotRevoke,
    /// A pause that comes while the job is read again is forgotten.
    PauseInDoubtIsForgotten,
    /// After a change that was not saved the job is not read again.
    DoubtIsIgnored,
    /// Nobody asks whether the job is done.
    LastCheckIsForgotten,
    /// A new leader takes leases of before for ranges that nobody has.
    TakeoverForgetsOwners,
    /// A new leader does not see the last range.
    TakeoverForgetsARange,
    /// The commit does not compare epoch, owner and state.
    FenceIgnoresTheEpoch,
    /// The commit does not compare the cursor.
    FenceIgnoresTheCursor,
    /// The commit does not compare the range's end.
    FenceIgnoresTheEnd,
    /// The leader's change does not compare the term.
    FenceIgnoresTheTerm,
    /// The leader's change does not compare what it changes.
    FenceSavesOverAnything,
}

impl Defect {
    /// What the decider says to the event; with the defect.
    pub(crate) fn decide(
        self,
        table: &mut LeaseTable,
        mut event: Event,
        now: Timestamp,
    ) -> Vec<Action> {
        if self.swallows(table, &event) {
            return Vec::new();
        }
        self.change_event(&mut event);
        let mut actions = table.apply(event, now);
        match self {
            Self::SpeaksBeforeSaving => actions.reverse(),
            Self::GrantIsNotSaved => {
                actions.retain(|action| !saves(action, |event| event == RangeEvent::Granted));
            }
            Self::RevocationIsNotSaved => {
                actions.retain(|action| !saves(action, RangeEvent::counts_revocation));
            }
            Self::LastCheckIsForgotten => {
                actions.retain(|action| !matches!(action, Action::CheckDone { .. }));
            }
            Self::GrantsToTwo => actions = grant_twice(actions),
            _ => actions.iter_mut().for_each(|action| self.change_action(action)),
        }
        actions
    }

    fn swallows(self, table: &LeaseTable, event: &Event) -> bool {
        let is_pause = matches!(event, Event::JobMoved { state: JobState::Paused, .. });
        match self {
            Self::KeepsTheDead => matches!(event, Event::Ticked | Event::Broke { .. }),
            Self::PauseDoesNotRevoke => is_pause,
            Self::PauseInDoubtIsForgotten => is_pause && table.is_doubted(JOB),
            Self::DoubtIsIgnored => match event {
                Event::JobDoubted { .. } => true,
                Event::JobLoaded(_) => table.last_range(JOB).is_some(),
                _ => false,
            },
            _ => false,
        }
    }

    fn change_event(self, event: &mut Event) {
        match (self, event) {
            (Self::ClosesWhatWaits, Event::Found { boundary, .. }) => *boundary = Boundary::Empty,
            (Self::TakeoverForgetsOwners, Event::JobLoaded(snapshot)) => {
                for range in &mut snapshot.ranges {
                    (range.state, range.owner) = (RangeState::Pending, None);
                }
            }
            (Self::TakeoverForgetsARange, Event::JobLoaded(snapshot))
                if snapshot.last_range > RangeId::FIRST =>
            {
                snapshot.ranges.pop();
            }
            _ => (),
        }
    }

    fn change_action(self, action: &mut Action) {
        match action {
            Action::Save(change) => self.change_saved(change),
            Action::Send { message: Message::Grant(lease), .. }
                if self == Self::GrantKeepsTheEpoch =>
            {
                lease.key.epoch.0 -= 1;
            }
            _ => (),
        }
    }

    fn change_saved(self, change: &mut RangeChange) {
        let is_grant = change.event == RangeEvent::Granted;
        match self {
            Self::GrantKeepsTheEpoch if is_grant => change.to.epoch = change.from.epoch,
            Self::RevocationKeepsTheEpoch if change.event.counts_revocation() => {
                change.to.epoch = change.from.epoch;
            }
            Self::ReleaseResetsTheEpoch if change.event == RangeEvent::Released => {
                change.to.epoch = Epoch(0);
            }
            Self::GrantNamesNoOwner if is_grant => change.owner = None,
            Self::GrantForgetsTheRest if is_grant => change.rest = None,
            Self::SplitForgetsTheRest if change.event == RangeEvent::Split => change.rest = None,
            Self::RestReusesAnId if change.rest.is_some() => change.rest = Some(RangeId::FIRST),
            Self::GrantSkipsTheFirst if is_grant => change.cursor += 1,
            _ => (),
        }
    }
}

fn saves(action: &Action, is_meant: impl Fn(RangeEvent) -> bool) -> bool {
    matches!(action, Action::Save(change) if is_meant(change.event))
}

/// Behind each grant one of the same range to another session.
fn grant_twice(actions: Vec<Action>) -> Vec<Action> {
    let mut twice = Vec::new();
    for action in actions {
        let again = match &action {
            Action::Save(change) if change.event == RangeEvent::Granted => {
                let mut again = change.clone();
                again.from = again.to;
                again.rest = None;
                again.owner = Some(db::session(u8::from(change.owner != Some(db::session(1)))));
                Some(Action::Save(again))
            }
            _ => None,
        };
        twice.push(action);
        twice.extend(again);
    }
    twice
}
