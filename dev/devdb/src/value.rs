//! Values and their types: how each is kept in SQLite, converted, rounded and refused.

pub(crate) mod collation;
pub(crate) mod convert;
pub(crate) mod datetime;
pub(crate) mod datum;
pub(crate) mod decimal;
pub(crate) mod sqltype;
pub(crate) mod text;
