//! A rehearsal: what the database would refuse is found out before anything is sent, counted, and kept by application.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard};

use xmlx_extract::Plan;
use xmlx_report::Rehearsal;
use xmlx_store::{
    Connection, Decided, Error, Examined, Finding, Forecast, Foreseen, SharedKey, Wanted,
};

/// Rows of other tables that are asked for at once.
const ASKED_MAX: usize = 1_000;
/// Rows of other tables of which a process remembers whether they are there; with more it begins anew.
const REMEMBERED_MAX: usize = 200_000;

/// What a process needs to rehearse one job.
#[derive(Debug)]
pub(crate) struct Rehearser {
    forecast: Forecast,
    /// Parallel to the lookups of the forecast.
    lookups: Vec<Mutex<Asked>>,
    /// The names of the plan's tables.
    tables: Vec<String>,
}

/// What is known of a table that the contract does not fill.
#[derive(Debug, Default)]
struct Asked {
    /// Whether there is a row with this key.
    known: HashMap<String, bool>,
    /// Why it cannot be looked at.
    refused: Option<String>,
}

/// What is foreseen of a group: by application, in its order.
#[derive(Debug)]
pub(super) struct Verdicts {
    refusals: Vec<Option<Foreseen>>,
    shared: Vec<Vec<SharedKey>>,
    unknown: BTreeSet<String>,
}

/// What a lease has found so far.
#[derive(Debug, Default)]
pub(super) struct Rehearsed {
    now: Rehearsal,
    /// The same once the commit under way is in.
    next: Rehearsal,
    /// Findings that the lease may keep.
    findings_max: u64,
    /// Table and columns of the applications that were found to be refused.
    places: BTreeMap<i64, (String, String)>,
    /// The keys of the others.
    shared: BTreeMap<i64, Vec<SharedKey>>,
}

/// What a commit keeps of a part of a group.
#[derive(Debug, Default)]
pub(super) struct Kept {
    pub(super) rehearsal: Option<Rehearsal>,
    pub(super) findings: Vec<Finding>,
    pub(super) keys: Vec<SharedKey>,
}

impl Rehearser {
    pub(crate) fn new(plan: &Plan, forecast: Forecast) -> Self {
        let lookups = forecast.lookups().iter().map(|_| Mutex::default()).collect();
        let tables = plan.tables().iter().map(|table| table.name.clone()).collect();
        Self { forecast, lookups, tables }
    }

    /// Finds out what the database would refuse of a group.
    pub(super) async fn foresee(
        &self,
        connection: &mut Connection,
        group: &[Decided],
    ) -> Result<Verdicts, Error> {
        let examined = group.iter().map(|app| match app {
            Decided::Rows(application) => self.forecast.examine(application),
            Decided::Failed { .. } | Decided::Elsewhere { .. } => Examined::default(),
        });
        let examined: Vec<Examined> = examined.collect();
        let mut unknown = BTreeSet::new();
        let mut missing: BTreeSet<(usize, &str)> = BTreeSet::new();
        for (i, lookup) in self.forecast.lookups().iter().enumerate() {
            let wanted = examined.iter().flat_map(|app| &app.wanted).filter(|row| row.lookup == i);
            let wanted: BTreeSet<&str> = wanted.map(|row| row.key.as_str()).collect();
            let to_ask: Vec<&str> = {
                let mut asked = self.asked(i);
                asked.forget_where_full();
                let known = |key: &str| asked.known.get(key).copied();
                missing.extend(
                    wanted.iter().filter(|key| known(**key) == Some(false)).map(|key| (i, *key)),
                );
                let is_open = asked.refused.is_none();
                wanted.iter().filter(|key| is_open && known(**key).is_none()).copied().collect()
            };
            for keys in to_ask.chunks(ASKED_MAX) {
                match lookup.missing(connection, keys).await {
                    Ok(places) => {
                        let absent = places.iter().filter_map(|place| keys.get(*place));
                        missing.extend(absent.map(|key| (i, *key)));
                        self.asked(i).remember(keys, &places);
                    }
                    Err(err) if err.is_select_denied() => {
                        self.asked(i).refused = Some(denied(lookup.table()));
                    }
                    Err(err) => return Err(err),
                }
            }
            unknown.extend(self.asked(i).refused.clone());
        }
        let refusal = |app: &Examined| {
            let is_missing = |row: &&Wanted| missing.contains(&(row.lookup, row.key.as_str()));
            app.refusal
                .clone()
                .or_else(|| app.wanted.iter().find(is_missing).map(|row| row.refusal.clone()))
        };
        let refusals = examined.iter().map(refusal).collect();
        Ok(Verdicts {
            refusals,
            shared: examined.into_iter().map(|examined| examined.shared).collect(),
            unknown,
        })
    }

    fn asked(&self, lookup: usize) -> MutexGuard<'_, Asked> {
        self.lookups[lookup].lock().expect("nobody panics while holding this lock")
    }
}

impl Asked {
    fn forget_where_full(&mut self) {
        if self.known.len() > REMEMBERED_MAX {
            self.known.clear();
        }
    }

    fn remember(&mut self, keys: &[&str], missing: &[usize]) {
        let missing: BTreeSet<&usize> = missing.iter().collect();
        for (n, key) in keys.iter().enumerate() {
            self.known.insert((*key).to_owned(), !missing.contains(&n));
        }
    }
}

/// Why a table cannot be looked at, and the way out.
fn denied(table: &str) -> String {
    format!(
        "whether `{table}` has the rows that applications refer to: the workers' login may not read it (GRANT SELECT ON {table} TO [xmlx_worker])"
    )
}

impl Rehearsed {
    pub(super) fn new(rehearser: &Rehearser, findings_max: i64) -> Self {
        let keys = rehearser.forecast.shared().to_vec();
        let now = Rehearsal { keys, ..Rehearsal::default() };
        Self { now, findings_max: u64::try_from(findings_max).unwrap_or(0), ..Self::default() }
    }

    /// Turns the applications that would be refused into ones that failed.
    pub(super) fn take_in(&mut self, group: &mut [Decided], verdicts: Verdicts) {
        let Verdicts { refusals, shared, unknown } = verdicts;
        (self.places, self.shared) = (BTreeMap::new(), BTreeMap::new());
        unknown.iter().for_each(|what| self.now.not_known(what));
        for ((app, refusal), shared) in group.iter_mut().zip(refusals).zip(shared) {
            let app_id = app.app_id();
            match refusal {
                Some(Foreseen { reason, table, column }) => {
                    self.places.insert(app_id, (table, column));
                    *app = Decided::Failed { app_id, reason };
                }
                None => {
                    self.shared.insert(app_id, shared);
                }
            }
        }
    }

    /// What is kept of a part of the group once its commit is in.
    pub(super) fn keep(&mut self, rehearser: &Rehearser, decided: &[Decided]) -> Kept {
        let mut kept = Kept::default();
        self.next = self.now.clone();
        for app in decided {
            match app {
                Decided::Rows(application) => {
                    for (table, rows) in rehearser.tables.iter().zip(&application.tables) {
                        if !rows.is_empty() {
                            let n_rows = u64::try_from(rows.len()).unwrap_or(u64::MAX);
                            *self.next.rows.entry(table.clone()).or_default() += n_rows;
                        }
                    }
                    kept.keys.extend(self.shared.get(&application.app_id).into_iter().flatten());
                }
                Decided::Failed { app_id, reason } => {
                    self.next.fail(*app_id, reason);
                    if self.next.findings >= self.findings_max {
                        self.next.findings_left_out += 1;
                        continue;
                    }
                    self.next.findings += 1;
                    let place = self.places.get(app_id).cloned();
                    let (table, column) = place.unwrap_or_default();
                    kept.findings.push(Finding {
                        app_id: *app_id,
                        kind: reason.stage.to_string(),
                        table,
                        column,
                        reason: reason.text.clone(),
                    });
                }
                Decided::Elsewhere { .. } => (),
            }
        }
        kept.rehearsal = Some(self.next.clone());
        kept
    }

    /// The commit is in.
    pub(super) fn record(&mut self) {
        self.now = std::mem::take(&mut self.next);
    }
}
