//! What goes without TLS, and what does not.

use rcgen::ExtendedKeyUsagePurpose::{ClientAuth, ServerAuth};
use xmlx_runtime::Origins;

use super::*;
use crate::testing::Ca;

fn checked<T>(check: impl FnOnce(&mut Checks<'_>) -> Option<T>) -> Result<T, String> {
    let origins = Origins::default();
    let mut checks = Checks::new(&origins);
    let found = check(&mut checks);
    match (checks.problems(), found) {
        ([], Some(found)) => Ok(found),
        (problems, None) => Err(problems.iter().map(ToString::to_string).collect()),
        (problems, Some(_)) => panic!("something came of {problems:?}"),
    }
}

#[test]
fn without_tls_nobody_listens_beyond_the_host_unless_that_is_set() {
    for (listen, insecure, expected, warns) in [
        ("127.0.0.1:7400", false, None, false),
        ("[::1]:7400", false, None, false),
        ("[::ffff:127.0.0.1]:7400", false, None, false),
        ("0.0.0.0:7400", false, Some("xmlx-client ca issue coordinator"), false),
        ("10.0.0.5:7400", false, Some("xmlx-client ca init"), false),
        ("10.0.0.5:7400", true, None, true),
        ("127.0.0.1:7400", true, None, false),
    ] {
        let settings = TlsSettings { insecure, ..TlsSettings::default() };
        let outcome = checked(|checks| settings.listening(checks, listen.parse().unwrap()));
        match (outcome, expected) {
            (Ok(security), None) => assert_eq!(security.warning.is_some(), warns, "{listen}"),
            (Err(err), Some(expected)) => assert!(err.contains(expected), "{err}"),
            (outcome, _) => panic!("{listen} {insecure}: {outcome:?}"),
        }
    }
}

#[test]
fn without_tls_nobody_dials_another_host_unless_that_is_set() {
    for (url, insecure, expected) in [
        ("http://127.0.0.1:7400", false, None),
        ("http://host1:7400", false, Some("xmlx-client ca issue worker NAME")),
        ("http://host1:7400", true, None),
        ("https://host1:7400", true, Some("takes TLS")),
    ] {
        let settings = TlsSettings { insecure, ..TlsSettings::default() };
        let mut urls = [url.to_owned()];
        let names = CoordinatorNames::default();
        let outcome = checked(|checks| settings.of_worker(checks, &names, &mut urls));
        match (outcome, expected) {
            (Ok(security), None) => assert_eq!(security.warning.is_some(), insecure, "{url}"),
            (Err(err), Some(expected)) => assert!(err.contains(expected), "{err}"),
            (outcome, _) => panic!("{url} {insecure}: {outcome:?}"),
        }
    }
}

#[test]
fn what_belongs_together_is_asked_for_together() {
    use std::os::unix::fs::PermissionsExt as _;
    let ca = Ca::new();
    let (certificate, key) =
        ca.issue("spiffe://xmlx/coordinator/a", &["h"], ServerAuth).own.unwrap();
    let all = TlsSettings {
        tls_cert: Some(certificate),
        tls_key: Some(key.clone()),
        tls_ca: Some(ca.path()),
        insecure: false,
    };
    let listen = |settings: &TlsSettings| {
        checked(|checks| settings.listening(checks, "0.0.0.0:7400".parse().unwrap()))
    };
    assert!(listen(&all).expect("complete").credentials.is_some());
    for (settings, expected) in [
        (TlsSettings { tls_cert: None, ..all.clone() }, "`tls_cert`: set it, too"),
        (TlsSettings { tls_key: None, ..all.clone() }, "`tls_key`: set it, too"),
        (TlsSettings { tls_ca: None, ..all.clone() }, "`tls_ca`: set it, too"),
        (TlsSettings { tls_cert: None, tls_key: None, ..all.clone() }, "prove who it is"),
    ] {
        let err = listen(&settings).expect_err(expected);
        assert!(err.contains(expected), "{err}");
    }
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert!(listen(&all).expect_err("public").contains("chmod 600"));
}

#[test]
fn a_client_may_have_a_token_and_the_default_url_follows_tls() {
    let ca = Ca::new();
    let settings = TlsSettings { tls_ca: Some(ca.path()), ..TlsSettings::default() };
    let names = CoordinatorNames::default();
    let mut urls = ["http://127.0.0.1:7400".to_owned()];
    checked(|checks| settings.of_client(checks, &names, &mut urls)).expect("a CA alone will do");
    assert_eq!(urls, ["https://127.0.0.1:7400"]);
    let worker = checked(|checks| settings.of_worker(checks, &names, &mut urls));
    assert!(worker.expect_err("it has no certificate").contains("prove who it is"));
    drop(ca.issue("spiffe://xmlx/worker/w", &[], ClientAuth));
}
