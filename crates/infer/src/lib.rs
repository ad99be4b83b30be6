//! A first contract from sample documents or from an XML Schema: which tables and columns there could be.
//!
//! [`Samples`] takes documents one after the other and keeps only what they have in common; [`Samples::draft`] makes a
//! [`Draft`] of it. The crate knows no IO and no clock: it takes texts and gives texts.

mod draft;
mod names;
mod observe;
mod samples;
mod shape;
mod values;
mod write;
mod xsd;

pub use draft::{Column, LeftOut, Source, Table};
pub use observe::ReadError;
pub use samples::{Draft, DraftError, Options, Samples};
pub use values::{DateOrder, SqlType};
pub use xsd::{SchemaError, schema_locations};
