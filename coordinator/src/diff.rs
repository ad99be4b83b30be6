//! What another contract would change in the applications of a job, as the leases of a job have found it.

use xmlx_domain::Mode;
use xmlx_extract::{ColumnChanges, FailureCounts};
use xmlx_proto::{ErrorCode, Refusal, v1 as pb};
use xmlx_store::{JobRow, Store};

use crate::convert;

/// Everything that a job has found by now.
pub(crate) async fn report(store: &Store, job: &JobRow) -> Result<pb::GetDiffResponse, Refusal> {
    if job.mode != Mode::Diff {
        let id = job.job_id;
        let message = format!(
            "job {id} compares no contracts (its mode is `{}`); `xmlx-client diff {id} --contract NEW` does",
            job.mode
        );
        return Err(Refusal::new(ErrorCode::NotPossible, message));
    }
    let db = |err| convert::refusal(&err);
    let report = store.report(job.job_id).await.map_err(db)?;
    let counts = report.and_then(|report| report.changes).unwrap_or_default();
    Ok(pb::GetDiffResponse {
        old_hash: job.contract_hash.clone(),
        new_hash: store.new_plan(job.job_id).await.map_err(db)?.hash().to_owned(),
        documents: counts.documents,
        changed: counts.changed,
        fails_now: Some(failures(counts.fails_now)),
        succeeds_now: Some(failures(counts.succeeds_now)),
        columns: counts.columns.into_iter().map(column).collect(),
    })
}

fn failures(counts: FailureCounts) -> pb::FailureCounts {
    let FailureCounts { applications, app_ids, reasons, other_reasons } = counts;
    pb::FailureCounts {
        applications,
        app_ids,
        reasons: reasons.into_iter().collect(),
        other_reasons,
    }
}

fn column(changes: ColumnChanges) -> pb::ColumnChanges {
    let ColumnChanges { table, column, changes, appears, disappears, app_ids } = changes;
    let column = column.unwrap_or_default();
    pb::ColumnChanges { table, column, changes, appears, disappears, app_ids }
}
