//! `quality`: what a job has written, in counts, and what stands out in it.

use xmlx_proto::v1 as pb;

use super::inspect;
use crate::cluster::{self, Cluster, Patience};
use crate::list::{Ask, Pages};
use crate::output::{self, Answer, Format};
use crate::view::{ColumnQuality, Quality, QualityFinding, TableQuality};

pub(crate) async fn run(
    cluster: &Cluster,
    format: Format,
    (job_id, against_job_id): (i64, Option<i64>),
    all: bool,
) -> anyhow::Result<Answer> {
    let mut quality = Quality { job: job_id, against: against_job_id, ..Quality::default() };
    let mut pages = Pages::new(0);
    while let Some(Ask { page_size, page_token }) = pages.ask() {
        let request = pb::GetQualityRequest { job_id, against_job_id, all, page_size, page_token };
        let get = async |channel| cluster::jobs(channel).get_quality(request.clone()).await;
        let answer = cluster.call(Patience::READING, get).await?;
        let mut columns: Vec<ColumnQuality> = answer.columns.into_iter().map(Into::into).collect();
        pages.record(&mut columns, answer.next_page_token)?;
        quality.columns.append(&mut columns);
        if request.page_token.is_empty() {
            quality.counted_ok = answer.counted_ok;
            quality.counted_failed = answer.counted_failed;
            let counted = answer.counted_ok + answer.counted_failed;
            // A job that runs may have gone on between the two.
            quality.not_counted = (answer.done_ok + answer.done_failed - counted).max(0);
            quality.findings_total = answer.findings_total;
            quality.findings = answer.findings.into_iter().map(Into::into).collect();
            quality.tables = answer.tables.into_iter().map(Into::into).collect();
        }
    }
    if let Some(job) = inspect::job(cluster, job_id).await? {
        (quality.part, quality.sample) = (job.part(), job.sample);
    }
    output::verbatim(&quality.rendered(format, all)?)?;
    if format == Format::Table {
        output::note(&quality.summary());
    }
    Ok((quality.findings_total == 0).into())
}

impl Quality {
    fn rendered(&self, format: Format, all: bool) -> anyhow::Result<String> {
        let Self { findings, tables, columns, .. } = self;
        output::rendered(format, self, |report| {
            let rows = findings.iter().map(QualityFinding::row).collect();
            report.table(&QualityFinding::HEADER, rows);
            if all {
                report.line("");
                report.table(&TableQuality::HEADER, tables.iter().map(TableQuality::row).collect());
                report.line("");
                let rows = columns.iter().map(ColumnQuality::row).collect();
                report.table(&ColumnQuality::HEADER, rows);
            }
        })
    }

    fn summary(&self) -> String {
        let Self { findings_total, counted_ok, not_counted, .. } = self;
        let mut text = match findings_total {
            0 => format!("nothing stands out in {counted_ok} applications"),
            1 => format!("1 thing stands out in {counted_ok} applications"),
            n => format!("{n} things stand out in {counted_ok} applications"),
        };
        if let Some(part) = &self.part {
            text += &format!("; {part}");
        }
        if *not_counted > 0 {
            text += &format!(
                "; {not_counted} more are not counted: workers of an older release committed them"
            );
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quality() -> Quality {
        let finding = pb::QualityFinding {
            table: "loan".to_owned(),
            column: "amount".to_owned(),
            rule: "all_null".to_owned(),
            detail: "NULL in all 40 rows".to_owned(),
            differs: false,
        };
        let column = pb::ColumnQuality {
            table: "fee".to_owned(),
            column: "kind".to_owned(),
            values: 30,
            nulls: 10,
            defaults: 3,
            one_value: true,
            ..pb::ColumnQuality::default()
        };
        let table = pb::TableQuality {
            table: "fee".to_owned(),
            rows: 40,
            parents: Some(16),
            rows_max: 3,
            ..pb::TableQuality::default()
        };
        Quality {
            job: 7,
            counted_ok: 40,
            findings_total: 2,
            findings: vec![
                finding.clone().into(),
                pb::QualityFinding { column: String::new(), ..finding }.into(),
            ],
            tables: vec![table.into()],
            columns: vec![column.into()],
            ..Quality::default()
        }
    }

    #[test]
    fn what_stands_out_comes_first() {
        let mut quality = quality();
        let expected = " TABLE  COLUMN   WHAT      DETAIL\n \
             loan   amount   all_null  NULL in all 40 rows\n \
             loan   (table)  all_null  NULL in all 40 rows";
        assert_eq!(quality.rendered(Format::Table, false).unwrap(), expected);
        let all = quality.rendered(Format::Table, true).unwrap();
        assert!(all.starts_with(expected), "{all}");
        assert!(all.contains("fee    40    0         16       0      2.50  3"), "{all}");
        assert!(all.contains("30      10 (25.00%)  3 (7.50%)"), "{all}");
        assert_eq!(quality.summary(), "2 things stand out in 40 applications");
        quality.part = Some("a sample".to_owned());
        assert_eq!(quality.summary(), "2 things stand out in 40 applications; a sample");
        quality.part = None;
        (quality.findings_total, quality.not_counted) = (0, 5);
        assert_eq!(
            quality.summary(),
            "nothing stands out in 40 applications; 5 more are not counted: workers of an older release committed them"
        );
    }

    #[test]
    fn json_has_one_form() {
        let json: serde_json::Value =
            serde_json::from_str(&quality().rendered(Format::Json, false).unwrap()).unwrap();
        assert_eq!(json["findings"][0]["column"], "amount");
        assert!(json["findings"][1]["column"].is_null() && json["against"].is_null(), "{json}");
        assert_eq!(json["columns"][0]["one_value"], true);
        assert_eq!(json["tables"][0]["rows_max"], 3);
    }
}
