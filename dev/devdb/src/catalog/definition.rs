//! Expressions as SQL Server's catalog shows them: `((0))`, `(getutcdate())`, `(N'x')`.

use crate::error::{SqlError, SqlResult};
use crate::sql::ast::{Arith, Expr, Func};

/// The text of a default; what is not a constant, a function or a sum of them is refused.
pub(crate) fn of(expr: &Expr) -> SqlResult<String> {
    Ok(format!("({})", inner(expr)?))
}

fn inner(expr: &Expr) -> SqlResult<String> {
    Ok(match expr {
        Expr::Null => "NULL".to_owned(),
        Expr::Number(digits) => format!("({digits})"),
        Expr::Text { text, is_national } => {
            format!("{}'{}'", if *is_national { "N" } else { "" }, text.replace('\'', "''"))
        }
        Expr::Negate(of) => {
            if let Expr::Number(digits) = of.as_ref() {
                format!("(-{digits})")
            } else {
                format!("-{}", inner(of)?)
            }
        }
        Expr::Call { func: Func::GetUtcDate, .. } => "getutcdate()".to_owned(),
        Expr::Call { func: Func::SysUtcDateTime, .. } => "sysutcdatetime()".to_owned(),
        Expr::Arith { op, left, right } => {
            let symbol = match op {
                Arith::Add => '+',
                Arith::Subtract => '-',
                Arith::Multiply => '*',
                Arith::Divide => '/',
                Arith::Modulo => '%',
            };
            format!("{}{symbol}{}", inner(left)?, inner(right)?)
        }
        Expr::Param(_)
        | Expr::RowCount
        | Expr::TranCount
        | Expr::XactState
        | Expr::ErrorNumber
        | Expr::ErrorMessage
        | Expr::Version
        | Expr::Column { .. }
        | Expr::Case { .. } => {
            return Err(refused());
        }
        Expr::Cast { .. }
        | Expr::Collate { .. }
        | Expr::Convert { .. }
        | Expr::Call { .. }
        | Expr::DateAdd { .. }
        | Expr::DateDiff { .. } => {
            return Err(refused());
        }
        Expr::Aggregate { .. } | Expr::Subquery(_) => return Err(refused()),
    })
}

fn refused() -> SqlError {
    let text = "Incorrect syntax near 'DEFAULT'. (devdb: a default is a constant or one of the functions of now.)";
    SqlError::new(102, text).with_class(15)
}
