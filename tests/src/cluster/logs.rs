//! What the programs of a cluster log.

/// What every program logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Logs {
    /// As users have them.
    Default,
    /// All that the programs and their libraries can say.
    Everything,
}

impl Logs {
    /// The variables that say so.
    pub(super) fn variables(self) -> Option<(&'static str, &'static str)> {
        (self == Self::Everything).then_some(("RUST_LOG", "trace"))
    }
}
