//! The catalog in memory.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::catalog::principals::{DBO, Principals};
use crate::catalog::system;
use crate::error::{SqlError, SqlResult};
use crate::sql::ast::{Expr, ObjectName};
use crate::value::collation::Collation;
use crate::value::sqltype::SqlType;

/// The schema of names without one.
pub(crate) const DEFAULT_SCHEMA: &str = "dbo";

static VERSIONS: AtomicU64 = AtomicU64::new(1);

/// All tables at one point of the database's history.
#[derive(Clone, Debug)]
pub(crate) struct Catalog {
    /// No two catalogs of a process have the same one; plans are made for one.
    pub(crate) version: u64,
    /// By name in lower case.
    pub(crate) schemas: BTreeMap<String, Schema>,
    /// By `schema.name` in lower case.
    pub(crate) tables: BTreeMap<String, Arc<Table>>,
    pub(crate) principals: Principals,
}

#[derive(Clone, Debug)]
pub(crate) struct Schema {
    pub(crate) id: i64,
    pub(crate) name: String,
    /// The id of the user or role that may do everything in it.
    pub(crate) owner: i64,
}

#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) object_id: i64,
    pub(crate) schema: String,
    pub(crate) name: String,
    pub(crate) columns: Vec<Column>,
    /// The primary key and all unique keys.
    pub(crate) keys: Vec<Key>,
    /// The columns of every index that is no key.
    pub(crate) indexes: Vec<Vec<usize>>,
    pub(crate) foreign_keys: Vec<ForeignKey>,
    pub(crate) checks: Vec<Check>,
    pub(crate) is_system: bool,
}

#[derive(Debug)]
pub(crate) struct Check {
    pub(crate) name: String,
    /// As SQLite checks it.
    pub(crate) sql: String,
}

#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) ty: SqlType,
    /// Of no consequence where it is no text.
    pub(crate) collation: Collation,
    pub(crate) is_nullable: bool,
    /// Seed and increment.
    pub(crate) identity: Option<(i64, i64)>,
    pub(crate) default: Option<Default>,
    pub(crate) computed: Option<Computed>,
}

#[derive(Debug)]
pub(crate) struct Default {
    pub(crate) name: String,
    pub(crate) expr: Arc<Expr>,
    /// As `sys.default_constraints` shows it, e.g. `((0))`.
    pub(crate) definition: String,
}

#[derive(Debug)]
pub(crate) struct Computed {
    /// As SQLite computes it.
    pub(crate) sql: String,
    pub(crate) definition: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum KeyKind {
    Primary,
    Unique,
    /// A unique index that is no constraint.
    Index,
}

#[derive(Debug, Clone)]
pub(crate) struct Key {
    pub(crate) name: String,
    pub(crate) kind: KeyKind,
    /// Indexes of the table's columns.
    pub(crate) columns: Vec<usize>,
}

#[derive(Debug)]
pub(crate) struct ForeignKey {
    pub(crate) name: String,
    pub(crate) columns: Vec<usize>,
    /// `schema.name`.
    pub(crate) parent: String,
    pub(crate) parent_columns: Vec<String>,
    pub(crate) cascades: bool,
}

impl Table {
    /// Whether it belongs to the transaction that has made it, for which nobody else sees it.
    pub(crate) fn is_temporary(&self) -> bool {
        self.name.starts_with('#')
    }
}

impl Catalog {
    /// A catalog with the system's tables alone.
    pub(crate) fn empty() -> Self {
        let mut catalog = Self {
            version: 0,
            schemas: BTreeMap::new(),
            tables: BTreeMap::new(),
            principals: Principals::default(),
        };
        for (id, name) in [(1, DEFAULT_SCHEMA), (4, system::SCHEMA)] {
            let schema = Schema { id, name: name.to_owned(), owner: DBO };
            catalog.schemas.insert(name.to_owned(), schema);
        }
        for table in system::tables() {
            catalog.tables.insert(table.sqlite_name().to_lowercase(), Arc::new(table));
        }
        catalog.renew();
        catalog
    }

    /// Gives the catalog a version of its own after a change.
    pub(crate) fn renew(&mut self) {
        self.version = VERSIONS.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn find(&self, name: &ObjectName) -> Option<&Arc<Table>> {
        self.tables.get(&name.qualified().to_lowercase())
    }

    /// The table of a name, or 208.
    pub(crate) fn table(&self, name: &ObjectName) -> SqlResult<&Arc<Table>> {
        self.find(name)
            .ok_or_else(|| SqlError::new(208, format!("Invalid object name '{}'.", name.written())))
    }
}

impl ObjectName {
    /// `schema.name`, the schema filled in.
    pub(crate) fn qualified(&self) -> String {
        format!("{}.{}", self.schema.as_deref().unwrap_or(DEFAULT_SCHEMA), self.name)
    }

    /// As it was written, without brackets.
    pub(crate) fn written(&self) -> String {
        match &self.schema {
            Some(schema) => format!("{schema}.{}", self.name),
            None => self.name.clone(),
        }
    }
}

impl Table {
    /// The one name that the table has in SQLite.
    pub(crate) fn sqlite_name(&self) -> String {
        format!("{}.{}", self.schema, self.name)
    }

    /// The name of the index in SQLite that looks after NULLs in a key.
    pub(crate) fn null_index(&self, key: &Key) -> String {
        format!("{}.{} of NULL", self.sqlite_name(), key.name)
    }

    pub(crate) fn column_index(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name.eq_ignore_ascii_case(name))
    }

    /// The index of a column, or 207.
    pub(crate) fn column(&self, name: &str) -> SqlResult<usize> {
        self.column_index(name).ok_or_else(|| invalid_column(name))
    }

    pub(crate) fn identity_column(&self) -> Option<usize> {
        self.columns.iter().position(|column| column.identity.is_some())
    }

    /// Whether this column alone is the primary key and SQLite's row id with it.
    pub(crate) fn row_id_column(&self) -> Option<usize> {
        let primary = self.keys.iter().find(|key| key.kind == KeyKind::Primary)?;
        let [only] = primary.columns[..] else { return None };
        self.columns[only].ty.is_integer().then_some(only)
    }
}

/// 207.
pub(crate) fn invalid_column(name: &str) -> SqlError {
    SqlError::new(207, format!("Invalid column name '{name}'."))
}

/// A name as SQLite quotes it.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
