//! `coverage` and `diff`, as users run them: of files without database and cluster, and of the documents of a job.

#![allow(clippy::unwrap_used, reason = "tests panic where something does not hold")]

use std::process::Command;

use serde_json::Value;
use xmlx_samples::Line;
use xmlx_tests::{Cluster, Needs, Output, Setup, binary, skips_on_server, workspace};

fn client(args: &[&str]) -> Output {
    let mut command = Command::new(binary("xmlx-client"));
    command.args(args).current_dir(workspace());
    Output::of(command)
}

const DOCUMENTS: &str = "examples/camt053";
const CONTRACT: &str = "examples/camt053/contract.toml";

#[test]
fn a_contract_that_has_to_account_for_everything() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let args = ["coverage", DOCUMENTS, "--contract", CONTRACT];
    let json = client(&[&args[..], &["-o", "json"]].concat()).expect(0).json();
    let unread: Vec<String> = json["paths"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|path| path["status"] == "unread")
        .map(|path| path["path"].as_str().unwrap().to_owned())
        .collect();
    assert!(!unread.is_empty(), "{json}");
    assert_eq!(json["paths_unread"], unread.len());
    let text = client(&args).expect(0).stdout;
    let first = text.lines().next().unwrap();
    assert!(first.contains(&format!(", {} read by nobody", unread.len())), "{text}");
    let failing = [&args[..], &["--fail-on", "unread"]].concat();
    let _ = client(&failing).expect(1);

    // Everything that nobody reads is named, and so is one thing that is not there.
    let contract = std::fs::read_to_string(workspace().join(CONTRACT)).unwrap();
    let ignored: Vec<String> = unread.iter().map(|path| format!("'{path}'")).collect();
    let ignore = format!("ignore = [{}, '//nowhere']\n", ignored.join(", "));
    std::fs::write(
        path("c.toml"),
        contract.replacen("format = 2\n", &format!("format = 2\n{ignore}"), 1),
    )
    .unwrap();
    let contract = path("c.toml");
    let args = ["coverage", DOCUMENTS, "--contract", &contract, "--fail-on", "unread"];
    let text = client(&args).expect(0).stdout;
    assert!(text.contains("0 read by nobody"), "{text}");
    assert!(text.contains("//nowhere"), "an entry that leaves nothing out is listed: {text}");

    // A file that is none is said, and the others are counted.
    std::fs::write(path("broken.xml"), "<Document><").unwrap();
    let broken = path("broken.xml");
    let text = client(&["coverage", DOCUMENTS, &broken, "--contract", &contract]).expect(1).stdout;
    assert!(text.contains("1 document without rows") && text.contains("broken.xml"), "{text}");
}

#[test]
fn a_change_of_the_contract_is_seen_before_it_is_used() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let same = client(&["diff", CONTRACT, CONTRACT, DOCUMENTS]).expect(0).stdout;
    assert!(same.contains("of which 0 change"), "{same}");

    let contract = std::fs::read_to_string(workspace().join(CONTRACT)).unwrap();
    let (head, columns) = contract.split_once("[table.columns]\n").unwrap();
    std::fs::write(
        path("new.toml"),
        format!("{head}[table.columns]\nadded = {{ value = 7 }}\n{columns}"),
    )
    .unwrap();
    let new = path("new.toml");
    let args = ["diff", CONTRACT, &new, DOCUMENTS];
    let json = client(&[&args[..], &["-o", "json"]].concat()).expect(1).json();
    assert_eq!(json["columns"].as_array().unwrap().len(), 1, "{json}");
    let column = &json["columns"][0];
    assert_eq!(column["column"], "added", "{json}");
    assert_eq!((&column["changes"], &column["appears"]), (&0.into(), &json["documents"]));
    // What is no terminal gets no values.
    let refused = client(&[&args[..], &["--values"]].concat()).expect(2);
    assert!(refused.stderr.contains("on a terminal alone") && refused.stdout.is_empty());
}

/// The card contract without the mappings that read an attribute.
fn contract_without(attribute: &str) -> String {
    let mut contract: Value = serde_json::from_str(xmlx_samples::contract(Line::Card)).unwrap();
    let mappings = contract["mappings"].as_array_mut().unwrap();
    let n_before = mappings.len();
    mappings.retain(|mapping| mapping["xml_attribute"] != attribute);
    assert!(mappings.len() < n_before, "{attribute}");
    contract.to_string()
}

/// Writes the documents of the source into a folder beside the contracts.
async fn write_documents(cluster: &Cluster, folder: &str) {
    std::fs::create_dir(cluster.folder().join(folder)).unwrap();
    let sql = "SELECT CAST(x.[app_id] AS nvarchar(20)), x.[app_XML] FROM [sample].[application_xml] AS x WHERE x.[app_XML] IS NOT NULL";
    for row in cluster.db.texts(sql).await {
        cluster.write(&format!("{folder}/{}.xml", row[0]), &row[1]);
    }
}

/// A report without what says where the documents came from, its paths in the order of their names.
fn comparable(report: &Value) -> Value {
    let mut report = report.clone();
    let members = report.as_object_mut().unwrap();
    members.remove("job");
    members.remove("without_rows");
    let paths = members["paths"].as_array_mut().unwrap();
    assert!(paths.len() > 50, "{paths:?}");
    paths.sort_by_key(|path| path["path"].as_str().unwrap().to_owned());
    report
}

fn path<'r>(report: &'r Value, name: &str) -> &'r Value {
    let mut paths = report["paths"].as_array().unwrap().iter();
    paths.find(|path| path["path"] == name).unwrap_or_else(|| panic!("no {name} in {report}"))
}

/// Whatever happens to workers, each document of a job's scope counts once, decided or not, and what comes of it is what
/// `coverage` says of the same documents as files.
#[tokio::test(flavor = "multi_thread")]
async fn a_job_counts_what_its_documents_have_as_files_are_counted() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    let mut cluster =
        Cluster::start(Setup { workers: 2, group_apps: 10, ..Setup::small(400) }).await;
    cluster.write("less.json", &contract_without("client_ip"));
    write_documents(&cluster, "documents").await;
    // A part of them is decided.
    let load = cluster.client(&[
        "submit",
        "--contract",
        "less.json",
        "--limit",
        "150",
        "--wait",
        "-o",
        "json",
    ]);
    let load = load.expect(0).json()["job"]["job"].as_i64().unwrap();
    let logged = cluster.logged().await;
    assert_eq!(logged, 150);
    // Its scope ends where it took enough.
    let first = cluster.client(&["coverage", &load.to_string(), "-o", "json"]).expect(0).json();
    assert_eq!(first["documents"], 150);

    cluster.db.faults().add("commit:1+:delay=30ms".parse().unwrap());
    let from_all = cluster.client(&["submit", "--contract", "less.json", "-o", "json"]).expect(0);
    let all = from_all.json()["job"]["job"].as_i64().unwrap();
    let mut reading = cluster.start_client(&["coverage", &all.to_string(), "--from", "1001"]);
    let job = all + 1;
    cluster
        .wait_for("some of it to be read", async |cluster| {
            let status = cluster.status();
            let jobs = status["jobs"].as_array().unwrap().clone();
            jobs.iter().any(|shown| shown["job"] == job && shown["ok"].as_i64() >= Some(50))
        })
        .await;
    cluster.workers[0].kill();
    cluster.add_worker();
    cluster.db.faults().clear();
    assert_eq!(reading.exit_code().await, 0);
    cluster.wait_done(all).await;
    cluster.assert_each_verified(&[job]);
    assert_eq!(cluster.job(job)["mode"], "cover");
    assert_eq!(cluster.logged().await, 400, "those of the load alone");

    let of_job = cluster.client(&["coverage", &job.to_string(), "-o", "json"]).expect(0).json();
    let of_files =
        cluster.client(&["coverage", "documents", "--contract", "less.json", "-o", "json"]);
    let of_files = of_files.expect(0).json();
    assert_eq!((&of_job["job"], &of_job["documents"]), (&job.into(), &400.into()));
    assert_eq!(comparable(&of_job), comparable(&of_files));
    let removed = path(&of_job, "/Submission/@client_ip");
    assert_eq!((&removed["status"], removed["documents"].as_u64()), (&"unread".into(), Some(400)));
    let text = cluster.client(&["coverage", &job.to_string()]).expect(0).stdout;
    let (first, rest) = text.split_once('\n').unwrap();
    assert!(first.starts_with("400 documents, "), "{text}");
    assert!(rest.contains("Read by nobody") && rest.contains("/Submission/@client_ip"), "{text}");
    let _ = cluster.client(&["coverage", &job.to_string(), "--fail-on", "unread"]).expect(1);
    let refused = cluster.client(&["coverage", "documents", "-o", "json"]).expect(2);
    assert!(refused.stderr.contains("`--contract` is missing"), "{refused:?}");
}

/// A rehearsal says what its documents have as well, and whoever submits the contract then is told in a line.
#[tokio::test(flavor = "multi_thread")]
async fn a_rehearsal_counts_paths_and_a_submission_says_so() {
    let cluster = Cluster::start(Setup { broken_permille: 300, ..Setup::small(80) }).await;
    write_documents(&cluster, "documents").await;
    let submit = ["submit", "--contract", "card.json"];
    let silent = cluster.client(&[&submit[..], &["--limit", "1", "--wait"]].concat());
    assert!(!silent.stderr.contains("coverage of job"), "nobody has counted: {silent:?}");
    let dry = [&submit[..], &["--dry-run", "--wait", "-o", "json"]].concat();
    let rehearsal = cluster.client(&dry).expect(1).json();
    let job = rehearsal["job"].as_i64().unwrap();
    assert_eq!(rehearsal["applications"], 79, "{rehearsal}");
    let text = cluster.client(&["rehearsal", &job.to_string()]).expect(1).stdout;
    assert!(text.contains(" read by nobody; "), "{text}");

    // The same by the job's number, and it reads nothing again.
    let of_job = cluster.client(&["coverage", &job.to_string(), "-o", "json"]);
    let n_jobs = cluster.status()["jobs"].as_array().unwrap().len();
    let of_job: Value = serde_json::from_str(&of_job.stdout).unwrap();
    assert_eq!(of_job, rehearsal["coverage"]);
    assert_eq!(n_jobs, 2);

    // All of them, the one that is decided, too: as files.
    let covered = cluster.client(&["coverage", "1", "--from", "1", "--to", "9999", "-o", "json"]);
    let covered: Value = serde_json::from_str(&covered.stdout).unwrap();
    let of_files =
        cluster.client(&["coverage", "documents", "--contract", "card.json", "-o", "json"]);
    let of_files: Value = serde_json::from_str(&of_files.stdout).unwrap();
    for member in ["documents", "documents_unreadable", "mappings", "ignored"] {
        assert_eq!(covered[member], of_files[member], "{member}");
    }
    assert!(covered["documents_unreadable"].as_u64() > Some(0), "{covered}");
    let paths = |report: &Value| comparable(report)["paths"].clone();
    assert_eq!(paths(&covered), paths(&of_files));
    let reasons = covered["without_rows"].as_array().unwrap();
    let n_listed: u64 = reasons.iter().map(|reason| reason["applications"].as_u64().unwrap()).sum();
    assert_eq!(Some(n_listed), covered["documents_without_rows"].as_u64(), "{covered}");

    let told = cluster.client(&submit).expect(0).stderr;
    let line = told.lines().find(|line| line.contains("coverage of job 3: ")).unwrap_or_default();
    assert!(line.contains(" paths read, 0 ignored by name, "), "{told}");
}

/// What is not counted is said, with the way out; so is a job that there is none of.
#[tokio::test(flavor = "multi_thread")]
async fn what_counts_nothing_is_refused_by_name() {
    let cluster = Cluster::start(Setup::small(3)).await;
    let _ = cluster.submit(&["--wait"]);
    let refused = cluster.client(&["coverage", "77"]).expect(2);
    assert!(refused.stderr.contains("there is no job 77"), "{refused:?}");
    // Nothing but its documents is taken over.
    let text = cluster.client(&["coverage", "1"]).expect(0).stdout;
    assert!(text.starts_with("3 documents, "), "{text}");
    let again = cluster.client(&["coverage", "1", "--limit", "2"]).expect(0).stdout;
    assert!(again.starts_with("2 documents, "), "{again}");
}

/// What a changed contract does to the applications of a job is what it does to their documents as files, whatever happens
/// to workers; no value is in it, and nothing is written.
#[tokio::test(flavor = "multi_thread")]
async fn a_job_maps_its_documents_by_a_changed_contract() {
    if skips_on_server(Needs::Faults) {
        return;
    }
    let mut cluster =
        Cluster::start(Setup { workers: 2, group_apps: 10, ..Setup::small(300) }).await;
    write_documents(&cluster, "documents").await;
    let mut changed: Value = serde_json::from_str(&contract_without("client_ip")).unwrap();
    for mapping in changed["mappings"].as_array_mut().unwrap() {
        if mapping["target_column"] == "segment" {
            mapping["default_value"] = "NOBODY".into();
        }
    }
    cluster.write("changed.json", &changed.to_string());
    let load = cluster.submit(&["--limit", "200", "--wait"]);
    let rows = "SELECT COUNT_BIG(*) FROM [sample].[submission]";
    let n_rows = cluster.db.count(rows).await;

    cluster.db.faults().add("commit:1+:delay=30ms".parse().unwrap());
    let args = ["diff", &load.to_string(), "--contract", "changed.json", "--to", "999999"];
    let mut comparing = cluster.start_client(&args);
    let job = load + 1;
    cluster
        .wait_for("some of it to be compared", async |cluster| {
            let status = cluster.status();
            let jobs = status["jobs"].as_array().unwrap().clone();
            jobs.iter().any(|shown| shown["job"] == job && shown["ok"].as_i64() >= Some(50))
        })
        .await;
    cluster.workers[0].kill();
    cluster.add_worker();
    cluster.db.faults().clear();
    assert_eq!(comparing.exit_code().await, 1, "something changes");
    cluster.assert_each_verified(&[job]);
    assert_eq!(cluster.db.count(rows).await, n_rows, "nothing is written");
    assert_eq!(cluster.logged().await, 200);

    let printed = cluster.client(&["diff", &job.to_string(), "-o", "json"]).expect(1);
    let mut of_job = printed.json();
    assert_eq!(of_job["job"], job);
    of_job.as_object_mut().unwrap().remove("job");
    let of_files =
        cluster.client(&["diff", "card.json", "changed.json", "documents", "-o", "json"]);
    let of_files = of_files.expect(1).json();
    assert_eq!(of_job, of_files);
    assert_eq!(of_job["documents"], 300, "the decided ones and the others");
    let columns = of_job["columns"].as_array().unwrap();
    let names: Vec<&str> =
        columns.iter().map(|changed| changed["column"].as_str().unwrap()).collect();
    assert_eq!(names, ["segment", "client_ip"], "{of_job}");
    let gone = &columns[1];
    assert_eq!((&gone["changes"], &gone["appears"]), (&0.into(), &0.into()), "{gone}");
    assert!(gone["disappears"].as_u64() > Some(200), "{gone}");
    assert_eq!(gone["app_ids"].as_array().unwrap().len(), 10);
    assert!(!printed.stdout.contains("NOBODY"), "a value: {}", printed.stdout);

    let refused = cluster.client(&["diff", &load.to_string()]).expect(2);
    assert!(refused.stderr.contains("compares no contracts"), "{refused:?}");
    let loan = xmlx_samples::contract(Line::Loan).replace("application_xml", "other_xml");
    cluster.write("other.json", &loan);
    let args = ["diff", &load.to_string(), "--contract", "other.json"];
    let refused = cluster.client(&args).expect(2);
    assert!(refused.stderr.contains("not for the same documents"), "{refused:?}");
}
