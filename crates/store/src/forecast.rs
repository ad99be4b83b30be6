//! What the database would refuse of an application, as far as that can be known before anything is sent.
//!
//! Rows are held against the keys and columns of the target's catalog. What depends on other applications (a key that two
//! of them share) or on tables that the contract does not fill (lookups) is told apart, for the caller to find out. Checks,
//! triggers, filtered indexes, values that a column converts, and texts that a collation takes for equal beyond case and
//! blanks at the end are the database's alone.

mod key;
mod lookup;

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest as _, Sha256};
use xmlx_domain::{LogReason, Stage};
use xmlx_extract::{Application, Plan, Row, Table};

pub use lookup::Lookup;

use key::{KeyColumn, columns_of, folded, is_within, json, key_columns, place};

use crate::catalog::Catalog;
use crate::commit::{TextLimit, text_limits};
use crate::connection::{optional, text};
use crate::{Error, Store, name, statements};

/// The rules of one contract's tables.
#[derive(Clone, Debug)]
pub struct Forecast {
    /// Parallel to the plan's tables.
    tables: Vec<Rules>,
    /// The keys that applications could share, as people read them.
    shared: Vec<String>,
    lookups: Vec<Lookup>,
}

/// What holds for the rows of one table.
#[derive(Clone, Debug, Default)]
struct Rules {
    name: String,
    /// Columns that have to have a value, and get none by themselves.
    required: Vec<(usize, String)>,
    limits: Vec<TextLimit>,
    unique: Vec<Unique>,
    references: Vec<Reference>,
}

/// Columns of which no two rows have the same values.
#[derive(Clone, Debug)]
struct Unique {
    columns: Vec<KeyColumn>,
    place: String,
    /// Its number among those that applications could share.
    shared: Option<usize>,
}

/// Columns whose values have to be in another table.
#[derive(Clone, Debug)]
struct Reference {
    columns: Vec<KeyColumn>,
    place: String,
    to: To,
}

#[derive(Clone, Debug)]
enum To {
    /// Tables that the contract fills: their place, and the columns.
    Own(Vec<(usize, Vec<KeyColumn>)>),
    /// The place of a lookup.
    Lookup(usize),
}

/// What is known of an application.
#[derive(Clone, Debug, Default)]
pub struct Examined {
    /// Why the database would refuse it.
    pub refusal: Option<Foreseen>,
    /// The keys that another application could have as well: which, and a hash of its values.
    pub shared: Vec<SharedKey>,
    /// The rows of other tables that it needs.
    pub wanted: Vec<Wanted>,
}

/// A refusal that is foreseen, with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Foreseen {
    /// What the log would say, in these words or the server's.
    pub reason: LogReason,
    /// The target table.
    pub table: String,
    /// Its columns.
    pub column: String,
}

/// A key of an application that no other may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SharedKey {
    /// The application.
    pub app_id: i64,
    /// Its place in [`Forecast::shared`].
    pub key: usize,
    /// Of its values: never the values themselves.
    pub hash: i64,
}

/// A row of another table that an application needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The place of the table in [`Forecast::lookups`].
    pub lookup: usize,
    /// The values, as JSON. Goes to the database and nowhere else.
    pub key: String,
    /// What becomes of the application where there is no such row.
    pub refusal: Foreseen,
}

type Names = (String, String);

/// A reference: the parent's schema and name, and pairs of columns with the parent's collation.
type ForeignKey = (Names, Vec<(String, String, Option<String>)>);

/// The keys of a schema.
#[derive(Debug, Default)]
struct Keys {
    /// By table, lower case: the columns of each.
    unique: BTreeMap<String, Vec<Vec<String>>>,
    /// By child, lower case.
    foreign: BTreeMap<String, Vec<ForeignKey>>,
}

impl Store {
    /// The rules that the target has for the rows of a contract.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn forecast(&self, plan: &Plan, catalog: &Catalog) -> Result<Forecast, Error> {
        const UNIQUE: &str = "catalog_unique_keys";
        const FOREIGN: &str = "catalog_foreign_columns";
        let schema = plan.target_schema();
        let mut keys = Keys::default();
        let mut last = None;
        for row in &self.run(statements::CATALOG_UNIQUE_KEYS, &[&schema]).await? {
            let table = text(row, "table_name", UNIQUE)?.to_lowercase();
            let index = (table.clone(), text(row, "index_name", UNIQUE)?);
            let of_table = keys.unique.entry(table).or_default();
            if last.as_ref() != Some(&index) {
                of_table.push(Vec::new());
                last = Some(index);
            }
            of_table.last_mut().expect("just pushed").push(text(row, "column_name", UNIQUE)?);
        }
        let mut last = None;
        for row in &self.run(statements::CATALOG_FOREIGN_COLUMNS, &[&schema]).await? {
            let child = text(row, "child", FOREIGN)?.to_lowercase();
            let key = (child.clone(), text(row, "key_name", FOREIGN)?);
            let of_table = keys.foreign.entry(child).or_default();
            if last.as_ref() != Some(&key) {
                let parent = (text(row, "parent_schema", FOREIGN)?, text(row, "parent", FOREIGN)?);
                of_table.push((parent, Vec::new()));
                last = Some(key);
            }
            let collation = optional::<&str>(row, "collation_name", FOREIGN)?;
            of_table.last_mut().expect("just pushed").1.push((
                text(row, "child_column", FOREIGN)?,
                text(row, "parent_column", FOREIGN)?,
                collation.map(str::to_owned),
            ));
        }
        Ok(Forecast::new(plan, catalog, &keys))
    }
}

impl Forecast {
    fn new(plan: &Plan, catalog: &Catalog, keys: &Keys) -> Self {
        let mut forecast = Self { tables: Vec::new(), shared: Vec::new(), lookups: Vec::new() };
        for table in plan.tables() {
            let rules = forecast.rules(table, plan, catalog, keys);
            forecast.tables.push(rules);
        }
        forecast
    }

    fn rules(&mut self, table: &Table, plan: &Plan, catalog: &Catalog, keys: &Keys) -> Rules {
        let known = |column: &str| catalog.column(&table.name, column);
        let required = table.columns.iter().enumerate().filter(|(_, column)| {
            known(&column.name).is_some_and(|known| !known.nullable && known.default.is_none())
        });
        let lower = table.name.to_lowercase();
        let none = Vec::new();
        let references: Vec<Reference> = keys
            .foreign
            .get(&lower)
            .map_or([].as_slice(), Vec::as_slice)
            .iter()
            .filter_map(|(parent, pairs)| self.reference(table, plan, catalog, parent, pairs))
            .collect();
        let unique = keys.unique.get(&lower).unwrap_or(&none);
        let own = unique.iter().filter_map(|columns| {
            let place = place(&table.name, columns.iter().map(String::as_str));
            Some((columns, key_columns(table, catalog, columns)?, place))
        });
        let own: Vec<_> = own.collect();
        let unique = own.iter().map(|(columns, key, place)| {
            let is_shared = is_shared(plan, columns, key, &references)
                && !own.iter().any(|(other, ..)| is_within(other, columns));
            // Several contracts of a job may fill one table: it is one key.
            let shared = is_shared.then(|| {
                let known = self.shared.iter().position(|known| known == place);
                known.unwrap_or_else(|| {
                    self.shared.push(place.clone());
                    self.shared.len() - 1
                })
            });
            Unique { columns: key.clone(), place: place.clone(), shared }
        });
        let unique = unique.collect();
        Rules {
            name: table.name.clone(),
            required: required.map(|(at, column)| (at, column.name.clone())).collect(),
            limits: text_limits(table, catalog),
            unique,
            references,
        }
    }

    fn reference(
        &mut self,
        table: &Table,
        plan: &Plan,
        catalog: &Catalog,
        (parent_schema, parent): &Names,
        pairs: &[(String, String, Option<String>)],
    ) -> Option<Reference> {
        let columns: Vec<String> = pairs.iter().map(|(child, ..)| child.clone()).collect();
        let key = key_columns(table, catalog, &columns)?;
        let place = place(&table.name, columns.iter().map(String::as_str));
        let parents: Vec<String> = pairs.iter().map(|(_, parent, _)| parent.clone()).collect();
        let is_filled = parent_schema.eq_ignore_ascii_case(plan.target_schema());
        let filled = plan.tables().iter().enumerate();
        let filled: Vec<(usize, &Table)> = filled
            .filter(|(_, known)| is_filled && known.name.eq_ignore_ascii_case(parent))
            .collect();
        if !filled.is_empty() {
            let own = filled
                .into_iter()
                .map(|(i, known)| Some((i, key_columns(known, catalog, &parents)?)));
            return Some(Reference {
                columns: key,
                place,
                to: To::Own(own.collect::<Option<_>>()?),
            });
        }
        let target = format!("{}.{}", name::quoted(parent_schema), name::quoted(parent));
        let new = Lookup::new(&target, format!("{parent_schema}.{parent}"), &key, pairs);
        let known = self.lookups.iter().position(|known| *known == new);
        let lookup = known.unwrap_or_else(|| {
            self.lookups.push(new);
            self.lookups.len() - 1
        });
        Some(Reference { columns: key, place, to: To::Lookup(lookup) })
    }

    /// The keys that applications could share, as people read them.
    #[must_use]
    pub fn shared(&self) -> &[String] {
        &self.shared
    }

    /// The tables of other rows that applications need.
    #[must_use]
    pub fn lookups(&self) -> &[Lookup] {
        &self.lookups
    }

    /// What is known of an application: the first thing that the database would refuse, in the order in which its rows
    /// are written.
    #[must_use]
    pub fn examine(&self, application: &Application) -> Examined {
        let mut examined = Examined::default();
        for (rules, rows) in self.tables.iter().zip(&application.tables) {
            if let Some(refusal) = rules.refusal(rows, application) {
                examined.refusal = Some(refusal);
                return examined;
            }
            for reference in &rules.references {
                let To::Lookup(lookup) = reference.to else { continue };
                let mut seen = BTreeSet::new();
                for row in rows {
                    let Some(key) = json(&reference.columns, row) else { continue };
                    if seen.insert(key.clone()) {
                        let refusal = reference.missing(&rules.name, self.lookups[lookup].table());
                        examined.wanted.push(Wanted { lookup, key, refusal });
                    }
                }
            }
            for unique in &rules.unique {
                let Some(number) = unique.shared else { continue };
                for key in rows.iter().filter_map(|row| folded(&unique.columns, row)) {
                    let digest = Sha256::digest(key.as_bytes());
                    let bytes = digest.iter().take(8);
                    let hash = bytes.fold(0_i64, |hash, byte| (hash << 8) | i64::from(*byte));
                    examined.shared.push(SharedKey {
                        app_id: application.app_id,
                        key: number,
                        hash,
                    });
                }
            }
        }
        examined
    }
}

impl Rules {
    fn refusal(&self, rows: &[Row], application: &Application) -> Option<Foreseen> {
        for row in rows {
            let too_long = self.limits.iter().find(|limit| limit.is_exceeded(row));
            if let Some(limit) = too_long {
                let column = limit.place.rsplit('.').next().unwrap_or_default();
                let text = format!("a text is too long for `{}`", limit.place);
                return Some(self.foreseen(Stage::Database, text, column));
            }
            let missing = self.required.iter().find(|(at, _)| row[*at].is_null());
            if let Some((_, column)) = missing {
                let text = format!("NULL for `{}.{column}`, which does not allow it", self.name);
                return Some(self.foreseen(Stage::Constraint, text, column));
            }
        }
        for unique in &self.unique {
            let mut seen = BTreeSet::new();
            let mut keys = rows.iter().filter_map(|row| folded(&unique.columns, row));
            if keys.any(|key| !seen.insert(key)) {
                let text = format!("two rows with the same key `{}`", unique.place);
                return Some(self.foreseen(Stage::Constraint, text, columns_of(&unique.place)));
            }
        }
        for reference in &self.references {
            let To::Own(parents) = &reference.to else { continue };
            let parents = parents.iter().flat_map(|(table, columns)| {
                let rows = application.tables.get(*table).map_or([].as_slice(), Vec::as_slice);
                rows.iter().filter_map(move |row| folded(columns, row))
            });
            let parents: BTreeSet<String> = parents.collect();
            let mut keys = rows.iter().filter(|row| json(&reference.columns, row).is_some());
            let is_orphan = |row: &Row| {
                folded(&reference.columns, row).is_some_and(|key| !parents.contains(&key))
            };
            if keys.any(is_orphan) {
                return Some(reference.missing(&self.name, "its parent"));
            }
        }
        None
    }

    fn foreseen(&self, stage: Stage, text: String, column: &str) -> Foreseen {
        Foreseen {
            reason: LogReason::new(stage, text),
            table: self.name.clone(),
            column: column.to_owned(),
        }
    }
}

impl Reference {
    fn missing(&self, table: &str, parent: &str) -> Foreseen {
        let text = format!("no row of {parent} for `{}`", self.place);
        Foreseen {
            reason: LogReason::new(Stage::Constraint, text),
            table: table.to_owned(),
            column: columns_of(&self.place).to_owned(),
        }
    }
}

/// Whether two applications could have the same key: it has neither the application's id, of which there is one alone,
/// nor the key of rows that they hang off, where it would be found already.
fn is_shared(plan: &Plan, columns: &[String], key: &[KeyColumn], references: &[Reference]) -> bool {
    let root = plan.tables().iter().find(|table| table.parent.is_none());
    let id = root.and_then(|table| table.columns.first());
    let has_id =
        id.is_some_and(|id| columns.iter().any(|column| column.eq_ignore_ascii_case(&id.name)));
    let has_parent = references.iter().any(|reference| {
        matches!(reference.to, To::Own(_))
            && reference.columns.iter().all(|column| key.iter().any(|own| own.at == column.at))
    });
    !has_id && !has_parent
}

/// The keys of a group as the commit takes them.
pub(crate) fn encode(keys: &[SharedKey]) -> String {
    let rows: Vec<(i64, usize, i64)> =
        keys.iter().map(|key| (key.app_id, key.key, key.hash)).collect();
    let mut out = serde_json::to_string(&rows).expect("numbers are always JSON");
    crate::encode::pad(&mut out);
    out
}
