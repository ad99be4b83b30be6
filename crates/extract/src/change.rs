//! What another contract makes of the same document.

mod counts;

pub use counts::{ChangeCounts, Changed, ColumnChanges, FailureCounts};

use std::collections::{BTreeMap, BTreeSet};

use crate::plan::Plan;
use crate::table::Application;
use crate::value::{Row, Value};

/// Two contracts, and which of their tables and columns are the same.
#[derive(Debug)]
pub struct PlanPair {
    tables: Vec<TablePair>,
}

#[derive(Debug)]
struct TablePair {
    name: String,
    /// The places among the tables of each contract; several where a set of contracts fills one table.
    old: Vec<usize>,
    new: Vec<usize>,
    /// Names with the places in the rows of each of those tables.
    columns: Vec<ColumnPair>,
    /// Places among the columns of the pair that tell rows apart in both; empty where there are none.
    key: Vec<usize>,
}

#[derive(Debug)]
struct ColumnPair {
    name: String,
    /// By table of the old contract, then by table of the new one.
    old: Vec<Option<usize>>,
    new: Vec<Option<usize>>,
}

/// What a change of the contract does to an application.
#[derive(Debug, Clone, PartialEq)]
pub struct Change<'p> {
    /// The table.
    pub table: &'p str,
    /// The column; none where it is about a whole row.
    pub column: Option<&'p str>,
    /// What happens.
    pub kind: ChangeKind,
    /// The value under the old contract; [`Value::Null`] for a row.
    pub before: Value,
    /// The value under the new one.
    pub after: Value,
}

/// What happens to a cell or to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangeKind {
    /// One value becomes another.
    Changes,
    /// There is one where there was none.
    Appears,
    /// There is none where there was one.
    Disappears,
}

impl PlanPair {
    /// Pairs tables and columns by their names, whatever their case.
    pub fn new(old: &Plan, new: &Plan) -> Self {
        let mut tables: Vec<TablePair> = Vec::new();
        for (is_new, plan) in [(false, old), (true, new)] {
            for (place, table) in plan.tables().iter().enumerate() {
                let known =
                    tables.iter().position(|pair| pair.name.eq_ignore_ascii_case(&table.name));
                let pair = known.unwrap_or_else(|| {
                    tables.push(TablePair {
                        name: table.name.clone(),
                        old: Vec::new(),
                        new: Vec::new(),
                        columns: Vec::new(),
                        key: Vec::new(),
                    });
                    tables.len() - 1
                });
                let pair = &mut tables[pair];
                if is_new {
                    pair.new.push(place)
                } else {
                    pair.old.push(place)
                }
                for column in &table.columns {
                    if !pair
                        .columns
                        .iter()
                        .any(|known| known.name.eq_ignore_ascii_case(&column.name))
                    {
                        let name = column.name.clone();
                        pair.columns.push(ColumnPair { name, old: Vec::new(), new: Vec::new() });
                    }
                }
            }
        }
        tables.iter_mut().for_each(|pair| pair.place(old, new));
        Self { tables }
    }

    /// What becomes of an application: the same document under both contracts.
    pub fn changes(&self, old: &Application, new: &Application) -> Vec<Change<'_>> {
        let mut found = Vec::new();
        for pair in &self.tables {
            pair.changes(old, new, &mut found);
        }
        found
    }
}

impl TablePair {
    /// Finds the places of the columns in both contracts, and the key that both have.
    fn place(&mut self, old: &Plan, new: &Plan) {
        let place = |plan: &Plan, table: usize, name: &str| {
            let columns = &plan.tables()[table].columns;
            columns.iter().position(|known| known.name.eq_ignore_ascii_case(name))
        };
        for column in &mut self.columns {
            column.old = self.old.iter().map(|table| place(old, *table, &column.name)).collect();
            column.new = self.new.iter().map(|table| place(new, *table, &column.name)).collect();
        }
        let key_of = |plan: &Plan, table: Option<&usize>| {
            let table = *table?;
            let columns = &plan.tables()[table].columns;
            let outline = plan.outlines().swap_remove(table);
            let names = outline.key.iter().map(|column| columns[*column].name.to_lowercase());
            Some(names.collect::<BTreeSet<String>>())
        };
        let (old_key, new_key) = (key_of(old, self.old.first()), key_of(new, self.new.first()));
        if let (Some(old_key), Some(new_key)) = (old_key, new_key)
            && old_key == new_key
        {
            let columns = self.columns.iter().enumerate();
            let of_key =
                columns.filter(|(_, column)| new_key.contains(&column.name.to_lowercase()));
            self.key = of_key.map(|(place, _)| place).collect();
        }
    }

    fn changes<'p>(&'p self, old: &Application, new: &Application, found: &mut Vec<Change<'p>>) {
        let rows = |application: &Application, tables: &[usize], is_new: bool| {
            let mut rows: Vec<Vec<Value>> = Vec::new();
            for (number, table) in tables.iter().enumerate() {
                for row in &application.tables[*table] {
                    rows.push(
                        self.columns
                            .iter()
                            .map(|column| column.value(row, number, is_new))
                            .collect(),
                    );
                }
            }
            rows
        };
        let (old, new) = (rows(old, &self.old, false), rows(new, &self.new, true));
        let (pairs, gone, come) = self.paired(&old, &new);
        for (before, after) in pairs {
            for (place, column) in self.columns.iter().enumerate() {
                let kind = match (&old[before][place], &new[after][place]) {
                    (Value::Null, Value::Null) => continue,
                    (Value::Null, _) => ChangeKind::Appears,
                    (_, Value::Null) => ChangeKind::Disappears,
                    (before, after) if is_same(before, after) => continue,
                    _ => ChangeKind::Changes,
                };
                found.push(Change {
                    table: &self.name,
                    column: Some(&column.name),
                    kind,
                    before: old[before][place].clone(),
                    after: new[after][place].clone(),
                });
            }
        }
        for (n_rows, kind) in [(gone, ChangeKind::Disappears), (come, ChangeKind::Appears)] {
            for _ in 0..n_rows {
                let (before, after) = (Value::Null, Value::Null);
                found.push(Change { table: &self.name, column: None, kind, before, after });
            }
        }
    }

    /// Pairs rows by their key, or by their order where there is none; returns how many are left on each side.
    fn paired(
        &self,
        old: &[Vec<Value>],
        new: &[Vec<Value>],
    ) -> (Vec<(usize, usize)>, usize, usize) {
        if self.key.is_empty() {
            let n_pairs = old.len().min(new.len());
            let pairs = (0..n_pairs).map(|place| (place, place)).collect();
            return (pairs, old.len() - n_pairs, new.len() - n_pairs);
        }
        let key = |row: &Vec<Value>| -> Vec<String> {
            self.key.iter().map(|column| shown(&row[*column])).collect()
        };
        let mut by_key: BTreeMap<Vec<String>, Vec<usize>> = BTreeMap::new();
        for (place, row) in new.iter().enumerate().rev() {
            by_key.entry(key(row)).or_default().push(place);
        }
        let mut pairs = Vec::new();
        for (place, row) in old.iter().enumerate() {
            if let Some(other) = by_key.get_mut(&key(row)).and_then(Vec::pop) {
                pairs.push((place, other));
            }
        }
        let (gone, come) = (old.len() - pairs.len(), new.len() - pairs.len());
        (pairs, gone, come)
    }
}

impl ColumnPair {
    /// The value of a row of one of the contract's tables; NULL where the contract has no such column.
    fn value(&self, row: &Row, table: usize, is_new: bool) -> Value {
        let places = if is_new { &self.new } else { &self.old };
        places[table].map_or(Value::Null, |place| row[place].clone())
    }
}

/// Whether two values are the same though their columns may have different types.
fn is_same(before: &Value, after: &Value) -> bool {
    before == after || shown(before) == shown(after)
}

/// A value as text: numbers without zeros at the end, so that a type with more digits is no change.
fn shown(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bit(flag) => u8::from(*flag).to_string(),
        Value::Int(number) => number.to_string(),
        Value::Decimal(number) => {
            let text = number.to_string();
            match text.contains('.') {
                true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
                false => text,
            }
        }
        Value::Float(number) => number.to_string(),
        Value::Text(text) => text.clone(),
        Value::Date(day) => day.to_string(),
        Value::DateTime(time) => time.to_string(),
        Value::DateTimeOffset(time) => time.to_rfc3339(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "format = 2\n[source]\ntable = 'dbo.t'\ndocument = 'd'\n";

    fn plan(tables: &str) -> Plan {
        Plan::from_json(&format!("{HEAD}{tables}")).expect("a contract")
    }

    fn check(old: &str, new: &str, expected: &[&str]) {
        let document = "<o n='1' m='5.50' w=''><l i='1' p='a'/><l i='2' p='b'/></o>";
        let (old, new) = (plan(old), plan(new));
        let map = |plan: &Plan| plan.map(document, Some(7)).expect("rows");
        let pair = PlanPair::new(&old, &new);
        let (before, after) = (map(&old), map(&new));
        let changes = pair.changes(&before, &after);
        let shown = changes.iter().map(|change| {
            let column = change.column.unwrap_or("(row)");
            let values = format!("{} -> {}", shown(&change.before), shown(&change.after));
            format!("{}.{column} {:?} {values}", change.table, change.kind)
        });
        assert_eq!(shown.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn changes_are_found_by_column_and_row() {
        let table = |columns: &str| {
            format!("[[table]]\nname = 'o'\nrows = '/o'\ncolumns = {{ {columns} }}\n")
        };
        let lines = |rows: &str, columns: &str| {
            format!(
                "{}[[table]]\nname = 'l'\nrows = '{rows}'\nkey = 'i'\ncolumns = {{ i = '@i', {columns} }}\n",
                table("n = '@n'")
            )
        };
        check(&table("n = '@n'"), &table("n = '@n'"), &[]);
        check(&table("n = '@n'"), &table("n = '@m'"), &["o.n Changes 1 -> 5.50"]);
        check(&table("n = '@n'"), &table("n = '@n', m = '@m'"), &["o.m Appears  -> 5.50"]);
        check(&table("n = '@n', m = '@m'"), &table("n = '@n'"), &["o.m Disappears 5.50 -> "]);
        // A type with other digits is the same number.
        check(
            &table("m = { from = '@m', type = 'decimal(9,2)' }"),
            &table("m = { from = '@m', type = 'decimal(9,4)' }"),
            &[],
        );
        check(
            &lines("/o/l", "p = '@p'"),
            &lines("/o/l[@i > 1]", "p = '@p'"),
            &["l.(row) Disappears  -> "],
        );
        check(
            &lines("/o/l[@i > 1]", "p = '@p'"),
            &lines("/o/l", "p = '../@n'"),
            &["l.p Changes b -> 1", "l.(row) Appears  -> "],
        );
        check(
            &table("n = '@n'"),
            &lines("/o/l", "p = '@p'"),
            &["l.(row) Appears  -> ", "l.(row) Appears  -> "],
        );
    }
}
