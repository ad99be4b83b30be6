//! `bench`: how fast this machine extracts the documents of a folder, beside a loop that only reads their events.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::json;
use xmlx_extract::{Plan, Stage, text_of};
use xmlx_runtime::Clock;

use super::xml_files;
use crate::output::{self, Answer, Format};

/// What was measured, and for how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    pub(crate) threads: u32,
    pub(crate) seconds: u32,
}

/// What comes of each document once. This is the warm-up, too.
#[derive(Debug, Default)]
struct Outcomes {
    n_rows: usize,
    n_warnings: usize,
    failed: BTreeMap<Stage, usize>,
}

/// What a thread did.
#[derive(Clone, Copy, Debug, Default)]
struct Measured {
    n_apps: u64,
    n_bytes: u64,
    mapping: Duration,
    bare: Duration,
}

/// Prints counts and rates, and no value of a document.
pub(crate) fn run(
    format: Format,
    plan: &Plan,
    dir: &Path,
    effort: Effort,
) -> anyhow::Result<Answer> {
    let files = xml_files(dir)?;
    let mut outcomes = Outcomes::default();
    let mut texts = Vec::with_capacity(files.len());
    for file in &files {
        let bytes =
            std::fs::read(file).with_context(|| format!("cannot read `{}`", file.display()))?;
        match text_of(&bytes) {
            Ok(text) => texts.push(text.into_owned()),
            Err(_) => *outcomes.failed.entry(Stage::Validation).or_default() += 1,
        }
    }
    for text in &texts {
        outcomes.add(plan, text);
        black_box(count_events(text));
    }
    anyhow::ensure!(!texts.is_empty(), "no document of `{}` can be decoded", dir.display());
    let budget = Duration::from_secs(effort.seconds.into());
    let measured: Vec<Measured> = std::thread::scope(|scope| {
        let measure = || scope.spawn(|| measure(plan, &texts, budget));
        let threads: Vec<_> = (0..effort.threads).map(|_| measure()).collect();
        threads.into_iter().map(|thread| thread.join().expect("mapping does not panic")).collect()
    });
    print(format, files.len(), &texts, effort, &outcomes, &measured)
}

impl Outcomes {
    fn add(&mut self, plan: &Plan, text: &str) {
        match plan.map(text, None) {
            Ok(it) => {
                self.n_rows += it.tables.iter().map(Vec::len).sum::<usize>();
                self.n_warnings += it.warnings.len();
            }
            Err(it) => *self.failed.entry(it.stage).or_default() += 1,
        }
    }
}

/// Takes turns between mapping a document and reading its events, so that what disturbs one disturbs the other.
fn measure(plan: &Plan, texts: &[String], budget: Duration) -> Measured {
    let clock = Clock::start();
    let mut it = Measured::default();
    loop {
        for text in texts {
            let start = clock.now();
            drop(black_box(plan.map(black_box(text), None)));
            let between = clock.now();
            black_box(count_events(black_box(text)));
            let end = clock.now();
            it.n_apps += 1;
            it.n_bytes += text.len() as u64;
            it.mapping += between - start;
            it.bare += end - between;
            if end > budget {
                return it;
            }
        }
    }
}

/// The least that anybody has to do who reads XML with this parser.
fn count_events(xml: &str) -> usize {
    let mut reader = Reader::from_str(xml);
    let mut n_events = 0;
    while !matches!(reader.read_event(), Ok(Event::Eof) | Err(_)) {
        n_events += 1;
    }
    n_events
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn print(
    format: Format,
    n_files: usize,
    texts: &[String],
    effort: Effort,
    outcomes: &Outcomes,
    measured: &[Measured],
) -> anyhow::Result<Answer> {
    let seconds = |duration: Duration| duration.as_secs_f64().max(f64::MIN_POSITIVE);
    let sum = |rate: fn(&Measured) -> u64, time: fn(&Measured) -> Duration| -> f64 {
        measured.iter().map(|thread| rate(thread) as f64 / seconds(time(thread))).sum()
    };
    let apps_per_second = sum(|thread| thread.n_apps, |thread| thread.mapping);
    let mapped = sum(|thread| thread.n_bytes, |thread| thread.mapping) / 1e6;
    let bare = sum(|thread| thread.n_bytes, |thread| thread.bare) / 1e6;
    let n_bytes: usize = texts.iter().map(String::len).sum();
    let failed: BTreeMap<String, usize> =
        outcomes.failed.iter().map(|(stage, n)| (stage.to_string(), *n)).collect();
    let n_failed: usize = failed.values().sum();
    if format == Format::Json {
        output::json(&json!({
            "files": n_files,
            "bytes": n_bytes,
            "ok": n_files - n_failed,
            "failed": failed,
            "rows": outcomes.n_rows,
            "warnings": outcomes.n_warnings,
            "threads": effort.threads,
            "seconds": effort.seconds,
            "applications": measured.iter().map(|thread| thread.n_apps).sum::<u64>(),
            "applications_per_second": apps_per_second,
            "megabytes_per_second": mapped,
            "bare_megabytes_per_second": bare,
            "times_bare": bare / mapped,
        }))?;
        return Ok(Answer::Yes);
    }
    let failed: Vec<String> = failed.iter().map(|(stage, n)| format!(", {n} at {stage}")).collect();
    output::line(&format!("files           {n_files}, {n_bytes} bytes as text"))?;
    output::line(&format!("failed          {n_failed}{}", failed.concat()))?;
    output::line(&format!(
        "rows            {}, {} warnings",
        outcomes.n_rows, outcomes.n_warnings
    ))?;
    output::line(&format!("threads         {}, for {} s", effort.threads, effort.seconds))?;
    output::line(&format!("applications/s  {apps_per_second:.0}"))?;
    output::line(&format!("MB/s            {mapped:.0}"))?;
    output::line(&format!(
        "bare events     {bare:.0} MB/s; mapping takes {:.2} times as long",
        bare / mapped
    ))?;
    Ok(Answer::Yes)
}
