//! Running batches: the engine all sessions share, and the sessions.

pub(crate) mod compiled;
mod control;
pub(crate) mod database;
mod ddl;
pub(crate) mod diagnose;
mod dml;
pub(crate) mod engine;
mod functions;
mod identity;
mod insert;
mod json;
mod json_rows;
pub(crate) mod logins;
pub(crate) mod prepared;
mod run;
pub(crate) mod session;
mod writer;
