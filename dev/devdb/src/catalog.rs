//! The tables there are: what SQL Server's catalog would know of them, kept beside the data in the same file.

pub(crate) mod access;
pub(crate) mod build;
mod definition;
pub(crate) mod principals;
pub(crate) mod store;
pub(crate) mod stored;
pub(crate) mod system;
pub(crate) mod table;

/// The database that clients are told of.
pub(crate) const DATABASE: &str = "xmlx";

pub(crate) use table::{Catalog, ForeignKey, Key, Table};
