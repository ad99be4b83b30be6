//! Thresholds: what a job's columns may have before it pauses, and what they have.

use xmlx_domain::JobId;
use xmlx_lease::budget::{Found, Measure, Threshold, Watched};
use xmlx_report::{ColumnReport, Report};

use crate::connection::{column, text};
use crate::schema::REPORTS_SINCE;
use crate::{Error, Leadership, Store, statements};

impl Store {
    /// Whether the control tables have a place for thresholds.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn takes_thresholds(&self) -> Result<bool, Error> {
        self.has_schema(REPORTS_SINCE).await
    }

    /// The thresholds of a job with what its columns have by now. Without thresholds nothing else is read.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn watched(&self, job_id: JobId) -> Result<Vec<Watched>, Error> {
        let mut watched = self.thresholds(job_id).await?;
        if watched.is_empty() {
            return Ok(watched);
        }
        let report = self.report(job_id).await?.unwrap_or_default();
        for watched in &mut watched {
            watched.now = found(&report, &watched.threshold);
        }
        Ok(watched)
    }

    /// The thresholds of a job; what its columns have by now is not read.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn thresholds(&self, job_id: JobId) -> Result<Vec<Watched>, Error> {
        const IT: &str = "job_thresholds";
        if !self.has_schema(REPORTS_SINCE).await? {
            return Ok(Vec::new());
        }
        let rows = self.run(statements::JOB_THRESHOLDS, &[&job_id.0]).await?;
        let watched = |row| {
            let threshold = text(row, "threshold", IT)?.parse::<Threshold>();
            let shape = |detail: String| Error::Shape { statement: IT, detail };
            Ok(Watched {
                n: column(row, "n", IT)?,
                threshold: threshold.map_err(|err| shape(err.to_string()))?,
                before: Found {
                    rows: column(row, "rows_before", IT)?,
                    found: column(row, "found_before", IT)?,
                },
                now: Found::default(),
            })
        };
        rows.iter().map(watched).collect()
    }

    /// These thresholds of a job begin again: what there is by now does not count.
    ///
    /// # Errors
    /// [`Error::Deposed`].
    pub async fn renew_thresholds(
        &self,
        leader: &Leadership,
        job_id: JobId,
        watched: &[Watched],
    ) -> Result<(), Error> {
        let now: Vec<(i32, i64, i64)> = watched
            .iter()
            .map(|watched| (watched.n, watched.now.rows, watched.now.found))
            .collect();
        let now = serde_json::to_string(&now).expect("numbers are always JSON");
        let params: [&dyn tiberius::ToSql; 4] = [&leader.term.0, &job_id.0, &now, &leader.holder];
        self.run(statements::JOB_THRESHOLD_RENEW, &params).await?;
        Ok(())
    }
}

/// Thresholds as the statement that inserts a job takes them; empty: none.
pub(crate) fn encoded(thresholds: &[Threshold]) -> String {
    if thresholds.is_empty() {
        return String::new();
    }
    let rows: Vec<(usize, String)> =
        thresholds.iter().map(ToString::to_string).enumerate().collect();
    serde_json::to_string(&rows).expect("numbers and strings are always JSON")
}

fn found(report: &Report, threshold: &Threshold) -> Found {
    let column = report.table(&threshold.table).and_then(|table| table.column(&threshold.column));
    let Some(column) = column else { return Found::default() };
    let ColumnReport { values, nulls, defaults, unreadable, cut, unknown, .. } = *column;
    let n = match threshold.measure {
        Measure::Null => nulls,
        Measure::Default => defaults,
        Measure::Unreadable => unreadable,
        Measure::Cut => cut,
        Measure::UnknownCode => unknown,
    };
    let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    Found { rows: number(values + nulls), found: number(n) }
}
