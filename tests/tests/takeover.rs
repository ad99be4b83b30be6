//! Coordinators that die, resign, pause or are cut off. Workers go on meanwhile, and nobody writes under
//! a term that is over.

#![allow(clippy::unwrap_used, reason = "tests panic where something does not hold")]

use xmlx_tests::{Cluster, Direction, Link, Needs, Place, Setup, Signal, Waits, skips_on_server};

const APPS: usize = 450;
/// Long enough leases to see a takeover through: 90 groups in four slots.
const SLOW: &str = "commit:1+:delay=150ms";
const SETUP: Setup = Setup {
    coordinators: 2,
    workers: 2,
    group_apps: 5,
    coordinator_flags: &["--lease-apps-first", "150"],
    ..Setup::small(APPS)
};

async fn start(setup: Setup) -> Cluster {
    let cluster = Cluster::start(setup).await;
    cluster.db.faults().add(SLOW.parse().unwrap());
    cluster
}

/// Between now and the last worker's welcome in a later term, work goes on.
async fn work_goes_on_until_welcome(cluster: &Cluster, before: i64) {
    let at_fault = cluster.logged().await;
    cluster.wait_term_after(before).await;
    cluster.wait_connected(cluster.term().await).await;
    let at_welcome = cluster.logged().await;
    assert!(at_welcome > at_fault, "nothing was committed without a leader");
}

async fn ends_well(cluster: &Cluster, job: i64) {
    cluster.wait_done(job).await;
    assert_eq!(cluster.logged().await, i64::try_from(APPS).unwrap());
    cluster.assert_terms_in_order().await;
    cluster.assert_verified(job).await;
    cluster.assert_faults_fired();
}

/// The first leader, and its successor as well.
#[tokio::test(flavor = "multi_thread")]
async fn two_leaders_are_killed_one_after_the_other() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    let mut cluster = start(Setup { coordinators: 3, ..SETUP }).await;
    let job = cluster.submit(&[]);
    cluster.wait_busy().await;
    for _ in 0..2 {
        let term = cluster.term().await;
        cluster.leader().kill();
        work_goes_on_until_welcome(&cluster, term).await;
    }
    assert_eq!(cluster.term().await, 3);
    ends_well(&cluster, job).await;
    assert_eq!(cluster.job(job)["leases_revoked"], 0, "owners that came back kept their leases");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_that_resigns_is_followed_at_once() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    // A leadership that lasts longer than anything is waited for here: without a resignation nobody could follow.
    let flags = &["--lease-apps-first", "150", "--heartbeat", "100ms", "--leader-ttl", "10m"];
    let setup = Setup { waits: Waits::Default, coordinator_flags: flags, ..SETUP };
    let mut cluster = start(Setup { coordinators: 3, ..setup }).await;
    let job = cluster.submit(&[]);
    cluster.wait_busy().await;
    let term = cluster.term().await;
    let leader = cluster.leader();
    leader.signal(Signal::SIGTERM);
    assert_eq!(leader.exit_code().await, 0);
    work_goes_on_until_welcome(&cluster, term).await;
    ends_well(&cluster, job).await;
    assert_eq!(cluster.job(job)["leases_revoked"], 0, "owners that came back kept their leases");
}

/// Paused for longer than its lease, then woken, with messages of workers in its sockets: whatever it
/// decides then its term refuses.
#[tokio::test(flavor = "multi_thread")]
async fn a_leader_that_was_paused_finds_itself_deposed() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    let mut cluster = start(SETUP).await;
    let job = cluster.submit(&[]);
    cluster.wait_busy().await;
    let term = cluster.term().await;
    let leader = cluster.leader();
    leader.signal(Signal::SIGSTOP);
    let paused = leader.name.clone();
    work_goes_on_until_welcome(&cluster, term).await;
    let paused = cluster
        .coordinators
        .iter()
        .position(|(_, coordinator)| coordinator.name == paused)
        .unwrap();
    cluster.coordinators[paused].1.signal(Signal::SIGCONT);
    cluster
        .wait_for("the old leader to step down", async |cluster| cluster.stands_by(paused).await)
        .await;
    ends_well(&cluster, job).await;
    assert_eq!(cluster.term().await, term + 1, "the old one did not take the leadership back");
}

/// A client that asks a paused coordinator first is not held up by it.
#[tokio::test(flavor = "multi_thread")]
async fn a_paused_coordinator_holds_no_client_up() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    let cluster = Cluster::start(Setup { coordinators: 2, workers: 1, ..Setup::small(20) }).await;
    for (_, coordinator) in &cluster.coordinators {
        coordinator.signal(Signal::SIGSTOP);
        assert!(cluster.status()["leader"].is_object());
        coordinator.signal(Signal::SIGCONT);
    }
}

/// The leader loses the database while workers still reach it: it steps down, they move over.
async fn cut_from_the_database(direction: Direction) {
    let mut cluster = Cluster::start(Setup { coordinators: 0, workers: 0, ..SETUP }).await;
    cluster.db.faults().add(SLOW.parse().unwrap());
    let link = Link::to(cluster.db.address()).await;
    let through_link = link.instead_of(cluster.db.address(), &cluster.db.connection_string());
    cluster.add_coordinator_at(&through_link);
    cluster.wait_term_after(0).await;
    cluster.add_coordinator();
    cluster.add_worker();
    cluster.add_worker();
    cluster.wait_complete().await;
    let job = cluster.submit(&[]);
    cluster.wait_busy().await;
    link.cut(direction);
    work_goes_on_until_welcome(&cluster, 1).await;
    link.heal();
    cluster
        .wait_for("the old leader to step down", async |cluster| cluster.stands_by(0).await)
        .await;
    ends_well(&cluster, job).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_cut_from_the_database_is_replaced() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    cut_from_the_database(Direction::Both).await;
}

/// What it still writes takes effect, and it never hears of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_leader_that_hears_nothing_of_the_database_is_replaced() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    cut_from_the_database(Direction::Answers).await;
}

/// The reverse: the leader has the database and loses its workers. It takes their leases away; what
/// they still commit is refused, and once they reach it again they go on.
async fn cut_from_its_workers(direction: Direction) {
    let setup = Setup { coordinators: 1, workers: 0, ..SETUP };
    let mut cluster = start(setup).await;
    let leader = cluster.coordinators[0].0.trim_start_matches("http://").parse().unwrap();
    let link = Link::to(leader).await;
    let database = cluster.db.connection_string();
    let through_link = format!("http://{}", link.address());
    for _ in 0..2 {
        let place = Place { connection_string: &database, coordinators: &through_link, host: None };
        cluster.add_worker_in(place);
    }
    cluster.wait_complete().await;
    let job = cluster.submit(&[]);
    cluster.wait_busy().await;
    link.cut(direction);
    cluster
        .wait_for("the leases to be taken away", async |cluster| {
            let job = cluster.job(job);
            job["leases_revoked"].as_i64().unwrap() > 0 && job["ranges_leased"] == 0
        })
        .await;
    let taken_away = cluster.logged().await;
    assert_eq!(cluster.term().await, 1, "it still leads");
    assert_eq!(cluster.logged().await, taken_away);
    link.heal();
    ends_well(&cluster, job).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_cut_from_its_workers_takes_their_leases() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    cut_from_its_workers(Direction::Both).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_that_hears_nothing_of_its_workers_takes_their_leases() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    cut_from_its_workers(Direction::Requests).await;
}

/// A worker dies, and the leader before it noticed: the next one gives the leases to somebody else.
#[tokio::test(flavor = "multi_thread")]
async fn a_worker_and_the_leader_die_together() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    let mut cluster = start(SETUP).await;
    let job = cluster.submit(&[]);
    cluster.wait_busy().await;
    cluster.workers[0].kill();
    cluster.leader().kill();
    ends_well(&cluster, job).await;
    assert!(cluster.job(job)["leases_revoked"].as_i64().unwrap() > 0);
}

/// For a while there is no coordinator at all; workers finish what they hold.
#[tokio::test(flavor = "multi_thread")]
async fn all_coordinators_are_away_for_a_while() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    let mut cluster = start(SETUP).await;
    let job = cluster.submit(&[]);
    cluster.wait_busy().await;
    let term = cluster.term().await;
    for (_, coordinator) in &mut cluster.coordinators {
        coordinator.kill();
    }
    let alone = cluster.logged().await;
    cluster.wait_logged(alone + 50).await;
    for i in 0..2 {
        cluster.restart_coordinator(i);
    }
    cluster.wait_term_after(term).await;
    ends_well(&cluster, job).await;
}
