//! Looks at every state of the larger clusters, which takes minutes: `cargo run --release -p xmlx-models --example lease`.
//! With an argument, those whose names contain it.

#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "it reports what it took")]

use std::process::ExitCode;
use std::time::Instant;

use stateright::{Checker, HasDiscoveries, Model};
use xmlx_models::lease::{Cluster, LARGE, PROPERTIES, SMALL};

const THREADS: usize = 2;

fn main() -> ExitCode {
    let wanted = std::env::args().nth(1).unwrap_or_default();
    let scopes = SMALL.into_iter().chain(LARGE).filter(|(name, _)| name.contains(&wanted));
    let mut is_sound = true;
    for (name, bounds) in scopes {
        let cluster = Cluster::new(bounds);
        let counts = cluster.counts();
        let begun = Instant::now();
        let builder = cluster.checker().threads(THREADS);
        let checker = builder.finish_when(HasDiscoveries::AnyFailures).spawn_dfs().join();
        println!(
            "{name}: {} states, {} steps tried, {} at most to the end, {:.1} s",
            checker.unique_state_count(),
            checker.state_count(),
            counts.steps_max(),
            begun.elapsed().as_secs_f64()
        );
        println!("    {:?}", counts.all());
        for violated in PROPERTIES {
            let Some(way) = checker.discovery(violated) else { continue };
            is_sound = false;
            println!("    VIOLATED: {violated}");
            for (_, step) in way.into_vec() {
                println!("        {step:?}");
            }
        }
    }
    if is_sound { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
