//! The coverage of a job: what its workers have seen of documents and contract.

use anyhow::{Context as _, bail};
use xmlx_extract::{ColumnUse, Coverage, IgnoreUse, MappingUse, PathKind, PathStatus, PathUse};
use xmlx_proto::v1 as pb;

use super::report::{Found, NoRows, Report};
use crate::cluster::{self, Cluster, Patience};
use crate::list::{Ask, Pages};

/// Reads all of what a job that covers or rehearses has seen.
pub(crate) async fn read(cluster: &Cluster, job_id: i64) -> anyhow::Result<Report> {
    let (mut whole, mut paths) = (None, Vec::new());
    let mut pages = Pages::new(0);
    while let Some(Ask { page_size, page_token }) = pages.ask() {
        let request = pb::GetCoverageRequest { job_id, page_size, page_token };
        let get = async |channel| cluster::jobs(channel).get_coverage(request.clone()).await;
        let mut answer = cluster.call(Patience::READING, get).await?;
        pages.record(&mut answer.paths, answer.next_page_token)?;
        whole = whole.or(answer.coverage);
        paths.append(&mut answer.paths);
    }
    let whole = whole.context("the coordinator did not say what was read")?;
    of_response(job_id, whole, paths)
}

fn of_response(job: i64, whole: pb::Coverage, paths: Vec<pb::PathUse>) -> anyhow::Result<Report> {
    let coverage = Coverage {
        documents: whole.documents,
        unlisted: whole.unlisted,
        paths: paths.into_iter().map(path).collect::<anyhow::Result<_>>()?,
        mappings: whole.mappings.into_iter().map(mapping).collect(),
        ignored: whole
            .ignored
            .into_iter()
            .map(|entry| IgnoreUse { path: entry.path, paths: entry.paths })
            .collect(),
    };
    Ok(Report::new(Found {
        job: Some(job),
        contract: whole.contract_hash,
        coverage,
        columns: whole.columns.into_iter().map(column).collect(),
        without_rows: whole.reasons.into_iter().map(without_rows).collect(),
        n_without_rows: whole.without_rows,
        n_unreadable: whole.unreadable,
        listed_max: whole.listed_max,
    }))
}

fn given(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

fn path(path: pb::PathUse) -> anyhow::Result<PathUse> {
    let kind = match path.kind.as_str() {
        "element" => PathKind::Element,
        "attribute" => PathKind::Attribute,
        other => bail!("`{other}` is no kind of path that this program knows: use a newer one"),
    };
    let status = match path.status.as_str() {
        "read" => PathStatus::Read,
        "ignored" => PathStatus::Ignored,
        "markup" => PathStatus::Markup,
        "unread" => PathStatus::Unread,
        other => bail!("`{other}` says nothing of a path to this program: use a newer one"),
    };
    Ok(PathUse {
        path: path.path,
        namespace: given(path.namespace),
        kind,
        documents: path.documents,
        times: path.times,
        filled: path.filled,
        status,
        read_by: path.read_by,
        depth: usize::try_from(path.depth).unwrap_or(usize::MAX),
    })
}

fn mapping(mapping: pb::MappingUse) -> MappingUse {
    MappingUse {
        table: mapping.table,
        column: given(mapping.column),
        at: given(mapping.at),
        reads: mapping.reads,
        times: mapping.times,
    }
}

fn column(column: pb::ColumnUse) -> ColumnUse {
    ColumnUse {
        table: column.table,
        column: column.column,
        rows: column.rows,
        values: column.values,
        nulls: column.nulls,
        defaults: column.defaults,
        unknown_codes: column.unknown_codes,
    }
}

fn without_rows(reason: pb::WithoutRows) -> NoRows {
    NoRows::Applications {
        applications: reason.applications,
        first_app_id: reason.first_app_id,
        last_app_id: reason.last_app_id,
        stage: reason.stage,
        reason: reason.reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::Format;

    fn unread(name: &str, depth: u32, status: &str) -> pb::PathUse {
        pb::PathUse {
            path: name.to_owned(),
            depth,
            kind: "element".to_owned(),
            documents: 2,
            times: 3,
            status: status.to_owned(),
            ..pb::PathUse::default()
        }
    }

    #[test]
    fn what_a_job_has_seen_is_the_report_of_files() {
        let whole = pb::Coverage { documents: 7, listed_max: 4_000, ..pb::Coverage::default() };
        let paths = vec![
            unread("/a", 0, "read"),
            unread("/a/b", 1, "unread"),
            unread("/a/b/c", 2, "unread"),
        ];
        let report = of_response(9, whole, paths).unwrap();
        let text = report.rendered(Format::Table, false).unwrap();
        let expected = "7 documents, 3 paths: 1 read, 0 ignored by name, 2 read by nobody; 0 mappings, of which 0 never matched\n\n\
            Read by nobody; map it, or name it in the contract's `ignore`:\n \
            DOCUMENTS  TIMES  WITH VALUE  PATH\n \
            2          3      0           /a/b and 1 path in it";
        assert_eq!(text, expected);
        let json: serde_json::Value =
            serde_json::from_str(&report.rendered(Format::Json, false).unwrap()).unwrap();
        assert_eq!((&json["job"], &json["paths"][1]["status"]), (&9.into(), &"unread".into()));
    }

    #[test]
    fn words_of_a_newer_release_are_refused_by_name() {
        let refused = of_response(9, pb::Coverage::default(), vec![unread("/a", 0, "half")]);
        assert!(refused.unwrap_err().to_string().contains("`half`"));
    }
}
