//! How the values of a document are read: for a whole contract of format 2, or for one of its columns.

mod forms;
mod settings;

use std::borrow::Cow;

use chrono::{NaiveDateTime, NaiveTime, Timelike as _};

use crate::convert::{Conversion, Offsets, convert_date, convert_number};
use crate::date::{self, Digits, Moment, Order};
use crate::number::{self, Found, Number};
use crate::table::DataType;
use crate::value::Value;
use xmlx_domain::WarningKind;

#[allow(unused_imports, reason = "the reader of format 2's files uses it")]
pub(crate) use settings::Word;

/// How values are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reading {
    dates: Dates,
    decimal: DecimalMark,
    offsets: Offsets,
    /// Words for a flag that is set, in small letters.
    yes: Vec<Box<str>>,
    no: Vec<Box<str>>,
    empty: Empty,
    trim: Trim,
    binary: Binary,
    numbers: Numbers,
    nulls: Vec<Box<str>>,
    attributes: Spelling,
    texts: Spelling,
}

/// How dates are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dates {
    Ordered(Order),
    /// Digits alone: `20240131101112.123-0500`.
    Hl7,
    /// Any of these forms; of two numbers below 13 the month is first.
    Any,
}

/// What of a text is a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Numbers {
    /// All of it.
    Whole,
    /// The first one in it.
    First,
    /// All of it, and it has nothing but digits.
    Digits,
}

/// How exactly a text has to be written like another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spelling {
    /// With its case.
    Exact,
    /// In any case.
    AnyCase,
}

/// What stands before the fraction of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum DecimalMark {
    Point,
    Comma,
}

/// What a text without anything in it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Empty {
    /// No value.
    Null,
    /// An empty text, for columns of text; for all others it still is no value.
    Text,
}

/// What is done with white space.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trim {
    Ends,
    Nothing,
}

/// How bytes are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Binary {
    Hex,
    Base64,
}

impl Default for Reading {
    fn default() -> Self {
        let words = |words: &[&str]| words.iter().map(|word| Box::from(*word)).collect();
        Self {
            dates: Dates::Ordered(Order::Year),
            decimal: DecimalMark::Point,
            offsets: Offsets::AsWritten,
            yes: words(&["true", "1", "yes", "y", "t"]),
            no: words(&["false", "0", "no", "n", "f"]),
            empty: Empty::Null,
            trim: Trim::Ends,
            binary: Binary::Base64,
            numbers: Numbers::Whole,
            nulls: Vec::new(),
            attributes: Spelling::Exact,
            texts: Spelling::AnyCase,
        }
    }
}

/// Why a text gives no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Misread {
    /// It is nothing of the type.
    Unreadable,
    /// It says less than a value, and that is as it should be: a month is no day.
    Incomplete,
    /// It is of the type, but too large.
    OutOfRange,
    /// It has an offset from UTC, and none is wanted.
    OffsetRefused,
}

/// White space of XML.
const BLANKS: [char; 4] = [' ', '\t', '\r', '\n'];

impl Reading {
    /// Takes off what is not part of a value; `None` is no value.
    pub(crate) fn text<'t>(&self, raw: &'t str) -> Option<&'t str> {
        let text = match self.trim {
            Trim::Ends => trim(raw),
            Trim::Nothing => raw,
        };
        let is_blank = is_blank(text);
        let is_null =
            !self.nulls.is_empty() && self.nulls.iter().any(|word| text.eq_ignore_ascii_case(word));
        ((!is_blank || self.empty == Empty::Text) && !is_null).then_some(text)
    }

    /// How the names of attributes are written that columns take.
    pub(crate) fn attributes(&self) -> Spelling {
        self.attributes
    }

    /// How texts have to be written to be equal in expressions.
    pub(crate) fn texts(&self) -> Spelling {
        self.texts
    }

    /// Reads a text as a value of a column. A text stays as long as it is: its column cuts it.
    pub(crate) fn read(&self, text: &str, data_type: DataType) -> Conversion {
        if !is_text(data_type) && is_blank(text) {
            return Conversion::Value(Value::Null, None);
        }
        let conversion = match data_type {
            DataType::Text { .. } | DataType::Xml => {
                Ok(Conversion::Value(Value::Text(text.to_owned()), None))
            }
            DataType::Uuid => {
                Self::uuid(text).map(|uuid| Conversion::Value(Value::Text(uuid), None))
            }
            DataType::Binary => {
                self.bytes(text).map(|bytes| Conversion::Value(Value::Text(bytes), None))
            }
            DataType::Time => self.time(text).map(|(time, lost)| {
                Conversion::Value(Value::Text(time.format("%H:%M:%S%.f").to_string()), lost)
            }),
            DataType::TinyInt
            | DataType::SmallInt
            | DataType::Int
            | DataType::BigInt
            | DataType::Decimal { .. } => self.found(text, |found| {
                let conversion = convert_number(number_of(&found)?, data_type);
                Ok(if found.partly { partly(conversion) } else { conversion })
            }),
            DataType::Float => self.found(text, |found| {
                let (float, lossy) = found.float().ok_or(Misread::OutOfRange)?;
                let lost = lossy.then_some(WarningKind::Rounded);
                let conversion = Conversion::Value(Value::Float(float), lost);
                Ok(if found.partly { partly(conversion) } else { conversion })
            }),
            DataType::Bit => self.flag(text).map(|flag| Conversion::Value(Value::Bit(flag), None)),
            DataType::Date
            | DataType::DateTime
            | DataType::SmallDateTime
            | DataType::DateTime2
            | DataType::DateTimeOffset => {
                self.moment(text).map(|moment| self.date(moment, data_type))
            }
        };
        conversion.unwrap_or_else(Conversion::from)
    }

    fn date(&self, mut moment: Moment, data_type: DataType) -> Conversion {
        // HL7's times often have digits of a second that nobody measured; an offset's column gets whole ones.
        if self.dates == Dates::Hl7 && data_type == DataType::DateTimeOffset {
            moment.local = moment.local.with_nanosecond(0).unwrap_or(moment.local);
            moment.rounded = false;
        }
        match convert_date(moment, data_type, self.offsets) {
            // The day of a time is what a date is for.
            Conversion::Value(value, Some(_)) if data_type == DataType::Date => {
                Conversion::Value(value, None)
            }
            other @ (Conversion::Value(..)
            | Conversion::Unreadable
            | Conversion::OutOfRange
            | Conversion::OffsetRefused) => other,
        }
    }

    /// Reads a number, and nothing beside it.
    pub(crate) fn number(&self, text: &str) -> Result<Number, Misread> {
        self.found(text, |found| number_of(&found))
    }

    /// Reads the nearest floating point number, and says whether the text says another one than that.
    pub(crate) fn float(&self, text: &str) -> Result<(f64, bool), Misread> {
        self.found(text, |found| found.float().ok_or(Misread::OutOfRange))
    }

    fn found<T>(
        &self,
        text: &str,
        take: impl FnOnce(Found<'_>) -> Result<T, Misread>,
    ) -> Result<T, Misread> {
        let text: Cow<'_, str> = match self.decimal {
            DecimalMark::Point => Cow::Borrowed(text),
            // The thousands' mark is the other one.
            DecimalMark::Comma => text
                .chars()
                .map(|character| match character {
                    ',' => '.',
                    '.' => ',',
                    other => other,
                })
                .collect(),
        };
        let found = match self.numbers {
            Numbers::Whole => number::find(&text),
            Numbers::First => number::find_first(&text),
            Numbers::Digits => {
                let is_plain = text.trim_matches(BLANKS).bytes().all(|byte| byte.is_ascii_digit());
                number::find(&text).filter(|_| is_plain)
            }
        };
        found.map_or(Err(Misread::Unreadable), take)
    }

    /// Reads a flag.
    pub(crate) fn flag(&self, text: &str) -> Result<bool, Misread> {
        let text = trim(text);
        let is_in = |words: &[Box<str>]| {
            words
                .iter()
                .any(|word| text.eq_ignore_ascii_case(word) || text.to_lowercase() == **word)
        };
        match (is_in(&self.yes), is_in(&self.no)) {
            (true, _) => Ok(true),
            (false, true) => Ok(false),
            (false, false) => Err(Misread::Unreadable),
        }
    }

    /// Reads a day, with or without a time.
    pub(crate) fn moment(&self, text: &str) -> Result<Moment, Misread> {
        match self.dates {
            Dates::Ordered(order) => date::read_ordered(text, order).ok_or(Misread::Unreadable),
            Dates::Any => date::read(text).ok_or(Misread::Unreadable),
            Dates::Hl7 => match date::read_digits(text) {
                Some(Digits::Moment(moment)) => Ok(moment),
                Some(Digits::NoDay) => Err(Misread::Incomplete),
                None => Err(Misread::Unreadable),
            },
        }
    }

    /// Returns what clocks show for a type that has no offset, and what was lost.
    pub(crate) fn local(
        &self,
        moment: Moment,
    ) -> Result<(NaiveDateTime, Option<WarningKind>), Misread> {
        match (moment.offset, self.offsets) {
            (None, _) => Ok((moment.local, None)),
            (Some(_), Offsets::Refused) => Err(Misread::OffsetRefused),
            // A day of another zone is no day of UTC.
            (Some(_), Offsets::ToUtc) if !moment.is_day => Ok((moment.utc(), None)),
            (Some(_), Offsets::ToUtc | Offsets::AsWritten) => {
                Ok((moment.local, Some(WarningKind::OffsetDropped)))
            }
        }
    }

    /// Reads a time without a day, or that of a day with a time, and says what was lost.
    pub(crate) fn time(&self, text: &str) -> Result<(NaiveTime, Option<WarningKind>), Misread> {
        if let Some((time, offset)) = date::read_time(text) {
            return match (offset, self.offsets) {
                (None, _) => Ok((time, None)),
                (Some(_), Offsets::Refused) => Err(Misread::OffsetRefused),
                // Without its day nobody knows on which side of midnight it is, which a time does not say anyway.
                (Some(offset), Offsets::ToUtc) => {
                    let ahead = chrono::TimeDelta::minutes(offset.into());
                    Ok((time.overflowing_sub_signed(ahead).0, None))
                }
                (Some(_), Offsets::AsWritten) => Ok((time, Some(WarningKind::OffsetDropped))),
            };
        }
        let moment = self.moment(text)?;
        if moment.is_day {
            return Err(Misread::Unreadable);
        }
        let (local, lost) = self.local(moment)?;
        Ok((local.time(), lost))
    }
}

fn number_of(found: &Found<'_>) -> Result<Number, Misread> {
    match found.number() {
        number::Reading::Number(number) => Ok(number),
        number::Reading::TooLarge => Err(Misread::OutOfRange),
        number::Reading::Unreadable => Err(Misread::Unreadable),
    }
}

/// Says of a value that there was more in the text.
fn partly(conversion: Conversion) -> Conversion {
    match conversion {
        Conversion::Value(value, _) => Conversion::Value(value, Some(WarningKind::PartlyRead)),
        other @ (Conversion::Unreadable | Conversion::OutOfRange | Conversion::OffsetRefused) => {
            other
        }
    }
}

/// Takes the white space of XML off both ends.
fn trim(text: &str) -> &str {
    // At once where there is none.
    match text.as_bytes() {
        [only] if *only > b' ' => text,
        [first, .., last] if *first > b' ' && *last > b' ' => text,
        _ => text.trim_matches(BLANKS),
    }
}

fn is_blank(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'))
}

fn is_text(data_type: DataType) -> bool {
    matches!(data_type, DataType::Text { .. })
}

impl From<Misread> for Conversion {
    fn from(misread: Misread) -> Self {
        match misread {
            Misread::Unreadable => Self::Unreadable,
            Misread::Incomplete => Self::Value(Value::Null, None),
            Misread::OutOfRange => Self::OutOfRange,
            Misread::OffsetRefused => Self::OffsetRefused,
        }
    }
}

#[cfg(test)]
mod tests;
