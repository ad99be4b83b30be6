//! `init`: the control tables.

use xmlx_store::{Fit, SCHEMA_VERSION, Store, control_schema};

use crate::output::{self, Answer, Format};

/// Prints the T-SQL, for who wants to read it first or has to hand it to somebody else.
pub(crate) fn print(format: Format) -> anyhow::Result<Answer> {
    output::sql(format, control_schema().trim_end())?;
    Ok(Answer::Yes)
}

/// Creates what is missing.
pub(crate) async fn run(format: Format, store: &Store) -> anyhow::Result<Answer> {
    let problems: Vec<String> =
        store.database_facts().await?.problems().iter().map(ToString::to_string).collect();
    anyhow::ensure!(problems.is_empty(), "{}", problems.join("\n"));
    let before = store.schema_version().await?;
    let outcome = Outcome::of(before.fit(SCHEMA_VERSION));
    if outcome == Outcome::NotPossible {
        output::note(&format!("{}; upgrade this client", before.too_new_for(SCHEMA_VERSION)));
    }
    // Also where they fit, which brings back what somebody has deleted. Tables of a later version are left to a later
    // client, which knows what has to be there.
    let mut version = before.version;
    if version <= SCHEMA_VERSION && outcome != Outcome::NotPossible {
        store.migrate().await?;
        version = store.schema_version().await?.version;
    }
    output::verbatim(&outcome.rendered(format, version)?)?;
    Ok(outcome.answer())
}

/// What `init` found, or made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Created,
    Upgraded,
    AlreadySo,
    /// The tables are too new for this client.
    NotPossible,
}

impl Outcome {
    fn of(fit: Fit) -> Self {
        match fit {
            Fit::Missing => Self::Created,
            Fit::Older => Self::Upgraded,
            Fit::Fits => Self::AlreadySo,
            Fit::TooNew => Self::NotPossible,
        }
    }

    fn answer(self) -> Answer {
        Answer::from(self != Self::NotPossible)
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Upgraded => "brought up",
            Self::AlreadySo => "already so",
            Self::NotPossible => "not possible",
        }
    }

    fn rendered(self, format: Format, version: i32) -> anyhow::Result<String> {
        let name = self.as_str();
        let data = serde_json::json!({ "outcome": name, "schema_version": version });
        output::rendered(format, &data, |report| match self {
            Self::Upgraded => {
                report.line(&format!("brought up to version {version} of the control schema"));
            }
            Self::Created | Self::AlreadySo | Self::NotPossible => {
                report.line(&format!("{name}: control schema version {version}"));
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_is_said_and_only_tables_that_are_too_new_are_a_no() {
        for (fit, line, json, answer) in [
            (Fit::Missing, "created: control schema version 3", "created", Answer::Yes),
            (
                Fit::Older,
                "brought up to version 3 of the control schema",
                "brought up",
                Answer::Yes,
            ),
            (Fit::Fits, "already so: control schema version 3", "already so", Answer::Yes),
            (Fit::TooNew, "not possible: control schema version 3", "not possible", Answer::No),
        ] {
            let outcome = Outcome::of(fit);
            assert_eq!(outcome.rendered(Format::Table, 3).unwrap(), line);
            let json = format!(r#"{{"outcome":"{json}","schema_version":3}}"#);
            assert_eq!(outcome.rendered(Format::Json, 3).unwrap(), json);
            assert_eq!(outcome.answer(), answer, "{line}");
        }
    }
}
