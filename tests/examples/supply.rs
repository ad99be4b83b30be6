//! Holds the rules of `deny.toml`, and writes a bill of materials for each program.
//!
//! `.ci/supply` runs it. Prints what breaks a rule, and ends with 1 where something does.

#![allow(clippy::print_stdout, reason = "what it found is for whoever started it")]

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use xmlx_tests::supply;

/// What is shipped.
const PROGRAMS: &[&str] = &["xmlx-client", "xmlx-coordinator", "xmlx-worker"];

#[derive(Parser)]
struct Args {
    /// The folder for the bills of materials
    #[arg(long, default_value = "target/sbom")]
    sbom: PathBuf,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let (rules, lock) = (supply::toml("deny.toml"), supply::toml("Cargo.lock"));
    let mut n_findings = 0;
    let mut all = Vec::new();
    for platform in supply::platforms(&rules) {
        let metadata = supply::metadata(&platform);
        for finding in supply::findings(&rules, &metadata) {
            println!("{platform}: {} {}", finding.krate, finding.broken);
            n_findings += 1;
        }
        for (krate, versions) in supply::duplicates(&metadata) {
            let versions: Vec<String> = versions.into_iter().collect();
            println!("{platform}: several versions of {krate}: {}", versions.join(", "));
        }
        let folder = args.sbom.join(&platform);
        std::fs::create_dir_all(&folder).expect("the folder can be made");
        for program in PROGRAMS {
            let bill = supply::bill(program, &metadata, &lock);
            let n = bill["components"].as_array().map_or(0, Vec::len);
            let path = folder.join(format!("{program}.cdx.json"));
            std::fs::write(&path, format!("{bill:#}\n")).expect("the bill can be written");
            println!("{}: {n} components", path.display());
        }
        all.push(metadata);
    }
    for licence in supply::unused_licences(&rules, &all) {
        println!("deny.toml allows `{licence}`, which no crate has");
        n_findings += 1;
    }
    println!("licences, bans, sources: {n_findings} findings");
    ExitCode::from(u8::from(n_findings > 0))
}
