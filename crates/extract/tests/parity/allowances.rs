//! The differences that are meant.

use crate::differences::Difference;

/// A difference that is meant.
#[derive(Debug)]
pub(crate) struct Allowance {
    /// The number in the list of differences.
    pub(crate) number: &'static str,
    pub(crate) contract: &'static str,
    pub(crate) table: &'static str,
    pub(crate) column: &'static str,
    #[expect(dead_code, reason = "for the reader, and shown when nothing uses the allowance")]
    pub(crate) why: &'static str,
}

impl Allowance {
    pub(crate) fn covers(&self, contract: &str, difference: &Difference) -> bool {
        self.contract == contract && self.table == difference.table && self.column == difference.column
    }
}

pub(crate) const ALLOWANCES: &[Allowance] = &[];
