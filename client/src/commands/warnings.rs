//! `warnings`: what was changed, cut or left out of applications that succeeded.

use std::collections::BTreeMap;

use serde::Serialize;
use xmlx_proto::v1 as pb;

use crate::cluster::{self, Cluster, Patience};
use crate::output::{self, Answer, Format};
use crate::view::WarningCount;

/// The warnings of a job.
#[derive(Debug, Serialize)]
struct Warnings {
    applications: i64,
    warnings: i64,
    counts: Vec<WarningCount>,
}

pub(crate) async fn run(
    cluster: &Cluster,
    format: Format,
    job_id: i64,
    column: Option<String>,
) -> anyhow::Result<Answer> {
    let request = pb::ListWarningsRequest { job_id, column: column.unwrap_or_default() };
    let list = async |channel| cluster::jobs(channel).list_warnings(request.clone()).await;
    let found: Warnings = cluster.call(Patience::READING, list).await?.into();
    output::verbatim(&found.rendered(format)?)?;
    if format == Format::Table {
        let Warnings { applications, warnings, .. } = found;
        output::note(&format!("{warnings} warnings in {applications} applications of the job"));
    }
    Ok(Answer::Yes)
}

impl Warnings {
    /// The counts, and below them what each kind that occurs means.
    fn rendered(&self, format: Format) -> anyhow::Result<String> {
        let counts = &self.counts;
        let kinds: BTreeMap<&str, &str> =
            counts.iter().map(|count| (count.kind.as_str(), count.meaning.as_str())).collect();
        output::rendered(format, self, |report| {
            report.table(&WarningCount::HEADER, counts.iter().map(WarningCount::row).collect());
            if !kinds.is_empty() {
                report.line("");
                let row = |(kind, meaning): (&str, &str)| vec![kind.to_owned(), meaning.to_owned()];
                report.table(&["KIND", "MEANING"], kinds.into_iter().map(row).collect());
            }
        })
    }
}

impl From<pb::ListWarningsResponse> for Warnings {
    fn from(response: pb::ListWarningsResponse) -> Self {
        Self {
            applications: response.applications,
            warnings: response.warnings,
            counts: response.counts.into_iter().map(Into::into).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(column: &str, kind: &str, app_ids: &[i64]) -> pb::WarningCount {
        pb::WarningCount {
            table: "card".to_owned(),
            column: column.to_owned(),
            kind: kind.to_owned(),
            meaning: format!("what {kind} means"),
            applications: 2,
            warnings: 3,
            app_ids: app_ids.to_vec(),
        }
    }

    #[test]
    fn each_kind_is_explained_once() {
        let counts = vec![
            count("limit", "rounded", &[4, 9]),
            count("", "left out", &[]),
            count("name", "rounded", &[4]),
        ];
        let response = pb::ListWarningsResponse { applications: 5, warnings: 9, counts };
        let found: Warnings = response.into();
        let expected = " TABLE  COLUMN  KIND      APPLICATIONS  WARNINGS  SUCH AS\n \
             card   limit   rounded   2             3         4, 9\n \
             card   (row)   left out  2             3\n \
             card   name    rounded   2             3         4\n\n \
             KIND      MEANING\n \
             left out  what left out means\n \
             rounded   what rounded means";
        assert_eq!(found.rendered(Format::Table).unwrap(), expected);
        let json: serde_json::Value =
            serde_json::from_str(&found.rendered(Format::Json).unwrap()).unwrap();
        assert_eq!((&json["applications"], &json["warnings"]), (&5.into(), &9.into()));
        assert_eq!(json["counts"][0]["app_ids"], serde_json::json!([4, 9]));
        assert!(json["counts"][1]["column"].is_null(), "{json}");
    }

    #[test]
    fn a_job_without_warnings_has_the_header_alone() {
        let found: Warnings = pb::ListWarningsResponse::default().into();
        let text = found.rendered(Format::Table).unwrap();
        assert!(text.starts_with(" TABLE") && text.lines().count() == 1, "{text}");
    }
}
