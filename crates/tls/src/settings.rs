//! The settings for TLS, which all programs have, and what may be done without.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use xmlx_runtime::{Checks, Origin, is_loopback_url};

use crate::{Credentials, Error, Files, Wake};

/// How programs of a cluster prove to each other who they are.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct TlsSettings {
    /// File with this program's certificate as PEM, and behind it those between it and the CA
    ///
    /// `xmlx-client ca issue` makes it; docs/security.md says what a certificate of your own CA needs. It may be replaced
    /// while the program runs.
    #[arg(long, env = "XMLX_TLS_CERT", value_name = "FILE", global = true)]
    pub tls_cert: Option<PathBuf>,
    /// File with the key of that certificate
    ///
    /// Only the program's own user should be able to read it.
    #[arg(long, env = "XMLX_TLS_KEY", value_name = "FILE", global = true)]
    pub tls_key: Option<PathBuf>,
    /// File with the CA certificates that the other programs' certificates have to be signed by
    ///
    /// Put the new one beside the old one while one CA replaces another.
    #[arg(long, env = "XMLX_TLS_CA", value_name = "FILE", global = true)]
    pub tls_ca: Option<PathBuf>,
    /// Go without TLS beyond this host: anybody who reaches the port may then do everything
    ///
    /// With `tls_cert` a coordinator takes connections with and without TLS, so that a cluster that runs can be secured
    /// one program after the other.
    #[arg(
        long,
        env = "XMLX_INSECURE",
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_value = "false",
        default_missing_value = "true",
        global = true
    )]
    pub insecure: bool,
}

/// Names of coordinators, for programs that dial them.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct CoordinatorNames {
    /// Names, one of which a coordinator's certificate has to have in place of its host's, separated by commas
    ///
    /// Set it where certificates name a service and no host, as those of SPIFFE do.
    #[arg(
        long,
        env = "XMLX_TLS_COORDINATORS",
        value_name = "NAME",
        value_delimiter = ',',
        global = true
    )]
    pub tls_coordinators: Vec<String>,
}

/// What the settings for TLS mean.
#[derive(Clone, Debug, Default)]
pub struct Security {
    /// Certificate, key and CA; `None`: no TLS.
    pub credentials: Option<Credentials>,
    /// Whether to go without TLS beyond this host.
    pub insecure: bool,
    /// What the operator should know at each start.
    pub warning: Option<String>,
}

/// Whether a program has to prove who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Proof {
    /// By a certificate.
    Certificate,
    /// A token does as well.
    CertificateOrToken,
}

impl TlsSettings {
    /// For a program that listens on `listen`; `None` where something is wrong, which is recorded.
    pub fn listening(&self, checks: &mut Checks<'_>, listen: SocketAddr) -> Option<Security> {
        let security = self.security(checks, &[], Proof::Certificate)?;
        let is_open = security.credentials.is_none() && !is_loopback(listen.ip());
        if is_open && !self.insecure {
            let host = xmlx_runtime::host_name();
            let message = format!(
                "`{listen}` is reached from other hosts, and without TLS whoever reaches it may submit, change and cancel jobs; \
                 make it secure by `xmlx-client ca init` and `xmlx-client ca issue coordinator {host} --host {host}`, and set \
                 `tls_cert`, `tls_key` and `tls_ca` to the files that they print; `--insecure` goes without TLS"
            );
            checks.refuse("listen", &message);
            return None;
        }
        let intruder = "anybody who reaches the port of this coordinator may submit, pause, cancel and prune jobs, drain workers, \
                        hold every lease, and read which applications failed and why; on the way all of it can be read and changed";
        Some(security.warned(intruder, !is_loopback(listen.ip())))
    }

    /// For a worker that dials `urls`.
    pub fn of_worker(
        &self,
        checks: &mut Checks<'_>,
        names: &CoordinatorNames,
        urls: &mut [String],
    ) -> Option<Security> {
        let security = self.security(checks, &names.tls_coordinators, Proof::Certificate)?;
        self.dialling(checks, security, ("worker", "NAME"), urls)
    }

    /// For a client that dials `urls`, and may have a token in place of a certificate.
    pub fn of_client(
        &self,
        checks: &mut Checks<'_>,
        names: &CoordinatorNames,
        urls: &mut [String],
    ) -> Option<Security> {
        let security = self.security(checks, &names.tls_coordinators, Proof::CertificateOrToken)?;
        self.dialling(checks, security, ("client", "NAME"), urls)
    }

    fn dialling(
        &self,
        checks: &mut Checks<'_>,
        security: Security,
        (role, name): (&str, &str),
        urls: &mut [String],
    ) -> Option<Security> {
        let is_default = checks.origins().of("coordinators") == Origin::Default;
        let mut is_fine = true;
        for url in &mut *urls {
            let Some(rest) = url.strip_prefix("http://") else {
                if security.credentials.is_none() {
                    let message = format!(
                        "`{url}` takes TLS: set `tls_ca` to the CA's certificate, and `tls_cert` and `tls_key`"
                    );
                    checks.refuse("coordinators", &message);
                    is_fine = false;
                }
                continue;
            };
            let secured = format!("https://{rest}");
            if security.credentials.is_some() && is_default {
                *url = secured;
            } else if security.credentials.is_some() && !self.insecure {
                let message = format!(
                    "`{url}` goes without TLS, although `tls_ca` is set; write `{secured}`"
                );
                checks.refuse("coordinators", &message);
                is_fine = false;
            } else if security.credentials.is_none() && !is_loopback_url(url) && !self.insecure {
                let message = format!(
                    "`{url}` is another host, and without TLS anybody between could read and change what is said; make it secure \
                     by `xmlx-client ca init` and `xmlx-client ca issue {role} {name}`, set `tls_cert`, `tls_key` and `tls_ca` to \
                     the files that they print, and write `{secured}`; `--insecure` goes without TLS"
                );
                checks.refuse("coordinators", &message);
                is_fine = false;
            }
        }
        let goes_without =
            urls.iter().any(|url| url.starts_with("http://") && !is_loopback_url(url));
        let intruder = "anybody between this program and the coordinators can read and change what is said, and pass himself off \
                        as a coordinator";
        is_fine.then(|| security.warned(intruder, goes_without))
    }

    fn security(
        &self,
        checks: &mut Checks<'_>,
        coordinators: &[String],
        proof: Proof,
    ) -> Option<Security> {
        let own = match (&self.tls_cert, &self.tls_key) {
            (Some(certificate), Some(key)) => Some((certificate.clone(), key.clone())),
            (None, None) => None,
            (Some(_), None) => {
                checks.missing("tls_key", &"set it, too: the key of the certificate in `tls_cert`");
                return None;
            }
            (None, Some(_)) => {
                checks.missing("tls_cert", &"set it, too: the certificate of the key in `tls_key`");
                return None;
            }
        };
        let without = Security { credentials: None, insecure: self.insecure, warning: None };
        let Some(ca) = self.tls_ca.clone() else {
            if own.is_some() {
                checks.missing(
                    "tls_ca",
                    &"set it, too: the CA that the other programs' certificates are signed by",
                );
                return None;
            }
            return Some(without);
        };
        if own.is_none() && proof == Proof::Certificate {
            let message = "set it and `tls_key`, too: this program has to prove who it is; `xmlx-client ca issue` makes them";
            checks.missing("tls_cert", &message);
            return None;
        }
        let public = own.as_ref().is_some_and(|(_, key)| xmlx_runtime::is_public(key));
        if public {
            let message =
                "every user of this host can read the key; take that right away (`chmod 600`)";
            checks.refuse("tls_key", &message);
        }
        let files = Files { own, ca, coordinators: coordinators.to_vec() };
        let credentials = checks.value("tls_cert", Credentials::read(files))?;
        (!public).then_some(Security { credentials: Some(credentials), ..without })
    }
}

impl Security {
    /// With what an intruder could do, where somebody wanted it so.
    fn warned(mut self, intruder: &str, goes_without: bool) -> Self {
        if self.insecure && (goes_without || self.credentials.is_some()) {
            self.warning = Some(format!(
                "`insecure` is set: {intruder}; docs/security.md shows how to end that"
            ));
        }
        self
    }

    /// When the first of the certificates in use ends, in seconds since 1970; `None` without TLS.
    #[must_use]
    pub fn expires_at(&self) -> Option<i64> {
        self.credentials.as_ref().and_then(Credentials::expires_at)
    }

    /// With what a program dials itself: it believes whoever has a name of its own certificate, and proves nothing, since
    /// a certificate for servers does not do for a client.
    ///
    /// # Errors
    /// Names the file that cannot be used, and why.
    pub fn to_dial_itself(&self) -> Result<Self, Error> {
        let credentials = self.credentials.as_ref().map(Credentials::to_dial_itself);
        Ok(Self { credentials: credentials.transpose()?, insecure: self.insecure, warning: None })
    }

    /// Keeps up with changes of the files. Call within a runtime.
    pub fn follow(&self, wake: Wake) {
        if let Some(credentials) = &self.credentials {
            credentials.follow(wake);
        }
    }
}

/// Whether an address is reached from this host alone.
fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

#[cfg(test)]
mod tests;
