//! `rehearsal`: what a load would do, as a rehearsal has found it.

use anyhow::Context as _;
use serde::Serialize;
use xmlx_proto::v1 as pb;

use super::coverage::{Report as Coverage, of_job};
use super::inspect;
use crate::cluster::{self, Cluster, Patience};
use crate::output::{self, Answer, Format};
use crate::view::Job;

/// What a rehearsal has found. The one schema of `-o json`.
#[derive(Debug, Serialize)]
struct Rehearsal {
    job: i64,
    name: String,
    /// The share of the scope that was read; none: all of it.
    sample: Option<String>,
    /// For people: which part was read.
    #[serde(skip)]
    part: Option<String>,
    /// Of the job: `done` where everything was read.
    state: String,
    applications: i64,
    would_load: i64,
    would_fail: i64,
    /// Applications with warnings.
    warned: i64,
    failures: Vec<Failures>,
    other_failures: i64,
    repeated_keys: Vec<RepeatedKey>,
    there_already: i64,
    there_already_app_ids: Vec<i64>,
    rows: Vec<Rows>,
    unknown: Vec<String>,
    findings: i64,
    findings_left_out: i64,
    load: Option<Load>,
    /// What documents and contract have of each other; none where a coordinator of an older release answered.
    coverage: Option<Coverage>,
}

#[derive(Debug, Serialize)]
struct Failures {
    stage: String,
    reason: String,
    applications: i64,
    first_app_id: i64,
    last_app_id: i64,
}

/// A key that applications share: each but one of those that have it would be refused.
#[derive(Debug, Serialize)]
struct RepeatedKey {
    key: String,
    keys: i64,
    refused: i64,
    such_as: Vec<Repeated>,
}

#[derive(Debug, Serialize)]
struct Repeated {
    applications: i64,
    first_app_id: i64,
    last_app_id: i64,
}

#[derive(Debug, Serialize)]
struct Rows {
    table: String,
    rows: i64,
}

/// How long a load will take.
#[derive(Debug, Serialize)]
struct Load {
    at_least_ms: u64,
    at_most_ms: Option<u64>,
    reckoned: String,
}

/// Prints what a rehearsal has found. Exit code 1 where a load would not take every application, or it is not known yet.
pub(crate) async fn run(cluster: &Cluster, format: Format, job_id: i64) -> anyhow::Result<Answer> {
    let get = async |channel| {
        cluster::jobs(channel).get_rehearsal(pb::GetRehearsalRequest { job_id }).await
    };
    let response = cluster.call(Patience::READING, get).await?;
    let job = inspect::job(cluster, job_id).await?;
    let job = job.with_context(|| format!("job {job_id} is gone"))?;
    let coverage = coverage(cluster, job_id).await;
    let found = Rehearsal { coverage, ..Rehearsal::new(&job, response) };
    output::verbatim(&found.rendered(format)?)?;
    Ok(Answer::from(found.holds()))
}

/// What documents and contract have of each other. A coordinator of an older release does not say it, and the rest of a
/// rehearsal is worth something without it.
async fn coverage(cluster: &Cluster, job_id: i64) -> Option<Coverage> {
    let read = of_job::read(cluster, job_id).await;
    read.inspect_err(|err| output::note(&format!("warning: the coverage is not known: {err:#}")))
        .ok()
}

impl Rehearsal {
    fn new(job: &Job, response: pb::GetRehearsalResponse) -> Self {
        let failures = response.failures.into_iter().map(|failures| Failures {
            stage: failures.stage,
            reason: failures.reason,
            applications: failures.applications,
            first_app_id: failures.first_app_id,
            last_app_id: failures.last_app_id,
        });
        let repeated = |key: pb::Repeated| Repeated {
            applications: key.applications,
            first_app_id: key.first_app_id,
            last_app_id: key.last_app_id,
        };
        let keys = response.repeated_keys.into_iter().map(|key| RepeatedKey {
            key: key.key,
            keys: key.keys,
            refused: key.refused,
            such_as: key.such_as.into_iter().map(repeated).collect(),
        });
        let keys: Vec<RepeatedKey> = keys.collect();
        let refused: i64 = keys.iter().map(|key| key.refused).sum();
        let would_fail = response.would_fail + refused + response.there_already;
        Self {
            job: job.job,
            name: job.name.clone(),
            sample: job.sample.clone(),
            part: job.part(),
            state: job.state_word().to_owned(),
            applications: response.applications,
            would_load: (response.applications - would_fail).max(0),
            would_fail,
            warned: job.warned,
            failures: failures.collect(),
            other_failures: response.other_failures,
            repeated_keys: keys,
            there_already: response.there_already,
            there_already_app_ids: response.there_already_app_ids,
            rows: response
                .tables
                .into_iter()
                .map(|table| Rows { table: table.table, rows: table.rows })
                .collect(),
            unknown: response.unknown,
            findings: response.findings,
            findings_left_out: response.findings_left_out,
            load: response.forecast.map(|load| Load {
                at_least_ms: load.at_least_ms,
                at_most_ms: load.at_most_ms,
                reckoned: load.reckoned,
            }),
            coverage: None,
        }
    }

    /// Whether everything was read and all of it would be loaded.
    fn holds(&self) -> bool {
        self.state == "done" && self.would_fail == 0
    }

    fn rendered(&self, format: Format) -> anyhow::Result<String> {
        output::rendered(format, self, |report| self.fill(report))
    }

    fn show_coverage(&self, report: &mut output::Report) {
        if let Some(coverage) = &self.coverage {
            report.line("");
            report.line(&coverage.summary());
            coverage.show_gaps(report);
        }
    }

    fn fill(&self, report: &mut output::Report) {
        let Self { job, name, applications, would_load, would_fail, warned, .. } = self;
        report.line(&format!("rehearsal {job} ({name}), {}: nothing was written", self.state));
        report.line(&format!(
            "of {applications} applications read, {would_load} would be loaded ({warned} with warnings) and {would_fail} would fail"
        ));
        if let Some(part) = &self.part {
            report.line(part);
        }
        if let Some(load) = &self.load {
            let what = if self.part.is_some() { "the load of these" } else { "the load" };
            report.line(&format!("{what} takes {}: {}", load.range(), load.reckoned));
        }
        if !self.failures.is_empty() {
            report.line("");
            let rows = self.failures.iter().map(|failures| {
                let [n, first, last] =
                    [failures.applications, failures.first_app_id, failures.last_app_id]
                        .map(|n| n.to_string());
                vec![failures.stage.clone(), n, first, last, failures.reason.clone()]
            });
            report.table(&["STAGE", "WOULD FAIL", "FIRST", "LAST", "REASON"], rows.collect());
            if self.other_failures > 0 {
                report.line(&format!("and {} for other reasons", self.other_failures));
            }
        }
        if !self.repeated_keys.is_empty() {
            report.line("");
            let rows = self.repeated_keys.iter().map(|repeated| {
                let such_as = repeated.such_as.iter().map(|key| match key.applications {
                    2 => format!("{} and {}", key.first_app_id, key.last_app_id),
                    n => format!("{} to {} ({n})", key.first_app_id, key.last_app_id),
                });
                let such_as: Vec<String> = such_as.take(3).collect();
                vec![
                    repeated.key.clone(),
                    repeated.refused.to_string(),
                    repeated.keys.to_string(),
                    such_as.join(", "),
                ]
            });
            report.table(
                &["KEY OF SEVERAL APPLICATIONS", "WOULD FAIL", "KEYS", "SUCH AS"],
                rows.collect(),
            );
            report.line("of the applications that have one key, the first to be written is loaded");
        }
        if self.there_already > 0 {
            report.line("");
            let ids: Vec<String> = self.there_already_app_ids.iter().map(i64::to_string).collect();
            report.line(&format!(
                "{} have rows in the target already, though no decision: {}",
                self.there_already,
                ids.join(", ")
            ));
        }
        report.line("");
        let rows = self.rows.iter().map(|table| vec![table.table.clone(), table.rows.to_string()]);
        report.table(&["TABLE", "ROWS"], rows.collect());
        if !self.unknown.is_empty() {
            report.line("");
            report.line("not known before the load:");
            self.unknown.iter().for_each(|what| report.line(&format!("  {what}")));
        }
        self.show_coverage(report);
        if self.findings_left_out > 0 {
            report.line(&format!(
                "{} failures are kept one by one (`xmlx-client failures {job}`), {} are counted alone",
                self.findings, self.findings_left_out
            ));
        }
    }
}

impl Load {
    fn range(&self) -> String {
        let least = duration(self.at_least_ms);
        match self.at_most_ms.map(duration) {
            Some(most) if most == least => format!("about {least}"),
            Some(most) => format!("{least} to {most}"),
            None => format!("{least} or longer"),
        }
    }
}

/// Two units at most.
fn duration(ms: u64) -> String {
    let seconds = ms.div_ceil(1_000);
    match (seconds / 3_600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found() -> Rehearsal {
        let job = pb::Job {
            job_id: 4,
            name: "card".to_owned(),
            state: pb::JobState::Done.into(),
            warned: 12,
            ..pb::Job::default()
        };
        let response = pb::GetRehearsalResponse {
            applications: 400,
            would_fail: 21,
            failures: vec![pb::RehearsedFailure {
                stage: "mapping".to_owned(),
                reason: "line #: no `ID`".to_owned(),
                applications: 21,
                first_app_id: 1004,
                last_app_id: 1390,
            }],
            repeated_keys: vec![pb::RepeatedKey {
                key: "person (con_id)".to_owned(),
                keys: 2,
                refused: 2,
                such_as: vec![pb::Repeated { applications: 2, first_app_id: 7, last_app_id: 8 }],
            }],
            tables: vec![pb::RehearsedRows { table: "person".to_owned(), rows: 700 }],
            unknown: vec!["a lookup".to_owned()],
            forecast: Some(pb::LoadForecast {
                at_least_ms: 61_500,
                at_most_ms: Some(3_720_000),
                reckoned: "so".to_owned(),
            }),
            ..pb::GetRehearsalResponse::default()
        };
        Rehearsal::new(&job.into(), response)
    }

    #[test]
    fn a_rehearsal_reads_from_the_whole_to_the_parts() {
        let text = found().rendered(Format::Table).unwrap();
        let expected = "rehearsal 4 (card), done: nothing was written\n\
            of 400 applications read, 377 would be loaded (12 with warnings) and 23 would fail\n\
            the load takes 1 min 2 s to 1 h 2 min: so\n\n \
            STAGE    WOULD FAIL  FIRST  LAST  REASON\n \
            mapping  21          1004   1390  line #: no `ID`\n\n \
            KEY OF SEVERAL APPLICATIONS  WOULD FAIL  KEYS  SUCH AS\n \
            person (con_id)              2           2     7 and 8\n\
            of the applications that have one key, the first to be written is loaded\n\n \
            TABLE   ROWS\n \
            person  700\n\n\
            not known before the load:\n  \
            a lookup";
        assert_eq!(text, expected);
        let json: serde_json::Value =
            serde_json::from_str(&found().rendered(Format::Json).unwrap()).unwrap();
        assert_eq!(
            (&json["would_fail"], &json["load"]["at_most_ms"]),
            (&23.into(), &3_720_000.into())
        );
        assert_eq!(json["repeated_keys"][0]["such_as"][0]["last_app_id"], 8);
        assert!(json["sample"].is_null());
        let part = Some("a sample: 1 % of the range".to_owned());
        let text = Rehearsal { part, ..found() }.rendered(Format::Table).unwrap();
        assert!(
            text.contains("\na sample: 1 % of the range\nthe load of these takes 1 min 2 s"),
            "{text}"
        );
    }

    #[test]
    fn a_rehearsal_says_yes_where_everything_would_be_loaded() {
        let mut rehearsal = found();
        assert!(!rehearsal.holds());
        rehearsal.would_fail = 0;
        assert!(rehearsal.holds());
        rehearsal.state = "paused".to_owned();
        assert!(!rehearsal.holds(), "not everything was read");
    }
}
