//! What the programs of a cluster answer to monitoring.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::time::Duration;

use super::Cluster;

/// A program that does not answer by then does not answer.
const ANSWER: Duration = Duration::from_secs(20);

/// Whether the programs answer monitoring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Monitoring {
    /// They do not, as by default.
    Off,
    /// Each at an address of its own.
    On,
}

/// The numbers of a program, by name and labels as they are written: `xmlx_jobs{state="running"}`.
#[derive(Debug)]
pub struct Numbers {
    /// As it was answered.
    pub text: String,
    numbers: BTreeMap<String, f64>,
}

impl Numbers {
    /// One of them.
    #[must_use]
    pub fn get(&self, series: &str) -> f64 {
        *self.numbers.get(series).unwrap_or_else(|| panic!("no `{series}` in {}", self.text))
    }

    /// Whether there is such a number.
    #[must_use]
    pub fn has(&self, series: &str) -> bool {
        self.numbers.contains_key(series)
    }
}

impl Cluster {
    /// Has a program answer monitoring, where that is wanted.
    pub(super) fn monitor(&mut self, name: &str, command: &mut Command) {
        if self.setup.monitoring == Monitoring::On {
            let address = self.free_address();
            command.args(["--metrics-listen", &address.to_string()]);
            self.monitored.insert(name.to_owned(), address);
        }
    }

    /// Asks the program of that name (`c1`, `w1`, ...): the status and the body. `None` where nobody answers.
    #[must_use]
    pub fn probe(&self, name: &str, path: &str) -> Option<(u16, String)> {
        probe(self.monitored[name], path).ok()
    }

    /// The numbers of the program of that name.
    #[must_use]
    pub fn numbers(&self, name: &str) -> Numbers {
        let (status, text) = self.probe(name, "/metrics").expect("it answers");
        assert_eq!(status, 200, "{text}");
        let number = |line: &str| {
            let (series, number) = line.rsplit_once(' ')?;
            Some((series.to_owned(), number.parse().ok()?))
        };
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        Numbers { numbers: lines.filter_map(number).collect(), text }
    }
}

fn probe(address: SocketAddr, path: &str) -> std::io::Result<(u16, String)> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(ANSWER))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer has a head");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    Ok((status.expect("an answer has a status"), body.to_owned()))
}
