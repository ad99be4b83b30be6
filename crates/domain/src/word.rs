//! Closed sets of words: an enum whose variants each have one text.

use std::fmt;

/// A text that names none of the words of a set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownWord {
    what: &'static str,
    given: String,
    known: Vec<&'static str>,
}

impl UnknownWord {
    /// `given` is none of the `known` words for a `what`.
    #[must_use]
    pub fn new(what: &'static str, given: &str, known: Vec<&'static str>) -> Self {
        Self { what, given: given.to_owned(), known }
    }
}

impl fmt::Display for UnknownWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, given, known } = self;
        write!(f, "`{given}` is no {what}; known are: {}", known.join(", "))
    }
}

impl std::error::Error for UnknownWord {}

/// Defines an enum with one text for each variant: `ALL`, `as_str`, `Display` and `FromStr`.
macro_rules! words {
    (
        $(#[$doc:meta])*
        $what:literal: $name:ident { $( $(#[$variant_doc:meta])* $variant:ident = $text:literal, )+ }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $( $(#[$variant_doc])* $variant, )+
        }

        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$( Self::$variant, )+];

            /// The text that the database, the protocol and people have for it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $( Self::$variant => $text, )+
                }
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::UnknownWord;

            fn from_str(given: &str) -> Result<Self, $crate::UnknownWord> {
                Self::ALL.iter().copied().find(|known| known.as_str() == given).ok_or_else(|| {
                    let known = Self::ALL.iter().map(|word| word.as_str()).collect();
                    $crate::UnknownWord::new($what, given, known)
                })
            }
        }
    };
}
pub(crate) use words;

#[cfg(test)]
mod tests {
    use std::fmt::{Debug, Display};
    use std::str::FromStr;

    use crate::{
        ErrorClass, JobState, Mode, Outcome, RangeEvent, RangeState, SessionState, Stage,
        UnknownWord, WarningKind,
    };

    /// Every word reads back, no two words share a text, and anything else is refused by its name.
    fn check<W>(words: &[W], what: &str)
    where
        W: Copy + Debug + Display + Ord + FromStr<Err = UnknownWord>,
    {
        let mut texts = std::collections::BTreeSet::new();
        for word in words {
            assert_eq!(word.to_string().parse::<W>().as_ref(), Ok(word));
            assert!(texts.insert(word.to_string()), "{word} stands for two");
        }
        for given in ["", "mystery", "Running", " running"] {
            let refused = given.parse::<W>().expect_err("it is no word").to_string();
            assert!(
                refused.starts_with(&format!("`{given}` is no {what}; known are: ")),
                "{refused}"
            );
        }
    }

    #[test]
    fn words_read_back_and_others_are_refused() {
        check(JobState::ALL, "job state");
        check(Mode::ALL, "job mode");
        check(RangeState::ALL, "range state");
        check(RangeEvent::ALL, "range event");
        check(SessionState::ALL, "session state");
        check(ErrorClass::ALL, "error class");
        check(Stage::ALL, "stage");
        check(Outcome::ALL, "outcome");
        check(WarningKind::ALL, "kind of warning");
    }
}
