//! One file per command, or per family of commands that differ in a word.

mod bench;
mod check;
mod grants;
mod init;
mod inspect;
mod load;
mod map;
mod prune;
mod schema;
pub mod status;
mod steer;
pub mod submit;
pub mod verify;
mod warnings;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use xmlx_extract::{Limits, Plan};
use xmlx_proto::v1 as pb;
use xmlx_runtime::{Secret, connection_setting};
use xmlx_store::{Access, Store, StoreConfig};

use crate::cli::{Cli, Command, Database};
use crate::cluster::Cluster;
use crate::output::{self, Answer};

/// Connections that a command may open.
const CONNECTIONS_MAX: usize = 4;

/// Runs the command that was given.
pub async fn run(cli: Cli) -> anyhow::Result<Answer> {
    let cluster = Cluster::new(cli.coordinators);
    let format = cli.output;
    match cli.command {
        Command::Status { watch } => status::run(&cluster, format, watch).await,
        Command::Submit(args) => submit::run(&cluster, format, &args, submit::Kind::New).await,
        Command::Retry(args) => submit::run(&cluster, format, &args, submit::Kind::Retry).await,
        Command::Jobs { limit } => inspect::jobs(&cluster, format, limit).await,
        Command::Ranges { job, limit } => inspect::ranges(&cluster, format, job, limit).await,
        Command::Workers => inspect::workers(&cluster, format).await,
        Command::Failures { job, limit } => inspect::failures(&cluster, format, job, limit).await,
        Command::Warnings { job, column } => warnings::run(&cluster, format, job, column).await,
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
        Command::Init { database, print } => init::run(format, &database, print).await,
        Command::Schema { contract, .. } => schema::run(format, contract.as_deref()),
        Command::Grants { contract } => grants::run(format, contract.as_deref()),
        Command::Check { contract, role, database, limits } => {
            let text = contract_text(&contract)?;
            check::run(format, &text, limits.limits()?, (role, &database)).await
        }
        Command::Load { dir, contract, database, limits } => {
            let plan = plan(&[contract], limits.limits()?)?;
            load::run(format, &dir, &plan, &database).await
        }
        Command::Map { contract, files, limits } => {
            map::run(format, &plan(&contract, limits.limits()?)?, &files)
        }
        Command::Bench { dir, contract, threads, seconds, limits } => {
            let plan = plan(&[contract], limits.limits()?)?;
            bench::run(format, &plan, &dir, bench::Effort { threads, seconds })
        }
        Command::Demo { .. } => elsewhere("demo"),
        Command::Up { .. } => elsewhere("up"),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            let mut command = <Cli as clap::CommandFactory>::command();
            clap_complete::generate(shell, &mut command, "xmlx-client", &mut script);
            output::verbatim(&String::from_utf8_lossy(&script))?;
            Ok(Answer::Yes)
        }
    }
}

/// `demo` and `up` bring a database of their own, which this program does not carry.
fn elsewhere(command: &str) -> anyhow::Result<Answer> {
    bail!(
        "`{command}` is not part of this program: run `cargo run --release -- {command}` in the source tree, which builds `xmlx-dev`"
    )
}

/// A store for a command that goes to the database itself.
pub(crate) fn store(database: &Database) -> anyhow::Result<Store> {
    let given = (database.database.as_ref(), database.database_file.as_deref());
    let found = connection_setting("database", given, (None, None))?
        .context("no database: set `--database-file` or XMLX_DATABASE")?;
    if let Some(warning) = found.warning {
        output::note(&format!("warning: {warning}"));
    }
    store_at(&found.secret, database.database_ca.clone())
}

/// A store at a connection string.
pub fn store_at(secret: &Secret, ca: Option<PathBuf>) -> anyhow::Result<Store> {
    Ok(Store::new(&StoreConfig {
        connection_string: secret.reveal().to_owned(),
        ca,
        access: Access::ReadWrite,
        application_name: format!("xmlx/client/{}", std::process::id()),
        connections_max: CONNECTIONS_MAX,
        limits: Limits::default(),
    })?)
}

/// Contract files, read and compiled to one plan.
pub(crate) fn plan(paths: &[PathBuf], limits: Limits) -> anyhow::Result<Plan> {
    let text = contract_text(paths)?;
    let names: Vec<String> = paths.iter().map(|it| format!("`{}`", it.display())).collect();
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
        _ => format!("{{\"contracts\": [\n{}\n]}}\n", texts.join(",\n")),
    })
}

/// The *.xml files of a folder, by name; none is an error.
pub(crate) fn xml_files(dir: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries =
        std::fs::read_dir(dir).with_context(|| format!("cannot read `{}`", dir.display()))?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|it| it.eq_ignore_ascii_case("xml")) {
            files.push(path);
        }
    }
    anyhow::ensure!(!files.is_empty(), "there is no *.xml file in `{}`", dir.display());
    files.sort();
    Ok(files)
}
