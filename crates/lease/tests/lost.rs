//! Sessions that are not heard of any more: which are known to be dead, and which may come back.

use std::time::Duration;

use xmlx_domain::{SessionId, SessionState};
use xmlx_lease::{Action, Event, LeaseTable, Limits, Timestamp};

const START: Timestamp = Timestamp(0);

/// How the session `w` ends if nothing is heard of it for a minute after `events`.
fn ended(events: Vec<Event>) -> Vec<SessionState> {
    let mut table = LeaseTable::new(Limits::default(), START);
    for event in events {
        table.apply(event, START);
    }
    let actions = table.apply(Event::Ticked, START.after(Duration::from_secs(60)));
    let ends = actions.into_iter().filter_map(|action| match action {
        Action::EndSession { ended, .. } => Some(ended),
        Action::Save(_)
        | Action::Send { .. }
        | Action::FindBoundary { .. }
        | Action::CheckDone { .. } => None,
    });
    ends.collect()
}

/// A process that is paused keeps its stream; one that has died does not.
#[test]
fn only_a_session_whose_stream_broke_is_known_to_be_dead() {
    let session = SessionId("w".to_owned());
    let joined =
        Event::Joined { session: session.clone(), slots: 1, held: Vec::new(), protocol: 1 };
    assert_eq!(ended(vec![joined.clone()]), [SessionState::Silent]);
    assert_eq!(
        ended(vec![joined.clone(), Event::Broke { session: session.clone() }]),
        [SessionState::Lost]
    );
    let back = vec![joined.clone(), Event::Broke { session: session.clone() }, joined.clone()];
    assert_eq!(ended(back), [SessionState::Silent], "it came back");
    assert_eq!(ended(vec![joined, Event::Left { session }]), []);
}
