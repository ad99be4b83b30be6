//! The sample tables and the applications in them.

use std::collections::BTreeMap;

use anyhow::Context as _;
use xmlx_extract::Plan;
use xmlx_samples::{Line, Options, Synth};
use xmlx_store::{Document, Store};

/// The first application's id.
const FIRST_ID: i64 = 100_001;
/// So many of 1,000 documents are broken, each kind in turn.
const BROKEN_PERMILLE: u32 = 20;
/// Documents in one statement.
const CHUNK: u64 = 500;

/// Creates control, source and target tables.
pub(crate) async fn create(store: &Store) -> anyhow::Result<()> {
    store.migrate().await.context("cannot create the control tables")?;
    store
        .run_script(xmlx_samples::target_sql())
        .await
        .context("cannot create the target tables")?;
    store
        .run_script(xmlx_samples::source_sql())
        .await
        .context("cannot create the source tables")?;
    Ok(())
}

/// Fills the source tables with `n` applications; tells `progress` how many there are by now.
pub(crate) async fn fill(
    store: &Store,
    n: u64,
    seed: u64,
    progress: &mut dyn FnMut(u64),
) -> anyhow::Result<()> {
    let synth = Synth::new(Options {
        seed,
        first_id: FIRST_ID,
        broken_permille: BROKEN_PERMILLE,
        padding_bytes: 0,
    });
    let mut plans = BTreeMap::new();
    for (line, contract) in xmlx_samples::contracts() {
        plans.insert(line, Plan::from_json(contract).context("a sample contract")?);
    }
    let mut start = 0;
    while start < n {
        let end = n.min(start + CHUNK);
        let mut by_line: BTreeMap<Line, Vec<Document>> = BTreeMap::new();
        for i in start..end {
            let application = synth.application(i);
            by_line
                .entry(application.line)
                .or_default()
                .push(Document { app_id: application.app_id, xml: application.xml });
        }
        for (line, documents) in by_line {
            store.load(&plans[&line], &documents).await.context("cannot load documents")?;
        }
        start = end;
        progress(start);
    }
    Ok(())
}
