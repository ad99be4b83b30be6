//! `CAST(.. AS xml)`, of text that SQL Server gives back as it is written. Everything else (a declaration, comments,
//! single quotes, blanks that it would take out) is refused rather than approximated.

use rusqlite::functions::Context;

use crate::error::{SqlError, SqlResult};
use crate::exec::functions::arg;
use crate::value::datum::{Datum, Owned};

pub(crate) fn cast(ctx: &Context<'_>) -> SqlResult<Owned> {
    match arg(ctx, 0)? {
        Datum::Null => Ok(Datum::Null),
        Datum::Text(text) if is_plain(&text) => Ok(Datum::Text(text).into_owned()),
        Datum::Text(_) | Datum::Int(_) | Datum::Real(_) | Datum::Bytes(_) => {
            let text = "devdb: text becomes xml where it is one element with tags as SQL Server writes them.";
            Err(SqlError::new(9400, text))
        }
    }
}

/// Whether the text is one element, whose tags are `<a b="c">`, `</a>` and `<a/>`.
fn is_plain(text: &str) -> bool {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = text;
    let mut is_begun = false;
    while let Some((before, behind)) = rest.split_once('<') {
        // Outside of the element there is nothing, and within it no text of blanks alone.
        let is_outside = open.is_empty();
        let is_blank = !before.is_empty() && before.trim().is_empty();
        if is_outside && (is_begun || !before.is_empty()) || is_blank || !has_plain_text(before) {
            return false;
        }
        let Some((tag, next)) = behind.split_once('>') else { return false };
        if let Some(name) = tag.strip_prefix('/') {
            if open.pop() != Some(name) {
                return false;
            }
        } else {
            let (tag, is_empty) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
            let Some(name) = name_of(tag) else { return false };
            if !is_empty {
                open.push(name);
            }
        }
        (rest, is_begun) = (next, true);
    }
    is_begun && open.is_empty() && rest.is_empty()
}

/// The name of a start tag whose attributes are as SQL Server writes them.
fn name_of(tag: &str) -> Option<&str> {
    let mut parts = tag.split(' ');
    let name = parts.next().filter(|name| is_name(name))?;
    let is_attribute = |part: &str| {
        let value = part.split_once("=\"").filter(|(name, _)| is_name(name)).map(|(_, it)| it);
        let value = value.and_then(|value| value.strip_suffix('"'));
        value.is_some_and(|value| !value.contains('"') && has_plain_text(value))
    };
    parts.all(is_attribute).then_some(name)
}

fn is_name(name: &str) -> bool {
    name.starts_with(char::is_alphabetic) && name.chars().all(char::is_alphanumeric)
}

/// Whether `&` stands in entities alone that are written back.
fn has_plain_text(text: &str) -> bool {
    let mut parts = text.split('&');
    parts.next();
    parts.all(|part| ["amp;", "lt;", "gt;"].iter().any(|entity| part.starts_with(entity)))
        && !text.contains(['\r', '\t'])
}

#[cfg(test)]
mod tests {
    use super::is_plain;

    #[test]
    fn what_would_be_written_in_another_way_is_refused() {
        for text in ["<a/>", "<a b=\"c\" d=\"\u{6f22}\"><e>x &lt; y</e>z</a>"] {
            assert!(is_plain(text), "{text}");
        }
        for text in [
            "",
            "x",
            "<a>",
            "<a></b>",
            "<a/><a/>",
            " <a/>",
            "<a /> ",
            "<a b='c'/>",
            "<a> <b/></a>",
            "<?xml version=\"1.0\"?><a/>",
            "<a><!-- x --></a>",
            "<a>&#x41;</a>",
        ] {
            assert!(!is_plain(text), "{text}");
        }
    }
}
