//! Documents into the source table, for trials and demos.

use std::fmt::Write as _;

use xmlx_extract::Plan;

use crate::source::count;
use crate::{Error, Store, name};

/// A document to be loaded.
#[derive(Clone, Debug)]
pub struct Document {
    /// Its id in the source table.
    pub app_id: i64,
    /// Its XML.
    pub xml: String,
}

/// The statement that loads documents. Parameters: rows of id and document, and ids, as JSON.
#[must_use]
pub fn load_statement(plan: &Plan) -> String {
    let source = plan.source();
    let table = name::table(plan.target_schema(), &source.table);
    let column = name::quoted(&source.column);
    let id = name::quoted(&source.id);
    let mut sql = format!(
        "SET XACT_ABORT ON;\nBEGIN TRAN;\n\
         INSERT INTO {table} ({id}, {column}) SELECT i.[app_id], i.[document] FROM OPENJSON(@P1) \
         WITH ([app_id] bigint '$[0]', [document] nvarchar(max) '$[1]') AS i \
         WHERE NOT EXISTS (SELECT 1 FROM {table} AS x WHERE x.{id} = i.[app_id]);\n\
         SELECT CAST(@@ROWCOUNT AS bigint) AS [n];\n"
    );
    for application in &source.application_tables {
        let table = name::application_table(application);
        writeln!(
            sql,
            "INSERT INTO {table} ({id}) SELECT i.[app_id] FROM OPENJSON(@P2) WITH ([app_id] bigint '$') AS i \
             WHERE NOT EXISTS (SELECT 1 FROM {table} AS x WHERE x.{id} = i.[app_id]);"
        )
        .expect("writing to a string does not fail");
    }
    sql.push_str("COMMIT;\n");
    sql
}

impl Store {
    /// Inserts documents into the contract's source table and their ids into its application
    /// table; ids that are there already are left as they are. Returns how many documents are new.
    ///
    /// # Errors
    /// See [`Error`]; nothing of this call is kept then.
    pub async fn load(&self, plan: &Plan, documents: &[Document]) -> Result<i64, Error> {
        let sql = load_statement(plan);
        let rows: Vec<(i64, &str)> =
            documents.iter().map(|it| (it.app_id, it.xml.as_str())).collect();
        let ids: Vec<i64> = documents.iter().map(|it| it.app_id).collect();
        let rows = serde_json::to_string(&rows).expect("numbers and strings are always JSON");
        let ids = serde_json::to_string(&ids).expect("numbers are always JSON");
        count(&self.run(&sql, &[&rows, &ids]).await?, "load")
    }
}
