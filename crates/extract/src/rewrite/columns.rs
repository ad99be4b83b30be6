//! The columns of a table and what fills them.

use super::Rewriter;
use super::sources::Source;
use super::toml::{inline, key, list, quote};
use crate::contract::{Mapping, Rule, Scalar, Step};
use crate::table::DataType;

/// What the rows of a table are made of.
#[derive(Debug, Clone, Copy)]
pub(super) enum RowOf<'c> {
    Application,
    Contact(&'c Rule),
    Element(&'c Rule),
}

/// Whether the value of a column makes a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counts {
    /// Where it is one of the document.
    Value,
    /// Always.
    Always,
}

/// A column and the keys of what fills it.
#[derive(Debug, Clone)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) keys: Vec<(&'static str, String)>,
    pub(super) counts: Counts,
    /// A zero and a flag that is not set are less than a value.
    pub(super) is_number: bool,
    /// The default is a value that counts in itself.
    pub(super) default_counts: bool,
    pub(super) remarks: Vec<String>,
}

impl Column {
    pub(super) fn set(&mut self, name: &'static str, value: String) {
        self.keys.retain(|(known, _)| *known != name);
        self.keys.push((name, value));
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.keys.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    /// Writes what fills the column.
    pub(super) fn value(&self) -> String {
        match self.keys.as_slice() {
            [("from", path)] => path.clone(),
            keys => {
                let parts: Vec<String> =
                    keys.iter().map(|(name, value)| format!("{name} = {value}")).collect();
                inline(&parts)
            }
        }
    }
}

/// Writes columns as the block of their table.
pub(super) fn block(columns: &[Column]) -> String {
    let mut text = String::from("[table.columns]\n");
    for column in columns {
        for remark in &column.remarks {
            text.push_str(&format!("# {remark}\n"));
        }
        text.push_str(&format!("{} = {}\n", key(&column.name), column.value()));
    }
    text.push('\n');
    text
}

/// The type as T-SQL writes it.
pub(super) fn type_text(data_type: DataType) -> String {
    match data_type {
        DataType::Text { units_max: None } => "nvarchar(max)".to_owned(),
        DataType::Text { units_max: Some(n) } => format!("nvarchar({n})"),
        DataType::TinyInt => "tinyint".to_owned(),
        DataType::SmallInt => "smallint".to_owned(),
        DataType::Int => "int".to_owned(),
        DataType::BigInt => "bigint".to_owned(),
        DataType::Decimal { precision, scale } => format!("decimal({precision},{scale})"),
        DataType::Float => "float".to_owned(),
        DataType::Bit => "bit".to_owned(),
        DataType::Date => "date".to_owned(),
        DataType::DateTime => "datetime".to_owned(),
        DataType::SmallDateTime => "smalldatetime".to_owned(),
        DataType::DateTime2 => "datetime2".to_owned(),
        DataType::DateTimeOffset => "datetimeoffset".to_owned(),
        DataType::Time => "time".to_owned(),
        DataType::Uuid => "uniqueidentifier".to_owned(),
        DataType::Binary => "varbinary(max)".to_owned(),
        DataType::Xml => "xml".to_owned(),
    }
}

fn is_whole(data_type: DataType) -> bool {
    data_type.integer_range().is_some()
}

fn is_number(data_type: DataType) -> bool {
    is_whole(data_type)
        || matches!(data_type, DataType::Decimal { .. } | DataType::Float | DataType::Bit)
}

/// What the steps of a mapping do, in the one order that format 2 has: the digits, the code, the type.
#[derive(Debug, Default)]
struct Chain {
    numbers: bool,
    codes: Option<Codes>,
    calculates: bool,
    fetched: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Codes {
    Enum,
    Chars,
    Booleans,
}

impl Codes {
    fn of(step: &Step) -> Option<Self> {
        let known = [
            (Step::Enum, Self::Enum),
            (Step::CharToBit, Self::Chars),
            (Step::BooleanToBit, Self::Booleans),
        ];
        known.into_iter().find(|(known, _)| known == step).map(|(_, codes)| codes)
    }
}

impl Chain {
    /// Reads the steps; `None` where they stand in an order that format 2 does not have.
    fn of(steps: &[Step]) -> Option<Self> {
        let mut chain = Self::default();
        for step in steps {
            if let Some(codes) = Codes::of(step) {
                if chain.codes.is_some() || (chain.calculates && codes != Codes::Enum) {
                    return None;
                }
                chain.codes = Some(codes);
            } else if *step == Step::NumbersOnly {
                if chain.codes.is_some() || chain.calculates {
                    return None;
                }
                chain.numbers = true;
            } else if *step == Step::Calculated {
                if chain.codes.is_some() || chain.numbers {
                    return None;
                }
                chain.calculates = true;
            } else {
                chain.fetched |= [
                    Step::LastValidPrimary,
                    Step::LastValidSecondary,
                    Step::LastSecondary,
                    Step::CurrentAddress,
                ]
                .contains(step);
            }
        }
        Some(chain)
    }
}

impl Rewriter<'_, '_> {
    /// Writes a mapping of a column.
    pub(super) fn column(&mut self, mapping: &Mapping, row_of: RowOf<'_>) -> Column {
        let data_type = mapping.data_type;
        let mut column = Column {
            name: mapping.column.clone(),
            keys: Vec::new(),
            counts: Counts::Value,
            is_number: is_number(data_type),
            default_counts: false,
            remarks: Vec::new(),
        };
        let Some(chain) = Chain::of(&mapping.steps) else {
            let way = "split the mapping, or leave the column in format 1";
            self.cannot(mapping, "mapping_type", "format 2 has no such order of steps", way);
            return column;
        };
        let source = self.source(mapping, &mapping.attribute, row_of);
        if chain.calculates {
            let before = self.remarks.len();
            let text = self.calculated(mapping, row_of, &chain, &source);
            column.set("expr", quote(&text));
            let prefix = format!("{}.{}: ", mapping.table, mapping.column);
            let remarks = self.remarks[before..].iter();
            column.remarks =
                remarks.map(|it| it.strip_prefix(&prefix).unwrap_or(it).to_owned()).collect();
        } else {
            self.fill(mapping, &source, &chain, &mut column);
        }
        column.set("type", quote(&type_text(data_type)));
        self.default(mapping, &chain, &mut column);
        if !mapping.nullable {
            column.set("required", "true".to_owned());
        }
        column
    }

    /// Writes where a value comes from and how it is read.
    fn fill(&mut self, mapping: &Mapping, source: &Source, chain: &Chain, column: &mut Column) {
        let data_type = mapping.data_type;
        let mut from = source.from();
        // A blank flag of a contact is not set, a missing one is nothing.
        let is_bit = matches!(chain.codes, Some(Codes::Chars | Codes::Booleans));
        if is_bit && chain.fetched {
            let words = if chain.codes == Some(Codes::Chars) {
                &self.contract.char_to_bit
            } else {
                &self.contract.boolean_to_bit
            };
            let no = words.iter().find(|(word, bit)| !**bit && !word.trim().is_empty());
            match no {
                Some((word, _)) => {
                    let is_there: Vec<String> = source
                        .alternatives
                        .iter()
                        .map(super::sources::Alternative::exists)
                        .collect();
                    let blank = inline(&[
                        format!("when = {}", quote(&is_there.join(" or "))),
                        format!("value = {}", quote(word)),
                    ]);
                    let mut all = source.each();
                    all.push(blank);
                    from = list(&all);
                }
                None => column
                    .remarks
                    .push("a blank flag is NULL here; format 1 took it for 0".to_owned()),
            }
        }
        column.set("from", from);
        if let Some(pick) = source.pick {
            column.set("pick", quote(pick));
        }
        if source.is_text {
            column.set("join", quote(""));
            column.remarks.push(
                "where elements stand in the text, blanks are taken off around each piece of it"
                    .to_owned(),
            );
        }
        let mut reading = Vec::new();
        if source.is_exact {
            reading.push("attributes = \"exact\"".to_owned());
        }
        let is_text = matches!(data_type, DataType::Text { .. });
        let reads_first = chain.numbers && !is_text
            || mapping.steps.iter().all(Step::makes_rows) && is_whole(data_type);
        if reads_first && chain.codes.is_none() {
            reading.push("numbers = \"first\"".to_owned());
        }
        if chain.numbers && is_text {
            column.set("digits", "true".to_owned());
        }
        if !reading.is_empty() {
            column.set("reading", inline(&reading));
        }
        let codes = match chain.codes {
            Some(codes) => Some(self.codes(mapping, codes)),
            None if data_type == DataType::Bit => Some(self.flags()),
            None => None,
        };
        if let Some(codes) = codes {
            column.set("codes", quote(&codes));
        }
    }

    /// Writes the conversion table of a mapping and returns its name.
    fn codes(&mut self, mapping: &Mapping, codes: Codes) -> String {
        let bits = match codes {
            Codes::Enum => {
                let name = mapping.enum_key().to_owned();
                let table = self.contract.enums.get(&name);
                let entries: Vec<(String, String)> = table
                    .into_iter()
                    .flatten()
                    .filter(|(code, _)| !code.is_empty())
                    .map(|(code, value)| (code.clone(), scalar(value)))
                    .collect();
                let default = table.and_then(|table| table.get("")).map(scalar);
                self.code_table(&name, &entries, default.as_deref());
                return name;
            }
            Codes::Chars => ("char_to_bit", &self.contract.char_to_bit),
            Codes::Booleans => ("boolean_to_bit", &self.contract.boolean_to_bit),
        };
        let (name, table) = bits;
        let entries: Vec<(String, String)> = table
            .iter()
            .filter(|(code, _)| !code.trim().is_empty())
            .map(|(code, bit)| (code.clone(), u8::from(*bit).to_string()))
            .collect();
        self.code_table(name, &entries, Some("0"));
        name.to_owned()
    }

    /// The flags of columns that have no conversion: all is set but a few words.
    fn flags(&mut self) -> String {
        let words = [("0", "false", "n", "no"), ("1", "true", "y", "yes")];
        let mut entries: Vec<(String, String)> = Vec::new();
        for ((a, b, c, d), bit) in words.into_iter().zip(["0", "1"]) {
            entries.extend([a, b, c, d].map(|word| (word.to_owned(), bit.to_owned())));
        }
        entries.push(("t".to_owned(), "1".to_owned()));
        self.code_table("flag", &entries, Some("1"));
        "flag".to_owned()
    }

    /// Writes what stands where there is no value, and finds out what that says of the row.
    fn default(&mut self, mapping: &Mapping, chain: &Chain, column: &mut Column) {
        let own = mapping.default.as_ref().filter(|default| !default.as_text().is_empty());
        let if_needed = own.filter(|_| !mapping.nullable);
        let is_excluded = mapping.exclude_default;
        let default: Option<String> = match chain.codes {
            Some(Codes::Enum) => {
                let table = self.contract.enums.get(mapping.enum_key());
                let other = table.and_then(|table| table.get(""));
                if let Some(other) = other {
                    let is_own = own.is_some_and(|own| own.as_text() == other.as_text());
                    let counts = match own {
                        Some(_) => !is_own,
                        None => !is_excluded,
                    };
                    if counts {
                        column.counts = Counts::Always;
                    }
                }
                other.or(if_needed).map(|it| it.as_text().to_owned())
            }
            Some(Codes::Chars | Codes::Booleans) if chain.fetched => {
                if_needed.map(|it| it.as_text().to_owned())
            }
            Some(Codes::Chars | Codes::Booleans) => {
                let is_zero = own.is_some_and(|own| own.as_text() == "0");
                if !(is_excluded && is_zero) {
                    column.counts = Counts::Always;
                }
                Some("0".to_owned())
            }
            None if chain.calculates || mapping.has(&Step::NowIfNull) => {
                if_needed.map(|it| it.as_text().to_owned())
            }
            None => {
                let blank = own.filter(|own| own.is_truthy());
                let may_not_read =
                    chain.numbers || !matches!(mapping.data_type, DataType::Text { .. });
                if mapping.nullable && blank.is_some() && may_not_read {
                    // What does not read is NULL all the same.
                    column.set("on_error", quote("null"));
                }
                let text = blank.or(if_needed).map(|it| it.as_text().to_owned());
                let is_digits = chain.numbers && matches!(mapping.data_type, DataType::Text { .. });
                match text {
                    Some(text) if is_digits => {
                        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
                        (!digits.is_empty()).then_some(digits)
                    }
                    text => text,
                }
            }
        };
        if let Some(default) = default {
            let is_zero = crate::number::read(&default)
                .number()
                .is_some_and(|number| number.rounded().is_zero());
            let says = !(column.is_number && is_zero);
            column.default_counts = says && !is_excluded;
            column.set("default", quote(&default));
        }
    }

    fn calculated(
        &mut self,
        mapping: &Mapping,
        row_of: RowOf<'_>,
        chain: &Chain,
        source: &Source,
    ) -> String {
        let expr = self.expression(mapping, row_of);
        if chain.codes.is_none() {
            return expr;
        }
        // Where the expression has no value, the code of the attribute counts.
        let table = self.contract.enums.get(mapping.enum_key());
        let Some(path) = source.only() else {
            let way = "take a mapping of its own for one of them";
            self.cannot(mapping, "mapping_type", "the code is looked for in several places", way);
            return expr;
        };
        let is_text = matches!(mapping.data_type, DataType::Text { .. });
        let value = |value: &Scalar| {
            if is_text { sql_text(value.as_text()) } else { value.as_text().to_owned() }
        };
        let mut case = String::new();
        for (code, scalar) in table.into_iter().flatten().filter(|(code, _)| !code.is_empty()) {
            case.push_str(&format!(
                " WHEN {} THEN {}",
                sql_text(&code.to_lowercase()),
                value(scalar)
            ));
        }
        let other = table.and_then(|table| table.get(""));
        if case.is_empty() {
            return match other {
                Some(other) => format!("COALESCE({expr}, {})", value(other)),
                None => expr,
            };
        }
        let otherwise = other.map(|it| format!(" ELSE {}", value(it))).unwrap_or_default();
        format!("COALESCE({expr}, CASE LOWER([{path}]){case}{otherwise} END)")
    }
}

/// Writes a value of the contract.
pub(super) fn scalar(scalar: &Scalar) -> String {
    match scalar {
        Scalar::Number(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => text.clone(),
        Scalar::Text(_) | Scalar::Number(_) | Scalar::Flag(_) => quote(scalar.as_text()),
    }
}

/// Writes a text as T-SQL does.
pub(super) fn sql_text(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
