//! Mapping types.

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
    /// `extract_date` and what the reference does not know: a change of type and nothing else.
    Convert,
}

impl Step {
    /// Reads a mapping type such as `add_score(V4)`.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let (name, parameter) = match text.split_once('(') {
            Some((name, rest)) => {
                let parameter = rest
                    .strip_suffix(')')
                    .ok_or_else(|| format!("`{text}` lacks its closing bracket"))?;
                (name.trim(), parameter.trim())
            }
            None => (text, ""),
        };
        let number =
            || parameter.parse().map_err(|_| format!("`{name}` needs a number in brackets"));
        let named = || {
            let given = (!parameter.is_empty()).then(|| parameter.to_owned());
            given.ok_or_else(|| format!("`{name}` needs a name in brackets"))
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
            _ => Self::Convert,
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
            | Self::Collateral(_) => true,
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
            | Self::Convert => false,
        }
    }

    /// Returns the number of the group that the step's column belongs to.
    pub(crate) fn group(&self) -> Option<i64> {
        if let Self::Warranty(number) | Self::Collateral(number) = self {
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
            ("something_new", Ok(Step::Convert)),
            ("add_score", Err("`add_score` needs a name in brackets".to_owned())),
            ("warranty_field(x)", Err("`warranty_field` needs a number in brackets".to_owned())),
            ("add_collateral(1", Err("`add_collateral(1` lacks its closing bracket".to_owned())),
        ] {
            assert_eq!(Step::read(text), expected, "`{text}`");
        }
    }
}
