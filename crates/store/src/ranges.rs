//! Ranges and who holds them.

use xmlx_domain::{
    Epoch, JobId, LeaseKey, RangeChange, RangeId, RangeSnapshot, RangeState, Scope, SessionId,
};

use crate::connection::{Connection, Row, column, only, optional, word};
use crate::schema::EXTRAS_SINCE;
use crate::source::count;
use crate::{Error, Leadership, Store, statements};

/// Ranges in one answer: a job may have hundreds of thousands.
const PAGE_RANGES: i64 = 5_000;

/// What stands for "no range" in statements; the ids of ranges begin with 1.
const NO_RANGE: i64 = 0;

/// A lease and who holds it: what a worker proves its right to commit with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldLease {
    /// Which one.
    pub key: LeaseKey,
    /// The session it was granted to.
    pub session: SessionId,
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
    pub range_id: RangeId,
    /// Its bounds.
    pub scope: Scope,
    /// How it stands.
    pub state: RangeState,
    /// The epoch of its last owner.
    pub epoch: Epoch,
    /// Who holds it; of a range that is done, who held it last.
    pub owner: Option<SessionId>,
    /// Every application at or below is decided.
    pub committed_through: i64,
    /// Applications that succeeded.
    pub done_ok: i64,
    /// Applications that failed.
    pub done_failed: i64,
    /// Rows written to target tables.
    pub rows_written: i64,
}

impl RangeRow {
    /// What decides about the range.
    #[must_use]
    pub fn snapshot(&self) -> RangeSnapshot {
        RangeSnapshot {
            range: self.range_id,
            scope: self.scope,
            state: self.state,
            epoch: self.epoch,
            owner: self.owner.clone(),
            committed_through: self.committed_through,
        }
    }
}

impl Store {
    /// Makes a change durable, with its history.
    ///
    /// # Errors
    /// [`Error::Conflict`] where the row is not as `from` says, [`Error::Deposed`] where another
    /// coordinator leads; nothing has changed then.
    pub async fn change_range(
        &self,
        leader: &Leadership,
        change: &RangeChange,
    ) -> Result<(), Error> {
        let (from, to) = (change.from.state.as_str(), change.to.state.as_str());
        let owner = change.owner.as_ref().map_or("", SessionId::as_str);
        let event = change.event.as_str();
        let rest = change.rest.map_or(NO_RANGE, |range| range.0);
        let params: [&dyn tiberius::ToSql; 14] = [
            &leader.term.0,
            &change.job.0,
            &change.range.0,
            &from,
            &change.from.epoch.0,
            &change.from.hi,
            &to,
            &change.to.epoch.0,
            &owner,
            &change.to.hi,
            &event,
            &rest,
            &change.cursor,
            &leader.holder,
        ];
        self.run(statements::RANGE_CHANGE, &params).await?;
        Ok(())
    }

    /// All ranges of a job, by place.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn ranges(&self, job_id: JobId) -> Result<Vec<RangeRow>, Error> {
        let (mut ranges, mut after) = (Vec::new(), None);
        loop {
            let page = self.ranges_after(job_id, after, PAGE_RANGES).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.range_id);
            ranges.extend(page);
        }
        ranges.sort_unstable_by_key(|it: &RangeRow| (it.scope.lo, it.scope.hi));
        Ok(ranges)
    }

    /// A page of the ranges of a job: those behind the id `after` where one is given, at most `n_max`.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn ranges_after(
        &self,
        job_id: JobId,
        after: Option<RangeId>,
        n_max: i64,
    ) -> Result<Vec<RangeRow>, Error> {
        let after = after.map_or(NO_RANGE, |range| range.0);
        let rows = self.run(statements::RANGES, &[&job_id.0, &after, &n_max]).await?;
        rows.iter().map(range).collect()
    }

    /// A page of the ranges of a job of which something is left: those behind the id `after` where one is given,
    /// at most `n_max`.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn open_ranges(
        &self,
        job_id: JobId,
        after: Option<RangeId>,
        n_max: i64,
    ) -> Result<Vec<RangeRow>, Error> {
        let after = after.map_or(NO_RANGE, |range| range.0);
        let rows = self.run(statements::RANGES_OPEN, &[&job_id.0, &after, &n_max]).await?;
        rows.iter().map(range).collect()
    }

    /// The highest range id that the job has ever used; 0 where it has none.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn last_range(&self, job_id: JobId) -> Result<RangeId, Error> {
        let rows = self.run(statements::RANGES_LAST, &[&job_id.0]).await?;
        Ok(RangeId(count(&rows, "ranges_last")?))
    }
}

pub(crate) fn range(row: &Row) -> Result<RangeRow, Error> {
    const IT: &str = "ranges";
    let owner: Option<&str> = optional(row, "owner_session", IT)?;
    Ok(RangeRow {
        range_id: RangeId(column(row, "range_id", IT)?),
        scope: Scope { lo: column(row, "lo", IT)?, hi: column(row, "hi", IT)? },
        state: word(row, "state", IT)?,
        epoch: Epoch(column(row, "epoch", IT)?),
        owner: owner.map(|session| SessionId(session.to_owned())),
        committed_through: column(row, "committed_through", IT)?,
        done_ok: column(row, "done_ok", IT)?,
        done_failed: column(row, "done_failed", IT)?,
        rows_written: column(row, "rows_written", IT)?,
    })
}

impl HeldLease {
    /// What the owner starts from; `None` where the lease has moved on.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn open(&self, connection: &mut Connection) -> Result<Option<OpenRange>, Error> {
        const IT: &str = "range_open";
        let params: [&dyn tiberius::ToSql; 4] =
            [&self.key.job.0, &self.key.range.0, &self.key.epoch.0, &self.session.0];
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
            &self.key.job.0,
            &self.key.range.0,
            &self.key.epoch.0,
            &self.session.0,
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
            let params: [&dyn tiberius::ToSql; 3] = [&self.key.job.0, &app_id, &self.session.0];
            return count(&connection.run(statements::TRIAL, &params).await?, "trial");
        }
        const IT: &str = "suspect_note";
        let params: [&dyn tiberius::ToSql; 3] = [&self.key.job.0, &app_id, &range.deaths];
        let rows = connection.run(statements::SUSPECT_NOTE, &params).await?;
        let tries: i32 = column(only(&rows, IT)?, "tries", IT)?;
        Ok(i64::from(tries) - 1)
    }
}
