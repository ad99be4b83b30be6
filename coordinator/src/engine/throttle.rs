//! The ceiling of commits, carried out: `xmlx_lease::throttle` shares it out.

use tracing::{info, warn};
use xmlx_domain::{Outcome, SessionId};
use xmlx_lease::Event;
use xmlx_store::{Error, Record};

use super::Engine;
use super::command::Command;

impl Engine {
    /// A worker's share now.
    pub(super) fn commits_share(&self, session: &SessionId) -> Option<u32> {
        self.throttle.share(self.sessions.len(), self.sessions.place_of(session))
    }

    /// No more workers hold leases than the ceiling has commits.
    pub(super) async fn limit_workers(&mut self) -> Result<(), Error> {
        let workers_max = self.throttle.workers_max();
        self.apply(Event::WorkersLimited { workers_max }).await
    }

    /// Workers hear of it with their next heartbeat.
    pub(super) async fn order_throttle(
        &mut self,
        commits_max: Option<u32>,
        record: &Record,
    ) -> Result<Outcome, Error> {
        if self.throttle.ordered == commits_max {
            return Ok(Outcome::AlreadySo);
        }
        let record = Some(record);
        let set = self.store.set_commits_max_recorded(&self.leadership, commits_max, record).await;
        if let Err(err) = set {
            // It may have been taken in spite of it.
            self.read_throttle();
            return Err(err);
        }
        info!(?commits_max, "throttled by order");
        self.throttle.ordered = commits_max;
        self.limit_workers().await?;
        Ok(Outcome::Accepted)
    }

    fn read_throttle(&self) {
        let (handle, store) = (self.handle.clone(), self.looks.clone());
        tokio::spawn(async move {
            match store.leader().await {
                Ok(row) => {
                    handle.send(Command::ThrottleRead { commits_max: row.commits_max }).await;
                }
                Err(err) => warn!(%err, "cannot read the ceiling of commits again"),
            }
        });
    }
}
