//! The reports of leases: what each has committed, in numbers.
//!
//! The commit overwrites the report of its own lease with the sum of all its commits, behind the fence: repeating it
//! changes nothing, and no other lease waits for the row.

use xmlx_domain::JobId;
use xmlx_report::Report;

use crate::connection::{column, text};
use crate::schema::REPORTS_SINCE;
use crate::{Error, Store, statements};

/// Reports in one answer. One has up to some tens of kilobytes.
const PAGE_REPORTS: i64 = 200;

impl Store {
    /// What the leases of a job have committed so far, added up. `None` where the control tables have no place for it
    /// yet. What workers of an older release have committed is not in it.
    ///
    /// # Errors
    /// See [`Error`]; [`Error::Shape`] where a row is no report.
    pub async fn report(&self, job_id: JobId) -> Result<Option<Report>, Error> {
        const IT: &str = "range_reports";
        if !self.has_schema(REPORTS_SINCE).await? {
            return Ok(None);
        }
        let mut sum = Report::new();
        let (mut range, mut epoch) = (0_i64, 0_i64);
        loop {
            let params: [&dyn tiberius::ToSql; 4] = [&job_id.0, &range, &epoch, &PAGE_REPORTS];
            let rows = self.run_long(statements::RANGE_REPORTS, &params).await?;
            for row in &rows {
                (range, epoch) = (column(row, "range_id", IT)?, column(row, "epoch", IT)?);
                let report = Report::from_json(&text(row, "report", IT)?);
                let report = report.map_err(|err| Error::Shape {
                    statement: IT,
                    detail: format!("{err} (range {range}, epoch {epoch})"),
                })?;
                sum.merge(&report);
            }
            if i64::try_from(rows.len()).unwrap_or(i64::MAX) < PAGE_REPORTS {
                return Ok(Some(sum));
            }
        }
    }
}
