//! Settings from a file and from flags: defaults < file < environment < flags.

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use serde::de::DeserializeOwned;

use crate::parse_duration;

/// Reads a TOML file of settings; no path, no settings.
///
/// # Errors
/// Names the file, the line and what is wrong there. No line is repeated: one of them holds a password.
pub fn read_settings<T: Default + DeserializeOwned>(path: Option<&Path>) -> anyhow::Result<T> {
    let Some(path) = path else { return Ok(T::default()) };
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read `{}`", path.display()))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    toml::from_str(text).map_err(|err| {
        anyhow::anyhow!("`{}` is not a valid configuration: {}", path.display(), said(text, &err))
    })
}

/// What is wrong with a text, and where, without anything of its values.
fn said(text: &str, err: &toml::de::Error) -> String {
    let mut message = err.message().replace('\n', ", ");
    // It may quote a value; what it quotes of keys and types stands in backquotes.
    if let (Some(from), Some(to)) = (message.find('"'), message.rfind('"'))
        && from < to
    {
        message.replace_range(from..=to, "...");
    }
    if message.contains("escape") {
        message.push_str("; a value with backslashes stands in single quotes");
    }
    let Some(before) = err.span().and_then(|it| text.get(..it.start)) else { return message };
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!("line {line}, column {column}: {message}")
}

/// The duration that the flag says, else the file, else `default`.
///
/// # Errors
/// Names the setting and shows the form.
pub fn duration_setting(
    name: &str,
    (flag, file): (Option<&String>, Option<&String>),
    default: Duration,
) -> anyhow::Result<Duration> {
    let Some(text) = flag.or(file) else { return Ok(default) };
    parse_duration(text).map_err(|err| anyhow::anyhow!("`{name}`: {err}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, serde::Deserialize)]
    #[serde(default, deny_unknown_fields)]
    #[allow(dead_code, reason = "only whether it can be read matters")]
    struct Sample {
        database: String,
        slots: u32,
    }

    #[test]
    fn an_error_shows_where_and_what_and_no_value() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("settings.toml");
        let read = |text: &str| {
            std::fs::write(&path, text).expect("writable");
            read_settings::<Sample>(Some(&path))
        };
        for (text, parts) in [
            (
                "slots = 1\ndatabase = \"Server=sql\\LOANS;Password=SECRETX\"",
                ["line 2, column", "single quotes"],
            ),
            ("database = Server=sql;Password=SECRETX", ["line 1, column", ": "]),
            ("slots = \"a\\\"Password=SECRETX\"", ["line 1, column", "u32"]),
            ("\nslot = 1 # SECRETX", ["line 2, column 1", "`slot`"]),
            ("database = 'Password=SECRETX", ["line 1, column", ": "]),
        ] {
            let err = format!("{:?}", read(text).expect_err(text));
            assert!(parts.iter().all(|it| err.contains(it)), "{text}: {err}");
            assert!(!err.contains("SECRETX") && err.contains("settings.toml"), "{text}: {err}");
        }
        let it = read("\u{feff}database = 'Server=sql\\LOANS'").expect("a literal string");
        assert_eq!(it.database, "Server=sql\\LOANS");
    }

    #[test]
    fn the_flag_wins_over_the_file_over_the_default() {
        let (flag, file) = ("1s".to_owned(), "2s".to_owned());
        let check = |flag: Option<&String>, file: Option<&String>, seconds| {
            let found = duration_setting("x", (flag, file), Duration::from_secs(3)).expect("valid");
            assert_eq!(found, Duration::from_secs(seconds));
        };
        check(Some(&flag), Some(&file), 1);
        check(None, Some(&file), 2);
        check(None, None, 3);
        let bare = "5".to_owned();
        let refused = duration_setting("lost_after", (Some(&bare), None), Duration::ZERO);
        assert!(refused.expect_err("no unit").to_string().contains("`lost_after`"));
    }
}
