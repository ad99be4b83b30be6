//! Ranges and who holds them.

use crate::connection::{Connection, Row, column, only, optional, text};
use crate::schema::EXTRAS_SINCE;
use crate::source::count;
use crate::{Error, Leadership, Scope, Store, statements};

/// Ranges in one answer: a job may have hundreds of thousands.
const PAGE_RANGES: i64 = 5_000;

/// What a worker proves its lease with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseKey {
    /// The job.
    pub job_id: i64,
    /// The range.
    pub range_id: i64,
    /// The epoch it was granted under.
    pub epoch: i64,
    /// The session it was granted to.
    pub session_id: String,
}

/// What the owner of a lease starts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenRange {
    /// The range's bounds.
    pub scope: Scope,
    /// Every application at or below is decided.
    pub committed_through: i64,
    /// Owners that were lost while they held it.
    pub deaths: i32,
    /// The version of the control tables: during a rolling upgrade they may be older than this build.
    pub schema: i32,
}

/// A range as the database has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RangeRow {
    /// Its id within the job.
    pub range_id: i64,
    /// Its bounds.
    pub scope: Scope,
    /// `pending`, `leased` or `done`.
    pub state: String,
    /// The epoch of its last owner.
    pub epoch: i64,
    /// Who holds it.
    pub owner_session: Option<String>,
    /// Every application at or below is decided.
    pub committed_through: i64,
    /// Applications that succeeded.
    pub done_ok: i64,
    /// Applications that failed.
    pub done_failed: i64,
    /// Rows written to target tables.
    pub rows_written: i64,
}

/// One compare-and-set of the leader on a range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RangeChange {
    /// The job.
    pub job_id: i64,
    /// The range.
    pub range_id: i64,
    /// Name of the change in the history.
    pub event: &'static str,
    /// State, epoch and bound that the row must have.
    pub from: (&'static str, i64, i64),
    /// State, epoch and bound that it gets.
    pub to: (&'static str, i64, i64),
    /// Who holds it afterwards; empty for nobody.
    pub owner_session: String,
    /// The id of the pending range that arises where the bound falls; else 0.
    pub rest: i64,
    /// Nothing waits at or below: a grant moves the cursor up to here.
    pub cursor: i64,
}

impl Store {
    /// Makes a change durable, with its history.
    ///
    /// # Errors
    /// [`Error::Conflict`] where the row is not as `from` says, [`Error::Deposed`] where another
    /// coordinator leads; nothing has changed then.
    pub async fn change_range(&self, leader: &Leadership, it: &RangeChange) -> Result<(), Error> {
        let params: [&dyn tiberius::ToSql; 14] = [
            &leader.term,
            &it.job_id,
            &it.range_id,
            &it.from.0,
            &it.from.1,
            &it.from.2,
            &it.to.0,
            &it.to.1,
            &it.owner_session,
            &it.to.2,
            &it.event,
            &it.rest,
            &it.cursor,
            &leader.holder,
        ];
        self.run(statements::RANGE_CHANGE, &params).await?;
        Ok(())
    }

    /// All ranges of a job, by place.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn ranges(&self, job_id: i64) -> Result<Vec<RangeRow>, Error> {
        let (mut ranges, mut after) = (Vec::new(), 0);
        loop {
            let page = self.ranges_after(job_id, after, PAGE_RANGES).await?;
            let Some(last) = page.last() else { break };
            after = last.range_id;
            ranges.extend(page);
        }
        ranges.sort_unstable_by_key(|it: &RangeRow| (it.scope.lo, it.scope.hi));
        Ok(ranges)
    }

    /// A page of the ranges of a job: those behind the id `after`, at most `n_max`.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn ranges_after(
        &self,
        job_id: i64,
        after: i64,
        n_max: i64,
    ) -> Result<Vec<RangeRow>, Error> {
        let rows = self.run(statements::RANGES, &[&job_id, &after, &n_max]).await?;
        rows.iter().map(range).collect()
    }

    /// A page of the ranges of a job of which something is left: those behind the id `after`, at most `n_max`.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn open_ranges(
        &self,
        job_id: i64,
        after: i64,
        n_max: i64,
    ) -> Result<Vec<RangeRow>, Error> {
        let rows = self.run(statements::RANGES_OPEN, &[&job_id, &after, &n_max]).await?;
        rows.iter().map(range).collect()
    }

    /// The highest range id that the job has ever used; 0 where it has none.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn last_range(&self, job_id: i64) -> Result<i64, Error> {
        count(&self.run(statements::RANGES_LAST, &[&job_id]).await?, "ranges_last")
    }
}

pub(crate) fn range(row: &Row) -> Result<RangeRow, Error> {
    const IT: &str = "ranges";
    let owner: Option<&str> = optional(row, "owner_session", IT)?;
    Ok(RangeRow {
        range_id: column(row, "range_id", IT)?,
        scope: Scope { lo: column(row, "lo", IT)?, hi: column(row, "hi", IT)? },
        state: text(row, "state", IT)?,
        epoch: column(row, "epoch", IT)?,
        owner_session: owner.map(ToOwned::to_owned),
        committed_through: column(row, "committed_through", IT)?,
        done_ok: column(row, "done_ok", IT)?,
        done_failed: column(row, "done_failed", IT)?,
        rows_written: column(row, "rows_written", IT)?,
    })
}

impl LeaseKey {
    /// What the owner starts from; `None` where the lease has moved on.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn open(&self, connection: &mut Connection) -> Result<Option<OpenRange>, Error> {
        const IT: &str = "range_open";
        let params: [&dyn tiberius::ToSql; 4] =
            [&self.job_id, &self.range_id, &self.epoch, &self.session_id];
        let rows = connection.run(statements::RANGE_OPEN, &params).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        Ok(Some(OpenRange {
            scope: Scope { lo: column(row, "lo", IT)?, hi: column(row, "hi", IT)? },
            committed_through: column(row, "committed_through", IT)?,
            deaths: column(row, "deaths", IT)?,
            schema: column(row, "schema", IT)?,
        }))
    }

    /// Closes the range as its owner knows it: every application up to its end is decided.
    ///
    /// # Errors
    /// [`Error::Fenced`] where the lease has moved on, or the range ends elsewhere or has another cursor.
    pub async fn complete(
        &self,
        connection: &mut Connection,
        range: OpenRange,
    ) -> Result<(), Error> {
        let params: [&dyn tiberius::ToSql; 6] = [
            &self.job_id,
            &self.range_id,
            &self.epoch,
            &self.session_id,
            &range.scope.hi,
            &range.committed_through,
        ];
        connection.run(statements::RANGE_COMPLETE, &params).await?;
        Ok(())
    }

    /// Notes that an application of `range` is about to be tried alone. Returns how many processes are known to have
    /// died with it in flight while they tried it alone. Idempotent within one life of a process.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn note_trial(
        &self,
        connection: &mut Connection,
        app_id: i64,
        range: &OpenRange,
    ) -> Result<i64, Error> {
        if range.schema >= EXTRAS_SINCE {
            let params: [&dyn tiberius::ToSql; 3] = [&self.job_id, &app_id, &self.session_id];
            return count(&connection.run(statements::TRIAL, &params).await?, "trial");
        }
        const IT: &str = "suspect_note";
        let params: [&dyn tiberius::ToSql; 3] = [&self.job_id, &app_id, &range.deaths];
        let rows = connection.run(statements::SUSPECT_NOTE, &params).await?;
        let tries: i32 = column(only(&rows, IT)?, "tries", IT)?;
        Ok(i64::from(tries) - 1)
    }
}
