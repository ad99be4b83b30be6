//! A batch from its first statement to its last, and what its errors end.

use std::borrow::Cow;
use std::sync::Arc;

use crate::bind;
use crate::error::{SqlError, SqlResult};
use crate::exec::compiled::Compiled;
use crate::exec::session::Session;
use crate::plan::Plan;
use crate::sql::ast::{Node, Setting, Stmt};
use crate::value::datum::{Datum, Owned};
use crate::wire::tokens::{self, DONE_COUNT, DONE_ERROR, DONE_MORE, Done};

/// The first number that THROW may raise.
const THROW_MIN: i64 = 50_000;
const STATUS_FAILED: u32 = 1;

/// A running batch.
struct Run<'a> {
    session: &'a mut Session,
    compiled: &'a Compiled,
    values: Cow<'a, [Owned]>,
    done: Done,
    out: &'a mut Vec<u8>,
    has_failed: bool,
    /// Where the last DONE token ends in `out`.
    done_end: usize,
    /// How many TRY blocks are around the statement at hand.
    tries: u32,
}

/// What an error ends.
enum Ended {
    /// The rest of the batch is skipped.
    Batch,
    /// The rest of the TRY block around is.
    Try(SqlError),
}

impl Session {
    /// Runs a batch and appends its whole answer to `out`.
    pub(crate) fn run_batch(
        &mut self,
        compiled: &Compiled,
        values: &[Owned],
        done: Done,
        out: &mut Vec<u8>,
    ) {
        let is_procedure = done == Done::InProcedure;
        let tran_count = self.tran_count;
        let settings = self.settings.clone();
        let mut run = Run {
            session: self,
            compiled,
            values: Cow::Borrowed(values),
            done,
            out,
            has_failed: false,
            done_end: usize::MAX,
            tries: 0,
        };
        let batch = &compiled.batch;
        let n_variables = batch.variables.len() - batch.params.len();
        if n_variables > 0 {
            run.values.to_mut().extend(std::iter::repeat_n(Datum::Null, n_variables));
        }
        let has_ended = run.nodes(&batch.body).is_err();
        run.session.caught = None;
        if run.session.is_doomed {
            run.session.abandon(run.out);
            let text = "Uncommittable transaction is detected at the end of the batch. The transaction is rolled back.";
            run.report(&SqlError::new(3998, text));
        }
        let counts = run.session.engine.like.counts_transactions();
        if is_procedure && !has_ended && counts && run.session.tran_count != tran_count {
            let now = run.session.tran_count;
            let text = format!(
                "Transaction count after EXECUTE indicates a mismatching number of BEGIN and COMMIT statements. Previous count = {tran_count}, current count = {now}."
            );
            // Not an error of any statement: XACT_ABORT does not look at it.
            run.report(&SqlError::new(266, text).with_state(2));
        }
        run.close();
        if is_procedure {
            self.settings = settings;
        }
    }
}

impl Run<'_> {
    fn nodes(&mut self, nodes: &[Node]) -> Result<(), Ended> {
        nodes.iter().try_for_each(|node| self.node(node))
    }

    fn node(&mut self, node: &Node) -> Result<(), Ended> {
        match &node.stmt {
            Stmt::Block(body) => return self.nodes(body),
            Stmt::If { then, otherwise, .. } => {
                return match (self.condition(node), otherwise) {
                    (Ok(true), _) => self.node(then),
                    (Ok(false), Some(otherwise)) => self.node(otherwise),
                    (Ok(false), None) => Ok(()),
                    (Err(err), _) => self.failed(err, node.line),
                };
            }
            Stmt::While { body, .. } => loop {
                match self.condition(node) {
                    Ok(true) => self.node(body)?,
                    Ok(false) => return Ok(()),
                    Err(err) => return self.failed(err, node.line),
                }
            },
            Stmt::Try { body, handler } => return self.guarded(body, handler),
            Stmt::Begin | Stmt::Commit | Stmt::Rollback | Stmt::Throw { .. } | Stmt::Set(_) => {}
            Stmt::Save(_) | Stmt::RollbackTo(_) | Stmt::Assign { .. } => {}
            Stmt::CreateSchema(_)
            | Stmt::CreateTable(_)
            | Stmt::CreateIndex(_)
            | Stmt::DropTable { .. }
            | Stmt::DropSchema(_)
            | Stmt::Principal(_) => {}
            Stmt::Insert(_) | Stmt::Update(_) | Stmt::Delete(_) | Stmt::Select(_) => {}
        }
        let start = self.out.len();
        match self.statement(node) {
            Ok(()) => Ok(()),
            Err(err) => {
                // Rows already written belong to a statement that did not come to its end.
                if matches!(node.stmt, Stmt::Select(_) | Stmt::Insert(_) | Stmt::Update(_)) {
                    self.out.truncate(start);
                }
                self.failed(err, node.line)
            }
        }
    }

    /// Runs a TRY block, and its CATCH block where an error ended it.
    fn guarded(&mut self, body: &[Node], handler: &[Node]) -> Result<(), Ended> {
        self.tries += 1;
        let ended = self.nodes(body);
        self.tries -= 1;
        let Err(Ended::Try(err)) = ended else { return ended };
        let err = self.session.engine.like.reported(err);
        let before = self.session.caught.replace(err);
        let handled = self.nodes(handler);
        self.session.caught = before;
        handled
    }

    fn statement(&mut self, node: &Node) -> SqlResult<()> {
        if self.session.is_doomed && node.stmt.needs_sound_transaction() {
            return Err(SqlError::new(
                3930,
                "The current transaction cannot be committed and cannot support operations that write to the log file. Roll back the transaction.",
            ));
        }
        match &node.stmt {
            Stmt::Save(name) => self.session.save(name),
            Stmt::RollbackTo(name) => self.session.rollback_to(name),
            Stmt::Assign { variable, .. } => self.assign(node, *variable),
            Stmt::Begin => self.session.begin(self.out),
            Stmt::Commit => self.session.commit(self.out),
            Stmt::Rollback => self.session.rollback(self.out),
            Stmt::Set(setting) => self.set(setting),
            Stmt::Throw { .. } => self.throw(node),
            Stmt::CreateSchema(_)
            | Stmt::CreateTable(_)
            | Stmt::CreateIndex(_)
            | Stmt::DropTable { .. }
            | Stmt::DropSchema(_)
            | Stmt::Principal(_) => {
                self.session.define(&node.stmt)?;
                self.session.row_count = 0;
                self.put_done(DONE_MORE, 0);
                Ok(())
            }
            Stmt::Insert(_) | Stmt::Update(_) | Stmt::Delete(_) | Stmt::Select(_) => {
                let plan = self.plan(node)?;
                let n_rows = self.session.execute(&plan, &self.values, self.out)?;
                self.session.row_count = i64::try_from(n_rows).unwrap_or(i64::MAX);
                let status =
                    if self.session.settings.no_count { DONE_MORE } else { DONE_MORE | DONE_COUNT };
                self.put_done(status, n_rows);
                Ok(())
            }
            Stmt::Block(_) | Stmt::If { .. } | Stmt::While { .. } | Stmt::Try { .. } => Ok(()),
        }
    }

    fn assign(&mut self, node: &Node, variable: usize) -> SqlResult<()> {
        let plan = self.plan(node)?;
        let row = self.session.single_row(&plan, &self.values)?;
        let value = row.into_iter().next().unwrap_or(Datum::Null);
        self.values.to_mut()[variable] = value;
        self.session.row_count = 1;
        Ok(())
    }

    /// The plan of a statement, made where there is none for the tables as they are.
    fn plan(&mut self, node: &Node) -> SqlResult<Arc<Plan>> {
        let catalog = self.session.catalog();
        let access = self.session.access(&catalog)?;
        if let Some(plan) = self.compiled.plan(node, catalog.version, access.user) {
            return Ok(plan);
        }
        let plan = bind::plan(&access, &self.compiled.batch.variables, node)?
            .expect("asked for statements with a plan alone");
        let plan = Arc::new(plan);
        self.compiled.keep(node, catalog.version, access.user, &plan);
        Ok(plan)
    }

    fn condition(&mut self, node: &Node) -> SqlResult<bool> {
        let plan = self.plan(node)?;
        let row = self.session.single_row(&plan, &self.values)?;
        self.session.row_count = 0;
        Ok(row.first() == Some(&Datum::Int(1)))
    }

    fn throw(&mut self, node: &Node) -> SqlResult<()> {
        let plan = self.plan(node)?;
        let row = self.session.single_row(&plan, &self.values)?;
        let [Datum::Int(number), Datum::Text(message), Datum::Int(state)] = &row[..] else {
            return Err(SqlError::new(102, "Incorrect syntax near 'THROW'.").with_class(15));
        };
        let valid = i32::try_from(*number).ok().filter(|_| *number >= THROW_MIN);
        let Some(number) = valid else {
            let text = format!(
                "Error number {number} in the THROW statement is outside the valid range. Specify an error number in the valid range of 50000 to 2147483647."
            );
            return Err(SqlError::new(35100, text));
        };
        let state = u8::try_from(*state).unwrap_or(u8::MAX);
        Err(SqlError::new(number, message.clone().into_owned()).with_state(state))
    }

    fn set(&mut self, setting: &Setting) -> SqlResult<()> {
        let session = &mut *self.session;
        match setting {
            Setting::XactAbort(is_on) => session.settings.xact_abort = *is_on,
            Setting::NoCount(is_on) => session.settings.no_count = *is_on,
            Setting::LockTimeout(millis) => {
                session.settings.lock_timeout =
                    u64::try_from(*millis).ok().map(std::time::Duration::from_millis);
            }
            Setting::IdentityInsert { table, is_on } => {
                session.set_identity_insert(table, *is_on)?
            }
            Setting::Ignored => {}
        }
        session.row_count = 0;
        Ok(())
    }

    /// Reports an error, and undoes and ends what it ends.
    fn failed(&mut self, err: SqlError, line: u32) -> Result<(), Ended> {
        let err = if err.line == 1 { err.at_line(line) } else { err };
        let aborts = self.session.settings.xact_abort;
        if self.tries > 0 && err.can_be_caught() {
            let has_transaction = self.session.tran_count > 0;
            self.session.is_doomed |= has_transaction && (aborts || err.dooms_transaction());
            self.session.row_count = 0;
            return Err(Ended::Try(err));
        }
        if aborts || err.dooms_transaction() {
            self.session.abandon(self.out);
        }
        self.report(&err);
        self.session.row_count = 0;
        if aborts || err.ends_batch() { Err(Ended::Batch) } else { Ok(()) }
    }

    fn report(&mut self, err: &SqlError) {
        self.has_failed = true;
        self.session.engine.count_error(err.number);
        tokens::put_error(self.out, &self.session.engine.like.reported(err.clone()));
        self.put_done(DONE_MORE | DONE_ERROR, 0);
    }

    fn put_done(&mut self, status: u16, n_rows: u64) {
        tokens::put_done(self.out, self.done, status, n_rows);
        self.done_end = self.out.len();
    }

    /// Ends the answer.
    fn close(&mut self) {
        if self.done == Done::InProcedure {
            let failed = if self.has_failed { STATUS_FAILED } else { 0 };
            tokens::put_return_status(self.out, failed);
            tokens::put_done(
                self.out,
                Done::Procedure,
                if self.has_failed { DONE_ERROR } else { 0 },
                0,
            );
            return;
        }
        // A transaction's ENVCHANGE may have come after the last statement's DONE.
        if self.done_end == self.out.len() {
            tokens::close_last_done(self.out);
        } else {
            tokens::put_done(self.out, self.done, 0, 0);
        }
    }
}
