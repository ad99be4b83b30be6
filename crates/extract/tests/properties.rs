//! What holds for every document: how it is written does not matter, and there is always an answer.
//!
//! The seed is fixed: a run finds today what it found yesterday. `PROPTEST_CASES` makes it look further.

#[path = "properties/random.rs"]
mod random;
#[path = "properties/rewrite.rs"]
mod rewrite;

use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::{any, prop_assert_eq};
use proptest::sample::select;
use proptest::strategy::Strategy as _;
use proptest::test_runner::{Config, RngSeed, TestRunner};
use random::Random;
use rewrite::Rewriter;
use xmlx_extract::{Application, Plan, Rejection, Stage};
use xmlx_samples::{Line, Options, Synth, contract};

/// Generated documents beside the golden ones.
const N_GENERATED: u64 = 60;

/// What markup is made of.
const PIECES: &[&str] = &[
    "<Submission>",
    "</Submission>",
    "<Request ID='7'>",
    "</Request>",
    "<CustData>",
    "<card_application",
    "/>",
    ">",
    " con_id='5'",
    " role_code=\"PR\"",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "<?xml",
    "?>",
    "&amp;",
    "&#x41;",
    "&",
    "<!DOCTYPE a [",
    "]>",
    "=",
    "'",
    "\"",
    "<",
    "é",
    "\u{FEFF}",
    "\u{0}",
    " ",
    "\r\n",
    "a:b",
    "xmlns='u'",
    "-",
    "]",
];

struct Case {
    name: String,
    line: Line,
    xml: String,
}

fn plan(line: Line) -> Plan {
    Plan::from_json(contract(line)).unwrap_or_else(|errors| panic!("{line:?}: {errors}"))
}

fn runner(cases: u32) -> TestRunner {
    let cases =
        std::env::var("PROPTEST_CASES").ok().and_then(|it| it.parse().ok()).unwrap_or(cases);
    TestRunner::new(Config {
        cases,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(1),
        ..Config::default()
    })
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for line in Line::ALL {
        let golden = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../dev/samples/golden")
            .join(line.name());
        for entry in std::fs::read_dir(golden).expect("golden documents") {
            let path = entry.expect("an entry").path();
            if path.extension().is_some_and(|it| it == "xml") {
                let xml = std::fs::read_to_string(&path).expect("text");
                cases.push(Case { name: path.display().to_string(), line, xml });
            }
        }
    }
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    let options = Options { seed: 5, first_id: 1, broken_permille: 200, padding_bytes: 500 };
    let synth = Synth::new(options);
    cases.extend((0..N_GENERATED).map(|n| {
        let sample = synth.application(n);
        Case { name: format!("generated {n}"), line: sample.line, xml: sample.xml }
    }));
    cases
}

/// Rows, or the stage: places and names in reasons may differ.
fn outcome(mapped: Result<Application, Rejection>) -> Result<Application, Stage> {
    mapped.map_err(|rejection| rejection.stage)
}

#[test]
fn the_way_a_document_is_written_does_not_matter() {
    let plans = Line::ALL.map(plan);
    let plan = |line: Line| &plans[Line::ALL.iter().position(|it| *it == line).expect("a line")];
    // A document that is not well-formed cannot be written in another way.
    let mut cases = cases();
    cases.retain(|case| Rewriter::new(&case.xml).is_some());
    let n_rows = cases.iter().filter(|case| plan(case.line).map(&case.xml, None).is_ok()).count();
    assert!(n_rows > 50, "only {n_rows} of {} documents give rows", cases.len());
    let strategy = (0..cases.len(), any::<u64>());
    let run = runner(600).run(&strategy, |(place, seed)| {
        let case = &cases[place];
        let rewriter = Rewriter::new(&case.xml).expect("it has been read before");
        let rewritten = rewriter.write(&mut Random::new(seed));
        let expected = outcome(plan(case.line).map(&case.xml, None));
        let actual = plan(case.line).map(&rewritten, None);
        prop_assert_eq!(outcome(actual), expected, "{}\n{}", case.name, rewritten);
        Ok(())
    });
    run.unwrap_or_else(|err| panic!("{err}"));
}

#[test]
fn damaged_documents_have_an_answer() {
    let plans = Line::ALL.map(plan);
    let cases = cases();
    let damage = (any::<proptest::sample::Index>(), 0..40_usize, vec(any::<u8>(), 0..8));
    let strategy = (0..cases.len(), vec(damage, 1..6));
    let run = runner(3000).run(&strategy, |(place, damages)| {
        let mut bytes = cases[place].xml.clone().into_bytes();
        for (at, n_cut, inserted) in damages {
            let start = at.index(bytes.len() + 1);
            let end = (start + n_cut).min(bytes.len());
            bytes.splice(start..end, inserted);
        }
        let answers = |plan: &Plan| plan.map_bytes(&bytes, Some(1));
        prop_assert_eq!(plans.each_ref().map(answers), plans.each_ref().map(answers));
        Ok(())
    });
    run.unwrap_or_else(|err| panic!("{err}"));
}

#[test]
fn pieces_of_markup_have_an_answer() {
    let plans = Line::ALL.map(plan);
    let strategy = (any::<bool>(), vec(select(PIECES), 0..60)).prop_map(|(is_begun, pieces)| {
        let start = if is_begun { "<Submission><Request ID='7'><CustData>" } else { "" };
        format!("{start}{}", pieces.concat())
    });
    let run = runner(6000).run(&strategy, |text| {
        let answers = |plan: &Plan| plan.map(&text, None);
        prop_assert_eq!(plans.each_ref().map(answers), plans.each_ref().map(answers));
        Ok(())
    });
    run.unwrap_or_else(|err| panic!("{err}"));
}
