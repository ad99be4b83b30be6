//! The failures of a job that a retry takes: those that are wanted and whose latest row is still `failed`.

use std::collections::BTreeSet;

use xmlx_domain::Sample;
use xmlx_extract::Plan;
use xmlx_proto::{ErrorCode, Refusal, v1 as pb};
use xmlx_store::{JobRow, LISTED_MAX, Source, Store};

use super::{Filter, Groups, Reasons};
use crate::convert;
use crate::pages::ROWS_MAX;

/// What is taken of the failures that a filter lets through.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Within {
    pub(crate) from: i64,
    pub(crate) to: i64,
    /// At most so many, those that failed last.
    pub(crate) limit: Option<usize>,
    pub(crate) sample: Option<Sample>,
}

/// What a retry takes.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    /// In order, each once.
    pub(crate) ids: Vec<i64>,
    pub(crate) groups: pb::GroupFailuresResponse,
    /// Applications that a filter lets through and that do not wait: they have succeeded since, or are gone.
    pub(crate) not_waiting: i64,
}

impl Within {
    fn has(&self, app_id: i64) -> bool {
        let is_in_sample = || self.sample.is_none_or(|sample| sample.takes(app_id));
        (self.from..=self.to).contains(&app_id) && is_in_sample()
    }

    fn is_full(&self, n: usize) -> bool {
        self.limit.is_some_and(|limit| n >= limit)
    }
}

/// `source`: what waits for the retry.
pub(crate) async fn taken(
    store: &Store,
    (plan, job): (&Plan, &JobRow),
    filter: &Filter<'_>,
    (source, within): (&Source, Within),
) -> Result<Taken, Refusal> {
    let reasons = Reasons::of(plan);
    let (mut ids, mut groups, mut not_waiting) = (BTreeSet::new(), Groups::default(), 0);
    let mut before = i64::MAX;
    let mut has_more = true;
    while has_more && !within.is_full(ids.len()) {
        let rows = store.failures(plan, job, before, i64::from(ROWS_MAX)).await;
        let rows = rows.map_err(|err| convert::refusal(&err))?;
        has_more = rows.len() >= usize::try_from(ROWS_MAX).unwrap_or(usize::MAX);
        before = rows.last().map_or(before, |row| row.log_id);
        let parts = rows.into_iter().map(|row| (row.app_id, reasons.parts(&row.reason), row));
        let wanted = parts.filter(|(id, parts, row)| within.has(*id) && filter.takes(row, parts));
        let wanted: Vec<_> = wanted.map(|(id, parts, _)| (id, parts)).collect();
        let asked: Vec<i64> = wanted.iter().map(|(id, _)| *id).collect();
        let waiting = source.among(store, &asked).await.map_err(|err| convert::refusal(&err))?;
        for (id, parts) in wanted {
            if waiting.binary_search(&id).is_err() {
                not_waiting += 1;
            } else if !within.is_full(ids.len()) && ids.insert(id) {
                groups.add(parts, id);
            }
        }
        if ids.len() > LISTED_MAX {
            let message = format!(
                "more than {LISTED_MAX} applications failed so in job {}, and one job takes no more that are listed: narrow it, or take them in turns with `--limit {LISTED_MAX}`; `xmlx-client retry --contract FILE` takes everything that failed",
                job.job_id
            );
            return Err(Refusal::new(ErrorCode::NotPossible, message));
        }
    }
    Ok(Taken { ids: ids.into_iter().collect(), groups: groups.finish(), not_waiting })
}
