//! What each role may do in the database, and no more. Tests compare these lists with the statements, and run the
//! programs with nothing else.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use xmlx_extract::Plan;

use crate::connection::column;
use crate::schema::{MIGRATIONS, MIGRATIONS_BEFORE};
use crate::{Error, Store, name, statements};

/// Who goes to the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// `xmlx-coordinator`.
    Coordinator,
    /// `xmlx-worker`.
    Worker,
    /// Somebody who watches.
    Reader,
}

/// What workers may do with rows that are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OldRows {
    /// Nothing: they add rows.
    Kept,
    /// Delete them, as a job does that replaces applications.
    Replaced,
}

/// One permission on one thing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Grant {
    /// `OBJECT` or `SCHEMA`.
    pub class: &'static str,
    /// Its quoted name.
    pub securable: String,
    /// `SELECT`, `INSERT`, ...
    pub permission: &'static str,
}

/// Permissions on the control tables. Who changes rows that a condition finds has to see them, too.
const CONTROL: &[(&str, &[&str], &[&str])] = &[
    // table, coordinator, worker
    ("schema_version", &["SELECT"], &["SELECT"]),
    ("leader", &["SELECT", "UPDATE"], &[]),
    ("worker_session", &["SELECT", "INSERT", "UPDATE", "DELETE"], &["SELECT"]),
    ("job", &["SELECT", "INSERT", "UPDATE", "DELETE"], &["SELECT"]),
    ("range", &["SELECT", "INSERT", "UPDATE", "DELETE"], &["SELECT", "UPDATE"]),
    ("range_history", &["SELECT", "INSERT", "DELETE"], &["INSERT"]),
    ("suspect", &["SELECT", "DELETE"], &["SELECT", "INSERT", "UPDATE"]),
    ("job_budget", &["SELECT", "INSERT", "UPDATE", "DELETE"], &[]),
    ("range_warning", &["SELECT", "DELETE"], &["SELECT", "INSERT", "UPDATE"]),
    ("warning", &["SELECT", "DELETE"], &["SELECT", "INSERT", "UPDATE"]),
    ("job_follow", &["SELECT", "INSERT", "UPDATE", "DELETE"], &[]),
    ("trial", &["SELECT", "DELETE"], &["SELECT", "INSERT"]),
    ("range_report", &["SELECT", "DELETE"], &["SELECT", "INSERT", "UPDATE"]),
    ("job_threshold", &["SELECT", "INSERT", "UPDATE", "DELETE"], &[]),
    ("finding", &["SELECT", "DELETE"], &["SELECT", "INSERT"]),
    ("rehearsed_key", &["SELECT", "DELETE"], &["INSERT"]),
    ("job_selection", &["SELECT", "INSERT", "DELETE"], &["SELECT"]),
    ("job_application", &["SELECT", "INSERT", "DELETE"], &["SELECT"]),
    // Neither UPDATE nor DELETE: nobody changes what was recorded.
    ("audit", &["SELECT", "INSERT"], &[]),
    ("audit_head", &["SELECT", "UPDATE"], &[]),
    ("token", &["SELECT", "INSERT", "UPDATE"], &[]),
];

impl Role {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Coordinator, Self::Worker, Self::Reader];

    /// The role's name in the database.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Coordinator => "xmlx_coordinator",
            Self::Worker => "xmlx_worker",
            Self::Reader => "xmlx_reader",
        }
    }

    /// What the role needs: on the control tables and, with a contract, on its tables.
    #[must_use]
    pub fn grants(self, plan: Option<&Plan>) -> Vec<Grant> {
        let mut grants = Vec::new();
        for (table, coordinator, worker) in CONTROL {
            let permissions = match self {
                Self::Coordinator => *coordinator,
                Self::Worker => *worker,
                Self::Reader => &["SELECT"],
            };
            push(&mut grants, name::table("xmlx", table), permissions);
        }
        if let Some(plan) = plan {
            self.on_contract(plan, &mut grants);
        }
        grants
    }

    /// What the role needs in addition for jobs that replace applications.
    #[must_use]
    pub fn grants_to_replace(self, plan: &Plan) -> Vec<Grant> {
        let mut grants = Vec::new();
        if self == Self::Worker {
            for table in plan.tables() {
                let target = name::table(plan.target_schema(), &table.name);
                push(&mut grants, target, &["DELETE"]);
            }
        }
        grants
    }

    fn on_contract(self, plan: &Plan, grants: &mut Vec<Grant>) {
        let schema = plan.target_schema();
        let log = name::table(schema, "processing_log");
        if self == Self::Reader {
            push(grants, log, &["SELECT"]);
            return;
        }
        // Defaults and foreign keys are invisible without it.
        grants.push(Grant {
            class: "SCHEMA",
            securable: name::quoted(schema),
            permission: "VIEW DEFINITION",
        });
        let source = plan.source();
        push(grants, name::table(schema, &source.table), &["SELECT"]);
        for table in &source.application_tables {
            push(grants, name::application_table(table), &["SELECT"]);
        }
        if self == Self::Coordinator {
            push(grants, log, &["SELECT"]);
        } else {
            push(grants, log, &["SELECT", "INSERT"]);
        }
        for table in plan.tables() {
            let target = name::table(schema, &table.name);
            match self {
                // `verify` counts rows.
                Self::Coordinator => push(grants, target, &["SELECT"]),
                // SET IDENTITY_INSERT needs ALTER. A reconciliation reads the rows.
                Self::Worker if table.columns.iter().any(|it| it.identity) => {
                    push(grants, target, &["SELECT", "INSERT", "ALTER"]);
                }
                Self::Worker => push(grants, target, &["SELECT", "INSERT"]),
                Self::Reader => (),
            }
        }
    }
}

fn push(grants: &mut Vec<Grant>, securable: String, permissions: &[&'static str]) {
    for permission in permissions {
        let it = Grant { class: "OBJECT", securable: securable.clone(), permission };
        if !grants.contains(&it) {
            grants.push(it);
        }
    }
}

/// Whether control tables of the release before do not have the table: a script that stops at it would leave the rest
/// ungranted. Whoever brings the tables up afterwards runs it again.
fn is_newer(securable: &str) -> bool {
    let created = format!("CREATE TABLE {securable} ");
    MIGRATIONS.iter().skip(MIGRATIONS_BEFORE).any(|script| script.contains(&created))
}

/// The T-SQL that makes the roles and grants them what they need. Safe to repeat.
#[must_use]
pub fn grants_script(plan: Option<&Plan>, old_rows: OldRows) -> String {
    let mut sql = String::new();
    for role in Role::ALL {
        let role_name = role.name();
        writeln!(
            sql,
            "IF DATABASE_PRINCIPAL_ID(N'{role_name}') IS NULL CREATE ROLE [{role_name}];\nGO"
        )
        .expect("writing to a string does not fail");
        let mut grants = role.grants(plan);
        if let (Some(plan), OldRows::Replaced) = (plan, old_rows) {
            grants.extend(role.grants_to_replace(plan));
        }
        for group in grants.chunk_by(|a, b| a.securable == b.securable) {
            let permissions: Vec<&str> = group.iter().map(|it| it.permission).collect();
            let Grant { class, securable, .. } = &group[0];
            if is_newer(securable) {
                write!(sql, "IF OBJECT_ID(N'{securable}', N'U') IS NOT NULL ")
                    .expect("writing to a string does not fail");
            }
            writeln!(
                sql,
                "GRANT {} ON {class}::{securable} TO [{role_name}];",
                permissions.join(", ")
            )
            .expect("writing to a string does not fail");
        }
        sql.push_str("GO\n");
    }
    sql
}

impl Store {
    /// Refuses to go on where the login of this connection does not have all of `grants`.
    ///
    /// # Errors
    /// [`Error::NotGranted`] with each of them; see [`Error`].
    pub async fn require_grants(&self, grants: &[Grant]) -> Result<(), Error> {
        let missing = self.missing_grants(grants).await?;
        if missing.is_empty() {
            return Ok(());
        }
        let mut of_each: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for grant in &missing {
            of_each.entry(&grant.securable).or_default().push(grant.permission);
        }
        // What is lacking alike is said once: a job's reason is short.
        let mut alike: BTreeMap<Vec<&str>, Vec<&str>> = BTreeMap::new();
        for (securable, permissions) in of_each {
            alike.entry(permissions).or_default().push(securable);
        }
        let lacking: Vec<String> = alike
            .into_iter()
            .map(|(permissions, things)| {
                format!("{} on {}", permissions.join(", "), things.join(", "))
            })
            .collect();
        Err(Error::NotGranted(lacking.join("; ")))
    }

    /// Which of `grants` the login of this connection does not have; of a thing that does not exist, none.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn missing_grants(&self, grants: &[Grant]) -> Result<Vec<Grant>, Error> {
        const IT: &str = "permissions";
        let asked: Vec<_> = grants
            .iter()
            .enumerate()
            .map(|(at, it)| (at, &it.securable, it.class, it.permission))
            .collect();
        let asked = serde_json::to_string(&asked).expect("numbers and strings are always JSON");
        let rows = self.run(statements::PERMISSIONS, &[&asked]).await?;
        let mut missing = Vec::new();
        for row in &rows {
            let at: i32 = column(row, "at", IT)?;
            let allowed: i32 = column(row, "allowed", IT)?;
            let grant = usize::try_from(at).ok().and_then(|at| grants.get(at));
            missing.extend(grant.filter(|_| allowed != 1).cloned());
        }
        Ok(missing)
    }
}
