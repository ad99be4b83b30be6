//! No core files: they would hold documents, connection strings and keys.

use nix::sys::resource::{Resource, setrlimit};

/// Has the system write no core file when this process crashes. Where it does not let us, nothing is lost but that.
pub fn no_core_files() {
    if let Err(err) = setrlimit(Resource::RLIMIT_CORE, 0, 0) {
        tracing::warn!(%err, "core files cannot be switched off; they would hold documents and secrets");
    }
}
