//! Settings from a file and from flags: defaults < file < environment < flags.

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use serde::de::DeserializeOwned;

use crate::parse_duration;

/// Reads a TOML file of settings; no path, no settings.
///
/// # Errors
/// Names the file, and the key and line that are wrong.
pub fn read_settings<T: Default + DeserializeOwned>(path: Option<&Path>) -> anyhow::Result<T> {
    let Some(path) = path else { return Ok(T::default()) };
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read `{}`", path.display()))?;
    toml::from_str(&text)
        .with_context(|| format!("`{}` is not a valid configuration", path.display()))
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
