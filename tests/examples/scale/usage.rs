//! What a process has used, as `/proc` says.

use std::fs::read_to_string;

/// Clock ticks a second, as Linux has them.
const TICKS: f64 = 100.0;

/// Processor time and memory of a process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    seconds: f64,
    /// The most it ever had resident.
    pub(crate) memory_mib: f64,
}

impl Usage {
    pub(crate) fn of(pid: u32) -> Self {
        let stat = read_to_string(format!("/proc/{pid}/stat")).unwrap();
        // The name may have spaces; what follows its bracket has not.
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
        let ticks = |i: usize| fields[i].parse::<f64>().unwrap();
        let status = read_to_string(format!("/proc/{pid}/status")).unwrap();
        let peak = status.lines().find_map(|it| it.strip_prefix("VmHWM:")).unwrap();
        let kib: f64 = peak.trim().trim_end_matches("kB").trim().parse().unwrap();
        Self { seconds: (ticks(11) + ticks(12)) / TICKS, memory_mib: kib / 1024.0 }
    }

    /// Seconds of a processor since then.
    pub(crate) fn since(self, before: Self) -> f64 {
        self.seconds - before.seconds
    }
}
