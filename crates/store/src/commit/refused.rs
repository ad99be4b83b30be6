//! Which applications of a group the database refuses, all found in one round trip.
//!
//! Nothing of a search stays: it ends with a rollback, and the group is committed as any other one, with the
//! applications that were found recorded as failed.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};

use tiberius::ToSql;
use xmlx_domain::ErrorClass;

use super::{CommitPlan, Decided, Group, params, sql};
use crate::connection::{Row, column, optional};
use crate::encode::{self, ColumnCodec};
use crate::{Connection, Error, HeldLease};

/// What a search has found.
#[derive(Debug)]
pub struct Refusals {
    /// So many applications from the group's beginning on were tried. What follows has to be searched again, without
    /// those that were found: an error ended the transaction that they were tried in, or is not known to be the next
    /// application's own.
    pub tried: usize,
    /// Those of them that the database refuses, by their place in the group, and why.
    pub refused: Vec<(usize, Error)>,
}

/// Whether the server takes the statement. Servers that are compatible may not know all of it.
#[derive(Debug, Default)]
pub(super) struct Searchable(AtomicBool);

impl Searchable {
    pub(super) fn new() -> Self {
        Self(AtomicBool::new(true))
    }

    fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    fn forbid(&self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

impl CommitPlan {
    /// Finds the applications of a group that the database refuses for their data. Writes nothing.
    ///
    /// `None`: it cannot be found out in this way, and a commit has to be tried instead. The lease may have moved on, the
    /// log may have some of the applications already (the commit says which), or the server does not know the statement.
    ///
    /// # Errors
    /// An error that no application is to blame for; see [`Error`].
    pub async fn find_refused(
        &self,
        connection: &mut Connection,
        lease: &HeldLease,
        group: Group<'_>,
    ) -> Result<Option<Refusals>, Error> {
        // A job that writes nothing to the target tries nothing there either.
        let is_tried = self.writes && self.searchable.get();
        let Some(last) = group.decided.last().filter(|_| is_tried) else {
            return Ok(None);
        };
        let encoded = self.encode(group.decided);
        let rows = rows_of_each(&self.codecs, group.decided);
        let n_applications = i32::try_from(group.decided.len()).unwrap_or(i32::MAX);
        let values = self.values(lease, &group, last.app_id(), &encoded);
        let mut params = values.in_order();
        params.extend([&rows as &dyn ToSql, &n_applications]);
        match connection.run_sized(rows.len(), &self.search, &params).await {
            Ok(rows) => refusals(read(&rows, group.decided.len())?).map(Some),
            Err(Error::Fenced | Error::DecidedElsewhere) => Ok(None),
            Err(err) => match err.class() {
                ErrorClass::Transient | ErrorClass::Ambiguous | ErrorClass::Capacity => Err(err),
                // What the applications are refused for does not end the statement: it is the statement itself.
                ErrorClass::Data | ErrorClass::Fatal | ErrorClass::Unclear | ErrorClass::Fenced => {
                    self.searchable.forbid();
                    Ok(None)
                }
            },
        }
    }
}

/// A row of the answer: an error of the `n`-th application, or, without one, how many applications were tried.
#[derive(Debug)]
struct Answer {
    n: usize,
    err: Option<Error>,
}

/// Reads the answer: a row for each refusal, and one that says how many applications were tried.
fn read(rows: &[Row], n_applications: usize) -> Result<Vec<Answer>, Error> {
    const STATEMENT: &str = "find_refused";
    let shape = |detail: &str| Error::Shape { statement: STATEMENT, detail: detail.to_owned() };
    let mut answers = Vec::with_capacity(rows.len());
    for row in rows {
        let n = usize::try_from(column::<i32>(row, "n", STATEMENT)?);
        let n = n.ok().filter(|n| *n <= n_applications);
        let n = n.ok_or_else(|| shape("`n` is out of range"))?;
        let number = optional::<i32>(row, "number", STATEMENT)?;
        let message = optional::<&str>(row, "message", STATEMENT)?.unwrap_or_default();
        let number = number.map(|number| u32::try_from(number).unwrap_or_default());
        answers.push(Answer { n, err: number.map(|number| Error::of_server(number, message)) });
    }
    let is_last = |(i, answer): (usize, &Answer)| answer.err.is_none() == (i + 1 == rows.len());
    if answers.is_empty() || !answers.iter().enumerate().all(is_last) {
        return Err(shape("it does not end with how many applications were tried"));
    }
    Ok(answers)
}

/// What follows from the errors. An error that no application is to blame for is that of the whole search.
fn refusals(answers: Vec<Answer>) -> Result<Refusals, Error> {
    let mut found = Refusals { tried: usize::MAX, refused: Vec::new() };
    for Answer { n, err } in answers {
        let Some(err) = err else {
            // Whether an unlisted error is the application's own is found by committing it alone.
            found.tried = found.tried.min(n);
            continue;
        };
        match err.class() {
            ErrorClass::Data => found.refused.push((n, err)),
            ErrorClass::Unclear => found.tried = n,
            ErrorClass::Fenced
            | ErrorClass::Transient
            | ErrorClass::Ambiguous
            | ErrorClass::Capacity
            | ErrorClass::Fatal => {
                return Err(err);
            }
        }
    }
    Ok(found)
}

/// The rows of each application on their own: how long their JSON is, a digit for each table that says whether it has
/// rows there, and the JSON, one array for each table. The statement cuts it by these lengths, so that no document is
/// read twice; it is ASCII alone, so that a length is the same in every collation.
fn rows_of_each(codecs: &[Vec<ColumnCodec>], group: &[Decided]) -> String {
    let mut out = String::new();
    for decided in group {
        let (mut filled, mut json) = (String::new(), String::from("["));
        for (i, codecs) in codecs.iter().enumerate() {
            let rows = match decided {
                Decided::Rows(application) => application.tables.get(i).map(Vec::as_slice),
                Decided::Failed { .. } | Decided::Elsewhere { .. } => None,
            };
            let rows = rows.unwrap_or_default();
            filled.push(if rows.is_empty() { '0' } else { '1' });
            if i > 0 {
                json.push(',');
            }
            let mut array = String::new();
            rows.iter().for_each(|row| encode::push_row(codecs, row, &mut array));
            json.push_str(if array.is_empty() { "[" } else { &array });
            json.push(']');
        }
        // What is deleted before is found by it.
        match decided {
            Decided::Rows(application) => write!(json, ",[{}]]", application.app_id),
            Decided::Failed { .. } | Decided::Elsewhere { .. } => write!(json, ",[]]"),
        }
        .expect("writing to a string does not fail");
        let json = encode::ascii(&json);
        write!(out, "{:0digits$}{filled}{json}", json.len(), digits = sql::LENGTH_DIGITS)
            .expect("writing to a string does not fail");
    }
    encode::pad(&mut out);
    out
}

/// The types of the parameters behind those of the commit.
pub(super) fn declared() -> String {
    params::declared(&["nvarchar(max)", "int"])
}

#[cfg(test)]
mod tests {
    use xmlx_domain::{LogReason, Stage};
    use xmlx_extract::{Application, Value};

    use super::*;
    use crate::catalog::CatalogColumn;

    /// What a search comes to that answers with these errors and has tried so many applications.
    fn found(errors: &[(usize, u32)], tried: usize) -> Result<(usize, Vec<usize>), u32> {
        let answer =
            |&(n, number): &(usize, u32)| Answer { n, err: Some(Error::of_server(number, "")) };
        let end = Answer { n: tried, err: None };
        let answers = errors.iter().map(answer).chain([end]).collect();
        match refusals(answers) {
            Ok(found) => Ok((found.tried, found.refused.into_iter().map(|(n, _)| n).collect())),
            Err(err) => Err(err.number().expect("a server's error")),
        }
    }

    #[test]
    fn only_errors_of_data_are_an_applications_own() {
        assert_eq!(found(&[], 10), Ok((10, vec![])));
        assert_eq!(found(&[(2, 2627), (5, 547), (7, 50_001)], 10), Ok((10, vec![2, 5, 7])));
        assert_eq!(found(&[(2, 2627), (5, 245)], 6), Ok((6, vec![2, 5])), "the second one doomed");
        // Not known to be its own: it is tried alone.
        assert_eq!(found(&[(2, 2627), (5, 3616)], 6), Ok((5, vec![2])));
        assert_eq!(found(&[(0, 33_557_097)], 1), Ok((0, vec![])));
        // It passes, or it is everybody's: nobody fails for it, nor for what was found before.
        for number in [1205, 1222, 40613, 9002, 208] {
            assert_eq!(found(&[(2, 2627), (5, number)], 6), Err(number));
        }
    }

    #[test]
    fn each_application_stands_alone_behind_its_length() {
        let codec = |type_name| ColumnCodec::new(&CatalogColumn::of_type(type_name, 0, 0));
        let codecs = [vec![codec("int"), codec("nvarchar")], vec![codec("int")]];
        let row = |id, text: &str| Box::from([Value::Int(id), Value::Text(text.to_owned())]);
        let tables = vec![vec![row(1, "é"), row(2, "🂡\"")], Vec::new()];
        let group = [
            Decided::Rows(Application {
                app_id: 1,
                tables,
                warnings: Vec::new(),
                defaults: Vec::new(),
            }),
            Decided::Failed { app_id: 2, reason: LogReason::new(Stage::Mapping, "") },
        ];
        let rows = rows_of_each(&codecs, &group);
        assert_eq!(
            rows.trim_end(),
            r#"000000004410[[[1,"\u00e9"],[2,"\ud83c\udca1\""]],[],[1]]000000001000[[],[],[]]"#
        );
        assert!(rows.is_ascii() && rows.len() > 4_000, "it travels as nvarchar(max)");
    }
}
