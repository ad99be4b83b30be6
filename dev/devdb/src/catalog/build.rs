//! A parsed `CREATE TABLE` to a table of the catalog.

use std::sync::Arc;

use crate::bind;
use crate::catalog::definition;
use crate::catalog::table::{
    Catalog, Check, Column, Computed, Default, ForeignKey, Key, KeyKind, Table,
};
use crate::error::{SqlError, SqlResult};
use crate::sql::ast::{ColumnDef, Constraint, IndexDef, Rule, TableDef};
use crate::value::collation::Collation;
use crate::value::sqltype::SqlType;

/// Checks a definition against the catalog and names what it left without a name.
pub(crate) fn table(catalog: &Catalog, def: &TableDef, object_id: i64) -> SqlResult<Table> {
    let qualified = def.name.qualified();
    let (schema, name) = qualified.split_once('.').expect("a qualified name has a dot");
    let Some(schema) = catalog.schemas.get(&schema.to_lowercase()) else {
        return Err(no_schema(schema));
    };
    let mut table = Table {
        object_id,
        schema: schema.name.clone(),
        name: name.to_owned(),
        columns: Vec::with_capacity(def.columns.len()),
        keys: Vec::new(),
        indexes: Vec::new(),
        foreign_keys: Vec::new(),
        checks: Vec::new(),
        is_system: false,
    };
    for column_def in &def.columns {
        if table.column_index(&column_def.name).is_some() {
            let (column, table) = (&column_def.name, &table.name);
            let text = format!(
                "Column names in each table must be unique. Column name '{column}' in table '{table}' is specified more than once."
            );
            return Err(SqlError::new(2705, text));
        }
        let built = column(&table, column_def)?;
        table.columns.push(built);
    }
    for constraint in &def.constraints {
        add_constraint(catalog, &mut table, constraint)?;
    }
    Ok(table)
}

/// 2760.
pub(crate) fn no_schema(name: &str) -> SqlError {
    let text = format!(
        "The specified schema name \"{name}\" either does not exist or you do not have permission to use it."
    );
    SqlError::new(2760, text)
}

fn column(table: &Table, def: &ColumnDef) -> SqlResult<Column> {
    if let Some((expr, text)) = &def.computed {
        let (sql, ty, collation) = bind::computed(table, expr)?;
        let computed = Computed { sql, definition: format!("({})", text.to_lowercase()) };
        let is_nullable = def.is_nullable.unwrap_or(true);
        let name = def.name.clone();
        return Ok(Column {
            name,
            ty,
            collation,
            is_nullable,
            identity: None,
            default: None,
            computed: Some(computed),
        });
    }
    let ty = def.ty.expect("a column without a type is a computed one");
    if def.identity.is_some()
        && !matches!(ty, SqlType::TinyInt | SqlType::SmallInt | SqlType::Int | SqlType::BigInt)
    {
        let text = format!(
            "Identity column '{}' must be of data type int, bigint, smallint, tinyint.",
            def.name
        );
        return Err(SqlError::new(2749, text));
    }
    let default = match &def.default {
        None => None,
        Some(given) => Some(Default {
            name: given.name.clone().unwrap_or_else(|| generated("DF", &table.name, &def.name)),
            expr: Arc::clone(&given.expr),
            definition: definition::of(&given.expr)?,
        }),
    };
    let is_nullable = def.is_nullable.unwrap_or(def.identity.is_none());
    Ok(Column {
        name: def.name.clone(),
        ty,
        collation: collation(def, ty)?,
        is_nullable,
        identity: def.identity,
        default,
        computed: None,
    })
}

fn collation(def: &ColumnDef, ty: SqlType) -> SqlResult<Collation> {
    match &def.collation {
        Some(name) if ty.is_text() => Collation::named(name),
        Some(_) => Err(bind::no_text(ty)),
        None => Ok(Collation::default()),
    }
}

fn add_constraint(catalog: &Catalog, table: &mut Table, constraint: &Constraint) -> SqlResult<()> {
    let indexes = |table: &Table, names: &[String]| -> SqlResult<Vec<usize>> {
        names.iter().map(|name| table.column(name)).collect()
    };
    match &constraint.rule {
        Rule::Primary(names) => {
            let columns = indexes(table, names)?;
            for idx in &columns {
                table.columns[*idx].is_nullable = false;
            }
            let name = constraint.name.clone().unwrap_or_else(|| generated("PK", &table.name, ""));
            if table.keys.iter().any(|key| key.kind == KeyKind::Primary) {
                let text = format!(
                    "Cannot add multiple PRIMARY KEY constraints to table '{}'.",
                    table.name
                );
                return Err(SqlError::new(8110, text));
            }
            table.keys.push(Key { name, kind: KeyKind::Primary, columns });
        }
        Rule::Unique(names) => {
            let columns = indexes(table, names)?;
            let name =
                constraint.name.clone().unwrap_or_else(|| generated("UQ", &table.name, &names[0]));
            table.keys.push(Key { name, kind: KeyKind::Unique, columns });
        }
        Rule::Foreign { columns, parent, parent_columns, cascades } => {
            let name = constraint
                .name
                .clone()
                .unwrap_or_else(|| generated("FK", &table.name, &columns[0]));
            let is_self = parent.qualified().eq_ignore_ascii_case(&table.sqlite_name());
            let found = catalog.find(parent).map(AsRef::as_ref);
            let referenced = if is_self { Some(&*table) } else { found };
            let Some(of) = referenced else {
                let text = format!(
                    "Foreign key '{name}' references invalid table '{}'.",
                    parent.written()
                );
                return Err(SqlError::new(1767, text));
            };
            let parent_columns = parent_key(of, parent_columns, &name)?;
            let columns = indexes(table, columns)?;
            for (own, referred) in columns.iter().zip(&parent_columns) {
                check_collation(table, *own, of, referred, &name)?;
            }
            let foreign = ForeignKey {
                columns,
                parent: of.sqlite_name(),
                parent_columns,
                cascades: *cascades,
                name,
            };
            table.foreign_keys.push(foreign);
        }
        Rule::Check(condition) => {
            let name = constraint.name.clone().unwrap_or_else(|| generated("CK", &table.name, ""));
            let sql = bind::check(table, condition)?;
            table.checks.push(Check { name, sql });
        }
    }
    Ok(())
}

/// 1757: both sides of a foreign key compare alike.
fn check_collation(
    table: &Table,
    own: usize,
    parent: &Table,
    referred: &str,
    constraint: &str,
) -> SqlResult<()> {
    let (own, of) = (&table.columns[own], &parent.columns[parent.column(referred)?]);
    if !own.ty.is_text() || !of.ty.is_text() || own.collation == of.collation {
        return Ok(());
    }
    let (parent, table) = (parent.sqlite_name(), table.sqlite_name());
    let text = format!(
        "Column '{parent}.{}' is not of same collation as referencing column '{table}.{}' in foreign key '{constraint}'.",
        of.name, own.name
    );
    Err(SqlError::new(1757, text))
}

/// The columns referred to, which have to be a key of their table.
fn parent_key(parent: &Table, named: &[String], constraint: &str) -> SqlResult<Vec<String>> {
    let is_key = |key: &&Key| {
        let names: Vec<&str> =
            key.columns.iter().map(|idx| parent.columns[*idx].name.as_str()).collect();
        names.len() == named.len()
            && named.iter().all(|name| names.iter().any(|of| of.eq_ignore_ascii_case(name)))
    };
    let found = if named.is_empty() {
        parent.keys.iter().find(|key| key.kind == KeyKind::Primary)
    } else {
        parent.keys.iter().find(is_key)
    };
    let Some(key) = found else {
        let table = parent.sqlite_name();
        let text = format!(
            "There are no primary or candidate keys in the referenced table '{table}' that match the referencing column list in the foreign key '{constraint}'."
        );
        return Err(SqlError::new(1776, text));
    };
    if named.is_empty() {
        return Ok(key.columns.iter().map(|idx| parent.columns[*idx].name.clone()).collect());
    }
    Ok(named.to_vec())
}

/// The columns of an index.
pub(crate) fn index_columns(table: &Table, def: &IndexDef) -> SqlResult<Vec<usize>> {
    def.columns.iter().map(|(name, _)| table.column(name)).collect()
}

/// A name like the ones SQL Server makes up, the same whenever it is made.
fn generated(prefix: &str, table: &str, column: &str) -> String {
    let mut hash = 0xCBF2_9CE4_8422_2325u64;
    for byte in prefix.bytes().chain(table.bytes()).chain(column.bytes()) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
    }
    let short = |text: &str, n: usize| text.chars().take(n).collect::<String>();
    let middle = if column.is_empty() { String::new() } else { format!("{}__", short(column, 5)) };
    format!("{prefix}__{}__{middle}{:08X}", short(table, 9), hash >> 32)
}
