//! LIKE: `%` is any text, `_` is any one character, case does not matter, nothing else is special.

/// A pattern, in lower case.
#[derive(Debug)]
pub(crate) struct Pattern {
    parts: Vec<Part>,
    /// As the contract writes it.
    written: Box<str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    AnyText,
    AnyOne,
    Exactly(char),
}

impl Pattern {
    pub(super) fn new(pattern: &str) -> Self {
        let mut parts = Vec::new();
        for character in pattern.chars().flat_map(char::to_lowercase) {
            match character {
                '%' if parts.last() == Some(&Part::AnyText) => {}
                '%' => parts.push(Part::AnyText),
                '_' => parts.push(Part::AnyOne),
                _ => parts.push(Part::Exactly(character)),
            }
        }
        Self { parts, written: pattern.into() }
    }

    /// Returns the pattern as the contract writes it.
    pub(crate) fn written(&self) -> &str {
        &self.written
    }

    /// Says whether all of a text is like the pattern. Takes at most text times pattern steps.
    pub(super) fn matches(&self, text: &str) -> bool {
        if text.is_ascii() {
            self.matches_lower(text.bytes().map(|byte| char::from(byte.to_ascii_lowercase())))
        } else {
            self.matches_lower(text.chars().flat_map(char::to_lowercase))
        }
    }

    fn matches_lower(&self, text: impl Iterator<Item = char> + Clone) -> bool {
        let mut rest = text;
        let mut part_ix = 0;
        // Where to go on when what follows the last `%` turns out not to match.
        let mut retry = None;
        loop {
            let before = rest.clone();
            let matched = match (self.parts.get(part_ix), rest.next()) {
                (Some(Part::AnyText), _) => {
                    retry = Some((part_ix + 1, before.clone()));
                    rest = before;
                    true
                }
                (Some(Part::AnyOne), Some(_)) => true,
                (Some(Part::Exactly(expected)), Some(found)) => *expected == found,
                (None, None) => return true,
                (Some(Part::AnyOne | Part::Exactly(_)) | None, _) => false,
            };
            if matched {
                part_ix += 1;
                continue;
            }
            let Some((retry_ix, mut from)) = retry.take() else { return false };
            if from.next().is_none() {
                return false;
            }
            part_ix = retry_ix;
            retry = Some((retry_ix, from.clone()));
            rest = from;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, text, expected) in [
            ("TU%", "TU FICO 09", true),
            ("TU%", "tu", true),
            ("TU%", "ATU", false),
            ("%BT%", "xbty", true),
            ("%BT%", "b t", false),
            ("V4_%", "V4_", true),
            ("V4_%", "V4", false),
            ("V4_%", "V4x9", true),
            ("a.c", "abc", false),
            ("a.c", "A.C", true),
            ("", "", true),
            ("", "x", false),
            ("%", "", true),
            ("%a%b", "aab", true),
            ("%a%b", "aba", false),
            ("%é_", "xÉy", true),
            ("a[b", "a[b", true),
        ] {
            assert_eq!(Pattern::new(pattern).matches(text), expected, "`{text}` like `{pattern}`");
        }
    }

    #[test]
    fn hostile_patterns_end() {
        let pattern = Pattern::new(&"%a".repeat(200));
        assert!(!pattern.matches(&"a".repeat(150)));
        assert!(pattern.matches(&"a".repeat(300)));
    }
}
