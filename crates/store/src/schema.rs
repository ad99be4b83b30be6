//! The control schema and its versions.

use std::sync::atomic::Ordering;

use crate::connection::column;
use crate::{Error, Store, statements};

/// The version that this build was made for.
pub const SCHEMA_VERSION: i32 = 7;

/// The version that brought trials, budgets, warnings, and where the scope of a job that follows grows. Statements that
/// need these tables are sent where the tables are of this version.
pub const EXTRAS_SINCE: i32 = 3;

/// The version that brought the reports of leases and the thresholds of columns.
pub const REPORTS_SINCE: i32 = 4;

/// The version that brought what was found of single applications. A job that writes nothing has nowhere else to put what
/// it has found, so that it needs this version.
pub const FINDINGS_SINCE: i32 = 5;

/// The version that brought the record of who did what, and tokens.
pub(crate) const AUDIT_SINCE: i32 = 6;

/// The version that brought jobs that take a part of their scopes.
pub const SELECTION_SINCE: i32 = 7;

/// The oldest version that this build works with. A release only ever adds what it needs; what nobody
/// needs any more the release after it takes away.
const OLDEST_VERSION: i32 = 1;

/// What makes each version out of the one before. Each is safe to repeat.
pub(crate) const MIGRATIONS: [&str; 7] = [
    statements::CONTROL_1,
    statements::CONTROL_2,
    statements::CONTROL_3,
    statements::CONTROL_4,
    statements::CONTROL_5,
    statements::CONTROL_6,
    statements::CONTROL_7,
];

/// How many of them the release before has.
pub(crate) const MIGRATIONS_BEFORE: usize = 2;

/// What whoever asks too early is told.
pub const NO_CONTROL_TABLES: &str =
    "there are no control tables in this database: run `xmlx-client init`";

/// The versions that a database says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SchemaVersion {
    /// Its version; 0: there are no control tables.
    pub version: i32,
    /// The oldest version that a program may have been built for.
    pub compatible_from: i32,
}

/// Whether a program and the control tables go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// There are no control tables, or ones that are too old.
    Missing,
    /// They go together, and the program has a newer version to apply.
    Older,
    /// They go together.
    Fits,
    /// The program is too old.
    TooNew,
}

impl SchemaVersion {
    /// Why a program that was made for version `build` cannot work with it, where it is [`Fit::TooNew`].
    #[must_use]
    pub fn too_new_for(self, build: i32) -> String {
        let (version, from) = (self.version, self.compatible_from);
        format!(
            "the control tables (version {version}) need a build for version {from} or later, this one was made for {build}"
        )
    }

    /// How a program that was made for version `build` goes together with it.
    #[must_use]
    pub fn fit(self, build: i32) -> Fit {
        if self.version < OLDEST_VERSION {
            Fit::Missing
        } else if self.compatible_from > build {
            Fit::TooNew
        } else if self.version < build {
            Fit::Older
        } else {
            Fit::Fits
        }
    }
}

/// The T-SQL that creates the control tables, as `init --print` shows it. Safe to repeat.
#[must_use]
pub fn control_schema() -> String {
    MIGRATIONS.map(str::trim_end).join("\nGO\n")
}

impl Store {
    /// Creates the control tables, or makes older ones those of this build.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn migrate(&self) -> Result<(), Error> {
        self.migrate_to(SCHEMA_VERSION).await
    }

    /// The same up to an older version. Newer tables stay as they are.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn migrate_to(&self, version: i32) -> Result<(), Error> {
        let n = usize::try_from(version).unwrap_or(0);
        for script in MIGRATIONS.iter().take(n) {
            self.run_script(script).await?;
        }
        Ok(())
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

    /// Whether the control tables are of at least that version. During a rolling upgrade they may be older than this
    /// build, and so may they be for long where a coordinator may not change them.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn has_schema(&self, version: i32) -> Result<bool, Error> {
        if self.schema_seen.load(Ordering::Relaxed) < version {
            let found = self.schema_version().await?.version;
            self.schema_seen.fetch_max(found, Ordering::Relaxed);
        }
        Ok(self.schema_seen.load(Ordering::Relaxed) >= version)
    }

    /// The versions of the control tables.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn schema_version(&self) -> Result<SchemaVersion, Error> {
        const IT: &str = "schema_version";
        let none = SchemaVersion { version: 0, compatible_from: 0 };
        let present = self.run(statements::SCHEMA_PRESENT, &[]).await?;
        let present: i32 = match present.first() {
            Some(row) => column(row, "present", "schema_present")?,
            None => 0,
        };
        if present == 0 {
            return Ok(none);
        }
        let rows = self.run(statements::SCHEMA_VERSION, &[]).await?;
        let Some(row) = rows.first() else { return Ok(none) };
        Ok(SchemaVersion {
            version: column(row, "version", IT)?,
            compatible_from: column(row, "compatible_from", IT)?,
        })
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
    fn versions_go_together_or_not() {
        let fit =
            |version, compatible_from, build| SchemaVersion { version, compatible_from }.fit(build);
        assert_eq!(fit(0, 0, 2), Fit::Missing);
        assert_eq!(fit(1, 1, 2), Fit::Older);
        assert_eq!(fit(2, 1, 2), Fit::Fits);
        assert_eq!(fit(2, 1, 1), Fit::Fits, "what was only added does not disturb");
        assert_eq!(fit(9, 3, 2), Fit::TooNew);
    }

    #[test]
    fn go_separates_batches() {
        assert_eq!(batches("a\nGO\nb\n go \n\n"), ["a\n", "b\n"]);
    }
}
