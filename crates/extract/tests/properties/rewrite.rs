//! Writes a document in another way that means the same.

use std::collections::BTreeSet;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use crate::random::Random;

/// What a document consists of.
enum Piece {
    Start {
        name: String,
        attributes: Vec<(String, String)>,
        is_empty: bool,
    },
    End {
        name: String,
    },
    /// Everything else, as it is.
    Other(String),
}

/// A document, taken apart.
pub(crate) struct Rewriter {
    pieces: Vec<Piece>,
}

impl Rewriter {
    /// Takes a document apart; `None` if it is not well-formed.
    pub(crate) fn new(xml: &str) -> Option<Self> {
        let mut reader = Reader::from_str(xml);
        let mut pieces = Vec::new();
        loop {
            let start = usize::try_from(reader.buffer_position()).ok()?;
            let event = reader.read_event().ok()?;
            let end = usize::try_from(reader.buffer_position()).ok()?;
            pieces.push(match event {
                Event::Eof => return Some(Self { pieces }),
                Event::Start(tag) => start_piece(&tag, false)?,
                Event::Empty(tag) => start_piece(&tag, true)?,
                Event::End(tag) => Piece::End { name: tag.name().as_ref().to_owned() },
                Event::Text(_)
                | Event::CData(_)
                | Event::Comment(_)
                | Event::Decl(_)
                | Event::PI(_)
                | Event::DocType(_)
                | Event::GeneralRef(_) => Piece::Other(xml[start..end].to_owned()),
            });
        }
    }

    /// Writes the document again: other order, other white space, other quotes, more of what nobody reads.
    pub(crate) fn write(&self, random: &mut Random) -> String {
        let mut xml = String::new();
        let mut n_open = 0_usize;
        for piece in &self.pieces {
            match piece {
                Piece::Start { name, attributes, is_empty } => {
                    write_start(&mut xml, name, attributes, random);
                    if *is_empty && random.percent(70) {
                        xml.push_str("/>");
                    } else {
                        xml.push('>');
                        n_open += 1;
                    }
                    let stays_open = xml.ends_with('>') && !xml.ends_with("/>");
                    if stays_open && *is_empty {
                        write_noise(&mut xml, random);
                        xml.push_str(&format!("</{name}{}>", random.choose(&["", " ", "\n"])));
                        n_open -= 1;
                    }
                }
                Piece::End { name } => {
                    xml.push_str(&format!("</{name}{}>", random.choose(&["", " ", "\r\n"])));
                    n_open -= 1;
                }
                Piece::Other(text) => xml.push_str(text),
            }
            if n_open > 0 {
                write_noise(&mut xml, random);
            }
        }
        xml
    }
}

fn start_piece(tag: &BytesStart<'_>, is_empty: bool) -> Option<Piece> {
    let mut attributes = Vec::new();
    for attribute in tag.attributes() {
        let attribute = attribute.ok()?;
        attributes.push((attribute.key.as_ref().to_owned(), attribute.value.to_string()));
    }
    Some(Piece::Start { name: tag.name().as_ref().to_owned(), attributes, is_empty })
}

fn write_start(xml: &mut String, name: &str, attributes: &[(String, String)], random: &mut Random) {
    let mut attributes: Vec<(String, String)> = attributes.to_vec();
    let names: BTreeSet<String> = attributes.iter().map(|(name, _)| name.to_lowercase()).collect();
    // Of names that differ in case only the first may count.
    let any_order = names.len() == attributes.len();
    if random.percent(20) {
        attributes.push(("zz_unknown".to_owned(), "&lt;1&gt;".to_owned()));
    }
    if any_order {
        random.shuffle(&mut attributes);
    }
    xml.push('<');
    xml.push_str(name);
    for (name, value) in &attributes {
        xml.push_str(random.choose(&[" ", " ", "  ", "\n\t", "\r\n "]));
        xml.push_str(name);
        xml.push_str(random.choose(&["=", "=", " =", "= ", "\n=\n"]));
        write_value(xml, value, random);
    }
    xml.push_str(random.choose(&["", " ", "\n"]));
}

/// Writes a value in either quotes, some of its characters as references.
fn write_value(xml: &mut String, value: &str, random: &mut Random) {
    let quote = if random.percent(50) { '"' } else { '\'' };
    let escapes = random.percent(30);
    xml.push(quote);
    let mut rest = value;
    while let Some(first) = rest.chars().next() {
        let reference = rest.strip_prefix('&').and_then(|it| it.find(';')).map(|end| end + 2);
        let n_bytes = reference.unwrap_or(first.len_utf8());
        let is_plain = reference.is_none() && !matches!(first, '\t' | '\n' | '\r' | '&');
        if first == quote {
            xml.push_str(if quote == '"' { "&quot;" } else { "&apos;" });
        } else if is_plain && escapes && random.percent(25) {
            let number = u32::from(first);
            xml.push_str(&match random.below(3) {
                0 => format!("&#{number};"),
                1 => format!("&#x{number:x};"),
                _ => format!("&#x00{number:X};"),
            });
        } else {
            xml.push_str(&rest[..n_bytes]);
        }
        rest = &rest[n_bytes..];
    }
    xml.push(quote);
}

/// Writes what nobody reads.
fn write_noise(xml: &mut String, random: &mut Random) {
    const NOISE: [&str; 10] = [
        "\n",
        "\t  ",
        "<!-- < & ' -->",
        "<?zz <a> & ?>",
        "<![CDATA[ <a con_id='9'> ]]>",
        "&amp;&#x41;",
        "<zz_unknown/>",
        "<zz_unknown zz='1'>text<zz_inner/></zz_unknown>",
        "<zz:unknown xmlns:zz='urn:zz' zz:a='&lt;'></zz:unknown>",
        "<!---->",
    ];
    while random.percent(30) {
        xml.push_str(random.choose(&NOISE));
    }
}
