//! Text functions, counted in UTF-16 code units as SQL Server does.

use rusqlite::functions::Context;

use crate::catalog::table::DEFAULT_SCHEMA;
use crate::error::{SqlError, SqlResult};
use crate::exec::functions::{arg, type_arg};
use crate::sql::lexer::{Kind, tokens};
use crate::value::collation::Collation;
use crate::value::convert;
use crate::value::datum::{Datum, Owned};
use crate::value::text;

fn count(n: usize) -> Owned {
    Datum::Int(i64::try_from(n).unwrap_or(i64::MAX))
}

/// The text of an argument; `None` for NULL.
fn text_arg(ctx: &Context<'_>, idx: usize) -> SqlResult<Option<String>> {
    Ok(ctx.get(idx)?)
}

/// The collation whose name is an argument.
fn collation_arg(ctx: &Context<'_>, idx: usize) -> SqlResult<Collation> {
    Collation::named(&ctx.get::<String>(idx)?)
}

fn map(ctx: &Context<'_>, of: impl FnOnce(&str) -> Owned) -> SqlResult<Owned> {
    Ok(text_arg(ctx, 0)?.map_or(Datum::Null, |text| of(&text)))
}

fn length_arg(ctx: &Context<'_>, idx: usize) -> SqlResult<Option<usize>> {
    let n: Option<i64> = ctx.get(idx)?;
    let Some(n) = n else { return Ok(None) };
    usize::try_from(n).map(Some).map_err(|_| {
        SqlError::new(537, "Invalid length parameter passed to the LEFT or SUBSTRING function.")
    })
}

pub(crate) fn left(ctx: &Context<'_>) -> SqlResult<Owned> {
    let Some(n) = length_arg(ctx, 1)? else { return Ok(Datum::Null) };
    map(ctx, |text| Datum::text(text::prefix(text, n).to_owned()))
}

pub(crate) fn right(ctx: &Context<'_>) -> SqlResult<Owned> {
    let Some(n) = length_arg(ctx, 1)? else { return Ok(Datum::Null) };
    map(ctx, |text| Datum::text(text::suffix(text, n).to_owned()))
}

pub(crate) fn substring(ctx: &Context<'_>) -> SqlResult<Owned> {
    let (start, n): (Option<i64>, _) = (ctx.get(1)?, length_arg(ctx, 2)?);
    let (Some(start), Some(n)) = (start, n) else { return Ok(Datum::Null) };
    // What lies before the first character counts against the length.
    let skip = usize::try_from((start - 1).max(0)).unwrap_or(usize::MAX);
    let lost = usize::try_from((1 - start).max(0)).unwrap_or(usize::MAX);
    map(ctx, |text| {
        let rest = &text[text::prefix(text, skip).len()..];
        Datum::text(text::prefix(rest, n.saturating_sub(lost)).to_owned())
    })
}

pub(crate) fn len(ctx: &Context<'_>) -> SqlResult<Owned> {
    map(ctx, |text| count(text::units(text.trim_end_matches(' '))))
}

pub(crate) fn data_length(ctx: &Context<'_>) -> SqlResult<Owned> {
    let (value, ty) = (arg(ctx, 0)?, type_arg(ctx, 1)?);
    Ok(match value {
        Datum::Null => Datum::Null,
        Datum::Bytes(bytes) => count(bytes.len()),
        Datum::Text(text) if ty.is_unicode() => count(text::units(&text) * 2),
        Datum::Text(text) if ty.is_text() => count(text.chars().count()),
        Datum::Int(_) | Datum::Real(_) | Datum::Text(_) => {
            Datum::Int(crate::catalog::system::facets(ty).0)
        }
    })
}

pub(crate) fn char_index(ctx: &Context<'_>) -> SqlResult<Owned> {
    let (Some(needle), Some(text)) = (text_arg(ctx, 0)?, text_arg(ctx, 1)?) else {
        return Ok(Datum::Null);
    };
    Ok(count(text::index_of(&needle, &text, collation_arg(ctx, 2)?)))
}

pub(crate) fn upper(ctx: &Context<'_>) -> SqlResult<Owned> {
    map(ctx, |text| Datum::text(text.to_uppercase()))
}

pub(crate) fn lower(ctx: &Context<'_>) -> SqlResult<Owned> {
    map(ctx, |text| Datum::text(text.to_lowercase()))
}

pub(crate) fn replace(ctx: &Context<'_>) -> SqlResult<Owned> {
    let (Some(from), Some(to)) = (text_arg(ctx, 1)?, text_arg(ctx, 2)?) else {
        return Ok(Datum::Null);
    };
    let collation = collation_arg(ctx, 3)?;
    map(ctx, |text| {
        if from.is_empty() {
            return Datum::text(text.to_owned());
        }
        let mut replaced = String::new();
        let mut rest = text;
        loop {
            let at = text::index_of(&from, rest, collation);
            if at == 0 {
                replaced.push_str(rest);
                return Datum::text(replaced);
            }
            let head = text::prefix(rest, at - 1);
            replaced.push_str(head);
            replaced.push_str(&to);
            rest = &rest[head.len()..];
            rest = &rest[text::prefix(rest, text::units(&from)).len()..];
        }
    })
}

pub(crate) fn like(ctx: &Context<'_>) -> SqlResult<Owned> {
    let (Some(text), Some(pattern)) = (text_arg(ctx, 0)?, text_arg(ctx, 1)?) else {
        return Ok(Datum::Null);
    };
    let collation = collation_arg(ctx, 2)?;
    if collation == Collation::Cs && pattern.contains('[') && pattern.contains('-') {
        let text = "Incorrect syntax near 'LIKE'. (devdb: no ranges of letters under a collation that minds case.)";
        return Err(SqlError::new(102, text).with_class(15));
    }
    let (text, pattern) = (text::seen(&text, collation), text::seen(&pattern, collation));
    let is_unicode: bool = ctx.get(3)?;
    let n_blanks = text.iter().rev().take_while(|c| **c == ' ').count();
    let n_optional = if is_unicode { 0 } else { n_blanks };
    let found = (0..=n_optional).any(|n| matches(&text[..text.len() - n], &pattern));
    Ok(Datum::Int(i64::from(found)))
}

/// `%`, `_`, `[a-z]`, `[^a-z]`. Follows one `%` at a time: the last one seen is where to come back to.
fn matches(text: &[char], pattern: &[char]) -> bool {
    let (mut at, mut of) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    loop {
        if of < pattern.len() && pattern[of] == '%' {
            back = Some((at, of));
            of += 1;
            continue;
        }
        if at == text.len() && of == pattern.len() {
            return true;
        }
        if at < text.len()
            && let Some(len) = one(text[at], &pattern[of..])
        {
            (at, of) = (at + 1, of + len);
            continue;
        }
        let Some((seen, percent)) = back.filter(|(seen, _)| *seen < text.len()) else {
            return false;
        };
        back = Some((seen + 1, percent));
        (at, of) = (seen + 1, percent + 1);
    }
}

/// Whether one character is what the pattern begins with, and how much of the pattern that is.
fn one(c: char, pattern: &[char]) -> Option<usize> {
    match pattern.first()? {
        '_' => Some(1),
        '[' => {
            let end = pattern.iter().position(|p| *p == ']')?;
            let (is_negated, set) = match &pattern[1..end] {
                ['^', set @ ..] => (true, set),
                set => (false, set),
            };
            let mut rest = set;
            let mut is_in = false;
            while let [first, tail @ ..] = rest {
                if let ['-', last, tail @ ..] = tail {
                    is_in |= (*first..=*last).contains(&c);
                    rest = tail;
                } else {
                    is_in |= *first == c;
                    rest = tail;
                }
            }
            (is_in != is_negated).then_some(end + 1)
        }
        p => (*p == c).then_some(1),
    }
}

/// `[schema].[name]` as `schema.name`; NULL for what is no such name.
pub(crate) fn object_name(ctx: &Context<'_>) -> SqlResult<Owned> {
    let Some(written) = text_arg(ctx, 0)? else { return Ok(Datum::Null) };
    let parts: Vec<String> = tokens(&written)?
        .into_iter()
        .filter_map(|token| match token.kind {
            Kind::Word(name) | Kind::Quoted(name) => Some(name),
            Kind::Text { .. }
            | Kind::Number(_)
            | Kind::Variable(_)
            | Kind::Symbol(_)
            | Kind::End => None,
        })
        .collect();
    let qualified = match &parts[..] {
        [name] => format!("{DEFAULT_SCHEMA}.{name}"),
        [.., schema, name] => format!("{schema}.{name}"),
        [] => return Ok(Datum::Null),
    };
    convert::cast(
        Datum::Text(qualified.into()),
        crate::value::sqltype::SqlType::NVarChar(258),
        crate::value::sqltype::SqlType::NVarChar(258),
    )
}
