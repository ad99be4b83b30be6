//! Compares our rows with those of the reference for every golden file.
//!
//! A difference must be allowed by name, an allowance must be used. Golden files are no part of the project: without
//! them the test says so and passes. `XMLX_TEST_GOLDEN` names their directory, else it is looked for beside the workspace.

#[path = "parity/allowances.rs"]
mod allowances;
#[path = "parity/differences.rs"]
mod differences;
#[path = "parity/golden.rs"]
mod golden;

use std::collections::{BTreeMap, BTreeSet};

use allowances::ALLOWANCES;
use xmlx_extract::Plan;

#[test]
fn rows_are_those_of_the_reference() {
    let Some(root) = golden::root() else {
        let line = "SKIPPED rows_are_those_of_the_reference: there are no golden files (set XMLX_TEST_GOLDEN)";
        eprintln!("{line}");
        // Where `tests/run` collects what is skipped.
        if let Some(file) = std::env::var_os("XMLX_TEST_SKIPPED") {
            let mut all = std::fs::read_to_string(&file).unwrap_or_default();
            all.push_str(line);
            all.push('\n');
            std::fs::write(&file, all).expect("the file can be written");
        }
        return;
    };
    let mut used = BTreeSet::new();
    let mut surprises = Vec::new();
    for contract in golden::CONTRACTS {
        let text = golden::contract(&root, contract);
        let plan = Plan::from_json(&text).unwrap_or_else(|err| panic!("{contract}: {err}"));
        let mut n_files = 0;
        let mut n_equal = 0;
        let mut n_cells: BTreeMap<&str, usize> = BTreeMap::new();
        for case in golden::cases(&root, contract) {
            n_files += 1;
            let found = differences::find(&plan, &case);
            n_equal += usize::from(found.is_empty());
            for difference in found {
                let allowance =
                    ALLOWANCES.iter().position(|allowance| allowance.covers(contract, &difference));
                match allowance {
                    Some(place) => {
                        used.insert(place);
                        *n_cells.entry(ALLOWANCES[place].number).or_default() += 1;
                    }
                    None => surprises.push(format!("{contract}/{}: {difference}", case.file)),
                }
            }
        }
        eprintln!(
            "parity: {contract}: {n_files} files, {n_equal} agree entirely; differing cells {n_cells:?}"
        );
    }
    for surprise in &surprises {
        eprintln!("parity: {surprise}");
    }
    assert!(surprises.is_empty(), "{} differences are not allowed", surprises.len());
    for (place, allowance) in ALLOWANCES.iter().enumerate() {
        assert!(used.contains(&place), "nothing uses the allowance {allowance:?}");
    }
}
