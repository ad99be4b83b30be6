//! One file per command, or per family of commands that differ in a word.

mod audit;
mod bench;
pub(crate) mod ca;
mod check;
pub(crate) mod contract;
pub(crate) mod coverage;
pub(crate) mod diff;
mod doctor;
pub(crate) mod explain;
mod failures;
mod grants;
mod init;
mod inspect;
mod load;
mod map;
mod prune;
mod quality;
pub(crate) mod reconcile;
mod rehearsal;
mod retry;
mod schema;
pub mod status;
mod steer;
pub mod submit;
pub(crate) mod token;
pub mod verify;
mod warnings;

use std::path::{Path, PathBuf};
use std::pin::Pin;

use anyhow::{Context as _, bail};
use clap::CommandFactory as _;
use clap::error::ErrorKind;
use xmlx_extract::{Limits, Plan};
use xmlx_proto::v1 as pb;
use xmlx_runtime::{Loaded, Secret};
use xmlx_store::{Access, OldRows, Store, StoreConfig};
use xmlx_tls::Wake;

use crate::cli::{Cli, Command, Config};
use crate::cluster::Cluster;
use crate::commands::diff::Compared;
use crate::output::{self, Answer};

/// Connections that a command may open.
const CONNECTIONS_MAX: usize = 4;

/// Connections that `doctor` may open: it measures up to eight sessions at once.
const SESSIONS_MAX: usize = 12;

/// Runs the command that was given.
///
/// # Errors
/// What keeps it from being done, for people.
pub fn run(loaded: Loaded<Cli>) -> Pin<Box<dyn Future<Output = anyhow::Result<Answer>>>> {
    // In a box, so that it is compiled in this crate, once, and not again in each program that awaits it.
    Box::pin(dispatch(loaded))
}

#[expect(clippy::too_many_lines, reason = "a line or two for each command")]
async fn dispatch(loaded: Loaded<Cli>) -> anyhow::Result<Answer> {
    if loaded.ends_here()? {
        return Ok(Answer::Yes);
    }
    let Loaded { settings: Cli { command, output: format, .. }, config, .. } = loaded;
    let Some(command) = command else {
        let mut cli = Cli::command();
        cli.error(ErrorKind::MissingSubcommand, "a command is missing; `--help` lists them").exit()
    };
    if let Some(warning) = &config.security.warning {
        output::note(&format!("warning: {warning}"));
    }
    config.security.follow(Wake::Files);
    let cluster = Cluster::new(config.coordinators.clone(), config.proof.clone());
    match command {
        Command::Status { watch } => status::run(&cluster, format, watch).await,
        Command::Submit(args) => submit::run(&cluster, format, &args).await,
        Command::Retry(args) => retry::run(&cluster, format, &args).await,
        Command::Jobs(most) => inspect::jobs(&cluster, format, most.limit).await,
        Command::Ranges { job, most } => inspect::ranges(&cluster, format, job, most.limit).await,
        Command::Runs { app, job, most } => {
            inspect::runs(&cluster, format, (app, job), most.limit).await
        }
        Command::Explain(args) if args.contract.is_empty() => {
            explain::application(&cluster, format, &args).await
        }
        Command::Explain(args) => {
            let mut plan = plan(&args.contract, config.limits)?;
            map::take_types(&mut plan, args.ddl.as_deref())?;
            explain::file(format, &plan, &args)
        }
        Command::Workers => inspect::workers(&cluster, format).await,
        Command::Failures(args) => failures::run(&cluster, format, &args).await,
        Command::Warnings { job, column } => warnings::run(&cluster, format, job, column).await,
        Command::Quality { job, against, all } => {
            quality::run(&cluster, format, (job, against), all).await
        }
        Command::Rehearsal { job } => rehearsal::run(&cluster, format, job).await,
        Command::Pause { job } => steer::pause(&cluster, format, job).await,
        Command::Resume { job } => steer::resume(&cluster, format, job).await,
        Command::Cancel { job } => steer::cancel(&cluster, format, job).await,
        Command::Drain { worker } => steer::drain(&cluster, format, &worker).await,
        Command::Throttle(args) => steer::throttle(&cluster, format, args.commits).await,
        Command::Prune { older_than, dry_run } => {
            prune::run(&cluster, format, older_than, dry_run).await
        }
        Command::Verify { job, history } => {
            verify::run(&cluster, format, pb::VerifyRequest { job_id: job, history }).await
        }
        Command::Reconcile(args) => reconcile::run(&cluster, format, &args).await,
        Command::Init { print: true } => init::print(format),
        Command::Init { print: false } => init::run(format, &store(&config)?).await,
        Command::Token(command) => token::run(&cluster, format, command).await,
        Command::Audit { since, verify } => {
            audit::run(&cluster, format, audit::Asked { since, verify }).await
        }
        Command::Ca(command) => ca::run(format, command),
        Command::Contract(command) => contract::run(format, &command),
        Command::Schema { contract, .. } => schema::run(format, contract.as_deref()),
        Command::Grants { contract, replace } => {
            let old_rows = if replace { OldRows::Replaced } else { OldRows::Kept };
            grants::run(format, contract.as_deref(), old_rows)
        }
        Command::Check { contract, role } => check::run(format, &contract, role, &config).await,
        Command::Doctor => doctor::run(format, &examining_store(&config)?).await,
        Command::Load { dir, contract, replace } => {
            let plan = plan(std::slice::from_ref(&contract), config.limits)?;
            let changed = if replace { load::Changed::Replace } else { load::Changed::Leave };
            load::run(format, &dir, (&contract, &plan), &store(&config)?, changed).await
        }
        Command::Map { contract, app_id, ddl, files } => {
            let mut plan = plan(&contract, config.limits)?;
            map::take_types(&mut plan, ddl.as_deref())?;
            map::run(format, &plan, app_id, &files)
        }
        Command::Coverage(args) => {
            if let Some(job) = args.job() {
                return coverage::run_job(&cluster, format, job, &args).await;
            }
            anyhow::ensure!(
                !args.contract.is_empty(),
                "`--contract` is missing: it says what documents are compared with; a job has a contract, so that its number needs none"
            );
            let mut plan = plan(&args.contract, config.limits)?;
            if args.ddl.is_some() {
                map::take_types(&mut plan, args.ddl.as_deref())?;
            }
            coverage::run(format, &plan, &args)
        }
        Command::Diff(args) => {
            let (old, new, files) = match args.compared()? {
                Compared::Job(job) => return diff::run_job(&cluster, format, job, &args).await,
                Compared::Files { old, new, files } => (old, new, files),
            };
            let one = |contract: &PathBuf| plan(std::slice::from_ref(contract), config.limits);
            let (mut old, mut new) = (one(old)?, one(new)?);
            if args.ddl.is_some() {
                map::take_types(&mut old, args.ddl.as_deref())?;
                map::take_types(&mut new, args.ddl.as_deref())?;
            }
            diff::run(format, (&old, &new), files, &args)
        }
        Command::Bench { dir, contract, threads, seconds } => {
            let plan = plan(&[contract], config.limits)?;
            bench::run(format, &plan, &dir, bench::Effort { threads, seconds })
        }
        Command::Demo { .. } => elsewhere("demo"),
        Command::Up { .. } => elsewhere("up"),
        Command::Completions { shell } => completions(shell),
    }
}

/// The script that completes commands and flags in a shell.
fn completions(shell: clap_complete::Shell) -> anyhow::Result<Answer> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "xmlx-client", &mut script);
    output::verbatim(&String::from_utf8_lossy(&script))?;
    Ok(Answer::Yes)
}

/// `demo` and `up` bring a database of their own, which this program does not carry.
fn elsewhere(command: &str) -> anyhow::Result<Answer> {
    bail!(
        "`{command}` is not part of this program: run `cargo run --release -- {command}` in the source tree, which builds `xmlx-dev`"
    )
}

/// A store for a command that goes to the database itself.
fn store(config: &Config) -> anyhow::Result<Store> {
    let secret = database(config)?;
    store_at(secret, config.database_ca.clone())
}

/// A store for as many sessions at once as are measured.
fn examining_store(config: &Config) -> anyhow::Result<Store> {
    let secret = database(config)?;
    connect(secret, config.database_ca.clone(), SESSIONS_MAX)
}

fn database(config: &Config) -> anyhow::Result<&Secret> {
    let database = config.database.as_ref();
    let database = database.context("there is no database: set `--database-file` or XMLX_DATABASE to an ADO.NET connection string")?;
    if let Some(warning) = &database.warning {
        output::note(&format!("warning: {warning}"));
    }
    Ok(&database.secret)
}

/// A store at a connection string.
pub fn store_at(secret: &Secret, ca: Option<PathBuf>) -> anyhow::Result<Store> {
    connect(secret, ca, CONNECTIONS_MAX)
}

fn connect(secret: &Secret, ca: Option<PathBuf>, connections_max: usize) -> anyhow::Result<Store> {
    Ok(Store::new(&StoreConfig {
        connection_string: secret.reveal().to_owned(),
        ca,
        access: Access::ReadWrite,
        application_name: format!("xmlx/client/{}", std::process::id()),
        connections_max,
        limits: Limits::default(),
    })?)
}

/// Contract files, read and compiled to one plan.
pub(crate) fn plan(paths: &[PathBuf], limits: Limits) -> anyhow::Result<Plan> {
    let text = contract_text(paths)?;
    let names: Vec<String> = paths.iter().map(|path| format!("`{}`", path.display())).collect();
    Plan::from_json_with(&text, limits).with_context(|| format!("contract {}", names.join(", ")))
}

/// The text of a contract file, or the set of several.
pub(crate) fn contract_text(paths: &[PathBuf]) -> anyhow::Result<String> {
    // Files as Windows writes them, too: with a byte order mark, or in UTF-16.
    let read = |path: &PathBuf| -> anyhow::Result<String> {
        let context = || format!("cannot read the contract `{}`", path.display());
        let bytes = std::fs::read(path).with_context(context)?;
        Ok(xmlx_extract::text_of(&bytes).with_context(context)?.into_owned())
    };
    let mut texts = paths.iter().map(read).collect::<anyhow::Result<Vec<String>>>()?;
    Ok(match texts.len() {
        1 => texts.remove(0),
        _ => {
            // What is not of format 1 is a text in the set: so it may be TOML, and its problems have their lines.
            let texts: Vec<String> = texts.into_iter().map(of_set).collect();
            format!("{{\"contracts\": [\n{}\n]}}\n", texts.join(",\n"))
        }
    })
}

/// A contract as a part of a set.
fn of_set(text: String) -> String {
    let is_format_1 = xmlx_extract::FileKind::of(&text) == xmlx_extract::FileKind::Json
        && serde_json::from_str::<serde_json::Value>(&text)
            .is_ok_and(|contract| contract.get("format").is_none());
    if is_format_1 { text } else { serde_json::Value::String(text).to_string() }
}

/// The *.xml files of a folder, by name; none is an error.
pub(crate) fn xml_files(dir: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries =
        std::fs::read_dir(dir).with_context(|| format!("cannot read `{}`", dir.display()))?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("xml")) {
            files.push(path);
        }
    }
    anyhow::ensure!(!files.is_empty(), "there is no *.xml file in `{}`", dir.display());
    files.sort();
    Ok(files)
}
