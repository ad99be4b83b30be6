//! TDS 7.4 as bytes: packets, buffers, types, values and tokens. Knows nothing of SQL.

pub(crate) mod buffer;
pub(crate) mod codepage;
pub(crate) mod packet;
pub(crate) mod params;
pub(crate) mod tokens;
pub(crate) mod typeinfo;
pub(crate) mod values;
