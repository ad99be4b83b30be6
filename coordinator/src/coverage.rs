//! What documents and a contract have of each other, as the leases of a job have seen it.

use std::time::Duration;

use xmlx_domain::{JobState, Mode};
use xmlx_extract::{
    COUNTED_PATHS_MAX, ColumnUse, Coverage, IgnoreUse, MappingUse, PathKind, PathStatus, PathUse,
    Plan,
};
use xmlx_proto::{ErrorCode, Refusal, v1 as pb};
use xmlx_report::{Covered, Failures, Report};
use xmlx_store::{Counting, JobRow, JobsWanted, Store};

use crate::convert;
use crate::pages::Page;

/// Jobs among which one is looked for that read documents by the same contract.
const EARLIER_JOBS: i64 = 200;
/// A submission waits so long for what is known of its contract.
const GLANCE: Duration = Duration::from_secs(2);

/// A page of the paths; the first one with everything else.
pub(crate) async fn page(
    store: &Store,
    plan: &Plan,
    job: &JobRow,
    page: Page,
) -> Result<pb::GetCoverageResponse, Refusal> {
    if !job.mode.covers() {
        let id = job.job_id;
        let message = format!(
            "job {id} counts no paths (its mode is `{}`); `xmlx-client coverage {id}` reads its documents",
            job.mode
        );
        return Err(Refusal::new(ErrorCode::NotPossible, message));
    }
    let report = report(store, job).await?;
    let covered = report.coverage.clone().unwrap_or_default();
    let found = plan.coverage(&covered.paths.inventory());
    let skipped = page.after.map_or(0, |place| usize::try_from(place).unwrap_or(usize::MAX));
    let to_read = page.size.saturating_add(1);
    let mut paths: Vec<(i64, pb::PathUse)> = (1..)
        .zip(&found.paths)
        .skip(skipped)
        .take(to_read)
        .map(|(n, used)| (n, path(used)))
        .collect();
    let next_page_token = page.cut(&mut paths, |(place, _)| *place);
    let is_first = page.after.is_none();
    Ok(pb::GetCoverageResponse {
        coverage: is_first.then(|| whole(plan, &report, &covered, &found)),
        paths: paths.into_iter().map(|(_, path)| path).collect(),
        next_page_token,
    })
}

async fn report(store: &Store, job: &JobRow) -> Result<Report, Refusal> {
    let report = store.report(job.job_id).await.map_err(|err| convert::refusal(&err))?;
    Ok(report.unwrap_or_default())
}

fn whole(plan: &Plan, report: &Report, covered: &Covered, found: &Coverage) -> pb::Coverage {
    pb::Coverage {
        contract_hash: plan.hash().to_owned(),
        documents: found.documents,
        unreadable: covered.unreadable,
        without_rows: covered.n_without_rows(),
        reasons: covered.without_rows.iter().map(reason).collect(),
        other_reasons: covered.others_without_rows,
        unlisted: found.unlisted,
        listed_max: u64::try_from(COUNTED_PATHS_MAX).unwrap_or(u64::MAX),
        mappings: found.mappings.iter().map(mapping).collect(),
        ignored: found.ignored.iter().map(ignored).collect(),
        columns: columns(plan, report).iter().map(column).collect(),
    }
}

/// What every column of the contract came to, in its order; those without a row, too.
fn columns(plan: &Plan, report: &Report) -> Vec<ColumnUse> {
    let mut columns: Vec<ColumnUse> = Vec::new();
    for table in plan.tables() {
        for column in &table.columns {
            let is_known =
                |known: &ColumnUse| known.table == table.name && known.column == column.name;
            if columns.iter().any(is_known) {
                continue;
            }
            let counted = report.table(&table.name).and_then(|table| table.column(&column.name));
            let counted = counted.cloned().unwrap_or_default();
            columns.push(ColumnUse {
                table: table.name.clone(),
                column: column.name.clone(),
                rows: counted.values + counted.nulls,
                values: counted.values,
                nulls: counted.nulls,
                defaults: counted.defaults,
                unknown_codes: counted.unknown,
            });
        }
    }
    columns
}

fn reason(failures: &Failures) -> pb::WithoutRows {
    pb::WithoutRows {
        stage: failures.stage.clone(),
        reason: failures.reason.clone(),
        applications: failures.applications,
        first_app_id: failures.first,
        last_app_id: failures.last,
    }
}

fn path(path: &PathUse) -> pb::PathUse {
    let kind = match path.kind {
        PathKind::Element => "element",
        PathKind::Attribute => "attribute",
    };
    let status = match path.status {
        PathStatus::Read => "read",
        PathStatus::Ignored => "ignored",
        PathStatus::Markup => "markup",
        PathStatus::Unread => "unread",
    };
    pb::PathUse {
        path: path.path.clone(),
        namespace: path.namespace.clone().unwrap_or_default(),
        depth: u32::try_from(path.depth).unwrap_or(u32::MAX),
        kind: kind.to_owned(),
        documents: path.documents,
        times: path.times,
        filled: path.filled,
        status: status.to_owned(),
        read_by: path.read_by.clone(),
    }
}

fn mapping(mapping: &MappingUse) -> pb::MappingUse {
    pb::MappingUse {
        table: mapping.table.clone(),
        column: mapping.column.clone().unwrap_or_default(),
        at: mapping.at.clone().unwrap_or_default(),
        reads: mapping.reads.clone(),
        times: mapping.times,
    }
}

fn ignored(entry: &IgnoreUse) -> pb::IgnoreUse {
    pb::IgnoreUse { path: entry.path.clone(), paths: entry.paths }
}

fn column(column: &ColumnUse) -> pb::ColumnUse {
    pb::ColumnUse {
        table: column.table.clone(),
        column: column.column.clone(),
        rows: column.rows,
        values: column.values,
        nulls: column.nulls,
        defaults: column.defaults,
        unknown_codes: column.unknown_codes,
    }
}

/// What the newest job that has read documents by this contract has seen of them, for whoever submits it. Nothing is read
/// but what leases have kept, and only where that takes little time.
pub(crate) async fn known(store: &Store, plan: &Plan, mode: Mode) -> Option<pb::CoverageOfJob> {
    if !mode.writes() {
        return None;
    }
    let looking = async {
        let wanted = JobsWanted::Before(None, EARLIER_JOBS);
        let jobs = store.select_jobs(Counting::Uncounted, wanted).await.ok()?;
        let is_of_the_contract = |job: &&JobRow| {
            job.mode.covers() && job.state == JobState::Done && job.contract_hash == plan.hash()
        };
        let job = jobs.iter().find(is_of_the_contract)?;
        let covered = store.report(job.job_id).await.ok()??.coverage?;
        Some(in_short(job.job_id.0, &plan.coverage(&covered.paths.inventory())))
    };
    tokio::time::timeout(GLANCE, Box::pin(looking)).await.ok().flatten()
}

fn in_short(job_id: i64, found: &Coverage) -> pb::CoverageOfJob {
    let number = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    let paths = |status| number(found.n_paths(status));
    pb::CoverageOfJob {
        job_id,
        documents: found.documents,
        paths: number(found.paths.len()),
        paths_read: paths(PathStatus::Read),
        paths_ignored: paths(PathStatus::Ignored),
        paths_unread: paths(PathStatus::Unread),
        mappings_never_matched: number(found.never_matched().count()),
    }
}

#[cfg(test)]
mod tests {
    use xmlx_extract::{Counting, Limits};
    use xmlx_report::{Counter, Outcome};

    use super::*;

    const CONTRACT: &str = "format = 2\n[source]\ntable = 'dbo.t'\ndocument = 'd'\n\
        [[table]]\nname = 'o'\nrows = '/o'\ncolumns = { n = '@n', gone = 'gone/@x' }\n\
        [[table]]\nname = 'l'\nrows = '/o/l'\nkey = 'i'\ncolumns = { i = '@i' }\n";

    /// What a worker reports of documents.
    fn report(plan: &Plan, documents: &[&str]) -> Report {
        let (mut counting, mut covered) = (Counting::new(), Covered::default());
        let counter = Counter::new(plan, |_, _| false);
        let mut applications = Vec::new();
        for (app_id, document) in (1..).zip(documents) {
            counting.add(app_id, document, &Limits::default()).unwrap();
            applications.push(plan.map(document, Some(app_id)).unwrap());
        }
        covered.add(counting.take().iter().map(|(_, counted)| Some(counted)));
        let gathered = counter.count(applications.iter().map(Outcome::Rows));
        Report { coverage: Some(covered), ..counter.report(&gathered) }
    }

    #[test]
    fn what_a_report_holds_is_compared_with_the_contract() {
        let plan = Plan::from_json(CONTRACT).unwrap();
        let report = report(&plan, &["<o n='1' left='2'/>", "<o n='3'><no/></o>"]);
        let covered = report.coverage.clone().unwrap();
        let found = plan.coverage(&covered.paths.inventory());
        let whole = whole(&plan, &report, &covered, &found);
        assert_eq!((whole.documents, whole.unreadable, whole.unlisted), (2, 0, 0));
        let columns = whole.columns.iter();
        let columns = columns.map(|column| (column.column.as_str(), column.rows, column.values));
        let columns: Vec<_> = columns.filter(|(name, ..)| *name != "app_id").collect();
        assert_eq!(columns, [("n", 2, 2), ("gone", 2, 0), ("i", 0, 0)]);
        let never: Vec<_> = whole.mappings.iter().filter(|mapping| mapping.times == 0).collect();
        assert_eq!(never.len(), 3, "a column, the rows of a table and their key: {never:?}");
        assert_eq!(
            in_short(7, &found),
            pb::CoverageOfJob {
                job_id: 7,
                documents: 2,
                paths: 4,
                paths_read: 2,
                paths_ignored: 0,
                paths_unread: 2,
                mappings_never_matched: 3,
            }
        );
        let paths: Vec<_> = found.paths.iter().map(path).collect();
        let unread = paths.iter().filter(|path| path.status == "unread");
        assert_eq!(
            unread.map(|path| path.path.as_str()).collect::<Vec<_>>(),
            ["/o/@left", "/o/no"]
        );
        assert_eq!((paths[1].kind.as_str(), paths[1].depth), ("attribute", 1));
    }
}
