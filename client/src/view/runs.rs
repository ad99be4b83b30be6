//! What became of one application, each time.

use serde::Serialize;
use xmlx_proto::v1 as pb;

/// A row of the log.
#[derive(Debug, Serialize)]
pub(crate) struct Run {
    at: String,
    status: String,
    /// `None`: it did not fail.
    reason: Option<String>,
    /// `None`: another tool wrote it, or the job's records were deleted.
    job: Option<i64>,
    contract_hash: Option<String>,
    worker: Option<String>,
    range: Option<i64>,
    epoch: Option<i64>,
    session: String,
}

impl Run {
    pub(crate) const HEADER: [&'static str; 8] =
        ["AT", "STATUS", "JOB", "CONTRACT", "WORKER", "RANGE", "EPOCH", "REASON"];

    pub(crate) fn row(&self) -> Vec<String> {
        let number = |n: Option<i64>| n.map(|n| n.to_string()).unwrap_or_default();
        // As much of the hash as tells contracts apart.
        let hash = self.contract_hash.as_deref().unwrap_or_default();
        vec![
            self.at.clone(),
            self.status.clone(),
            number(self.job),
            hash.chars().take(12).collect(),
            self.worker.clone().unwrap_or_else(|| "(not known)".to_owned()),
            number(self.range),
            number(self.epoch),
            self.reason.clone().unwrap_or_default(),
        ]
    }
}

impl From<pb::Run> for Run {
    fn from(run: pb::Run) -> Self {
        let filled = |text: String| Some(text).filter(|text| !text.is_empty());
        Self {
            at: run.at,
            status: run.status,
            reason: filled(run.reason),
            range: run.job_id.map(|_| run.range_id),
            epoch: run.job_id.map(|_| run.epoch),
            job: run.job_id,
            contract_hash: filled(run.contract_hash),
            worker: filled(run.worker),
            session: run.session_id,
        }
    }
}
