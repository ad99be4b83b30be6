//! Functions of texts. Lengths and places count characters, as under SQL Server's collations with supplementary
//! characters (`_SC`): an emoji is one.

use std::borrow::Cow;

use memchr::memmem;

use super::super::check::{Checker, Typed};
use super::super::compare::fold;
use super::super::fault::Fault;
use super::super::node::{Node, Nulls, Run};
use super::super::syntax::Syntax;
use super::super::types::Type;
use super::super::{Datum, Span};
use super::Function;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "CONCAT",
        arguments: "value, value, ..",
        n_arguments: 2..=254,
        result: "text",
        gives: "All values put together; NULL counts as an empty text.",
        example: ("CONCAT('a', NULL, 1)", "a1"),
        check: |checker, arguments, span| all_texts(checker, arguments, span, concat),
    },
    Function {
        name: "CONCAT_WS",
        arguments: "separator, value, value, ..",
        n_arguments: 3..=254,
        result: "text",
        gives: "All values that are not NULL, with the separator between them.",
        example: ("CONCAT_WS(', ', 'a', NULL, 'b')", "a, b"),
        check: |checker, arguments, span| {
            all_texts(checker, arguments, span, concat_with_separator)
        },
    },
    Function {
        name: "SUBSTRING",
        arguments: "text, start, length",
        n_arguments: 3..=3,
        result: "text",
        gives: "The part that starts at a place (the first is 1) and is so long; what a start below 1 asks for before the text is missing from the length.",
        example: ("SUBSTRING('abcdef', 2, 3)", "bcd"),
        check: |checker, arguments, span| call(checker, arguments, span, Type::Text, substring),
    },
    Function {
        name: "LEFT",
        arguments: "text, length",
        n_arguments: 2..=2,
        result: "text",
        gives: "So many characters from the beginning.",
        example: ("LEFT('abcdefg', 2)", "ab"),
        check: |checker, arguments, span| call(checker, arguments, span, Type::Text, left),
    },
    Function {
        name: "RIGHT",
        arguments: "text, length",
        n_arguments: 2..=2,
        result: "text",
        gives: "So many characters from the end.",
        example: ("RIGHT('abcdefg', 2)", "fg"),
        check: |checker, arguments, span| call(checker, arguments, span, Type::Text, right),
    },
    Function {
        name: "LEN",
        arguments: "text",
        n_arguments: 1..=1,
        result: "int",
        gives: "The number of characters without blanks at the end.",
        example: ("LEN('abc  ')", "3"),
        check: |checker, arguments, span| call(checker, arguments, span, Type::Int, len),
    },
    Function {
        name: "UPPER",
        arguments: "text",
        n_arguments: 1..=1,
        result: "text",
        gives: "The text in capital letters.",
        example: ("UPPER('abc')", "ABC"),
        check: |checker, arguments, span| call(checker, arguments, span, Type::Text, upper),
    },
    Function {
        name: "LOWER",
        arguments: "text",
        n_arguments: 1..=1,
        result: "text",
        gives: "The text in small letters.",
        example: ("LOWER('ABC')", "abc"),
        check: |checker, arguments, span| call(checker, arguments, span, Type::Text, lower),
    },
    Function {
        name: "TRIM",
        arguments: "[characters FROM] text",
        n_arguments: 1..=2,
        result: "text",
        gives: "The text without blanks, or without those characters, at both ends.",
        example: ("TRIM('.,! ' FROM '  #  test  .')", "#  test"),
        check: |checker, arguments, span| all_texts_or_null(checker, arguments, span, trim),
    },
    Function {
        name: "LTRIM",
        arguments: "text [, characters]",
        n_arguments: 1..=2,
        result: "text",
        gives: "The text without blanks, or without those characters, at its beginning.",
        example: ("LTRIM('  abc')", "abc"),
        check: |checker, arguments, span| all_texts_or_null(checker, arguments, span, ltrim),
    },
    Function {
        name: "RTRIM",
        arguments: "text [, characters]",
        n_arguments: 1..=2,
        result: "text",
        gives: "The text without blanks, or without those characters, at its end.",
        example: ("RTRIM('abc  ')", "abc"),
        check: |checker, arguments, span| all_texts_or_null(checker, arguments, span, rtrim),
    },
    Function {
        name: "REPLACE",
        arguments: "text, searched, replacement",
        n_arguments: 3..=3,
        result: "text",
        gives: "The text with every occurrence of one text replaced by another; case does not matter.",
        example: ("REPLACE('abcdefghicde', 'cde', 'xxx')", "abxxxfghixxx"),
        check: |checker, arguments, span| all_texts_or_null(checker, arguments, span, replace),
    },
    Function {
        name: "CHARINDEX",
        arguments: "searched, text [, start]",
        n_arguments: 2..=3,
        result: "int",
        gives: "The place where a text begins in another, from a start on; 0 if it does not. Case does not matter.",
        example: ("CHARINDEX(':', 'xsd:PQ')", "4"),
        check: check_char_index,
    },
];

/// A text and whole numbers behind it.
fn call(
    checker: &mut Checker<'_, '_>,
    arguments: &[Syntax],
    span: Span,
    data_type: Type,
    run: Run,
) -> Option<Typed> {
    let (text, numbers) = arguments.split_first()?;
    let mut nodes = vec![checker.text(text).map(|typed| typed.node)];
    nodes.extend(numbers.iter().map(|number| checker.whole(number).map(|typed| typed.node)));
    made(checker, nodes, span, data_type, (run, Nulls::Spread))
}

fn check_char_index(
    checker: &mut Checker<'_, '_>,
    arguments: &[Syntax],
    span: Span,
) -> Option<Typed> {
    let (texts, start) = arguments.split_at(2);
    let mut nodes: Vec<Option<Node>> =
        texts.iter().map(|text| checker.text(text).map(|typed| typed.node)).collect();
    nodes.extend(start.iter().map(|start| checker.whole(start).map(|typed| typed.node)));
    made(checker, nodes, span, Type::Int, (char_index, Nulls::Spread))
}

/// Texts, of which NULL is passed on.
fn all_texts(
    checker: &mut Checker<'_, '_>,
    arguments: &[Syntax],
    span: Span,
    run: Run,
) -> Option<Typed> {
    let nodes = arguments.iter().map(|text| checker.text(text).map(|typed| typed.node)).collect();
    made(checker, nodes, span, Type::Text, (run, Nulls::Passed))
}

fn all_texts_or_null(
    checker: &mut Checker<'_, '_>,
    arguments: &[Syntax],
    span: Span,
    run: Run,
) -> Option<Typed> {
    let nodes = arguments.iter().map(|text| checker.text(text).map(|typed| typed.node)).collect();
    made(checker, nodes, span, Type::Text, (run, Nulls::Spread))
}

fn made(
    checker: &mut Checker<'_, '_>,
    nodes: Vec<Option<Node>>,
    span: Span,
    data_type: Type,
    (run, nulls): (Run, Nulls),
) -> Option<Typed> {
    let arguments: Option<Vec<Node>> = nodes.into_iter().collect();
    let node = Node::Call { run, nulls, arguments: arguments? };
    checker.folded(Typed { node, data_type, span })
}

/// Takes the text of an argument; NULL is empty.
fn text<'d>(datum: Option<&'d Datum<'_>>) -> &'d str {
    match datum {
        Some(Datum::Text(text)) => text,
        _ => "",
    }
}

/// Takes a number of an argument.
fn whole(datum: Option<&Datum<'_>>) -> i64 {
    match datum {
        Some(Datum::Int(int)) => *int,
        _ => 0,
    }
}

fn made_text<'a>(text: impl Into<String>) -> Result<Datum<'a>, Fault> {
    Ok(Datum::Text(Cow::Owned(text.into())))
}

/// Takes a part of a text, without a copy where the text is the document's own.
fn part<'a>(data: &[Datum<'a>], cut: impl Fn(&str) -> (usize, usize)) -> Datum<'a> {
    match data.first() {
        Some(Datum::Text(Cow::Borrowed(text))) => {
            let (from, to) = cut(text);
            Datum::Text(Cow::Borrowed(&text[from..to]))
        }
        Some(Datum::Text(Cow::Owned(text))) => {
            let (from, to) = cut(text);
            Datum::Text(Cow::Owned(text[from..to].to_owned()))
        }
        _ => Datum::Null,
    }
}

/// Returns the place in bytes of a character; the end if there are fewer.
fn place(text: &str, n_characters: i64) -> usize {
    let Ok(n_characters) = usize::try_from(n_characters) else { return 0 };
    // No text has fewer bytes than characters.
    if n_characters >= text.len() {
        return text.len();
    }
    text.char_indices().nth(n_characters).map_or(text.len(), |(at, _)| at)
}

fn concat<'a>(data: &[Datum<'a>]) -> Result<Datum<'a>, Fault> {
    let texts: Vec<&str> = data.iter().map(|datum| text(Some(datum))).collect();
    made_text(texts.concat())
}

fn concat_with_separator<'a>(data: &[Datum<'a>]) -> Result<Datum<'a>, Fault> {
    let (separator, values) = data.split_first().unwrap_or((&Datum::Null, &[]));
    let values = values.iter().filter(|value| **value != Datum::Null);
    let texts: Vec<&str> = values.map(|value| text(Some(value))).collect();
    made_text(texts.join(text(Some(separator))))
}

fn substring<'a>(data: &[Datum<'a>]) -> Result<Datum<'a>, Fault> {
    let (start, length) = (whole(data.get(1)), whole(data.get(2)));
    if length < 0 {
        return Err(Fault::NegativeLength);
    }
    let end = start.saturating_add(length);
    Ok(part(data, |text| {
        let from = place(text, start.saturating_sub(1));
        (from, place(text, end.saturating_sub(1)).max(from))
    }))
}

fn left<'a>(data: &[Datum<'a>]) -> Result<Datum<'a>, Fault> {
    let length = whole(data.get(1));
    if length < 0 {
        return Err(Fault::NegativeLength);
    }
    Ok(part(data, |text| (0, place(text, length))))
}

fn right<'a>(data: &[Datum<'a>]) -> Result<Datum<'a>, Fault> {
    let length = whole(data.get(1));
    let Ok(length) = usize::try_from(length) else { return Err(Fault::NegativeLength) };
    Ok(part(data, |text| {
        let before = length.checked_sub(1).map(|n_before| text.char_indices().nth_back(n_before));
        let from = match before {
            None => text.len(),
            Some(found) => found.map_or(0, |(at, _)| at),
        };
        (from, text.len())
    }))
}

fn len<'a>(data: &[Datum<'a>]) -> Result<Datum<'a>, Fault> {
    let n_characters = text(data.first()).trim_end_matches(' ').chars().count();
    Ok(Datum::Int(i64::try_from(n_characters).unwrap_or(i64::MAX)))
}

fn upper<'a>(data: &[Datum<'a>]) -> Result<Datum<'a>, Fault> {
    made_text(each(text(data.first()), |character| character.to_uppercase()))
}

fn lower<'a>(data: &[Datum<'a>]) -> Result<Datum<'a>, Fault> {
    made_text(each(text(data.first()), |character| character.to_lowercase()))
}

/// Changes characters one by one: a text keeps its length, as in SQL Server, so that `ß` stays.
fn each<I: ExactSizeIterator<Item = char>>(text: &str, change: impl Fn(char) -> I) -> String {
    text.chars()
        .map(|character| {
            let mut changed = change(character);
            if changed.len() == 1 { changed.next().unwrap_or(character) } else { character }
        })
        .collect()
}

/// Bytes of the characters that are trimmed: those of the longest text that is not `max`, which T-SQL allows.
const TRIMMED_BYTES_MAX: usize = 8000;

/// The characters that are trimmed: blanks where none are named.
fn trimmed<'d>(data: &'d [Datum<'_>]) -> Result<impl Fn(char) -> bool + Copy + 'd, Fault> {
    let characters = if data.len() > 1 { text(data.get(1)) } else { " " };
    if characters.len() > TRIMMED_BYTES_MAX {
        return Err(Fault::TooLong);
    }
    Ok(move |found| characters.chars().any(|character| fold(character).eq(fold(found))))
}

fn trim<'a>(data: &[Datum<'a>]) -> Result<Datum<'a>, Fault> {
    let is_trimmed = trimmed(data)?;
    Ok(part(data, |text| {
        let end = text.trim_end_matches(is_trimmed).len();
        (end - text[..end].trim_start_matches(is_trimmed).len(), end)
    }))
}

fn ltrim<'a>(data: &[Datum<'a>]) -> Result<Datum<'a>, Fault> {
    let is_trimmed = trimmed(data)?;
    Ok(part(data, |text| (text.len() - text.trim_start_matches(is_trimmed).len(), text.len())))
}

fn rtrim<'a>(data: &[Datum<'a>]) -> Result<Datum<'a>, Fault> {
    let is_trimmed = trimmed(data)?;
    Ok(part(data, |text| (0, text.trim_end_matches(is_trimmed).len())))
}

/// Bytes of a text that REPLACE may make at once; see [`Fault::TooLong`].
const REPLACED_BYTES_MAX: usize = 64 << 20;

fn replace<'a>(data: &[Datum<'a>]) -> Result<Datum<'a>, Fault> {
    let (text, searched, replacement) = (text(data.first()), text(data.get(1)), text(data.get(2)));
    let mut replaced = String::new();
    let mut end = 0;
    for (from, to) in occurrences(text, searched) {
        replaced.push_str(&text[end..from]);
        replaced.push_str(replacement);
        end = to;
        if replaced.len() > REPLACED_BYTES_MAX {
            return Err(Fault::TooLong);
        }
    }
    replaced.push_str(&text[end..]);
    made_text(replaced)
}

/// Lists where a text begins and ends in another, whatever their case, from left to right; an empty one occurs nowhere.
/// Takes as many steps as both have characters.
fn occurrences(text: &str, searched: &str) -> Vec<(usize, usize)> {
    if searched.is_empty() {
        return Vec::new();
    }
    let (small, searched) = (each(text, char::to_lowercase), each(searched, char::to_lowercase));
    let found = memmem::find_iter(small.as_bytes(), searched.as_bytes());
    // A small letter may have more bytes than its capital: places are counted along both.
    let mut characters = small.char_indices().zip(text.char_indices());
    let mut place = |wanted: usize| {
        let found = characters.find(|((at, _), _)| *at == wanted);
        found.map_or(text.len(), |(_, (at, _))| at)
    };
    if small.len() == text.len() && text.is_ascii() {
        return found.map(|from| (from, from + searched.len())).collect();
    }
    let n_characters = searched.chars().count();
    found
        .map(|from| {
            let from = place(from);
            let to = text[from..]
                .char_indices()
                .nth(n_characters)
                .map_or(text.len(), |(at, _)| from + at);
            (from, to)
        })
        .collect()
}

fn char_index<'a>(data: &[Datum<'a>]) -> Result<Datum<'a>, Fault> {
    let (searched, text) = (text(data.first()), text(data.get(1)));
    let start = place(text, whole(data.get(2)).saturating_sub(1));
    let found = occurrences(&text[start..], searched).into_iter().next();
    let place = found.map_or(0, |(from, _)| text[..start + from].chars().count() + 1);
    Ok(Datum::Int(i64::try_from(place).unwrap_or(i64::MAX)))
}
