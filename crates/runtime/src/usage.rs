//! The end of a program that was started wrongly.

use clap::builder::Resettable;
use clap::{Arg, Command};

/// Wrong usage or settings: `EX_USAGE` of sysexits.h. Starting the program again changes nothing.
pub const EXIT_USAGE: u8 = 64;

/// Reads the command line. Ends the process where that cannot be read, or where only help was asked for.
#[must_use]
pub fn command_line<A: clap::Parser>() -> A {
    let matches = without_blanks(A::command()).try_get_matches();
    matches.and_then(|matches| A::from_arg_matches(&matches)).unwrap_or_else(|err| {
        drop(err.print());
        std::process::exit(if err.use_stderr() { EXIT_USAGE.into() } else { 0 })
    })
}

/// A command for which an empty variable counts as not set: files of variables leave those blank that nobody wants.
fn without_blanks(command: Command) -> Command {
    let is_empty =
        |arg: &Arg| arg.get_env().and_then(std::env::var_os).is_some_and(|value| value.is_empty());
    command
        .mut_args(|arg| if is_empty(&arg) { arg.env(Resettable::Reset) } else { arg })
        .mut_subcommands(without_blanks)
}
