//! Users, roles, and what they are granted: how the statements are read. Logins are the server's, not a
//! database's, and are not among them.

use crate::error::SqlResult;
use crate::sql::ast::{On, Permit, PrincipalStmt, Verdict};
use crate::sql::parser::Parser;
use crate::sql::permission::Permission;

/// What stands behind `CREATE`.
pub(crate) fn create(p: &mut Parser<'_>) -> SqlResult<PrincipalStmt> {
    if p.eat_word("role") {
        return Ok(PrincipalStmt::CreateRole(p.name()?));
    }
    p.expect_word("user")?;
    let name = p.name()?;
    p.expect_word("for")?;
    p.expect_word("login")?;
    Ok(PrincipalStmt::CreateUser { name, login: p.name()? })
}

/// What stands behind `DROP`.
pub(crate) fn drop(p: &mut Parser<'_>) -> SqlResult<PrincipalStmt> {
    if p.eat_word("role") {
        return Ok(PrincipalStmt::DropRole(p.name()?));
    }
    p.expect_word("user")?;
    Ok(PrincipalStmt::DropUser(p.name()?))
}

/// `ALTER ROLE [r] ADD|DROP MEMBER [u]`.
pub(crate) fn alter(p: &mut Parser<'_>) -> SqlResult<PrincipalStmt> {
    p.expect_word("alter")?;
    p.expect_word("role")?;
    let role = p.name()?;
    let is_added = p.eat_word("add");
    if !is_added {
        p.expect_word("drop")?;
    }
    p.expect_word("member")?;
    let member = p.name()?;
    Ok(if is_added {
        PrincipalStmt::AddMember { role, member }
    } else {
        PrincipalStmt::DropMember { role, member }
    })
}

/// `GRANT ... [ON ...] TO [principal]`, and the same with `DENY`.
pub(crate) fn permit(p: &mut Parser<'_>) -> SqlResult<PrincipalStmt> {
    let verdict = if p.eat_word("grant") {
        Verdict::Grant
    } else {
        p.expect_word("deny")?;
        Verdict::Deny
    };
    let mut permissions = vec![permission(p)?];
    while p.eat(",") {
        permissions.push(permission(p)?);
    }
    let on = if p.eat_word("on") { on(p)? } else { On::Database };
    p.expect_word("to")?;
    Ok(PrincipalStmt::Permit(Permit { verdict, permissions, on, to: p.name()? }))
}

fn permission(p: &mut Parser<'_>) -> SqlResult<Permission> {
    let refused = p.unexpected();
    let found = Permission::ALL.into_iter().find(|permission| {
        permission.name().split(' ').enumerate().all(|(ahead, word)| p.is_word(ahead, word))
    });
    let found = found.ok_or(refused)?;
    for word in found.name().split(' ') {
        p.expect_word(word)?;
    }
    Ok(found)
}

fn on(p: &mut Parser<'_>) -> SqlResult<On> {
    let has_class = p.is_symbol(1, ":") && p.is_symbol(2, ":");
    let is_schema = has_class && p.is_word(0, "schema");
    if has_class {
        if !is_schema && !p.is_word(0, "object") {
            return Err(p.unexpected());
        }
        p.next();
        p.expect(":")?;
        p.expect(":")?;
    }
    if is_schema { Ok(On::Schema(p.name()?)) } else { Ok(On::Object(p.object_name()?)) }
}
