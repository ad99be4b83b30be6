//! Compiles tables in which each mapping is a row: those of `add_row`, and the reference's own types as cases of it.

use std::collections::BTreeSet;

use super::Compiler;
use super::sources::RowOf;
use crate::contract::{Mapping, RowPart, RowTemplate, Scalar, Step, When};
use crate::decimal::DIGITS_MAX;
use crate::number::{self, Number};
use crate::program::{Entry, EntryPart, KeyValueProgram, Source, TableProgram};
use crate::table::{Column, DataType};
use crate::value::Value;

const TEXT: DataType = DataType::Text { units_max: None };

/// What each row of a table looks like.
#[derive(Debug)]
struct Shape {
    columns: Vec<Column>,
    /// The columns that are the key, the application's id apart.
    key: Vec<usize>,
    /// Columns that no mapping has given a value so far, so that they have no type.
    untyped: BTreeSet<String>,
}

impl Compiler<'_, '_> {
    pub(super) fn key_values(
        &mut self,
        name: &str,
        mappings: &[&Mapping],
    ) -> Option<(Vec<Column>, TableProgram)> {
        let mut entries = Vec::new();
        let mut shape: Option<Shape> = None;
        let notes = self.policy_notes(mappings);
        for mapping in mappings {
            let step = mapping.steps.iter().find(|step| step.makes_rows_alone())?;
            let Some(template) = template(step, mapping) else { continue };
            let shape = match &mut shape {
                Some(shape) => {
                    self.join_shape(shape, &template, name, mapping)?;
                    shape
                }
                none => none.insert(self.shape(&template, mapping)),
            };
            let mut parts = self.parts(&template, shape, mapping);
            if let Step::PolicyException(_) = step {
                let column = shape.columns.len() - 1;
                parts.extend(notes.clone().map(|notes| (column, EntryPart::Text(notes))));
            }
            // Warnings name the column that the value goes to.
            let value = parts.iter().find(|(_, part)| matches!(part, EntryPart::Value));
            let column = value.map_or(1, |(place, _)| *place);
            let cell = if *step == Step::AddRow {
                self.cell(mapping, column, RowOf::Application)
            } else {
                let data_type = if is_score(step) { mapping.data_type } else { TEXT };
                let source = self.source(mapping, RowOf::Application);
                Self::bare_cell(mapping, source, column, data_type)
            };
            entries.push(Entry { when: template.when, cell, parts });
        }
        let Some(Shape { columns, key, .. }) = shape else {
            let reason = format!("nothing makes rows of `{name}`");
            self.problems.add("mappings", reason, "add a mapping like `policy_exceptions(630)`");
            return None;
        };
        let program = KeyValueProgram { entries, key_columns: key };
        Some((columns, TableProgram::KeyValue(program)))
    }

    /// Places what the columns of a row get.
    fn parts(
        &mut self,
        template: &RowTemplate,
        shape: &Shape,
        mapping: &Mapping,
    ) -> Vec<(usize, EntryPart)> {
        let mut parts = Vec::new();
        for (column, part) in &template.columns {
            let place = shape.columns.iter().position(|known| known.name == *column);
            let place = place.expect("the shape has the columns of the row");
            let part = match part {
                RowPart::Nothing => continue,
                RowPart::Literal(scalar) => EntryPart::Literal(literal(scalar)),
                RowPart::Value => EntryPart::Value,
                RowPart::Attribute(attribute) => {
                    EntryPart::Text(self.source_beside(mapping, attribute))
                }
            };
            parts.push((place, part));
        }
        parts
    }

    fn policy_notes(&mut self, mappings: &[&Mapping]) -> Option<Source> {
        let mapping = mappings.iter().find(|mapping| mapping.has(&Step::PolicyException(None)))?;
        Some(self.source(mapping, RowOf::Application))
    }

    /// The columns of the first row of a table: the application's id, the key, the others.
    fn shape(&self, template: &RowTemplate, mapping: &Mapping) -> Shape {
        let is_key = |name: &String| template.key.contains(name);
        let others = template.columns.iter().filter(|(name, _)| !is_key(name));
        let mut columns = vec![self.app_id_column(false)];
        for name in template.key.iter().chain(others.map(|(name, _)| name)) {
            let part = template.columns.iter().find(|(known, _)| known == name);
            let data_type = part.map_or(TEXT, |(_, part)| type_of(part, mapping));
            let is_value = part.is_some_and(|(_, part)| matches!(part, RowPart::Value));
            let nullable = !is_key(name) && (mapping.nullable || !is_value);
            columns.push(Column { name: name.clone(), data_type, nullable, identity: false });
        }
        let key = (1..=template.key.len()).collect();
        let untyped = template.columns.iter().filter(|(_, part)| matches!(part, RowPart::Nothing));
        Shape { columns, key, untyped: untyped.map(|(name, _)| name.clone()).collect() }
    }

    /// Makes sure that another row has the same columns and key.
    fn join_shape(
        &mut self,
        shape: &mut Shape,
        template: &RowTemplate,
        name: &str,
        mapping: &Mapping,
    ) -> Option<()> {
        let known = |wanted: &String| shape.columns[1..].iter().any(|it| it.name == *wanted);
        let same_columns = template.columns.len() == shape.columns.len() - 1
            && template.columns.iter().all(|(column, _)| known(column));
        let same_key = template.key.len() == shape.key.len()
            && shape.key.iter().all(|place| template.key.contains(&shape.columns[*place].name));
        if !same_columns || !same_key {
            let reason = format!("the other mappings of `{name}` make rows in another way");
            let suggestion = "use a table of its own";
            self.problems.add(format!("{}.mapping_type", mapping.at), reason, suggestion);
            return None;
        }
        for (column, part) in &template.columns {
            if matches!(part, RowPart::Nothing) {
                continue;
            }
            let data_type = type_of(part, mapping);
            let known = shape.columns.iter_mut().find(|known| known.name == *column)?;
            match wider(known.data_type, data_type) {
                _ if shape.untyped.remove(column) => known.data_type = data_type,
                Some(wider) => known.data_type = wider,
                None if mapping.row.is_none() => {}
                None => {
                    let reason = format!(
                        "this is {data_type}, but `{column}` is {} in another mapping",
                        known.data_type
                    );
                    let at = format!("{}.row.{column}", mapping.at);
                    self.problems.add(at, reason, "give the column one type");
                }
            }
        }
        Some(())
    }
}

/// The row that a step makes; `None` for what only adds to other rows. Those of the reference are fixed, key first.
pub(crate) fn template(step: &Step, mapping: &Mapping) -> Option<RowTemplate> {
    let text = |text: &str| {
        let text = text.to_owned();
        if text.is_empty() { RowPart::Nothing } else { RowPart::Literal(Scalar::Text(text)) }
    };
    let fixed = |when, n_keys: usize, columns: &[(&str, RowPart)]| RowTemplate {
        columns: columns.iter().map(|(name, part)| ((*name).to_owned(), part.clone())).collect(),
        when,
        key: columns[..n_keys].iter().map(|(name, _)| (*name).to_owned()).collect(),
    };
    match step {
        // A score that is no number by its type is whatever is there.
        Step::AddScore(identifier) => Some(fixed(
            if mapping.data_type.is_number() { When::Number } else { When::Filled },
            1,
            &[("score_identifier", text(identifier)), ("score", RowPart::Value)],
        )),
        Step::AddIndicator(name) => {
            Some(fixed(When::True, 1, &[("indicator", text(name)), ("value", text("1"))]))
        }
        Step::AddHistory => Some(fixed(
            When::Known,
            2,
            &[
                ("name", text(&format!("[{}]", mapping.attribute))),
                ("source", text(&format!("[{}]", mapping.element()))),
                ("value", RowPart::Value),
            ],
        )),
        Step::AddReportLookup(key) => Some(fixed(
            When::Filled,
            1,
            &[
                ("name", text(&mapping.attribute)),
                ("value", RowPart::Value),
                ("source_report_key", text(key)),
            ],
        )),
        Step::PolicyException(Some(number)) => Some(fixed(
            When::Filled,
            1,
            &[
                (
                    "policy_exception_type_enum",
                    RowPart::Literal(Scalar::Number(number.to_string())),
                ),
                ("reason_code", RowPart::Value),
                ("notes", RowPart::Nothing),
            ],
        )),
        Step::AddRow => mapping.row.clone(),
        Step::PolicyException(None)
        | Step::Warranty(_)
        | Step::Collateral(_)
        | Step::RowGroup(..)
        | Step::RowNumber
        | Step::Enum
        | Step::CharToBit
        | Step::BooleanToBit
        | Step::NumbersOnly
        | Step::IdentityInsert
        | Step::LastValidPrimary
        | Step::LastValidSecondary
        | Step::LastSecondary
        | Step::CurrentAddress
        | Step::Calculated
        | Step::NowIfNull
        | Step::Convert => None,
    }
}

/// The value of a literal.
fn literal(scalar: &Scalar) -> Value {
    match scalar {
        Scalar::Text(text) => Value::Text(text.clone()),
        Scalar::Flag(flag) => Value::Bit(*flag),
        Scalar::Number(text) => match number::read(text).number().map(Number::rounded) {
            Some(number) if number.scale() == 0 => {
                i64::try_from(number.mantissa()).map_or(Value::Decimal(number), Value::Int)
            }
            Some(number) => Value::Decimal(number),
            None => Value::Text(text.clone()),
        },
    }
}

/// The type of the column that a part goes to.
fn type_of(part: &RowPart, mapping: &Mapping) -> DataType {
    let literal = match part {
        RowPart::Nothing | RowPart::Attribute(_) => return TEXT,
        RowPart::Value if mapping.row.is_some() || mapping.steps.iter().any(is_score) => {
            return mapping.data_type;
        }
        RowPart::Value => return TEXT,
        RowPart::Literal(scalar) => literal(scalar),
    };
    match literal {
        Value::Bit(_) => DataType::Bit,
        Value::Int(int) if i16::try_from(int).is_ok() => DataType::SmallInt,
        Value::Int(int) if i32::try_from(int).is_ok() => DataType::Int,
        Value::Int(_) => DataType::BigInt,
        Value::Decimal(decimal) => {
            DataType::Decimal { precision: DIGITS_MAX, scale: decimal.scale() }
        }
        Value::Null
        | Value::Float(_)
        | Value::Text(_)
        | Value::Date(_)
        | Value::DateTime(_)
        | Value::DateTimeOffset(_) => TEXT,
    }
}

/// The type that holds values of both, if there is one.
fn wider(left: DataType, right: DataType) -> Option<DataType> {
    let integers = [DataType::TinyInt, DataType::SmallInt, DataType::Int, DataType::BigInt];
    let rank = |wanted| integers.iter().position(|known| *known == wanted);
    match (left, right) {
        (DataType::Decimal { scale, .. }, DataType::Decimal { scale: other, .. }) => {
            Some(DataType::Decimal { precision: DIGITS_MAX, scale: scale.max(other) })
        }
        (DataType::Text { .. }, DataType::Text { .. }) if left != right => Some(TEXT),
        _ if left == right => Some(left),
        _ => Some(integers[rank(left)?.max(rank(right)?)]),
    }
}

fn is_score(step: &Step) -> bool {
    matches!(step, Step::AddScore(_))
}
