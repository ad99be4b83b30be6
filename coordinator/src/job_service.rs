//! `JobService`: jobs as a client sees them.

use std::time::Duration;

use tonic::{Request, Response, Status};
use xmlx_domain::{JobId, Outcome, RangeId, Selection};
use xmlx_extract::Plan;
use xmlx_lease::life::{self, Ordered};
use xmlx_proto::v1::job_service_server::JobService;
use xmlx_proto::{ErrorCode, Refusal, v1 as pb};
use xmlx_store::{Counting, JobRow, JobsWanted, NewJob, Part, Record, Source, Store};

use crate::access::Caller;
use crate::counted::{Asked, Counted};
use crate::engine::{Command, Handle, JobOrder, Moved, resume_order};
use crate::failures::Filter;
use crate::lanes::{Lanes, Turn};
use crate::overlap::same_or_overlap;
use crate::pages::{Page, ROWS_MAX};
use crate::quality::Hints;
use crate::role::{Role, RoleReader};
use crate::selection;
use crate::submit::{self, Prepared, Submission};
use crate::{
    convert, coverage, diff, explain, failures, quality, reconciliation, rehearsal, runs, warnings,
};

/// What a client gets that knows no pages and does not say how many failures it wants.
const FAILURES_DEFAULT: u32 = 100;
/// Who reads whole tables waits so long for others who do.
const TURN: Duration = Duration::from_secs(20);

#[derive(Debug)]
pub(crate) struct JobApi {
    role: RoleReader,
    store: Store,
    lanes: Lanes,
    counted: Counted,
    hints: Hints,
}

impl JobApi {
    pub(crate) fn new(role: RoleReader, store: Store, lanes: Lanes, counted: Counted) -> Self {
        Self { role, store, lanes, counted, hints: Hints::default() }
    }

    async fn turn(&self, doing: String) -> Result<Turn<'_>, Refusal> {
        self.lanes.whole.enter_within(TURN, doing).await
    }

    /// The job without its counts, for which no commit is waited for.
    async fn job(&self, job_id: JobId) -> Result<JobRow, Refusal> {
        let asking = async {
            let found = self.store.select_jobs(Counting::Uncounted, JobsWanted::One(job_id)).await;
            found.map_err(|err| convert::refusal(&err))
        };
        convert::in_time(asking).await?.into_iter().next().ok_or_else(|| {
            let message = format!("there is no job {job_id}; `xmlx-client jobs` lists them");
            Refusal::new(ErrorCode::NotFound, message)
        })
    }

    /// The job with its counts as they are: commits that hold rows of it are waited for. Take a turn before.
    async fn counted_job(&self, job_id: JobId) -> Result<JobRow, Refusal> {
        let found = self.store.job(job_id).await.map_err(|err| convert::refusal(&err))?;
        found.ok_or_else(|| {
            Refusal::new(ErrorCode::NotFound, format!("job {job_id} has just been deleted"))
        })
    }

    async fn plan(&self, job_id: JobId) -> Result<Plan, Refusal> {
        let found = self.store.job_plan(job_id).await;
        found.map(|(plan, _)| plan).map_err(|err| convert::refusal(&err))
    }

    /// Makes the job, unless it is there or another one works on the same applications.
    async fn insert(
        &self,
        engine: &Handle,
        Submission { mut job, plan, decided }: Submission,
        caller: &Caller,
    ) -> Result<pb::SubmitResponse, Refusal> {
        let coverage = coverage::known(&self.store, &plan, job.mode).await;
        let _turn = engine.submit_turn().await;
        let db = |err| convert::refusal(&err);
        let beside = JobsWanted::Beside(&job.submit_key, None);
        let jobs = self.store.select_jobs(Counting::Uncounted, beside).await.map_err(db)?;
        let (outcome, job_id) = match same_or_overlap(&self.store, &jobs, (&job, &plan)).await? {
            Some(same) => (Outcome::AlreadySo, same),
            None => {
                let is_noted = |it: &&JobRow| !it.state.is_open() && it.log_end.is_none();
                let ended: Vec<JobId> =
                    jobs.iter().filter(is_noted).map(|job| job.job_id).collect();
                if !ended.is_empty() {
                    engine.ask(|reply| Command::NoteLogEnds { jobs: ended, reply }).await??;
                }
                let (_, newest) = self.store.count_jobs().await.map_err(db)?;
                job.job_id = JobId(newest.0 + 1);
                let id = job.job_id;
                let part = Part { selection: job.chosen.selection(), job: id };
                let source = Source::of_part(&plan, job.mode, job.log_watermark, part);
                let source = Box::new(source);
                let record = submitted(caller, &job);
                engine.ask(|reply| Command::Submit { job, source, record, reply }).await??;
                (Outcome::Accepted, id)
            }
        };
        let (jobs, _) = self.counted.jobs(Asked::One(job_id)).await?;
        let job = jobs.into_iter().next();
        Ok(pb::SubmitResponse {
            outcome: pb::Outcome::from(outcome).into(),
            job,
            decided,
            coverage,
            ..pb::SubmitResponse::default()
        })
    }

    async fn submit_asked(
        &self,
        caller: &Caller,
        request: pb::SubmitRequest,
        asked: &selection::Asked,
    ) -> Result<pb::SubmitPartResponse, Refusal> {
        let engine = self.role.engine(&self.store).await?;
        let problems_max = request.problems_max;
        let prepared = submit::prepare(&self.store, &self.lanes, request, asked).await?;
        let mut submitted = match prepared {
            Prepared::Job(submission) => self.insert(&engine, *submission, caller).await?,
            Prepared::Refused(problems) => problems.answer(problems_max)?,
            Prepared::Preview(taken) => {
                return Ok(pb::SubmitPartResponse {
                    submitted: None,
                    taken: Some(taken.groups),
                    not_waiting: taken.not_waiting,
                });
            }
        };
        quality::add(&self.store, &self.hints, submitted.job.as_mut_slice()).await?;
        Ok(pb::SubmitPartResponse { submitted: Some(submitted), ..Default::default() })
    }

    async fn order(&self, job_id: JobId, order: JobOrder, record: Record) -> Result<i32, Refusal> {
        let engine = self.role.engine(&self.store).await?;
        let wish = order.wish();
        let moved =
            engine.ask(|reply| Command::Order { job: job_id, order, record, reply }).await??;
        let outcome = match moved {
            Moved::To(outcome) => outcome,
            Moved::NotOpen => {
                let job = self.job(job_id).await?;
                match life::order(job.state, wish) {
                    Ordered::AlreadySo => Outcome::AlreadySo,
                    Ordered::HasEnded | Ordered::Move(_) => {
                        let message = format!("job {job_id} is {}; submit a new one", job.state);
                        return Err(Refusal::new(ErrorCode::NotPossible, message));
                    }
                }
            }
        };
        Ok(pb::Outcome::from(outcome).into())
    }
}

#[tonic::async_trait]
impl JobService for JobApi {
    async fn submit(
        &self,
        request: Request<pb::SubmitRequest>,
    ) -> Result<Response<pb::SubmitResponse>, Status> {
        let caller = Caller::of(&request);
        let all = selection::Asked::default();
        let answer = self.submit_asked(&caller, request.into_inner(), &all).await?;
        Ok(Response::new(answer.submitted.unwrap_or_default()))
    }

    async fn submit_part(
        &self,
        request: Request<pb::SubmitPartRequest>,
    ) -> Result<Response<pb::SubmitPartResponse>, Status> {
        let caller = Caller::of(&request);
        let mut request = request.into_inner();
        let asked = selection::Asked::of(&request)?;
        let submit = request.submit.take().unwrap_or_default();
        Ok(Response::new(self.submit_asked(&caller, submit, &asked).await?))
    }

    async fn list_jobs(
        &self,
        request: Request<pb::ListJobsRequest>,
    ) -> Result<Response<pb::ListJobsResponse>, Status> {
        let request = request.into_inner();
        let page = Page::asked(request.page_size, &request.page_token)?;
        let asked = match request.job_id {
            Some(id) => Asked::One(JobId(id)),
            None => Asked::Page(page.after.map(JobId), page.to_read()),
        };
        let (mut jobs, _) = convert::in_time(self.counted.jobs(asked)).await?;
        let next_page_token = page.cut(&mut jobs, |job| job.job_id);
        let (answered_by_leader, leader_address) = match self.role.get() {
            Role::Leading { .. } => (true, None),
            Role::Standby { leader_address } => (false, leader_address),
            Role::Unfit { .. } => (false, None),
        };
        convert::in_time(quality::add(&self.store, &self.hints, &mut jobs)).await?;
        Ok(Response::new(pb::ListJobsResponse {
            jobs,
            next_page_token,
            answered_by_leader,
            leader_address: leader_address.unwrap_or_default(),
        }))
    }

    async fn list_ranges(
        &self,
        request: Request<pb::ListRangesRequest>,
    ) -> Result<Response<pb::ListRangesResponse>, Status> {
        let request = request.into_inner();
        let page = Page::asked(request.page_size, &request.page_token)?;
        let job = self.job(JobId(request.job_id)).await?;
        let after = page.after.map(RangeId);
        let ranges = self.store.ranges_after(job.job_id, after, page.to_read()).await;
        let mut ranges = ranges.map_err(|err| convert::refusal(&err))?;
        let next_page_token = page.cut(&mut ranges, |it| it.range_id.0);
        let range = |it: xmlx_store::RangeRow| pb::Range {
            range_id: it.range_id.0,
            lo: it.scope.lo,
            hi: it.scope.hi,
            state: it.state.as_str().to_owned(),
            epoch: it.epoch.0,
            owner_session: it.owner.map(|session| session.0).unwrap_or_default(),
            committed_through: it.committed_through,
            done_ok: it.done_ok,
            done_failed: it.done_failed,
            rows_written: it.rows_written,
        };
        let ranges = ranges.into_iter().map(range).collect();
        Ok(Response::new(pb::ListRangesResponse { ranges, next_page_token }))
    }

    async fn list_failures(
        &self,
        request: Request<pb::ListFailuresRequest>,
    ) -> Result<Response<pb::ListFailuresResponse>, Status> {
        let request = request.into_inner();
        let page = failures_page(&request)?;
        let job = self.job(JobId(request.job_id)).await?;
        let plan = self.plan(job.job_id).await?;
        let _turn = self.turn(format!("listing failures of job {}", job.job_id)).await?;
        let db = |err| convert::refusal(&err);
        let stages = match page.after {
            None => self.store.failures_by_stage(&plan, &job).await.map_err(db)?,
            Some(_) => Vec::new(),
        };
        let filter = Filter::of(request.filter.as_ref());
        let (failures, next_page_token) =
            failures::page(&self.store, (&plan, &job), &filter, page).await?;
        Ok(Response::new(pb::ListFailuresResponse {
            stages: stages.into_iter().map(stage).collect(),
            failures,
            next_page_token,
            filtered: request.filter.is_some(),
        }))
    }

    async fn group_failures(
        &self,
        request: Request<pb::GroupFailuresRequest>,
    ) -> Result<Response<pb::GroupFailuresResponse>, Status> {
        let request = request.into_inner();
        let job = self.job(JobId(request.job_id)).await?;
        let plan = self.plan(job.job_id).await?;
        let _turn = self.turn(format!("grouping failures of job {}", job.job_id)).await?;
        let filter = Filter::of(request.filter.as_ref());
        let groups = failures::groups(&self.store, (&plan, &job), &filter).await?;
        Ok(Response::new(groups))
    }

    async fn list_runs(
        &self,
        request: Request<pb::ListRunsRequest>,
    ) -> Result<Response<pb::ListRunsResponse>, Status> {
        let request = request.into_inner();
        let page = Page::asked(request.page_size, &request.page_token)?;
        let job_id = match request.job_id {
            Some(job_id) => JobId(job_id),
            None => self.store.count_jobs().await.map_err(|err| convert::refusal(&err))?.1,
        };
        let job = self.job(job_id).await?;
        let plan = self.plan(job.job_id).await?;
        let _turn = self.turn(format!("listing runs of application {}", request.app_id)).await?;
        Ok(Response::new(runs::page(&self.store, &plan, request.app_id, page).await?))
    }

    async fn explain_application(
        &self,
        request: Request<pb::ExplainApplicationRequest>,
    ) -> Result<Response<pb::ExplainApplicationResponse>, Status> {
        let caller = Caller::of(&request);
        let request = request.into_inner();
        explain::check(&request, &caller)?;
        explain::record(&self.store, &request, &caller).await?;
        let newest = match request.job_id {
            Some(job_id) => JobId(job_id),
            None => self.store.count_jobs().await.map_err(|err| convert::refusal(&err))?.1,
        };
        let job = self.job(newest).await?;
        let _turn = self.turn(format!("explaining application {}", request.app_id)).await?;
        let runs = explain::runs(&self.store, job.job_id, request.app_id).await?;
        let decided = runs.iter().find_map(|run| run.owner.as_ref()).map(|owner| owner.job_id);
        let job = match decided.filter(|_| request.job_id.is_none()) {
            Some(decided) => self.job(decided).await?,
            None => job,
        };
        Ok(Response::new(explain::explain(&self.store, &job, runs, &request).await?))
    }

    async fn list_warnings(
        &self,
        request: Request<pb::ListWarningsRequest>,
    ) -> Result<Response<pb::ListWarningsResponse>, Status> {
        let request = request.into_inner();
        let job = self.job(JobId(request.job_id)).await?;
        let plan = self.plan(job.job_id).await?;
        let _turn = self.turn(format!("listing warnings of job {}", job.job_id)).await?;
        Ok(Response::new(warnings::list(&self.store, &plan, &request).await?))
    }

    async fn get_quality(
        &self,
        request: Request<pb::GetQualityRequest>,
    ) -> Result<Response<pb::GetQualityResponse>, Status> {
        let request = request.into_inner();
        let page = Page::asked(request.page_size, &request.page_token)?;
        let job = self.job(JobId(request.job_id)).await?;
        let against = match request.against_job_id {
            Some(against) => Some(self.job(JobId(against)).await?),
            None => None,
        };
        let _turn = self.turn(format!("counting what job {} has written", job.job_id)).await?;
        let job = self.counted_job(job.job_id).await?;
        let quality = quality::of(&self.store, &job, against.as_ref(), request.all, page).await?;
        Ok(Response::new(quality))
    }

    async fn get_rehearsal(
        &self,
        request: Request<pb::GetRehearsalRequest>,
    ) -> Result<Response<pb::GetRehearsalResponse>, Status> {
        let job = self.job(JobId(request.into_inner().job_id)).await?;
        let plan = self.plan(job.job_id).await?;
        let _turn = self.turn(format!("adding up rehearsal {}", job.job_id)).await?;
        let job = self.counted_job(job.job_id).await?;
        // Its counts are part of the report: commits are waited for.
        let counted = self.store.job(job.job_id).await.map_err(|err| convert::refusal(&err))?;
        let job = counted.unwrap_or(job);
        Ok(Response::new(rehearsal::report(&self.store, &plan, &job).await?))
    }

    async fn verify(
        &self,
        request: Request<pb::VerifyRequest>,
    ) -> Result<Response<pb::VerifyResponse>, Status> {
        let request = request.into_inner();
        let job = self.job(JobId(request.job_id)).await?;
        let plan = self.plan(job.job_id).await?;
        let _turn = self.turn(format!("verifying job {}", job.job_id)).await?;
        let refusal = |err| convert::refusal(&err);
        let job = self.counted_job(job.job_id).await?;
        let mut found = self.store.verify(&plan, &job).await.map_err(refusal)?;
        if request.history {
            let history = self.store.verify_history(&plan, job.job_id).await.map_err(refusal)?;
            found.checks.extend(history);
        }
        let check = |it: &xmlx_store::Check| pb::Check {
            name: it.name.to_owned(),
            holds: it.violations == 0,
            violations: it.violations,
            detail: it.detail.clone(),
        };
        Ok(Response::new(pb::VerifyResponse {
            holds: found.holds(),
            checks: found.checks.iter().map(check).collect(),
            stages: found.stages.into_iter().map(stage).collect(),
            left_out: found.left_out,
            waiting: found.waiting,
        }))
    }

    async fn get_reconciliation(
        &self,
        request: Request<pb::GetReconciliationRequest>,
    ) -> Result<Response<pb::GetReconciliationResponse>, Status> {
        let request = request.into_inner();
        let job = self.job(JobId(request.job_id)).await?;
        Ok(Response::new(reconciliation::page(&self.store, &job, &request).await?))
    }

    async fn get_coverage(
        &self,
        request: Request<pb::GetCoverageRequest>,
    ) -> Result<Response<pb::GetCoverageResponse>, Status> {
        let request = request.into_inner();
        let page = Page::asked(request.page_size, &request.page_token)?;
        let job = self.job(JobId(request.job_id)).await?;
        let plan = self.plan(job.job_id).await?;
        let _turn = self.turn(format!("adding up the coverage of job {}", job.job_id)).await?;
        Ok(Response::new(coverage::page(&self.store, &plan, &job, page).await?))
    }

    async fn get_diff(
        &self,
        request: Request<pb::GetDiffRequest>,
    ) -> Result<Response<pb::GetDiffResponse>, Status> {
        let job = self.job(JobId(request.into_inner().job_id)).await?;
        let _turn = self.turn(format!("adding up the changes of job {}", job.job_id)).await?;
        Ok(Response::new(diff::report(&self.store, &job).await?))
    }

    async fn pause(
        &self,
        request: Request<pb::PauseRequest>,
    ) -> Result<Response<pb::PauseResponse>, Status> {
        let record = ordered(&request, "JobService/Pause", request.get_ref().job_id);
        let job_id = JobId(request.into_inner().job_id);
        let outcome = self.order(job_id, JobOrder::Pause, record).await?;
        Ok(Response::new(pb::PauseResponse { outcome }))
    }

    async fn resume(
        &self,
        request: Request<pb::ResumeRequest>,
    ) -> Result<Response<pb::ResumeResponse>, Status> {
        let record = ordered(&request, "JobService/Resume", request.get_ref().job_id);
        let job_id = JobId(request.into_inner().job_id);
        let reading =
            async { resume_order(&self.store, job_id).await.map_err(|err| convert::refusal(&err)) };
        let order = convert::in_time(reading).await?;
        let outcome = self.order(job_id, order, record).await?;
        Ok(Response::new(pb::ResumeResponse { outcome }))
    }

    async fn cancel(
        &self,
        request: Request<pb::CancelRequest>,
    ) -> Result<Response<pb::CancelResponse>, Status> {
        let record = ordered(&request, "JobService/Cancel", request.get_ref().job_id);
        let job_id = JobId(request.into_inner().job_id);
        let outcome = self.order(job_id, JobOrder::Cancel, record).await?;
        Ok(Response::new(pb::CancelResponse { outcome }))
    }
}

/// What is recorded of a submission: what a job does, and no more of its contract than the hash.
fn submitted(caller: &Caller, job: &NewJob) -> Record {
    let mut record = caller.record("JobService/Submit", format!("job {}", job.job_id));
    record.contract_hash.clone_from(&job.contract_hash);
    let mut parameters = serde_json::json!({
        "name": job.name, "mode": job.mode.as_str(), "from": job.scope.lo, "to": job.scope.hi - 1,
        "priority": job.priority,
    });
    match job.chosen.selection() {
        Selection::All => (),
        Selection::Sample(sample) => parameters["sample"] = sample.to_string().into(),
        Selection::Listed(n) => parameters["listed"] = n.into(),
    }
    record.parameters = parameters.to_string();
    record
}

fn ordered<T>(request: &Request<T>, method: &str, job_id: i64) -> Record {
    Caller::of(request).record(method, format!("job {job_id}"))
}

fn failures_page(request: &pb::ListFailuresRequest) -> Result<Page, Refusal> {
    let of_limit = match u32::try_from(request.limit) {
        Ok(0) => FAILURES_DEFAULT,
        Ok(n) if n <= ROWS_MAX => n,
        Ok(_) | Err(_) => {
            let message = format!("`limit` must be between 1 and {ROWS_MAX}");
            return Err(Refusal::new(ErrorCode::Invalid, message));
        }
    };
    let size = if request.page_size == 0 { of_limit } else { request.page_size };
    Page::asked(size, &request.page_token)
}

fn stage(it: xmlx_store::StageCount) -> pb::StageCount {
    pb::StageCount { stage: it.stage, count: it.count }
}
