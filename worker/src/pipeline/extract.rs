//! Second stage: documents into rows, away from the async threads.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use tokio::sync::mpsc;
use tracing::{debug, error};
use xmlx_extract::Stage;
use xmlx_store::{Decided, Fetched};

use crate::jobs::Job;

pub(super) async fn run(
    job: &Arc<Job>,
    mut groups: mpsc::Receiver<Vec<Fetched>>,
    decided: mpsc::Sender<Vec<Decided>>,
) {
    while let Some(group) = groups.recv().await {
        let job = Arc::clone(job);
        let extracted = tokio::task::spawn_blocking(move || {
            group.iter().map(|it| extract(&job, it)).collect::<Vec<_>>()
        });
        let extracted = extracted.await.expect("panics are caught one application at a time");
        if decided.send(extracted).await.is_err() {
            return;
        }
    }
}

/// A panic in one application fails that application.
fn extract(job: &Job, it: &Fetched) -> Decided {
    let app_id = it.app_id;
    let mapped = catch_unwind(AssertUnwindSafe(|| job.plan.map(&it.xml, Some(app_id))));
    let reason = match mapped {
        Ok(Ok(application)) => {
            if let Some(first) = application.warnings.first() {
                let n = application.warnings.len();
                debug!(
                    app_id,
                    warnings = n,
                    table = first.table,
                    column = first.column,
                    reason = first.reason,
                    "warnings"
                );
            }
            return Decided::Rows(application);
        }
        Ok(Err(rejection)) => rejection.to_string(),
        Err(_) => {
            error!(app_id, "extraction panicked; the application fails, the others go on");
            format!("{}: extraction panicked; please report it with this app_id", Stage::Poison)
        }
    };
    Decided::Failed { app_id, reason }
}
