//! The generator: the same again, of the right size, and of every kind.

use std::collections::BTreeSet;

use xmlx_samples::{Fault, Line, Options, Synth};

fn options(broken_permille: u32) -> Options {
    Options { seed: 7, first_id: 100_000, broken_permille, padding_bytes: 0 }
}

#[test]
fn an_application_depends_on_nothing_but_its_number() {
    let (one, other) = (Synth::new(options(200)), Synth::new(options(200)));
    for n in [5, 0, 999, 31] {
        assert_eq!(one.application(n), other.application(n));
    }
    assert_ne!(one.application(1).xml, one.application(2).xml);
    assert_eq!(one.application(41).app_id, 100_041);
}

#[test]
fn documents_have_four_to_eight_kilobytes_and_padding_adds_to_that() {
    let plain = Synth::new(options(0));
    let padded = Synth::new(Options { padding_bytes: 20_000, ..options(0) });
    let mut bytes = Vec::new();
    for n in 0..500 {
        let sample = plain.application(n);
        bytes.push(sample.xml.len());
        let more = padded.application(n).xml.len() - sample.xml.len();
        assert!((19_500..20_500).contains(&more), "{more}");
    }
    bytes.sort_unstable();
    let (smallest, median, largest) = (bytes[0], bytes[250], bytes[499]);
    assert!(
        smallest > 3_000 && (4_000..8_000).contains(&median) && largest < 10_000,
        "{smallest} {median} {largest}"
    );
}

#[test]
fn every_fault_and_both_lines_occur() {
    let synth = Synth::new(options(300));
    let (mut faults, mut lines) = (BTreeSet::new(), BTreeSet::new());
    let mut n_broken = 0;
    for n in 0..2000 {
        lines.insert(synth.line(n));
        if let Some(fault) = synth.fault(n) {
            faults.insert(fault);
            n_broken += 1;
        }
    }
    assert_eq!(faults, BTreeSet::from(Fault::ALL));
    assert_eq!(lines, BTreeSet::from(Line::ALL));
    assert!((520..680).contains(&n_broken), "{n_broken}");
}

#[test]
fn no_fault_is_drawn_when_none_is_wanted() {
    let synth = Synth::new(options(0));
    assert!((0..2000).all(|n| synth.fault(n).is_none()));
}

#[test]
fn a_stolen_contact_belongs_to_a_good_application() {
    let synth = Synth::new(options(500));
    let mut n_stolen = 0;
    for n in (0..3000).filter(|&n| synth.fault(n) == Some(Fault::DuplicateId)) {
        n_stolen += 1;
        let (owner, thief) = (synth.application(n - 1), synth.application(n));
        assert_eq!(owner.fault, None);
        let con_id = format!("con_id=\"{}\"", owner.app_id * 2);
        assert!(owner.xml.contains(&con_id) && thief.xml.contains(&con_id), "{n}");
    }
    assert!(n_stolen > 20, "{n_stolen}");
}
