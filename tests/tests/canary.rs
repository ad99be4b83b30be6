//! No value of a document and no secret is printed or logged, by no program, at no level.
//!
//! Every value of the documents is a canary: a text that occurs nowhere else. So are passwords, tokens and keys. Whatever
//! programs print and log is searched for them. This is the one test that opens logs: to see what is not in them.

#![allow(clippy::unwrap_used, reason = "tests panic where something does not hold")]

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use xmlx_tests::{Cluster, Logs, Monitoring, Output, Setup, Wire, binary};

const CONTRACT: &str = r#"
format = 2

[source]
table = "canary_xml"
document = "body"

[target]
schema = "sample"

[[table]]
name = "canary"
rows = "/person"
[table.columns]
code = "@code"
given = "name/@given"
short = "name/@short"
born = "@born"
income = "income"
cents = "cents"
children = "@children"
is_owner = "owner"

[[table]]
name = "canary_home"
key = ["home_no"]
rows = "/person/home"
[table.columns]
home_no = { position = true }
street = "@street"
"#;

const TABLES: &str = "CREATE TABLE [sample].[canary] ([app_id] int NOT NULL PRIMARY KEY, [code] nvarchar(40) NOT NULL CONSTRAINT [uq_canary] UNIQUE, [given] nvarchar(60) NULL, [short] nvarchar(10) NULL, [born] date NULL, [income] decimal(12,2) NULL, [cents] int NULL, [children] tinyint NULL, [is_owner] bit NULL);
CREATE TABLE [sample].[canary_home] ([app_id] int NOT NULL, [home_no] int NOT NULL, [street] nvarchar(30) NULL, CONSTRAINT [pk_canary_home] PRIMARY KEY ([app_id], [home_no]), CONSTRAINT [fk_canary_home] FOREIGN KEY ([app_id]) REFERENCES [sample].[canary] ([app_id]));";

const SOURCE: &str = "CREATE TABLE [sample].[canary_xml] ([app_id] int NOT NULL PRIMARY KEY, [body] nvarchar(max) NULL)";

/// What must be found nowhere. Numbers and dates are canaries as well: as written, and as a number of SQL or an address
/// would show them.
const CANARIES: &[&str] =
    &["CANARY", "Canary-", "7743197743", "7,743,197,743", "1907-07-17", "19070717"];

/// Commands that exist to print values, that only print about themselves, or that go to no document.
const NOT_RUN: &[(&str, &str)] = &[
    ("map", "it prints the rows of documents: that is what it is for"),
    ("contract", "it says where a sample is broken, with the entity that is not known there"),
    ("help", "it prints what is compiled in"),
    ("completions", "it prints what is compiled in"),
    ("ca", "it is run by the cluster itself"),
];

fn documents() -> Vec<(i32, String)> {
    let sound = |id: i32| {
        format!(
            "<person code='CANARYcode{id}' born='1907-07-17' children='3'><name given='CANARYgiven' short='CANARY{id}'/><income>7743197743.25</income><owner>true</owner><home street='CANARYstreet'/></person>"
        )
    };
    let mut all: Vec<(i32, String)> = (1..=30).map(|id| (id, sound(id))).collect();
    let odd = [
        // Warnings: cut, rounded, unreadable.
        "<person code='CANARYwarned' born='CANARYborn' children='CANARYchildren'><name given='CANARYgiven' short='CANARYfartoolong'/><income>7743197743.2555</income><cents>CANARYcents</cents><owner>CANARYowner</owner><home street='CANARYstreetthatislongerthanitscolumnallows'/></person>",
        // Failures of the mapping, of the reader, and of the database, which names the value in its message.
        "<person code='CANARYlarge' children='7743197743'/>",
        "<person born='1907-07-17'><name given='CANARYgiven'/></person>",
        "<person code='CANARYtorn'><name given='CANARYgiven'><income>CANARY</person>",
        "<person code='CANARYtwice' code='CANARYagain'/>",
        "<person code='&CANARYentity;'/>",
        "<!DOCTYPE person [<!ENTITY name 'CANARYexpanded'>]><person code='&name;'/>",
        "<person code='CANARYcode1'><name given='CANARYgiven'/></person>",
        "CANARY is no document",
    ];
    all.extend((101..).zip(odd.map(str::to_owned)));
    all
}

/// What was printed so far, by whom.
struct Search<'a> {
    cluster: &'a Cluster,
    commands: BTreeSet<String>,
    secrets: Vec<String>,
}

impl Search<'_> {
    fn assert_clean(&self, whose: &str, text: &str) {
        let found = CANARIES.iter().copied().chain(self.secrets.iter().map(String::as_str));
        for canary in found {
            let line = text.lines().find(|line| line.contains(canary));
            assert!(line.is_none(), "{whose} shows `{canary}`: {}", line.unwrap_or_default());
        }
    }

    fn assert_printed_clean(&self, args: &[&str], printed: &Output) {
        // 101 is a panic, 64 a command that is not known: neither has shown anything.
        assert!([0, 1, 2].contains(&printed.code), "{args:?}: {printed:?}");
        self.assert_clean(&format!("{args:?}, standard output,"), &printed.stdout);
        self.assert_clean(&format!("{args:?}, standard error,"), &printed.stderr);
    }

    /// Runs a command.
    fn run(&mut self, args: &[&str]) -> Output {
        self.commands.insert(args[0].to_owned());
        let printed = self.cluster.client(args);
        self.assert_printed_clean(args, &printed);
        printed
    }

    fn assert_files_clean(&self, files: &[&str]) {
        for file in files {
            let text = std::fs::read(self.cluster.folder().join(file)).unwrap();
            self.assert_clean(file, &String::from_utf8_lossy(&text));
        }
    }

    /// What the programs log, and what `ps` shows of them.
    fn assert_programs_clean(&self) {
        let coordinators = self.cluster.coordinators.iter().map(|(_, process)| process);
        for process in coordinators.chain(&self.cluster.workers) {
            let shown = std::fs::read(format!("/proc/{}/cmdline", process.id())).unwrap();
            let shown = String::from_utf8_lossy(&shown).replace('\0', "\n");
            assert!(shown.contains("--coordinators") || shown.contains("--listen"), "{shown}");
            self.assert_clean(&format!("ps of {}", process.name), &shown);
            let (status, numbers) = self.cluster.probe(&process.name, "/metrics").unwrap();
            assert!(status == 200 && numbers.contains("xmlx_"), "{numbers}");
            self.assert_clean(&format!("metrics of {}", process.name), &numbers);
        }
        let mut n = 0;
        for entry in std::fs::read_dir(self.cluster.folder()).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "log") {
                continue;
            }
            let log = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
            assert!(log.contains("TRACE"), "{} logs everything", path.display());
            self.assert_clean(&path.display().to_string(), &log);
            n += 1;
        }
        assert_eq!(n, self.cluster.coordinators.len() + self.cluster.workers.len());
    }
}

async fn load(cluster: &Cluster) {
    for sql in [TABLES, SOURCE] {
        cluster.db.run(sql).await;
    }
    cluster.write("canary.toml", CONTRACT);
    cluster.write("other.toml", &CONTRACT.replace("cents = \"cents\"", "cents = \"@children\""));
    cluster.write("canary.sql", TABLES);
    std::fs::create_dir(cluster.folder().join("files")).unwrap();
    for (id, xml) in documents() {
        cluster.write(&format!("files/{id}.xml"), &xml);
    }
}

fn number(printed: &Output) -> String {
    // A rehearsal's answer has its job at the top.
    let job = &printed.json()["job"];
    job["job"].as_i64().or(job.as_i64()).unwrap_or_else(|| panic!("{printed:?}")).to_string()
}

/// Loads, fails, rehearses, reconciles, and asks for all that can be asked for.
#[tokio::test(flavor = "multi_thread")]
#[allow(clippy::too_many_lines, reason = "a list of commands")]
async fn no_program_shows_a_value_or_a_secret() {
    let (logs, monitoring) = (Logs::Everything, Monitoring::On);
    let setup = Setup { wire: Wire::Tls, logs, monitoring, ..Setup::small(5) };
    let cluster = Cluster::start(setup).await;
    load(&cluster).await;
    let (commands, secrets) = (BTreeSet::new(), secrets(&cluster));
    let mut search = Search { cluster: &cluster, commands, secrets };
    let contract = ["--contract", "canary.toml"];

    for args in [
        &["init"][..],
        &["check", "canary.toml"],
        &["load", "--contract", "canary.toml", "files"],
        &["schema", "canary.toml"],
        &["grants"],
        &["doctor"],
        &["coverage", "--contract", "canary.toml", "--ddl", "canary.sql", "--all", "files"],
        &["diff", "canary.toml", "other.toml", "--ddl", "canary.sql", "files"],
        // Refused, since this is no terminal; that, too, shows none.
        &["diff", "canary.toml", "other.toml", "--values", "--ddl", "canary.sql", "files"],
        &["bench", "--seconds", "1", "--contract", "canary.toml", "files"],
        &["explain", "files/1.xml", "--contract", "canary.toml", "--ddl", "canary.sql"],
        &["explain", "files/101.xml", "--contract", "canary.toml", "--ddl", "canary.sql"],
        &["explain", "files/104.xml", "--contract", "canary.toml", "--ddl", "canary.sql"],
        // Refused as well.
        &["explain", "files/1.xml", "--values", "--contract", "canary.toml"],
    ] {
        let _ = search.run(args);
    }
    let rehearsal = number(
        &search.run(&[&["submit", "--dry-run", "--wait", "-o", "json"], &contract[..]].concat()),
    );
    let job = number(&search.run(&[&["submit", "--wait", "-o", "json"], &contract[..]].concat()));
    let shown = cluster.job(job.parse().unwrap());
    assert_eq!((&shown["ok"], &shown["failed"]), (&31.into(), &8.into()), "{shown}");
    let given = "SELECT [given] FROM [sample].[canary] WHERE [app_id] = 3";
    assert_eq!(cluster.db.texts(given).await, [["CANARYgiven"]], "canaries are in the tables");

    // What differs from its document.
    cluster
        .db
        .run("UPDATE [sample].[canary] SET [given] = N'CANARYforged' WHERE [app_id] = 2")
        .await;
    let reconciled = ["reconcile", &job, "--report", "reconciled.html"];
    search.assert_printed_clean(&reconciled, &cluster.client(&reconciled).expect(1));
    let reconciled = ["reconcile", &job, "--report", "reconciled.json"];
    search.assert_printed_clean(&reconciled, &cluster.client(&reconciled).expect(1));
    let exported = ["failures", &job, "--export", "failures.csv"];
    search.assert_printed_clean(&exported, &cluster.client(&exported));
    search.assert_files_clean(&["reconciled.html", "reconciled.json", "failures.csv"]);
    search.commands.insert("reconcile".to_owned());

    for args in [
        // What a retry would take; nobody is asked, and nothing is submitted.
        &["retry", &job][..],
        &["retry", &job, "--column", "canary.children"],
        &["retry", "--wait", "--contract", "canary.toml"],
        &["explain", "1"],
        &["explain", "1", "canary.given"],
        &["explain", "101"],
        &["explain", "101", "-o", "json"],
        &["explain", "102"],
        &["explain", "104"],
        &["explain", "108", "-o", "json"],
        &["explain", "101", "--values"],
        &["coverage", &job, "--all"],
        &["coverage", &rehearsal, "--all", "-o", "json"],
        &["diff", &job, "--contract", "other.toml"],
        &["status"],
        &["jobs"],
        &["ranges", &job],
        &["workers"],
        &["runs", "1"],
        &["runs", "108", "-o", "json"],
        &["failures", &job],
        &["failures", &job, "-o", "json"],
        &["failures", &job, "--groups"],
        &["failures", &job, "--column", "canary.children"],
        &["warnings", &job],
        &["warnings", &job, "-o", "json"],
        &["quality", &job, "--all"],
        &["quality", &job, "--against", &rehearsal],
        &["rehearsal", &rehearsal],
        &["verify", &job, "--history"],
        &["throttle", "--commits", "10"],
        &["pause", &job],
        &["resume", &job],
        &["cancel", &job],
        &["token", "list"],
        &["audit"],
        &["audit", "--verify"],
        &["prune", "--older-than", "1s"],
    ] {
        let _ = search.run(args);
    }
    for sql in [
        "SELECT [failure_reason] FROM [sample].[processing_log] WHERE [status] = 'failed'",
        "SELECT [parameters] FROM [xmlx].[audit]",
    ] {
        let texts = cluster.db.texts(sql).await;
        assert!(!texts.is_empty(), "{sql}");
        search.assert_clean(sql, &texts.concat().join("\n"));
    }
    search.assert_programs_clean();
    let _ = search.run(&["drain", "w1"]);
    assert_every_command_ran(&search.commands);
}

/// The secrets that a cluster in order has: its keys, and a token that is used.
fn secrets(cluster: &Cluster) -> Vec<String> {
    let certificates = cluster.certificates.as_ref().unwrap();
    let approver = certificates.issue("client", "boss", &["--role", "approver"]);
    let args = ["token", "create", "scheduler", "--role", "viewer", "--valid", "1d"];
    let token = cluster.client_with(&approver, &args).expect(0).stdout.trim().to_owned();
    assert!(token.len() > 40, "{token}");
    let path = cluster.folder().join("token");
    std::fs::write(&path, &token).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    let mut command = Command::new(binary("xmlx-client"));
    command.env("RUST_LOG", "trace").env("XMLX_TLS_CA", certificates.dir().join("ca.crt"));
    command.args(["jobs", "--token-file"]).arg(&path).args(["--coordinators", &cluster.urls()]);
    let printed = Output::of(command).expect(0);
    assert!(!printed.stderr.contains(&token) && !printed.stdout.contains(&token), "{printed:?}");
    let mut secrets = vec![token];
    for entry in std::fs::read_dir(certificates.dir()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "key") {
            let pem = std::fs::read_to_string(path).unwrap();
            secrets.push(pem.lines().nth(1).unwrap().to_owned());
        }
    }
    assert!(secrets.len() > 4, "coordinator, worker, two clients, and the token");
    secrets
}

/// A new command is searched as well, or has a reason why it is not.
fn assert_every_command_ran(commands: &BTreeSet<String>) {
    let mut command = Command::new(binary("xmlx-client"));
    command.arg("--help");
    let help = Output::of(command).expect(0).stdout;
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let mut n = 0;
    for line in listed.take_while(|line| !line.is_empty()) {
        // What does not fit goes on in the next line, further in.
        let Some(name) = line.strip_prefix("  ").and_then(|line| line.split(' ').next()) else {
            continue;
        };
        if name.is_empty() {
            continue;
        }
        let is_known =
            commands.contains(name) || NOT_RUN.iter().any(|(not_run, _)| *not_run == name);
        assert!(is_known, "`{name}` is new: run it here, or say in NOT_RUN why not");
        n += 1;
    }
    assert!(n > 30, "{help}");
}

/// Passwords, tokens and keys that are wrong, in all places where one can be given.
#[tokio::test(flavor = "multi_thread")]
async fn no_program_shows_a_wrong_secret() {
    let cluster = Cluster::start(Setup { wire: Wire::Tls, workers: 0, ..Setup::small(1) }).await;
    let secrets = secrets(&cluster);
    let search = Search { cluster: &cluster, commands: BTreeSet::new(), secrets };
    let folder = cluster.folder();
    let file = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        path.display().to_string()
    };
    let (host, _) = cluster
        .db
        .connection_string()
        .split_once(';')
        .map(|(host, _)| (host.to_owned(), ()))
        .unwrap();
    let wrong = format!("{host};Database=xmlx;User Id=sa;Password=CANARYpassword;Encrypt=false");
    let misspelt = wrong.replace("Password=", "Pasword=");
    let torn = wrong.replace("Password=", "Password=\"");
    let key = "-----BEGIN PRIVATE KEY-----\nQ0FOQVJZCANARYkey\n-----END PRIVATE KEY-----\n";
    let ca = cluster.certificates.as_ref().unwrap().dir().join("ca.crt").display().to_string();
    let settings = [
        vec![("XMLX_DATABASE", wrong.clone())],
        vec![("XMLX_DATABASE", misspelt.clone())],
        vec![("XMLX_DATABASE", torn)],
        vec![("XMLX_DATABASE", "CANARYpassword".to_owned())],
        vec![("XMLX_DATABASE_FILE", file("database", &wrong))],
        vec![("XMLX_DATABASE_FILE", file("misspelt", &misspelt))],
        vec![("XMLX_CONFIG", file("unknown.toml", &format!("databse = \"{wrong}\"\n")))],
        vec![("XMLX_CONFIG", file("torn.toml", &format!("database = \"{wrong}\n")))],
        vec![("XMLX_CONFIG", file("number.toml", &format!("database = [\"{wrong}\"]\n")))],
        vec![("XMLX_TLS_CA", ca.clone()), ("XMLX_TOKEN", "CANARYtoken".to_owned())],
        vec![("XMLX_TLS_CA", ca.clone()), ("XMLX_TOKEN", "CANARY token\u{1b}".to_owned())],
        vec![("XMLX_TLS_CA", ca.clone()), ("XMLX_TOKEN_FILE", file("bad", "CANARYtoken\nCANARY"))],
        vec![
            ("XMLX_TLS_CA", ca.clone()),
            ("XMLX_TLS_CERT", ca.clone()),
            ("XMLX_TLS_KEY", file("bad.key", key)),
        ],
    ];
    for variables in settings {
        let coordinators = cluster.urls();
        for (program, args) in [
            ("xmlx-client", &["status", "--coordinators", &coordinators][..]),
            ("xmlx-client", &["init"]),
            ("xmlx-client", &["init", "--print-config"]),
            ("xmlx-coordinator", &["--check-config"]),
            ("xmlx-coordinator", &["--print-config"]),
            ("xmlx-worker", &["--check-config"]),
            ("xmlx-worker", &["--print-config"]),
        ] {
            let mut command = Command::new(binary(program));
            command.env("RUST_LOG", "trace").envs(variables.iter().cloned()).args(args);
            let printed = Output::of(command);
            let whose = format!("{program} {args:?} with {:?}", variables.last().unwrap().0);
            assert!(printed.code == 0 || !printed.stderr.is_empty(), "{whose}");
            assert_ne!(printed.code, 101, "{whose}: {printed:?}");
            search.assert_clean(&format!("{whose}, standard output,"), &printed.stdout);
            search.assert_clean(&format!("{whose}, standard error,"), &printed.stderr);
        }
    }
    // Strangers' words reach no log either.
    let mut command = Command::new(binary("xmlx-client"));
    command.envs([("XMLX_TLS_CA", ca), ("XMLX_TOKEN", "CANARYtoken".to_owned())]);
    command.args(["status", "--coordinators", &cluster.urls()]);
    let _ = Output::of(command).expect(2);
    search.assert_files_clean(&["c1.log"]);
}
