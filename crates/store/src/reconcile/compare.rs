//! Which rows of one table and one application differ from what they should be. It sees whether cells are equal and
//! nothing of what they say.

use std::cmp::Ordering;
use std::collections::BTreeMap;

/// So many pairs of rows that nothing ties together are looked at; beyond, they are missing and extra rows.
const PAIRS_MAX: usize = 40_000;

/// A cell, as far as comparing needs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Cell {
    Null,
    Whole(i128),
    /// A whole number in units of the last of so many digits.
    Decimal(i128, u8),
    Bytes(Vec<u8>),
    /// What the database puts there, which nobody else can know.
    Any,
}

impl Cell {
    fn is(&self, other: &Self) -> bool {
        self == other || *self == Self::Any || *other == Self::Any
    }
}

/// Which columns of a table have a part in telling its rows apart.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shape {
    pub(crate) n_columns: usize,
    /// Tell the rows of an application apart; empty where the contract does not say.
    pub(crate) key: Vec<usize>,
    /// Tie a row to the one that it hangs off, the application's id left out.
    pub(crate) parent: Vec<usize>,
    /// May be [`Cell::Any`].
    pub(crate) loose: Vec<usize>,
}

/// How a table differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Differs {
    /// A cell of a row is another.
    Cell { column: usize },
    /// A row hangs off another one.
    Parent { column: usize },
    /// A row is not there.
    Missing,
    /// A row is there that should not be.
    Extra,
}

type Row = Vec<Cell>;

/// Compares the rows that there should be with those that there are, in whatever order both are.
pub(crate) fn compare(shape: &Shape, expected: Vec<Row>, actual: Vec<Row>) -> Vec<Differs> {
    let mut found = Vec::new();
    let (mut expected, mut actual) = without_equal(shape, expected, actual);
    if expected.is_empty() && actual.is_empty() {
        return found;
    }
    pair_by_key(shape, &mut expected, &mut actual, &mut found);
    pair_by_the_rest(shape, &mut expected, &mut actual, &mut found);
    pair_by_likeness(shape, &mut expected, &mut actual, &mut found);
    found.extend(expected.iter().map(|_| Differs::Missing));
    found.extend(actual.iter().map(|_| Differs::Extra));
    found
}

/// Takes the rows out that are on both sides.
fn without_equal(
    shape: &Shape,
    mut expected: Vec<Row>,
    mut actual: Vec<Row>,
) -> (Vec<Row>, Vec<Row>) {
    let firm: Vec<usize> =
        (0..shape.n_columns).filter(|column| !shape.loose.contains(column)).collect();
    let by_firm = |row: &Row, other: &Row| -> Ordering {
        firm.iter()
            .map(|column| row[*column].cmp(&other[*column]))
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    };
    let n_any = |row: &Row| row.iter().filter(|cell| **cell == Cell::Any).count();
    // Those that may be anything choose last.
    expected.sort_by(|row, other| by_firm(row, other).then_with(|| n_any(row).cmp(&n_any(other))));
    actual.sort_by(by_firm);
    let mut missing = Vec::new();
    let mut left: Vec<Option<Row>> = actual.into_iter().map(Some).collect();
    let mut from = 0;
    for row in expected {
        while left
            .get(from)
            .is_some_and(|other| other.as_ref().is_none_or(|other| by_firm(other, &row).is_lt()))
        {
            from += 1;
        }
        let alike = left[from..]
            .iter_mut()
            .take_while(|other| other.as_ref().is_none_or(|other| by_firm(other, &row).is_eq()));
        let same = |other: &&mut Option<Row>| {
            other.as_ref().is_some_and(|other| {
                shape.loose.iter().all(|column| row[*column].is(&other[*column]))
            })
        };
        match { alike }.find(same) {
            Some(other) => *other = None,
            None => missing.push(row),
        }
    }
    (missing, left.into_iter().flatten().collect())
}

/// Pairs rows with the same key: their cells differ.
fn pair_by_key(
    shape: &Shape,
    expected: &mut Vec<Row>,
    actual: &mut Vec<Row>,
    found: &mut Vec<Differs>,
) {
    if shape.key.is_empty() {
        return;
    }
    pair_by(&shape.key, shape, expected, actual, found);
}

/// Pairs rows that are the same but for what they hang off.
fn pair_by_the_rest(
    shape: &Shape,
    expected: &mut Vec<Row>,
    actual: &mut Vec<Row>,
    found: &mut Vec<Differs>,
) {
    if shape.parent.is_empty() {
        return;
    }
    let rest: Vec<usize> = (0..shape.n_columns)
        .filter(|column| !shape.parent.contains(column) && !shape.loose.contains(column))
        .collect();
    pair_by(&rest, shape, expected, actual, found);
}

fn pair_by(
    columns: &[usize],
    shape: &Shape,
    expected: &mut Vec<Row>,
    actual: &mut Vec<Row>,
    found: &mut Vec<Differs>,
) {
    let part = |row: &Row| -> Vec<Cell> { columns.iter().map(|at| row[*at].clone()).collect() };
    let mut by_part: BTreeMap<Vec<Cell>, Vec<Row>> = BTreeMap::new();
    for row in actual.drain(..) {
        by_part.entry(part(&row)).or_default().push(row);
    }
    expected.retain(|row| {
        let Some(others) = by_part.get_mut(&part(row)) else { return true };
        let likest = (0..others.len()).max_by_key(|at| n_same(shape, row, &others[*at]));
        let Some(at) = likest else { return true };
        differing(shape, row, &others.swap_remove(at), found);
        false
    });
    actual.extend(by_part.into_values().flatten());
}

/// Pairs rows of which more than half of the cells are the same, those first that are most alike.
fn pair_by_likeness(
    shape: &Shape,
    expected: &mut Vec<Row>,
    actual: &mut Vec<Row>,
    found: &mut Vec<Differs>,
) {
    if expected.len() * actual.len() > PAIRS_MAX {
        return;
    }
    let n_own = shape.n_columns.saturating_sub(shape.parent.len());
    let mut pairs = Vec::new();
    for (at, row) in expected.iter().enumerate() {
        for (other_at, other) in actual.iter().enumerate() {
            let n_same = n_same(shape, row, other);
            if n_same * 2 > n_own {
                pairs.push((n_same, at, other_at));
            }
        }
    }
    pairs.sort_by_key(|(n_same, at, other_at)| (std::cmp::Reverse(*n_same), *at, *other_at));
    let (mut paired, mut others_paired) = (vec![false; expected.len()], vec![false; actual.len()]);
    for (_, at, other_at) in pairs {
        if !paired[at] && !others_paired[other_at] {
            paired[at] = true;
            others_paired[other_at] = true;
            differing(shape, &expected[at], &actual[other_at], found);
        }
    }
    let mut keep = paired.into_iter().map(|is_paired| !is_paired);
    expected.retain(|_| keep.next().unwrap_or(true));
    let mut keep = others_paired.into_iter().map(|is_paired| !is_paired);
    actual.retain(|_| keep.next().unwrap_or(true));
}

/// How many cells are the same, what a row hangs off left out.
fn n_same(shape: &Shape, row: &Row, other: &Row) -> usize {
    let own = (0..shape.n_columns).filter(|column| !shape.parent.contains(column));
    own.filter(|column| row[*column].is(&other[*column])).count()
}

fn differing(shape: &Shape, row: &Row, other: &Row, found: &mut Vec<Differs>) {
    for column in (0..shape.n_columns).filter(|column| !row[*column].is(&other[*column])) {
        found.push(if shape.parent.contains(&column) {
            Differs::Parent { column }
        } else {
            Differs::Cell { column }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of words: `-` is NULL, `*` anything.
    fn rows(text: &str) -> Vec<Row> {
        let cell = |word: &str| match word {
            "-" => Cell::Null,
            "*" => Cell::Any,
            word => match word.parse() {
                Ok(number) => Cell::Whole(number),
                Err(_) => Cell::Bytes(word.as_bytes().to_vec()),
            },
        };
        let row = |row: &str| row.split_whitespace().map(cell).collect();
        text.split(';').map(str::trim).filter(|row| !row.is_empty()).map(row).collect()
    }

    /// A table with a number of what its rows hang off, a key, and three more columns.
    fn shape() -> Shape {
        Shape { n_columns: 5, key: vec![0, 1], parent: vec![0], loose: vec![4] }
    }

    fn check(shape: &Shape, expected: &str, actual: &str, differences: &[Differs]) {
        let mut found = compare(shape, rows(expected), rows(actual));
        found.sort_unstable();
        assert_eq!(found, differences, "{expected} | {actual}");
    }

    #[test]
    fn every_kind_of_difference_is_found_and_none_invented() {
        let (cell, parent) =
            (|column| Differs::Cell { column }, |column| Differs::Parent { column });
        let shape = shape();
        let all = "1 1 a b x; 1 2 a b x; 2 1 a b x; 2 2 c d y";
        check(&shape, all, all, &[]);
        check(&shape, all, "2 2 c d y; 1 2 a b x; 2 1 a b x; 1 1 a b x", &[]);
        check(&shape, all, "1 1 a b x; 1 2 a B x; 2 1 a b x; 2 2 c d y", &[cell(3)]);
        check(&shape, all, "1 1 a b x; 1 2 a - x; 2 1 a b x; 2 2 c d y", &[cell(3)]);
        check(&shape, all, "1 1 a b x; 2 1 a b x; 2 2 c d y", &[Differs::Missing]);
        check(&shape, all, &format!("{all}; 3 9 q r s"), &[Differs::Extra]);
        check(&shape, all, &format!("{all}; 1 1 a b x"), &[Differs::Extra]);
        check(&shape, all, "1 1 a b x; 1 2 a b x; 2 1 a b x; 1 2 c d y", &[parent(0)]);
        check(&shape, all, "1 1 a b x; 1 3 a b x; 2 1 a b x; 2 2 c d y", &[cell(1)]);
        check(&shape, all, "1 1 a b x; 1 2 a b z; 2 1 a b x; 2 2 c d y", &[cell(4)]);
        check(&shape, all, "", &[Differs::Missing; 4]);
        check(&shape, "", all, &[Differs::Extra; 4]);
    }

    #[test]
    fn what_the_database_puts_there_is_anything() {
        let shape = shape();
        check(&shape, "1 1 a b *; 1 2 a b x", "1 1 a b z; 1 2 a b x", &[]);
        check(&shape, "1 1 a b *", "1 1 a b -", &[]);
        // The one that may be anything takes what the other leaves.
        let unkeyed = Shape { key: Vec::new(), ..shape };
        check(&unkeyed, "1 1 a b *; 1 1 a b x", "1 1 a b x; 1 1 a b z", &[]);
        check(
            &unkeyed,
            "1 1 a b *; 1 1 a b x",
            "1 1 a b y; 1 1 a b z",
            &[Differs::Cell { column: 4 }],
        );
    }

    #[test]
    fn rows_without_a_key_are_paired_by_what_they_share() {
        let unkeyed = Shape { n_columns: 4, ..Shape::default() };
        let all = "1 a b c; 1 a b d; 1 e f g";
        check(&unkeyed, all, "1 a b c; 1 a b x; 1 e f g", &[Differs::Cell { column: 3 }]);
        check(&unkeyed, all, "1 a b c; 1 e f g", &[Differs::Missing]);
        check(&unkeyed, all, "1 a b c; 1 a b d; 1 x y z", &[Differs::Missing, Differs::Extra]);
    }
}
