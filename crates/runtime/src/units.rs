//! Durations and sizes with their units; a bare number is refused.

use std::time::Duration;

/// Reads a duration such as `30s` or `1m 30s`.
///
/// # Errors
/// Says what is wrong and shows the form.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text)
        .map_err(|err| format!("`{text}` is no duration ({err}); write it like `30s` or `5m`"))
}

/// Reads a duration that is longer than nothing.
///
/// # Errors
/// Says what is wrong and shows the form.
pub fn positive_duration(text: &str) -> Result<Duration, String> {
    let duration = parse_duration(text)?;
    if duration.is_zero() { Err(format!("`{text}` is too short")) } else { Ok(duration) }
}

/// Reads a size in bytes such as `64MiB`.
///
/// # Errors
/// Says what is wrong and shows the form.
pub fn parse_size(text: &str) -> Result<u64, String> {
    if text.trim().chars().all(|it| it.is_ascii_digit()) {
        return Err(format!("`{text}` has no unit; write it like `64MiB`"));
    }
    let size: bytesize::ByteSize =
        text.parse().map_err(|_| format!("`{text}` is no size; write it like `64MiB`"))?;
    Ok(size.as_u64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bare_numbers_are_refused() {
        assert!(positive_duration("0s").is_err() && positive_duration("1ms").is_ok());
        assert_eq!(parse_duration("30s"), Ok(Duration::from_secs(30)));
        assert!(parse_duration("30").is_err());
        assert_eq!(parse_size("64MiB"), Ok(64 << 20));
        assert!(parse_size("64").is_err());
        assert!(parse_size("a lot").is_err());
    }
}
