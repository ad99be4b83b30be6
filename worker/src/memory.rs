//! The process's resident memory.

/// In bytes; 0 where the system does not tell.
pub(crate) fn resident_bytes() -> u64 {
    resident_bytes_in(&std::fs::read_to_string("/proc/self/status").unwrap_or_default())
}

/// As Linux writes it: `VmRSS:     19776 kB`.
fn resident_bytes_in(status: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kibibytes.unwrap_or(0) * 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_resident_part_is_read_of_what_linux_writes() {
        for (status, bytes) in [
            ("Name:\tx\nVmSize:\t  900 kB\nVmRSS:\t   7 kB\n", 7 * 1024),
            ("VmRSS:\tmany kB\n", 0),
            ("VmRSS:", 0),
            ("", 0),
        ] {
            assert_eq!(resident_bytes_in(status), bytes, "{status}");
        }
        assert!(resident_bytes() > 1024 * 1024, "this process has more than a mebibyte");
    }
}
