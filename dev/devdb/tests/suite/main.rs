//! devdb from outside: through tiberius, over the wire.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod calls;
mod collations;
mod commit;
mod control;
mod errors;
mod faults;
mod files;
mod like;
mod login;
mod principals;
mod queries;
mod raw;
mod sessions;
mod support;
mod tries;
