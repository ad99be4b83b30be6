//! Second stage: documents into rows, away from the async threads.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error};
use xmlx_extract::Stage;
use xmlx_store::{Decided, Fetched};

use super::retry::persist;
use super::{Group, Outcome, Shop};
use crate::board::Lease;
use crate::jobs::Job;

/// An application that has been tried alone so often, and every time its process died, is poison.
const TRIES_MAX: i32 = 2;

pub(super) async fn run(
    shop: &Shop,
    lease: &Lease,
    job: &Arc<Job>,
    stop: &CancellationToken,
    mut groups: mpsc::Receiver<Group>,
    decided: mpsc::Sender<Vec<Decided>>,
) -> Result<(), Outcome> {
    let mut connection = shop.store.connection();
    while let Some(group) = groups.recv().await {
        let key = &lease.key;
        let suspect = group.apps.first().filter(|_| group.suspect).map(|it| it.app_id);
        if let Some(app_id) = suspect {
            let tries = persist!(stop, key.note_suspect(&mut connection, app_id));
            if tries.map_err(Outcome::from)? > TRIES_MAX {
                error!(
                    app_id,
                    "the application fails: its worker processes died with it in flight"
                );
                let reason =
                    format!("{}: {TRIES_MAX} worker processes died trying it alone", Stage::Poison);
                if decided.send(vec![Decided::Failed { app_id, reason }]).await.is_err() {
                    return Ok(());
                }
                continue;
            }
        }
        let (job, abort_on) = (Arc::clone(job), shop.config.test_abort_on_app);
        let extracted = tokio::task::spawn_blocking(move || {
            group.apps.iter().map(|it| extract(&job, it, abort_on)).collect::<Vec<_>>()
        });
        let extracted = extracted.await.expect("panics are caught one application at a time");
        if let Some(app_id) = suspect {
            persist!(stop, key.clear_suspect(&mut connection, app_id)).map_err(Outcome::from)?;
        }
        if decided.send(extracted).await.is_err() {
            return Ok(());
        }
    }
    Ok(())
}

/// A panic in one application fails that application.
fn extract(job: &Job, it: &Fetched, abort_on: Option<i64>) -> Decided {
    let app_id = it.app_id;
    if abort_on == Some(app_id) {
        std::process::abort();
    }
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
