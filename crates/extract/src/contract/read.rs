//! Reads a contract from JSON; what is wrong is noted and reading goes on.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use super::spelling::{
    DATA_TYPES, MAPPING_KEYS, RELATIONSHIP_KEYS, ROOT_KEYS, RULE_KEYS, check_keys, suggest,
};
use super::{Contract, Mapping, Relationship, Rule, RuleKind, Scalar, Step};
use crate::plan::Source;
use crate::problem::Problems;
use crate::table::DataType;

/// The length that means none.
const NO_LENGTH: i64 = -1;

/// The largest number of digits after the point that a decimal column has.
const SCALE_MAX: u32 = 28;

/// The scale of a decimal column whose mapping does not say one.
const SCALE_DEFAULT: u32 = 2;

/// Reads a contract; `None` if the text is no JSON object.
pub(crate) fn read(text: &str, problems: &mut Problems) -> Option<Contract> {
    let json: Json = match serde_json::from_str(text) {
        Ok(json) => json,
        Err(err) => {
            problems.add("$", format!("the contract is no JSON: {err}"), "correct the JSON");
            return None;
        }
    };
    let Json::Object(root) = json else {
        problems.add(
            "$",
            "the contract is no JSON object",
            "write the contract as { \"source_table\": .. }",
        );
        return None;
    };
    let mut reader = Reader { problems };
    let source = Source {
        table: reader.text(&root, "", "source_table"),
        column: reader.text(&root, "", "source_column"),
        application_table: reader.optional_text(&root, "", "source_application_table"),
    };
    check_keys(&root, "", ROOT_KEYS, reader.problems);
    Some(Contract {
        source,
        root_element: reader.text(&root, "", "xml_root_element"),
        target_schema: reader
            .optional_text(&root, "", "target_schema")
            .unwrap_or_else(|| "dbo".to_owned()),
        application_path: reader.path(&root, "", "xml_application_path"),
        insertion_order: reader.texts(&root, "table_insertion_order"),
        rules: reader.rules(&root),
        relationships: reader.each(&root, "relationships", Reader::relationship),
        mappings: reader.each(&root, "mappings", Reader::mapping),
        enums: reader.enums(&root),
        char_to_bit: reader.bits(&root, "char_to_bit"),
        boolean_to_bit: reader.bits(&root, "boolean_to_bit"),
    })
}

type Object = Map<String, Json>;

struct Reader<'p> {
    problems: &'p mut Problems,
}

fn join(at: &str, key: &str) -> String {
    if at.is_empty() { key.to_owned() } else { format!("{at}.{key}") }
}

impl Reader<'_> {
    fn optional_text(&mut self, object: &Object, at: &str, key: &str) -> Option<String> {
        match object.get(key) {
            None | Some(Json::Null) => None,
            Some(Json::String(text)) if text.trim().is_empty() => None,
            Some(Json::String(text)) => Some(text.trim().to_owned()),
            Some(_) => {
                self.problems.add(join(at, key), "not a text", format!("write `{key}` in quotes"));
                None
            }
        }
    }

    fn text(&mut self, object: &Object, at: &str, key: &str) -> String {
        if matches!(object.get(key), None | Some(Json::Null)) {
            self.problems.add(join(at, key), format!("`{key}` is missing"), format!("add `{key}`"));
            return String::new();
        }
        if matches!(object.get(key), Some(Json::String(text)) if text.trim().is_empty()) {
            self.problems.add(
                join(at, key),
                format!("`{key}` is empty"),
                format!("fill in `{key}`"),
            );
        }
        self.optional_text(object, at, key).unwrap_or_default()
    }

    fn path(&mut self, object: &Object, at: &str, key: &str) -> Vec<String> {
        let text = self.text(object, at, key);
        let path: Vec<String> =
            text.trim_start_matches('/').split('/').map(|name| name.trim().to_owned()).collect();
        if !text.is_empty() && path.iter().any(String::is_empty) {
            let reason = "a path of elements has no empty names";
            self.problems.add(
                join(at, key),
                reason,
                "write it like `/Root/Child`, without an attribute",
            );
        }
        path
    }

    fn flag(&mut self, object: &Object, at: &str, key: &str, default: Option<bool>) -> bool {
        match (object.get(key), default) {
            (Some(Json::Bool(flag)), _) => *flag,
            (None | Some(Json::Null), Some(default)) => default,
            (None | Some(Json::Null), None) => {
                self.problems.add(
                    join(at, key),
                    format!("`{key}` is missing"),
                    format!("add `{key}`: true or false"),
                );
                false
            }
            (Some(_), _) => {
                self.problems.add(
                    join(at, key),
                    "neither true nor false",
                    "write true or false, without quotes",
                );
                false
            }
        }
    }

    /// Lists the items of an array that must be there.
    fn items<'j>(&mut self, object: &'j Object, at: &str, key: &str) -> &'j [Json] {
        match object.get(key) {
            Some(Json::Array(items)) => items,
            None => {
                self.problems.add(
                    join(at, key),
                    format!("`{key}` is missing"),
                    format!("add `{key}`: [..]"),
                );
                &[]
            }
            Some(_) => {
                self.problems.add(join(at, key), "not a list", format!("write `{key}`: [..]"));
                &[]
            }
        }
    }

    fn texts(&mut self, object: &Object, key: &str) -> Vec<String> {
        let mut texts = Vec::new();
        for (item_ix, item) in self.items(object, "", key).iter().enumerate() {
            match item.as_str().map(str::trim) {
                Some(text) if !text.is_empty() => texts.push(text.to_owned()),
                Some(_) | None => self.problems.add(
                    format!("{key}[{item_ix}]"),
                    "not a name",
                    "write a name in quotes",
                ),
            }
        }
        texts
    }

    fn each<T>(
        &mut self,
        object: &Object,
        key: &str,
        read: fn(&mut Self, &Object, String) -> T,
    ) -> Vec<T> {
        self.each_at(object, "", key, read)
    }

    fn each_at<T>(
        &mut self,
        object: &Object,
        at: &str,
        key: &str,
        read: fn(&mut Self, &Object, String) -> T,
    ) -> Vec<T> {
        let mut all = Vec::new();
        for (item_ix, item) in self.items(object, at, key).iter().enumerate() {
            let item_at = format!("{}[{item_ix}]", join(at, key));
            match item.as_object() {
                Some(item) => all.push(read(self, item, item_at)),
                None => self.problems.add(item_at, "not an object", "write { .. }"),
            }
        }
        all
    }

    fn rules(&mut self, root: &Object) -> Vec<Rule> {
        let Some(Json::Object(filtering)) = root.get("element_filtering") else {
            let suggestion =
                "add { \"filter_rules\": [..] } with a rule for contacts and one for addresses";
            self.problems.add("element_filtering", "`element_filtering` is missing", suggestion);
            return Vec::new();
        };
        self.each_at(filtering, "element_filtering", "filter_rules", Self::rule)
            .into_iter()
            .flatten()
            .collect()
    }

    fn rule(&mut self, object: &Object, at: String) -> Option<Rule> {
        check_keys(object, &at, RULE_KEYS, self.problems);
        let child_path = self.path(object, &at, "xml_child_path");
        let mut filled = Vec::new();
        let mut choice = None;
        let attributes_at = join(&at, "required_attributes");
        let Some(Json::Object(attributes)) = object.get("required_attributes") else {
            self.problems.add(
                attributes_at,
                "`required_attributes` is missing",
                "add { attribute: true or [values] }",
            );
            return None;
        };
        for (name, wanted) in attributes {
            match wanted {
                Json::Bool(true) => filled.push(name.clone()),
                Json::Bool(false) => {}
                Json::Array(values) if choice.is_none() => {
                    let texts = values
                        .iter()
                        .filter_map(|value| value.as_str().map(|text| text.trim().to_owned()));
                    choice = Some((name.clone(), texts.collect()));
                }
                Json::Array(_) => {
                    let reason = "two attributes with a list of values";
                    self.problems.add(
                        join(&attributes_at, name),
                        reason,
                        "leave one list, which is also the ranking",
                    );
                }
                Json::Null | Json::Number(_) | Json::String(_) | Json::Object(_) => {
                    let reason = "neither true nor a list";
                    self.problems.add(join(&attributes_at, name), reason, "write true or [values]");
                }
            }
        }
        let kind = match self.text(object, &at, "element_type").as_str() {
            "contact" => RuleKind::Contact,
            "address" => RuleKind::Address,
            "employment" => RuleKind::Employment,
            "" => return None,
            other => {
                let reason = format!("`{other}` is no element type");
                self.problems.add(
                    join(&at, "element_type"),
                    reason,
                    "write contact, address or employment",
                );
                return None;
            }
        };
        Some(Rule { at, kind, child_path, filled, choice })
    }

    fn relationship(&mut self, object: &Object, at: String) -> Relationship {
        check_keys(object, &at, RELATIONSHIP_KEYS, self.problems);
        Relationship {
            parent_table: self.text(object, &at, "parent_table"),
            child_table: self.text(object, &at, "child_table"),
            foreign_key: self.text(object, &at, "foreign_key_column"),
            child_path: self.path(object, &at, "xml_child_path"),
            at,
        }
    }

    fn mapping(&mut self, object: &Object, at: String) -> Mapping {
        check_keys(object, &at, MAPPING_KEYS, self.problems);
        let steps = self.steps(object, &at);
        let column = self.optional_text(object, &at, "target_column").unwrap_or_default();
        if column.is_empty() && !steps.iter().any(Step::makes_rows_alone) {
            let reason = "`target_column` is empty, but the mapping type makes no rows of its own";
            self.problems.add(join(&at, "target_column"), reason, "name the column");
        }
        Mapping {
            path: self.path(object, &at, "xml_path"),
            attribute: self.text(object, &at, "xml_attribute"),
            table: self.text(object, &at, "target_table"),
            column,
            data_type: self.data_type(object, &at),
            nullable: self.flag(object, &at, "nullable", Some(true)),
            default: self.scalar(object.get("default_value"), &join(&at, "default_value")),
            expression: self.optional_text(object, &at, "expression"),
            enum_name: self.optional_text(object, &at, "enum_name"),
            exclude_default: self.flag(
                object,
                &at,
                "exclude_default_when_record_empty",
                Some(false),
            ),
            steps,
            at,
        }
    }

    fn steps(&mut self, object: &Object, at: &str) -> Vec<Step> {
        let at = join(at, "mapping_type");
        let texts: Vec<&str> = match object.get("mapping_type") {
            None | Some(Json::Null) => Vec::new(),
            Some(Json::String(text)) => text.split(',').collect(),
            Some(Json::Array(items)) => items.iter().filter_map(Json::as_str).collect(),
            Some(_) => {
                self.problems.add(
                    &at,
                    "neither a text nor a list",
                    "write [\"enum\"], for instance",
                );
                Vec::new()
            }
        };
        let mut steps = Vec::new();
        for text in texts.into_iter().filter(|text| !text.trim().is_empty()) {
            match Step::read(text) {
                Ok(step) => steps.push(step),
                Err(misread) => self.problems.add(&at, misread.reason, misread.suggestion),
            }
        }
        steps
    }

    fn data_type(&mut self, object: &Object, at: &str) -> DataType {
        let name = self.text(object, at, "data_type");
        let at_length = join(at, "data_length");
        let length = match object.get("data_length") {
            None | Some(Json::Null) => None,
            Some(json) => match json.as_i64() {
                Some(NO_LENGTH | 0) => None,
                Some(length) if u32::try_from(length).is_ok() => u32::try_from(length).ok(),
                _ => {
                    self.problems.add(
                        &at_length,
                        "not a length",
                        "write a number, or -1 for no limit",
                    );
                    None
                }
            },
        };
        match name.to_ascii_lowercase().as_str() {
            "string" => DataType::Text { chars_max: length },
            "tinyint" => DataType::TinyInt,
            "smallint" => DataType::SmallInt,
            "int" => DataType::Int,
            "bigint" => DataType::BigInt,
            "decimal" => {
                if length.is_some_and(|scale| scale > SCALE_MAX) {
                    let suggestion = "write the digits after the point";
                    self.problems.add(
                        at_length,
                        format!("a decimal has at most {SCALE_MAX} of them"),
                        suggestion,
                    );
                }
                DataType::Decimal { scale: length.unwrap_or(SCALE_DEFAULT).min(SCALE_MAX) }
            }
            "float" => DataType::Float,
            "bit" | "boolean" => DataType::Bit,
            "date" => DataType::Date,
            "datetime" => DataType::DateTime,
            "smalldatetime" => DataType::SmallDateTime,
            "" => DataType::Text { chars_max: None },
            other => {
                let all = format!("write one of {}", DATA_TYPES.join(", "));
                let suggestion = suggest(other, DATA_TYPES.iter().copied(), &all);
                self.problems.add(
                    join(at, "data_type"),
                    format!("`{other}` is no data type"),
                    suggestion,
                );
                DataType::Text { chars_max: None }
            }
        }
    }

    fn scalar(&mut self, json: Option<&Json>, at: &str) -> Option<Scalar> {
        match json {
            None | Some(Json::Null) => None,
            Some(Json::String(text)) => Some(Scalar::Text(text.clone())),
            Some(Json::Number(number)) => Some(Scalar::Number(number.to_string())),
            Some(Json::Bool(flag)) => Some(Scalar::Flag(*flag)),
            Some(Json::Array(_) | Json::Object(_)) => {
                self.problems.add(at, "neither a text nor a number", "write one value");
                None
            }
        }
    }

    fn enums(&mut self, root: &Object) -> BTreeMap<String, BTreeMap<String, Scalar>> {
        let mut enums = BTreeMap::new();
        let Some(Json::Object(tables)) = root.get("enum_mappings") else { return enums };
        for (name, entries) in tables {
            let at = join("enum_mappings", name);
            let Json::Object(entries) = entries else {
                self.problems.add(at, "not an object", "write { \"code\": id }");
                continue;
            };
            let mut table = BTreeMap::new();
            for (key, value) in entries {
                if let Some(value) = self.scalar(Some(value), &format!("{at}[\"{key}\"]")) {
                    table.insert(key.clone(), value);
                }
            }
            enums.insert(name.clone(), table);
        }
        enums
    }

    fn bits(&mut self, root: &Object, name: &str) -> BTreeMap<String, bool> {
        let mut bits = BTreeMap::new();
        let Some(Json::Object(tables)) = root.get("bit_conversions") else { return bits };
        let Some(Json::Object(entries)) = tables.get(name) else { return bits };
        for (key, value) in entries {
            let at = format!("bit_conversions.{name}[\"{key}\"]");
            match self.scalar(Some(value), &at).as_ref().map(Scalar::as_text) {
                Some("0") => bits.insert(key.clone(), false),
                Some("1") => bits.insert(key.clone(), true),
                _ => {
                    self.problems.add(at, "neither 0 nor 1", "write 0 or 1");
                    None
                }
            };
        }
        bits
    }
}
