//! What a row is made of.

use crate::document::ElementIx;

/// The element that a row is made of, and the contact that it belongs to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scope {
    pub(super) element: Option<ElementIx>,
    /// The place of the contact among those that are kept.
    pub(super) kept: Option<usize>,
    /// The place of the element in [`crate::document::Document::records`], if it is one.
    pub(super) record: Option<usize>,
}

impl Scope {
    /// A row of the application itself.
    pub(super) const APPLICATION: Self = Self { element: None, kept: None, record: None };
}
