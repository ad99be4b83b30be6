//! The words that all programs share: ids, states, events, classes of errors, limits.
//!
//! Each word is one type, and each type has one text: [`JobState::as_str`] and its like give the text that stands in the
//! database, and parsing refuses what is not known instead of taking it for something else. The protocol and the store
//! convert at their own edge. This crate knows no IO and depends on nothing.
//!
//! ```
//! use xmlx_domain::JobState;
//!
//! assert_eq!("paused".parse(), Ok(JobState::Paused));
//! assert!(JobState::Paused.is_open());
//! let unknown = "asleep".parse::<JobState>().unwrap_err();
//! assert_eq!(
//!     unknown.to_string(),
//!     "`asleep` is no job state; known are: running, paused, done, failed, cancelled"
//! );
//! ```

mod access;
mod failure;
mod ids;
mod job;
mod lease;
mod limits;
mod outcome;
mod range;
mod scope;
mod selection;
mod session;
mod warning;
mod word;

pub use access::AccessRole;
pub use failure::{ErrorClass, LogReason, Stage};
pub use ids::{Epoch, JobId, RangeId, SessionId, Term};
pub use job::{JobState, Mode};
pub use lease::{Lease, LeaseKey, Progress};
pub use limits::{IDS_MAX, IDS_MIN, PREFETCHED, SLOTS_MAX, leases_max};
pub use outcome::Outcome;
pub use range::{HistoryEvent, RangeChange, RangeEvent, RangeMark, RangeSnapshot, RangeState};
pub use scope::Scope;
pub use selection::{Extent, NoSample, Sample, Selection, Taking};
pub use session::SessionState;
pub use warning::WarningKind;
pub use word::UnknownWord;
