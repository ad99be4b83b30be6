//! The answers, over HTTP/1.1.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tracing::{info, warn};

use crate::{encoded, register};

/// Whether the process can work, and what it lacks if it cannot.
type Ready = Arc<dyn Fn() -> Result<(), String> + Send + Sync>;

/// Connections at once; more wait. Monitoring has one or two of them.
const CONNECTIONS_MAX: usize = 32;
/// A request has to be there in this time.
const ARRIVAL: Duration = Duration::from_secs(5);
/// A connection ends after this time, whoever keeps it open: others may wait for its place.
const LIFE: Duration = Duration::from_secs(300);
/// Where a connection cannot be taken (no file descriptor is left), the next try comes after this time.
const PAUSE: Duration = Duration::from_millis(500);

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const PLAIN: &str = "text/plain; charset=utf-8";

/// Answers at `address` until the process ends: `/metrics`, `/healthz`, and `/readyz` as `ready` says, which is asked each
/// time and says what is missing. `version` is the build's, `expires_at` is when the program's certificates end, in seconds since 1970. Call it once
/// in a process, within a runtime.
///
/// # Errors
/// Where it cannot listen there.
pub async fn expose(
    address: SocketAddr,
    version: &str,
    ready: impl Fn() -> Result<(), String> + Send + Sync + 'static,
    expires_at: impl Fn() -> Option<i64> + Send + Sync + 'static,
) -> std::io::Result<()> {
    let listener = TcpListener::bind(address).await?;
    info!(address = %listener.local_addr()?, "metrics");
    register(|numbers| {
        numbers.build(version);
        numbers.asked(
            "certificate_expiry_timestamp_seconds",
            "When the first of the program's certificates and its CA's ends, in seconds since 1970; without TLS it is not there",
            expires_at,
        );
    });
    tokio::spawn(serve(listener, Arc::new(ready)));
    Ok(())
}

async fn serve(listener: TcpListener, ready: Ready) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let place = Arc::clone(&places).acquire_owned().await.expect("it is never closed");
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(err) => {
                warn!(%err, "no connection for monitoring can be taken");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        let ready = Arc::clone(&ready);
        tokio::spawn(async move {
            // A connection that fails, or stays for too long, is nobody's but its peer's concern.
            drop(tokio::time::timeout(LIFE, connection(stream, ready)).await);
            drop(place);
        });
    }
}

async fn connection(stream: TcpStream, ready: Ready) -> hyper::Result<()> {
    let answering = service_fn(move |request: Request<Incoming>| {
        let response = answer(request.method(), request.uri().path(), &*ready);
        async move { Ok::<_, Infallible>(response) }
    });
    hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(ARRIVAL)
        .serve_connection(TokioIo::new(stream), answering)
        .await
}

fn answer(
    method: &Method,
    path: &str,
    ready: &(dyn Fn() -> Result<(), String> + Send + Sync),
) -> Response<Full<Bytes>> {
    if *method != Method::GET && *method != Method::HEAD {
        let mut refused =
            response(StatusCode::METHOD_NOT_ALLOWED, PLAIN, "only GET is answered\n".to_owned());
        refused.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return refused;
    }
    match path {
        "/metrics" => response(StatusCode::OK, OPEN_METRICS, encoded()),
        "/healthz" => response(StatusCode::OK, PLAIN, "alive\n".to_owned()),
        "/readyz" => match ready() {
            Ok(()) => response(StatusCode::OK, PLAIN, "ready\n".to_owned()),
            Err(reason) => {
                response(StatusCode::SERVICE_UNAVAILABLE, PLAIN, format!("not ready: {reason}\n"))
            }
        },
        _ => {
            let ways = "there are /metrics, /healthz and /readyz\n";
            response(StatusCode::NOT_FOUND, PLAIN, ways.to_owned())
        }
    }
}

fn response(status: StatusCode, content_type: &'static str, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_path_has_its_answer() {
        let ready = || Ok(());
        let waits = || Err("no coordinator yet".to_owned());
        for (method, path, status) in [
            (Method::GET, "/metrics", 200),
            (Method::HEAD, "/metrics", 200),
            (Method::GET, "/healthz", 200),
            (Method::GET, "/readyz", 200),
            (Method::GET, "/", 404),
            (Method::GET, "/metrics/x", 404),
            (Method::POST, "/metrics", 405),
        ] {
            assert_eq!(answer(&method, path, &ready).status(), status, "{method} {path}");
        }
        assert_eq!(answer(&Method::GET, "/readyz", &waits).status(), 503);
        assert_eq!(answer(&Method::GET, "/healthz", &waits).status(), 200, "it is alive");
    }
}
