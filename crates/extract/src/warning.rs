//! What was lost of a document on its way to rows.

use xmlx_domain::WarningKind;

/// A value that its column does not hold as the document says it. Two numbers and a word, so that a document full of
/// them costs little; [`crate::Plan::warned`] has the names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Warning {
    /// The place of the table in [`crate::Plan::tables`].
    pub table: usize,
    /// The place of the column in the table; `None` where it is about a row as a whole.
    pub column: Option<usize>,
    /// What happened to the value.
    pub kind: WarningKind,
}
