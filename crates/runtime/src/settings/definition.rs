//! What a program's settings are, read from its `clap` command.

use clap::{Arg, Command};

/// The argument that names the settings file; it cannot stand in that file.
const CONFIG: &str = "config";

/// One setting, under each of its names.
#[derive(Clone, Debug)]
pub struct Setting {
    /// Its key in the settings file, such as `lost_after`.
    pub key: String,
    /// Its flag, such as `--lost-after`.
    pub flag: String,
    /// Its environment variable, such as `XMLX_LOST_AFTER`.
    pub variable: String,
    /// The text of its default, where it has one.
    pub default: Option<String>,
    /// What it does, and when one would change it.
    pub help: String,
    /// Whether its value is never printed.
    pub is_secret: bool,
    /// Whether it takes several values.
    pub is_list: bool,
    /// The argument itself, which reads one value.
    pub(super) arg: Arg,
}

/// Whether an argument is a setting: those that no variable sets concern a single call, and hidden ones are for tests.
pub(super) fn is_setting(arg: &Arg) -> bool {
    arg.get_env().is_some() && !arg.is_hide_set() && arg.get_id() != CONFIG
}

/// The settings of a program, in the order of their definition.
#[must_use]
pub fn settings_of(command: &Command) -> Vec<Setting> {
    command.get_arguments().filter(|arg| is_setting(arg)).map(setting).collect()
}

/// The variable that names the settings file.
pub(super) fn config_variable(command: &Command) -> Option<String> {
    let config = command.get_arguments().find(|arg| arg.get_id() == CONFIG)?;
    config.get_env().map(|name| name.to_string_lossy().into_owned())
}

fn setting(arg: &Arg) -> Setting {
    let long = arg.get_long().expect("a setting has a flag");
    let variable = arg.get_env().expect("a setting has a variable");
    let defaults: Vec<String> =
        arg.get_default_values().iter().map(|value| value.to_string_lossy().into_owned()).collect();
    let help = arg.get_long_help().or(arg.get_help());
    Setting {
        key: arg.get_id().to_string(),
        flag: format!("--{long}"),
        variable: variable.to_string_lossy().into_owned(),
        default: (!defaults.is_empty()).then(|| defaults.join(",")),
        help: help.map(ToString::to_string).unwrap_or_default(),
        is_secret: arg.is_hide_env_values_set(),
        is_list: arg.get_value_delimiter().is_some(),
        arg: arg.clone(),
    }
}
