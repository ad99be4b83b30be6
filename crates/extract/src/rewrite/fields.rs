//! The fields of expressions, as paths.

use super::Rewriter;
use super::columns::RowOf;
use crate::contract::{Mapping, RuleKind};
use crate::layout::TEXT;

impl Rewriter<'_, '_> {
    /// Writes a field as T-SQL has it, or a NULL where there can be no value.
    pub(super) fn field(&mut self, mapping: &Mapping, name: &str, row_of: RowOf<'_>) -> String {
        let (element, attribute) = match name.split_once('.') {
            Some((element, attribute)) => (Some(element), attribute),
            None => (None, name),
        };
        self.check_text_field(mapping, name);
        if let RowOf::Element(rule) = row_of {
            let is_own = element.is_none_or(|it| it.eq_ignore_ascii_case(rule.element()));
            if rule.kind != RuleKind::Row {
                return match element {
                    None => self.own_field(attribute),
                    Some(_) => "NULL".to_owned(),
                };
            }
            if is_own {
                return self.own_field(attribute);
            }
            return self.field_beside_row(mapping, name, rule);
        }
        let document = self.anywhere(element, attribute);
        let contact = match row_of {
            RowOf::Contact(contact) => Some(contact),
            RowOf::Element(_) | RowOf::Application => None,
        };
        match (element, contact) {
            (None, Some(_)) => format!("COALESCE([@{attribute}], [{document}])"),
            (Some("contact"), Some(_)) => format!("COALESCE([@{attribute}], [{document}])"),
            (None, None) if self.is_key(attribute) => {
                let id = self.contract.app_id_mapping();
                let id = id.map(|it| format!("/{}/@{}", it.path.join("/"), it.attribute));
                format!("COALESCE([{document}], [{}])", id.unwrap_or_default())
            }
            (Some(element), None) if element.eq_ignore_ascii_case("contact") => {
                let own = self.contract.contact_rule().map(|rule| rule.element().to_owned());
                match own.filter(|own| !own.eq_ignore_ascii_case("contact")) {
                    Some(own) => {
                        let text =
                            "`contact.` is the first contact of the first role here, kept or not";
                        self.remark(mapping, text);
                        let first = self.first_contact(&own);
                        format!("[{first}/@{attribute}]")
                    }
                    None => format!("[{document}]"),
                }
            }
            _ => format!("[{document}]"),
        }
    }

    fn first_contact(&mut self, element: &str) -> String {
        let contract = self.contract;
        let rule = contract.contact_rule();
        let role = rule.and_then(|rule| {
            let (attribute, roles) = rule.choice.as_ref()?;
            Some(self.is_word(rule, attribute, roles.first()?))
        });
        let role = role.map(|it| format!("[{it}]")).unwrap_or_default();
        self.name_path(&format!("{element}_first"), format!("(//{element}{role})[1]"))
    }

    fn is_key(&self, attribute: &str) -> bool {
        self.id_column().eq_ignore_ascii_case(attribute)
    }

    /// An attribute of the row's own element; the key columns are those of its parent.
    fn own_field(&mut self, attribute: &str) -> String {
        let contract = self.contract;
        let key = contract.contact_rule().and_then(|rule| {
            let key = self.contact_key(rule)?;
            key.eq_ignore_ascii_case(attribute).then(|| self.contact_id(rule)).flatten()
        });
        match key {
            Some(id) => format!("COALESCE([@{attribute}], [../@{id}])"),
            None => format!("[@{attribute}]"),
        }
    }

    /// The last attribute of a name in the document, or the last of an element's.
    fn anywhere(&self, element: Option<&str>, attribute: &str) -> String {
        let Some(element) = element else { return format!("(//@{attribute})[last()]") };
        let application = self.contract.application_path.last();
        let is_known = |name: &str| {
            let mut mappings = self.contract.mappings.iter();
            mappings.any(|it| it.path.iter().any(|known| known.eq_ignore_ascii_case(name)))
        };
        let name = match application {
            Some(application)
                if element.eq_ignore_ascii_case("application") && !is_known("application") =>
            {
                application.clone()
            }
            _ => self.spelled(element),
        };
        format!("(//{name}/@{attribute})[last()]")
    }

    /// An element's name as the paths of the contract spell it: fields know no case.
    fn spelled(&self, element: &str) -> String {
        let mappings = self.contract.mappings.iter().flat_map(|mapping| &mapping.path);
        let rules = self.contract.rules.iter().flat_map(|rule| &rule.child_path);
        let mut known = mappings.chain(rules);
        known
            .find(|known| known.eq_ignore_ascii_case(element))
            .map_or_else(|| element.to_owned(), Clone::clone)
    }

    fn field_beside_row(
        &mut self,
        mapping: &Mapping,
        name: &str,
        rule: &crate::contract::Rule,
    ) -> String {
        let (element, attribute) = name.split_once('.').unwrap_or(("", name));
        let contract = self.contract;
        let mut paths = contract.mappings.iter().map(|mapping| &mapping.path);
        let within = paths.find(|path| {
            path.len() > rule.child_path.len()
                && path.starts_with(&rule.child_path)
                && path.last().is_some_and(|name| name.eq_ignore_ascii_case(element))
        });
        match within {
            Some(path) => {
                let down = path[rule.child_path.len()..].join("/");
                format!("[({down})[last()]/@{attribute}]")
            }
            None => {
                self.remark(
                    mapping,
                    "a field of an element around or beside the row: check its path",
                );
                format!("[ancestor::{}[1]/@{attribute}]", self.spelled(element))
            }
        }
    }

    /// Fields that may be the text of an element are looked for in too many places for one path.
    fn check_text_field(&mut self, mapping: &Mapping, name: &str) {
        let last = name.rsplit('.').next().unwrap_or(name);
        let mut mappings = self.contract.mappings.iter();
        let is_text = mappings.any(|it| {
            it.attribute == TEXT
                && it.path.last().is_some_and(|element| element.eq_ignore_ascii_case(last))
        });
        if is_text {
            let reason = format!("the field `{name}` may be the text of an element");
            let way = "write the expression by hand, with the path of the element";
            self.cannot(mapping, "expression", &reason, way);
        }
    }
}
