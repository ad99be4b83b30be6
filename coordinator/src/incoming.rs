//! Connections from outside: none that says nothing is kept, and running out of file descriptors is survived.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tracing::{debug, warn};
use xmlx_runtime::{Clock, Recurring};
use xmlx_tls::{Accepted, Acceptor, Place};

/// Whoever connects begins to speak within this time, or is cut off: each connection takes a file descriptor.
const GREETING: Duration = Duration::from_secs(10);
/// Connections that wait to be served.
const WAITING_MAX: usize = 64;
/// A failing `accept` (no file descriptor is left, say) is tried again after so long, twice as long each time.
const PAUSE_MIN: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// Those who connect and speak.
///
/// All that begin are polled by this one task, and so by one thread at a time: however many strangers begin a TLS
/// handshake, which costs milliseconds, heartbeats and renewals never wait behind all of them.
pub(crate) fn connections(
    listener: TcpListener,
    acceptor: Acceptor,
) -> ReceiverStream<io::Result<Accepted>> {
    let (sender, receiver) = mpsc::channel(WAITING_MAX);
    tokio::spawn(async move {
        let mut pause = Pause::default();
        let clock = Clock::start();
        let mut rest = pin!(tokio::time::sleep(Duration::ZERO));
        let mut beginning = FuturesUnordered::new();
        loop {
            let accepting = async {
                rest.as_mut().await;
                listener.accept().await
            };
            let accepted = tokio::select! {
                accepted = accepting => accepted,
                Some(()) = beginning.next() => continue,
                // The server takes no more: the port is free again at once.
                () = sender.closed() => return,
            };
            match accepted {
                Ok((stream, peer)) => {
                    pause.last = None;
                    // Dropping it closes it.
                    let Some(place) = acceptor.enter(peer.ip()) else {
                        debug!(%peer, "cut off: its host has too many connections");
                        continue;
                    };
                    beginning.push(begin(&acceptor, (stream, peer), place, &sender));
                }
                Err(err) if concerns_one(&err) => debug!(%err, "a connection was given up"),
                Err(err) => {
                    let (length, told) = pause.next(clock.now());
                    if told {
                        warn!(%err, "cannot accept connections; trying again until it works");
                    }
                    rest.set(tokio::time::sleep(length));
                }
            }
        }
    });
    ReceiverStream::new(receiver)
}

/// Waits until it speaks, and hands it on.
async fn begin(
    acceptor: &Acceptor,
    (stream, peer): (TcpStream, SocketAddr),
    place: Place,
    sender: &mpsc::Sender<io::Result<Accepted>>,
) {
    let accepting = tokio::time::timeout(GREETING, acceptor.accept(stream, peer, place));
    match accepting.await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
        Ok(stream) => drop(sender.send(Ok(stream)).await),
        Err(err) => debug!(%peer, %err, "cut off"),
    }
}

/// Whether whoever connected is the reason.
fn concerns_one(err: &io::Error) -> bool {
    let kinds = [
        io::ErrorKind::ConnectionAborted,
        io::ErrorKind::ConnectionReset,
        io::ErrorKind::Interrupted,
    ];
    kinds.contains(&err.kind())
}

/// How long to wait after each failure in a row, and whether it is worth a line.
#[derive(Debug, Default)]
struct Pause {
    last: Option<Duration>,
    trouble: Recurring<()>,
}

impl Pause {
    fn next(&mut self, now: Duration) -> (Duration, bool) {
        let length = self.last.map_or(PAUSE_MIN, |it| (it * 2).min(PAUSE_MAX));
        self.last = Some(length);
        let told = self.trouble.is_due((), now);
        (length, told)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_in_a_row_are_met_ever_later_and_told_now_and_then() {
        let mut pause = Pause::default();
        let ms = Duration::from_millis;
        for (now, length, told) in [
            (0, 50, true),
            (50, 100, false),
            (150, 200, false),
            (30_000, 400, true),
            (30_400, 800, false),
        ] {
            assert_eq!(pause.next(ms(now)), (ms(length), told), "at {now}");
        }
        for _ in 0..10 {
            assert!(pause.next(ms(31_000)).0 <= PAUSE_MAX);
        }
    }
}
