//! Reaching the cluster: any coordinator for questions, the leader for changes.

use std::time::Duration;

use anyhow::{anyhow, bail};
use tonic::transport::{Channel, Endpoint};
use tonic::{Response, Status};
use xmlx_proto::v1::cluster_service_client::ClusterServiceClient;
use xmlx_proto::v1::job_service_client::JobServiceClient;
use xmlx_proto::{ErrorCode, MESSAGE_BYTES_MAX, Refusal, reasons};
use xmlx_runtime::{Clock, coordinator_url};

use crate::output;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// A coordinator that does not answer a ping in this time is gone, or cut off: the next one is asked.
const PING: Duration = Duration::from_secs(2);
/// Whoever waits longer than this for an answer is told so.
const QUIET: Duration = Duration::from_secs(3);
/// Rounds over all coordinators: enough to see a takeover through.
const ROUNDS: u32 = 30;
const ROUND_PAUSE: Duration = Duration::from_millis(500);

/// How long a coordinator may take, and how long the coordinators are asked again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    answer: Duration,
    /// No further round begins after so long.
    rounds: Duration,
}

impl Patience {
    /// For what has to happen, however long it takes. `verify` may read whole tables for hours; pings tell whether
    /// the coordinator is still there.
    pub(crate) const LONG: Self =
        Self { answer: Duration::from_secs(12 * 3600), rounds: Duration::MAX };
    /// For what a person looks at: a coordinator says within this time that the database does not answer.
    pub(crate) const SHORT: Self =
        Self { answer: Duration::from_secs(10), rounds: Duration::from_secs(15) };
    /// For the leader, where another coordinator has answered already: one that is paused must not keep that back for long.
    pub(crate) const GLANCE: Self = Self { answer: Duration::from_secs(3), rounds: Duration::ZERO };
    /// For what reads `processing_log`, or a page of many thousand ranges.
    pub(crate) const READING: Self =
        Self { answer: Duration::from_secs(60), rounds: Duration::from_secs(15) };
}

/// The coordinators.
#[derive(Clone, Debug)]
pub struct Cluster {
    addresses: Vec<String>,
}

impl Cluster {
    /// Coordinators at these URLs.
    #[must_use]
    pub fn new(addresses: Vec<String>) -> Self {
        Self { addresses }
    }

    /// Calls until a coordinator answers, following the way to the leader. Every request may be
    /// repeated: the protocol says so of each.
    pub(crate) async fn call<T>(
        &self,
        patience: Patience,
        attempt: impl AsyncFn(Channel) -> Result<Response<T>, Status>,
    ) -> anyhow::Result<T> {
        let clock = Clock::start();
        let mut said = Said::default();
        for round in 0..ROUNDS {
            if round > 0 {
                if clock.now() > patience.rounds {
                    break;
                }
                tokio::time::sleep(ROUND_PAUSE).await;
            }
            let mut queue: Vec<String> = self.addresses.iter().rev().cloned().collect();
            let mut hops = 0;
            while let Some(address) = queue.pop() {
                let mut asking = std::pin::pin!(ask(&address, patience, &attempt));
                let answer = match tokio::time::timeout(QUIET, &mut asking).await {
                    Ok(answer) => answer,
                    Err(_) => {
                        said.tell(&address, "no answer yet");
                        asking.await
                    }
                };
                let refusal = match answer {
                    Ok(response) => return Ok(response),
                    Err(refusal) => refusal,
                };
                match refusal.code {
                    ErrorCode::NotLeader | ErrorCode::Unavailable => {
                        let leader = refusal.leader_address.clone().filter(|_| hops < 2);
                        if let Some(leader) = leader {
                            hops += 1;
                            queue.push(leader);
                        }
                        said.note(&address, &refusal);
                        if queue.is_empty() {
                            said.tell(&address, &refusal.to_string());
                        }
                    }
                    ErrorCode::Invalid
                    | ErrorCode::NotFound
                    | ErrorCode::NotPossible
                    | ErrorCode::Protocol
                    | ErrorCode::Internal => bail!("{refusal}"),
                }
            }
        }
        Err(said.error())
    }

    /// Calls one coordinator, once.
    pub(crate) async fn call_at<T>(
        address: &str,
        patience: Patience,
        attempt: impl AsyncFn(Channel) -> Result<Response<T>, Status>,
    ) -> Result<T, Refusal> {
        ask(address, patience, &attempt).await
    }
}

/// What the coordinators said last, in the order in which they were asked first.
#[derive(Debug, Default)]
struct Said {
    reasons: Vec<(String, String)>,
    is_told: bool,
}

impl Said {
    /// Whoever waits is told once why: where a coordinator takes its time, and where none is left to be asked.
    fn tell(&mut self, address: &str, reason: &str) {
        if !std::mem::replace(&mut self.is_told, true) {
            output::note(&format!("waiting for `{address}`: {reason}"));
        }
    }

    fn note(&mut self, address: &str, refusal: &Refusal) {
        let reason = refusal.to_string();
        match self.reasons.iter_mut().find(|(it, _)| it == address) {
            Some((_, known)) => *known = reason,
            None => self.reasons.push((address.to_owned(), reason)),
        }
    }

    fn error(&self) -> anyhow::Error {
        let line = |(address, reason): &(String, String)| format!("`{address}`: {reason}");
        let lines: Vec<String> = self.reasons.iter().map(line).collect();
        anyhow!("no coordinator answers\n  {}", lines.join("\n  "))
    }
}

/// One coordinator, once. What the network has to say is a refusal like any other.
async fn ask<T>(
    address: &str,
    patience: Patience,
    attempt: &impl AsyncFn(Channel) -> Result<Response<T>, Status>,
) -> Result<T, Refusal> {
    let asking = async {
        let channel = connect(address, patience).await?;
        let answered = attempt(channel).await;
        answered.map(Response::into_inner).map_err(|status| Refusal::from_status(&status))
    };
    tokio::time::timeout(patience.answer, asking).await.unwrap_or_else(|_| {
        let message = format!("no answer within {:?}", patience.answer);
        Err(Refusal::new(ErrorCode::Unavailable, message))
    })
}

async fn connect(address: &str, patience: Patience) -> Result<Channel, Refusal> {
    let unavailable = |reason| Refusal::new(ErrorCode::Unavailable, reason);
    // What a coordinator says of the leader is checked like what a person says.
    let url = coordinator_url(address).map_err(unavailable)?;
    let endpoint = Endpoint::from_shared(url).map_err(|err| unavailable(reasons(&err)))?;
    let endpoint = endpoint
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(patience.answer)
        .http2_keep_alive_interval(PING)
        .keep_alive_timeout(PING)
        .tcp_nodelay(true);
    endpoint.connect().await.map_err(|err| unavailable(reasons(&err)))
}

pub(crate) fn jobs(channel: Channel) -> JobServiceClient<Channel> {
    JobServiceClient::new(channel)
        .max_decoding_message_size(MESSAGE_BYTES_MAX)
        .max_encoding_message_size(MESSAGE_BYTES_MAX)
}

pub(crate) fn cluster(channel: Channel) -> ClusterServiceClient<Channel> {
    ClusterServiceClient::new(channel).max_decoding_message_size(MESSAGE_BYTES_MAX)
}
