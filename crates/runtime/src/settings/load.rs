//! Brings the four places together, checks each value where it stands, and hands the program what is meant.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::builder::{Resettable, ValueParser};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command};

use super::connection::both;
use super::definition::{config_variable, is_setting};
use super::environment::is_key_of_any_program;
use super::file::{self, Entry};
use super::print::print_config;
use super::problem::{Invalid, Origin, Origins, Place, Problem, suggestion};
use super::{Checks, Environment, Setting, settings_of};
use crate::manuals::WRITE_MANUALS;
use crate::{EXIT_USAGE, printable, printable_lines, write_manuals};

/// The flags that every program has for its settings.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct ConfigFlags {
    /// TOML file with any of the settings below; a flag or a variable wins over it
    #[arg(long, value_name = "FILE", env = "XMLX_CONFIG", global = true)]
    config: Option<PathBuf>,
    /// Check the settings without connecting to anything, and exit: 0 where they are valid, else 64
    #[arg(long)]
    check_config: bool,
    /// Print the settings as a file that `--config` reads, each with where it came from, and exit
    ///
    /// Secrets are printed as `***` and commented out: give them in their variable, or in a file of their own.
    #[arg(long)]
    print_config: bool,
}

/// The settings of a program as its command line defines them.
pub trait Settings: clap::Parser {
    /// What they mean.
    type Config;

    /// Its flags for the settings themselves.
    fn flags(&self) -> &ConfigFlags;

    /// What the settings mean together; what is wrong is recorded in `checks`, and `None` returned.
    fn check(&self, checks: &mut Checks<'_>) -> Option<Self::Config>;
}

/// Settings that are valid.
#[derive(Debug)]
pub struct Loaded<S: Settings> {
    /// As they were written.
    pub settings: S,
    /// As they are meant.
    pub config: S::Config,
    /// Where they came from.
    pub origins: Origins,
}

impl<S: Settings> Loaded<S> {
    /// Does what `--print-config` and `--check-config` ask for; whether the program ends with that.
    ///
    /// # Errors
    /// Where standard output cannot be written.
    pub fn ends_here(&self) -> std::io::Result<bool> {
        let flags = self.settings.flags();
        if flags.print_config {
            std::io::stdout().write_all(self.print_config().as_bytes())?;
        }
        Ok(flags.print_config || flags.check_config)
    }

    /// The settings as a file that can be read back.
    #[must_use]
    pub fn print_config(&self) -> String {
        print_config(&S::command(), &self.origins)
    }
}

/// Why a program does not start.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The command line cannot be read, or asks for help.
    #[error(transparent)]
    Usage(#[from] clap::Error),
    /// Settings are wrong.
    #[error(transparent)]
    Invalid(#[from] Invalid),
}

/// The settings of this process. Ends it where they are wrong, or where only help or the manual was asked for.
#[must_use]
#[allow(clippy::print_stderr, reason = "there is no log before there are settings")]
pub fn load<S: Settings>() -> Loaded<S> {
    let argv: Vec<OsString> = std::env::args_os().collect();
    // Whoever makes a package has no settings, so this comes before they are looked at.
    if let [_, flag, folder] = &argv[..]
        && flag == WRITE_MANUALS
    {
        let written = write_manuals(&S::command(), Path::new(folder));
        let problem = |err| eprintln!("{}", printable_lines(&format!("error: {err}")));
        std::process::exit(i32::from(written.map_err(problem).is_err()))
    }
    load_from(argv, &Environment::of_process()).unwrap_or_else(|failure| match failure {
        Failure::Usage(err) => {
            drop(err.print());
            std::process::exit(if err.use_stderr() { EXIT_USAGE.into() } else { 0 })
        }
        Failure::Invalid(err) => {
            eprintln!("{}", printable_lines(&format!("error: {err}")));
            std::process::exit(EXIT_USAGE.into())
        }
    })
}

/// The settings of a command line and an environment.
///
/// # Errors
/// All that is wrong with them, at once.
pub fn load_from<S: Settings>(
    argv: Vec<OsString>,
    environment: &Environment,
) -> Result<Loaded<S>, Failure> {
    let command = S::command();
    let settings = settings_of(&command);
    let (mut flags, unknown_flag) = Flags::read(&command, argv)?;
    let config = config_variable(&command);
    let mut problems = std::mem::take(&mut flags.problems);
    problems.extend(environment.unknown(&settings, config.as_deref()));
    let path = flags.matches.try_get_one::<PathBuf>("config").ok().flatten().cloned();
    let in_variable = || config.as_deref().and_then(|name| environment.get(name));
    let path = path.or_else(|| in_variable().map(PathBuf::from));
    let (entries, of_file) = path.as_deref().map(file::read).unwrap_or_default();
    problems.extend(of_file);
    problems.extend(unknown_keys(&settings, &entries, path.as_deref()));

    let mut origins = Origins::default();
    let mut given: BTreeMap<String, (Origin, Vec<OsString>)> = BTreeMap::new();
    for setting in &settings {
        let found = flags.value(setting).or_else(|| from_variable(setting, environment));
        let found = found.or_else(|| from_file(setting, &entries, path.as_deref()));
        given.extend(found.map(|found| (setting.key.clone(), found)));
    }
    problems.extend(choose_between_text_and_file(&mut given, &mut origins));
    for setting in &settings {
        let Some((origin, values)) = given.get(&setting.key).cloned() else { continue };
        let texts = values.iter().map(|value| value.to_string_lossy().into_owned()).collect();
        origins.values.insert(setting.key.clone(), (origin, texts));
        let wrong = values.iter().find_map(|value| problem_of(setting, value));
        if let Some(message) = wrong {
            problems.push(Problem { place: origins.place(&setting.key), message });
            origins.unreadable.insert(setting.key.clone());
        }
    }
    for key in &origins.unreadable {
        given.remove(key);
        flags.remove(&settings, key);
    }
    // A misspelt flag alone is reported as `clap` does, with the usage.
    if let (Some(err), 1) = (unknown_flag, problems.len()) {
        return Err(err.into());
    }
    let settings = match read_typed::<S>(&command, flags.argv, &given) {
        Ok(settings) => settings,
        Err(err) if problems.is_empty() => return Err(err.into()),
        Err(_) => return Err(Invalid(problems).into()),
    };
    let mut checks = Checks::new(&origins);
    let config = settings.check(&mut checks);
    problems.extend_from_slice(checks.problems());
    match config {
        Some(config) if problems.is_empty() => Ok(Loaded { settings, config, origins }),
        Some(_) | None => Err(Invalid(problems).into()),
    }
}

/// The command line, read without looking at the values of settings.
struct Flags {
    argv: Vec<OsString>,
    matches: ArgMatches,
    problems: Vec<Problem>,
}

impl Flags {
    /// Takes flags that nobody knows out of `argv`, one after the other, so that all of them are found. The first
    /// comes back as `clap` would report it.
    fn read(
        command: &Command,
        mut argv: Vec<OsString>,
    ) -> Result<(Self, Option<clap::Error>), clap::Error> {
        let untyped = command.clone().mut_args(|arg| {
            let arg = without_variable(arg);
            if !is_setting_without_variable(command, &arg) {
                return arg;
            }
            arg.value_parser(ValueParser::os_string()).default_value(Resettable::Reset)
        });
        let mut problems = Vec::new();
        let mut first = None;
        loop {
            let err = match untyped.clone().try_get_matches_from(&argv) {
                Ok(matches) => return Ok((Self { argv, matches, problems }, first)),
                Err(err) => err,
            };
            // Help shows the variables and the defaults, which only the command as it was defined has.
            let as_defined = || {
                let outcome = command.clone().try_get_matches_from(&argv);
                outcome.err().unwrap_or_else(|| clap::Error::new(err.kind()))
            };
            let unknown = match (err.kind(), err.get(ContextKind::InvalidArg)) {
                (ErrorKind::UnknownArgument, Some(ContextValue::String(flag))) => flag.clone(),
                (ErrorKind::DisplayHelp, _) => return Err(as_defined()),
                _ => return Err(first.unwrap_or(err)),
            };
            if !unknown.starts_with("--") || !remove(&mut argv, &unknown) {
                return Err(first.unwrap_or(err));
            }
            let known: Vec<String> =
                settings_of(command).into_iter().map(|setting| setting.flag).collect();
            let meant = suggestion(&unknown, known.iter().map(String::as_str));
            let message = format!("there is no such flag{meant}");
            problems.push(Problem { place: Place::Flag(unknown), message });
            first.get_or_insert(err);
        }
    }

    /// What the command line gives of a setting.
    fn value(&self, setting: &Setting) -> Option<(Origin, Vec<OsString>)> {
        let leaf = leaf(&self.matches);
        if leaf.value_source(&setting.key) != Some(ValueSource::CommandLine) {
            return None;
        }
        let values = leaf.get_raw(&setting.key)?.map(ToOwned::to_owned).collect();
        Some((Origin::Flag(setting.flag.clone()), values))
    }

    /// Takes a flag out of the command line, so that the rest can be read.
    fn remove(&mut self, settings: &[Setting], key: &str) {
        let flag = settings.iter().find(|setting| setting.key == key).map(|setting| &setting.flag);
        while flag.is_some_and(|flag| remove(&mut self.argv, flag)) {}
    }
}

/// What belongs to the innermost subcommand; global flags are repeated there.
fn leaf(matches: &ArgMatches) -> &ArgMatches {
    matches.subcommand().map_or(matches, |(_, matches)| leaf(matches))
}

/// `clap` would read the variable itself, and again in the tests of this file, which give another environment.
fn without_variable(arg: Arg) -> Arg {
    arg.env(Resettable::Reset)
}

fn is_setting_without_variable(command: &Command, arg: &Arg) -> bool {
    let defined = command.get_arguments().find(|defined| defined.get_id() == arg.get_id());
    defined.is_some_and(is_setting)
}

/// Takes `--flag value` or `--flag=value` out; whether it was there.
fn remove(argv: &mut Vec<OsString>, flag: &str) -> bool {
    let with_value = format!("{flag}=");
    let is_flag = |arg: &OsString| {
        arg.to_str().is_some_and(|text| text == flag || text.starts_with(&with_value))
    };
    let Some(at) = argv.iter().position(is_flag) else { return false };
    let stands_alone = argv.remove(at).to_str() == Some(flag);
    let is_value = |arg: &OsString| !arg.to_string_lossy().starts_with('-');
    if stands_alone && argv.get(at).is_some_and(is_value) {
        argv.remove(at);
    }
    true
}

fn from_variable(setting: &Setting, environment: &Environment) -> Option<(Origin, Vec<OsString>)> {
    let value = environment.get(&setting.variable)?;
    let values = match value.to_str() {
        Some(text) if setting.is_list => text.split(',').map(OsString::from).collect(),
        Some(_) | None => vec![value.clone()],
    };
    Some((Origin::Variable(setting.variable.clone()), values))
}

fn from_file(
    setting: &Setting,
    entries: &[Entry],
    path: Option<&Path>,
) -> Option<(Origin, Vec<OsString>)> {
    let entry = entries.iter().find(|entry| entry.key == setting.key)?;
    let origin = Origin::File { path: path?.to_owned(), line: entry.line };
    Some((origin, entry.values.iter().map(OsString::from).collect()))
}

fn unknown_keys(settings: &[Setting], entries: &[Entry], path: Option<&Path>) -> Vec<Problem> {
    let Some(path) = path else { return Vec::new() };
    let keys = || settings.iter().map(|setting| setting.key.as_str());
    let is_known = |key: &str| keys().any(|known| known == key) || is_key_of_any_program(key);
    let unknown = entries.iter().filter(|entry| !is_known(&entry.key));
    unknown
        .map(|entry| {
            let meant = suggestion(&entry.key, keys());
            let message = format!("there is no setting `{}`{meant}", entry.key);
            Problem { place: Place::Line { path: path.to_owned(), line: entry.line }, message }
        })
        .collect()
}

/// A connection string is given as a text or as a file that holds it (`database`, `database_file`): whichever stands
/// in the stronger place wins, whatever its form, and both in one place are ambiguous.
fn choose_between_text_and_file(
    given: &mut BTreeMap<String, (Origin, Vec<OsString>)>,
    origins: &mut Origins,
) -> Vec<Problem> {
    let keys: Vec<String> = given.keys().cloned().collect();
    let mut problems = Vec::new();
    for text in keys {
        let file = format!("{text}_file");
        let (Some((of_text, _)), Some((of_file, _))) = (given.get(&text), given.get(&file)) else {
            continue;
        };
        match strength(of_text).cmp(&strength(of_file)) {
            std::cmp::Ordering::Less => drop(given.remove(&text)),
            std::cmp::Ordering::Greater => drop(given.remove(&file)),
            std::cmp::Ordering::Equal => {
                origins.values.insert(text.clone(), (of_text.clone(), Vec::new()));
                origins.values.insert(file.clone(), (of_file.clone(), Vec::new()));
                let (first, second) = (named(of_text, &text), named(of_file, &file));
                problems
                    .push(Problem { place: origins.place(&file), message: both(&first, &second) });
                origins.unreadable.extend([text, file]);
            }
        }
    }
    problems
}

fn strength(origin: &Origin) -> u8 {
    match origin {
        Origin::Default => 0,
        Origin::File { .. } => 1,
        Origin::Variable(_) => 2,
        Origin::Flag(_) => 3,
    }
}

fn named(origin: &Origin, key: &str) -> String {
    match origin {
        Origin::Variable(name) | Origin::Flag(name) => name.clone(),
        Origin::File { .. } | Origin::Default => key.to_owned(),
    }
}

/// What is wrong with one value of a setting, said without its place.
fn problem_of(setting: &Setting, value: &OsString) -> Option<String> {
    let Some(text) = value.to_str() else { return Some("is not UTF-8".to_owned()) };
    let mut flag = OsString::from(format!("{}=", setting.flag));
    flag.push(value);
    let arg = without_variable(setting.arg.clone()).required(false).global(false);
    let alone = Command::new("setting").no_binary_name(true).disable_help_flag(true).arg(arg);
    let err = alone.try_get_matches_from([flag]).err()?;
    if setting.is_secret {
        return Some("cannot be read".to_owned());
    }
    let reason = match (err.get(ContextKind::ValidValue), std::error::Error::source(&err)) {
        (Some(ContextValue::Strings(valid)), _) => {
            let valid: Vec<String> = valid.iter().map(|value| format!("`{value}`")).collect();
            format!("must be one of {}", valid.join(", "))
        }
        (_, Some(source)) => source.to_string(),
        (_, None) => "cannot be read".to_owned(),
    };
    let shown = printable(text);
    let is_named = text.is_empty() || reason.contains(&format!("`{shown}`"));
    Some(if is_named { reason } else { format!("`{shown}`: {reason}") })
}

/// Reads the command line for good: values of variables and of the file take the place of defaults.
fn read_typed<S: Settings>(
    command: &Command,
    argv: Vec<OsString>,
    given: &BTreeMap<String, (Origin, Vec<OsString>)>,
) -> Result<S, clap::Error> {
    let command = command.clone().mut_args(|arg| {
        if !is_setting_without_variable(command, &arg) {
            return arg;
        }
        let arg = without_variable(arg);
        match given.get(arg.get_id().as_str()) {
            Some((Origin::Variable(_) | Origin::File { .. }, values)) => {
                arg.default_values(values.iter().map(ToOwned::to_owned))
            }
            Some((Origin::Flag(_) | Origin::Default, _)) | None => arg,
        }
    });
    S::from_arg_matches(&command.try_get_matches_from(argv)?)
}
