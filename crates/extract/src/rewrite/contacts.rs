//! The table of contacts.

use super::Rewriter;
use super::columns::{self, RowOf};
use super::conditions::{any_of, filled};
use super::toml::{quote, texts};
use crate::contract::{Mapping, Rule, Step};

/// A contact without any of these columns is nobody.
const MEANINGFUL_COLUMNS: [&str; 4] = ["birth_date", "first_name", "last_name", "ssn"];

impl Rewriter<'_, '_> {
    /// The key column of the table of contacts.
    pub(super) fn contact_key(&self, rule: &Rule) -> Option<&str> {
        let table = self.contract.table_of(rule)?.child_table.as_str();
        self.contract.key_of(table).or_else(|| {
            let mut mappings = self.contract.mappings.iter();
            let inserted =
                mappings.find(|it| it.table == table && it.has(&Step::IdentityInsert))?;
            Some(inserted.column.as_str())
        })
    }

    /// The attribute that identifies a contact.
    pub(super) fn contact_id(&self, rule: &Rule) -> Option<String> {
        let table = self.contract.table_of(rule)?.child_table.as_str();
        let key = self.contact_key(rule)?;
        let mut mappings = self.contract.mappings.iter();
        let mapping = mappings.find(|it| it.table == table && it.column == key);
        mapping.map(|it| it.attribute.clone()).or_else(|| rule.filled.first().cloned())
    }

    pub(super) fn contacts(&mut self, name: &str, rule: &Rule, mappings: &[&Mapping]) -> String {
        let (id, key) = (self.id_column(), self.contact_key(rule).unwrap_or("con_id").to_owned());
        let mut conditions = self.wanted_by(rule);
        if let Some(attribute) = self.contact_id(rule) {
            conditions.push(filled(&attribute));
        }
        let meaningful: Vec<String> = MEANINGFUL_COLUMNS
            .iter()
            .map(|column| {
                let mapped =
                    mappings.iter().find(|it| it.column == *column && it.path == rule.child_path);
                filled(mapped.map_or(column, |mapping| mapping.attribute.as_str()))
            })
            .collect();
        conditions.push(any_of(&meaningful));
        conditions.dedup();
        let mut columns = Vec::new();
        for mapping in mappings.iter().filter(|mapping| mapping.column != id) {
            let mut column = self.column(mapping, RowOf::Contact(rule));
            if mapping.column == key {
                column.set("required", "true".to_owned());
                column.set("reading", "{ numbers = \"digits\" }".to_owned());
                column.set("on_error", quote("fail"));
                if mapping.has(&Step::IdentityInsert) {
                    column.set("identity", "true".to_owned());
                }
            }
            columns.push(column);
        }
        let mut text = format!(
            "[[table]]\nname = {}\nrows = {}\nwhen = {}\nkey = {}\n",
            quote(name),
            quote(&format!("//{}", rule.element())),
            quote(&conditions.join(" and ")),
            texts(&[&key]),
        );
        text.push_str("# Of several with one key that of the more important role stays, of one role the last.\n");
        text.push_str("keep = \"last\"\n");
        if let Some((attribute, roles)) = &rule.choice {
            let prefer: Vec<String> =
                roles.iter().map(|role| self.is_word(rule, attribute, role)).collect();
            text.push_str(&format!("prefer = {}\n", texts(&prefer)));
        }
        text.push_str(&columns::block(&columns));
        text
    }
}
