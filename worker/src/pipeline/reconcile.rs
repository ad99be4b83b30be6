//! What a reconciliation finds in the groups of a lease: the commit writes it beside the cursor.

use xmlx_domain::Lease;
use xmlx_store::{
    Comparison, Connection, Decided, Error, FINDINGS_MAX, FINDINGS_OF_A_LEASE_MAX, Finding,
    Reconciled,
};

use super::{Outcome, Shop};
use crate::jobs::Job;

/// The word for an application that the contract gives no rows for any more.
const REJECTED: &str = "rejected";

/// What a lease has compared so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Reconciliation {
    so_far: Reconciled,
    /// Findings that may still be kept.
    room: usize,
}

/// What was found in a group.
#[derive(Debug)]
pub(super) struct Found {
    /// Of the lease, the group included.
    pub(super) report: String,
    pub(super) findings: Vec<Finding>,
    /// What the lease has compared once the group is in.
    pub(super) next: Reconciliation,
}

impl Reconciliation {
    /// Begins a lease. A job that has kept enough keeps no more, and goes on counting.
    pub(super) async fn begin(shop: &Shop, lease: &Lease, job: &Job) -> Result<Self, Outcome> {
        if job.comparison.is_none() {
            return Ok(Self::default());
        }
        let kept = shop.store.count_findings(lease.key.job).await?;
        let room = (FINDINGS_MAX - kept).clamp(0, FINDINGS_OF_A_LEASE_MAX);
        Ok(Self { so_far: Reconciled::default(), room: usize::try_from(room).unwrap_or_default() })
    }

    /// Compares a group with the tables.
    pub(super) async fn compare(
        &self,
        comparison: &Comparison,
        connection: &mut Connection,
        decided: &[Decided],
    ) -> Result<Found, Error> {
        let applications: Vec<_> = decided
            .iter()
            .filter_map(|app| match app {
                Decided::Rows(application) => Some(application),
                Decided::Failed { .. } | Decided::Elsewhere { .. } => None,
            })
            .collect();
        let compared = comparison.compare(connection, &applications).await?;
        let mut findings: Vec<Finding> =
            compared.differences.iter().map(xmlx_store::Difference::finding).collect();
        let n_differences = findings.len();
        for app in decided {
            if let Decided::Failed { app_id, reason } = app {
                findings.push(Finding {
                    app_id: *app_id,
                    kind: REJECTED.to_owned(),
                    table: String::new(),
                    column: String::new(),
                    reason: reason.to_string(),
                });
            }
        }
        let n_rejected = findings.len() - n_differences;
        findings.sort_by_key(|finding| finding.app_id);
        let mut next = self.clone();
        let app_ids: Vec<i64> = decided.iter().map(Decided::app_id).collect();
        next.so_far.add(&app_ids, n_rejected, &compared);
        let n_left_out = findings.len().saturating_sub(next.room);
        findings.truncate(next.room);
        next.room -= findings.len();
        next.so_far.left_out += u64::try_from(n_left_out).unwrap_or(u64::MAX);
        let report = next.so_far.to_json();
        Ok(Found { report, findings, next })
    }
}
