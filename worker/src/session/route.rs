//! Which coordinator to connect to, and when. Decides; knows no network.

use xmlx_proto::{ErrorCode, Refusal};

/// Why a connection to a coordinator ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// The worker is done and said so.
    Goodbye,
    /// Another coordinator leads; this one may not know which.
    Redirected(Option<String>),
    /// The coordinator does not want this worker.
    Refused(Refusal),
    /// The network failed, or the coordinator did not speak as agreed.
    Broke(String),
}

/// What to do after a connection has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Nothing: the worker is done.
    Stop,
    /// Connect at once: it is known who leads.
    ConnectAtOnce,
    /// Connect after a pause, or the coordinators would be asked many times a second while none of them leads.
    ConnectAfterPause,
}

/// The coordinators, one after the other, unless one of them says who leads.
#[derive(Debug)]
pub(super) struct Route {
    coordinators: Vec<String>,
    next: usize,
    leader: Option<String>,
}

impl Route {
    /// A route over coordinators, of which there is at least one.
    pub(super) fn new(coordinators: Vec<String>) -> Self {
        assert!(!coordinators.is_empty(), "the settings name a coordinator");
        Self { coordinators, next: 0, leader: None }
    }

    /// Where to connect to now.
    pub(super) fn address(&mut self) -> String {
        self.leader.take().unwrap_or_else(|| {
            let address = self.coordinators[self.next].clone();
            self.next = (self.next + 1) % self.coordinators.len();
            address
        })
    }

    /// What follows from the end of a connection to `address`.
    pub(super) fn ended(&mut self, address: &str, ended: Ended) -> Next {
        let leader = match ended {
            Ended::Goodbye => return Next::Stop,
            Ended::Redirected(leader) => leader,
            Ended::Refused(refusal) if refusal.code == ErrorCode::Protocol => None,
            Ended::Refused(refusal) => refusal.leader_address,
            Ended::Broke(_) => None,
        };
        // A coordinator that names itself as the leader and does not lead is about to, or was just deposed.
        self.leader = leader.filter(|leader| leader != address);
        if self.leader.is_some() { Next::ConnectAtOnce } else { Next::ConnectAfterPause }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: ErrorCode, leader: Option<&str>) -> Ended {
        let leader_address = leader.map(str::to_owned);
        Ended::Refused(Refusal { leader_address, ..Refusal::new(code, "no") })
    }

    fn redirected(leader: Option<&str>) -> Ended {
        Ended::Redirected(leader.map(str::to_owned))
    }

    #[test]
    fn each_end_leads_to_the_leader_or_to_the_next_coordinator() {
        for (ended, next, address) in [
            (redirected(Some("c")), Next::ConnectAtOnce, "c"),
            (redirected(Some("a")), Next::ConnectAfterPause, "b"),
            (redirected(None), Next::ConnectAfterPause, "b"),
            (refused(ErrorCode::NotLeader, Some("c")), Next::ConnectAtOnce, "c"),
            (refused(ErrorCode::NotLeader, Some("a")), Next::ConnectAfterPause, "b"),
            (refused(ErrorCode::Unavailable, None), Next::ConnectAfterPause, "b"),
            (refused(ErrorCode::Denied, None), Next::ConnectAfterPause, "b"),
            // Whoever leads is of the same build, as far as anybody knows.
            (refused(ErrorCode::Protocol, Some("c")), Next::ConnectAfterPause, "b"),
            (Ended::Broke("the network".to_owned()), Next::ConnectAfterPause, "b"),
        ] {
            let mut route = Route::new(vec!["a".to_owned(), "b".to_owned()]);
            assert_eq!(route.address(), "a");
            let shown = format!("{ended:?}");
            assert_eq!(route.ended("a", ended), next, "{shown}");
            assert_eq!(route.address(), address, "{shown}");
        }
    }

    #[test]
    fn the_coordinators_take_turns() {
        let mut route = Route::new(["a", "b", "c"].map(str::to_owned).to_vec());
        let addresses: Vec<String> = (0..5).map(|_| route.address()).collect();
        assert_eq!(addresses, ["a", "b", "c", "a", "b"]);
        // A leader that somebody named is tried once, and the turn goes on behind it.
        assert_eq!(route.ended("b", redirected(Some("x"))), Next::ConnectAtOnce);
        assert_eq!([route.address(), route.address()], ["x", "c"]);
    }

    #[test]
    fn whoever_has_said_goodbye_connects_no_more() {
        let mut route = Route::new(vec!["a".to_owned()]);
        assert_eq!(route.ended("a", Ended::Goodbye), Next::Stop);
    }
}
