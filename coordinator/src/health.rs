//! `--health`: asks the coordinator that runs with the same settings whether it serves. For whoever watches a container,
//! in which nothing else is installed that could ask.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context as _, bail};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use xmlx_proto::reasons;
use xmlx_tls::Dialer;

use crate::Config;

/// Whoever takes longer is not well, and whoever asks does so every few seconds.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Asks the coordinator that listens as `config` says. It has to have one of the names in the certificate that `config`
/// names, and nothing has to be proved to it.
///
/// # Errors
/// Why it does not serve, as far as that can be seen from here.
pub async fn ask_health(config: &Config) -> anyhow::Result<()> {
    let address = reached_from_here(config.listen);
    let security = config.security.to_dial_itself()?;
    let scheme = if security.credentials.is_some() { "https" } else { "http" };
    let url = format!("{scheme}://{address}");
    let dialer = Dialer::new(&security);
    let asked = tokio::time::timeout(TIMEOUT, ask(&dialer, &url));
    let status = match asked.await {
        Ok(status) => status.with_context(|| format!("`{url}` does not answer"))?,
        Err(_) => bail!("`{url}` does not answer within {} s", TIMEOUT.as_secs()),
    };
    match status {
        ServingStatus::Serving => Ok(()),
        ServingStatus::NotServing | ServingStatus::Unknown | ServingStatus::ServiceUnknown => {
            bail!("`{url}` answers that it does not serve")
        }
    }
}

async fn ask(dialer: &Dialer, url: &str) -> anyhow::Result<ServingStatus> {
    let endpoint = dialer.endpoint(url)?;
    let channel = dialer.connect(&endpoint).await;
    let channel = channel.map_err(|err| anyhow::Error::msg(reasons(&err)))?;
    // No service is named: the answer is about the whole process.
    let asked = HealthCheckRequest::default();
    let answer = HealthClient::new(channel).check(asked).await;
    let answer = answer.map_err(|status| anyhow::Error::msg(status.message().to_owned()))?;
    Ok(answer.into_inner().status())
}

/// Nobody dials the address that stands for all of a host's.
fn reached_from_here(listen: SocketAddr) -> SocketAddr {
    if !listen.ip().is_unspecified() {
        return listen;
    }
    let ip: IpAddr =
        if listen.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() };
    SocketAddr::new(ip, listen.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_stands_for_all_is_asked_at_its_own_host() {
        for (listen, expected) in [
            ("127.0.0.1:7400", "127.0.0.1:7400"),
            ("10.0.0.5:7401", "10.0.0.5:7401"),
            ("0.0.0.0:7400", "127.0.0.1:7400"),
            ("[::]:7400", "[::1]:7400"),
        ] {
            let found = reached_from_here(listen.parse().unwrap());
            assert_eq!(found.to_string(), expected, "{listen}");
        }
    }
}
