//! Names with a prefix, or with characters beyond ASCII: as XML 1.0 and its namespaces have them.

use super::words::NameEnd;

/// Says whether a text is a name without a prefix.
pub(crate) fn is_name(text: &str) -> bool {
    let mut characters = text.chars();
    characters.next().is_some_and(starts_name) && characters.all(continues_name)
}

/// Finds where in a name, which begins at an offset of a text, its local part begins; `None` if it is no name.
#[inline]
pub(super) fn local_start(text: &str, start: usize, end: NameEnd) -> Option<usize> {
    if end.is_odd {
        return odd_start(&text[start..end.at]);
    }
    // Where the name is empty this is what comes after it, with which no name begins.
    let first = *text.as_bytes().get(start)?;
    (first.is_ascii_alphabetic() || first == b'_').then_some(0)
}

#[inline(never)]
fn odd_start(name: &str) -> Option<usize> {
    if name.is_ascii() {
        return prefixed_start(name.as_bytes());
    }
    let Some(colon) = memchr::memchr(b':', name.as_bytes()) else {
        return is_name(name).then_some(0);
    };
    (is_name(&name[..colon]) && is_name(&name[colon + 1..])).then_some(colon + 1)
}

/// The same for a name of ASCII characters with a colon, which have been found to be those of names.
fn prefixed_start(name: &[u8]) -> Option<usize> {
    let colon = memchr::memchr(b':', name)?;
    let local = &name[colon + 1..];
    let begins =
        |part: &[u8]| part.first().is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_');
    (begins(name) && begins(local) && memchr::memchr(b':', local).is_none()).then_some(colon + 1)
}

fn starts_name(character: char) -> bool {
    match character {
        'A'..='Z' | 'a'..='z' | '_' => true,
        character if character.is_ascii() => false,
        character => is_wide_start(character),
    }
}

fn continues_name(character: char) -> bool {
    match character {
        'A'..='Z' | 'a'..='z' | '_' | '0'..='9' | '-' | '.' => true,
        '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{203F}' | '\u{2040}' => true,
        character if character.is_ascii() => false,
        character => is_wide_start(character),
    }
}

/// What a name beyond ASCII may begin with.
fn is_wide_start(character: char) -> bool {
    matches!(character,
        '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}' | '\u{F8}'..='\u{2FF}' | '\u{370}'..='\u{37D}'
        | '\u{37F}'..='\u{1FFF}' | '\u{200C}' | '\u{200D}' | '\u{2070}'..='\u{218F}'
        | '\u{2C00}'..='\u{2FEF}' | '\u{3001}'..='\u{D7FF}' | '\u{F900}'..='\u{FDCF}'
        | '\u{FDF0}'..='\u{FFFD}' | '\u{10000}'..='\u{EFFFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let check = |name: &str, expected| {
            let is_odd = name.contains(':') || !name.is_ascii();
            let end = NameEnd { at: name.len(), is_odd };
            assert_eq!(local_start(name, 0, end), expected, "`{name}`");
        };
        for name in ["a", "_a-1.b", "é", "漢字", "a\u{B7}", "𐀀"] {
            check(name, Some(0));
        }
        check("x:a", Some(2));
        check("é:漢", Some(3));
        for none in [
            "",
            "1a",
            "-a",
            ".a",
            "×a",
            "a×",
            "\u{B7}a",
            "\u{300}",
            "a\u{2028}",
            "x:1",
            "x:-a",
            ":a",
            "a:",
            ":",
            "a:b:c",
            "a\u{37E}",
        ] {
            check(none, None);
        }
        assert!(is_name("sts") && !is_name("x:sts") && !is_name("item[1]") && !is_name("@v"));
    }
}
