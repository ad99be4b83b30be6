//! Writes values as TOML.

/// Writes a text: in single quotes where it has double ones, so that paths and expressions stay readable.
pub(super) fn quote(text: &str) -> String {
    let is_plain = !text.contains(|c: char| c.is_control() || c == '\'');
    if is_plain && text.contains(['"', '\\']) {
        return format!("'{text}'");
    }
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            control if control.is_control() => {
                quoted.push_str(&format!("\\u{:04X}", u32::from(control)));
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

/// Writes a key: bare where it may be.
pub(super) fn key(text: &str) -> String {
    let is_bare = !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    if is_bare { text.to_owned() } else { quote(text) }
}

/// Writes an inline table of `key = value` parts.
pub(super) fn inline(parts: &[String]) -> String {
    if parts.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", parts.join(", ")) }
}

/// Writes a list.
pub(super) fn list(items: &[String]) -> String {
    format!("[{}]", items.join(", "))
}

/// Writes texts as a list.
pub(super) fn texts<T: AsRef<str>>(items: &[T]) -> String {
    let quoted: Vec<String> = items.iter().map(|item| quote(item.as_ref())).collect();
    list(&quoted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_read_back() {
        for text in ["", "plain", "a 'b' \"c\"", "say \"x\"", "\\d\n\t", "é\u{1}", "it's"] {
            let line = format!("{} = {}", key(text), quote(text));
            let table: toml::Table = line.parse().expect("it is TOML");
            let (name, value) = table.iter().next().expect("one key");
            assert_eq!((name.as_str(), value.as_str()), (text, Some(text)), "{line}");
        }
    }
}
