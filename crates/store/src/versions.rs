//! Versions of documents, where the source's table has a `rowversion`: so that a copy that lags behind is not read as
//! it was before a document was changed.

use std::collections::BTreeMap;

use xmlx_extract::Plan;

use crate::catalog::Catalog;
use crate::connection::{Connection, column, optional};
use crate::{Error, name};

/// The statement that reads versions, of the database and of its copy.
#[derive(Clone, Debug)]
pub struct Versions {
    statement: String,
}

impl Versions {
    /// Versions by the source table's `rowversion`; `None` where it has none, or is no table of the target's schema.
    #[must_use]
    pub fn of(plan: &Plan, catalog: &Catalog) -> Option<Self> {
        catalog.row_version(&plan.source().table).map(|version| Self::new(plan, version))
    }

    /// Versions by this column of the source table: whenever a row changes, it grows.
    #[must_use]
    pub fn new(plan: &Plan, version: &str) -> Self {
        let table = name::table(plan.target_schema(), &plan.source().table);
        let version = name::quoted(version);
        let id = name::quoted(&plan.source().id);
        let statement = format!(
            "SELECT CAST(x.{id} AS bigint) AS [app_id], CAST(x.{version} AS bigint) AS [version] FROM {table} AS x \
             WHERE x.{id} IN (SELECT j.[app_id] FROM OPENJSON(@P1) WITH ([app_id] bigint '$') AS j)"
        );
        Self { statement }
    }

    /// The statement, for checks from outside. Its parameter: the ids as JSON.
    #[must_use]
    pub fn statement(&self) -> &str {
        &self.statement
    }

    /// Whether the copy has each of these documents at least as the database has it. Documents are read behind it: a
    /// copy only goes forward.
    ///
    /// # Errors
    /// [`Error::Behind`] where it does not; see [`Error`].
    pub async fn require(
        &self,
        connection: &mut Connection,
        copy: &mut Connection,
        ids: &[i64],
    ) -> Result<(), Error> {
        let json = serde_json::to_string(ids).expect("numbers are always JSON");
        let here = self.read(connection, &json).await?;
        let there = self.read(copy, &json).await?;
        let is_older = |(app_id, version): &(&i64, &Option<i64>)| {
            there.get(app_id).is_none_or(|it| it < version)
        };
        let missing = here.iter().filter(is_older).count();
        if missing > 0 { Err(Error::Behind { missing, asked: ids.len() }) } else { Ok(()) }
    }

    async fn read(
        &self,
        connection: &mut Connection,
        json: &str,
    ) -> Result<BTreeMap<i64, Option<i64>>, Error> {
        const IT: &str = "versions";
        let rows = connection.run(&self.statement, &[&json]).await?;
        rows.iter()
            .map(|row| Ok((column(row, "app_id", IT)?, optional(row, "version", IT)?)))
            .collect()
    }
}
