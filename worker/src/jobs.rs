//! What the pipelines need of a job, read once.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use tokio::sync::OnceCell;
use xmlx_domain::JobId;
use xmlx_extract::Plan;
use xmlx_store::{Bounds, CommitPlan, Documents, Error, Store, Versions};

/// Jobs kept; older ones are read again if they come back.
const JOBS_MAX: usize = 32;

/// A job's contract, compiled, and its statements.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) plan: Plan,
    pub(crate) documents: Documents,
    pub(crate) commit: CommitPlan,
    /// What the target's columns can hold.
    pub(crate) bounds: Bounds,
    /// Commits of this process that wrote rows.
    n_commits: AtomicU64,
}

impl Job {
    /// How many commits of this process have written rows so far.
    pub(crate) fn n_commits(&self) -> u64 {
        self.n_commits.load(Ordering::Relaxed)
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
    /// Read once each, and nobody waits behind another job's reading.
    known: Mutex<BTreeMap<JobId, Arc<OnceCell<Arc<Job>>>>>,
}

impl Jobs {
    pub(crate) fn new(store: Store, copy: Option<Store>) -> Self {
        Self { store, copy, known: Mutex::new(BTreeMap::new()) }
    }

    /// The job, from memory or the database. A contract never changes once submitted.
    pub(crate) async fn get(&self, job_id: JobId) -> Result<Arc<Job>, Error> {
        let cell = self.cell(job_id);
        let job = cell.get_or_try_init(async || self.read(job_id).await.map(Arc::new)).await?;
        Ok(Arc::clone(job))
    }

    fn cell(&self, job_id: JobId) -> Arc<OnceCell<Arc<Job>>> {
        let mut known = self.known.lock().expect("nobody panics while holding this lock");
        if known.len() >= JOBS_MAX && !known.contains_key(&job_id) {
            // The lowest id is the oldest job.
            known.pop_first();
        }
        Arc::clone(known.entry(job_id).or_default())
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
        catalog.narrow(&mut plan);
        let commit = CommitPlan::new(&plan, &catalog, &source)?;
        let bounds = Bounds::new(&plan, &catalog);
        Ok(Job { plan, documents, commit, bounds, n_commits: AtomicU64::new(0) })
    }
}
