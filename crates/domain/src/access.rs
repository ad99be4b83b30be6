//! What a caller may do.

use crate::word::words;

words! {
    /// What the holder of a certificate or a token may do in a cluster. A holder may have several; each of a person's
    /// roles includes looking.
    "role": AccessRole {
        /// Looks at jobs, workers and the record, and changes nothing.
        Viewer = "viewer",
        /// Submits jobs and steers them and the workers.
        Operator = "operator",
        /// Agrees to what another person has asked for, and makes and revokes tokens.
        Approver = "approver",
        /// A worker: holds leases.
        Worker = "worker",
        /// A coordinator: workers and clients believe it.
        Coordinator = "coordinator",
    }
}

impl AccessRole {
    /// The roles of people and their programs, which a token may have.
    pub const OF_CLIENTS: [Self; 3] = [Self::Viewer, Self::Operator, Self::Approver];
}
