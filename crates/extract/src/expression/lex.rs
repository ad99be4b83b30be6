//! Splits an expression into tokens, each with its place in the text.

use std::ops::Range;

use super::Flaw;
use crate::decimal::{DIGITS_MAX, Decimal};
use crate::number;

/// Bytes of the text, from and to.
pub(crate) type Span = Range<usize>;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// A keyword, the name of a function, or a path without slashes.
    Word(String),
    /// A path in brackets.
    Path(String),
    Text(String),
    Int(i64),
    Decimal {
        number: Decimal,
        precision: u32,
    },
    Float(f64),
    Symbol(&'static str),
    End,
}

impl Token {
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Word(word) => format!("`{word}`"),
            Self::Path(path) => format!("`[{path}]`"),
            Self::Text(_) => "a text".to_owned(),
            Self::Int(_) | Self::Decimal { .. } | Self::Float(_) => "a number".to_owned(),
            Self::Symbol(symbol) => format!("`{symbol}`"),
            Self::End => "the end".to_owned(),
        }
    }
}

/// Longer symbols first, so that `<=` is not read as `<`.
const SYMBOLS: [&str; 17] =
    ["<>", "!=", "<=", ">=", "!<", "!>", "=", "<", ">", "+", "-", "*", "/", "%", "(", ")", ","];

/// Splits an expression. The last token is [`Token::End`].
pub(super) fn lex(text: &str) -> Result<Vec<(Token, Span)>, Flaw> {
    let mut tokens: Vec<(Token, Span)> = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        }
        if let Some(n_bytes) = comment(rest, at)? {
            at += n_bytes;
            continue;
        }
        let (token, n_bytes) = token(text, at)?;
        check_neighbours(text, tokens.last(), &token, at)?;
        tokens.push((token, at..at + n_bytes));
        at += n_bytes;
    }
    tokens.push((Token::End, text.len()..text.len()));
    check_operators(text, &tokens)?;
    Ok(tokens)
}

/// Returns the length of a comment.
fn comment(rest: &str, at: usize) -> Result<Option<usize>, Flaw> {
    if rest.starts_with("--") {
        return Ok(Some(rest.find('\n').unwrap_or(rest.len())));
    }
    if !rest.starts_with("/*") {
        return Ok(None);
    }
    let end = rest.find("*/").map(|end| Some(end + 2));
    end.ok_or_else(|| {
        Flaw::new(at..at + 2, "this comment has no end", "close it with `*/`".to_owned())
    })
}

fn token(text: &str, at: usize) -> Result<(Token, usize), Flaw> {
    let rest = &text[at..];
    let first = rest.chars().next().unwrap_or(' ');
    let is_national = matches!(first, 'N' | 'n') && rest[1..].starts_with('\'');
    if first == '\'' || is_national {
        let prefix = usize::from(is_national);
        let (content, n_bytes) = quoted(&rest[prefix..]).ok_or_else(|| {
            Flaw::new(
                at..text.len(),
                "this text has no end",
                "close it with `'`; a `'` within a text is written twice".to_owned(),
            )
        })?;
        return Ok((Token::Text(content), prefix + n_bytes));
    }
    if first == '[' {
        return bracketed(rest)
            .map(|(path, n_bytes)| (Token::Path(path.to_owned()), n_bytes))
            .ok_or_else(|| {
                Flaw::new(at..at + 1, "this path has no end", "close it with `]`".to_owned())
            });
    }
    let starts_number = |text: &str| text.starts_with(|first: char| first.is_ascii_digit());
    if starts_number(rest) || (first == '.' && starts_number(&rest[1..])) {
        return number(rest, at);
    }
    if let Some(n_bytes) = word(rest) {
        return Ok((Token::Word(rest[..n_bytes].to_owned()), n_bytes));
    }
    if let Some(symbol) = SYMBOLS.into_iter().find(|symbol| rest.starts_with(symbol)) {
        return Ok((Token::Symbol(symbol), symbol.len()));
    }
    let suggestion = match first {
        '"' => "write text as 'text' and a path as [a/b]",
        '.' => "write a path that is more than one name in brackets: [../Header/Currency]",
        '|' | '&' => "write OR, AND, or + to put texts together",
        ';' => "leave it away",
        _ => "write a path in brackets and a text in single quotes",
    };
    let reason = format!("`{first}` means nothing here");
    Err(Flaw::new(at..at + first.len_utf8(), reason, suggestion.to_owned()))
}

/// Returns the length of the name that a text starts with: that of an element, of an attribute behind `@`, each with
/// its prefix, or of a keyword.
fn word(text: &str) -> Option<usize> {
    let starts = |character: char| character == '_' || character.is_alphabetic();
    let goes_on = |character: char| character == '_' || character.is_alphanumeric();
    let name = |text: &str| {
        text.starts_with(starts).then(|| text.find(|c| !goes_on(c)).unwrap_or(text.len()))
    };
    let n_sign = usize::from(text.starts_with('@'));
    let n_bytes = n_sign + name(&text[n_sign..])?;
    let local = text[n_bytes..].strip_prefix(':').and_then(name);
    Some(n_bytes + local.map_or(0, |n_local| 1 + n_local))
}

/// Reads text in quotes, in which a doubled quote stands for one: the text and the length with its quotes.
fn quoted(text: &str) -> Option<(String, usize)> {
    let mut content = String::new();
    let mut at = 1;
    loop {
        let end = at + text[at..].find('\'')?;
        content.push_str(&text[at..end]);
        if !text[end + 1..].starts_with('\'') {
            return Some((content, end + 1));
        }
        content.push('\'');
        at = end + 2;
    }
}

/// Reads a path in brackets, which may have predicates in brackets: the path and the length with its brackets.
fn bracketed(text: &str) -> Option<(&str, usize)> {
    let mut depth = 0_usize;
    let mut quote = None;
    for (at, byte) in text.bytes().enumerate() {
        match (quote, byte) {
            (Some(open), _) if open == byte => quote = None,
            (Some(_), _) => {}
            (None, b'\'' | b'"') => quote = Some(byte),
            (None, b'[') => depth += 1,
            (None, b']') => depth -= 1,
            (None, _) => {}
        }
        if depth == 0 {
            return Some((text[1..at].trim(), at + 1));
        }
    }
    None
}

/// Reads a number as T-SQL's constants are written: whole numbers are `int` as far as they fit, those with a point and
/// larger ones `decimal`, those with an exponent `float` ("Constants").
fn number(rest: &str, at: usize) -> Result<(Token, usize), Flaw> {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let n_whole = digits(rest);
    let has_point = rest[n_whole..].starts_with('.');
    let n_fraction = if has_point { digits(&rest[n_whole + 1..]) } else { 0 };
    let mut n_bytes = n_whole + usize::from(has_point) + n_fraction;
    let exponent = rest[n_bytes..].strip_prefix(['e', 'E']).and_then(|exponent| {
        let n_sign = usize::from(exponent.starts_with(['+', '-']));
        let n_digits = digits(&exponent[n_sign..]);
        (n_digits > 0).then_some(1 + n_sign + n_digits)
    });
    n_bytes += exponent.unwrap_or(0);
    let flaw = |suggestion: &str| {
        Flaw::new(at..at + n_bytes.max(1), "this is no number", suggestion.to_owned())
    };
    if rest[n_bytes..].starts_with(|next: char| next == '_' || next == '.' || next.is_alphabetic())
    {
        return Err(flaw("write names that begin with a digit in brackets: [1st]"));
    }
    let written = &rest[..n_bytes];
    if exponent.is_some() {
        let float = written.parse().ok().filter(|float: &f64| float.is_finite());
        return Ok((Token::Float(float.ok_or_else(|| flaw("it is too large"))?), n_bytes));
    }
    if let Some(int) = written.parse().ok().filter(|int| *int <= i64::from(i32::MAX)) {
        return Ok((Token::Int(int), n_bytes));
    }
    let scale = u32::try_from(n_fraction).unwrap_or(u32::MAX);
    let n_leading = rest[..n_whole].bytes().take_while(|digit| *digit == b'0').count();
    let n_digits = u32::try_from(n_whole - n_leading + n_fraction).unwrap_or(u32::MAX);
    let read = number::read(written).number().filter(|_| n_digits <= DIGITS_MAX);
    let number = read.and_then(|number| number.with_scale(scale));
    let (number, _) = number.ok_or_else(|| flaw("a number has at most 38 digits"))?;
    Ok((Token::Decimal { number, precision: n_digits.max(scale).max(1) }, n_bytes))
}

/// Refuses two tokens without anything between them that would be read otherwise than they look.
fn check_neighbours(
    text: &str,
    before: Option<&(Token, Span)>,
    token: &Token,
    at: usize,
) -> Result<(), Flaw> {
    let Some((Token::Word(_) | Token::Text(_), span)) = before else { return Ok(()) };
    if span.end == at && matches!(token, Token::Text(_) | Token::Path(_)) {
        let reason = "this stands right behind another value";
        let suggestion = "put an operator, a comma or a blank between them; a path with a condition is written in brackets as a whole: [Line[@n='1']/Amt]";
        return Err(Flaw::new(span.start..text.len().min(at + 1), reason, suggestion.to_owned()));
    }
    Ok(())
}

/// Refuses `a/b`, `a-b` and `a/@b`: it may be a path or a name, and it may be an operation.
fn check_operators(text: &str, tokens: &[(Token, Span)]) -> Result<(), Flaw> {
    for window in tokens.windows(3) {
        let [(left, left_span), (Token::Symbol(symbol @ ("/" | "-")), span), (right, right_span)] =
            window
        else {
            continue;
        };
        let is_name = |token: &Token| matches!(token, Token::Word(_));
        let is_tight = left_span.end == span.start && span.end == right_span.start;
        if is_tight && is_name(left) && is_name(right) {
            let (whole, left, right) = (
                &text[left_span.start..right_span.end],
                &text[left_span.clone()],
                &text[right_span.clone()],
            );
            return Err(Flaw::new(
                left_span.start..right_span.end,
                format!("`{whole}` may be one path or an operation with two"),
                format!(
                    "write `[{whole}]` for the path and `{left} {symbol} {right}` for the operation"
                ),
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let shown = match lex(text) {
            Ok(tokens) => {
                let shown = |(token, _): &(Token, Span)| match token {
                    Token::Text(text) => format!("'{text}'"),
                    Token::Int(int) => int.to_string(),
                    Token::Decimal { number, precision } => format!("{number}({precision})"),
                    Token::Float(float) => format!("{float:e}"),
                    other @ (Token::Word(_) | Token::Path(_) | Token::Symbol(_) | Token::End) => {
                        other.describe()
                    }
                };
                tokens.iter().map(shown).collect::<Vec<_>>().join(" ")
            }
            Err(flaw) => format!("{:?} {}: {}", flaw.span, flaw.reason, flaw.suggestion),
        };
        assert_eq!(shown, expected, "`{text}`");
    }

    #[test]
    fn tokens() {
        check("Amt >= 'it''s' + .5", "`Amt` `>=` 'it's' `+` 0.5(1) the end");
        check("cac:Amt<>@xml:lang", "`cac:Amt` `<>` `@xml:lang` the end");
        check(
            "[../Hdr/Ccy] + N'x' [a[@n=']']/b]",
            "`[../Hdr/Ccy]` `+` 'x' `[a[@n=']']/b]` the end",
        );
        check("1 2147483648 0.05 12.50 1e3", "1 2147483648(10) 0.05(2) 12.50(4) 1e3 the end");
        check("a -- b\n/* c */ d", "`a` `d` the end");
        check("a / b - c", "`a` `/` `b` `-` `c` the end");
        check("é = 1", "`é` `=` 1 the end");
    }

    #[test]
    fn what_is_no_token() {
        check(
            "../Hdr",
            "0..1 `.` means nothing here: write a path that is more than one name in brackets: [../Header/Currency]",
        );
        check(
            "x = \"y\"",
            "4..5 `\"` means nothing here: write text as 'text' and a path as [a/b]",
        );
        check(
            "Amt/@ccy",
            "0..8 `Amt/@ccy` may be one path or an operation with two: write `[Amt/@ccy]` for the path and `Amt / @ccy` for the operation",
        );
        check(
            "1 + due-date",
            "4..12 `due-date` may be one path or an operation with two: write `[due-date]` for the path and `due - date` for the operation",
        );
        check(
            "a = 'b",
            "4..6 this text has no end: close it with `'`; a `'` within a text is written twice",
        );
        check("[a", "0..1 this path has no end: close it with `]`");
        check(
            "12ab",
            "0..2 this is no number: write names that begin with a digit in brackets: [1st]",
        );
        check(
            "Line[@n='1']",
            "0..5 this stands right behind another value: put an operator, a comma or a blank between them; a path with a condition is written in brackets as a whole: [Line[@n='1']/Amt]",
        );
    }
}
