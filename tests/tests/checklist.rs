//! The commands of docs/migration-checklist.md are run, in their order, and each of them says yes where nothing is wrong.

#![allow(clippy::unwrap_used, reason = "tests panic where something does not hold")]

use xmlx_samples::{Line, Options, Synth};
use xmlx_tests::{Cluster, Setup, workspace};

/// The commands of the page, without the program's name.
fn commands() -> Vec<String> {
    let page = std::fs::read_to_string(workspace().join("docs/migration-checklist.md")).unwrap();
    let lines = page.lines().filter_map(|line| line.strip_prefix("$ xmlx-client "));
    lines.map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_of_the_checklist_says_yes_where_nothing_is_wrong() {
    let cluster = Cluster::start(Setup::small(60)).await;
    let options = Options { seed: 7, first_id: 1, broken_permille: 0, padding_bytes: 0 };
    let synth = Synth::new(options);
    let document = (0..).map(|n| synth.application(n)).find(|it| it.line == Line::Card).unwrap();
    let file = format!("{}.xml", document.app_id);
    cluster.write(&file, &document.xml);
    let (mut n_jobs, mut rehearsal) = (0, 0);
    let commands = commands();
    for command in &commands {
        let words: Vec<String> = command
            .split(' ')
            .map(|word| match word {
                "JOB" => n_jobs.to_string(),
                "REHEARSAL" => rehearsal.to_string(),
                "123.xml" => file.clone(),
                _ => word.to_owned(),
            })
            .collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let _ = cluster.client(&words).expect(0);
        if matches!(words[0], "submit" | "retry") {
            n_jobs += 1;
        }
        if words.contains(&"--dry-run") {
            rehearsal = n_jobs;
        }
    }
    assert!(commands.len() >= 12, "{commands:?}");
    assert!(rehearsal > 0);
    assert_eq!(cluster.logged().await, 60, "all of them are loaded in the end");
    cluster.assert_each_verified(&(1..=n_jobs).collect::<Vec<i64>>());
}
