//! Where coordinators listen: checked before anything is sent there.

use std::net::{IpAddr, SocketAddr};

/// What to write instead.
const FORM: &str = "write it like `https://host1:7400`";

/// The URL of a coordinator, without blanks around it.
///
/// # Errors
/// Says what is wrong.
pub fn coordinator_url(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err(format!("the address of a coordinator is empty; {FORM}"));
    }
    let Some((scheme, rest)) = text.split_once("://") else {
        return Err(format!("`{text}` has no scheme; {FORM}"));
    };
    let scheme = scheme.to_ascii_lowercase();
    if scheme != "https" && scheme != "http" {
        return Err(format!(
            "`{text}`: there are `https://` and, without TLS, `http://` alone; {FORM}"
        ));
    }
    let authority = rest.strip_suffix('/').unwrap_or(rest);
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        Some(_) | None => (authority, None),
    };
    let is_host = !host.is_empty()
        && !host
            .contains(|character: char| character.is_whitespace() || "/?#@,".contains(character))
        && (!host.contains(':') || (host.starts_with('[') && host.ends_with(']')));
    if !is_host {
        return Err(format!("`{text}` names no host; {FORM}"));
    }
    if port.is_some_and(|port| port.parse::<u16>().is_err()) {
        return Err(format!("`{text}` has no port between 1 and 65535; {FORM}"));
    }
    Ok(format!("{scheme}://{authority}"))
}

/// Whether a URL that [`coordinator_url`] has let through is of this very host.
///
/// ```
/// assert!(xmlx_runtime::is_loopback_url("http://127.0.0.1:7400"));
/// assert!(!xmlx_runtime::is_loopback_url("http://host1:7400"));
/// ```
#[must_use]
pub fn is_loopback_url(url: &str) -> bool {
    let authority = url.split_once("://").map_or(url, |(_, rest)| rest);
    if let Some((host, _)) = authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return is_loopback(host);
    }
    let host = authority.split_once(':').map_or(authority, |(host, _)| host);
    host.eq_ignore_ascii_case("localhost") || is_loopback(host)
}

fn is_loopback(host: &str) -> bool {
    host.parse().is_ok_and(|address: IpAddr| address.to_canonical().is_loopback())
}

/// An address to listen on.
///
/// # Errors
/// Names of hosts are refused: they may stand for several addresses, or for another host.
pub fn listen_address(text: &str) -> Result<SocketAddr, String> {
    text.trim().parse().map_err(|_| {
        format!(
            "`{text}` is no IP address with a port; write `0.0.0.0:7400` for all addresses of this host or name one, \
             such as `10.0.0.5:7400`"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_of_coordinators_are_checked() {
        let check = |text: &str, expected: &str| match coordinator_url(text) {
            Ok(it) => assert_eq!(it, expected, "{text}"),
            Err(err) => assert!(err.contains(expected), "{text}: {err}"),
        };
        check("http://host1:7400", "http://host1:7400");
        check("  HTTP://host1:7400/ ", "http://host1:7400");
        check("http://[::1]:7400", "http://[::1]:7400");
        check("http://[::1]", "http://[::1]");
        check("https://host1:7400", "https://host1:7400");
        check("HTTPS://host1/", "https://host1");
        check("ftp://host1:7400", "`http://` alone");
        check("host1:7400", "no scheme");
        check("", "empty");
        check("http://", "no host");
        check("http://a b:7400", "no host");
        check("http://::1:7400", "no host");
        check("http://host1:7400/path", "no port");
        check("http://host1/path", "no host");
        check("http://host1:74000", "no port");
    }

    #[test]
    fn names_are_not_listened_on() {
        assert_eq!(listen_address(" 0.0.0.0:7400"), Ok(SocketAddr::from(([0, 0, 0, 0], 7400))));
        assert!(listen_address("host1:7400").is_err_and(|it| it.contains("0.0.0.0:7400")));
    }
}
