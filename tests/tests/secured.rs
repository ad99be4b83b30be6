//! A cluster with TLS: who stays out, and certificates that change while it works.

#![allow(clippy::unwrap_used, reason = "tests panic where something does not hold")]

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use xmlx_tests::{Certificates, Cluster, Needs, Output, Setup, Wire, binary, skips_on_server};

const SECURED: Setup = Setup { wire: Wire::Tls, ..Setup::small(60) };

type Variables = Vec<(&'static str, PathBuf)>;

/// Nobody gets in with another one's certificate, and the cluster works for those who belong.
#[tokio::test(flavor = "multi_thread")]
async fn certificates_are_not_interchangeable() {
    let mut cluster = Cluster::start(SECURED).await;
    let job = cluster.submit(&[]);
    cluster.wait_done(job).await;
    let certificates = cluster.certificates.clone().unwrap();
    let viewer = certificates.issue("client", "eve", &["--role", "viewer"]);
    let _ = cluster.client_with(&viewer, &["status"]).expect(0);
    let job = job.to_string();
    for (who, command, reason) in [
        (certificates.of("worker-w1"), &["status"][..], "spiffe://xmlx/worker/w1"),
        (certificates.of("worker-w1"), &["cancel", &job], "takes one of these roles: operator"),
        (viewer.clone(), &["cancel", &job], "`spiffe://xmlx/viewer/eve` (viewer) may not call"),
    ] {
        let refused = cluster.client_with(&who, command).expect(2);
        assert!(refused.stderr.contains(reason), "{refused:?}");
    }
    // Whoever has the CA's certificate and none of his own is somebody whom nobody knows.
    let refused = anonymous(&cluster, &certificates, &["pause", &job]).expect(2);
    assert!(refused.stderr.contains("prove who you are"), "{refused:?}");
    // A company's other CA.
    let other = Certificates::create(&cluster.folder().join("other"));
    let mut foreign = other.issue("client", "eve", &[]);
    foreign[0].1.clone_from(&viewer[0].1);
    let refused = cluster.client_with(&foreign, &["status"]).expect(2);
    assert!(refused.stdout.is_empty(), "{refused:?}");

    // A client that calls itself a worker gets no session, and a worker that listens is no coordinator.
    cluster.add_worker_with(&[
        ("XMLX_DATABASE", &cluster.db.connection_string()),
        ("XMLX_WORKER_NAME", "spy"),
    ]);
    cluster.wait_complete().await;
    let false_one = start_with_certificate_of_worker(&cluster, &certificates);
    let mut command = Command::new(binary("xmlx-client"));
    command.args(["status", "--coordinators", &false_one.0]).envs(viewer.iter().cloned());
    let refused = Output::of(command).expect(2);
    assert!(refused.stderr.contains("invalid peer certificate"), "{refused:?}");
    assert_eq!(cluster.job(job.parse().unwrap())["state"], "done");
}

/// A call by somebody who has the CA's certificate alone.
fn anonymous(cluster: &Cluster, certificates: &Certificates, args: &[&str]) -> Output {
    let mut command = Command::new(binary("xmlx-client"));
    command.env("XMLX_TLS_CA", certificates.dir().join("ca.crt")).args(args);
    command.args(["--coordinators", &cluster.urls()]);
    Output::of(command)
}

/// Ends the process it holds.
struct Ends(std::process::Child);

impl Drop for Ends {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn start_with_certificate_of_worker(
    cluster: &Cluster,
    certificates: &Certificates,
) -> (String, Ends) {
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut command = Command::new(binary("xmlx-coordinator"));
    command.env("XMLX_DATABASE", cluster.db.connection_string());
    command.envs(certificates.of("worker-w1")).args(["--listen", &address.to_string()]);
    command.stderr(std::process::Stdio::null());
    let process = Ends(command.spawn().unwrap());
    while std::net::TcpStream::connect(address).is_err() {
        std::thread::yield_now();
    }
    (format!("https://{address}"), process)
}

/// Asks one coordinator again and again; what went wrong.
fn ask_all_the_time(
    cluster: &Cluster,
    coordinator: usize,
    over: &Arc<AtomicBool>,
) -> JoinHandle<(u32, Vec<Output>)> {
    let over = Arc::clone(over);
    let url = cluster.coordinators[coordinator].0.clone();
    let variables = cluster.certificates.as_ref().unwrap().of("operator-tester");
    std::thread::spawn(move || {
        let (mut n, mut wrong) = (0, Vec::new());
        while !over.load(Ordering::SeqCst) {
            let mut command = Command::new(binary("xmlx-client"));
            command.args(["jobs", "--coordinators", &url]).envs(variables.iter().cloned());
            let printed = Output::of(command);
            n += 1;
            // A note on standard error would say that it was refused at first.
            if printed.code != 0 || !printed.stderr.is_empty() {
                wrong.push(printed);
            }
        }
        (n, wrong)
    })
}

/// The CA and every certificate are replaced while a job runs: no call fails, no lease is lost, and at the end the old
/// ones open nothing.
#[tokio::test(flavor = "multi_thread")]
async fn certificates_and_their_ca_are_replaced_under_load() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    let setup = Setup { coordinators: 2, workers: 2, group_apps: 5, apps: 2_000, ..SECURED };
    let mut cluster = Cluster::start(setup).await;
    // So slow that the job lasts until everything has been replaced; then it may hurry.
    cluster.db.faults().add("commit:1+:delay=1000ms".parse().unwrap());
    let certificates = cluster.certificates.clone().unwrap();
    let (old, new) = (cluster.folder().join("old"), cluster.folder().join("new"));
    let keep = |folder: &PathBuf| {
        std::fs::create_dir_all(folder).unwrap();
        for name in ["ca.crt", "operator-tester.crt", "operator-tester.key"] {
            std::fs::copy(certificates.dir().join(name), folder.join(name)).unwrap();
        }
        Certificates::at(folder).of("operator-tester")
    };
    let _ = certificates.issue("client", "tester", &[]);
    let old: Variables = keep(&old);
    let job = cluster.submit(&[]);
    cluster.wait_busy().await;
    let over = Arc::new(AtomicBool::new(false));
    let askers = [0, 1].map(|coordinator| ask_all_the_time(&cluster, coordinator, &over));

    let believes = |variables: &Variables, cluster: &Cluster| {
        cluster.coordinators.iter().all(|(url, _)| {
            let mut command = Command::new(binary("xmlx-client"));
            command.args(["jobs", "--coordinators", url]).envs(variables.iter().cloned());
            Output::of(command).code == 0
        })
    };
    // Both CAs are believed; then everybody gets a new certificate; then the old CA goes.
    let _ = certificates.run(&["renew"]);
    let hosts: Vec<String> = cluster
        .coordinators
        .iter()
        .map(|(url, _)| url.trim_start_matches("https://").split(':').next().unwrap().to_owned())
        .collect();
    // Nobody gets a certificate of the new CA before the coordinators believe that.
    let probe = certificates.issue("client", "probe", &[]);
    cluster.wait_for("the new CA to be believed", async |cluster| believes(&probe, cluster)).await;
    for host in &hosts {
        let _ = certificates.run(&["issue", "coordinator", host, "--host", host, "--renew"]);
    }
    for worker in ["w1", "w2"] {
        let _ = certificates.run(&["issue", "worker", worker, "--renew"]);
    }
    let _ = certificates.run(&["issue", "client", "tester", "--renew"]);
    // What is left once the old CA is gone: a client that knows no other has to reach everybody.
    let new: Variables = keep(&new);
    let _ = Certificates::at(new[0].1.parent().unwrap()).run(&["retire"]);
    cluster
        .wait_for("new certificates to be in use", async |cluster| believes(&new, cluster))
        .await;
    let _ = certificates.run(&["retire"]);
    cluster
        .wait_for("the old certificate to open nothing", async |cluster| !believes(&old, cluster))
        .await;
    over.store(true, Ordering::SeqCst);
    for asker in askers {
        let (n, wrong) = asker.join().unwrap();
        assert!(n > 10 && wrong.is_empty(), "{n} calls, of which went wrong: {wrong:#?}");
    }
    // Workers connect anew with what they have now.
    let shown = cluster.job(job);
    assert_eq!(
        (&shown["state"], &shown["leases_revoked"]),
        (&"running".into(), &0.into()),
        "{shown}"
    );
    cluster.db.faults().clear();
    let term = cluster.term().await;
    cluster.leader().kill();
    cluster.wait_term_after(term).await;
    cluster.wait_done(job).await;
    cluster.assert_verified(job).await;
}

/// Who starts it without TLS by mistake reads how to do it right.
#[test]
fn an_insecure_start_is_refused_unless_it_is_wanted() {
    let run = |program: &str, args: &[&str]| {
        let mut command = Command::new(binary(program));
        command.env("XMLX_DATABASE", "Server=s;Database=d;User Id=u;Password=p").args(args);
        Output::of(command)
    };
    for (program, args, command) in [
        (
            "xmlx-coordinator",
            &["--listen", "0.0.0.0:7400", "--advertise", "http://h:1", "--check-config"][..],
            "xmlx-client ca issue coordinator",
        ),
        (
            "xmlx-worker",
            &["--coordinators", "http://host1:7400", "--check-config"],
            "xmlx-client ca issue worker",
        ),
        (
            "xmlx-client",
            &["status", "--coordinators", "http://host1:7400"],
            "xmlx-client ca issue client",
        ),
    ] {
        let refused = run(program, args).expect(64);
        for expected in ["xmlx-client ca init", command, "--insecure"] {
            assert!(refused.stderr.contains(expected), "{refused:?}");
        }
        if program != "xmlx-client" {
            let _ = run(program, &[args, &["--insecure"]].concat()).expect(0);
        }
    }
}

/// A core file would hold documents and secrets.
#[tokio::test(flavor = "multi_thread")]
async fn no_program_leaves_a_core_file() {
    let cluster = Cluster::start(Setup::small(0)).await;
    for process in [&cluster.coordinators[0].1, &cluster.workers[0]] {
        let limits = std::fs::read_to_string(format!("/proc/{}/limits", process.id())).unwrap();
        let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
        assert_eq!(core.split_whitespace().nth(4), Some("0"), "{core}");
    }
}
