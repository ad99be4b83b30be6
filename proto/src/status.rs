//! What a refused request looks like on the wire. The only file that mentions `tonic::Code`.

use std::collections::HashMap;
use std::error::Error;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

const DOMAIN: &str = "xmlx";
const LEADER_KEY: &str = "leader_address";

/// Why a request was refused. Closed: clients match on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorCode {
    /// A field of the request is not acceptable.
    Invalid,
    /// No such job or worker.
    NotFound,
    /// The state does not allow it.
    NotPossible,
    /// Another coordinator leads; `leader_address` says which.
    NotLeader,
    /// The database or a coordinator does not answer now.
    Unavailable,
    /// Who calls speaks no protocol version that this build speaks.
    Protocol,
    /// A bug.
    Internal,
}

/// A refusal: code, message for a person, and where the leader is if that is the reason.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// What kind of refusal.
    pub code: ErrorCode,
    /// For a person; lower case, names the thing and the way out.
    pub message: String,
    /// The leader's address with [`ErrorCode::NotLeader`], where known.
    pub leader_address: Option<String>,
}

impl Refusal {
    /// A refusal without a leader's address.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), leader_address: None }
    }

    /// "Ask the leader", with its address where it is known.
    #[must_use]
    pub fn not_leader(leader_address: Option<String>) -> Self {
        let message = leader_address.as_ref().map_or_else(
            || "no coordinator leads at the moment".to_owned(),
            |it| format!("this coordinator does not lead, `{it}` does"),
        );
        Self { code: ErrorCode::NotLeader, message, leader_address }
    }

    /// What a status from the other side means. A status that is not ours counts as unavailable.
    #[must_use]
    pub fn from_status(status: &Status) -> Self {
        let info = status.get_details_error_info();
        let code = info
            .as_ref()
            .filter(|it| it.domain == DOMAIN)
            .and_then(|it| ErrorCode::from_reason(&it.reason))
            .unwrap_or(ErrorCode::Unavailable);
        let is_ours = info.as_ref().is_some_and(|it| it.domain == DOMAIN);
        let leader_address = info.and_then(|it| it.metadata.get(LEADER_KEY).cloned());
        let mut message = status.message().to_owned();
        // What the network has to say stands in the sources.
        if let Some(source) = status.source().filter(|_| !is_ours) {
            message = joined(message, source);
        }
        Self { code, message, leader_address }
    }
}

/// An error with what caused it, each reason once: layers of the network repeat one another.
#[must_use]
pub fn reasons(err: &dyn Error) -> String {
    err.source().map_or_else(|| err.to_string(), |source| joined(err.to_string(), source))
}

fn joined(mut text: String, source: &dyn Error) -> String {
    let mut next = Some(source);
    while let Some(it) = next {
        let reason = it.to_string();
        if !text.contains(&reason) {
            text = format!("{text}: {reason}");
        }
        next = it.source();
    }
    text
}

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Self {
        let metadata: HashMap<String, String> =
            refusal.leader_address.into_iter().map(|it| (LEADER_KEY.to_owned(), it)).collect();
        let details = ErrorDetails::with_error_info(refusal.code.reason(), DOMAIN, metadata);
        Self::with_error_details(refusal.code.grpc(), refusal.message, details)
    }
}

impl ErrorCode {
    fn reason(self) -> &'static str {
        match self {
            Self::Invalid => "INVALID",
            Self::NotFound => "NOT_FOUND",
            Self::NotPossible => "NOT_POSSIBLE",
            Self::NotLeader => "NOT_LEADER",
            Self::Unavailable => "UNAVAILABLE",
            Self::Protocol => "PROTOCOL",
            Self::Internal => "INTERNAL",
        }
    }

    fn from_reason(reason: &str) -> Option<Self> {
        let all = [
            Self::Invalid,
            Self::NotFound,
            Self::NotPossible,
            Self::NotLeader,
            Self::Unavailable,
            Self::Protocol,
            Self::Internal,
        ];
        all.into_iter().find(|it| it.reason() == reason)
    }

    fn grpc(self) -> Code {
        match self {
            Self::Invalid => Code::InvalidArgument,
            Self::NotFound => Code::NotFound,
            Self::NotPossible | Self::Protocol => Code::FailedPrecondition,
            Self::NotLeader | Self::Unavailable => Code::Unavailable,
            Self::Internal => Code::Internal,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_survives_the_wire() {
        let status = Status::from(Refusal::not_leader(Some("http://b:7000".to_owned())));
        let back = Refusal::from_status(&status);
        assert_eq!(back.code, ErrorCode::NotLeader);
        assert_eq!(back.leader_address.as_deref(), Some("http://b:7000"));
    }

    #[test]
    fn each_reason_is_said_once() {
        #[derive(Debug, thiserror::Error)]
        #[error("{0}")]
        struct Layer(&'static str, #[source] Option<Box<Self>>);
        let layer = |text, within| Layer(text, Some(Box::new(within)));
        let err =
            layer("transport error", layer("connect", layer("connect", Layer("refused", None))));
        assert_eq!(reasons(&err), "transport error: connect: refused");
    }

    #[test]
    fn a_foreign_status_counts_as_unavailable() {
        let back = Refusal::from_status(&Status::new(Code::Unknown, "proxy error"));
        assert_eq!(back.code, ErrorCode::Unavailable);
    }
}
