//! What the pages for developers say of the source is there.

#![allow(clippy::unwrap_used, reason = "tests panic where something does not hold")]

use std::path::PathBuf;

use xmlx_tests::workspace;

/// The pages that send their readers to files.
fn pages() -> Vec<PathBuf> {
    let mut pages = vec![workspace().join("CONTRIBUTING.md")];
    let decisions = std::fs::read_dir(workspace().join("docs/adr")).unwrap();
    pages.extend(decisions.map(|entry| entry.unwrap().path()));
    pages
}

/// What stands in backquotes and looks like a file or a folder of the repository.
fn paths(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2).filter(|quoted| {
        let ends = [".rs", ".md", ".sql", ".proto", "/"];
        let is_path = ends.iter().any(|end| quoted.ends_with(end)) && quoted.contains('/');
        is_path && !quoted.contains(' ')
    })
}

#[test]
fn files_that_pages_name_are_there() {
    let mut n_found = 0;
    let mut missing = Vec::new();
    for page in pages() {
        let text = std::fs::read_to_string(&page).unwrap();
        for path in paths(&text) {
            n_found += 1;
            // `target/` is there once something was built.
            let is_there = workspace().join(path).exists()
                || path.starts_with("target/")
                || page.parent().unwrap().join(path).exists();
            if !is_there {
                missing.push(format!("{}: `{path}`", page.display()));
            }
        }
    }
    assert!(n_found > 50, "the pages name {n_found} files");
    assert!(missing.is_empty(), "{missing:#?}");
}

/// Each decision is in the list, under its title.
#[test]
fn the_list_of_decisions_is_complete() {
    let folder = workspace().join("docs/adr");
    let list = std::fs::read_to_string(folder.join("README.md")).unwrap();
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(name == "README.md" || list.contains(&format!("({name})")), "{name}");
    }
}
