//! The `keyword=value` pairs of a connection string, by the rules of ADO.NET.

use std::iter::Peekable;
use std::ops::RangeInclusive;
use std::str::Chars;

use super::{ConnectError, refused};

/// One pair.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Pair {
    /// Lower case, without spaces.
    pub(super) key: String,
    /// The keyword as written.
    pub(super) written: String,
    pub(super) value: String,
    /// The value stands in braces, as ODBC has them; it is not read then.
    pub(super) in_braces: bool,
    /// It comes right behind the password, whose tail it may be.
    pub(super) follows_password: bool,
}

impl Pair {
    pub(super) fn refuse(&self, reason: &str) -> ConnectError {
        ConnectError(format!("`{}` {reason}", self.written))
    }

    pub(super) fn flag(&self) -> Result<bool, ConnectError> {
        match self.value.to_ascii_lowercase().as_str() {
            "true" | "yes" | "1" => Ok(true),
            "false" | "no" | "0" => Ok(false),
            _ => Err(self.refuse("must be `true` or `false`")),
        }
    }

    pub(super) fn number(&self, allowed: RangeInclusive<u64>) -> Result<u64, ConnectError> {
        let found = self.value.parse().ok().filter(|value| allowed.contains(value));
        found.ok_or_else(|| {
            let (low, high) = (allowed.start(), allowed.end());
            self.refuse(&format!("must be a number between {low} and {high}"))
        })
    }
}

/// Splits a string. Values with `;`, quotes or outer spaces stand in single or double quotes, which are
/// doubled inside; a value may contain `=`.
pub(super) fn pairs(text: &str) -> Result<Vec<Pair>, ConnectError> {
    let mut pairs: Vec<Pair> = Vec::new();
    let mut rest = text.chars().peekable();
    loop {
        skip(&mut rest, |c| c == ';' || c.is_whitespace());
        if rest.peek().is_none() {
            return Ok(pairs);
        }
        let mut written = String::new();
        loop {
            match rest.next() {
                Some('=') => break,
                Some(';') | None => {
                    return Err(refused(
                        "a part has no `=`; a value with `;` has to stand in double quotes",
                    ));
                }
                Some(c) => written.push(c),
            }
        }
        let written = written.trim().to_owned();
        let key = written.to_lowercase().replace(' ', "");
        if key.is_empty() {
            return Err(refused("a keyword is empty"));
        }
        // It may be part of a password, and is not repeated.
        if !written.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, ' ' | '_' | '-')) {
            return Err(refused(
                "before a `=` stands what is no keyword; a value with `;` has to stand in double quotes, and a URL has no place here",
            ));
        }
        skip(&mut rest, char::is_whitespace);
        let in_braces = rest.peek() == Some(&'{');
        let value = match rest.peek() {
            Some('{') => braced(&mut rest),
            Some(&quote @ ('\'' | '"')) => quoted(&mut rest, quote)?,
            _ => plain(&mut rest),
        };
        let follows_password =
            pairs.last().is_some_and(|pair| matches!(pair.key.as_str(), "password" | "pwd"));
        pairs.push(Pair { key, written, value, in_braces, follows_password });
    }
}

fn skip(rest: &mut Peekable<Chars<'_>>, skipped: impl Fn(char) -> bool) {
    while rest.next_if(|next| skipped(*next)).is_some() {}
}

fn plain(rest: &mut Peekable<Chars<'_>>) -> String {
    let mut value = String::new();
    while let Some(c) = rest.next_if(|c| *c != ';') {
        value.push(c);
    }
    value.trim_end().to_owned()
}

/// Skips a value in braces, which may hold `;`, and what stands behind it up to the next one.
fn braced(rest: &mut Peekable<Chars<'_>>) -> String {
    skip(rest, |c| c != '}');
    skip(rest, |c| c != ';');
    String::new()
}

fn quoted(rest: &mut Peekable<Chars<'_>>, quote: char) -> Result<String, ConnectError> {
    rest.next();
    let mut value = String::new();
    loop {
        match rest.next() {
            None => return Err(refused("a quote is not closed")),
            Some(c) if c == quote => {
                if rest.next_if_eq(&quote).is_none() {
                    break;
                }
                value.push(quote);
            }
            Some(c) => value.push(c),
        }
    }
    skip(rest, char::is_whitespace);
    match rest.peek() {
        None | Some(';') => Ok(value),
        Some(_) => Err(refused("something stands between a closing quote and the next `;`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_follow_the_rules_of_ado_net() {
        let check = |text: &str, expected: &[(&str, &str)]| {
            let found = pairs(text).expect(text);
            let found: Vec<_> =
                found.iter().map(|pair| (pair.key.as_str(), pair.value.as_str())).collect();
            assert_eq!(found, expected, "{text}");
        };
        check(" User Id = u ; ;PWD=a=b==;", &[("userid", "u"), ("pwd", "a=b==")]);
        check("pwd='a;b''c'", &[("pwd", "a;b'c")]);
        check(r#"pwd="a;""b" ; x=1"#, &[("pwd", r#"a;"b"#), ("x", "1")]);
        check("pwd=größe;x=", &[("pwd", "größe"), ("x", "")]);
    }
}
