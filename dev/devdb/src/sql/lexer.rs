//! Text to tokens.

use crate::error::{SqlError, SqlResult};

/// What a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A bare word: a keyword or a name.
    Word(String),
    /// A name in brackets or double quotes.
    Quoted(String),
    /// A string literal.
    Text { text: String, is_national: bool },
    /// A number literal, as written.
    Number(String),
    /// `@name` without its first `@`, in lower case; `@@rowcount` is `@rowcount`.
    Variable(String),
    /// Punctuation.
    Symbol(&'static str),
    /// Behind the last token.
    End,
}

/// A token and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) line: u32,
    pub(crate) column: u32,
    /// Where the token begins and ends, in bytes.
    pub(crate) span: (usize, usize),
}

const SYMBOLS: [&str; 20] = [
    "<=", ">=", "<>", "!=", "!<", "!>", "(", ")", ",", ";", ".", "=", "<", ">", "+", "-", "*", "/",
    "%", ":",
];

/// Splits `text` into tokens; the last one is [`Kind::End`].
pub(crate) fn tokens(text: &str) -> SqlResult<Vec<Token>> {
    let mut lexer = Lexer { text, at: 0, line: 1, line_start: 0 };
    let mut tokens = Vec::with_capacity(text.len() / 6 + 1);
    loop {
        lexer.skip_blanks()?;
        let (start, line) = (lexer.at, lexer.line);
        let column =
            u32::try_from(text[lexer.line_start..start].chars().count() + 1).unwrap_or(u32::MAX);
        let kind = lexer.next()?;
        let is_end = kind == Kind::End;
        tokens.push(Token { kind, line, column, span: (start, lexer.at) });
        if is_end {
            return Ok(tokens);
        }
    }
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    line: u32,
    line_start: usize,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn bump(&mut self, c: char) {
        self.at += c.len_utf8();
        if c == '\n' {
            self.line += 1;
            self.line_start = self.at;
        }
    }

    fn skip_blanks(&mut self) -> SqlResult<()> {
        while let Some(c) = self.peek() {
            if c.is_whitespace() || c == '\u{feff}' {
                self.bump(c);
            } else if self.rest().starts_with("--") {
                self.at += self.rest().find('\n').unwrap_or(self.rest().len());
            } else if self.rest().starts_with("/*") {
                self.skip_comment()?;
            } else {
                break;
            }
        }
        Ok(())
    }

    fn skip_comment(&mut self) -> SqlResult<()> {
        let mut depth = 0;
        loop {
            if self.rest().starts_with("/*") {
                (depth, self.at) = (depth + 1, self.at + 2);
            } else if self.rest().starts_with("*/") {
                (depth, self.at) = (depth - 1, self.at + 2);
                if depth == 0 {
                    return Ok(());
                }
            } else {
                let Some(c) = self.peek() else {
                    return Err(SqlError::new(113, "Missing end comment mark '*/'.")
                        .with_class(15)
                        .at_line(self.line));
                };
                self.bump(c);
            }
        }
    }

    fn next(&mut self) -> SqlResult<Kind> {
        let Some(c) = self.peek() else { return Ok(Kind::End) };
        match c {
            '\'' => Ok(Kind::Text { text: self.quoted('\'')?, is_national: false }),
            'N' | 'n' if self.rest()[1..].starts_with('\'') => {
                self.at += 1;
                Ok(Kind::Text { text: self.quoted('\'')?, is_national: true })
            }
            '[' => Ok(Kind::Quoted(self.quoted(']')?)),
            '"' => Ok(Kind::Quoted(self.quoted('"')?)),
            '@' => {
                self.at += 1;
                Ok(Kind::Variable(self.take_while(is_word).to_ascii_lowercase()))
            }
            _ if c.is_ascii_digit()
                || c == '.' && self.rest()[1..].starts_with(|c: char| c.is_ascii_digit()) =>
            {
                Ok(self.number())
            }
            _ if is_word(c) => Ok(Kind::Word(self.take_while(is_word).to_owned())),
            _ => {
                let found = SYMBOLS.iter().find(|symbol| self.rest().starts_with(**symbol));
                let symbol = found.ok_or_else(|| {
                    SqlError::new(102, format!("Incorrect syntax near '{c}'."))
                        .with_class(15)
                        .at_line(self.line)
                })?;
                self.at += symbol.len();
                Ok(Kind::Symbol(symbol))
            }
        }
    }

    /// The text up to `close`, which stands doubled for itself.
    fn quoted(&mut self, close: char) -> SqlResult<String> {
        let opened = self.line;
        let mut text = String::new();
        self.at += 1;
        loop {
            let Some(c) = self.peek() else {
                let message = format!(
                    "Unclosed quotation mark after the character string '{}'.",
                    prefix(&text)
                );
                return Err(SqlError::new(105, message).with_class(15).at_line(opened));
            };
            self.bump(c);
            if c != close {
                text.push(c);
            } else if self.rest().starts_with(close) {
                self.bump(close);
                text.push(close);
            } else {
                return Ok(text);
            }
        }
    }

    fn number(&mut self) -> Kind {
        let start = self.at;
        self.take_while(|c| c.is_ascii_digit() || c == '.');
        let has_exponent = self.rest().starts_with(['e', 'E']);
        if has_exponent {
            self.at += 1;
            if self.rest().starts_with(['+', '-']) {
                self.at += 1;
            }
            self.take_while(|c| c.is_ascii_digit());
        }
        Kind::Number(self.text[start..self.at].to_owned())
    }

    fn take_while(&mut self, is_part: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let len = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        self.at += len;
        &rest[..len]
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$' | '#' | '@')
}

fn prefix(text: &str) -> &str {
    text.char_indices().nth(40).map_or(text, |(at, _)| &text[..at])
}
