//! Says what a misspelt word was probably meant to be.

use crate::contract::nearest;

/// How many of the known words are listed where none is like the one that was written.
const LISTED_MAX: usize = 12;

/// Says what to write instead of a word that a place does not have.
pub(crate) fn suggest(word: &str, known: &[&str], place: &str) -> String {
    if let Some(nearest) = nearest(word, known.iter().copied()) {
        return format!("did you mean `{nearest}`?");
    }
    if known.is_empty() {
        return format!("{place} has none; add it there");
    }
    let listed: Vec<String> =
        known.iter().take(LISTED_MAX).map(|known| format!("`{known}`")).collect();
    let more = if known.len() > LISTED_MAX { ", .." } else { "" };
    format!("{place} has {}{more}", listed.join(", "))
}
