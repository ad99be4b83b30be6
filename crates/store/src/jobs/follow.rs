//! Jobs that follow their source: where their scopes grow, and when they are done for now.

use xmlx_domain::{JobId, RangeId};
use xmlx_lease::overlap::Grows;

use crate::schema::EXTRAS_SINCE;
use crate::source::count;
use crate::{Error, Leadership, Store, statements};

impl Store {
    /// Notes whether a `follow` job with this id takes what comes below its scope. Tables of an older version have no
    /// room for it: such a job does not grow down.
    ///
    /// # Errors
    /// [`Error::Deposed`].
    pub async fn note_follow(
        &self,
        leader: &Leadership,
        job_id: JobId,
        grows: Grows,
    ) -> Result<(), Error> {
        if !self.has_schema(EXTRAS_SINCE).await? {
            return Ok(());
        }
        let grows_down = i32::from(grows == Grows::BothWays);
        let params: [&dyn tiberius::ToSql; 4] =
            [&leader.term.0, &job_id.0, &grows_down, &leader.holder];
        self.run(statements::FOLLOW_NOTE, &params).await?;
        Ok(())
    }

    /// Whether a `follow` job takes what comes below its scope.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn grows_down(&self, job_id: JobId) -> Result<bool, Error> {
        if !self.has_schema(EXTRAS_SINCE).await? {
            return Ok(false);
        }
        Ok(count(&self.run(statements::FOLLOW_READ, &[&job_id.0]).await?, "follow_read")? > 0)
    }

    /// Extends a `follow` job down from `lo` to `new_lo` by one pending range, in which `waiting` applications wait.
    ///
    /// # Errors
    /// [`Error::Conflict`] where the scope does not begin at `lo` or the job does not run; [`Error::Deposed`].
    pub async fn extend_job_down(
        &self,
        leader: &Leadership,
        job_id: JobId,
        range_id: RangeId,
        (lo, new_lo): (i64, i64),
        waiting: i64,
    ) -> Result<(), Error> {
        let params: [&dyn tiberius::ToSql; 7] =
            [&leader.term.0, &job_id.0, &range_id.0, &lo, &new_lo, &waiting, &leader.holder];
        self.run(statements::JOB_EXTEND_DOWN, &params).await?;
        Ok(())
    }

    /// Everything of a `follow` job is done for now: its total is what it has decided. Nothing changes where a range is
    /// open.
    ///
    /// # Errors
    /// [`Error::Deposed`].
    pub async fn settle_job(&self, leader: &Leadership, job_id: JobId) -> Result<(), Error> {
        self.run(statements::JOB_SETTLE, &[&leader.term.0, &job_id.0, &leader.holder]).await?;
        Ok(())
    }

    /// Extends a `follow` job from `hi` to `new_hi` by one pending range, in which `waiting`
    /// applications wait.
    ///
    /// # Errors
    /// [`Error::Conflict`] where the scope does not end at `hi` or the job does not run; [`Error::Deposed`].
    pub async fn extend_job(
        &self,
        leader: &Leadership,
        job_id: JobId,
        range_id: RangeId,
        (hi, new_hi): (i64, i64),
        waiting: i64,
    ) -> Result<(), Error> {
        let params: [&dyn tiberius::ToSql; 7] =
            [&leader.term.0, &job_id.0, &range_id.0, &hi, &new_hi, &waiting, &leader.holder];
        self.run(statements::JOB_EXTEND, &params).await?;
        Ok(())
    }
}
