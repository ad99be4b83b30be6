//! From the bytes of a document to its text.
//!
//! Bytes come from files and from `varbinary` columns. A `varchar`, `nvarchar` or `xml` column is read as UTF-16, and
//! whatever encoding its documents declare no longer says anything about them: see [`text_of_utf16`].
//!
//! Of bytes whose encoding is not known, in this order:
//!
//! 1. A byte order mark decides: UTF-8, or UTF-16 of either byte order.
//! 2. A `<` beside a zero byte begins UTF-16 without a mark. UTF-32 and EBCDIC are known by their first bytes, too, and
//!    refused by name.
//! 3. What declares UTF-16 and is not, or an encoding that nobody knows, is refused, as parsers do.
//! 4. Bytes that are UTF-8 are UTF-8, whatever else is declared: text in a code page is hardly ever UTF-8 by chance.
//! 5. A declared encoding other than UTF-8 decides.
//! 6. What is left declares nothing or wrongly UTF-8: usually a code page of SQL Server's. It is read as
//!    windows-1252, unless parts of it are UTF-8, since then it is damaged UTF-8 and nobody knows what was meant.
//!
//! Nothing is ever replaced: what cannot be decoded as a whole is refused.

use std::borrow::Cow;
use std::str;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// Where a declaration has to end to be seen.
const DECLARATION_WITHIN: usize = 256;

/// The longest name of an encoding in a message.
const LABEL_MAX: usize = 40;

/// `<`, `?` and `>` in EBCDIC.
const EBCDIC_LESS: u8 = 0x4C;
const EBCDIC_QUESTION: u8 = 0x6F;
const EBCDIC_GREATER: u8 = 0x6E;

/// Bytes that windows-1252 has no character for; decoders make control characters of them.
const UNDEFINED_IN_1252: [u8; 5] = [0x81, 0x8D, 0x8F, 0x90, 0x9D];

/// Why bytes are no text. Never says what they hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the document cannot be decoded: {reason}")]
pub struct DecodeError {
    reason: String,
}

impl DecodeError {
    fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into() }
    }
}

/// Decodes a document, without a copy where it is UTF-8. The byte order mark is taken off.
///
/// # Errors
///
/// Says in which encoding the bytes were read and what is wrong with them, such as an odd number of bytes in UTF-16, a
/// surrogate without its pair or a mixture of encodings.
pub fn text_of(bytes: &[u8]) -> Result<Cow<'_, str>, DecodeError> {
    if let Some(name) = not_read(bytes) {
        let reason = format!("it is {name}, which is not read; store it as UTF-8 or UTF-16");
        return Err(DecodeError::new(reason));
    }
    if let Some((marked, n_mark)) = Encoding::for_bom(bytes) {
        let rest = &bytes[n_mark..];
        return if marked == UTF_8 { utf_8(rest) } else { utf_16(rest, marked) };
    }
    match bytes {
        [b'<', 0, ..] => return utf_16(bytes, UTF_16LE),
        [0, b'<', 0, ..] => return utf_16(bytes, UTF_16BE),
        _ => {}
    }
    let is_not = |it: &'static Encoding| {
        DecodeError::new(format!("it declares {} and is not that", it.name()))
    };
    let label = declared(bytes).unwrap_or_default();
    let declared = match declared(bytes).map(Encoding::for_label) {
        Some(None) => return Err(unknown(label)),
        Some(Some(it)) if it == UTF_16LE || it == UTF_16BE => return Err(is_not(it)),
        Some(Some(it)) => it,
        None => UTF_8,
    };
    let err = match str::from_utf8(bytes) {
        Ok(text) => return Ok(Cow::Borrowed(text)),
        Err(err) => err,
    };
    if declared == WINDOWS_1252 {
        windows_1252(bytes)
    } else if declared != UTF_8 {
        let text = declared.decode_without_bom_handling_and_without_replacement(bytes);
        text.ok_or_else(|| is_not(declared))
    } else if err.error_len().is_none() && has_utf_8_parts(bytes) {
        let at = err.valid_up_to();
        Err(DecodeError::new(format!("it is cut off in a character of UTF-8, at byte {at}")))
    } else if has_utf_8_parts(bytes) {
        Err(DecodeError::new(format!(
            "it is UTF-8 in parts and not at byte {}; store it again, or declare its encoding",
            err.valid_up_to()
        )))
    } else {
        windows_1252(bytes)
    }
}

/// Decodes a document that is known to be UTF-16, low byte first, such as one from a column of text.
///
/// # Errors
///
/// Says what is wrong: an odd number of bytes, or a surrogate without its pair.
pub fn text_of_utf16(bytes: &[u8]) -> Result<Cow<'_, str>, DecodeError> {
    utf_16(bytes, UTF_16LE)
}

/// Names the encodings that XML 1.0 knows by their first bytes and that are not read here.
fn not_read(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xFF, 0xFE, 0, 0, ..] | [0, 0, 0xFE, 0xFF, ..] => Some("UTF-32"),
        [b'<', 0, 0, 0, ..] | [0, 0, 0, b'<', ..] => Some("UTF-32"),
        [EBCDIC_LESS, EBCDIC_QUESTION, ..] => Some("EBCDIC"),
        // Without a declaration: it begins with `<`, which is an `L` in ASCII, and ends with `>`.
        [EBCDIC_LESS, .., EBCDIC_GREATER] => Some("EBCDIC"),
        _ => None,
    }
}

/// The declared encoding, if its name can be shown, has no decoder.
fn unknown(label: &[u8]) -> DecodeError {
    let is_shown = !label.is_empty()
        && label.len() <= LABEL_MAX
        && label.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(byte));
    let named = is_shown.then(|| format!(", `{}`", String::from_utf8_lossy(label)));
    let named = named.unwrap_or_default();
    DecodeError::new(format!("it declares an encoding that is not known{named}"))
}

fn utf_8(bytes: &[u8]) -> Result<Cow<'_, str>, DecodeError> {
    str::from_utf8(bytes).map(Cow::Borrowed).map_err(|err| {
        let at = err.valid_up_to();
        DecodeError::new(format!("its mark says UTF-8 and it is not, {at} bytes after the mark"))
    })
}

fn utf_16<'b>(bytes: &'b [u8], encoding: &'static Encoding) -> Result<Cow<'b, str>, DecodeError> {
    let name = encoding.name();
    if !bytes.len().is_multiple_of(2) {
        return Err(DecodeError::new(format!("{name} with an odd number of bytes")));
    }
    let text = encoding.decode_without_bom_handling_and_without_replacement(bytes);
    text.ok_or_else(|| DecodeError::new(format!("{name} with a surrogate without its pair")))
}

fn windows_1252(bytes: &[u8]) -> Result<Cow<'_, str>, DecodeError> {
    if let Some(at) = bytes.iter().position(|byte| UNDEFINED_IN_1252.contains(byte)) {
        return Err(DecodeError::new(format!(
            "it is neither UTF-8 nor windows-1252, at byte {at}"
        )));
    }
    Ok(WINDOWS_1252.decode_without_bom_handling(bytes).0)
}

/// Says whether characters beyond ASCII occur that are valid UTF-8.
fn has_utf_8_parts(bytes: &[u8]) -> bool {
    bytes.utf8_chunks().any(|chunk| !chunk.valid().is_ascii())
}

/// Finds the encoding that the declaration of a document names.
fn declared(bytes: &[u8]) -> Option<&[u8]> {
    let start = bytes.trim_ascii_start().strip_prefix(b"<?xml")?;
    let start = &start[..start.len().min(DECLARATION_WITHIN)];
    let declaration = &start[..memchr::memmem::find(start, b"?>")?];
    let at = memchr::memmem::find(declaration, b"encoding")? + b"encoding".len();
    let value = declaration[at..].trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
    let (quote, value) = value.split_first()?;
    let end = memchr::memchr(*quote, value)?;
    Some(&value[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], expected: &str) {
        let shown = match text_of(bytes) {
            Ok(text) => text.into_owned(),
            Err(err) => err.reason,
        };
        assert_eq!(shown, expected, "{bytes:?}");
    }

    fn utf_16_bytes(text: &str, to_bytes: impl Fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(to_bytes).collect()
    }

    #[test]
    fn marks_decide() {
        check(b"\xEF\xBB\xBF<a b='\xC3\xA9'/>", "<a b='é'/>");
        check(
            b"\xEF\xBB\xBF<a b='\xE9'/>",
            "its mark says UTF-8 and it is not, 6 bytes after the mark",
        );
        for to_bytes in [u16::to_le_bytes, u16::to_be_bytes] {
            check(&utf_16_bytes("\u{FEFF}<a b='é漢🂡'/>", to_bytes), "<a b='é漢🂡'/>");
            check(&utf_16_bytes("\u{FEFF}", to_bytes), "");
        }
        check(b"\xEF\xBB\xBF<?xml encoding='utf-16'?>", "<?xml encoding='utf-16'?>");
    }

    #[test]
    fn columns_of_text_need_no_mark() {
        let text = "\r\n<?xml encoding='utf-8'?><a b='é漢🂡'/>";
        let bytes = utf_16_bytes(text, u16::to_le_bytes);
        assert_eq!(text_of_utf16(&bytes).as_deref(), Ok(text));
        let lone = [b'<', 0, 0x00, 0xD8, b'>', 0];
        let err = text_of_utf16(&lone).expect_err("a lone surrogate").reason;
        assert_eq!(err, "UTF-16LE with a surrogate without its pair");
    }

    #[test]
    fn utf_16_without_a_mark() {
        for to_bytes in [u16::to_le_bytes, u16::to_be_bytes] {
            check(&utf_16_bytes("<a b='é漢🂡'/>", to_bytes), "<a b='é漢🂡'/>");
        }
        check(b"<\0a", "UTF-16LE with an odd number of bytes");
        check(b"\0<\0a\xD8\0", "UTF-16BE with a surrogate without its pair");
        check(b"<\0\0\xDC", "UTF-16LE with a surrogate without its pair");
        // A stray zero before a document of single bytes.
        check(b"\0<a/>", "\0<a/>");
    }

    #[test]
    fn utf_8_whatever_is_declared() {
        check(b"", "");
        check(b"<a b='\xC3\xA9'/>", "<a b='é'/>");
        for encoding in ["windows-1252", "utf8", "US-ASCII", "cp1252", "shift_jis"] {
            let text = format!("<?xml version='1.0' encoding='{encoding}'?><a b='é'/>");
            check(text.as_bytes(), &text);
        }
        assert!(matches!(text_of("é".as_bytes()), Ok(Cow::Borrowed("é"))));
    }

    #[test]
    fn code_pages() {
        let declare = |encoding: &str, bytes: &[u8]| {
            [format!("<?xml version=\"1.0\" encoding = \"{encoding}\" ?>").as_bytes(), bytes]
                .concat()
        };
        let text_after = |bytes: &[u8]| {
            text_of(bytes).map(|text| text.split_once("?>").expect("a declaration").1.to_owned())
        };
        for encoding in ["windows-1252", "ISO-8859-1", "latin1", "UTF-8", "ascii"] {
            assert_eq!(text_after(&declare(encoding, b"Zo\xEB \x80")), Ok("Zoë €".to_owned()));
        }
        // By what is declared even where parts could be UTF-8.
        assert_eq!(text_after(&declare("cp1252", b"\xC3\xA9\xE9")), Ok("Ã©é".to_owned()));
        assert_eq!(text_after(&declare("iso-8859-2", b"\xB1")), Ok("ą".to_owned()));
        check(b"<a b='Zo\xEB'/>", "<a b='Zoë'/>");
        check(
            b"<a b='Zo\xC3\xAB' c='\xE9'/>",
            "it is UTF-8 in parts and not at byte 15; store it again, or declare its encoding",
        );
        check(b"<a b='\x81'/>", "it is neither UTF-8 nor windows-1252, at byte 6");
        assert_eq!(
            text_of(&declare("shift_jis", b"\xFF")).expect_err("no such character").reason,
            "it declares Shift_JIS and is not that"
        );
        for bytes in [&b"<a/>"[..], b"\xE9"] {
            let refused = |encoding| text_of(&declare(encoding, bytes)).expect_err(encoding).reason;
            assert_eq!(refused("utf-16"), "it declares UTF-16LE and is not that");
            assert_eq!(refused("UTF-16BE"), "it declares UTF-16BE and is not that");
            for unknown in ["nonsense", "utf-32", "IBM037"] {
                let reason = format!("it declares an encoding that is not known, `{unknown}`");
                assert_eq!(refused(unknown), reason);
            }
            for unknown in ["", "of ours", "<b>"] {
                assert_eq!(refused(unknown), "it declares an encoding that is not known");
            }
        }
    }

    #[test]
    fn encodings_that_are_not_read_are_named() {
        let utf_32 = "it is UTF-32, which is not read; store it as UTF-8 or UTF-16";
        for to_bytes in [u32::to_le_bytes, u32::to_be_bytes] {
            for text in ["<a/>", "\u{FEFF}<a/>"] {
                let bytes: Vec<u8> =
                    text.chars().flat_map(|character| to_bytes(u32::from(character))).collect();
                check(&bytes, utf_32);
            }
        }
        let ebcdic = "it is EBCDIC, which is not read; store it as UTF-8 or UTF-16";
        check(b"\x4C\x6F\xA7\x94\x93\x40", ebcdic);
        check(b"\x4C\x81\x61\x6E", ebcdic);
    }

    #[test]
    fn a_text_that_is_cut_off_in_a_character() {
        check(
            "<a>é漢".as_bytes().split_last().expect("bytes").1,
            "it is cut off in a character of UTF-8, at byte 5",
        );
    }
}
