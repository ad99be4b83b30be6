//! LIKE ("LIKE (Transact-SQL)"): `%` is any text, `_` any one character, `[a-f]` one of a set or range, `[^a-f]` one that
//! is not in it. Case does not matter. Blanks at the end count, as they do for `nvarchar`.

use super::compare::fold;

/// A pattern.
#[derive(Debug)]
pub(super) struct Pattern {
    /// `None` matches nothing: its escape has nothing behind it.
    parts: Option<Vec<Part>>,
}

#[derive(Debug, PartialEq, Eq)]
enum Part {
    AnyText,
    AnyOne,
    Exactly(char),
    Set { ranges: Vec<(char, char)>, wanted: Wanted },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Inside,
    Outside,
}

impl Pattern {
    pub(super) fn new(pattern: &str, escape: Option<char>) -> Self {
        Self { parts: parts(pattern, escape) }
    }

    /// Says whether all of a text is like the pattern. Takes at most text times pattern steps.
    pub(super) fn matches(&self, text: &str) -> bool {
        let Some(parts) = &self.parts else { return false };
        let mut rest = text.chars();
        let mut part_ix = 0;
        // Where to go on when what follows the last `%` turns out not to match.
        let mut retry = None;
        loop {
            if parts.get(part_ix) == Some(&Part::AnyText) {
                part_ix += 1;
                retry = Some((part_ix, rest.clone()));
                continue;
            }
            let matched = match (parts.get(part_ix), rest.next()) {
                (None, None) => return true,
                (Some(part), Some(found)) => part.takes(found),
                (Some(_), None) | (None, Some(_)) => false,
            };
            if matched {
                part_ix += 1;
                continue;
            }
            let Some((retry_ix, from)) = &mut retry else { return false };
            if from.next().is_none() {
                return false;
            }
            (part_ix, rest) = (*retry_ix, from.clone());
        }
    }
}

impl Part {
    fn takes(&self, found: char) -> bool {
        match self {
            Self::AnyText => false,
            Self::AnyOne => true,
            Self::Exactly(expected) => *expected == found || fold(*expected).eq(fold(found)),
            Self::Set { ranges, wanted } => {
                let cases = || fold(found).chain(found.to_uppercase()).chain([found]);
                let is_inside = ranges
                    .iter()
                    .any(|(from, to)| cases().any(|case| (*from..=*to).contains(&case)));
                is_inside == (*wanted == Wanted::Inside)
            }
        }
    }
}

fn parts(pattern: &str, escape: Option<char>) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    let mut rest = pattern.chars();
    while let Some(character) = rest.next() {
        if Some(character) == escape {
            parts.push(Part::Exactly(rest.next()?));
            continue;
        }
        match character {
            '%' if parts.last() == Some(&Part::AnyText) => {}
            '%' => parts.push(Part::AnyText),
            '_' => parts.push(Part::AnyOne),
            '[' => parts.push(set(&mut rest, escape)?),
            _ => parts.push(Part::Exactly(character)),
        }
    }
    Some(parts)
}

/// Reads a set behind its bracket. One without an end matches nothing.
fn set(rest: &mut std::str::Chars<'_>, escape: Option<char>) -> Option<Part> {
    let mut wanted = Wanted::Inside;
    let mut ranges: Vec<(char, char)> = Vec::new();
    let mut is_first = true;
    // Whether a hyphen was just read that makes a range of what is before and behind it.
    let mut range_from = None;
    loop {
        let mut character = rest.next()?;
        let is_escaped = Some(character) == escape;
        if is_escaped {
            character = rest.next()?;
        }
        match (character, range_from.take()) {
            ('^', None) if is_first && !is_escaped => {
                wanted = Wanted::Outside;
                continue;
            }
            (']', before) if !is_escaped => {
                if before.is_some() {
                    ranges.push(('-', '-'));
                }
                return Some(Part::Set { ranges, wanted });
            }
            ('-', None) if !is_first && !is_escaped => range_from = ranges.last().copied(),
            (_, Some((from, _))) => {
                ranges.pop();
                ranges.push((from, character));
            }
            (_, None) => ranges.push((character, character)),
        }
        is_first = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_patterns_end() {
        let pattern = Pattern::new(&"%a".repeat(200), None);
        assert!(!pattern.matches(&"a".repeat(150)));
        assert!(pattern.matches(&"a".repeat(300)));
    }
}
