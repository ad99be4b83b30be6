//! A program's certificate, key and CA, as they are at the moment.

use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::{NoServerSessionStorage, ParsedCertificate, WebPkiClientVerifier};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, ServerConfig,
    SignatureScheme,
};
use tokio::signal::unix::{SignalKind, signal};
use tracing::{info, warn};
use xmlx_runtime::{AbortOnPanic, Clock, Recurring};

use crate::expiry::{Warned, days_left, first_end};
use crate::{Error, Names};

/// How often the files are looked at. They are small, and whoever replaces one wants to see that it worked.
const LOOK: Duration = Duration::from_secs(1);
/// Two files that go together are replaced within this time.
const BETWEEN: Duration = Duration::from_millis(100);
/// HTTP/2, which gRPC is.
const ALPN: &[u8] = b"h2";

/// Where a program's credentials lie, all as PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    /// Its certificate and those between it and the CA, with its key; `None`: it proves nothing of itself, as a client
    /// with a token.
    pub own: Option<(PathBuf, PathBuf)>,
    /// The CA certificates that it believes: two while one replaces the other.
    pub ca: PathBuf,
    /// Names that a coordinator's certificate may have in place of its host's.
    pub coordinators: Vec<String>,
}

/// What the files held when they were read.
#[derive(Clone, PartialEq, Eq)]
struct Content {
    own: Option<(Vec<u8>, Vec<u8>)>,
    ca: Vec<u8>,
}

/// What connections are made with.
#[derive(Debug)]
struct Loaded {
    /// `None` where there is no certificate of its own.
    server: Option<Arc<ServerConfig>>,
    client: Arc<ClientConfig>,
    certificates: Vec<CertificateDer<'static>>,
}

/// What makes a program look at its files, beside the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake {
    /// Nothing.
    Files,
    /// SIGHUP, which then no longer ends the program.
    FilesAndHangup,
}

/// The credentials of a program; clones share them.
#[derive(Clone, Debug)]
pub struct Credentials {
    files: Arc<Files>,
    loaded: Arc<RwLock<Arc<Loaded>>>,
}

impl Credentials {
    /// Reads the files.
    ///
    /// # Errors
    /// Names the file that cannot be used, and why.
    pub fn read(files: Files) -> Result<Self, Error> {
        let read = || Loaded::of(&files, &Content::read(&files)?);
        // Whoever replaces a certificate and its key replaces one after the other.
        let loaded = read().or_else(|_| {
            std::thread::sleep(BETWEEN);
            read()
        })?;
        Ok(Self { files: Arc::new(files), loaded: Arc::new(RwLock::new(Arc::new(loaded))) })
    }

    fn loaded(&self) -> Arc<Loaded> {
        Arc::clone(&self.loaded.read().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    /// What a server answers the next connection with; `None` without a certificate of its own.
    pub(crate) fn server(&self) -> Option<Arc<ServerConfig>> {
        self.loaded().server.clone()
    }

    /// What the next connection to a server is made with.
    pub(crate) fn client(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.loaded().client)
    }

    /// When the first of the certificates in use ends, the CA's among them, in seconds since 1970.
    #[must_use]
    pub fn expires_at(&self) -> Option<i64> {
        first_end(&self.loaded().certificates).ok().flatten()
    }

    /// What the same files make of somebody who dials this program from its own host.
    pub(crate) fn to_dial_itself(&self) -> Result<Self, Error> {
        let loaded = self.loaded();
        let own = self.files.own.as_ref().zip(loaded.certificates.first());
        let names = match own {
            Some(((path, _), certificate)) => Names::of(certificate)
                .map_err(|err| Error::Content { path: path.clone(), reason: err.to_string() })?,
            None => return Ok(self.clone()),
        };
        let coordinators = names.iter().map(str::to_owned).collect();
        Self::read(Files { own: None, ca: self.files.ca.clone(), coordinators })
    }

    /// Follows changes of the files until the process ends: each second, and when something wakes it. Call within a
    /// runtime.
    pub fn follow(&self, wake: Wake) {
        let credentials = self.clone();
        tokio::spawn(async move {
            let _guard = AbortOnPanic::new("credentials");
            credentials.keep_up(wake).await;
        });
    }

    async fn keep_up(self, wake: Wake) {
        let clock = Clock::start();
        let wanted = (wake == Wake::FilesAndHangup).then(|| signal(SignalKind::hangup()).ok());
        let mut hangups = wanted.flatten();
        let mut follower = Follower::new(&self.files);
        loop {
            self.warn_of_end(&mut follower.warned);
            let hangup = async {
                match &mut hangups {
                    Some(hangups) => hangups.recv().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = tokio::time::sleep(LOOK) => (),
                _ = hangup => (),
            }
            match follower.look(&self.files) {
                Ok(None) => (),
                Ok(Some(loaded)) => {
                    let mut place =
                        self.loaded.write().unwrap_or_else(std::sync::PoisonError::into_inner);
                    *place = Arc::new(loaded);
                    drop(place);
                    info!("the certificate, its key or the CA has changed; new connections use it");
                }
                Err(err) => {
                    if follower.trouble.is_due(err.to_string(), clock.now()) {
                        warn!(%err, "the new certificate, key or CA is refused; the last good ones stay in use");
                    }
                }
            }
        }
    }

    fn warn_of_end(&self, warned: &mut Warned) {
        let days = days_left(&self.loaded().certificates, xmlx_runtime::since_1970());
        if let Some(days) = days.ok().flatten().filter(|days| warned.is_due(*days)) {
            let file =
                self.files.own.as_ref().map_or(&self.files.ca, |(certificate, _)| certificate);
            if days < 0 {
                warn!(file = %file.display(), "the certificate or its CA has expired: nobody accepts it any more");
            } else {
                warn!(file = %file.display(), days, "the certificate or its CA expires soon; replace it while the program runs");
            }
        }
    }
}

/// What is known of files that change.
struct Follower {
    good: Option<Content>,
    /// Content that was refused: a file that is being written, or one of two that go together, looks like it for a
    /// moment, so it counts only if it is still there at the next look.
    refused: Option<Content>,
    trouble: Recurring<String>,
    warned: Warned,
}

impl Follower {
    fn new(files: &Files) -> Self {
        let good = Content::read(files).ok();
        Self { good, refused: None, trouble: Recurring::default(), warned: Warned::default() }
    }

    /// New credentials, where there are.
    fn look(&mut self, files: &Files) -> Result<Option<Loaded>, Error> {
        let content = Content::read(files)?;
        if self.good.as_ref() == Some(&content) {
            self.refused = None;
            return Ok(None);
        }
        match Loaded::of(files, &content) {
            Ok(loaded) => {
                (self.good, self.refused) = (Some(content), None);
                Ok(Some(loaded))
            }
            Err(err) if self.refused.as_ref() == Some(&content) => Err(err),
            Err(_) => {
                self.refused = Some(content);
                Ok(None)
            }
        }
    }
}

impl Content {
    fn read(files: &Files) -> Result<Self, Error> {
        let read = |path: &PathBuf| {
            std::fs::read(path).map_err(|err| Error::Read { path: path.clone(), err })
        };
        let own = match &files.own {
            Some((certificate, key)) => Some((read(certificate)?, read(key)?)),
            None => None,
        };
        Ok(Self { own, ca: read(&files.ca)? })
    }
}

impl Loaded {
    fn of(files: &Files, content: &Content) -> Result<Self, Error> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let authorities = certificates(&files.ca, &content.ca)?;
        let mut roots = RootCertStore::empty();
        for authority in &authorities {
            let wrong = |err: rustls::Error| Error::Content {
                path: files.ca.clone(),
                reason: format!("holds a certificate that is no CA's: {err}"),
            };
            roots.add(authority.clone()).map_err(wrong)?;
        }
        let roots = Arc::new(roots);
        let verifier = Arc::new(CoordinatorVerifier {
            roots: Arc::clone(&roots),
            provider: Arc::clone(&provider),
            names: files.coordinators.clone(),
        });
        let (path, own) = match (&files.own, &content.own) {
            (Some((certificate, key)), Some((chain_pem, key_pem))) => {
                let own = (certificates(certificate, chain_pem)?, private_key(key, key_pem)?);
                (certificate.clone(), Some(own))
            }
            _ => (files.ca.clone(), None),
        };
        let unusable = |err: rustls::Error| Error::Unusable {
            path: path.clone(),
            reason: if let rustls::Error::InconsistentKeys(_) = err {
                "its key is another one's".to_owned()
            } else {
                err.to_string()
            },
        };
        let client = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(unusable)?
            .dangerous()
            .with_custom_certificate_verifier(verifier);
        let mut client = match &own {
            Some((chain, key)) => {
                client.with_client_auth_cert(chain.clone(), key.clone_key()).map_err(unusable)?
            }
            None => client.with_no_client_auth(),
        };
        client.alpn_protocols = vec![ALPN.to_vec()];
        // Each connection proves anew who it is: a certificate that is replaced is of no more use.
        client.resumption = Resumption::disabled();
        let server = match &own {
            Some((chain, key)) => Some(server(&provider, roots, chain, key).map_err(unusable)?),
            None => None,
        };
        let mut all = own.map(|(chain, _)| chain).unwrap_or_default();
        all.extend(authorities);
        Ok(Self { server: server.map(Arc::new), client: Arc::new(client), certificates: all })
    }
}

fn server(
    provider: &Arc<CryptoProvider>,
    roots: Arc<RootCertStore>,
    chain: &[CertificateDer<'static>],
    key: &PrivateKeyDer<'static>,
) -> Result<ServerConfig, rustls::Error> {
    let clients = WebPkiClientVerifier::builder_with_provider(roots, Arc::clone(provider))
        // Holders of tokens have no certificate. Who has neither may do nothing.
        .allow_unauthenticated()
        .build()
        .map_err(|err| rustls::Error::General(err.to_string()))?;
    let mut config = ServerConfig::builder_with_provider(Arc::clone(provider))
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(clients)
        .with_single_cert(chain.to_vec(), key.clone_key())?;
    config.alpn_protocols = vec![ALPN.to_vec()];
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(config)
}

fn certificates(path: &Path, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, Error> {
    let wrong = |reason: String| Error::Content { path: path.to_owned(), reason };
    let all = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
    let all = all.map_err(|err| wrong(format!("is no valid PEM: {err}")))?;
    if all.is_empty() {
        return Err(wrong(
            "holds no certificate; it should begin with `-----BEGIN CERTIFICATE-----`".to_owned(),
        ));
    }
    for certificate in &all {
        Names::of(certificate)
            .map_err(|err| wrong(format!("holds a certificate that is none: {err}")))?;
    }
    Ok(all)
}

fn private_key(path: &Path, pem: &[u8]) -> Result<PrivateKeyDer<'static>, Error> {
    PrivateKeyDer::from_pem_slice(pem).map_err(|_| Error::Content {
        path: path.to_owned(),
        reason: "holds no private key as PEM; one with a passphrase cannot be used".to_owned(),
    })
}

/// Believes a coordinator whose certificate is signed by the CA, is for servers, and has the name of the host that was
/// dialled, or one of those that the settings give.
#[derive(Debug)]
struct CoordinatorVerifier {
    roots: Arc<RootCertStore>,
    provider: Arc<CryptoProvider>,
    names: Vec<String>,
}

impl ServerCertVerifier for CoordinatorVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let certificate = ParsedCertificate::try_from(end_entity)?;
        let algorithms = self.provider.signature_verification_algorithms.all;
        verify_server_cert_signed_by_trust_anchor(
            &certificate,
            &self.roots,
            intermediates,
            now,
            algorithms,
        )?;
        let names = Names::of(end_entity)
            .map_err(|_| rustls::Error::from(CertificateError::BadEncoding))?;
        if names.is_of_another_role() {
            return Err(CertificateError::ApplicationVerificationFailure.into());
        }
        if self.names.is_empty() {
            verify_server_name(&certificate, server_name)?;
        } else if !names.has_any(&self.names) {
            return Err(CertificateError::ApplicationVerificationFailure.into());
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests;
