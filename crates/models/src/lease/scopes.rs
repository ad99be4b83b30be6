//! Which clusters are looked at.

use super::{Bounds, Faults};

/// A cluster with a name.
pub type Scope = (&'static str, Bounds);

const NONE: Faults = Faults::NONE;

/// Those that a test looks at: each fault once in a cluster of two ranges of one application.
pub const SMALL: [Scope; 10] = [
    ("no fault", Bounds::two_ranges(NONE)),
    ("a split", Bounds::split(NONE)),
    ("a crash", Bounds::smallest(Faults { crashes: 1, ..NONE })),
    ("a takeover", Bounds::smallest(Faults { takeovers: 1, ..NONE })),
    ("a broken stream", Bounds::smallest(Faults { breaks: 1, ..NONE })),
    ("a message lost, one doubled", Bounds::smallest(Faults { losses: 1, doubles: 1, ..NONE })),
    ("a silence", Bounds::smallest(Faults { silences: 1, ..NONE })),
    ("no answer from the database", Bounds::smallest(Faults { unanswered: 1, ..NONE })),
    ("a drain", Bounds::smallest(Faults { drains: 1, ..NONE })),
    ("a pause", Bounds::smallest(Faults { pauses: 1, ..NONE })),
];

/// Those that are looked at by hand.
pub const LARGE: [Scope; 6] = [
    ("two crashes", Bounds::two_ranges(Faults { crashes: 2, ..NONE })),
    ("two crashes and a takeover", Bounds::two_ranges(Faults { crashes: 2, takeovers: 1, ..NONE })),
    (
        "a takeover, a message lost, one doubled",
        Bounds::smallest(Faults { takeovers: 1, losses: 1, doubles: 1, ..NONE }),
    ),
    ("a split, a crash and a takeover", Bounds::split(Faults { crashes: 1, takeovers: 1, ..NONE })),
    (
        "a pause, no answer and a takeover",
        Bounds::smallest(Faults { pauses: 1, unanswered: 1, takeovers: 1, ..NONE }),
    ),
    (
        "a broken stream, a silence and a drain",
        Bounds::smallest(Faults { breaks: 1, silences: 1, drains: 1, ..NONE }),
    ),
];
