//! The target's catalog, and whether a contract fits it.

use std::collections::BTreeMap;
use std::fmt;

use xmlx_extract::{Column, DataType, Plan, Table};

use crate::connection::{column, optional, text};
use crate::{Error, Store, statements};

/// The tables of one schema. Names compare without case, as SQL Server does by default.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    tables: BTreeMap<String, BTreeMap<String, CatalogColumn>>,
    /// (child, parent), lower case.
    foreign_keys: Vec<(String, String)>,
}

/// What an INSERT has to know of a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CatalogColumn {
    pub(crate) name: String,
    pub(crate) type_name: String,
    pub(crate) precision: i32,
    pub(crate) scale: i32,
    pub(crate) nullable: bool,
    pub(crate) identity: bool,
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

impl Store {
    /// Reads the catalog of `schema`.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn catalog(&self, schema: &str) -> Result<Catalog, Error> {
        const COLUMNS: &str = "catalog_columns";
        const KEYS: &str = "catalog_foreign_keys";
        let mut catalog = Catalog::default();
        for row in &self.run(statements::CATALOG_COLUMNS, &[&schema]).await? {
            let flag = |name| column::<i32>(row, name, COLUMNS).map(|it| it != 0);
            let default: Option<&str> = optional(row, "default_definition", COLUMNS)?;
            let type_name = text(row, "type_name", COLUMNS)?.to_lowercase();
            let it = CatalogColumn {
                name: text(row, "column_name", COLUMNS)?,
                precision: column(row, "precision", COLUMNS)?,
                scale: column(row, "scale", COLUMNS)?,
                nullable: flag("is_nullable")?,
                identity: flag("is_identity")?,
                // Nobody can write a row version either.
                computed: flag("is_computed")? || type_name == "timestamp",
                default: default.map(ToOwned::to_owned),
                default_hidden: flag("has_default")? && default.is_none(),
                type_name,
            };
            let table = text(row, "table_name", COLUMNS)?.to_lowercase();
            catalog.tables.entry(table).or_default().insert(it.name.to_lowercase(), it);
        }
        for row in &self.run(statements::CATALOG_FOREIGN_KEYS, &[&schema]).await? {
            let (child, parent) = (text(row, "child", KEYS)?, text(row, "parent", KEYS)?);
            catalog.foreign_keys.push((child.to_lowercase(), parent.to_lowercase()));
        }
        Ok(catalog)
    }
}

impl Catalog {
    pub(crate) fn column(&self, table: &str, column: &str) -> Option<&CatalogColumn> {
        self.tables.get(&table.to_lowercase())?.get(&column.to_lowercase())
    }

    /// Every point on which `plan` and the database disagree. Empty: they fit.
    #[must_use]
    pub fn check(&self, plan: &Plan) -> Vec<Disagreement> {
        let mut found = Vec::new();
        for table in plan.tables() {
            self.check_table(table, plan.target_schema(), &mut found);
        }
        if !self.tables.contains_key("processing_log") {
            found.push(Disagreement {
                place: "processing_log".to_owned(),
                problem: format!(
                    "does not exist in schema `{}`; `xmlx-client schema CONTRACT` prints it",
                    plan.target_schema()
                ),
            });
        }
        self.check_order(plan, &mut found);
        found
    }

    fn check_table(&self, table: &Table, schema: &str, found: &mut Vec<Disagreement>) {
        let Some(columns) = self.tables.get(&table.name.to_lowercase()) else {
            let problem =
                format!("does not exist in schema `{schema}`; create it, or take its mappings out");
            found.push(Disagreement { place: table.name.clone(), problem });
            return;
        };
        let mut report = |column: &str, problem: String| {
            found.push(Disagreement { place: format!("{}.{column}", table.name), problem });
        };
        for column in &table.columns {
            match columns.get(&column.name.to_lowercase()) {
                None => report(
                    &column.name,
                    "does not exist; add it, or take its mapping out".to_owned(),
                ),
                Some(it) if it.computed => {
                    report(
                        &column.name,
                        "is computed by the database; take its mapping out".to_owned(),
                    );
                }
                Some(it) if it.default_hidden => report(
                    &column.name,
                    "has a default that this login may not read; grant VIEW DEFINITION on the schema".to_owned(),
                ),
                Some(it) if !type_fits(column, it) => {
                    let problem = format!(
                        "is `{}`, which cannot take what the contract calls {:?}; change `data_type`",
                        it.type_name, column.data_type
                    );
                    report(&column.name, problem);
                }
                Some(_) => (),
            }
        }
        for (key, it) in columns {
            let filled = it.nullable
                || it.identity
                || it.computed
                || it.default.is_some()
                || it.default_hidden;
            if !filled && !table.columns.iter().any(|column| column.name.to_lowercase() == *key) {
                report(
                    &it.name,
                    "does not allow NULL, has no default, and no mapping fills it; add one"
                        .to_owned(),
                );
            }
        }
    }

    /// Each contract's own order counts: of its tables alone are there rows of an application.
    fn check_order(&self, plan: &Plan, found: &mut Vec<Disagreement>) {
        for tables in plan.lines() {
            let position =
                |name: &String| tables.iter().position(|it| it.name.to_lowercase() == *name);
            for (child, parent) in &self.foreign_keys {
                if let (Some(child_at), Some(parent_at)) = (position(child), position(parent))
                    && child_at < parent_at
                {
                    found.push(Disagreement {
                        place: child.clone(),
                        problem: format!(
                            "stands before `{parent}`, which it refers to; move it behind in `table_insertion_order`"
                        ),
                    });
                }
            }
        }
    }
}

/// Whether values of the contract's type can be stored in the column without being garbled.
fn type_fits(column: &Column, it: &CatalogColumn) -> bool {
    let is = |names: &[&str]| names.contains(&it.type_name.as_str());
    let texts = ["varchar", "nvarchar", "char", "nchar", "text", "ntext"];
    let ints = ["tinyint", "smallint", "int", "bigint"];
    let exact = ["decimal", "numeric", "money", "smallmoney", "float", "real"];
    let dates = ["datetime", "datetime2", "smalldatetime", "date", "datetimeoffset"];
    match column.data_type {
        DataType::Text { .. } => is(&texts),
        DataType::TinyInt | DataType::SmallInt | DataType::Int | DataType::BigInt => {
            is(&ints) || is(&exact) || is(&texts)
        }
        DataType::Decimal { .. } | DataType::Float => is(&exact) || is(&texts),
        DataType::Bit => is(&["bit"]) || is(&ints) || is(&texts),
        DataType::Date | DataType::DateTime | DataType::SmallDateTime => is(&dates) || is(&texts),
    }
}
