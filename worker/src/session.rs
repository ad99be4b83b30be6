//! The session with the coordinators: hello, heartbeats, orders in, reports out.
//!
//! It runs on a thread and a runtime of its own and waits for no slot, no lock that is held for
//! long, and no pool: a busy worker must not look dead. Without a heartbeat a worker is worse than
//! none, so the process ends if this thread does.

mod conversation;
mod route;
mod stream;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};
use xmlx_domain::SessionId;
use xmlx_proto::ErrorCode;
use xmlx_runtime::{AbortOnPanic, Clock, Pulse, Recurring, ServiceManager};
use xmlx_tls::Dialer;

use self::conversation::Conversation;
use self::route::{Ended, Next, Route};
use crate::Config;
use crate::board::Board;
use crate::dispatcher::{Order, Report};
use crate::gate::Gate;

/// Between two attempts to connect where nobody is known to lead: a takeover takes seconds, and a worker without a
/// coordinator loses nothing meanwhile, since it works on what it holds. Always the same, since what it costs a
/// coordinator is small, and a growing one would delay the return to work.
const ROUND_PAUSE: Duration = Duration::from_millis(300);
/// After the last lease has ended, what was reported last may take so long to send.
const FAREWELL: Duration = Duration::from_secs(1);

/// What the session works with.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) id: SessionId,
    pub(crate) config: Config,
    pub(crate) dialer: Dialer,
    pub(crate) board: Arc<Board>,
    pub(crate) gate: Arc<Gate>,
    pub(crate) orders: mpsc::Sender<Order>,
    /// Hears once this worker has joined the cluster.
    pub(crate) manager: ServiceManager,
    /// Beats with every heartbeat, and with every attempt to find a coordinator.
    pub(crate) pulse: Pulse,
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
        let mut conversation = Conversation::default();
        let mut route = Route::new(self.config.coordinators.clone());
        let mut told = Told::new();
        loop {
            self.pulse.beat();
            let address = route.address();
            let ended = tokio::select! {
                ended = self.stream(&address, &mut conversation, &mut reports) => ended,
                () = farewell(&over) => return,
            };
            told.log(&address, &ended);
            if let Ended::Refused(_) | Ended::Broke(_) = &ended {
                self.manager.status("no coordinator leads; trying again until one does");
            }
            match route.ended(&address, ended) {
                Next::Stop => return,
                Next::ConnectAtOnce => (),
                Next::ConnectAfterPause => tokio::select! {
                    () = tokio::time::sleep(ROUND_PAUSE) => (),
                    () = over.cancelled() => return,
                },
            }
        }
    }
}

/// What was logged of each coordinator, and when: some hundred attempts a minute must not fill the log.
struct Told {
    clock: Clock,
    of_coordinators: BTreeMap<String, Recurring<String>>,
}

impl Told {
    fn new() -> Self {
        Self { clock: Clock::start(), of_coordinators: BTreeMap::new() }
    }

    /// Logs why a stream ended, unless that was the reason a moment ago.
    fn log(&mut self, address: &str, ended: &Ended) {
        match ended {
            Ended::Goodbye | Ended::Redirected(_) => (),
            Ended::Refused(refusal) => {
                if self.is_new(address, &refusal.message) {
                    if refusal.code == ErrorCode::Protocol {
                        error!(%address, %refusal, "the coordinator refuses this build");
                    } else {
                        warn!(%address, %refusal, "the coordinator does not take this worker");
                    }
                }
            }
            Ended::Broke(reason) => {
                if self.is_new(address, reason) {
                    warn!(%address, reason, "no stream to the coordinator");
                }
            }
        }
    }

    /// Whether this is worth a line: it is another failure than before, or long ago.
    fn is_new(&mut self, address: &str, reason: &str) -> bool {
        self.is_new_at(address, reason, self.clock.now())
    }

    fn is_new_at(&mut self, address: &str, reason: &str, now: Duration) -> bool {
        let last = self.of_coordinators.entry(address.to_owned()).or_default();
        last.is_due(reason.to_owned(), now)
    }
}

async fn farewell(over: &CancellationToken) {
    over.cancelled().await;
    tokio::time::sleep(FAREWELL).await;
    info!("no coordinator took the goodbye");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_trouble_is_told_now_and_then() {
        let mut told = Told::new();
        let mut check = |address, reason, seconds, expected| {
            let is_new = told.is_new_at(address, reason, Duration::from_secs(seconds));
            assert_eq!(is_new, expected, "{address}: {reason} at {seconds}");
        };
        check("a", "refused", 0, true);
        check("a", "refused", 1, false);
        check("b", "refused", 1, true);
        check("a", "no route", 2, true);
        check("a", "no route", 31, false);
        check("a", "no route", 32, true);
    }
}
