//! What a refused request looks like on the wire. The only file that mentions `tonic::Code`.

use std::collections::HashMap;
use std::error::Error;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

/// A status travels in HTTP/2 headers, and hyper ends those at 16 KiB (`DEFAULT_MAX_HEADER_LIST_SIZE`): whoever gets more
/// sees a broken stream in place of a refusal. This leaves room for the rest. Long lists travel in messages.
const HEADERS_MAX: usize = 12 * 1024;
/// What is said where something had to be left out takes no more.
const LEFT_OUT_BYTES: usize = 200;
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
    /// Who calls may not do this, or has not proved who it is.
    Denied,
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
            |leader| format!("this coordinator does not lead, `{leader}` does"),
        );
        Self { code: ErrorCode::NotLeader, message, leader_address }
    }

    /// What a status from the other side means. A status that is not ours counts as unavailable, unless trying again
    /// would change nothing.
    #[must_use]
    pub fn from_status(status: &Status) -> Self {
        let info = status.get_details_error_info();
        let code = info
            .as_ref()
            .filter(|info| info.domain == DOMAIN)
            .and_then(|info| ErrorCode::from_reason(&info.reason))
            .unwrap_or_else(|| ErrorCode::of_foreign(status.code()));
        let is_ours = info.as_ref().is_some_and(|info| info.domain == DOMAIN);
        let leader_address = info.and_then(|info| info.metadata.get(LEADER_KEY).cloned());
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
    while let Some(cause) = next {
        let reason = cause.to_string();
        if !text.contains(&reason) {
            text = format!("{text}: {reason}");
        }
        next = cause.source();
    }
    text
}

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Self {
        let metadata: HashMap<String, String> = refusal
            .leader_address
            .into_iter()
            .map(|address| (LEADER_KEY.to_owned(), address))
            .collect();
        let details = ErrorDetails::with_error_info(refusal.code.reason(), DOMAIN, metadata);
        Self::with_error_details(refusal.code.grpc(), bounded(&refusal.message), details)
    }
}

/// As much of a message as a status may hold, and how much was left out: whole lines where there are several.
fn bounded(message: &str) -> String {
    if cost(message) <= HEADERS_MAX {
        return message.to_owned();
    }
    let room = HEADERS_MAX - cost(&" ".repeat(LEFT_OUT_BYTES));
    let fits = |end: &usize| cost(&message[..*end]) <= room;
    let ends: Vec<usize> = message.match_indices('\n').map(|(end, _)| end).collect();
    match ends.partition_point(fits) {
        0 => {
            let ends: Vec<usize> = message.char_indices().map(|(end, _)| end).collect();
            let kept = &message[..ends[ends.partition_point(fits).saturating_sub(1)]];
            let more = message.chars().count() - kept.chars().count();
            format!("{kept}... and {more} more characters")
        }
        n => {
            let kept = &message[..ends[n - 1]];
            let more = message.lines().count() - kept.lines().count();
            format!("{kept}\n... and {more} more lines")
        }
    }
}

/// What a message takes in the headers: once percent-encoded, once in the details, in base64.
fn cost(message: &str) -> usize {
    let encoded: usize =
        message.bytes().map(|byte| if byte.is_ascii_alphanumeric() { 1 } else { 3 }).sum();
    encoded + message.len().div_ceil(3) * 4
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
            Self::Denied => "DENIED",
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
            Self::Denied,
            Self::Internal,
        ];
        all.into_iter().find(|code| code.reason() == reason)
    }

    /// What a status means that the network, a proxy or the gRPC library itself has made.
    fn of_foreign(code: Code) -> Self {
        match code {
            // A coordinator that is older than its client.
            Code::Unimplemented => Self::Protocol,
            // A message beyond what either side takes.
            Code::OutOfRange | Code::ResourceExhausted => Self::Invalid,
            // A proxy that asks for a login of its own.
            Code::PermissionDenied | Code::Unauthenticated => Self::Denied,
            Code::Ok
            | Code::Cancelled
            | Code::Unknown
            | Code::InvalidArgument
            | Code::DeadlineExceeded
            | Code::NotFound
            | Code::AlreadyExists
            | Code::FailedPrecondition
            | Code::Aborted
            | Code::Internal
            | Code::Unavailable
            | Code::DataLoss => Self::Unavailable,
        }
    }

    fn grpc(self) -> Code {
        match self {
            Self::Invalid => Code::InvalidArgument,
            Self::NotFound => Code::NotFound,
            Self::NotPossible | Self::Protocol => Code::FailedPrecondition,
            Self::NotLeader | Self::Unavailable => Code::Unavailable,
            Self::Denied => Code::PermissionDenied,
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

    /// As `tonic` writes it.
    fn headers_bytes(status: &Status) -> usize {
        let headers = status.clone().into_http::<()>().into_parts().0.headers;
        // What the limit counts for a header: its name, its value and 32 bytes (RFC 9113, 6.5.2).
        headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 32).sum()
    }

    #[test]
    fn no_message_is_too_long_for_the_headers() {
        let lines = |line: &str, n| vec![line; n].join("\n");
        let line = "`mappings[12].expression`: \"x\" is no function (see the page)";
        for (message, kept, left_out) in [
            (lines("short", 3), "short\nshort\nshort", None),
            (lines(line, 400), line, Some("more lines")),
            (lines("\u{10ffff} %{}", 9_000), "\u{10ffff} %{}", Some("more lines")),
            ("x".repeat(100_000), "xxx", Some("more characters")),
            ("\u{e9}".repeat(100_000), "\u{e9}", Some("more characters")),
            ("\n".repeat(100_000), "\n", Some("more lines")),
        ] {
            let refusal = Refusal::new(ErrorCode::Invalid, message.clone());
            let status = Status::from(refusal);
            assert!(headers_bytes(&status) < 14 * 1024, "{}", headers_bytes(&status));
            let back = Refusal::from_status(&status);
            assert!(back.message.starts_with(kept), "{}", back.message);
            match left_out {
                Some(said) => assert!(back.message.ends_with(said), "{}", back.message),
                None => assert_eq!(back.message, message),
            }
        }
        let said = bounded(&lines(line, 400));
        let (kept, last) = said.rsplit_once('\n').expect("several lines");
        let n: usize = last.split(' ').nth(2).and_then(|word| word.parse().ok()).expect(last);
        assert_eq!(kept.lines().count() + n, 400);
    }

    #[test]
    fn what_asking_again_cannot_mend_is_not_called_unavailable() {
        let code = |code| Refusal::from_status(&Status::new(code, "x")).code;
        assert_eq!(code(Code::Unimplemented), ErrorCode::Protocol);
        assert_eq!(code(Code::OutOfRange), ErrorCode::Invalid);
        assert_eq!(code(Code::Unavailable), ErrorCode::Unavailable);
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
