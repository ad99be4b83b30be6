//! Types whose values are texts of a certain form.

use super::{BLANKS, Binary, Misread, Reading};

impl Reading {
    /// Reads a `uniqueidentifier`: 32 hexadecimal digits in groups, with or without braces or `urn:uuid:`, in the form
    /// that SQL Server writes.
    pub(crate) fn uuid(text: &str) -> Result<String, Misread> {
        let text = text.trim_matches(BLANKS);
        let bare = text.strip_prefix("urn:uuid:").unwrap_or(text);
        let bare = bare.strip_prefix('{').and_then(|bare| bare.strip_suffix('}')).unwrap_or(bare);
        let groups: Vec<&str> = bare.split('-').collect();
        let lengths = groups.iter().map(|group| group.len());
        let is_grouped = lengths.eq([8, 4, 4, 4, 12]) || (groups.len() == 1 && bare.len() == 32);
        let is_hex = bare.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit());
        if !is_grouped || !is_hex {
            return Err(Misread::Unreadable);
        }
        let digits = groups.concat().to_uppercase();
        let group = |from: usize, to: usize| &digits[from..to];
        let groups = [group(0, 8), group(8, 12), group(12, 16), group(16, 20), group(20, 32)];
        Ok(groups.join("-"))
    }

    /// Reads bytes that are written as text, and writes them in Base64, as JSON does. White space between them is left
    /// out, since long ones are broken into lines.
    pub(crate) fn bytes(&self, text: &str) -> Result<String, Misread> {
        let written: Vec<u8> =
            text.bytes().filter(|byte| !BLANKS.contains(&char::from(*byte))).collect();
        match self.binary {
            Binary::Hex => {
                let digits = written.strip_prefix(b"0x").unwrap_or(&written);
                Ok(base64(&hex(digits)?))
            }
            Binary::Base64 => {
                let n_padding = written.iter().rev().take_while(|byte| **byte == b'=').count();
                let digits = &written[..written.len() - n_padding];
                let is_digit =
                    |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
                let is_whole = written.len().is_multiple_of(4) && n_padding <= 2;
                if !is_whole || !digits.iter().all(is_digit) {
                    return Err(Misread::Unreadable);
                }
                Ok(written.into_iter().map(char::from).collect())
            }
        }
    }
}

fn hex(digits: &[u8]) -> Result<Vec<u8>, Misread> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let bytes = digits.chunks(2).map(|pair| match pair {
        [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    });
    let bytes: Option<Vec<u8>> = bytes.collect();
    bytes.ok_or(Misread::Unreadable)
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte));
        let bits = bits << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let digit = usize::try_from(bits >> (18 - 6 * place) & 63).unwrap_or(0);
            text.push(if place > chunk.len() { '=' } else { char::from(DIGITS[digit]) });
        }
    }
    text
}
