//! The parameters of the commit's statements: the one place that knows their order, their types and their values.

use tiberius::ToSql;

use crate::HeldLease;

/// Declares the parameters that all forms of the statement begin with.
macro_rules! parameters {
    ($($name:ident = $place:literal: $sql_type:literal;)*) => {
        $(pub(super) const $name: &str = $place;)*

        /// Each one's place and its type in T-SQL.
        const FIXED: &[(&str, &str)] = &[$(($place, $sql_type)),*];
    };
}

parameters! {
    LAST = "@P1": "bigint";
    N_OK = "@P2": "bigint";
    N_FAILED = "@P3": "bigint";
    N_ROWS = "@P4": "bigint";
    JOB = "@P5": "bigint";
    RANGE = "@P6": "bigint";
    EPOCH = "@P7": "bigint";
    SESSION = "@P8": "nvarchar(max)";
    CURSOR = "@P9": "bigint";
    LOG = "@P10": "nvarchar(max)";
    RANGE_START = "@P11": "bigint";
    RANGE_END = "@P12": "bigint";
    DECIDED_ABOVE = "@P13": "bigint";
}

/// The values of these parameters.
#[derive(Debug)]
pub(super) struct Values<'a> {
    /// The last application of the group: where the cursor goes.
    pub(super) last: i64,
    pub(super) n_ok: i64,
    pub(super) n_failed: i64,
    pub(super) n_rows: i64,
    pub(super) lease: &'a HeldLease,
    /// Where the cursor has to be.
    pub(super) cursor: i64,
    /// The rows of the log, as JSON.
    pub(super) log: &'a String,
    pub(super) range_start: i64,
    pub(super) range_end: i64,
    /// The `log_id` above which a row of the log is a decision for this job.
    pub(super) decided_above: i64,
}

impl Values<'_> {
    /// In the order of their declaration.
    pub(super) fn in_order(&self) -> Vec<&dyn ToSql> {
        vec![
            &self.last,
            &self.n_ok,
            &self.n_failed,
            &self.n_rows,
            &self.lease.key.job.0,
            &self.lease.key.range.0,
            &self.lease.key.epoch.0,
            &self.lease.session.0,
            &self.cursor,
            self.log,
            &self.range_start,
            &self.range_end,
            &self.decided_above,
        ]
    }
}

/// The parameter that holds the rows of a table, as JSON.
pub(super) fn table(i: usize) -> String {
    behind(i)
}

/// The parameters that hold the warnings of a group, behind those of the tables.
pub(super) fn warnings(n_tables: usize) -> WarningParams {
    WarningParams {
        job: JOB,
        range: RANGE,
        rows: behind(n_tables),
        applications: behind(n_tables + 1),
        warnings: behind(n_tables + 2),
    }
}

/// The parameter that holds the report of the lease, as JSON.
pub(super) fn report(n_tables: usize) -> String {
    behind(n_tables + 3)
}

/// The parameter that holds what was found of the group's applications, as JSON.
pub(super) fn findings(n_tables: usize) -> String {
    behind(n_tables + 4)
}

/// The parameter that holds the keys of the group's applications, as JSON.
pub(super) fn keys(n_tables: usize) -> String {
    behind(n_tables + 5)
}

/// The types of the parameters behind those of the tables.
pub(super) const OPTIONAL: [&str; 6] =
    ["nvarchar(max)", "bigint", "bigint", "nvarchar(max)", "nvarchar(max)", "nvarchar(max)"];

/// Where the statements that count warnings find what they count.
#[derive(Debug)]
pub(crate) struct WarningParams {
    pub(crate) job: &'static str,
    pub(crate) range: &'static str,
    /// By column and kind, as JSON.
    pub(crate) rows: String,
    /// Applications with a warning.
    pub(crate) applications: String,
    /// All warnings.
    pub(crate) warnings: String,
}

/// In the search for refused applications: their rows, and how many applications these are.
pub(super) fn search() -> [String; 2] {
    [behind(0), behind(1)]
}

/// The `i`-th parameter behind those that all forms begin with.
fn behind(i: usize) -> String {
    format!("@P{}", FIXED.len() + 1 + i)
}

/// The declaration of the fixed parameters and of others behind them, as the checks of statements read it.
pub(super) fn declared(others: &[&str]) -> String {
    let fixed = FIXED.iter().map(|(place, sql_type)| format!("{place} {sql_type}"));
    let others = others.iter().enumerate().map(|(i, sql_type)| format!("{} {sql_type}", behind(i)));
    let all: Vec<String> = fixed.chain(others).collect();
    format!("-- params: {}\n", all.join(", "))
}

#[cfg(test)]
mod tests {
    use xmlx_domain::{Epoch, JobId, LeaseKey, RangeId, SessionId};

    use super::*;

    #[test]
    fn parameters_stand_in_their_order() {
        for (i, (place, _)) in FIXED.iter().enumerate() {
            assert_eq!(*place, format!("@P{}", i + 1));
        }
        let key = LeaseKey { job: JobId(1), range: RangeId(2), epoch: Epoch(3) };
        let lease = HeldLease { key, session: SessionId(String::new()) };
        let values = Values {
            last: 0,
            n_ok: 0,
            n_failed: 0,
            n_rows: 0,
            lease: &lease,
            cursor: 0,
            log: &String::new(),
            range_start: 0,
            range_end: 0,
            decided_above: 0,
        };
        assert_eq!(values.in_order().len(), FIXED.len(), "each has a value");
        assert_eq!(table(0), "@P14");
        assert!(declared(&["int"]).ends_with("@P13 bigint, @P14 int\n"));
    }
}
