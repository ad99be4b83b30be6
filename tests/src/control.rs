//! What a leader writes, for tests that do so themselves without a cluster.

use std::time::Duration;

use xmlx_samples::Line;
use xmlx_store::{Budget, Grows, Leadership, Limit, Mode, NewJob, Scope, SessionRow, Store};

/// A leadership that no test outlasts.
const TTL: Duration = Duration::from_secs(600);

/// Takes the leadership, which has to be free.
pub async fn lead(store: &Store) -> Leadership {
    let acquired = store.acquire_leadership("leader", "http://leader", TTL).await;
    acquired.expect("the database answers").expect("nobody leads")
}

/// A job over the card applications of `scope`, with the limits that a job has by default.
#[must_use]
pub fn new_job(job_id: i64, mode: Mode, scope: Scope) -> NewJob {
    NewJob {
        job_id,
        submit_key: job_id.to_string(),
        name: "test".to_owned(),
        contract_hash: "0".repeat(64),
        contract: xmlx_samples::contract(Line::Card).to_owned(),
        priority: 0,
        mode,
        scope,
        log_watermark: 0,
        budget: Budget { max_failures: Limit::HALF, max_warnings: None },
        grows: Grows::Up,
    }
}

/// An active session of a worker with one slot.
#[must_use]
pub fn session(id: &str) -> SessionRow {
    SessionRow {
        session_id: id.to_owned(),
        name: id.to_owned(),
        build: "0".to_owned(),
        slots: 1,
        state: "active".to_owned(),
    }
}
