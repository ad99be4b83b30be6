//! Another host: a network namespace with one cable to this one, which can be cut in each direction.
//!
//! Needs root and `ip` and `tc`; where they are missing, [`Host::new`] says so.

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::process::Command;

use crate::skipped::skipped;

/// A namespace, its cable and its addresses; gone when dropped.
#[derive(Debug)]
pub struct Host {
    name: String,
    /// The cable's end here, and its address.
    near: String,
    gateway: Ipv4Addr,
}

/// The cable's end over there.
const FAR: &str = "far";
/// A queue that holds nothing: what is sent is lost, and nobody is told.
const HOLE: [&str; 4] = ["root", "pfifo", "limit", "0"];

impl Host {
    /// Makes a host; `number` (1 to 250) tells those of tests that run at once apart. `None` where this
    /// machine does not let us: the reason is printed.
    #[must_use]
    pub fn new(number: u8) -> Option<Self> {
        remove_leftovers();
        let process = std::process::id();
        let gateway = Ipv4Addr::new(10, 213, number, 1);
        let host = Self {
            name: format!("xmlx-{process}-{number}"),
            near: format!("x{number}-{process}"),
            gateway,
        };
        match host.build(number) {
            Ok(()) => Some(host),
            Err(reason) => {
                skipped(&format!("no network namespace can be made here: {reason}"));
                None
            }
        }
    }

    fn build(&self, number: u8) -> Result<(), String> {
        let (name, near) = (self.name.as_str(), self.near.as_str());
        let (here, there) = (format!("{}/24", self.gateway), format!("10.213.{number}.2/24"));
        run("ip", &["netns", "add", name])?;
        run("ip", &["link", "add", near, "type", "veth", "peer", "name", FAR, "netns", name])?;
        run("ip", &["addr", "add", &here, "dev", near])?;
        run("ip", &["link", "set", near, "up"])?;
        run("ip", &["-n", name, "addr", "add", &there, "dev", FAR])?;
        run("ip", &["-n", name, "link", "set", "lo", "up"])?;
        run("ip", &["-n", name, "link", "set", FAR, "up"])?;
        // The cuts have to work before a test relies on them.
        self.cut_outgoing()?;
        self.cut_incoming()?;
        self.mend()
    }

    /// The address of this host as seen from there.
    #[must_use]
    pub fn gateway(&self) -> IpAddr {
        self.gateway.into()
    }

    /// A command that runs there.
    #[must_use]
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name]).arg(program);
        command
    }

    /// What is sent from there is lost.
    ///
    /// # Errors
    /// What `tc` said.
    pub fn cut_outgoing(&self) -> Result<(), String> {
        let mut args = vec!["netns", "exec", &self.name, "tc", "qdisc", "replace", "dev", FAR];
        args.extend(HOLE);
        run("ip", &args)
    }

    /// What is sent to there is lost.
    ///
    /// # Errors
    /// What `tc` said.
    pub fn cut_incoming(&self) -> Result<(), String> {
        let mut args = vec!["qdisc", "replace", "dev", &self.near];
        args.extend(HOLE);
        run("tc", &args)
    }

    /// Everything arrives again.
    ///
    /// # Errors
    /// What `tc` said.
    pub fn mend(&self) -> Result<(), String> {
        // Where nothing was cut there is nothing to remove.
        let far = ["netns", "exec", &self.name, "tc", "qdisc", "del", "dev", FAR, "root"];
        drop(run("ip", &far));
        drop(run("tc", &["qdisc", "del", "dev", &self.near, "root"]));
        let holes = Command::new("tc").args(["qdisc", "show", "dev", &self.near]).output();
        let holes = holes.map_err(|err| err.to_string())?;
        if String::from_utf8_lossy(&holes.stdout).contains("pfifo limit 0") {
            return Err("the cable could not be mended".to_owned());
        }
        Ok(())
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // Its processes have ended: the cable goes with its far end.
        drop(run("ip", &["netns", "del", &self.name]));
        drop(run("ip", &["link", "del", &self.near]));
    }
}

/// Removes the hosts of test processes that were killed before they could: their cables hold the addresses that are
/// about to be given out.
fn remove_leftovers() {
    let Ok(listed) = Command::new("ip").args(["netns", "list"]).output() else { return };
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    for name in listed.lines().filter_map(|line| line.split_whitespace().next()) {
        let process = name.strip_prefix("xmlx-").and_then(|rest| rest.split('-').next());
        let is_gone = |process: &str| !Path::new("/proc").join(process).exists();
        if process.is_some_and(is_gone) {
            drop(run("ip", &["netns", "del", name]));
        }
    }
}

fn run(program: &str, args: &[&str]) -> Result<(), String> {
    let output = Command::new(program).args(args).output();
    let output = output.map_err(|err| format!("`{program}`: {err}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("`{program} {}`: {}", args.join(" "), said.trim()))
}
