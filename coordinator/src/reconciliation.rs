//! What a reconciliation has compared and found, in pages.

use xmlx_domain::Mode;
use xmlx_proto::{ErrorCode, Refusal, v1 as pb};
use xmlx_store::{Comparison, FindingRow, JobRow, Reconciled, Store};

use crate::convert;
use crate::pages::ROWS_MAX;

/// A page of the findings; the first one with everything else.
pub(crate) async fn page(
    store: &Store,
    job: &JobRow,
    request: &pb::GetReconciliationRequest,
) -> Result<pb::GetReconciliationResponse, Refusal> {
    if job.mode != Mode::Reconcile {
        let message = format!(
            "job {} reconciles nothing: it is a `{}`; `xmlx-client reconcile {}` compares its rows",
            job.job_id, job.mode, job.job_id
        );
        return Err(Refusal::new(ErrorCode::NotPossible, message));
    }
    let after = after(&request.page_token)?;
    let size = if request.page_size == 0 { ROWS_MAX } else { request.page_size.min(ROWS_MAX) };
    let reconciliation = match after {
        None => Some(reconciliation(store, job).await?),
        Some(_) => None,
    };
    let read = store.findings(job.job_id, after, i64::from(size) + 1, "").await;
    let mut rows = read.map_err(|err| convert::refusal(&err))?;
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let has_more = rows.len() > size;
    rows.truncate(size);
    let token = |row: &FindingRow| format!("{}.{}", row.finding.app_id, row.n);
    let next_page_token = rows.last().filter(|_| has_more).map(token).unwrap_or_default();
    Ok(pb::GetReconciliationResponse {
        reconciliation,
        findings: rows.into_iter().map(finding).collect(),
        next_page_token,
    })
}

/// The finding that the page before ended with: its application, and its place among those of it.
fn after(token: &str) -> Result<Option<(i64, i32)>, Refusal> {
    if token.is_empty() {
        return Ok(None);
    }
    let read =
        token.split_once('.').and_then(|(app_id, n)| Some((app_id.parse().ok()?, n.parse().ok()?)));
    read.map(Some).ok_or_else(|| {
        let message = "`page_token` is none that a coordinator gave out; begin with an empty one";
        Refusal::new(ErrorCode::Invalid, message)
    })
}

async fn reconciliation(store: &Store, job: &JobRow) -> Result<pb::Reconciliation, Refusal> {
    let db = |err| convert::refusal(&err);
    let Reconciled { applications, rows, cells, rejected, differing, left_out, ids, differences } =
        store.reconciled(job.job_id).await.map_err(db)?;
    let (mut plan, _) = store.job_plan(job.job_id).await.map_err(db)?;
    let catalog = store.catalog(plan.target_schema()).await.map_err(db)?;
    catalog.describe(&mut plan);
    let comparison = Comparison::new(&plan, &catalog).map_err(db)?;
    let count = |((table, column, kind), differences)| pb::DifferenceCount {
        table,
        column,
        kind,
        differences,
    };
    let not_compared = comparison.not_compared().iter();
    let not_compared = not_compared
        .map(|entry| pb::NotCompared { place: entry.place.clone(), reason: entry.reason.clone() });
    Ok(pb::Reconciliation {
        applications,
        rejected,
        rows,
        cells,
        differing,
        differences: differences.into_iter().map(count).collect(),
        findings_left_out: left_out,
        first_app_id: ids.map(|(first, _)| first),
        last_app_id: ids.map(|(_, last)| last),
        contract_hash: job.contract_hash.clone(),
        not_compared: not_compared.collect(),
    })
}

fn finding(row: FindingRow) -> pb::Finding {
    let finding = row.finding;
    pb::Finding {
        app_id: finding.app_id,
        kind: finding.kind,
        table: finding.table,
        column: finding.column,
        reason: finding.reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_read_as_they_were_given_out() {
        assert_eq!(after("").expect("the first page"), None);
        assert_eq!(after("-7.3").expect("a token"), Some((-7, 3)));
        for wrong in ["7", "7.", ".3", "a.b", "7.3.1"] {
            let refused = after(wrong).expect_err("no token");
            assert!(refused.message.contains("page_token"), "{wrong}: {refused}");
        }
    }
}
