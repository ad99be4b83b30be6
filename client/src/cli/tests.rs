//! The command line: what is understood, what is refused, and what help says.

use clap::{CommandFactory as _, Parser as _};
use xmlx_runtime::{Environment, Failure, Loaded, load_settings_from};

use super::*;

fn load(line: &str, variables: &[(&str, &str)]) -> Result<Loaded<Cli>, Failure> {
    let argv =
        std::iter::once("xmlx-client").chain(line.split(' ').filter(|word| !word.is_empty()));
    load_settings_from(argv.map(Into::into).collect(), &Environment::new(variables.iter().copied()))
}

fn command(line: &str) -> Command {
    load(line, &[]).unwrap_or_else(|err| panic!("{line}: {err}")).settings.command.unwrap()
}

/// What `clap` says of a wrong command line.
fn usage(line: &str) -> String {
    match load(line, &[]) {
        Err(Failure::Usage(err)) => err.to_string(),
        Err(Failure::Invalid(err)) => panic!("{line}: {err}"),
        Ok(_) => panic!("`{line}` is understood"),
    }
}

/// Command lines of those that ask a coordinator, and what they mean.
const OF_THE_CLUSTER: &[(&str, &str)] = &[
    ("status", "Status { watch: false }"),
    ("status -w", "Status { watch: true }"),
    ("jobs", "Jobs(ListLimit { limit: 0 })"),
    ("jobs --limit 3", "Jobs(ListLimit { limit: 3 })"),
    ("ranges 7", "Ranges { job: 7, most: ListLimit { limit: 0 } }"),
    ("workers", "Workers"),
    ("pause 7", "Pause { job: 7 }"),
    ("resume 7", "Resume { job: 7 }"),
    ("cancel 7", "Cancel { job: 7 }"),
    ("drain w1", "Drain { worker: \"w1\" }"),
    ("throttle --commits 8", "Throttle(Throttle { commits: Some(8), off: false })"),
    ("throttle --off", "Throttle(Throttle { commits: None, off: true })"),
    ("prune --older-than 2h", "Prune { older_than: 7200s, dry_run: false }"),
    ("prune --older-than 1s --dry-run", "Prune { older_than: 1s, dry_run: true }"),
    (
        "failures 7",
        "Failures(Failures { job: 7, limit: 100, filter: FailureFilter { stage: None, reason: None, column: None, app: None }, groups: false, export: None })",
    ),
    (
        "failures 7 --stage mapping --reason x --column a.b --app -5 --groups",
        "Failures(Failures { job: 7, limit: 100, filter: FailureFilter { stage: Some(\"mapping\"), reason: Some(\"x\"), column: Some(\"a.b\"), app: Some(-5) }, groups: true, export: None })",
    ),
    ("quality 7", "Quality { job: 7, against: None, all: false }"),
    ("quality 7 --against 6 --all", "Quality { job: 7, against: Some(6), all: true }"),
    ("runs 5 --job 7", "Runs { app: 5, job: Some(7), most: ListLimit { limit: 0 } }"),
    (
        "explain 5 card.limit --job 7 --values --limit 3 --skip 2",
        "Explain(Explain { what: \"5\", part: Some(\"card.limit\"), contract: [], ddl: None, app_id: None, job: Some(7), values: true, limit: 3, skip: 2 })",
    ),
    (
        "explain 5.xml --contract c.json",
        "Explain(Explain { what: \"5.xml\", part: None, contract: [\"c.json\"], ddl: None, app_id: None, job: None, values: false, limit: 20, skip: 0 })",
    ),
    ("warnings 7", "Warnings { job: 7, column: None }"),
    ("warnings 7 --column a.b", "Warnings { job: 7, column: Some(\"a.b\") }"),
    ("audit --since 7d", "Audit { since: Some(604800s), verify: false }"),
    ("audit --verify", "Audit { since: None, verify: true }"),
    ("token list", "Token(List)"),
    ("token revoke a", "Token(Revoke { id: \"a\" })"),
    ("verify 7", "Verify { job: 7, history: false }"),
    ("verify 7 --history", "Verify { job: 7, history: true }"),
    (
        "reconcile 7 --limit 9",
        "Reconcile(Reconcile { job: 7, from: None, to: None, limit: Some(9), sample: None, report: None })",
    ),
];

/// The same of the others.
const OF_FILES_AND_THE_DATABASE: &[(&str, &str)] = &[
    ("init --print", "Init { print: true }"),
    ("schema c.json", "Schema { contract: Some(\"c.json\"), contract_format: false }"),
    ("schema --contract-format", "Schema { contract: None, contract_format: true }"),
    ("grants", "Grants { contract: None, replace: false }"),
    ("check a b --role reader", "Check { contract: [\"a\", \"b\"], role: Some(Reader) }"),
    ("load dir --contract c", "Load { dir: \"dir\", contract: \"c\", replace: false }"),
    (
        "map --contract c 1.xml",
        "Map { contract: [\"c\"], app_id: None, ddl: None, files: [\"1.xml\"] }",
    ),
    (
        "coverage --contract c dir --fail-on unread",
        "Coverage(Coverage { contract: [\"c\"], ddl: None, fail_on: [Unread], all: false, from: None, to: None, limit: None, files: [\"dir\"] })",
    ),
    (
        "diff a b dir",
        "Diff(Diff { ddl: None, values: false, contract: [], from: None, to: None, limit: None, given: [\"a\", \"b\", \"dir\"] })",
    ),
    ("bench dir --contract c", "Bench { dir: \"dir\", contract: \"c\", threads: 1, seconds: 5 }"),
    ("demo --apps 5 --help", "Demo { rest: [\"--apps\", \"5\", \"--help\"] }"),
    ("up", "Up { rest: [] }"),
    ("completions bash", "Completions { shell: Bash }"),
];

#[test]
fn every_command_is_understood() {
    for (line, expected) in OF_THE_CLUSTER.iter().chain(OF_FILES_AND_THE_DATABASE) {
        assert_eq!(format!("{:?}", command(line)), *expected, "{line}");
    }
}

#[test]
fn a_wait_has_two_ends() {
    let wait = |line: &str| {
        let found = command(line);
        if let Command::Retry(retry) = &found {
            return retry.args.wait;
        }
        let Command::Submit(submit) = &found else { panic!("{line} submits nothing") };
        submit.args.wait
    };
    assert_eq!(wait("submit --contract c"), None);
    assert_eq!(wait("submit --contract c --wait"), Some(Wait::UntilEnded));
    assert_eq!(wait("submit --contract c --wait=until-paused"), Some(Wait::UntilPaused));
    assert_eq!(wait("retry --contract c --wait=until-ended"), Some(Wait::UntilEnded));
}

#[test]
fn wrong_usage_is_refused_with_the_way_out() {
    for (line, expected) in [
        ("stauts", "'status'"),
        ("status --wach", "--watch"),
        ("submit", "--contract <FILE>"),
        ("submit --contract c --follow --wait", "--wait"),
        ("submit --contract c --follow --to 9", "--to"),
        ("submit --contract c --follow --limit 9", "--limit"),
        ("submit --contract c --wait=never", "until-paused"),
        ("submit --contract c --follow --sample 1%", "--sample"),
        ("submit --contract c --sample 100%", "above 0% and below 100%"),
        ("retry", "--contract <FILE>"),
        ("retry --contract c --stage mapping", "JOB"),
        ("retry --contract c --yes", "JOB"),
        ("reconcile 7 --sample 2", "above 0% and below 100%"),
        ("submit --contract c --max-failures many", "many"),
        ("throttle", "--commits <N>"),
        ("throttle --commits 0", "0 is not in"),
        ("throttle --commits 3 --off", "cannot be used with"),
        ("prune", "--older-than <DURATION>"),
        ("prune --older-than 90", "`90` is no duration"),
        ("pause", "<JOB>"),
        ("pause seven", "'seven'"),
        ("schema", "<CONTRACT>"),
        ("schema c --contract-format", "cannot be used with"),
        ("check", "<CONTRACT>..."),
        ("check c --role king", "coordinator, worker, reader"),
        ("map --contract c", "<FILES>..."),
        ("coverage --contract c", "<FILES|JOB>..."),
        ("coverage --contract c --limit 3 f", "cannot be used with"),
        ("coverage --contract c f --fail-on read", "unread, unmatched"),
        ("diff", "<OLD NEW FILES|JOB>..."),
        ("diff a b c --limit 3", "--contract <NEW>"),
        ("bench d --contract c --threads 0", "1..=1024"),
        ("bench d --contract c --seconds 0", "1..=3600"),
        ("status -o xml", "[possible values: table, json]"),
    ] {
        let refused = usage(line);
        assert!(refused.contains(expected), "`{line}`: {refused}");
    }
}

#[test]
fn settings_are_refused_together() {
    let variables = [("XMLX_COORDINATOR", "http://a:1")];
    let err = load("status --coordinators host1:7400 --limits x", &variables).unwrap_err();
    let Failure::Invalid(err) = err else { panic!("{err}") };
    let expected = "the settings are invalid in 3 places\n  \
         XMLX_COORDINATOR: no program reads this variable; did you mean `XMLX_COORDINATORS`?\n  \
         --coordinators: `host1:7400` has no scheme; write it like `https://host1:7400`\n  \
         --limits: `x` sets no limit: write it like `depth=300` or `document_bytes=128MiB`";
    assert_eq!(err.to_string(), expected);
}

#[test]
fn only_a_command_that_uses_the_database_looks_at_it() {
    let wrong = [("XMLX_DATABASE", "Server=s;Database=d;Colour=1;Password=hush")];
    for line in ["status", "jobs", "init --print", "map --contract c 1.xml", "grants", "pause 7"] {
        let loaded = load(line, &wrong).unwrap_or_else(|err| panic!("{line}: {err}"));
        assert_eq!(loaded.config.database, None, "{line}");
    }
    for line in ["init", "check c", "load d --contract c", "--check-config"] {
        let err = load(line, &wrong).unwrap_err().to_string();
        assert!(err.contains("XMLX_DATABASE: ") && err.contains("`Colour`"), "{line}: {err}");
        assert!(!err.contains("hush"), "{line}: {err}");
    }
    let good = [("XMLX_DATABASE", "Server=s;Database=d;User Id=u;Password=p")];
    let loaded = load("init", &good).unwrap();
    assert!(loaded.config.database.is_some_and(|database| database.warning.is_none()));
    assert_eq!(load("init", &[]).unwrap().config.database, None, "`store` says what is missing");
}

/// The commands that do something, with the words that call them.
fn leaves(command: &clap::Command, words: &str) -> Vec<(String, clap::Command)> {
    let mut found = Vec::new();
    for subcommand in command.get_subcommands().filter(|command| !command.is_hide_set()) {
        let words = format!("{words}{} ", subcommand.get_name());
        if subcommand.has_subcommands() {
            found.extend(leaves(subcommand, &words));
        } else {
            found.push((words.trim_end().to_owned(), subcommand.clone()));
        }
    }
    found
}

#[test]
fn help_shows_an_example_that_is_understood() {
    for (name, command) in leaves(&Cli::command(), "") {
        let about = command.get_long_about().or(command.get_about()).unwrap().to_string();
        let (_, example) = about
            .split_once("Example: xmlx-client ")
            .unwrap_or_else(|| panic!("`{name}` has no example"));
        let example = example.split(" > ").next().unwrap_or_default();
        assert!(example.starts_with(&name), "{name}: {example}");
        let parsed = Cli::try_parse_from(format!("xmlx-client {example}").split(' '));
        assert!(parsed.is_ok(), "{name}: {parsed:?}");
        for arg in command.get_arguments().filter(|arg| !arg.is_hide_set()) {
            assert!(arg.get_help().is_some(), "{name}: `{}` is not described", arg.get_id());
        }
    }
}
