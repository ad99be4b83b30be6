//! The target's catalog, and whether a contract fits it.

mod check;
mod loss;
mod narrow;
mod source;

pub use source::{repeated_id_statement, source_columns};

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::connection::{column, only, optional, text};
use crate::{Error, Store, statements};

/// The tables of one schema. Names compare without case, as SQL Server does by default.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    tables: BTreeMap<String, CatalogTable>,
    /// (child, parent), lower case.
    foreign_keys: Vec<(String, String)>,
    /// (table, first column) of every index, lower case.
    indexes: BTreeSet<(String, String)>,
    database: DatabaseFacts,
}

/// What the database as a whole is set to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseFacts {
    /// 130 is SQL Server 2016.
    pub compatibility_level: i32,
    /// Its collation, by which names compare, too.
    pub collation: String,
    /// Whether readers see the last committed version instead of waiting.
    pub read_committed_snapshot: bool,
    /// Whether a commit is answered before it lasts, whatever the transaction says.
    pub forces_delayed_durability: bool,
}

#[derive(Clone, Debug, Default)]
struct CatalogTable {
    name: String,
    columns: BTreeMap<String, CatalogColumn>,
}

/// What an INSERT has to know of a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CatalogColumn {
    pub(crate) name: String,
    /// What its text is compared by; `None` where it is no text.
    pub(crate) collation: Option<String>,
    pub(crate) type_name: String,
    /// In bytes; -1: `max`.
    pub(crate) max_length: i32,
    pub(crate) precision: i32,
    pub(crate) scale: i32,
    pub(crate) nullable: bool,
    pub(crate) identity: bool,
    /// Filled by the database alone.
    pub(crate) computed: bool,
    pub(crate) default: Option<String>,
    /// It has a default that this login may not see.
    pub(crate) default_hidden: bool,
}

/// One point on which contract and database disagree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disagreement {
    /// `table` or `table.column`.
    pub place: String,
    /// What is wrong and what to do.
    pub problem: String,
}

impl fmt::Display for Disagreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.place, self.problem)
    }
}

impl Default for DatabaseFacts {
    fn default() -> Self {
        Self {
            compatibility_level: COMPATIBILITY_MIN,
            collation: "SQL_Latin1_General_CP1_CI_AS".to_owned(),
            read_committed_snapshot: true,
            forces_delayed_durability: false,
        }
    }
}

/// `OPENJSON` needs it.
const COMPATIBILITY_MIN: i32 = 130;
/// `sys.databases.delayed_durability`.
const FORCED: i32 = 2;

impl DatabaseFacts {
    /// What of it does not go together with this program; each with the way out.
    #[must_use]
    pub fn problems(&self) -> Vec<Disagreement> {
        let mut found = Vec::new();
        let mut report =
            |problem| found.push(Disagreement { place: "database".to_owned(), problem });
        let level = self.compatibility_level;
        if level < COMPATIBILITY_MIN {
            report(format!(
                "its compatibility level is {level} and OPENJSON needs {COMPATIBILITY_MIN} (SQL Server 2016): \
                 ALTER DATABASE CURRENT SET COMPATIBILITY_LEVEL = {COMPATIBILITY_MIN}"
            ));
        }
        if self.forces_delayed_durability {
            report(
                "DELAYED_DURABILITY is FORCED, so commits that were answered can be lost: \
                 ALTER DATABASE CURRENT SET DELAYED_DURABILITY = ALLOWED"
                    .to_owned(),
            );
        }
        found
    }

    /// Whether names that differ in case alone are different names.
    pub(crate) fn tells_case_apart(&self) -> bool {
        let collation = self.collation.to_uppercase();
        collation.contains("_CS") || collation.contains("_BIN")
    }
}

impl Store {
    /// Reads what the database as a whole is set to.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn database_facts(&self) -> Result<DatabaseFacts, Error> {
        const IT: &str = "database";
        let rows = self.run(statements::DATABASE, &[]).await?;
        let row = only(&rows, IT)?;
        Ok(DatabaseFacts {
            compatibility_level: column(row, "compatibility_level", IT)?,
            collation: text(row, "collation_name", IT)?,
            read_committed_snapshot: column::<i32>(row, "rcsi", IT)? != 0,
            forces_delayed_durability: column::<i32>(row, "delayed_durability", IT)? == FORCED,
        })
    }

    /// Reads the catalog of `schema`.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn catalog(&self, schema: &str) -> Result<Catalog, Error> {
        const COLUMNS: &str = "catalog_columns";
        const KEYS: &str = "catalog_foreign_keys";
        const INDEXES: &str = "catalog_indexes";
        let mut catalog = Catalog { database: self.database_facts().await?, ..Catalog::default() };
        for row in &self.run(statements::CATALOG_COLUMNS, &[&schema]).await? {
            let flag = |name| column::<i32>(row, name, COLUMNS).map(|it| it != 0);
            let own =
                |name| optional::<&str>(row, name, COLUMNS).map(|it| it.map(ToOwned::to_owned));
            let default = own("default_definition")?;
            let type_name = text(row, "type_name", COLUMNS)?.to_lowercase();
            let it = CatalogColumn {
                name: text(row, "column_name", COLUMNS)?,
                max_length: column(row, "max_length", COLUMNS)?,
                precision: column(row, "precision", COLUMNS)?,
                scale: column(row, "scale", COLUMNS)?,
                nullable: flag("is_nullable")?,
                identity: flag("is_identity")?,
                // Nobody can write a row version either.
                computed: flag("is_computed")? || type_name == "timestamp",
                default_hidden: flag("has_default")? && default.is_none(),
                default,
                collation: own("collation_name")?,
                type_name,
            };
            let name = text(row, "table_name", COLUMNS)?;
            let table = catalog.tables.entry(name.to_lowercase()).or_default();
            table.name = name;
            table.columns.insert(it.name.to_lowercase(), it);
        }
        for row in &self.run(statements::CATALOG_FOREIGN_KEYS, &[&schema]).await? {
            let (child, parent) = (text(row, "child", KEYS)?, text(row, "parent", KEYS)?);
            catalog.foreign_keys.push((child.to_lowercase(), parent.to_lowercase()));
        }
        for row in &self.run(statements::CATALOG_INDEXES, &[&schema]).await? {
            let (table, first) =
                (text(row, "table_name", INDEXES)?, text(row, "column_name", INDEXES)?);
            catalog.indexes.insert((table.to_lowercase(), first.to_lowercase()));
        }
        Ok(catalog)
    }
}

impl Catalog {
    /// What the database as a whole is set to.
    #[must_use]
    pub fn database(&self) -> &DatabaseFacts {
        &self.database
    }

    /// The table's column of type `rowversion`, which `sys.types` calls `timestamp`.
    pub(crate) fn row_version(&self, table: &str) -> Option<&str> {
        let columns = &self.tables.get(&table.to_lowercase())?.columns;
        let is_it = |it: &&CatalogColumn| it.type_name == "timestamp";
        columns.values().find(is_it).map(|it| it.name.as_str())
    }

    pub(crate) fn has_table(&self, table: &str) -> bool {
        self.tables.contains_key(&table.to_lowercase())
    }

    /// Whether an index of the table begins with the column.
    pub(crate) fn has_index(&self, table: &str, column: &str) -> bool {
        self.indexes.contains(&(table.to_lowercase(), column.to_lowercase()))
    }

    /// (child, parent), lower case.
    pub(crate) fn foreign_keys(&self) -> &[(String, String)] {
        &self.foreign_keys
    }

    /// Whether a default stands in the column where a row has no value.
    #[must_use]
    pub fn has_default(&self, table: &str, column: &str) -> bool {
        self.column(table, column).is_some_and(|column| column.default.is_some())
    }

    /// The columns of a table, by name.
    pub(crate) fn columns(&self, table: &str) -> impl Iterator<Item = &CatalogColumn> {
        let table = self.tables.get(&table.to_lowercase());
        table.into_iter().flat_map(|table| table.columns.values())
    }

    pub(crate) fn column(&self, table: &str, column: &str) -> Option<&CatalogColumn> {
        self.tables.get(&table.to_lowercase())?.columns.get(&column.to_lowercase())
    }
}

#[cfg(test)]
impl Catalog {
    /// Tables with columns of type `int`, each with an index but for those of `without`, and foreign keys between them.
    pub(crate) fn of_tables(
        tables: &[(&str, &[&str])],
        foreign_keys: &[(&str, &str)],
        without: &[(&str, &str)],
    ) -> Self {
        let mut catalog = Self::default();
        for (name, columns) in tables {
            let table = catalog.tables.entry((*name).to_owned()).or_default();
            (*name).clone_into(&mut table.name);
            for column in *columns {
                let known = CatalogColumn {
                    name: (*column).to_owned(),
                    ..CatalogColumn::of_type("int", 0, 0)
                };
                table.columns.insert((*column).to_owned(), known);
                if !without.contains(&(*name, *column)) {
                    catalog.indexes.insert(((*name).to_owned(), (*column).to_owned()));
                }
            }
        }
        catalog.foreign_keys = foreign_keys
            .iter()
            .map(|(child, parent)| ((*child).to_owned(), (*parent).to_owned()))
            .collect();
        catalog
    }
}

impl CatalogColumn {
    /// A column of a type, of no table.
    pub(crate) fn of_type(type_name: &str, precision: i32, scale: i32) -> Self {
        Self {
            name: String::new(),
            collation: None,
            type_name: type_name.to_owned(),
            max_length: -1,
            precision,
            scale,
            nullable: true,
            identity: false,
            computed: false,
            default: None,
            default_hidden: false,
        }
    }

    /// How long a text the column takes; `None`: of any length.
    pub(crate) fn room(&self) -> Option<Room> {
        let bytes = usize::try_from(self.max_length).ok()?;
        match self.type_name.as_str() {
            "nvarchar" | "nchar" => Some(Room::Units(bytes / 2)),
            "varchar" | "char" => Some(Room::Bytes(bytes)),
            _ => None,
        }
    }
}

/// The length of a column of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Room {
    /// In units of UTF-16.
    Units(usize),
    /// In bytes: those of UTF-8 are never fewer than those of the column's code page.
    Bytes(usize),
}

impl Room {
    /// As much of the text as there is room for.
    pub(crate) fn fit(self, text: &str) -> &str {
        let mut used = 0;
        for (at, it) in text.char_indices() {
            let (more, all) = match self {
                Self::Units(all) => (it.len_utf16(), all),
                Self::Bytes(all) => (it.len_utf8(), all),
            };
            used += more;
            if used > all {
                return &text[..at];
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_to_their_column() {
        assert_eq!(Room::Units(3).fit("aé漢x"), "aé漢");
        assert_eq!(Room::Units(2).fit("a🂡"), "a");
        assert_eq!(Room::Units(3).fit("a🂡"), "a🂡");
        assert_eq!(Room::Bytes(3).fit("aéx"), "aé");
        assert_eq!(Room::Bytes(2).fit("aéx"), "a");
    }

    #[test]
    fn databases_that_do_not_do_are_told_what_to_do() {
        let good = DatabaseFacts::default();
        assert_eq!(good.problems(), []);
        let old = DatabaseFacts { compatibility_level: 120, ..good.clone() };
        assert!(old.problems()[0].problem.contains("COMPATIBILITY_LEVEL = 130"));
        let forgets = DatabaseFacts { forces_delayed_durability: true, ..good.clone() };
        assert!(forgets.problems()[0].problem.contains("DELAYED_DURABILITY"));
        assert!(!good.tells_case_apart());
        for collation in ["Latin1_General_100_CS_AS_SC_UTF8", "Latin1_General_BIN2"] {
            let facts = DatabaseFacts { collation: collation.to_owned(), ..good.clone() };
            assert!(facts.tells_case_apart(), "{collation}");
        }
    }
}
