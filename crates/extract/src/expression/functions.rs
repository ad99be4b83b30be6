//! The functions: a table of names, arguments and results, from which the page `docs/expressions.md` is made, too.

mod choice;
mod dates;
mod numbers;
mod texts;

use std::ops::RangeInclusive;

use super::check::{Checker, Typed};
use super::lex::Span;
use super::syntax::Syntax;
use crate::contract::nearest;

pub(super) use dates::DateCall;

/// One function.
pub(super) struct Function {
    pub(super) name: &'static str,
    /// As the page writes them.
    pub(super) arguments: &'static str,
    pub(super) n_arguments: RangeInclusive<usize>,
    /// The type of the result, as the page writes it.
    #[cfg_attr(not(test), expect(dead_code, reason = "a column of the page"))]
    pub(super) result: &'static str,
    /// What it gives, in a sentence.
    #[cfg_attr(not(test), expect(dead_code, reason = "a column of the page"))]
    pub(super) gives: &'static str,
    /// An example and its result, which a test computes.
    #[cfg_attr(not(test), expect(dead_code, reason = "a column of the page"))]
    pub(super) example: (&'static str, &'static str),
    pub(super) check: fn(&mut Checker<'_, '_>, &[Syntax], Span) -> Option<Typed>,
}

/// Functions that belong together.
pub(super) struct Group {
    #[cfg_attr(not(test), expect(dead_code, reason = "a heading of the page"))]
    pub(super) title: &'static str,
    pub(super) functions: &'static [Function],
}

pub(super) const GROUPS: [Group; 4] = [
    Group { title: "Choice", functions: choice::FUNCTIONS },
    Group { title: "Text", functions: texts::FUNCTIONS },
    Group { title: "Numbers", functions: numbers::FUNCTIONS },
    Group { title: "Dates", functions: dates::FUNCTIONS },
];

/// Types the call of a function.
pub(super) fn check(
    checker: &mut Checker<'_, '_>,
    name: &str,
    arguments: &[Syntax],
    span: Span,
) -> Option<Typed> {
    let mut functions = GROUPS.iter().flat_map(|group| group.functions);
    let Some(function) = functions.find(|function| function.name == name) else {
        let names = GROUPS.iter().flat_map(|group| group.functions).map(|function| function.name);
        let suggestion = match nearest(name, names) {
            Some(meant) => format!("write `{meant}`"),
            None => "docs/expressions.md lists the functions".to_owned(),
        };
        return checker.flaw(&span, format!("there is no function `{name}`"), suggestion);
    };
    if function.n_arguments.contains(&arguments.len()) {
        return (function.check)(checker, arguments, span);
    }
    let (least, most) = (function.n_arguments.start(), function.n_arguments.end());
    let wanted = match (least, most) {
        _ if least == most => least.to_string(),
        (_, &usize::MAX) => format!("at least {least}"),
        _ => format!("{least} to {most}"),
    };
    checker.flaw(
        &span,
        format!("{name} takes {wanted} arguments and has {}", arguments.len()),
        format!("write {name}({})", function.arguments),
    )
}
