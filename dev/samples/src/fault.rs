//! What can be wrong with a generated document, and who finds out.

/// One way of breaking a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fault {
    /// There is nothing in it but white space.
    Blank,
    /// It is no well-formed XML.
    Malformed,
    /// `Request` has no `ID`.
    MissingId,
    /// `Request/@ID` is another application's.
    WrongId,
    /// It is an application of the other line.
    WrongLine,
    /// A column that must not be NULL has neither a value nor a default.
    MissingRequired,
    /// A number is too large for its column.
    OutOfRange,
    /// A text that the contract does not cut is longer than its column.
    TooLong,
    /// It names a campaign that is not in the campaign table.
    ForeignKey,
    /// Its primary contact has the `con_id` of the application before it, which is a good one.
    /// Whichever of the two comes second fails.
    DuplicateId,
    /// A code that is not in its conversion table, for a column that may be NULL.
    UnknownEnum,
    /// A date that is none, for a column that may be NULL.
    BadDate,
}

/// Who decides the fate of a broken document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Decider {
    /// Mapping it fails.
    Extraction,
    /// Mapping succeeds; the database refuses the rows.
    Database,
    /// It is applied all the same, with something left out.
    Nobody,
}

impl Fault {
    /// Every fault.
    pub const ALL: [Self; 12] = [
        Self::Blank,
        Self::Malformed,
        Self::MissingId,
        Self::WrongId,
        Self::WrongLine,
        Self::MissingRequired,
        Self::OutOfRange,
        Self::TooLong,
        Self::ForeignKey,
        Self::DuplicateId,
        Self::UnknownEnum,
        Self::BadDate,
    ];

    /// Returns who decides about a document with this fault.
    pub fn decider(self) -> Decider {
        match self {
            Self::Blank
            | Self::Malformed
            | Self::MissingId
            | Self::WrongId
            | Self::WrongLine
            | Self::MissingRequired
            | Self::OutOfRange => Decider::Extraction,
            Self::TooLong | Self::ForeignKey | Self::DuplicateId => Decider::Database,
            Self::UnknownEnum | Self::BadDate => Decider::Nobody,
        }
    }

    /// Returns the stage at which the application fails, or `None` if it succeeds.
    pub fn expected_stage(self) -> Option<&'static str> {
        match self {
            Self::Blank | Self::Malformed | Self::MissingId | Self::WrongId | Self::WrongLine => {
                Some("validation")
            }
            Self::MissingRequired | Self::OutOfRange => Some("mapping"),
            Self::ForeignKey | Self::DuplicateId => Some("constraint"),
            Self::TooLong => Some("database"),
            Self::UnknownEnum | Self::BadDate => None,
        }
    }

    /// Returns the number of the error that SQL Server raises, where the database decides.
    pub fn sql_error(self) -> Option<u32> {
        match self {
            Self::TooLong => Some(2628),
            Self::ForeignKey => Some(547),
            Self::DuplicateId => Some(2627),
            Self::Blank
            | Self::Malformed
            | Self::MissingId
            | Self::WrongId
            | Self::WrongLine
            | Self::MissingRequired
            | Self::OutOfRange
            | Self::UnknownEnum
            | Self::BadDate => None,
        }
    }
}
