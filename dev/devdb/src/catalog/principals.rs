//! Users and roles in the database, who belongs to whom, and what was granted or denied. The `sys` views about them
//! are where they are kept.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, OptionalExtension, params};

use crate::catalog::Catalog;
use crate::catalog::access::Securable;
use crate::error::{SqlError, SqlResult};
use crate::sql::ast::{On, Permit, PrincipalStmt, Verdict};
use crate::sql::permission::Permission;

/// Whom every user belongs to.
pub(crate) const PUBLIC: i64 = 0;
/// Who may do everything: the server's configured user.
pub(crate) const DBO: i64 = 1;
/// The last of the principals that are there from the start.
pub(crate) const SYSTEM_MAX: i64 = 4;

/// Id, name, type and its description, default schema.
const SYSTEM: [(i64, &str, &str, &str, Option<&str>); 5] = [
    (PUBLIC, "public", "R", "DATABASE_ROLE", None),
    (DBO, "dbo", "S", "SQL_USER", Some("dbo")),
    (2, "guest", "S", "SQL_USER", Some("guest")),
    (3, "INFORMATION_SCHEMA", "S", "SQL_USER", None),
    (SYSTEM_MAX, "sys", "S", "SQL_USER", None),
];

/// Roles of every database of SQL Server's that are not known here.
const FIXED_ROLES: [&str; 9] = [
    "db_accessadmin",
    "db_backupoperator",
    "db_datareader",
    "db_datawriter",
    "db_ddladmin",
    "db_denydatareader",
    "db_denydatawriter",
    "db_owner",
    "db_securityadmin",
];

/// All of a database, as its catalog knows them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Principals {
    by_id: BTreeMap<i64, Principal>,
    /// Member and role.
    members: BTreeSet<(i64, i64)>,
    pub(crate) entries: Vec<Entry>,
}

#[derive(Clone, Debug)]
struct Principal {
    name: String,
    is_role: bool,
    /// Whose user it is.
    login: Option<String>,
}

/// Something granted or denied.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) grantee: i64,
    pub(crate) on: Securable,
    pub(crate) permission: Permission,
    pub(crate) is_denied: bool,
}

impl Securable {
    /// Class, its description, and the id, as `sys.database_permissions` has them.
    fn columns(self) -> (i64, &'static str, i64) {
        match self {
            Self::Database => (0, "DATABASE", 0),
            Self::Object(id) => (1, "OBJECT_OR_COLUMN", id),
            Self::Schema(id) => (3, "SCHEMA", id),
        }
    }
}

impl Principals {
    /// The user of a login.
    pub(crate) fn user_of(&self, login: &str) -> Option<i64> {
        let is_its = |principal: &Principal| {
            principal.login.as_deref().is_some_and(|of| of.eq_ignore_ascii_case(login))
        };
        self.by_id.iter().find(|(_, principal)| is_its(principal)).map(|(id, _)| *id)
    }

    /// The principal itself, the roles it belongs to however far up, and everybody's.
    pub(crate) fn with_roles(&self, principal: i64) -> BTreeSet<i64> {
        let mut all = BTreeSet::from([principal, PUBLIC]);
        loop {
            let found: Vec<i64> = self
                .members
                .iter()
                .filter(|(member, role)| all.contains(member) && !all.contains(role))
                .map(|(_, role)| *role)
                .collect();
            if found.is_empty() {
                return all;
            }
            all.extend(found);
        }
    }

    fn find(&self, name: &str) -> Option<(i64, &Principal)> {
        let found =
            self.by_id.iter().find(|(_, principal)| principal.name.eq_ignore_ascii_case(name));
        found.map(|(id, principal)| (*id, principal))
    }
}

/// Makes the principals that every database has.
pub(crate) fn create(db: &Connection) -> SqlResult<()> {
    for (id, name, kind, kind_name, schema) in SYSTEM {
        db.execute(
            "INSERT INTO \"sys.database_principals\" SELECT ?1, ?2, ?3, ?4, ?5, NULL
             WHERE NOT EXISTS (SELECT 1 FROM \"sys.database_principals\" WHERE principal_id = ?2)",
            params![name, id, kind, kind_name, schema],
        )?;
    }
    Ok(())
}

/// Reads them.
pub(crate) fn load(db: &Connection) -> SqlResult<Principals> {
    let mut all = Principals::default();
    let mut named =
        db.prepare("SELECT principal_id, name, type, login FROM \"sys.database_principals\"")?;
    let mut rows = named.query([])?;
    while let Some(row) = rows.next()? {
        let kind: String = row.get(2)?;
        let principal = Principal { name: row.get(1)?, is_role: kind == "R", login: row.get(3)? };
        all.by_id.insert(row.get(0)?, principal);
    }
    let mut members = db.prepare(
        "SELECT member_principal_id, role_principal_id FROM \"sys.database_role_members\"",
    )?;
    let mut rows = members.query([])?;
    while let Some(row) = rows.next()? {
        all.members.insert((row.get(0)?, row.get(1)?));
    }
    let mut entries = db.prepare(
        "SELECT grantee_principal_id, class, major_id, permission_name, state FROM \"sys.database_permissions\"",
    )?;
    let mut rows = entries.query([])?;
    while let Some(row) = rows.next()? {
        let (class, id, name, state): (i64, i64, String, String) =
            (row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?);
        let on = match class {
            0 => Securable::Database,
            1 => Securable::Object(id),
            _ => Securable::Schema(id),
        };
        let Some(permission) = Permission::named(&name) else { continue };
        all.entries.push(Entry { grantee: row.get(0)?, on, permission, is_denied: state == "D" });
    }
    Ok(all)
}

/// What a statement is answered with for anybody but the configured user.
pub(crate) fn refused(stmt: &PrincipalStmt) -> SqlError {
    match stmt {
        PrincipalStmt::DropUser(name) => unknown("drop", "user", name),
        PrincipalStmt::DropRole(name) => unknown("drop", "role", name),
        PrincipalStmt::AddMember { role, .. } | PrincipalStmt::DropMember { role, .. } => {
            unknown("alter", "role", role)
        }
        PrincipalStmt::Permit(Permit { on: On::Schema(name), .. }) => {
            unknown("find", "schema", name)
        }
        PrincipalStmt::Permit(Permit { on: On::Object(name), .. }) => {
            unknown("find", "object", &name.name)
        }
        PrincipalStmt::CreateUser { .. }
        | PrincipalStmt::CreateRole(_)
        | PrincipalStmt::Permit(Permit { on: On::Database, .. }) => not_allowed(),
    }
}

/// 15247.
pub(crate) fn not_allowed() -> SqlError {
    SqlError::new(15247, "User does not have permission to perform this action.")
}

/// Carries out a statement about principals. `has_login` tells which logins the server has.
pub(crate) fn carry_out(
    db: &Connection,
    catalog: &Catalog,
    stmt: &PrincipalStmt,
    has_login: impl FnOnce(&str) -> bool,
) -> SqlResult<()> {
    let all = &catalog.principals;
    match stmt {
        PrincipalStmt::CreateUser { name, login } => {
            if !has_login(login) {
                let text = format!("'{login}' is not a valid login or you do not have permission.");
                return Err(SqlError::new(15007, text));
            }
            if all.user_of(login).is_some() {
                let text = "The login already has an account under a different user name.";
                return Err(SqlError::new(15063, text));
            }
            add(db, all, name, ("S", "SQL_USER", Some("dbo")), Some(login))
        }
        PrincipalStmt::CreateRole(name) => add(db, all, name, ("R", "DATABASE_ROLE", None), None),
        PrincipalStmt::DropUser(name) => remove(db, catalog, name, Kind::User),
        PrincipalStmt::DropRole(name) => remove(db, catalog, name, Kind::Role),
        PrincipalStmt::AddMember { role, member } => {
            let (role, member) = role_and_member(all, role, member, "add")?;
            if all.with_roles(role).contains(&member) {
                let text = "Cannot make a role a member of itself.";
                return Err(SqlError::new(15413, text));
            }
            db.execute(
                "INSERT INTO \"sys.database_role_members\" SELECT ?1, ?2 WHERE NOT EXISTS
                 (SELECT 1 FROM \"sys.database_role_members\" WHERE role_principal_id = ?1 AND member_principal_id = ?2)",
                [role, member],
            )?;
            Ok(())
        }
        PrincipalStmt::DropMember { role, member: name } => {
            let (role, member) = role_and_member(all, role, name, "drop")?;
            let n_rows = db.execute(
                "DELETE FROM \"sys.database_role_members\" WHERE role_principal_id = ?1 AND member_principal_id = ?2",
                [role, member],
            )?;
            if n_rows == 0 { Err(unknown("drop", "principal", name)) } else { Ok(()) }
        }
        PrincipalStmt::Permit(permit) => self::permit(db, catalog, permit),
    }
}

/// The two kinds of principals that can be made.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    User,
    Role,
}

/// 15151.
pub(crate) fn unknown(verb: &str, what: &str, name: &str) -> SqlError {
    let text = format!(
        "Cannot {verb} the {what} '{name}', because it does not exist or you do not have permission."
    );
    SqlError::new(15151, text)
}

fn add(
    db: &Connection,
    all: &Principals,
    name: &str,
    (kind, kind_name, schema): (&str, &str, Option<&str>),
    login: Option<&str>,
) -> SqlResult<()> {
    if all.find(name).is_some() {
        let text = format!("User, group, or role '{name}' already exists in the current database.");
        return Err(SqlError::new(15023, text));
    }
    db.execute(
        "INSERT INTO \"sys.database_principals\" SELECT ?1, MAX(principal_id) + 1, ?2, ?3, ?4, ?5
         FROM \"sys.database_principals\"",
        params![name, kind, kind_name, schema, login],
    )?;
    Ok(())
}

fn remove(db: &Connection, catalog: &Catalog, name: &str, kind: Kind) -> SqlResult<()> {
    let all = &catalog.principals;
    let what = if kind == Kind::Role { "role" } else { "user" };
    let found = all.find(name).filter(|(_, principal)| principal.is_role == (kind == Kind::Role));
    let id = match found {
        Some((id, _)) if id > SYSTEM_MAX => id,
        Some(_) => {
            let text = format!("Cannot drop the {what} '{name}'.");
            return Err(SqlError::new(15150, text));
        }
        None => return Err(unknown("drop", what, name)),
    };
    if all.members.iter().any(|(_, role)| *role == id) {
        let text = "The role has members. It must be empty before it can be dropped.";
        return Err(SqlError::new(15144, text));
    }
    if catalog.schemas.values().any(|schema| schema.owner == id) {
        let text = "The database principal owns a schema in the database, and cannot be dropped.";
        return Err(SqlError::new(15138, text));
    }
    for statement in [
        "DELETE FROM \"sys.database_principals\" WHERE principal_id = ?1",
        "DELETE FROM \"sys.database_role_members\" WHERE member_principal_id = ?1",
        "DELETE FROM \"sys.database_permissions\" WHERE grantee_principal_id = ?1",
    ] {
        db.execute(statement, [id])?;
    }
    Ok(())
}

fn role_and_member(
    all: &Principals,
    role: &str,
    member: &str,
    verb: &str,
) -> SqlResult<(i64, i64)> {
    if FIXED_ROLES.iter().any(|fixed| fixed.eq_ignore_ascii_case(role)) {
        let text =
            format!("Incorrect syntax near '{role}'. (devdb: roles are those that are made.)");
        return Err(SqlError::new(102, text).with_class(15));
    }
    let found = all.find(role).filter(|(id, principal)| principal.is_role && *id != PUBLIC);
    let (role, _) = found.ok_or_else(|| unknown("alter", "role", role))?;
    let found = all.find(member).filter(|(id, _)| *id > SYSTEM_MAX);
    let (member, _) = found.ok_or_else(|| unknown(verb, "principal", member))?;
    Ok((role, member))
}

fn permit(db: &Connection, catalog: &Catalog, permit: &Permit) -> SqlResult<()> {
    let (on, name) = match &permit.on {
        On::Database => (Securable::Database, "database"),
        On::Schema(name) => {
            let schema = catalog.schemas.get(&name.to_lowercase());
            let schema = schema.ok_or_else(|| unknown("find", "schema", name))?;
            (Securable::Schema(schema.id), "schema")
        }
        On::Object(name) => {
            let table = catalog.find(name).filter(|table| !table.is_system);
            let table = table.ok_or_else(|| unknown("find", "object", &name.name))?;
            (Securable::Object(table.object_id), "object")
        }
    };
    let found =
        catalog.principals.find(&permit.to).filter(|(id, _)| *id == PUBLIC || *id > SYSTEM_MAX);
    let (grantee, _) = found.ok_or_else(|| unknown("find", "user", &permit.to))?;
    let (class, class_name, id) = on.columns();
    for permission in &permit.permissions {
        if !on.takes(*permission) {
            let text = format!(
                "Incorrect syntax near '{}'. (devdb: no permission on a {name}.)",
                permission.name()
            );
            return Err(SqlError::new(102, text).with_class(15));
        }
        let (state, state_name) = match permit.verdict {
            Verdict::Grant => ("G", "GRANT"),
            Verdict::Deny => ("D", "DENY"),
        };
        db.execute(
            "DELETE FROM \"sys.database_permissions\" WHERE class = ?1 AND major_id = ?2
             AND grantee_principal_id = ?3 AND permission_name = ?4",
            params![class, id, grantee, permission.name()],
        )?;
        db.execute(
            "INSERT INTO \"sys.database_permissions\" VALUES (?1, ?2, ?3, 0, ?4, ?5, ?6, ?7, ?8, ?9)",
            params![class, class_name, id, grantee, DBO, permission.code(), permission.name(), state, state_name],
        )?;
    }
    Ok(())
}

/// Forgets what was granted on something that is gone.
pub(crate) fn forget(db: &Connection, on: Securable) -> SqlResult<()> {
    let (class, _, id) = on.columns();
    db.execute(
        "DELETE FROM \"sys.database_permissions\" WHERE class = ?1 AND major_id = ?2",
        [class, id],
    )?;
    Ok(())
}

/// The owner of a schema.
pub(crate) fn owner(db: &Connection, schema: i64) -> SqlResult<i64> {
    let sql = "SELECT principal_id FROM \"sys.schemas\" WHERE schema_id = ?1";
    Ok(db.query_row(sql, [schema], |row| row.get(0)).optional()?.unwrap_or(DBO))
}
