//! The programs, as processes.
//!
//! The wording of a log is no interface, so no test reads one: what a program did is asked of `status`, of the history,
//! of the database, or seen in its exit code. Two texts are interfaces, because people act on them, and can be read
//! here: what a client command prints ([`Output`]) and why a program that only its operator can help has ended
//! ([`Process::refusal`]).

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

pub use nix::sys::signal::Signal;
use nix::unistd::Pid;

/// The exit code of a program that only its operator can help: systemd does not start it again.
const EXIT_REFUSED: i32 = 78;
/// A process that has not ended by then does not end.
const EXIT_DEADLINE: Duration = Duration::from_secs(40);

/// The workspace's folder.
#[must_use]
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests lies in the workspace").to_owned()
}

/// A program of this workspace, built beside the tests.
#[must_use]
pub fn binary(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a test knows where it lies");
    let folder = test.parent().and_then(Path::parent).expect("tests lie in target/PROFILE/deps");
    let path = folder.join(name);
    assert!(path.exists(), "`{}` is missing: run the tests with `tests/run`", path.display());
    path
}

/// What a client command printed.
#[derive(Debug)]
pub struct Output {
    /// Its exit code.
    pub code: i32,
    /// Its data.
    pub stdout: String,
    /// Everything else.
    pub stderr: String,
}

impl Output {
    /// Runs a program to its end.
    #[must_use]
    pub fn of(mut command: Command) -> Self {
        let output = command.output().expect("the program starts");
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }

    /// The data as JSON.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(self.stdout.trim())
            .unwrap_or_else(|err| panic!("no JSON ({err}) in {self:?}"))
    }

    /// Fails unless the exit code is `code`.
    #[must_use]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:?}");
        self
    }
}

/// A running program; killed when dropped.
#[derive(Debug)]
pub struct Process {
    /// For messages.
    pub name: String,
    child: Child,
    log: PathBuf,
}

impl Process {
    pub(crate) fn start(name: &str, mut command: Command, folder: &Path) -> Self {
        let log = folder.join(format!("{name}.log"));
        let file = File::create(&log).expect("the log can be written");
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(file)
            .env("RUST_BACKTRACE", "0")
            .spawn()
            .unwrap_or_else(|err| panic!("{name} does not start: {err}"));
        Self { name: name.to_owned(), child, log }
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).expect("process ids are small"));
        nix::sys::signal::kill(pid, signal)
            .unwrap_or_else(|err| panic!("{signal} to {}: {err}", self.name));
    }

    /// SIGKILL, and wait until it is gone.
    pub fn kill(&mut self) {
        self.signal(Signal::SIGKILL);
        self.child.wait().expect("a killed process can be waited for");
    }

    /// Whether it runs.
    pub fn runs(&mut self) -> bool {
        self.child.try_wait().expect("our own child").is_none()
    }

    /// Waits for its end; its exit code.
    pub async fn exit_code(&mut self) -> i32 {
        let waited = tokio::time::timeout(EXIT_DEADLINE, async {
            loop {
                if let Some(status) = self.child.try_wait().expect("our own child") {
                    return status.code().unwrap_or(-1);
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        waited.await.unwrap_or_else(|_| panic!("{} does not end; log:\n{}", self.name, self.log()))
    }

    /// Waits for the end of a program that only its operator can help; what it tells them.
    pub async fn refusal(&mut self) -> String {
        assert_eq!(self.exit_code().await, EXIT_REFUSED, "{} ends for its operator", self.name);
        self.log()
    }

    /// The processor time it has used so far.
    #[must_use]
    pub fn processor_time(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.id()));
        let stat = stat.expect("the process runs");
        // The name in parentheses may hold anything; user and system time are the 12th and 13th behind it.
        let fields = stat.rsplit(')').next().expect("the name ends").split_whitespace();
        let ticks: u64 = fields.skip(11).take(2).map(|n| n.parse::<u64>().expect("ticks")).sum();
        // Linux shows these times in hundredths of a second on every machine.
        Duration::from_millis(10 * ticks)
    }

    /// How many files and connections it has open.
    #[must_use]
    pub fn n_open_files(&self) -> usize {
        let folder = format!("/proc/{}/fd", self.id());
        std::fs::read_dir(folder).expect("the process runs").count()
    }

    fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

#[allow(clippy::print_stderr, reason = "the log of a failed test belongs beside its failure")]
impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
        if std::thread::panicking() {
            eprintln!("--- log of {}\n{}", self.name, self.log());
        }
    }
}
