//! Types of values: from a simple type of a schema, with its facets, to a type of SQL Server.

use crate::values::{SqlType, text_with_room};
use crate::xsd::{SCHEMA, Schema};

/// Simple types that are derived from each other; more is a circle.
const DERIVATIONS_MAX: usize = 64;
/// Lengths of what has a lexical form of its own, such as `P1Y2M` or `--12-31`.
const SHORT_TEXT: u32 = 50;

/// What the derivations of a type say, the innermost first.
#[derive(Debug, Default, Clone, Copy)]
struct Facets {
    units_max: Option<u32>,
    total_digits: Option<u32>,
    fraction_digits: Option<u32>,
    whole_digits: Option<u32>,
    longest_word: Option<u32>,
}

impl Schema {
    /// The type of SQL Server for the simple type at an item, or for the one that a name stands for there.
    pub(crate) fn sql_type(&self, at: usize, name: Option<&str>) -> SqlType {
        let mut facets = Facets::default();
        let (mut at, mut name) = (at, name.map(|name| self.name(at, name)));
        for _ in 0..DERIVATIONS_MAX {
            if let Some(found) = &name {
                if found.0 == SCHEMA {
                    return builtin(&found.1, facets);
                }
                match self.global("type", found) {
                    Some(id) => at = id,
                    None => return SqlType::Text(None),
                }
            }
            let children = self.items[at].children.iter().copied();
            let Some(restriction) =
                children.into_iter().find(|id| self.items[*id].tag == "restriction")
            else {
                // A list or a union: whatever its parts are, text holds it.
                return SqlType::Text(None);
            };
            self.facets(restriction, &mut facets);
            match self.items[restriction].get("base") {
                Some(base) => name = Some(self.name(restriction, base)),
                None => {
                    let inner = self.items[restriction].children.iter().copied();
                    let inner = inner.into_iter().find(|id| self.items[*id].tag == "simpleType");
                    let Some(inner) = inner else {
                        return SqlType::Text(None);
                    };
                    (at, name) = (inner, None);
                }
            }
        }
        SqlType::Text(None)
    }

    fn facets(&self, restriction: usize, facets: &mut Facets) {
        let mut longest_word = None;
        for facet in self.items[restriction].children.iter().map(|id| &self.items[*id]) {
            let value = facet.get("value").unwrap_or_default();
            let number = value.parse().ok();
            match facet.tag.as_str() {
                "maxLength" | "length" => facets.units_max = facets.units_max.or(number),
                "totalDigits" => facets.total_digits = facets.total_digits.or(number),
                "fractionDigits" => facets.fraction_digits = facets.fraction_digits.or(number),
                "maxInclusive" | "maxExclusive" => {
                    let whole = value.split('.').next().unwrap_or_default();
                    let digits = whole.bytes().filter(u8::is_ascii_digit).count();
                    facets.whole_digits = facets.whole_digits.or(u32::try_from(digits).ok());
                }
                "enumeration" => {
                    let units = u32::try_from(value.encode_utf16().count()).unwrap_or(u32::MAX);
                    longest_word = longest_word.max(Some(units));
                }
                // Patterns and whitespace say nothing about the size.
                _ => {}
            }
        }
        facets.longest_word = facets.longest_word.or(longest_word);
    }
}

fn builtin(name: &str, facets: Facets) -> SqlType {
    match name {
        "boolean" => SqlType::Bit,
        "decimal" => decimal(facets),
        "byte" | "short" | "int" | "unsignedByte" | "unsignedShort" => SqlType::Int,
        "long" | "unsignedInt" => SqlType::BigInt,
        "integer" | "nonNegativeInteger" | "positiveInteger" | "nonPositiveInteger"
        | "negativeInteger" | "unsignedLong" => match facets.total_digits.or(facets.whole_digits) {
            Some(digits) if digits <= 9 => SqlType::Int,
            Some(digits) if digits <= 18 => SqlType::BigInt,
            Some(_) | None => SqlType::Decimal { precision: 38, scale: 0 },
        },
        "float" | "double" => SqlType::Float,
        "date" => SqlType::Date,
        "dateTime" | "dateTimeStamp" => SqlType::DateTimeOffset,
        // A time may have an offset, which `time` has no place for.
        "time" | "duration" | "gYear" | "gYearMonth" | "gMonth" | "gMonthDay" | "gDay"
        | "dayTimeDuration" | "yearMonthDuration" => SqlType::Text(Some(SHORT_TEXT)),
        _ => match (facets.units_max, facets.longest_word) {
            // A schema that states a length means it: no room beyond.
            (Some(units @ 1..=4000), _) => SqlType::Text(Some(units)),
            (Some(_), _) => SqlType::Text(None),
            (None, Some(units)) => text_with_room(units),
            (None, None) => SqlType::Text(None),
        },
    }
}

fn decimal(facets: Facets) -> SqlType {
    match (facets.total_digits, facets.fraction_digits) {
        // `totalDigits` counts all digits, so that as many may stand before the point.
        (Some(total @ 1..=38), Some(scale)) if total + scale <= 38 && scale <= total => {
            let precision = if facets.whole_digits.is_some() { total } else { total + scale };
            SqlType::Decimal { precision, scale }
        }
        (_, Some(0)) => SqlType::Decimal { precision: 38, scale: 0 },
        (_, Some(scale @ 1..=18)) => SqlType::Decimal { precision: 38, scale },
        (_, _) => SqlType::Decimal { precision: 38, scale: 10 },
    }
}
