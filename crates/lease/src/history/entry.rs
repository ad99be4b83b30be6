//! What a history says: one entry per change of a range or of the job.

use xmlx_domain::{Epoch, HistoryEvent, RangeId, Scope, SessionId, Term};

/// One entry of a job's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its id; entries are in the order of their ids.
    pub history_id: i64,
    /// Which range; means nothing where the job itself has moved.
    pub range: RangeId,
    /// What happened.
    pub event: HistoryEvent,
    /// The bounds after the change: the range's, or the job's scope.
    pub scope: Scope,
    /// The range's epoch after the change.
    pub epoch: Epoch,
    /// Whose change it was; `Term(0)` where an owner made it.
    pub term: Term,
    /// Who holds the range after the change.
    pub owner: Option<SessionId>,
    /// The range's cursor after the change.
    pub committed_through: i64,
}
