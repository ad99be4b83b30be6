//! Manual pages and completion scripts, as packages carry them: every command and flag that `--help` shows is there.

#![allow(clippy::unwrap_used, reason = "tests panic where something does not hold")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command as Process;

use clap::{Command, CommandFactory as _};
use xmlx_tests::{Output, binary};

fn programs() -> [(Command, &'static str); 3] {
    [
        (xmlx_client::Cli::command(), "1"),
        (xmlx_coordinator::Args::command(), "8"),
        (xmlx_worker::Args::command(), "8"),
    ]
}

/// What a program writes, without any setting.
fn written(program: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Process::new(binary(program));
    command.env_clear().arg("--write-manuals").arg(folder.path());
    let printed = Output::of(command).expect(0);
    assert_eq!((printed.stdout.as_str(), printed.stderr.as_str()), ("", ""));
    folder
}

/// Every command with the file name of its page, hidden ones left out.
fn pages<'a>(command: &'a Command, name: &str) -> Vec<(String, &'a Command)> {
    let below = command.get_subcommands();
    let below = below.filter(|below| !below.is_hide_set() && below.get_name() != "help");
    let below = below.flat_map(|below| pages(below, &format!("{name}-{}", below.get_name())));
    std::iter::once((name.to_owned(), command)).chain(below).collect()
}

/// As a reader sees it: without what the format escapes.
fn text(path: &Path) -> String {
    let page = std::fs::read_to_string(path).unwrap_or_else(|err| panic!("{path:?}: {err}"));
    page.replace("\\-", "-").replace("\\fB", "").replace("\\fI", "").replace("\\fR", "")
}

#[test]
fn every_command_and_flag_has_its_place_in_a_page() {
    for (mut command, section) in programs() {
        command.build();
        let name = command.get_name().to_owned();
        let folder = written(&name);
        let folder = folder.path().join(format!("man/man{section}"));
        let mut expected = BTreeSet::new();
        for (page, command) in pages(&command, &name) {
            let file = format!("{page}.{section}");
            let text = text(&folder.join(&file));
            expected.insert(file);
            assert!(!text.contains("-help("), "{page} names a page that is not there");
            for part in [".SH NAME", ".SH SYNOPSIS", ".SH DESCRIPTION", ".SH \"SEE ALSO\""] {
                assert!(text.contains(part), "{page} has no {part}:\n{text}");
            }
            for arg in command.get_arguments().filter(|arg| !arg.is_hide_set()) {
                let flag = arg.get_long().map(|long| format!("--{long}"));
                let variable = arg.get_env().map(|name| name.to_string_lossy().into_owned());
                for word in flag.into_iter().chain(variable) {
                    assert!(text.contains(&word), "{page} does not name {word}:\n{text}");
                }
            }
        }
        let found: BTreeSet<String> = names(&folder);
        assert_eq!(found, expected);
    }
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// Each shell completes every command and every setting.
#[test]
fn every_command_and_setting_is_completed() {
    for (command, _) in programs() {
        let name = command.get_name().to_owned();
        let folder = written(&name);
        let scripts: [PathBuf; 3] = [
            format!("bash-completion/completions/{name}"),
            format!("zsh/vendor-completions/_{name}"),
            format!("fish/vendor_completions.d/{name}.fish"),
        ]
        .map(|path| folder.path().join(path));
        for script in scripts {
            let text = std::fs::read_to_string(&script).unwrap();
            for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
                let below = below.get_name();
                assert!(text.contains(below), "{} does not know {below}", script.display());
            }
            for arg in command.get_arguments().filter(|arg| !arg.is_hide_set()) {
                let long = arg.get_long().unwrap();
                assert!(text.contains(long), "{} does not know {long}", script.display());
            }
        }
        let script = folder.path().join(format!("bash-completion/completions/{name}"));
        let mut bash = Process::new("bash");
        bash.arg("-n").arg(script);
        let _ = Output::of(bash).expect(0);
    }
}

/// A folder that cannot be written is an error, and a wrong number of arguments is wrong usage.
#[test]
fn what_cannot_be_written_is_told() {
    let mut nowhere = Process::new(binary("xmlx-worker"));
    nowhere.env_clear().args(["--write-manuals", "/proc/no-such-folder"]);
    let refused = Output::of(nowhere).expect(1);
    assert!(refused.stderr.starts_with("error: "), "{refused:?}");
    let mut incomplete = Process::new(binary("xmlx-worker"));
    incomplete.env_clear().arg("--write-manuals");
    let _ = Output::of(incomplete).expect(64);
}
