//! Expressions of format 1 as those of format 2, which have T-SQL's meaning.
//!
//! Format 1 knows no types: texts are compared as numbers or dates where both sides read as such, and what does not read
//! is NULL. All of that is written out here. A WHEN is taken where its condition is true, so that NOT is moved inwards
//! and each comparison is written for being true.

use super::Rewriter;
use super::columns::{RowOf, sql_text};
use crate::comparison::Comparison;
use crate::contract::Mapping;
use crate::date::Moment;
use crate::expr::{self, Condition, DateUnit, Expr, Literal, Operator, Parsed};
use crate::limits::Limits;
use crate::table::DataType;

/// What an expression gives, as far as its text shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Null,
    /// Text of the document, which is read as what is due.
    Field,
    Number,
    Date,
    Text,
}

/// Powers up to this one are written as products.
const POWER_MAX: i128 = 4;

/// The type in which numbers of the document are compared.
const NUMBER: &str = "decimal(38, 10)";

/// The type in which dates of the document are compared.
const DATE: &str = "datetime2(7)";

/// One expression on its way.
struct Writer<'w, 'c, 'p> {
    rewriter: &'w mut Rewriter<'c, 'p>,
    mapping: &'w Mapping,
    row_of: RowOf<'w>,
    fields: Vec<String>,
    /// Whether what does not read is NULL here, as in conditions, and not a fault of the whole.
    is_condition: bool,
}

impl<'c> Rewriter<'c, '_> {
    pub(super) fn expression(&mut self, mapping: &Mapping, row_of: RowOf<'_>) -> String {
        let text = mapping.expression.as_deref().unwrap_or_default();
        let Ok(Parsed { expr, fields }) = expr::parse(text, Limits::default().expression_depth)
        else {
            // What cannot be parsed has been noted when the contract was compiled.
            return text.to_owned();
        };
        let mut writer = Writer { rewriter: self, mapping, row_of, fields, is_condition: false };
        let wanted = match (writer.kind(&expr), mapping.data_type) {
            (Kind::Text, data_type) if data_type.is_number() || data_type == DataType::Bit => {
                Kind::Number
            }
            (
                Kind::Text,
                DataType::Date
                | DataType::DateTime
                | DataType::SmallDateTime
                | DataType::DateTime2
                | DataType::DateTimeOffset,
            ) => Kind::Date,
            (kind, _) => kind,
        };
        without_brackets(writer.value(&expr, wanted))
    }
}

/// Takes brackets off that are around the whole.
fn without_brackets(text: String) -> String {
    let Some(inner) = text.strip_prefix('(').and_then(|it| it.strip_suffix(')')) else {
        return text;
    };
    let mut depth = 0_i32;
    for character in inner.chars() {
        depth += i32::from(character == '(') - i32::from(character == ')');
        if depth < 0 {
            return text;
        }
    }
    inner.to_owned()
}

impl Writer<'_, '_, '_> {
    fn cannot<T: Default>(&mut self, reason: &str, way: &str) -> T {
        self.rewriter.cannot(self.mapping, "expression", reason, way);
        T::default()
    }

    fn kind(&self, expr: &Expr) -> Kind {
        match expr {
            Expr::Null => Kind::Null,
            Expr::Text(literal) if literal.text().is_empty() => Kind::Null,
            Expr::Text(_) => Kind::Text,
            Expr::Number(_) | Expr::Negative(_) | Expr::Arithmetic(..) => Kind::Number,
            Expr::Date(_) | Expr::ToDate(_) | Expr::DateAdd(..) => Kind::Date,
            Expr::Field(_) => Kind::Field,
            Expr::Case(branches, otherwise) => {
                let kinds = branches.iter().map(|(_, value)| self.kind(value));
                kinds.chain([self.kind(otherwise)]).fold(Kind::Null, |all, kind| {
                    match (all, kind) {
                        (Kind::Null, other) | (other, Kind::Null) => other,
                        (Kind::Field, other) | (other, Kind::Field) => other,
                        (all, other) if all == other => all,
                        _ => Kind::Text,
                    }
                })
            }
        }
    }

    /// Writes a value of a kind.
    fn value(&mut self, expr: &Expr, wanted: Kind) -> String {
        match expr {
            Expr::Null => "NULL".to_owned(),
            // Nothing is in an empty text, and an empty text is none in a row.
            Expr::Text(literal) if literal.text().is_empty() => "NULL".to_owned(),
            Expr::Text(literal) => self.literal(literal, wanted),
            Expr::Number(number) if wanted == Kind::Text => sql_text(&number.to_string()),
            Expr::Number(number) => number.to_string(),
            Expr::Date(date) => format!("CAST({} AS {DATE})", moment(*date)),
            Expr::Field(field) => {
                let path = self.path(*field);
                match wanted {
                    Kind::Number if self.is_condition => try_cast(&path, NUMBER),
                    Kind::Date if self.is_condition => try_cast(&path, DATE),
                    Kind::Null | Kind::Field | Kind::Number | Kind::Date | Kind::Text => path,
                }
            }
            Expr::Negative(inner) => format!("-({})", self.number(inner)),
            Expr::Arithmetic(first, rest) => self.arithmetic(first, rest),
            Expr::Case(branches, otherwise) => {
                let mut text = String::from("CASE");
                for (condition, value) in branches {
                    let outside = std::mem::replace(&mut self.is_condition, true);
                    let condition = self.condition(condition, true);
                    self.is_condition = outside;
                    let value = self.value(value, wanted);
                    text.push_str(&format!(" WHEN {condition} THEN {value}"));
                }
                if !matches!(**otherwise, Expr::Null) {
                    text.push_str(&format!(" ELSE {}", self.value(otherwise, wanted)));
                }
                text.push_str(" END");
                text
            }
            Expr::ToDate(inner) => self.date(inner, DATE),
            Expr::DateAdd(unit, count, start) => {
                let unit = match unit {
                    DateUnit::Day => "day",
                    DateUnit::Week => "week",
                    DateUnit::Month => "month",
                    DateUnit::Year => "year",
                };
                let number = self.number(count);
                // A count that is not there is none.
                let count = if matches!(**count, Expr::Field(_)) {
                    format!("COALESCE({number}, 0)")
                } else {
                    number
                };
                format!("DATEADD({unit}, {count}, {})", self.date(start, "date"))
            }
        }
    }

    fn path(&mut self, field: usize) -> String {
        let name = self.fields[field].clone();
        self.rewriter.field(self.mapping, &name, self.row_of)
    }

    fn literal(&mut self, literal: &Literal, wanted: Kind) -> String {
        match (wanted, literal.number(), literal.date()) {
            (Kind::Number, Some(number), _) => number.to_string(),
            (Kind::Date, _, Some(date)) => format!("CAST({} AS {DATE})", moment(date)),
            (Kind::Number | Kind::Date, ..) => {
                let reason = format!("`{}` is a text beside numbers or dates", literal.text());
                self.cannot(&reason, "give the branches of the CASE one type")
            }
            (Kind::Null | Kind::Field | Kind::Text, ..) => sql_text(literal.text()),
        }
    }

    fn number(&mut self, expr: &Expr) -> String {
        match self.kind(expr) {
            Kind::Date => self.cannot("a date is no number", "write DATEADD"),
            Kind::Null | Kind::Field | Kind::Number | Kind::Text => self.value(expr, Kind::Number),
        }
    }

    fn date(&mut self, expr: &Expr, data_type: &str) -> String {
        let cast = if self.is_condition { "TRY_CAST" } else { "CAST" };
        match expr {
            Expr::Field(field) => format!("{cast}({} AS {data_type})", self.path(*field)),
            Expr::Date(date) => format!("CAST({} AS {data_type})", moment(*date)),
            Expr::Text(literal) => match literal.date() {
                Some(date) => format!("CAST({} AS {data_type})", moment(date)),
                None => "NULL".to_owned(),
            },
            Expr::Number(_) | Expr::Negative(_) | Expr::Arithmetic(..) => {
                self.cannot("a number is no date", "write the date as a text")
            }
            Expr::ToDate(inner) => self.date(inner, data_type),
            Expr::Null | Expr::Case(..) | Expr::DateAdd(..) => {
                format!("{cast}({} AS {data_type})", self.value(expr, Kind::Date))
            }
        }
    }

    fn arithmetic(&mut self, first: &Expr, rest: &[(Operator, Expr)]) -> String {
        let mut text = self.number(first);
        // Two paths say nothing of their type, so that the first is said to be a number.
        let mut is_number = matches!(self.kind(first), Kind::Number) || self.is_condition;
        let mut is_constant = is_whole_constant(first);
        for (operator, operand) in rest {
            let mut right = self.number(operand);
            let right_is_number = matches!(self.kind(operand), Kind::Number) || self.is_condition;
            if !is_number && !right_is_number {
                text = format!("({text} + 0)");
            }
            let divides = matches!(operator, Operator::Divide | Operator::FloorDivide);
            if divides && is_constant && is_whole_constant(operand) {
                // Whole numbers would be divided as such.
                right = format!("{right}.0");
            }
            text = match operator {
                Operator::Add => format!("({text} + {right})"),
                Operator::Subtract => format!("({text} - {right})"),
                Operator::Multiply => format!("({text} * {right})"),
                Operator::Divide => format!("({text} / {right})"),
                Operator::FloorDivide => format!("FLOOR({text} / {right})"),
                Operator::Remainder => format!("({text} % {right})"),
                Operator::Power => self.power(&text, operand),
            };
            is_constant &= is_whole_constant(operand);
            is_number = true;
        }
        text
    }

    fn power(&mut self, base: &str, exponent: &Expr) -> String {
        if let Expr::Number(number) = exponent
            && number.scale() == 0
            && (1..=POWER_MAX).contains(&number.mantissa())
        {
            let factors = vec![base; usize::try_from(number.mantissa()).unwrap_or(1)];
            return format!("({})", factors.join(" * "));
        }
        self.cannot("a power that is no small whole number", "write it as a product")
    }

    /// Writes a condition that is true where the given one is true, or false.
    fn condition(&mut self, condition: &Condition, is_true: bool) -> String {
        let join = |parts: Vec<String>, all: bool| {
            let operator = if all { " AND " } else { " OR " };
            if parts.len() == 1 { parts.concat() } else { format!("({})", parts.join(operator)) }
        };
        match condition {
            Condition::All(parts) => {
                let parts = parts.iter().map(|part| self.condition(part, is_true)).collect();
                join(parts, is_true)
            }
            Condition::Any(parts) => {
                let parts = parts.iter().map(|part| self.condition(part, is_true)).collect();
                join(parts, !is_true)
            }
            Condition::Not(inner) => self.condition(inner, !is_true),
            Condition::Compare(comparison, left, right) => {
                let comparison = if is_true { *comparison } else { contrary(*comparison) };
                self.compare(comparison, left, right)
            }
            Condition::Like(value, pattern) => {
                let value = self.text(value);
                let not = if is_true { "" } else { "NOT " };
                // A bracket begins a set in T-SQL, and is nothing special in format 1.
                let pattern = pattern.written().replace('[', "[[]");
                format!("{value} {not}LIKE {}", sql_text(&pattern))
            }
            Condition::IsNull(value) | Condition::IsEmpty(value) => {
                let kind = self.kind(value);
                let value = self.value(value, kind);
                format!("{value} IS {}NULL", if is_true { "" } else { "NOT " })
            }
        }
    }

    fn text(&mut self, expr: &Expr) -> String {
        match self.kind(expr) {
            Kind::Field | Kind::Text | Kind::Null => self.value(expr, Kind::Text),
            Kind::Number | Kind::Date => {
                let kind = self.kind(expr);
                format!("CAST({} AS nvarchar(100))", self.value(expr, kind))
            }
        }
    }

    fn compare(&mut self, comparison: Comparison, left: &Expr, right: &Expr) -> String {
        let is_empty =
            |expr: &Expr| matches!(expr, Expr::Text(literal) if literal.text().is_empty());
        if is_empty(left) || is_empty(right) {
            let other = if is_empty(left) { right } else { left };
            let kind = self.kind(other);
            let value = self.value(other, kind);
            return match comparison {
                Comparison::Equal => format!("{value} IS NULL"),
                Comparison::NotEqual => format!("{value} IS NOT NULL"),
                Comparison::Less
                | Comparison::LessOrEqual
                | Comparison::Greater
                | Comparison::GreaterOrEqual => {
                    self.cannot("a comparison of size with an empty text", "write IS NOT EMPTY")
                }
            };
        }
        match (self.kind(left), self.kind(right)) {
            (Kind::Number, Kind::Date) | (Kind::Date, Kind::Number) => {
                self.cannot("a number is compared with a date", "write the date as a text")
            }
            (Kind::Number, _) | (_, Kind::Number) => self.pair(comparison, left, right, NUMBER),
            (Kind::Date, _) | (_, Kind::Date) => self.pair(comparison, left, right, DATE),
            _ => self.compare_texts(comparison, left, right),
        }
    }

    /// Two sides as numbers or as dates.
    fn pair(
        &mut self,
        comparison: Comparison,
        left: &Expr,
        right: &Expr,
        data_type: &str,
    ) -> String {
        let (left, right) = (self.compared(left, data_type), self.compared(right, data_type));
        format!("{left} {} {right}", sign(comparison))
    }

    /// Two texts: as numbers if both are, as dates if both are, else as texts.
    fn compare_texts(&mut self, comparison: Comparison, left: &Expr, right: &Expr) -> String {
        let mut parts = Vec::new();
        let mut neither: Vec<String> = Vec::new();
        for (is_meant, data_type) in [
            (may_be(left, right, |literal| literal.number().is_some()), NUMBER),
            (may_be(left, right, |literal| literal.date().is_some()), DATE),
        ] {
            if !is_meant {
                continue;
            }
            let compared = self.pair(comparison, left, right, data_type);
            let before = neither.join(" AND ");
            parts.push(if before.is_empty() {
                compared
            } else {
                format!("{before} AND {compared}")
            });
            let mut unread = Vec::new();
            for side in [left, right] {
                if matches!(side, Expr::Field(_)) {
                    unread.push(format!("{} IS NULL", self.compared(side, data_type)));
                }
            }
            neither.push(match unread.as_slice() {
                [one] => one.clone(),
                _ => format!("({})", unread.join(" OR ")),
            });
        }
        // An equal text is an equal number, so that nothing is left to compare.
        let is_settled =
            comparison == Comparison::Equal && has_literal(left, right) && parts.len() == 1;
        if !is_settled {
            let texts = self.texts(comparison, left, right);
            neither.push(texts);
            parts.push(neither.join(" AND "));
        }
        if matches!((left, right), (Expr::Field(_), Expr::Field(_))) {
            let text = "compared as numbers, as dates or as texts, whatever both are; one of these is meant";
            self.rewriter.remark(self.mapping, text);
        }
        match parts.as_slice() {
            [one] => one.clone(),
            _ => format!("({})", parts.join(" OR ")),
        }
    }

    fn texts(&mut self, comparison: Comparison, left: &Expr, right: &Expr) -> String {
        let is_size = !matches!(comparison, Comparison::Equal | Comparison::NotEqual);
        let (mut one, other) = (self.text(left), self.text(right));
        // Where nothing else says that these are texts.
        if is_size || !has_literal(left, right) {
            one = format!("CAST({one} AS nvarchar(4000))");
        }
        format!("{one} {} {other}", sign(comparison))
    }

    /// A side of a comparison as a number or a date.
    fn compared(&mut self, expr: &Expr, data_type: &str) -> String {
        let kind = if data_type == NUMBER { Kind::Number } else { Kind::Date };
        if let Expr::Field(field) = expr {
            return try_cast(&self.path(*field), data_type);
        }
        if let Expr::Text(literal) = expr {
            if kind == Kind::Number && literal.number().is_none() {
                return "CAST(NULL AS int)".to_owned();
            }
            if kind == Kind::Date && literal.date().is_none() {
                return format!("CAST(NULL AS {DATE})");
            }
        }
        if kind == Kind::Date { self.date(expr, data_type) } else { self.value(expr, kind) }
    }
}

/// What two texts may be compared as: what a literal reads as, and of two fields anything.
fn may_be(left: &Expr, right: &Expr, read: impl Fn(&Literal) -> bool) -> bool {
    let reads = |expr: &Expr| match expr {
        Expr::Text(literal) => read(literal),
        Expr::Field(_) => true,
        Expr::Null
        | Expr::Number(_)
        | Expr::Date(_)
        | Expr::Negative(_)
        | Expr::Arithmetic(..)
        | Expr::Case(..)
        | Expr::ToDate(_)
        | Expr::DateAdd(..) => false,
    };
    reads(left) && reads(right)
}

fn has_literal(left: &Expr, right: &Expr) -> bool {
    matches!(left, Expr::Text(_)) || matches!(right, Expr::Text(_))
}

fn is_whole_constant(expr: &Expr) -> bool {
    match expr {
        Expr::Number(number) => number.scale() == 0,
        Expr::Negative(inner) => is_whole_constant(inner),
        Expr::Arithmetic(first, rest) => {
            is_whole_constant(first) && rest.iter().all(|(_, operand)| is_whole_constant(operand))
        }
        Expr::Null
        | Expr::Text(_)
        | Expr::Date(_)
        | Expr::Field(_)
        | Expr::Case(..)
        | Expr::ToDate(_)
        | Expr::DateAdd(..) => false,
    }
}

fn try_cast(path: &str, data_type: &str) -> String {
    format!("TRY_CAST({path} AS {data_type})")
}

fn moment(moment: Moment) -> String {
    let text = if moment.is_midnight() {
        moment.local.date().to_string()
    } else {
        moment.local.format("%Y-%m-%dT%H:%M:%S%.f").to_string()
    };
    sql_text(&text)
}

fn sign(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Equal => "=",
        Comparison::NotEqual => "<>",
        Comparison::Less => "<",
        Comparison::LessOrEqual => "<=",
        Comparison::Greater => ">",
        Comparison::GreaterOrEqual => ">=",
    }
}

fn contrary(comparison: Comparison) -> Comparison {
    match comparison {
        Comparison::Equal => Comparison::NotEqual,
        Comparison::NotEqual => Comparison::Equal,
        Comparison::Less => Comparison::GreaterOrEqual,
        Comparison::LessOrEqual => Comparison::Greater,
        Comparison::Greater => Comparison::LessOrEqual,
        Comparison::GreaterOrEqual => Comparison::Less,
    }
}
