//! Whether what a contract says of its source is there. Views and synonyms serve as well as tables, so that it is the
//! server that is asked, by statements that name a column and read no row.

use xmlx_extract::Plan;

use super::Disagreement;
use crate::connection::{Connection, column};
use crate::documents::{column_of, holds};
use crate::{Error, Store, name};

/// Something of the source that a contract names.
struct Place<'a> {
    table: &'a str,
    /// The two-part name.
    quoted: String,
    column: &'a str,
    /// The keys of the contract that name the two.
    table_key: &'static str,
    column_key: Option<&'static str>,
}

impl Store {
    /// Every point on which `plan` and its source disagree: tables, the documents' column, ids. Empty: they fit.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn source_problems(&self, plan: &Plan) -> Result<Vec<Disagreement>, Error> {
        let mut connection = self.connection();
        let mut found = Vec::new();
        for place in places(plan) {
            // Of a table that is not there, once.
            if found.iter().all(|it: &Disagreement| it.place != place.table) {
                found.extend(problem(&mut connection, &place).await?);
            }
        }
        if found.is_empty() {
            found.extend(repeated_id(&mut connection, plan).await?);
        }
        Ok(found)
    }
}

/// The statement that finds an id which the source has more than once, for checks from outside. With an index that
/// begins with the id it reads that index alone.
#[must_use]
pub fn repeated_id_statement(plan: &Plan) -> String {
    let source = plan.source();
    let table = name::table(plan.target_schema(), &source.table);
    let document = name::quoted(&source.column);
    let id = name::quoted(&source.id);
    format!(
        "SELECT TOP (1) CAST(x.{id} AS bigint) AS [app_id] FROM {table} AS x WHERE x.{document} IS NOT NULL \
         GROUP BY x.{id} HAVING COUNT_BIG(*) > 1"
    )
}

/// Two documents of one application would be decided twice.
async fn repeated_id(
    connection: &mut Connection,
    plan: &Plan,
) -> Result<Option<Disagreement>, Error> {
    let rows = connection.run_long(&repeated_id_statement(plan), &[]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let app_id = column(row, "app_id", "repeated_id")?;
    Ok(Some(Disagreement {
        place: format!("{}.{}", plan.source().table, plan.source().id),
        problem: Error::Duplicate { app_id }.to_string(),
    }))
}

/// The statements that ask the server for the columns of a contract's source, for checks from outside.
#[must_use]
pub fn source_columns(plan: &Plan) -> Vec<String> {
    places(plan).iter().map(Place::statement).collect()
}

fn places(plan: &Plan) -> Vec<Place<'_>> {
    let source = plan.source();
    let (table, column) = (source.table.as_str(), source.column.as_str());
    let quoted = name::table(plan.target_schema(), table);
    let ids = |table, quoted, table_key| Place {
        table,
        quoted,
        column: source.id.as_str(),
        table_key,
        column_key: None,
    };
    let documents = Place {
        table,
        quoted: quoted.clone(),
        column,
        table_key: "source_table",
        column_key: Some("source_column"),
    };
    let lines = source.application_tables.iter().map(|table| {
        ids(table.as_str(), name::application_table(table), "source_application_table")
    });
    [documents, ids(table, quoted, "source_table")].into_iter().chain(lines).collect()
}

impl Place<'_> {
    fn statement(&self) -> String {
        column_of(&self.quoted, self.column)
    }
}

async fn problem(
    connection: &mut Connection,
    place: &Place<'_>,
) -> Result<Option<Disagreement>, Error> {
    let sql = place.statement();
    let column = || format!("{}.{}", place.table, place.column);
    match connection.first_column(&sql).await {
        Ok(ty) if place.column_key.is_some() && holds(ty).is_none() => Ok(Some(Disagreement {
            place: column(),
            problem: "holds neither text, XML nor bytes; name the column of the documents in `source_column`".to_owned(),
        })),
        Ok(_) => Ok(None),
        Err(err) => refused(place, err).map(Some),
    }
}

/// What a refusal means for the contract; other errors are none of its.
fn refused(place: &Place<'_>, err: Error) -> Result<Disagreement, Error> {
    let Place { table: in_contract, quoted: table, column, table_key, column_key } = place;
    let at_column = format!("{in_contract}.{column}");
    let (place, problem) = match err.number() {
        Some(208) => (
            (*in_contract).to_owned(),
            format!(
                "there is no {table}; create it, or name another one in `{table_key}`, such as `schema.table`"
            ),
        ),
        Some(207) => (
            at_column,
            match column_key {
                Some(key) => format!("{table} has no such column; name another one in `{key}`"),
                None => format!(
                    "{table} has no such column, by which applications are told apart; add it, or name another table in `{table_key}`"
                ),
            },
        ),
        Some(229 | 230) => (
            (*in_contract).to_owned(),
            format!(
                "this login may not read {table}; `xmlx-client grants --contract` prints what is needed"
            ),
        ),
        Some(_) | None => return Err(err),
    };
    Ok(Disagreement { place, problem })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn docs(column_key: Option<&'static str>) -> Place<'static> {
        let quoted = "[s].[docs]".to_owned();
        Place { table: "docs", quoted, column: "body", table_key: "source_table", column_key }
    }

    #[test]
    fn refusals_name_the_place_and_the_way_out() {
        let check = |column_key, number, expected: [&str; 2]| {
            let place = docs(column_key);
            let err = Error::Server { number, message: String::new() };
            let found = refused(&place, err).expect("a disagreement");
            assert_eq!(found.place, expected[0]);
            assert!(found.problem.contains(expected[1]), "{found}");
        };
        check(None, 208, ["docs", "`source_table`"]);
        check(Some("source_column"), 207, ["docs.body", "`source_column`"]);
        check(None, 207, ["docs.body", "add it"]);
        check(None, 229, ["docs", "xmlx-client grants"]);
        let other = Error::Server { number: 1205, message: String::new() };
        assert!(refused(&docs(None), other).is_err());
    }
}
