//! What counting costs beside mapping: `cost plain` maps documents in groups of 100, `cost counted` also counts each
//! group and writes the lease's report, as a worker does for each commit. Compare the two as whole processes; no part of
//! the load in the database is in either, so that the share of a whole load is smaller.
//!
//! `cost size` prints how large reports are beside the rows of a group.

#![allow(clippy::print_stdout, reason = "it prints what it measured")]
#![allow(clippy::unwrap_used, reason = "it stops where something does not hold")]

use std::hint::black_box;

use xmlx_extract::{Application, Plan, Value};
use xmlx_report::{Counter, Gathered, Outcome};
use xmlx_samples::{Line, Options, Synth};

const DOCUMENTS: u64 = 1_000;
const ROUNDS: usize = 20;
/// Applications of a commit, as a worker has them by default.
const GROUP: usize = 100;
/// Groups of a lease.
const LEASE: usize = 20;

fn main() {
    let mode = std::env::args().nth(1).unwrap_or_default();
    for line in [Line::Card, Line::Loan] {
        let plan = Plan::from_json(xmlx_samples::contract(line)).unwrap();
        let synth =
            Synth::new(Options { seed: 1, first_id: 1, broken_permille: 0, padding_bytes: 0 });
        let samples = (0..DOCUMENTS).map(|n| synth.application(n));
        let documents: Vec<_> = samples.filter(|sample| sample.line == line).collect();
        let counter = Counter::new(&plan, |_, _| false);
        let mut lease = Gathered::default();
        for round in 0..ROUNDS * documents.len() / GROUP {
            if round % LEASE == 0 {
                lease = Gathered::default();
            }
            let group = documents.iter().cycle().skip(round * GROUP).take(GROUP);
            let mapped: Vec<Application> = group
                .filter_map(|sample| plan.map(&sample.xml, Some(sample.app_id)).ok())
                .collect();
            if mode != "plain" {
                lease.merge(&counter.count(mapped.iter().map(Outcome::Rows)));
                let report = counter.report(&lease).to_json();
                if mode == "size" {
                    let bytes: usize = mapped.iter().map(bytes_of).sum();
                    println!(
                        "{}: {} columns, report {} bytes, rows of {GROUP} applications {bytes} bytes: {:.2}%",
                        line.name(),
                        plan.tables().iter().map(|table| table.columns.len()).sum::<usize>(),
                        report.len(),
                        100.0 * report.len() as f64 / bytes as f64
                    );
                    break;
                }
                black_box(report);
            }
            black_box(mapped);
        }
    }
}

/// About what the rows take as JSON.
fn bytes_of(application: &Application) -> usize {
    let cells = application.tables.iter().flatten().flatten();
    cells
        .map(|value| match value {
            Value::Null => 5,
            Value::Text(text) => text.len() + 3,
            Value::Bit(_) => 6,
            Value::Int(int) => int.to_string().len() + 1,
            Value::Decimal(decimal) => decimal.to_string().len() + 1,
            Value::Float(float) => float.to_string().len() + 1,
            Value::Date(_) => 13,
            Value::DateTime(_) | Value::DateTimeOffset(_) => 26,
        })
        .sum()
}
