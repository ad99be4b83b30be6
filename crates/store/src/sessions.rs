//! Lives of worker processes.

use xmlx_domain::{SessionId, SessionState};

use crate::connection::{column, text, word};
use crate::{Error, Leadership, Store, statements};

/// A session that has not ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRow {
    /// Its UUID.
    pub session_id: SessionId,
    /// The worker's name.
    pub name: String,
    /// Its build.
    pub build: String,
    /// How many ranges it works on at once.
    pub slots: i32,
    /// [`SessionState::Active`].
    pub state: SessionState,
}

impl Store {
    /// Notes that a session lives.
    ///
    /// # Errors
    /// [`Error::Deposed`] where another coordinator leads.
    pub async fn open_session(&self, leader: &Leadership, it: &SessionRow) -> Result<(), Error> {
        let params: [&dyn tiberius::ToSql; 6] =
            [&leader.term.0, &it.session_id.0, &it.name, &it.build, &it.slots, &leader.holder];
        self.run(statements::SESSION_OPEN, &params).await?;
        Ok(())
    }

    /// Notes that a session has ended, and how.
    ///
    /// # Errors
    /// [`Error::Deposed`] where another coordinator leads.
    pub async fn close_session(
        &self,
        leader: &Leadership,
        session_id: &SessionId,
        state: SessionState,
    ) -> Result<(), Error> {
        let (session_id, state) = (session_id.as_str(), state.as_str());
        let params: [&dyn tiberius::ToSql; 4] =
            [&leader.term.0, &session_id, &state, &leader.holder];
        self.run(statements::SESSION_CLOSE, &params).await?;
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
                session_id: SessionId(text(row, "session_id", IT)?),
                name: text(row, "name", IT)?,
                build: text(row, "build", IT)?,
                slots: column(row, "slots", IT)?,
                state: word(row, "state", IT)?,
            });
        }
        Ok(sessions)
    }
}
