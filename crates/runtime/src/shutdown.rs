//! First signal: drain. Second signal: leave at once.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// What a process listens to in order to end.
#[derive(Clone, Debug, Default)]
pub struct Shutdown {
    /// Finish what is in hand, take nothing new.
    pub drain: CancellationToken,
    /// Drop everything.
    pub abort: CancellationToken,
}

impl Shutdown {
    /// A shutdown that follows SIGTERM and SIGINT. Call within a runtime.
    ///
    /// # Errors
    /// Where signal handlers cannot be installed.
    pub fn on_signals() -> std::io::Result<Self> {
        let shutdown = Self::default();
        let (mut terminate, mut interrupt) =
            (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        let cancelled = shutdown.clone();
        tokio::spawn(async move {
            for token in [&cancelled.drain, &cancelled.abort] {
                tokio::select! {
                    _ = terminate.recv() => (),
                    _ = interrupt.recv() => (),
                }
                tracing::info!("signal received, shutting down");
                token.cancel();
            }
        });
        Ok(shutdown)
    }
}
