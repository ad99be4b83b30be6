//! The documents of a source, as their column holds them.
//!
//! A column of text is read as the bytes of its UTF-16. The driver would decode `varchar` by the number of its
//! collation, of which it does not know all, and not by whether the collation is one of UTF-8; and of a text that is
//! not sound it would say that the connection has failed.

use tiberius::{ColumnData, ColumnType};
use xmlx_domain::Scope;
use xmlx_extract::Plan;

use crate::connection::{Connection, Row, column};
use crate::{Error, Source, Versions, name};

/// Waiting for a lock longer than this (milliseconds) is 1222, which is tried again, and not a lost connection.
const LOCK_TIMEOUT: u32 = 30_000;

/// An application that waits, and what its document will take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitingDocument {
    /// Its id.
    pub app_id: i64,
    /// Bytes of its document as UTF-8, about. Of an `xml` column, which stores documents in a compact form of its own,
    /// twice what is stored. 0 where the document is over the limit and so is not read.
    pub n_bytes: u64,
}

/// One application as the source has it.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// Its id.
    pub app_id: i64,
    /// Its document; `None` where it takes more bytes in the database than the plan's limit, so that a worker's
    /// memory has a bound.
    pub xml: Option<Xml>,
}

/// Applications of a scope, from its beginning on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing<T> {
    /// In the order of their ids.
    pub apps: Vec<T>,
    /// Whether nothing else of the scope waits.
    pub is_last: bool,
}

/// A document as its column holds it.
#[derive(Clone, Debug)]
pub enum Xml {
    /// A column of text or XML: UTF-16, low byte first.
    Utf16(Vec<u8>),
    /// A column of bytes, in whatever encoding they are.
    Bytes(Vec<u8>),
}

/// What a document column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// `nvarchar` and the like: two bytes a character.
    WideText,
    /// `varchar` and the like.
    Text,
    /// `xml`, stored in a compact form.
    Xml,
    /// `varbinary`, `image` and the like.
    Bytes,
}

impl Holds {
    /// How many bytes of UTF-8 so many stored bytes come to, about.
    fn utf8_bytes(self, stored: u64) -> u64 {
        match self {
            Self::WideText => stored / 2,
            Self::Text | Self::Bytes => stored,
            Self::Xml => stored.saturating_mul(2),
        }
    }
}

/// The statements that read one job's documents.
#[derive(Clone, Debug)]
pub struct Documents {
    sizes: String,
    fetch: String,
    by_id: String,
    holds: Holds,
    log_watermark: i64,
    /// How a copy's documents are told from older ones, where they can be.
    versions: Option<Versions>,
}

impl Documents {
    /// The statements for `plan` and its source, whose column holds this.
    #[must_use]
    pub fn new(plan: &Plan, source: &Source, holds: Holds) -> Self {
        let table = name::table(plan.target_schema(), &plan.source().table);
        let document = format!("x.{}", name::quoted(&plan.source().column));
        let bytes = match holds {
            Holds::WideText | Holds::Text | Holds::Xml => {
                format!("CAST(CAST({document} AS nvarchar(max)) AS varbinary(max))")
            }
            Holds::Bytes => document.clone(),
        };
        let bytes_max = plan.limits().document_bytes;
        let (from, order) = (&source.from, format!("ORDER BY {}", source.id));
        let own = &source.id;
        let id = format!("CAST({own} AS bigint) AS [app_id]");
        let is_read = format!("DATALENGTH({document}) <= {bytes_max}");
        let xml = format!("CASE WHEN {is_read} THEN {bytes} END AS [xml]");
        let stored = format!(
            "CAST(CASE WHEN {is_read} THEN DATALENGTH({document}) ELSE 0 END AS bigint) AS [stored]"
        );
        Self {
            sizes: format!(
                "SET LOCK_TIMEOUT {LOCK_TIMEOUT};\nSELECT TOP (@P3) {id}, {stored} {from} {order}"
            ),
            fetch: format!(
                "SET LOCK_TIMEOUT {LOCK_TIMEOUT};\nSELECT TOP (@P3) {id}, {xml} {from} {order}"
            ),
            by_id: format!(
                "SET LOCK_TIMEOUT {LOCK_TIMEOUT};\nSELECT {id}, {xml} FROM {table} AS x WHERE {document} IS NOT NULL \
                 AND {own} IN (SELECT j.[app_id] FROM OPENJSON(@P1) WITH ([app_id] bigint '$') AS j) {order}"
            ),
            holds,
            log_watermark: source.log_watermark,
            versions: None,
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

    /// The same, with versions that a copy has to have reached.
    #[must_use]
    pub fn with_versions(self, versions: Option<Versions>) -> Self {
        Self { versions, ..self }
    }

    /// The statements, each with what it is for, for checks from outside.
    #[must_use]
    pub fn statements(&self) -> [(&'static str, &str); 2] {
        [("sizes", &self.sizes), ("fetch", &self.fetch)]
    }

    /// The statement that reads documents from a copy of the database, for checks from outside. Its
    /// parameter: the ids as JSON.
    #[must_use]
    pub fn by_id_statement(&self) -> &str {
        &self.by_id
    }

    /// The first `n_max` applications of the scope that wait, by id, without their documents. It may look at many rows
    /// that do not wait, so it has as long as the search for a lease's boundary.
    ///
    /// # Errors
    /// [`Error::Duplicate`] where the source has one of them more than once; see [`Error`].
    pub async fn waiting(
        &self,
        connection: &mut Connection,
        scope: Scope,
        n_max: usize,
    ) -> Result<Listing<WaitingDocument>, Error> {
        const IT: &str = "sizes";
        let n_asked = one_more(n_max);
        let params: [&dyn tiberius::ToSql; 4] =
            [&scope.lo, &scope.hi, &n_asked, &self.log_watermark];
        let rows = connection.run_long(&self.sizes, &params).await?;
        let mut apps = Vec::with_capacity(rows.len());
        for row in &rows {
            let stored: i64 = column(row, "stored", IT)?;
            let n_bytes = self.holds.utf8_bytes(u64::try_from(stored).unwrap_or(0));
            apps.push(WaitingDocument { app_id: column(row, "app_id", IT)?, n_bytes });
        }
        page(apps, n_max, |app| app.app_id)
    }

    /// The first `n_max` waiting applications of the scope with their documents, by id.
    ///
    /// # Errors
    /// [`Error::Duplicate`] where the source has one of them more than once; see [`Error`].
    pub async fn fetch(
        &self,
        connection: &mut Connection,
        scope: Scope,
        n_max: usize,
    ) -> Result<Listing<Fetched>, Error> {
        let n_asked = one_more(n_max);
        let params: [&dyn tiberius::ToSql; 4] =
            [&scope.lo, &scope.hi, &n_asked, &self.log_watermark];
        let rows = connection.run(&self.fetch, &params).await?;
        let apps: Vec<Fetched> =
            rows.into_iter().map(|row| self.fetched(row)).collect::<Result<_, _>>()?;
        page(apps, n_max, |app| app.app_id)
    }

    /// The documents of these applications out of a copy of the database (a readable secondary, a restored backup).
    /// Which applications wait the database itself says, by [`Self::waiting`].
    ///
    /// # Errors
    /// [`Error::Behind`] where the copy does not have all of them yet, or only older versions, [`Error::Duplicate`] where
    /// it has one more than once; see [`Error`].
    pub async fn fetch_from(
        &self,
        connection: &mut Connection,
        copy: &mut Connection,
        ids: &[i64],
    ) -> Result<Vec<Fetched>, Error> {
        if let Some(versions) = &self.versions {
            versions.require(connection, copy, ids).await?;
        }
        let json = serde_json::to_string(ids).expect("numbers are always JSON");
        let rows = copy.run(&self.by_id, &[&json]).await?;
        let apps: Vec<Fetched> =
            rows.into_iter().map(|row| self.fetched(row)).collect::<Result<_, _>>()?;
        let apps = page(apps, ids.len(), |app| app.app_id)?.apps;
        let missing = ids.len().saturating_sub(apps.len());
        if missing > 0 { Err(Error::Behind { missing, asked: ids.len() }) } else { Ok(apps) }
    }

    /// The document of one application, whether it waits or not; `None` where the source has none of it.
    ///
    /// # Errors
    /// [`Error::Duplicate`] where the source has it more than once; see [`Error`].
    pub async fn one(
        &self,
        connection: &mut Connection,
        app_id: i64,
    ) -> Result<Option<Fetched>, Error> {
        let ids = format!("[{app_id}]");
        let rows = connection.run(&self.by_id, &[&ids]).await?;
        let apps: Vec<Fetched> =
            rows.into_iter().map(|row| self.fetched(row)).collect::<Result<_, _>>()?;
        Ok(page(apps, 1, |app| app.app_id)?.apps.pop())
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
            Holds::WideText | Holds::Text | Holds::Xml => Xml::Utf16(bytes.into_owned()),
            Holds::Bytes => Xml::Bytes(bytes.into_owned()),
        });
        Ok(Fetched { app_id, xml })
    }
}

/// What is asked for beside `n_max` rows: the one behind tells whether these are all, and whether the last id is there
/// once.
fn one_more(n_max: usize) -> i64 {
    i64::try_from(n_max).unwrap_or(i64::MAX).saturating_add(1)
}

/// A page of at most `n_max` applications out of an answer in the order of their ids. Two rows of one application would
/// be decided twice.
fn page<T>(mut apps: Vec<T>, n_max: usize, id: impl Fn(&T) -> i64) -> Result<Listing<T>, Error> {
    if let Some(pair) = apps.windows(2).find(|pair| id(&pair[0]) == id(&pair[1])) {
        return Err(Error::Duplicate { app_id: id(&pair[0]) });
    }
    let is_last = apps.len() <= n_max;
    apps.truncate(n_max);
    Ok(Listing { apps, is_last })
}

pub(crate) fn holds(ty: ColumnType) -> Option<Holds> {
    let wide = [ColumnType::NVarchar, ColumnType::NChar, ColumnType::NText];
    let texts = [ColumnType::BigVarChar, ColumnType::BigChar, ColumnType::Text];
    let bytes = [ColumnType::BigVarBin, ColumnType::BigBinary, ColumnType::Image];
    if wide.contains(&ty) {
        Some(Holds::WideText)
    } else if texts.contains(&ty) {
        Some(Holds::Text)
    } else if ty == ColumnType::Xml {
        Some(Holds::Xml)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_says_whether_it_is_the_last_and_refuses_duplicates() {
        let check = |ids: &[i64], n_max, expected: Result<(&[i64], bool), i64>| {
            let found = match page(ids.to_vec(), n_max, |app_id| *app_id) {
                Ok(page) => Ok((page.apps, page.is_last)),
                Err(Error::Duplicate { app_id }) => Err(app_id),
                Err(err) => panic!("{err}"),
            };
            assert_eq!(found, expected.map(|(apps, is_last)| (apps.to_vec(), is_last)), "{ids:?}");
        };
        check(&[], 2, Ok((&[], true)));
        check(&[1, 5], 2, Ok((&[1, 5], true)));
        check(&[1, 5, 7], 2, Ok((&[1, 5], false)));
        check(&[1, 5, 5], 2, Err(5));
        check(&[1, 1], 2, Err(1));
    }
}
