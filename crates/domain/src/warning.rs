//! What happens to values on their way from a document to a row.

use crate::word::words;

words! {
    /// What happened to a value. Closed, so that whoever counts warnings has a bound on what to count. The words are for
    /// programs, too, and do not change.
    "kind of warning": WarningKind {
        /// It is nothing of the column's type, or an expression makes nothing of it.
        Unreadable = "unreadable",
        /// A part of the text was read and the rest was not.
        PartlyRead = "partly_read",
        /// The text is longer than the column.
        Cut = "cut",
        /// A date lost its offset from UTC.
        OffsetDropped = "offset_dropped",
        /// A conversion has no entry for the code.
        UnknownCode = "unknown_code",
        /// A number or a time of day has more digits than the column.
        Rounded = "rounded",
        /// The document has more values than the column can take.
        SeveralValues = "several_values",
        /// An element that was meant to be a row is none.
        RowLeftOut = "row_left_out",
    }
}

impl WarningKind {
    /// Returns a sentence for people.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Unreadable => {
                "no value of the column's type could be made of the text; NULL or the default stands instead"
            }
            Self::PartlyRead => "a part of the text was read and the rest was not used",
            Self::Cut => "the text is longer than its column and was cut",
            Self::OffsetDropped => {
                "the time has an offset from UTC, which was dropped and not applied"
            }
            Self::UnknownCode => {
                "no conversion knows the code; what stands for unknown ones was taken"
            }
            Self::Rounded => "the value has more digits than its column and was rounded",
            Self::SeveralValues => {
                "the document has several values for one column; one of them was taken"
            }
            Self::RowLeftOut => "an element that was meant to be a row was left out",
        }
    }
}
