//! The control schema and its versions.

use crate::connection::column;
use crate::{Error, Store, statements};

/// The version that this build needs.
pub const SCHEMA_VERSION: i32 = 1;

/// The T-SQL that creates the control tables, as `init --print` shows it. Safe to repeat.
#[must_use]
pub fn control_schema() -> &'static str {
    statements::CONTROL
}

impl Store {
    /// Creates the control tables where they are missing.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn migrate(&self) -> Result<(), Error> {
        self.run_script(control_schema()).await
    }

    /// Runs a script: batches between lines that say `GO`.
    ///
    /// # Errors
    /// Of the first batch that fails; those before it have taken effect.
    pub async fn run_script(&self, script: &str) -> Result<(), Error> {
        for batch in batches(script) {
            self.run_batch(&batch).await?;
        }
        Ok(())
    }

    /// The control schema's version; 0 where there is none.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn schema_version(&self) -> Result<i32, Error> {
        let present = self.run(statements::SCHEMA_PRESENT, &[]).await?;
        let present: i32 = match present.first() {
            Some(row) => column(row, "present", "schema_present")?,
            None => 0,
        };
        if present == 0 {
            return Ok(0);
        }
        let rows = self.run(statements::SCHEMA_VERSION, &[]).await?;
        rows.first().map_or(Ok(0), |row| column(row, "version", "schema_version"))
    }
}

fn batches(script: &str) -> Vec<String> {
    let mut batches = vec![String::new()];
    for line in script.lines() {
        if line.trim().eq_ignore_ascii_case("go") {
            batches.push(String::new());
        } else if let Some(batch) = batches.last_mut() {
            batch.push_str(line);
            batch.push('\n');
        }
    }
    batches.retain(|it| !it.trim().is_empty());
    batches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn go_separates_batches() {
        assert_eq!(batches("a\nGO\nb\n go \n\n"), ["a\n", "b\n"]);
    }
}
