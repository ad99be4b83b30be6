//! `ClusterService`: the cluster as an operator sees it.

use tonic::{Request, Response, Status};
use xmlx_proto::v1::cluster_service_server::ClusterService;
use xmlx_proto::{Refusal, v1 as pb};
use xmlx_store::Store;

use crate::convert;
use crate::engine::{Command, WorkerInfo};
use crate::role::{Role, RoleReader};

#[derive(Debug)]
pub(crate) struct ClusterApi {
    role: RoleReader,
    store: Store,
    /// What this coordinator is configured with.
    commits_max: Option<u32>,
}

impl ClusterApi {
    pub(crate) fn new(role: RoleReader, store: Store, commits_max: Option<u32>) -> Self {
        Self { role, store, commits_max }
    }

    async fn look(&self) -> Result<pb::StatusResponse, Refusal> {
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
        let jobs = self.store.jobs().await.map_err(|err| convert::refusal(&err))?;
        Ok(pb::StatusResponse {
            leader: Some(pb::Leader {
                term: convert::count(leader.term),
                address: leader.address,
                alive: leader.alive,
                ..pb::Leader::default()
            }),
            answered_by_leader,
            workers,
            commits_max: leader.commits_max.or(self.commits_max).unwrap_or(0),
            jobs: self.role.job_messages(&jobs),
            jobs_left_out: 0,
        })
    }
}

#[tonic::async_trait]
impl ClusterService for ClusterApi {
    async fn status(
        &self,
        _: Request<pb::StatusRequest>,
    ) -> Result<Response<pb::StatusResponse>, Status> {
        Ok(Response::new(convert::in_time(self.look()).await?))
    }

    async fn throttle(
        &self,
        request: Request<pb::ThrottleRequest>,
    ) -> Result<Response<pb::ThrottleResponse>, Status> {
        let commits_max = Some(request.into_inner().commits_max).filter(|it| *it > 0);
        let engine = self.role.engine()?;
        let outcome = engine.ask(|reply| Command::Throttle { commits_max, reply }).await??;
        Ok(Response::new(pb::ThrottleResponse { outcome: outcome.into() }))
    }

    async fn drain_worker(
        &self,
        request: Request<pb::DrainWorkerRequest>,
    ) -> Result<Response<pb::DrainWorkerResponse>, Status> {
        let worker = request.into_inner().worker;
        let engine = self.role.engine()?;
        let outcome = engine.ask(|reply| Command::Drain { worker, reply }).await??;
        Ok(Response::new(pb::DrainWorkerResponse { outcome: outcome.into() }))
    }
}

fn worker(it: WorkerInfo) -> pb::Worker {
    pb::Worker {
        session_id: it.session.0,
        name: it.name,
        build: it.build,
        slots: it.slots,
        state: if it.draining { "draining" } else { "active" }.to_owned(),
        leases: u32::try_from(it.leases).unwrap_or(u32::MAX),
        apps_per_second: it.apps_per_second,
        memory_bytes: it.memory_bytes,
        heard_ms: None,
    }
}

fn session(it: xmlx_store::SessionRow) -> pb::Worker {
    pb::Worker {
        session_id: it.session_id,
        name: it.name,
        build: it.build,
        slots: u32::try_from(it.slots).unwrap_or(0),
        state: it.state,
        ..pb::Worker::default()
    }
}
