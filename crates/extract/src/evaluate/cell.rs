//! Makes one cell: source, chain of steps, type, default.

use std::borrow::Cow;

use super::scope::Scope;
use super::sources::RowFields;
use super::{Evaluation, Fault};
use crate::convert::{
    Conversion, NumberStyle, convert, convert_date, convert_flag, convert_number, cut,
    describe_range,
};
use crate::decimal::Decimal;
use crate::explain::{Detail, Event, Gives, Record, Seen, StepKind};
use crate::expr::{Calculation, Datum};
use crate::number;
use crate::program::{Cell, CellStep, EnumTable};
use crate::table::DataType;
use crate::text::strip;
use crate::value::Value;
use xmlx_domain::WarningKind;

/// Where the value of a cell came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// There is none.
    Nothing,
    /// The contract, since the document has none.
    Default,
    /// The document.
    Data,
}

/// A cell.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Outcome {
    pub(super) value: Value,
    pub(super) origin: Origin,
    /// Whether the value is the contract's default, whatever the row makes of its origin.
    pub(super) is_default: bool,
}

impl Outcome {
    /// Says whether a value is missing that the contract wants.
    pub(super) fn is_missing(&self, cell: &Cell) -> bool {
        self.value.is_null() && !cell.nullable
    }
}

/// A value on its way through the chain.
#[derive(Debug)]
enum Current<'a> {
    Nothing,
    Text(Cow<'a, str>),
    Value(Value),
}

impl Current<'_> {
    fn is_blank(&self) -> bool {
        match self {
            Self::Nothing => true,
            Self::Text(text) => strip(text).is_empty(),
            Self::Value(_) => false,
        }
    }
}

impl<'a, 'x: 'a, R: Record> Evaluation<'a, 'x, R> {
    /// Makes a cell; a required one that stays empty is for the caller to judge.
    pub(super) fn cell(
        &mut self,
        table_ix: usize,
        cell: &'a Cell,
        scope: Scope,
    ) -> Result<Outcome, Fault> {
        self.check_count()?;
        let text: Option<Cow<'a, str>> = self.fetch(&cell.source, scope);
        if cell.steps.first() != Some(&CellStep::Calculate) {
            self.recorder.note(|| Event::Fetched(text.as_deref()));
        }
        let blank = text.as_deref().is_none_or(str::is_empty);
        let is_text = matches!(cell.data_type, DataType::Text { .. });
        let current = if !cell.steps.is_empty() {
            self.chain(table_ix, cell, scope, text)?
        } else if blank {
            return Ok(fallback(cell, cell.default_if_blank));
        } else if is_text {
            text.map_or(Current::Nothing, Current::Text)
        } else {
            self.convert(table_ix, cell, &text.unwrap_or_default(), NumberStyle::FirstForIntegers)?
        };
        let source_blank = blank && !cell.steps.contains(&CellStep::Calculate);
        let value = match current {
            Current::Nothing if !cell.nullable && cell.default.is_some() => {
                let value = cell.default.clone().unwrap_or(Value::Null);
                let origin = if blank { Origin::Default } else { Origin::Data };
                let is_default = !value.is_null();
                return Ok(Outcome { value, origin, is_default });
            }
            Current::Nothing => {
                return Ok(Outcome {
                    value: Value::Null,
                    origin: Origin::Nothing,
                    is_default: false,
                });
            }
            Current::Text(text) if is_text => self.finish_text(table_ix, cell, &text),
            Current::Text(text) if strip(&text).is_empty() => return Ok(fallback(cell, false)),
            Current::Text(text) => {
                match self.convert(table_ix, cell, &text, NumberStyle::Whole)? {
                    Current::Value(value) => value,
                    Current::Nothing | Current::Text(_) => return Ok(fallback(cell, false)),
                }
            }
            Current::Value(Value::Text(text)) => self.finish_text(table_ix, cell, &text),
            Current::Value(value) => value,
        };
        if value.is_null() && !cell.nullable {
            return Ok(fallback(cell, false));
        }
        let applied = source_blank && is_applied_default(cell, &value);
        let origin = if applied { Origin::Default } else { Origin::Data };
        // Steps may have put it there as well.
        let is_default = source_blank && cell.default.is_some() && is_applied_default(cell, &value);
        Ok(Outcome { value, origin, is_default })
    }

    /// Converts a text that is not blank to the type of the column.
    fn convert(
        &mut self,
        table_ix: usize,
        cell: &Cell,
        text: &str,
        style: NumberStyle,
    ) -> Result<Current<'a>, Fault> {
        let conversion = convert(text, cell.data_type, style, self.program.offsets);
        self.accept(table_ix, cell, conversion)
    }

    /// Tells that a value became one of a type.
    fn tell_type(&self, cell: &Cell, gives: Seen<'_>) {
        let detail = Detail::Type(cell.data_type);
        self.recorder.note(|| Event::Step { kind: StepKind::Type, detail, at: None, gives });
    }

    /// Takes the value of a conversion and notes what was lost, or why there is none.
    fn accept(
        &mut self,
        table_ix: usize,
        cell: &Cell,
        conversion: Conversion,
    ) -> Result<Current<'a>, Fault> {
        match conversion {
            Conversion::Value(value, lost) => {
                self.tell_type(cell, Seen::value(&value));
                if let Some(lost) = lost {
                    self.warn(table_ix, cell.column, lost);
                }
                Ok(Current::Value(value))
            }
            Conversion::Unreadable => {
                self.tell_type(cell, Seen::Nothing);
                self.warn(table_ix, cell.column, WarningKind::Unreadable);
                Ok(Current::Nothing)
            }
            Conversion::OutOfRange => Err(self.out_of_range(table_ix, cell.column, cell.data_type)),
            Conversion::OffsetRefused => Err(format!(
                "the time of `{}` has an offset from UTC, which `time_offsets` of the contract refuses",
                self.name(table_ix, cell.column)
            )),
        }
    }

    pub(super) fn out_of_range(
        &self,
        table_ix: usize,
        column: usize,
        data_type: DataType,
    ) -> Fault {
        format!(
            "the value of `{}` is outside of {}",
            self.name(table_ix, column),
            describe_range(data_type)
        )
    }

    /// Runs the steps left to right. Nothing stops the chain, unless an enum comes next.
    fn chain(
        &mut self,
        table_ix: usize,
        cell: &'a Cell,
        scope: Scope,
        text: Option<Cow<'a, str>>,
    ) -> Result<Current<'a>, Fault> {
        let mut current = text.clone().map_or(Current::Nothing, Current::Text);
        for (step_ix, step) in cell.steps.iter().enumerate() {
            let after_calculation = step_ix > 0 && cell.steps[step_ix - 1] == CellStep::Calculate;
            current = match step {
                CellStep::Enum(_) if after_calculation && !current.is_blank() => current,
                CellStep::Enum(table) => {
                    let original = if after_calculation { text.as_deref() } else { None };
                    self.enum_step(table_ix, cell, *table, &current, original)
                }
                CellStep::CharToBit | CellStep::BooleanToBit => {
                    let flag = self.bit_step(table_ix, cell, *step, &current);
                    self.accept(table_ix, cell, convert_flag(flag, cell.data_type))?
                }
                CellStep::NumbersOnly => self.numbers_step(table_ix, cell, current)?,
                CellStep::Calculate => self.calculate_step(table_ix, cell, scope)?,
                CellStep::Fetched => current,
                CellStep::Convert => self.convert_step(table_ix, cell, current)?,
                CellStep::NowIfNull if current.is_blank() => Current::Nothing,
                CellStep::NowIfNull => self.convert_step(table_ix, cell, current)?,
            };
            let next_is_enum = cell.steps.get(step_ix + 1).is_some_and(is_enum);
            if matches!(current, Current::Nothing) && !is_enum(step) && !next_is_enum {
                break;
            }
        }
        Ok(current)
    }

    fn enum_step(
        &mut self,
        table_ix: usize,
        cell: &Cell,
        table: usize,
        current: &Current<'a>,
        original: Option<&str>,
    ) -> Current<'a> {
        let enums: &'a EnumTable = &self.program.enums[table];
        let shown;
        let key = match (original, current) {
            (Some(original), _) => original,
            (None, Current::Nothing) => "",
            (None, Current::Text(text)) => strip(text),
            (None, Current::Value(value)) => {
                shown = show(value);
                shown.as_str()
            }
        };
        let found = match key {
            "" => None,
            _ => enums.exact.get(key).or_else(|| enums.lower_case.get(key.to_lowercase().as_str())),
        };
        let value = found.or(enums.default.as_ref());
        self.tell_step(StepKind::Codes, value.map_or(Seen::Nothing, Seen::value));
        if found.is_none() && !key.is_empty() {
            self.warn(table_ix, cell.column, WarningKind::UnknownCode);
        }
        value.map_or(Current::Nothing, |value| Current::Value(value.clone()))
    }

    /// Looks a flag up; what the table does not have is no flag.
    fn bit_step(
        &mut self,
        table_ix: usize,
        cell: &Cell,
        step: CellStep,
        current: &Current<'_>,
    ) -> bool {
        let bits = &self.program.bits;
        let shown;
        let key = match current {
            Current::Nothing => return false,
            Current::Text(text) => text.as_ref(),
            Current::Value(value) => {
                shown = show(value);
                shown.as_str()
            }
        };
        let known = if step == CellStep::BooleanToBit {
            bits.booleans.get(&key.to_lowercase())
        } else {
            bits.chars.get(key).or_else(|| bits.chars.get(&key.to_uppercase()))
        };
        self.tell_step(StepKind::Flag, Seen::Value(&Value::Bit(known.unwrap_or(false))));
        if known.is_none() && !key.is_empty() {
            self.warn(table_ix, cell.column, WarningKind::UnknownCode);
        }
        known.unwrap_or(false)
    }

    /// Keeps the digits for text, reads the first number for numbers.
    fn numbers_step(
        &mut self,
        table_ix: usize,
        cell: &Cell,
        current: Current<'a>,
    ) -> Result<Current<'a>, Fault> {
        if current.is_blank() {
            return Ok(default_of(cell));
        }
        let Current::Text(text) = current else { return Ok(current) };
        if !matches!(cell.data_type, DataType::Text { .. }) {
            return self.convert(table_ix, cell, &text, NumberStyle::First);
        }
        if text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(Current::Text(text));
        }
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        self.tell_step(StepKind::Digits, Seen::Text(&digits));
        if digits.is_empty() {
            self.warn(table_ix, cell.column, WarningKind::Unreadable);
            return Ok(Current::Nothing);
        }
        if !is_digits_apart(&text) {
            self.warn(table_ix, cell.column, WarningKind::PartlyRead);
        }
        Ok(Current::Text(Cow::Owned(digits)))
    }

    fn convert_step(
        &mut self,
        table_ix: usize,
        cell: &Cell,
        current: Current<'a>,
    ) -> Result<Current<'a>, Fault> {
        if current.is_blank() {
            return Ok(default_of(cell));
        }
        let Current::Text(text) = current else { return Ok(current) };
        if matches!(cell.data_type, DataType::Text { .. }) {
            return Ok(Current::Text(text));
        }
        self.convert(table_ix, cell, &text, NumberStyle::Whole)
    }

    fn calculate_step(
        &mut self,
        table_ix: usize,
        cell: &'a Cell,
        scope: Scope,
    ) -> Result<Current<'a>, Fault> {
        let Some(program) = &cell.calculation else { return Ok(Current::Nothing) };
        let mut calculation =
            Calculation::new(RowFields { evaluation: self, calculation: program, scope });
        let datum = calculation.value(&program.expr);
        let lost = calculation.lost;
        self.tell_expression(&datum);
        if let Some(lost) = lost {
            self.warn(table_ix, cell.column, lost);
        }
        let conversion = match datum {
            Datum::Null => return Ok(Current::Nothing),
            Datum::Text(text) => return Ok(Current::Text(text)),
            Datum::Number(number) => convert_number(number.into(), cell.data_type),
            Datum::Date(date) => convert_date(date, cell.data_type, self.program.offsets),
        };
        self.accept(table_ix, cell, conversion)
    }

    /// Tells what an expression came to.
    fn tell_expression(&self, datum: &Datum<'_>) {
        self.recorder.note(|| {
            let gives = match datum {
                Datum::Null => Seen::Nothing,
                Datum::Text(text) => Seen::Text(text),
                Datum::Number(number) => Seen::Shown(Gives::Number, number),
                Datum::Date(date) => Seen::Shown(Gives::Date, date),
            };
            Event::Step { kind: StepKind::Expression, detail: Detail::None, at: None, gives }
        });
    }

    /// Strips and cuts a text, and notes if it was cut.
    fn finish_text(&mut self, table_ix: usize, cell: &Cell, text: &str) -> Value {
        let (value, is_cut) = finish_text(text, cell);
        self.tell_type(cell, Seen::value(&value));
        if is_cut {
            self.warn(table_ix, cell.column, WarningKind::Cut);
        }
        value
    }
}

fn is_enum(step: &CellStep) -> bool {
    matches!(step, CellStep::Enum(_))
}

/// Says whether what came of a blank source is the contract's default and no more. A flag that steps made of it counts
/// as data, and so does the entry of an enum for everything else, unless the contract excludes them.
fn is_applied_default(cell: &Cell, value: &Value) -> bool {
    let makes_flag =
        cell.steps.iter().any(|step| matches!(step, CellStep::CharToBit | CellStep::BooleanToBit));
    match &cell.default {
        Some(_) if makes_flag && !cell.exclude_default => false,
        Some(Value::Text(default)) => *value == finish_text(default, cell).0,
        Some(default) => default == value,
        None => cell.exclude_default && cell.steps.iter().any(is_enum),
    }
}

/// What a blank value becomes in steps that know the default.
fn default_of<'a>(cell: &Cell) -> Current<'a> {
    match &cell.default {
        Some(default) if cell.default_if_blank => Current::Value(default.clone()),
        _ => Current::Nothing,
    }
}

/// What stands in for a value that there is not.
fn fallback(cell: &Cell, for_nullable: bool) -> Outcome {
    match &cell.default {
        Some(default) if for_nullable || !cell.nullable => {
            let is_default = !default.is_null();
            Outcome { value: default.clone(), origin: Origin::Default, is_default }
        }
        _ => Outcome { value: Value::Null, origin: Origin::Nothing, is_default: false },
    }
}

/// Strips and cuts a text, after taking all but digits out if the chain asks for numbers only; says whether it was cut.
fn finish_text(text: &str, cell: &Cell) -> (Value, bool) {
    let digits: String;
    let text = if cell.steps.contains(&CellStep::NumbersOnly)
        && !text.bytes().all(|byte| byte.is_ascii_digit())
    {
        digits = text.chars().filter(char::is_ascii_digit).collect();
        digits.as_str()
    } else {
        strip(text)
    };
    let kept = cut(text, cell.units_max, cell.text_unit);
    let value = if kept.is_empty() { Value::Null } else { Value::Text(kept.to_owned()) };
    (value, kept.len() < text.len())
}

/// Says whether a text has nothing but digits and what people put between them: `012-34-5678`, `(555) 123.4567`. A
/// sign or a point of a number is more than that.
fn is_digits_apart(text: &str) -> bool {
    let is_apart = |byte: u8| byte.is_ascii_digit() || b" -()/.,+".contains(&byte);
    let is_other_number = || {
        let number = number::read(text).number().map(number::Number::rounded);
        number.is_some_and(|number| number < Decimal::ZERO || number.scale() > 0)
    };
    strip(text).bytes().all(is_apart) && !is_other_number()
}

/// Shows a value as the key of an enum.
fn show(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bit(bit) => u8::from(*bit).to_string(),
        Value::Int(int) => int.to_string(),
        Value::Decimal(decimal) => decimal.normalize().to_string(),
        Value::Float(float) => float.to_string(),
        Value::Text(text) => text.clone(),
        Value::Date(date) => date.to_string(),
        Value::DateTime(date) => date.to_string(),
        Value::DateTimeOffset(date) => date.to_string(),
    }
}
