//! The words of an explanation.

use super::{Gives, StepKind, Why};

impl StepKind {
    /// For programs.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Constant => "constant",
            Self::AppId => "app_id",
            Self::Parent => "parent",
            Self::Position => "position",
            Self::Field => "input",
            Self::Expression => "expression",
            Self::Condition => "condition",
            Self::Codes => "codes",
            Self::Flag => "flag",
            Self::Squeeze => "squeeze",
            Self::Digits => "digits",
            Self::Type => "type",
            Self::Negate => "negate",
            Self::Default => "default",
            Self::Join => "join",
            Self::Entry => "entry",
            Self::Stored => "stored",
        }
    }

    /// For people, with more about it where there is more.
    pub(super) fn sentence(self, detail: Option<&str>) -> String {
        let detail = detail.unwrap_or_default();
        match (self, detail) {
            (Self::Read, _) => "read".to_owned(),
            (Self::Constant, _) => "constant of the contract".to_owned(),
            (Self::AppId, _) => "the application's id".to_owned(),
            (Self::Parent, "") => "key of the row around it".to_owned(),
            (Self::Parent, detail) => format!("`{detail}` of the row around it"),
            (Self::Position, _) => "number of the row".to_owned(),
            (Self::Field, detail) => format!("input `{detail}`"),
            (Self::Expression, _) => "expression".to_owned(),
            (Self::Condition, _) => "its condition does not hold".to_owned(),
            (Self::Codes, "") => "code table".to_owned(),
            (Self::Codes, detail) => format!("code table `{detail}`"),
            (Self::Flag, _) => "table of flags".to_owned(),
            (Self::Squeeze, _) => "spaces made one".to_owned(),
            (Self::Digits, _) => "digits alone".to_owned(),
            (Self::Type, detail) => format!("as {detail}"),
            (Self::Negate, _) => "sign changed".to_owned(),
            (Self::Default, _) => "default of the contract".to_owned(),
            (Self::Join, detail) => format!("{detail} values joined"),
            (Self::Entry, _) => "value of the mapping".to_owned(),
            (Self::Stored, _) => "rounded to what the column holds".to_owned(),
        }
    }
}

impl Gives {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Empty => "empty",
            Self::Text => "text",
            Self::Number => "number",
            Self::Flag => "flag",
            Self::Date => "date",
        }
    }
}

impl Why {
    /// For programs.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Filter => "filter",
            Self::NoParent => "no_parent",
            Self::NoValue => "no_value",
            Self::SameKeyAsRow(_) | Self::SameKeyAs(_) => "same_key",
            Self::NoRole => "no_role",
            Self::UnknownRole => "unknown_role",
            Self::NoId => "no_id",
            Self::Incomplete => "incomplete",
            Self::Meaningless => "meaningless",
        }
    }

    /// For people.
    pub(super) fn sentence(self) -> &'static str {
        match self {
            Self::Filter => "it does not have what the contract's filter asks for",
            Self::NoParent => "the row that it hangs off is none",
            Self::NoValue => "nothing that makes a row of it has a value",
            Self::SameKeyAsRow(_) | Self::SameKeyAs(_) => "another row has the same key",
            Self::NoRole => "it says no role of a contact",
            Self::UnknownRole => "its role is none of those that the contract keeps",
            Self::NoId => "it has no id",
            Self::Incomplete => "it lacks an attribute that a contact must have",
            Self::Meaningless => "it has none of the attributes that say who a contact is",
        }
    }
}
