//! What a plan of faults may call a batch, told from its statements.

use crate::faults::Target;
use crate::sql::ast::{Expr, Item, Node, ObjectName, Stmt, Update};

/// The kind of a batch; `None` where it has no name of its own.
pub(crate) fn kind(body: &[Node]) -> Option<Target> {
    let tries = |node: &Node| matches!(node.stmt, Stmt::While { .. });
    if body.iter().any(tries) {
        return Some(Target::FindRefused);
    }
    body.iter().find_map(|node| match &node.stmt {
        Stmt::Update(update) => of_update(update),
        Stmt::Select(query) => {
            let has_document = query.items.iter().any(|item| match item {
                Item::Expr { alias: Some(alias), .. } => alias.eq_ignore_ascii_case("xml"),
                Item::Expr { alias: None, .. } | Item::Star(_) => false,
            });
            (query.top.is_some() && has_document).then_some(Target::Fetch)
        }
        Stmt::Block(body) => kind(body),
        Stmt::If { .. }
        | Stmt::While { .. }
        | Stmt::Try { .. }
        | Stmt::Assign { .. }
        | Stmt::Begin
        | Stmt::Commit
        | Stmt::Rollback
        | Stmt::Save(_)
        | Stmt::RollbackTo(_)
        | Stmt::Throw { .. }
        | Stmt::Set(_) => None,
        Stmt::CreateSchema(_)
        | Stmt::CreateTable(_)
        | Stmt::CreateIndex(_)
        | Stmt::DropTable { .. }
        | Stmt::DropSchema(_)
        | Stmt::Principal(_) => None,
        Stmt::Insert(_) | Stmt::Delete(_) => None,
    })
}

fn of_update(update: &Update) -> Option<Target> {
    let assigned = |column: &str| {
        update.assignments.iter().find(|(name, _)| name.eq_ignore_ascii_case(column))
    };
    if is_control(&update.table, "range") {
        let (_, value) = assigned("committed_through")?;
        return matches!(value, Expr::Param(_)).then_some(Target::Commit);
    }
    if !is_control(&update.table, "leader") {
        return None;
    }
    if assigned("term").is_some() {
        return Some(Target::LeaderTake);
    }
    (assigned("expires_at").is_some() && !update.output.is_empty()).then_some(Target::LeaderRenew)
}

fn is_control(name: &ObjectName, table: &str) -> bool {
    name.schema.as_deref().is_some_and(|schema| schema.eq_ignore_ascii_case("xmlx"))
        && name.name.eq_ignore_ascii_case(table)
}
