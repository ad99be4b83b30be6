//! Tokens, and the record of who did what: written with what was done, or nothing is done.

#![allow(clippy::unwrap_used, reason = "tests panic where something does not hold")]

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;
use xmlx_store::Role;
use xmlx_tests::{Certificates, Cluster, Output, Setup, Wire, binary};

const SECURED: Setup = Setup { wire: Wire::Tls, ..Setup::small(60) };
const TESTER: &str = "spiffe://xmlx/operator/tester";

/// The record as the client prints it, entry by entry.
fn record(cluster: &Cluster) -> Vec<Value> {
    let printed = cluster.client(&["audit", "-o", "json"]).expect(0);
    printed.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn whole(cluster: &Cluster) -> Output {
    cluster.client(&["audit", "--verify"])
}

/// Whoever changes something stands in the record with it, whoever is denied something too, and nobody can take that
/// out unseen.
#[tokio::test(flavor = "multi_thread")]
async fn every_change_is_recorded_with_who_made_it() {
    let mut cluster = Cluster::start(SECURED).await;
    let job = cluster.submit(&["--name", "first"]);
    cluster.wait_done(job).await;
    let second = cluster.submit(&["--follow"]);
    let id = second.to_string();
    for command in
        [&["pause", &id][..], &["resume", &id], &["throttle", "--commits", "8"], &["cancel", &id]]
    {
        let _ = cluster.client(command).expect(0);
    }
    // What was so before changes nothing, and is not recorded.
    let _ = cluster.client(&["throttle", "--commits", "8"]).expect(0);
    let _ = cluster.client(&["drain", "w1"]).expect(0);
    assert_eq!(cluster.workers.remove(0).exit_code().await, 0);
    let entries = record(&cluster);
    let shown = |entry: &Value| {
        let text = |key: &str| entry[key].as_str().unwrap().to_owned();
        (text("method"), text("subject"), text("who"), text("outcome"))
    };
    let expected = [
        ("JobService/Submit", format!("job {job}")),
        ("JobService/Submit", format!("job {id}")),
        ("JobService/Pause", format!("job {id}")),
        ("JobService/Resume", format!("job {id}")),
        ("ClusterService/Throttle", String::new()),
        ("JobService/Cancel", format!("job {id}")),
        ("ClusterService/DrainWorker", "worker w1".to_owned()),
    ];
    let expected = expected.map(|(method, subject)| {
        (method.to_owned(), subject, TESTER.to_owned(), "done".to_owned())
    });
    assert_eq!(entries.iter().map(shown).collect::<Vec<_>>(), expected);
    assert_eq!(entries[0]["parameters"]["name"], "first");
    assert_eq!(entries[0]["contract_hash"].as_str().unwrap().len(), 64);
    assert_eq!(entries[4]["parameters"]["commits_max"], 8);
    assert!(entries[0]["address"].as_str().unwrap().starts_with("127."), "{}", entries[0]);

    let certificates = cluster.certificates.clone().unwrap();
    let viewer = certificates.issue("client", "eve", &["--role", "viewer"]);
    for _ in 0..3 {
        let _ = cluster.client_with(&viewer, &["cancel", &id]).expect(2);
    }
    let denied = |cluster: &Cluster| {
        let all = record(cluster);
        all.into_iter().filter(|entry| entry["outcome"] == "denied").collect::<Vec<_>>()
    };
    cluster
        .wait_for("the attempt to be recorded", async |cluster| !denied(cluster).is_empty())
        .await;
    let denied = denied(&cluster);
    assert_eq!(denied.len(), 1, "once a minute: {denied:?}");
    assert_eq!(denied[0]["who"], "spiffe://xmlx/viewer/eve");

    let _ = whole(&cluster).expect(0);
    for (sql, broken_at) in [
        ("UPDATE [xmlx].[audit] SET [who] = N'eve' WHERE [entry] = 3", "at entry 3"),
        ("DELETE FROM [xmlx].[audit] WHERE [entry] = 2", "at entry 2"),
        ("DELETE FROM [xmlx].[audit] WHERE [entry] > 0", "at entry 1"),
    ] {
        cluster.db.run(sql).await;
        let found = whole(&cluster).expect(1);
        assert!(found.stdout.contains(broken_at), "{found:?}");
    }
}

/// No record, no effect.
#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_recorded_is_not_done() {
    let cluster = Cluster::start(Setup { workers: 0, ..SECURED }).await;
    let job = cluster.submit(&["--follow"]);
    let id = job.to_string();
    let moves = "SELECT COUNT_BIG(*) AS [n] FROM [xmlx].[range_history]";
    let before = cluster.db.count(moves).await;
    cluster.db.run("UPDATE [xmlx].[audit_head] SET [id] = 2 WHERE [id] = 1").await;
    let jobs = "SELECT COUNT_BIG(*) AS [n] FROM [xmlx].[job]";
    for command in [
        &["pause", &id][..],
        &["cancel", &id],
        &["throttle", "--commits", "3"],
        &["submit", "--contract", "card.json", "--to", "1001"],
    ] {
        assert_ne!(cluster.client(command).code, 0, "{command:?}");
    }
    assert_eq!(cluster.job(job)["state"], "running");
    assert_eq!((cluster.db.count(jobs).await, cluster.db.count(moves).await), (1, before));
    cluster.db.run("UPDATE [xmlx].[audit_head] SET [id] = 1 WHERE [id] = 2").await;
    let _ = cluster.client(&["pause", &id]).expect(0);
    assert_eq!(record(&cluster).len(), 2, "the submission and the pause");
    let _ = whole(&cluster).expect(0);
}

/// Entries can be added and read by the role that the programs have, and neither changed nor deleted.
#[test]
fn the_record_is_append_only_by_grants() {
    for role in Role::ALL {
        let all = role.grants(None);
        let on = |table: &str| {
            let securable = format!("[xmlx].[{table}]");
            let grants = all.iter().filter(|grant| grant.securable == securable);
            grants.map(|grant| grant.permission).collect::<Vec<_>>()
        };
        let expected: &[&str] = match role {
            Role::Coordinator => &["SELECT", "INSERT"],
            Role::Worker => &[],
            Role::Reader => &["SELECT"],
        };
        assert_eq!(on("audit"), expected, "{role:?}");
        assert!(!on("audit_head").contains(&"DELETE"), "{role:?}");
    }
}

/// A client that has a token and no certificate.
fn with_token(
    cluster: &Cluster,
    certificates: &Certificates,
    token: &str,
    args: &[&str],
) -> Output {
    let mut command = Command::new(binary("xmlx-client"));
    command.current_dir(cluster.folder()).args(args).args(["--coordinators", &cluster.urls()]);
    command.env("XMLX_TLS_CA", certificates.dir().join("ca.crt")).env("XMLX_TOKEN", token);
    Output::of(command)
}

/// Tokens open what their role may, until they are revoked or expire, and stand nowhere but with their holder.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_opens_what_its_role_may_until_it_ends() {
    let cluster = Cluster::start(Setup { workers: 0, ..SECURED }).await;
    let certificates = cluster.certificates.clone().unwrap();
    let job = cluster.submit(&["--follow"]).to_string();
    let approver: Vec<(&str, PathBuf)> =
        certificates.issue("client", "ann", &["--role", "approver"]);
    let create = |args: &[&str]| {
        let all = [&["token", "create", "-o", "json"], args].concat();
        let made = cluster.client_with(&approver, &all).expect(0).json();
        let text = |key: &str| made[key].as_str().unwrap().to_owned();
        (text("token_id"), text("token"))
    };
    // Whoever operates lets nobody in.
    let refused = cluster.client(&["token", "create", "eve", "--role", "operator"]).expect(2);
    assert!(refused.stderr.contains("takes one of these roles: approver"), "{refused:?}");
    let (id, token) = create(&["scheduler", "--role", "operator", "--valid", "1h"]);
    let (_, viewer) = create(&["screen", "--valid", "1h"]);
    let _ = with_token(&cluster, &certificates, &token, &["pause", &job]).expect(0);
    let _ = with_token(&cluster, &certificates, &viewer, &["status"]).expect(0);
    for wrong in [viewer.as_str(), "xmlx_00000000_guess"] {
        let refused = with_token(&cluster, &certificates, wrong, &["resume", &job]).expect(2);
        assert!(!refused.stderr.contains(&token), "{refused:?}");
    }
    let entries = record(&cluster);
    let paused = entries.iter().find(|entry| entry["method"] == "JobService/Pause").unwrap();
    assert_eq!(paused["who"], format!("token:{id}:scheduler"));
    assert!(!entries.iter().any(|entry| entry.to_string().contains(&token)), "{entries:?}");
    let kept = format!("SELECT COUNT_BIG(*) AS [n] FROM [xmlx].[token] WHERE [hash] = '{token}'");
    assert_eq!(cluster.db.count(&kept).await, 0, "a hash alone is kept");

    let _ = cluster.client_with(&approver, &["token", "revoke", &id]).expect(0);
    let again = cluster.client_with(&approver, &["token", "revoke", &id]).expect(0);
    assert_eq!(again.stdout.trim(), "already so");
    let (_, short) = create(&["short", "--role", "operator", "--valid", "1s"]);
    for ended in [&token, &short] {
        cluster
            .wait_for("the token to open nothing", async |cluster| {
                with_token(cluster, &certificates, ended, &["status"]).code == 2
            })
            .await;
    }
    let listed = cluster.client(&["token", "list", "-o", "json"]).expect(0).json();
    let states: Vec<&str> =
        listed.as_array().unwrap().iter().map(|token| token["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["revoked", "valid", "expired"]);
    let _ = whole(&cluster).expect(0);
}
