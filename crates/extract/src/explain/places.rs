//! Lines and columns of many places in one text.

use std::ops::Range;

/// Characters are counted once for so many bytes.
const CHUNK_BYTES: usize = 4096;

/// Where the lines of a text begin, and how many characters are before each chunk.
#[derive(Debug)]
pub(super) struct Places<'t> {
    text: &'t [u8],
    line_starts: Vec<usize>,
    chars_before: Vec<usize>,
}

impl<'t> Places<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let bytes = text.as_bytes();
        let mut line_starts = vec![0];
        for at in memchr::memchr2_iter(b'\n', b'\r', bytes) {
            // A line ends with CR, LF or both.
            if bytes[at] == b'\n' || bytes.get(at + 1) != Some(&b'\n') {
                line_starts.push(at + 1);
            }
        }
        let mut chars_before = Vec::with_capacity(bytes.len() / CHUNK_BYTES + 1);
        let mut n_chars = 0;
        for chunk in bytes.chunks(CHUNK_BYTES) {
            chars_before.push(n_chars);
            n_chars += count(chunk);
        }
        Self { text: bytes, line_starts, chars_before }
    }

    /// Line and column of a byte, both from 1.
    pub(super) fn find(&self, offset: usize) -> (u64, u64) {
        let line = self.line_starts.partition_point(|start| *start <= offset);
        let start = self.line_starts[line - 1];
        let column = self.chars(start..offset) + 1;
        (line as u64, column as u64)
    }

    /// Counts the characters that begin in a range.
    fn chars(&self, range: Range<usize>) -> usize {
        self.before(range.end) - self.before(range.start)
    }

    fn before(&self, offset: usize) -> usize {
        let offset = offset.min(self.text.len());
        let chunk = offset / CHUNK_BYTES;
        match self.chars_before.get(chunk) {
            Some(n_chars) => n_chars + count(&self.text[chunk * CHUNK_BYTES..offset]),
            None => count(self.text),
        }
    }
}

/// Of a character beyond ASCII the first byte counts.
fn count(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte & 0xC0 != 0x80).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns() {
        let text = "ab\r\né漢c\rd\n\ne";
        let places = Places::new(text);
        for (at, place) in [
            (0, (1, 1)),
            (2, (1, 3)),
            (4, (2, 1)),
            (6, (2, 2)),
            (9, (2, 3)),
            (11, (3, 1)),
            (13, (4, 1)),
            (14, (5, 1)),
        ] {
            assert_eq!(places.find(at), place, "{at}");
        }
        let long = "漢".repeat(10_000);
        let places = Places::new(&long);
        assert_eq!(places.find(0), (1, 1));
        assert_eq!(places.find(3 * 9_999), (1, 10_000));
        assert_eq!(places.find(long.len()), (1, 10_001));
    }
}
