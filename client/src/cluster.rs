//! Reaching the cluster: any coordinator for questions, the leader for changes.

mod route;

use std::time::Duration;

use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use tonic::{Request, Response, Status};
use xmlx_proto::v1::access_service_client::AccessServiceClient;
use xmlx_proto::v1::cluster_service_client::ClusterServiceClient;
use xmlx_proto::v1::job_service_client::JobServiceClient;
use xmlx_proto::{ErrorCode, MESSAGE_BYTES_MAX, Refusal, reasons};
use xmlx_runtime::{Clock, Secret};
use xmlx_tls::{Dialer, Security};

use crate::cluster::route::{Next, Route};
use crate::output;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// A coordinator that does not answer a ping of HTTP/2 in this time is dead or cut off: the next one is asked.
const PING: Duration = Duration::from_secs(2);
/// After this time without an answer the user is told what the command waits for.
const QUIET: Duration = Duration::from_secs(3);
/// Between two rounds over all coordinators. A takeover takes some seconds, so asking more often would be of no use.
const ROUND_PAUSE: Duration = Duration::from_millis(500);

/// How long a coordinator may take, and how long the coordinators are asked again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    answer: Duration,
    /// No further round over the coordinators begins after so long.
    rounds: Duration,
}

impl Patience {
    /// For changes, and for `verify`, which may read whole tables for hours. Pings tell whether the coordinator is still
    /// there.
    pub(crate) const LONG: Self =
        Self { answer: Duration::from_secs(12 * 3600), rounds: Duration::MAX };
    /// For short questions of a person. A coordinator whose database does not answer says so within 8 seconds.
    pub(crate) const SHORT: Self =
        Self { answer: Duration::from_secs(10), rounds: Duration::from_secs(15) };
    /// For a second question to the leader, where a standby has answered already. A leader that is paused must not hold
    /// that answer back for long.
    pub(crate) const GLANCE: Self = Self { answer: Duration::from_secs(3), rounds: Duration::ZERO };
    /// For what reads `processing_log`, or a page of many thousand ranges.
    pub(crate) const READING: Self =
        Self { answer: Duration::from_secs(60), rounds: Duration::from_secs(15) };
}

/// How a client proves who it is.
#[derive(Clone, Debug)]
pub struct Proof {
    dialer: Dialer,
    bearer: Bearer,
}

impl Proof {
    /// A certificate, a token, both, or neither.
    ///
    /// # Errors
    /// Where the token holds what cannot be sent.
    pub fn new(security: &Security, token: Option<&Secret>) -> Result<Self, String> {
        let header = |token: &Secret| {
            let mut value: MetadataValue<Ascii> = format!("Bearer {}", token.reveal())
                .parse()
                .map_err(|_| "it holds characters that no token has".to_owned())?;
            value.set_sensitive(true);
            Ok::<_, String>(value)
        };
        let bearer = Bearer(token.map(header).transpose()?);
        Ok(Self { dialer: Dialer::new(security), bearer })
    }
}

/// Sends the token with each call.
#[derive(Clone, Debug)]
pub(crate) struct Bearer(Option<MetadataValue<Ascii>>);

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(token) = &self.0 {
            request.metadata_mut().insert("authorization", token.clone());
        }
        Ok(request)
    }
}

/// A connection to one coordinator.
pub(crate) type Line = InterceptedService<Channel, Bearer>;

/// The coordinators.
#[derive(Clone, Debug)]
pub struct Cluster {
    addresses: Vec<String>,
    proof: Proof,
}

impl Cluster {
    /// Coordinators at these URLs.
    #[must_use]
    pub fn new(addresses: Vec<String>, proof: Proof) -> Self {
        Self { addresses, proof }
    }

    /// Calls until a coordinator answers, following the way to the leader. Every request may be
    /// repeated: the protocol says so of each.
    pub(crate) async fn call<T>(
        &self,
        patience: Patience,
        request: impl AsyncFn(Line) -> Result<Response<T>, Status>,
    ) -> anyhow::Result<T> {
        let clock = Clock::start();
        let mut route = Route::new(&self.addresses, patience.rounds);
        loop {
            let address = match route.next(clock.now()) {
                Next::Ask(address) => address,
                Next::Pause => {
                    tokio::time::sleep(ROUND_PAUSE).await;
                    continue;
                }
                Next::GiveUp => return Err(route.error()),
            };
            let mut answer = std::pin::pin!(call_once(&self.proof, &address, patience, &request));
            let answer = match tokio::time::timeout(QUIET, &mut answer).await {
                Ok(answer) => answer,
                Err(_) => {
                    report(route.is_slow(&address));
                    answer.await
                }
            };
            match answer {
                Ok(response) => return Ok(response),
                Err(refusal) => report(route.refused(&address, refusal)?),
            }
        }
    }

    /// Calls one coordinator, once.
    pub(crate) async fn call_at<T>(
        &self,
        address: &str,
        patience: Patience,
        request: impl AsyncFn(Line) -> Result<Response<T>, Status>,
    ) -> Result<T, Refusal> {
        call_once(&self.proof, address, patience, &request).await
    }
}

fn report(notice: Option<String>) {
    if let Some(notice) = notice {
        output::note(&notice);
    }
}

/// Calls one coordinator, once. An error of the network is a refusal like any other.
async fn call_once<T>(
    proof: &Proof,
    address: &str,
    patience: Patience,
    request: &impl AsyncFn(Line) -> Result<Response<T>, Status>,
) -> Result<T, Refusal> {
    let call = async {
        let channel = connect(proof, address, patience).await?;
        let answer = request(channel).await;
        answer.map(Response::into_inner).map_err(|status| Refusal::from_status(&status))
    };
    tokio::time::timeout(patience.answer, call).await.unwrap_or_else(|_| {
        let message = format!("no answer within {:?}", patience.answer);
        Err(Refusal::new(ErrorCode::Unavailable, message))
    })
}

async fn connect(proof: &Proof, address: &str, patience: Patience) -> Result<Line, Refusal> {
    let unavailable = |reason| Refusal::new(ErrorCode::Unavailable, reason);
    // The address of a leader comes from a coordinator, and is checked like one that a person gives.
    let endpoint = proof.dialer.endpoint(address).map_err(|err| unavailable(err.to_string()))?;
    let endpoint = endpoint
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(patience.answer)
        .http2_keep_alive_interval(PING)
        .keep_alive_timeout(PING)
        .tcp_nodelay(true);
    let channel = proof.dialer.connect(&endpoint).await;
    let channel = channel.map_err(|err| unavailable(reasons(&err)))?;
    Ok(InterceptedService::new(channel, proof.bearer.clone()))
}

pub(crate) fn jobs(channel: Line) -> JobServiceClient<Line> {
    JobServiceClient::new(channel)
        .max_decoding_message_size(MESSAGE_BYTES_MAX)
        .max_encoding_message_size(MESSAGE_BYTES_MAX)
}

pub(crate) fn access(channel: Line) -> AccessServiceClient<Line> {
    AccessServiceClient::new(channel).max_decoding_message_size(MESSAGE_BYTES_MAX)
}

pub(crate) fn cluster(channel: Line) -> ClusterServiceClient<Line> {
    ClusterServiceClient::new(channel).max_decoding_message_size(MESSAGE_BYTES_MAX)
}
