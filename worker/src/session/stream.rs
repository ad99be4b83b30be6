//! One stream to one coordinator.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;
use tonic::transport::Endpoint;
use tracing::{info, warn};
use xmlx_domain::{Lease, LeaseKey};
use xmlx_proto::v1::coordinator_message::Body as In;
use xmlx_proto::v1::worker_message::Body as Out;
use xmlx_proto::v1::worker_service_client::WorkerServiceClient;
use xmlx_proto::{PROTOCOL_SPLIT, Refusal, Release, class_fields, reasons, v1 as pb};
use xmlx_runtime::coordinator_url;

use super::Session;
use crate::foreman::{Order, Report};
use crate::memory;

/// A coordinator that does not accept within this time is passed over.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// A coordinator that does not say welcome within this time is passed over.
const WELCOME_TIMEOUT: Duration = Duration::from_secs(5);
/// Messages that may wait for the network.
const OUTBOX: usize = 256;

/// Why a stream ended.
#[derive(Debug)]
pub(crate) enum Ended {
    /// The foreman is done and said so.
    Goodbye,
    /// Another coordinator leads, perhaps this one.
    Redirected(Option<String>),
    /// The coordinator does not want this worker.
    Refused(Refusal),
    /// The network, or the other side.
    Broke(String),
}

impl Session {
    /// Speaks with the coordinator at `address` for as long as it goes.
    pub(super) async fn stream(
        &self,
        address: &str,
        term: &mut u64,
        reports: &mut mpsc::Receiver<Report>,
    ) -> Ended {
        // What a coordinator says of the leader is checked like what an operator says.
        let url = match coordinator_url(address) {
            Ok(it) => it,
            Err(err) => return Ended::Broke(err),
        };
        let endpoint = match Endpoint::from_shared(url) {
            Ok(it) => it.connect_timeout(CONNECT_TIMEOUT).tcp_nodelay(true),
            Err(err) => return Ended::Broke(reasons(&err)),
        };
        let channel = match endpoint.connect().await {
            Ok(it) => it,
            Err(err) => return Ended::Broke(reasons(&err)),
        };
        let (outbox, receiver) = mpsc::channel(OUTBOX);
        let hello = pb::WorkerMessage { term: *term, body: Some(Out::Hello(self.hello())) };
        outbox.try_send(hello).expect("the channel is new and empty");
        let mut client = WorkerServiceClient::new(channel);
        let opened = client.session(ReceiverStream::new(receiver));
        let mut incoming = match tokio::time::timeout(WELCOME_TIMEOUT, opened).await {
            Ok(Ok(response)) => response.into_inner(),
            Ok(Err(status)) => return Ended::Refused(Refusal::from_status(&status)),
            Err(_) => return Ended::Broke("no answer to hello".to_owned()),
        };
        let welcome = match self.welcome(&mut incoming, term).await {
            Ok(it) => it,
            Err(ended) => return ended,
        };
        info!(%address, term, "session open");
        self.gate.set_share(welcome.commits_max);
        let protocol = welcome.protocol;
        let mut talk = Talk { session: self, outbox, term, sequence: 0, protocol };
        talk.run(incoming, reports, &welcome).await
    }

    fn hello(&self) -> pb::Hello {
        let (protocol_min, protocol_max) = self.config.release.protocols().into_inner();
        pb::Hello {
            protocol_min,
            protocol_max,
            session_id: self.id.0.clone(),
            name: self.config.name.clone(),
            build: build(self.config.release),
            slots: self.config.slots,
            held: self.board.progress().into_iter().map(|held| held.lease.into()).collect(),
        }
    }

    async fn welcome(
        &self,
        incoming: &mut Streaming<pb::CoordinatorMessage>,
        term: &mut u64,
    ) -> Result<pb::Welcome, Ended> {
        let first = tokio::time::timeout(WELCOME_TIMEOUT, incoming.message()).await;
        let message = match first {
            Ok(Ok(Some(it))) => it,
            Ok(Ok(None)) => {
                return Err(Ended::Broke("the stream ended before a welcome".to_owned()));
            }
            Ok(Err(status)) => return Err(Ended::Refused(Refusal::from_status(&status))),
            Err(_) => return Err(Ended::Broke("no welcome".to_owned())),
        };
        match message.body {
            Some(In::Welcome(_)) if message.term < *term => {
                Err(Ended::Broke(format!("term {} is over, {term} was seen", message.term)))
            }
            Some(In::Welcome(welcome)) => {
                *term = message.term;
                Ok(welcome)
            }
            Some(In::Redirect(it)) => {
                Err(Ended::Redirected(Some(it.leader_address).filter(|it| !it.is_empty())))
            }
            _ => Err(Ended::Broke("the first message is no welcome".to_owned())),
        }
    }
}

/// What operators see of the program's version.
fn build(release: Release) -> String {
    let version = env!("CARGO_PKG_VERSION");
    match release {
        Release::Current => version.to_owned(),
        Release::Previous => format!("{version}-previous"),
    }
}

/// An open stream.
struct Talk<'a> {
    session: &'a Session,
    outbox: mpsc::Sender<pb::WorkerMessage>,
    term: &'a mut u64,
    sequence: u64,
    /// Agreed on at hello.
    protocol: u32,
}

impl Talk<'_> {
    async fn run(
        &mut self,
        mut incoming: Streaming<pb::CoordinatorMessage>,
        reports: &mut mpsc::Receiver<Report>,
        welcome: &pb::Welcome,
    ) -> Ended {
        let beat = Duration::from_millis(welcome.heartbeat_ms.clamp(50, 60_000));
        let patience = Duration::from_millis(welcome.lost_after_ms.max(200));
        let mut heartbeat = tokio::time::interval(beat);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut silent_until = Instant::now() + patience;
        loop {
            tokio::select! {
                message = incoming.message() => {
                    silent_until = Instant::now() + patience;
                    let message = match message {
                        Ok(Some(it)) => it,
                        Ok(None) => return Ended::Broke("the coordinator closed the stream".to_owned()),
                        Err(status) => return Ended::Broke(Refusal::from_status(&status).message),
                    };
                    if let Err(ended) = self.hear(message).await {
                        return ended;
                    }
                }
                report = reports.recv() => match report {
                    Some(Report::Goodbye) | None => {
                        self.say(report_message(Report::Goodbye)).await;
                        self.close(incoming).await;
                        return Ended::Goodbye;
                    }
                    Some(report) => {
                        self.say(report_message(report)).await;
                    }
                },
                _ = heartbeat.tick() => self.beat().await,
                () = tokio::time::sleep_until(silent_until) => {
                    return Ended::Broke("the coordinator is silent".to_owned());
                }
            }
        }
    }

    /// Half-closes and waits until the other side has read everything.
    async fn close(&mut self, mut incoming: Streaming<pb::CoordinatorMessage>) {
        let (closed, _) = mpsc::channel(1);
        self.outbox = closed;
        let rest = async { while let Ok(Some(_)) = incoming.message().await {} };
        drop(tokio::time::timeout(super::FAREWELL, rest).await);
    }

    async fn beat(&mut self) {
        self.sequence += 1;
        let heartbeat = pb::Heartbeat {
            sequence: self.sequence,
            progress: self.session.board.progress().into_iter().map(Into::into).collect(),
            memory_bytes: memory::resident_bytes(),
            apps_done: self.session.board.apps_done(),
        };
        self.say(Out::Heartbeat(heartbeat)).await;
        // Repeated with every heartbeat: a coordinator that has just taken over knows of no wishes.
        let credits = self.session.board.credits();
        self.say(Out::LeaseRequest(pb::LeaseRequest { credits })).await;
    }

    async fn hear(&mut self, message: pb::CoordinatorMessage) -> Result<(), Ended> {
        if message.term < *self.term {
            return Ok(());
        }
        *self.term = message.term;
        let order = match message.body {
            Some(In::Grant(pb::Grant { lease: Some(granted) })) => match lease(granted) {
                Some(lease) => Order::Grant(lease),
                None => return Ok(()),
            },
            Some(In::Revoke(pb::Revoke { lease: Some(revoked), reason })) => match lease(revoked) {
                Some(Lease { key, .. }) => {
                    let LeaseKey { job, range, epoch } = key;
                    info!(%job, %range, %epoch, reason, "lease revoked");
                    Order::Revoke(key)
                }
                None => return Ok(()),
            },
            // What a worker of an older protocol reads as a message without a body.
            Some(In::Split(_)) if self.protocol < PROTOCOL_SPLIT => return Ok(()),
            Some(In::Split(pb::Split { lease: Some(cut), at })) => match lease(cut) {
                Some(Lease { key, .. }) => Order::Split { key, at },
                None => return Ok(()),
            },
            Some(In::Drain(_)) => Order::Drain,
            Some(In::Redirect(it)) => {
                return Err(Ended::Redirected(Some(it.leader_address).filter(|it| !it.is_empty())));
            }
            Some(In::HeartbeatAck(it)) => {
                self.session.gate.set_share(it.commits_max);
                return Ok(());
            }
            Some(In::Welcome(_) | In::Grant(_) | In::Revoke(_) | In::Split(_)) | None => {
                return Ok(());
            }
        };
        drop(self.session.orders.send(order).await);
        Ok(())
    }

    async fn say(&self, body: Out) {
        drop(self.outbox.send(pb::WorkerMessage { term: *self.term, body: Some(body) }).await);
    }
}

/// A lease of a message; one that makes no sense is left out, and the coordinator finds out that nobody works on it.
fn lease(message: pb::Lease) -> Option<Lease> {
    Lease::try_from(message)
        .inspect_err(|refusal| warn!(%refusal, "a message of the coordinator was not understood"))
        .ok()
}

fn report_message(report: Report) -> Out {
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
