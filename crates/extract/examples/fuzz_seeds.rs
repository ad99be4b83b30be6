//! Writes the seeds of the fuzz targets: golden documents, contracts and the expressions in them.
//!
//! `cargo run -p xmlx-extract --example fuzz_seeds -- CORPUS [GOLDEN..]`

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;

/// What the target takes at most; longer seeds are left out.
const SEED_BYTES_MAX: usize = 65_536;

/// Contracts and limits that a document can be tried with.
const N_PLANS: u8 = 8;

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args_os().skip(1).map(PathBuf::from);
    let corpus = args.next().ok_or("usage: fuzz_seeds CORPUS [GOLDEN..]")?;
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../dev/samples");
    let mut files = files_below(&samples.join("golden"))?;
    files.extend(files_below(&samples.join("contracts"))?);
    for golden in args {
        files.extend(files_below(&golden)?);
    }
    let mut seeds = Seeds { corpus, n_written: 0 };
    for target in ["map", "contract", "expression"] {
        fs::create_dir_all(seeds.corpus.join(target))?;
    }
    for path in files {
        let content = fs::read(&path)?;
        if path.extension().is_some_and(|it| it == "xml") {
            for plan in 0..N_PLANS {
                seeds.write("map", &[&[plan], content.as_slice()].concat())?;
            }
        } else if let Ok(contract) = serde_json::from_slice::<Json>(&content)
            && contract["mappings"].is_array()
        {
            // Without the white space, so that more of it fits.
            seeds.write("contract", contract.to_string().as_bytes())?;
            for mapping in contract["mappings"].as_array().into_iter().flatten() {
                if let Some(expression) = mapping["expression"].as_str() {
                    seeds.write("expression", expression.as_bytes())?;
                }
            }
        }
    }
    Ok(())
}

struct Seeds {
    corpus: PathBuf,
    n_written: usize,
}

impl Seeds {
    fn write(&mut self, target: &str, seed: &[u8]) -> std::io::Result<()> {
        if seed.len() > SEED_BYTES_MAX {
            return Ok(());
        }
        self.n_written += 1;
        fs::write(self.corpus.join(target).join(format!("seed-{:05}", self.n_written)), seed)
    }
}

fn files_below(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(files_below(&path)?);
        } else {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
