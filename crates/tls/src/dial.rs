//! The dialling side: to coordinators that can prove who they are.

use std::io;

use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio_rustls::TlsConnector;
use tonic::codegen::http::Uri;
use tonic::transport::{Channel, Endpoint};
use tower::{Service as _, service_fn};
use xmlx_runtime::{coordinator_url, is_loopback_url};

use crate::{Credentials, Error, Security};

/// Connects to coordinators.
#[derive(Clone, Debug)]
pub struct Dialer {
    credentials: Option<Credentials>,
    insecure: bool,
}

impl Dialer {
    /// Dials as the settings say.
    #[must_use]
    pub fn new(security: &Security) -> Self {
        Self { credentials: security.credentials.clone(), insecure: security.insecure }
    }

    /// The endpoint at a URL that a person gave or a coordinator named.
    ///
    /// # Errors
    /// Where it is no URL, or must not be dialled: without TLS only this host is, so that nobody who writes himself in
    /// the leader's row leads anybody to a place without TLS.
    pub fn endpoint(&self, address: &str) -> Result<Endpoint, Error> {
        let url = coordinator_url(address).map_err(Error::Refused)?;
        self.permits(&url)?;
        Endpoint::from_shared(url).map_err(|err| Error::Refused(format!("`{address}`: {err}")))
    }

    /// Whether the settings let this program connect to `url`.
    fn permits(&self, url: &str) -> Result<(), Error> {
        let is_tls = url.starts_with("https://");
        let reason = match &self.credentials {
            None if is_tls => {
                "it takes TLS, and this program has no CA to check it by: set `tls_ca`"
            }
            None if is_loopback_url(url) || self.insecure => return Ok(()),
            None => {
                "it is another host, and without TLS anybody between could read and change what is said: set `tls_ca`"
            }
            Some(_) if is_tls || self.insecure => return Ok(()),
            Some(_) => "it goes without TLS, although `tls_ca` is set: write `https://`",
        };
        Err(Error::Refused(format!("`{url}` is not dialled: {reason}")))
    }

    /// Connects to an endpoint that [`Dialer::endpoint`] made. Its timeouts hold for the handshake, too.
    ///
    /// # Errors
    /// What keeps the connection from being made.
    pub async fn connect(&self, endpoint: &Endpoint) -> Result<Channel, tonic::transport::Error> {
        let is_tls = endpoint.uri().scheme_str() == Some("https");
        let Some(credentials) = self.credentials.as_ref().filter(|_| is_tls) else {
            return endpoint.connect().await;
        };
        let config = credentials.client();
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        let connector = service_fn(move |uri: Uri| {
            let (config, mut tcp) = (config.clone(), tcp.clone());
            async move {
                let name = server_name(&uri)?;
                let stream = tcp.call(uri).await.map_err(io::Error::other)?;
                let stream = TlsConnector::from(config).connect(name, stream.into_inner()).await?;
                Ok::<_, io::Error>(TokioIo::new(stream))
            }
        });
        endpoint.connect_with_connector(connector).await
    }
}

/// The name that the other side's certificate has to have.
fn server_name(uri: &Uri) -> io::Result<ServerName<'static>> {
    let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    ServerName::try_from(host.to_owned()).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_tls_only_this_host_is_dialled() {
        for (url, insecure, is_permitted) in [
            ("http://127.0.0.1:7400", false, true),
            ("http://127.64.0.9:7400", false, true),
            ("http://localhost:7400", false, true),
            ("http://[::1]:7400", false, true),
            ("http://10.0.0.5:7400", false, false),
            ("http://host1:7400", false, false),
            ("http://localhost.example:7400", false, false),
            ("http://host1:7400", true, true),
            ("https://127.0.0.1:7400", true, false),
        ] {
            let dialer = Dialer { credentials: None, insecure };
            assert_eq!(dialer.endpoint(url).is_ok(), is_permitted, "{url} {insecure}");
        }
    }
}
