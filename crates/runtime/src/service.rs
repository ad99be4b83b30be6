//! What a program tells the service manager that has started it, as `sd_notify(3)` describes it: one datagram for each
//! message, to the socket that a variable names. Without that variable nothing is sent.

mod watchdog;

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::UnixDatagram;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tracing::warn;

use self::watchdog::Watchdog;
use crate::{Clock, printable};

/// Names the socket.
const SOCKET: &str = "NOTIFY_SOCKET";
/// After so many microseconds without a sign of life the manager ends the program.
const WATCHDOG: &str = "WATCHDOG_USEC";
/// The process that the watchdog is meant for: others inherit the variables.
const WATCHDOG_OF: &str = "WATCHDOG_PID";
/// How often a part beats that waits for something else: well below any watchdog that makes sense.
const WHILE_WAITING: Duration = Duration::from_secs(2);

/// The service manager, or nobody (the default); clones are the same one.
///
/// ```
/// let manager = xmlx_runtime::ServiceManager::default();
/// manager.ready(); // Nobody has asked, so nothing is sent.
/// ```
#[derive(Clone, Debug, Default)]
pub struct ServiceManager(Option<Arc<Link>>);

#[derive(Debug)]
struct Link {
    socket: UnixDatagram,
    clock: Clock,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    is_ready: bool,
    is_stopping: bool,
    status: String,
    /// `None`: no watchdog watches.
    watchdog: Option<Watchdog>,
    /// Whether it was logged that nothing can be sent.
    has_failed: bool,
}

/// A part of a program that must go on for the program to be alive. The watchdog hears of the program once every part
/// has beaten again.
#[derive(Clone, Debug)]
pub struct Pulse {
    manager: ServiceManager,
    part: usize,
}

impl ServiceManager {
    /// The manager that the variables of this process name.
    #[must_use]
    pub fn of_process() -> Self {
        let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let Some(address) = variable(SOCKET) else { return Self::default() };
        let number = |name: &str| variable(name)?.to_str()?.parse::<u64>().ok();
        let is_ours = number(WATCHDOG_OF).is_none_or(|pid| pid == u64::from(std::process::id()));
        let timeout = number(WATCHDOG).filter(|micros| is_ours && *micros > 0);
        Self::at(&address, timeout.map(Duration::from_micros)).unwrap_or_else(|err| {
            warn!(%err, "the service manager cannot be reached");
            Self::default()
        })
    }

    /// The manager that listens at this address; its watchdog waits so long for a sign of life.
    ///
    /// # Errors
    /// Where there is no such socket.
    pub fn at(address: &OsStr, watchdog: Option<Duration>) -> io::Result<Self> {
        let socket = UnixDatagram::unbound()?;
        connect(&socket, address)?;
        // A manager that reads nothing must not hold up what it only watches.
        socket.set_nonblocking(true)?;
        let state = State {
            is_ready: false,
            is_stopping: false,
            status: String::new(),
            watchdog: watchdog.map(Watchdog::new),
            has_failed: false,
        };
        let link = Link { socket, clock: Clock::start(), state: Mutex::new(state) };
        Ok(Self(Some(Arc::new(link))))
    }

    /// The program does now what it was started for. Only the first call counts.
    pub fn ready(&self) {
        self.with(|link, state| {
            if !std::mem::replace(&mut state.is_ready, true) {
                link.send(state, "READY=1");
            }
        });
    }

    /// The program is about to end. Only the first call counts.
    pub fn stopping(&self) {
        self.with(|link, state| {
            if !std::mem::replace(&mut state.is_stopping, true) {
                link.send(state, "STOPPING=1");
            }
        });
    }

    /// What the program does at the moment, for whoever asks the manager. It must name no value of an application.
    pub fn status(&self, text: &str) {
        self.with(|link, state| {
            let text = printable(text).into_owned();
            if state.status != text {
                link.send(state, &format!("STATUS={text}"));
                state.status = text;
            }
        });
    }

    /// A part that must go on. Ask for all of them before one of them beats.
    #[must_use]
    pub fn part(&self) -> Pulse {
        let mut part = 0;
        self.with(|_, state| part = state.watchdog.as_mut().map_or(0, Watchdog::add));
        Pulse { manager: self.clone(), part }
    }

    fn with(&self, act: impl FnOnce(&Link, &mut State)) {
        if let Some(link) = &self.0 {
            act(link, &mut link.state.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }
}

impl Pulse {
    /// This part goes on. The watchdog hears of it at once where it was the last part that was waited for, and often
    /// enough.
    pub fn beat(&self) {
        self.manager.with(|link, state| {
            let now = link.clock.now();
            let is_due = state.watchdog.as_mut().is_some_and(|it| it.beat(self.part, now));
            if is_due {
                link.send(state, "WATCHDOG=1");
            }
        });
    }

    /// Beats while a step is under way that may take as long as somebody else takes, such as a database, and that is
    /// known to end in another way.
    pub async fn during<T>(&self, step: impl Future<Output = T>) -> T {
        let mut step = pin!(step);
        loop {
            self.beat();
            tokio::select! {
                outcome = &mut step => return outcome,
                () = tokio::time::sleep(WHILE_WAITING) => (),
            }
        }
    }
}

impl Link {
    /// What does not arrive is not sent again: the next message counts as much.
    fn send(&self, state: &mut State, message: &str) {
        if let Err(err) = self.socket.send(message.as_bytes())
            && !std::mem::replace(&mut state.has_failed, true)
        {
            warn!(%err, "the service manager cannot be told what this program does");
        }
    }
}

/// Connects to a path, or to a name without a file, which begins with `@`.
fn connect(socket: &UnixDatagram, address: &OsStr) -> io::Result<()> {
    match address.as_bytes().strip_prefix(b"@") {
        None => socket.connect(OsString::from(address)),
        #[cfg(target_os = "linux")]
        Some(name) => {
            use std::os::linux::net::SocketAddrExt as _;
            socket.connect_addr(&std::os::unix::net::SocketAddr::from_abstract_name(name)?)
        }
        #[cfg(not(target_os = "linux"))]
        Some(_) => Err(io::ErrorKind::Unsupported.into()),
    }
}

#[cfg(test)]
mod tests;
