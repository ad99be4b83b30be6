//! Where a contract and the target disagree, all of it at once; and what is better known before the run.

use xmlx_extract::{Column, DataType, Plan, Table};

use super::loss::{altered, noted};
use super::{Catalog, CatalogColumn, CatalogTable, Disagreement, Room};
use crate::name;

/// The table that every decision is noted in.
const LOG: &str = "processing_log";
/// What a commit writes there, with the room that it needs.
const LOG_COLUMNS: [(&str, usize); 6] = [
    ("app_id", 0),
    ("status", "success".len()),
    ("failure_reason", 0),
    ("session_id", 36),
    ("app_id_start", 0),
    ("app_id_end", 0),
];
/// What is read of it besides.
const LOG_READ: [&str; 2] = ["log_id", "processing_time"];

impl Catalog {
    /// Every point on which `plan` and the database disagree. Empty: they fit.
    #[must_use]
    pub fn check(&self, plan: &Plan) -> Vec<Disagreement> {
        let mut found = self.database.problems();
        for table in plan.tables() {
            self.check_table(table, plan.target_schema(), &mut found);
        }
        self.check_log(plan.target_schema(), &mut found);
        self.check_order(plan, &mut found);
        found
    }

    /// What does not keep a job from running, and is better known before: where it will be slow, what will be
    /// altered on its way.
    #[must_use]
    pub fn advice(&self, plan: &Plan) -> Vec<Disagreement> {
        let mut found = Vec::new();
        let mut advise = |place: &str, problem: String| {
            found.push(Disagreement { place: place.to_owned(), problem });
        };
        let source = plan.source();
        for (table, id) in [(LOG, "app_id"), (&source.table, &source.id)] {
            let key = (table.to_lowercase(), id.to_lowercase());
            if self.tables.contains_key(&key.0) && !self.indexes.contains(&key) {
                let target = name::table(plan.target_schema(), table);
                advise(
                    table,
                    format!(
                        "no index begins with `{id}`, so that every group of documents reads the whole table: CREATE INDEX ... ON {target} ({})",
                        name::quoted(id)
                    ),
                );
            }
        }
        for table in plan.tables() {
            let Some(known) = self.tables.get(&table.name.to_lowercase()) else { continue };
            let narrow = |it: &&Column| {
                known
                    .columns
                    .get(&it.name.to_lowercase())
                    .is_some_and(CatalogColumn::is_in_a_code_page)
            };
            let columns: Vec<&str> =
                table.columns.iter().filter(narrow).map(|it| it.name.as_str()).collect();
            if !columns.is_empty() {
                advise(
                    &table.name,
                    format!(
                        "{} hold text in a code page: SQL Server stores `?` for characters that it does not have; `nvarchar` takes all",
                        columns.join(", ")
                    ),
                );
            }
        }
        for table in plan.tables() {
            for column in &table.columns {
                let known = self.column(&table.name, &column.name);
                let Some((known, note)) =
                    known.and_then(|it| Some((it, noted(column.data_type, it)?)))
                else {
                    continue;
                };
                let place = format!("{}.{}", table.name, column.name);
                let (here, there) = (column.data_type, &known.type_name);
                advise(&place, format!("is `{there}`, and the contract says `{here}`: {note}"));
            }
        }
        if !self.database.read_committed_snapshot {
            advise("database", "READ_COMMITTED_SNAPSHOT is OFF: whoever reads the tables while a job runs waits for its commits".to_owned());
        }
        found
    }

    fn check_table(&self, table: &Table, schema: &str, found: &mut Vec<Disagreement>) {
        let Some(known) = self.tables.get(&table.name.to_lowercase()) else {
            let problem = format!(
                "does not exist in schema `{schema}`, or this login may not see it; create it (`xmlx-client schema CONTRACT` prints it), run what `xmlx-client grants` prints, or take its mappings out"
            );
            found.push(Disagreement { place: table.name.clone(), problem });
            return;
        };
        if let Some(problem) = self.misspelt(&table.name, &known.name) {
            found.push(Disagreement { place: table.name.clone(), problem });
        }
        let mut report = |column: &str, problem: String| {
            found.push(Disagreement { place: format!("{}.{column}", table.name), problem });
        };
        for column in &table.columns {
            let Some(it) = known.columns.get(&column.name.to_lowercase()) else {
                report(&column.name, "does not exist; add it, or take its mapping out".to_owned());
                continue;
            };
            let misspelt = self.misspelt(&column.name, &it.name);
            if let Some(problem) = misspelt.or_else(|| misfit(column, it)) {
                report(&column.name, problem);
            }
        }
        let is_filled = |name: &str| table.columns.iter().any(|it| it.name.to_lowercase() == name);
        for it in known.left_empty(is_filled) {
            let problem = "does not allow NULL, has no default, and no mapping fills it; add one";
            report(&it.name, problem.to_owned());
        }
    }

    fn check_log(&self, schema: &str, found: &mut Vec<Disagreement>) {
        let mut report =
            |place: String, problem: String| found.push(Disagreement { place, problem });
        let Some(log) = self.tables.get(LOG) else {
            let problem = format!(
                "does not exist in schema `{schema}`, or this login may not see it; `xmlx-client schema CONTRACT` prints it, `xmlx-client grants` what a login needs"
            );
            report(LOG.to_owned(), problem);
            return;
        };
        let place = |column: &str| format!("{LOG}.{column}");
        for (here, there) in std::iter::once((LOG, &log.name)).chain(
            LOG_COLUMNS.iter().filter_map(|(name, _)| Some((*name, &log.columns.get(*name)?.name))),
        ) {
            if let Some(problem) = self.misspelt(here, there) {
                report(if here == LOG { LOG.to_owned() } else { place(here) }, problem);
            }
        }
        let written = LOG_COLUMNS.iter().map(|(name, _)| *name);
        for name in written.chain(LOG_READ).filter(|it| !log.columns.contains_key(*it)) {
            report(
                place(name),
                "does not exist; `xmlx-client schema CONTRACT` prints the table".to_owned(),
            );
        }
        for (name, needed) in LOG_COLUMNS {
            let room = log.columns.get(name).and_then(CatalogColumn::room);
            if let Some(Room::Units(n) | Room::Bytes(n)) = room
                && n < needed
            {
                report(
                    place(name),
                    format!("has room for {n} characters and needs {needed}; widen it"),
                );
            }
        }
        let is_filled = |name: &str| LOG_COLUMNS.iter().any(|(it, _)| *it == name);
        for it in log.left_empty(is_filled) {
            let problem =
                "does not allow NULL and has no default, and nothing fills it; give it one";
            report(place(&it.name), problem.to_owned());
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

    fn misspelt(&self, here: &str, there: &str) -> Option<String> {
        (here != there && self.database.tells_case_apart()).then(|| {
            format!("is `{there}` in the database, which tells upper from lower case; write it so in the contract")
        })
    }
}

impl CatalogTable {
    /// Columns that have to have a value and get none.
    fn left_empty(&self, is_filled: impl Fn(&str) -> bool) -> impl Iterator<Item = &CatalogColumn> {
        let needs_none = |it: &CatalogColumn| {
            it.nullable || it.identity || it.computed || it.default.is_some() || it.default_hidden
        };
        let columns = self.columns.iter();
        columns.filter(move |(key, it)| !needs_none(it) && !is_filled(key)).map(|(_, it)| it)
    }
}

impl CatalogColumn {
    /// Whether it cannot hold every character.
    fn is_in_a_code_page(&self) -> bool {
        let collation = self.collation.as_deref().unwrap_or_default();
        matches!(self.type_name.as_str(), "varchar" | "char" | "text")
            && !collation.to_uppercase().ends_with("_UTF8")
    }
}

/// Why values of the mapping cannot go into the column.
fn misfit(column: &Column, it: &CatalogColumn) -> Option<String> {
    if it.computed {
        return Some("is filled by the database itself; take its mapping out".to_owned());
    }
    if it.default_hidden {
        return Some(
            "has a default that this login may not read; grant VIEW DEFINITION on the schema"
                .to_owned(),
        );
    }
    if it.identity && !column.identity {
        return Some(
            "is an IDENTITY, which the database numbers by itself; give its mapping the type `identity_insert`, or take it out"
                .to_owned(),
        );
    }
    let default = it.default.as_deref().unwrap_or_default();
    if default.to_uppercase().contains("NEXT VALUE FOR") {
        return Some(
            "takes its default from a sequence, which SQL Server allows for values that are left out alone; take its mapping out"
                .to_owned(),
        );
    }
    if !type_fits(column, it) {
        return Some(format!(
            "is `{}`, which cannot take what the contract calls `{}`; change `data_type`",
            it.type_name, column.data_type
        ));
    }
    let lost = altered(column.data_type, it)?;
    Some(format!("is `{}`, the contract says `{}`, and it {lost}", it.type_name, column.data_type))
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
        DataType::Date | DataType::DateTime | DataType::SmallDateTime | DataType::DateTime2 => {
            is(&dates) || is(&texts)
        }
        DataType::DateTimeOffset => is(&["datetimeoffset"]) || is(&texts),
        DataType::Time => is(&["time"]) || is(&texts),
        DataType::Uuid => is(&["uniqueidentifier"]) || is(&texts),
        DataType::Binary => is(&["binary", "varbinary", "image"]),
        DataType::Xml => is(&["xml"]) || is(&texts),
    }
}
