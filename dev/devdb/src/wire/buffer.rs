//! Reading little-endian fields from a message, and appending them to one.

use std::io;

use crate::wire::codepage;
use crate::wire::packet::malformed;

/// A cursor over a message's bytes.
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The next byte, which stays; `None` at the end.
    pub(crate) fn peek(&self) -> Option<u8> {
        self.bytes.first().copied()
    }

    pub(crate) fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.bytes)
    }

    pub(crate) fn take(&mut self, n: usize) -> io::Result<&'a [u8]> {
        let (head, tail) = self.bytes.split_at_checked(n).ok_or_else(|| malformed("cut short"))?;
        self.bytes = tail;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut field = [0; N];
        field.copy_from_slice(self.take(N)?);
        Ok(field)
    }

    pub(crate) fn u8(&mut self) -> io::Result<u8> {
        Ok(self.array::<1>()?[0])
    }

    pub(crate) fn u16(&mut self) -> io::Result<u16> {
        Ok(u16::from_le_bytes(self.array()?))
    }

    pub(crate) fn u32(&mut self) -> io::Result<u32> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    pub(crate) fn u64(&mut self) -> io::Result<u64> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    /// A `u32` that counts bytes.
    pub(crate) fn len32(&mut self) -> io::Result<usize> {
        usize::try_from(self.u32()?).map_err(|_| malformed("length"))
    }

    /// Text of `n_units` UTF-16 code units.
    pub(crate) fn utf16(&mut self, n_units: usize) -> io::Result<String> {
        Ok(codepage::utf16_to_string(self.take(n_units * 2)?))
    }

    /// Text behind one byte with its length in code units.
    pub(crate) fn short_text(&mut self) -> io::Result<String> {
        let n_units = usize::from(self.u8()?);
        self.utf16(n_units)
    }
}

/// Appending fields to a message.
pub(crate) trait Put {
    fn put_u8(&mut self, value: u8);
    fn put_u16(&mut self, value: u16);
    fn put_u32(&mut self, value: u32);
    fn put_u64(&mut self, value: u64);
    /// Text with its length in code units in one byte; cut where it is longer.
    fn put_short_text(&mut self, text: &str);
    /// Text with its length in code units in two bytes; cut where it is longer.
    fn put_text(&mut self, text: &str);
    /// `bytes` behind their length in two bytes.
    fn put_block(&mut self, bytes: &[u8]);
}

impl Put for Vec<u8> {
    fn put_u8(&mut self, value: u8) {
        self.push(value);
    }

    fn put_u16(&mut self, value: u16) {
        self.extend_from_slice(&value.to_le_bytes());
    }

    fn put_u32(&mut self, value: u32) {
        self.extend_from_slice(&value.to_le_bytes());
    }

    fn put_u64(&mut self, value: u64) {
        self.extend_from_slice(&value.to_le_bytes());
    }

    fn put_short_text(&mut self, text: &str) {
        let units: Vec<u16> = text.encode_utf16().take(usize::from(u8::MAX)).collect();
        self.push(u8::try_from(units.len()).expect("taken at most 255"));
        units.iter().for_each(|unit| self.put_u16(*unit));
    }

    fn put_text(&mut self, text: &str) {
        let units: Vec<u16> = text.encode_utf16().take(usize::from(u16::MAX)).collect();
        self.put_u16(u16::try_from(units.len()).expect("taken at most 65535"));
        units.iter().for_each(|unit| self.put_u16(*unit));
    }

    fn put_block(&mut self, bytes: &[u8]) {
        self.put_u16(u16::try_from(bytes.len()).expect("tokens are short"));
        self.extend_from_slice(bytes);
    }
}
