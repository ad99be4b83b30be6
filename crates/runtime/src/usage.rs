//! The end of a program that was started wrongly.

/// Wrong usage or settings: `EX_USAGE` of sysexits.h. Starting the program again changes nothing.
pub const EXIT_USAGE: u8 = 64;

/// Reads the command line. Ends the process where that cannot be read, or where only help was asked for.
#[must_use]
pub fn command_line<A: clap::Parser>() -> A {
    A::try_parse().unwrap_or_else(|err| {
        drop(err.print());
        std::process::exit(if err.use_stderr() { EXIT_USAGE.into() } else { 0 })
    })
}

/// The settings. Ends the process where they are wrong.
#[allow(clippy::print_stderr, reason = "there is no log before there are settings")]
pub fn usable<C>(settings: anyhow::Result<C>) -> C {
    settings.unwrap_or_else(|err| {
        eprintln!("error: {err:#}");
        std::process::exit(EXIT_USAGE.into())
    })
}
