//! Reads the conversion tables.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::json::{Object, Reader, join};
use crate::contract::Scalar;

impl Reader<'_> {
    pub(super) fn enums(&mut self, root: &Object) -> BTreeMap<String, BTreeMap<String, Scalar>> {
        let mut enums = BTreeMap::new();
        let Some(tables) = self.optional_object(root, "", "enum_mappings") else { return enums };
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

    /// Reads `char_to_bit` and `boolean_to_bit`.
    pub(super) fn bit_tables(
        &mut self,
        root: &Object,
    ) -> (BTreeMap<String, bool>, BTreeMap<String, bool>) {
        match self.optional_object(root, "", "bit_conversions") {
            Some(tables) => (self.bits(tables, "char_to_bit"), self.bits(tables, "boolean_to_bit")),
            None => (BTreeMap::new(), BTreeMap::new()),
        }
    }

    fn bits(&mut self, tables: &Object, name: &str) -> BTreeMap<String, bool> {
        let mut bits = BTreeMap::new();
        let Some(entries) = self.optional_object(tables, "bit_conversions", name) else {
            return bits;
        };
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
