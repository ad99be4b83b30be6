//! Conversion tables of format 2: codes of the document and what stands for them.

use crate::contract::nearest;
use crate::hash::TextMap;

/// What becomes of a code that a table does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unknown {
    /// The column has no value, with a warning.
    Null,
    /// Another value stands for it, with a warning.
    Default(String),
    /// The application fails.
    Fail,
    /// The code itself is the value, with a warning.
    Keep,
}

/// A conversion table.
#[derive(Debug)]
pub(crate) struct ConversionTable {
    exact: TextMap<Box<str>>,
    /// The same by codes in small letters, where case does not matter.
    lower: Option<TextMap<Box<str>>>,
    unknown: Unknown,
}

/// Whether `a` and `A` are one code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Case {
    Matters,
    Any,
}

/// What stands for a code, a text that is read like one of the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found<'t> {
    Value(&'t str),
    /// The table does not have it, and this is what stands for it.
    Unknown(Option<&'t str>),
    /// The table does not have it, and the application fails.
    Refused,
}

impl ConversionTable {
    /// Makes a table. The error names a code that is there twice.
    pub(crate) fn new(
        entries: Vec<(String, String)>,
        unknown: Unknown,
        case: Case,
    ) -> Result<Self, String> {
        let mut exact = TextMap::default();
        let mut lower = TextMap::default();
        for (code, value) in entries {
            let small = code.to_lowercase().into_boxed_str();
            let value = value.into_boxed_str();
            if case == Case::Any {
                lower.entry(small).or_insert_with(|| value.clone());
            }
            if exact.insert(code.as_str().into(), value).is_some() {
                return Err(format!("the code `{}` is there twice", code.escape_debug()));
            }
        }
        let lower = (case == Case::Any).then_some(lower);
        Ok(Self { exact, lower, unknown })
    }

    /// Looks a code up.
    pub(crate) fn look_up<'t>(&'t self, code: &'t str) -> Found<'t> {
        let lower = || self.lower.as_ref()?.get(code.to_lowercase().as_str());
        let known = self.exact.get(code).or_else(lower);
        match (known, &self.unknown) {
            (Some(value), _) => Found::Value(value),
            (None, Unknown::Null) => Found::Unknown(None),
            (None, Unknown::Default(value)) => Found::Unknown(Some(value)),
            (None, Unknown::Keep) => Found::Unknown(Some(code)),
            (None, Unknown::Fail) => Found::Refused,
        }
    }
}

impl Unknown {
    /// Reads the words of `unknown` and `default` of a table. The error says what to write.
    pub(crate) fn from_words(word: Option<&str>, default: Option<&str>) -> Result<Self, String> {
        match (word, default) {
            (None | Some("null"), None) => Ok(Self::Null),
            (None | Some("default"), Some(value)) => Ok(Self::Default(value.to_owned())),
            (Some("fail"), None) => Ok(Self::Fail),
            (Some("keep"), None) => Ok(Self::Keep),
            (Some("default"), None) => {
                Err("write `default = ..`, the value that stands for unknown codes".to_owned())
            }
            (Some("null" | "fail" | "keep"), Some(_)) => {
                Err("leave `default` away, or write `unknown = \"default\"`".to_owned())
            }
            (Some(word), _) => {
                let words = ["null", "default", "fail", "keep"];
                Err(match nearest(word, words) {
                    Some(meant) => format!("did you mean \"{meant}\"?"),
                    None => "write \"null\", \"default\", \"fail\" or \"keep\"".to_owned(),
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(unknown: Unknown, case: Case) -> ConversionTable {
        let entries = [("A", "1"), ("c", "2")];
        let entries = entries.map(|(code, value)| (code.to_owned(), value.to_owned()));
        ConversionTable::new(entries.to_vec(), unknown, case).expect("no code is there twice")
    }

    #[test]
    fn codes() {
        let default = || Unknown::Default("9".to_owned());
        for (unknown, case, code, expected) in [
            (Unknown::Null, Case::Matters, "A", Found::Value("1")),
            (Unknown::Null, Case::Matters, "a", Found::Unknown(None)),
            (Unknown::Null, Case::Any, "a", Found::Value("1")),
            (Unknown::Null, Case::Any, "C", Found::Value("2")),
            (default(), Case::Any, "X", Found::Unknown(Some("9"))),
            (Unknown::Keep, Case::Any, "X", Found::Unknown(Some("X"))),
            (Unknown::Fail, Case::Any, "X", Found::Refused),
        ] {
            assert_eq!(table(unknown.clone(), case).look_up(code), expected, "{code} {unknown:?}");
        }
    }

    #[test]
    fn a_code_is_there_once() {
        let entries =
            |codes: [&str; 2]| codes.map(|code| (code.to_owned(), String::new())).to_vec();
        for case in [Case::Any, Case::Matters] {
            let err = ConversionTable::new(entries(["a", "a"]), Unknown::Null, case);
            assert_eq!(err.expect_err("twice"), "the code `a` is there twice");
            assert!(ConversionTable::new(entries(["a", "A"]), Unknown::Null, case).is_ok());
        }
    }

    /// A code counts as it is written before one in another case does.
    #[test]
    fn codes_as_written_come_first() {
        let entries = [("a", "1"), ("A", "2"), ("B", "3")];
        let entries = entries.map(|(code, value)| (code.to_owned(), value.to_owned()));
        let table = ConversionTable::new(entries.to_vec(), Unknown::Null, Case::Any);
        let table = table.expect("no code is there twice");
        for (code, expected) in [("a", "1"), ("A", "2"), ("b", "3")] {
            assert_eq!(table.look_up(code), Found::Value(expected), "{code}");
        }
    }

    #[test]
    fn words_of_unknown_codes() {
        for (word, default, expected) in [
            (None, None, "Ok(Null)"),
            (None, Some("9"), "Ok(Default(\"9\"))"),
            (Some("default"), Some("9"), "Ok(Default(\"9\"))"),
            (Some("keep"), None, "Ok(Keep)"),
            (Some("fail"), None, "Ok(Fail)"),
            (
                Some("default"),
                None,
                "Err(\"write `default = ..`, the value that stands for unknown codes\")",
            ),
            (
                Some("null"),
                Some("9"),
                r#"Err("leave `default` away, or write `unknown = \"default\"`")"#,
            ),
            (Some("keeps"), None, r#"Err("did you mean \"keep\"?")"#),
        ] {
            let shown = format!("{:?}", Unknown::from_words(word, default));
            assert_eq!(shown, expected, "{word:?} {default:?}");
        }
    }
}
