//! What goes over the wire to the database.

#![allow(clippy::unwrap_used, reason = "tests panic where something does not hold")]

use std::collections::BTreeSet;

use xmlx_devdb::Tls;
use xmlx_store::control_schema;
use xmlx_tests::{
    Cluster, Needs, Setup, Statement, Wiretap, skips_on_server, statements, texts_at,
};

/// At most three round trips per committed group, everything of a range counted in: opening it,
/// fetching, committing, closing.
#[tokio::test(flavor = "multi_thread")]
async fn round_trips_per_group() {
    if skips_on_server(Needs::Wire) {
        return;
    }
    let mut cluster = Cluster::start(Setup { workers: 0, ..Setup::small(2_000) }).await;
    let tap = Wiretap::start(cluster.db.address()).await;
    let direct = cluster.db.connection_string();
    let tapped =
        direct.replace(&cluster.db.address().port().to_string(), &tap.address().port().to_string());
    cluster.add_worker_at(&tapped);
    cluster.wait_complete().await;
    // What a worker tries once, at its start, is none of a group's.
    let started = tap.round_trips();
    let job = cluster.submit(&["--wait"]);
    let trips = tap.round_trips() - started;
    let ranges = cluster.job(job)["ranges_done"].as_u64().unwrap();
    // Groups of 20; ranges end in smaller ones, at most one each.
    let groups = 2_000 / 20;
    println!(
        "{trips} round trips, {groups} full groups in {ranges} ranges: {:.2} per group",
        trips as f64 / f64::from(groups)
    );
    assert!(trips >= u64::try_from(groups).unwrap() * 2, "the tap counts");
    assert!(trips <= u64::try_from(groups).unwrap() * 3, "{trips} round trips for {groups} groups");
    cluster.assert_verified(job).await;
}

/// No parameter is an untyped NULL: some servers refuse it, and a type that is not told is guessed. And nothing runs
/// that is not in the list of statements.
#[tokio::test(flavor = "multi_thread")]
async fn every_statement_is_listed_and_every_parameter_has_a_type() {
    const INTEGER: u8 = 0x26;
    const TEXT: u8 = 0xE7;
    if skips_on_server(Needs::Wire) {
        return;
    }
    let setup = Setup { coordinators: 0, workers: 0, broken_permille: 200, ..Setup::small(200) };
    let mut cluster = Cluster::start(setup).await;
    let tap = Wiretap::start(cluster.db.address()).await;
    let direct = cluster.db.connection_string();
    let tapped =
        direct.replace(&cluster.db.address().port().to_string(), &tap.address().port().to_string());
    cluster.add_coordinator_at(&tapped);
    cluster.add_worker_at(&tapped);
    cluster.wait_complete().await;
    for command in [&["init"][..], &["check", "card.json"]] {
        let _ = cluster.client(&[command, &["--database", &tapped]].concat()).expect(0);
    }
    let job = cluster.submit(&["--wait"]);
    let _ = cluster.client(&["pause", &job.to_string()]);
    let _ = cluster.client(&["failures", &job.to_string()]).expect(0);
    let _ = cluster.client(&["retry", "--contract", "card.json", "--wait"]).expect(1);
    cluster.assert_each_verified(&[job, 2]);
    let types = tap.parameter_types();
    assert!(types[&INTEGER] > 100 && types[&TEXT] > 100, "the tap sees them: {types:?}");
    assert!(types.keys().all(|it| [INTEGER, TEXT].contains(it)), "{types:?}");
    assert_listed(&tap.statements(), &statements(&cluster.db).await);
    assert_eq!(tap.columns_in_a_code_page(), 0, "text comes as nvarchar, whatever the collation");
    let _ = texts_at(&tapped, "SELECT [holder] FROM [xmlx].[leader]").await;
    assert_eq!(tap.columns_in_a_code_page(), 1, "the tap sees one");
}

/// The statements that are listed, which are checked and looked at by others, are the statements that run.
fn assert_listed(ran: &BTreeSet<String>, listed: &[Statement]) {
    const PARAMS: &str = "-- params:";
    let plain = |text: &str| {
        let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with(PARAMS)).collect();
        lines.join("\n").trim_end_matches([';', '\n']).to_owned()
    };
    let known: BTreeSet<String> = listed.iter().map(|it| plain(&it.text)).collect();
    let control = control_schema();
    // A probe carries a number of its own.
    let numbered = |text: &str| {
        let start = text.find("SELECT CAST(")? + "SELECT CAST(".len();
        let end = start + text[start..].find(" AS bigint) AS [nonce]")?;
        Some(format!("{}@P1{}", &text[..start], &text[end..]))
    };
    let is_listed = |text: &&String| {
        let text = numbered(text).unwrap_or_else(|| (*text).clone());
        known.contains(&plain(&text)) || control.contains(text.trim())
    };
    let strangers: Vec<&String> = ran.iter().filter(|text| !is_listed(text)).collect();
    assert!(strangers.is_empty(), "statements that run and are in no list: {strangers:#?}");
    assert!(ran.len() > 40, "only {} statements ran", ran.len());
}

/// The same job over an encrypted wire.
#[tokio::test(flavor = "multi_thread")]
async fn an_encrypted_database_connection_works() {
    if skips_on_server(Needs::Wire) {
        return;
    }
    let cluster = Cluster::start(Setup { tls: Tls::SelfSigned, ..Setup::small(100) }).await;
    let job = cluster.submit(&["--wait"]);
    assert_eq!(cluster.job(job)["ok"], 100);
    cluster.assert_verified(job).await;
}
