//! How many commits the cluster may have under way, and each worker's share of them.

use tracing::{info, warn};
use xmlx_proto::v1 as pb;
use xmlx_store::Error;

use super::Engine;
use super::command::Command;

/// The ceiling, from two sources.
#[derive(Clone, Copy, Debug)]
pub(super) struct Throttle {
    pub(super) configured: Option<u32>,
    /// By an operator; kept in the database. It wins.
    pub(super) ordered: Option<u32>,
}

impl Throttle {
    /// One worker's share; 0: no limit. No worker gets less than one, or its leases would stand still.
    pub(super) fn share(self, workers: usize) -> u32 {
        let workers = u32::try_from(workers).unwrap_or(u32::MAX).max(1);
        self.ordered.or(self.configured).map_or(0, |it| (it / workers).max(1))
    }
}

impl Engine {
    /// Each worker's share now.
    pub(super) fn commits_share(&self) -> u32 {
        self.throttle.share(self.sessions.len())
    }

    /// Workers hear of it with their next heartbeat.
    pub(super) async fn order_throttle(
        &mut self,
        commits_max: Option<u32>,
    ) -> Result<pb::Outcome, Error> {
        if self.throttle.ordered == commits_max {
            return Ok(pb::Outcome::AlreadySo);
        }
        if let Err(err) = self.store.set_commits_max(&self.leadership, commits_max).await {
            // It may have been taken in spite of it.
            self.read_throttle();
            return Err(err);
        }
        info!(?commits_max, "throttled by order");
        self.throttle.ordered = commits_max;
        Ok(pb::Outcome::Accepted)
    }

    fn read_throttle(&self) {
        let (handle, store) = (self.handle.clone(), self.looks.clone());
        tokio::spawn(async move {
            match store.leader().await {
                Ok(row) => {
                    handle.tell(Command::ThrottleRead { commits_max: row.commits_max }).await;
                }
                Err(err) => warn!(%err, "cannot read the ceiling of commits again"),
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ceiling_is_divided_and_an_order_wins() {
        let it = Throttle { configured: Some(8), ordered: None };
        assert_eq!((it.share(3), it.share(0), it.share(20)), (2, 8, 1));
        let it = Throttle { ordered: Some(2), ..it };
        assert_eq!(it.share(2), 1);
        let it = Throttle { configured: None, ordered: None };
        assert_eq!(it.share(2), 0);
    }
}
