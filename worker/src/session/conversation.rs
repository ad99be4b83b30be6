//! What messages mean, and what is answered: decides; knows no network.

use std::time::Duration;

use tracing::{info, warn};
use xmlx_domain::{Lease, LeaseKey, Progress};
use xmlx_proto::v1 as pb;
use xmlx_proto::v1::coordinator_message::Body as In;
use xmlx_proto::v1::worker_message::Body as Out;
use xmlx_proto::{PROTOCOL_SPLIT, class_fields};

use super::route::Ended;
use crate::dispatcher::{Order, Report};

/// Whatever a coordinator asks for, heartbeats come at least so often, or a worker that works would look dead, ...
const HEARTBEAT_MAX: Duration = Duration::from_secs(60);
/// ... and at most so often, or they would be most of what it does.
const HEARTBEAT_MIN: Duration = Duration::from_millis(50);
/// A coordinator may be silent for at least so long: shorter than a round trip, no stream would ever last.
const SILENCE_MIN: Duration = Duration::from_millis(200);

/// What a message asks for.
#[derive(Debug)]
pub(super) enum Received {
    /// An order for the dispatcher.
    Order(Order),
    /// So many commits at once are left to this worker; 0: no limit.
    Share(u32),
    /// The stream is over.
    End(Ended),
    /// Nothing.
    Nothing,
}

/// How the two sides keep in touch, as the coordinator asked for in its welcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Intervals {
    /// Between two heartbeats.
    pub(super) heartbeat: Duration,
    /// A coordinator that is silent for longer is lost.
    pub(super) silence_max: Duration,
}

/// What this process knows of the coordinators, from one stream to the next.
#[derive(Debug, Default)]
pub(super) struct Conversation {
    /// The highest term that a message named: whoever names a lower one leads no longer.
    term: u64,
    /// The protocol agreed on at the latest hello.
    protocol: u32,
    /// The number of the latest heartbeat of the stream.
    sequence: u64,
}

impl Conversation {
    /// A message in the latest term that is known.
    pub(super) fn message(&self, body: Out) -> pb::WorkerMessage {
        pb::WorkerMessage { term: self.term, body: Some(body) }
    }

    /// The term that the welcome named, or a later message.
    pub(super) fn term(&self) -> u64 {
        self.term
    }

    /// Begins a stream with the first message that came on it.
    pub(super) fn begin(&mut self, first: pb::CoordinatorMessage) -> Result<pb::Welcome, Ended> {
        match first.body {
            Some(In::Welcome(_)) if first.term < self.term => {
                let (over, seen) = (first.term, self.term);
                Err(Ended::Broke(format!("term {over} is over, {seen} was seen")))
            }
            Some(In::Welcome(welcome)) => {
                self.term = first.term;
                self.protocol = welcome.protocol;
                self.sequence = 0;
                Ok(welcome)
            }
            Some(In::Redirect(redirect)) => Err(redirected(redirect)),
            Some(
                In::Grant(_) | In::Revoke(_) | In::Split(_) | In::Drain(_) | In::HeartbeatAck(_),
            )
            | None => Err(Ended::Broke("the first message is no welcome".to_owned())),
        }
    }

    /// What a message asks for that came after the welcome. One of a term that is over asks for nothing.
    pub(super) fn receive(&mut self, message: pb::CoordinatorMessage) -> Received {
        if message.term < self.term {
            return Received::Nothing;
        }
        self.term = message.term;
        let order = match message.body {
            Some(In::Grant(grant)) => lease(grant.lease).map(Order::Grant),
            Some(In::Revoke(revoke)) => lease(revoke.lease).map(|Lease { key, .. }| {
                let LeaseKey { job, range, epoch } = key;
                info!(%job, %range, %epoch, reason = revoke.reason, "lease revoked");
                Order::Revoke(key)
            }),
            // What a worker of an older protocol reads as a message without a body.
            Some(In::Split(_)) if self.protocol < PROTOCOL_SPLIT => None,
            Some(In::Split(split)) => {
                lease(split.lease).map(|Lease { key, .. }| Order::Split { key, at: split.at })
            }
            Some(In::Drain(_)) => Some(Order::Drain),
            Some(In::Redirect(redirect)) => return Received::End(redirected(redirect)),
            Some(In::HeartbeatAck(ack)) => return Received::Share(ack.commits_max),
            // A second welcome, or what only a later release knows.
            Some(In::Welcome(_)) | None => None,
        };
        order.map_or(Received::Nothing, Received::Order)
    }

    /// The next heartbeat.
    pub(super) fn heartbeat(
        &mut self,
        progress: Vec<Progress>,
        apps_done: u64,
        memory_bytes: u64,
    ) -> pb::WorkerMessage {
        self.sequence += 1;
        self.message(Out::Heartbeat(pb::Heartbeat {
            sequence: self.sequence,
            progress: progress.into_iter().map(Into::into).collect(),
            memory_bytes,
            apps_done,
        }))
    }

    /// The message that tells the coordinator.
    pub(super) fn report(&self, report: Report) -> pb::WorkerMessage {
        self.message(body(report))
    }
}

/// What a welcome asks for, within bounds.
pub(super) fn intervals(welcome: &pb::Welcome) -> Intervals {
    Intervals {
        heartbeat: Duration::from_millis(welcome.heartbeat_ms).clamp(HEARTBEAT_MIN, HEARTBEAT_MAX),
        silence_max: Duration::from_millis(welcome.lost_after_ms).max(SILENCE_MIN),
    }
}

fn redirected(redirect: pb::Redirect) -> Ended {
    Ended::Redirected(Some(redirect.leader_address).filter(|address| !address.is_empty()))
}

/// The lease of a message. One that makes no sense is left out, and the coordinator finds out that nobody works on it.
fn lease(message: Option<pb::Lease>) -> Option<Lease> {
    Lease::try_from(message?)
        .inspect_err(|refusal| warn!(%refusal, "a message of the coordinator was not understood"))
        .ok()
}

fn body(report: Report) -> Out {
    match report {
        Report::Credits(credits) => Out::LeaseRequest(pb::LeaseRequest { credits }),
        Report::Done { lease, apps, elapsed_ms } => {
            Out::RangeDone(pb::RangeDone { lease: Some(lease.into()), apps, elapsed_ms })
        }
        Report::Released { lease, committed_through, class, reason } => {
            let unspecified = (pb::ErrorClass::Unspecified, pb::ErrorClass::Unspecified);
            let (class, exact_class) = class.map_or(unspecified, class_fields);
            Out::Released(pb::Released {
                lease: Some(lease.into()),
                committed_through,
                class: class.into(),
                reason,
                exact_class: exact_class.into(),
            })
        }
        Report::Trouble { job, class, reason } => {
            let (class, exact_class) = class_fields(class);
            Out::Trouble(pb::Trouble {
                job_id: job.0,
                class: class.into(),
                reason,
                exact_class: exact_class.into(),
            })
        }
        Report::Goodbye => Out::Goodbye(pb::Goodbye { reason: "drained".to_owned() }),
    }
}

#[cfg(test)]
mod tests;
