//! `--print-config`: the settings in use as a file that can be read back.

use std::fmt::Write as _;

use clap::Command;

use super::problem::{Origin, Origins};
use super::{Setting, settings_of};

/// Each setting on a line of its own with where it came from; what cannot be given back stands in a comment.
pub(super) fn print_config(command: &Command, origins: &Origins) -> String {
    let name = command.get_name();
    let mut text = format!(
        "# The settings of {name}, each with where its value came from.\n# Read them back with `{name} --config FILE`.\n"
    );
    for setting in settings_of(command) {
        let line = line(&setting, origins);
        writeln!(text, "\n{line}").expect("writing to a string does not fail");
    }
    text
}

fn line(setting: &Setting, origins: &Origins) -> String {
    let key = &setting.key;
    let given = origins.values.get(key);
    let origin = described(given.map(|(origin, _)| origin));
    if setting.is_secret && given.is_some() {
        let variable = &setting.variable;
        return format!(
            "# A secret: give it in {variable}, or in a file that `{key}_file` names.\n# {key} = \"***\"  # {origin}"
        );
    }
    match (given, &setting.default) {
        (Some((_, values)), _) => format!("{key} = {}  # {origin}", value(setting, values)),
        (None, Some(default)) => {
            let default =
                if setting.is_list { default.split(',').collect() } else { vec![&**default] };
            format!("{key} = {}  # {origin}", value(setting, &default))
        }
        (None, None) => format!("# {key} is not set"),
    }
}

fn described(origin: Option<&Origin>) -> String {
    match origin {
        None | Some(Origin::Default) => "default".to_owned(),
        Some(Origin::File { path, line }) => format!("file: {}, line {line}", path.display()),
        Some(Origin::Variable(name)) => format!("environment: {name}"),
        Some(Origin::Flag(name)) => format!("flag: {name}"),
    }
}

/// Texts as a TOML value.
pub(super) fn value<T: AsRef<str>>(setting: &Setting, texts: &[T]) -> String {
    let one = |text: &T| {
        let text = text.as_ref();
        // `a, b` on a command line is a list of two names, and neither begins with a blank.
        let text = if setting.is_list { text.trim() } else { text };
        text.parse::<i64>().map_or_else(
            |_| toml::Value::String(text.to_owned()).to_string(),
            |number| number.to_string(),
        )
    };
    let all: Vec<String> = texts.iter().map(one).collect();
    if setting.is_list { format!("[{}]", all.join(", ")) } else { all.join(", ") }
}
