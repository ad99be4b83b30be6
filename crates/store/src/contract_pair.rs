//! The contracts of a job that compares two: both are kept where other jobs keep theirs, so that no other table is needed.

use serde::{Deserialize, Serialize};
use xmlx_domain::{JobId, Mode};
use xmlx_extract::Plan;

use crate::{Error, Store};

/// Two contracts, as they were submitted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContractPair {
    /// That of the job whose applications are mapped.
    pub old: String,
    /// The one that it is compared with.
    pub new: String,
}

impl ContractPair {
    /// Both as one text, as it is kept.
    #[must_use]
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).expect("strings are always JSON")
    }

    /// Reads what [`ContractPair::to_text`] wrote.
    pub(crate) fn read(text: &str) -> Result<Self, Error> {
        serde_json::from_str(text).map_err(|_| Error::Shape {
            statement: "job_contract",
            detail: "what is kept of a job that compares two contracts is no such pair".to_owned(),
        })
    }
}

impl Store {
    /// The contract that a job compares its own with, compiled.
    ///
    /// # Errors
    /// [`Error::Shape`] where there is no such job, or this build cannot read its contract.
    pub async fn new_plan(&self, job_id: JobId) -> Result<Plan, Error> {
        let shape = |detail| Error::Shape { statement: "job_contract", detail };
        let (text, taking, _) =
            self.kept_contract(job_id).await?.ok_or_else(|| shape(format!("no job {job_id}")))?;
        if taking.mode != Mode::Diff {
            return Err(shape(format!("job {job_id} compares no contracts")));
        }
        let new = ContractPair::read(&text)?.new;
        Plan::from_json_with(&new, *self.limits()).map_err(|err| shape(err.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_come_back() {
        let pair = ContractPair { old: "{\"a\": 1}".to_owned(), new: "format = 2\n".to_owned() };
        assert_eq!(ContractPair::read(&pair.to_text()).expect("our own"), pair);
        assert!(ContractPair::read("format = 2").is_err());
    }
}
