//! Measures how fast documents are mapped beside a bare loop over their events.
//!
//! `cargo run --release -p xmlx-extract --example throughput -- CONTRACT.json DIRECTORY`

#![expect(clippy::print_stdout, reason = "a program that prints figures")]

use std::error::Error;
use std::hint::black_box;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use quick_xml::Reader;
use quick_xml::events::Event;
use xmlx_extract::Plan;

/// How long each way of reading is measured.
const MEASURED: Duration = Duration::from_secs(2);

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(contract), Some(directory)) = (args.next(), args.next()) else {
        return Err("usage: throughput CONTRACT.json DIRECTORY".into());
    };
    let plan = Plan::from_json(&std::fs::read_to_string(contract)?)?;
    let mut documents = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "xml") {
            documents.push(std::fs::read_to_string(path)?);
        }
    }
    // What is refused early would flatter us.
    documents.retain(|xml| plan.map(xml, None).is_ok());
    let n_bytes: usize = documents.iter().map(String::len).sum();
    println!("{} documents, {n_bytes} bytes", documents.len());
    let bare = measure("bare events", n_bytes, &documents, bare_events);
    measure("events and attributes", n_bytes, &documents, events_and_attributes);
    // Another id is noticed after reading and before rows are made.
    measure("read", n_bytes, &documents, |xml| usize::from(plan.map(xml, Some(0)).is_err()));
    let mapped = measure("mapped", n_bytes, &documents, |xml| {
        plan.map(xml, None).map_or(0, |rows| rows.tables.len())
    });
    println!("mapping takes {:.2} times as long as bare events", bare / mapped);
    Ok(())
}

/// Prints and returns megabytes per second of the best round, which others on the machine disturbed least.
#[expect(clippy::disallowed_methods, reason = "this measures time")]
#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn measure(name: &str, n_bytes: usize, documents: &[String], read: impl Fn(&str) -> usize) -> f64 {
    let start = Instant::now();
    let mut best = Duration::MAX;
    while start.elapsed() < MEASURED {
        let round = Instant::now();
        for xml in documents {
            black_box(read(black_box(xml)));
        }
        best = best.min(round.elapsed());
    }
    let rate = n_bytes as f64 / best.as_secs_f64() / 1e6;
    println!("{name:>24}: {rate:7.0} MB/s");
    rate
}

fn bare_events(xml: &str) -> usize {
    let mut reader = Reader::from_str(xml);
    let mut n_events = 0;
    while !matches!(reader.read_event(), Ok(Event::Eof) | Err(_)) {
        n_events += 1;
    }
    n_events
}

fn events_and_attributes(xml: &str) -> usize {
    let mut reader = Reader::from_str(xml);
    let mut n_attributes = 0;
    loop {
        match reader.read_event() {
            Ok(Event::Eof) | Err(_) => return n_attributes,
            Ok(Event::Start(start) | Event::Empty(start)) => {
                n_attributes += start.attributes().flatten().count()
            }
            Ok(_) => {}
        }
    }
}
