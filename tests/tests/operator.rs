//! What an operator meets on the first evening: wrong addresses, silence, tables that are not there or too new.

#![allow(clippy::unwrap_used, reason = "tests panic where something does not hold")]

use std::net::TcpListener;
use std::process::Command;

use xmlx_tests::{
    Cluster, Needs, Output, Setup, Signal, Waits, binary, skips_on_server, workspace,
};

fn run(program: &str, args: &[&str]) -> Output {
    let mut command = Command::new(binary(program));
    command.env("XMLX_DATABASE", "Server=tcp:127.0.0.1,1;Database=d;User Id=u;Password=p");
    for inherited in ["XMLX_COORDINATORS", "XMLX_DATABASE_FILE", "XMLX_LIMITS", "XMLX_CONFIG"] {
        command.env_remove(inherited);
    }
    command.args(args);
    Output::of(command)
}

/// Who asks for TLS must not be served without it; what is invalid is wrong usage.
#[test]
fn addresses_are_checked_at_the_start() {
    let check = |program: &str, args: &[&str], expected: &str| {
        let refused = run(program, args).expect(64);
        assert!(refused.stderr.contains(expected), "{program} {args:?}: {refused:?}");
    };
    for (url, expected) in [
        ("https://host1:7400", "`https://host1:7400` takes TLS: set `tls_ca`"),
        ("http://host1:7400", "xmlx-client ca issue"),
        ("host1:7400", "no scheme"),
        ("", "is empty"),
        ("http://127.0.0.1:7400,https://host2:7400", "takes TLS"),
    ] {
        check("xmlx-client", &["status", "--coordinators", url], expected);
        check("xmlx-worker", &["--coordinators", url, "--check-config"], expected);
    }
    check(
        "xmlx-coordinator",
        &["--advertise", "https://h:1", "--check-config"],
        "without `tls_cert`",
    );
    check(
        "xmlx-coordinator",
        &["--listen", "10.0.0.5:7400", "--check-config"],
        "xmlx-client ca init",
    );
    check("xmlx-coordinator", &["--listen", "host1:7400", "--check-config"], "0.0.0.0:7400");
    check("xmlx-dev", &["up", "--listen", "host1:7400"], "0.0.0.0:7400");
    let spaced = ["--coordinators", "http://a:1 , http://b:2", "--insecure", "--print-config"];
    assert!(run("xmlx-worker", &spaced).expect(0).stdout.contains("\"http://b:2\""));
    check("xmlx-client", &["submit", "--contract", "c", "--follow", "--wait"], "--wait");
}

/// A coordinator that accepts and says nothing is given up, and the user hears of it.
#[test]
fn silence_is_said() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    // Nobody listens on a port that low.
    let gone = "127.0.0.1:1";
    let urls = format!("http://{gone},{url}");
    let printed = run("xmlx-client", &["status", "--coordinators", &urls]).expect(2);
    let told = format!("waiting for `{url}`: no answer yet");
    assert!(printed.stderr.starts_with(&told), "{printed:?}");
    let (_, last) = printed.stderr.split_once("no coordinator answers").unwrap();
    assert!(last.contains(&url) && last.contains("Connection refused"), "{printed:?}");
    assert!(!last.contains("tcp connect error: tcp connect error"), "{printed:?}");
}

/// T-SQL for scripts.
#[test]
fn printed_sql_comes_as_json_too() {
    for args in [&["init", "--print"][..], &["grants"]] {
        let printed = run("xmlx-client", &[args, &["-o", "json"]].concat()).expect(0).json();
        assert!(printed["sql"].as_str().unwrap().contains("[xmlx]"), "{printed}");
    }
}

/// One text wherever somebody comes too early; `init` says what it did and brings back what was deleted.
#[tokio::test(flavor = "multi_thread")]
async fn control_tables_come_and_come_back() {
    let cluster = Cluster::start(Setup { workers: 0, ..Setup::small(1) }).await;
    let init = || cluster.client(&["init"]).expect(0).stdout;
    assert!(init().starts_with("already so"));
    cluster.db.run("DELETE FROM [xmlx].[leader]").await;
    assert!(init().starts_with("already so"));
    cluster.wait_for("a leader", async |cluster| cluster.status()["leader"]["alive"] == true).await;
    drop_control_tables(&cluster).await;
    let told = "there are no control tables in this database: run `xmlx-client init`";
    cluster
        .wait_for("the coordinator to notice", async |cluster| {
            cluster.client(&["submit", "--contract", "card.json"]).stderr.contains(told)
        })
        .await;
    for args in [&["status"][..], &["jobs"], &["workers"], &["pause", "1"]] {
        let refused = cluster.client(args).expect(2);
        assert!(refused.stderr.contains(told), "{args:?}: {refused:?}");
    }
    let checked = cluster.client(&["check", "card.json"]).expect(0);
    assert!(checked.stderr.contains(told), "{checked:?}");
    assert!(init().starts_with("created"));
    cluster.wait_for("a leader", async |cluster| cluster.status()["leader"]["alive"] == true).await;
    assert!(!cluster.client(&["submit", "--contract", "card.json"]).expect(0).stdout.is_empty());
}

async fn drop_control_tables(cluster: &Cluster) {
    let remove =
        ["range", "job", "leader", "range_history", "schema_version", "suspect", "worker_session"];
    for table in remove {
        cluster.db.run(&format!("DROP TABLE [xmlx].[{table}]")).await;
    }
}

/// A script that runs `init` and then `submit` need not know how often coordinators look for tables.
#[tokio::test(flavor = "multi_thread")]
async fn what_init_has_made_is_there_for_the_next_command() {
    let setup = Setup { coordinators: 0, workers: 0, ..Setup::small(1) };
    let mut cluster = Cluster::start(setup).await;
    drop_control_tables(&cluster).await;
    cluster.add_coordinator();
    cluster
        .wait_for("the coordinator to miss the tables", async |cluster| {
            cluster.client(&["throttle", "--off"]).stderr.contains("run `xmlx-client init`")
        })
        .await;
    assert!(cluster.client(&["init"]).expect(0).stdout.starts_with("created"));
    let _ = cluster.client(&["throttle", "--off"]).expect(0);
}

/// A build that is too old for the tables says so and changes nothing.
#[tokio::test(flavor = "multi_thread")]
async fn tables_that_are_too_new_are_an_answer() {
    let cluster = Cluster::start(Setup { coordinators: 0, workers: 0, ..Setup::small(1) }).await;
    let sql = "INSERT INTO [xmlx].[schema_version] ([version], [compatible_from]) VALUES (99, 99)";
    cluster.db.run(sql).await;
    let refused = cluster.client(&["init"]).expect(1);
    assert!(refused.stderr.contains("for version 99 or later"), "{refused:?}");
    let checked = cluster.client(&["check", "card.json"]).expect(1);
    assert!(checked.stdout.contains("for version 99 or later"), "{checked:?}");
}

/// A drained worker ends with 0 and has to stay away; so has what nobody but an operator can help.
#[test]
fn units_start_again_only_what_failed() {
    for name in ["coordinator", "worker"] {
        let file = format!("deploy/systemd/xmlx-{name}.service");
        let unit = std::fs::read_to_string(workspace().join(file)).unwrap();
        assert!(unit.contains("\nRestart=on-failure\n"), "{name}");
        assert!(unit.contains("\nRestartPreventExitStatus=64 78\n"), "{name}");
    }
}

/// A database that accepts and says nothing does not keep people waiting.
#[tokio::test(flavor = "multi_thread")]
async fn a_silent_database_is_named() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    let cluster = Cluster::start(Setup { workers: 0, ..Setup::small(1) }).await;
    cluster.db.faults().add("any:1+:stall".parse().unwrap());
    let silent = cluster.client(&["status"]).expect(2);
    assert!(silent.stderr.contains("the database does not answer within"), "{silent:?}");
}

/// What passes by itself is shown while it lasts, and gone with the next progress.
#[tokio::test(flavor = "multi_thread")]
async fn a_job_says_what_holds_it_up() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    let cluster = Cluster::start(Setup::small(30)).await;
    cluster.db.faults().add("text=SELECT MIN(t.[app_id]):1+:error=1205".parse().unwrap());
    let job = cluster.submit(&[]);
    cluster
        .wait_for("the reason", async |cluster| {
            cluster.job(job)["reason"].as_str().unwrap().starts_with("held up (transient): ")
        })
        .await;
    assert_eq!(cluster.job(job)["state"], "running");
    cluster.db.faults().clear();
    cluster.wait_done(job).await;
    assert_eq!(cluster.job(job)["reason"], "");
}

/// Whoever is not heard of is not shown as if all were well, and what nobody knows is not shown as nothing.
#[tokio::test(flavor = "multi_thread")]
async fn silence_of_workers_and_leaders_is_shown() {
    let setup = Setup { coordinators: 2, waits: Waits::Default, ..Setup::small(1) };
    let mut cluster = Cluster::start(setup).await;
    cluster
        .wait_for("figures of the worker", async |cluster| {
            let worker = &cluster.status()["workers"][0];
            worker["state"] == "active"
                && worker["heard_seconds"].as_f64().is_some_and(|heard| heard < 3.0)
                && worker["memory_bytes"].as_u64().is_some_and(|bytes| bytes > 0)
        })
        .await;
    cluster.workers[0].signal(Signal::SIGSTOP);
    cluster
        .wait_for("the paused worker to be shown as silent", async |cluster| {
            let worker = &cluster.status()["workers"][0];
            worker["state"] == "silent" && worker["heard_seconds"].as_f64() > Some(3.0)
        })
        .await;
    cluster.workers[0].signal(Signal::SIGCONT);
    cluster.leader().kill();
    let left = cluster.status();
    assert_eq!(left["answered_by_leader"], false, "{left}");
    assert!(left["leader"]["lease_left_seconds"].as_f64().unwrap() > 0.0, "{left}");
    assert!(left["leader"]["heard_seconds"].as_f64().unwrap() >= 0.0, "{left}");
    for worker in left["workers"].as_array().unwrap() {
        assert_eq!(worker["state"], "unknown", "{left}");
        assert!(worker["memory_bytes"].is_null() && worker["leases"].is_null(), "{left}");
    }
    cluster
        .wait_for("the leader whose renewals are missing", async |cluster| {
            cluster.status()["leader"]["alive"] == false
        })
        .await;
}
