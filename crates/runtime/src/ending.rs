//! How programs that run for long end.

use crate::printable_lines;

/// The database refuses the program's login, or the program is too old for what it found there. Starting it again changes nothing
/// and may lock the login.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Refused(pub String);

/// `EX_CONFIG` of sysexits.h: service managers can be told not to start the program again.
const EXIT_REFUSED: i32 = 78;
/// Any other error.
const EXIT_FAILURE: i32 = 1;

/// Ends the process: with a code of its own where nobody but its operator can help.
#[allow(clippy::print_stderr, reason = "the last word stands there whatever the log's level is")]
pub fn exit(outcome: anyhow::Result<()>) -> ! {
    let Err(err) = outcome else { std::process::exit(0) };
    if err.is::<Refused>() {
        tracing::error!("{err}");
        std::process::exit(EXIT_REFUSED)
    }
    eprintln!("{}", printable_lines(&format!("error: {err:#}")));
    std::process::exit(EXIT_FAILURE)
}
