//! `ClusterService`: the cluster as an operator sees it.

use std::time::Duration;

use tonic::{Request, Response, Status};
use xmlx_proto::v1::cluster_service_server::ClusterService;
use xmlx_proto::{ErrorCode, Refusal, v1 as pb};
use xmlx_store::{Error, JobRow, Store};

use crate::engine::{Command, PruneOrder, PruneWhat, WorkerInfo};
use crate::role::{Role, RoleReader};
use crate::{Config, convert, leadership, warnings};

/// Jobs that have ended and are shown unless somebody wants more; `xmlx-client jobs` lists all.
const ENDED_JOBS: usize = 20;
/// Nothing younger is pruned (seconds): not by a slip of the pen either.
const OLDER_THAN_MIN: u64 = 3600;
/// A submission's key that no client makes: nothing but what every submission has to know of.
const NO_KEY: &str = "-";

#[derive(Debug)]
pub(crate) struct ClusterApi {
    role: RoleReader,
    store: Store,
    /// What this coordinator is configured with.
    commits_max: Option<u32>,
    leader_ttl: Duration,
}

impl ClusterApi {
    pub(crate) fn new(role: RoleReader, store: Store, config: &Config) -> Self {
        Self { role, store, commits_max: config.commits_max, leader_ttl: config.leader_ttl }
    }

    /// The jobs that have not ended, the newest of the others, and how many are left out. Adding up the ranges of a job
    /// takes long: no job is read twice, and none that is not shown.
    async fn jobs(&self, ended_max: usize) -> Result<(Vec<JobRow>, u64), Error> {
        let (mut jobs, mut n_ended, mut before) = (Vec::new(), 0, None);
        while n_ended < ended_max {
            let n_max = i64::try_from(ended_max - n_ended).unwrap_or(i64::MAX);
            let page = self.store.jobs_before(before, n_max).await?;
            let Some(oldest) = page.last() else { break };
            before = Some(oldest.job_id);
            n_ended += page.iter().filter(|job| !job.state.is_open()).count();
            jobs.extend(page);
        }
        let older = self.store.jobs_beside(NO_KEY, before).await?;
        jobs.extend(older.into_iter().filter(|job| job.state.is_open()));
        jobs.sort_unstable_by_key(|job| job.job_id);
        let (count, _) = self.store.count_jobs().await?;
        let left_out = convert::count(count).saturating_sub(jobs.len() as u64);
        Ok((jobs, left_out))
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
        let (jobs, jobs_left_out) =
            self.jobs(ended_max).await.map_err(|err| convert::refusal(&err))?;
        let ttl = self.leader_ttl;
        let heard_ms = leader.lease_left.map(|left| millis(ttl).saturating_add_signed(-left));
        let mut jobs = self.role.job_messages(&jobs);
        warnings::add(&self.store, &mut jobs).await?;
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
        let commits_max = Some(request.into_inner().commits_max).filter(|it| *it > 0);
        let engine = self.role.engine(&self.store).await?;
        let outcome = engine.ask(|reply| Command::Throttle { commits_max, reply }).await??;
        Ok(Response::new(pb::ThrottleResponse { outcome: pb::Outcome::from(outcome).into() }))
    }

    async fn prune(
        &self,
        request: Request<pb::PruneRequest>,
    ) -> Result<Response<pb::PruneResponse>, Status> {
        let request = request.into_inner();
        if request.older_than_s < OLDER_THAN_MIN {
            let message =
                "`older_than_s` must be at least 3600: what has just ended is still looked at";
            return Err(Refusal::new(ErrorCode::Invalid, message).into());
        }
        let engine = self.role.engine(&self.store).await?;
        let what = if request.dry_run { PruneWhat::Count } else { PruneWhat::Take };
        let order = PruneOrder { older_than_s: request.older_than_s, what };
        let pruned = engine.ask(|reply| Command::Prune { order, reply }).await??;
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
        let worker = request.into_inner().worker;
        let engine = self.role.engine(&self.store).await?;
        let outcome = engine.ask(|reply| Command::Drain { worker, reply }).await??;
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
