//! Collations: by what text is equal, and in which order it stands. Trailing blanks count in none of them.

use std::cmp::Ordering;

use crate::error::{SqlError, SqlResult};

/// The collations there are here. The first one is the database's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) enum Collation {
    #[default]
    SqlCi,
    Ci,
    Cs,
    Bin2,
}

/// Each with its name and that of its function in SQLite.
const NAMES: [(Collation, &str, &str); 4] = [
    (Collation::SqlCi, "SQL_Latin1_General_CP1_CI_AS", "TSQL"),
    (Collation::Ci, "Latin1_General_CI_AS", "TSQL_CI"),
    (Collation::Cs, "Latin1_General_CS_AS", "TSQL_CS"),
    (Collation::Bin2, "Latin1_General_BIN2", "TSQL_BIN2"),
];
/// Names that stand for the database's own.
const DEFAULTS: [&str; 2] = ["DATABASE_DEFAULT", "CATALOG_DEFAULT"];

impl Collation {
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        NAMES.iter().map(|(collation, ..)| *collation)
    }

    /// The collation that `COLLATE` names, or 448.
    pub(crate) fn named(name: &str) -> SqlResult<Self> {
        if DEFAULTS.iter().any(|default| default.eq_ignore_ascii_case(name)) {
            return Ok(Self::default());
        }
        let found = NAMES.iter().find(|(_, known, _)| known.eq_ignore_ascii_case(name));
        found
            .map(|(collation, ..)| *collation)
            .ok_or_else(|| SqlError::new(448, format!("Invalid collation '{name}'.")))
    }

    fn names(self) -> (&'static str, &'static str) {
        let found = NAMES
            .iter()
            .find(|(collation, ..)| *collation == self)
            .expect("every collation is there");
        (found.1, found.2)
    }

    /// As the catalog shows it.
    pub(crate) fn name(self) -> &'static str {
        self.names().0
    }

    /// What SQLite calls it.
    pub(crate) fn sqlite(self) -> &'static str {
        self.names().1
    }

    /// Whether upper and lower case differ.
    pub(crate) fn minds_case(self) -> bool {
        matches!(self, Self::Cs | Self::Bin2)
    }

    /// Compares, as far as letters, digits and trailing blanks go.
    pub(crate) fn compare(self, a: &str, b: &str) -> Ordering {
        let (a, b) = (a.trim_end_matches(' '), b.trim_end_matches(' '));
        match self {
            Self::SqlCi | Self::Ci => folded(a, b),
            // Where only case differs, small letters come first.
            Self::Cs => folded(a, b).then_with(|| b.cmp(a)),
            Self::Bin2 => a.cmp(b),
        }
    }
}

fn folded(a: &str, b: &str) -> Ordering {
    if a == b {
        return Ordering::Equal;
    }
    if a.is_ascii() && b.is_ascii() {
        let lower = |c: u8| c.to_ascii_lowercase();
        return a.bytes().map(lower).cmp(b.bytes().map(lower));
    }
    fold(a).cmp(fold(b))
}

/// Text without its case.
pub(crate) fn fold(text: &str) -> impl Iterator<Item = char> {
    text.chars().flat_map(char::to_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_accents_and_trailing_blanks() {
        let equal = |collation: Collation, a, b| collation.compare(a, b) == Ordering::Equal;
        for collation in Collation::all() {
            assert!(equal(collation, "ab  ", "ab"), "{collation:?}");
            assert!(!equal(collation, " ab", "ab"), "{collation:?}");
            assert!(!equal(collation, "e", "é"), "{collation:?}");
            assert_eq!(
                equal(collation, "Leased", "leased"),
                !collation.minds_case(),
                "{collation:?}"
            );
            assert_eq!(equal(collation, "É", "é"), !collation.minds_case(), "{collation:?}");
        }
    }

    #[test]
    fn order() {
        let less = |collation: Collation, a, b| collation.compare(a, b) == Ordering::Less;
        assert!(less(Collation::SqlCi, "a", "B"));
        assert!(less(Collation::Cs, "a", "A") && less(Collation::Cs, "A", "b"));
        assert!(less(Collation::Bin2, "B", "a"));
    }
}
