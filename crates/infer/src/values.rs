//! What the values of one attribute or element have in common, and the column type that holds all of them.
//!
//! Values themselves are not kept: a sample may be millions of documents, and they are other people's data.

use chrono::{NaiveDate, NaiveTime};

/// Digits that `int` holds for certain. A type has to leave room for one digit more than the samples show.
const INT_DIGITS: u32 = 9;
/// Digits that `bigint` holds for certain.
const BIGINT_DIGITS: u32 = 18;
/// Digits of the largest `decimal` of SQL Server.
const DECIMAL_DIGITS: u32 = 38;
/// Digits of a decimal that takes 9 bytes; most amounts fit.
const DECIMAL_DIGITS_USUAL: u32 = 19;
/// Room before the point, and behind it, beyond what the samples show.
const DIGITS_ROOM: u32 = 3;
const SCALE_ROOM: u32 = 2;
/// Digits after the point that a decimal has at least: `12.5` in a sample may be `12.345` in the next document.
const SCALE_MIN: u32 = 4;
/// So many values show little of what others may be; from so many on, types get the usual room.
const FEW: u64 = 30;
const MANY: u64 = 300;
/// Words of names whose numbers have fractions sooner or later, even if a few samples have none.
const AMOUNTS: [&str; 14] = [
    "amount", "amt", "price", "rate", "total", "sum", "percent", "quantity", "qty", "tax",
    "balance", "fee", "weight", "factor",
];
/// Digits after the second that `datetime2`, `datetimeoffset` and `time` keep.
const SECOND_DIGITS: usize = 7;
/// Numbers of this many digits that all have the same length are codes (postal codes, accounts, phone numbers): the
/// next one may begin with a zero, which a number would lose.
const CODE_DIGITS: u32 = 5;
/// Lengths of text columns; a longer one becomes `nvarchar(max)`.
const TEXT_LENGTHS: [u32; 10] = [10, 20, 50, 100, 200, 500, 1000, 2000, 3000, 4000];
/// Texts that are longer are no keys: an index of SQL Server takes 900 bytes in all.
const KEY_UNITS_MAX: u32 = 40;
/// Length of a text column for which the samples have no value at all.
const TEXT_LENGTH_UNKNOWN: u32 = 200;

/// A type of SQL Server, chosen for a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SqlType {
    /// `bit`
    Bit,
    /// `int`
    Int,
    /// `bigint`
    BigInt,
    /// `decimal(precision, scale)`
    Decimal {
        /// Digits, those after the point included.
        precision: u32,
        /// Digits after the point.
        scale: u32,
    },
    /// `float`
    Float,
    /// `date`
    Date,
    /// `time(7)`
    Time,
    /// `datetime2(7)`
    DateTime,
    /// `datetimeoffset(7)`
    DateTimeOffset,
    /// `uniqueidentifier`
    Uuid,
    /// `nvarchar`, in units of UTF-16; `None` is `nvarchar(max)`.
    Text(Option<u32>),
}

impl std::fmt::Display for SqlType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Bit => f.write_str("bit"),
            Self::Int => f.write_str("int"),
            Self::BigInt => f.write_str("bigint"),
            Self::Decimal { precision, scale } => write!(f, "decimal({precision},{scale})"),
            Self::Float => f.write_str("float"),
            Self::Date => f.write_str("date"),
            Self::Time => f.write_str("time(7)"),
            Self::DateTime => f.write_str("datetime2(7)"),
            Self::DateTimeOffset => f.write_str("datetimeoffset(7)"),
            Self::Uuid => f.write_str("uniqueidentifier"),
            Self::Text(Some(length)) => write!(f, "nvarchar({length})"),
            Self::Text(None) => f.write_str("nvarchar(max)"),
        }
    }
}

/// The order of day and month in dates that are written with slashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DateOrder {
    /// `12/31/2024`
    MonthFirst,
    /// `31/12/2024` or `31.12.2024`
    DayFirst,
}

/// Ways in which a value can be read, as a set of bits. A column can be read in the ways that all its values share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Ways(u16);

impl Ways {
    const ALL: Self = Self(0x1ff);
    const BOOL: Self = Self(1);
    const WHOLE: Self = Self(1 << 1);
    const DECIMAL: Self = Self(1 << 2);
    const DATE: Self = Self(1 << 3);
    /// A date with or without a time behind it, so that a mixture of both is one.
    const MOMENT: Self = Self(1 << 4);
    const TIME: Self = Self(1 << 5);
    const UUID: Self = Self(1 << 6);
    const MONTH_FIRST: Self = Self(1 << 7);
    const DAY_FIRST: Self = Self(1 << 8);

    fn of(text: &str) -> Self {
        let ways = [
            (Self::BOOL, matches!(text, "true" | "false")),
            (Self::WHOLE, is_whole(text)),
            (Self::DECIMAL, decimal_digits(text).is_some()),
            (Self::DATE, is_date(text)),
            (Self::MOMENT, is_date(text) || moment(text).is_some()),
            (Self::TIME, is_time(text)),
            (Self::UUID, is_uuid(text)),
            (Self::MONTH_FIRST, is_slashed(text, DateOrder::MonthFirst)),
            (Self::DAY_FIRST, is_slashed(text, DateOrder::DayFirst)),
        ];
        Self(ways.iter().filter(|(_, holds)| *holds).fold(0, |set, (way, _)| set | way.0))
    }

    fn both(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    fn has(self, way: Self) -> bool {
        self.0 & way.0 != 0
    }
}

/// What is remembered of the values of a column.
#[derive(Debug, Clone)]
pub(crate) struct Values {
    /// How often there was a value, and how often nothing but blanks.
    pub(crate) n: u64,
    pub(crate) n_blank: u64,
    ways: Ways,
    units_min: u32,
    units_max: u32,
    whole_digits: u32,
    scale: u32,
    has_offset: bool,
}

impl Default for Values {
    fn default() -> Self {
        Self {
            n: 0,
            n_blank: 0,
            ways: Ways::ALL,
            units_min: u32::MAX,
            units_max: 0,
            whole_digits: 0,
            scale: 0,
            has_offset: false,
        }
    }
}

impl Values {
    /// Counts a value as a document has it.
    pub(crate) fn add(&mut self, raw: &str) {
        let text = raw.trim_matches([' ', '\t', '\r', '\n']);
        if text.is_empty() {
            self.n_blank += 1;
            return;
        }
        self.n += 1;
        let units = u32::try_from(text.encode_utf16().count()).unwrap_or(u32::MAX);
        self.units_min = self.units_min.min(units);
        self.units_max = self.units_max.max(units);
        // Once no way is left, the rest of the values only count for the length.
        if self.ways == Ways(0) {
            return;
        }
        self.ways = self.ways.both(Ways::of(text));
        if let Some((whole, scale)) = decimal_digits(text) {
            self.whole_digits = self.whole_digits.max(whole);
            self.scale = self.scale.max(scale);
        }
        self.has_offset |= moment(text).is_some_and(|offset| offset);
    }

    /// Takes over what is known of other values of the same column.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.n += other.n;
        self.n_blank += other.n_blank;
        self.ways = self.ways.both(other.ways);
        self.units_min = self.units_min.min(other.units_min);
        self.units_max = self.units_max.max(other.units_max);
        self.whole_digits = self.whole_digits.max(other.whole_digits);
        self.scale = self.scale.max(other.scale);
        self.has_offset |= other.has_offset;
    }

    /// The type that holds all values of an attribute or element, with room for longer ones: the fewer there are, the
    /// more.
    pub(crate) fn sql_type(&self, name: &str) -> SqlType {
        if self.n == 0 {
            return SqlType::Text(Some(TEXT_LENGTH_UNKNOWN));
        }
        let ways = self.ways;
        if ways.has(Ways::BOOL) {
            SqlType::Bit
        } else if ways.has(Ways::WHOLE) && !self.is_code() && self.n < FEW && is_amount(name) {
            decimal(self.whole_digits, 0).unwrap_or_else(|| self.text())
        } else if ways.has(Ways::WHOLE) && !self.is_code() {
            whole(self.whole_digits, self.room() - 1)
        } else if ways.has(Ways::DECIMAL) && !ways.has(Ways::WHOLE) {
            decimal(self.whole_digits, self.scale).unwrap_or_else(|| self.text())
        } else if ways.has(Ways::DATE) {
            SqlType::Date
        } else if ways.has(Ways::MOMENT) {
            if self.has_offset { SqlType::DateTimeOffset } else { SqlType::DateTime }
        } else if ways.has(Ways::TIME) {
            SqlType::Time
        } else if ways.has(Ways::UUID) {
            SqlType::Uuid
        } else if self.date_order().is_some() {
            SqlType::Date
        } else {
            self.text()
        }
    }

    /// The order of day and month, where all values are such dates and at least one of them shows the order.
    pub(crate) fn date_order(&self) -> Option<DateOrder> {
        match (self.ways.has(Ways::MONTH_FIRST), self.ways.has(Ways::DAY_FIRST)) {
            (true, false) if self.n > 0 => Some(DateOrder::MonthFirst),
            (false, true) if self.n > 0 => Some(DateOrder::DayFirst),
            (true | false, true | false) => None,
        }
    }

    /// Whether all values are dates of which none shows whether the day or the month comes first.
    pub(crate) fn is_unclear_date(&self) -> bool {
        self.n > 0 && self.ways.has(Ways::MONTH_FIRST) && self.ways.has(Ways::DAY_FIRST)
    }

    fn is_code(&self) -> bool {
        self.units_min == self.units_max && self.units_max >= CODE_DIGITS
    }

    fn text(&self) -> SqlType {
        let length = self.units_max.saturating_mul(self.room());
        let wanted = if self.n < FEW { length.max(TEXT_LENGTHS[1]) } else { length };
        SqlType::Text(TEXT_LENGTHS.into_iter().find(|length| *length >= wanted))
    }

    /// How many times as long values may become; a digit more for each time above one.
    fn room(&self) -> u32 {
        match self.n {
            ..FEW => 4,
            FEW..MANY => 3,
            MANY.. => 2,
        }
    }

    /// Whether all values are short texts or whole numbers, as keys are.
    pub(crate) fn may_be_key(&self) -> Option<KeyKind> {
        if self.n_blank > 0 || self.units_max > KEY_UNITS_MAX {
            return None;
        }
        match self.sql_type("") {
            SqlType::Int | SqlType::BigInt => Some(KeyKind::Number),
            SqlType::Text(Some(_)) if !self.is_unclear_date() => Some(KeyKind::Text),
            SqlType::Uuid => Some(KeyKind::Text),
            SqlType::Text(_)
            | SqlType::Bit
            | SqlType::Decimal { .. }
            | SqlType::Float
            | SqlType::Date
            | SqlType::Time
            | SqlType::DateTime
            | SqlType::DateTimeOffset => None,
        }
    }
}

/// What values that may be a key look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyKind {
    /// Whole numbers, which may be counts as well.
    Number,
    Text,
}

/// Says whether a name is that of an amount, as one of its words tells.
fn is_amount(name: &str) -> bool {
    let name = crate::names::snake(name);
    let mut words = name.split('_');
    words.any(|word| {
        AMOUNTS.iter().any(|amount| word == *amount || word.strip_suffix('s') == Some(amount))
    })
}

/// A text column for values of up to so many units, with room for values twice as long.
pub(crate) fn text_with_room(units: u32) -> SqlType {
    let wanted = units.saturating_mul(2);
    SqlType::Text(TEXT_LENGTHS.into_iter().find(|length| *length >= wanted))
}

fn whole(digits: u32, room: u32) -> SqlType {
    match digits + room {
        n if n <= INT_DIGITS => SqlType::Int,
        n if n <= BIGINT_DIGITS => SqlType::BigInt,
        _ => SqlType::Decimal { precision: DECIMAL_DIGITS, scale: 0 },
    }
}

/// A decimal with room; without room where only that fits; none where not even that does.
fn decimal(whole: u32, scale: u32) -> Option<SqlType> {
    let roomy = (scale + SCALE_ROOM).max(SCALE_MIN);
    let wanted = whole + DIGITS_ROOM + roomy;
    if wanted <= DECIMAL_DIGITS_USUAL {
        Some(SqlType::Decimal { precision: DECIMAL_DIGITS_USUAL, scale: roomy })
    } else if wanted <= DECIMAL_DIGITS {
        Some(SqlType::Decimal { precision: DECIMAL_DIGITS, scale: roomy })
    } else {
        (whole + scale <= DECIMAL_DIGITS)
            .then_some(SqlType::Decimal { precision: DECIMAL_DIGITS, scale })
    }
}

/// A whole number that is written as a number is: no zero in front, which a number would lose.
fn is_whole(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_padded = digits.len() > 1 && digits.starts_with('0');
    is_digits(digits) && !is_padded && digits.len() <= BIGINT_DIGITS as usize && text != "-0"
}

/// The digits before and after the point of a number such as `-12.50`.
fn decimal_digits(text: &str) -> Option<(u32, u32)> {
    let number = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let is_padded = whole.len() > 1 && whole.starts_with('0');
    if !is_digits(whole) || !is_digits(fraction) || is_padded {
        return None;
    }
    let scale = if number.contains('.') { fraction.len() } else { 0 };
    let digits = (u32::try_from(whole.len()).ok()?, u32::try_from(scale).ok()?);
    (digits.0 + digits.1 <= DECIMAL_DIGITS).then_some(digits)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 10
        && bytes[4] == b'-'
        && bytes[7] == b'-'
        && !text.starts_with("0000")
        && bytes.iter().enumerate().all(|(at, byte)| at == 4 || at == 7 || byte.is_ascii_digit())
        && text.parse::<NaiveDate>().is_ok()
}

/// A date and a time behind it, and whether an offset from UTC follows.
fn moment(text: &str) -> Option<bool> {
    let (date, rest) = text.split_at_checked(10)?;
    let rest = rest.strip_prefix(['T', ' '])?;
    if !is_date(date) {
        return None;
    }
    if let Some(time) = rest.strip_suffix('Z') {
        return is_time(time).then_some(true);
    }
    match rest.rfind(['+', '-']) {
        Some(at) => (is_time(&rest[..at]) && is_offset(&rest[at + 1..])).then_some(true),
        None => is_time(rest).then_some(false),
    }
}

/// `hh:mm`; the offsets of SQL Server end at 14 hours.
fn is_offset(text: &str) -> bool {
    let parts = text.split_once(':').filter(|(hours, minutes)| {
        hours.len() == 2 && minutes.len() == 2 && is_digits(hours) && is_digits(minutes)
    });
    parts.is_some_and(|(hours, minutes)| (hours, minutes) <= ("14", "00") && minutes < "60")
}

/// `hh:mm:ss` with at most as many decimals as SQL Server keeps.
fn is_time(text: &str) -> bool {
    let (time, fraction) = text.split_once('.').unwrap_or((text, "0"));
    time.len() == 8
        && is_digits(fraction)
        && fraction.len() <= SECOND_DIGITS
        && !time.ends_with("60")
        && time.parse::<NaiveTime>().is_ok()
}

fn is_uuid(text: &str) -> bool {
    let is_hyphen = |at: usize| matches!(at, 8 | 13 | 18 | 23);
    text.len() == 36
        && text
            .bytes()
            .enumerate()
            .all(|(at, byte)| if is_hyphen(at) { byte == b'-' } else { byte.is_ascii_hexdigit() })
}

/// `12/31/2024` in the given order; days first may also stand between points.
fn is_slashed(text: &str, order: DateOrder) -> bool {
    let mark = if text.contains('.') { '.' } else { '/' };
    let parts: Vec<&str> = text.split(mark).collect();
    let [first, second, year] = parts[..] else {
        return false;
    };
    let (day, month) = match order {
        DateOrder::MonthFirst if mark == '.' => return false,
        DateOrder::MonthFirst => (second, first),
        DateOrder::DayFirst => (first, second),
    };
    let sized = year.len() == 4 && first.len() <= 2 && second.len() <= 2;
    let number = |part: &str| part.parse::<u32>().ok().filter(|_| is_digits(part));
    let date = || {
        let year = i32::try_from(number(year)?).ok()?;
        NaiveDate::from_ymd_opt(year, number(month)?, number(day)?).filter(|_| year > 0)
    };
    sized && date().is_some()
}

#[cfg(test)]
mod tests;
