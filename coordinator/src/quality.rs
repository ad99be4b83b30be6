//! The quality of a load as a client sees it: counts of what its leases have written, and what stands out.

use std::collections::BTreeMap;
use std::sync::Mutex;

use xmlx_domain::{JobId, JobState};
use xmlx_proto::{ErrorCode, Refusal, v1 as pb};
use xmlx_report::{ColumnReport, Finding, Report, TableReport, compare, standing_out};
use xmlx_store::{JobRow, Store};

use crate::convert;
use crate::pages::Page;

/// The most findings in one answer.
const FINDINGS_MAX: usize = 1_000;
/// Jobs that have ended whose hints are kept.
const HINTS_MAX: usize = 1_000;
/// Hints that one list of jobs finds out: each reads the reports of a job.
const HINTS_AT_ONCE: usize = 3;
/// A job of more ranges gets a hint from nobody who lists jobs.
const RANGES_MAX: i64 = 1_000;

/// What is known of jobs that have ended: it does not change any more. `None`: nothing was counted.
#[derive(Debug, Default)]
pub(crate) struct Hints(Mutex<BTreeMap<JobId, Option<u32>>>);

impl Hints {
    fn get(&self, job: JobId) -> Option<Option<u32>> {
        self.0.lock().expect("nobody panics while holding this lock").get(&job).copied()
    }

    fn keep(&self, job: JobId, hint: Option<u32>) {
        let mut known = self.0.lock().expect("nobody panics while holding this lock");
        if known.len() >= HINTS_MAX {
            known.pop_first();
        }
        known.insert(job, hint);
    }
}

/// What a job has written, what stands out in it, and where it differs from another.
pub(crate) async fn of(
    store: &Store,
    job: &JobRow,
    against: Option<&JobRow>,
    all: bool,
    page: Page,
) -> Result<pb::GetQualityResponse, Refusal> {
    let report = report(store, job.job_id).await?;
    let mut answer = pb::GetQualityResponse {
        counted_ok: number(report.ok),
        counted_failed: number(report.failed),
        done_ok: job.done_ok,
        done_failed: job.done_failed,
        ..pb::GetQualityResponse::default()
    };
    if page.after.is_none() {
        let differences = match against {
            Some(against) => compare(&report, &self::report(store, against.job_id).await?),
            None => Vec::new(),
        };
        // What differs is what was asked for.
        let differences = differences.into_iter().map(|found| finding(found, true));
        let own = standing_out(&report).into_iter().map(|found| finding(found, false));
        answer.findings = differences.chain(own).collect();
        answer.findings_total = u32::try_from(answer.findings.len()).unwrap_or(u32::MAX);
        answer.findings.truncate(FINDINGS_MAX);
        if all {
            answer.tables = report.tables.iter().map(table).collect();
        }
    }
    if all {
        let columns = report.tables.iter().flat_map(|table| {
            table.columns.iter().map(move |column| self::column(&table.name, column))
        });
        let skipped = page.after.map_or(0, |place| usize::try_from(place).unwrap_or(usize::MAX));
        let to_read = page.size.saturating_add(1);
        let mut columns: Vec<(i64, pb::ColumnQuality)> =
            (1..).zip(columns).skip(skipped).take(to_read).collect();
        answer.next_page_token = page.cut(&mut columns, |(place, _)| *place);
        answer.columns = columns.into_iter().map(|(_, column)| column).collect();
    }
    Ok(answer)
}

async fn report(store: &Store, job: JobId) -> Result<Report, Refusal> {
    let found = store.report(job).await.map_err(|err| convert::refusal(&err))?;
    found.ok_or_else(|| {
        let message = "the control tables are older than this build and have no place for counts: run `xmlx-client init`";
        Refusal::new(ErrorCode::NotPossible, message)
    })
}

/// Adds to jobs their thresholds and, to those that have ended, how much stands out in what they have written.
pub(crate) async fn add(store: &Store, hints: &Hints, jobs: &mut [pb::Job]) -> Result<(), Refusal> {
    if let [job] = jobs {
        let thresholds = store.thresholds(JobId(job.job_id)).await;
        let thresholds = thresholds.map_err(|err| convert::refusal(&err))?;
        job.thresholds = thresholds.iter().map(|watched| watched.threshold.to_string()).collect();
    }
    let mut n_read = 0;
    for job in jobs {
        let job_id = JobId(job.job_id);
        let n_ranges = job.ranges_pending + job.ranges_leased + job.ranges_done;
        let has_ended = JobState::try_from(job.state()).is_ok_and(|state| !state.is_open());
        if !has_ended || n_ranges > RANGES_MAX {
            continue;
        }
        job.standing_out = match hints.get(job_id) {
            Some(known) => known,
            None if n_read < HINTS_AT_ONCE => {
                n_read += 1;
                // A list is worth more than a hint.
                let Ok(report) = store.report(job_id).await else { continue };
                let counted = report.filter(|report| !report.tables.is_empty());
                let hint = counted
                    .map(|report| u32::try_from(standing_out(&report).len()).unwrap_or(u32::MAX));
                hints.keep(job_id, hint);
                hint
            }
            None => None,
        };
    }
    Ok(())
}

fn finding(found: Finding, differs: bool) -> pb::QualityFinding {
    pb::QualityFinding {
        table: found.table,
        column: found.column.unwrap_or_default(),
        rule: found.rule.as_str().to_owned(),
        detail: found.detail,
        differs,
    }
}

fn table(table: &TableReport) -> pb::TableQuality {
    let per_parent = table.per_parent.as_ref();
    pb::TableQuality {
        table: table.name.clone(),
        rows: number(table.rows),
        left_out: number(table.left_out),
        parents: per_parent.map(|counts| number(counts.parents)),
        rows_min: per_parent.map_or(0, |counts| number(counts.min)),
        rows_max: per_parent.map_or(0, |counts| number(counts.max)),
        parents_by_rows: per_parent
            .map(|counts| counts.parents_by_rows.iter().copied().map(number).collect())
            .unwrap_or_default(),
    }
}

fn column(table: &str, column: &ColumnReport) -> pb::ColumnQuality {
    pb::ColumnQuality {
        table: table.to_owned(),
        column: column.name.clone(),
        values: number(column.values),
        nulls: number(column.nulls),
        defaults: number(column.defaults),
        unreadable: number(column.unreadable),
        cut: number(column.cut),
        unknown_codes: number(column.unknown),
        one_value: column.one.is_some(),
    }
}

fn number(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
