//! Mapping types.

use super::spelling::suggest;

/// One mapping type of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    Enum,
    CharToBit,
    BooleanToBit,
    /// `numbers_only` and `extract_numeric`, which mean the same.
    NumbersOnly,
    IdentityInsert,
    LastValidPrimary,
    LastValidSecondary,
    LastSecondary,
    CurrentAddress,
    Calculated,
    NowIfNull,
    AddScore(String),
    AddIndicator(String),
    AddHistory,
    AddReportLookup(String),
    /// Without a number it is where the notes come from.
    PolicyException(Option<i64>),
    Warranty(i64),
    Collateral(i64),
    /// A row of any shape, as the mapping's `row` says.
    AddRow,
    /// A column of a row that several mappings make: the column that numbers these rows, and the number.
    RowGroup(String, i64),
    /// The number of the row among those of its parent.
    RowNumber,
    /// `extract_date`: a change of type and nothing else.
    Convert,
}

/// The names of all mapping types.
pub(super) const NAMES: [&str; 23] = [
    "enum",
    "char_to_bit",
    "boolean_to_bit",
    "numbers_only",
    "extract_numeric",
    "extract_date",
    "identity_insert",
    "last_valid_pr_contact",
    "last_valid_sec_contact",
    "authu_contact",
    "curr_address_only",
    "calculated_field",
    "default_getutcdate_if_null",
    "add_score",
    "add_indicator",
    "add_history",
    "add_report_lookup",
    "policy_exceptions",
    "warranty_field",
    "add_collateral",
    "add_row",
    "row_group",
    "row_number",
];

/// What is wrong with a mapping type, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Misread {
    pub(super) reason: String,
    pub(super) suggestion: String,
}

impl Misread {
    fn form(reason: String) -> Self {
        let suggestion = "write it like `add_score(V4)` or `warranty_field(620)`".to_owned();
        Self { reason, suggestion }
    }
}

impl Step {
    /// Reads a mapping type such as `add_score(V4)`.
    pub(super) fn read(text: &str) -> Result<Self, Misread> {
        let text = text.trim();
        let (name, parameter) = match text.split_once('(') {
            Some((name, rest)) => {
                let parameter = rest
                    .strip_suffix(')')
                    .ok_or_else(|| Misread::form(format!("`{text}` lacks its closing bracket")))?;
                (name.trim(), parameter.trim())
            }
            None => (text, ""),
        };
        let number = || {
            parameter
                .parse()
                .map_err(|_| Misread::form(format!("`{name}` needs a number in brackets")))
        };
        let named = || {
            let given = (!parameter.is_empty()).then(|| parameter.to_owned());
            given.ok_or_else(|| Misread::form(format!("`{name}` needs a name in brackets")))
        };
        Ok(match name {
            "enum" => Self::Enum,
            "char_to_bit" => Self::CharToBit,
            "boolean_to_bit" => Self::BooleanToBit,
            "numbers_only" | "extract_numeric" => Self::NumbersOnly,
            "identity_insert" => Self::IdentityInsert,
            "last_valid_pr_contact" => Self::LastValidPrimary,
            "last_valid_sec_contact" => Self::LastValidSecondary,
            "authu_contact" => Self::LastSecondary,
            "curr_address_only" => Self::CurrentAddress,
            "calculated_field" => Self::Calculated,
            "default_getutcdate_if_null" => Self::NowIfNull,
            "add_score" => Self::AddScore(named()?),
            "add_indicator" => Self::AddIndicator(named()?),
            "add_history" => Self::AddHistory,
            "add_report_lookup" => Self::AddReportLookup(parameter.to_owned()),
            "policy_exceptions" if parameter.is_empty() => Self::PolicyException(None),
            "policy_exceptions" => Self::PolicyException(Some(number()?)),
            "warranty_field" => Self::Warranty(number()?),
            "add_collateral" => Self::Collateral(number()?),
            "add_row" => Self::AddRow,
            "row_group" => read_group(parameter)?,
            "row_number" => Self::RowNumber,
            "extract_date" => Self::Convert,
            _ => {
                return Err(Misread {
                    reason: format!("there is no mapping type `{name}`"),
                    suggestion: suggest(
                        name,
                        NAMES,
                        "write one of those in docs/contract-1.md, or `extract_date` to convert and no more",
                    ),
                });
            }
        })
    }

    /// Says whether the step makes rows of its own instead of filling a column of the one row.
    pub(crate) fn makes_rows(&self) -> bool {
        match self {
            Self::AddScore(_)
            | Self::AddIndicator(_)
            | Self::AddHistory
            | Self::AddReportLookup(_)
            | Self::PolicyException(_)
            | Self::Warranty(_)
            | Self::Collateral(_)
            | Self::AddRow
            | Self::RowGroup(..) => true,
            Self::Enum
            | Self::CharToBit
            | Self::BooleanToBit
            | Self::NumbersOnly
            | Self::IdentityInsert
            | Self::LastValidPrimary
            | Self::LastValidSecondary
            | Self::LastSecondary
            | Self::CurrentAddress
            | Self::Calculated
            | Self::NowIfNull
            | Self::RowNumber
            | Self::Convert => false,
        }
    }

    /// Returns the number of the group that the step's column belongs to.
    pub(crate) fn group(&self) -> Option<i64> {
        if let Self::Warranty(number) | Self::Collateral(number) | Self::RowGroup(_, number) = self
        {
            Some(*number)
        } else {
            None
        }
    }

    /// Says whether the step makes rows without naming a column.
    pub(crate) fn makes_rows_alone(&self) -> bool {
        self.makes_rows() && self.group().is_none()
    }
}

/// Reads the column and the number of `row_group(column=number)`.
fn read_group(parameter: &str) -> Result<Step, Misread> {
    let parts = parameter.split_once('=').and_then(|(column, number)| {
        let column = column.trim();
        let number = number.trim().parse().ok()?;
        (!column.is_empty()).then(|| Step::RowGroup(column.to_owned(), number))
    });
    parts.ok_or_else(|| Misread {
        reason: "`row_group` needs a column and a number in brackets".to_owned(),
        suggestion: "write it like `row_group(slot_no=2)`".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mapping_types() {
        for (text, expected) in [
            ("enum", Ok(Step::Enum)),
            (" add_score( V4_pr ) ", Ok(Step::AddScore("V4_pr".to_owned()))),
            ("policy_exceptions()", Ok(Step::PolicyException(None))),
            ("policy_exceptions(630)", Ok(Step::PolicyException(Some(630)))),
            ("add_report_lookup", Ok(Step::AddReportLookup(String::new()))),
            ("extract_date", Ok(Step::Convert)),
            ("row_group( slot = 2 )", Ok(Step::RowGroup("slot".to_owned(), 2))),
            ("row_group(2)", Err("`row_group` needs a column and a number in brackets")),
            ("add_score", Err("`add_score` needs a name in brackets")),
            ("warranty_field(x)", Err("`warranty_field` needs a number in brackets")),
            ("add_collateral(1", Err("`add_collateral(1` lacks its closing bracket")),
            ("something_new", Err("there is no mapping type `something_new`")),
        ] {
            let read = Step::read(text).map_err(|misread| misread.reason);
            assert_eq!(read, expected.map_err(str::to_owned), "`{text}`");
        }
    }

    #[test]
    fn every_name_is_known() {
        for name in NAMES {
            let reason = Step::read(name).err().map(|misread| misread.reason);
            assert!(reason.is_none_or(|reason| reason.contains("needs a")), "{name}");
        }
        let misread = Step::read("number_only").expect_err("misspelt");
        assert_eq!(misread.suggestion, "did you mean `numbers_only`?");
    }
}
