//! Permissions and their names.

/// What may be granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Permission {
    Select,
    Insert,
    Update,
    Delete,
    Alter,
    ViewDefinition,
    CreateTable,
    CreateSchema,
    /// Nobody is granted it here: owners have it.
    References,
}

impl Permission {
    /// What can be granted.
    pub(crate) const ALL: [Self; 8] = [
        Self::Select,
        Self::Insert,
        Self::Update,
        Self::Delete,
        Self::Alter,
        Self::ViewDefinition,
        Self::CreateTable,
        Self::CreateSchema,
    ];
    /// What can be granted on a table.
    pub(crate) const ON_TABLE: [Self; 6] =
        [Self::Select, Self::Insert, Self::Update, Self::Delete, Self::Alter, Self::ViewDefinition];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Select => "SELECT",
            Self::Insert => "INSERT",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
            Self::Alter => "ALTER",
            Self::ViewDefinition => "VIEW DEFINITION",
            Self::CreateTable => "CREATE TABLE",
            Self::CreateSchema => "CREATE SCHEMA",
            Self::References => "REFERENCES",
        }
    }

    /// As `sys.database_permissions` abbreviates it.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Select => "SL  ",
            Self::Insert => "IN  ",
            Self::Update => "UP  ",
            Self::Delete => "DL  ",
            Self::Alter => "AL  ",
            Self::ViewDefinition => "VW  ",
            Self::CreateTable => "CRTB",
            Self::CreateSchema => "CRSM",
            Self::References => "RF  ",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|permission| permission.name() == name)
    }
}
