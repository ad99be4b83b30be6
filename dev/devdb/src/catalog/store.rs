//! The catalog in the database: definitions as written, and the rows of the `sys` views.

use std::sync::Arc;

use rusqlite::{Connection, params};

use crate::broken::{Broken, broken};
use crate::catalog::access::Securable;
use crate::catalog::build;
use crate::catalog::principals;
use crate::catalog::system::{facets, type_id};
use crate::catalog::table::{Catalog, Column, Key, KeyKind, Schema, Table, quoted};
use crate::error::{SqlError, SqlResult};
use crate::sql::ast::{IndexDef, ObjectName, TableDef};
use crate::value::sqltype::SqlType;

/// Object ids of user tables begin here, and leave room for each table's constraints.
const OBJECT_ID_BASE: i64 = 100_000;
const OBJECT_ID_STEP: i64 = 2_000;
/// Ids of user schemas begin here, as on SQL Server.
const SCHEMA_ID_BASE: i64 = 5;

/// Makes what a new database needs.
pub(crate) fn create(db: &Connection) -> SqlResult<()> {
    db.execute_batch(
        "CREATE TABLE IF NOT EXISTS \"devdb.ddl\" (id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, name TEXT NOT NULL, text TEXT NOT NULL);
         CREATE TABLE IF NOT EXISTS \"devdb.identity\" (object_id INTEGER PRIMARY KEY, last INTEGER NOT NULL);",
    )?;
    super::system::create(db)
}

/// Reads the catalog.
pub(crate) fn load(db: &Connection) -> SqlResult<Catalog> {
    let mut catalog = Catalog::empty();
    catalog.principals = principals::load(db)?;
    let mut statement = db.prepare("SELECT id, kind, name, text FROM \"devdb.ddl\" ORDER BY id")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (id, kind, text): (i64, String, String) = (row.get(0)?, row.get(1)?, row.get(3)?);
        match kind.as_str() {
            "schema" => {
                let name: String = row.get(2)?;
                let id = SCHEMA_ID_BASE + id;
                let owner = principals::owner(db, id)?;
                catalog.schemas.insert(name.to_lowercase(), Schema { id, name, owner });
            }
            "table" => {
                let def = crate::sql::reread_table(&text)?;
                let table = build::table(&catalog, &def, OBJECT_ID_BASE + id * OBJECT_ID_STEP)?;
                catalog.tables.insert(table.sqlite_name().to_lowercase(), Arc::new(table));
            }
            _ => {
                let def = crate::sql::reread_index(&text)?;
                add_index(&mut catalog, &def)?;
            }
        }
    }
    catalog.renew();
    Ok(catalog)
}

fn add_index(catalog: &mut Catalog, def: &IndexDef) -> SqlResult<()> {
    let table = Arc::clone(catalog.table(&def.table)?);
    let columns = build::index_columns(&table, def)?;
    // Definitions are read again rather than changed in place: a table of the catalog never changes.
    let slot = catalog.tables.get_mut(&table.sqlite_name().to_lowercase()).expect("found above");
    drop(table);
    if let Some(table) = Arc::get_mut(slot) {
        if def.is_unique {
            table.keys.push(unique_key(def, columns));
        } else {
            table.indexes.push(columns);
        }
    }
    Ok(())
}

/// The key that a unique index is.
fn unique_key(def: &IndexDef, columns: Vec<usize>) -> Key {
    Key { name: def.name.clone(), kind: KeyKind::Index, columns }
}

fn record(db: &Connection, kind: &str, name: &str, text: &str) -> SqlResult<i64> {
    db.execute(
        "INSERT INTO \"devdb.ddl\" (kind, name, text) VALUES (?1, ?2, ?3)",
        params![kind, name, text],
    )?;
    Ok(db.last_insert_rowid())
}

/// Makes a schema.
pub(crate) fn create_schema(
    db: &Connection,
    catalog: &Catalog,
    name: &str,
    owner: i64,
) -> SqlResult<()> {
    if catalog.schemas.contains_key(&name.to_lowercase()) {
        let text = format!("There is already an object named '{name}' in the database.");
        return Err(SqlError::new(2714, text).with_state(6));
    }
    let id = record(db, "schema", name, "")?;
    db.execute(
        "INSERT INTO \"sys.schemas\" VALUES (?1, ?2, ?3)",
        params![name, SCHEMA_ID_BASE + id, owner],
    )?;
    Ok(())
}

/// Drops a schema that holds nothing.
pub(crate) fn drop_schema(db: &Connection, catalog: &Catalog, schema: &Schema) -> SqlResult<()> {
    let name = &schema.name;
    if schema.id < SCHEMA_ID_BASE {
        return Err(SqlError::new(15150, format!("Cannot drop the schema '{name}'.")));
    }
    if let Some(table) =
        catalog.tables.values().find(|table| table.schema.eq_ignore_ascii_case(name))
    {
        let table = &table.name;
        let text = format!(
            "Cannot drop schema '{name}' because it is being referenced by object '{table}'."
        );
        return Err(SqlError::new(3729, text));
    }
    db.execute(
        "DELETE FROM \"devdb.ddl\" WHERE kind = 'schema' AND name = ?1 COLLATE NOCASE",
        [name],
    )?;
    db.execute("DELETE FROM \"sys.schemas\" WHERE schema_id = ?1", [schema.id])?;
    principals::forget(db, Securable::Schema(schema.id))
}

/// Makes a table.
pub(crate) fn create_table(db: &Connection, catalog: &Catalog, def: &TableDef) -> SqlResult<()> {
    if catalog.find(&def.name).is_some() {
        return Err(def.taken());
    }
    let id = record(db, "table", &def.name.qualified(), &def.text)?;
    let table = build::table(catalog, def, OBJECT_ID_BASE + id * OBJECT_ID_STEP)?;
    db.execute_batch(&sqlite_table(&table))?;
    for key in &table.keys {
        db.execute_batch(&null_index(&table, key))?;
    }
    describe(db, catalog, &table)
}

/// Makes an index.
pub(crate) fn create_index(db: &Connection, catalog: &Catalog, def: &IndexDef) -> SqlResult<()> {
    let table = catalog.table(&def.table)?;
    let columns = build::index_columns(table, def)?;
    let names: Vec<String> = def
        .columns
        .iter()
        .map(|(name, down)| format!("{}{}", quoted(name), if *down { " DESC" } else { "" }))
        .collect();
    let name = format!("{}.{}", table.sqlite_name(), def.name);
    let taken: i64 = db.query_row(
        "SELECT COUNT(*) FROM sqlite_master WHERE name = ?1 COLLATE NOCASE",
        [&name],
        |row| row.get(0),
    )?;
    if taken > 0 {
        let (table, index) = (table.sqlite_name(), &def.name);
        let text = format!(
            "The operation failed because an index or statistics with name '{index}' already exists on table '{table}'."
        );
        return Err(SqlError::new(1913, text));
    }
    let unique = if def.is_unique { "UNIQUE " } else { "" };
    let (index, on) = (quoted(&name), quoted(&table.sqlite_name()));
    let nulls = if def.is_unique {
        null_index(table, &unique_key(def, columns.clone()))
    } else {
        String::new()
    };
    let names = names.join(", ");
    db.execute_batch(&format!("CREATE {unique}INDEX {index} ON {on} ({names}); {nulls}"))
        .map_err(|err| index_error(table, &def.name, &err))?;
    record(db, "index", &table.sqlite_name(), &def.text)?;
    describe_index(db, table, (&def.name, &columns), def.is_unique, None)
}

/// Drops a table and all that was noted of it.
pub(crate) fn drop_table(db: &Connection, catalog: &Catalog, name: &ObjectName) -> SqlResult<()> {
    let table = catalog.table(name)?;
    let own = table.sqlite_name();
    let is_referenced = catalog.tables.values().any(|other| {
        other.object_id != table.object_id
            && other.foreign_keys.iter().any(|key| key.parent.eq_ignore_ascii_case(&own))
    });
    if is_referenced {
        let text = format!(
            "Could not drop object '{}' because it is referenced by a FOREIGN KEY constraint.",
            name.written()
        );
        return Err(SqlError::new(3726, text));
    }
    db.execute_batch(&format!("DROP TABLE {}", quoted(&own)))?;
    db.execute(
        "DELETE FROM \"devdb.ddl\" WHERE kind <> 'schema' AND name = ?1 COLLATE NOCASE",
        [&own],
    )?;
    db.execute("DELETE FROM \"devdb.identity\" WHERE object_id = ?1", [table.object_id])?;
    for view in
        ["tables", "columns", "indexes", "index_columns", "computed_columns", "identity_columns"]
    {
        db.execute(&format!("DELETE FROM \"sys.{view}\" WHERE object_id = ?1"), [table.object_id])?;
    }
    for view in ["default_constraints", "foreign_keys", "foreign_key_columns"] {
        db.execute(
            &format!("DELETE FROM \"sys.{view}\" WHERE parent_object_id = ?1"),
            [table.object_id],
        )?;
    }
    principals::forget(db, Securable::Object(table.object_id))
}

/// The table as SQLite makes it: one of its own whose row id is the key, or one kept in the order of its key.
fn sqlite_table(table: &Table) -> String {
    let row_id = table.row_id_column();
    let mut parts: Vec<String> = table
        .columns
        .iter()
        .enumerate()
        .map(|(idx, column)| sqlite_column(column, row_id == Some(idx)))
        .collect();
    let list = |columns: &[usize]| {
        columns.iter().map(|idx| quoted(&table.columns[*idx].name)).collect::<Vec<_>>().join(", ")
    };
    let mut has_key = false;
    for key in &table.keys {
        if key.kind == KeyKind::Primary {
            if row_id.is_none() {
                has_key = true;
                parts.push(format!("PRIMARY KEY ({})", list(&key.columns)));
            }
        } else {
            parts.push(format!("UNIQUE ({})", list(&key.columns)));
        }
    }
    for key in &table.foreign_keys {
        let parents: Vec<String> = key.parent_columns.iter().map(|name| quoted(name)).collect();
        let cascade = if key.cascades { " ON DELETE CASCADE" } else { "" };
        let (own, parent) = (list(&key.columns), quoted(&key.parent));
        parts.push(format!(
            "FOREIGN KEY ({own}) REFERENCES {parent} ({}){cascade}",
            parents.join(", ")
        ));
    }
    for check in &table.checks {
        parts.push(format!("CONSTRAINT {} CHECK ({})", quoted(&check.name), check.sql));
    }
    let suffix = if has_key { " WITHOUT ROWID" } else { "" };
    format!("CREATE TABLE {} ({}){suffix}", quoted(&table.sqlite_name()), parts.join(", "))
}

/// What keeps rows apart whose key holds a NULL: to SQL Server two NULLs are equal there, to SQLite they never are.
/// Empty where the key takes none.
fn null_index(table: &Table, key: &Key) -> String {
    let (mut parts, mut nulls) = (Vec::new(), Vec::new());
    for idx in &key.columns {
        let column = &table.columns[*idx];
        let (name, collation) = (quoted(&column.name), column.collation.sqlite());
        if column.is_nullable {
            nulls.push(format!("{name} IS NULL"));
        }
        parts.push(format!("({name} IS NULL), COALESCE({name}, 0) COLLATE {collation}"));
    }
    if nulls.is_empty() {
        return String::new();
    }
    format!(
        "CREATE UNIQUE INDEX {} ON {} ({}) WHERE {}",
        quoted(&table.null_index(key)),
        quoted(&table.sqlite_name()),
        parts.join(", "),
        nulls.join(" OR ")
    )
}

fn sqlite_column(column: &Column, is_row_id: bool) -> String {
    let name = quoted(&column.name);
    if is_row_id {
        return format!("{name} INTEGER PRIMARY KEY");
    }
    let affinity = match column.ty {
        SqlType::Real | SqlType::Float => "REAL",
        SqlType::Binary(_) | SqlType::VarBinary(_) => "BLOB",
        SqlType::Char(_)
        | SqlType::VarChar(_)
        | SqlType::NChar(_)
        | SqlType::NVarChar(_)
        | SqlType::Guid => &format!("TEXT COLLATE {}", column.collation.sqlite()),
        SqlType::Null
        | SqlType::Bit
        | SqlType::TinyInt
        | SqlType::SmallInt
        | SqlType::Int
        | SqlType::BigInt => "INTEGER",
        SqlType::Decimal { .. } | SqlType::Date | SqlType::Time(_) | SqlType::SmallDateTime => {
            "INTEGER"
        }
        SqlType::DateTime | SqlType::DateTime2(_) => "INTEGER",
    };
    let null = if column.is_nullable { "" } else { " NOT NULL" };
    match &column.computed {
        Some(computed) => {
            format!("{name} {affinity} GENERATED ALWAYS AS ({}) STORED{null}", computed.sql)
        }
        None => format!("{name} {affinity}{null}"),
    }
}

/// Writes the table's rows in the `sys` views.
fn describe(db: &Connection, catalog: &Catalog, table: &Table) -> SqlResult<()> {
    let id = table.object_id;
    let schema = catalog.schemas.get(&table.schema.to_lowercase()).map_or(1, |schema| schema.id);
    db.execute(
        "INSERT INTO \"sys.tables\" VALUES (?1, ?2, ?3, 'U ', 'USER_TABLE', ?4)",
        params![table.name, id, schema, table.sqlite_name()],
    )?;
    let mut next_id = id + 1;
    for (number, column) in (1i64..).zip(&table.columns) {
        let (len, precision, scale) = facets(column.ty);
        let type_id = type_id(column.ty);
        let collation = column.ty.is_text().then(|| column.collation.name());
        let mut default_id = 0;
        if let Some(default) = &column.default {
            default_id = next_id;
            next_id += 1;
            db.execute(
                "INSERT INTO \"sys.default_constraints\" VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![default.name, default_id, schema, id, number, default.definition],
            )?;
        }
        db.execute(
            "INSERT INTO \"sys.columns\" VALUES (?1, ?2, ?3, ?4, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, 0)",
            params![
                id,
                column.name,
                number,
                type_id,
                len,
                precision,
                scale,
                collation,
                column.is_nullable,
                column.identity.is_some(),
                column.computed.is_some(),
                default_id
            ],
        )?;
        if let Some((seed, increment)) = column.identity {
            db.execute(
                "INSERT INTO \"sys.identity_columns\" VALUES (?1, ?2, ?3, ?4, ?5, NULL)",
                params![id, column.name, number, seed, increment],
            )?;
        }
        if let Some(computed) = &column.computed {
            db.execute(
                "INSERT INTO \"sys.computed_columns\" VALUES (?1, ?2, ?3, ?4, 1)",
                params![id, column.name, number, computed.definition],
            )?;
        }
    }
    for key in &table.keys {
        describe_index(db, table, (&key.name, &key.columns), true, Some(&key.kind))?;
    }
    describe_foreign_keys(db, catalog, table, schema, next_id)
}

/// The number that `sys.columns` gives a column.
fn column_id(idx: usize) -> i64 {
    i64::try_from(idx).unwrap_or(i64::MAX - 1) + 1
}

/// Writes an index's rows; `constraint` is the kind of key it serves.
fn describe_index(
    db: &Connection,
    table: &Table,
    (name, columns): (&str, &[usize]),
    is_unique: bool,
    constraint: Option<&KeyKind>,
) -> SqlResult<()> {
    let is_primary = constraint == Some(&KeyKind::Primary);
    let (kind, kind_name) = if is_primary { (1, "CLUSTERED") } else { (2, "NONCLUSTERED") };
    db.execute(
        "INSERT INTO \"sys.indexes\" SELECT ?1, ?2, MAX(COALESCE(MAX(index_id), 0), ?3 - 1) + 1, ?3, ?4, ?5, ?6, ?7, 0
         FROM \"sys.indexes\" WHERE object_id = ?1",
        params![table.object_id, name, kind, kind_name, is_unique, is_primary, constraint == Some(&KeyKind::Unique)],
    )?;
    for (ordinal, column) in (1..).zip(columns) {
        db.execute(
            "INSERT INTO \"sys.index_columns\" SELECT ?1, MAX(index_id), ?2, ?3, ?2
             FROM \"sys.indexes\" WHERE object_id = ?1",
            params![table.object_id, ordinal, column_id(*column)],
        )?;
    }
    Ok(())
}

fn describe_foreign_keys(
    db: &Connection,
    catalog: &Catalog,
    table: &Table,
    schema: i64,
    first_id: i64,
) -> SqlResult<()> {
    for (key_id, key) in (first_id..).zip(&table.foreign_keys) {
        let found = catalog.tables.get(&key.parent.to_lowercase()).map(AsRef::as_ref);
        // Not found: the table refers to itself.
        let parent = found.unwrap_or(table);
        let (action, action_name) = if key.cascades { (1, "CASCADE") } else { (0, "NO_ACTION") };
        db.execute(
            "INSERT INTO \"sys.foreign_keys\" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0)",
            params![
                key.name,
                key_id,
                schema,
                table.object_id,
                parent.object_id,
                action,
                action_name
            ],
        )?;
        for (number, (own, of)) in (1i64..).zip(key.columns.iter().zip(&key.parent_columns)) {
            db.execute(
                "INSERT INTO \"sys.foreign_key_columns\" VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![
                    key_id,
                    number,
                    table.object_id,
                    column_id(*own),
                    parent.object_id,
                    column_id(parent.column(of)?)
                ],
            )?;
        }
    }
    Ok(())
}

/// An error of making an index: 1505 where rows are equal that it is to keep apart.
fn index_error(table: &Table, name: &str, err: &rusqlite::Error) -> SqlError {
    match broken(err) {
        Some(Broken::Unique(_)) => {
            let object = table.sqlite_name();
            let text = format!(
                "The CREATE UNIQUE INDEX statement terminated because a duplicate key was found for the object name '{object}' and the index name '{name}'."
            );
            SqlError::new(1505, text)
        }
        Some(Broken::NotNull(_) | Broken::Foreign | Broken::Check(_)) | None => {
            SqlError::from_sqlite(err)
        }
    }
}
