//! Documents into the source table, for trials and demos.

use std::fmt::Write as _;

use xmlx_extract::Plan;

use crate::connection::{Row, column};
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

/// The statement that puts documents in the place of others. Parameter: rows of id and document, as JSON. It answers with
/// the ids of those that were other ones, byte by byte: to a collation two documents may be the same that differ in case.
#[must_use]
pub fn replace_statement(plan: &Plan) -> String {
    let source = plan.source();
    let table = name::table(plan.target_schema(), &source.table);
    let (id, column) = (name::quoted(&source.id), name::quoted(&source.column));
    // Columns of the source stand beside those of the new documents, which are called as none of them is.
    format!(
        "UPDATE {table} SET {column} = i.[xmlx_document] OUTPUT inserted.{id} AS [app_id] FROM OPENJSON(@P1) \
         WITH ([xmlx_id] bigint '$[0]', [xmlx_document] nvarchar(max) '$[1]') AS i WHERE {id} = i.[xmlx_id] \
         AND ({column} IS NULL OR NOT CAST(CAST({column} AS nvarchar(max)) AS varbinary(max)) = CAST(i.[xmlx_document] AS varbinary(max)));\n"
    )
}

/// The statement that says which of some applications have a row in the log. Parameter: their ids as JSON.
#[must_use]
pub fn decided_statement(plan: &Plan) -> String {
    let log = name::table(plan.target_schema(), "processing_log");
    format!(
        "SELECT DISTINCT CAST(l.[app_id] AS bigint) AS [app_id] FROM OPENJSON(@P1) WITH ([app_id] bigint '$') AS j \
         INNER LOOP JOIN {log} AS l ON l.[app_id] = j.[app_id] ORDER BY [app_id];\n"
    )
}

impl Store {
    /// Puts documents in the place of those that the source table has of the same applications, and returns the ids of
    /// those that were other ones. Documents that the table does not have are left out.
    ///
    /// # Errors
    /// See [`Error`]; nothing of this call is kept then.
    pub async fn replace_documents(
        &self,
        plan: &Plan,
        documents: &[Document],
    ) -> Result<Vec<i64>, Error> {
        let rows: Vec<(i64, &str)> =
            documents.iter().map(|document| (document.app_id, document.xml.as_str())).collect();
        let rows = serde_json::to_string(&rows).expect("numbers and strings are always JSON");
        let changed = self.run(&replace_statement(plan), &[&rows]).await?;
        changed.iter().map(|row| id(row, "replace_documents")).collect()
    }

    /// Which of these applications have a row in the log.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn decided(&self, plan: &Plan, app_ids: &[i64]) -> Result<Vec<i64>, Error> {
        let ids = serde_json::to_string(app_ids).expect("numbers are always JSON");
        let rows = self.run(&decided_statement(plan), &[&ids]).await?;
        rows.iter().map(|row| column(row, "app_id", "decided")).collect()
    }

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

/// An id that comes as the type of its column.
fn id(row: &Row, statement: &'static str) -> Result<i64, Error> {
    column::<i32>(row, "app_id", statement)
        .map(i64::from)
        .or_else(|_| column(row, "app_id", statement))
}
