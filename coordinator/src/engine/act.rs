//! Actions out: what the lease table asks for, carried out.

use tracing::info;
use xmlx_lease::{Action, Event, Order};
use xmlx_proto::v1::coordinator_message::Body;
use xmlx_proto::{PROTOCOL_SPLIT, v1 as pb};
use xmlx_store::{Error, Scope};

use super::command::Command;
use super::look::find_boundary;
use super::{Engine, convert};

impl Engine {
    pub(super) async fn act(&mut self, action: Action) -> Result<(), Error> {
        match action {
            Action::Save(change) => {
                self.store.change_range(&self.leadership, &convert::change(&change)).await?;
                info!(job = %change.job, range = %change.range, epoch = %change.to_epoch, event = change.event, "range");
            }
            Action::Send { session, order } => {
                let body = match order {
                    Order::Grant(lease) => {
                        Body::Grant(pb::Grant { lease: Some(convert::lease_message(lease)) })
                    }
                    Order::Revoke { lease, reason } => Body::Revoke(pb::Revoke {
                        lease: Some(convert::lease_message(lease)),
                        reason: reason.to_owned(),
                    }),
                    // The fence tells it.
                    Order::Split { .. } if self.sessions.protocol(&session) < PROTOCOL_SPLIT => {
                        return Ok(());
                    }
                    Order::Split { lease, at } => {
                        Body::Split(pb::Split { lease: Some(convert::lease_message(lease)), at })
                    }
                    Order::Drain => Body::Drain(pb::Drain {}),
                };
                self.sessions.send(&session, body);
            }
            Action::EndSession { session, reason } => {
                info!(%session, reason, "session ended");
                self.sessions.close(&session);
                self.store.close_session(&self.leadership, &session.0, reason).await?;
            }
            Action::FindBoundary { job, range, from, hi, count } => {
                let handle = self.handle.clone();
                let (store, sources) = (self.looks.clone(), self.sources.clone());
                let lane = self.lanes.grants.clone();
                let scope = Scope { lo: from, hi };
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
