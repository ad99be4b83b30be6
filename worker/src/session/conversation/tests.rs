//! Every message at every moment, as tables.

use xmlx_domain::{Epoch, ErrorClass, JobId, RangeId, Scope};

use super::*;

const CURRENT: u32 = PROTOCOL_SPLIT;

fn from(term: u64, body: In) -> pb::CoordinatorMessage {
    pb::CoordinatorMessage { term, body: Some(body) }
}

fn welcome(protocol: u32) -> In {
    In::Welcome(pb::Welcome { protocol, commits_max: 3, ..pb::Welcome::default() })
}

/// A conversation that was begun in term 5.
fn begun(protocol: u32) -> Conversation {
    let mut conversation = Conversation::default();
    let welcome = conversation.begin(from(5, welcome(protocol)));
    assert_eq!(welcome.expect("it is one").commits_max, 3);
    conversation
}

fn lease() -> Lease {
    let key = LeaseKey { job: JobId(1), range: RangeId(2), epoch: Epoch(3) };
    Lease { key, scope: Scope { lo: 10, hi: 20 } }
}

fn redirect(leader_address: &str) -> In {
    In::Redirect(pb::Redirect { leader_address: leader_address.to_owned() })
}

fn grant(lease: Option<pb::Lease>) -> In {
    In::Grant(pb::Grant { lease })
}

fn revoke(lease: Option<pb::Lease>) -> In {
    In::Revoke(pb::Revoke { lease, reason: "it was lost".to_owned() })
}

fn split(lease: Option<pb::Lease>) -> In {
    In::Split(pb::Split { lease, at: 15 })
}

fn ack(commits_max: u32) -> In {
    In::HeartbeatAck(pb::HeartbeatAck { commits_max, ..pb::HeartbeatAck::default() })
}

#[test]
fn a_stream_begins_with_a_welcome() {
    let no_welcome = "Broke(\"the first message is no welcome\")";
    for (first, expected) in [
        (welcome(CURRENT), "welcome"),
        (redirect("http://b"), "Redirected(Some(\"http://b\"))"),
        (redirect(""), "Redirected(None)"),
        (grant(Some(lease().into())), no_welcome),
        (revoke(None), no_welcome),
        (split(None), no_welcome),
        (In::Drain(pb::Drain::default()), no_welcome),
        (ack(0), no_welcome),
    ] {
        let begun = Conversation::default().begin(from(1, first));
        let found = begun.map_or_else(|ended| format!("{ended:?}"), |_| "welcome".to_owned());
        assert_eq!(found, expected);
    }
    let nothing = pb::CoordinatorMessage { term: 1, body: None };
    assert!(Conversation::default().begin(nothing).is_err());
}

/// A leader that was paused does not know yet that it was deposed.
#[test]
fn a_term_that_is_over_is_not_gone_back_to() {
    let mut conversation = begun(CURRENT);
    let late = conversation.begin(from(4, welcome(CURRENT)));
    let expected = "Err(Broke(\"term 4 is over, 5 was seen\"))";
    assert_eq!(format!("{late:?}"), expected);
    assert_eq!(conversation.term(), 5);
    for (term, after) in [(5, 5), (6, 6)] {
        assert!(conversation.begin(from(term, welcome(CURRENT))).is_ok());
        assert_eq!(conversation.term(), after);
    }
    let late = conversation.receive(from(5, In::Drain(pb::Drain::default())));
    assert!(matches!(late, Received::Nothing));
    let later = conversation.receive(from(7, ack(1)));
    assert!(matches!(later, Received::Share(1)));
    assert_eq!(conversation.term(), 7);
    assert_eq!(conversation.report(Report::Goodbye).term, 7);
}

#[test]
fn each_message_asks_for_what_it_says() {
    let whole = || Some(pb::Lease::from(lease()));
    let upside_down = || Some(pb::Lease { lo: 20, hi: 10, ..lease().into() });
    let key = lease().key;
    for (body, expected) in [
        (grant(whole()), Received::Order(Order::Grant(lease()))),
        (grant(None), Received::Nothing),
        (grant(upside_down()), Received::Nothing),
        (revoke(whole()), Received::Order(Order::Revoke(key))),
        (revoke(None), Received::Nothing),
        (split(whole()), Received::Order(Order::Split { key, at: 15 })),
        (split(None), Received::Nothing),
        (In::Drain(pb::Drain::default()), Received::Order(Order::Drain)),
        (ack(4), Received::Share(4)),
        (ack(0), Received::Share(0)),
        (redirect("http://b"), Received::End(Ended::Redirected(Some("http://b".to_owned())))),
        (redirect(""), Received::End(Ended::Redirected(None))),
        (welcome(CURRENT), Received::Nothing),
    ] {
        let shown = format!("{body:?}");
        let received = begun(CURRENT).receive(from(5, body));
        assert_eq!(format!("{received:?}"), format!("{expected:?}"), "{shown}");
    }
    let later_release = pb::CoordinatorMessage { term: 5, body: None };
    assert!(matches!(begun(CURRENT).receive(later_release), Received::Nothing));
}

/// The release before knows of no splits: a worker that agreed on its protocol must not obey one.
#[test]
fn a_split_is_for_those_who_agreed_on_it() {
    for (protocol, obeyed) in [(PROTOCOL_SPLIT - 1, false), (PROTOCOL_SPLIT, true)] {
        let received = begun(protocol).receive(from(5, split(Some(lease().into()))));
        assert_eq!(matches!(received, Received::Order(_)), obeyed, "{protocol}");
    }
}

#[test]
fn heartbeats_are_numbered_from_one_on_each_stream() {
    let mut conversation = begun(CURRENT);
    let mut beat = |expected| {
        let progress = Progress { apps: 7, ..Progress::none(lease()) };
        let message = conversation.heartbeat(vec![progress], 9, 11);
        let Some(Out::Heartbeat(heartbeat)) = message.body else { panic!("{message:?}") };
        assert_eq!((message.term, heartbeat.sequence), (5, expected));
        assert_eq!((heartbeat.apps_done, heartbeat.memory_bytes), (9, 11));
        assert_eq!(heartbeat.progress, [pb::Progress::from(progress)]);
    };
    beat(1);
    beat(2);
    assert!(conversation.begin(from(5, welcome(CURRENT))).is_ok());
    let Some(Out::Heartbeat(first)) = conversation.heartbeat(Vec::new(), 0, 0).body else {
        panic!("it is a heartbeat")
    };
    assert_eq!(first.sequence, 1);
}

#[test]
fn intervals_are_kept_within_bounds() {
    let asked = |heartbeat_ms, lost_after_ms| {
        let welcome = pb::Welcome { heartbeat_ms, lost_after_ms, ..pb::Welcome::default() };
        let Intervals { heartbeat, silence_max } = intervals(&welcome);
        (heartbeat.as_millis(), silence_max.as_millis())
    };
    for (given, expected) in [
        ((1_000, 6_000), (1_000, 6_000)),
        ((0, 0), (50, 200)),
        ((50, 200), (50, 200)),
        ((3_600_000, 7_200_000), (60_000, 7_200_000)),
    ] {
        assert_eq!(asked(given.0, given.1), expected);
    }
}

#[test]
fn each_report_becomes_its_message() {
    let (released, trouble) = (
        |class, reason: &str| Report::Released {
            lease: lease(),
            committed_through: 14,
            class,
            reason: reason.to_owned(),
        },
        |class| Report::Trouble { job: JobId(1), class, reason: "full".to_owned() },
    );
    let on_the_wire = |class: pb::ErrorClass, exact: pb::ErrorClass, reason: &str| {
        Out::Released(pb::Released {
            lease: Some(lease().into()),
            committed_through: 14,
            class: class.into(),
            reason: reason.to_owned(),
            exact_class: exact.into(),
        })
    };
    for (report, expected) in [
        (Report::Credits(2), Out::LeaseRequest(pb::LeaseRequest { credits: 2 })),
        (
            Report::Done { lease: lease(), apps: 8, elapsed_ms: 9 },
            Out::RangeDone(pb::RangeDone { lease: Some(lease().into()), apps: 8, elapsed_ms: 9 }),
        ),
        (
            released(None, ""),
            on_the_wire(pb::ErrorClass::Unspecified, pb::ErrorClass::Unspecified, ""),
        ),
        (
            released(Some(ErrorClass::Unclear), "why"),
            on_the_wire(pb::ErrorClass::Capacity, pb::ErrorClass::Unclear, "why"),
        ),
        (
            trouble(ErrorClass::Fatal),
            Out::Trouble(pb::Trouble {
                job_id: 1,
                class: pb::ErrorClass::Fatal.into(),
                reason: "full".to_owned(),
                exact_class: pb::ErrorClass::Fatal.into(),
            }),
        ),
        (Report::Goodbye, Out::Goodbye(pb::Goodbye { reason: "drained".to_owned() })),
    ] {
        let message = begun(CURRENT).report(report);
        assert_eq!(message, pb::WorkerMessage { term: 5, body: Some(expected) });
    }
}
