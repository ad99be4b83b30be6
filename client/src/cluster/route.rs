//! Decides which coordinator to call next, and what to tell a user who waits. It calls nobody itself.

use std::time::Duration;

use anyhow::{anyhow, bail};
use xmlx_proto::{ErrorCode, Refusal};

/// Rounds over all coordinators. With half a second between them they last for 15 seconds at least: more than twice the
/// 6 seconds after which, with the default settings, another coordinator leads.
const ROUNDS: u32 = 30;
/// Addresses of leaders that are followed in one round. Two cover a leader that has just changed; two coordinators
/// that name each other must not keep a command for ever.
const HOPS_MAX: u32 = 2;

/// What to do next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Call the coordinator at this address.
    Ask(String),
    /// Wait for a moment: all of them have been asked.
    Pause,
    /// End with [`Route::error`].
    GiveUp,
}

/// The way through the coordinators, round after round.
#[derive(Debug)]
pub(super) struct Route {
    addresses: Vec<String>,
    /// No further round begins after so long.
    patience: Duration,
    /// Who is to be asked in this round, the next one last.
    queue: Vec<String>,
    /// Leaders that were followed in this round.
    hops: u32,
    /// Rounds that have begun.
    rounds: u32,
    has_paused: bool,
    /// The last refusal of each, in the order in which they were asked first.
    reasons: Vec<(String, String)>,
    is_reported: bool,
}

impl Route {
    pub(super) fn new(addresses: &[String], patience: Duration) -> Self {
        let mut route = Self {
            addresses: addresses.to_vec(),
            patience,
            queue: Vec::new(),
            hops: 0,
            rounds: 0,
            has_paused: false,
            reasons: Vec::new(),
            is_reported: false,
        };
        route.begin_round();
        route
    }

    fn begin_round(&mut self) {
        self.queue = self.addresses.iter().rev().cloned().collect();
        (self.hops, self.has_paused) = (0, false);
        self.rounds += 1;
    }

    /// What to do after `elapsed` since the start.
    pub(super) fn next(&mut self, elapsed: Duration) -> Next {
        if let Some(address) = self.queue.pop() {
            return Next::Ask(address);
        }
        if self.rounds == ROUNDS || elapsed > self.patience {
            return Next::GiveUp;
        }
        if !std::mem::replace(&mut self.has_paused, true) {
            return Next::Pause;
        }
        self.begin_round();
        self.queue.pop().map_or(Next::GiveUp, Next::Ask)
    }

    /// Takes a refusal in. Returns what to tell the user, if anything.
    ///
    /// # Errors
    /// The refusal itself, where every coordinator would say the same.
    pub(super) fn refused(
        &mut self,
        address: &str,
        refusal: Refusal,
    ) -> anyhow::Result<Option<String>> {
        match refusal.code {
            ErrorCode::NotLeader | ErrorCode::Unavailable => (),
            ErrorCode::Invalid
            | ErrorCode::NotFound
            | ErrorCode::NotPossible
            | ErrorCode::Protocol
            | ErrorCode::Denied
            | ErrorCode::Internal => bail!("{refusal}"),
        }
        let reason = refusal.to_string();
        match self.reasons.iter_mut().find(|(asked, _)| asked == address) {
            Some((_, last)) => last.clone_from(&reason),
            None => self.reasons.push((address.to_owned(), reason.clone())),
        }
        if let Some(leader) = refusal.leader_address.filter(|_| self.hops < HOPS_MAX) {
            self.hops += 1;
            self.queue.push(leader);
        }
        if self.queue.is_empty() { Ok(self.waiting_for(address, &reason)) } else { Ok(None) }
    }

    /// A coordinator takes its time. Returns what to tell the user, if anything.
    pub(super) fn is_slow(&mut self, address: &str) -> Option<String> {
        self.waiting_for(address, "no answer yet")
    }

    /// The user is told once why the command waits; every round would say the same again.
    fn waiting_for(&mut self, address: &str, reason: &str) -> Option<String> {
        let is_known = std::mem::replace(&mut self.is_reported, true);
        (!is_known).then(|| format!("waiting for `{address}`: {reason}"))
    }

    /// What each coordinator said last.
    pub(super) fn error(&self) -> anyhow::Error {
        let line = |(address, reason): &(String, String)| format!("`{address}`: {reason}");
        let lines: Vec<String> = self.reasons.iter().map(line).collect();
        anyhow!("no coordinator answers\n  {}", lines.join("\n  "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_secs(15);

    fn route(addresses: &[&str]) -> Route {
        let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
        Route::new(&addresses, SHORT)
    }

    fn ask(address: &str) -> Next {
        Next::Ask(address.to_owned())
    }

    fn unavailable(message: &str) -> Refusal {
        Refusal::new(ErrorCode::Unavailable, message)
    }

    fn named(leader: &str) -> Refusal {
        Refusal::not_leader(Some(leader.to_owned()))
    }

    #[test]
    fn each_is_asked_in_turn_and_again_after_a_pause() {
        let mut route = route(&["a", "b"]);
        assert_eq!(route.next(Duration::ZERO), ask("a"));
        assert_eq!(route.refused("a", unavailable("refused")).unwrap(), None, "b is left");
        assert_eq!(route.next(Duration::ZERO), ask("b"));
        let notice = route.refused("b", unavailable("no route")).unwrap();
        assert_eq!(notice.as_deref(), Some("waiting for `b`: no route"));
        assert_eq!(route.next(Duration::ZERO), Next::Pause);
        assert_eq!(route.next(SHORT), ask("a"));
        assert_eq!(route.refused("a", unavailable("timed out")).unwrap(), None);
        assert_eq!(route.next(SHORT), ask("b"));
        assert_eq!(route.refused("b", unavailable("no route")).unwrap(), None, "told already");
        assert_eq!(route.next(SHORT + Duration::from_millis(1)), Next::GiveUp);
        let expected = "no coordinator answers\n  `a`: timed out\n  `b`: no route";
        assert_eq!(route.error().to_string(), expected);
    }

    #[test]
    fn the_leader_is_asked_next_wherever_it_is() {
        let mut route = route(&["a", "b"]);
        assert_eq!(route.next(Duration::ZERO), ask("a"));
        assert_eq!(route.refused("a", named("c")).unwrap(), None);
        assert_eq!(route.next(Duration::ZERO), ask("c"), "before `b`");
        assert_eq!(route.refused("c", unavailable("gone")).unwrap(), None);
        assert_eq!(route.next(Duration::ZERO), ask("b"));
    }

    #[test]
    fn coordinators_that_name_each_other_end() {
        let mut route = route(&["a"]);
        let mut asked = Vec::new();
        while let Next::Ask(address) = route.next(Duration::ZERO) {
            let other = if address == "a" { "b" } else { "a" };
            route.refused(&address, named(other)).unwrap();
            asked.push(address);
        }
        assert_eq!(asked, ["a", "b", "a"]);
        assert_eq!(route.next(Duration::ZERO), ask("a"), "the next round begins anew");
        route.refused("a", named("b")).unwrap();
        assert_eq!(route.next(Duration::ZERO), ask("b"));
    }

    #[test]
    fn rounds_end() {
        let mut route = Route::new(&["a".to_owned()], Duration::MAX);
        let mut n_asked = 0;
        loop {
            match route.next(Duration::ZERO) {
                Next::Ask(address) => {
                    n_asked += 1;
                    route.refused(&address, unavailable("gone")).unwrap();
                }
                Next::Pause => (),
                Next::GiveUp => break,
            }
        }
        assert_eq!(n_asked, ROUNDS);
    }

    #[test]
    fn patience_of_nothing_is_one_round() {
        let mut route = Route::new(&["a".to_owned()], Duration::ZERO);
        assert_eq!(route.next(Duration::ZERO), ask("a"));
        route.refused("a", unavailable("gone")).unwrap();
        assert_eq!(route.next(Duration::from_millis(1)), Next::GiveUp);
    }

    #[test]
    fn what_all_would_say_ends_the_call() {
        for code in [
            ErrorCode::Invalid,
            ErrorCode::NotFound,
            ErrorCode::NotPossible,
            ErrorCode::Protocol,
            ErrorCode::Denied,
            ErrorCode::Internal,
        ] {
            let refusal = Refusal::new(code, "there is no job 7");
            let err = route(&["a", "b"]).refused("a", refusal).unwrap_err();
            assert_eq!(err.to_string(), "there is no job 7", "{code:?}");
        }
    }

    #[test]
    fn a_slow_coordinator_is_named_once() {
        let mut route = route(&["a"]);
        assert_eq!(route.is_slow("a").as_deref(), Some("waiting for `a`: no answer yet"));
        assert_eq!(route.is_slow("a"), None);
        assert_eq!(route.refused("a", unavailable("gone")).unwrap(), None);
    }
}
