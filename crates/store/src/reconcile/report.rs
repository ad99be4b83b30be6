//! What a lease of a reconciliation has compared, as JSON for its report.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::Compared;
use crate::Error;

/// The member of the report.
const MEMBER: &str = "reconciliation";

/// What a lease has compared, or what several have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reconciled {
    /// Applications that were mapped and compared.
    pub applications: u64,
    /// Rows that there should be.
    pub rows: u64,
    /// Cells of these rows.
    pub cells: u64,
    /// Applications that the contract gives no rows for any more.
    pub rejected: u64,
    /// Applications with at least one difference.
    pub differing: u64,
    /// Findings that were counted and not kept.
    pub left_out: u64,
    /// The lowest and the highest id; `None`: no application.
    pub ids: Option<(i64, i64)>,
    /// Differences by table, column (empty: a row) and kind.
    pub differences: BTreeMap<(String, String, String), u64>,
}

impl Reconciled {
    /// Adds what a group came to: its ids, and how many of them the contract rejects.
    pub fn add(&mut self, app_ids: &[i64], n_rejected: usize, compared: &Compared) {
        let number = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        self.applications += number(app_ids.len() - n_rejected);
        self.rejected += number(n_rejected);
        self.rows += compared.rows;
        self.cells += compared.cells;
        for app_id in app_ids {
            self.ids = Some(joined(self.ids, (*app_id, *app_id)));
        }
        let mut differing: Vec<i64> =
            compared.differences.iter().map(|difference| difference.app_id).collect();
        differing.sort_unstable();
        differing.dedup();
        self.differing += number(differing.len());
        for difference in &compared.differences {
            let column = difference.column.clone().unwrap_or_default();
            let key = (difference.table.clone(), column, difference.kind.as_str().to_owned());
            *self.differences.entry(key).or_default() += 1;
        }
    }

    /// Adds what another lease has compared.
    pub fn merge(&mut self, other: &Self) {
        self.applications += other.applications;
        self.rows += other.rows;
        self.cells += other.cells;
        self.rejected += other.rejected;
        self.differing += other.differing;
        self.left_out += other.left_out;
        if let Some(ids) = other.ids {
            self.ids = Some(joined(self.ids, ids));
        }
        for (key, n) in &other.differences {
            *self.differences.entry(key.clone()).or_default() += n;
        }
    }

    /// The report of a lease with this as a member.
    #[must_use]
    pub fn to_json(&self) -> String {
        let differences: Vec<Json> = self
            .differences
            .iter()
            .map(|((table, column, kind), n)| json!([table, column, kind, n]))
            .collect();
        let all = json!({
            "v": 1,
            MEMBER: {
                "applications": self.applications,
                "rows": self.rows,
                "cells": self.cells,
                "rejected": self.rejected,
                "differing": self.differing,
                "left_out": self.left_out,
                "ids": self.ids.map(|(first, last)| vec![first, last]),
                "differences": differences,
            },
        });
        all.to_string()
    }

    /// Reads the member of a report; one without it has compared nothing.
    ///
    /// # Errors
    /// [`Error::Shape`] where the text is no report.
    pub fn from_json(text: &str) -> Result<Self, Error> {
        let refuse = || Error::Shape {
            statement: "range_reports",
            detail: "what is kept of a lease is no report".to_owned(),
        };
        let all: Json = serde_json::from_str(text).map_err(|_| refuse())?;
        let own = &all[MEMBER];
        let number = |name: &str| own[name].as_u64().unwrap_or_default();
        let mut differences = BTreeMap::new();
        for entry in own["differences"].as_array().into_iter().flatten() {
            let word = |place: usize| entry[place].as_str().map(ToOwned::to_owned);
            let (Some(table), Some(column), Some(kind), Some(n)) =
                (word(0), word(1), word(2), entry[3].as_u64())
            else {
                return Err(refuse());
            };
            differences.insert((table, column, kind), n);
        }
        Ok(Self {
            applications: number("applications"),
            rows: number("rows"),
            cells: number("cells"),
            rejected: number("rejected"),
            differing: number("differing"),
            left_out: number("left_out"),
            ids: own["ids"][0].as_i64().zip(own["ids"][1].as_i64()),
            differences,
        })
    }
}

fn joined(known: Option<(i64, i64)>, (first, last): (i64, i64)) -> (i64, i64) {
    known.map_or((first, last), |(lo, hi)| (lo.min(first), hi.max(last)))
}

#[cfg(test)]
mod tests {
    use super::super::{Difference, DifferenceKind};
    use super::*;

    fn difference(app_id: i64, column: Option<&str>, kind: DifferenceKind) -> Difference {
        let column = column.map(ToOwned::to_owned);
        Difference { app_id, table: "t".to_owned(), column, kind }
    }

    #[test]
    fn reports_add_up_and_come_back() {
        let differences = vec![
            difference(4, Some("c"), DifferenceKind::Cell),
            difference(4, None, DifferenceKind::RowExtra),
            difference(6, Some("c"), DifferenceKind::Cell),
        ];
        let mut first = Reconciled::default();
        first.add(&[4, 5, 6], 1, &Compared { differences, rows: 7, cells: 70 });
        let mut second = Reconciled::default();
        second.add(&[1], 0, &Compared { differences: Vec::new(), rows: 1, cells: 9 });
        let mut sum = Reconciled::from_json(&first.to_json()).expect("our own");
        assert_eq!(sum, first);
        sum.merge(&Reconciled::from_json(&second.to_json()).expect("our own"));
        assert_eq!((sum.applications, sum.rejected, sum.differing), (3, 1, 2));
        assert_eq!((sum.rows, sum.cells, sum.ids), (8, 79, Some((1, 6))));
        let cell = ("t".to_owned(), "c".to_owned(), "cell".to_owned());
        assert_eq!(sum.differences[&cell], 2);
        assert_eq!(Reconciled::from_json("{\"v\":9}").expect("a report"), Reconciled::default());
        assert!(Reconciled::from_json("no").is_err());
    }
}
