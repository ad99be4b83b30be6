//! Which collation counts where two texts meet: an explicit one before a column's, a column's before the database's.

use crate::bind::binder::{Binder, Bound};
use crate::bind::expr::expr;
use crate::error::{SqlError, SqlResult};
use crate::sql::ast::Expr;
use crate::value::collation::Collation;
use crate::value::sqltype::SqlType;

/// A text's collation, and how firmly it holds to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Label {
    /// A literal or a parameter: takes what the other side has.
    Coercible,
    /// A column, or what is made of one.
    Implicit(Collation),
    /// `COLLATE` was written.
    Explicit(Collation),
}

impl Label {
    /// By what it is compared where nothing else decides.
    pub(crate) fn collation(self) -> Collation {
        match self {
            Self::Coercible => Collation::default(),
            Self::Implicit(collation) | Self::Explicit(collation) => collation,
        }
    }

    /// The label of what two texts are brought together in; 468 where neither gives way.
    pub(crate) fn with(self, other: Self, operation: &str) -> SqlResult<Self> {
        match (self, other) {
            (Self::Explicit(a), Self::Explicit(b)) | (Self::Implicit(a), Self::Implicit(b))
                if a != b =>
            {
                let text = format!(
                    "Cannot resolve the collation conflict between \"{}\" and \"{}\" in the {operation} operation.",
                    a.name(),
                    b.name()
                );
                Err(SqlError::new(468, text))
            }
            (Self::Explicit(_), _) | (_, Self::Coercible) => Ok(self),
            (_, Self::Explicit(_)) | (Self::Coercible, _) => Ok(other),
            (Self::Implicit(_), Self::Implicit(_)) => Ok(self),
        }
    }
}

/// The label of several values brought together; those that are no text have no say.
pub(crate) fn joined<'b>(
    of: impl IntoIterator<Item = &'b Bound>,
    operation: &str,
) -> SqlResult<Label> {
    let texts = of.into_iter().filter(|value| value.ty.is_text());
    texts
        .map(|value| value.label)
        .try_fold(Label::Coercible, |all, label| all.with(label, operation))
}

/// `expr COLLATE name`.
pub(crate) fn collate(binder: &mut Binder<'_>, inner: &Expr, name: &str) -> SqlResult<Bound> {
    let collation = Collation::named(name)?;
    let inner = expr(binder, inner)?;
    if !inner.ty.is_text() && inner.ty != SqlType::Null {
        return Err(no_text(inner.ty));
    }
    let sql = format!("({} COLLATE {})", inner.sql, collation.sqlite());
    Ok(Bound::value(sql, inner.ty).labelled(Label::Explicit(collation)))
}

/// 447.
pub(crate) fn no_text(ty: SqlType) -> SqlError {
    SqlError::new(
        447,
        format!("Expression type {} is invalid for COLLATE clause.", ty.message_name()),
    )
}
