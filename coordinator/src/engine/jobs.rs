//! A job's life: submitted, moved, counted, extended, done.

use std::time::Duration;

use tracing::{info, warn};
use xmlx_domain::{
    Epoch, ErrorClass, JobId, JobState, Mode, Outcome, RangeId, RangeSnapshot, RangeState, Scope,
    SessionId, SessionState,
};
use xmlx_lease::life::{self, JobMove, Ordered};
use xmlx_lease::{Event, JobSnapshot};
use xmlx_proto::{ErrorCode, Refusal, protocol_for};
use xmlx_store::{Error, Leadership, NewJob, Record, Source, Store};

use super::command::{Checked, Command, JobOrder, Moved, Reply};
use super::source::{Sources, check_ended, count_total, until_it_works};
use super::{Engine, convert, ends_leadership};

/// A job that waits longer for its last check says so.
const SHOWN_AFTER: Duration = Duration::from_secs(2);

impl Engine {
    /// Inserts the job; the caller has seen that it overlaps with no other.
    pub(super) async fn submit(
        &mut self,
        new: &NewJob,
        source: Source,
        record: &Record,
    ) -> Result<(), Error> {
        let job = new.job_id;
        if new.mode == Mode::Follow {
            self.store.note_follow(&self.leadership, new.job_id, new.grows).await?;
        }
        let inserted = self.store.insert_job_recorded(&self.leadership, new, Some(record)).await;
        if let Err(err) = inserted {
            // It may be there in spite of it.
            return self.unsaved(job, err).await;
        }
        let (mode, lo, hi) = (new.mode.as_str(), new.scope.lo, new.scope.hi);
        info!(%job, mode, lo, hi, "job submitted");
        self.sources.keep(job, source);
        self.modes.insert(job, new.mode);
        self.apply(Event::JobLoaded(fresh(new))).await?;
        self.count(job);
        Ok(())
    }

    /// Something about the job was not saved, or nobody knows: it is read again. Hands the error on.
    async fn unsaved<T>(&mut self, job: JobId, err: Error) -> Result<T, Error> {
        if !ends_leadership(&err) {
            self.doubt(job).await?;
        }
        Err(err)
    }

    /// Carries out an operator's wish. The move is durable first; then every lease is revoked, durably, before the answer
    /// goes out.
    pub(super) async fn order(
        &mut self,
        job: JobId,
        order: JobOrder,
        record: &Record,
        reply: Reply<Moved>,
    ) -> Result<(), Error> {
        // A job that is not open is for the caller to read.
        let Some(state) = self.table.state(job) else {
            drop(reply.send(Ok(Moved::NotOpen)));
            return Ok(());
        };
        let wished = match life::order(state, order.wish()) {
            Ordered::Move(wished) => wished,
            Ordered::AlreadySo => {
                self.answer_when_certain(job, Outcome::AlreadySo, reply);
                return Ok(());
            }
            Ordered::HasEnded => {
                drop(reply.send(Ok(Moved::NotOpen)));
                return Ok(());
            }
        };
        let moved = match order {
            // Before it goes on, or it would pause again at once.
            JobOrder::Resume { spent, exceeded } => self.renew_budget(job, spent, &exceeded).await,
            JobOrder::Pause | JobOrder::Cancel => Ok(()),
        };
        let moved = match moved {
            Ok(()) => self.persist_move(job, &wished, Some(record)).await,
            Err(err) => Err(err),
        };
        match moved {
            Ok(true) => {
                if wished.to == JobState::Running {
                    self.count(job);
                }
                self.answer_when_certain(job, Outcome::Accepted, reply);
                Ok(())
            }
            Ok(false) => {
                // It may be what was asked for, by an earlier try whose answer was lost: the client asks again, and once
                // the job is read it is told.
                let message = format!("job {job} has just changed and is being read again");
                drop(reply.send(Err(Refusal::new(ErrorCode::Unavailable, message))));
                Ok(())
            }
            Err(err) => {
                drop(reply.send(Err(convert::refusal(&err))));
                if ends_leadership(&err) { Err(err) } else { Ok(()) }
            }
        }
    }

    /// Saves a move and tells the table. `false`: the job was in another state, and nothing has changed.
    pub(super) async fn persist_move(
        &mut self,
        job: JobId,
        JobMove { from, to, reason }: &JobMove,
        record: Option<&Record>,
    ) -> Result<bool, Error> {
        let states = (*from, *to);
        let moved = self.store.move_job_recorded(&self.leadership, job, states, reason, record);
        match moved.await {
            Ok(()) => (),
            Err(Error::Conflict) => {
                self.doubt(job).await?;
                return Ok(false);
            }
            Err(err) => return self.unsaved(job, err).await,
        }
        info!(%job, %from, %to, reason, "job moved");
        self.handle.notes().forget(job);
        self.checking.remove(&job);
        self.follows.remove(&job);
        // Where an owner closes its range meanwhile, the job is doubted: what is left to revoke is revoked once it is read.
        self.apply(Event::JobMoved { job, state: *to }).await?;
        if !to.is_open() {
            self.modes.remove(&job);
            self.budgets.forget(job);
            self.note_log_ends(vec![job], None);
        }
        Ok(true)
    }

    /// Nothing is committed for these jobs any more: later log rows are somebody else's.
    pub(super) fn note_log_ends(&self, jobs: Vec<JobId>, reply: Option<Reply<()>>) {
        let (leadership, store, end) =
            (self.leadership.clone(), self.looks.clone(), self.end.clone());
        let sources = self.sources.clone();
        tokio::spawn(async move {
            let outcome = tokio::select! {
                it = note_log_ends(&store, &leadership, &sources, &jobs) => it,
                () = end.cancelled() => return,
            };
            if let Err(err) = &outcome {
                warn!(%err, "cannot note where a job's log ends; trying again before the next job");
            }
            if let Some(reply) = reply {
                drop(reply.send(outcome.map_err(|err| convert::refusal(&err))));
            }
        });
    }

    /// Something was found that concerns the whole job.
    pub(super) async fn trouble(
        &mut self,
        job: JobId,
        class: ErrorClass,
        reason: &str,
    ) -> Result<(), Error> {
        warn!(%job, %class, reason, "trouble with the job");
        self.counting.remove(&job);
        self.try_move(job, life::trouble(self.table.state(job), class, reason)).await
    }

    /// Moves a job where that was decided; where it cannot be saved, the job is read again and goes on.
    async fn try_move(&mut self, job: JobId, decided: Option<JobMove>) -> Result<(), Error> {
        let Some(decided) = decided else { return Ok(()) };
        match self.persist_move(job, &decided, None).await {
            Ok(_) => Ok(()),
            Err(err) if ends_leadership(&err) => Err(err),
            Err(err) => {
                warn!(%job, %err, to = %decided.to, "cannot move the job; reading it again");
                Ok(())
            }
        }
    }

    /// Counts a job's applications in the background: a submit must not wait for it.
    pub(super) fn count(&mut self, job: JobId) {
        if self.table.is_counted(job) || !self.counting.insert(job) {
            return;
        }
        let (handle, store, end) = (self.handle.clone(), self.looks.clone(), self.end.clone());
        let (sources, lanes) = (self.sources.clone(), self.lanes.clone());
        tokio::spawn(async move {
            let _turn = lanes.whole.enter(format!("counting job {job}")).await;
            let counting = until_it_works(&handle, job, || count_total(&store, &sources, job));
            let found = tokio::select! {
                found = counting => found,
                () = end.cancelled() => None,
            };
            if let Some((scope, total)) = found {
                handle.send(Command::Counted { job, scope, total }).await;
            }
        });
    }

    pub(super) async fn counted(
        &mut self,
        job: JobId,
        scope: Scope,
        total: i64,
    ) -> Result<(), Error> {
        self.counting.remove(&job);
        match self.store.set_job_total(&self.leadership, job, scope, total).await {
            Ok(()) => self.apply(Event::Counted { job, total: convert::count(total) }).await,
            Err(err) if ends_leadership(&err) => Err(err),
            Err(err) => {
                warn!(%job, %err, "cannot save how many applications there are");
                self.doubt(job).await
            }
        }
    }

    /// All ranges are done: is every application decided?
    pub(super) fn check_done(&mut self, job: JobId) {
        if self.modes.get(&job) == Some(&Mode::Follow) {
            return;
        }
        self.checking.insert(job, self.clock.now());
        let (handle, store, end) = (self.handle.clone(), self.looks.clone(), self.end.clone());
        let (sources, lanes) = (self.sources.clone(), self.lanes.clone());
        tokio::spawn(async move {
            let waiting = format!("its last check waits for {}", lanes.whole.doing());
            let mut entering = std::pin::pin!(lanes.whole.enter(format!("checking job {job}")));
            let _turn = match tokio::time::timeout(SHOWN_AFTER, &mut entering).await {
                Ok(turn) => turn,
                Err(_) => {
                    handle.notes().waits_for_others(job, &waiting);
                    entering.await
                }
            };
            let checking = until_it_works(&handle, job, || check_ended(&store, &sources, job));
            let found = tokio::select! {
                found = checking => found,
                () = end.cancelled() => None,
            };
            if let Some(checked) = found {
                handle.send(Command::CheckedDone { job, checked }).await;
            }
        });
    }

    pub(super) async fn checked_done(&mut self, job: JobId, checked: Checked) -> Result<(), Error> {
        self.checking.remove(&job);
        match checked {
            Checked::AllDecided => {
                self.try_move(job, life::all_decided(self.table.state(job))).await
            }
            Checked::Reopened => {
                warn!(%job, "ranges that were done are open; reading them again");
                self.doubt(job).await
            }
            Checked::Appeared(late) => self.reopen(job, late).await,
        }
    }

    /// Sessions that this leader has never heard of are noted as lost.
    pub(super) async fn end_strays(&mut self, sessions: Vec<SessionId>) -> Result<(), Error> {
        for session in sessions.into_iter().filter(|it| !self.table.knows(it)) {
            match self.store.close_session(&self.leadership, &session, SessionState::Silent).await {
                Ok(()) => info!(%session, "session ended under an earlier leader"),
                Err(err) if ends_leadership(&err) => return Err(err),
                Err(err) => warn!(%session, %err, "cannot note that a session is lost"),
            }
        }
        Ok(())
    }
}

/// A job right after its submission: one pending range.
fn fresh(new: &NewJob) -> JobSnapshot {
    let whole = RangeSnapshot {
        range: RangeId::FIRST,
        scope: new.scope,
        epoch: Epoch(0),
        state: RangeState::Pending,
        owner: None,
        committed_through: new.scope.lo - 1,
    };
    JobSnapshot {
        job: new.job_id,
        state: JobState::Running,
        priority: new.priority,
        protocol: protocol_for(new.mode, new.chosen.selection().extent()),
        total: None,
        decided: 0,
        last_range: RangeId::FIRST,
        ranges: vec![whole],
    }
}

async fn note_log_ends(
    store: &Store,
    leadership: &Leadership,
    sources: &Sources,
    jobs: &[JobId],
) -> Result<(), Error> {
    for &job in jobs {
        let noting = async {
            let log_end = sources.of(store, job).await?.newest_log_id(store).await?;
            store.set_job_log_end(leadership, job, log_end).await
        };
        match noting.await {
            // A contract that this build cannot read must not keep others from being submitted, nor a log that
            // is gone: nothing follows there.
            Err(err) if matches!(err, Error::Shape { .. }) || err.number() == Some(208) => {
                warn!(%job, %err, "cannot note where the job's log ends");
            }
            other => other?,
        }
    }
    Ok(())
}
