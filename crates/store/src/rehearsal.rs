//! What a rehearsal has found, as the control tables have it.

use xmlx_domain::JobId;
use xmlx_extract::Plan;
use xmlx_report::Rehearsal;

use crate::connection::column;
use crate::schema::FINDINGS_SINCE;
use crate::source::count;
use crate::{Error, JobRow, Store, statements};

/// A key that several applications of a rehearsal have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RepeatedKey {
    /// Which, as [`Rehearsal::keys`] names it.
    pub key: usize,
    /// How many applications have it.
    pub applications: i64,
    /// The lowest id among them.
    pub first: i64,
    /// The highest.
    pub last: i64,
}

/// How many of one kind of keys several applications have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RepeatedKeys {
    /// Which, as [`Rehearsal::keys`] names it.
    pub key: usize,
    /// How many values of it are there more than once.
    pub keys: i64,
    /// Applications that have one, less one of each: these would be refused.
    pub applications: i64,
}

/// Applications that wait and have rows all the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ThereAlready {
    /// How many.
    pub count: i64,
    /// The first of them.
    pub app_ids: Vec<i64>,
}

impl Store {
    /// What the leases of a rehearsal have found so far, added up.
    ///
    /// # Errors
    /// See [`Error`]; [`Error::Shape`] where a row is no report.
    pub async fn rehearsal(&self, job_id: JobId) -> Result<Rehearsal, Error> {
        Ok(self.report(job_id).await?.and_then(|report| report.rehearsal).unwrap_or_default())
    }

    /// The first `n_max` keys that several applications of a rehearsal have.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn repeated_keys(
        &self,
        job_id: JobId,
        n_max: i64,
    ) -> Result<Vec<RepeatedKey>, Error> {
        const IT: &str = "rehearsed_keys";
        if !self.has_schema(FINDINGS_SINCE).await? {
            return Ok(Vec::new());
        }
        let rows = self.run_long(statements::REHEARSED_KEYS, &[&job_id.0, &n_max]).await?;
        let key = |row| {
            Ok(RepeatedKey {
                key: usize::try_from(column::<i32>(row, "key_no", IT)?).unwrap_or(usize::MAX),
                applications: column(row, "applications", IT)?,
                first: column(row, "first_app_id", IT)?,
                last: column(row, "last_app_id", IT)?,
            })
        };
        rows.iter().map(key).collect()
    }

    /// How many keys of each kind several applications of a rehearsal have.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn count_repeated_keys(&self, job_id: JobId) -> Result<Vec<RepeatedKeys>, Error> {
        const IT: &str = "rehearsed_keys_count";
        if !self.has_schema(FINDINGS_SINCE).await? {
            return Ok(Vec::new());
        }
        let rows = self.run_long(statements::REHEARSED_KEYS_COUNT, &[&job_id.0]).await?;
        let keys = |row| {
            Ok(RepeatedKeys {
                key: usize::try_from(column::<i32>(row, "key_no", IT)?).unwrap_or(usize::MAX),
                keys: column(row, "keys", IT)?,
                applications: column(row, "applications", IT)?,
            })
        };
        rows.iter().map(keys).collect()
    }

    /// Applications of a rehearsal that wait by now and have rows in the contract's first table all the same: their load
    /// would meet a key that is there.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn there_already(&self, plan: &Plan, job: &JobRow) -> Result<ThereAlready, Error> {
        let source = job.source_as(plan, xmlx_domain::Mode::Once);
        let Some([n, ids]) = crate::verify::there_already(plan, &source) else {
            return Ok(ThereAlready::default());
        };
        let n_unused = 0_i64;
        let params: [&dyn tiberius::ToSql; 4] =
            [&job.scope.lo, &job.scope.hi, &n_unused, &job.log_watermark];
        let n = count(&self.run_long(&n, &params).await?, "there_already")?;
        let rows = if n > 0 { self.run_long(&ids, &params).await? } else { Vec::new() };
        let app_ids = rows.iter().map(|row| column(row, "app_id", "there_already"));
        Ok(ThereAlready { count: n, app_ids: app_ids.collect::<Result<_, _>>()? })
    }
}
