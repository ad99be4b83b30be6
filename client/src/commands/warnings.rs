//! `warnings`: what was changed, cut or left out of applications that succeeded.

use std::collections::BTreeMap;

use xmlx_proto::v1 as pb;

use crate::cluster::{self, Cluster, Patience};
use crate::output::{self, Answer, Format};
use crate::view::WarningCount;

pub(crate) async fn run(
    cluster: &Cluster,
    format: Format,
    job_id: i64,
    column: Option<String>,
) -> anyhow::Result<Answer> {
    let request = pb::ListWarningsRequest { job_id, column: column.unwrap_or_default() };
    let ask = async |channel| cluster::jobs(channel).list_warnings(request.clone()).await;
    let answer = cluster.call(Patience::READING, ask).await?;
    let counts: Vec<WarningCount> = answer.counts.into_iter().map(Into::into).collect();
    match format {
        Format::Json => output::json(&serde_json::json!({
            "applications": answer.applications,
            "warnings": answer.warnings,
            "counts": counts,
        }))?,
        Format::Table => {
            output::table(&WarningCount::HEADER, counts.iter().map(WarningCount::row).collect())?;
            let kinds: BTreeMap<&str, &str> =
                counts.iter().map(|it| (it.kind.as_str(), it.meaning.as_str())).collect();
            if !kinds.is_empty() {
                output::line("")?;
                let row = |(kind, meaning): (&str, &str)| vec![kind.to_owned(), meaning.to_owned()];
                output::table(&["KIND", "MEANING"], kinds.into_iter().map(row).collect())?;
            }
            output::note(&format!(
                "{} warnings in {} applications of the job",
                answer.warnings, answer.applications
            ));
        }
    }
    Ok(Answer::Yes)
}
