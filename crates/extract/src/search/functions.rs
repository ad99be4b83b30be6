//! The functions of XPath 1.0: <https://www.w3.org/TR/1999/REC-xpath-19991116/#corelib>.

use std::borrow::Cow;

use super::{Context, Search};
use crate::document::{NodeKind, NodeNo};
use crate::xpath::{Expr, Function};

/// The white space of XML.
const BLANKS: [char; 4] = [' ', '\t', '\r', '\n'];

/// Whole numbers up to here are shown digit by digit.
const WHOLE_MAX: f64 = 1e15;

/// Reads a number as XPath does: digits with a point and a minus, and blanks around them; everything else is none.
pub(crate) fn number_of(text: &str) -> f64 {
    let text = text.trim_matches(BLANKS);
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_number = digits.bytes().any(|byte| byte.is_ascii_digit())
        && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        && digits.bytes().filter(|byte| *byte == b'.').count() <= 1;
    if is_number { text.parse().unwrap_or(f64::NAN) } else { f64::NAN }
}

/// Shows a number as XPath does.
pub(super) fn show<'a>(number: f64) -> Cow<'a, str> {
    if number.is_nan() {
        return Cow::Borrowed("NaN");
    }
    if number.is_infinite() {
        return Cow::Borrowed(if number > 0.0 { "Infinity" } else { "-Infinity" });
    }
    if number == 0.0 {
        return Cow::Borrowed("0");
    }
    #[expect(clippy::cast_possible_truncation, reason = "it is whole and small enough")]
    if number.fract() == 0.0 && number.abs() < WHOLE_MAX {
        return Cow::Owned((number as i64).to_string());
    }
    Cow::Owned(number.to_string())
}

/// Rounds as XPath does: halves up.
fn round(number: f64) -> f64 {
    if number.is_finite() { (number + 0.5).floor() } else { number }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "each function is called by what it gives, which `Function::kind` says"
)]
impl<'a, 'x: 'a> Search<'a, 'x> {
    pub(super) fn flag_call(
        &self,
        function: Function,
        arguments: &'a [Expr],
        context: Context,
    ) -> bool {
        let text = |place: usize| self.text(&arguments[place], context);
        match function {
            Function::True => true,
            Function::Not => !self.holds(&arguments[0], context),
            Function::Boolean => self.holds(&arguments[0], context),
            Function::Contains => text(0).contains(&*text(1)),
            Function::StartsWith => text(0).starts_with(&*text(1)),
            _ => false,
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "counts are small")]
    pub(super) fn number_call(
        &self,
        function: Function,
        arguments: &'a [Expr],
        context: Context,
    ) -> f64 {
        let number = || self.number(&arguments[0], context);
        match function {
            Function::Count => self.count(&arguments[0], context) as f64,
            Function::Position => context.position as f64,
            Function::Last => context.size as f64,
            Function::Sum => self.sum(&arguments[0], context),
            Function::Number => number(),
            Function::Floor => number().floor(),
            Function::Ceiling => number().ceil(),
            Function::Round => round(number()),
            Function::StringLength => self.text(&arguments[0], context).chars().count() as f64,
            _ => f64::NAN,
        }
    }

    pub(super) fn text_call(
        &self,
        function: Function,
        arguments: &'a [Expr],
        context: Context,
    ) -> Cow<'a, str> {
        let text = |place: usize| self.text(&arguments[place], context);
        match function {
            Function::Text => text(0),
            Function::Concat => {
                Cow::Owned(arguments.iter().map(|argument| self.text(argument, context)).collect())
            }
            Function::Substring => self.substring(arguments, context),
            Function::SubstringBefore => {
                let (whole, part) = (text(0), text(1));
                let end = whole.find(&*part).unwrap_or_default();
                slice(whole, 0, end)
            }
            Function::SubstringAfter => {
                let (whole, part) = (text(0), text(1));
                let start = whole.find(&*part).map_or(whole.len(), |at| at + part.len());
                let end = whole.len();
                slice(whole, start, end)
            }
            Function::NormalizeSpace => Cow::Owned(squeeze(&text(0))),
            Function::Translate => {
                let (whole, from, to) = (text(0), text(1), text(2));
                let translate = |letter: char| match from.chars().position(|it| it == letter) {
                    Some(place) => to.chars().nth(place),
                    None => Some(letter),
                };
                Cow::Owned(whole.chars().filter_map(translate).collect())
            }
            Function::LocalName => self.name(&arguments[0], context),
            Function::UpperCase => Cow::Owned(text(0).to_uppercase()),
            Function::LowerCase => Cow::Owned(text(0).to_lowercase()),
            _ => Cow::Borrowed(""),
        }
    }

    fn name(&self, argument: &'a Expr, context: Context) -> Cow<'a, str> {
        let Expr::Paths(paths) = argument else { return Cow::Borrowed("") };
        match self.first(paths, context).map(|node| self.tree.kind(node)) {
            Some(NodeKind::Element(element)) => Cow::Borrowed(self.tree.local_name(element)),
            Some(NodeKind::Attribute { .. } | NodeKind::Text { .. }) | None => Cow::Borrowed(""),
        }
    }

    /// Characters count from 1; numbers are rounded, and what is no number takes nothing.
    fn substring(&self, arguments: &'a [Expr], context: Context) -> Cow<'a, str> {
        let whole = self.text(&arguments[0], context);
        let first = round(self.number(&arguments[1], context));
        let end = match arguments.get(2) {
            Some(length) => first + round(self.number(length, context)),
            None => f64::INFINITY,
        };
        let mut position = 0.0;
        let is_in = |_: &char| {
            position += 1.0;
            position >= first && position < end
        };
        Cow::Owned(whole.chars().filter(is_in).collect())
    }
}

impl<'a, 'x: 'a> Search<'a, 'x> {
    /// Counts the nodes of paths. What many rows have in common is not gone through again.
    fn count(&self, argument: &'a Expr, context: Context) -> usize {
        let Expr::Paths(paths) = argument else { return 0 };
        if let [path] = paths.as_slice()
            && path.is_common()
            && let Some(shared) = self.shared_one(path, context)
        {
            return shared.nodes.len();
        }
        self.nodes(paths, context).len()
    }

    fn sum(&self, argument: &'a Expr, context: Context) -> f64 {
        let Expr::Paths(paths) = argument else { return f64::NAN };
        let add = |nodes: &[NodeNo]| -> f64 {
            nodes.iter().map(|node| number_of(&self.string(*node))).sum()
        };
        if let [path] = paths.as_slice()
            && path.is_common()
            && let Some(shared) = self.shared_one(path, context)
        {
            return *shared.sum.get_or_init(|| add(&shared.nodes));
        }
        add(&self.nodes(paths, context))
    }
}

fn slice(text: Cow<'_, str>, start: usize, end: usize) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(&text[start..end]),
        Cow::Owned(text) => Cow::Owned(text[start..end].to_owned()),
    }
}

/// Makes one blank of each run of blanks, and none at the ends.
pub(crate) fn squeeze(text: &str) -> String {
    let mut squeezed = String::with_capacity(text.len());
    for word in text.split(BLANKS).filter(|word| !word.is_empty()) {
        if !squeezed.is_empty() {
            squeezed.push(' ');
        }
        squeezed.push_str(word);
    }
    squeezed
}
