//! The record of who did what: written in the transaction of what was done, each row bound to the one before by a hash.
//!
//! A writer reads where the record ends and the database's time, makes the next row of it, and sends it with what it
//! records. Where somebody else was faster, everything is rolled back and tried again with the new end.

use sha2::{Digest as _, Sha256};
use tiberius::ToSql;

use crate::catalog::Room;
use crate::connection::{Row, column, only, text};
use crate::schema::AUDIT_SINCE;
use crate::{Error, Store, statements};

/// Writers take turns; more of them at once than this are not to be expected.
const TRIES: u32 = 8;
/// How a statement that changes something ends.
const COMMIT: &str = "\nCOMMIT;";

/// What is recorded. It holds no value of an application.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// The name in the certificate or of the token; empty: nobody had to prove who he was.
    pub who: String,
    /// Where the call came from.
    pub address: String,
    /// What was called, such as `JobService/Pause`.
    pub method: String,
    /// What it was about, such as `job 7`.
    pub subject: String,
    /// SHA-256 of the contract's text, where there is one.
    pub contract_hash: String,
    /// The other parameters, as a JSON object.
    pub parameters: String,
    /// `done`, or `denied`.
    pub outcome: String,
}

/// A row of the record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// Its number: one more than the one before.
    pub entry: i64,
    /// The database's time, UTC, ISO 8601.
    pub at: String,
    /// What was recorded.
    pub record: Record,
    /// The hash of the row before.
    pub previous: String,
    /// The hash over all of it.
    pub hash: String,
}

/// Where the record ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditHead {
    /// The number of the last row; 0: there is none.
    pub entry: i64,
    /// Its hash.
    pub hash: String,
    at: String,
}

impl Record {
    /// As it fits its columns.
    fn fitted(&self) -> Self {
        let fit = |text: &str, units| Room::Units(units).fit(text).to_owned();
        Self {
            who: fit(&self.who, 200),
            address: fit(&self.address, 60),
            method: fit(&self.method, 100),
            subject: fit(&self.subject, 200),
            contract_hash: fit(&self.contract_hash, 64),
            parameters: fit(&self.parameters, 2000),
            outcome: fit(&self.outcome, 20),
        }
    }

    fn behind(&self, head: &AuditHead) -> AuditRow {
        let record = self.fitted();
        let (entry, at) = (head.entry + 1, milliseconds(&head.at));
        let hash = chain(&head.hash, entry, &at, &record);
        AuditRow { entry, at, record, previous: head.hash.clone(), hash }
    }
}

impl AuditRow {
    /// Whether its hash is over what it holds.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.hash == chain(&self.previous, self.entry, &milliseconds(&self.at), &self.record)
    }
}

/// SHA-256, in hexadecimal. Each part goes in with its length, so that no two rows go in as the same bytes.
fn chain(previous: &str, entry: i64, at: &str, record: &Record) -> String {
    let Record { who, address, method, subject, contract_hash, parameters, outcome } = record;
    let entry = entry.to_string();
    let parts =
        [previous, &entry, at, who, address, method, subject, contract_hash, parameters, outcome];
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part.len().to_be_bytes());
        digest.update(part.as_bytes());
    }
    hexadecimal(&digest.finalize())
}

pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A time with three digits of its second: servers leave zeros out, or give more.
fn milliseconds(at: &str) -> String {
    let (seconds, fraction) = at.split_once('.').unwrap_or((at, ""));
    let digits: String = fraction.chars().chain(std::iter::repeat('0')).take(3).collect();
    format!("{seconds}.{digits}")
}

/// What stands in the transaction of what is recorded; its first parameter has the number `first`.
fn part(first: usize) -> String {
    let p = |n: usize| format!("@P{}", first + n);
    let values: Vec<String> = (0..11).map(p).collect();
    format!(
        "UPDATE [xmlx].[audit_head] SET [entry] = {entry}, [hash] = {hash} WHERE [id] = 1 AND [hash] = CAST({previous} AS varchar(64));\n\
         IF @@ROWCOUNT <> 1 THROW 51006, N'the record has another end', 1;\n\
         INSERT INTO [xmlx].[audit] ([entry], [at], [who], [address], [method], [subject], [contract_hash], [parameters], [outcome], [previous], [hash])\n\
         VALUES ({values});",
        entry = p(0),
        previous = p(9),
        hash = p(10),
        values = values.join(", "),
    )
}

const TYPES: [&str; 11] = [
    "bigint",
    "nvarchar(30)",
    "nvarchar(200)",
    "nvarchar(60)",
    "nvarchar(100)",
    "nvarchar(200)",
    "varchar(64)",
    "nvarchar(2000)",
    "varchar(20)",
    "varchar(64)",
    "varchar(64)",
];

/// A statement that records what it does: the record stands before its `COMMIT`.
fn with_record(statement: &str, n_params: usize) -> String {
    let part = part(n_params + 1);
    let at = statement.rfind(COMMIT).expect("what is recorded has a transaction");
    format!("{}\n{part}{}", &statement[..at], &statement[at..])
}

/// The statement for a record alone.
fn alone() -> String {
    format!("SET XACT_ABORT ON;\nSET LOCK_TIMEOUT 5000;\nBEGIN TRAN;\n{}{COMMIT}\n", part(1))
}

/// Every statement with a record, for checks from outside.
#[must_use]
pub fn audited_statements() -> Vec<(String, String)> {
    let typed = |first: usize| -> Vec<String> {
        TYPES.iter().enumerate().map(|(n, kind)| format!("@P{} {kind}", first + n)).collect()
    };
    let mut all = vec![(
        "audit_alone".to_owned(),
        format!("-- params: {}\n{}", typed(1).join(", "), alone()),
    )];
    for (name, text) in statements::all() {
        if !AUDITED.contains(&name) {
            continue;
        }
        let mut n_params = 0;
        let lines = text.lines().map(|line| match line.strip_prefix("-- params: ") {
            Some(own) => {
                n_params = own.split(", @P").count();
                format!("-- params: {own}, {}", typed(n_params + 1).join(", "))
            }
            None => line.to_owned(),
        });
        let lines: Vec<String> = lines.collect();
        all.push((format!("{name}_recorded"), with_record(&lines.join("\n"), n_params) + "\n"));
    }
    all
}

/// What is recorded with what it does.
const AUDITED: [&str; 5] =
    ["job_insert", "job_state", "leader_throttle", "token_insert", "token_revoke"];

impl Store {
    /// Runs a statement together with the record of it; without one, or where the control tables have no room for it
    /// yet, the statement alone.
    pub(crate) async fn run_recorded(
        &self,
        statement: &'static str,
        params: &[&dyn ToSql],
        record: Option<&Record>,
    ) -> Result<Vec<Row>, Error> {
        let Some(record) = record else { return self.run(statement, params).await };
        if !self.has_schema(AUDIT_SINCE).await? {
            return self.run(statement, params).await;
        }
        let statement = with_record(statement, params.len());
        self.append(&statement, params, record).await
    }

    /// Records something that has no transaction of its own: before it is done, or because it was denied.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn record(&self, record: &Record) -> Result<(), Error> {
        if self.has_schema(AUDIT_SINCE).await? {
            self.append(&alone(), &[], record).await?;
        }
        Ok(())
    }

    async fn append(
        &self,
        statement: &str,
        params: &[&dyn ToSql],
        record: &Record,
    ) -> Result<Vec<Row>, Error> {
        let mut tries = 0;
        loop {
            let row = record.behind(&self.audit_head().await?);
            let AuditRow { entry, at, record: it, previous, hash } = &row;
            let own: [&dyn ToSql; 11] = [
                entry,
                at,
                &it.who,
                &it.address,
                &it.method,
                &it.subject,
                &it.contract_hash,
                &it.parameters,
                &it.outcome,
                previous,
                hash,
            ];
            let all: Vec<&dyn ToSql> = params.iter().copied().chain(own).collect();
            tries += 1;
            match self.run(statement, &all).await {
                Err(Error::Outrun) if tries < TRIES => (),
                outcome => return outcome,
            }
        }
    }

    /// Where the record ends.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn audit_head(&self) -> Result<AuditHead, Error> {
        const IT: &str = "audit_head";
        let rows = self.run(statements::AUDIT_HEAD, &[]).await?;
        let row = only(&rows, IT)?;
        Ok(AuditHead {
            entry: column(row, "entry", IT)?,
            hash: text(row, "hash", IT)?,
            at: text(row, "at", IT)?,
        })
    }

    /// At most `n_max` rows of the record behind entry `after`, in their order; of the last `seconds` alone where that
    /// is more than 0.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn audit_page(
        &self,
        after: i64,
        n_max: i64,
        seconds: i32,
    ) -> Result<Vec<AuditRow>, Error> {
        const IT: &str = "audit_page";
        if !self.has_schema(AUDIT_SINCE).await? {
            return Ok(Vec::new());
        }
        let rows = self.run(statements::AUDIT_PAGE, &[&after, &n_max, &seconds]).await?;
        let read = |row| {
            Ok(AuditRow {
                entry: column(row, "entry", IT)?,
                at: milliseconds(&text(row, "at", IT)?),
                record: Record {
                    who: text(row, "who", IT)?,
                    address: text(row, "address", IT)?,
                    method: text(row, "method", IT)?,
                    subject: text(row, "subject", IT)?,
                    contract_hash: text(row, "contract_hash", IT)?,
                    parameters: text(row, "parameters", IT)?,
                    outcome: text(row, "outcome", IT)?,
                },
                previous: text(row, "previous", IT)?,
                hash: text(row, "hash", IT)?,
            })
        };
        rows.iter().map(read).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(n: i64) -> Vec<AuditRow> {
        let mut head = AuditHead { entry: 0, hash: String::new(), at: String::new() };
        let mut all = Vec::new();
        for i in 0..n {
            head.at = format!("2026-01-01T00:00:0{i}.5");
            let record =
                Record { who: "ann".to_owned(), subject: format!("job {i}"), ..Record::default() };
            let row = record.behind(&head);
            head = AuditHead { entry: row.entry, hash: row.hash.clone(), ..head };
            all.push(row);
        }
        all
    }

    /// The number of the first row that is not sound, or does not follow the one before.
    fn first_break(rows: &[AuditRow]) -> Option<i64> {
        let (mut entry, mut hash) = (0, String::new());
        for row in rows {
            if row.entry != entry + 1 || row.previous != hash || !row.is_sound() {
                return Some(entry + 1);
            }
            (entry, hash) = (row.entry, row.hash.clone());
        }
        None
    }

    #[test]
    fn every_change_of_the_record_is_found_where_it_is() {
        assert_eq!(first_break(&rows(5)), None);
        let changed = |change: fn(&mut Vec<AuditRow>)| {
            let mut all = rows(5);
            change(&mut all);
            first_break(&all)
        };
        assert_eq!(changed(|all| all[2].record.who = "eve".to_owned()), Some(3));
        assert_eq!(changed(|all| all[2].at = "2026-01-01T00:00:02.600".to_owned()), Some(3));
        assert_eq!(changed(|all| drop(all.remove(2))), Some(3));
        assert_eq!(changed(|all| drop(all.remove(0))), Some(1));
        assert_eq!(changed(|all| all.swap(1, 2)), Some(2));
        // Whoever also computes the hash of the row anew breaks the next one.
        let forged = changed(|all| {
            all[2].record.who = "eve".to_owned();
            let AuditRow { previous, entry, at, record, .. } = all[2].clone();
            all[2].hash = chain(&previous, entry, &at, &record);
        });
        assert_eq!(forged, Some(4));
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        let record = |who: &str, address: &str| Record {
            who: who.to_owned(),
            address: address.to_owned(),
            ..Record::default()
        };
        let hash = |record| chain("", 1, "t", &record);
        assert_ne!(hash(record("ab", "c")), hash(record("a", "bc")));
    }

    #[test]
    fn times_have_three_digits_however_the_server_writes_them() {
        for (at, expected) in [
            ("2026-01-01T00:00:00", "2026-01-01T00:00:00.000"),
            ("2026-01-01T00:00:00.5", "2026-01-01T00:00:00.500"),
            ("2026-01-01T00:00:00.1234567", "2026-01-01T00:00:00.123"),
        ] {
            assert_eq!(milliseconds(at), expected);
        }
    }

    #[test]
    fn the_record_stands_in_the_transaction() {
        let all = audited_statements();
        assert_eq!(all.len(), AUDITED.len() + 1);
        for (name, text) in all {
            let begin = text.find("BEGIN TRAN;").expect(&name);
            let record = text.find("INSERT INTO [xmlx].[audit]").expect(&name);
            let commit = text.rfind("COMMIT;").expect(&name);
            assert!(begin < record && record < commit, "{name}");
        }
    }
}
