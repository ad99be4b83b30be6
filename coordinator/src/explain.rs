//! How an application becomes rows, told from its document in the source.
//!
//! Values of the document leave this process only where an operator asks for them. They are never logged.

mod message;

use std::sync::Arc;

use xmlx_domain::JobId;
use xmlx_extract::{Asked, Explanation, Limits, Part, Plan, Values, text_of, text_of_utf16};
use xmlx_proto::{ErrorCode, Refusal, v1 as pb};
use xmlx_store::{Documents, Fetched, JobRow, Run, Store, Xml};

use crate::access::Caller;
use crate::convert;

/// The largest document that is explained. It takes several times its size in memory, and the same process grants leases.
const DOCUMENT_BYTES_MAX: usize = 16 << 20;
/// Rows of each table in one answer.
const ROWS_MAX: u32 = 100;
const ROWS_DEFAULT: u32 = 20;
/// Rows of the log in one answer: each costs a question. `runs` lists all.
const RUNS_MAX: i64 = 20;

/// Refuses what the caller may not ask for.
pub(crate) fn check(
    request: &pb::ExplainApplicationRequest,
    caller: &Caller,
) -> Result<(), Refusal> {
    if request.values && !caller.may_see_values() {
        let message = "values of applications are for the role `operator`; ask without `--values`";
        return Err(Refusal::new(ErrorCode::Denied, message));
    }
    if request.limit > ROWS_MAX {
        let message = format!("`limit` must be at most {ROWS_MAX}");
        return Err(Refusal::new(ErrorCode::Invalid, message));
    }
    Ok(())
}

/// Records that somebody sees values, before any is read: what cannot be recorded is not shown.
pub(crate) async fn record(
    store: &Store,
    request: &pb::ExplainApplicationRequest,
    caller: &Caller,
) -> Result<(), Refusal> {
    if !request.values {
        return Ok(());
    }
    let subject = format!("application {}", request.app_id);
    let mut record = caller.record("JobService/ExplainApplication", subject);
    record.parameters = serde_json::json!({ "values": true, "part": request.part }).to_string();
    store.record(&record).await.map_err(|err| convert::refusal(&err))
}

/// What the log has of an application, the latest first; one more than is shown. The log is that of a job's contract.
pub(crate) async fn runs(store: &Store, job: JobId, app_id: i64) -> Result<Vec<Run>, Refusal> {
    let (plan, _) = store.job_plan(job).await.map_err(|err| convert::refusal(&err))?;
    let runs = store.runs(&plan, app_id, i64::MAX, RUNS_MAX + 1).await;
    runs.map_err(|err| convert::refusal(&err))
}

/// Explains an application by the contract of a job. Take a turn before: it reads a document and thinks about it.
pub(crate) async fn explain(
    store: &Store,
    job: &JobRow,
    mut runs: Vec<Run>,
    request: &pb::ExplainApplicationRequest,
) -> Result<pb::ExplainApplicationResponse, Refusal> {
    let db = |err| convert::refusal(&err);
    let (_, source) = store.job_plan(job.job_id).await.map_err(db)?;
    let mut plan = plan(store, job.job_id).await?;
    let mut connection = store.connection();
    let documents = Documents::of(&mut connection, &plan, &source).await.map_err(db)?;
    let catalog = store.catalog(plan.target_schema()).await.map_err(db)?;
    // As workers do.
    catalog.describe(&mut plan);
    catalog.narrow(&mut plan);
    let part = part(&plan, &request.part)?;
    let document = documents.one(&mut connection, request.app_id).await.map_err(db)?;
    drop(connection);
    let Some(document) = document else { return Err(no_document(&plan, request.app_id)) };
    let rows_max = if request.limit == 0 { ROWS_DEFAULT } else { request.limit };
    let asked = Asked {
        part,
        skip: usize::try_from(request.skip).unwrap_or(usize::MAX),
        rows_max: usize::try_from(rows_max).unwrap_or(usize::MAX),
        values: if request.values { Values::Shown } else { Values::Hidden },
    };
    let plan = Arc::new(plan);
    let told = tokio::task::spawn_blocking(move || told(&plan, document, &asked)).await;
    let explanation = told.map_err(|_| {
        let message =
            "the program failed on this document; it is a fault of the program, not yours";
        Refusal::new(ErrorCode::Internal, message)
    })??;
    let n_shown = usize::try_from(RUNS_MAX).unwrap_or(usize::MAX);
    let has_more_runs = runs.len() > n_shown;
    runs.truncate(n_shown);
    Ok(pb::ExplainApplicationResponse {
        runs: runs.into_iter().map(crate::runs::run).collect(),
        has_more_runs,
        job_id: job.job_id.0,
        job_name: job.name.clone(),
        contract_hash: job.contract_hash.clone(),
        ..message::of(explanation)
    })
}

/// The contract of a job, for documents that are small enough to be explained here.
async fn plan(store: &Store, job_id: JobId) -> Result<Plan, Refusal> {
    let contract = store.job_contract(job_id).await.map_err(|err| convert::refusal(&err))?;
    let (contract, ..) = contract.ok_or_else(|| {
        Refusal::new(ErrorCode::NotFound, format!("job {job_id} has just been deleted"))
    })?;
    let mut limits: Limits = *store.limits();
    limits.document_bytes = limits.document_bytes.min(DOCUMENT_BYTES_MAX);
    Plan::from_json_with(&contract, limits)
        .map_err(|err| Refusal::new(ErrorCode::Internal, err.to_string()))
}

fn part(plan: &Plan, name: &str) -> Result<Option<Part>, Refusal> {
    if name.is_empty() {
        return Ok(None);
    }
    let part = plan.part(name).map_err(|reason| Refusal::new(ErrorCode::Invalid, reason))?;
    Ok(Some(part))
}

fn no_document(plan: &Plan, app_id: i64) -> Refusal {
    let table = &plan.source().table;
    let message = format!(
        "`{table}` has no document of application {app_id}; `xmlx-client runs {app_id}` says what became of it"
    );
    Refusal::new(ErrorCode::NotFound, message)
}

fn told(plan: &Plan, document: Fetched, asked: &Asked) -> Result<Explanation, Refusal> {
    let expected = Some(document.app_id);
    let text = match &document.xml {
        Some(Xml::Utf16(bytes)) => text_of_utf16(bytes),
        Some(Xml::Bytes(bytes)) => text_of(bytes),
        None => {
            let max = plan.limits().document_bytes >> 20;
            let message = format!(
                "the document takes more than the {max} MiB that a coordinator explains; save it and use `xmlx-client explain FILE --contract CONTRACT`"
            );
            return Err(Refusal::new(ErrorCode::NotPossible, message));
        }
    };
    match text {
        Ok(text) => Ok(plan.explain(&text, expected, asked)),
        Err(err) => Ok(Explanation::undecoded(&err.to_string(), expected)),
    }
}

#[cfg(test)]
mod tests {
    use xmlx_domain::AccessRole;

    use super::*;

    fn caller(role: AccessRole) -> Caller {
        Caller::with_roles("someone", &[role])
    }

    #[test]
    fn values_are_for_operators() {
        let asked = |values| pb::ExplainApplicationRequest { values, ..Default::default() };
        assert!(check(&asked(false), &caller(AccessRole::Viewer)).is_ok());
        assert!(check(&asked(true), &caller(AccessRole::Operator)).is_ok());
        let refused = check(&asked(true), &caller(AccessRole::Viewer)).expect_err("a viewer");
        assert_eq!(refused.code, ErrorCode::Denied);
        assert!(refused.message.contains("`operator`"), "{refused}");
    }

    #[test]
    fn limits_are_bounded() {
        let asked = |limit| pb::ExplainApplicationRequest { limit, ..Default::default() };
        assert!(check(&asked(ROWS_MAX), &caller(AccessRole::Viewer)).is_ok());
        let refused =
            check(&asked(ROWS_MAX + 1), &caller(AccessRole::Viewer)).expect_err("too many");
        assert_eq!(refused.code, ErrorCode::Invalid);
    }
}
