//! Which part of a scope a submission asks for, and which applications that comes to.

use xmlx_domain::{JobId, Mode, Sample, Selection};
use xmlx_extract::Plan;
use xmlx_proto::{ErrorCode, Refusal, v1 as pb};
use xmlx_store::{
    Chosen, Counting, JobRow, JobsWanted, LISTED_MAX, SELECTION_SINCE, Source, Store,
};

use crate::convert;
use crate::failures::{self, Filter, Taken, Within};
use crate::lanes::Lanes;

/// What a submission asks for of the applications of its scope. Nothing: all of them.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    pub(crate) sample: Option<Sample>,
    pub(crate) failures: Option<pb::FailuresOfJob>,
    pub(crate) purpose: Purpose,
}

/// What is done with what is found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// A job is made of it.
    #[default]
    Submit,
    /// It is shown.
    Preview,
}

/// What was found of the failures that are asked for.
#[derive(Debug)]
pub(crate) enum Found {
    /// A job takes them.
    Chosen(Chosen),
    /// They are shown.
    Shown(Taken),
}

/// What a job that is about another one takes over from it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Inherited {
    pub(crate) job: JobId,
    pub(crate) selection: Selection,
}

impl Asked {
    pub(crate) fn of(request: &pb::SubmitPartRequest) -> Result<Self, Refusal> {
        let invalid = |message: String| Refusal::new(ErrorCode::Invalid, message);
        let sample = (!request.sample.is_empty()).then(|| request.sample.parse::<Sample>());
        let sample = sample.transpose().map_err(|err| invalid(format!("`sample`: {err}")))?;
        let purpose = if request.preview { Purpose::Preview } else { Purpose::Submit };
        let failures = request.failures.clone();
        if sample.is_none() && failures.is_none() {
            return Err(invalid(
                "`sample` or `failures` has to say which part is meant".to_owned(),
            ));
        }
        if purpose == Purpose::Preview && failures.is_none() {
            return Err(invalid("`preview` is of failures: name them in `failures`".to_owned()));
        }
        Ok(Self { sample, failures, purpose })
    }

    /// Whether a job of this mode can take it, and there is a place for it.
    pub(crate) async fn check(&self, store: &Store, mode: Mode) -> Result<(), Refusal> {
        if self.sample.is_none() && self.failures.is_none() {
            return Ok(());
        }
        let invalid = |message: String| Err(Refusal::new(ErrorCode::Invalid, message));
        if mode == Mode::Follow {
            return invalid(
                "a job that follows takes everything that comes: it has no `sample`".to_owned(),
            );
        }
        if self.failures.is_some() && mode != Mode::Retry {
            return invalid(format!("a `{mode}` takes no failures of a job: leave `failures` out"));
        }
        require_place(store).await
    }

    /// The job whose failures are asked for.
    pub(crate) async fn failed_job(&self, store: &Store) -> Result<Option<JobRow>, Refusal> {
        let Some(failures) = &self.failures else { return Ok(None) };
        let job_id = JobId(failures.job_id);
        let found = store.select_jobs(Counting::Uncounted, JobsWanted::One(job_id)).await;
        let found = found.map_err(|err| convert::refusal(&err))?.into_iter().next();
        let job = found.ok_or_else(|| {
            let message = format!("there is no job {job_id}; `xmlx-client jobs` lists them");
            Refusal::new(ErrorCode::NotFound, message)
        })?;
        if job.mode.writes() {
            return Ok(Some(job));
        }
        let message = format!(
            "job {job_id} is a `{}` and has decided nothing: there is nothing of it to retry",
            job.mode
        );
        Err(Refusal::new(ErrorCode::NotPossible, message))
    }
}

async fn require_place(store: &Store) -> Result<(), Refusal> {
    if store.takes_parts().await.map_err(|err| convert::refusal(&err))? {
        return Ok(());
    }
    let message = format!(
        "the control tables have no place for jobs that take a part: run `xmlx-client init` (they need version {SELECTION_SINCE})"
    );
    Err(Refusal::new(ErrorCode::NotPossible, message))
}

/// What a submission takes. `about`: the job whose failures are asked for, and what it takes over from another one.
pub(crate) async fn find(
    store: &Store,
    lanes: &Lanes,
    (asked, about): (&Asked, (Option<&JobRow>, Option<Inherited>)),
    source: &Source,
    request: &pb::SubmitRequest,
) -> Result<Found, Refusal> {
    match about {
        (Some(job), _) => failed(store, lanes, (asked, job), source, request).await,
        (None, inherited) => {
            chosen(store, asked.sample, inherited, request).await.map(Found::Chosen)
        }
    }
}

/// The failures of a job that a submission takes: those that its contract's source has waiting.
async fn failed(
    store: &Store,
    lanes: &Lanes,
    (asked, job): (&Asked, &JobRow),
    source: &Source,
    request: &pb::SubmitRequest,
) -> Result<Found, Refusal> {
    let db = |err| convert::refusal(&err);
    // The reasons name tables and columns of the contract that they failed under.
    let (plan, _) = store.job_plan(job.job_id).await.map_err(db)?;
    let filter = asked.failures.as_ref().and_then(|failures| failures.filter.as_ref());
    let within = Within {
        from: request.from_app_id.unwrap_or(i64::MIN),
        to: request.to_app_id.unwrap_or(i64::MAX),
        limit: request.limit.map(|n| usize::try_from(n).unwrap_or(usize::MAX)),
        sample: asked.sample,
    };
    let _turn = lanes.whole.enter(format!("looking for failures of job {}", job.job_id)).await;
    let taken = failures::taken(store, (&plan, job), &Filter::of(filter), (source, within)).await?;
    match asked.purpose {
        Purpose::Preview => Ok(Found::Shown(taken)),
        Purpose::Submit => {
            if taken.ids.is_empty() {
                refuse_nothing(store, &request.submit_key, job, &taken).await?;
            }
            Ok(Found::Chosen(Chosen::Listed(taken.ids)))
        }
    }
}

/// What a job takes that is not asked for failures: a share, or what the job takes that it is about.
async fn chosen(
    store: &Store,
    sample: Option<Sample>,
    inherited: Option<Inherited>,
    request: &pb::SubmitRequest,
) -> Result<Chosen, Refusal> {
    let of_scope = sample.map_or(Chosen::All, Chosen::Sample);
    let Some(Inherited { job, selection }) = inherited else { return Ok(of_scope) };
    match selection {
        Selection::All => Ok(of_scope),
        // The larger share has everything of the smaller one.
        Selection::Sample(of_job) => {
            Ok(Chosen::Sample(sample.map_or(of_job, |sample| sample.min(of_job))))
        }
        Selection::Listed(_) => {
            let mut ids = store.listed(job).await.map_err(|err| convert::refusal(&err))?;
            let from = request.from_app_id.unwrap_or(i64::MIN);
            let to = request.to_app_id.unwrap_or(i64::MAX);
            ids.retain(|id| {
                (from..=to).contains(id) && sample.is_none_or(|sample| sample.takes(*id))
            });
            let limit = request.limit.map(|n| usize::try_from(n).unwrap_or(usize::MAX));
            ids.truncate(limit.unwrap_or(LISTED_MAX));
            if ids.is_empty() {
                let message = format!("job {job} took none of these applications");
                return Err(Refusal::new(ErrorCode::NotPossible, message));
            }
            Ok(Chosen::Listed(ids))
        }
    }
}

/// Refuses a submission that would take nothing, unless its job has been made already: whoever asks again after a lost
/// answer is to find it.
async fn refuse_nothing(
    store: &Store,
    submit_key: &str,
    job: &JobRow,
    taken: &Taken,
) -> Result<(), Refusal> {
    let beside = JobsWanted::Beside(submit_key, None);
    let jobs = store.select_jobs(Counting::Uncounted, beside).await;
    let jobs = jobs.map_err(|err| convert::refusal(&err))?;
    if jobs.iter().any(|known| known.submit_key == submit_key) {
        return Ok(());
    }
    let since = match taken.not_waiting {
        0 => String::new(),
        n => format!("; {n} that did do not wait any more"),
    };
    let message = format!("no application failed so in job {}{since}", job.job_id);
    Err(Refusal::new(ErrorCode::NotPossible, message))
}

/// The contract that a submission takes over from the job whose failures it takes.
pub(crate) async fn take_contract(
    store: &Store,
    job: &JobRow,
    request: &mut pb::SubmitRequest,
) -> Result<(), Refusal> {
    if request.contract.is_empty() {
        let found = store.job_contract(job.job_id).await.map_err(|err| convert::refusal(&err))?;
        request.contract = found.map(|(contract, ..)| contract).unwrap_or_default();
    }
    if request.name.is_empty() {
        request.name.clone_from(&job.name);
    }
    Ok(())
}

/// The source of a job that is not made yet; a list is not in the database yet.
pub(crate) fn source(plan: &Plan, mode: Mode, log_watermark: i64, chosen: &Chosen) -> Source {
    let selection = match chosen {
        Chosen::All | Chosen::Listed(_) => Selection::All,
        Chosen::Sample(sample) => Selection::Sample(*sample),
    };
    let part = xmlx_store::Part { selection, job: JobId(0) };
    Source::of_part(plan, mode, log_watermark, part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_says_what_it_is_of() {
        let asked = |sample: &str, failures: Option<pb::FailuresOfJob>, preview| {
            let sample = sample.to_owned();
            Asked::of(&pb::SubmitPartRequest { submit: None, sample, failures, preview })
        };
        let failures = || Some(pb::FailuresOfJob { job_id: 7, filter: None });
        let both = asked("1%", failures(), true).expect("a part");
        assert_eq!(both.sample.map(Sample::millionths), Some(10_000));
        assert_eq!((both.failures, both.purpose), (failures(), Purpose::Preview));
        assert!(asked("", failures(), false).is_ok_and(|it| it.purpose == Purpose::Submit));
        for (sample, preview, says) in
            [("", false, "which part"), ("2", false, "`2` is no share"), ("1%", true, "`preview`")]
        {
            let refused = asked(sample, None, preview).expect_err(says);
            assert!(refused.message.contains(says), "{refused}");
        }
    }
}
