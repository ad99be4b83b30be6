//! Third stage: groups into the database, under the lease's epoch.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Once;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use xmlx_extract::Stage;
use xmlx_store::{Class, Committed, Connection, Decided, Error, Group, OpenRange, SINCE_WARNINGS};

use super::retry::persist;
use super::{Batch, Outcome, Shop};
use crate::board::Lease;
use crate::jobs::Job;

/// Said once in the life of the process.
static NOT_COUNTED: Once = Once::new();

/// The stage's state: what it commits with, and where the range ends by now.
#[derive(Debug)]
pub(super) struct Committer<'a> {
    shop: &'a Shop,
    lease: &'a Lease,
    job: &'a Job,
    stop: &'a CancellationToken,
    connection: Connection,
    range: OpenRange,
}

/// Commits groups until none comes. After a drain the group in hand is still committed.
pub(super) async fn run<'a>(
    shop: &'a Shop,
    lease: &'a Lease,
    job: &'a Job,
    range: OpenRange,
    stop: &'a CancellationToken,
    mut batches: mpsc::Receiver<Batch>,
) -> Result<Committer<'a>, Outcome> {
    if range.schema < SINCE_WARNINGS {
        NOT_COUNTED.call_once(|| {
            warn!(
                version = range.schema,
                "the control tables are older than this build and have no place for warnings: they are not counted until a coordinator of this build leads, or `xmlx-client init` is run"
            );
        });
    }
    let connection = shop.store.connection();
    let mut it = Committer { shop, lease, job, stop, connection, range };
    while let Some(batch) = batches.recv().await {
        if stop.is_cancelled() {
            // The one group that was in hand when the drain began has been committed.
            return Err(Outcome::Drained);
        }
        it.group(batch.decided).await?;
        // Only a suspect is waited for.
        let _ = batch.committed.send(());
    }
    Ok(it)
}

impl Committer<'_> {
    /// Commits a group, in several parts where it has many rows. Where the database refuses its data,
    /// it is taken apart until the guilty application stands alone; that one fails, its neighbours
    /// are unharmed.
    async fn group(&mut self, mut group: Vec<Decided>) -> Result<(), Outcome> {
        let mut parts = parts(&group, self.shop.config.group_rows);
        while let Some(part) = parts.pop_front() {
            let end = group.partition_point(|it| it.app_id() < self.range.scope.hi);
            let part = part.start..part.end.min(end);
            if part.is_empty() {
                return Ok(());
            }
            match self.part(&group[part.clone()]).await {
                Ok(Committed::Now | Committed::Before) => self.note(&group[part]),
                Ok(Committed::Cut { hi }) => {
                    info!(range = self.lease.key.range_id, hi, "the range was cut");
                    self.range.scope.hi = hi;
                    parts.push_front(part);
                }
                Ok(Committed::Gone) => return Err(Outcome::Gone),
                Err(err) if err.class() == Class::Data && part.len() > 1 => {
                    let middle = part.start + part.len() / 2;
                    parts.push_front(middle..part.end);
                    parts.push_front(part.start..middle);
                }
                Err(err) if err.class() == Class::Data && group[part.start].rows() > 0 => {
                    let app_id = group[part.start].app_id();
                    let reason = reason(&err);
                    warn!(app_id, reason, "the database refuses the application");
                    group[part.start] = Decided::Failed { app_id, reason };
                    parts.push_front(part);
                }
                Err(err) => return Err(err.into()),
            }
        }
        Ok(())
    }

    /// One commit, repeated while the trouble passes or its answer was lost.
    async fn part(&mut self, decided: &[Decided]) -> Result<Committed, Error> {
        let group = Group { range: self.range, decided };
        let (commit, key) = (&self.job.commit, &self.lease.key);
        let (gate, connection) = (&self.shop.gate, &mut self.connection);
        let rows = decided.iter().map(|it| it.rows() + 1).sum();
        persist!(self.stop, async {
            let pass = gate.enter().await;
            let outcome = commit.commit(connection, key, group).await;
            pass.note(&outcome, rows);
            outcome
        })
    }

    fn note(&mut self, decided: &[Decided]) {
        if let Some(last) = decided.last() {
            self.range.committed_through = last.app_id();
            self.shop.board.committed(&self.lease.key, last.app_id(), decided.len());
        }
    }

    /// Closes the range. Where it was cut in the meantime, at its new end.
    pub(super) async fn complete(mut self) -> Outcome {
        let (key, stop) = (&self.lease.key, self.stop);
        loop {
            let OpenRange { scope, committed_through, .. } = self.range;
            let closed = persist!(stop, key.complete(&mut self.connection, self.range));
            match closed {
                Ok(()) => return Outcome::Done,
                Err(Error::Fenced) => (),
                Err(err) => return err.into(),
            }
            match key.open(&mut self.connection).await {
                Ok(Some(range))
                    if range.scope.hi < scope.hi
                        && range.committed_through == committed_through =>
                {
                    self.range = range;
                }
                Ok(_) => return Outcome::Gone,
                Err(err) => return err.into(),
            }
        }
    }
}

/// Cuts a group so that no part has more than `rows_max` rows of one table, of the log for a start, unless one
/// application has them alone: a server that locks row by row turns many locks of one statement into one on the table.
fn parts(group: &[Decided], rows_max: u32) -> VecDeque<Range<usize>> {
    let rows_max = usize::try_from(rows_max).unwrap_or(usize::MAX);
    let mut parts = VecDeque::new();
    let mut start = 0;
    let mut rows: Vec<usize> = Vec::new();
    for (i, it) in group.iter().enumerate() {
        let tables: &[Vec<_>] = match it {
            Decided::Rows(app) => &app.tables,
            Decided::Failed { .. } => &[],
        };
        rows.resize(rows.len().max(tables.len()), 0);
        let is_full = rows.iter().zip(tables).any(|(n, more)| n + more.len() > rows_max);
        if i > start && (is_full || i - start >= rows_max) {
            parts.push_back(start..i);
            start = i;
            rows.fill(0);
        }
        rows.iter_mut().zip(tables).for_each(|(n, more)| *n += more.len());
    }
    parts.push_back(start..group.len());
    parts
}

/// What the log says of an application that the database refused.
fn reason(err: &Error) -> String {
    let stage = match err.number() {
        Some(515 | 547 | 2601 | 2627) => Stage::Constraint,
        _ => Stage::Database,
    };
    format!("{stage}: {err}")
}

#[cfg(test)]
mod tests {
    use xmlx_extract::{Application, Value};

    use super::*;

    fn with_rows(rows: [usize; 2]) -> Decided {
        let tables = rows.map(|n| vec![Box::from([Value::Null]); n]).to_vec();
        Decided::Rows(Application { app_id: 1, tables, warnings: Vec::new() })
    }

    #[test]
    fn no_part_has_more_rows_of_a_table_than_asked_for() {
        let failed = Decided::Failed { app_id: 1, reason: String::new() };
        let check = |group: &[Decided], expected: &[usize]| {
            let found: Vec<usize> = parts(group, 10).iter().map(ExactSizeIterator::len).collect();
            assert_eq!(found, expected);
        };
        check(&[with_rows([5, 1]), with_rows([5, 9])], &[2]);
        check(&[with_rows([5, 1]), with_rows([5, 10])], &[1, 1]);
        check(&[with_rows([6, 0]), failed.clone(), with_rows([5, 0])], &[2, 1]);
        check(&[with_rows([99, 0]), with_rows([1, 0])], &[1, 1]);
        check(&[with_rows([1, 0]), with_rows([99, 0]), failed.clone()], &[1, 2]);
        check(&vec![failed; 25], &[10, 10, 5]);
    }
}
