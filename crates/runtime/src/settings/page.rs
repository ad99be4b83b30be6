//! What is written about settings: the page in `docs/`, the sample files in `deploy/`, and the list of all names.
//! A test compares the files with what is made here, and writes them anew when it is told to.

use std::fmt::Write as _;

use clap::Command;

use super::definition::config_variable;
use super::print::value;
use super::{Setting, settings_of};

/// How the page begins; each program follows.
const INTRODUCTION: &str = include_str!("introduction.md");

/// A program whose settings are described.
#[derive(Debug)]
pub struct Program {
    /// Its command line.
    pub command: Command,
    /// What somebody has to know who sets it up.
    pub about: &'static str,
}

/// `docs/settings.md`.
#[must_use]
pub fn settings_page(programs: &[Program]) -> String {
    let mut page = INTRODUCTION.to_owned();
    for Program { command, about } in programs {
        let name = command.get_name();
        add(
            &mut page,
            format_args!("\n## {name}\n\n{about}\n\n| setting | default | |\n|---|---|---|\n"),
        );
        let settings = settings_of(command);
        for setting in &settings {
            let default = setting.default.as_ref().map(|text| format!("`{text}`"));
            let summary = setting.help.split("\n\n").next().unwrap_or_default().replace('|', "\\|");
            let default = default.unwrap_or_default();
            add(&mut page, format_args!("| `{}` | {default} | {summary} |\n", setting.key));
        }
        for setting in &settings {
            add(&mut page, format_args!("\n### {name}: `{}`\n\n", setting.key));
            add(&mut page, format_args!("`{}`, `{}`", setting.flag, setting.variable));
            match &setting.default {
                Some(default) => add(&mut page, format_args!("; default `{default}`.\n\n")),
                None => add(&mut page, format_args!("; not set by default.\n\n")),
            }
            for paragraph in setting.help.split("\n\n") {
                add(&mut page, format_args!("{}\n", sentence(paragraph)));
            }
        }
    }
    page
}

/// A settings file in which every setting stands with its default and is commented out.
#[must_use]
pub fn sample_file(command: &Command) -> String {
    let name = command.get_name();
    let mut text = format!(
        "# Settings of {name}. Take the `#` away before a key to set it.\n# A variable wins over this file, and a flag over both; `{name} --print-config` shows what is in use.\n"
    );
    for setting in settings_of(command) {
        text.push('\n');
        for line in
            setting.help.split("\n\n").map(sentence).flat_map(|paragraph| wrapped(&paragraph))
        {
            add(&mut text, format_args!("# {line}\n"));
        }
        add(&mut text, format_args!("#{} = {}\n", setting.key, sample_value(&setting)));
    }
    text
}

/// The names of all variables and keys, one setting on each line.
#[must_use]
pub fn variables(programs: &[Program]) -> String {
    let mut lines = Vec::new();
    for Program { command, .. } in programs {
        lines.extend(config_variable(command));
        let names = |setting: Setting| format!("{} {}", setting.variable, setting.key);
        lines.extend(settings_of(command).into_iter().map(names));
    }
    lines.sort();
    lines.dedup();
    lines.join("\n") + "\n"
}

fn add(text: &mut String, part: std::fmt::Arguments<'_>) {
    text.write_fmt(part).expect("writing to a string does not fail");
}

/// `clap` takes the full stop of the first paragraph away.
fn sentence(paragraph: &str) -> String {
    if paragraph.ends_with(['.', ':', '!', '?']) {
        paragraph.to_owned()
    } else {
        format!("{paragraph}.")
    }
}

fn sample_value(setting: &Setting) -> String {
    match &setting.default {
        Some(default) if setting.is_list => value(setting, &default.split(',').collect::<Vec<_>>()),
        Some(default) => value(setting, &[default]),
        None if setting.is_list => "[]".to_owned(),
        None => "''".to_owned(),
    }
}

/// Lines of at most 100 characters.
fn wrapped(paragraph: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in paragraph.split_whitespace() {
        let line = lines.last_mut().expect("there is one at least");
        if !line.is_empty() && line.chars().count() + word.chars().count() >= 98 {
            lines.push(word.to_owned());
        } else {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}
