//! `doctor`: whether the server does what is assumed of it, and how fast.

use std::time::Duration;

use anyhow::bail;
use serde::Serialize;
use xmlx_store::{Examination, Pace, SCRATCH, Store, Verdict, recommended};

use crate::output::{self, Answer, Format, Report};

/// Dropping a few tables takes no longer, unless somebody holds them.
const DROPPING: Duration = Duration::from_secs(40);

/// Tries everything in the scratch schema and drops it, whatever happens.
pub(crate) async fn run(format: Format, store: &Store) -> anyhow::Result<Answer> {
    if store.drop_scratch().await? {
        output::note(&format!(
            "schema `{SCRATCH}` of an earlier run was left behind, and is dropped"
        ));
    }
    let examined = tokio::select! {
        examined = Box::pin(store.examine()) => Some(examined),
        _ = tokio::signal::ctrl_c() => None,
    };
    let dropped = tokio::time::timeout(DROPPING, store.drop_scratch()).await;
    if !matches!(dropped, Ok(Ok(_))) {
        output::note(&format!(
            "schema `{SCRATCH}` could not be dropped; the next `xmlx-client doctor` drops it"
        ));
    }
    let Some(examined) = examined else { bail!("interrupted") };
    let examined = examined?;
    output::verbatim(&rendered(format, &examined)?)?;
    let is_fit = examined.answers.iter().all(|answer| answer.verdict == Verdict::AsExpected);
    Ok(Answer::from(is_fit))
}

/// The report that `-o json` prints: a contract with scripts.
#[derive(Serialize)]
struct Data<'a> {
    compatibility_level: i32,
    collation: &'a str,
    read_committed_snapshot: bool,
    assumptions: Vec<Line<'a>>,
    paces: Vec<Speed>,
    recommended: Option<Speed>,
}

#[derive(Serialize)]
struct Line<'a> {
    id: &'a str,
    what: &'a str,
    expected: &'a str,
    verdict: &'static str,
    /// `None`: as expected.
    found: Option<&'a str>,
}

#[derive(Serialize)]
struct Speed {
    group_apps: u32,
    slots: u32,
    commits_per_second: f64,
    apps_per_second: f64,
}

impl From<Pace> for Speed {
    fn from(pace: Pace) -> Self {
        Self {
            group_apps: pace.group_apps,
            slots: pace.slots,
            commits_per_second: pace.commits_per_second.round(),
            apps_per_second: pace.apps_per_second.round(),
        }
    }
}

fn rendered(format: Format, examined: &Examination) -> anyhow::Result<String> {
    let Examination { facts, answers, paces } = examined;
    let lines = answers.iter().map(|answer| Line {
        id: answer.assumption.id,
        what: answer.assumption.what,
        expected: answer.assumption.expected,
        verdict: verdict_name(answer.verdict),
        found: Some(answer.found.as_str()).filter(|found| !found.is_empty()),
    });
    let data = Data {
        compatibility_level: facts.compatibility_level,
        collation: &facts.collation,
        read_committed_snapshot: facts.read_committed_snapshot,
        assumptions: lines.collect(),
        paces: paces.iter().copied().map(Speed::from).collect(),
        recommended: recommended(paces).map(Speed::from),
    };
    output::rendered(format, &data, |report| fill(report, &data))
}

fn fill(report: &mut Report, data: &Data<'_>) {
    let row = |line: &Line<'_>| {
        let found = line.found.unwrap_or("as expected").to_owned();
        vec![line.id.to_owned(), line.what.to_owned(), line.expected.to_owned(), found]
    };
    report.table(&["ID", "TRIED", "EXPECTED", "FOUND"], data.assumptions.iter().map(row).collect());
    let n_differing = data
        .assumptions
        .iter()
        .filter(|line| line.verdict != verdict_name(Verdict::AsExpected))
        .count();
    report.line("");
    report.line(&format!("{} assumptions, {n_differing} not as expected", data.assumptions.len()));
    if data.paces.is_empty() {
        return;
    }
    report.line("");
    let row = |speed: &Speed| {
        let whole = |number: f64| format!("{number:.0}");
        vec![
            speed.group_apps.to_string(),
            speed.slots.to_string(),
            whole(speed.commits_per_second),
            whole(speed.apps_per_second),
        ]
    };
    let paces = data.paces.iter().map(row).collect();
    report.table(&["GROUP", "SLOTS", "COMMITS/S", "APPS/S"], paces);
    if let Some(best) = &data.recommended {
        let Speed { group_apps, slots, .. } = best;
        report.line("");
        report.line(&format!(
            "recommended for applications of a few rows: group_apps = {group_apps}, and {slots} slots in the whole cluster"
        ));
    }
}

fn verdict_name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::AsExpected => "as expected",
        Verdict::Differs => "differs",
        Verdict::Untried => "untried",
    }
}
