//! The client's manners.

#![allow(clippy::unwrap_used, reason = "tests panic where something does not hold")]

use std::process::Command;

use xmlx_samples::Line;
use xmlx_tests::{Cluster, Output, Setup, Signal, binary, workspace};

fn client(args: &[&str]) -> Output {
    let mut command = Command::new(binary("xmlx-client"));
    command.args(args);
    Output::of(command)
}

#[test]
fn map_prints_one_json_object_per_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    std::fs::write(path("c.json"), xmlx_samples::contract(Line::Card)).unwrap();
    let synth = xmlx_samples::Synth::new(xmlx_samples::Options {
        seed: 1,
        first_id: 1,
        broken_permille: 0,
        padding_bytes: 0,
    });
    let sample =
        (0..).map(|i| synth.application(i)).find(|sample| sample.line == Line::Card).unwrap();
    std::fs::write(path("good.xml"), &sample.xml).unwrap();
    std::fs::write(path("bad.xml"), "<Submission").unwrap();
    let printed = client(&[
        "map",
        "--contract",
        &path("c.json"),
        "-o",
        "json",
        &path("good.xml"),
        &path("bad.xml"),
    ]);
    let printed = printed.expect(1);
    let lines: Vec<serde_json::Value> =
        printed.stdout.lines().map(|it| serde_json::from_str(it).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!((&lines[0]["status"], &lines[0]["app_id"]), (&"ok".into(), &sample.app_id.into()));
    assert_eq!(lines[0]["tables"]["submission"].as_array().unwrap().len(), 1);
    assert_eq!((&lines[1]["status"], &lines[1]["stage"]), (&"failed".into(), &"validation".into()));
}

/// Bytes become text by the rule or are refused; nothing is silently altered.
#[test]
fn map_reads_what_sql_server_stores() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    std::fs::write(path("c.json"), xmlx_samples::contract(Line::Card)).unwrap();
    let golden = workspace().join("dev/samples/golden/card/contacts.xml");
    let xml = std::fs::read_to_string(golden).unwrap().replace("Ada", "Zoë");
    let utf_16 = || xml.encode_utf16().flat_map(u16::to_le_bytes);
    let windows_1252 = xml.chars().map(|it| u8::try_from(u32::from(it)).unwrap());
    std::fs::write(path("utf8.xml"), &xml).unwrap();
    std::fs::write(path("utf16.xml"), utf_16().collect::<Vec<u8>>()).unwrap();
    std::fs::write(path("varchar.xml"), windows_1252.collect::<Vec<u8>>()).unwrap();
    std::fs::write(path("cut.xml"), utf_16().skip(1).collect::<Vec<u8>>()).unwrap();
    let files = ["utf8.xml", "utf16.xml", "varchar.xml", "cut.xml"].map(path);
    let contract = path("c.json");
    let mut args = vec!["map", "--contract", &contract, "-o", "json"];
    args.extend(files.iter().map(String::as_str));
    let printed = client(&args).expect(1);
    let lines: Vec<serde_json::Value> =
        printed.stdout.lines().map(|it| serde_json::from_str(it).unwrap()).collect();
    assert!(lines[0]["tables"].to_string().contains("Zoë"), "{}", lines[0]);
    for it in &lines[1..3] {
        assert_eq!(it["tables"], lines[0]["tables"], "{}", it["file"]);
    }
    assert_eq!((&lines[3]["status"], &lines[3]["stage"]), (&"failed".into(), &"validation".into()));

    let limited = client(&["map", "--limits", "depth=2", "--contract", &contract, &files[0]]);
    assert!(limited.expect(1).stdout.contains("over the limit `depth` of 2"));
    let _ = client(&["map", "--contract", &contract, &files[0]]).expect(0);
    let unknown = client(&["map", "--limits", "deep=2", "--contract", &contract, &files[0]]);
    assert!(unknown.expect(64).stderr.contains("`attributes_per_element`"));
}

/// Shape and counts; no test asserts a time.
#[test]
fn bench_counts_and_measures() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    std::fs::write(path("c.json"), xmlx_samples::contract(Line::Card)).unwrap();
    let golden = workspace().join("dev/samples/golden/card");
    let mut n_files = 1;
    for entry in std::fs::read_dir(golden).unwrap() {
        let file = entry.unwrap().path();
        if file.extension().is_some_and(|it| it == "xml") {
            std::fs::copy(&file, folder.path().join(file.file_name().unwrap())).unwrap();
            n_files += 1;
        }
    }
    std::fs::write(path("no-text.xml"), b"\xFF\xFE<").unwrap();
    let (dir, contract) = (path(""), path("c.json"));
    let bench = |more: &[&str]| {
        let all = ["bench", &dir, "--contract", &contract, "--seconds", "1", "--threads", "2"];
        client(&[&all, more].concat()).expect(0)
    };
    let measured = bench(&["-o", "json"]).json();
    assert_eq!((&measured["files"], &measured["threads"]), (&n_files.into(), &2.into()));
    let n_failed: u64 =
        measured["failed"].as_object().unwrap().values().filter_map(|n| n.as_u64()).sum();
    assert!(n_failed > 1, "{measured}");
    assert_eq!(measured["ok"].as_u64().unwrap() + n_failed, n_files, "{measured}");
    assert!(measured["applications"].as_u64() >= Some(n_files - 1), "{measured}");
    for figure in ["rows", "bytes", "applications_per_second", "megabytes_per_second", "times_bare"]
    {
        assert!(measured[figure].as_f64().unwrap() > 0.0, "{figure}: {measured}");
    }
    assert!(bench(&[]).stdout.contains("applications/s"));
    let empty = tempfile::tempdir().unwrap();
    let none = client(&["bench", &empty.path().display().to_string(), "--contract", &contract]);
    assert!(none.expect(2).stderr.contains("*.xml"));
}

#[test]
fn wrong_usage_is_64_and_errors_are_2() {
    assert_eq!(client(&["no-such-command"]).code, 64);
    assert_eq!(client(&["submit"]).code, 64);
    let missing = client(&["map", "--contract", "no-such-file.json", "x.xml"]).expect(2);
    assert!(missing.stderr.contains("no-such-file.json"), "{missing:?}");
    assert_eq!(client(&["--help"]).code, 0);
}

/// The same setting everywhere, by flag or in the file; the flag wins.
#[test]
fn limits_are_settings_of_every_program() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let sound = file("sound.toml", "limits = [\"depth=300\", \"document_bytes=128MiB\"]");
    let wrong = file("wrong.toml", "limits = [\"depth=300KiB\"]");
    for program in ["xmlx-worker", "xmlx-coordinator"] {
        let check = |more: &[&str]| {
            let mut command = Command::new(binary(program));
            let database = "Server=tcp:x,1433;Database=d;User Id=u;Password=p";
            command.args(["--check-config", "--database", database]).args(more);
            Output::of(command)
        };
        assert_eq!(check(&["--config", &sound]).code, 0, "{program}");
        assert_eq!(check(&["--config", &wrong, "--limits", "depth=9,expression_depth=70"]).code, 0);
        let refused = check(&["--config", &wrong]);
        assert!(refused.code != 0 && refused.stderr.contains("depth=300KiB"), "{refused:?}");
        let refused = check(&["--limits", "document_bytes=5"]);
        assert!(refused.code != 0 && refused.stderr.contains("64MiB"), "{refused:?}");
    }
}

#[test]
fn init_prints_its_sql() {
    let printed = client(&["init", "--print"]).expect(0);
    assert!(printed.stdout.contains("CREATE TABLE [xmlx].[range]"));
}

/// What is wrong with a contract itself is an answer, and needs no database.
#[test]
fn the_contract_format_is_published_and_checked() {
    let printed = client(&["schema", "--contract-format"]).expect(0);
    let format: serde_json::Value = serde_json::from_str(&printed.stdout).unwrap();
    assert_eq!(format["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert_eq!(client(&["schema"]).code, 64);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.json").display().to_string();
    let contract = xmlx_samples::contract(Line::Card);
    std::fs::write(&path, contract.replacen("\"nullable\"", "\"nulable\"", 1)).unwrap();
    let nowhere = "Server=tcp:127.0.0.1,1;Database=none;User Id=u;Password=p";
    let checked = client(&["check", &path, "--database", nowhere, "-o", "json"]).expect(1);
    let found: serde_json::Value = serde_json::from_str(&checked.stdout).unwrap();
    assert_eq!(found.as_array().unwrap().len(), 1, "{found}");
    assert_eq!(found[0]["place"], "mappings[0].nulable");
    assert_eq!(found[0]["problem"], "there is no key `nulable`; did you mean `nullable`?");
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_are_safe_to_repeat_and_refuse_with_reasons() {
    let cluster = Cluster::start(Setup { workers: 0, ..Setup::small(10) }).await;
    assert!(cluster.client(&["init"]).expect(0).stdout.contains("already so"));
    let job = cluster.submit(&["--to", "1500"]);
    let same = cluster
        .client(&["submit", "-o", "json", "--contract", "card.json", "--to", "1500"])
        .expect(0)
        .json();
    assert_eq!((&same["outcome"], &same["job"]["job"]), (&"already so".into(), &job.into()));
    let overlap = cluster.client(&["submit", "--contract", "card.json", "--limit", "3"]).expect(2);
    assert!(overlap.stderr.contains(&format!("job {job}")), "{overlap:?}");
    let verified = cluster.client(&["verify", &job.to_string()]).expect(1);
    assert!(verified.stdout.contains("not done yet: "), "nothing is decided yet: {verified:?}");
    assert!(!verified.stdout.contains("NO"), "what waits is not lost: {verified:?}");
    let _ = cluster.client(&["pause", &job.to_string()]).expect(0);
    assert_eq!(cluster.job(job)["reason"], "by an operator");
    let _ = cluster.client(&["resume", &job.to_string()]).expect(0);
    assert_ne!(cluster.job(job)["reason"], "by an operator");
    let _ = cluster.client(&["cancel", &job.to_string()]).expect(0);
    assert_eq!(cluster.client(&["cancel", &job.to_string()]).expect(0).stdout.trim(), "already so");
    let verified = cluster.client(&["verify", &job.to_string()]).expect(0).stdout;
    assert!(
        verified.contains("the job was cancelled before it took"),
        "nothing is lost: {verified}"
    );
    let ended = cluster.client(&["resume", &job.to_string()]).expect(2);
    assert!(ended.stderr.contains("cancelled"), "{ended:?}");
    let unknown = cluster.client(&["pause", "99"]).expect(2);
    assert!(unknown.stderr.contains("no job 99"), "{unknown:?}");
}

/// Names are refused that would forge a line; what is in the tables all the same is shown for what it is.
#[tokio::test(flavor = "multi_thread")]
async fn text_from_outside_forges_nothing() {
    const HOSTILE: &str = "x\n 9    forged  done\u{1b}[2J\u{9b}31m\u{202e}\r";
    let cluster = Cluster::start(Setup { workers: 0, ..Setup::small(3) }).await;
    let submit = ["submit", "--contract", "card.json", "--name", HOSTILE];
    let refused = cluster.client(&submit).expect(2).stderr;
    assert!(refused.contains("--name") && refused.contains("x\\n 9    forged"), "{refused}");
    let worker = Output::of({
        let mut command = Command::new(binary("xmlx-worker"));
        let database = cluster.db.connection_string();
        command.args(["--check-config", "--database", &database, "--name", HOSTILE]);
        command
    });
    assert!(worker.code == 64 && worker.stderr.contains("--name: the name holds"), "{worker:?}");
    assert_eq!(worker.stderr.lines().count(), 2, "one problem, one line: {worker:?}");

    let job = cluster.submit(&[]).to_string();
    let _ = cluster.client(&["pause", &job]).expect(0);
    let sql = format!("UPDATE [xmlx].[job] SET [name] = N'{HOSTILE}', [reason] = N'{HOSTILE}'");
    cluster.db.run(&sql).await;
    cluster.db.run(&format!("UPDATE [xmlx].[leader] SET [address] = N'http://{HOSTILE}'")).await;
    let sql = "INSERT INTO [sample].[processing_log] ([app_id], [status], [failure_reason]) VALUES";
    cluster.db.run(&format!("{sql} (1002, 'failed', 'mapping: {HOSTILE}')")).await;
    for command in [&["status"][..], &["jobs"], &["failures", &job], &["cancel", "77"]] {
        for format in ["table", "json"] {
            let printed = cluster.client(&[command, &["-o", format]].concat());
            for text in [&printed.stdout, &printed.stderr] {
                let is_raw = |it: char| it != '\n' && (it.is_control() || it == '\u{202e}');
                assert!(!text.contains(is_raw), "{printed:?}");
                assert!(!text.lines().any(|it| it.trim().starts_with('9')), "{printed:?}");
            }
            if command[0] != "cancel" {
                assert!(printed.stdout.contains("\\u001b[2J"), "it is shown: {printed:?}");
            }
        }
    }
}

/// What a job reads from is looked for before it is taken.
#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_is_not_there_is_missed_before_the_run() {
    let cluster = Cluster::start(Setup { workers: 0, ..Setup::small(1) }).await;
    let contract = xmlx_samples::contract(Line::Card);
    for (key, value, place, way_out) in [
        ("source_table", "application_xml", "nowhere", "`source_table`"),
        ("source_column", "app_XML", "application_xml.nowhere", "`source_column`"),
        (
            "source_application_table",
            "sample.card_application",
            "nowhere",
            "`source_application_table`",
        ),
    ] {
        let known = format!("\"{key}\": \"{value}\"");
        assert!(contract.contains(&known), "{known}");
        cluster.write("w.json", &contract.replace(&known, &format!("\"{key}\": \"nowhere\"")));
        let found = cluster.client(&["check", "w.json", "-o", "json"]).expect(1).json();
        assert_eq!(found.as_array().unwrap().len(), 1, "{found}");
        assert_eq!(found[0]["place"], place);
        assert!(found[0]["problem"].as_str().unwrap().contains(way_out), "{found}");
        let refused = cluster.client(&["submit", "--contract", "w.json"]).expect(2);
        assert!(refused.stderr.contains(way_out), "{refused:?}");
    }
    let ids = contract.replace("\"source_column\": \"app_XML\"", "\"source_column\": \"app_id\"");
    cluster.write("w.json", &ids);
    let found = cluster.client(&["check", "w.json"]).expect(1);
    assert!(found.stdout.contains("neither text, XML nor bytes"), "{found:?}");
}

/// A source that goes away under a job ends it with the number and the message.
#[tokio::test(flavor = "multi_thread")]
async fn a_job_whose_source_is_gone_fails_and_says_why() {
    let cluster = Cluster::start(Setup { workers: 0, ..Setup::small(5) }).await;
    let job = cluster.submit(&["--follow"]);
    cluster.db.run("DROP TABLE [sample].[application_xml]").await;
    cluster
        .wait_for("the job to fail", async |cluster| cluster.job(job)["state"] == "failed")
        .await;
    let reason = cluster.job(job)["reason"].to_string();
    assert!(reason.contains("208") && reason.contains("application_xml"), "{reason}");
}

/// A contract that does not fit is refused with everything that is wrong with it.
#[tokio::test(flavor = "multi_thread")]
async fn a_contract_that_does_not_fit_is_refused_at_once() {
    let cluster = Cluster::start(Setup { workers: 0, ..Setup::small(1) }).await;
    assert_eq!(
        cluster.client(&["check", "card.json"]).expect(0).stdout.trim(),
        "the contract fits the database"
    );
    cluster.db.run("DROP TABLE [sample].[card_prescreen]").await;
    cluster.db.run("DROP TABLE [sample].[score]").await;
    let refused = cluster.client(&["submit", "--contract", "card.json"]).expect(2);
    for table in ["card_prescreen", "score"] {
        assert!(refused.stderr.contains(table), "{table}: {refused:?}");
    }
    let _ = cluster.client(&["check", "card.json"]).expect(1);
}

/// `load` brings files into the source table; what is there already is left alone.
#[tokio::test(flavor = "multi_thread")]
async fn loaded_files_are_processed() {
    let cluster = Cluster::start(Setup::small(0)).await;
    let folder = tempfile::tempdir().unwrap();
    let synth = xmlx_samples::Synth::new(xmlx_samples::Options {
        seed: 3,
        first_id: 1,
        broken_permille: 0,
        padding_bytes: 0,
    });
    for sample in
        (0..60).map(|i| synth.application(i)).filter(|sample| sample.line == Line::Card).take(20)
    {
        std::fs::write(folder.path().join(format!("{}.xml", sample.app_id)), sample.xml).unwrap();
    }
    let dir = folder.path().display().to_string();
    let load = || {
        cluster.client(&["load", &dir, "--contract", "card.json", "-o", "json"]).expect(0).json()
    };
    assert_eq!(load()["loaded"], 20);
    assert_eq!(load()["loaded"], 0);
    let job = cluster.submit(&["--wait"]);
    assert_eq!(cluster.job(job)["ok"], 20);
    let again = cluster.client(&["submit", "--contract", "card.json", "--wait"]).expect(0);
    assert!(again.stderr.contains("all 20 applications of the scope are decided"), "{again:?}");
    std::fs::write(folder.path().join("77.xml"), b"\xFF\xFE<").unwrap();
    let mut xml = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path());
    let sound = xml.find(|path| !path.ends_with("77.xml")).unwrap();
    std::fs::copy(sound, folder.path().join("88.xml")).unwrap();
    let loaded = cluster.client(&["load", &dir, "--contract", "card.json", "-o", "json"]).expect(1);
    let left_out = loaded.json()["undecodable"].to_string();
    assert!(left_out.contains("77.xml") && loaded.stderr.contains("UTF-16"), "{loaded:?}");
    assert_eq!(loaded.json()["loaded"], 1, "it goes on behind it: {loaded:?}");
    assert_eq!(loaded.json()["already_there"], 20, "{loaded:?}");
    // An id that the table's column cannot hold is left out by name, and nothing else is.
    std::fs::remove_file(folder.path().join("77.xml")).unwrap();
    std::fs::rename(folder.path().join("88.xml"), folder.path().join("9999999999.xml")).unwrap();
    std::fs::write(folder.path().join("-5.xml"), "<none/>").unwrap();
    let loaded = cluster.client(&["load", &dir, "--contract", "card.json", "-o", "json"]).expect(1);
    assert!(loaded.json()["refused"].to_string().contains("9999999999.xml"), "{loaded:?}");
    assert!(loaded.stderr.contains("8115"), "{loaded:?}");
    let counts =
        (&loaded.json()["loaded"], &loaded.json()["already_there"]) == (&1.into(), &20.into());
    assert!(counts, "{loaded:?}");
}

/// Whoever waits for a job hears what came of it: also that nothing succeeded, and that it is paused.
#[tokio::test(flavor = "multi_thread")]
async fn waiting_ends_with_what_came_of_the_job() {
    let cluster = Cluster::start(Setup::small(30)).await;
    let submit =
        |more: &[&str]| cluster.client(&[&["submit", "--contract", "card.json"], more].concat());
    cluster
        .db
        .run("UPDATE [sample].[application_xml] SET [app_XML] = N'<cut' WHERE [app_id] < 1010")
        .await;
    let failed = submit(&["--to", "1009", "--max-failures", "100%", "--wait"]).expect(1);
    assert!(failed.stdout.contains("done"), "{failed:?}");
    let paused = std::thread::scope(|scope| {
        // Nobody works: the job cannot end before it is paused.
        cluster.workers[0].signal(Signal::SIGSTOP);
        let waiting = scope.spawn(|| submit(&["--from", "1010", "--wait=until-paused"]));
        let job = loop {
            let jobs = cluster.status()["jobs"].clone();
            let found = jobs.as_array().unwrap().iter().find(|job| job["state"] == "running");
            if let Some(job) = found {
                break job["job"].as_i64().unwrap();
            }
        };
        let _ = cluster.client(&["pause", &job.to_string()]).expect(0);
        waiting.join().unwrap().expect(1)
    });
    assert!(paused.stderr.contains("paused: by an operator"), "{paused:?}");
    assert!(paused.stderr.contains("xmlx-client resume"), "{paused:?}");
    cluster.workers[0].signal(Signal::SIGCONT);
}

/// They bring a database along, which the client does not: whoever knows them from elsewhere is shown the way.
#[test]
fn demo_and_up_say_where_they_are() {
    for command in ["demo", "up"] {
        for args in [&[command][..], &[command, "--apps", "5"], &[command, "--help"]] {
            let printed = client(args).expect(2);
            let way = format!("cargo run --release -- {command}");
            assert!(printed.stderr.contains(&way), "{printed:?}");
        }
    }
}

const ORDER_CONTRACT: &str = r#"
format = 2
source = { table = "dbo.order_xml", document = "body" }
[[table]]
name = "purchase"
rows = "/order"
[table.columns]
amount = "@amount"
ordered = "@on"
"#;

/// Types come from a script where no database is asked, and the id from the command where the document has none.
#[test]
fn map_takes_types_of_a_script_and_the_id_from_the_command() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    std::fs::write(path("c.toml"), ORDER_CONTRACT).unwrap();
    std::fs::write(path("order-x.xml"), "<order amount='12.5' on='2026-03-27'/>").unwrap();
    let ddl = "CREATE TABLE [dbo].[purchase] ([app_id] int NOT NULL, [amount] decimal(9,2) NULL, [ordered] date NULL)";
    std::fs::write(path("t.sql"), ddl).unwrap();
    let map = |more: &[&str]| {
        let (contract, file) = (path("c.toml"), path("order-x.xml"));
        let mut args = vec!["map", "-o", "json", "--contract", &contract];
        args.extend_from_slice(more);
        args.push(&file);
        client(&args)
    };
    let row = |output: Output| {
        let line: serde_json::Value = serde_json::from_str(output.expect(0).stdout.trim()).unwrap();
        line["tables"]["purchase"][0].clone()
    };
    let typed = row(map(&["--app-id", "77", "--ddl", &path("t.sql")]));
    assert_eq!(typed["app_id"], 77);
    assert_eq!((&typed["amount"], &typed["ordered"]), (&"12.50".into(), &"2026-03-27".into()));
    let untyped = row(map(&["--app-id", "77"]));
    assert_eq!(untyped["amount"], "12.5", "without a script it is a text");
    // The name of the file has no number.
    let without_id = map(&[]);
    assert_ne!(without_id.code, 0, "{without_id:?}");
    // A script without the column.
    std::fs::write(path("t.sql"), "CREATE TABLE purchase (app_id int, amount int)").unwrap();
    let refused = map(&["--app-id", "77", "--ddl", &path("t.sql")]);
    assert_ne!(refused.code, 0, "{refused:?}");
    assert!(refused.stderr.contains("ordered"), "{refused:?}");
}

#[test]
fn contracts_of_format_1_are_converted() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    std::fs::write(path("old.json"), xmlx_samples::contract(Line::Card)).unwrap();
    let into = ["contract", "convert", &path("old.json"), "--into", &path("new.toml")];
    let converted = client(&into).expect(0);
    assert_eq!(converted.stdout.trim(), path("new.toml"));
    let golden = workspace().join("dev/samples/golden/card/contacts.xml").display().to_string();
    let rows = |contract: &str| {
        let mapped = client(&["map", "-o", "json", "--contract", &path(contract), &golden]);
        let mut line: serde_json::Value =
            serde_json::from_str(mapped.expect(0).stdout.trim()).unwrap();
        let tables = line["tables"].as_object_mut().unwrap();
        for rows in tables.values_mut() {
            rows.as_array_mut().unwrap().sort_by_key(ToString::to_string);
        }
        serde_json::Value::Object(tables.clone())
    };
    assert_eq!(rows("old.json"), rows("new.toml"));
    // Nothing is overwritten.
    let again = client(&into).expect(2);
    assert!(again.stderr.contains("exists already"), "{again:?}");

    // What format 2 cannot express is named with its place.
    let odd = xmlx_samples::contract(Line::Card)
        .replace("\"months + years * 12\"", "\"months + years ** 12\"");
    std::fs::write(path("odd.json"), odd).unwrap();
    let refused = client(&["contract", "convert", &path("odd.json")]).expect(1);
    assert!(refused.stdout.is_empty(), "{refused:?}");
    assert!(refused.stderr.contains("person_address.months_here"), "{refused:?}");
    assert!(refused.stderr.contains("].expression"), "{refused:?}");
}

#[test]
fn problems_of_json_have_lines() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let contract = "{\n \"format\": 2,\n \"source\": {\"table\": \"t\", \"document\": \"d\"},\n \"codes\": {\"x\": {\"map\": {\"A\": 1,\n   \"A\": 2}}},\n \"table\": [{\"name\": \"t\", \"rows\": \"/a\", \"columns\": {\"c\": \"b/\"}}]\n}";
    std::fs::write(path("c.json"), contract).unwrap();
    std::fs::write(path("1.xml"), "<a/>").unwrap();
    let refused = client(&["map", "--contract", &path("c.json"), &path("1.xml")]).expect(2);
    assert!(refused.stderr.contains("line 5, column 4: codes.x.map.A"), "{refused:?}");
    assert!(refused.stderr.contains("line 6, column 60: table.t.columns.c"), "{refused:?}");
}
