//! What is kept of a job's contract, and what a job reads by it.

use xmlx_domain::{JobId, Mode, Taking};
use xmlx_extract::Plan;

use crate::connection::{column, text, word};
use crate::{ContractPair, Error, Source, Store, statements};

impl Store {
    /// A job's contract and how to read its source: text, mode, log watermark. `None`: no such job. Of a job that compares
    /// two contracts it is the old one, by which its applications are read.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn job_contract(&self, job_id: JobId) -> Result<Option<(String, Mode, i64)>, Error> {
        let found = self.contract_of(job_id).await?;
        Ok(found.map(|(contract, taking, log_watermark)| (contract, taking.mode, log_watermark)))
    }

    async fn contract_of(&self, job_id: JobId) -> Result<Option<(String, Taking, i64)>, Error> {
        let Some((text, taking, log_watermark)) = self.kept_contract(job_id).await? else {
            return Ok(None);
        };
        let contract = match taking.mode {
            Mode::Diff => ContractPair::read(&text)?.old,
            Mode::Once
            | Mode::Follow
            | Mode::Retry
            | Mode::Rehearse
            | Mode::Reconcile
            | Mode::Cover
            | Mode::Replace
            | Mode::ReplaceAll => text,
        };
        Ok(Some((contract, taking, log_watermark)))
    }

    /// What is kept as a job's contract: of a job that compares two, both.
    pub(crate) async fn kept_contract(
        &self,
        job_id: JobId,
    ) -> Result<Option<(String, Taking, i64)>, Error> {
        const IT: &str = "job_contract";
        let rows = self.run(statements::JOB_CONTRACT, &[&job_id.0]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let taking = word(row, "mode", IT)?;
        Ok(Some((text(row, "contract", IT)?, taking, column(row, "log_watermark", IT)?)))
    }

    /// A job's contract, compiled, and its source.
    ///
    /// # Errors
    /// [`Error::Shape`] where there is no such job, or this build cannot read its contract.
    pub async fn job_plan(&self, job_id: JobId) -> Result<(Plan, Source), Error> {
        const IT: &str = "job_contract";
        let shape = |detail| Error::Shape { statement: IT, detail };
        let found = self.contract_of(job_id).await?;
        let (contract, Taking { mode, extent }, log_watermark) =
            found.ok_or_else(|| shape(format!("no job {job_id}")))?;
        let part = self.part(job_id, extent).await?;
        let plan = Plan::from_json_with(&contract, *self.limits())
            .map_err(|err| shape(err.to_string()))?;
        let source = Source::of_part(&plan, mode, log_watermark, part);
        Ok((plan, source))
    }
}
