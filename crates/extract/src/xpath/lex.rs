//! Splits the text of a path into tokens.

use std::ops::Range;

use super::PathProblem;
use crate::document::is_name;

/// A piece of the text of a path.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// `name`, `prefix:name` or `prefix:*`; the prefix is empty where there is none.
    Name {
        prefix: String,
        local: String,
    },
    /// `axis::`
    Axis(String),
    /// `$name`
    Variable(String),
    Text(String),
    Number(f64),
    /// An operator, a bracket or the like. `*` is `times` where it multiplies.
    Sign(&'static str),
}

/// A token and its place in the text.
pub(super) type Placed = (Token, Range<usize>);

/// The signs, longer ones first.
const SIGNS: [&str; 19] = [
    "//", "..", "!=", "<=", ">=", "::", "/", ".", "@", "[", "]", "(", ")", ",", "|", "=", "<", ">",
    "+",
];

/// Words that are operators behind an operand.
const OPERATORS: [&str; 4] = ["and", "or", "div", "mod"];

pub(super) fn lex(text: &str) -> Result<Vec<Placed>, PathProblem> {
    let mut tokens: Vec<Placed> = Vec::new();
    let mut at = 0;
    loop {
        at += text[at..].len() - text[at..].trim_start().len();
        let Some(first) = text[at..].chars().next() else { return Ok(tokens) };
        let after_operand = tokens.last().is_some_and(|(token, _)| ends_operand(token));
        let (token, end) = match first {
            '\'' | '"' => quoted(text, at, first)?,
            '0'..='9' => number(text, at)?,
            '.' if text[at + 1..].starts_with(|next: char| next.is_ascii_digit()) => {
                number(text, at)?
            }
            '*' if after_operand => (Token::Sign("times"), at + 1),
            '*' => (Token::Sign("*"), at + 1),
            '-' => (Token::Sign("-"), at + 1),
            '$' => {
                let end = name_end(text, at + 1);
                if end == at + 1 {
                    return Err(problem(at..end, "`$` without a name", "write `$name` of `[let]`"));
                }
                (Token::Variable(text[at + 1..end].to_owned()), end)
            }
            _ if is_name_part(first) => word(text, at, after_operand)?,
            _ => sign(text, at)?,
        };
        tokens.push((token, at..end));
        at = end;
    }
}

/// Says whether a token may be the end of an operand, so that an operator may follow.
fn ends_operand(token: &Token) -> bool {
    match token {
        Token::Name { .. } | Token::Variable(_) | Token::Text(_) | Token::Number(_) => true,
        Token::Axis(_) => false,
        Token::Sign(sign) => matches!(*sign, ")" | "]" | "." | ".." | "*"),
    }
}

fn problem(span: Range<usize>, reason: &str, suggestion: &str) -> PathProblem {
    PathProblem { span, reason: reason.to_owned(), suggestion: suggestion.to_owned() }
}

fn quoted(text: &str, at: usize, quote: char) -> Result<(Token, usize), PathProblem> {
    let inner = &text[at + 1..];
    match inner.find(quote) {
        Some(length) => Ok((Token::Text(inner[..length].to_owned()), at + length + 2)),
        None => {
            Err(problem(at..text.len(), "a text without an end", "close it with the same quote"))
        }
    }
}

fn number(text: &str, at: usize) -> Result<(Token, usize), PathProblem> {
    let length = text[at..].find(|next: char| !next.is_ascii_digit() && next != '.');
    let end = length.map_or(text.len(), |length| at + length);
    match text[at..end].parse() {
        Ok(number) => Ok((Token::Number(number), end)),
        Err(_) => Err(problem(at..end, "this is no number", "write it like 12 or 0.5")),
    }
}

fn is_name_part(character: char) -> bool {
    character.is_alphanumeric() || character == '_' || !character.is_ascii()
}

fn name_end(text: &str, start: usize) -> usize {
    let is_part = |next: char| is_name_part(next) || matches!(next, '-' | '.');
    text[start..].find(|next: char| !is_part(next)).map_or(text.len(), |length| start + length)
}

fn checked(text: &str, span: Range<usize>) -> Result<&str, PathProblem> {
    let name = &text[span.clone()];
    if is_name(name) {
        return Ok(name);
    }
    let reason = format!("`{name}` can be the name of no element or attribute");
    Err(problem(span, &reason, "XML names begin with a letter or `_`"))
}

/// Reads a name with what belongs to it: its prefix, or the colons of an axis.
fn word(text: &str, at: usize, after_operand: bool) -> Result<(Token, usize), PathProblem> {
    let end = name_end(text, at);
    if let Some(operator) = OPERATORS.iter().find(|operator| **operator == &text[at..end])
        && after_operand
    {
        return Ok((Token::Sign(operator), end));
    }
    let rest = &text[end..];
    if rest.trim_start().starts_with("::") {
        let name = text[at..end].to_owned();
        return Ok((Token::Axis(name), end + (rest.len() - rest.trim_start().len()) + 2));
    }
    let first = checked(text, at..end)?.to_owned();
    let Some(after) = rest.strip_prefix(':') else {
        return Ok((Token::Name { prefix: String::new(), local: first }, end));
    };
    let start = end + 1;
    if after.starts_with('*') {
        return Ok((Token::Name { prefix: first, local: "*".to_owned() }, start + 1));
    }
    let end = name_end(text, start);
    let local = checked(text, start..end)?.to_owned();
    if text[end..].starts_with(':') {
        return Err(problem(at..end + 1, "a name with two colons", "write it as prefix:name"));
    }
    Ok((Token::Name { prefix: first, local }, end))
}

fn sign(text: &str, at: usize) -> Result<(Token, usize), PathProblem> {
    if let Some(sign) = SIGNS.iter().find(|sign| text[at..].starts_with(**sign)) {
        return Ok((Token::Sign(sign), at + sign.len()));
    }
    let found = text[at..].chars().next().unwrap_or_default();
    let suggestion = match found {
        '{' | '}' => {
            "names in `{namespace}name` are written prefix:name, with the prefix in `[namespaces]`"
        }
        '&' => "write `and`",
        '!' => "write `!=` or `not(..)`",
        _ => "leave it out, or put it into quotes if it is text",
    };
    let reason = format!("`{found}` has no meaning in a path");
    Err(problem(at..at + found.len_utf8(), &reason, suggestion))
}
