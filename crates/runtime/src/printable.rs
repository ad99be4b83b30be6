//! Text from outside, made fit for a screen or a log: names, reasons and messages of a server may hold anything, and a
//! newline or an escape sequence in them would forge a row of a table, a line of a log or what a terminal shows.
//!
//! What is replaced is written as JSON escapes it, so that JSON stays the JSON that it is.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Whether a character shows what it is and moves nothing: no control character (escape sequences begin with one), no
/// end of a line, and nothing that turns the direction of writing around.
fn is_printable(character: char) -> bool {
    !character.is_control()
        && !matches!(
            character,
            '\u{2028}' | '\u{2029}' | '\u{61c}' | '\u{200e}' | '\u{200f}'
            | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

/// Text on one line, as safe as it can be shown: a newline becomes `\n`, an escape `\u001b`.
#[must_use]
pub fn printable(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_printable) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            _ if is_printable(character) => shown.push(character),
            _ => write!(shown, "\\u{:04x}", u32::from(character))
                .expect("writing to a string does not fail"),
        }
    }
    Cow::Owned(shown)
}

/// A message of several lines: all but the first are indented, so that none can pass for a message of its own.
#[must_use]
pub fn printable_lines(text: &str) -> String {
    let lines: Vec<Cow<'_, str>> = text.split('\n').map(printable).collect();
    let mut shown = String::with_capacity(text.len());
    for (i, line) in lines.iter().enumerate() {
        if i > 0 {
            shown.push('\n');
            if !line.starts_with("  ") {
                shown.push_str("  ");
            }
        }
        shown.push_str(line);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_names_stay_on_their_line() {
        for (name, shown) in [
            ("card", "card"),
            ("Zoë 株式会社 [x]", "Zoë 株式会社 [x]"),
            ("C:\\a", "C:\\a"),
            ("a\nERROR: b", "a\\nERROR: b"),
            ("a\r\tb", "a\\r\\tb"),
            ("\u{1b}[2J\u{1b}]0;title\u{7}", "\\u001b[2J\\u001b]0;title\\u0007"),
            ("\u{9b}2J", "\\u009b2J"),
            ("a\u{7f}\u{0}", "a\\u007f\\u0000"),
            ("a\u{2028}b\u{85}c", "a\\u2028b\\u0085c"),
            ("gpj\u{202e}exe.", "gpj\\u202eexe."),
        ] {
            assert_eq!(printable(name), shown, "{name:?}");
            assert_eq!(printable(shown), shown, "what is printable stays as it is");
        }
    }

    #[test]
    fn no_line_of_a_message_passes_for_another_message() {
        assert_eq!(
            printable_lines("error: a\n  b\nerror: c\r\n"),
            "error: a\n  b\n  error: c\\r\n  "
        );
        assert_eq!(printable_lines("one"), "one");
    }
}
