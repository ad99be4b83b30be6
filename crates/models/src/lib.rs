//! Models whose states are all visited: what the tests sample, these show for every order of events within their bounds.
//!
//! [`lease`] runs the real lease table in a small cluster. No program depends on this crate.

pub mod lease;
