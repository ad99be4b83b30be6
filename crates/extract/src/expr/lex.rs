//! Splits an expression into tokens with their positions.

use super::SyntaxError;
use crate::decimal::Decimal;
use crate::number::{self, Number};

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// A name, possibly with dots: a field, a keyword or a function.
    Word(String),
    Text(String),
    Number(Decimal),
    Symbol(&'static str),
    End,
}

impl Token {
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Word(word) => format!("`{word}`"),
            Self::Text(text) => format!("'{text}'"),
            Self::Number(number) => format!("`{number}`"),
            Self::Symbol(symbol) => format!("`{symbol}`"),
            Self::End => "the end".to_owned(),
        }
    }
}

/// Longer symbols first, so that `<=` is not read as `<`.
const SYMBOLS: [&str; 17] =
    ["!=", "<>", "<=", ">=", "==", "**", "//", "=", "<", ">", "+", "-", "*", "/", "%", "(", ")"];

/// Splits an expression. The last token is [`Token::End`].
pub(super) fn lex(text: &str) -> Result<Vec<(Token, usize)>, SyntaxError> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        if first.is_whitespace() {
            at += first.len_utf8();
        } else if first == '\'' || first == '"' {
            let (content, n_bytes) =
                quoted(rest, first).ok_or_else(|| SyntaxError::new(at, "text without an end"))?;
            tokens.push((Token::Text(content), at));
            at += n_bytes;
        } else if first.is_ascii_digit()
            || (first == '.' && rest[1..].starts_with(|c: char| c.is_ascii_digit()))
        {
            let n_bytes =
                rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
            let followed = rest[n_bytes..].chars().next().is_some_and(is_word);
            let number = number::read(&rest[..n_bytes]).number().filter(|_| !followed);
            let number = number.map(Number::rounded);
            tokens.push((
                Token::Number(number.ok_or_else(|| SyntaxError::new(at, "this is no number"))?),
                at,
            ));
            at += n_bytes;
        } else if is_word(first) {
            let n_bytes = rest.find(|c| !is_word(c) && c != '.').unwrap_or(rest.len());
            tokens.push((Token::Word(rest[..n_bytes].trim_end_matches('.').to_owned()), at));
            at += n_bytes;
        } else if first == ',' {
            tokens.push((Token::Symbol(","), at));
            at += 1;
        } else if let Some(symbol) = SYMBOLS.into_iter().find(|symbol| rest.starts_with(symbol)) {
            tokens.push((Token::Symbol(symbol), at));
            at += symbol.len();
        } else {
            return Err(SyntaxError::new(at, format!("`{first}` means nothing here")));
        }
    }
    tokens.push((Token::End, text.len()));
    Ok(tokens)
}

fn is_word(character: char) -> bool {
    character == '_' || character == '@' || character == '#' || character.is_alphanumeric()
}

/// Reads text in quotes, in which a doubled quote stands for one: the text and the length with its quotes.
fn quoted(text: &str, quote: char) -> Option<(String, usize)> {
    let mut content = String::new();
    let mut at = 1;
    loop {
        let end = at + text[at..].find(quote)?;
        content.push_str(&text[at..end]);
        if !text[end + 1..].starts_with(quote) {
            return Some((content, end + 1));
        }
        content.push(quote);
        at = end + 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let shown = match lex(text) {
            Ok(tokens) => {
                tokens.iter().map(|(token, _)| token.describe()).collect::<Vec<_>>().join(" ")
            }
            Err(err) => err.to_string(),
        };
        assert_eq!(shown, expected, "`{text}`");
    }

    #[test]
    fn tokens() {
        check("a.b_1 >= 'it''s' + .5", "`a.b_1` `>=` 'it's' `+` `0.5` the end");
        check("x<>''", "`x` `<>` '' the end");
        check("\"q\"", "'q' the end");
        check("a ; b", "at 3: `;` means nothing here");
        check("a = 'b", "at 5: text without an end");
        check("12ab", "at 1: this is no number");
        check("é = 1", "`é` `=` `1` the end");
    }
}
