//! The end of a program that nobody but its operator can help.

/// The database refuses the program's login, or the program is too old for what it found there. Starting it again changes nothing
/// and may lock the login.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Refused(pub String);

impl Refused {
    /// `EX_CONFIG` of sysexits.h: service managers can be told not to start the program again.
    const EXIT_CODE: i32 = 78;

    /// Ends the process with a code of its own where that is why it ends.
    ///
    /// # Errors
    /// Hands on what it was given.
    pub fn exit(outcome: anyhow::Result<()>) -> anyhow::Result<()> {
        match &outcome {
            Err(err) if err.is::<Self>() => {
                tracing::error!("{err}");
                std::process::exit(Self::EXIT_CODE)
            }
            Err(_) | Ok(()) => outcome,
        }
    }
}
