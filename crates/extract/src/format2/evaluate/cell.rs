//! Makes one cell of a row.

use std::borrow::Cow;

use super::super::contract::OnError;
use super::super::program::{Cell, From};
use super::rows::Enclosing;
use super::{Evaluation, Fault};
use crate::codes;
use crate::convert::{Conversion, cut, describe_range};
use crate::document::{ElementNo, NodeNo};
use crate::explain::{Detail, Event, Gives, Record, Seen, StepKind};
use crate::expression::{Datum, Expression, Type, Values};
use crate::search::{Context, squeeze};
use crate::table::{DataType, Defaulted};
use crate::value::Value;
use crate::xpath::{Expr, Kind};
use xmlx_domain::WarningKind;

impl<'a, 'x: 'a, R: Record> Evaluation<'a, 'x, R> {
    /// Makes a cell; one that has to have a value and has none is for the caller to judge.
    pub(super) fn cell(
        &self,
        table: usize,
        cell: &'a Cell,
        element: ElementNo,
    ) -> Result<Value, Fault> {
        self.was_unreadable.set(false);
        let value = self.own(table, cell, element)?;
        let stays = cell.on_error == OnError::Null && self.was_unreadable.get();
        if value.is_null() && !stays { self.default(table, cell) } else { Ok(value) }
    }

    /// Finds the value of a cell, without its default.
    pub(super) fn own(
        &self,
        table: usize,
        cell: &'a Cell,
        element: ElementNo,
    ) -> Result<Value, Fault> {
        let context = Context::of(NodeNo::element(element));
        Ok(match &cell.origin.from {
            From::Enclosing { table: around, column } => {
                let value = match self.enclosing(*around, element, *around != table) {
                    Enclosing::Row(row) => self.made[*around].rows[row][*column].clone(),
                    Enclosing::None | Enclosing::LeftOut => Value::Null,
                };
                let detail = Detail::Column { table: *around, column: *column };
                let (kind, gives) = (StepKind::Parent, Seen::value(&value));
                self.recorder.note(|| Event::Step { kind, detail, at: None, gives });
                value
            }
            From::Expression { expression, slots, names } => {
                let is_meant = cell.origin.when.as_ref();
                if is_meant.is_some_and(|when| !self.search.holds(when, context)) {
                    self.tell(StepKind::Condition, Seen::Nothing);
                    Value::Null
                } else {
                    let slots = Slots { evaluation: self, cell, slots, names, context };
                    self.computed(table, cell, expression, &slots)?
                }
            }
            From::Path(_)
            | From::Alternatives(_)
            | From::All(_)
            | From::Constant(_)
            | From::Position(_) => match self.found(&cell.origin, cell, context) {
                Some(found) => {
                    if found.is_one_of_several {
                        self.warn(table, Some(cell.column), WarningKind::SeveralValues);
                    }
                    let value = self.read(table, cell, found.text)?;
                    if found.negated { self.negated(value) } else { value }
                }
                None => Value::Null,
            },
        })
    }

    /// What stands where there is no value.
    fn default(&self, table: usize, cell: &Cell) -> Result<Value, Fault> {
        let Some(text) = &cell.default else { return Ok(Value::Null) };
        let value =
            cell.default_value.get_or_init(|| match cell.reading.read(text, cell.data_type) {
                Conversion::Value(Value::Text(text), _) => Some(self.fitted(cell, text).0),
                Conversion::Value(value, _) => Some(value),
                Conversion::Unreadable | Conversion::OutOfRange | Conversion::OffsetRefused => None,
            });
        let value = value.clone().ok_or_else(|| {
            let name = self.name(table, cell.column);
            format!("the default of `{name}` is no value of {}", cell.data_type)
        })?;
        self.tell(StepKind::Default, Seen::value(&value));
        if !value.is_null() {
            let row = self.made[table].rows.len();
            self.defaults.borrow_mut().push(Defaulted::new(table, row, cell.column));
        }
        Ok(value)
    }

    /// Reads a text of the document as the column says.
    fn read(&self, table: usize, cell: &'a Cell, text: Cow<'a, str>) -> Result<Value, Fault> {
        let mut text = text;
        if cell.squeeze {
            text = Cow::Owned(squeeze(&text));
            self.tell(StepKind::Squeeze, Seen::Text(&text));
        }
        if cell.digits && !text.bytes().all(|byte| byte.is_ascii_digit()) {
            text = Cow::Owned(text.chars().filter(char::is_ascii_digit).collect());
            self.tell(StepKind::Digits, Seen::Text(&text));
            if text.is_empty() {
                return self.accept(table, cell, Conversion::Unreadable);
            }
        }
        if let Some(codes) = cell.codes {
            let found = self.program.codes[codes].look_up(&text);
            self.recorder.note(|| {
                let detail = Detail::Name(&self.program.code_names[codes]);
                let gives = match found {
                    codes::Found::Value(value) => Seen::Text(value),
                    codes::Found::Unknown(value) => Seen::text(value),
                    codes::Found::Refused => Seen::Nothing,
                };
                Event::Step { kind: StepKind::Codes, detail, at: None, gives }
            });
            match found {
                codes::Found::Value(value) => {
                    return self.converted(table, cell, Cow::Borrowed(value));
                }
                codes::Found::Unknown(value) => {
                    self.warn(table, Some(cell.column), WarningKind::UnknownCode);
                    let Some(value) = value else { return Ok(Value::Null) };
                    return self.converted(table, cell, Cow::Borrowed(value));
                }
                codes::Found::Refused => {
                    let name = self.name(table, cell.column);
                    return Err(format!("the conversion table of `{name}` does not know the code"));
                }
            }
        }
        self.converted(table, cell, text)
    }

    fn converted(&self, table: usize, cell: &Cell, text: Cow<'_, str>) -> Result<Value, Fault> {
        let conversion = match (cell.data_type, text) {
            // A text that was made for the cell is not copied once more.
            (DataType::Text { .. }, Cow::Owned(text)) => Conversion::Value(Value::Text(text), None),
            (data_type, text) => cell.reading.read(&text, data_type),
        };
        self.accept(table, cell, conversion)
    }

    /// Takes the value of a conversion and notes what was lost, or why there is none.
    fn accept(&self, table: usize, cell: &Cell, conversion: Conversion) -> Result<Value, Fault> {
        let warn = |kind| self.warn(table, Some(cell.column), kind);
        match conversion {
            Conversion::Value(value, lost) => {
                let Value::Text(text) = value else {
                    self.tell_type(cell, Seen::value(&value));
                    lost.into_iter().for_each(warn);
                    return Ok(value);
                };
                let (value, is_cut) = self.fitted(cell, text);
                self.tell_type(cell, Seen::value(&value));
                lost.into_iter().for_each(warn);
                if is_cut {
                    warn(WarningKind::Cut);
                }
                Ok(value)
            }
            Conversion::Unreadable if cell.on_error != OnError::Fail => {
                self.was_unreadable.set(true);
                self.tell_type(cell, Seen::Nothing);
                warn(WarningKind::Unreadable);
                Ok(Value::Null)
            }
            Conversion::Unreadable => {
                let name = self.name(table, cell.column);
                Err(format!("the value of `{name}` is no {}", cell.data_type))
            }
            Conversion::OutOfRange => Err(self.out_of_range(table, cell)),
            Conversion::OffsetRefused => {
                let name = self.name(table, cell.column);
                Err(format!("the time of `{name}` has an offset from UTC, which `offsets` refuses"))
            }
        }
    }

    /// Tells that a value became one of the column's type.
    fn tell_type(&self, cell: &Cell, gives: Seen<'_>) {
        let (kind, detail) = (StepKind::Type, Detail::Type(cell.data_type));
        self.recorder.note(|| Event::Step { kind, detail, at: None, gives });
    }

    /// Changes the sign of a number.
    fn negated(&self, value: Value) -> Value {
        let value = negated(value);
        self.tell(StepKind::Negate, Seen::value(&value));
        value
    }

    pub(super) fn out_of_range(&self, table: usize, cell: &Cell) -> Fault {
        let (name, range) = (self.name(table, cell.column), describe_range(cell.data_type));
        format!("the value of `{name}` is outside of {range}")
    }

    /// Cuts a text to its column; says whether it was cut. An empty text is none in a row.
    #[expect(clippy::unused_self, reason = "it belongs to the others")]
    fn fitted(&self, cell: &Cell, text: String) -> (Value, bool) {
        let DataType::Text { units_max: Some(units_max) } = cell.data_type else {
            return (Value::Text(text), false);
        };
        if text.len() <= units_max as usize {
            return (Value::Text(text), false);
        }
        let kept = cut(&text, Some(units_max), cell.text_unit);
        if kept.len() == crate::text::strip(&text).len() {
            return (Value::Text(text), false);
        }
        let value = if kept.is_empty() { Value::Null } else { Value::Text(kept.to_owned()) };
        (value, true)
    }

    /// Computes an expression.
    fn computed(
        &self,
        table: usize,
        cell: &'a Cell,
        expression: &'a Expression,
        slots: &Slots<'_, 'a, 'x, R>,
    ) -> Result<Value, Fault> {
        let outcome = expression.value(slots, &cell.reading);
        self.recorder.note(|| {
            let gives = outcome.result.as_ref().map_or(Seen::Nothing, seen);
            Event::Step { kind: StepKind::Expression, detail: Detail::None, at: None, gives }
        });
        if let Some(lost) = outcome.lost {
            self.warn(table, Some(cell.column), lost);
        }
        let value = match outcome.result {
            Ok(Datum::Null) => return Ok(Value::Null),
            Ok(Datum::Text(text))
                if expression.data_type() == Type::Untyped
                    || cell.squeeze
                    || cell.digits
                    || cell.codes.is_some() =>
            {
                self.read(table, cell, text)?
            }
            Ok(datum) => {
                let conversion = expression.finish(datum, cell.data_type);
                self.accept(table, cell, conversion)?
            }
            Err(_) if cell.on_error != OnError::Fail => {
                self.was_unreadable.set(true);
                self.warn(table, Some(cell.column), WarningKind::Unreadable);
                return Ok(Value::Null);
            }
            Err(fault) => {
                return Err(format!("`{}`: {fault}", self.name(table, cell.column)));
            }
        };
        let is_negated = cell.origin.negate_if.as_ref();
        let is_negated = is_negated.is_some_and(|it| self.search.holds(it, slots.context));
        Ok(if is_negated { self.negated(value) } else { value })
    }
}

/// Changes the sign of a number.
fn negated(value: Value) -> Value {
    match value {
        Value::Int(number) => Value::Int(number.checked_neg().unwrap_or(number)),
        Value::Decimal(number) => Value::Decimal(-number),
        Value::Float(number) if number != 0.0 => Value::Float(-number),
        Value::Null
        | Value::Bit(_)
        | Value::Float(_)
        | Value::Text(_)
        | Value::Date(_)
        | Value::DateTime(_)
        | Value::DateTimeOffset(_) => value,
    }
}

/// What an expression came to, or what it was given.
fn seen<'e>(datum: &'e Datum<'_>) -> Seen<'e> {
    match datum {
        Datum::Null => Seen::Nothing,
        Datum::Text(text) => Seen::Text(text),
        Datum::Bit(flag) => Seen::Flag(*flag),
        Datum::Int(number) => Seen::Shown(Gives::Number, number),
        Datum::Decimal(number) => Seen::Shown(Gives::Number, number),
        Datum::Float(number) => Seen::Shown(Gives::Number, number),
        Datum::Date(date) => Seen::Shown(Gives::Date, date),
        Datum::Time(time) => Seen::Shown(Gives::Date, time),
        Datum::DateTime(date) => Seen::Shown(Gives::Date, date),
        Datum::DateTimeOffset(date) => Seen::Shown(Gives::Date, date),
    }
}

/// Where an expression finds the values of its paths, for one row.
struct Slots<'e, 'a, 'x, R> {
    evaluation: &'e Evaluation<'a, 'x, R>,
    cell: &'a Cell,
    slots: &'a [Expr],
    /// Their paths as written.
    names: &'a [String],
    context: Context,
}

impl<'a, 'x: 'a, R: Record> Values<'a> for Slots<'_, 'a, 'x, R> {
    fn value(&self, slot: usize) -> Datum<'a> {
        let (search, expr) = (&self.evaluation.search, &self.slots[slot]);
        let mut node = None;
        let datum = match expr.kind() {
            Kind::Flag => Datum::Bit(search.holds(expr, self.context)),
            Kind::Number => {
                let number = search.number(expr, self.context);
                match super::super::compile::is_whole(expr) {
                    #[expect(clippy::cast_possible_truncation, reason = "it is a count")]
                    true => Datum::Int(number as i64),
                    false => Datum::Float(number),
                }
            }
            Kind::Nodes | Kind::Text => {
                let found = self.evaluation.slot_text(expr, &self.cell.reading, self.context);
                node = found.1;
                found.0.map_or(Datum::Null, Datum::Text)
            }
        };
        self.evaluation.recorder.note(|| {
            let at = node.map(|node| self.evaluation.spot(node));
            let (kind, detail) = (StepKind::Field, Detail::Name(&self.names[slot]));
            Event::Step { kind, detail, at, gives: seen(&datum) }
        });
        datum
    }

    fn exists(&self, slot: usize) -> bool {
        self.evaluation.search.holds(&self.slots[slot], self.context)
    }
}
