//! `verify`: whether a job did what it promised.

use xmlx_proto::v1 as pb;

use crate::cluster::{self, Cluster, Patience};
use crate::output::{self, Answer, Format};
use crate::view::{Check, Verification};

pub(crate) async fn run(
    cluster: &Cluster,
    format: Format,
    request: pb::VerifyRequest,
) -> anyhow::Result<Answer> {
    let found = verify(cluster, request).await?;
    output::verbatim(&rendered(&found, format)?)?;
    Ok(Answer::from(found.holds))
}

fn rendered(found: &Verification, format: Format) -> anyhow::Result<String> {
    let row = |check: &Check| {
        let holds = if check.holds { "yes" } else { "NO" };
        vec![
            check.check.clone(),
            holds.to_owned(),
            check.violations.to_string(),
            check.detail.clone(),
        ]
    };
    output::rendered(format, found, |report| {
        let header = ["CHECK", "HOLDS", "VIOLATIONS", "DETAIL"];
        report.table(&header, found.checks.iter().map(row).collect());
        if let Some(n) = found.waiting {
            report.line(&format!("not done yet: {n} wait"));
        }
        for stage in &found.failures_by_stage {
            report.line(&format!("failed at {}: {}", stage.stage, stage.count));
        }
        if found.left_out > 0 {
            report.line(&format!(
                "{} documents of the scope belong to no application of this product line and were left out",
                found.left_out
            ));
        }
    })
}

/// Has a coordinator check a job.
pub async fn verify(cluster: &Cluster, request: pb::VerifyRequest) -> anyhow::Result<Verification> {
    let verify = async |channel| cluster::jobs(channel).verify(request).await;
    Ok(cluster.call(Patience::LONG, verify).await?.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(holds: bool) -> pb::VerifyResponse {
        let check = pb::Check {
            name: "no application is lost".to_owned(),
            holds,
            violations: i64::from(!holds) * 2,
            detail: if holds { String::new() } else { "app_id 4, 9".to_owned() },
        };
        pb::VerifyResponse { holds, checks: vec![check], ..Default::default() }
    }

    #[test]
    fn a_check_that_does_not_hold_cannot_be_overlooked() {
        let text = rendered(&response(false).into(), Format::Table).unwrap();
        let expected = " CHECK                   HOLDS  VIOLATIONS  DETAIL\n \
             no application is lost  NO     2           app_id 4, 9";
        assert_eq!(text, expected);
        let found: Verification = response(false).into();
        assert_eq!(found.violations("no application is lost"), 2);
        assert_eq!(found.violations("no such check"), 0);
    }

    #[test]
    fn what_is_not_done_failed_or_left_out_is_said() {
        let stages = vec![pb::StageCount { stage: "mapping".to_owned(), count: 3 }];
        let response =
            pb::VerifyResponse { waiting: Some(728), stages, left_out: 5, ..response(true) };
        let found: Verification = response.into();
        let text = rendered(&found, Format::Table).unwrap();
        let (_, rest) = text.split_once("yes    0\n").unwrap();
        assert_eq!(
            rest,
            "not done yet: 728 wait\nfailed at mapping: 3\n\
             5 documents of the scope belong to no application of this product line and were left out"
        );
        let json: serde_json::Value =
            serde_json::from_str(&rendered(&found, Format::Json).unwrap()).unwrap();
        assert_eq!((&json["holds"], &json["waiting"]), (&true.into(), &728.into()));
        assert_eq!(json["failures_by_stage"][0]["stage"], "mapping");
    }
}
