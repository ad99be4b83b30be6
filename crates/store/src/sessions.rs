//! Lives of worker processes.

use crate::connection::{column, text};
use crate::{Error, Leadership, Store, statements};

/// A session that has not ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRow {
    /// Its UUID.
    pub session_id: String,
    /// The worker's name.
    pub name: String,
    /// Its build.
    pub build: String,
    /// How many ranges it works on at once.
    pub slots: i32,
    /// `active`.
    pub state: String,
}

impl Store {
    /// Notes that a session lives.
    ///
    /// # Errors
    /// [`Error::Deposed`] where another coordinator leads.
    pub async fn open_session(&self, leader: &Leadership, it: &SessionRow) -> Result<(), Error> {
        let params: [&dyn tiberius::ToSql; 6] =
            [&leader.term, &it.session_id, &it.name, &it.build, &it.slots, &leader.holder];
        self.run(statements::SESSION_OPEN, &params).await?;
        Ok(())
    }

    /// Notes that a session has ended, and how: `left`, `lost` (its stream broke) or `silent`.
    ///
    /// # Errors
    /// [`Error::Deposed`] where another coordinator leads.
    pub async fn close_session(
        &self,
        leader: &Leadership,
        session_id: &str,
        state: &str,
    ) -> Result<(), Error> {
        self.run(statements::SESSION_CLOSE, &[&leader.term, &session_id, &state, &leader.holder])
            .await?;
        Ok(())
    }

    /// The sessions that have not ended.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn sessions(&self) -> Result<Vec<SessionRow>, Error> {
        const IT: &str = "sessions";
        let rows = self.run(statements::SESSIONS, &[]).await.map_err(Error::of_control_tables)?;
        let mut sessions = Vec::with_capacity(rows.len());
        for row in &rows {
            sessions.push(SessionRow {
                session_id: text(row, "session_id", IT)?,
                name: text(row, "name", IT)?,
                build: text(row, "build", IT)?,
                slots: column(row, "slots", IT)?,
                state: text(row, "state", IT)?,
            });
        }
        Ok(sessions)
    }
}
