//! Two product lines, a hundred documents each: what a hand-written contract reads of them has to be in the draft, with
//! a type that holds all values.
//!
//! The lines of the reference are compared where its contracts and documents are at hand: `XMLX_GOLDEN` names their
//! directory, else it is looked for beside the workspace.

#![allow(clippy::unwrap_used, reason = "tests panic where something does not hold")]
#![allow(clippy::print_stdout, reason = "the counts are the result")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use quick_xml::XmlVersion;
use quick_xml::events::Event;
use quick_xml::reader::Reader;
use serde_json::Value as Json;
use xmlx_infer::{Column, Draft, Options, Samples, SqlType};
use xmlx_samples::{Line, Synth};

/// Percent of the attributes that must be there.
const FOUND_MIN: usize = 95;

/// The attributes that a contract of format 1 reads, as paths in small letters: it takes attributes whatever their case.
fn read_by(contract: &str) -> BTreeSet<String> {
    let contract: Json = serde_json::from_str(contract).unwrap();
    let mappings = contract["mappings"].as_array().unwrap();
    let attributes = mappings.iter().filter_map(|mapping| {
        let attribute = mapping["xml_attribute"].as_str().filter(|name| !name.is_empty())?;
        Some(format!("{}/@{attribute}", mapping["xml_path"].as_str()?).to_lowercase())
    });
    attributes.collect()
}

fn draft(documents: &[String]) -> Draft {
    let mut samples = Samples::new();
    for xml in documents {
        samples.add("a document", xml).unwrap();
    }
    let options = Options { source_table: "dbo.app_xml".to_owned(), schema: None, root: None };
    samples.draft(&options).unwrap()
}

/// All values of attributes, by path in small letters.
fn values(documents: &[String]) -> BTreeMap<String, BTreeSet<String>> {
    let mut values: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for xml in documents {
        let mut reader = Reader::from_str(xml);
        reader.config_mut().expand_empty_elements = true;
        let mut path = Vec::new();
        loop {
            match reader.read_event().unwrap() {
                Event::Start(start) => {
                    path.push(format!("/{}", start.local_name().as_ref()));
                    for attribute in start.attributes().map(Result::unwrap) {
                        let at = format!("{}/@{}", path.concat(), attribute.key.as_ref());
                        let value = attribute.normalized_value(XmlVersion::Implicit1_0).unwrap();
                        values
                            .entry(at.to_lowercase())
                            .or_default()
                            .insert(value.trim().to_owned());
                    }
                }
                Event::End(_) => drop(path.pop()),
                Event::Eof => break,
                Event::Empty(_)
                | Event::Text(_)
                | Event::CData(_)
                | Event::Comment(_)
                | Event::Decl(_)
                | Event::PI(_)
                | Event::DocType(_)
                | Event::GeneralRef(_) => {}
            }
        }
    }
    values
}

fn holds(sql_type: SqlType, value: &str) -> bool {
    let digits = |text: &str| text.bytes().filter(u8::is_ascii_digit).count();
    match sql_type {
        SqlType::Bit => matches!(value, "true" | "false" | "1" | "0"),
        SqlType::Int => value.parse::<i32>().is_ok(),
        SqlType::BigInt => value.parse::<i64>().is_ok(),
        SqlType::Decimal { precision, scale } => {
            let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
            value.parse::<f64>().is_ok()
                && digits(whole) <= (precision - scale) as usize
                && digits(fraction) <= scale as usize
        }
        SqlType::Float => value.parse::<f64>().is_ok(),
        SqlType::Date => {
            let formats = ["%Y-%m-%d", "%m/%d/%Y", "%d/%m/%Y"];
            formats.iter().any(|format| chrono::NaiveDate::parse_from_str(value, format).is_ok())
        }
        SqlType::Time => value.parse::<chrono::NaiveTime>().is_ok(),
        SqlType::DateTime | SqlType::DateTimeOffset => {
            let value = value.replacen(' ', "T", 1);
            value.parse::<chrono::NaiveDateTime>().is_ok()
                || value.parse::<chrono::NaiveDate>().is_ok()
                || chrono::DateTime::parse_from_rfc3339(&value).is_ok()
        }
        SqlType::Uuid => value.len() == 36,
        SqlType::Text(length) => {
            length.is_none_or(|length| value.encode_utf16().count() <= length as usize)
        }
    }
}

/// Counts, prints and asserts. `others` are documents that the draft has not seen.
fn compare(name: &str, contract: &str, documents: &[String], others: &[String]) {
    let draft = draft(documents);
    let (seen, unseen) = (values(documents), values(others));
    let (wanted, absent): (Vec<String>, Vec<String>) =
        read_by(contract).into_iter().partition(|path| seen.contains_key(path));
    let empty = BTreeSet::new();
    let (mut missing, mut narrow, mut narrow_unseen) = (Vec::new(), Vec::new(), Vec::new());
    for path in &wanted {
        let mut columns = draft.tables.iter().flat_map(|table| &table.columns);
        let takes =
            |column: &&Column| column.paths.iter().any(|taken| taken.to_lowercase() == *path);
        let Some(column) = columns.find(takes) else {
            missing.push(path.as_str());
            continue;
        };
        let fits = |values: &BTreeMap<String, BTreeSet<String>>| {
            let values = values.get(path).unwrap_or(&empty);
            values.iter().all(|value| value.is_empty() || holds(column.sql_type, value))
        };
        if !fits(&seen) {
            narrow.push((path, column.sql_type.to_string()));
        }
        if !fits(&unseen) {
            narrow_unseen.push((path, column.sql_type.to_string()));
        }
    }
    let n_found = wanted.len() - missing.len() - narrow.len();
    println!(
        "{name}: {n_found} of {} attributes that its contract reads and {} documents have; no document has {} others: {absent:?}",
        wanted.len(),
        documents.len(),
        absent.len()
    );
    println!(
        "{name}: {} types are too narrow for {} documents that it has not seen: {narrow_unseen:?}",
        narrow_unseen.len(),
        others.len()
    );
    assert!(
        n_found * 100 >= wanted.len() * FOUND_MIN,
        "{name}: missing {missing:?}, too narrow {narrow:?}"
    );
}

#[test]
fn attributes_of_the_sample_lines_are_found() {
    let options =
        xmlx_samples::Options { seed: 7, first_id: 1, broken_permille: 0, padding_bytes: 0 };
    let synth = Synth::new(options);
    for line in Line::ALL {
        let all = (0..1_000).filter(|n| synth.line(*n) == line);
        let documents: Vec<String> = all.take(200).map(|n| synth.application(n).xml).collect();
        compare(line.name(), xmlx_samples::contract(line), &documents[..100], &documents[100..]);
    }
}

#[test]
fn attributes_of_the_reference_are_found() {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/golden");
    let golden = std::env::var_os("XMLX_GOLDEN").map_or(beside, PathBuf::from);
    if !golden.is_dir() {
        println!(
            "SKIPPED attributes_of_the_reference_are_found: there are no golden files (set XMLX_GOLDEN)"
        );
        return;
    }
    for name in ["credit_card", "rec_lending"] {
        let contract =
            std::fs::read_to_string(golden.join(format!("contracts/{name}.json"))).unwrap();
        let files = std::fs::read_dir(golden.join(name)).unwrap();
        let mut files: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
        // The documents of the other kinds are broken on purpose.
        files.retain(|file| file.extension().is_some_and(|end| end == "xml"));
        files.sort();
        let documents = files.iter().map(|file| std::fs::read_to_string(file).unwrap());
        let mut whole = Samples::new();
        let documents: Vec<String> =
            documents.filter(|xml| whole.add("a document", xml).is_ok()).collect();
        let (seen, unseen) = documents.split_at(documents.len().min(100));
        compare(name, &contract, seen, unseen);
    }
}
