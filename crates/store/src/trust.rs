//! What the server's certificate has to be signed by.

use std::path::Path;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use crate::connection_string::{Address, ConnectError};

/// Has the address trust the CA's file, or every certificate, or the system's CAs.
///
/// # Errors
/// Where the file cannot be read or holds no certificate: the driver would say so without its name, at every connection.
pub(crate) fn trust(address: &mut Address, ca: Option<&Path>) -> Result<(), ConnectError> {
    match ca {
        Some(file) if address.trusts_all => Err(ConnectError(format!(
            "`TrustServerCertificate=true` trusts every certificate, so the CA in `{}` would mean nothing; take one of the two out",
            file.display()
        ))),
        Some(file) => {
            let wrong = |reason: String| {
                ConnectError(format!("the CA's file `{}`: {reason}", file.display()))
            };
            let bundle = std::fs::read(file).map_err(|err| wrong(err.to_string()))?;
            check(&bundle).map_err(wrong)?;
            address.config.trust_cert_ca_bundle(bundle);
            Ok(())
        }
        None => {
            if address.trusts_all {
                address.config.trust_cert();
            }
            Ok(())
        }
    }
}

/// Whether there are certificates in it, and nothing but certificates: PEM, or one as DER.
fn check(bundle: &[u8]) -> Result<(), String> {
    const NONE: &str = "it holds no certificate (PEM or DER)";
    const PEM: &[u8] = b"-----BEGIN";
    let mut roots = RootCertStore::empty();
    if bundle.windows(PEM.len()).any(|it| it == PEM) {
        for certificate in CertificateDer::pem_slice_iter(bundle) {
            let certificate = certificate.map_err(|err| format!("it is no valid PEM: {err}"))?;
            roots.add(certificate).map_err(|err| err.to_string())?;
        }
    } else {
        roots.add(CertificateDer::from_slice(bundle)).map_err(|_| NONE.to_owned())?;
    }
    if roots.is_empty() { Err(NONE.to_owned()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_certificate_is_said() {
        let pem = |kind: &str, base64: &str| {
            format!("-----BEGIN {kind}-----\n{base64}\n-----END {kind}-----\n")
        };
        for (text, said) in [
            (String::new(), "holds no certificate"),
            ("hello".to_owned(), "holds no certificate"),
            (pem("PRIVATE KEY", "AAAA"), "holds no certificate"),
            (pem("CERTIFICATE", "????"), "no valid PEM"),
            (pem("CERTIFICATE", "AAAA"), "certificate"),
        ] {
            let err = check(text.as_bytes()).expect_err(&text);
            assert!(err.contains(said), "{text}: {err}");
        }
    }

    #[test]
    fn a_file_that_is_wrong_is_named() {
        let mut address =
            Address::parse("Server=s;Database=d;User Id=u;Password=p").expect("valid");
        let err = trust(&mut address, Some(Path::new("no-such.pem"))).expect_err("no file");
        assert!(err.to_string().contains("`no-such.pem`"), "{err}");
    }
}
