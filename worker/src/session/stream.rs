//! One stream to one coordinator: carries messages; what they mean is decided in [`super::conversation`].

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;
use tonic::transport::Channel;
use tracing::info;
use xmlx_proto::v1::worker_message::Body as Out;
use xmlx_proto::v1::worker_service_client::WorkerServiceClient;
use xmlx_proto::{Refusal, Release, reasons, v1 as pb};
use xmlx_tls::Dialer;

use super::Session;
use super::conversation::{Conversation, Intervals, Received, intervals};
use super::route::Ended;
use crate::dispatcher::Report;
use crate::memory;
use crate::metrics::METRICS;

/// A coordinator that does not accept within this time is passed over.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// A coordinator that does not say welcome within this time is passed over.
const WELCOME_TIMEOUT: Duration = Duration::from_secs(5);
/// Messages that may wait for the network.
const OUTBOX: usize = 256;

/// An open stream.
struct Stream<'a> {
    session: &'a Session,
    conversation: &'a mut Conversation,
    outbox: mpsc::Sender<pb::WorkerMessage>,
    incoming: Streaming<pb::CoordinatorMessage>,
    intervals: Intervals,
}

impl Session {
    /// Keeps a stream to the coordinator at `address` until one side ends it; why it ended.
    pub(super) async fn stream(
        &self,
        address: &str,
        conversation: &mut Conversation,
        reports: &mut mpsc::Receiver<Report>,
    ) -> Ended {
        match self.open(address, conversation).await {
            Ok(stream) => {
                METRICS.set_connected(true);
                let ended = stream.run(reports).await;
                METRICS.set_connected(false);
                ended
            }
            Err(ended) => ended,
        }
    }

    async fn open<'a>(
        &'a self,
        address: &str,
        conversation: &'a mut Conversation,
    ) -> Result<Stream<'a>, Ended> {
        let mut client = WorkerServiceClient::new(connect(&self.dialer, address).await?);
        let (outbox, receiver) = mpsc::channel(OUTBOX);
        let hello = conversation.message(Out::Hello(self.hello()));
        outbox.try_send(hello).expect("the channel is new and empty");
        let opened = client.session(ReceiverStream::new(receiver));
        let mut incoming = match tokio::time::timeout(WELCOME_TIMEOUT, opened).await {
            Ok(Ok(response)) => response.into_inner(),
            Ok(Err(status)) => return Err(Ended::Refused(Refusal::from_status(&status))),
            Err(_) => return Err(Ended::Broke("no answer to hello".to_owned())),
        };
        let first = match tokio::time::timeout(WELCOME_TIMEOUT, incoming.message()).await {
            Ok(Ok(Some(message))) => message,
            Ok(Ok(None)) => {
                return Err(Ended::Broke("the stream ended before a welcome".to_owned()));
            }
            Ok(Err(status)) => return Err(Ended::Refused(Refusal::from_status(&status))),
            Err(_) => return Err(Ended::Broke("no welcome".to_owned())),
        };
        let welcome = conversation.begin(first)?;
        info!(%address, term = conversation.term(), "session open");
        self.manager.status(&format!("joined {address}"));
        self.manager.ready();
        self.gate.set_share(welcome.commits_max);
        let intervals = intervals(&welcome);
        Ok(Stream { session: self, conversation, outbox, incoming, intervals })
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
}

async fn connect(dialer: &Dialer, address: &str) -> Result<Channel, Ended> {
    // What a coordinator says of the leader is checked like what an operator says.
    let endpoint = dialer.endpoint(address).map_err(|err| Ended::Broke(err.to_string()))?;
    let endpoint = endpoint.connect_timeout(CONNECT_TIMEOUT).tcp_nodelay(true);
    dialer.connect(&endpoint).await.map_err(|err| Ended::Broke(reasons(&err)))
}

/// What operators see of the program's version.
fn build(release: Release) -> String {
    let version = env!("CARGO_PKG_VERSION");
    match release {
        Release::Current => version.to_owned(),
        Release::Previous => format!("{version}-previous"),
    }
}

impl Stream<'_> {
    async fn run(mut self, reports: &mut mpsc::Receiver<Report>) -> Ended {
        let Intervals { heartbeat, silence_max } = self.intervals;
        let mut heartbeat = tokio::time::interval(heartbeat);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut silent_until = Instant::now() + silence_max;
        loop {
            tokio::select! {
                message = self.incoming.message() => {
                    silent_until = Instant::now() + silence_max;
                    let message = match message {
                        Ok(Some(message)) => message,
                        Ok(None) => return Ended::Broke("the coordinator closed the stream".to_owned()),
                        Err(status) => return Ended::Broke(Refusal::from_status(&status).message),
                    };
                    match self.conversation.receive(message) {
                        Received::Order(order) => drop(self.session.orders.send(order).await),
                        Received::Share(share) => self.session.gate.set_share(share),
                        Received::End(ended) => return ended,
                        Received::Nothing => (),
                    }
                }
                report = reports.recv() => match report {
                    Some(Report::Goodbye) | None => {
                        self.send(self.conversation.report(Report::Goodbye)).await;
                        self.close().await;
                        return Ended::Goodbye;
                    }
                    Some(report) => self.send(self.conversation.report(report)).await,
                },
                _ = heartbeat.tick() => self.beat().await,
                () = tokio::time::sleep_until(silent_until) => {
                    return Ended::Broke("the coordinator is silent".to_owned());
                }
            }
        }
    }

    /// Half-closes and waits until the other side has read everything.
    async fn close(self) {
        let Self { outbox, mut incoming, .. } = self;
        drop(outbox);
        let rest = async { while let Ok(Some(_)) = incoming.message().await {} };
        drop(tokio::time::timeout(super::FAREWELL, rest).await);
    }

    async fn beat(&mut self) {
        self.session.pulse.beat();
        let board = &self.session.board;
        let heartbeat = self.conversation.heartbeat(
            board.progress(),
            board.apps_done(),
            memory::resident_bytes(),
        );
        self.send(heartbeat).await;
        // Repeated with every heartbeat: a coordinator that has just taken over does not know how many are wanted.
        self.send(self.conversation.report(Report::Credits(self.session.board.credits()))).await;
    }

    /// Where the other side reads no more, the stream is about to end.
    async fn send(&self, message: pb::WorkerMessage) {
        drop(self.outbox.send(message).await);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_tell_releases_apart() {
        assert_eq!(build(Release::Current), env!("CARGO_PKG_VERSION"));
        assert_eq!(build(Release::Previous), format!("{}-previous", env!("CARGO_PKG_VERSION")));
    }
}
