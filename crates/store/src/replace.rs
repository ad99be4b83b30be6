//! Which rows an application has, whoever wrote them: what a `replace` deletes before it writes the application again.
//!
//! A row belongs to an application if its table has the application's id, or hangs on a row that belongs to it by the
//! columns that the two tables have in common. The tables are those of the job's own contract and of every contract by
//! which an earlier job may have written an application of its scope.

use std::collections::{BTreeMap, BTreeSet};

use xmlx_domain::{JobId, Scope};
use xmlx_extract::{Plan, Table};

use crate::catalog::{Catalog, CatalogColumn};
use crate::connection::{column, text};
use crate::encode::ColumnCodec;
use crate::{Disagreement, Error, Grant, Store, name, same_applications, statements};

/// The rows that a `replace` deletes: one way for each table, children before their parents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Removals {
    ways: Vec<Way>,
}

/// How the rows of a table are found from the id of their application.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Way {
    /// Quoted, from the table with the application's id to the one that the rows are deleted from, each with the
    /// condition that ties it to the one before.
    steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Step {
    /// Lower case, for comparisons.
    table: String,
    /// As it is written in a statement.
    target: String,
    /// Quoted columns that tie it to the table above it, or the column with the application's id; the latter with its
    /// type.
    tie: Tie,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Tie {
    Id {
        column: String,
        sql_type: String,
    },
    /// Each with what a comparison of texts has to say behind it.
    Columns(Vec<(String, String)>),
}

/// A foreign key whose rows are deleted or changed with the row that they refer to.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Referrer {
    key_name: String,
    /// Quoted.
    target: String,
    /// The table alone, if it is of the same schema; lower case.
    sibling: Option<String>,
    /// Lower case.
    parent: String,
    /// Quoted: its column and the parent's.
    columns: Vec<(String, String)>,
}

impl Removals {
    /// Finds the ways for `new` and the contracts `old`, or what keeps the applications from being replaced.
    pub(crate) fn new(
        new: &Plan,
        old: &[Plan],
        catalog: &Catalog,
    ) -> Result<Self, Vec<Disagreement>> {
        let (mut ways, mut problems) = (BTreeSet::new(), Vec::new());
        for plan in std::iter::once(new).chain(old) {
            for table in plan.tables() {
                match way(plan, table, catalog) {
                    Found::Way(way) => {
                        ways.insert(way);
                    }
                    Found::NoTable => {}
                    Found::Problem(problem) if !problems.contains(&problem) => {
                        problems.push(problem);
                    }
                    Found::Problem(_) => {}
                }
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        children_first(ways, catalog)
    }

    /// The tables that rows are deleted from or looked up in, quoted, each once.
    fn tables(&self) -> (BTreeSet<&str>, BTreeSet<&str>) {
        let deleted = self.ways.iter().map(|way| way.last().target.as_str()).collect();
        let steps = self.ways.iter().flat_map(|way| &way.steps);
        (deleted, steps.map(|step| step.target.as_str()).collect())
    }

    /// Whether rows of a table are deleted; its name in lower case.
    fn has(&self, table: &str) -> bool {
        self.ways.iter().any(|way| way.last().table == table)
    }

    /// What a worker may do in addition, in order to delete them.
    #[must_use]
    pub fn grants(&self) -> Vec<Grant> {
        let (deleted, read) = self.tables();
        let grant = |permission| {
            move |table: &str| Grant { class: "OBJECT", securable: table.to_owned(), permission }
        };
        let read = read.into_iter().map(grant("SELECT"));
        read.chain(deleted.into_iter().map(grant("DELETE"))).collect()
    }

    /// The statements that delete the rows of applications. `ids` makes the source `j` of the ids, with this type, and
    /// `condition` says which of its rows count.
    ///
    /// The hint keeps the order of the joins: a plan that begins with the target would scan it, and wait for the rows of
    /// every other commit under way.
    pub(crate) fn deletes(&self, ids: &dyn Fn(&str) -> String, condition: &str) -> String {
        let mut text = String::new();
        for way in &self.ways {
            let n_steps = way.steps.len();
            let mut from = String::new();
            for (i, step) in way.steps.iter().enumerate() {
                let depth = n_steps - 1 - i;
                let target = &step.target;
                match &step.tie {
                    Tie::Id { column, sql_type } => {
                        from.push_str(&format!(
                            "{} AS j INNER LOOP JOIN {target} AS t{depth} ON t{depth}.{column} = j.[app_id]",
                            ids(sql_type)
                        ));
                    }
                    Tie::Columns(columns) => {
                        from.push_str(&format!(
                            " INNER LOOP JOIN {target} AS t{depth} ON {}",
                            tied(columns, depth)
                        ));
                    }
                }
            }
            text.push_str(&format!("DELETE t0 FROM {from}{condition};\n"));
        }
        text
    }
}

impl Way {
    fn last(&self) -> &Step {
        self.steps.last().expect("a way has a step")
    }
}

enum Found {
    Way(Way),
    /// The database has no such table (any more).
    NoTable,
    Problem(Disagreement),
}

/// How the rows of `table` are found, as the verification finds them.
fn way(plan: &Plan, table: &Table, catalog: &Catalog) -> Found {
    let roots = plan.tables().iter().find(|table| table.parent.is_none());
    let key = roots.and_then(|root| root.columns.first()).map(|column| column.name.as_str());
    if !catalog.has_table(&table.name) {
        return Found::NoTable;
    }
    let mut steps = Vec::new();
    let mut table = table;
    loop {
        let target = name::table(plan.target_schema(), &table.name);
        let lower = table.name.to_lowercase();
        let problem =
            |problem: String| Found::Problem(Disagreement { place: table.name.clone(), problem });
        let is_key = |name: &str| key.is_some_and(|key| key.eq_ignore_ascii_case(name));
        if let Some(column) = table.columns.iter().find(|column| is_key(&column.name)) {
            let Some(known) = catalog.column(&table.name, &column.name) else {
                return problem(gone(&column.name));
            };
            if !catalog.has_index(&table.name, &known.name) {
                return problem(without_index(&target, &[&known.name]));
            }
            let tie = Tie::Id {
                column: name::quoted(&known.name),
                sql_type: ColumnCodec::new(known).sql_type,
            };
            steps.push(Step { table: lower, target, tie });
            steps.reverse();
            return Found::Way(Way { steps });
        }
        let parent = table.parent.as_ref();
        let above =
            parent.and_then(|parent| plan.tables().iter().find(|known| known.name == parent.table));
        let (Some(parent), Some(above)) = (parent, above) else {
            return problem(
                "its rows are not tied to an application, so they would stay when it is replaced; give the table the application's id".to_owned(),
            );
        };
        if !catalog.has_table(&above.name) {
            return Found::Problem(Disagreement {
                place: above.name.clone(),
                problem: format!(
                    "is gone, and an earlier contract tied the rows of `{}` to it: what these belong to cannot be found; delete them or that table",
                    table.name
                ),
            });
        }
        let mut columns = Vec::new();
        for column in &parent.columns {
            let (own, other) =
                (catalog.column(&table.name, column), catalog.column(&above.name, column));
            let (Some(own), Some(other)) = (own, other) else { return problem(gone(column)) };
            columns.push((name::quoted(&own.name), collate(other, own)));
        }
        if !parent.columns.iter().any(|column| catalog.has_index(&table.name, column)) {
            let columns: Vec<&str> = parent.columns.iter().map(String::as_str).collect();
            return problem(without_index(&target, &columns));
        }
        steps.push(Step { table: lower, target, tie: Tie::Columns(columns) });
        table = above;
    }
}

/// Without one every commit would read the whole table, and wait for the rows of all the others.
fn without_index(target: &str, columns: &[&str]) -> String {
    let quoted: Vec<String> = columns.iter().map(|column| name::quoted(column)).collect();
    format!(
        "has no index that begins with `{}`, by which the rows of an application are found when it is replaced; CREATE INDEX [IX_replace] ON {target} ({})",
        columns[0],
        quoted.join(", ")
    )
}

fn gone(column: &str) -> String {
    format!(
        "an earlier contract tied its rows to the application by column `{column}`, which is gone: what they belong to cannot be found; delete them or the table"
    )
}

/// Where the two columns have different collations, the upper one's tells its rows apart.
fn collate(above: &CatalogColumn, below: &CatalogColumn) -> String {
    match (&above.collation, &below.collation) {
        (Some(above), Some(below)) if above != below => name::collate(above),
        (Some(_) | None, _) => String::new(),
    }
}

/// Puts every table before those that its rows refer to, or that they are found by.
fn children_first(ways: BTreeSet<Way>, catalog: &Catalog) -> Result<Removals, Vec<Disagreement>> {
    let mut below: BTreeMap<String, BTreeSet<String>> =
        ways.iter().map(|way| (way.last().table.clone(), BTreeSet::new())).collect();
    let keys =
        catalog.foreign_keys().iter().map(|(child, parent)| (child.as_str(), parent.as_str()));
    let ties = ways.iter().flat_map(|way| {
        let above = way.steps.iter().rev().skip(1).map(|step| step.table.as_str());
        above.map(|above| (way.last().table.as_str(), above))
    });
    for (child, parent) in keys.chain(ties) {
        if child != parent
            && below.contains_key(child)
            && let Some(children) = below.get_mut(parent)
        {
            children.insert(child.to_owned());
        }
    }
    let mut sorted = Removals::default();
    let mut rest = ways;
    while !below.is_empty() {
        let Some(next) = below.iter().find(|(_, children)| children.is_empty()) else {
            let tables: Vec<&str> = below.keys().map(String::as_str).collect();
            return Err(vec![Disagreement {
                place: tables[0].to_owned(),
                problem: format!(
                    "`{}` refer to each other in a circle, so none of them can be deleted from first",
                    tables.join("`, `")
                ),
            }]);
        };
        let table = next.0.clone();
        below.remove(&table);
        below.values_mut().for_each(|children| {
            children.remove(&table);
        });
        let (mine, others): (BTreeSet<Way>, BTreeSet<Way>) =
            rest.into_iter().partition(|way| way.last().table == table);
        sorted.ways.extend(mine);
        rest = others;
    }
    Ok(sorted)
}

impl Store {
    /// The rows that a `replace` of `scope` by `plan` deletes; `before`: jobs below this one may have written them.
    ///
    /// # Errors
    /// [`Error::Mismatch`] with everything that keeps the applications from being replaced; see [`Error`].
    pub async fn removals(
        &self,
        plan: &Plan,
        catalog: &Catalog,
        scope: Scope,
        before: JobId,
    ) -> Result<Removals, Error> {
        let found = self.find_removals(plan, catalog, scope, before).await?;
        found.map_err(|problems| {
            let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
            Error::Mismatch(lines.join("\n"))
        })
    }

    /// The same, with each problem on its own.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn find_removals(
        &self,
        plan: &Plan,
        catalog: &Catalog,
        scope: Scope,
        before: JobId,
    ) -> Result<Result<Removals, Vec<Disagreement>>, Error> {
        const CONTRACTS: &str = "replaced_contracts";
        let params: [&dyn tiberius::ToSql; 3] = [&before.0, &scope.lo, &scope.hi];
        let (mut old, mut problems) = (Vec::new(), Vec::new());
        for row in &self.run_long(statements::REPLACED_CONTRACTS, &params).await? {
            match Plan::from_json_with(&text(row, "contract", CONTRACTS)?, *self.limits()) {
                Ok(other) if same_applications(plan, &other) => old.push(other),
                Ok(_) => {}
                Err(err) => problems.push(Disagreement {
                    place: format!("job {}", column::<i64>(row, "job_id", CONTRACTS)?),
                    problem: format!(
                        "this build cannot read its contract, so the tables that it filled are not known: {err}"
                    ),
                }),
            }
        }
        if !problems.is_empty() {
            return Ok(Err(problems));
        }
        Ok(Removals::new(plan, &old, catalog))
    }

    /// Tables that no contract fills and whose rows the database would delete or change with those of applications of the
    /// scope, each with what to do.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn rows_of_others(
        &self,
        plan: &Plan,
        removals: &Removals,
        scope: Scope,
    ) -> Result<Vec<Disagreement>, Error> {
        let mut found = Vec::new();
        for referrer in self.referrers(plan.target_schema()).await? {
            let is_filled = referrer.sibling.as_ref().is_some_and(|child| removals.has(child));
            let way = removals.ways.iter().find(|way| way.last().table == referrer.parent);
            let Some(way) = way.filter(|_| !is_filled) else { continue };
            let sql = rows_of_other(plan, way, &referrer);
            let problem = match self.run_long(&sql, &[&scope.lo, &scope.hi]).await {
                Ok(rows) if rows.is_empty() => continue,
                Ok(_) => format!(
                    "no contract fills it, and its foreign key `{}` to `{}` deletes or changes rows of it when applications of the scope are replaced; make the key ON DELETE NO ACTION, or delete these rows",
                    referrer.key_name, referrer.parent
                ),
                Err(err) if err.is_select_denied() => format!(
                    "its foreign key `{}` to `{}` would delete or change rows of it, and the coordinator's login may not see whether there are any; GRANT SELECT ON it, or make the key ON DELETE NO ACTION",
                    referrer.key_name, referrer.parent
                ),
                Err(err) => return Err(err),
            };
            found.push(Disagreement { place: referrer.target, problem });
        }
        Ok(found)
    }

    /// The statements that look for such rows, for checks from outside. Parameters: bounds of the ids.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn rows_of_others_statements(
        &self,
        plan: &Plan,
        removals: &Removals,
    ) -> Result<Vec<String>, Error> {
        let mut all = Vec::new();
        for referrer in self.referrers(plan.target_schema()).await? {
            let is_filled = referrer.sibling.as_ref().is_some_and(|child| removals.has(child));
            let way = removals.ways.iter().find(|way| way.last().table == referrer.parent);
            all.extend(way.filter(|_| !is_filled).map(|way| rows_of_other(plan, way, &referrer)));
        }
        Ok(all)
    }

    async fn referrers(&self, schema: &str) -> Result<Vec<Referrer>, Error> {
        const IT: &str = "catalog_referrers";
        let mut referrers: Vec<Referrer> = Vec::new();
        for row in &self.run(statements::CATALOG_REFERRERS, &[&schema]).await? {
            let (of, child) = (text(row, "child_schema", IT)?, text(row, "child", IT)?);
            let target = format!("{}.{}", name::quoted(&of), name::quoted(&child));
            let key_name = text(row, "key_name", IT)?;
            let columns = (
                name::quoted(&text(row, "child_column", IT)?),
                name::quoted(&text(row, "parent_column", IT)?),
            );
            match referrers.last_mut() {
                Some(last) if last.target == target && last.key_name == key_name => {
                    last.columns.push(columns);
                }
                Some(_) | None => referrers.push(Referrer {
                    key_name,
                    target,
                    sibling: of.eq_ignore_ascii_case(schema).then(|| child.to_lowercase()),
                    parent: text(row, "parent", IT)?.to_lowercase(),
                    columns: vec![columns],
                }),
            }
        }
        Ok(referrers)
    }
}

/// Whether such a table has a row of an application of the product line. Parameters 1 and 2: bounds of the ids.
fn rows_of_other(plan: &Plan, way: &Way, referrer: &Referrer) -> String {
    let ties: Vec<String> =
        referrer.columns.iter().map(|(child, parent)| format!("c.{child} = t0.{parent}")).collect();
    let top = way.steps.len() - 1;
    let Some(Step { tie: Tie::Id { column: id, .. }, .. }) = way.steps.first() else {
        return String::new();
    };
    let mut from = String::new();
    for (i, step) in way.steps.iter().enumerate() {
        let (target, depth) = (&step.target, top - i);
        match &step.tie {
            Tie::Id { .. } => from.push_str(&format!("{target} AS t{depth}")),
            Tie::Columns(columns) => {
                from.push_str(&format!(" JOIN {target} AS t{depth} ON {}", tied(columns, depth)));
            }
        }
    }
    let source_id = name::quoted(&plan.source().id);
    let lines = plan.source().application_tables.iter().map(|table| {
        let table = name::application_table(table);
        format!("EXISTS (SELECT 1 FROM {table} AS a WHERE a.{source_id} = t{top}.{id})")
    });
    let lines: Vec<String> = lines.collect();
    let of_line =
        if lines.is_empty() { String::new() } else { format!(" AND ({})", lines.join(" OR ")) };
    format!(
        "SELECT TOP (1) 1 AS [n] FROM {from} JOIN {} AS c ON {} WHERE t{top}.{id} >= @P1 AND t{top}.{id} < @P2{of_line}",
        referrer.target,
        ties.join(" AND ")
    )
}

/// What ties a row to the one above it.
fn tied(columns: &[(String, String)], depth: usize) -> String {
    let up = depth + 1;
    let ties = columns
        .iter()
        .map(|(column, collate)| format!("t{depth}.{column} = t{up}.{column}{collate}"));
    ties.collect::<Vec<_>>().join(" AND ")
}

#[cfg(test)]
mod tests;
