//! Who leads.

use std::time::Duration;

use xmlx_domain::Term;

use crate::audit::Record;
use crate::connection::{column, optional, text};
use crate::{Error, Store, statements};

/// A leadership that was won: the fence of everything a leader writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leadership {
    /// The coordinator's own id.
    pub holder: String,
    /// Its term. A database that has gone back in time gives the same one out again: only with the holder does it tell
    /// one leader from another.
    pub term: Term,
}

/// The leader row, as anybody may read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaderRow {
    /// The latest term.
    pub term: Term,
    /// Whose term it is.
    pub holder: String,
    /// Where it listens.
    pub address: String,
    /// Whether its lease holds, by the database's clock.
    pub alive: bool,
    /// How long its lease still runs, in milliseconds, by the database's clock; negative: it ran out so long ago. `None`:
    /// more than a day ago, or it was given back.
    pub lease_left: Option<i64>,
    /// How many commits the whole cluster may have under way, where somebody has said so.
    pub commits_max: Option<u32>,
}

impl Store {
    /// Reads the leader row.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn leader(&self) -> Result<LeaderRow, Error> {
        const IT: &str = "leader_read";
        let rows =
            self.run(statements::LEADER_READ, &[]).await.map_err(Error::of_control_tables)?;
        let row = rows.first().ok_or_else(|| {
            let detail = "the row of `xmlx.leader` is gone; `xmlx-client init` brings it back";
            Error::Shape { statement: IT, detail: detail.to_owned() }
        })?;
        Ok(LeaderRow {
            term: Term(column(row, "term", IT)?),
            holder: text(row, "holder", IT)?,
            address: text(row, "address", IT)?,
            alive: column::<i32>(row, "alive", IT)? == 1,
            lease_left: optional::<i32>(row, "lease_left", IT)?.map(i64::from),
            commits_max: optional::<i32>(row, "commits_max", IT)?
                .and_then(|it| u32::try_from(it).ok()),
        })
    }

    /// Sets the most commits at once in the whole cluster; `None`: what its coordinators are configured with.
    ///
    /// # Errors
    /// [`Error::Deposed`] where another coordinator leads.
    pub async fn set_commits_max(
        &self,
        leader: &Leadership,
        commits_max: Option<u32>,
    ) -> Result<(), Error> {
        self.set_commits_max_recorded(leader, commits_max, None).await
    }

    /// The same, with the record of who wished it in the same transaction.
    ///
    /// # Errors
    /// As [`Store::set_commits_max`].
    pub async fn set_commits_max_recorded(
        &self,
        leader: &Leadership,
        commits_max: Option<u32>,
        record: Option<&Record>,
    ) -> Result<(), Error> {
        let commits_max = i32::try_from(commits_max.unwrap_or(0)).unwrap_or(i32::MAX);
        let params: [&dyn tiberius::ToSql; 3] = [&leader.term.0, &commits_max, &leader.holder];
        self.run_recorded(statements::LEADER_THROTTLE, &params, record).await?;
        Ok(())
    }

    /// Takes the leadership under the next term if nobody's lease holds.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn acquire_leadership(
        &self,
        holder: &str,
        address: &str,
        ttl: Duration,
    ) -> Result<Option<Leadership>, Error> {
        let ttl = millis(ttl);
        let rows = self.run(statements::LEADER_ACQUIRE, &[&holder, &address, &ttl]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let term = Term(column(row, "term", "leader_acquire")?);
        Ok(Some(Leadership { holder: holder.to_owned(), term }))
    }

    /// Prolongs the lease.
    ///
    /// # Errors
    /// [`Error::Deposed`] where the term has moved on.
    pub async fn renew_leadership(&self, it: &Leadership, ttl: Duration) -> Result<(), Error> {
        let rows =
            self.run(statements::LEADER_RENEW, &[&it.holder, &it.term.0, &millis(ttl)]).await?;
        if rows.is_empty() { Err(Error::Deposed) } else { Ok(()) }
    }

    /// Ends the lease now, so that a standby need not wait for it to run out.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn resign_leadership(&self, it: &Leadership) -> Result<(), Error> {
        self.run(statements::LEADER_RESIGN, &[&it.holder, &it.term.0]).await?;
        Ok(())
    }
}

fn millis(it: Duration) -> i32 {
    i32::try_from(it.as_millis()).unwrap_or(i32::MAX)
}
