//! What must hold in every state.

use stateright::Property;

use super::{Cluster, State};
use xmlx_domain::JobState;

/// What a step can violate that does not show in the state behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Flaw {
    /// A leader wrote after another one had taken over.
    DeposedWrote,
    /// A range that was done was changed.
    DoneChanged,
    /// An epoch fell, or stayed though the range changed hands.
    EpochDidNotRise,
    /// A worker was told of a lease that the database does not have.
    ToldUnsaved,
    /// Something was written under a lease that had moved on.
    CommittedUnderAnOldLease,
    /// Something was committed after a pause had been acknowledged.
    CommittedInAPause,
}

/// What must hold, with how it is seen. The last one looks ahead: see [`Cluster::can_end`].
type Check = (&'static str, fn(&Cluster, &State) -> bool);

pub(crate) const CHECKS: [Check; 11] = [
    ("no application is decided twice", |_, state| {
        state.db.decided.iter().all(|times| *times <= 1)
    }),
    ("no cursor passes an application that is not decided", |_, state| !state.db.is_passed_over()),
    ("ranges tile the scope", |_, state| state.db.tiles()),
    ("a job is done only when every application is decided", |_, state| {
        state.db.job != JobState::Done || state.db.is_decided()
    }),
    ("epochs only rise, and whenever a range changes hands", |_, state| {
        state.flaw != Some(Flaw::EpochDidNotRise)
    }),
    ("a deposed leader writes nothing", |_, state| state.flaw != Some(Flaw::DeposedWrote)),
    ("nothing happens to a range that is done", |_, state| state.flaw != Some(Flaw::DoneChanged)),
    ("what a worker is told is saved", |_, state| state.flaw != Some(Flaw::ToldUnsaved)),
    ("nothing is written under a lease that has moved on", |_, state| {
        state.flaw != Some(Flaw::CommittedUnderAnOldLease)
    }),
    ("nothing is committed after a pause was acknowledged", |_, state| {
        state.flaw != Some(Flaw::CommittedInAPause)
    }),
    ("from here on every application can be decided", Cluster::can_end),
];

/// The names of all properties.
pub const PROPERTIES: [&str; CHECKS.len()] = {
    let mut names = [""; CHECKS.len()];
    let mut at = 0;
    while at < CHECKS.len() {
        names[at] = CHECKS[at].0;
        at += 1;
    }
    names
};

/// All properties, or the one that is looked for.
pub(crate) fn properties(only: Option<&str>) -> Vec<Property<Cluster>> {
    let checks = CHECKS.into_iter().filter(|(name, _)| only.is_none_or(|only| only == *name));
    checks.map(|(name, holds)| Property::always(name, holds)).collect()
}
