//! First contact: connection strings as administrators write them, and what is said where they do not work.

#![allow(clippy::unwrap_used, reason = "tests panic where something does not hold")]

use std::collections::BTreeSet;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::process::{Command, Stdio};
use std::time::Duration;

use tokio::sync::mpsc::{self, Receiver};
use tokio::sync::watch;
use xmlx_devdb::{Faults, Like, Server, Storage, Tls};
use xmlx_domain::{Mode, Scope};
use xmlx_extract::Plan;
use xmlx_samples::{Line, Options, Synth};
use xmlx_store::{Access, Documents, Error, Holds, Source, Store, StoreConfig, Versions};
use xmlx_tests::{Cluster, Database, Needs, Output, Setup, binary, skips_on_server};

/// The password of the tests' database.
const PASSWORD: &str = "secret";
const WRONG: &str = "Wr0ng-and-never-shown";

fn run(program: &str, environment: &[(&str, &str)], args: &[&str]) -> Output {
    let mut command = Command::new(binary(program));
    command.env_remove("RUST_LOG").envs(environment.iter().copied()).args(args);
    Output::of(command)
}

fn init(connection_string: &str, args: &[&str]) -> Output {
    run("xmlx-client", &[("XMLX_DATABASE", connection_string)], &[&["init"], args].concat())
}

fn assert_hidden(output: &Output, secret: &str) {
    // Not the bare word: a help text may well speak of secrets.
    let shown = |text: &str| text.contains(&format!("={secret}"));
    assert!(!shown(&output.stdout) && !shown(&output.stderr), "{output:?}");
}

fn synth() -> Synth {
    Synth::new(Options { seed: 7, first_id: 1001, broken_permille: 0, padding_bytes: 0 })
}

/// A worker with a wrong password says so and ends; the job is not its victim.
#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_ends_the_worker_and_not_the_job() {
    if skips_on_server(Needs::OwnServer) {
        return;
    }
    let mut cluster = Cluster::start(Setup { workers: 0, ..Setup::small(40) }).await;
    let job = cluster.submit(&[]);
    let right = cluster.db.connection_string();
    cluster.add_worker_at(&right.replace(PASSWORD, WRONG));
    let refusal = cluster.workers[0].refusal().await;
    let server = format!("127.0.0.1,{}", cluster.db.address().port());
    for part in ["18456", "login `sa`", "database `xmlx`", &server] {
        assert!(refusal.contains(part), "`{part}` is missing in: {refusal}");
    }
    assert!(!refusal.contains(WRONG), "{refusal}");
    assert_eq!(cluster.job(job)["state"], "running");
    cluster.add_worker();
    cluster.wait_done(job).await;
    cluster.assert_verified(job).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_told_at_once_by_coordinator_and_client() {
    if skips_on_server(Needs::OwnServer) {
        return;
    }
    let db = Database::start(Tls::Off).await;
    let wrong = db.connection_string().replace(PASSWORD, WRONG);
    let environment = [("XMLX_DATABASE", wrong.as_str())];
    let refused = [
        run("xmlx-coordinator", &environment, &["--listen", "127.0.0.1:0"]).expect(78),
        run("xmlx-client", &environment, &["init"]).expect(2),
    ];
    for output in refused {
        assert!(output.stderr.contains("login `sa`"), "{output:?}");
        assert_hidden(&output, WRONG);
    }
}

/// `Encrypt=false` is TLS for the login: a server that has none takes the connection and says no more.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_tls_is_told_from_one_that_is_not_there() {
    if skips_on_server(Needs::OwnServer) {
        return;
    }
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let closing = Database::start(Tls::Off).await;
    let absent = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let refusal = async |address: SocketAddr, encrypt: &str| {
        let store = Store::new(&StoreConfig {
            connection_string: format!(
                "Server=127.0.0.1,{};User Id=sa;Password={PASSWORD};Database=xmlx;Encrypt={encrypt};TrustServerCertificate=true;Connect Timeout=1",
                address.port()
            ),
            ca: None,
            access: Access::ReadWrite,
            application_name: "xmlx/test".to_owned(),
            connections_max: 1,
            limits: xmlx_extract::Limits::default(),
        });
        store.unwrap().enter().await.unwrap().map_or_else(String::new, |err| err.to_string())
    };
    const HINT: &str = "a server without TLS";
    for address in [silent.local_addr().unwrap(), closing.address()] {
        let said = refusal(address, "false").await;
        assert!(said.contains(HINT) && said.contains("DANGER_PLAINTEXT"), "{said}");
    }
    assert!(!refusal(absent, "false").await.contains(HINT));
    assert!(!refusal(silent.local_addr().unwrap(), "DANGER_PLAINTEXT").await.contains(HINT));
    assert_eq!(refusal(closing.address(), "DANGER_PLAINTEXT").await, "");
}

/// Nothing that a program prints about itself shows the password, wherever that came from.
#[tokio::test(flavor = "multi_thread")]
async fn passwords_are_not_shown() {
    if skips_on_server(Needs::OwnServer) {
        return;
    }
    let db = Database::start(Tls::Off).await;
    let text = db.connection_string();
    for program in ["xmlx-coordinator", "xmlx-worker"] {
        let printed = run(program, &[("XMLX_DATABASE", &text)], &["--print-config"]).expect(0);
        assert!(
            printed.stdout.contains("# database = \"***\"  # environment: XMLX_DATABASE"),
            "{printed:?}"
        );
        assert_hidden(&printed, PASSWORD);
        assert_hidden(&run(program, &[("XMLX_DATABASE", &text)], &["--help"]).expect(0), PASSWORD);
        let refused = run(program, &[("XMLX_DATABASE", &format!("{text};Colour=1"))], &[]);
        assert!(refused.expect(64).stderr.contains("`Colour`"));
    }
    assert_hidden(&init(&text, &["--help"]).expect(0), PASSWORD);
    let public = run("xmlx-client", &[], &["init", "--database", &text]).expect(0);
    assert!(public.stderr.contains("--database-file"), "the flag warns: {public:?}");
    assert_hidden(&public, PASSWORD);
    let unknown = init(&format!("{text};{WRONG}=1"), &[]).expect(64);
    assert!(unknown.stderr.contains("known keyword"), "{unknown:?}");
    assert_hidden(&unknown, PASSWORD);
}

/// The demo's own processes get theirs through the environment: command lines are public on a host.
#[test]
fn no_command_line_shows_a_password() {
    let mut demo = Command::new(binary("xmlx-dev"));
    demo.args(["demo", "--apps", "500", "--no-faults"]).stdout(Stdio::null()).stderr(Stdio::null());
    let mut demo = demo.spawn().unwrap();
    let mut seen = BTreeSet::new();
    while demo.try_wait().unwrap().is_none() {
        seen.extend(command_lines_of_children(demo.id()));
        std::thread::sleep(Duration::from_millis(20));
    }
    for role in ["devdb", "coordinator", "worker"] {
        assert!(seen.iter().any(|it| it.contains(&format!("internal {role}"))), "{role}: {seen:?}");
    }
    assert!(!seen.iter().any(|it| it.to_lowercase().contains("password")), "{seen:?}");
}

fn command_lines_of_children(parent: u32) -> Vec<String> {
    let mut found = Vec::new();
    for process in std::fs::read_dir("/proc").unwrap().flatten() {
        let read = |name: &str| std::fs::read_to_string(process.path().join(name)).ok();
        let (Some(status), Some(line)) = (read("status"), read("cmdline")) else { continue };
        if status.contains(&format!("PPid:\t{parent}\n")) {
            found.push(line.replace('\0', " "));
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn the_connection_string_may_lie_in_a_file() {
    if skips_on_server(Needs::OwnServer) {
        return;
    }
    let db = Database::start(Tls::Off).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("database");
    std::fs::write(&file, format!("{}\n", db.connection_string())).unwrap();
    let file = file.display().to_string();
    let _ = run("xmlx-client", &[], &["init", "--database-file", &file]).expect(0);
    let _ = run("xmlx-client", &[("XMLX_DATABASE_FILE", &file)], &["init"]).expect(0);
    for program in ["xmlx-coordinator", "xmlx-worker"] {
        let args = ["--database-file", &file, "--check-config"];
        let _ = run(program, &[], &args).expect(0);
    }
    let text = db.connection_string();
    let wrong = text.replace(PASSWORD, WRONG);
    let other = [("XMLX_DATABASE", wrong.as_str())];
    let _ = run("xmlx-client", &other, &["init", "--database-file", &file]).expect(0);
    let other = [("XMLX_DATABASE_FILE", "no-such-file")];
    let _ = run("xmlx-client", &other, &["init", "--database", &text]).expect(0);
    let both = [("XMLX_DATABASE", text.as_str()), ("XMLX_DATABASE_FILE", &file)];
    let refused = run("xmlx-client", &both, &["init"]).expect(64);
    assert!(refused.stderr.contains("both `XMLX_DATABASE` and"), "{refused:?}");
    let args = ["--database-file", &file, "--source-database-file", "no-such-file"];
    let refused = run("xmlx-worker", &[("XMLX_SOURCE_DATABASE", "x")], &args).expect(64);
    assert!(refused.stderr.contains("`no-such-file`"), "{refused:?}");
}

/// What cannot work whatever the server says is found by `--check-config`, and shows no password.
#[test]
fn settings_are_checked_without_a_server() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (settings, ca) = (path("settings.toml"), path("ca.pem"));
    std::fs::write(&ca, "no certificate").unwrap();
    let good = format!("Server=sql1;Database=d;User Id=u;Password={PASSWORD}");
    let bad = format!("Server=sql1:1433;Database=d;User Id=u;Password={PASSWORD}");
    let toml = format!("# ours\ndatabase = \"Server=sql\\LOANS;Password={PASSWORD}\"\n");
    std::fs::write(&settings, toml).unwrap();
    for program in ["xmlx-coordinator", "xmlx-worker"] {
        let check = |environment: &[(&str, &str)], args: &[&str], code| {
            let checked = run(program, environment, &[&["--check-config"], args].concat());
            assert_hidden(&checked, PASSWORD);
            checked.expect(code).stderr
        };
        check(&[("XMLX_DATABASE", &good)], &[], 0);
        check(&[("XMLX_DATABASE", &good), ("XMLX_DATABASE_CA", ""), ("XMLX_LIMITS", "")], &[], 0);
        assert!(check(&[("XMLX_DATABASE", &bad)], &[], 64).contains("XMLX_DATABASE: "));
        assert!(check(&[("XMLX_DATABASE", &good)], &["--database-ca", &ca], 64).contains(&ca));
        assert!(check(&[], &["--config", &settings], 64).contains("line 2: "));
        assert!(check(&[], &["--nonsense"], 64).contains("--nonsense"));
        assert!(check(&[("XMLX_DATABASE", "")], &[], 64).contains("XMLX_DATABASE"));
    }
    let copy = [("XMLX_DATABASE", good.as_str()), ("XMLX_SOURCE_DATABASE", &bad)];
    let refused = run("xmlx-worker", &copy, &["--check-config"]).expect(64);
    assert!(refused.stderr.contains("XMLX_SOURCE_DATABASE: "), "{refused:?}");
}

/// A server that takes connections and says nothing: our own patience ends it, in words for users.
#[test]
fn a_stalled_server_is_given_up_in_plain_words() {
    let stalled = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = stalled.local_addr().unwrap().port();
    let text = format!("Server=127.0.0.1,{port};Database=d;User Id=u;Password=p;Connect Timeout=1");
    let refused = init(&text, &[]).expect(2);
    assert!(refused.stderr.contains("no answer within 1s"), "{refused:?}");
    assert!(!refused.stderr.contains("tracing"), "{refused:?}");
}

/// Forwards each connection to where `target` says at that time, and says where.
async fn switchboard(target: watch::Receiver<SocketAddr>) -> (SocketAddr, Receiver<SocketAddr>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (said, forwarded) = mpsc::channel(64);
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let target = *target.borrow();
            let mut server = tokio::net::TcpStream::connect(target).await.unwrap();
            tokio::spawn(async move {
                drop(tokio::io::copy_bidirectional(&mut client, &mut server).await);
            });
            let _ = said.send(target).await;
        }
    });
    (address, forwarded)
}

/// A database of contained users that fails over refuses logins for a while, as if the password were wrong.
#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_was_let_in_before_is_tried_again() {
    if skips_on_server(Needs::OwnServer) {
        return;
    }
    let (db, failing_over) = (Database::start(Tls::Off).await, devdb_with_password(WRONG));
    let (target, target_now) = watch::channel(db.address());
    let (address, mut forwarded) = switchboard(target_now).await;
    let text = db.connection_string();
    let store = Store::new(&StoreConfig {
        connection_string: text
            .replace(&db.address().port().to_string(), &address.port().to_string()),
        ca: None,
        access: Access::ReadWrite,
        application_name: "xmlx/tests".to_owned(),
        connections_max: 1,
        limits: xmlx_extract::Limits::default(),
    });
    let store = store.unwrap();
    assert!(store.enter().await.unwrap().is_none());
    assert_eq!(forwarded.recv().await, Some(db.address()));
    target.send_replace(failing_over.addr());
    db.drop_connections();
    assert!(store.schema_version().await.is_err(), "the connection is gone");
    let entering = tokio::spawn(async move { store.enter().await });
    assert_eq!(forwarded.recv().await, Some(failing_over.addr()));
    target.send_replace(db.address());
    assert!(entering.await.unwrap().unwrap().is_none(), "it is let in behind the first pause");
    failing_over.stop();
}

fn devdb_with_password(password: &str) -> Server {
    let options = xmlx_devdb::Options {
        listen: ([127, 0, 0, 1], 0).into(),
        data: Storage::Memory,
        user: "sa".to_owned(),
        password: password.to_owned(),
        tls: Tls::Off,
        faults: Faults::none(),
        like: Like::SqlServer,
    };
    Server::start(options).unwrap()
}

/// With a CA that is named, without one, with TDS 8.0, and with any certificate.
#[tokio::test(flavor = "multi_thread")]
async fn certificates_are_checked() {
    if skips_on_server(Needs::OwnServer) {
        return;
    }
    let db = Database::start(Tls::SelfSigned).await;
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("ca.pem");
    std::fs::write(&ca, db.certificate()).unwrap();
    let ca = ca.display().to_string();
    let trusting = db.connection_string();
    let checking = trusting.replace(";TrustServerCertificate=true", "");
    let strict = checking.replace("Encrypt=true", "Encrypt=strict");
    let _ = init(&trusting, &[]).expect(0);
    let _ = init(&checking, &["--database-ca", &ca]).expect(0);
    let _ = init(&strict, &["--database-ca", &ca]).expect(0);
    let _ =
        init(&checking.replace("Encrypt=true", "Encrypt=false"), &["--database-ca", &ca]).expect(0);
    for text in [&checking, &strict] {
        let refused = init(text, &[]).expect(2);
        assert!(refused.stderr.contains("--database-ca"), "{refused:?}");
        assert!(!refused.stderr.contains("Config::"), "advice for users: {refused:?}");
    }
    std::fs::write(folder.path().join("empty.pem"), "").unwrap();
    let empty = folder.path().join("empty.pem").display().to_string();
    let refused = init(&checking, &["--database-ca", &empty]).expect(64);
    assert!(refused.stderr.contains(&empty), "{refused:?}");
    let both = init(&trusting, &["--database-ca", &ca]).expect(64);
    assert!(both.stderr.contains("TrustServerCertificate"), "{both:?}");
}

/// The server is not there: its failover partner is asked.
#[tokio::test(flavor = "multi_thread")]
async fn a_failover_partner_takes_over() {
    if skips_on_server(Needs::OwnServer) {
        return;
    }
    let db = Database::start(Tls::Off).await;
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let port = db.address().port();
    let gone = db.connection_string().replace(&port.to_string(), &closed.to_string());
    let refused = init(&gone, &[]).expect(2);
    assert!(refused.stderr.contains(&format!("`127.0.0.1,{closed}`")), "{refused:?}");
    let _ = init(&format!("{gone};Failover Partner=127.0.0.1,{port}"), &[]).expect(0);
}

/// A named instance's port is asked for at SQL Browser, on UDP 1434 of the server.
#[tokio::test(flavor = "multi_thread")]
async fn a_named_instance_is_found() {
    if skips_on_server(Needs::OwnServer) {
        return;
    }
    // An address of this test's own: the port cannot be chosen.
    let id = std::process::id();
    let ip = format!("127.{}.{}.{}", 1 + (id >> 16) % 250, (id >> 8) % 250, 1 + id % 250);
    let db = Database::start_at(ip.parse().unwrap(), Tls::Off).await;
    let browser = UdpSocket::bind((ip.as_str(), 1434)).unwrap();
    let port = db.address().port();
    let answering = std::thread::spawn(move || {
        let mut request = [0; 64];
        let (n, client) = browser.recv_from(&mut request).unwrap();
        let text = format!(
            "ServerName;SQL1;InstanceName;LOANS;IsClustered;No;Version;13.0.4001.0;tcp;{port};;"
        );
        let mut answer = vec![5];
        answer.extend_from_slice(&u16::try_from(text.len()).unwrap().to_le_bytes());
        answer.extend_from_slice(text.as_bytes());
        browser.send_to(&answer, client).unwrap();
        request[..n].to_vec()
    });
    let named = db.connection_string().replace(&format!("{ip},{port}"), &format!("{ip}\\LOANS"));
    let _ = init(&named, &[]).expect(0);
    assert_eq!(answering.join().unwrap(), b"\x04LOANS");
    let silent = init(&named, &[]).expect(2);
    assert!(silent.stderr.contains("SQL Browser"), "{silent:?}");
}

/// Documents come from the copy, everything else from the database itself.
#[tokio::test(flavor = "multi_thread")]
async fn documents_are_read_from_a_copy() {
    if skips_on_server(Needs::OwnServer) {
        return;
    }
    let mut cluster = Cluster::start(Setup { workers: 0, ..Setup::small(60) }).await;
    let copy = Database::start(Tls::Off).await;
    copy.fill(&synth(), Line::Card, 60).await;
    cluster.db.run("UPDATE [sample].[application_xml] SET [app_XML] = N'<elsewhere/>'").await;
    let (target, source) = (
        cluster.db.connection_string(),
        format!("{};ApplicationIntent=ReadOnly", copy.connection_string()),
    );
    cluster.add_worker_with(&[("XMLX_DATABASE", &target), ("XMLX_SOURCE_DATABASE", &source)]);
    let job = cluster.submit(&["--wait"]);
    assert_eq!((&cluster.job(job)["ok"], &cluster.job(job)["failed"]), (&60.into(), &0.into()));
    cluster.assert_verified(job).await;
    let read_only = run("xmlx-worker", &[("XMLX_DATABASE", &source)], &[]).expect(64);
    assert!(
        read_only.stderr.contains("ApplicationIntent"),
        "the target is written to: {read_only:?}"
    );
}

/// A document that has not reached the copy is waited for; it is no failure of the application.
#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_lags_is_waited_for() {
    if skips_on_server(Needs::OwnServer) {
        return;
    }
    let (db, copy) = (Database::start(Tls::Off).await, Database::start(Tls::Off).await);
    db.fill(&synth(), Line::Card, 10).await;
    copy.fill(&synth(), Line::Card, 7).await;
    let plan = Plan::from_json(xmlx_samples::contract(Line::Card)).unwrap();
    let source = Source::new(&plan, Mode::Once, 0);
    let scope = source.bounds(db.store()).await.unwrap().unwrap();
    let (mut here, mut there) = (db.store().connection(), copy.store().connection());
    let documents = Documents::new(&plan, &source, Holds::WideText);
    let waiting = documents.waiting(&mut here, scope, 10).await.unwrap();
    assert!(waiting.is_last);
    let ids: Vec<i64> = waiting.apps.iter().map(|app| app.app_id).collect();
    let behind = documents.fetch_from(&mut here, &mut there, &ids).await;
    assert!(matches!(behind, Err(Error::Behind { missing: 3, asked: 10 })), "{behind:?}");
    let first = documents.fetch_from(&mut here, &mut there, &ids[..7]).await.unwrap();
    assert_eq!(first.len(), 7);
    let none = Scope { lo: scope.hi, hi: scope.hi };
    assert!(documents.waiting(&mut here, none, 7).await.unwrap().apps.is_empty());
}

/// A document that has been changed is not read as the copy still has it, where the source tells versions apart.
#[tokio::test(flavor = "multi_thread")]
async fn an_older_version_of_the_copy_is_not_read() {
    let plan = Plan::from_json(xmlx_samples::contract(Line::Card)).unwrap();
    let (db, copy) = (Database::start(Tls::Off).await, Database::start(Tls::Off).await);
    for it in [&db, &copy] {
        it.run("DROP TABLE [sample].[application_xml]").await;
        it.run("CREATE TABLE [sample].[application_xml] ([app_id] int NOT NULL PRIMARY KEY, [app_XML] nvarchar(max) NULL, [version] bigint NOT NULL DEFAULT (1))").await;
        it.fill(&synth(), Line::Card, 2).await;
    }
    let source = Source::new(&plan, Mode::Once, 0);
    let versions = Versions::new(&plan, "version");
    let documents = Documents::new(&plan, &source, Holds::Text).with_versions(Some(versions));
    let ids = db.column("SELECT CAST([app_id] AS bigint) FROM [sample].[application_xml]").await;
    let fetch = async || {
        let (mut here, mut there) = (db.store().connection(), copy.store().connection());
        documents.fetch_from(&mut here, &mut there, &ids).await
    };
    assert_eq!(fetch().await.unwrap().len(), 2);
    let first =
        db.count("SELECT CAST(MIN([app_id]) AS bigint) FROM [sample].[application_xml]").await;
    let change =
        format!("UPDATE [sample].[application_xml] SET [version] = 2 WHERE [app_id] = {first}");
    db.run(&change).await;
    let behind = fetch().await.unwrap_err();
    assert!(matches!(behind, Error::Behind { missing: 1, asked: 2 }), "{behind}");
    copy.run(&change).await;
    assert_eq!(fetch().await.unwrap().len(), 2);
    copy.run("UPDATE [sample].[application_xml] SET [version] = 9").await;
    assert_eq!(fetch().await.unwrap().len(), 2, "newer is as good");
}
