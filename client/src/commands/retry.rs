//! `retry`: everything that failed, or what failed in a job, by stage, reason, column or application.
//!
//! `retry --contract` submits at once, as it always did. `retry JOB` first says what it takes: a filter that says less
//! than was meant would take thousands.

use anyhow::Context as _;
use serde::Serialize;
use xmlx_proto::v1 as pb;

use super::{contract_text, failures, submit};
use crate::cli::Retry;
use crate::cluster::{self, Cluster, Patience};
use crate::output::{self, Answer, Format};
use crate::view::{FailureGroup, FailureGroups};

/// What a retry would take. The one schema of `-o json`.
#[derive(Debug, Serialize)]
struct Taken {
    job: i64,
    applications: i64,
    groups: Vec<FailureGroup>,
    not_shown: i64,
    not_waiting: i64,
    submitted: bool,
}

/// Whether somebody has said that it may be submitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Consent {
    /// By `--yes`.
    Given,
    /// There is somebody to ask.
    Ask,
    /// There is nobody.
    Missing,
}

pub(crate) async fn run(cluster: &Cluster, format: Format, args: &Retry) -> anyhow::Result<Answer> {
    let Some(job) = args.job else {
        let contract = contract_text(&args.contract)?;
        let asked = (args.contract.as_slice(), &args.args);
        return submit::run_job(cluster, format, asked, submit::Kind::Retry, contract).await;
    };
    let request = request(args, job)?;
    let taken = preview(cluster, job, &request).await?;
    let may = match consent(args, output::can_ask()) {
        _ if taken.applications == 0 => false,
        Consent::Given => {
            output::note(&taken.rendered(Format::Table)?);
            true
        }
        Consent::Ask => {
            output::note(&taken.rendered(Format::Table)?);
            output::ask("Retry them?")?
        }
        Consent::Missing => false,
    };
    if !may {
        output::verbatim(&taken.rendered(format)?)?;
        output::note(match taken.applications {
            0 => "nothing was submitted",
            _ => "nothing was submitted: the same command with `--yes` submits it",
        });
        return Ok(Answer::No);
    }
    let submitted = submit::submit_part(cluster, &request).await?;
    submit::follow_up(cluster, format, &args.args, submitted).await
}

fn consent(args: &Retry, somebody: output::Somebody) -> Consent {
    match (args.yes, somebody) {
        (true, _) => Consent::Given,
        (false, output::Somebody::There) => Consent::Ask,
        (false, output::Somebody::Absent) => Consent::Missing,
    }
}

fn request(args: &Retry, job_id: i64) -> anyhow::Result<pb::SubmitPartRequest> {
    let contract = match args.contract.as_slice() {
        [] => String::new(),
        files => contract_text(files)?,
    };
    let key = uuid::Uuid::new_v4().to_string();
    let asked = (args.contract.as_slice(), &args.args);
    let request = submit::request(asked, submit::Kind::Retry, contract, key)?;
    Ok(pb::SubmitPartRequest {
        submit: Some(request),
        sample: args.args.sample.clone().unwrap_or_default(),
        failures: Some(pb::FailuresOfJob { job_id, filter: failures::filter(&args.filter) }),
        preview: false,
    })
}

async fn preview(
    cluster: &Cluster,
    job: i64,
    request: &pb::SubmitPartRequest,
) -> anyhow::Result<Taken> {
    let request = pb::SubmitPartRequest { preview: true, ..request.clone() };
    let call = async |channel| cluster::jobs(channel).submit_part(request.clone()).await;
    let response = cluster.call(Patience::LONG, call).await?;
    if let Some(refused) = response.submitted {
        submit::refuse_problems(&refused)?;
    }
    let taken = response.taken.context("the coordinator did not say what it would take")?;
    let FailureGroups { groups, total, not_shown } = taken.into();
    let not_waiting = response.not_waiting;
    Ok(Taken { job, applications: total, groups, not_shown, not_waiting, submitted: false })
}

impl Taken {
    fn rendered(&self, format: Format) -> anyhow::Result<String> {
        let Self { job, applications, groups, not_shown, not_waiting, .. } = self;
        output::rendered(format, self, |report| {
            let n = output::thousands(*applications);
            report.line(&format!("this takes {n} applications that failed in job {job}"));
            if *not_waiting > 0 {
                let n = output::thousands(*not_waiting);
                report.line(&format!(
                    "{n} more failed so and do not wait: they have succeeded since, or are not in the source any more"
                ));
            }
            if !groups.is_empty() {
                report.table(&FailureGroup::HEADER, groups.iter().map(FailureGroup::row).collect());
            }
            if *not_shown > 0 {
                report.line(&format!("and {not_shown} in further groups"));
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::{Cli, Command};

    fn args(line: &str) -> Retry {
        let line = format!("xmlx-client retry {line}");
        let parsed = Cli::try_parse_from(line.split(' ')).unwrap_or_else(|err| panic!("{err}"));
        let Some(Command::Retry(args)) = parsed.command else { panic!("no retry") };
        args
    }

    #[test]
    fn somebody_has_to_agree() {
        use output::Somebody::{Absent, There};
        for (line, somebody, expected) in [
            ("7 --yes", Absent, Consent::Given),
            ("7 -y", There, Consent::Given),
            ("7", There, Consent::Ask),
            ("7", Absent, Consent::Missing),
        ] {
            assert_eq!(consent(&args(line), somebody), expected, "{line}");
        }
    }

    #[test]
    fn a_request_says_which_failures() {
        let asked = request(&args("7 --stage mapping --app -3 --limit 5 --name x"), 7).unwrap();
        let failures = asked.failures.unwrap();
        let filter = failures.filter.unwrap();
        assert_eq!(
            (failures.job_id, filter.stage.as_str(), filter.app_id),
            (7, "mapping", Some(-3))
        );
        let submit = asked.submit.unwrap();
        assert_eq!((submit.mode(), submit.limit), (pb::JobMode::Retry, Some(5)));
        // The coordinator takes both from the job.
        assert_eq!((submit.contract.as_str(), submit.name.as_str()), ("", "x"));
        assert!(request(&args("7"), 7).unwrap().failures.unwrap().filter.is_none());
        let refused = request(&args("7 --replace"), 7).unwrap_err().to_string();
        assert!(refused.contains("submit --replace"), "{refused}");
    }

    #[test]
    fn what_is_taken_comes_first() {
        let groups = pb::GroupFailuresResponse {
            groups: vec![pb::FailureGroup {
                stage: "mapping".to_owned(),
                column: "loan.amount".to_owned(),
                reason: "outside of N to N".to_owned(),
                count: 1_204,
                app_ids: vec![3, 9],
            }],
            total: 1_204,
            not_shown: 0,
        };
        let FailureGroups { groups, total, not_shown } = groups.into();
        let taken = Taken {
            job: 7,
            applications: total,
            groups,
            not_shown,
            not_waiting: 2,
            submitted: false,
        };
        let expected = "this takes 1,204 applications that failed in job 7\n\
            2 more failed so and do not wait: they have succeeded since, or are not in the source any more\n \
            FAILED  STAGE    COLUMN       REASON             SUCH AS\n \
            1204    mapping  loan.amount  outside of N to N  3, 9";
        assert_eq!(taken.rendered(Format::Table).unwrap(), expected);
        let json: serde_json::Value =
            serde_json::from_str(&taken.rendered(Format::Json).unwrap()).unwrap();
        assert_eq!((&json["applications"], &json["submitted"]), (&1_204.into(), &false.into()));
    }
}
