//! `prune`: deletes the records of jobs that ended long ago.

use std::time::Duration;

use serde::Serialize;
use xmlx_proto::v1 as pb;

use crate::cluster::{self, Cluster, Patience};
use crate::output::{self, Answer, Format};

/// What was deleted, or would be.
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
    let prune = async |channel| cluster::cluster(channel).prune(request).await;
    let mut sum = Pruned { dry_run, ..Pruned::default() };
    // A coordinator deletes for a few seconds at a time, so that no call takes longer than anybody would wait.
    while sum.add(&cluster.call(Patience::LONG, prune).await?) {}
    output::verbatim(&sum.rendered(format)?)?;
    Ok(Answer::Yes)
}

impl Pruned {
    /// Adds what one call did; whether there is more to do.
    fn add(&mut self, part: &pb::PruneResponse) -> bool {
        self.jobs += part.jobs;
        self.ranges += part.ranges;
        self.history += part.entries;
        self.sessions += part.sessions;
        // A dry run deletes nothing, so it would find the same again.
        part.has_more && !self.dry_run
    }

    fn rendered(&self, format: Format) -> anyhow::Result<String> {
        let Self { dry_run, jobs, ranges, history, sessions } = self;
        let verb = if *dry_run { "would delete" } else { "deleted" };
        output::rendered(format, self, |report| {
            report.line(&format!(
                "{verb} {jobs} jobs with {ranges} ranges and {history} entries of their history, and {sessions} sessions"
            ));
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_added_up_until_nothing_is_left() {
        let part = |jobs, has_more| pb::PruneResponse {
            jobs,
            ranges: 2,
            entries: 3,
            sessions: 1,
            has_more,
        };
        let mut sum = Pruned::default();
        assert!(sum.add(&part(1, true)));
        assert!(!sum.add(&part(4, false)));
        let text = sum.rendered(Format::Table).unwrap();
        let expected =
            "deleted 5 jobs with 4 ranges and 6 entries of their history, and 2 sessions";
        assert_eq!(text, expected);
        let json = sum.rendered(Format::Json).unwrap();
        assert_eq!(json, r#"{"dry_run":false,"jobs":5,"ranges":4,"history":6,"sessions":2}"#);
        let mut dry = Pruned { dry_run: true, ..Pruned::default() };
        assert!(!dry.add(&part(1, true)), "it would find the same again");
        assert!(dry.rendered(Format::Table).unwrap().starts_with("would delete 1 jobs"));
    }
}
