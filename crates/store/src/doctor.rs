//! `doctor`: everything that is assumed of the server is tried on it, and its pace measured.
//!
//! All of it happens in a schema of its own, which is made and dropped: with the product's own control tables and
//! statements, moved there by their schema's name, and with documents of its own. No table of anybody is read.

mod measure;
mod scratch;

use xmlx_domain::ErrorClass;
use xmlx_extract::Application;

use crate::assumptions::{self as a, Assumption, assumptions};
use crate::catalog::DatabaseFacts;
use crate::commit::Decided;
use crate::{Error, Store};
pub use measure::Pace;
use scratch::Scratch;
pub use scratch::{SCRATCH, scratch_scripts, scratch_statements};

/// Whether the server does what is assumed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It does.
    AsExpected,
    /// It does something else.
    Differs,
    /// It could not be tried.
    Untried,
}

/// What came of one assumption. `found` holds nothing but what the trial itself has brought along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What is assumed.
    pub assumption: Assumption,
    /// Whether it holds.
    pub verdict: Verdict,
    /// What the server did; empty where it is as expected.
    pub found: String,
}

/// What was found out about a server.
#[derive(Clone, Debug)]
pub struct Examination {
    /// What the database is set to.
    pub facts: DatabaseFacts,
    /// One for each assumption, in the order of the list.
    pub answers: Vec<Answer>,
    /// How fast it commits, by size of the group and slots.
    pub paces: Vec<Pace>,
}

/// What was found, by assumption.
#[derive(Debug, Default)]
struct Notes(Vec<Answer>);

impl Notes {
    /// `None`: as expected.
    fn note(&mut self, assumption: Assumption, found: Option<String>) {
        let verdict = if found.is_some() { Verdict::Differs } else { Verdict::AsExpected };
        self.0.push(Answer { assumption, verdict, found: found.unwrap_or_default() });
    }

    /// The answers in the order of the list; what has none was not tried, for the reason given.
    fn in_order(self, why_untried: &str) -> Vec<Answer> {
        let of = |assumption: Assumption| {
            let found = self.0.iter().find(|answer| answer.assumption == assumption).cloned();
            found.unwrap_or_else(|| Answer {
                assumption,
                verdict: Verdict::Untried,
                found: why_untried.to_owned(),
            })
        };
        assumptions().into_iter().map(of).collect()
    }
}

impl Store {
    /// Tries every assumption in a scratch schema, and measures. The schema stays where this is not awaited to its end:
    /// [`Store::drop_scratch`] takes it away.
    ///
    /// # Errors
    /// What keeps it from being tried at all, such as a missing permission; see [`Error`].
    pub async fn examine(&self) -> Result<Examination, Error> {
        let mut notes = Notes::default();
        let facts = self.database_facts().await?;
        note_facts(&facts, &mut notes);
        let server = self.server_findings().await?;
        for (assumption, found) in server.found {
            notes.note(assumption, found);
        }
        let scratch = Scratch::make(self).await?;
        let mut why_untried = "what it builds on differs".to_owned();
        if let Err(err) = scratch.try_all(&facts, &mut notes).await {
            // The server has refused a statement of the trial itself.
            why_untried = format!("the trial was refused: {err}");
            if err.class() == ErrorClass::Ambiguous {
                return Err(err);
            }
        }
        let commits = notes
            .0
            .iter()
            .any(|answer| answer.assumption == a::COMMIT && answer.verdict == Verdict::AsExpected);
        let paces = if commits { scratch.measure().await? } else { Vec::new() };
        Ok(Examination { facts, answers: notes.in_order(&why_untried), paces })
    }
}

fn note_facts(facts: &DatabaseFacts, notes: &mut Notes) {
    let level = facts.compatibility_level;
    notes.note(a::COMPATIBILITY, (level < 130).then(|| format!("level {level}")));
    let forced = facts.forces_delayed_durability;
    notes.note(a::DURABILITY, forced.then(|| "DELAYED_DURABILITY = FORCED".to_owned()));
    let versions = facts.read_committed_snapshot;
    notes.note(a::ROW_VERSIONS, (!versions).then(|| "OFF".to_owned()));
}

/// The fewest slots, and of them the smallest group, that come near to the best of all.
#[must_use]
pub fn recommended(paces: &[Pace]) -> Option<Pace> {
    const NEAR: f64 = 0.9;
    let best = paces.iter().map(|pace| pace.apps_per_second).reduce(f64::max)?;
    let near = paces.iter().filter(|pace| pace.apps_per_second >= best * NEAR);
    near.min_by_key(|pace| (pace.slots, pace.group_apps)).copied()
}

impl Scratch {
    /// Tries what takes tables.
    async fn try_all(&self, facts: &DatabaseFacts, notes: &mut Notes) -> Result<(), Error> {
        let first = [self.application(1), self.application(2), self.application(3)];
        let landed = self.commit(1, 0, 1, &first).await;
        notes.note(a::COMMIT, refused(&landed, self.rows().await?, 3));
        if landed.is_err() {
            return Ok(());
        }
        let again = self.commit(1, 0, 1, &first).await;
        notes.note(a::COMMIT_AGAIN, not_fenced(&again, self.rows().await?, 3));
        let zombie = self.commit(2, 0, 7, &[self.application(20)]).await;
        notes.note(a::COMMIT_EPOCH, not_fenced(&zombie, self.rows().await?, 3));
        let decided = self.commit(2, 0, 1, &[self.application(2)]).await;
        let is_elsewhere = matches!(decided, Err(Error::DecidedElsewhere));
        notes.note(a::COMMIT_DECIDED, otherwise(is_elsewhere, &decided, self.rows().await?, 3));

        // Row 50 is there, and its row of the log is not.
        self.commit(2, 0, 1, &[self.application(50)]).await?;
        self.forget(50).await?;
        let twice = self.commit(3, 0, 1, &[self.application(49), self.application(50)]).await;
        let is_key = number(&twice).is_some_and(|number| matches!(number, 2601 | 2627));
        notes.note(a::COMMIT_KEY, otherwise(is_key, &twice, self.rows().await?, 3));
        let orphan = self.commit(3, 0, 1, &[orphaned(self.application(60))]).await;
        let is_key = number(&orphan) == Some(547);
        notes.note(a::COMMIT_PARENT, otherwise(is_key, &orphan, self.rows().await?, 3));
        let group = [self.application(61), self.application(50), self.application(62)];
        let searched = self.search(3, 0, 1, &group).await?;
        let found = (searched != Some((3, vec![1])) || self.rows().await? != 3)
            .then(|| format!("{searched:?}"));
        notes.note(a::SEARCH, found);
        self.try_locks(facts, notes).await
    }

    async fn try_locks(&self, facts: &DatabaseFacts, notes: &mut Notes) -> Result<(), Error> {
        let held = self.hold_range().await?;
        let waited = self.write_impatiently(4).await;
        let is_timeout = number(&waited) == Some(1222);
        notes.note(a::LOCK_TIMEOUT, otherwise(is_timeout, &waited, 0, 0));
        let read = self.read_impatiently(4).await;
        let is_so =
            if facts.read_committed_snapshot { read.is_ok() } else { number(&read) == Some(1222) };
        notes.note(a::READERS, otherwise(is_so, &read, 0, 0));
        drop(held);
        Ok(())
    }
}

/// The application without the row that its others hang off.
fn orphaned(mut application: Application) -> Application {
    if let Some(parents) = application.tables.first_mut() {
        parents.clear();
    }
    application
}

fn number<T>(answer: &Result<T, Error>) -> Option<u32> {
    answer.as_ref().err().and_then(Error::number)
}

fn refused<T>(answer: &Result<T, Error>, n_logged: i64, expected: i64) -> Option<String> {
    otherwise(answer.is_ok(), answer, n_logged, expected)
}

fn not_fenced<T>(answer: &Result<T, Error>, n_logged: i64, expected: i64) -> Option<String> {
    otherwise(matches!(answer, Err(Error::Fenced)), answer, n_logged, expected)
}

/// What happened instead; `None`: just what is expected, and the log has as many rows as it should.
fn otherwise<T>(
    is_so: bool,
    answer: &Result<T, Error>,
    n_logged: i64,
    expected: i64,
) -> Option<String> {
    let said = match answer {
        Ok(_) => "no error".to_owned(),
        Err(err) => err.to_string(),
    };
    match (is_so, n_logged == expected) {
        (true, true) => None,
        (true, false) => Some(format!("{said}, but the log has {n_logged} rows, not {expected}")),
        (false, _) => Some(said),
    }
}

/// An application with the rows that it gives.
fn as_decided(application: &Application) -> Decided {
    Decided::Rows(application.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fewest_slots_near_the_best_are_recommended() {
        let pace = |group_apps, slots, apps_per_second| Pace {
            group_apps,
            slots,
            commits_per_second: apps_per_second / f64::from(group_apps),
            apps_per_second,
        };
        let paces =
            [pace(10, 1, 500.0), pace(100, 1, 900.0), pace(100, 4, 1_900.0), pace(500, 8, 2_000.0)];
        assert_eq!(recommended(&paces), Some(paces[2]));
        assert_eq!(recommended(&[]), None);
    }

    #[test]
    fn what_was_not_tried_says_so() {
        let mut notes = Notes::default();
        notes.note(a::COMMIT, Some("x".to_owned()));
        let answers = notes.in_order("why");
        assert_eq!(answers.len(), assumptions().len());
        let of = |assumption: Assumption| {
            answers.iter().find(|answer| answer.assumption == assumption).expect("each is there")
        };
        assert_eq!((of(a::COMMIT).verdict, of(a::COMMIT).found.as_str()), (Verdict::Differs, "x"));
        assert_eq!(
            (of(a::SEARCH).verdict, of(a::SEARCH).found.as_str()),
            (Verdict::Untried, "why")
        );
    }
}
