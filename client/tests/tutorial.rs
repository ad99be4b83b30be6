//! The tutorial of `docs/contract.md` is run: its files are written, its commands are called, and they print what the
//! page says.

#![allow(clippy::unwrap_used, reason = "tests panic where something does not hold")]

use std::path::Path;
use std::process::Command;

const SECTION: &str = "## Ten minutes from documents to rows";

/// A block of the tutorial.
enum Block<'p> {
    /// A file that the reader writes: its name stands in the line before.
    File { name: &'p str, text: String },
    /// Commands, each after `$ `, and what they print.
    Console(String),
}

fn blocks(section: &str) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    let mut lines = section.lines();
    let mut before = "";
    while let Some(line) = lines.next() {
        let Some(kind) = line.strip_prefix("```") else {
            if !line.is_empty() {
                before = line;
            }
            continue;
        };
        let text: String = lines
            .by_ref()
            .take_while(|line| *line != "```")
            .map(|line| format!("{line}\n"))
            .collect();
        if kind == "console" {
            blocks.push(Block::Console(text));
        } else {
            // The last name in the line before.
            let name = before.rsplit('`').nth(1).unwrap();
            blocks.push(Block::File { name, text });
        }
    }
    blocks
}

/// Runs a command of the page in a folder: our program, or `cat`.
fn run(folder: &Path, command: &str) -> String {
    let mut words = command.split(' ');
    let program = words.next().unwrap();
    if program == "cat" {
        return words.map(|file| std::fs::read_to_string(folder.join(file)).unwrap()).collect();
    }
    assert_eq!(program, "xmlx-client", "{command}");
    let output = Command::new(env!("CARGO_BIN_EXE_xmlx-client"))
        .args(words)
        .current_dir(folder)
        .env_clear()
        .output()
        .unwrap();
    [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat()
}

#[test]
fn the_tutorial_prints_what_it_says() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/contract.md");
    let page = std::fs::read_to_string(page).unwrap();
    let (_, section) = page.split_once(SECTION).expect("the page has the tutorial");
    let section = section.split("\n## ").next().unwrap();
    let folder = std::env::temp_dir().join(format!("xmlx-tutorial-{}", std::process::id()));
    let mut n_commands = 0;
    for block in blocks(section) {
        match block {
            Block::File { name, text } => {
                let path = folder.join(name);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, text).unwrap();
            }
            Block::Console(text) => {
                let mut printed = String::new();
                for command in text.lines().filter_map(|line| line.strip_prefix("$ ")) {
                    printed.push_str(&format!("$ {command}\n{}", run(&folder, command)));
                    n_commands += 1;
                }
                assert_eq!(printed, text, "\nthe programs print\n\n{printed}");
            }
        }
    }
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(n_commands >= 4, "only {n_commands} commands");
}
