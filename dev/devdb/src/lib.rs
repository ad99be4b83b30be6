//! devdb: a stand-in for SQL Server on a laptop and in CI.
//!
//! A TDS 7.4 server over SQLite that understands the statements the product emits and no more: anything else is
//! answered with error 102, never approximated. It raises the error numbers SQL Server would, and can be told to
//! inject faults. It is not SQL Server, and never logs the value of a parameter.
//!
//! From the socket inwards: `server` listens, logs in and reads requests; `wire` is TDS as bytes; `sql` reads T-SQL
//! into a small tree; `bind` gives the tree types and turns it into SQLite's SQL; `exec` runs it, one session at a
//! time; `catalog` knows the tables; `value` converts, rounds and refuses values.

mod bind;
mod broken;
mod catalog;
mod clock;
mod error;
mod exec;
mod faults;
mod like;
mod locks;
mod plan;
mod server;
mod sql;
mod sync;
mod value;
mod wire;

pub use error::Error;
pub use exec::database::Storage;
pub use faults::{Action, Fault, Faults, Fired, Target, When};
pub use like::Like;
pub use locks::{Locked, Step, Verb};
pub use server::{Options, Server, Tls};
