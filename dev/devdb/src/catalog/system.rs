//! The `sys` views that statements ask: real tables in SQLite, filled as tables are made.

use rusqlite::{Connection, params};

use crate::catalog::principals;
use crate::catalog::table::{Column, Table, quoted};
use crate::error::SqlResult;
use crate::value::collation::Collation;
use crate::value::sqltype::{MAX, SqlType};

pub(crate) const SCHEMA: &str = "sys";

/// What `DB_ID()` says; the first four are the server's own databases.
pub(crate) const DATABASE_ID: i64 = 5;
/// SQL Server 2016.
const COMPATIBILITY_LEVEL: i64 = 130;

const NAME: SqlType = SqlType::NVarChar(128);
const ID: SqlType = SqlType::Int;

type Columns = &'static [(&'static str, SqlType)];

const TABLES: [(&str, Columns); 15] = [
    ("schemas", &[("name", NAME), ("schema_id", ID), ("principal_id", ID)]),
    (
        "tables",
        &[
            ("name", NAME),
            ("object_id", ID),
            ("schema_id", ID),
            ("type", SqlType::Char(2)),
            ("type_desc", NAME),
        ],
    ),
    (
        "columns",
        &[
            ("object_id", ID),
            ("name", NAME),
            ("column_id", ID),
            ("system_type_id", SqlType::TinyInt),
            ("user_type_id", ID),
            ("max_length", SqlType::SmallInt),
            ("precision", SqlType::TinyInt),
            ("scale", SqlType::TinyInt),
            ("collation_name", NAME),
            ("is_nullable", SqlType::Bit),
            ("is_identity", SqlType::Bit),
            ("is_computed", SqlType::Bit),
            ("default_object_id", ID),
            ("generated_always_type", SqlType::TinyInt),
        ],
    ),
    (
        "types",
        &[
            ("name", NAME),
            ("system_type_id", SqlType::TinyInt),
            ("user_type_id", ID),
            ("schema_id", ID),
            ("max_length", SqlType::SmallInt),
            ("precision", SqlType::TinyInt),
            ("scale", SqlType::TinyInt),
            ("is_user_defined", SqlType::Bit),
        ],
    ),
    (
        "default_constraints",
        &[
            ("name", NAME),
            ("object_id", ID),
            ("schema_id", ID),
            ("parent_object_id", ID),
            ("parent_column_id", ID),
            ("definition", SqlType::NVarChar(MAX)),
        ],
    ),
    (
        "foreign_keys",
        &[
            ("name", NAME),
            ("object_id", ID),
            ("schema_id", ID),
            ("parent_object_id", ID),
            ("referenced_object_id", ID),
            ("delete_referential_action", SqlType::TinyInt),
            ("delete_referential_action_desc", NAME),
            ("is_disabled", SqlType::Bit),
        ],
    ),
    (
        "foreign_key_columns",
        &[
            ("constraint_object_id", ID),
            ("constraint_column_id", ID),
            ("parent_object_id", ID),
            ("parent_column_id", ID),
            ("referenced_object_id", ID),
            ("referenced_column_id", ID),
        ],
    ),
    (
        "computed_columns",
        &[
            ("object_id", ID),
            ("name", NAME),
            ("column_id", ID),
            ("definition", SqlType::NVarChar(MAX)),
            ("is_persisted", SqlType::Bit),
        ],
    ),
    (
        "indexes",
        &[
            ("object_id", ID),
            ("name", NAME),
            ("index_id", ID),
            ("type", SqlType::TinyInt),
            ("type_desc", NAME),
            ("is_unique", SqlType::Bit),
            ("is_primary_key", SqlType::Bit),
            ("is_unique_constraint", SqlType::Bit),
            ("has_filter", SqlType::Bit),
        ],
    ),
    (
        "index_columns",
        &[
            ("object_id", ID),
            ("index_id", ID),
            ("index_column_id", ID),
            ("column_id", ID),
            ("key_ordinal", SqlType::TinyInt),
        ],
    ),
    (
        "databases",
        &[
            ("database_id", ID),
            ("compatibility_level", SqlType::TinyInt),
            ("collation_name", NAME),
            ("is_read_committed_snapshot_on", SqlType::Bit),
            ("delayed_durability", ID),
        ],
    ),
    (
        "identity_columns",
        &[
            ("object_id", ID),
            ("name", NAME),
            ("column_id", ID),
            ("seed_value", SqlType::BigInt),
            ("increment_value", SqlType::BigInt),
            ("last_value", SqlType::BigInt),
        ],
    ),
    (
        "database_principals",
        &[
            ("name", NAME),
            ("principal_id", ID),
            ("type", SqlType::Char(1)),
            ("type_desc", NAME),
            ("default_schema_name", NAME),
        ],
    ),
    ("database_role_members", &[("role_principal_id", ID), ("member_principal_id", ID)]),
    (
        "database_permissions",
        &[
            ("class", SqlType::TinyInt),
            ("class_desc", NAME),
            ("major_id", ID),
            ("minor_id", ID),
            ("grantee_principal_id", ID),
            ("grantor_principal_id", ID),
            ("type", SqlType::Char(4)),
            ("permission_name", NAME),
            ("state", SqlType::Char(1)),
            ("state_desc", NAME),
        ],
    ),
];

/// `system_type_id`, `user_type_id`, name, `max_length`, precision, scale.
const TYPES: [(i64, i64, &str, i64, i64, i64); 20] = [
    (36, 36, "uniqueidentifier", 16, 0, 0),
    (40, 40, "date", 3, 10, 0),
    (41, 41, "time", 5, 16, 7),
    (42, 42, "datetime2", 8, 27, 7),
    (48, 48, "tinyint", 1, 3, 0),
    (52, 52, "smallint", 2, 5, 0),
    (56, 56, "int", 4, 10, 0),
    (58, 58, "smalldatetime", 4, 16, 0),
    (59, 59, "real", 4, 24, 0),
    (61, 61, "datetime", 8, 23, 3),
    (62, 62, "float", 8, 53, 0),
    (104, 104, "bit", 1, 1, 0),
    (106, 106, "decimal", 17, 38, 38),
    (127, 127, "bigint", 8, 19, 0),
    (165, 165, "varbinary", 8000, 0, 0),
    (167, 167, "varchar", 8000, 0, 0),
    (173, 173, "binary", 8000, 0, 0),
    (175, 175, "char", 8000, 0, 0),
    (231, 231, "nvarchar", 8000, 0, 0),
    (239, 239, "nchar", 8000, 0, 0),
];

/// The views as tables of the catalog.
pub(crate) fn tables() -> impl Iterator<Item = Table> {
    (1i64..).zip(TABLES).map(|(number, (name, columns))| Table {
        object_id: -number,
        schema: SCHEMA.to_owned(),
        name: name.to_owned(),
        columns: columns.iter().map(|(name, ty)| column(name, *ty)).collect(),
        keys: Vec::new(),
        indexes: Vec::new(),
        foreign_keys: Vec::new(),
        checks: Vec::new(),
        is_system: true,
    })
}

/// The names of the views.
#[cfg(test)]
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    TABLES.iter().map(|(name, _)| *name)
}

fn column(name: &str, ty: SqlType) -> Column {
    Column {
        name: name.to_owned(),
        ty,
        collation: Collation::default(),
        is_nullable: true,
        identity: None,
        default: None,
        computed: None,
    }
}

/// The id of a type in `sys.types`.
pub(crate) fn type_id(ty: SqlType) -> i64 {
    TYPES.iter().find(|(_, _, name, ..)| *name == ty.name()).map_or(0, |(id, ..)| *id)
}

/// `max_length`, precision and scale of a column, as `sys.columns` has them.
pub(crate) fn facets(ty: SqlType) -> (i64, i64, i64) {
    let bytes = |n: u16, width: i64| if n == MAX { -1 } else { i64::from(n) * width };
    match ty {
        SqlType::Char(n) | SqlType::VarChar(n) | SqlType::Binary(n) | SqlType::VarBinary(n) => {
            (bytes(n, 1), 0, 0)
        }
        SqlType::NChar(n) | SqlType::NVarChar(n) => (bytes(n, 2), 0, 0),
        SqlType::Decimal { precision, scale } => (
            i64::from(crate::wire::typeinfo::decimal_len(precision)),
            i64::from(precision),
            i64::from(scale),
        ),
        SqlType::Time(n) => {
            (time_bytes(n), if n == 0 { 8 } else { 9 + i64::from(n) }, i64::from(n))
        }
        SqlType::DateTime2(n) => {
            (time_bytes(n) + 3, if n == 0 { 19 } else { 20 + i64::from(n) }, i64::from(n))
        }
        SqlType::Null
        | SqlType::Bit
        | SqlType::TinyInt
        | SqlType::SmallInt
        | SqlType::Int
        | SqlType::BigInt => fixed(ty),
        SqlType::Real | SqlType::Float | SqlType::Guid | SqlType::Date => fixed(ty),
        SqlType::SmallDateTime | SqlType::DateTime => fixed(ty),
    }
}

fn time_bytes(digits: u8) -> i64 {
    i64::try_from(crate::wire::typeinfo::time_len(digits)).expect("at most five")
}

fn fixed(ty: SqlType) -> (i64, i64, i64) {
    let found = TYPES.iter().find(|(_, _, name, ..)| *name == ty.name());
    found.map_or((0, 0, 0), |(_, _, _, len, precision, scale)| (*len, *precision, *scale))
}

/// Makes the views where the database is new.
pub(crate) fn create(db: &Connection) -> SqlResult<()> {
    for table in tables() {
        // Ours are `qualified`, which OBJECT_ID looks for, and `login`, whose user it is.
        let extra = match table.name.as_str() {
            "tables" => ", qualified TEXT COLLATE TSQL",
            "database_principals" => ", login TEXT COLLATE NOCASE",
            _ => "",
        };
        let columns: Vec<String> = table
            .columns
            .iter()
            .map(|c| format!("{}{}", quoted(&c.name), collation(c.ty)))
            .collect();
        let name = quoted(&table.sqlite_name());
        db.execute_batch(&format!(
            "CREATE TABLE IF NOT EXISTS {name} ({}{extra})",
            columns.join(", ")
        ))?;
    }
    principals::create(db)?;
    let n_types: i64 = db.query_row("SELECT COUNT(*) FROM \"sys.types\"", [], |row| row.get(0))?;
    if n_types > 0 {
        return Ok(());
    }
    for (system, user, name, len, precision, scale) in TYPES {
        db.execute(
            "INSERT INTO \"sys.types\" VALUES (?1, ?2, ?3, 4, ?4, ?5, ?6, 0)",
            params![name, system, user, len, precision, scale],
        )?;
    }
    db.execute(
        "INSERT INTO \"sys.databases\" VALUES (?1, ?2, 'SQL_Latin1_General_CP1_CI_AS', 1, 0)",
        params![DATABASE_ID, COMPATIBILITY_LEVEL],
    )?;
    for (name, id) in [("dbo", 1), ("guest", 2), ("INFORMATION_SCHEMA", 3), (SCHEMA, 4)] {
        db.execute("INSERT INTO \"sys.schemas\" VALUES (?1, ?2, 1)", params![name, id])?;
    }
    Ok(())
}

fn collation(ty: SqlType) -> &'static str {
    if ty.is_text() { " TEXT COLLATE TSQL" } else { " INTEGER" }
}
