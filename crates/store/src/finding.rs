//! What a job has found of single applications: the commit writes it, anybody may read it later.

use xmlx_domain::{JobId, LogReason};

use crate::catalog::Room;
use crate::connection::{column, text};
use crate::schema::FINDINGS_SINCE;
use crate::source::count;
use crate::{Error, Failure, Store, encode, statements};

/// The room of the columns of `xmlx.finding`.
const KIND: Room = Room::Bytes(40);
const TABLE: Room = Room::Units(257);
const COLUMN: Room = Room::Units(128);
const REASON: Room = Room::Units(1000);

/// Findings that a job keeps, about: leases that begin when it has so many keep no more. What is left out is counted in
/// the reports.
pub const FINDINGS_MAX: i64 = 100_000;

/// Findings that one lease keeps.
pub const FINDINGS_OF_A_LEASE_MAX: i64 = 5_000;

/// Something that was found of one application. Never a value: ids, columns and reasons alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The application.
    pub app_id: i64,
    /// A word for programs, at most 40 characters of ASCII.
    pub kind: String,
    /// The target table; may be empty.
    pub table: String,
    /// Its column; empty where it is about rows as a whole.
    pub column: String,
    /// For people.
    pub reason: String,
}

/// A finding as the database has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FindingRow {
    /// What was found.
    pub finding: Finding,
    /// Its place among those of its application.
    pub n: i32,
}

/// The findings of a group as the commit takes them: those of one application are numbered.
pub(crate) fn encode(findings: &[Finding]) -> String {
    let mut out = String::new();
    let (mut before, mut n) = (None, 0);
    for finding in findings {
        n = if before == Some(finding.app_id) { n + 1 } else { 0 };
        before = Some(finding.app_id);
        let row = (
            finding.app_id,
            n,
            KIND.fit(&finding.kind),
            TABLE.fit(&finding.table),
            COLUMN.fit(&finding.column),
            REASON.fit(&finding.reason),
        );
        out.push(if out.is_empty() { '[' } else { ',' });
        out += &serde_json::to_string(&row).expect("numbers and strings are always JSON");
    }
    encode::close(&mut out);
    out
}

impl Store {
    /// A page of what a job has found, by application: those behind `after` (an application and the place of its
    /// finding), at most `n_max`, of one kind where it is named. Empty where the control tables have no place for it.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn findings(
        &self,
        job_id: JobId,
        after: Option<(i64, i32)>,
        n_max: i64,
        kind: &str,
    ) -> Result<Vec<FindingRow>, Error> {
        const IT: &str = "findings";
        if !self.has_schema(FINDINGS_SINCE).await? {
            return Ok(Vec::new());
        }
        let (app_id, n) = after.unwrap_or((i64::MIN, i32::MAX));
        let params: [&dyn tiberius::ToSql; 5] = [&job_id.0, &app_id, &n, &n_max, &kind];
        let rows = self.run_long(statements::FINDINGS, &params).await?;
        let finding = |row| {
            Ok(FindingRow {
                finding: Finding {
                    app_id: column(row, "app_id", IT)?,
                    kind: text(row, "kind", IT)?,
                    table: text(row, "table_name", IT)?,
                    column: text(row, "column_name", IT)?,
                    reason: text(row, "reason", IT)?,
                },
                n: column(row, "n", IT)?,
            })
        };
        rows.iter().map(finding).collect()
    }

    /// A page of the applications that a rehearsal would see refused, by id. `log_id` is less the higher the application,
    /// so that a list that goes down by it goes up by application.
    pub(crate) async fn rehearsed_failures(
        &self,
        job_id: JobId,
        before: i64,
        n_max: i64,
    ) -> Result<Vec<Failure>, Error> {
        // An application has one finding in a rehearsal.
        let after = (before != i64::MAX).then_some((-before, i32::MAX));
        let rows = self.findings(job_id, after, n_max, "").await?;
        let failure = |FindingRow { finding, .. }| Failure {
            log_id: -finding.app_id,
            app_id: finding.app_id,
            reason: format!("{}{}{}", finding.kind, LogReason::SEPARATOR, finding.reason),
            session_id: String::new(),
            at: String::new(),
        };
        Ok(rows.into_iter().map(failure).collect())
    }

    /// How many findings a job has kept.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn count_findings(&self, job_id: JobId) -> Result<i64, Error> {
        if !self.has_schema(FINDINGS_SINCE).await? {
            return Ok(0);
        }
        count(&self.run_long(statements::FINDINGS_COUNT, &[&job_id.0]).await?, "findings_count")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_of_one_application_are_numbered() {
        let finding = |app_id, reason: &str| Finding {
            app_id,
            kind: "mapping".to_owned(),
            table: "loan".to_owned(),
            column: String::new(),
            reason: reason.to_owned(),
        };
        let encoded = encode(&[finding(4, "a"), finding(4, "b"), finding(7, "c")]);
        assert_eq!(
            encoded.trim_end(),
            r#"[[4,0,"mapping","loan","","a"],[4,1,"mapping","loan","","b"],[7,0,"mapping","loan","","c"]]"#
        );
        let long = encode(&[finding(1, &"x".repeat(2_000))]);
        assert!(long.contains(&"x".repeat(1_000)) && !long.contains(&"x".repeat(1_001)));
    }
}
