//! Actions out: what the lease table asks for, carried out.

use tracing::info;
use xmlx_lease::{Action, Event, Message};
use xmlx_proto::PROTOCOL_SPLIT;
use xmlx_runtime::Clock;
use xmlx_store::Error;

use super::Engine;
use super::command::{Command, ToWorker};
use super::source::find_boundary;
use crate::metrics::METRICS;

impl Engine {
    pub(super) async fn act(&mut self, action: Action) -> Result<(), Error> {
        match action {
            Action::Save(change) => {
                let clock = Clock::start();
                let saved = self.store.change_range(&self.leadership, &change).await;
                METRICS.save.observe(clock.now().as_secs_f64());
                if saved.is_err() {
                    METRICS.saves_failed.inc();
                }
                saved?;
                METRICS.range_events.of(change.event).inc();
                info!(job = %change.job, range = %change.range, epoch = %change.to.epoch, event = %change.event, "range");
            }
            // A worker of an older protocol is not told that its lease was cut: the fence refuses what lies behind.
            Action::Send { session, message: Message::Split { .. } }
                if self.sessions.protocol(&session) < PROTOCOL_SPLIT => {}
            Action::Send { session, message } => {
                self.sessions.send(&session, ToWorker::Message(message));
            }
            Action::EndSession { session, ended } => {
                info!(%session, %ended, "session ended");
                self.sessions.close(&session);
                self.store.close_session(&self.leadership, &session, ended).await?;
            }
            Action::FindBoundary { job, range, scope, count } => {
                let handle = self.handle.clone();
                let (store, sources) = (self.looks.clone(), self.sources.clone());
                let lane = self.lanes.grants.clone();
                tokio::spawn(async move {
                    let boundary =
                        find_boundary(&handle, (&store, &sources, &lane), job, scope, count).await;
                    handle.send(Command::Lease(Event::Found { job, range, boundary })).await;
                });
            }
            Action::CheckDone { job } => self.check_done(job),
        }
        Ok(())
    }
}
