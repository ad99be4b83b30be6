//! Second stage: documents into rows, away from the async threads.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error};
use xmlx_domain::{Lease, LogReason, Stage};
use xmlx_extract::{Application, Changed, Counting, Rejection};
use xmlx_report::pattern;
use xmlx_store::{Decided, Error, Fetched, OpenRange, Xml};

use super::retry::persist;
use super::{Batch, Group, Seen, Shop};
use crate::jobs::Job;
use crate::metrics::{METRICS, Step};
use crate::test_hooks::TestHooks;

/// An application that so many processes have tried alone, and died of, is poison.
const DEATHS_MAX: i64 = 2;

/// Why the stage ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// All that was fetched has been extracted and handed on.
    Done,
    /// A drain, or the next stage has stopped: something was not extracted.
    Stopped,
}

/// Extracts groups until none comes. After a drain has begun no further one is: what is extracted here is committed here,
/// and what is only fetched nobody has worked on.
pub(super) async fn run(
    shop: &Shop,
    lease: &Lease,
    job: &Arc<Job>,
    range: OpenRange,
    stop: &CancellationToken,
    mut groups: mpsc::Receiver<Group>,
    decided: mpsc::Sender<Batch>,
) -> Result<Ended, Error> {
    let mut connection = shop.store.connection();
    let held = shop.held(lease);
    let mut looking = Looking::of(job);
    while let Some(group) = groups.recv().await {
        if stop.is_cancelled() {
            return Ok(Ended::Stopped);
        }
        let Group { apps, room, suspect } = group;
        let suspect = apps.first().filter(|_| suspect).map(|app| app.app_id);
        let _trial = match suspect {
            Some(_) => Some(shop.trial.lock().await),
            None => None,
        };
        let deaths = match suspect {
            Some(app_id) => persist!(stop, held.note_trial(&mut connection, app_id, &range))?,
            None => 0,
        };
        let (extracted, seen) = match suspect {
            Some(app_id) if deaths >= DEATHS_MAX => (vec![poison(app_id)], Seen::default()),
            _ => {
                let (job, tests) = (Arc::clone(job), shop.config.tests.clone());
                let mut own = std::mem::take(&mut looking);
                let extracting = tokio::task::spawn_blocking(move || {
                    let decided: Vec<Decided> =
                        apps.iter().map(|app| extract(&job, app, &tests, &mut own)).collect();
                    let seen = own.take();
                    (decided, seen, own)
                });
                let extracted = METRICS.timed(Step::Extract, extracting).await;
                let (decided, seen, own) =
                    extracted.expect("panics are caught one application at a time");
                looking = own;
                (decided, seen)
            }
        };
        let (committed, wait) = oneshot::channel();
        let batch = Batch { decided: extracted, seen, _room: room, committed };
        if decided.send(batch).await.is_err() {
            return Ok(Ended::Stopped);
        }
        // A suspect is alone until it is committed: what dies then dies of it.
        if suspect.is_some() && wait.await.is_err() {
            return Ok(Ended::Stopped);
        }
    }
    Ok(Ended::Done)
}

fn poison(app_id: i64) -> Decided {
    error!(app_id, "the application fails: its worker processes died with it in flight");
    let text = format!("{DEATHS_MAX} worker processes died trying it alone");
    let reason = LogReason::new(Stage::Poison, text);
    Decided::Failed { app_id, reason }
}

thread_local! {
    /// Whether this thread is in the middle of a document.
    static READING: Cell<bool> = const { Cell::new(false) };
}

/// Keeps the message of a panic in a document to itself: it may hold parts of the document.
pub(crate) fn hush_panics() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if READING.get() {
            let place = panic.location().map(ToString::to_string);
            error!(place, "a panic while reading a document");
        } else {
            before(panic);
        }
    }));
}

/// A panic in one application fails that application.
fn extract(job: &Job, app: &Fetched, tests: &TestHooks, looking: &mut Looking) -> Decided {
    let app_id = app.app_id;
    tests.before_extraction(app_id);
    let Some(xml) = &app.xml else {
        let text = job.plan.limits().document_too_large();
        let reason = LogReason::new(Stage::Validation, text);
        return Decided::Failed { app_id, reason };
    };
    READING.set(true);
    let mapped = catch_unwind(AssertUnwindSafe(|| {
        let text = match xml {
            Xml::Utf16(bytes) => job.plan.text_of_utf16(bytes, Some(app_id)),
            Xml::Bytes(bytes) => job.plan.text_of(bytes, Some(app_id)),
        }?;
        looking.count(job, app_id, &text);
        let mapped = job.plan.map(&text, Some(app_id));
        looking.compare(job, app_id, &text, &mapped);
        mapped
    }));
    READING.set(false);
    if mapped.is_err() {
        looking.begin_anew();
    }
    let reason = match mapped {
        Ok(Ok(application)) => {
            if let Some(first) = application.warnings.first() {
                let n = application.warnings.len();
                let (table, column) = job.plan.warned(first);
                let kind = first.kind.as_str();
                debug!(app_id, warnings = n, table, column, kind, "warnings");
            }
            return Decided::Rows(application);
        }
        Ok(Err(rejection)) => rejection.log_reason(),
        Err(_) => {
            error!(app_id, "extraction panicked; the application fails, the others go on");
            LogReason::new(Stage::Poison, "extraction panicked; please report it with this app_id")
        }
    };
    Decided::Failed { app_id, reason }
}

/// What is seen of documents beside their rows, where the job looks.
#[derive(Debug, Default)]
struct Looking {
    counting: Option<Counting>,
    changed: Vec<(i64, Changed)>,
}

impl Looking {
    fn of(job: &Job) -> Self {
        Self { counting: job.mode.covers().then(Counting::new), changed: Vec::new() }
    }

    /// Counts what a document has. What is not counted is taken for unreadable; why, the mapping says.
    fn count(&mut self, job: &Job, app_id: i64, text: &str) {
        if let Some(counting) = &mut self.counting {
            let _ = counting.add(app_id, text, job.plan.limits());
        }
    }

    /// Compares what two contracts make of a document.
    fn compare(
        &mut self,
        job: &Job,
        app_id: i64,
        text: &str,
        mapped: &Result<Application, Rejection>,
    ) {
        if let Some(other) = &job.other {
            let again = other.plan.map(text, Some(app_id));
            let reason = |rejection: &Rejection| pattern(&rejection.reason);
            let (changed, _) = other.pair.changed(app_id, mapped, &again, reason);
            self.changed.push((app_id, changed));
        }
    }

    /// What was seen since the last time.
    fn take(&mut self) -> Seen {
        let counted = self.counting.as_mut().map_or_else(Vec::new, Counting::take);
        Seen { counted, changed: std::mem::take(&mut self.changed) }
    }

    /// After a panic nobody knows how far a document was counted.
    fn begin_anew(&mut self) {
        if let Some(counting) = &mut self.counting {
            counting.begin_anew();
        }
    }
}
