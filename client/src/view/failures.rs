//! Failed applications.

use serde::Serialize;
use xmlx_proto::v1 as pb;

/// A failed application.
#[derive(Debug, Serialize)]
pub(crate) struct Failure {
    app_id: i64,
    /// `None`: it is not known, as of another tool's failures.
    stage: Option<String>,
    /// `None`: the reason names none.
    column: Option<String>,
    reason: String,
    session: String,
    at: String,
}

impl Failure {
    pub(crate) const HEADER: [&'static str; 3] = ["APP", "AT", "REASON"];

    pub(crate) fn row(&self) -> Vec<String> {
        vec![self.app_id.to_string(), self.at.clone(), self.reason.clone()]
    }

    /// All there is, in the order of an exported file.
    pub(crate) fn cells(&self) -> [String; 6] {
        [
            self.app_id.to_string(),
            self.at.clone(),
            self.stage.clone().unwrap_or_default(),
            self.column.clone().unwrap_or_default(),
            self.reason.clone(),
            self.session.clone(),
        ]
    }
}

impl From<pb::Failure> for Failure {
    fn from(failure: pb::Failure) -> Self {
        Self {
            app_id: failure.app_id,
            stage: filled(failure.stage),
            column: filled(failure.column),
            reason: failure.reason,
            session: failure.session_id,
            at: failure.at,
        }
    }
}

/// Failures of a job, counted by what they have in common.
#[derive(Debug, Serialize)]
pub(crate) struct FailureGroups {
    pub(crate) groups: Vec<FailureGroup>,
    pub(crate) total: i64,
    pub(crate) not_shown: i64,
}

/// Failures of one stage, column and reason.
#[derive(Debug, Serialize)]
pub(crate) struct FailureGroup {
    stage: Option<String>,
    column: Option<String>,
    /// Without what differs between applications.
    reason: String,
    count: i64,
    app_ids: Vec<i64>,
}

impl FailureGroup {
    pub(crate) const HEADER: [&'static str; 5] = ["FAILED", "STAGE", "COLUMN", "REASON", "SUCH AS"];

    pub(crate) fn row(&self) -> Vec<String> {
        let ids: Vec<String> = self.app_ids.iter().map(ToString::to_string).collect();
        vec![
            self.count.to_string(),
            self.stage.clone().unwrap_or_default(),
            self.column.clone().unwrap_or_default(),
            self.reason.clone(),
            ids.join(", "),
        ]
    }
}

impl From<pb::GroupFailuresResponse> for FailureGroups {
    fn from(response: pb::GroupFailuresResponse) -> Self {
        let group = |group: pb::FailureGroup| FailureGroup {
            stage: filled(group.stage),
            column: filled(group.column),
            reason: group.reason,
            count: group.count,
            app_ids: group.app_ids,
        };
        Self {
            groups: response.groups.into_iter().map(group).collect(),
            total: response.total,
            not_shown: response.not_shown,
        }
    }
}

fn filled(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}
