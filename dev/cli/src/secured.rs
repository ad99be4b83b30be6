//! A CA that is thrown away with the cluster: what is tried out runs as securely as what is meant.

use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use xmlx_client::Proof;
use xmlx_client::ca::{Authority, Existing, Holder, Pair};
use xmlx_domain::AccessRole;
use xmlx_tls::{Credentials, Files, Security};

/// Nobody keeps such a cluster for longer.
const VALID: Duration = Duration::from_secs(30 * 24 * 3600);

/// Certificates of a cluster's programs.
#[derive(Clone, Debug)]
pub(crate) struct Secured {
    authority: Pair,
    coordinator: Pair,
    worker: Pair,
    client: Pair,
}

impl Secured {
    /// Makes all of them in a folder; coordinators are dialled at `hosts`.
    pub(crate) fn new(dir: &Path, hosts: &[IpAddr]) -> anyhow::Result<Self> {
        let authority = Authority::at(dir);
        let pair = authority.create(VALID)?;
        let issue = |role, name: &str, hosts: Vec<String>| {
            let holder = Holder { role, name: name.to_owned(), hosts };
            authority.issue(&holder, VALID, Existing::Keep)
        };
        let mut names: Vec<String> = hosts.iter().map(ToString::to_string).collect();
        names.push("localhost".to_owned());
        Ok(Self {
            coordinator: issue(AccessRole::Coordinator, "local", names)?,
            worker: issue(AccessRole::Worker, "local", Vec::new())?,
            client: issue(AccessRole::Operator, "local", Vec::new())?,
            authority: pair,
        })
    }

    /// Flags of a coordinator.
    pub(crate) fn of_coordinator(&self) -> Vec<String> {
        self.flags(&self.coordinator)
    }

    /// Flags of a worker.
    pub(crate) fn of_worker(&self) -> Vec<String> {
        self.flags(&self.worker)
    }

    fn flags(&self, pair: &Pair) -> Vec<String> {
        let flags = [
            ("--tls-ca", &self.authority.certificate),
            ("--tls-cert", &pair.certificate),
            ("--tls-key", &pair.key),
        ];
        flags.map(|(flag, path)| format!("{flag}={}", path.display())).to_vec()
    }

    /// What a person has to set for `xmlx-client`.
    pub(crate) fn variables(&self, url: &str) -> String {
        format!(
            "export XMLX_COORDINATORS={url} XMLX_TLS_CA={} XMLX_TLS_CERT={} XMLX_TLS_KEY={}",
            self.authority.certificate.display(),
            self.client.certificate.display(),
            self.client.key.display()
        )
    }

    /// What this program itself asks the cluster with.
    pub(crate) fn proof(&self) -> anyhow::Result<Proof> {
        let Pair { certificate, key } = self.client.clone();
        let files = Files {
            own: Some((certificate, key)),
            ca: self.authority.certificate.clone(),
            coordinators: Vec::new(),
        };
        let credentials = Some(Credentials::read(files)?);
        let security = Security { credentials, ..Security::default() };
        Proof::new(&security, None).map_err(anyhow::Error::msg)
    }
}
