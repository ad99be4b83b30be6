//! Jobs that take a part of the applications of their scopes: a sample, or those that are listed.
//!
//! Every statement that says which applications are a job's has one condition for it, made here. A sample is arithmetic on
//! the id: it needs no rows, whatever share of however many applications it is, and costs nothing at the submission. A
//! list is one row for each application, found by its key.

use std::collections::BTreeMap;

use xmlx_domain::{Extent, JobId, Mode, Sample, Selection, Taking};

use crate::connection::{Row, column};
use crate::schema::SELECTION_SINCE;
use crate::{Error, JobRow, Source, Store, statements};

/// The most applications that can be listed for one job: they travel as one parameter and are written in one
/// transaction, which takes a second for so many.
pub const LISTED_MAX: usize = 200_000;

/// What a job to be submitted takes of the applications of its scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Chosen {
    /// All of them.
    All,
    /// A share.
    Sample(Sample),
    /// These, in order, each once; at most [`LISTED_MAX`].
    Listed(Vec<i64>),
}

impl Chosen {
    /// The same without the ids.
    #[must_use]
    pub fn selection(&self) -> Selection {
        match self {
            Self::All => Selection::All,
            Self::Sample(sample) => Selection::Sample(*sample),
            Self::Listed(ids) => Selection::Listed(i64::try_from(ids.len()).unwrap_or(i64::MAX)),
        }
    }

    /// As the statement that inserts a job takes it: the share in millionths, how many are listed, and these as JSON.
    pub(crate) fn columns(&self) -> (i32, i64, String) {
        match self {
            Self::All => (0, 0, String::new()),
            Self::Sample(sample) => (millionths(*sample), 0, String::new()),
            Self::Listed(ids) => {
                let json = serde_json::to_string(ids).expect("numbers are always JSON");
                (0, i64::try_from(ids.len()).unwrap_or(i64::MAX), json)
            }
        }
    }
}

/// Which applications are a job's: what it takes of its scope, and whose list says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// What it takes.
    pub selection: Selection,
    /// The job; it counts where applications are listed.
    pub job: JobId,
}

impl Part {
    /// All applications of the scope, of whatever job.
    pub const ALL: Self = Self { selection: Selection::All, job: JobId(0) };

    /// The condition on an application; `id`: what has its id. Empty for all of them. Parameters 1 and 2: the bounds.
    pub(crate) fn condition(self, id: &str) -> String {
        let Self { selection, job } = self;
        match selection {
            Selection::All => String::new(),
            // No intermediate result is above the square of PLACES, which fits 64 bits; `%` has the sign of the id.
            Selection::Sample(sample) => {
                let (places, step, bound) = (Sample::PLACES, Sample::STEP, sample.bound());
                format!(
                    " AND (CAST({id} AS bigint) % {places} + {places}) % {places} * {step} % {places} < {bound}"
                )
            }
            // The bounds once more, so that a server may begin with the list, too.
            Selection::Listed(_) => format!(
                " AND EXISTS (SELECT 1 FROM [xmlx].[job_application] AS c WHERE c.[job_id] = {job} AND c.[app_id] = {id} AND c.[app_id] >= @P1 AND c.[app_id] < @P2)"
            ),
        }
    }
}

fn millionths(sample: Sample) -> i32 {
    i32::try_from(sample.millionths()).expect("a share is below a million")
}

/// Modes as the database has them, whether of whole scopes or of parts, as a list for `IN`.
pub(crate) fn words(modes: &[Mode]) -> String {
    let both = [Extent::Whole, Extent::Part];
    let words = modes
        .iter()
        .flat_map(|mode| both.map(|extent| format!("'{}'", Taking { mode: *mode, extent })));
    words.collect::<Vec<_>>().join(", ")
}

impl Source {
    /// Those of some applications that wait, for checks from outside. Parameter 3: their ids as JSON.
    #[must_use]
    pub fn among_statement(&self) -> String {
        let Self { from, id, .. } = self;
        format!(
            "SELECT CAST({id} AS bigint) AS [app_id] {from} AND {id} IN (SELECT c.[app_id] FROM OPENJSON(@P3) WITH ([app_id] bigint '$') AS c) ORDER BY {id}"
        )
    }

    /// Those of some applications that wait, in order.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn among(&self, store: &Store, ids: &[i64]) -> Result<Vec<i64>, Error> {
        let (Some(first), Some(last)) = (ids.iter().min(), ids.iter().max()) else {
            return Ok(Vec::new());
        };
        let (lo, hi) = (*first, last.saturating_add(1));
        let ids = serde_json::to_string(ids).expect("numbers are always JSON");
        let params: [&dyn tiberius::ToSql; 4] = [&lo, &hi, &ids, &self.log_watermark];
        let rows = store.run_long(&self.among_statement(), &params).await?;
        rows.iter().map(|row| column(row, "app_id", "among")).collect()
    }
}

impl Store {
    /// Whether the control tables have a place for jobs that take a part.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn takes_parts(&self) -> Result<bool, Error> {
        self.has_schema(SELECTION_SINCE).await
    }

    /// The applications that are listed for a job, in order.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn listed(&self, job_id: JobId) -> Result<Vec<i64>, Error> {
        const IT: &str = "job_applications";
        let rows = self.run_long(statements::JOB_APPLICATIONS, &[&job_id.0]).await?;
        rows.iter().map(|row| column(row, "app_id", IT)).collect()
    }

    /// What a job takes of its scope.
    pub(crate) async fn part(&self, job: JobId, extent: Extent) -> Result<Part, Error> {
        let selection = match extent {
            Extent::Whole => Selection::All,
            Extent::Part => {
                let known = self.selections(job, job).await?;
                known.get(&job).copied().unwrap_or(NOTHING)
            }
        };
        Ok(Part { selection, job })
    }

    /// Says of each job that takes a part which one it is. Jobs come with their extent alone.
    pub(crate) async fn add_selections(
        &self,
        mut jobs: Vec<(JobRow, Extent)>,
    ) -> Result<Vec<JobRow>, Error> {
        let parts = jobs.iter().filter(|(_, extent)| *extent == Extent::Part);
        let ids: Vec<JobId> = parts.map(|(job, _)| job.job_id).collect();
        if let (Some(first), Some(last)) = (ids.iter().min(), ids.iter().max()) {
            let known = self.selections(*first, *last).await?;
            for (job, _) in jobs.iter_mut().filter(|(_, extent)| *extent == Extent::Part) {
                job.selection = known.get(&job.job_id).copied().unwrap_or(NOTHING);
            }
        }
        Ok(jobs.into_iter().map(|(job, _)| job).collect())
    }

    async fn selections(
        &self,
        first: JobId,
        last: JobId,
    ) -> Result<BTreeMap<JobId, Selection>, Error> {
        let rows = self.run(statements::JOB_SELECTIONS, &[&first.0, &last.0]).await?;
        rows.iter().map(selection).collect()
    }
}

/// What a job takes whose selection is gone, as it is while the job is pruned: never everything.
const NOTHING: Selection = Selection::Listed(0);

fn selection(row: &Row) -> Result<(JobId, Selection), Error> {
    const IT: &str = "job_selections";
    let millionths: i32 = column(row, "millionths", IT)?;
    let selection = match u32::try_from(millionths).ok() {
        Some(0) => Selection::Listed(column(row, "applications", IT)?),
        share => {
            let sample = share.and_then(Sample::of_millionths);
            let detail = format!("{millionths} millionths are no share");
            Selection::Sample(sample.ok_or(Error::Shape { statement: IT, detail })?)
        }
    };
    Ok((JobId(column(row, "job_id", IT)?), selection))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_inserted_with_what_it_takes() {
        let sample: Sample = "0.1%".parse().expect("a share");
        for (chosen, columns, selection) in [
            (Chosen::All, (0, 0, ""), Selection::All),
            (Chosen::Sample(sample), (1_000, 0, ""), Selection::Sample(sample)),
            (Chosen::Listed(vec![-3, 9]), (0, 2, "[-3,9]"), Selection::Listed(2)),
        ] {
            let (share, n, ids) = chosen.columns();
            assert_eq!((share, n, ids.as_str()), columns);
            assert_eq!(chosen.selection(), selection);
        }
    }

    #[test]
    fn modes_stand_for_whole_scopes_and_parts() {
        assert_eq!(words(&[Mode::Once, Mode::Retry]), "'once', 'once-part', 'retry', 'retry-part'");
    }
}
