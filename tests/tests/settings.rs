//! What is written about settings is what the programs have: the page, the sample files and the list of names.
//!
//! With `XMLX_TEST_BLESS` set the test writes these files anew instead of comparing them.

#![allow(clippy::unwrap_used, reason = "tests panic where something does not hold")]

use clap::CommandFactory as _;
use xmlx_runtime::{Program, sample_file, setting_names, settings_of, settings_page};
use xmlx_tests::workspace;

const COORDINATOR: &str = "Two or three of them run in a cluster, each on a host of its own, usually with the same settings but for `advertise`.\n`deploy/xmlx-coordinator.toml` is a sample file.";
const WORKER: &str = "As many as it takes run in a cluster, usually all with the same settings.\n`deploy/xmlx-worker.toml` is a sample file.";

const CLIENT: &str = "It runs wherever somebody submits and watches jobs.\n`deploy/xmlx-client.toml` is a sample file.";

/// How settings begin that name a file, or what it holds.
const FILES: [&str; 5] = ["database", "source_database", "tls_", "token", "roles"];

fn programs() -> [Program; 3] {
    [
        Program { command: xmlx_coordinator::Args::command(), about: COORDINATOR },
        Program { command: xmlx_worker::Args::command(), about: WORKER },
        Program { command: xmlx_client::Cli::command(), about: CLIENT },
    ]
}

fn compare(file: &str, expected: &str) {
    let path = workspace().join(file);
    if std::env::var_os("XMLX_TEST_BLESS").is_some() {
        std::fs::write(path, expected).unwrap();
        return;
    }
    let found = std::fs::read_to_string(path).unwrap_or_default();
    let way_out =
        "write it anew with `XMLX_TEST_BLESS=1 cargo nextest run -p xmlx-tests --test settings`";
    assert!(found == expected, "`{file}` is not what the settings are; {way_out}");
}

#[test]
fn the_page_and_the_samples_are_up_to_date() {
    let programs = programs();
    compare("docs/settings.md", &settings_page(&programs));
    compare("crates/runtime/src/settings/names.txt", &setting_names(&programs));
    for Program { command, .. } in &programs {
        compare(&format!("deploy/{}.toml", command.get_name()), &sample_file(command));
    }
}

/// Who knows one of the three names of a setting knows the others.
#[test]
fn the_names_of_a_setting_follow_from_each_other() {
    for Program { command, .. } in programs() {
        for setting in settings_of(&command) {
            let key = &setting.key;
            assert_eq!(setting.flag, format!("--{}", key.replace('_', "-")));
            let usual = format!("XMLX_{}", key.to_uppercase());
            // `XMLX_NAME` would say nothing of whose name it is.
            let expected = if key == "name" { "XMLX_WORKER_NAME" } else { &usual };
            assert_eq!(setting.variable, expected);
            assert!(!setting.help.is_empty(), "`{key}` is not described");
        }
    }
}

/// A sample whose comments are taken away is a settings file that the program takes.
#[test]
fn the_samples_are_what_the_programs_read() {
    let folder = tempfile::tempdir().unwrap();
    for Program { command, .. } in programs() {
        let name = command.get_name().to_owned();
        let lines: Vec<String> = sample_file(&command)
            .lines()
            .filter_map(|line| line.strip_prefix('#'))
            .filter(|line| line.contains(" = ") && !line.starts_with(' '))
            .map(|line| {
                let text =
                    if line.starts_with("metrics_listen") { "'127.0.0.1:9400'" } else { "'x'" };
                line.replace("''", text).replace("[]", "['depth=9']")
            })
            // What names files that are not there.
            .filter(|line| !FILES.iter().any(|start| line.starts_with(start)))
            .collect();
        let path = folder.path().join(&name);
        std::fs::write(&path, lines.join("\n")).unwrap();
        let mut program = std::process::Command::new(xmlx_tests::binary(&name));
        program.env("XMLX_DATABASE", "Server=s;Database=d;User Id=u;Password=p");
        program.args(["--check-config", "--config"]).arg(&path);
        let _ = xmlx_tests::Output::of(program).expect(0);
        assert!(lines.len() >= 2, "{lines:?}");
    }
}
