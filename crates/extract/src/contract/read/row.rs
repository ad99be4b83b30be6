//! Reads what the rows of `add_row` look like.

use std::collections::BTreeMap;

use super::json::{Object, Reader, join};
use crate::contract::spelling::WHENS;
use crate::contract::{RowPart, RowTemplate, Scalar, Step, When};
use crate::number;

impl Reader<'_> {
    /// Reads the row of a mapping; `None` if its type makes none.
    pub(super) fn row(
        &mut self,
        object: &Object,
        at: &str,
        steps: &[Step],
        path: &[String],
        attribute: &str,
    ) -> Option<RowTemplate> {
        if !steps.contains(&Step::AddRow) {
            for key in ["row", "when", "key"] {
                if object.contains_key(key) {
                    let reason = format!("`{key}` is for the mapping type `add_row`");
                    self.problems.add(join(at, key), reason, "add `add_row`, or remove it");
                }
            }
            return None;
        }
        let row_at = join(at, "row");
        let mut columns = BTreeMap::new();
        match self.optional_object(object, at, "row") {
            Some(row) if !row.is_empty() => {
                for (column, json) in row {
                    let at = join(&row_at, column);
                    self.check_printable(column, &at);
                    let scalar = self.scalar(Some(json), &at);
                    let part = scalar.map_or(RowPart::Nothing, |scalar| {
                        self.row_part(
                            scalar,
                            &at,
                            path.last().map_or("", String::as_str),
                            attribute,
                        )
                    });
                    columns.insert(column.clone(), part);
                }
            }
            found => {
                if found.is_some() || object.get("row").is_none_or(serde_json::Value::is_null) {
                    let reason = "`add_row` needs the columns of its row";
                    self.problems.add(&row_at, reason, "add `row`: { \"column\": \"$value\" }");
                }
            }
        }
        let key = self.optional_texts(object, at, "key");
        for column in key.iter().filter(|column| !columns.contains_key(*column)) {
            let reason = format!("`row` has no column `{column}`");
            self.problems.add(join(at, "key"), reason, "name columns of `row`");
        }
        let when = self.word(object, at, "when", WHENS).unwrap_or(When::Filled);
        Some(RowTemplate { columns: columns.into_iter().collect(), when, key })
    }

    /// Reads what a column of a row gets: `$value`, `$@attribute` or text in which `$attribute` and `$element` stand for
    /// names.
    fn row_part(&mut self, scalar: Scalar, at: &str, element: &str, attribute: &str) -> RowPart {
        if let Scalar::Number(number) = &scalar
            && number::read(number).number().is_none()
        {
            self.problems.add(at, "this number is too large", "write it in quotes");
        }
        let Scalar::Text(text) = &scalar else { return RowPart::Literal(scalar) };
        if text == "$value" {
            return RowPart::Value;
        }
        if let Some(other) = text.strip_prefix("$@") {
            return RowPart::Attribute(other.trim().to_owned());
        }
        let mut literal = String::new();
        let mut rest = text.as_str();
        while let Some((before, after)) = rest.split_once('$') {
            literal.push_str(before);
            let names = [("$", "$"), ("attribute", attribute), ("element", element)];
            let known = names
                .iter()
                .find_map(|(word, meant)| after.strip_prefix(word).map(|rest| (*meant, rest)));
            let Some((meant, after)) = known else {
                let reason = "`$` that begins no known word";
                let suggestion =
                    "write `$value`, `$attribute`, `$element`, `$@name`, or `$$` for the sign";
                self.problems.add(at, reason, suggestion);
                return RowPart::Nothing;
            };
            literal.push_str(meant);
            rest = after;
        }
        literal.push_str(rest);
        let literal = literal.trim();
        if literal.is_empty() {
            return RowPart::Nothing;
        }
        RowPart::Literal(Scalar::Text(literal.to_owned()))
    }
}
