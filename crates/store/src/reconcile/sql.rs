//! The statement that compares: the rows that there should be as the database converts them, and those that there are.

use std::fmt::Write as _;

use xmlx_extract::{Plan, Table};

use super::NotCompared;
use crate::catalog::{Catalog, CatalogColumn};
use crate::encode::ColumnCodec;
use crate::name;

/// Which rows an answer's row is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// That should be there: the place of the plan's table.
    Expected(usize),
    /// That are there: the place of the target.
    Actual(usize),
}

impl Side {
    /// By the number that rows begin with: those of the plan's tables come first.
    pub(super) fn of(number: i32, n_tables: usize) -> Option<Self> {
        let number = usize::try_from(number).ok()?;
        Some(match number.checked_sub(n_tables) {
            None => Self::Expected(number),
            Some(target) => Self::Actual(target),
        })
    }
}

/// A table of the target, which is there once though several contracts may fill it.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) name: String,
    /// All that some contract fills.
    columns: Vec<String>,
}

impl Target {
    /// The place of a column in its rows.
    pub(super) fn place(&self, name: &str) -> usize {
        let place = self.columns.iter().position(|column| column.eq_ignore_ascii_case(name));
        place.expect("the target has the columns of all contracts")
    }
}

/// The statement, and what it compares.
#[derive(Clone, Debug)]
pub(super) struct Statement {
    pub(super) text: String,
    pub(super) targets: Vec<Target>,
    pub(super) not_compared: Vec<NotCompared>,
}

/// The column of the application's id, which has one name in all contracts of a job.
pub(super) fn application_key(plan: &Plan) -> Option<&str> {
    let root = plan.tables().iter().find(|table| table.parent.is_none())?;
    Some(&root.columns.first()?.name)
}

/// Parameter 1: the ids; from 2 on the rows of each table of the plan, each with its application's id first.
pub(super) fn statement(plan: &Plan, catalog: &Catalog) -> Statement {
    let targets = targets(plan);
    let mut not_compared = Vec::new();
    let mut text = "SET NOCOUNT ON;\nSET LOCK_TIMEOUT 30000;\n".to_owned();
    let mut push = |line: String| {
        text.push_str(&line);
        text.push_str(";\n");
    };
    for (place, table) in plan.tables().iter().enumerate() {
        push(expected(table, place, catalog));
    }
    for (place, target) in targets.iter().enumerate() {
        let number = plan.tables().len() + place;
        match actual(plan, catalog, target, number) {
            Some(select) => push(select),
            None => not_compared.push(NotCompared {
                place: target.name.clone(),
                reason: "nothing in the contract ties its rows to an application".to_owned(),
            }),
        }
        not_compared.extend(beyond(catalog, target));
    }
    not_compared.sort();
    Statement { text, targets, not_compared }
}

fn targets(plan: &Plan) -> Vec<Target> {
    let mut targets: Vec<Target> = Vec::new();
    for table in plan.tables() {
        let known = targets.iter().position(|target| target.name.eq_ignore_ascii_case(&table.name));
        let place = known.unwrap_or_else(|| {
            targets.push(Target { name: table.name.clone(), columns: Vec::new() });
            targets.len() - 1
        });
        let columns = &mut targets[place].columns;
        for column in &table.columns {
            if !columns.iter().any(|known| known.eq_ignore_ascii_case(&column.name)) {
                columns.push(column.name.clone());
            }
        }
    }
    targets
}

/// The rows of a table of the plan, as its columns would hold them.
fn expected(table: &Table, place: usize, catalog: &Catalog) -> String {
    let mut items = format!("SELECT CAST({place} AS int) AS [n], j.[a] AS [a]");
    let mut schema = "[a] bigint '$[0]'".to_owned();
    for (at, column) in table.columns.iter().enumerate() {
        let known = catalog.column(&table.name, &column.name).expect("the check found it");
        let codec = ColumnCodec::new(known);
        let travels = &codec.sql_type;
        let given = format!("j.[c{at}]");
        // As the commit does it.
        let value = match &known.default {
            Some(default) if is_literal(default) => {
                format!("COALESCE({given}, CONVERT({travels}, {default}))")
            }
            Some(_) | None => given,
        };
        let value = match kept_as(known) {
            Some(kept) => {
                let collate = known.collation.as_deref().map_or_else(String::new, name::collate);
                format!("CAST({value}{collate} AS {kept})")
            }
            None => value,
        };
        write!(items, ", {} AS [c{at}]", comes_back(&value, known))
            .expect("writing to a string does not fail");
        write!(schema, ", [c{at}] {travels} '$[{}]'", at + 1)
            .expect("writing to a string does not fail");
    }
    format!("{items} FROM OPENJSON(@P{}) WITH ({schema}) AS j", place + 2)
}

/// The rows of a table that belong to the applications; `None` where nothing ties them to one.
fn actual(plan: &Plan, catalog: &Catalog, target: &Target, number: usize) -> Option<String> {
    let key = application_key(plan)?;
    let find =
        |name: &str| plan.tables().iter().find(|table| table.name.eq_ignore_ascii_case(name));
    let has_key =
        |table: &Table| table.columns.iter().any(|column| column.name.eq_ignore_ascii_case(key));
    // From the table up to one that has the application's id.
    let mut chain = vec![find(&target.name)?];
    while !has_key(chain[chain.len() - 1]) {
        let below = chain[chain.len() - 1];
        let above = find(&below.parent.as_ref()?.table)?;
        if chain.iter().any(|table| table.name == above.name) {
            return None;
        }
        chain.push(above);
    }
    let top = chain.len() - 1;
    let id_type = ColumnCodec::new(catalog.column(&chain[top].name, key)?).sql_type;
    let key = name::quoted(key);
    let mut items =
        format!("SELECT CAST({number} AS int) AS [n], CAST(t{top}.{key} AS bigint) AS [a]");
    for (at, column) in target.columns.iter().enumerate() {
        let known = catalog.column(&target.name, column)?;
        let value = format!("t0.{}", name::quoted(column));
        write!(items, ", {} AS [c{at}]", comes_back(&value, known))
            .expect("writing to a string does not fail");
    }
    let table = |table: &Table| name::table(plan.target_schema(), &table.name);
    let mut from = format!(
        "FROM OPENJSON(@P1) WITH ([a] {id_type} '$') AS j INNER JOIN {} AS t{top} ON t{top}.{key} = j.[a]",
        table(chain[top])
    );
    for at in (0..top).rev() {
        let (below, above) = (chain[at], chain[at + 1]);
        let tied = below.parent.as_ref()?.columns.iter().map(|column| {
            let collate = collate(catalog, &above.name, &below.name, column);
            let column = name::quoted(column);
            format!("t{at}.{column} = t{}.{column}{collate}", at + 1)
        });
        let tied: Vec<String> = tied.collect();
        write!(from, " INNER JOIN {} AS t{at} ON {}", table(below), tied.join(" AND "))
            .expect("writing to a string does not fail");
    }
    Some(format!("{items} {from}"))
}

/// Where the two tables' columns have different collations, the upper one's tells its rows apart.
fn collate(catalog: &Catalog, above: &str, below: &str, column: &str) -> String {
    let of = |table| catalog.column(table, column)?.collation.as_deref();
    match (of(above), of(below)) {
        (Some(above), Some(below)) if above != below => name::collate(above),
        (Some(_) | None, _) => String::new(),
    }
}

/// What of a table is not compared.
fn beyond(catalog: &Catalog, target: &Target) -> Vec<NotCompared> {
    let mut found = Vec::new();
    for column in catalog.columns(&target.name) {
        let place = format!("{}.{}", target.name, column.name);
        let is_mapped = target.columns.iter().any(|name| name.eq_ignore_ascii_case(&column.name));
        let reason = if !is_mapped && column.identity {
            "numbers of the database (IDENTITY)"
        } else if !is_mapped && column.computed {
            "computed by the database"
        } else if !is_mapped {
            "not filled by the contract"
        } else if is_filled_by_function(column) {
            "where the document has no value: the default of the database is no constant"
        } else {
            continue;
        };
        found.push(NotCompared { place, reason: reason.to_owned() });
    }
    found
}

/// Whether the database puts something into an empty cell that only it can know.
pub(super) fn is_filled_by_function(column: &CatalogColumn) -> bool {
    column.default_hidden || column.default.as_deref().is_some_and(|text| !is_literal(text))
}

/// Whether the text of a default is a constant: it begins with a quote, a digit or a sign, brackets left out.
fn is_literal(default: &str) -> bool {
    let text = default.trim_matches(|sign: char| matches!(sign, '(' | ')') || sign.is_whitespace());
    let is_text = text.starts_with('\'') || text.starts_with("N'");
    let unsigned = text.trim_start_matches(['-', '+']);
    let is_number = !unsigned.is_empty()
        && unsigned.chars().all(|sign| sign.is_ascii_digit() || matches!(sign, '.' | 'e' | 'E'));
    let is_one_text = || {
        let quoted = text.trim_start_matches('N');
        quoted.len() >= 2
            && quoted.ends_with('\'')
            && quoted[1..quoted.len() - 1].replace("''", "").find('\'').is_none()
    };
    text.eq_ignore_ascii_case("NULL") || is_number || is_text && is_one_text()
}

/// The type that a column converts a text to; `None` where the value comes in the column's own type.
fn kept_as(column: &CatalogColumn) -> Option<String> {
    let name = column.type_name.as_str();
    let length = |unit: i32| match column.max_length {
        -1 => "max".to_owned(),
        bytes => (bytes / unit).to_string(),
    };
    match name {
        "nvarchar" | "nchar" => Some(format!("{name}({})", length(2))),
        "varchar" | "char" => Some(format!("{name}({})", length(1))),
        "uniqueidentifier" => Some(name.to_owned()),
        "time" => Some(format!("{name}({})", column.scale)),
        _ => None,
    }
}

/// How a value comes back: texts as the bytes of their UTF-16, whatever their code page is; money as a number that loses
/// no digit.
fn comes_back(value: &str, column: &CatalogColumn) -> String {
    match column.type_name.as_str() {
        "bit" | "tinyint" | "smallint" | "int" | "bigint" | "float" | "real" | "decimal"
        | "numeric" | "date" | "datetime" | "smalldatetime" | "datetime2" | "datetimeoffset"
        | "time" | "uniqueidentifier" => value.to_owned(),
        "money" | "smallmoney" => format!("CAST({value} AS decimal(19,4))"),
        _ => format!("CAST(CAST({value} AS nvarchar(max)) AS varbinary(max))"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_are_told_from_functions() {
        for (default, expected) in [
            ("((0))", true),
            ("(-1.5)", true),
            ("('a (b)')", true),
            ("(N'it''s')", true),
            ("(NULL)", true),
            ("(getdate())", false),
            ("(sysutcdatetime())", false),
            ("('a'+'b')", false),
            ("(user_name())", false),
            ("(CONVERT([date],getdate()))", false),
            ("()", false),
        ] {
            assert_eq!(is_literal(default), expected, "{default}");
        }
    }
}
