//! What the target's columns can hold: a value beyond it fails its application at stage `mapping`, with its column,
//! before anything is sent. The contract's own types are looked at when values are read; a column may hold less.

use std::fmt;

use chrono::{NaiveDate, NaiveDateTime};
use xmlx_domain::{LogReason, Stage};
use xmlx_extract::{Application, Plan, Value};

use crate::Decided;
use crate::catalog::{Catalog, CatalogColumn};

/// The bounds of the columns that a contract fills.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// By table, as the contract has them: the columns that have a bound.
    tables: Vec<Vec<Bounded>>,
}

/// A column with its place in a row and its name.
#[derive(Clone, Debug)]
struct Bounded {
    column: usize,
    place: String,
    bound: Bound,
}

/// What one column can hold.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Bound {
    type_name: String,
    limit: Limit,
}

#[derive(Clone, Debug, PartialEq)]
enum Limit {
    Whole(i64, i64),
    /// Digits before the point, and those behind it.
    Digits(usize, usize),
    Magnitude(f64),
    Moments(NaiveDateTime, NaiveDateTime),
}

impl Bounds {
    /// The bounds for `plan` in the target's `catalog`.
    #[must_use]
    pub fn new(plan: &Plan, catalog: &Catalog) -> Self {
        let tables = plan.tables().iter().map(|table| {
            let columns = table.columns.iter().enumerate().filter_map(|(i, column)| {
                let bound = catalog.column(&table.name, &column.name).and_then(Bound::of)?;
                let place = format!("{}.{}", table.name, column.name);
                Some(Bounded { column: i, place, bound })
            });
            columns.collect()
        });
        Self { tables: tables.collect() }
    }

    /// The application's rows, or why it has none: a value that its column cannot hold.
    #[must_use]
    pub fn admit(&self, application: Application) -> Decided {
        match self.beyond(&application) {
            None => Decided::Rows(application),
            Some(reason) => Decided::Failed { app_id: application.app_id, reason },
        }
    }

    fn beyond(&self, application: &Application) -> Option<LogReason> {
        for (columns, rows) in self.tables.iter().zip(&application.tables) {
            for row in rows {
                if let Some(found) = columns.iter().find(|it| !it.bound.holds(&row[it.column])) {
                    let Bounded { place, bound, .. } = found;
                    let text = format!("the value of `{place}` is outside of {bound}");
                    return Some(LogReason::new(Stage::Mapping, text));
                }
            }
        }
        None
    }
}

impl Bound {
    /// The bound of a column; `None` where its type takes whatever is written for it.
    pub(crate) fn of(column: &CatalogColumn) -> Option<Self> {
        // The last moments of a type are those that are not rounded up beyond it.
        let day = |year, month, day| NaiveDate::from_ymd_opt(year, month, day).expect("a day");
        let from = |year| day(year, 1, 1).and_hms_opt(0, 0, 0).expect("a time of day");
        let last = |at: NaiveDate, (hour, minute, second, milli)| {
            at.and_hms_milli_opt(hour, minute, second, milli).expect("a time of day")
        };
        let limit = match column.type_name.as_str() {
            "tinyint" => Limit::Whole(0, 255),
            "smallint" => Limit::Whole(i16::MIN.into(), i16::MAX.into()),
            "int" => Limit::Whole(i32::MIN.into(), i32::MAX.into()),
            "bigint" => Limit::Whole(i64::MIN, i64::MAX),
            "decimal" | "numeric" => {
                let behind = usize::try_from(column.scale).unwrap_or_default();
                let all = usize::try_from(column.precision).unwrap_or_default();
                Limit::Digits(all.saturating_sub(behind), behind)
            }
            "money" => Limit::Magnitude(922_337_203_685_477.5),
            "smallmoney" => Limit::Magnitude(214_748.364_7),
            "real" => Limit::Magnitude(f32::MAX.into()),
            "datetime" => Limit::Moments(from(1753), last(day(9999, 12, 31), (23, 59, 59, 998))),
            "smalldatetime" => Limit::Moments(from(1900), last(day(2079, 6, 6), (23, 59, 29, 998))),
            "date" | "datetime2" | "datetimeoffset" => {
                Limit::Moments(from(1), last(day(9999, 12, 31), (23, 59, 59, 999)))
            }
            _ => return None,
        };
        let type_name = match limit {
            Limit::Digits(..) => {
                format!("{}({},{})", column.type_name, column.precision, column.scale)
            }
            Limit::Whole(..) | Limit::Magnitude(_) | Limit::Moments(..) => column.type_name.clone(),
        };
        Some(Self { type_name, limit })
    }

    /// Whether the column can hold the value.
    pub(crate) fn holds(&self, value: &Value) -> bool {
        match value {
            Value::Null | Value::Bit(_) | Value::Text(_) => true,
            Value::Int(it) => self.holds_exact((*it).into(), 0),
            Value::Decimal(it) => self.holds_exact(it.mantissa(), it.scale()),
            Value::Float(it) => self.holds_float(*it),
            Value::Date(it) => self.holds_moment(it.and_hms_opt(0, 0, 0).unwrap_or_default()),
            Value::DateTime(it) => self.holds_moment(*it),
            // What is written of it where the column has no offset.
            Value::DateTimeOffset(it) => self.holds_moment(it.naive_local()),
        }
    }

    /// A number of which so many digits stand behind the point.
    pub(crate) fn holds_exact(&self, mantissa: i128, scale: u32) -> bool {
        match &self.limit {
            Limit::Whole(lo, hi) => {
                let whole = 10_i128.checked_pow(scale).map_or(0, |unit| mantissa / unit);
                (i128::from(*lo)..=i128::from(*hi)).contains(&whole)
            }
            Limit::Digits(before, _) => {
                let digits = u32::try_from(*before).unwrap_or(u32::MAX).saturating_add(scale);
                10_u128.checked_pow(digits).is_none_or(|first| mantissa.unsigned_abs() < first)
            }
            // What lies within the last digit of so large a number is left to the server.
            Limit::Magnitude(_) => {
                let number = format!("{mantissa}e-{scale}").parse();
                number.is_ok_and(|it| self.holds_float(it))
            }
            Limit::Moments(..) => true,
        }
    }

    fn holds_float(&self, number: f64) -> bool {
        match &self.limit {
            Limit::Digits(before, _) => {
                number.abs() < 10_f64.powi(i32::try_from(*before).unwrap_or(i32::MAX))
            }
            Limit::Magnitude(most) => number.abs() <= *most,
            // The check before the run lets no `float` into them.
            Limit::Whole(..) | Limit::Moments(..) => true,
        }
    }

    fn holds_moment(&self, moment: NaiveDateTime) -> bool {
        match &self.limit {
            Limit::Moments(first, last) => (first..=last).contains(&&moment),
            Limit::Whole(..) | Limit::Digits(..) | Limit::Magnitude(_) => true,
        }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.type_name;
        match &self.limit {
            Limit::Whole(lo, hi) => write!(f, "{name}, {lo} to {hi}"),
            Limit::Digits(before, behind) => {
                let most = match (before, behind) {
                    (before, 0) => "9".repeat(*before),
                    (0, behind) => format!("0.{}", "9".repeat(*behind)),
                    (before, behind) => format!("{}.{}", "9".repeat(*before), "9".repeat(*behind)),
                };
                write!(f, "{name}, -{most} to {most}")
            }
            Limit::Magnitude(most) => write!(f, "{name}, -{most} to {most}"),
            Limit::Moments(first, last) => write!(f, "{name}, {} to {}", first.date(), last.date()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bound(type_name: &str, precision: i32, scale: i32) -> Bound {
        Bound::of(&CatalogColumn::of_type(type_name, precision, scale)).expect("a bound")
    }

    fn moment(text: &str) -> Value {
        Value::DateTime(text.parse().expect("a moment"))
    }

    #[test]
    fn columns_hold_what_they_hold() {
        let check = |bound: &Bound, value: Value, expected: bool| {
            assert_eq!(bound.holds(&value), expected, "{value:?} in {bound}");
        };
        let tinyint = bound("tinyint", 0, 0);
        check(&tinyint, Value::Int(255), true);
        check(&tinyint, Value::Int(256), false);
        check(&tinyint, Value::Int(-1), false);
        check(&tinyint, Value::Null, true);
        check(&bound("smallint", 0, 0), Value::Int(-32_769), false);
        check(&bound("int", 0, 0), Value::Int(1 << 31), false);
        check(&bound("bigint", 0, 0), Value::Int(i64::MIN), true);
        let decimal = bound("decimal", 5, 2);
        check(&decimal, Value::Int(999), true);
        check(&decimal, Value::Int(1000), false);
        check(&decimal, Value::Float(-999.99), true);
        check(&decimal, Value::Float(-1e30), false);
        check(&bound("decimal", 2, 2), Value::Float(0.25), true);
        check(&bound("decimal", 2, 2), Value::Float(1.25), false);
        check(&bound("smallmoney", 0, 0), Value::Int(214_749), false);
        check(&bound("money", 0, 0), Value::Int(214_749), true);
        check(&bound("real", 0, 0), Value::Float(1e39), false);
        check(&bound("smalldatetime", 0, 0), moment("1899-12-31T23:59:59"), false);
        check(&bound("smalldatetime", 0, 0), moment("2079-06-06T23:59:29"), true);
        check(&bound("smalldatetime", 0, 0), moment("2079-06-06T23:59:30"), false);
        check(&bound("datetime", 0, 0), moment("1752-12-31T00:00:00"), false);
        check(&bound("datetime", 0, 0), moment("9999-12-31T23:59:59.999"), false);
        let day = Value::Date(NaiveDate::from_ymd_opt(1899, 12, 30).expect("a day"));
        check(&bound("smalldatetime", 0, 0), day.clone(), false);
        check(&bound("date", 0, 0), day, true);
        assert_eq!(Bound::of(&CatalogColumn::of_type("nvarchar", 0, 0)), None);
        assert_eq!(Bound::of(&CatalogColumn::of_type("float", 0, 0)), None);
    }

    #[test]
    fn bounds_are_said() {
        assert_eq!(bound("tinyint", 0, 0).to_string(), "tinyint, 0 to 255");
        assert_eq!(bound("decimal", 5, 2).to_string(), "decimal(5,2), -999.99 to 999.99");
        assert_eq!(bound("decimal", 2, 2).to_string(), "decimal(2,2), -0.99 to 0.99");
        assert_eq!(
            bound("smalldatetime", 0, 0).to_string(),
            "smalldatetime, 1900-01-01 to 2079-06-06"
        );
    }
}
