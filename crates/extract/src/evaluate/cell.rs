//! Makes one cell: source, chain of steps, type, default.

use std::borrow::Cow;

use super::scope::Scope;
use super::sources::RowFields;
use super::{Evaluation, Fault};
use crate::convert::{
    Conversion, NumberStyle, convert, convert_date, convert_flag, convert_number, cut,
    describe_range,
};
use crate::expr::{Calculation, Datum};
use crate::program::{Cell, CellStep, EnumTable};
use crate::table::DataType;
use crate::text::strip;
use crate::value::Value;
use crate::warning::WarningKind;

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

impl<'a, 'x: 'a> Evaluation<'a, 'x> {
    /// Makes a cell; a required one that stays empty is for the caller to judge.
    pub(super) fn cell(
        &mut self,
        table_ix: usize,
        cell: &'a Cell,
        scope: Scope,
    ) -> Result<Outcome, Fault> {
        self.check_count()?;
        let text: Option<Cow<'a, str>> = self.fetch(&cell.source, scope);
        let blank = text.as_deref().is_none_or(str::is_empty);
        let is_text = matches!(cell.data_type, DataType::Text { .. });
        let current = if !cell.steps.is_empty() {
            self.chain(table_ix, cell, scope, text)?
        } else if blank {
            return Ok(fallback(cell, cell.default_if_blank));
        } else if is_text {
            text.map_or(Current::Nothing, Current::Text)
        } else {
            let conversion =
                convert(&text.unwrap_or_default(), cell.data_type, NumberStyle::FirstForIntegers);
            self.accept(table_ix, cell, conversion)?
        };
        let source_blank = blank && !cell.steps.contains(&CellStep::Calculate);
        let value = match current {
            Current::Nothing if !cell.nullable && cell.default.is_some() => {
                let value = cell.default.clone().unwrap_or(Value::Null);
                let origin = if blank { Origin::Default } else { Origin::Data };
                return Ok(Outcome { value, origin });
            }
            Current::Nothing => return Ok(Outcome { value: Value::Null, origin: Origin::Nothing }),
            Current::Text(text) if is_text => finish_text(&text, cell),
            Current::Text(text) if strip(&text).is_empty() => return Ok(fallback(cell, false)),
            Current::Text(text) => {
                let conversion = convert(&text, cell.data_type, NumberStyle::Whole);
                match self.accept(table_ix, cell, conversion)? {
                    Current::Value(value) => value,
                    Current::Nothing | Current::Text(_) => return Ok(fallback(cell, false)),
                }
            }
            Current::Value(Value::Text(text)) => finish_text(&text, cell),
            Current::Value(value) => value,
        };
        if value.is_null() && !cell.nullable {
            return Ok(fallback(cell, false));
        }
        let applied = source_blank && is_applied_default(cell, &value);
        Ok(Outcome { value, origin: if applied { Origin::Default } else { Origin::Data } })
    }

    /// Takes the value of a conversion, or notes why there is none.
    fn accept(
        &mut self,
        table_ix: usize,
        cell: &Cell,
        conversion: Conversion,
    ) -> Result<Current<'a>, Fault> {
        match conversion {
            Conversion::Value(value) => Ok(Current::Value(value)),
            Conversion::Unreadable => {
                self.warn(table_ix, cell.column, WarningKind::Unreadable);
                Ok(Current::Nothing)
            }
            Conversion::OutOfRange => Err(self.out_of_range(table_ix, cell.column, cell.data_type)),
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
                    let flag = self.bit_step(*step, &current);
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
        if let Some(value) = found.or(enums.default.as_ref()) {
            return Current::Value(value.clone());
        }
        if !key.is_empty() && !enums.exact.is_empty() {
            self.warn(table_ix, cell.column, WarningKind::UnknownCode);
        }
        Current::Nothing
    }

    fn bit_step(&self, step: CellStep, current: &Current<'_>) -> bool {
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
        if step == CellStep::BooleanToBit {
            return bits.booleans.get(&key.to_lowercase()).unwrap_or(false);
        }
        bits.chars.get(key).or_else(|| bits.chars.get(&key.to_uppercase())).unwrap_or(false)
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
            return self.accept(table_ix, cell, convert(&text, cell.data_type, NumberStyle::First));
        }
        if text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(Current::Text(text));
        }
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        if digits.is_empty() {
            self.warn(table_ix, cell.column, WarningKind::Unreadable);
            return Ok(Current::Nothing);
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
        self.accept(table_ix, cell, convert(&text, cell.data_type, NumberStyle::Whole))
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
        let unreadable = calculation.unreadable;
        if unreadable && datum == Datum::Null {
            self.warn(table_ix, cell.column, WarningKind::Unreadable);
        }
        match datum {
            Datum::Null => Ok(Current::Nothing),
            Datum::Text(text) => Ok(Current::Text(text)),
            Datum::Number(number) => {
                self.accept(table_ix, cell, convert_number(number, cell.data_type))
            }
            Datum::Date(date) => self.accept(table_ix, cell, convert_date(date, cell.data_type)),
        }
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
        Some(Value::Text(default)) => *value == finish_text(default, cell),
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
            Outcome { value: default.clone(), origin: Origin::Default }
        }
        _ => Outcome { value: Value::Null, origin: Origin::Nothing },
    }
}

/// Strips and cuts a text, after taking all but digits out if the chain asks for numbers only.
fn finish_text(text: &str, cell: &Cell) -> Value {
    let digits: String;
    let text = if cell.steps.contains(&CellStep::NumbersOnly)
        && !text.bytes().all(|byte| byte.is_ascii_digit())
    {
        digits = text.chars().filter(char::is_ascii_digit).collect();
        digits.as_str()
    } else {
        text
    };
    let text = cut(text, cell.chars_max);
    if text.is_empty() { Value::Null } else { Value::Text(text.to_owned()) }
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
    }
}
