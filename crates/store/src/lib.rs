//! Every T-SQL statement there is, and the connections they travel on.
//!
//! Statements with fixed names lie in `sql/`; those whose names come from a contract or the
//! catalog are built in [`Source`], [`Documents`], [`CommitPlan`] and the verification. No value is ever spliced
//! into SQL: values are parameters, names are quoted. No decision about work is made here.

mod assumptions;
mod audit;
mod budgets;
mod catalog;
mod commit;
mod connection;
mod connection_string;
mod contract_pair;
mod dial;
mod doctor;
mod documents;
mod encode;
mod error;
mod finding;
mod forecast;
mod grants;
mod jobs;
mod late;
mod leader;
mod load;
mod name;
mod probe;
mod prune;
mod ranges;
mod reconcile;
mod references;
mod rehearsal;
mod replace;
mod reports;
mod runs;
mod schema;
mod selection;
mod sessions;
mod source;
mod statements;
mod target_schema;
mod thresholds;
mod tokens;
mod trust;
mod verify;
mod versions;
mod warnings;

pub use assumptions::{Assumption, assumptions};
pub use audit::{AuditHead, AuditRow, Record, audited_statements};
pub use budgets::Warned;
pub use catalog::{Catalog, DatabaseFacts, Disagreement, repeated_id_statement, source_columns};
pub use commit::{CommitPlan, Committed, Decided, Group, Refusals};
pub use connection::{Access, Connection, Store, StoreConfig, check_connection};
pub use connection_string::ConnectError;
pub use contract_pair::ContractPair;
pub use doctor::{
    Answer, Examination, Pace, SCRATCH, Verdict, recommended, scratch_scripts, scratch_statements,
};
pub use documents::{Documents, Fetched, Holds, Listing, WaitingDocument, Xml, document_column};
pub use error::Error;
pub use finding::{FINDINGS_MAX, FINDINGS_OF_A_LEASE_MAX, Finding, FindingRow};
pub use forecast::{Examined, Forecast, Foreseen, Lookup, SharedKey, Wanted};
pub use grants::{Grant, OldRows, Role, grants_script};
pub use jobs::{Counting, JobRow, JobsWanted, NewJob, OpenJob};
pub use late::{Late, Page};
pub use leader::{LeaderRow, Leadership};
pub use load::{Document, decided_statement, load_statement, replace_statement};
pub use probe::{ServerFindings, probe_statements};
pub use prune::Prunable;
pub use ranges::{HeldLease, OpenRange, RangeRow};
pub use reconcile::{Compared, Comparison, Difference, DifferenceKind, NotCompared, Reconciled};
pub use references::reference_statement;
pub use rehearsal::{RepeatedKey, RepeatedKeys, ThereAlready};
pub use replace::Removals;
pub use runs::{Run, RunOwner, runs_statement};
pub use schema::{
    EXTRAS_SINCE, FINDINGS_SINCE, Fit, NO_CONTROL_TABLES, REPORTS_SINCE, SCHEMA_VERSION,
    SELECTION_SINCE, SchemaVersion, control_schema,
};
pub use selection::{Chosen, LISTED_MAX, Part};
pub use sessions::SessionRow;
pub use source::{Source, Waiting, same_applications};
pub use statements::all as all_statements;
pub use target_schema::target_schema;
pub use tokens::{NewToken, TokenRow, token_hash};
pub use verify::{Check, Failure, StageCount, Verification, verification_statements};
pub use versions::Versions;
pub use warnings::WarningRow;
pub use xmlx_lease::budget::{Account, Budget, Limit, NoLimit, NoThreshold, Tally, Threshold};
pub use xmlx_lease::overlap::Grows;
