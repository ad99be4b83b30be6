//! Who is let in with which certificate, and what happens to files that change.

use rcgen::ExtendedKeyUsagePurpose::{ClientAuth, ServerAuth};
use tokio::net::TcpListener;

use super::*;
use crate::testing::Ca;
use crate::{Acceptor, Dialer, Peer, Security};

fn security(files: &Files) -> Security {
    let credentials = Some(Credentials::read(files.clone()).expect("valid files"));
    Security { credentials, ..Security::default() }
}

/// What the two sides make of each other.
struct Met {
    accepted: Result<Peer, String>,
    dialled: Result<(), String>,
}

async fn meet(server: &Security, client: &Security, scheme: &str) -> Met {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("{scheme}://{}", listener.local_addr().unwrap());
    let acceptor = Acceptor::new(server);
    let accepting = async {
        let (stream, address) = listener.accept().await.unwrap();
        let place = acceptor.enter(address.ip()).unwrap();
        let accepted = acceptor.accept(stream, address, place).await;
        accepted.map(|accepted| tonic::transport::server::Connected::connect_info(&accepted))
    };
    let dialer = Dialer::new(client);
    let dialling = async {
        let endpoint = dialer.endpoint(&url).map_err(|err| err.to_string())?;
        dialer.connect(&endpoint).await.map_err(|err| format!("{err:?}"))
    };
    let (accepted, dialled) = tokio::join!(accepting, dialling);
    Met { accepted: accepted.map_err(|err| err.to_string()), dialled: dialled.map(drop) }
}

#[tokio::test]
async fn each_side_believes_its_own_ca_and_the_right_kind_alone() {
    let (ca, other) = (Ca::new(), Ca::new());
    let coordinator = "spiffe://xmlx/coordinator/a";
    let server = security(&ca.issue(coordinator, &["127.0.0.1"], ServerAuth));
    let worker = ca.issue("spiffe://xmlx/worker/w1", &[], ClientAuth);
    let met = meet(&server, &security(&worker), "https").await;
    let peer = met.accepted.expect("a worker");
    assert_eq!(peer.certificate.expect("it has one").shown(), "spiffe://xmlx/worker/w1");
    assert!(peer.is_encrypted && met.dialled.is_ok());

    // Whoever has no certificate is let in as nobody.
    let nobody = Files { own: None, ..worker.clone() };
    let met = meet(&server, &security(&nobody), "https").await;
    assert!(met.accepted.expect("nobody").certificate.is_none());

    // A certificate of another CA, and one that is for servers.
    let foreign =
        Files { ca: ca.path(), ..other.issue("spiffe://xmlx/worker/w1", &[], ClientAuth) };
    let met = meet(&server, &security(&foreign), "https").await;
    assert!(met.accepted.expect_err("another CA's").contains("invalid peer certificate"));
    let of_server = ca.issue("spiffe://xmlx/coordinator/b", &[], ServerAuth);
    let met = meet(&server, &security(&of_server), "https").await;
    assert!(met.accepted.is_err(), "a coordinator calls nobody");

    // Somebody else in the coordinator's place.
    for (uri, host, usage) in [
        ("spiffe://xmlx/worker/w2", "127.0.0.1", ClientAuth),
        // A company's CA may make certificates for both directions.
        ("spiffe://xmlx/worker/w3", "127.0.0.1", ServerAuth),
        ("spiffe://xmlx/coordinator/c", "127.0.0.2", ServerAuth),
    ] {
        let false_one = security(&ca.issue(uri, &[host], usage));
        let met = meet(&false_one, &security(&worker), "https").await;
        assert!(met.dialled.is_err(), "{uri} {host}");
    }
    let false_one = security(&other.issue(coordinator, &["127.0.0.1"], ServerAuth));
    assert!(meet(&false_one, &security(&worker), "https").await.dialled.is_err());
}

#[tokio::test]
async fn a_coordinator_may_be_known_by_a_name_that_is_no_hosts() {
    let ca = Ca::new();
    let server = security(&ca.issue("spiffe://c.example/xmlx", &[], ServerAuth));
    let worker = ca.issue("spiffe://xmlx/worker/w1", &[], ClientAuth);
    for (names, is_believed) in [
        (&[][..], false),
        (&["spiffe://c.example/other"], false),
        (&["spiffe://c.example/other", "spiffe://c.example/xmlx"], true),
    ] {
        let coordinators = names.iter().map(ToString::to_string).collect();
        let client = security(&Files { coordinators, ..worker.clone() });
        let met = meet(&server, &client, "https").await;
        assert_eq!(met.dialled.is_ok(), is_believed, "{names:?} {:?}", met.dialled);
    }
}

#[tokio::test]
async fn without_tls_nobody_is_let_in_unless_that_is_set() {
    let ca = Ca::new();
    let mut server = security(&ca.issue("spiffe://xmlx/coordinator/a", &["127.0.0.1"], ServerAuth));
    let plain = Security::default();
    let met = meet(&server, &plain, "http").await;
    assert!(met.accepted.expect_err("plain").contains("without TLS"));
    server.insecure = true;
    let peer = meet(&server, &plain, "http").await.accepted.expect("it is set");
    assert!(!peer.is_encrypted && peer.certificate.is_none());
    let worker = security(&ca.issue("spiffe://xmlx/worker/w1", &[], ClientAuth));
    let peer = meet(&server, &worker, "https").await.accepted.expect("TLS does, too");
    assert!(peer.is_encrypted && peer.certificate.is_some());
}

/// Files are replaced one after the other: what does not go together yet is no news, and what never does is refused
/// while the last good ones stay.
#[test]
fn files_that_make_no_sense_are_refused_at_the_second_look() {
    let ca = Ca::new();
    let files = ca.issue("spiffe://xmlx/worker/w1", &[], ClientAuth);
    let other = ca.issue("spiffe://xmlx/worker/w2", &[], ClientAuth);
    let (certificate, key) = files.own.clone().unwrap();
    let (other_certificate, other_key) = other.own.unwrap();
    let mut follower = Follower::new(&files);
    let mut look = || match follower.look(&files) {
        Ok(None) => "nothing".to_owned(),
        Ok(Some(_)) => "changed".to_owned(),
        Err(err) => err.to_string(),
    };
    assert_eq!(look(), "nothing");
    std::fs::copy(&other_key, &key).unwrap();
    assert_eq!(look(), "nothing", "the certificate may follow");
    assert!(look().contains("its key is another one's"));
    std::fs::copy(&other_certificate, &certificate).unwrap();
    assert_eq!(look(), "changed");
    assert_eq!(look(), "nothing");
    for (text, expected) in [("", "holds no certificate"), ("-----BEGIN CERTIFICATE-----\n", "PEM")]
    {
        std::fs::write(&files.ca, text).unwrap();
        look();
        let said = look();
        assert!(said.contains(expected) && said.contains("ca.crt"), "{said}");
    }
    std::fs::remove_file(&files.ca).unwrap();
    assert!(look().starts_with("cannot read `"));
}

#[test]
fn a_key_for_a_certificate_and_the_other_way_round_are_named() {
    let ca = Ca::new();
    let files = ca.issue("spiffe://xmlx/worker/w1", &[], ClientAuth);
    let (certificate, key) = files.own.clone().unwrap();
    for (own, expected) in [
        ((key.clone(), key.clone()), "holds no certificate"),
        ((certificate.clone(), certificate.clone()), "holds no private key"),
        ((certificate, "no-such-file".into()), "cannot read `no-such-file`"),
    ] {
        let err = Credentials::read(Files { own: Some(own), ..files.clone() }).expect_err(expected);
        assert!(err.to_string().contains(expected), "{err}");
    }
}
