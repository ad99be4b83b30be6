//! Looks through a document eight bytes at a time: where names and attribute values end.
//!
//! A word has the byte of the lowest offset in its lowest bits. Each test leaves the top bit of a byte set where it
//! holds, so the first byte for which it holds is that of the lowest bit.

use crate::work;

/// The byte 1 in every place.
const ONES: u64 = 0x0101_0101_0101_0101;

/// The top bit of every byte.
const TOPS: u64 = 0x8080_8080_8080_8080;

const WORD: usize = 8;

/// How far a value is looked through word by word; what is longer is worth a call to another search.
const LONG_VALUE: usize = 16;

/// Reads the word at an offset; what is beyond the end is zero.
#[inline]
fn word_at(bytes: &[u8], at: usize) -> u64 {
    match bytes.get(at..).and_then(<[u8]>::first_chunk::<WORD>) {
        Some(chunk) => u64::from_le_bytes(*chunk),
        None => last_word(bytes, at),
    }
}

#[cold]
fn last_word(bytes: &[u8], at: usize) -> u64 {
    let rest = bytes.get(at..).unwrap_or_default();
    rest.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte))
}

/// The offset of the first byte for which a test holds.
#[inline]
fn first(tops: u64) -> usize {
    tops.trailing_zeros() as usize / WORD
}

/// Tests which bytes are a given one. Right up to the first that is.
#[inline]
fn equal(word: u64, byte: u8) -> u64 {
    let zeros = word ^ (ONES * u64::from(byte));
    zeros.wrapping_sub(ONES) & !zeros & TOPS
}

/// Tests which bytes of an ASCII word are within a range.
#[inline]
fn within(word: u64, low: u8, high: u8) -> u64 {
    let from_low = word + ONES * u64::from(0x80 - low);
    let above_high = word + ONES * u64::from(0x7F - high);
    from_low & !above_high & TOPS
}

/// Tests which bytes names may have, the colon after a prefix included. What is not ASCII is let through.
#[inline]
fn in_names(word: u64) -> u64 {
    let ascii = word & !TOPS;
    let letters = within(ascii | (ONES * 0x20), b'a', b'z');
    let digits_and_colon = within(ascii, b'0', b':');
    letters
        | digits_and_colon
        | within(ascii, b'-', b'.')
        | within(ascii, b'_', b'_')
        | (word & TOPS)
}

/// A name in a document.
#[derive(Debug, Clone, Copy)]
pub(super) struct NameEnd {
    pub(super) at: usize,
    /// Whether there is a colon in it, or a character that is not ASCII.
    pub(super) is_odd: bool,
}

/// Finds the end of the name that begins at an offset; the name may be empty.
#[inline(always)]
pub(super) fn name_end(bytes: &[u8], start: usize) -> NameEnd {
    let mut at = start;
    let mut is_odd = false;
    loop {
        work::note(1);
        let word = word_at(bytes, at);
        let outside = !in_names(word) & TOPS;
        let odd = equal(word, b':') | (word & TOPS);
        if outside != 0 {
            // Of the bytes before the end only.
            is_odd |= odd & (outside & outside.wrapping_neg()).wrapping_sub(1) != 0;
            return NameEnd { at: at + first(outside), is_odd };
        }
        is_odd |= odd != 0;
        at += WORD;
    }
}

/// Finds the first quote, `&` or `<` from an offset on.
#[inline(always)]
pub(super) fn value_stop(bytes: &[u8], start: usize, quote: u8) -> Option<usize> {
    let mut at = start;
    while at - start < LONG_VALUE {
        work::note(1);
        let word = word_at(bytes, at);
        let stops = equal(word, quote) | equal(word, b'&') | equal(word, b'<');
        if stops != 0 {
            return Some(at + first(stops));
        }
        at += WORD;
    }
    let rest = bytes.get(at..)?;
    let length = memchr::memchr3(quote, b'&', b'<', rest);
    work::note(length.unwrap_or(rest.len()));
    length.map(|length| at + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_as_an_end_of_a_name() {
        for byte in 0..=255 {
            for before in 0..20 {
                let mut text = vec![b'x'; before];
                text.push(byte);
                text.extend_from_slice(b" y:z ");
                let part = byte.is_ascii_alphanumeric()
                    || matches!(byte, b'_' | b'-' | b'.' | b':' | 0x80..);
                let end = name_end(&text, 0);
                assert_eq!(end.at, before + usize::from(part), "{byte} after {before}");
                let is_odd = matches!(byte, b':' | 0x80..);
                assert_eq!(end.is_odd, is_odd, "{byte} after {before}");
            }
        }
        assert_eq!(name_end(b"name", 0).at, 4);
        assert_eq!(name_end(b"", 0).at, 0);
    }

    #[test]
    fn every_byte_as_an_end_of_a_value() {
        for byte in 0..=255 {
            for before in 0..50 {
                let mut text = vec![b'\''; before];
                text.push(byte);
                text.push(b'"');
                let stop = value_stop(&text, 0, b'"');
                let ends = matches!(byte, b'"' | b'&' | b'<');
                assert_eq!(stop, Some(before + usize::from(!ends)), "{byte} after {before}");
                assert_eq!(value_stop(&text[..before], 0, b'"'), None);
            }
        }
    }
}
