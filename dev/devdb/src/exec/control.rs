//! BEGIN, COMMIT and ROLLBACK, by statement or by request.

use crate::error::{SqlError, SqlResult};
use crate::exec::session::Session;
use crate::wire::tokens::Transaction;

impl Session {
    /// Begins a transaction, or one level more of one. Nothing is locked before it writes.
    pub(crate) fn begin(&mut self, out: &mut Vec<u8>) -> SqlResult<()> {
        if self.tran_count == 0 {
            self.open_descriptor(out);
        }
        self.tran_count += 1;
        self.row_count = 0;
        Ok(())
    }

    /// Commits the outermost level, or leaves an inner one.
    pub(crate) fn commit(&mut self, out: &mut Vec<u8>) -> SqlResult<()> {
        if self.tran_count == 0 {
            let text = "The COMMIT TRANSACTION request has no corresponding BEGIN TRANSACTION.";
            return Err(SqlError::new(3902, text));
        }
        self.tran_count -= 1;
        self.row_count = 0;
        if self.tran_count > 0 {
            return Ok(());
        }
        let committed = self.commit_writes();
        self.close_descriptor(
            out,
            if committed.is_ok() { Transaction::Committed } else { Transaction::RolledBack },
        );
        committed
    }

    /// Rolls back all levels.
    pub(crate) fn rollback(&mut self, out: &mut Vec<u8>) -> SqlResult<()> {
        if self.tran_count == 0 {
            let text = "The ROLLBACK TRANSACTION request has no corresponding BEGIN TRANSACTION.";
            return Err(SqlError::new(3903, text));
        }
        self.abandon(out);
        self.row_count = 0;
        Ok(())
    }

    /// A place in the transaction to come back to. It has written before: what was only read needs none.
    pub(crate) fn save(&mut self, name: &str) -> SqlResult<()> {
        self.at_savepoint("SAVEPOINT", name)
    }

    /// Undoes what was written since a savepoint, which stays.
    pub(crate) fn rollback_to(&mut self, name: &str) -> SqlResult<()> {
        self.at_savepoint("ROLLBACK TO", name)
    }

    fn at_savepoint(&mut self, verb: &str, name: &str) -> SqlResult<()> {
        self.row_count = 0;
        let db = self.writer().filter(|_| self.tran_count > 0).ok_or_else(|| {
            let text = format!("devdb: there is no transaction that has written for {verb}.");
            SqlError::new(628, text)
        })?;
        Ok(db.execute_batch(&format!("{verb} \"t_{}\"", name.replace('"', "\"\"")))?)
    }
}
