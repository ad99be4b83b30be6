//! A contract as it is written, read and checked but not yet compiled.

mod check;
mod format;
mod read;
mod spelling;
mod steps;

use std::collections::BTreeMap;

pub(crate) use check::check;
pub use format::{CONTRACT_FORMAT, CONTRACT_FORMAT_2};
pub(crate) use read::{read, split};
pub(crate) use spelling::nearest;
pub(crate) use steps::Step;

use crate::convert::Offsets;
use crate::plan::Source;
use crate::table::DataType;

/// The table that the product writes itself.
pub(crate) const LOG_TABLE: &str = "processing_log";

/// A contract.
#[derive(Debug)]
pub(crate) struct Contract {
    pub(crate) source: Source,
    pub(crate) target_schema: String,
    /// What becomes of offsets from UTC that their columns cannot hold.
    pub(crate) offsets: Offsets,
    /// Paths that nobody reads, on purpose.
    pub(crate) ignored: Vec<String>,
    pub(crate) root_element: String,
    /// The names of the elements from the root to the application.
    pub(crate) application_path: Vec<String>,
    pub(crate) insertion_order: Vec<String>,
    pub(crate) rules: Vec<Rule>,
    pub(crate) relationships: Vec<Relationship>,
    pub(crate) mappings: Vec<Mapping>,
    pub(crate) enums: BTreeMap<String, BTreeMap<String, Scalar>>,
    pub(crate) char_to_bit: BTreeMap<String, bool>,
    pub(crate) boolean_to_bit: BTreeMap<String, bool>,
}

/// What a contract may write for a value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Scalar {
    Text(String),
    /// A number as written.
    Number(String),
    Flag(bool),
}

impl Scalar {
    /// Returns the value as text.
    pub(crate) fn as_text(&self) -> &str {
        match self {
            Self::Text(text) | Self::Number(text) => text,
            Self::Flag(true) => "1",
            Self::Flag(false) => "0",
        }
    }

    /// Says whether the reference takes the value for one at all: empty text, zero and false it does not.
    pub(crate) fn is_truthy(&self) -> bool {
        match self {
            Self::Text(text) => !text.is_empty(),
            Self::Number(text) => text.parse() != Ok(0.0),
            Self::Flag(flag) => *flag,
        }
    }
}

/// Which elements make rows of their own.
#[derive(Debug)]
pub(crate) struct Rule {
    /// Where it is in the JSON.
    pub(crate) at: String,
    pub(crate) kind: RuleKind,
    pub(crate) child_path: Vec<String>,
    /// Attributes that must not be blank.
    pub(crate) filled: Vec<String>,
    /// The attribute that must have one of the values; the order of the values is their rank.
    pub(crate) choice: Option<(String, Vec<String>)>,
    /// The columns that tell the rows of one parent apart; none: each element is a row.
    pub(crate) key: Vec<String>,
    pub(crate) keep: Keep,
}

impl Rule {
    /// The name of the elements.
    pub(crate) fn element(&self) -> &str {
        self.child_path.last().map_or("", String::as_str)
    }

    /// Says whether the elements are within those at a path.
    pub(crate) fn is_below(&self, path: &[String]) -> bool {
        self.child_path.len() > path.len() && self.child_path.starts_with(path)
    }
}

/// What rows hang off.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Parent<'c> {
    Application,
    Contact(&'c Rule),
    Rows(&'c Rule),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RuleKind {
    Contact,
    Address,
    Employment,
    /// Rows of any table.
    Row,
}

/// Which of several rows with one key counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
    First,
    Last,
}

/// Which table hangs off which.
#[derive(Debug)]
pub(crate) struct Relationship {
    pub(crate) at: String,
    pub(crate) parent_table: String,
    pub(crate) child_table: String,
    /// The columns that it shares with its parent.
    pub(crate) foreign_key: Vec<String>,
    pub(crate) child_path: Vec<String>,
}

/// One attribute on its way to one column.
#[derive(Debug)]
pub(crate) struct Mapping {
    /// Where it is in the JSON.
    pub(crate) at: String,
    pub(crate) path: Vec<String>,
    pub(crate) attribute: String,
    pub(crate) table: String,
    /// Empty where the mapping type makes rows.
    pub(crate) column: String,
    pub(crate) data_type: DataType,
    pub(crate) nullable: bool,
    pub(crate) steps: Vec<Step>,
    pub(crate) default: Option<Scalar>,
    pub(crate) expression: Option<String>,
    pub(crate) enum_name: Option<String>,
    /// The default alone does not make a row.
    pub(crate) exclude_default: bool,
    /// What the row of `add_row` looks like.
    pub(crate) row: Option<RowTemplate>,
}

/// The row that one value makes.
#[derive(Debug, Clone)]
pub(crate) struct RowTemplate {
    /// Columns and what they get, the application's id apart.
    pub(crate) columns: Vec<(String, RowPart)>,
    pub(crate) when: When,
    /// The columns that tell the rows of an application apart; none: each row stands.
    pub(crate) key: Vec<String>,
}

/// What a column of such a row gets.
#[derive(Debug, Clone)]
pub(crate) enum RowPart {
    Nothing,
    Literal(Scalar),
    /// The value itself.
    Value,
    /// Another attribute of the same element.
    Attribute(String),
}

/// What a value has to be to make a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    /// Not blank.
    Filled,
    /// Neither blank nor a word for nothing.
    Known,
    Number,
    True,
    Always,
}

impl Mapping {
    /// The name of the enum that the mapping uses.
    pub(crate) fn enum_key(&self) -> &str {
        self.enum_name.as_deref().unwrap_or(&self.column)
    }

    /// The name of the element that the mapping reads.
    pub(crate) fn element(&self) -> &str {
        self.path.last().map_or("", String::as_str)
    }

    /// Says whether the mapping's chain has a step.
    pub(crate) fn has(&self, step: &Step) -> bool {
        self.steps.contains(step)
    }
}

impl Contract {
    /// The rule for contacts, if there is one.
    pub(crate) fn contact_rule(&self) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.kind == RuleKind::Contact)
    }

    /// The table whose rows the elements of a rule become.
    pub(crate) fn table_of(&self, rule: &Rule) -> Option<&Relationship> {
        self.relationships.iter().find(|relationship| relationship.child_path == rule.child_path)
    }

    /// The table of the application itself: the parent of others, child of none.
    pub(crate) fn root_table(&self) -> Option<&str> {
        let is_child =
            |table: &str| self.relationships.iter().any(|other| other.child_table == table);
        self.relationships
            .iter()
            .map(|relationship| relationship.parent_table.as_str())
            .find(|table| !is_child(table))
    }

    /// The rule whose elements are the rows of a table.
    pub(crate) fn rule_of(&self, table: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| {
            self.table_of(rule).is_some_and(|relationship| relationship.child_table == table)
        })
    }

    /// The columns that tie other tables to one.
    pub(crate) fn keys_of(&self, table: &str) -> &[String] {
        let tied =
            self.relationships.iter().find(|relationship| relationship.parent_table == table);
        tied.map_or(&[], |relationship| relationship.foreign_key.as_slice())
    }

    /// What the rows of a rule hang off; `None` where the contract does not say it rightly, which is noted by [`check`].
    pub(crate) fn parent_of(&self, rule: &Rule) -> Option<Parent<'_>> {
        let above = match rule.kind {
            RuleKind::Contact => return Some(Parent::Application),
            RuleKind::Address | RuleKind::Employment => {
                return self.contact_rule().map(Parent::Contact);
            }
            RuleKind::Row => self.table_of(rule)?.parent_table.as_str(),
        };
        if self.root_table() == Some(above) {
            return Some(Parent::Application);
        }
        let above = self.rule_of(above).filter(|above| rule.is_below(&above.child_path))?;
        Some(if above.kind == RuleKind::Contact {
            Parent::Contact(above)
        } else {
            Parent::Rows(above)
        })
    }

    /// The column that ties other tables to one whose key is one column.
    pub(crate) fn key_of(&self, table: &str) -> Option<&str> {
        self.keys_of(table).first().map(String::as_str)
    }

    /// The mapping that gives the application its id.
    pub(crate) fn app_id_mapping(&self) -> Option<&Mapping> {
        let root = self.root_table()?;
        let key = self.key_of(root)?;
        self.mappings.iter().find(|mapping| mapping.table == root && mapping.column == key)
    }
}
