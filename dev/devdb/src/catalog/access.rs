//! Who may do what: every rule of permissions, for whoever asks. The configured user may do everything; every other
//! login is the user that it has in the database, with that user's roles.
//!
//! What one may not see is treated as if it were not there, as in SQL Server's catalog: a table shows where some
//! permission on it is held; its defaults, foreign keys and expressions only where its definition may be viewed.

use std::collections::BTreeSet;

use crate::catalog::principals::{DBO, SYSTEM_MAX, unknown};
use crate::catalog::table::{Schema, quoted};
use crate::catalog::{Catalog, Table};
use crate::error::{SqlError, SqlResult};
use crate::sql::permission::Permission;

/// Schemas that everybody sees end here: `dbo`, `guest`, `INFORMATION_SCHEMA` and `sys`.
const SYSTEM_SCHEMA_MAX: i64 = 4;

/// What a permission is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Securable {
    Database,
    Schema(i64),
    Object(i64),
}

impl Securable {
    /// Whether a permission can be granted on such a thing.
    pub(crate) fn takes(self, permission: Permission) -> bool {
        self == Self::Database || Permission::ON_TABLE.contains(&permission)
    }
}

/// The catalog in the eyes of whoever runs a statement.
pub(crate) struct Access<'c> {
    pub(crate) catalog: &'c Catalog,
    /// The database's name, for messages.
    database: &'c str,
    /// The user's id.
    pub(crate) user: i64,
    /// The user with all roles; `None` may do everything.
    grantees: Option<BTreeSet<i64>>,
}

impl<'c> Access<'c> {
    /// For what the server does by itself.
    pub(crate) fn everything(catalog: &'c Catalog) -> Self {
        Self { catalog, database: "", user: DBO, grantees: None }
    }

    /// For a login; `None` is the configured user. 916 where the login has no user.
    pub(crate) fn of(
        catalog: &'c Catalog,
        database: &'c str,
        login: Option<&str>,
    ) -> SqlResult<Self> {
        let Some(login) = login else {
            return Ok(Self { database, ..Self::everything(catalog) });
        };
        let user = catalog.principals.user_of(login).ok_or_else(|| {
            let text = format!(
                "The server principal \"{login}\" is not able to access the database \"{database}\" under the current security context."
            );
            SqlError::new(916, text).with_class(14)
        })?;
        let grantees = Some(catalog.principals.with_roles(user));
        Ok(Self { catalog, database, user, grantees })
    }

    fn may(&self, permission: Permission, chain: &[Securable], owner: i64) -> bool {
        let Some(grantees) = &self.grantees else { return true };
        if grantees.contains(&owner) {
            return true;
        }
        let mut is_granted = false;
        for entry in &self.catalog.principals.entries {
            let is_about = entry.permission == permission && chain.contains(&entry.on);
            if is_about && grantees.contains(&entry.grantee) {
                if entry.is_denied {
                    return false;
                }
                is_granted = true;
            }
        }
        is_granted
    }

    fn may_in_database(&self, permission: Permission) -> bool {
        self.may(permission, &[Securable::Database], DBO)
    }

    fn may_in_schema(&self, permission: Permission, schema: &Schema) -> bool {
        self.may(permission, &[Securable::Schema(schema.id), Securable::Database], schema.owner)
    }

    fn may_on_table(&self, permission: Permission, table: &Table) -> bool {
        if table.is_temporary() {
            return true;
        }
        let schema = self.schema_of(table);
        let chain =
            [Securable::Object(table.object_id), Securable::Schema(schema.id), Securable::Database];
        self.may(permission, &chain, schema.owner)
    }

    fn schema_of(&self, table: &Table) -> &'c Schema {
        let found = self.catalog.schemas.get(&table.schema.to_lowercase());
        found.expect("a table's schema cannot be dropped before it")
    }

    /// 229 where the permission is missing; the catalog's own views are open to all.
    pub(crate) fn require(&self, permission: Permission, table: &Table) -> SqlResult<()> {
        if table.is_system || self.may_on_table(permission, table) {
            return Ok(());
        }
        let text = format!(
            "The {} permission was denied on the object '{}', database '{}', schema '{}'.",
            permission.name(),
            table.name,
            self.database,
            table.schema
        );
        Err(SqlError::new(229, text).with_class(14).with_state(5))
    }

    /// 262 where a permission on the whole database is missing.
    pub(crate) fn require_in_database(&self, permission: Permission) -> SqlResult<()> {
        if self.may_in_database(permission) {
            return Ok(());
        }
        let (name, database) = (permission.name(), self.database);
        let text = format!("{name} permission denied in database '{database}'.");
        Err(SqlError::new(262, text).with_class(14))
    }

    /// Whether a table's definition may be changed.
    pub(crate) fn may_alter(&self, table: &Table) -> bool {
        self.may_on_table(Permission::Alter, table)
    }

    /// Whether tables may be put into a schema and taken from it.
    pub(crate) fn may_alter_schema(&self, schema: &Schema) -> bool {
        self.may_in_schema(Permission::Alter, schema)
    }

    /// Whether a table may be taken from its schema.
    pub(crate) fn may_drop(&self, table: &Table) -> bool {
        self.may_alter_schema(self.schema_of(table))
    }

    /// Whether whoever asks may do everything.
    pub(crate) fn is_unlimited(&self) -> bool {
        self.grantees.is_none()
    }

    /// 15151 where the schema is there and may not be dropped.
    pub(crate) fn require_drop(&self, schema: &Schema) -> SqlResult<()> {
        let may = self.grantees.as_ref().is_none_or(|all| all.contains(&schema.owner));
        if may || self.may_alter_schema(schema) {
            return Ok(());
        }
        Err(unknown("drop", "schema", &schema.name))
    }

    /// Whether the catalog shows a table: some permission on it is held.
    fn sees(&self, table: &Table) -> bool {
        Permission::ON_TABLE.into_iter().any(|permission| self.may_on_table(permission, table))
    }

    /// Whether the catalog shows a table's defaults, foreign keys and expressions.
    fn sees_definition(&self, table: &Table) -> bool {
        self.may_alter(table) || self.may_on_table(Permission::ViewDefinition, table)
    }

    /// Whether the catalog shows a schema.
    fn sees_schema(&self, schema: &Schema) -> bool {
        schema.id <= SYSTEM_SCHEMA_MAX
            || Permission::ON_TABLE
                .into_iter()
                .any(|permission| self.may_in_schema(permission, schema))
    }

    fn tables(&self, is_chosen: impl Fn(&Table) -> bool) -> String {
        let all = self.catalog.tables.values().filter(|table| !table.is_system);
        list(all.filter(|table| is_chosen(table)).map(|table| table.object_id))
    }

    /// What stands for one of the `sys` views, or for a table, behind SQLite's `FROM`: the rows one may see.
    pub(crate) fn source(&self, table: &Table) -> String {
        let name = quoted(&table.sqlite_name());
        let Some(grantees) = self.grantees.as_ref().filter(|_| table.is_system) else {
            return name;
        };
        let filter = match table.name.as_str() {
            "schemas" => {
                let all = self.catalog.schemas.values();
                let seen = all.filter(|schema| self.sees_schema(schema)).map(|schema| schema.id);
                format!("schema_id <= {SYSTEM_SCHEMA_MAX} OR schema_id IN {}", list(seen))
            }
            "tables" | "columns" | "indexes" | "index_columns" | "identity_columns" => {
                format!("object_id IN {}", self.tables(|table| self.sees(table)))
            }
            "computed_columns" => {
                let (seen, defined) = (
                    self.tables(|table| self.sees(table)),
                    self.tables(|table| self.sees_definition(table)),
                );
                return format!(
                    "(SELECT object_id, name, column_id, CASE WHEN object_id IN {defined} THEN definition END AS definition, is_persisted FROM {name} WHERE object_id IN {seen})"
                );
            }
            "default_constraints" | "foreign_keys" | "foreign_key_columns" => {
                let defined = self.tables(|table| self.sees_definition(table));
                format!("parent_object_id IN {defined}")
            }
            "database_principals" => {
                let grantees = list(grantees.iter().copied());
                format!("principal_id <= {SYSTEM_MAX} OR principal_id IN {grantees}")
            }
            "database_role_members" => {
                format!("member_principal_id IN {}", list(grantees.iter().copied()))
            }
            "database_permissions" => {
                format!("grantee_principal_id IN {}", list(grantees.iter().copied()))
            }
            _ => return name,
        };
        format!("(SELECT * FROM {name} WHERE {filter})")
    }

    /// For `HAS_PERMS_BY_NAME`, in SQLite's SQL: all that is held on tables (or schemas), as `id permission`.
    pub(crate) fn held_on_tables(&self) -> String {
        let tables = self.catalog.tables.values().filter(|table| !table.is_system);
        let held = tables.flat_map(|table| {
            let all = Permission::ON_TABLE.into_iter();
            all.filter(|permission| self.may_on_table(*permission, table))
                .map(|permission| format!("'{} {}'", table.object_id, permission.name()))
        });
        list(held)
    }

    /// The same on schemas.
    pub(crate) fn held_on_schemas(&self) -> String {
        let held = self.catalog.schemas.values().flat_map(|schema| {
            let all = Permission::ON_TABLE.into_iter();
            all.filter(|permission| self.may_in_schema(*permission, schema))
                .map(|permission| format!("'{} {}'", schema.id, permission.name()))
        });
        list(held)
    }

    /// The names of what can be held on a table or schema, in SQLite's SQL.
    pub(crate) fn names() -> String {
        list(Permission::ON_TABLE.into_iter().map(|permission| format!("'{}'", permission.name())))
    }
}

fn list<T: std::fmt::Display>(items: impl Iterator<Item = T>) -> String {
    let items: Vec<String> = items.map(|it| it.to_string()).collect();
    format!("({})", items.join(", "))
}
