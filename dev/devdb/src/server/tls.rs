//! A certificate of our own, made at start, and the configuration to serve with it.

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::error::Error;

/// The configuration and the certificate as PEM. TLS 1.2 alone: Microsoft's ODBC driver stalls on 1.3 inside TDS 7.4.
pub(crate) fn self_signed() -> Result<(Arc<ServerConfig>, String), Error> {
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let made = rcgen::generate_simple_self_signed(names)
        .map_err(|err| Error::Certificate(err.to_string()))?;
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS12])
        .and_then(|builder| {
            builder.with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key)
        })
        .map_err(|err| Error::Certificate(err.to_string()))?;
    let mut config = config;
    // TDS 8.0 names itself in the handshake; clients of 7.4 name nothing.
    config.alpn_protocols = vec![b"tds/8.0".to_vec()];
    Ok((Arc::new(config), made.cert.pem()))
}
