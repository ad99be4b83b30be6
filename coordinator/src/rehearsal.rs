//! What a rehearsal has found, as a client sees it.

use std::time::Duration;

use xmlx_domain::{JobState, Mode};
use xmlx_extract::Plan;
use xmlx_proto::{ErrorCode, Refusal, v1 as pb};
use xmlx_report::Rehearsal;
use xmlx_store::{JobRow, Store};

use crate::convert;

/// Keys that several applications have, of which a few are named.
const REPEATED_SHOWN: i64 = 20;
/// Jobs whose rates are looked at.
const EARLIER_JOBS: i64 = 200;
/// Loads that a forecast is reckoned from, the latest ones.
const LOADS_MAX: usize = 5;
/// A load of fewer applications says nothing of the rate of a large one.
const LOAD_MIN: i64 = 1_000;
/// A load takes no less than this share of what the rehearsal took: it reads and maps as much, and keeps neither keys nor
/// findings. Measured on devdb: 8.0 s after a rehearsal of 8.4 s.
const SHARE_OF_READING: f64 = 0.8;
/// How far off a forecast from one load may be, in percent.
const ONE_LOAD_PERCENT: f64 = 25.0;

/// Everything that a rehearsal has found by now.
pub(crate) async fn report(
    store: &Store,
    plan: &Plan,
    job: &JobRow,
) -> Result<pb::GetRehearsalResponse, Refusal> {
    let id = job.job_id;
    if job.mode != Mode::Rehearse {
        let message = format!(
            "job {id} is no rehearsal (its mode is `{}`); `xmlx-client submit --dry-run` makes one",
            job.mode
        );
        return Err(Refusal::new(ErrorCode::NotPossible, message));
    }
    let db = |err| convert::refusal(&err);
    let mut found = store.rehearsal(id).await.map_err(db)?;
    found.failures.sort_by(|a, b| b.applications.cmp(&a.applications).then(a.first.cmp(&b.first)));
    let key = |number: usize| found.keys.get(number).cloned().unwrap_or_default();
    let repeated = store.repeated_keys(id, REPEATED_SHOWN).await.map_err(db)?;
    let counts = store.count_repeated_keys(id).await.map_err(db)?;
    let applications = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let there_already = store.there_already(plan, job).await.map_err(db)?;
    Ok(pb::GetRehearsalResponse {
        applications: job.done_ok + job.done_failed,
        would_fail: job.done_failed,
        failures: found
            .failures
            .iter()
            .map(|failures| pb::RehearsedFailure {
                stage: failures.stage.clone(),
                reason: failures.reason.clone(),
                applications: applications(failures.applications),
                first_app_id: failures.first,
                last_app_id: failures.last,
            })
            .collect(),
        other_failures: applications(found.other_failures),
        tables: rows(plan, &found),
        repeated_keys: counts
            .into_iter()
            .map(|count| pb::RepeatedKey {
                key: key(count.key),
                keys: count.keys,
                refused: count.applications,
                such_as: repeated
                    .iter()
                    .filter(|known| known.key == count.key)
                    .map(|known| pb::Repeated {
                        applications: known.applications,
                        first_app_id: known.first,
                        last_app_id: known.last,
                    })
                    .collect(),
            })
            .collect(),
        there_already: there_already.count,
        there_already_app_ids: there_already.app_ids,
        unknown: found.unknown.clone(),
        findings: applications(found.findings),
        findings_left_out: applications(found.findings_left_out),
        forecast: forecast(store, job, &found).await?,
    })
}

/// Rows by table, in the contract's order.
fn rows(plan: &Plan, found: &Rehearsal) -> Vec<pb::RehearsedRows> {
    let mut tables: Vec<pb::RehearsedRows> = Vec::new();
    for table in plan.tables() {
        if tables.iter().all(|known| known.table != table.name) {
            let rows = found.rows.get(&table.name).copied().unwrap_or(0);
            let rows = i64::try_from(rows).unwrap_or(i64::MAX);
            tables.push(pb::RehearsedRows { table: table.name.clone(), rows });
        }
    }
    tables
}

/// How long the load will take: no less than it took to read and map everything, and as long as the rows take at the rates
/// of the latest loads of this database.
async fn forecast(
    store: &Store,
    job: &JobRow,
    found: &Rehearsal,
) -> Result<Option<pb::LoadForecast>, Refusal> {
    let Some(rehearsed) = job.took().filter(|_| job.state == JobState::Done) else {
        return Ok(None);
    };
    let jobs = store.jobs_before(None, EARLIER_JOBS).await;
    let jobs = jobs.map_err(|err| convert::refusal(&err))?;
    let loads: Vec<Load> = jobs.iter().filter_map(Load::of).take(LOADS_MAX).collect();
    let rows: u64 = found.rows.values().sum();
    Ok(Some(reckoned(rehearsed, rows, &loads)))
}

/// A load that has ended, as far as it says something of others.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Load {
    job_id: i64,
    rows_per_second: f64,
}

impl Load {
    fn of(job: &JobRow) -> Option<Self> {
        let is_load = job.mode.writes() && job.mode != Mode::Follow && job.state == JobState::Done;
        let took = job.took()?.as_secs_f64();
        if !is_load || job.done_ok < LOAD_MIN || job.rows_written == 0 || took <= 0.0 {
            return None;
        }
        #[allow(clippy::cast_precision_loss, reason = "a rate needs no 53 bits")]
        let rows = job.rows_written as f64;
        Some(Self { job_id: job.job_id.0, rows_per_second: rows / took })
    }
}

fn reckoned(rehearsed: Duration, rows: u64, loads: &[Load]) -> pb::LoadForecast {
    let reading = rehearsed.as_secs_f64();
    let least = reading * SHARE_OF_READING;
    let ms = |seconds: f64| {
        u64::try_from(Duration::from_secs_f64(seconds).as_millis()).unwrap_or(u64::MAX)
    };
    let read = format!("to read and map everything took {}", seconds(reading));
    if loads.is_empty() {
        return pb::LoadForecast {
            at_least_ms: ms(least),
            at_most_ms: None,
            reckoned: format!(
                "{read}, and a load writes as well; how fast this database takes rows is not known, since it has no finished load of {LOAD_MIN} applications or more: load a part with `--limit {LOAD_MIN}` and ask again"
            ),
        };
    }
    #[allow(clippy::cast_precision_loss, reason = "an estimate")]
    let rows_all = rows as f64;
    let rates = loads.iter().map(|load| load.rows_per_second);
    let (slowest, fastest) =
        rates.fold((f64::INFINITY, 0.0_f64), |(low, high), rate| (low.min(rate), high.max(rate)));
    let spread = if loads.len() == 1 { ONE_LOAD_PERCENT / 100.0 } else { 0.0 };
    let low = (rows_all / (fastest * (1.0 + spread))).max(least);
    let high = (rows_all / (slowest * (1.0 - spread))).max(least);
    let ids: Vec<String> = loads.iter().map(|load| load.job_id.to_string()).collect();
    let of = if loads.len() == 1 {
        format!(
            "the rate of job {} ({slowest:.0} rows a second), give or take {ONE_LOAD_PERCENT:.0} %",
            ids[0]
        )
    } else {
        format!("the rates of jobs {} ({slowest:.0} to {fastest:.0} rows a second)", ids.join(", "))
    };
    pb::LoadForecast {
        at_least_ms: ms(low),
        at_most_ms: Some(ms(high)),
        reckoned: format!(
            "{rows} rows at {of}, and no less than four fifths of the {} that reading took",
            seconds(reading)
        ),
    }
}

fn seconds(seconds: f64) -> String {
    if seconds < 10.0 { format!("{seconds:.1} s") } else { format!("{seconds:.0} s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(job_id: i64, rows_per_second: f64) -> Load {
        Load { job_id, rows_per_second }
    }

    #[test]
    fn a_forecast_is_reckoned_from_loads_and_never_below_the_reading() {
        let ten = Duration::from_secs(10);
        let check = |rows, loads: &[Load], least: u64, most: Option<u64>, says: &str| {
            let found = reckoned(ten, rows, loads);
            assert_eq!((found.at_least_ms, found.at_most_ms), (least, most), "{found:?}");
            assert!(found.reckoned.contains(says), "{found:?}");
        };
        check(5_000, &[], 8_000, None, "--limit 1000");
        check(
            5_000,
            &[load(3, 100.0)],
            40_000,
            Some(66_666),
            "the rate of job 3 (100 rows a second), give or take 25 %",
        );
        check(
            5_000,
            &[load(4, 200.0), load(3, 100.0)],
            25_000,
            Some(50_000),
            "the rates of jobs 4, 3 (100 to 200 rows a second)",
        );
        check(100, &[load(4, 200.0)], 8_000, Some(8_000), "four fifths of the 10 s");
    }
}
