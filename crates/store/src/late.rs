//! Applications that wait although a cursor has passed them: their document or their row came later, or a transaction
//! that held their id was committed later. Looked for in pages, so that each look costs the same however large the
//! source is.

use xmlx_domain::{JobId, RangeId, Scope};

use crate::connection::{column, only, optional};
use crate::{Error, Leadership, RangeRow, Source, Store, Waiting, statements};

/// Ranges that one page reaches into; a page ends where there are more.
const RANGES_MAX: i64 = 1_000;
/// Applications that are counted in one go.
const COUNT_MAX: i64 = 10_000;

/// Applications of one range that wait although its cursor has passed them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Late {
    /// The range.
    pub range: RangeRow,
    /// From the first to the last of them.
    pub scope: Scope,
    /// How many they are.
    pub count: i64,
}

/// What a look at a page of a job's scope has found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// By range.
    pub late: Vec<Late>,
    /// One past the last id that was looked at.
    pub through: i64,
}

impl Source {
    /// The stretch of ids from `scope.lo` on that holds `n` rows of the source, or the whole scope where it has fewer.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn rows_up(&self, store: &Store, scope: Scope, n: i64) -> Result<Scope, Error> {
        let found = self.rows(store, &self.rows_up, scope, n).await?;
        Ok(found.map_or(scope, |it| Scope { lo: scope.lo, hi: it.last + 1 }))
    }

    /// The same from `scope.hi` down.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn rows_down(&self, store: &Store, scope: Scope, n: i64) -> Result<Scope, Error> {
        let found = self.rows(store, &self.rows_down, scope, n).await?;
        Ok(found.map_or(scope, |it| Scope { lo: it.first, hi: scope.hi }))
    }

    /// `None`: there are fewer than `n`.
    async fn rows(
        &self,
        store: &Store,
        sql: &str,
        scope: Scope,
        n: i64,
    ) -> Result<Option<Waiting>, Error> {
        const IT: &str = "rows";
        let rows = store.run_long(sql, &[&scope.lo, &scope.hi, &n]).await?;
        let row = only(&rows, IT)?;
        let count = column(row, "n", IT)?;
        let first: Option<i64> = optional(row, "first", IT)?;
        let Some(first) = first.filter(|_| count >= n) else { return Ok(None) };
        Ok(Some(Waiting { first, last: column(row, "last", IT)?, count }))
    }

    /// What waits in `page` although a cursor of the job has passed it.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn late(&self, store: &Store, job_id: JobId, page: Scope) -> Result<Page, Error> {
        let ranges = store.ranges_between(job_id, page, RANGES_MAX).await?;
        let is_full = i64::try_from(ranges.len()).is_ok_and(|n| n == RANGES_MAX);
        let end = ranges.last().filter(|_| is_full).map(|range| range.scope.hi);
        let through = end.map_or(page.hi, |end| end.min(page.hi));
        let mut late = Vec::new();
        for stretch in passed(Scope { hi: through, ..page }, &ranges) {
            let mut from = stretch.lo;
            while from < stretch.hi {
                let rest = Scope { lo: from, hi: stretch.hi };
                let Some(found) = self.boundary(store, rest, COUNT_MAX).await? else { break };
                let holds =
                    |it: &&RangeRow| it.scope.lo <= found.first && found.first < it.scope.hi;
                let Some(range) = ranges.iter().find(holds) else { break };
                let end = range.scope.hi.min(stretch.hi);
                let inside = if found.last < end {
                    Some(found)
                } else {
                    self.boundary(store, Scope { lo: found.first, hi: end }, COUNT_MAX).await?
                };
                late.extend(inside.map(|it| Late {
                    range: range.clone(),
                    scope: Scope { lo: it.first, hi: it.last + 1 },
                    count: it.count,
                }));
                from = end;
            }
        }
        Ok(Page { late, through })
    }
}

/// The parts of `page` that cursors have passed, as long as they go. `ranges`: by place.
fn passed(page: Scope, ranges: &[RangeRow]) -> Vec<Scope> {
    let mut passed: Vec<Scope> = Vec::new();
    for range in ranges {
        let (lo, hi) =
            (range.scope.lo.max(page.lo), range.committed_through.saturating_add(1).min(page.hi));
        match passed.last_mut() {
            Some(last) if hi > lo && last.hi == lo => last.hi = hi,
            _ if hi > lo => passed.push(Scope { lo, hi }),
            Some(_) | None => (),
        }
    }
    passed
}

impl Store {
    /// The ranges of a job that reach into `scope`, by place, at most `n_max`.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn ranges_between(
        &self,
        job_id: JobId,
        scope: Scope,
        n_max: i64,
    ) -> Result<Vec<RangeRow>, Error> {
        let params: [&dyn tiberius::ToSql; 4] = [&job_id.0, &scope.lo, &scope.hi, &n_max];
        let rows = self.run(statements::RANGES_BETWEEN, &params).await?;
        rows.iter().map(crate::ranges::range).collect()
    }

    /// Opens a range that is done again where something waits in it: what lies before stays its own, and two ranges
    /// arise, with the ids `waits` and `done`, of what waits and, where there is any, of what is done behind it. The
    /// job's total counts what waits.
    ///
    /// # Errors
    /// [`Error::Conflict`] where the range is not as it was found or the job does not run; [`Error::Deposed`].
    pub async fn reopen_range(
        &self,
        leader: &Leadership,
        late: &Late,
        job_id: JobId,
        (waits, done): (RangeId, RangeId),
    ) -> Result<(), Error> {
        let params: [&dyn tiberius::ToSql; 10] = [
            &leader.term.0,
            &job_id.0,
            &late.range.range_id.0,
            &late.scope.lo,
            &late.scope.hi,
            &late.range.scope.hi,
            &waits.0,
            &done.0,
            &late.count,
            &leader.holder,
        ];
        self.run(statements::RANGE_REOPEN, &params).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use xmlx_domain::{Epoch, RangeState};

    use super::*;

    fn range(lo: i64, hi: i64, committed_through: i64) -> RangeRow {
        RangeRow {
            range_id: RangeId(lo),
            scope: Scope { lo, hi },
            state: RangeState::Done,
            epoch: Epoch(1),
            owner: None,
            committed_through,
            done_ok: 0,
            done_failed: 0,
            rows_written: 0,
        }
    }

    #[test]
    fn what_cursors_have_passed_is_looked_at_and_nothing_else() {
        let ranges = [range(1, 10, 9), range(10, 20, 19), range(20, 40, 24), range(40, 60, 39)];
        let found = |lo, hi| -> Vec<(i64, i64)> {
            passed(Scope { lo, hi }, &ranges).iter().map(|it| (it.lo, it.hi)).collect()
        };
        assert_eq!(found(1, 60), [(1, 25)], "what was passed is one stretch");
        assert_eq!(found(5, 12), [(5, 12)]);
        assert_eq!(found(22, 60), [(22, 25)]);
        assert_eq!(found(25, 60), [], "that is still to come");
        let done_behind = [range(20, 40, 24), range(40, 60, 59)];
        let found = passed(Scope { lo: 1, hi: 60 }, &done_behind);
        assert_eq!(found, [Scope { lo: 20, hi: 25 }, Scope { lo: 40, hi: 60 }]);
    }
}
