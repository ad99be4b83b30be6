//! The documents of a source, as their column holds them.
//!
//! A column of text is read as the bytes of its UTF-16. The driver would decode `varchar` by the number of its
//! collation, of which it does not know all, and not by whether the collation is one of UTF-8; and of a text that is
//! not sound it would say that the connection has failed.

use tiberius::{ColumnData, ColumnType};
use xmlx_extract::Plan;

use crate::connection::{Connection, Row, column};
use crate::{Error, Scope, Source, name};

/// Waiting for a lock longer than this (milliseconds) is 1222, which is tried again, and not a lost connection.
const LOCK_TIMEOUT: u32 = 30_000;

/// One application as the source has it.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// Its id.
    pub app_id: i64,
    /// Its document; `None` where it takes more bytes in the database than the plan's limit, so that a worker's
    /// memory has a bound.
    pub xml: Option<Xml>,
}

/// A document as its column holds it.
#[derive(Clone, Debug)]
pub enum Xml {
    /// A column of text or XML: UTF-16, low byte first.
    Utf16(Vec<u8>),
    /// A column of bytes, in whatever encoding they are.
    Bytes(Vec<u8>),
}

impl Xml {
    /// How many bytes it has, about, as UTF-8; in memory UTF-16 has twice as many.
    #[must_use]
    pub fn n_bytes(&self) -> usize {
        match self {
            Self::Utf16(bytes) => bytes.len() / 2,
            Self::Bytes(bytes) => bytes.len(),
        }
    }
}

/// What a document column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// `varchar`, `nvarchar`, `xml` and the like.
    Text,
    /// `varbinary`, `image` and the like.
    Bytes,
}

/// The statements that read one job's documents.
#[derive(Clone, Debug)]
pub struct Documents {
    fetch: String,
    fetch_ids: String,
    by_id: String,
    holds: Holds,
    log_watermark: i64,
}

impl Documents {
    /// The statements for `plan` and its source, whose column holds this.
    #[must_use]
    pub fn new(plan: &Plan, source: &Source, holds: Holds) -> Self {
        let table = name::table(plan.target_schema(), &plan.source().table);
        let document = format!("x.{}", name::quoted(&plan.source().column));
        let bytes = match holds {
            Holds::Text => format!("CAST(CAST({document} AS nvarchar(max)) AS varbinary(max))"),
            Holds::Bytes => document.clone(),
        };
        let bytes_max = plan.limits().document_bytes;
        let (from, order) = (&source.from, "ORDER BY x.[app_id]");
        let id = "CAST(x.[app_id] AS bigint) AS [app_id]";
        let xml =
            format!("CASE WHEN DATALENGTH({document}) <= {bytes_max} THEN {bytes} END AS [xml]");
        Self {
            fetch: format!(
                "SET LOCK_TIMEOUT {LOCK_TIMEOUT};\nSELECT TOP (@P3) {id}, {xml} {from} {order}"
            ),
            fetch_ids: format!(
                "SET LOCK_TIMEOUT {LOCK_TIMEOUT};\nSELECT TOP (@P3) {id} {from} {order}"
            ),
            by_id: format!(
                "SET LOCK_TIMEOUT {LOCK_TIMEOUT};\nSELECT {id}, {xml} FROM {table} AS x WHERE {document} IS NOT NULL \
                 AND x.[app_id] IN (SELECT j.[app_id] FROM OPENJSON(@P1) WITH ([app_id] bigint '$') AS j) {order}"
            ),
            holds,
            log_watermark: source.log_watermark,
        }
    }

    /// Asks the database what the column holds.
    ///
    /// # Errors
    /// [`Error::Shape`] where it holds neither text nor bytes; see [`Error`].
    pub async fn of(
        connection: &mut Connection,
        plan: &Plan,
        source: &Source,
    ) -> Result<Self, Error> {
        const IT: &str = "document_column";
        let ty = connection.first_column(&document_column(plan)).await?;
        let holds = holds(ty).ok_or_else(|| {
            let (table, column) = (&plan.source().table, &plan.source().column);
            let detail = format!("`{table}.{column}` is {ty:?}: neither text, XML nor bytes");
            Error::Shape { statement: IT, detail }
        })?;
        Ok(Self::new(plan, source, holds))
    }

    /// The statements, each with what it is for, for checks from outside.
    #[must_use]
    pub fn statements(&self) -> [(&'static str, &str); 2] {
        [("fetch", &self.fetch), ("fetch_ids", &self.fetch_ids)]
    }

    /// The statement that reads documents from a copy of the database, for checks from outside. Its
    /// parameter: the ids as JSON.
    #[must_use]
    pub fn by_id_statement(&self) -> &str {
        &self.by_id
    }

    /// The first `n_max` waiting applications of the scope, by id.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn fetch(
        &self,
        connection: &mut Connection,
        scope: Scope,
        n_max: i64,
    ) -> Result<Vec<Fetched>, Error> {
        let params: [&dyn tiberius::ToSql; 4] = [&scope.lo, &scope.hi, &n_max, &self.log_watermark];
        let rows = connection.run_long(&self.fetch, &params).await?;
        rows.into_iter().map(|row| self.fetched(row)).collect()
    }

    /// The same as [`Self::fetch`], with the documents from a copy of the database (a readable secondary,
    /// a restored backup): which applications wait the database itself says.
    ///
    /// # Errors
    /// [`Error::Behind`] where the copy does not have all of them yet; see [`Error`].
    pub async fn fetch_from(
        &self,
        connection: &mut Connection,
        copy: &mut Connection,
        scope: Scope,
        n_max: i64,
    ) -> Result<Vec<Fetched>, Error> {
        let params: [&dyn tiberius::ToSql; 4] = [&scope.lo, &scope.hi, &n_max, &self.log_watermark];
        let rows = connection.run_long(&self.fetch_ids, &params).await?;
        let ids: Vec<i64> =
            rows.iter().map(|row| column(row, "app_id", "fetch_ids")).collect::<Result<_, _>>()?;
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let json = serde_json::to_string(&ids).expect("numbers are always JSON");
        let rows = copy.run(&self.by_id, &[&json]).await?;
        let apps: Vec<Fetched> =
            rows.into_iter().map(|row| self.fetched(row)).collect::<Result<_, _>>()?;
        let missing = ids.len().saturating_sub(apps.len());
        if missing > 0 { Err(Error::Behind { missing, asked: ids.len() }) } else { Ok(apps) }
    }

    /// Takes the document out of the row without copying it.
    fn fetched(&self, row: Row) -> Result<Fetched, Error> {
        const IT: &str = "fetch";
        let app_id = column(&row, "app_id", IT)?;
        let Some(ColumnData::Binary(bytes)) = row.into_iter().nth(1) else {
            let detail = "the document is not bytes".to_owned();
            return Err(Error::Shape { statement: IT, detail });
        };
        let xml = bytes.map(|bytes| match self.holds {
            Holds::Text => Xml::Utf16(bytes.into_owned()),
            Holds::Bytes => Xml::Bytes(bytes.into_owned()),
        });
        Ok(Fetched { app_id, xml })
    }
}

pub(crate) fn holds(ty: ColumnType) -> Option<Holds> {
    let texts = [
        ColumnType::NVarchar,
        ColumnType::NChar,
        ColumnType::NText,
        ColumnType::BigVarChar,
        ColumnType::BigChar,
        ColumnType::Text,
        ColumnType::Xml,
    ];
    let bytes = [ColumnType::BigVarBin, ColumnType::BigBinary, ColumnType::Image];
    if texts.contains(&ty) {
        Some(Holds::Text)
    } else {
        bytes.contains(&ty).then_some(Holds::Bytes)
    }
}

/// The statement whose answer, without any row, tells what the document column holds.
#[must_use]
pub fn document_column(plan: &Plan) -> String {
    let source = plan.source();
    column_of(&name::table(plan.target_schema(), &source.table), &source.column)
}

/// The same of any column of a table, whose name is quoted already.
pub(crate) fn column_of(table: &str, column: &str) -> String {
    format!("SELECT TOP (0) x.{} FROM {table} AS x", name::quoted(column))
}
