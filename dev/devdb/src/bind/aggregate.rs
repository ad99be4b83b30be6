//! Aggregates, with the types SQL Server gives them.

use crate::bind::binder::{Binder, Bound, refused};
use crate::bind::expr::expr;
use crate::error::{SqlError, SqlResult};
use crate::sql::ast::{Aggregate, Expr};
use crate::value::sqltype::{PRECISION_MAX, SqlType};

pub(crate) fn aggregate(
    binder: &mut Binder<'_>,
    func: Aggregate,
    is_distinct: bool,
    arg: Option<&Expr>,
) -> SqlResult<Bound> {
    let Some(arg) = arg else {
        let ty = if func == Aggregate::CountBig { SqlType::BigInt } else { SqlType::Int };
        return Ok(Bound::value("COUNT(*)".to_owned(), ty));
    };
    let arg = expr(binder, arg)?;
    let distinct = if is_distinct { "DISTINCT " } else { "" };
    let collated = arg.collated();
    match func {
        Aggregate::Count => Ok(Bound::value(format!("COUNT({distinct}{collated})"), SqlType::Int)),
        Aggregate::CountBig => {
            Ok(Bound::value(format!("COUNT({distinct}{collated})"), SqlType::BigInt))
        }
        Aggregate::Min | Aggregate::Max => {
            let name = if func == Aggregate::Min { "MIN" } else { "MAX" };
            if arg.ty == SqlType::Bit {
                return Err(invalid(arg.ty, &name.to_lowercase()));
            }
            Ok(Bound::value(format!("{name}({collated})"), arg.ty).labelled(arg.label))
        }
        Aggregate::Sum => {
            let ty = sum_type(arg.ty).ok_or_else(|| invalid(arg.ty, "sum"))?;
            let sum = format!("SUM({distinct}{})", arg.sql);
            Ok(Bound::value(
                if ty == SqlType::Int {
                    format!("ts_cast({sum}, {}, {})", SqlType::BigInt.code(), ty.code())
                } else {
                    sum
                },
                ty,
            ))
        }
        Aggregate::Avg => {
            let ty = sum_type(arg.ty).ok_or_else(|| invalid(arg.ty, "avg"))?;
            if matches!(ty, SqlType::Decimal { .. }) {
                return Err(refused("AVG"));
            }
            if ty == SqlType::Float {
                return Ok(Bound::value(format!("AVG({distinct}{})", arg.sql), ty));
            }
            let (sum, count) =
                (format!("SUM({distinct}{})", arg.sql), format!("COUNT({distinct}{})", arg.sql));
            Ok(Bound::value(format!("ts_div({sum}, NULLIF({count}, 0), {})", ty.code()), ty))
        }
    }
}

fn sum_type(ty: SqlType) -> Option<SqlType> {
    match ty {
        SqlType::TinyInt | SqlType::SmallInt | SqlType::Int => Some(SqlType::Int),
        SqlType::BigInt => Some(SqlType::BigInt),
        SqlType::Decimal { scale, .. } => {
            Some(SqlType::Decimal { precision: PRECISION_MAX, scale })
        }
        SqlType::Real | SqlType::Float => Some(SqlType::Float),
        SqlType::Null
        | SqlType::Bit
        | SqlType::Char(_)
        | SqlType::VarChar(_)
        | SqlType::NChar(_) => None,
        SqlType::NVarChar(_)
        | SqlType::Binary(_)
        | SqlType::VarBinary(_)
        | SqlType::Guid
        | SqlType::Date => None,
        SqlType::Time(_) | SqlType::SmallDateTime | SqlType::DateTime | SqlType::DateTime2(_) => {
            None
        }
    }
}

fn invalid(ty: SqlType, operator: &str) -> SqlError {
    SqlError::new(
        8117,
        format!("Operand data type {} is invalid for {operator} operator.", ty.message_name()),
    )
}
