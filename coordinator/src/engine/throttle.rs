//! How many commits the cluster may have under way, and each worker's share of them.

use tracing::{info, warn};
use xmlx_domain::SessionId;
use xmlx_lease::Event;
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
    /// `None`: no limit.
    pub(super) fn ceiling(self) -> Option<u32> {
        self.ordered.or(self.configured)
    }

    /// The share of one of so many workers, by its place among them; 0: no limit. Where there are more workers than
    /// commits, those without one hold no lease: a share of one costs nothing then.
    pub(super) fn share(self, workers: usize, place: usize) -> u32 {
        let n = |it: usize| u32::try_from(it).unwrap_or(u32::MAX);
        let (workers, place) = (n(workers).max(1), n(place));
        let share = |it: u32| it / workers + u32::from(place < it % workers);
        self.ceiling().map_or(0, |it| share(it).max(1))
    }
}

impl Engine {
    /// A worker's share now.
    pub(super) fn commits_share(&self, session: &SessionId) -> u32 {
        self.throttle.share(self.sessions.len(), self.sessions.place_of(session))
    }

    /// No more workers hold leases than the ceiling has commits.
    pub(super) async fn limit_workers(&mut self) -> Result<(), Error> {
        let ceiling = self.throttle.ceiling();
        let workers_max = ceiling.map(|it| usize::try_from(it).unwrap_or(usize::MAX));
        self.apply(Event::WorkersLimited { workers_max }).await
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
        self.limit_workers().await?;
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
        let shares = |it: Throttle, workers| -> Vec<u32> {
            (0..workers).map(|place| it.share(workers, place)).collect()
        };
        let it = Throttle { configured: Some(8), ordered: None };
        assert_eq!(shares(it, 3), [3, 3, 2], "all of it");
        assert_eq!(shares(it, 8), [1; 8]);
        assert_eq!(shares(it, 9), [1; 9], "one of them holds no lease");
        assert_eq!(it.share(0, 0), 8);
        let it = Throttle { ordered: Some(2), ..it };
        assert_eq!(shares(it, 2), [1, 1]);
        let it = Throttle { configured: None, ordered: None };
        assert_eq!(shares(it, 2), [0, 0], "no limit");
    }
}
