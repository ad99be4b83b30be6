//! The developers' program: `demo` and `up`.

#![allow(clippy::unwrap_used, reason = "tests panic where something does not hold")]

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use xmlx_tests::{Output, Signal, binary};

fn run(program: &str, args: &[&str]) -> Output {
    let mut command = Command::new(binary(program));
    command.args(args);
    Output::of(command)
}

/// The demo is the product's first impression: it has to hold by itself.
#[test]
fn the_demo_verifies_itself() {
    let it = run("xmlx-dev", &["demo", "--apps", "600", "-o", "json"]).expect(0).json();
    assert_eq!((&it["apps"], &it["lost"], &it["repeated"]), (&600.into(), &0.into(), &0.into()));
    assert_eq!((&it["verified"], &it["faults_fired"]), (&true.into(), &true.into()));
    assert!(it["leases_revoked"].as_i64().unwrap() > 0, "{it}");
}

/// The smallest demos ask nothing before it can be answered.
#[test]
fn a_demo_waits_for_what_it_starts() {
    for args in [&["--apps", "1"][..], &["--apps", "40", "--no-faults"]] {
        let printed = run("xmlx-dev", &[&["demo", "-o", "json"], args].concat()).expect(0);
        assert_eq!(printed.json()["verified"], true, "{printed:?}");
    }
}

/// A program that is started by hand and not by a cluster; killed when dropped.
struct Started(Child);

impl Drop for Started {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Whoever drains the worker of the all-in-one server keeps the server and its data.
#[test]
fn the_all_in_one_server_outlives_its_worker() {
    let listeners = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    let [coordinator, database] = listeners.map(|it| it.local_addr().unwrap().to_string());
    let mut command = Command::new(binary("xmlx-dev"));
    command.args(["up", "--listen", &coordinator, "--database-listen", &database]);
    command.args(["--samples", "5"]).stdin(Stdio::null()).stderr(Stdio::piped());
    let mut up = Started(command.spawn().unwrap());
    let mut lines = BufReader::new(up.0.stderr.take().unwrap()).lines().map(Result::unwrap);
    let export = lines.find_map(|line| Some(line.split_once("export ")?.1.to_owned())).unwrap();
    assert!(lines.any(|line| line == "Ctrl-C ends it"));
    // It says so once it can be asked, and not before.
    let ask = |args: &[&str]| {
        let mut command = Command::new(binary("xmlx-client"));
        command.args(args).args(["-o", "json"]);
        command.envs(export.split(' ').map(|variable| variable.split_once('=').unwrap()));
        Output::of(command)
    };
    let plain = format!("http://{coordinator}");
    let stranger = run("xmlx-client", &["status", "--coordinators", &plain]).expect(2);
    assert!(stranger.stdout.is_empty(), "{stranger:?}");
    let workers = ask(&["workers"]).expect(0).json();
    assert_eq!(workers.as_array().unwrap().len(), 1, "{workers}");
    let _ = ask(&["drain", "up"]).expect(0);
    let told = lines.find(|line| line.starts_with("the worker `up` has been drained")).unwrap();
    assert!(told.contains("xmlx-worker --coordinators"), "{told}");
    let status = ask(&["status"]).expect(0).json();
    assert_eq!(status["answered_by_leader"], true, "{status}");
    assert!(status["workers"].as_array().unwrap().is_empty(), "{status}");
    assert!(up.0.try_wait().unwrap().is_none(), "it goes on");
    let pid = i32::try_from(up.0.id()).unwrap();
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), Signal::SIGTERM).unwrap();
    assert_eq!(up.0.wait().unwrap().code(), Some(0));
}
