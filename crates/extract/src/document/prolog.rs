//! What comes before the root element: byte order marks, control characters.

use crate::work;

/// Takes off what surrounds a document: the document and how many bytes were before it.
pub(super) fn clean(text: &str) -> (&str, usize) {
    let is_noise = |character: char| {
        character == '\u{FEFF}' || character.is_whitespace() || character.is_control()
    };
    let mut rest = text.trim_start_matches(is_noise);
    // A byte order mark that was read as Latin-1.
    rest = rest.strip_prefix("ï»¿").unwrap_or(rest).trim_start_matches(is_noise);
    (rest.trim_end(), text.len() - rest.len())
}

/// Refuses characters that XML does not have.
pub(super) fn check_characters(text: &str) -> Result<(), usize> {
    work::note(text.len());
    let is_control = |byte: &u8| *byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r');
    // Without early exit, so that it is done many bytes at a time.
    if text.as_bytes().iter().fold(false, |any, byte| any | is_control(byte))
        && let Some(at) = text.bytes().position(|byte| is_control(&byte))
    {
        return Err(at);
    }
    if memchr::memchr(0xEF, text.as_bytes()).is_some()
        && let Some(at) = text.find(['\u{FFFE}', '\u{FFFF}'])
    {
        return Err(at);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn surroundings_are_taken_off() {
        for (text, expected) in [
            ("<a/>", ("<a/>", 0)),
            ("\u{FEFF}<a/>\r\n", ("<a/>", 3)),
            ("ï»¿ <a/>", ("<a/>", 7)),
            ("\u{1}\u{0} <a/>", ("<a/>", 3)),
            ("  ", ("", 2)),
        ] {
            assert_eq!(clean(text), expected);
        }
    }

    #[test]
    fn characters() {
        assert_eq!(check_characters("<a b='\t\r\né漢'/>"), Ok(()));
        assert_eq!(check_characters("<a\u{0}/>"), Err(2));
        assert_eq!(check_characters("<a>\u{FFFF}</a>"), Err(3));
    }
}
