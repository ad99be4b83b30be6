//! A cluster that has just been started is asked nothing before it can answer.

use std::time::Duration;

use anyhow::bail;
use xmlx_client::Cluster;
use xmlx_client::commands::status;
use xmlx_client::output;
use xmlx_client::view::Status;
use xmlx_runtime::Clock;

/// What has not started by then does not start.
const DEADLINE: Duration = Duration::from_secs(30);
const POLL_INTERVAL: Duration = Duration::from_millis(100);
/// Whoever waits longer than this is told for what.
const QUIET: Duration = Duration::from_secs(2);

/// Waits until a coordinator leads and so many workers have joined it; `check` fails where one of them has ended.
pub(crate) async fn wait(
    cluster: &Cluster,
    coordinators: &[String],
    n_workers: usize,
    mut check: impl FnMut() -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let clock = Clock::start();
    let mut told = String::new();
    loop {
        check()?;
        let mut latest = None;
        for address in coordinators {
            latest = status::glance(cluster, address).await.or(latest);
            if latest.as_ref().is_some_and(|status: &Status| status.answered_by_leader) {
                break;
            }
        }
        let Some(missing) = missing(latest.as_ref(), n_workers) else { return Ok(()) };
        if clock.now() > DEADLINE {
            bail!("{missing} within {DEADLINE:?}");
        }
        if clock.now() > QUIET && missing != told {
            output::note(&format!("waiting: {missing} yet"));
            told = missing;
        }
        tokio::time::sleep(POLL_INTERVAL).await;
    }
}

/// What is not there yet; `None`: everything is.
fn missing(status: Option<&Status>, n_workers: usize) -> Option<String> {
    match status {
        None => Some("no coordinator answers".to_owned()),
        Some(status) if !status.answered_by_leader => Some("no coordinator leads".to_owned()),
        Some(status) => {
            let n = status.workers.len();
            (n < n_workers).then(|| format!("{n} of {n_workers} workers have joined"))
        }
    }
}

#[cfg(test)]
mod tests {
    use xmlx_proto::v1 as pb;

    use super::*;

    #[test]
    fn a_cluster_is_ready_once_it_leads_and_works() {
        let status = |answered_by_leader, n| -> Status {
            let workers = vec![pb::Worker::default(); n];
            pb::StatusResponse { answered_by_leader, workers, ..Default::default() }.into()
        };
        let misses = |status: Option<Status>| missing(status.as_ref(), 2);
        assert_eq!(misses(None).as_deref(), Some("no coordinator answers"));
        // The tables may hold sessions of long ago.
        assert_eq!(misses(Some(status(false, 2))).as_deref(), Some("no coordinator leads"));
        let one = misses(Some(status(true, 1)));
        assert_eq!(one.as_deref(), Some("1 of 2 workers have joined"));
        assert_eq!(misses(Some(status(true, 2))), None);
    }
}
