//! Definitions, and the setting that names a table.

use crate::catalog::store;
use crate::error::{SqlError, SqlResult};
use crate::exec::session::Session;
use crate::sql::ast::{ObjectName, Stmt};

impl Session {
    /// Runs a definition; other statements are none.
    pub(crate) fn define(&mut self, stmt: &Stmt) -> SqlResult<()> {
        self.write(|session, db| {
            let catalog = session.catalog();
            match stmt {
                Stmt::CreateSchema(name) => store::create_schema(db, &catalog, name)?,
                Stmt::CreateTable(def) => store::create_table(db, &catalog, def)?,
                Stmt::CreateIndex(def) => store::create_index(db, &catalog, def)?,
                Stmt::DropTable { name, if_exists } => match catalog.find(name) {
                    Some(_) => store::drop_table(db, &catalog, name)?,
                    None if *if_exists => return Ok(()),
                    None => {
                        let name = name.written();
                        let text = format!("Cannot drop the table '{name}', because it does not exist or you do not have permission.");
                        return Err(SqlError::new(3701, text).with_class(11));
                    }
                },
                Stmt::Block(_) | Stmt::If { .. } | Stmt::Begin | Stmt::Commit | Stmt::Rollback => return Ok(()),
                Stmt::Throw { .. } | Stmt::Set(_) | Stmt::Insert(_) | Stmt::Update(_) => return Ok(()),
                Stmt::Delete(_) | Stmt::Select(_) => return Ok(()),
            }
            session.catalog_changed(db)
        })
    }

    /// `SET IDENTITY_INSERT`: for one table at a time.
    pub(crate) fn set_identity_insert(&mut self, name: &ObjectName, is_on: bool) -> SqlResult<()> {
        let catalog = self.catalog();
        let table = catalog.find(name).ok_or_else(|| {
            let name = name.written();
            SqlError::new(1088, format!("Cannot find the object \"{name}\" because it does not exist or you do not have permissions."))
        })?;
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
