//! How many files and connections the process may have open.

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tracing::{info, warn};

/// Raises the soft limit of open files to the hard one: many systems start programs with 1,024, for the sake of old programs
/// that use `select`, which this one does not.
pub fn raise_open_files() {
    let raised = getrlimit(Resource::RLIMIT_NOFILE).and_then(|(soft, hard)| {
        if soft < hard {
            setrlimit(Resource::RLIMIT_NOFILE, hard, hard)?;
            info!(from = soft, to = hard, "may open more files");
        }
        Ok(())
    });
    if let Err(err) = raised {
        warn!(%err, "cannot raise the limit of open files");
    }
}
