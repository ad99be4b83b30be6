//! Everything that is found out before a job is accepted.

use std::time::Duration;

use tracing::info;
use xmlx_domain::{IDS_MAX, IDS_MIN, JobId, Mode, Scope};
use xmlx_extract::Plan;
use xmlx_proto::{ErrorCode, Refusal, v1 as pb};
use xmlx_runtime::{NAME_UNITS_MAX, name_problem};
use xmlx_store::{
    Budget, Catalog, Chosen, ContractPair, Disagreement, FINDINGS_SINCE, Grows, Limit, NewJob,
    Source, Store, Threshold,
};

use crate::failures::Taken;
use crate::lanes::Lanes;
use crate::selection::{Asked, Found, Inherited};
use crate::{convert, selection};

/// The most problems in one answer, whatever a client takes: about half a MiB.
const PROBLEMS_MAX: usize = 2_000;
/// A look for something that waits may take so long: where much is decided, it may have to read much.
const GLANCE: Duration = Duration::from_secs(2);
/// One submission is checked at a time; others wait so long.
const TURN: Duration = Duration::from_secs(30);
const KEY_CHARS_MAX: usize = 64;
/// Each is read with every look at the job's limits.
const THRESHOLDS_MAX: usize = 50;
/// More steps between urgent and idle than anybody needs.
const PRIORITIES: std::ops::RangeInclusive<i32> = -1000..=1000;

/// What became of a request.
#[derive(Debug)]
pub(crate) enum Prepared {
    /// A job that may be made.
    Job(Box<Submission>),
    /// The contract is wrong, or does not fit the database.
    Refused(Problems),
    /// What would be taken.
    Preview(Taken),
}

/// A job that may be made, with its contract compiled: nobody on its way has to compile it again.
#[derive(Debug)]
pub(crate) struct Submission {
    /// Its `job_id` is still 0.
    pub(crate) job: Box<NewJob>,
    pub(crate) plan: Plan,
    /// Nothing waits for it: how many applications of its scope are decided.
    pub(crate) decided: Option<i64>,
}

/// What is wrong with a contract.
#[derive(Debug)]
pub(crate) struct Problems {
    what: &'static str,
    all: Vec<String>,
}

impl Problems {
    /// As a client gets them that takes so many. The lists may be long: a refusal has no room for them.
    pub(crate) fn answer(mut self, problems_max: u32) -> Result<pb::SubmitResponse, Refusal> {
        let Self { what, all } = &self;
        let n = all.len();
        if problems_max == 0 {
            let message = format!("{what}:\n  {}", all.join("\n  "));
            return Err(Refusal::new(ErrorCode::Invalid, message));
        }
        let refused = format!("{what} ({n} problem{})", if n == 1 { "" } else { "s" });
        let max = usize::try_from(problems_max).unwrap_or(usize::MAX).min(PROBLEMS_MAX);
        self.all.truncate(max);
        Ok(pb::SubmitResponse {
            problems: self.all,
            problems_total: u32::try_from(n).unwrap_or(u32::MAX),
            refused,
            ..pb::SubmitResponse::default()
        })
    }

    fn of_database(found: &[Disagreement]) -> Self {
        let all = found.iter().map(ToString::to_string).collect();
        Self { what: "the contract does not fit the target database", all }
    }
}

/// What is wrong with a request whatever the contract and the database are.
fn check_request(request: &pb::SubmitRequest) -> Result<(), Refusal> {
    let invalid = |message: String| Refusal::new(ErrorCode::Invalid, message);
    if request.submit_key.is_empty() || request.submit_key.len() > KEY_CHARS_MAX {
        return Err(invalid(format!("`submit_key` must have 1 to {KEY_CHARS_MAX} characters")));
    }
    if let Some(problem) = name_problem(&request.name, NAME_UNITS_MAX) {
        return Err(invalid(format!("the job's name {problem}; choose one with `--name`")));
    }
    if request.limit.is_some_and(|it| it < 1) {
        return Err(invalid("`limit` must be at least 1".to_owned()));
    }
    if !PRIORITIES.contains(&request.priority) {
        let (lowest, highest) = (PRIORITIES.start(), PRIORITIES.end());
        return Err(invalid(format!("`priority` must be between {lowest} and {highest}")));
    }
    Ok(())
}

/// Checks a request against the contract's rules and the database, and makes a job of it.
pub(crate) async fn prepare(
    store: &Store,
    lanes: &Lanes,
    mut request: pb::SubmitRequest,
    asked: &Asked,
) -> Result<Prepared, Refusal> {
    let mode = Mode::try_from(request.mode())?;
    require_known(store, mode).await?;
    asked.check(store, mode).await?;
    let failed_job = asked.failed_job(store).await?;
    if let Some(job) = &failed_job {
        selection::take_contract(store, job, &mut request).await?;
    }
    check_request(&request)?;
    let inherited = take_over(store, mode, &mut request).await?;
    let budget = budget(&request, mode)?;
    let thresholds = thresholds(&request)?;
    if !thresholds.is_empty() {
        require_thresholds(store).await?;
    }
    let mut plan = match compiled(store, &request.contract, "the contract is wrong") {
        Ok(plan) => plan,
        Err(problems) => return Ok(Prepared::Refused(problems)),
    };
    for threshold in &thresholds {
        check_column(&plan, threshold)?;
    }
    let _turn = lanes.submits.enter_within(TURN, format!("checking `{}`", request.name)).await?;
    let db = |err| convert::refusal(&err);
    let catalog = store.catalog(plan.target_schema()).await.map_err(db)?;
    let found = misfits(store, &catalog, &mut plan).await?;
    if !found.is_empty() {
        return Ok(Prepared::Refused(Problems::of_database(&found)));
    }
    let kept = match compared(store, mode, &plan, &request).await? {
        Ok(kept) => kept,
        Err(problems) => return Ok(Prepared::Refused(problems)),
    };
    let source = Source::new(&plan, mode, 0);
    let log_watermark = source.newest_log_id(store).await.map_err(db)?;
    let source = Source::new(&plan, mode, log_watermark);
    let about = (failed_job.as_ref(), inherited);
    let chosen = match selection::find(store, lanes, (asked, about), &source, &request).await? {
        Found::Shown(taken) => return Ok(Prepared::Preview(taken)),
        Found::Chosen(chosen) => chosen,
    };
    let source = selection::source(&plan, mode, log_watermark, &chosen);
    let scope = scope(store, &source, mode, (&request, &chosen)).await?;
    let found = irreplaceable(store, (&plan, mode), &catalog, scope).await?;
    if !found.is_empty() {
        let what = "the applications cannot be replaced";
        return Ok(Prepared::Refused(Problems { what, ..Problems::of_database(&found) }));
    }
    let decided = match &chosen {
        Chosen::Listed(_) => None,
        Chosen::All | Chosen::Sample(_) => decided(store, &source, scope).await,
    };
    let job = Box::new(NewJob {
        job_id: JobId(0),
        submit_key: request.submit_key,
        name: request.name,
        contract_hash: plan.hash().to_owned(),
        contract: kept.unwrap_or(request.contract),
        mode,
        chosen,
        priority: request.priority,
        scope,
        log_watermark,
        budget,
        thresholds,
        grows: if request.from_app_id.is_none() { Grows::BothWays } else { Grows::Up },
    });
    Ok(Prepared::Job(Box::new(Submission { job, plan, decided })))
}

/// A contract, ready to read documents with.
fn compiled(store: &Store, contract: &str, what: &'static str) -> Result<Plan, Problems> {
    Plan::from_json_with(contract, *store.limits()).map_err(|err| {
        let all = err.problems().iter().map(ToString::to_string).collect();
        Problems { what, all }
    })
}

/// Where a contract and the database do not fit.
async fn misfits(
    store: &Store,
    catalog: &Catalog,
    plan: &mut Plan,
) -> Result<Vec<Disagreement>, Refusal> {
    let db = |err| convert::refusal(&err);
    let mut found = catalog.describe(plan);
    found.extend(catalog.check(plan));
    if catalog.database().problems().is_empty() {
        found.extend(store.source_problems(plan).await.map_err(db)?);
        found.extend(store.server_findings().await.map_err(db)?.wrong);
    }
    if found.is_empty() {
        found = references(store, plan).await?;
    }
    Ok(found)
}

/// What keeps applications of the scope from being replaced, where a job does that.
async fn irreplaceable(
    store: &Store,
    (plan, mode): (&Plan, Mode),
    catalog: &Catalog,
    scope: Scope,
) -> Result<Vec<Disagreement>, Refusal> {
    if !mode.replaces() {
        return Ok(Vec::new());
    }
    let db = |err| convert::refusal(&err);
    // The job's number is not known yet: any of the jobs that there are may have written them.
    let found = store.find_removals(plan, catalog, scope, JobId(i64::MAX)).await.map_err(db)?;
    match found {
        Ok(removals) => store.rows_of_others(plan, &removals, scope).await.map_err(db),
        Err(found) => Ok(found),
    }
}

/// What is kept of the contracts of a job that compares two; `None`: it compares none. The new contract need not fit the
/// database by now, where nothing is written by it; but it has to be of the same documents.
async fn compared(
    store: &Store,
    mode: Mode,
    old: &Plan,
    request: &pb::SubmitRequest,
) -> Result<Result<Option<String>, Problems>, Refusal> {
    let invalid = |message: String| Refusal::new(ErrorCode::Invalid, message);
    if mode != Mode::Diff && request.new_contract.is_empty() {
        return Ok(Ok(None));
    }
    if mode != Mode::Diff {
        return Err(invalid(format!("a `{mode}` compares no contracts: leave `new_contract` out")));
    }
    if request.new_contract.is_empty() {
        return Err(invalid("`new_contract` has to be the contract to compare with".to_owned()));
    }
    let mut new = match compiled(store, &request.new_contract, "the new contract is wrong") {
        Ok(new) => new,
        Err(problems) => return Ok(Err(problems)),
    };
    let is_same = |a: &str, b: &str| a.to_lowercase() == b.to_lowercase();
    let (a, b) = (old.source(), new.source());
    if !(is_same(&a.table, &b.table) && is_same(&a.column, &b.column) && is_same(&a.id, &b.id)) {
        let all = vec![format!(
            "it reads `{}.{}`, and the contract of the job `{}.{}`: only contracts for the same documents can be compared",
            b.table, b.column, a.table, a.column
        )];
        return Ok(Err(Problems { what: "the contracts are not for the same documents", all }));
    }
    let catalog = store.catalog(new.target_schema()).await.map_err(|err| convert::refusal(&err))?;
    // A column that is to come has no type in the database yet.
    let undescribed = catalog.describe(&mut new);
    if !undescribed.is_empty() {
        let mut problems = Problems::of_database(&undescribed);
        problems.what = "the new contract does not fit the target database";
        return Ok(Err(problems));
    }
    let pair = ContractPair { old: request.contract.clone(), new: request.new_contract.clone() };
    Ok(Ok(Some(pair.to_text())))
}

/// What this build cannot do, or has no place for in the control tables.
async fn require_known(store: &Store, mode: Mode) -> Result<(), Refusal> {
    match mode {
        Mode::Once | Mode::Follow | Mode::Retry => Ok(()),
        Mode::Rehearse
        | Mode::Reconcile
        | Mode::Cover
        | Mode::Diff
        | Mode::Replace
        | Mode::ReplaceAll => {
            let has_place = store.has_schema(FINDINGS_SINCE).await;
            if has_place.map_err(|err| convert::refusal(&err))? {
                return Ok(());
            }
            let message = format!(
                "the control tables have no place for what a `{mode}` finds: run `xmlx-client init` (they need version {FINDINGS_SINCE})"
            );
            Err(Refusal::new(ErrorCode::NotPossible, message))
        }
    }
}

/// A job that looks at the applications of another takes over its contract, its scope and the part of it.
async fn take_over(
    store: &Store,
    mode: Mode,
    request: &mut pb::SubmitRequest,
) -> Result<Option<Inherited>, Refusal> {
    let of_job = match (mode, request.of_job) {
        (Mode::Reconcile | Mode::Cover | Mode::Diff, Some(of_job)) => JobId(of_job),
        (Mode::Reconcile | Mode::Cover | Mode::Diff, None) => {
            let message =
                "`of_job` has to name the job whose applications are looked at".to_owned();
            return Err(Refusal::new(ErrorCode::Invalid, message));
        }
        (_, Some(_)) => {
            let message = format!("a `{mode}` is of no other job: leave `of_job` out");
            return Err(Refusal::new(ErrorCode::Invalid, message));
        }
        (_, None) => return Ok(None),
    };
    let db = |err| convert::refusal(&err);
    let job = store.job(of_job).await.map_err(db)?;
    let contract = store.job_contract(of_job).await.map_err(db)?;
    let (Some(job), Some((contract, ..))) = (job, contract) else {
        let message = format!("there is no job {of_job}; `xmlx-client jobs` lists them");
        return Err(Refusal::new(ErrorCode::NotFound, message));
    };
    request.contract = contract;
    if request.name.is_empty() {
        request.name = job.name;
    }
    request.from_app_id = request.from_app_id.or(Some(job.scope.lo));
    request.to_app_id = request.to_app_id.or(Some(job.scope.hi - 1));
    Ok(Some(Inherited { job: of_job, selection: job.selection }))
}

/// Whoever submits what is done already would wonder about a job that does nothing. Only told where it is found at once.
async fn decided(store: &Store, source: &Source, scope: Scope) -> Option<i64> {
    let looking = async {
        match source.boundary(store, scope, 1).await {
            Ok(None) => source.documents(store, scope).await.ok(),
            Ok(Some(_)) | Err(_) => None,
        }
    };
    tokio::time::timeout(GLANCE, Box::pin(looking)).await.ok().flatten()
}

/// Every job has a budget of failures: one in which most fail has a reason that its operator should see before it has
/// gone through everything. What a job only reads is there to be found, all of it.
fn budget(request: &pb::SubmitRequest, mode: Mode) -> Result<Budget, Refusal> {
    let limit = |name: &str, given: &str| {
        let read = (!given.is_empty()).then(|| given.parse::<Limit>()).transpose();
        read.map_err(|err| Refusal::new(ErrorCode::Invalid, format!("`{name}`: {err}")))
    };
    let unless_said = if mode.writes() { Limit::HALF } else { Limit::ALL };
    Ok(Budget {
        max_failures: limit("max_failures", &request.max_failures)?.unwrap_or(unless_said),
        max_warnings: limit("max_warnings", &request.max_warnings)?,
    })
}

/// Without a place for them nobody would look at the thresholds.
async fn require_thresholds(store: &Store) -> Result<(), Refusal> {
    if store.takes_thresholds().await.map_err(|err| convert::refusal(&err))? {
        return Ok(());
    }
    let message = "the control tables are older than this build and have no place for thresholds: run `xmlx-client init`, or submit without `--threshold`";
    Err(Refusal::new(ErrorCode::NotPossible, message))
}

/// The thresholds that were asked for. More than a few dozen nobody means.
fn thresholds(request: &pb::SubmitRequest) -> Result<Vec<Threshold>, Refusal> {
    let invalid = |message: String| Refusal::new(ErrorCode::Invalid, message);
    if request.thresholds.len() > THRESHOLDS_MAX {
        return Err(invalid(format!("a job has at most {THRESHOLDS_MAX} thresholds")));
    }
    let read = |given: &String| given.parse::<Threshold>().map_err(|err| invalid(err.to_string()));
    request.thresholds.iter().map(read).collect()
}

/// A threshold for a column that the contract does not fill would never be exceeded.
fn check_column(plan: &Plan, threshold: &Threshold) -> Result<(), Refusal> {
    let is_same = |a: &str, b: &str| a.to_lowercase() == b.to_lowercase();
    let is_filled = plan.tables().iter().any(|table| {
        is_same(&table.name, &threshold.table)
            && table.columns.iter().any(|column| is_same(&column.name, &threshold.column))
    });
    if is_filled {
        return Ok(());
    }
    let Threshold { table, column, .. } = threshold;
    let message = format!(
        "`{threshold}`: the contract has no column `{table}.{column}`; `xmlx-client schema CONTRACT` lists them"
    );
    Err(Refusal::new(ErrorCode::Invalid, message))
}

/// Rows that every application would fail without. A login that may not look does not keep the job out.
async fn references(store: &Store, plan: &Plan) -> Result<Vec<Disagreement>, Refusal> {
    match store.missing_references(plan).await {
        Ok(missing) => Ok(missing),
        Err(err) if err.is_select_denied() => {
            info!(%err, "cannot look for rows that foreign keys need");
            Ok(Vec::new())
        }
        Err(err) => Err(convert::refusal(&err)),
    }
}

/// The ids that exist, narrowed to what was asked for. A job that follows begins where it was told to.
async fn scope(
    store: &Store,
    source: &Source,
    mode: Mode,
    (request, chosen): (&pb::SubmitRequest, &Chosen),
) -> Result<Scope, Refusal> {
    if let Chosen::Listed(ids) = chosen {
        let ends = ids.first().zip(ids.last());
        return Ok(
            ends.map_or(Scope { lo: 0, hi: 0 }, |(lo, last)| Scope { lo: *lo, hi: last + 1 })
        );
    }
    let db = |err| convert::refusal(&err);
    let (first, last) = source.ids(store).await.map_err(db)?.unwrap_or((1, 0));
    let from = request.from_app_id.unwrap_or(first);
    let to = request.to_app_id.unwrap_or(last);
    if request.to_app_id.is_some_and(|to| to < from) {
        let message = format!("`to_app_id` ({to}) is below `from_app_id` ({from})");
        return Err(Refusal::new(ErrorCode::Invalid, message));
    }
    if mode == Mode::Follow && request.to_app_id.is_some() {
        return Err(Refusal::new(ErrorCode::Invalid, "a job that follows has no `to_app_id`"));
    }
    let scope = narrowed(mode, (first, last), (from, to))?;
    let lo = scope.lo;
    let Some(limit) = request.limit else { return Ok(scope) };
    if mode == Mode::Follow {
        return Err(Refusal::new(ErrorCode::Invalid, "a job that follows has no `limit`"));
    }
    let last = source.boundary(store, scope, limit).await.map_err(db)?;
    Ok(match last {
        Some(found) if found.count >= limit => Scope { lo, hi: found.last + 1 },
        _ => scope,
    })
}

/// The ids that exist and were asked for.
fn narrowed(
    mode: Mode,
    (first, last): (i64, i64),
    (from, to): (i64, i64),
) -> Result<Scope, Refusal> {
    let end = last.saturating_add(1);
    let lo = if mode == Mode::Follow { from } else { from.clamp(first, end) };
    if lo < IDS_MIN || to.min(last) > IDS_MAX {
        let message = format!(
            "the scope has app_id {}, and a job takes those from {IDS_MIN} to {IDS_MAX}; submit it with `--from` and `--to`",
            if lo < IDS_MIN { lo } else { last }
        );
        return Err(Refusal::new(ErrorCode::Invalid, message));
    }
    let hi = to.saturating_add(1).clamp(lo, end.max(lo));
    Ok(Scope { lo, hi })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_at_the_ends_are_refused_where_they_are_asked_for() {
        let (min, max) = (i64::MIN, i64::MAX);
        let once = |ids, asked| narrowed(Mode::Once, ids, asked).map(|it| (it.lo, it.hi)).ok();
        assert_eq!(once((1, 100), (min, max)), Some((1, 101)), "asked for more than there is");
        assert_eq!(once((1, 100), (50, 60)), Some((50, 61)));
        assert_eq!(once((1, 100), (200, 300)), Some((101, 101)), "nothing");
        assert_eq!(once((1, 0), (min, max)), Some((1, 1)), "an empty source");
        assert_eq!(once((min, max), (IDS_MIN, IDS_MAX)), Some((IDS_MIN, max)));
        assert_eq!(once((min, max), (min, 5)), None);
        assert_eq!(once((min, max), (5, max)), None);
        assert_eq!(once((1, max), (max, max)), None);
        let follow = narrowed(Mode::Follow, (1, 100), (min, 100));
        assert!(follow.is_err_and(|it| it.message.contains("--from")));
        assert!(narrowed(Mode::Follow, (1, 100), (max, 100)).is_ok());
    }
}
