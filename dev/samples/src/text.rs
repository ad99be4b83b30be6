//! The contracts and SQL scripts of this crate, as text.

use crate::line::Line;

/// Returns the contract of a line.
pub fn contract(line: Line) -> &'static str {
    match line {
        Line::Card => include_str!("../contracts/card.json"),
        Line::Loan => include_str!("../contracts/loan.json"),
    }
}

/// Returns each line with its contract.
pub fn contracts() -> [(Line, &'static str); 2] {
    Line::ALL.map(|line| (line, contract(line)))
}

/// Returns the T-SQL that makes the target tables of both lines, in batches separated by `GO`.
pub fn target_sql() -> &'static str {
    include_str!("../sql/target.sql")
}

/// Returns the T-SQL that makes the source tables of both lines, in batches separated by `GO`.
pub fn source_sql() -> &'static str {
    include_str!("../sql/source.sql")
}
