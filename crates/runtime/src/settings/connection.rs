//! A connection string: given as it is, or in a file of its own.

use std::path::Path;

use super::{Checks, Origin};
use crate::Secret;

/// A connection string, and what the operator should know of the way it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// The text.
    pub secret: Secret,
    /// The setting that gave it, such as `database` or `database_file`.
    pub key: String,
    /// For the log, once there is one.
    pub warning: Option<String>,
}

impl Connection {
    /// The connection string of the setting `name`, such as `database`, given as a text or as a file; `None` where
    /// neither is given, or where it is wrong, which is recorded then. The text is never repeated.
    pub fn read(
        checks: &mut Checks<'_>,
        name: &str,
        (text, file): (Option<&Secret>, Option<&Path>),
    ) -> Option<Self> {
        let variable = format!("XMLX_{}", name.to_uppercase());
        let file_key = format!("{name}_file");
        match (text, file) {
            (Some(_), Some(_)) => {
                checks.refuse(&file_key, &both(name, &file_key));
                None
            }
            (Some(text), None) => {
                let secret = checks.value(name, unwrapped(text.reveal(), &variable))?;
                let warning = on_command_line(&checks.origins().of(name), &variable);
                Some(Self { secret, key: name.to_owned(), warning })
            }
            (None, Some(file)) => {
                let (secret, warning) = checks.value(&file_key, from_file(file, &variable))?;
                Some(Self { secret, key: file_key, warning })
            }
            (None, None) => None,
        }
    }
}

/// What to say where a connection string and a file that holds one are given in the same place.
pub(super) fn both(text: &str, file: &str) -> String {
    format!("both `{text}` and `{file}` are set; keep one of them")
}

/// Every user of the host can read command lines.
fn on_command_line(origin: &Origin, variable: &str) -> Option<String> {
    let Origin::Flag(flag) = origin else { return None };
    Some(format!(
        "the connection string stands on the command line, where every user of this host can read its password; use \
         `{flag}-file` or {variable}"
    ))
}

fn from_file(file: &Path, variable: &str) -> Result<(Secret, Option<String>), String> {
    let shown = file.display();
    let bytes = std::fs::read(file)
        .map_err(|err| format!("cannot read the connection string in `{shown}`: {err}"))?;
    let text = decode(&bytes).map_err(|err| format!("`{shown}` {err}"))?;
    let secret = unwrapped(text, variable).map_err(|err| format!("`{shown}` {err}"))?;
    let warning = is_public(file).then(|| {
        format!(
            "every user of this host can read the password in `{shown}`; take that right away (`chmod o-r`)"
        )
    });
    Ok((secret, warning))
}

/// The text of a file, as editors on Windows write them too.
fn decode(bytes: &[u8]) -> Result<&str, String> {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) || bytes.contains(&0) {
        return Err("is UTF-16; save it as UTF-8".to_owned());
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|_| "is not UTF-8; save it as UTF-8".to_owned())
}

/// The bare connection string. A text that still has the variable's name or quotes around it was copied with them, and
/// the database driver would report an error that nobody understands.
fn unwrapped(text: &str, variable: &str) -> Result<Secret, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err("holds no connection string".to_owned());
    }
    let bare = text.strip_prefix("export ").unwrap_or(text).trim_start();
    if bare.split_once('=').is_some_and(|(name, _)| name.trim().eq_ignore_ascii_case(variable)) {
        return Err(format!(
            "holds `{variable}=` and the connection string, as a file of environment variables does; keep only what \
             stands behind the first `=`"
        ));
    }
    let has_around =
        |quote: char| text.len() > 1 && text.starts_with(quote) && text.ends_with(quote);
    if has_around('"') || has_around('\'') {
        return Err("holds the connection string in quotes; take the outer quotes away".to_owned());
    }
    Ok(Secret::new(text))
}

/// Whether users other than its owner and group may read a file.
#[cfg(unix)]
#[must_use]
pub fn is_public(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    const OTHERS_READ: u32 = 0o004;
    std::fs::metadata(file).is_ok_and(|found| found.permissions().mode() & OTHERS_READ != 0)
}

/// Whether users other than its owner and group may read a file.
#[cfg(not(unix))]
#[must_use]
pub fn is_public(_: &Path) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::super::Origins;
    use super::*;

    fn read(
        given: (Option<&Secret>, Option<&Path>),
        origins: &Origins,
    ) -> Result<Option<Connection>, String> {
        let mut checks = Checks::new(origins);
        let found = Connection::read(&mut checks, "source_database", given);
        match checks.problems() {
            [] => Ok(found),
            problems => Err(problems.iter().map(ToString::to_string).collect()),
        }
    }

    fn secret(outcome: Result<Option<Connection>, String>) -> String {
        outcome.expect("valid").expect("one is given").secret.reveal().to_owned()
    }

    #[test]
    fn only_the_command_line_is_warned_of() {
        let text = Secret::new("xmlx");
        for (origin, is_warned_of) in [
            (Origin::Flag("--source-database".to_owned()), true),
            (Origin::Variable("XMLX_SOURCE_DATABASE".to_owned()), false),
            (Origin::File { path: "a.toml".into(), line: 1 }, false),
        ] {
            let mut origins = Origins::default();
            origins.values.insert("source_database".to_owned(), (origin.clone(), Vec::new()));
            let found = read((Some(&text), None), &origins).expect("valid").expect("given");
            assert_eq!(found.warning.is_some(), is_warned_of, "{origin:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_all_can_read_is_warned_of() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("string");
        std::fs::write(&path, "x").expect("writable");
        for (mode, warned) in [(0o600, false), (0o640, false), (0o644, true), (0o666, true)] {
            let permissions = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(&path, permissions).expect("our own file");
            let found = read((None, Some(&path)), &Origins::default());
            let found = found.expect("valid").expect("given");
            assert_eq!(found.warning.is_some(), warned, "{mode:o}");
        }
    }

    #[test]
    fn files_may_come_from_windows_and_wrappers_are_named() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("string");
        let read = |bytes: &[u8]| {
            std::fs::write(&path, bytes).expect("writable");
            read((None, Some(&path)), &Origins::default())
        };
        assert_eq!(secret(read(b"\xef\xbb\xbfServer=s\r\n")), "Server=s");
        assert_eq!(secret(read(b"Server=s;Password=\"x\"")), "Server=s;Password=\"x\"");
        for (bytes, expected) in [
            (&b"\xff\xfeS\0e\0"[..], "UTF-16"),
            (b"S\0e\0r\0", "UTF-16"),
            (b"Server=\xe9", "UTF-8"),
            (b"\"Server=hush\"", "quotes"),
            (b"'Server=hush'", "quotes"),
            (b"XMLX_SOURCE_DATABASE=Server=hush", "`XMLX_SOURCE_DATABASE=`"),
            (b"export XMLX_SOURCE_DATABASE=\"hush\"", "`XMLX_SOURCE_DATABASE=`"),
            (b"\n", "no connection string"),
        ] {
            let err = read(bytes).expect_err(expected);
            let shown = path.display().to_string();
            assert!(err.contains(expected) && err.contains(&shown), "{err}");
            assert!(err.starts_with("`source_database_file`: "), "{err}");
            assert!(!err.contains("hush"), "{err}");
        }
    }

    #[test]
    fn a_missing_file_is_named_and_two_strings_are_one_too_many() {
        let missing = read((None, Some(Path::new("no-such-file"))), &Origins::default());
        assert!(missing.expect_err("no file").contains("no-such-file"));
        let text = Secret::new("a");
        let both = read((Some(&text), Some(Path::new("b"))), &Origins::default());
        assert!(both.expect_err("ambiguous").contains("keep one of them"));
    }
}
