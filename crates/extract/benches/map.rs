//! How fast documents are mapped beside a bare loop over their events, and what each application allocates.
//!
//! `cargo bench -p xmlx-extract`

#[path = "map/documents.rs"]
mod documents;
#[path = "map/formats.rs"]
mod formats;

use divan::counter::BytesCount;
use divan::{AllocProfiler, Bencher, black_box};
use quick_xml::Reader;
use quick_xml::events::Event;
use xmlx_extract::{Counting, Inventory, Limits, PathCounts, Plan};

#[global_allocator]
static ALLOCATIONS: AllocProfiler = AllocProfiler::system();

/// Bytes of the documents.
const SIZES: [usize; 3] = [8 << 10, 150 << 10, 2 << 20];

fn main() {
    divan::main();
}

/// Mapping, with the rows that come of it.
#[divan::bench(args = SIZES)]
fn map(bencher: Bencher<'_, '_>, n_bytes: usize) {
    let plan = Plan::from_json(&documents::contract()).expect("a contract");
    let xml = documents::document(n_bytes);
    assert!(plan.map(&xml, Some(7)).expect("rows").tables.iter().all(|rows| !rows.is_empty()));
    bencher.counter(BytesCount::of_str(&xml)).bench(|| plan.map(black_box(&xml), Some(7)));
}

/// Reading alone: another id is noticed after reading and before rows are made.
#[divan::bench(args = SIZES)]
fn read(bencher: Bencher<'_, '_>, n_bytes: usize) {
    let plan = Plan::from_json(&documents::contract()).expect("a contract");
    let xml = documents::document(n_bytes);
    bencher.counter(BytesCount::of_str(&xml)).bench(|| plan.map(black_box(&xml), Some(0)));
}

/// Counting every path of documents that are much alike, as those of a job are.
#[divan::bench(args = SIZES)]
fn inventory(bencher: Bencher<'_, '_>, n_bytes: usize) {
    let xml = documents::document(n_bytes);
    let (mut inventory, limits) = (Inventory::new(), Limits::default());
    bencher
        .counter(BytesCount::of_str(&xml))
        .bench_local(|| inventory.add(black_box(&xml), &limits));
}

/// The same, each document kept apart until it is added, as a worker does it.
#[divan::bench(args = SIZES)]
fn inventory_of_workers(bencher: Bencher<'_, '_>, n_bytes: usize) {
    const GROUP: i64 = 50;
    let xml = documents::document(n_bytes);
    let (mut counting, limits) = (Counting::new(), Limits::default());
    let mut counts = PathCounts::default();
    let n_bytes = usize::try_from(GROUP).expect("a few") * xml.len();
    bencher.counter(BytesCount::new(n_bytes)).bench_local(|| {
        for app_id in 0..GROUP {
            counting.add(app_id, black_box(&xml), &limits).expect("a document");
        }
        let counted = counting.take();
        let mut next = counts.clone();
        next.add(counted.iter().map(|(_, counted)| counted));
        counts = next;
        serde_json::to_string(&counts).expect("JSON")
    });
}

/// The same of documents of public formats.
#[divan::bench(args = formats::FORMATS, consts = [150, 2048])]
fn format_inventory<const KIB: usize>(bencher: Bencher<'_, '_>, format: formats::Format) {
    let xml = format.document(KIB << 10);
    let (mut inventory, limits) = (Inventory::new(), Limits::default());
    bencher
        .counter(BytesCount::of_str(&xml))
        .bench_local(|| inventory.add(black_box(&xml), &limits));
}

/// What mapping is measured by: the events of quick-xml, not looked into.
#[divan::bench(args = SIZES)]
fn bare_events(bencher: Bencher<'_, '_>, n_bytes: usize) {
    let xml = documents::document(n_bytes);
    bencher.counter(BytesCount::of_str(&xml)).bench(|| count_events(black_box(&xml)));
}

/// Mapping documents of public formats by contracts of format 2.
#[divan::bench(args = formats::FORMATS, consts = [150, 2048])]
fn format<const KIB: usize>(bencher: Bencher<'_, '_>, format: formats::Format) {
    let (plan, xml) = (format.plan(), format.document(KIB << 10));
    assert!(plan.map(&xml, Some(7)).is_ok(), "{format}");
    bencher.counter(BytesCount::of_str(&xml)).bench(|| plan.map(black_box(&xml), Some(7)));
}

/// What that is measured by.
#[divan::bench(args = formats::FORMATS, consts = [150, 2048])]
fn format_bare_events<const KIB: usize>(bencher: Bencher<'_, '_>, format: formats::Format) {
    let xml = format.document(KIB << 10);
    bencher.counter(BytesCount::of_str(&xml)).bench(|| count_events(black_box(&xml)));
}

fn count_events(xml: &str) -> usize {
    let mut reader = Reader::from_str(xml);
    let mut n_events = 0;
    while !matches!(reader.read_event(), Ok(Event::Eof) | Err(_)) {
        n_events += 1;
    }
    n_events
}
