//! What is rare in documents and left to quick-xml: comments, processing instructions, CDATA, declarations.

use quick_xml::Reader;
use quick_xml::errors::{Error, IllFormedError, SyntaxError};
use quick_xml::events::{BytesDecl, Event};

use super::Flaw;
use super::keeping::{Keep, TextKind};
use super::pass::Pass;
use super::qualified::is_name;
use crate::work;

/// The length of `<![CDATA[`.
const CDATA_START: usize = 9;

/// The length of `<?`.
const INSTRUCTION_START: usize = 2;

impl<'x, K: Keep<'x>> Pass<'x, '_, K> {
    /// Reads a comment, a processing instruction, a declaration, a CDATA section or a document type.
    #[cold]
    pub(super) fn rare(&mut self) -> Result<(), Flaw> {
        let at = self.at;
        let mut reader = Reader::from_str(&self.text[at..]);
        reader.config_mut().check_comments = true;
        let event = reader
            .read_event()
            .map_err(|err| self.unreadable(&err, at + offset(reader.error_position())))?;
        match event {
            Event::Decl(_) if at != 0 => {
                return Err(Flaw::malformed(at, "a declaration that is not at the start"));
            }
            Event::Decl(declaration) => check_version(&declaration)?,
            Event::DocType(_) if self.root_seen => {
                return Err(Flaw::malformed(at, "a document type after the root element"));
            }
            Event::DocType(_) if self.doctype_seen => {
                return Err(Flaw::malformed(at, "a second document type"));
            }
            Event::DocType(_) => self.doctype_seen = true,
            Event::CData(_) if self.open.is_empty() => {
                return Err(Flaw::malformed(at, "text outside of the root element"));
            }
            Event::CData(data) => {
                let from = at + CDATA_START;
                self.keep_text(from, from + data.len(), TextKind::Literal)?;
            }
            Event::PI(instruction) => {
                let target = instruction.target();
                if !is_name(target) || target.eq_ignore_ascii_case("xml") {
                    let reason = "this is no name of a processing instruction";
                    return Err(Flaw::malformed(at + INSTRUCTION_START, reason));
                }
            }
            Event::Comment(_) => {}
            Event::Start(_)
            | Event::End(_)
            | Event::Empty(_)
            | Event::Text(_)
            | Event::GeneralRef(_)
            | Event::Eof => return Err(Flaw::malformed(at, "not well-formed")),
        }
        work::note(offset(reader.buffer_position()));
        self.at = at + offset(reader.buffer_position());
        Ok(())
    }

    /// Says what is wrong without repeating the document.
    fn unreadable(&self, err: &Error, at: usize) -> Flaw {
        let cut = |what| Flaw::cut(self.text.len(), what, self.at);
        match err {
            Error::Syntax(syntax) => match syntax {
                SyntaxError::UnclosedComment => cut("a comment"),
                SyntaxError::UnclosedCData => cut("a CDATA section"),
                SyntaxError::UnclosedPI => cut("a processing instruction"),
                SyntaxError::UnclosedXmlDecl => cut("the declaration"),
                SyntaxError::UnclosedDoctype => cut("the document type"),
                SyntaxError::InvalidBangMarkup if self.is_beginning() => cut("a tag"),
                SyntaxError::InvalidBangMarkup => {
                    Flaw::malformed(at, "`<!` that begins neither a comment nor a CDATA section")
                }
                SyntaxError::UnclosedTag
                | SyntaxError::UnclosedSingleQuotedAttributeValue
                | SyntaxError::UnclosedDoubleQuotedAttributeValue => cut("a tag"),
            },
            Error::IllFormed(IllFormedError::DoubleHyphenInComment) => {
                Flaw::malformed(at, "`--` in a comment")
            }
            Error::Io(_)
            | Error::IllFormed(_)
            | Error::InvalidAttr(_)
            | Error::Encoding(_)
            | Error::Escape(_)
            | Error::Namespace(_) => Flaw::malformed(at, "not well-formed"),
        }
    }

    /// Says whether what is left of the text may be the beginning of a comment or the like.
    fn is_beginning(&self) -> bool {
        let rest = &self.text[self.at..];
        ["<!--", "<![CDATA[", "<!DOCTYPE"].iter().any(|whole| whole.starts_with(rest))
    }
}

/// Makes sure that the document is of the XML that is read here. The text has been decoded: the encoding that is
/// declared says nothing any more.
fn check_version(declaration: &BytesDecl<'_>) -> Result<(), Flaw> {
    let version = declaration.version();
    match version.as_deref() {
        Ok("1.0") => Ok(()),
        Ok("1.1") => Err(Flaw::malformed(
            0,
            "the document declares XML 1.1, which neither SQL Server nor this program reads; write it as XML 1.0",
        )),
        // A later version of XML 1 is read as 1.0, says the fifth edition.
        Ok(other)
            if other.strip_prefix("1.").is_some_and(|rest| {
                !rest.is_empty() && rest.bytes().all(|digit| digit.is_ascii_digit())
            }) =>
        {
            Ok(())
        }
        Ok(_) => {
            Err(Flaw::malformed(0, "the document declares a version of XML that there is not"))
        }
        Err(_) => Err(Flaw::malformed(0, "a declaration without a version")),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "an offset in a text that is in memory")]
fn offset(position: u64) -> usize {
    position as usize
}
