//! Reaching the cluster: any coordinator for questions, the leader for changes.

use std::time::Duration;

use anyhow::{anyhow, bail};
use tonic::transport::{Channel, Endpoint};
use tonic::{Response, Status};
use xmlx_proto::v1::cluster_service_client::ClusterServiceClient;
use xmlx_proto::v1::job_service_client::JobServiceClient;
use xmlx_proto::{ErrorCode, MESSAGE_BYTES_MAX, Refusal};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// An answer that takes longer is given up. `verify` may read whole tables for hours; pings tell whether the coordinator
/// is still there.
const CALL_TIMEOUT: Duration = Duration::from_secs(12 * 3600);
/// A coordinator that does not answer a ping in this time is gone, or cut off: the next one is asked.
const PING: Duration = Duration::from_secs(2);
/// Rounds over all coordinators: enough to see a takeover through.
const ROUNDS: u32 = 30;
const ROUND_PAUSE: Duration = Duration::from_millis(500);

/// The coordinators.
#[derive(Clone, Debug)]
pub(crate) struct Cluster {
    addresses: Vec<String>,
}

impl Cluster {
    pub(crate) fn new(addresses: Vec<String>) -> Self {
        Self { addresses }
    }

    /// Calls until a coordinator answers, following the way to the leader. Every request may be
    /// repeated: the protocol says so of each.
    pub(crate) async fn call<T>(
        &self,
        attempt: impl AsyncFn(Channel) -> Result<Response<T>, Status>,
    ) -> anyhow::Result<T> {
        let mut last = anyhow!("no coordinator is named");
        for round in 0..ROUNDS {
            if round > 0 {
                tokio::time::sleep(ROUND_PAUSE).await;
            }
            let mut queue = self.addresses.clone();
            let mut hops = 0;
            while let Some(address) = queue.pop() {
                let refusal = match connect(&address).await {
                    Ok(channel) => match attempt(channel).await {
                        Ok(response) => return Ok(response.into_inner()),
                        Err(status) => Refusal::from_status(&status),
                    },
                    Err(err) => {
                        last = anyhow!("cannot reach the coordinator at `{address}`: {err:#}");
                        continue;
                    }
                };
                match refusal.code {
                    ErrorCode::NotLeader | ErrorCode::Unavailable => {
                        last = anyhow!("`{address}`: {refusal}");
                        if let Some(leader) = refusal.leader_address.filter(|_| hops < 2) {
                            hops += 1;
                            queue.push(leader);
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
        Err(last)
    }
}

impl Cluster {
    /// Calls one coordinator, once.
    pub(crate) async fn call_at<T>(
        address: &str,
        attempt: impl AsyncFn(Channel) -> Result<Response<T>, Status>,
    ) -> anyhow::Result<T> {
        Ok(attempt(connect(address).await?).await?.into_inner())
    }
}

async fn connect(address: &str) -> anyhow::Result<Channel> {
    let endpoint = Endpoint::from_shared(address.to_owned())?
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(CALL_TIMEOUT)
        .http2_keep_alive_interval(PING)
        .keep_alive_timeout(PING)
        .tcp_nodelay(true);
    Ok(endpoint.connect().await?)
}

pub(crate) fn jobs(channel: Channel) -> JobServiceClient<Channel> {
    JobServiceClient::new(channel)
        .max_decoding_message_size(MESSAGE_BYTES_MAX)
        .max_encoding_message_size(MESSAGE_BYTES_MAX)
}

pub(crate) fn cluster(channel: Channel) -> ClusterServiceClient<Channel> {
    ClusterServiceClient::new(channel).max_decoding_message_size(MESSAGE_BYTES_MAX)
}
