//! Whether this coordinator leads, and how to reach whoever does.

use tokio::sync::watch;
use xmlx_proto::Refusal;

use crate::engine::Handle;

/// What this coordinator is at the moment.
#[derive(Clone, Debug)]
pub(crate) enum Role {
    /// Another one leads, or none.
    Standby { leader_address: Option<String> },
    /// This one leads.
    Leading { engine: Handle },
}

/// The latest role; many read it, the leadership loop writes it.
#[derive(Clone, Debug)]
pub(crate) struct RoleReader(watch::Receiver<Role>);

pub(crate) fn channel() -> (watch::Sender<Role>, RoleReader) {
    let (sender, receiver) = watch::channel(Role::Standby { leader_address: None });
    (sender, RoleReader(receiver))
}

impl RoleReader {
    pub(crate) fn get(&self) -> Role {
        self.0.borrow().clone()
    }

    /// The engine, or where to go instead.
    pub(crate) fn engine(&self) -> Result<Handle, Refusal> {
        match self.get() {
            Role::Leading { engine } => Ok(engine),
            Role::Standby { leader_address } => Err(Refusal::not_leader(leader_address)),
        }
    }
}
