//! `verify`: whether a job did what it promised.

use xmlx_proto::v1 as pb;

use crate::cluster::{self, Cluster, Patience};
use crate::output::{self, Answer, Format};
use crate::view::Verification;

pub(crate) async fn run(
    cluster: &Cluster,
    format: Format,
    request: pb::VerifyRequest,
) -> anyhow::Result<Answer> {
    let found = verify(cluster, request).await?;
    match format {
        Format::Json => output::json(&found)?,
        Format::Table => {
            let row = |it: &crate::view::Check| {
                let holds = if it.holds { "yes" } else { "NO" };
                vec![
                    it.check.clone(),
                    holds.to_owned(),
                    it.violations.to_string(),
                    it.detail.clone(),
                ]
            };
            output::table(
                &["CHECK", "HOLDS", "VIOLATIONS", "DETAIL"],
                found.checks.iter().map(row).collect(),
            )?;
            if let Some(n) = found.waiting {
                output::line(&format!("not done yet: {n} wait"))?;
            }
            for it in &found.failures_by_stage {
                output::line(&format!("failed at {}: {}", it.stage, it.count))?;
            }
            if found.left_out > 0 {
                output::line(&format!(
                    "{} documents of the scope belong to no application of this product line and were left out",
                    found.left_out
                ))?;
            }
        }
    }
    Ok(Answer::from(found.holds))
}

/// Has a coordinator check a job.
pub async fn verify(cluster: &Cluster, request: pb::VerifyRequest) -> anyhow::Result<Verification> {
    let response =
        cluster.call(Patience::LONG, async |it| cluster::jobs(it).verify(request).await).await?;
    Ok(response.into())
}
