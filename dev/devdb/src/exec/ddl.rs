//! Definitions, and the setting that names a table.

use crate::catalog::access::Access;
use crate::catalog::principals::unknown;
use crate::catalog::table::DEFAULT_SCHEMA;
use crate::catalog::{build, principals, store};
use crate::error::{SqlError, SqlResult};
use crate::exec::session::Session;
use crate::sql::ast::{ObjectName, Rule, Stmt, TableDef};
use crate::sql::permission::Permission;

impl Session {
    /// Runs a definition; other statements are none.
    pub(crate) fn define(&mut self, stmt: &Stmt) -> SqlResult<()> {
        if matches!(stmt, Stmt::CreateTable(def) if def.name.name.starts_with('#'))
            && self.tran_count == 0
        {
            let text =
                "devdb: a temporary table is made within a transaction, and rolled back with it.";
            return Err(SqlError::new(102, text).with_class(15));
        }
        self.write(|session, db| {
            let catalog = session.catalog();
            let access = session.access(&catalog)?;
            match stmt {
                Stmt::CreateSchema(name) => {
                    access.require_in_database(Permission::CreateSchema)?;
                    store::create_schema(db, &catalog, name, access.user)?;
                }
                Stmt::CreateTable(def) => {
                    may_create(&access, def)?;
                    store::create_table(db, &catalog, def)?;
                }
                Stmt::CreateIndex(def) => {
                    if catalog.find(&def.table).is_some_and(|table| !access.may_alter(table)) {
                        return Err(missing(&def.table));
                    }
                    store::create_index(db, &catalog, def)?;
                }
                Stmt::DropTable { name, if_exists } => match catalog.find(name) {
                    Some(table) if access.may_drop(table) => store::drop_table(db, &catalog, name)?,
                    Some(_) => return Err(undroppable(name).with_class(14).with_state(20)),
                    None if *if_exists => return Ok(()),
                    None => return Err(undroppable(name).with_class(11)),
                },
                Stmt::DropSchema(name) => {
                    let schema = catalog.schemas.get(&name.to_lowercase());
                    let schema = schema.ok_or_else(|| unknown("drop", "schema", name))?;
                    access.require_drop(schema)?;
                    store::drop_schema(db, &catalog, schema)?;
                }
                Stmt::Principal(stmt) => {
                    if !access.is_unlimited() {
                        return Err(principals::refused(stmt));
                    }
                    let has_login = |name: &str| session.engine.logins.has(name);
                    principals::carry_out(db, &catalog, stmt, has_login)?;
                }
                Stmt::Block(_) | Stmt::If { .. } | Stmt::Begin | Stmt::Commit | Stmt::Rollback => {
                    return Ok(());
                }
                Stmt::While { .. } | Stmt::Try { .. } | Stmt::Assign { .. } => return Ok(()),
                Stmt::Save(_) | Stmt::RollbackTo(_) => return Ok(()),
                Stmt::Throw { .. } | Stmt::Set(_) | Stmt::Insert(_) | Stmt::Update(_) => {
                    return Ok(());
                }
                Stmt::Delete(_) | Stmt::Select(_) => return Ok(()),
            }
            session.catalog_changed(db)
        })
    }

    /// `SET IDENTITY_INSERT`: for one table at a time.
    pub(crate) fn set_identity_insert(&mut self, name: &ObjectName, is_on: bool) -> SqlResult<()> {
        let catalog = self.catalog();
        let access = self.access(&catalog)?;
        let table = catalog.find(name).filter(|table| access.may_alter(table));
        let table = table.ok_or_else(|| missing(name))?;
        if table.identity_column().is_none() {
            let table = table.sqlite_name();
            let text = format!(
                "Table '{table}' does not have the identity property. Cannot perform SET operation."
            );
            return Err(SqlError::new(8106, text));
        }
        let key = table.sqlite_name().to_lowercase();
        let current = self.settings.identity_insert.as_deref();
        if !is_on {
            if current == Some(key.as_str()) {
                self.settings.identity_insert = None;
            }
            return Ok(());
        }
        if let Some(current) = current.filter(|current| *current != key) {
            let asked = table.sqlite_name();
            let text = format!(
                "IDENTITY_INSERT is already ON for table 'xmlx.{current}'. Cannot perform SET operation for table '{asked}'."
            );
            return Err(SqlError::new(8107, text));
        }
        self.settings.identity_insert = Some(key);
        Ok(())
    }
}

/// 262, 2760 and 229: making a table takes the permission for it, one for its schema, and one on every table that
/// it refers to.
fn may_create(access: &Access<'_>, def: &TableDef) -> SqlResult<()> {
    if def.name.name.starts_with('#') {
        return Ok(());
    }
    access.require_in_database(Permission::CreateTable)?;
    let name = def.name.schema.as_deref().unwrap_or(DEFAULT_SCHEMA);
    let schema = access.catalog.schemas.get(&name.to_lowercase());
    if schema.is_some_and(|schema| !access.may_alter_schema(schema)) {
        return Err(build::no_schema(name));
    }
    for constraint in &def.constraints {
        if let Rule::Foreign { parent, .. } = &constraint.rule
            && let Some(parent) = access.catalog.find(parent)
        {
            access.require(Permission::References, parent)?;
        }
    }
    Ok(())
}

/// 1088.
fn missing(name: &ObjectName) -> SqlError {
    let name = name.written();
    SqlError::new(
        1088,
        format!(
            "Cannot find the object \"{name}\" because it does not exist or you do not have permissions."
        ),
    )
}

/// 3701.
fn undroppable(name: &ObjectName) -> SqlError {
    let name = name.written();
    SqlError::new(
        3701,
        format!(
            "Cannot drop the table '{name}', because it does not exist or you do not have permission."
        ),
    )
}
