//! A worker on another host, and the cable between: cut in one direction or in both, and mended.

#![allow(clippy::unwrap_used, reason = "tests panic where something does not hold")]

use xmlx_tests::{Cluster, Host, Needs, Place, Setup, skips_on_server};

const APPS: usize = 400;

/// Which way is cut.
#[derive(Clone, Copy, Debug)]
enum Cut {
    FromWorker,
    ToWorker,
    Both,
}

/// One worker over there, one here. The cable is cut until the other worker has done everything, then
/// mended: what the one over there still has in hand is refused.
async fn survives(cut: Cut, number: u8) {
    let Some(host) = Host::new(number) else { return };
    let setup = Setup { host: host.gateway(), workers: 0, group_apps: 5, ..Setup::small(APPS) };
    let mut cluster = Cluster::start(setup).await;
    cluster.db.faults().add("commit:1+:delay=30ms".parse().unwrap());
    let (database, urls) = (cluster.db.connection_string(), cluster.urls());
    cluster.add_worker_in(Place {
        connection_string: &database,
        coordinators: &urls,
        host: Some(&host),
    });
    cluster.add_worker();
    cluster.wait_complete().await;
    let job = cluster.submit(&[]);
    cluster.wait_busy().await;
    match cut {
        Cut::FromWorker => host.cut_outgoing().unwrap(),
        Cut::ToWorker => host.cut_incoming().unwrap(),
        Cut::Both => {
            host.cut_outgoing().unwrap();
            host.cut_incoming().unwrap();
        }
    }
    cluster
        .wait_for("its leases to be taken away", async |cluster| {
            cluster.job(job)["leases_revoked"].as_i64().unwrap() > 0
        })
        .await;
    cluster.wait_done(job).await;
    assert_eq!(cluster.logged().await, i64::try_from(APPS).unwrap());
    host.mend().unwrap();
    // It is back; drained, it would commit what it has extracted if it still could.
    cluster.wait_complete().await;
    cluster.dismiss_workers().await;
    assert_eq!(cluster.logged().await, i64::try_from(APPS).unwrap());
    cluster.assert_verified(job).await;
    cluster.assert_faults_fired();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_is_cut_off_commits_nothing_afterwards() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    survives(Cut::Both, 1).await;
}

/// It hears everything and is heard by nobody.
#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_nobody_hears_commits_nothing_afterwards() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    survives(Cut::FromWorker, 2).await;
}

/// It is heard and hears nothing: its commits may take effect, and it never learns of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_hears_nothing_commits_nothing_afterwards() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    survives(Cut::ToWorker, 3).await;
}
