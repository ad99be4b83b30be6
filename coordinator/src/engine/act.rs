//! Actions out: what the lease table asks for, carried out.

use tracing::info;
use xmlx_lease::{Action, Event, Message};
use xmlx_proto::v1::coordinator_message::Body;
use xmlx_proto::{PROTOCOL_SPLIT, v1 as pb};
use xmlx_store::Error;

use super::Engine;
use super::command::Command;
use super::look::find_boundary;

impl Engine {
    pub(super) async fn act(&mut self, action: Action) -> Result<(), Error> {
        match action {
            Action::Save(change) => {
                self.store.change_range(&self.leadership, &change).await?;
                info!(job = %change.job, range = %change.range, epoch = %change.to.epoch, event = %change.event, "range");
            }
            Action::Send { session, message } => {
                let body = match message {
                    Message::Grant(lease) => Body::Grant(pb::Grant { lease: Some(lease.into()) }),
                    Message::Revoke { lease, reason } => Body::Revoke(pb::Revoke {
                        lease: Some(lease.into()),
                        reason: reason.to_owned(),
                    }),
                    // The fence tells it.
                    Message::Split { .. } if self.sessions.protocol(&session) < PROTOCOL_SPLIT => {
                        return Ok(());
                    }
                    Message::Split { lease, at } => {
                        Body::Split(pb::Split { lease: Some(lease.into()), at })
                    }
                    Message::Drain => Body::Drain(pb::Drain {}),
                };
                self.sessions.send(&session, body);
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
                    handle.tell(Command::Lease(Event::Found { job, range, boundary })).await;
                });
            }
            Action::CheckDone { job } => self.check_done(job),
        }
        Ok(())
    }
}
