//! The map that conversion tables are kept in.

use std::collections::HashMap;

/// A map from texts of the contract. The seed is fixed: nobody can choose these texts to collide, and a run replays.
pub(crate) type TextMap<V> = HashMap<Box<str>, V, foldhash::fast::FixedState>;
