//! Connections from outside: none that says nothing is kept, and running out of file descriptors is survived.

use std::io;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tracing::{debug, warn};
use xmlx_runtime::{Clock, Recurring};

/// Whoever connects begins to speak within this time, or is cut off: each connection takes a file descriptor.
const GREETING: Duration = Duration::from_secs(10);
/// An HTTP/2 connection begins with so many bytes (RFC 9113, 3.4).
const PREFACE_BYTES: usize = 24;
/// How often a greeting that came in part is looked at again.
const LOOK: Duration = Duration::from_millis(50);
/// Connections that wait to be served.
const WAITING_MAX: usize = 64;
/// A failing `accept` (no file descriptor is left, say) is tried again after so long, twice as long each time.
const PAUSE_MIN: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// Those who connect and speak.
pub(crate) fn connections(listener: TcpListener) -> ReceiverStream<io::Result<TcpStream>> {
    let (sender, receiver) = mpsc::channel(WAITING_MAX);
    tokio::spawn(async move {
        let mut pause = Pause::default();
        let clock = Clock::start();
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                // The server takes no more: the port is free again at once.
                () = sender.closed() => return,
            };
            match accepted {
                Ok((stream, peer)) => {
                    pause.last = None;
                    let sender = sender.clone();
                    tokio::spawn(async move {
                        match greeted(stream).await {
                            Ok(stream) => drop(sender.send(Ok(stream)).await),
                            Err(err) => debug!(%peer, %err, "cut off"),
                        }
                    });
                }
                Err(err) if concerns_one(&err) => debug!(%err, "a connection was given up"),
                Err(err) => {
                    let (length, told) = pause.next(clock.now());
                    if told {
                        warn!(%err, "cannot accept connections; trying again until it works");
                    }
                    tokio::time::sleep(length).await;
                }
            }
        }
    });
    ReceiverStream::new(receiver)
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

/// Waits until the other side has begun to speak.
async fn greeted(stream: TcpStream) -> io::Result<TcpStream> {
    stream.set_nodelay(true)?;
    let mut greeting = [0; PREFACE_BYTES];
    let hearing = async {
        loop {
            match stream.peek(&mut greeting).await? {
                0 => return Err(io::Error::from(io::ErrorKind::UnexpectedEof)),
                PREFACE_BYTES => return Ok(()),
                _ => tokio::time::sleep(LOOK).await,
            }
        }
    };
    tokio::time::timeout(GREETING, hearing).await.map_err(|_| io::ErrorKind::TimedOut)??;
    Ok(stream)
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
