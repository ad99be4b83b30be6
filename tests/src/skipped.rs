//! Tests that cannot run here say so where it is seen: runners keep what a passed test prints to themselves.

use std::io::Write as _;

/// Names a file that a line is added to for every test that is skipped; `tests/run` prints it.
const FILE: &str = "XMLX_SKIPPED";

/// Notes that the running test is skipped, and why.
#[allow(clippy::print_stderr, reason = "what is skipped has to be seen")]
pub(crate) fn skipped(reason: &str) {
    let thread = std::thread::current();
    let line = format!("SKIPPED {}: {reason}", thread.name().unwrap_or("a test"));
    eprintln!("{line}");
    if let Some(file) = std::env::var_os(FILE) {
        let open = std::fs::File::options().create(true).append(true).open(&file);
        let written = open.and_then(|mut it| writeln!(it, "{line}"));
        written.unwrap_or_else(|err| panic!("{FILE} {}: {err}", file.display()));
    }
}
