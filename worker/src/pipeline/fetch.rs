//! First stage: applications that wait, in groups.

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use xmlx_store::{Fetched, OpenRange, Scope, Store, Xml};

use super::retry::persist;
use super::{Group, Outcome, Shop};
use crate::board::Lease;
use crate::jobs::Job;

/// The first group is small: nothing is known of the documents' size yet.
const FIRST_GROUP: i64 = 20;

/// So many groups can be in the stages of a pipeline at once: among them is whatever brought an
/// earlier owner down.
const SUSPECT_GROUPS: i64 = 5;

/// Why the stage ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// Nothing more waits in the range.
    AtTheEnd,
    /// A drain, or a later stage that has stopped.
    Stopped,
}

pub(super) async fn run(
    shop: &Shop,
    lease: &Lease,
    job: &Job,
    range: OpenRange,
    stop: &CancellationToken,
    groups: mpsc::Sender<Group>,
) -> Result<Ended, Outcome> {
    let apps_max = i64::from(shop.config.group_apps);
    let mut suspects = if range.deaths > 0 { SUSPECT_GROUPS * apps_max } else { 0 };
    let mut size = FIRST_GROUP.min(apps_max);
    let mut scope = Scope { lo: range.committed_through + 1, hi: range.scope.hi };
    let mut connection = shop.store.connection();
    let mut copy = shop.copy.as_ref().map(Store::connection);
    loop {
        if stop.is_cancelled() {
            return Ok(Ended::Stopped);
        }
        scope.hi = shop.board.end_of(&lease.key, scope.hi);
        let suspect = suspects > 0;
        let asked = if suspect { 1 } else { size };
        shop.board.reads(&lease.key);
        let fetched = match &mut copy {
            None => persist!(stop, job.documents.fetch(&mut connection, scope, asked)),
            Some(copy) => {
                persist!(stop, job.documents.fetch_from(&mut connection, copy, scope, asked))
            }
        };
        shop.board.has_read(&lease.key);
        let apps = fetched.map_err(Outcome::from)?;
        let Some(last) = apps.last() else { return Ok(Ended::AtTheEnd) };
        shop.board.claimed(&lease.key, last.app_id);
        scope.lo = last.app_id + 1;
        let n = i64::try_from(apps.len()).unwrap_or(i64::MAX);
        suspects -= n;
        size = next_size(&apps, shop.config.group_bytes).clamp(1, apps_max);
        if groups.send(Group { apps, suspect }).await.is_err() {
            return Ok(Ended::Stopped);
        }
        if n < asked {
            return Ok(Ended::AtTheEnd);
        }
    }
}

/// So many documents of the last group's average size make up a group.
fn next_size(group: &[Fetched], group_bytes: u64) -> i64 {
    let bytes: usize = group.iter().filter_map(|it| it.xml.as_ref()).map(Xml::n_bytes).sum();
    let average = (bytes / group.len().max(1)).max(1);
    let average = u64::try_from(average).unwrap_or(u64::MAX);
    i64::try_from(group_bytes / average).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_follow_the_documents_size() {
        let xml = |bytes: usize| Some(Xml::Bytes(vec![0; bytes]));
        let group = |bytes: usize| vec![Fetched { app_id: 1, xml: xml(bytes) }; 3];
        assert_eq!(next_size(&group(1_000), 100_000), 100);
        assert_eq!(next_size(&group(200_000), 100_000), 0);
        assert_eq!(next_size(&group(0), 100), 100);
    }
}
