//! What a lease has done, in numbers: counts by table and column, never a value.
//!
//! A worker gathers them ([`Counter`], [`Gathered`]), each commit writes the sum of its lease ([`Report`]) beside the
//! cursor, and whoever asks adds up the leases of a job ([`Report::merge`]). [`standing_out`]
//! lists what deserves a look, [`compare`] where one job differs from another.

mod compare;
mod count;
mod covered;
mod rehearsal;
mod report;
mod stand_out;

pub use compare::compare;
pub use count::{Counter, Gathered, Outcome};
pub use covered::Covered;
pub use rehearsal::{Failures, Rehearsal, pattern};
pub use report::{ColumnReport, PerParent, REPORT_VERSION, ReadError, Report, TableReport};
pub use stand_out::{Finding, Rule, standing_out};
