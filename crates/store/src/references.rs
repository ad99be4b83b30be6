//! Rows that foreign keys need and no document brings: campaigns, enums. Looked up before the run.

use std::collections::{BTreeMap, BTreeSet};

use xmlx_extract::{Column, Plan};

use crate::connection::{optional, text};
use crate::{Disagreement, Error, Store, name, statements};

/// A column of a table that the contract does not fill with its collation, and the values that the contract refers to
/// in it.
type Wanted = BTreeMap<(String, String, Option<String>), (BTreeSet<String>, BTreeSet<String>)>;

impl Store {
    /// Rows of other tables that the contract's own values (enums, defaults, numbers of groups) refer to and
    /// that do not exist, all at once, each with what to do.
    ///
    /// # Errors
    /// See [`Error`]; 229 where this login may not read such a table.
    pub async fn missing_references(&self, plan: &Plan) -> Result<Vec<Disagreement>, Error> {
        let mut found = Vec::new();
        for ((table, column, collation), (places, values)) in self.wanted(plan).await? {
            let values: Vec<&String> = values.iter().collect();
            let json = serde_json::to_string(&values).expect("strings are always JSON");
            let sql = reference_statement(&table, &column, collation.as_deref());
            for row in &self.run(&sql, &[&json]).await? {
                let value = text(row, "value", "references")?;
                let places: Vec<&str> = places.iter().map(String::as_str).collect();
                found.push(Disagreement {
                    place: table.clone(),
                    problem: format!(
                        "has no row with {column} = '{value}', which `{}` refers to; INSERT INTO {table} ({column}, ...) VALUES (N'{}', ...), or take the value out of the contract",
                        places.join("`, `"),
                        value.replace('\'', "''")
                    ),
                });
            }
        }
        Ok(found)
    }

    /// The statements that look for such rows, for checks from outside.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn reference_statements(&self, plan: &Plan) -> Result<Vec<String>, Error> {
        let wanted = self.wanted(plan).await?;
        let statements = wanted.into_keys().map(|(table, column, collation)| {
            reference_statement(&table, &column, collation.as_deref())
        });
        Ok(statements.collect())
    }

    async fn wanted(&self, plan: &Plan) -> Result<Wanted, Error> {
        const IT: &str = "catalog_references";
        let schema = plan.target_schema();
        let filled =
            |table: &str| plan.tables().iter().position(|it| it.name.eq_ignore_ascii_case(table));
        let outlines = plan.outlines();
        let mut wanted = Wanted::new();
        for row in &self.run(statements::CATALOG_REFERENCES, &[&schema]).await? {
            let (child, child_column) = (text(row, "child", IT)?, text(row, "child_column", IT)?);
            let (parent_schema, parent) =
                (text(row, "parent_schema", IT)?, text(row, "parent", IT)?);
            let is_filled = parent_schema.eq_ignore_ascii_case(schema) && filled(&parent).is_some();
            if is_filled {
                continue;
            }
            let quoted = format!("{}.{}", name::quoted(&parent_schema), name::quoted(&parent));
            let collation = optional::<&str>(row, "collation_name", IT)?.map(ToOwned::to_owned);
            let key = (quoted, name::quoted(&text(row, "parent_column", IT)?), collation);
            // Several contracts of a job may fill one table.
            let tables = plan.tables().iter().zip(&outlines);
            for (table, outline) in tables.filter(|(it, _)| it.name.eq_ignore_ascii_case(&child)) {
                let named = |it: &Column| it.name.eq_ignore_ascii_case(&child_column);
                let column = table.columns.iter().position(named);
                let Some(values) = column.and_then(|it| outline.fixed.get(&it)) else { continue };
                let (places, all) = wanted.entry(key.clone()).or_default();
                places.insert(format!("{}.{child_column}", table.name));
                all.extend(values.iter().cloned());
            }
        }
        Ok(wanted)
    }
}

/// The statement that finds values without a row: by the collation of the column, as its foreign keys do. Parameter: the
/// values as JSON.
#[must_use]
pub fn reference_statement(table: &str, column: &str, collation: Option<&str>) -> String {
    let collate = collation.map_or_else(String::new, name::collate);
    format!(
        "SELECT j.[value] FROM OPENJSON(@P1) WITH ([value] nvarchar(400) '$') AS j \
         WHERE NOT EXISTS (SELECT 1 FROM {table} AS p WHERE p.{column} = j.[value]{collate}) ORDER BY j.[value]"
    )
}
