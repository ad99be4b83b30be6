//! The two product lines.

/// A product line: one contract, one kind of application element.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Line {
    /// Credit cards, `contracts/card.json`.
    Card,
    /// Vehicle loans, `contracts/loan.json`.
    Loan,
}

impl Line {
    /// Both lines.
    pub const ALL: [Self; 2] = [Self::Card, Self::Loan];

    /// Returns the short name, as files and folders have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Card => "card",
            Self::Loan => "loan",
        }
    }

    /// Returns the table whose rows say which applications belong to the line.
    /// The line's application element has the same name.
    pub fn application_table(self) -> &'static str {
        match self {
            Self::Card => "card_application",
            Self::Loan => "loan_application",
        }
    }

    /// Returns the other line.
    pub fn other(self) -> Self {
        match self {
            Self::Card => Self::Loan,
            Self::Loan => Self::Card,
        }
    }
}
