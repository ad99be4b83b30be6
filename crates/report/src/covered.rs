//! What a lease has seen of documents, whatever the contract reads: a member of its report.

use serde::{Deserialize, Serialize};
use xmlx_domain::LogReason;
use xmlx_extract::{Counted, PathCounts};

use crate::rehearsal::{Failures, add_failures};

/// What was seen of the documents of a lease, or of a whole job.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Covered {
    /// What is in the documents.
    #[serde(flatten)]
    pub paths: PathCounts,
    /// Documents that could not be read as XML, so that nothing of them is counted.
    #[serde(default)]
    pub unreadable: u64,
    /// Applications that the contract gives no rows for, by stage and reason.
    #[serde(default)]
    pub without_rows: Vec<Failures>,
    /// Those without rows for a reason that is not among them.
    #[serde(default)]
    pub others_without_rows: u64,
}

impl Covered {
    /// Adds documents; `None`: it could not be read.
    pub fn add<'c>(&mut self, documents: impl IntoIterator<Item = Option<&'c Counted>>) {
        let unreadable = &mut self.unreadable;
        let counted = documents.into_iter().filter_map(|counted| {
            *unreadable += u64::from(counted.is_none());
            counted
        });
        self.paths.add(counted);
    }

    /// One more application has no rows.
    pub fn add_without_rows(&mut self, app_id: i64, reason: &LogReason) {
        let failures = Failures::of(app_id, reason);
        add_failures((&mut self.without_rows, &mut self.others_without_rows), &failures);
    }

    /// How many applications have no rows.
    #[must_use]
    pub fn n_without_rows(&self) -> u64 {
        let listed: u64 = self.without_rows.iter().map(|failures| failures.applications).sum();
        listed + self.others_without_rows
    }

    /// Adds what another lease has seen.
    pub fn merge(&mut self, other: &Self) {
        self.paths.merge(&other.paths);
        self.unreadable += other.unreadable;
        self.others_without_rows += other.others_without_rows;
        for failures in &other.without_rows {
            add_failures((&mut self.without_rows, &mut self.others_without_rows), failures);
        }
    }
}

#[cfg(test)]
mod tests {
    use xmlx_domain::Stage;
    use xmlx_extract::{Counting, Limits};

    use super::*;
    use crate::Report;

    fn covered(documents: &[&str]) -> Covered {
        let mut counting = Counting::new();
        let mut covered = Covered::default();
        for (app_id, document) in (1..).zip(documents) {
            if counting.add(app_id, document, &Limits::default()).is_err() {
                covered.add([None]);
                covered
                    .add_without_rows(app_id, &LogReason::new(Stage::Validation, "line 1: no XML"));
            }
        }
        covered.add(counting.take().iter().map(|(_, counted)| Some(counted)));
        covered
    }

    #[test]
    fn leases_add_up_through_their_reports() {
        let all = covered(&["<a x='1'/>", "<a", "<a><b/></a>", "no"]);
        assert_eq!((all.paths.n_documents(), all.unreadable, all.n_without_rows()), (2, 2, 2));
        let report = |covered| Report { coverage: Some(covered), ..Report::new() };
        let mut sum = report(covered(&["<a x='1'/>", "<a"]));
        let other = report(covered(&["<a><b/></a>", "no"])).to_json();
        sum.merge(&Report::from_json(&other).unwrap());
        sum.merge(&Report::new());
        let found = sum.coverage.unwrap();
        assert_eq!((found.paths, found.unreadable), (all.paths, 2));
        let reasons = &found.without_rows;
        assert_eq!((reasons.len(), reasons[0].applications), (1, 2));
        assert_eq!((reasons[0].first, reasons[0].last), (2, 2));
    }

    #[test]
    fn a_report_of_another_job_has_no_coverage() {
        assert!(!Report::new().to_json().contains("coverage"));
        assert_eq!(Report::from_json("{\"v\":1}").unwrap().coverage, None);
    }
}
