//! A small program's settings through all four places.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Parser;
use xmlx_runtime::{
    Checks, ConfigFlags, DatabaseSettings, Environment, Failure, Loaded, Settings,
    load_settings_from, parse_duration,
};

/// A program for tests
#[derive(Clone, Debug, Parser)]
#[command(name = "sample", version)]
struct Sample {
    #[command(flatten)]
    flags: ConfigFlags,
    #[command(flatten)]
    database: DatabaseSettings,
    /// How long it waits
    #[arg(long, env = "XMLX_PATIENCE", default_value = "3s", value_parser = parse_duration)]
    patience: Duration,
    /// How many it takes
    #[arg(long, env = "XMLX_COUNT", default_value = "4", value_parser = clap::value_parser!(u32).range(1..=9))]
    count: u32,
    /// Whom it asks
    #[arg(long, env = "XMLX_HOSTS", value_delimiter = ',', default_value = "a")]
    hosts: Vec<String>,
    /// Who watches
    #[arg(long, env = "XMLX_WATCHER")]
    watcher: Option<String>,
    #[arg(long, hide = true)]
    hidden: bool,
}

impl Settings for Sample {
    type Config = String;

    fn flags(&self) -> &ConfigFlags {
        &self.flags
    }

    fn check(&self, checks: &mut Checks<'_>) -> Option<String> {
        if self.watcher.as_deref() == Some("nobody") {
            checks.refuse("watcher", &"`nobody` does not watch");
        }
        Some(self.database.connection(checks)?.secret.reveal().to_owned())
    }
}

const DATABASE: (&str, &str) = ("XMLX_DATABASE", "Server=s;Password=hush");

fn load(args: &[&str], variables: &[(&str, &str)]) -> Result<Loaded<Sample>, Failure> {
    let argv = ["sample"].iter().chain(args).map(Into::into).collect();
    load_settings_from(argv, &Environment::new(variables.iter().copied()))
}

fn valid(args: &[&str], variables: &[(&str, &str)]) -> Loaded<Sample> {
    load(args, variables).unwrap_or_else(|err| panic!("{args:?}: {err}"))
}

fn refusal(args: &[&str], variables: &[(&str, &str)]) -> String {
    let err = load(args, variables).expect_err("invalid").to_string();
    assert!(!err.contains("hush"), "a password is shown: {err}");
    err
}

/// A folder with a settings file, and the path of that.
fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("sample.toml");
    std::fs::write(&path, text).expect("writable");
    (folder, path)
}

fn shown(path: &Path) -> &str {
    path.to_str().expect("a path of ours")
}

#[test]
fn a_flag_wins_over_a_variable_over_the_file_over_the_default() {
    let (_folder, path) = file("patience = '1s'\ncount = 1\nhosts = ['f', 'g']\n");
    let config = ["--config", shown(&path)];
    let variables = [DATABASE, ("XMLX_PATIENCE", "2s"), ("XMLX_COUNT", "2"), ("XMLX_HOSTS", "")];
    let read = |args: &[&str], variables: &[(&str, &str)]| {
        let Sample { patience, count, hosts, .. } = valid(args, variables).settings;
        (patience.as_secs(), count, hosts.join("+"))
    };
    assert_eq!(read(&[], &[DATABASE]), (3, 4, "a".to_owned()));
    assert_eq!(read(&config, &[DATABASE]), (1, 1, "f+g".to_owned()));
    assert_eq!(read(&config, &variables), (2, 2, "f+g".to_owned()));
    let flags = ["--config", shown(&path), "--count=5", "--hosts", "x,y", "--hidden"];
    assert_eq!(read(&flags, &variables), (2, 5, "x+y".to_owned()));
    let by_variable = [DATABASE, ("XMLX_CONFIG", shown(&path)), ("XMLX_HOSTS", "v,w")];
    assert_eq!(read(&[], &by_variable), (1, 1, "v+w".to_owned()));
}

#[test]
fn everything_that_is_wrong_is_said_at_once_with_its_place() {
    let (_folder, path) = file("# ours\npatience = '5'\nhost = 'x'\nwatcher = 'nobody'\n");
    let args = ["--config", shown(&path), "--count", "0", "--patiense", "1s", "--watch=me"];
    let err = refusal(&args, &[("XMLX_PATIENT", "1s"), ("XMLX_HOSTS", "v")]);
    let path = path.display();
    let expected = format!(
        "the settings are invalid in 8 places\n  \
         --patiense: there is no such flag; did you mean `--patience`?\n  \
         --watch: there is no such flag; did you mean `--watcher`?\n  \
         XMLX_PATIENT: no program reads this variable; did you mean `XMLX_PATIENCE`?\n  \
         {path}, line 3: there is no setting `host`; did you mean `hosts`?\n  \
         {path}, line 2: `patience`: `5` is no duration (time unit needed, for example 5sec or 5ms); write it like `30s` or `5m`\n  \
         --count: `0`: 0 is not in 1..=9\n  \
         {path}, line 4: `watcher`: `nobody` does not watch\n  \
         `database`: there is no database: set `--database-file` or XMLX_DATABASE to an ADO.NET connection string"
    );
    assert_eq!(err, expected);
}

#[test]
fn what_another_program_reads_is_no_mistake() {
    let (_folder, path) = file("slots = 3\n");
    let variables = [DATABASE, ("XMLX_SLOTS", "3"), ("XMLX_TEST_SERVER", "x")];
    let _ = valid(&["--config", shown(&path)], &variables);
}

#[test]
fn a_connection_string_is_taken_from_the_strongest_place_whatever_its_form() {
    let (_folder, string) = file("in file\n");
    let string = shown(&string);
    let (_other, settings) = file(&format!("database_file = '{string}'\n"));
    let by_text = [("XMLX_DATABASE", "variable")];
    let by_file = [("XMLX_DATABASE_FILE", string)];
    let config = ["--config", shown(&settings)];
    for (args, variables, expected) in [
        (&["--database", "flag"][..], &by_file[..], "flag"),
        (&["--database-file", string], &by_text, "in file"),
        (&config, &by_text, "variable"),
        (&config, &[("XMLX_DATABASE", "")], "in file"),
    ] {
        assert_eq!(valid(args, variables).config, expected, "{args:?} {variables:?}");
    }
    let both = refusal(&["--database", "hush", "--database-file", string], &by_text);
    assert!(both.contains("both `--database` and `--database-file` are set; keep one"), "{both}");
    let both = refusal(&config, &[by_text[0], by_file[0]]);
    let expected = "XMLX_DATABASE_FILE: both `XMLX_DATABASE` and `XMLX_DATABASE_FILE` are set";
    assert!(both.contains(expected) && both.starts_with("the settings are invalid\n"), "{both}");
}

#[test]
fn a_printed_configuration_can_be_read_back() {
    let (_folder, path) = file("hosts = ['f', 'g']\n");
    let args = ["--config", shown(&path), "--count", "7"];
    let printed = valid(&args, &[DATABASE, ("XMLX_WATCHER", "C:\\me")]).print_config();
    let path = path.display();
    let expected = format!(
        "# The settings of sample, each with where its value came from.\n\
         # Read them back with `sample --config FILE`.\n\n\
         # A secret: give it in XMLX_DATABASE, or in a file that `database_file` names.\n\
         # database = \"***\"  # environment: XMLX_DATABASE\n\n\
         # database_file is not set\n\n\
         # database_ca is not set\n\n\
         patience = \"3s\"  # default\n\n\
         count = 7  # flag: --count\n\n\
         hosts = [\"f\", \"g\"]  # file: {path}, line 1\n\n\
         watcher = 'C:\\me'  # environment: XMLX_WATCHER\n"
    );
    assert_eq!(printed, expected);
    let (_folder, back) = file(&printed);
    let again = valid(&["--config", shown(&back)], &[DATABASE]).settings;
    assert_eq!((again.count, again.patience), (7, Duration::from_secs(3)));
    assert_eq!(
        (again.hosts.join("+"), again.watcher.as_deref()),
        ("f+g".to_owned(), Some("C:\\me"))
    );
}

#[test]
fn wrong_usage_is_reported_as_usage() {
    for (args, expected) in [
        (&["--nonsense"][..], "unexpected argument '--nonsense'"),
        (&["--patiense", "1s"], "--patience"),
        (&["--count"], "a value is required"),
        (&["--help"], "[env: XMLX_PATIENCE"),
        (&["--version"], "sample"),
    ] {
        let Err(Failure::Usage(err)) = load(args, &[DATABASE]) else { panic!("{args:?} is usage") };
        assert!(err.to_string().contains(expected), "{args:?}: {err}");
    }
}
