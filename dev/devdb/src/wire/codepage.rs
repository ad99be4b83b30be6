//! Text on the wire: UTF-16LE for `nvarchar`, Windows-1252 for `varchar` (the default collation's code page).

/// What Windows-1252 has at 0x80..=0x9F.
const HIGH: [char; 32] = [
    '\u{20AC}', '\u{81}', '\u{201A}', '\u{192}', '\u{201E}', '\u{2026}', '\u{2020}', '\u{2021}',
    '\u{2C6}', '\u{2030}', '\u{160}', '\u{2039}', '\u{152}', '\u{8D}', '\u{17D}', '\u{8F}',
    '\u{90}', '\u{2018}', '\u{2019}', '\u{201C}', '\u{201D}', '\u{2022}', '\u{2013}', '\u{2014}',
    '\u{2DC}', '\u{2122}', '\u{161}', '\u{203A}', '\u{153}', '\u{9D}', '\u{17E}', '\u{178}',
];

/// Reads UTF-16LE; a lone surrogate becomes U+FFFD.
pub(crate) fn utf16_to_string(bytes: &[u8]) -> String {
    let (units, _) = bytes.as_chunks::<2>();
    let mut ascii = Vec::with_capacity(units.len());
    ascii.extend(units.iter().map(|unit| unit[0]));
    let plain = units.iter().fold(0u8, |seen, unit| seen | unit[1] | (unit[0] & 0x80)) == 0;
    if plain {
        return String::from_utf8(ascii).expect("every byte is below 0x80");
    }
    char::decode_utf16(units.iter().map(|unit| u16::from_le_bytes(*unit)))
        .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect()
}

/// Appends `text` as UTF-16LE.
pub(crate) fn put_utf16(out: &mut Vec<u8>, text: &str) {
    if text.is_ascii() {
        let start = out.len();
        out.resize(start + text.len() * 2, 0);
        let (units, _) = out[start..].as_chunks_mut::<2>();
        for (unit, byte) in units.iter_mut().zip(text.bytes()) {
            unit[0] = byte;
        }
        return;
    }
    for unit in text.encode_utf16() {
        out.extend_from_slice(&unit.to_le_bytes());
    }
}

/// Reads Windows-1252.
pub(crate) fn ansi_to_string(bytes: &[u8]) -> String {
    bytes
        .iter()
        .map(|byte| match byte {
            0x80..=0x9F => HIGH[usize::from(byte - 0x80)],
            _ => char::from(*byte),
        })
        .collect()
}

/// Appends `text` as Windows-1252; what it has no character for becomes `?`, as on SQL Server.
pub(crate) fn put_ansi(out: &mut Vec<u8>, text: &str) {
    if text.is_ascii() {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    out.extend(text.chars().map(to_ansi));
}

/// The text as a `varchar` keeps it.
pub(crate) fn ansi_only(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    put_ansi(&mut bytes, text);
    ansi_to_string(&bytes)
}

fn to_ansi(c: char) -> u8 {
    match HIGH.iter().position(|high| *high == c) {
        Some(idx) => 0x80 + u8::try_from(idx).expect("the table has 32 entries"),
        None => match u8::try_from(u32::from(c)) {
            Ok(byte) if !(0x80..=0x9F).contains(&byte) => byte,
            Ok(_) | Err(_) => b'?',
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trips() {
        let mut out = Vec::new();
        put_utf16(&mut out, "é😀a");
        assert_eq!(utf16_to_string(&out), "é😀a");
        assert_eq!(ansi_only("€é中a"), "€é?a");
    }
}
