//! What each call may take: bytes, time, and a place among the others.
//!
//! A request is read to its end before it takes a place, so that calls whose body never comes keep nobody out. Streams
//! of workers take no place at all: they last as long as the worker, and clients must not be able to keep them out.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::future::BoxFuture;
use http_body_util::{BodyExt as _, Full, Limited};
use tokio::sync::Semaphore;
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::{Service, http};
use tower::Layer;
use xmlx_proto::{ErrorCode, MESSAGE_BYTES_MAX, Refusal};
use xmlx_runtime::Clock;

use crate::metrics::METRICS;

/// More calls at once wait: each may take a connection to the database.
const CALLS_MAX: usize = 128;
/// A call that gets no place in this time is refused.
const PLACE: Duration = Duration::from_secs(10);
/// A request has to be there in this time.
const ARRIVAL: Duration = Duration::from_secs(10);
/// Large requests that may be on their way at once: they are kept in memory.
const LARGE_MAX: usize = 8;
/// Enough for any request but a contract.
const SMALL_BYTES: usize = 64 * 1024;
/// gRPC's own frame around a message.
const FRAME_BYTES: usize = 5;

/// What one kind of call may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A stream in both directions: its messages are looked at by whoever reads them.
    Stream,
    /// One request of at most so many bytes, answered in this time.
    Unary { bytes: usize, answer: Duration },
}

/// By the path of the request, which names service and method.
fn kind(path: &str) -> Kind {
    let unary = |answer| Kind::Unary { bytes: SMALL_BYTES, answer };
    match path.trim_start_matches('/').split_once('/') {
        Some(("xmlx.v1.WorkerService", _)) => Kind::Stream,
        Some((service, _)) if service.starts_with("grpc.reflection.") => Kind::Stream,
        // As long as the store lets what it looks for take.
        Some(("xmlx.v1.JobService", "Submit" | "SubmitPart")) => {
            Kind::Unary { bytes: MESSAGE_BYTES_MAX, answer: Duration::from_secs(3600) }
        }
        // It may read whole tables for hours.
        Some(("xmlx.v1.JobService", "Verify")) => unary(Duration::from_secs(12 * 3600)),
        // Reads `processing_log`, or many pages.
        Some(("xmlx.v1.JobService", name)) if name.starts_with("List") => {
            unary(Duration::from_secs(600))
        }
        // What changes something waits for its save; what looks says within 8 s that the database does not answer.
        Some(_) | None => unary(Duration::from_secs(120)),
    }
}

/// Adds the limits to a server.
#[derive(Clone, Debug)]
pub(crate) struct Calls {
    places: Arc<Semaphore>,
    large: Arc<Semaphore>,
}

impl Calls {
    pub(crate) fn new() -> Self {
        Self {
            places: Arc::new(Semaphore::new(CALLS_MAX)),
            large: Arc::new(Semaphore::new(LARGE_MAX)),
        }
    }

    /// Reads a request to its end.
    async fn arrive(
        &self,
        request: http::Request<Body>,
        bytes: usize,
    ) -> Result<http::Request<Body>, Refusal> {
        let (parts, body) = request.into_parts();
        let arriving = async {
            let mut body = Limited::new(body, bytes + FRAME_BYTES);
            let mut arrived = Vec::new();
            let mut room = None;
            while let Some(frame) = body.frame().await {
                let Ok(data) = frame?.into_data() else { continue };
                // Only what is large already waits for room: requests that stop after a few bytes delay nobody.
                if room.is_none() && arrived.len() + data.len() > SMALL_BYTES + FRAME_BYTES {
                    room = Some(self.large.acquire().await.expect("it is never closed"));
                }
                arrived.extend_from_slice(&data);
            }
            Ok(arrived)
        };
        let arrived = tokio::time::timeout(ARRIVAL, arriving).await.map_err(|_| {
            let message = format!("the request did not arrive within {ARRIVAL:?}");
            Refusal::new(ErrorCode::Unavailable, message)
        })?;
        let body = arrived.map_err(|err: tower::BoxError| {
            let message =
                format!("the request cannot be read, or has more than {bytes} bytes: {err}");
            Refusal::new(ErrorCode::Invalid, message)
        })?;
        Ok(http::Request::from_parts(parts, Body::new(Full::from(body))))
    }

    async fn answer<S: Service<http::Request<Body>, Response = http::Response<Body>>>(
        &self,
        mut inner: S,
        request: http::Request<Body>,
        (bytes, answer): (usize, Duration),
    ) -> Result<Result<http::Response<Body>, S::Error>, Refusal> {
        let request = self.arrive(request, bytes).await?;
        let place = tokio::time::timeout(PLACE, self.places.acquire()).await.map_err(|_| {
            let message = format!("{CALLS_MAX} other calls are being answered; try again later");
            Refusal::new(ErrorCode::Unavailable, message)
        })?;
        let _place = place.expect("it is never closed");
        let clock = Clock::start();
        let answered = tokio::time::timeout(answer, inner.call(request)).await;
        METRICS.call.observe(clock.now().as_secs_f64());
        answered.map_err(|_| {
            Refusal::new(ErrorCode::Unavailable, format!("no answer within {answer:?}"))
        })
    }
}

impl<S> Layer<S> for Calls {
    type Service = Limits<S>;

    fn layer(&self, inner: S) -> Limits<S> {
        Limits { inner, calls: self.clone() }
    }
}

/// A server with limits.
#[derive(Clone, Debug)]
pub(crate) struct Limits<S> {
    inner: S,
    calls: Calls,
}

impl<S> Service<http::Request<Body>> for Limits<S>
where
    S: Service<http::Request<Body>, Response = http::Response<Body>, Error = Infallible>,
    S: Clone + Send + 'static,
    S::Future: Send,
{
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        // The one that was found ready is the one that is called (tower's documentation of `Service`).
        let clone = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, clone);
        let Kind::Unary { bytes, answer } = kind(request.uri().path()) else {
            return Box::pin(inner.call(request));
        };
        let calls = self.calls.clone();
        Box::pin(async move {
            match calls.answer(inner, request, (bytes, answer)).await {
                Ok(answered) => answered,
                Err(refusal) => {
                    METRICS.calls_refused.inc();
                    Ok(Status::from(refusal).into_http())
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workers_take_no_place_and_every_other_call_has_limits() {
        assert_eq!(kind("/xmlx.v1.WorkerService/Session"), Kind::Stream);
        let bytes = |path: &str| match kind(path) {
            Kind::Unary { bytes, .. } => bytes,
            Kind::Stream => 0,
        };
        assert_eq!(bytes("/xmlx.v1.JobService/Submit"), MESSAGE_BYTES_MAX);
        for path in [
            "/xmlx.v1.JobService/Verify",
            "/xmlx.v1.JobService/ListRanges",
            "/xmlx.v1.ClusterService/Status",
            "/grpc.health.v1.Health/Check",
            "/nothing",
            "",
        ] {
            assert_eq!(bytes(path), SMALL_BYTES, "{path}");
        }
    }
}
