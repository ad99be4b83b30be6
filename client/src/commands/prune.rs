//! `prune`: take jobs that ended long ago out of the control tables.

use std::time::Duration;

use serde::Serialize;
use xmlx_proto::v1 as pb;

use crate::cluster::{self, Cluster, Patience};
use crate::output::{self, Answer, Format};

/// What went, or would go.
#[derive(Debug, Default, Serialize)]
struct Pruned {
    dry_run: bool,
    jobs: u64,
    ranges: u64,
    history: u64,
    sessions: u64,
}

pub(crate) async fn run(
    cluster: &Cluster,
    format: Format,
    older_than: Duration,
    dry_run: bool,
) -> anyhow::Result<Answer> {
    let request = pb::PruneRequest { older_than_s: older_than.as_secs(), dry_run };
    let mut sum = Pruned { dry_run, ..Pruned::default() };
    // A coordinator works on it for some seconds at a time.
    loop {
        let it = cluster
            .call(Patience::LONG, async |it| cluster::cluster(it).prune(request).await)
            .await?;
        sum.jobs += it.jobs;
        sum.ranges += it.ranges;
        sum.history += it.entries;
        sum.sessions += it.sessions;
        if dry_run || !it.has_more {
            break;
        }
    }
    match format {
        Format::Json => output::json(&sum)?,
        Format::Table => {
            let Pruned { jobs, ranges, history, sessions, .. } = sum;
            let verb = if dry_run { "would take" } else { "took" };
            output::line(&format!(
                "{verb} {jobs} jobs with {ranges} ranges and {history} entries of their history, and {sessions} sessions"
            ))?;
        }
    }
    Ok(Answer::Yes)
}
