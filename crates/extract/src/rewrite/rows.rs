//! Tables whose rows are elements: addresses, employments, and those of `row` rules.

use super::Rewriter;
use super::columns::{self, Column, Counts, RowOf};
use super::conditions::{filled, step_to};
use super::sources::Source;
use super::toml::{quote, texts};
use crate::contract::{Keep, Mapping, Parent, Rule, RuleKind, Step};

/// Columns one of which makes an address or an employment worth a row.
const ADDRESS_COLUMNS: [&str; 5] = ["zip", "city", "street_name", "street_number", "state"];
const EMPLOYMENT_COLUMNS: [&str; 5] =
    ["business_name", "monthly_salary", "job_title", "zip", "city"];

impl Rewriter<'_, '_> {
    pub(super) fn rows(&mut self, name: &str, rule: &Rule, mappings: &[&Mapping]) -> String {
        let contract = self.contract;
        let parent = contract.parent_of(rule);
        let above = match parent {
            Some(Parent::Contact(above) | Parent::Rows(above)) => Some(above),
            Some(Parent::Application) | None => None,
        };
        let mut text = format!("[[table]]\nname = {}\n", quote(name));
        let mut inherited = vec![self.id_column()];
        let rows = match (parent, above.and_then(|above| contract.table_of(above))) {
            (Some(Parent::Contact(contact)), Some(table)) => {
                inherited = vec![self.contact_key(contact).unwrap_or("con_id").to_owned()];
                text.push_str(&hanging_off(&table.child_table, &inherited));
                self.below_contact(contact, rule)
            }
            (Some(Parent::Rows(_)), Some(table)) => {
                inherited = contract.keys_of(&table.child_table).to_vec();
                text.push_str(&hanging_off(&table.child_table, &inherited));
                match self.contact_above(rule) {
                    Some(contact) => self.below_contact(contact, rule),
                    None => format!("/{}", rule.child_path.join("/")),
                }
            }
            _ => format!("/{}", rule.child_path.join("/")),
        };
        let columns: Vec<Column> = mappings
            .iter()
            .filter(|mapping| !inherited.contains(&mapping.column))
            .map(|mapping| {
                if mapping.has(&Step::RowNumber) {
                    self.row_number(mapping, above)
                } else {
                    self.column(mapping, RowOf::Element(rule))
                }
            })
            .collect();
        text.push_str(&format!("rows = {}\n", quote(&rows)));
        let wanted = if rule.kind == RuleKind::Row {
            self.wanted_of_row(rule)
        } else {
            self.wanted_by(rule)
        };
        if !wanted.is_empty() {
            text.push_str(&format!("when = {}\n", quote(&wanted.join(" and "))));
        }
        let key = row_key(rule, mappings);
        let tied: Vec<&String> =
            contract.keys_of(name).iter().filter(|column| !inherited.contains(column)).collect();
        if key.is_empty() && !tied.is_empty() {
            // What other tables hang off tells rows apart.
            text.push_str(&format!("key = {}\n", texts(&tied)));
        }
        if !key.is_empty() {
            let keep = if rule.keep == Keep::Last { "last" } else { "first" };
            text.push_str(&format!("key = {}\nkeep = {}\n", texts(&key), quote(keep)));
            if let (RuleKind::Row, Some((attribute, values))) = (rule.kind, &rule.choice) {
                let prefer: Vec<String> =
                    values.iter().map(|value| self.is_word(rule, attribute, value)).collect();
                text.push_str(&format!("prefer = {}\n", texts(&prefer)));
            }
        }
        text.push_str(&self.worth(rule, &columns, &key, mappings));
        text.push_str(&columns::block(&columns));
        text
    }

    /// Which columns make a row.
    fn worth(
        &mut self,
        rule: &Rule,
        columns: &[Column],
        key: &[String],
        mappings: &[&Mapping],
    ) -> String {
        let need = |column: &Column| {
            let amount = if column.is_number && rule.kind != RuleKind::Row { " <> 0" } else { "" };
            format!("{}{amount}", column.name)
        };
        let stated: &[&str] = match rule.kind {
            RuleKind::Address => &ADDRESS_COLUMNS,
            RuleKind::Employment => &EMPLOYMENT_COLUMNS,
            RuleKind::Contact => return String::new(),
            RuleKind::Row => {
                let contract = self.contract;
                let has_rows = contract.rules.iter().any(|other| {
                    matches!(contract.parent_of(other), Some(Parent::Rows(above)) if std::ptr::eq(above, rule))
                });
                if has_rows {
                    return "# An element without a value of its own and without rows that hang off it was no row in format 1.\n"
                        .to_owned();
                }
                let own = |column: &&Column| {
                    mappings.iter().any(|mapping| {
                        mapping.column == column.name
                            && (mapping.path.starts_with(&rule.child_path)
                                || mapping.has(&Step::Calculated))
                    })
                };
                let own: Vec<&Column> = columns.iter().filter(own).collect();
                if own.iter().any(|column| column.counts == Counts::Always) {
                    return String::new();
                }
                let needs: Vec<String> = own.into_iter().map(need).collect();
                return format!("needs = {}\n", texts(&needs));
            }
        };
        let others = || columns.iter().filter(|column| Some(&column.name) != key.first());
        // A default of these counts like a value.
        let is_known = columns
            .iter()
            .any(|it| stated.contains(&it.name.as_str()) && says_something_by_default(it));
        let always = others().any(|it| it.default_counts && says_something_by_default(it));
        let needs: Vec<String> = match (is_known, always) {
            (true, true) => return String::new(),
            (true, false) => others().map(need).collect(),
            (false, _) => {
                others().filter(|it| stated.contains(&it.name.as_str())).map(need).collect()
            }
        };
        format!("needs = {}\n", texts(&needs))
    }

    fn row_number(&mut self, mapping: &Mapping, above: Option<&Rule>) -> Column {
        let within = match above {
            Some(above) => quote(&format!("ancestor::{}[1]", above.element())),
            None => "true".to_owned(),
        };
        let data_type = quote(&columns::type_text(mapping.data_type));
        Column {
            name: mapping.column.clone(),
            keys: vec![("position", within), ("type", data_type)],
            counts: Counts::Value,
            is_number: true,
            default_counts: false,
            remarks: Vec::new(),
        }
    }

    /// What a `row` rule wants: an attribute, or else the text of the last child of that name.
    fn wanted_of_row(&mut self, rule: &Rule) -> Vec<String> {
        let either = |attribute: &str, of: &dyn Fn(&str) -> String| {
            let step = step_to(attribute);
            if step == attribute {
                return of(&step);
            }
            let child = format!("{attribute}[last()]");
            format!("({} or not({step}) and {})", of(&step), of(&child))
        };
        let mut conditions = Vec::new();
        if let Some((attribute, values)) = &rule.choice {
            let words: Vec<String> = values
                .iter()
                .filter_map(|value| super::conditions::literal(&value.to_lowercase()))
                .collect();
            let of = |step: &str| {
                let each: Vec<String> = words
                    .iter()
                    .map(|word| format!("lower-case(normalize-space({step})) = {word}"))
                    .collect();
                super::conditions::any_of(&each)
            };
            conditions.push(either(attribute, &of));
        }
        for attribute in &rule.filled {
            conditions.push(either(attribute, &|step| format!("normalize-space({step})")));
        }
        debug_assert!(!filled("x").is_empty(), "conditions say something");
        conditions
    }

    /// Elements of contacts, which are wherever these are.
    fn below_contact(&self, contact: &Rule, rule: &Rule) -> String {
        let below = match rule.kind {
            RuleKind::Row => rule.child_path[contact.child_path.len()..].join("/"),
            RuleKind::Contact | RuleKind::Address | RuleKind::Employment => {
                rule.element().to_owned()
            }
        };
        format!("//{}/{below}", contact.element())
    }

    /// The contact that the rows of a rule hang off, whatever is between.
    fn contact_above(&self, rule: &Rule) -> Option<&Rule> {
        match self.contract.parent_of(rule)? {
            Parent::Application => None,
            Parent::Contact(contact) => {
                self.contract.contact_rule().filter(|it| std::ptr::eq(*it, contact))
            }
            Parent::Rows(above) => self.contact_above(above),
        }
    }

    /// What a mapping reads seen from the element of its row.
    pub(super) fn beside_row(&mut self, mapping: &Mapping, attribute: &str, rule: &Rule) -> Source {
        let step = step_to(attribute);
        let path = match self.place(rule, &mapping.path) {
            Some(element) => format!("{element}/{step}"),
            None => format!("{}/{step}", self.element_at(&mapping.path)),
        };
        let path = path.strip_prefix("./").map_or(path.clone(), str::to_owned);
        Source {
            alternatives: vec![super::sources::Alternative { path, when: None }],
            is_exact: false,
            pick: None,
            is_text: step == attribute,
        }
    }

    /// Where elements are seen from those of a rule; `None` where they are there once in the document.
    fn place(&self, rule: &Rule, path: &[String]) -> Option<String> {
        let own = rule.child_path.as_slice();
        if path == own {
            return Some(".".to_owned());
        }
        if path.starts_with(own) {
            return Some(format!("({})[last()]", path[own.len()..].join("/")));
        }
        let n_common = path.iter().zip(own).take_while(|(name, other)| name == other).count();
        if self.contract.application_path.starts_with(&path[..n_common]) {
            return None;
        }
        let up = vec![".."; own.len() - n_common].join("/");
        if n_common == path.len() {
            return Some(up);
        }
        Some(format!("({up}/{})[last()]", path[n_common..].join("/")))
    }
}

fn hanging_off(parent: &str, columns: &[String]) -> String {
    format!("parent = {}\nparent_key = {}\n", quote(parent), texts(columns))
}

/// Says whether a column has a value even where the document has none: not a zero, and no flag that is not set.
fn says_something_by_default(column: &Column) -> bool {
    column.get("default").is_some_and(|default| {
        let text = default.trim_matches('"');
        let number = crate::number::read(text).number();
        !(column.is_number && number.is_some_and(|number| number.rounded().is_zero()))
    })
}

/// The columns that tell the rows of one parent apart: of addresses and employments that of their type.
fn row_key(rule: &Rule, mappings: &[&Mapping]) -> Vec<String> {
    if rule.kind == RuleKind::Row {
        return rule.key.clone();
    }
    let Some((attribute, _)) = &rule.choice else { return Vec::new() };
    let mut mappings = mappings.iter();
    let mapping = mappings.find(|it| it.attribute.eq_ignore_ascii_case(attribute));
    mapping.iter().map(|mapping| mapping.column.clone()).collect()
}
