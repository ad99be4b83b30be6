//! Whether this coordinator leads, and how to reach whoever does.

use tokio::sync::watch;
use xmlx_proto::{ErrorCode, Refusal, v1 as pb};
use xmlx_runtime::{Pulse, ServiceManager};
use xmlx_store::{Fit, JobRow, SCHEMA_VERSION, Store};

use crate::convert;
use crate::engine::{Handle, Notes};

/// What this coordinator is at the moment.
#[derive(Clone, Debug)]
pub(crate) enum Role {
    /// Another one leads, or none.
    Standby { leader_address: Option<String> },
    /// Nobody can lead here, for this reason.
    Unfit { reason: &'static str },
    /// This one leads.
    Leading { engine: Handle },
}

/// The latest role; many read it, the leadership loop writes it.
#[derive(Clone, Debug)]
pub(crate) struct RoleReader(watch::Receiver<Role>);

/// Where the leadership loop writes the role; the service manager is told of it, too.
#[derive(Debug)]
pub(crate) struct RoleWriter {
    sender: watch::Sender<Role>,
    manager: ServiceManager,
    pulse: Pulse,
}

pub(crate) fn channel(manager: ServiceManager) -> (RoleWriter, RoleReader) {
    let (sender, receiver) = watch::channel(Role::Standby { leader_address: None });
    let pulse = manager.part();
    (RoleWriter { sender, manager, pulse }, RoleReader(receiver))
}

impl RoleWriter {
    /// This coordinator is that from now on.
    pub(crate) fn set(&self, role: Role) {
        self.manager.status(&match &role {
            Role::Leading { .. } => "leading".to_owned(),
            Role::Standby { leader_address: Some(address) } => {
                format!("standing by; {address} leads")
            }
            Role::Standby { leader_address: None } => "standing by; nobody leads".to_owned(),
            Role::Unfit { reason } => format!("waiting: {reason}"),
        });
        self.sender.send_replace(role);
    }

    /// Whether nobody can lead here, as far as is known.
    pub(crate) fn is_unfit(&self) -> bool {
        matches!(*self.sender.borrow(), Role::Unfit { .. })
    }

    /// Beats while the leadership loop goes round, and the engine's while this one leads: without them a coordinator
    /// only looks alive.
    pub(crate) fn pulse(&self) -> &Pulse {
        &self.pulse
    }
}

impl RoleReader {
    pub(crate) fn get(&self) -> Role {
        self.0.borrow().clone()
    }

    /// Whether this coordinator can answer: it leads, or would take over.
    pub(crate) fn ready(&self) -> Result<(), String> {
        match self.get() {
            Role::Leading { .. } | Role::Standby { .. } => Ok(()),
            Role::Unfit { reason } => Err(reason.to_owned()),
        }
    }

    /// The engine, or where to go instead.
    pub(crate) async fn engine(&self, store: &Store) -> Result<Handle, Refusal> {
        match self.get() {
            Role::Leading { engine } => Ok(engine),
            Role::Standby { leader_address } => Err(Refusal::not_leader(leader_address)),
            Role::Unfit { reason } => {
                // What `init` has just made is noticed within a second; whoever asks meanwhile has to ask again.
                let version = store.schema_version();
                let version = async { version.await.map_err(|err| convert::refusal(&err)) };
                match convert::in_time(Box::pin(version)).await?.fit(SCHEMA_VERSION) {
                    Fit::Missing => Err(Refusal::new(ErrorCode::NotPossible, reason)),
                    Fit::Fits | Fit::Older | Fit::TooNew => Err(Refusal::not_leader(None)),
                }
            }
        }
    }

    /// Jobs as clients see them: where this one leads, with what holds them up.
    pub(crate) fn job_messages(&self, jobs: &[JobRow]) -> Vec<pb::Job> {
        let notes = match self.get() {
            Role::Leading { engine } => engine.notes().clone(),
            Role::Standby { .. } | Role::Unfit { .. } => Notes::default(),
        };
        jobs.iter().map(|it| convert::job_message(it, &notes)).collect()
    }
}
