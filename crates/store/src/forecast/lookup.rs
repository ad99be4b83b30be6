//! Tables that a contract does not fill and whose rows it refers to.

use super::key::KeyColumn;
use crate::connection::column;
use crate::{Connection, Error, name};

/// A table that the contract does not fill, and whose rows it refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lookup {
    table: String,
    statement: String,
}

impl Lookup {
    /// `target`: the table as T-SQL writes it; `table`: as people read it.
    pub(super) fn new(
        target: &str,
        table: String,
        key: &[KeyColumn],
        pairs: &[(String, String, Option<String>)],
    ) -> Self {
        Self { statement: lookup_statement(target, key, pairs), table }
    }

    /// `schema.table`.
    #[must_use]
    pub fn table(&self) -> &str {
        &self.table
    }

    /// The statement, with its parameter in a comment, for checks from outside.
    #[must_use]
    pub fn statement(&self) -> String {
        format!("-- params: @P1 nvarchar(max)\n{};\n", self.statement)
    }

    /// Which of these keys ([`super::Wanted::key`]) have no row, by their place.
    ///
    /// # Errors
    /// See [`Error`]; 229 where this login may not read the table.
    pub async fn missing(
        &self,
        connection: &mut Connection,
        keys: &[&str],
    ) -> Result<Vec<usize>, Error> {
        const IT: &str = "lookup";
        let mut json = String::from("[");
        for (n, key) in keys.iter().enumerate() {
            let comma = if n == 0 { "" } else { "," };
            json += &format!("{comma}[{n},{key}]");
        }
        json.push(']');
        crate::encode::pad(&mut json);
        let rows = connection.run(&self.statement, &[&json]).await?;
        let place =
            |row| column::<i32>(row, "n", IT).map(|n| usize::try_from(n).unwrap_or(usize::MAX));
        rows.iter().map(place).collect()
    }
}

fn lookup_statement(
    table: &str,
    key: &[KeyColumn],
    pairs: &[(String, String, Option<String>)],
) -> String {
    let columns = key.iter().enumerate().map(|(i, column)| {
        // A column of text is compared with one that has an end, so that its index is used.
        let sql_type = match column.codec.sql_type.as_str() {
            "nvarchar(max)" => "nvarchar(4000)",
            other => other,
        };
        format!(", [k{i}] {sql_type} '$[{}]'", i + 1)
    });
    let tied = pairs.iter().enumerate().map(|(i, (_, parent, collation))| {
        let collate = collation.as_deref().map_or_else(String::new, name::collate);
        format!("p.{} = j.[k{i}]{collate}", name::quoted(parent))
    });
    format!(
        "SELECT j.[n] FROM OPENJSON(@P1) WITH ([n] int '$[0]'{}) AS j WHERE NOT EXISTS (SELECT 1 FROM {table} AS p WHERE {})",
        columns.collect::<String>(),
        tied.collect::<Vec<_>>().join(" AND ")
    )
}
