//! The cluster: who leads, who works, and how old what is known of them is.

use serde::Serialize;
use xmlx_proto::v1 as pb;

use super::Job;

/// A worker. What nobody knows at the moment is `None`: a standby hears of no worker.
#[derive(Debug, Serialize)]
pub struct Worker {
    pub name: String,
    session: String,
    pub(crate) state: String,
    pub(crate) slots: u32,
    pub leases: Option<u32>,
    pub apps_per_second: Option<f64>,
    pub(crate) memory_bytes: Option<u64>,
    /// Since its last heartbeat.
    heard_seconds: Option<f64>,
    build: String,
}

impl Worker {
    pub(crate) const HEADER: [&'static str; 9] =
        ["WORKER", "STATE", "HEARD", "SLOTS", "LEASES", "APPS/S", "MEMORY", "BUILD", "SESSION"];

    pub(crate) fn row(&self) -> Vec<String> {
        vec![
            self.name.clone(),
            self.state.clone(),
            known(self.heard_seconds, |heard| format!("{} ago", seconds(heard))),
            self.slots.to_string(),
            known(self.leases, |leases| leases.to_string()),
            known(self.apps_per_second, |rate| format!("{rate:.0}")),
            known(self.memory_bytes, |bytes| format!("{} MiB", bytes >> 20)),
            self.build.clone(),
            self.session.clone(),
        ]
    }

    /// As its leader knows it.
    fn by_leader(worker: pb::Worker) -> Self {
        Self {
            leases: Some(worker.leases),
            apps_per_second: Some(worker.apps_per_second),
            // No process has none: worker has not said yet.
            memory_bytes: Some(worker.memory_bytes).filter(|n| *n > 0),
            state: worker.state.clone(),
            heard_seconds: worker
                .heard_ms
                .map(|millis| millis_as_seconds(i64::try_from(millis).unwrap_or(i64::MAX))),
            ..Self::by_standby(worker)
        }
    }

    /// As the tables have it: that it was there once, and has not said goodbye.
    fn by_standby(worker: pb::Worker) -> Self {
        Self {
            name: worker.name,
            session: worker.session_id,
            state: "unknown".to_owned(),
            slots: worker.slots,
            leases: None,
            apps_per_second: None,
            memory_bytes: None,
            heard_seconds: None,
            build: worker.build,
        }
    }
}

/// The cluster.
#[derive(Debug, Serialize)]
pub struct Status {
    pub leader: Option<Leader>,
    pub answered_by_leader: bool,
    /// Commits at once in the whole cluster; `None`: no limit.
    commits_max: Option<u32>,
    pub workers: Vec<Worker>,
    pub jobs: Vec<Job>,
    /// Jobs that have ended and are not shown.
    pub(crate) jobs_left_out: u64,
}

/// Who leads, or led last.
#[derive(Debug, Serialize)]
pub struct Leader {
    pub address: String,
    pub term: u64,
    /// It answers, or its lease runs and was renewed when it should have been.
    alive: bool,
    /// Since it renewed its lease, by the database's clock.
    heard_seconds: Option<f64>,
    /// How long its lease still runs; nobody else can lead before.
    lease_left_seconds: Option<f64>,
}

impl Status {
    /// Who leads, or why nobody does.
    #[must_use]
    pub fn leader_line(&self) -> String {
        let Some(leader) = &self.leader else {
            return "no coordinator leads at the moment".to_owned();
        };
        let name = format!("leader {} (term {})", leader.address, leader.term);
        if self.answered_by_leader {
            let throttle = self.commits_max.map(|max| format!(", at most {max} commits at once"));
            return format!("{name}{}", throttle.unwrap_or_default());
        }
        let heard = leader.heard_seconds.map(|heard| format!(", heard of {} ago", seconds(heard)));
        let heard = heard.unwrap_or_default();
        match leader.lease_left_seconds {
            Some(left) if left > 0.0 => format!(
                "{name} does not answer{heard}; another coordinator can lead in {}; what workers do is not known",
                seconds(left)
            ),
            None if leader.alive => {
                format!("{name} does not answer; what workers do is not known")
            }
            Some(_) | None => format!(
                "no coordinator leads at the moment; {} (term {}) did last{heard}; what workers do is not known",
                leader.address, leader.term
            ),
        }
    }
}

impl Leader {
    fn new(leader: pb::Leader, answered: Answered) -> Self {
        // Two renewals are missing: leader is dead or cut off, although its lease runs on.
        let is_overdue =
            leader.heard_ms.is_some_and(|heard| leader.renew_ms > 0 && heard > 2 * leader.renew_ms);
        let of_signed = |millis: u64| millis_as_seconds(i64::try_from(millis).unwrap_or(i64::MAX));
        Self {
            alive: match answered {
                Answered::ByLeader => leader.alive,
                Answered::ByStandby => leader.alive && !is_overdue,
            },
            heard_seconds: leader.heard_ms.map(of_signed),
            lease_left_seconds: leader.lease_left_ms.map(millis_as_seconds),
            address: leader.address,
            term: leader.term,
        }
    }
}

/// Who knows it.
#[derive(Clone, Copy, Debug)]
enum Answered {
    ByLeader,
    ByStandby,
}

impl From<pb::StatusResponse> for Status {
    fn from(response: pb::StatusResponse) -> Self {
        let answered =
            if response.answered_by_leader { Answered::ByLeader } else { Answered::ByStandby };
        let worker = match answered {
            Answered::ByLeader => Worker::by_leader,
            Answered::ByStandby => Worker::by_standby,
        };
        Self {
            leader: response.leader.map(|leader| Leader::new(leader, answered)),
            answered_by_leader: response.answered_by_leader,
            commits_max: Some(response.commits_max).filter(|n| *n > 0),
            workers: response.workers.into_iter().map(worker).collect(),
            jobs: response.jobs.into_iter().map(Into::into).collect(),
            jobs_left_out: response.jobs_left_out,
        }
    }
}

fn known<T>(value: Option<T>, show: impl FnOnce(T) -> String) -> String {
    value.map_or_else(|| "?".to_owned(), show)
}

#[expect(clippy::cast_precision_loss, reason = "a time for people")]
fn millis_as_seconds(millis: i64) -> f64 {
    millis as f64 / 1_000.0
}

/// A time that people compare with others: tenths while it is short.
fn seconds(seconds: f64) -> String {
    if seconds.abs() < 10.0 { format!("{seconds:.1} s") } else { format!("{seconds:.0} s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(answered_by_leader: bool, leader: pb::Leader) -> Status {
        let worker = pb::Worker {
            name: "w1".to_owned(),
            state: "active".to_owned(),
            slots: 2,
            heard_ms: answered_by_leader.then_some(4_200),
            ..pb::Worker::default()
        };
        let workers = vec![worker];
        let leader = Some(leader);
        let response =
            pb::StatusResponse { leader, answered_by_leader, workers, ..Default::default() };
        response.into()
    }

    fn leader(heard_ms: Option<u64>, lease_left_ms: Option<i64>) -> pb::Leader {
        pb::Leader {
            term: 3,
            address: "http://a:1".to_owned(),
            alive: lease_left_ms.is_none_or(|left| left > 0),
            heard_ms,
            renew_ms: 2_000,
            lease_left_ms,
        }
    }

    #[test]
    fn the_leader_line_says_who_was_heard_of_when() {
        let line = |answered, leader| response(answered, leader).leader_line();
        assert_eq!(line(true, leader(Some(100), Some(5_900))), "leader http://a:1 (term 3)");
        assert_eq!(
            line(false, leader(Some(4_100), Some(1_900))),
            "leader http://a:1 (term 3) does not answer, heard of 4.1 s ago; another coordinator can lead in 1.9 s; what workers do is not known"
        );
        assert_eq!(
            line(false, leader(Some(66_000), Some(-60_000))),
            "no coordinator leads at the moment; http://a:1 (term 3) did last, heard of 66 s ago; what workers do is not known"
        );
        // A coordinator of the release before.
        assert_eq!(
            line(false, leader(None, None)),
            "leader http://a:1 (term 3) does not answer; what workers do is not known"
        );
    }

    #[test]
    fn a_leader_whose_renewals_are_missing_is_not_alive() {
        let alive = |answered, heard, left| {
            response(answered, leader(Some(heard), Some(left))).leader.unwrap().alive
        };
        assert!(alive(false, 1_900, 4_100), "it cannot be reached from here, and leads");
        assert!(!alive(false, 4_100, 1_900));
        assert!(!alive(false, 7_000, -1_000));
        assert!(alive(true, 4_100, 1_900), "it has answered");
    }

    #[test]
    fn what_nobody_knows_is_shown_as_unknown() {
        let by_leader = response(true, leader(Some(0), Some(1))).workers[0].row();
        assert_eq!(by_leader[..7], ["w1", "active", "4.2 s ago", "2", "0", "0", "?"]);
        let by_standby = response(false, leader(Some(0), Some(1)));
        assert_eq!(by_standby.workers[0].row()[..7], ["w1", "unknown", "?", "2", "?", "?", "?"]);
        let json = serde_json::to_value(&by_standby.workers[0]).unwrap();
        assert!(json["memory_bytes"].is_null() && json["leases"].is_null(), "{json}");
    }
}
