//! `ClusterService`: the cluster as an operator sees it.

use std::time::Duration;

use tonic::{Request, Response, Status};
use xmlx_proto::v1::cluster_service_server::ClusterService;
use xmlx_proto::{ErrorCode, Refusal, v1 as pb};
use xmlx_store::Store;

use crate::access::Caller;
use crate::counted::{Asked, Counted};
use crate::engine::{Command, PruneOrder, PruneWhat, WorkerInfo};
use crate::role::{Role, RoleReader};
use crate::{Config, convert, leadership};

/// Jobs that have ended and are shown unless somebody wants more; `xmlx-client jobs` lists all.
const ENDED_JOBS: usize = 20;
/// Nothing younger is pruned (seconds): not by a slip of the pen either.
const OLDER_THAN_MIN: u64 = 3600;

#[derive(Debug)]
pub(crate) struct ClusterApi {
    role: RoleReader,
    store: Store,
    /// What this coordinator is configured with.
    commits_max: Option<u32>,
    leader_ttl: Duration,
    counted: Counted,
}

impl ClusterApi {
    pub(crate) fn new(role: RoleReader, store: Store, config: &Config, counted: Counted) -> Self {
        let Config { commits_max, leader_ttl, .. } = *config;
        Self { role, store, commits_max, leader_ttl, counted }
    }

    async fn read_status(&self, request: pb::StatusRequest) -> Result<pb::StatusResponse, Refusal> {
        let (workers, answered_by_leader) = match self.role.get() {
            Role::Leading { engine } => {
                let workers = engine.ask(|reply| Command::Workers { reply }).await?;
                (workers.into_iter().map(worker).collect(), true)
            }
            Role::Standby { .. } | Role::Unfit { .. } => {
                let sessions = self.store.sessions().await.map_err(|err| convert::refusal(&err))?;
                (sessions.into_iter().map(session).collect(), false)
            }
        };
        let leader = self.store.leader().await.map_err(|err| convert::refusal(&err))?;
        let ended_max = match request.ended_jobs_max {
            0 => ENDED_JOBS,
            n => usize::try_from(n).unwrap_or(usize::MAX),
        };
        let (jobs, jobs_left_out) = self.counted.jobs(Asked::Newest(ended_max)).await?;
        let ttl = self.leader_ttl;
        let heard_ms = leader.lease_left.map(|left| millis(ttl).saturating_add_signed(-left));
        Ok(pb::StatusResponse {
            leader: Some(pb::Leader {
                term: convert::count(leader.term.0),
                address: leader.address,
                alive: leader.alive,
                heard_ms,
                renew_ms: millis(leadership::renewal(ttl)),
                lease_left_ms: leader.lease_left,
            }),
            answered_by_leader,
            workers,
            commits_max: leader.commits_max.or(self.commits_max).unwrap_or(0),
            jobs,
            jobs_left_out,
        })
    }
}

#[tonic::async_trait]
impl ClusterService for ClusterApi {
    async fn status(
        &self,
        request: Request<pb::StatusRequest>,
    ) -> Result<Response<pb::StatusResponse>, Status> {
        Ok(Response::new(convert::in_time(self.read_status(request.into_inner())).await?))
    }

    async fn throttle(
        &self,
        request: Request<pb::ThrottleRequest>,
    ) -> Result<Response<pb::ThrottleResponse>, Status> {
        let caller = Caller::of(&request);
        let commits_max = Some(request.into_inner().commits_max).filter(|it| *it > 0);
        let mut record = caller.record("ClusterService/Throttle", String::new());
        record.parameters = serde_json::json!({ "commits_max": commits_max }).to_string();
        let engine = self.role.engine(&self.store).await?;
        let outcome =
            engine.ask(|reply| Command::Throttle { commits_max, record, reply }).await??;
        Ok(Response::new(pb::ThrottleResponse { outcome: pb::Outcome::from(outcome).into() }))
    }

    async fn prune(
        &self,
        request: Request<pb::PruneRequest>,
    ) -> Result<Response<pb::PruneResponse>, Status> {
        let mut record = Caller::of(&request).record("ClusterService/Prune", String::new());
        let request = request.into_inner();
        if request.older_than_s < OLDER_THAN_MIN {
            let message =
                "`older_than_s` must be at least 3600: what has just ended is still looked at";
            return Err(Refusal::new(ErrorCode::Invalid, message).into());
        }
        let engine = self.role.engine(&self.store).await?;
        let what = if request.dry_run { PruneWhat::Count } else { PruneWhat::Take };
        record.parameters = serde_json::json!({ "older_than_s": request.older_than_s }).to_string();
        let order = PruneOrder { older_than_s: request.older_than_s, what };
        let pruned = engine.ask(|reply| Command::Prune { order, record, reply }).await??;
        Ok(Response::new(pb::PruneResponse {
            jobs: pruned.jobs,
            ranges: pruned.ranges,
            entries: pruned.entries,
            sessions: pruned.sessions,
            has_more: pruned.has_more,
        }))
    }

    async fn drain_worker(
        &self,
        request: Request<pb::DrainWorkerRequest>,
    ) -> Result<Response<pb::DrainWorkerResponse>, Status> {
        let caller = Caller::of(&request);
        let worker = request.into_inner().worker;
        let record = caller.record("ClusterService/DrainWorker", format!("worker {worker}"));
        let engine = self.role.engine(&self.store).await?;
        let outcome = engine.ask(|reply| Command::Drain { worker, record, reply }).await??;
        Ok(Response::new(pb::DrainWorkerResponse { outcome: pb::Outcome::from(outcome).into() }))
    }
}

fn millis(it: Duration) -> u64 {
    u64::try_from(it.as_millis()).unwrap_or(u64::MAX)
}

fn worker(it: WorkerInfo) -> pb::Worker {
    pb::Worker {
        session_id: it.session.0,
        name: it.name,
        build: it.build,
        slots: it.slots,
        state: it.state.name().to_owned(),
        leases: u32::try_from(it.leases).unwrap_or(u32::MAX),
        apps_per_second: it.apps_per_second,
        memory_bytes: it.memory_bytes,
        heard_ms: Some(millis(it.silence)),
    }
}

fn session(it: xmlx_store::SessionRow) -> pb::Worker {
    pb::Worker {
        session_id: it.session_id.0,
        name: it.name,
        build: it.build,
        slots: u32::try_from(it.slots).unwrap_or(0),
        state: it.state.as_str().to_owned(),
        ..pb::Worker::default()
    }
}
