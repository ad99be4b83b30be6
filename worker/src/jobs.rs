//! What the pipelines need of a job, read once.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::Mutex;
use xmlx_extract::Plan;
use xmlx_store::{CommitPlan, Error, Source, Store};

/// Jobs kept; older ones are read again if they come back.
const JOBS_MAX: usize = 32;

/// A job's contract, compiled, and its statements.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) plan: Plan,
    pub(crate) source: Source,
    pub(crate) commit: CommitPlan,
}

/// Jobs by id.
#[derive(Debug)]
pub(crate) struct Jobs {
    store: Store,
    known: Mutex<BTreeMap<i64, Arc<Job>>>,
}

impl Jobs {
    pub(crate) fn new(store: Store) -> Self {
        Self { store, known: Mutex::new(BTreeMap::new()) }
    }

    /// The job, from memory or the database. A contract never changes once submitted.
    pub(crate) async fn get(&self, job_id: i64) -> Result<Arc<Job>, Error> {
        let mut known = self.known.lock().await;
        if let Some(it) = known.get(&job_id) {
            return Ok(Arc::clone(it));
        }
        let job = Arc::new(self.read(job_id).await?);
        if known.len() >= JOBS_MAX {
            known.pop_first();
        }
        known.insert(job_id, Arc::clone(&job));
        Ok(job)
    }

    async fn read(&self, job_id: i64) -> Result<Job, Error> {
        const IT: &str = "job_contract";
        let found = self.store.job_contract(job_id).await?;
        let (contract, mode, log_watermark) = found
            .ok_or_else(|| Error::Shape { statement: IT, detail: format!("no job {job_id}") })?;
        let plan = Plan::from_json(&contract).map_err(|err| Error::Mismatch(err.to_string()))?;
        let catalog = self.store.catalog(plan.target_schema()).await?;
        let commit = CommitPlan::new(&plan, &catalog)?;
        let source = Source::new(&plan, mode, log_watermark);
        Ok(Job { plan, source, commit })
    }
}
