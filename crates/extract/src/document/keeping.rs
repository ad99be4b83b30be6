//! What a pass over a document gives to whoever keeps a part of it: format 1 keeps values by path, format 2 a tree.

use std::borrow::Cow;

use super::Flaw;
use super::decode::{decode_text, normalize_lines};
use super::namespaces::{Namespace, Namespaces};
use super::prefixed::Name;
use crate::limits::Limits;

/// Keeps a part of a document.
pub(super) trait Keep<'x> {
    /// An element that has been entered.
    type Open: Copy;
    /// Where the attributes of the element in hand go.
    type Destination;

    /// What the root element is in.
    const ABOVE_ROOT: Self::Open;

    /// Says whether any text between tags is wanted.
    fn reads_text(&self) -> bool;

    /// Refuses a root element by its local name.
    fn check_root(&self, name: &str) -> Result<(), Flaw>;

    /// Enters an element without a prefix. `hash` is [`crate::layout::hash_name_in`] of its name.
    fn enter(
        &mut self,
        parent: Self::Open,
        name: &'x str,
        hash: u64,
        namespace: Namespace,
    ) -> (Self::Open, Self::Destination);

    /// Enters an element with a prefix.
    fn enter_prefixed(
        &mut self,
        parent: Self::Open,
        name: &Name<'x>,
    ) -> (Self::Open, Self::Destination);

    /// Corrects the namespace of the element in hand, which turned out to declare it itself. Where that changes what is
    /// kept of it, its attributes are read once more for another destination.
    fn rename(
        &mut self,
        parent: Self::Open,
        open: Self::Open,
        name: &Name<'x>,
    ) -> Option<(Self::Open, Self::Destination)>;

    /// Leaves an element.
    fn leave(&mut self, open: Self::Open);

    /// Refuses a document of which too much is kept. `tag` is where the element in hand begins.
    fn check(
        &self,
        destination: &Self::Destination,
        limits: &Limits,
        tag: usize,
    ) -> Result<(), Flaw>;

    /// Keeps an attribute of the element in hand if it is wanted.
    fn keep(&mut self, destination: &Self::Destination, attribute: &PlainAttribute<'x>);

    /// Keeps what is wanted of the attributes with a prefix, once all others of the element are known.
    fn keep_prefixed(
        &mut self,
        destination: &Self::Destination,
        attributes: &[PrefixedAttribute<'x>],
    );

    /// Says whether the text directly in an element is wanted.
    fn takes_text(open: Self::Open) -> bool;

    /// Adds to the text of the element in hand; fails if it becomes longer than `bytes_max`.
    fn add_text(
        &mut self,
        open: Self::Open,
        raw: &'x str,
        kind: TextKind,
        bytes_max: usize,
    ) -> Result<(), TooLong>;

    /// Takes the namespaces of the document, once it has been read.
    fn take_namespaces(&mut self, _namespaces: Namespaces<'x>) {}
}

/// An attribute without a prefix.
#[derive(Debug)]
pub(super) struct PlainAttribute<'x> {
    pub(super) name: &'x [u8],
    pub(super) hash: u64,
    /// The value as written.
    pub(super) raw: &'x str,
}

/// An attribute with a prefix.
#[derive(Debug)]
pub(super) struct PrefixedAttribute<'x> {
    /// Without the prefix.
    pub(super) name: &'x [u8],
    pub(super) namespace: Namespace,
    /// Of what follows the prefix.
    pub(super) hash: u64,
    /// Where in the document it is.
    pub(super) at: usize,
    /// The value as written.
    pub(super) raw: &'x str,
}

/// The text of an element is over the limit.
#[derive(Debug)]
pub(super) struct TooLong;

/// How a text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TextKind {
    /// With references.
    Written,
    /// In a CDATA section, where `&` is a sign like any other.
    Literal,
}

impl TextKind {
    /// Turns the text as written into what it says.
    pub(super) fn decode(self, raw: &str) -> Cow<'_, str> {
        match self {
            Self::Written => decode_text(raw),
            Self::Literal => normalize_lines(raw),
        }
    }
}
