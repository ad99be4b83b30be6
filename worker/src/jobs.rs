//! What the pipelines need of a job, read once.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use tokio::sync::OnceCell;
use xmlx_domain::{JobId, Mode};
use xmlx_extract::{Plan, PlanPair};
use xmlx_report::Counter;
use xmlx_store::{CommitPlan, Comparison, Documents, Error, Store, Versions};

use crate::pipeline::Rehearser;

/// Jobs kept; older ones are read again if they come back.
const JOBS_MAX: usize = 32;

/// A job's contract, compiled, and its statements.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) plan: Plan,
    pub(crate) documents: Documents,
    pub(crate) commit: CommitPlan,
    pub(crate) mode: Mode,
    /// What a rehearsal needs.
    pub(crate) rehearser: Option<Rehearser>,
    /// What a reconciliation compares with.
    pub(crate) comparison: Option<Comparison>,
    /// The contract that the job's is compared with.
    pub(crate) other: Option<OtherContract>,
    /// Counts what is written, for the reports of leases.
    pub(crate) counter: Counter,
    /// Commits of this process that wrote rows.
    n_commits: AtomicU64,
    /// The bits of [`Job::refused_share`].
    refused_share: AtomicU64,
}

/// Another contract for the same documents.
#[derive(Debug)]
pub(crate) struct OtherContract {
    pub(crate) plan: Plan,
    /// The job's own and this one.
    pub(crate) pair: PlanPair,
}

impl Job {
    /// How many commits of this process have written rows so far.
    pub(crate) fn n_commits(&self) -> u64 {
        self.n_commits.load(Ordering::Relaxed)
    }

    /// The share of its applications that the database refused lately, as the last commit of any lease left it: a new
    /// lease need not find it out again.
    pub(crate) fn refused_share(&self) -> f64 {
        f64::from_bits(self.refused_share.load(Ordering::Relaxed))
    }

    pub(crate) fn set_refused_share(&self, share: f64) {
        self.refused_share.store(share.to_bits(), Ordering::Relaxed);
    }

    /// One more has.
    pub(crate) fn note_commit(&self) {
        self.n_commits.fetch_add(1, Ordering::Relaxed);
    }
}

/// Jobs by id.
#[derive(Debug)]
pub(crate) struct Jobs {
    store: Store,
    /// Where documents are read, if elsewhere.
    copy: Option<Store>,
    known: Mutex<Known<Arc<Job>>>,
}

/// The newest jobs. Each has a cell of its own, so that it is read once and nobody waits while another job is read.
#[derive(Debug)]
struct Known<T>(BTreeMap<JobId, Arc<OnceCell<T>>>);

impl<T> Known<T> {
    /// The job's cell; a new one may take the place of the oldest job, which is the one with the lowest id.
    fn cell(&mut self, job: JobId) -> Arc<OnceCell<T>> {
        if self.0.len() >= JOBS_MAX && !self.0.contains_key(&job) {
            self.0.pop_first();
        }
        Arc::clone(self.0.entry(job).or_insert_with(|| Arc::new(OnceCell::new())))
    }
}

impl Jobs {
    pub(crate) fn new(store: Store, copy: Option<Store>) -> Self {
        Self { store, copy, known: Mutex::new(Known(BTreeMap::new())) }
    }

    /// The job, from memory or the database. A contract never changes once submitted.
    pub(crate) async fn get(&self, job_id: JobId) -> Result<Arc<Job>, Error> {
        let cell = self.cell(job_id);
        let job = cell.get_or_try_init(async || self.read(job_id).await.map(Arc::new)).await?;
        Ok(Arc::clone(job))
    }

    fn cell(&self, job_id: JobId) -> Arc<OnceCell<Arc<Job>>> {
        self.known.lock().expect("nobody panics while holding this lock").cell(job_id)
    }

    /// The contract that a job compares its own with.
    async fn other(&self, job_id: JobId, own: &Plan) -> Result<OtherContract, Error> {
        let mut plan = self.store.new_plan(job_id).await?;
        let catalog = self.store.catalog(plan.target_schema()).await?;
        catalog.describe(&mut plan);
        catalog.narrow(&mut plan);
        let pair = PlanPair::new(own, &plan);
        Ok(OtherContract { plan, pair })
    }

    async fn read(&self, job_id: JobId) -> Result<Job, Error> {
        // Where the database did not answer at the start, it has not been asked yet.
        for store in std::iter::once(&self.store).chain(&self.copy) {
            Box::pin(store.require_fit_server()).await?;
        }
        let (mut plan, source) = self.store.job_plan(job_id).await?;
        let mut connection = self.store.connection();
        let documents = Documents::of(&mut connection, &plan, &source).await?;
        let catalog = self.store.catalog(plan.target_schema()).await?;
        let documents = documents.with_versions(Versions::of(&plan, &catalog));
        // What does not go together was refused when the job was submitted; the plan of the commit checks it again.
        catalog.describe(&mut plan);
        catalog.narrow(&mut plan);
        let commit = if source.mode().replaces() {
            let scope = self.store.job_scope(job_id).await?;
            let removals = self.store.removals(&plan, &catalog, scope, job_id).await?;
            self.store.require_grants(&removals.grants()).await?;
            CommitPlan::replacing(&plan, &catalog, &source, &removals)?
        } else {
            CommitPlan::new(&plan, &catalog, &source)?
        };
        let rehearser = match source.mode() {
            Mode::Rehearse => {
                Some(Rehearser::new(&plan, self.store.forecast(&plan, &catalog).await?))
            }
            Mode::Once
            | Mode::Follow
            | Mode::Retry
            | Mode::Reconcile
            | Mode::Cover
            | Mode::Diff
            | Mode::Replace
            | Mode::ReplaceAll => None,
        };
        let reconciles = source.mode() == Mode::Reconcile;
        let comparison = reconciles.then(|| Comparison::new(&plan, &catalog)).transpose()?;
        let compares = source.mode() == Mode::Diff;
        let other = if compares { Some(self.other(job_id, &plan).await?) } else { None };
        // Coverage is that of the contract: what the database puts in the place of a NULL is no value of a document.
        let has_default = |table: &str, column: &str| {
            source.mode() != Mode::Cover && catalog.has_default(table, column)
        };
        let counter = Counter::new(&plan, has_default);
        Ok(Job {
            plan,
            documents,
            commit,
            mode: source.mode(),
            rehearser,
            comparison,
            other,
            counter,
            n_commits: AtomicU64::new(0),
            refused_share: AtomicU64::new(0),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_read_once_while_it_is_among_the_newest() {
        let mut known = Known(BTreeMap::new());
        let n_jobs = i64::try_from(JOBS_MAX).unwrap();
        for id in 1..=n_jobs {
            known.cell(JobId(id)).set(id).unwrap();
        }
        for id in 1..=n_jobs {
            assert_eq!(known.cell(JobId(id)).get(), Some(&id), "all of them fit");
        }
        known.cell(JobId(n_jobs + 1)).set(n_jobs + 1).unwrap();
        assert_eq!(known.cell(JobId(2)).get(), Some(&2));
        assert_eq!(known.0.len(), JOBS_MAX);
        assert_eq!(known.cell(JobId(1)).get(), None, "the oldest has made room and is read again");
    }
}
