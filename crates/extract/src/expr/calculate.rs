//! Evaluates expressions.

use std::borrow::Cow;

use chrono::{Days, Months, NaiveDate};

use super::compare::{compare, is_blank};
use super::{Condition, DateUnit, Datum, Expr, FieldIx, Operator};
use crate::date::{self, Moment};
use crate::decimal::Decimal;
use crate::number;
use xmlx_domain::WarningKind;

/// The largest power that is taken.
const POWER_MAX: u32 = 128;

/// Where an expression finds its fields.
pub(crate) trait Fields<'a> {
    /// Returns the stripped text of a field, `None` where the document has none.
    fn field(&self, field: FieldIx) -> Option<Cow<'a, str>>;
}

/// One evaluation of an expression.
#[derive(Debug)]
pub(crate) struct Calculation<F> {
    fields: F,
    /// What was lost: a text that should have been a number or a date, a result that is none, digits.
    pub(crate) lost: Option<WarningKind>,
}

impl<'a, F: Fields<'a>> Calculation<F> {
    pub(crate) fn new(fields: F) -> Self {
        Self { fields, lost: None }
    }

    /// Evaluates an expression.
    pub(crate) fn value(&mut self, expr: &'a Expr) -> Datum<'a> {
        match expr {
            Expr::Null => Datum::Null,
            Expr::Text(literal) => Datum::Text(Cow::Borrowed(&literal.text)),
            Expr::Number(number) => Datum::Number(*number),
            Expr::Date(date) => Datum::Date(*date),
            Expr::Field(field) => self.fields.field(*field).map_or(Datum::Null, Datum::Text),
            Expr::Negative(inner) => {
                self.number(inner).map_or(Datum::Null, |number| Datum::Number(-number))
            }
            Expr::Arithmetic(first, rest) => {
                self.arithmetic(first, rest).map_or(Datum::Null, Datum::Number)
            }
            Expr::Case(branches, otherwise) => {
                for (condition, value) in branches {
                    if self.holds(condition) == Some(true) {
                        return self.value(value);
                    }
                }
                self.value(otherwise)
            }
            Expr::ToDate(inner) => self.date(inner).map_or(Datum::Null, Datum::Date),
            Expr::DateAdd(unit, count, start) => {
                self.date_add(*unit, count, start).map_or(Datum::Null, Datum::Date)
            }
        }
    }

    fn number(&mut self, expr: &'a Expr) -> Option<Decimal> {
        let datum = self.value(expr);
        self.number_of(&datum)
    }

    fn number_of(&mut self, datum: &Datum<'_>) -> Option<Decimal> {
        match datum {
            Datum::Number(number) => Some(*number),
            Datum::Text(text) if text.is_empty() => None,
            Datum::Text(text) => {
                let Some(number) = number::read(text).number() else { return self.unreadable() };
                if !number.is_held() {
                    self.lost.get_or_insert(WarningKind::Rounded);
                }
                Some(number.rounded())
            }
            Datum::Null | Datum::Date(_) => None,
        }
    }

    fn date(&mut self, expr: &'a Expr) -> Option<Moment> {
        match self.value(expr) {
            Datum::Date(date) => Some(date),
            Datum::Text(text) if text.is_empty() => None,
            Datum::Text(text) => date::read(&text).or_else(|| self.unreadable()),
            Datum::Null | Datum::Number(_) => None,
        }
    }

    fn arithmetic(&mut self, first: &'a Expr, rest: &'a [(Operator, Expr)]) -> Option<Decimal> {
        let mut result = self.number(first);
        for (operator, operand) in rest {
            let operand = self.number(operand);
            result = apply(*operator, result?, operand?).or_else(|| self.unreadable());
        }
        result
    }

    /// How many units to add: none where a field is blank or missing.
    fn count(&mut self, expr: &'a Expr) -> Option<Decimal> {
        match self.value(expr) {
            Datum::Null if matches!(expr, Expr::Field(_)) => Some(Decimal::ZERO),
            Datum::Text(text) if text.is_empty() => Some(Decimal::ZERO),
            datum @ (Datum::Null | Datum::Text(_) | Datum::Number(_) | Datum::Date(_)) => {
                self.number_of(&datum)
            }
        }
    }

    /// Adds to a date; the time of day is dropped.
    fn date_add(&mut self, unit: DateUnit, count: &'a Expr, start: &'a Expr) -> Option<Moment> {
        let count = self.count(count)?;
        let start = self.date(start)?.local.date();
        add(unit, count, start).or_else(|| self.unreadable())
    }

    /// Notes that there is no value although something is written.
    fn unreadable<T>(&mut self) -> Option<T> {
        self.lost = Some(WarningKind::Unreadable);
        None
    }

    /// Evaluates a condition; `None` is unknown.
    fn holds(&mut self, condition: &'a Condition) -> Option<bool> {
        match condition {
            Condition::All(conditions) => {
                let mut all = Some(true);
                for condition in conditions {
                    match self.holds(condition) {
                        Some(true) => {}
                        Some(false) => return Some(false),
                        None => all = None,
                    }
                }
                all
            }
            Condition::Any(conditions) => {
                let mut any = Some(false);
                for condition in conditions {
                    match self.holds(condition) {
                        Some(false) => {}
                        Some(true) => return Some(true),
                        None => any = None,
                    }
                }
                any
            }
            Condition::Not(inner) => self.holds(inner).map(|holds| !holds),
            Condition::Compare(comparison, left, right) => {
                let left_value = self.value(left);
                let right_value = self.value(right);
                let holds = compare(*comparison, (left, &left_value), (right, &right_value));
                if holds.is_none() && !is_blank(&left_value) && !is_blank(&right_value) {
                    return self.unreadable();
                }
                holds
            }
            Condition::Like(value, pattern) => match self.value(value) {
                Datum::Text(text) => Some(pattern.matches(&text)),
                Datum::Number(number) => Some(pattern.matches(&number.normalize().to_string())),
                Datum::Null | Datum::Date(_) => None,
            },
            Condition::IsNull(value) => match self.value(value) {
                Datum::Null => Some(true),
                Datum::Text(text) => Some(text.is_empty()),
                Datum::Number(_) | Datum::Date(_) => Some(false),
            },
            Condition::IsEmpty(value) => {
                let value = self.value(value);
                Some(is_blank(&value))
            }
        }
    }
}

/// Adds to a day.
fn add(unit: DateUnit, count: Decimal, start: NaiveDate) -> Option<Moment> {
    let count = i64::try_from(count.trunc()).ok()?;
    let size = count.unsigned_abs();
    let months = |n_months: u64| u32::try_from(n_months).ok().map(Months::new);
    let day = match (unit, count < 0) {
        (DateUnit::Day, false) => start.checked_add_days(Days::new(size)),
        (DateUnit::Day, true) => start.checked_sub_days(Days::new(size)),
        (DateUnit::Week, false) => start.checked_add_days(Days::new(size.checked_mul(7)?)),
        (DateUnit::Week, true) => start.checked_sub_days(Days::new(size.checked_mul(7)?)),
        (DateUnit::Month, false) => start.checked_add_months(months(size)?),
        (DateUnit::Month, true) => start.checked_sub_months(months(size)?),
        (DateUnit::Year, false) => start.checked_add_months(months(size.checked_mul(12)?)?),
        (DateUnit::Year, true) => start.checked_sub_months(months(size.checked_mul(12)?)?),
    }?;
    Some(Moment::day(day, None))
}

fn apply(operator: Operator, left: Decimal, right: Decimal) -> Option<Decimal> {
    match operator {
        Operator::Add => left.checked_add(right),
        Operator::Subtract => left.checked_sub(right),
        Operator::Multiply => left.checked_mul(right),
        Operator::Divide => left.checked_div(right),
        Operator::FloorDivide => left.checked_div(right).map(Decimal::floor),
        Operator::Remainder => left.checked_rem(right),
        Operator::Power => power(left, right),
    }
}

/// Raises to a whole power; a negative one divides.
fn power(base: Decimal, exponent: Decimal) -> Option<Decimal> {
    if !exponent.is_whole() {
        return None;
    }
    let count = i64::try_from(exponent.trunc()).ok()?;
    let size = u32::try_from(count.unsigned_abs()).ok().filter(|size| *size <= POWER_MAX)?;
    let mut result = Decimal::ONE;
    for _ in 0..size {
        result = result.checked_mul(base)?;
    }
    if count < 0 { Decimal::ONE.checked_div(result) } else { Some(result) }
}
