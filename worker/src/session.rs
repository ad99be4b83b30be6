//! The session with the coordinators: hello, heartbeats, orders in, reports out.
//!
//! It runs on a thread and a runtime of its own and waits for no slot, no lock that is held for
//! long, and no pool: a busy worker must not look dead. Without a heartbeat a worker is worse than
//! none, so the process ends if this thread does.

mod stream;

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};
use xmlx_proto::ErrorCode;
use xmlx_runtime::AbortOnPanic;

use crate::Config;
use crate::board::Board;
use crate::foreman::{Order, Report};
use crate::pace::Gate;

/// Between two rounds over all coordinators.
const ROUND_PAUSE: Duration = Duration::from_millis(300);
/// After the foreman is done, what it reported last may take so long to send.
const FAREWELL: Duration = Duration::from_secs(1);

/// What the session works with.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) id: String,
    pub(crate) config: Config,
    pub(crate) board: Arc<Board>,
    pub(crate) gate: Arc<Gate>,
    pub(crate) orders: mpsc::Sender<Order>,
}

/// Starts the thread. It ends after `over`, or takes the process with it.
pub(crate) fn spawn(
    session: Session,
    reports: mpsc::Receiver<Report>,
    over: CancellationToken,
) -> std::io::Result<JoinHandle<()>> {
    std::thread::Builder::new().name("session".to_owned()).spawn(move || {
        // A worker whose heartbeat ends must not go on working unseen.
        let _guard = AbortOnPanic::new("session");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime of one thread can always be built");
        runtime.block_on(session.run(reports, over));
    })
}

impl Session {
    /// Keeps a stream to the leader, from one coordinator to the next, until `over`.
    async fn run(self, mut reports: mpsc::Receiver<Report>, over: CancellationToken) {
        let mut term = 0;
        let mut leader: Option<String> = None;
        let mut next = 0;
        loop {
            let address = leader.take().unwrap_or_else(|| {
                let all = &self.config.coordinators;
                next = (next + 1) % all.len();
                all[next].clone()
            });
            let ended = tokio::select! {
                ended = self.stream(&address, &mut term, &mut reports) => ended,
                () = farewell(&over) => return,
            };
            match ended {
                stream::Ended::Goodbye => return,
                stream::Ended::Redirected(to) => {
                    leader = to.filter(|it| *it != address);
                }
                stream::Ended::Refused(refusal) if refusal.code == ErrorCode::Protocol => {
                    error!(%address, %refusal, "the coordinator refuses this build");
                }
                stream::Ended::Refused(refusal) => {
                    warn!(%address, %refusal, "the coordinator does not take this worker");
                    leader = refusal.leader_address.filter(|it| *it != address);
                }
                stream::Ended::Broke(reason) => {
                    warn!(%address, reason, "no stream to the coordinator")
                }
            }
            if leader.is_none() {
                tokio::select! {
                    () = tokio::time::sleep(ROUND_PAUSE) => (),
                    () = over.cancelled() => return,
                }
            }
        }
    }
}

async fn farewell(over: &CancellationToken) {
    over.cancelled().await;
    tokio::time::sleep(FAREWELL).await;
    info!("no coordinator took the goodbye");
}
