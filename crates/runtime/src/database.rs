//! A connection string: from a flag, the environment, the settings file, or a file of its own.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::bail;

use crate::Secret;

/// What one place gives: the text, or the file that holds it.
pub type Given<'a> = (Option<&'a Secret>, Option<&'a Path>);

/// A connection string, and what the operator should hear about where it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The text.
    pub secret: Secret,
    /// For the log, once there is one.
    pub warning: Option<String>,
}

/// The connection string of the setting `name`, such as `database`: the flags win over the environment, which is read
/// here, and that over the settings file. Each of them may give the text or a file, and wins with either.
///
/// # Errors
/// Where one place gives both, or what it gives is no connection string. The text is never repeated.
pub fn connection_setting(
    name: &str,
    flags: Given<'_>,
    settings: Given<'_>,
) -> anyhow::Result<Option<Found>> {
    choose(name, flags, |it| std::env::var_os(it), settings)
}

fn choose(
    name: &str,
    flags: Given<'_>,
    environment: impl Fn(&str) -> Option<OsString>,
    settings: Given<'_>,
) -> anyhow::Result<Option<Found>> {
    let flag = format!("--{}", name.replace('_', "-"));
    let variable = format!("XMLX_{}", name.to_uppercase());
    let set = |it: &str| environment(it).filter(|it| !it.is_empty());
    let text = match set(&variable).map(OsString::into_string) {
        Some(Ok(text)) => Some(Secret::new(text)),
        Some(Err(_)) => bail!("`{variable}` is not UTF-8"),
        None => None,
    };
    let file = set(&format!("{variable}_FILE")).map(PathBuf::from);
    let places = [
        (flags, flag.clone(), format!("{flag}-file")),
        ((text.as_ref(), file.as_deref()), variable.clone(), format!("{variable}_FILE")),
        (settings, name.to_owned(), format!("{name}_file")),
    ];
    for ((text, file), text_name, file_name) in places {
        match (text, file) {
            (Some(_), Some(_)) => {
                bail!("both `{text_name}` and `{file_name}` are set; keep one of them")
            }
            (Some(text), None) => {
                // Every user of the host can read command lines.
                let warning = (text_name == flag).then(|| {
                    format!(
                        "the connection string stands on the command line, where every user of this host can read its \
                         password; use `{flag}-file` or {variable}"
                    )
                });
                let secret = whole(text.reveal(), &text_name, &variable)?;
                return Ok(Some(Found { secret, warning }));
            }
            (None, Some(file)) => return read(file, &file_name, &variable).map(Some),
            (None, None) => (),
        }
    }
    Ok(None)
}

fn read(file: &Path, setting: &str, variable: &str) -> anyhow::Result<Found> {
    let named = format!("`{}` ({setting})", file.display());
    let bytes = std::fs::read(file)
        .map_err(|err| anyhow::anyhow!("cannot read the connection string in {named}: {err}"))?;
    let secret = whole(&decode(&bytes, &named)?, &named, variable)?;
    let warning = is_public(file).then(|| {
        format!(
            "every user of this host can read the password in `{}`; take that right away (`chmod o-r`)",
            file.display()
        )
    });
    Ok(Found { secret, warning })
}

/// The text of a file, as editors on Windows write them too.
fn decode<'a>(bytes: &'a [u8], named: &str) -> anyhow::Result<std::borrow::Cow<'a, str>> {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) || bytes.contains(&0) {
        bail!("{named} is UTF-16; save it as UTF-8");
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.into()),
        Err(_) => bail!("{named} is not UTF-8; save it as UTF-8"),
    }
}

/// Refuses what was wrapped into something on its way.
fn whole(text: &str, named: &str, variable: &str) -> anyhow::Result<Secret> {
    let text = text.trim();
    let named = if named.starts_with('`') { named.to_owned() } else { format!("`{named}`") };
    anyhow::ensure!(!text.is_empty(), "{named} holds no connection string");
    let bare = text.strip_prefix("export ").unwrap_or(text).trim_start();
    if bare.split_once('=').is_some_and(|(it, _)| it.trim().eq_ignore_ascii_case(variable)) {
        bail!(
            "{named} holds `{variable}=` and the connection string, as a file of environment variables does; \
             keep only what stands behind the first `=`"
        );
    }
    if ['"', '\''].iter().any(|it| text.len() > 1 && text.starts_with(*it) && text.ends_with(*it)) {
        bail!("{named} holds the connection string in quotes; take the outer quotes away");
    }
    Ok(Secret::new(text))
}

/// Whether users other than its owner and group may read a file.
#[cfg(unix)]
fn is_public(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    const OTHERS_READ: u32 = 0o004;
    std::fs::metadata(file).is_ok_and(|it| it.permissions().mode() & OTHERS_READ != 0)
}

#[cfg(not(unix))]
fn is_public(_: &Path) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Given<'_> = (None, None);

    fn check(
        flags: Given<'_>,
        environment: &[(&str, &str)],
        settings: Given<'_>,
    ) -> Result<Option<Found>, String> {
        let environment = |name: &str| {
            environment.iter().find(|(it, _)| *it == name).map(|(_, text)| OsString::from(text))
        };
        choose("source_database", flags, environment, settings).map_err(|err| err.to_string())
    }

    fn found(outcome: Result<Option<Found>, String>) -> String {
        outcome.expect("valid").expect("one is given").secret.reveal().to_owned()
    }

    #[test]
    fn flags_win_over_the_environment_over_the_file_whatever_form_they_have() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("string");
        std::fs::write(&path, "in file\n").expect("writable");
        let name = path.display().to_string();
        let (a, b) = (Secret::new("a"), Secret::new("b"));
        let (text, file): (Given<'_>, Given<'_>) = ((Some(&a), None), (None, Some(&path)));
        let settings: Given<'_> = (Some(&b), None);
        let (in_text, in_file) =
            (("XMLX_SOURCE_DATABASE", "env"), ("XMLX_SOURCE_DATABASE_FILE", name.as_str()));
        assert_eq!(found(check(text, &[in_file], settings)), "a");
        assert_eq!(found(check(file, &[in_text], settings)), "in file");
        assert_eq!(found(check(NONE, &[in_text], file)), "env");
        assert_eq!(found(check(NONE, &[in_file], settings)), "in file");
        let empty = [("XMLX_SOURCE_DATABASE", ""), ("XMLX_SOURCE_DATABASE_FILE", "")];
        assert_eq!(found(check(NONE, &empty, settings)), "b");
        assert_eq!(check(NONE, &empty, NONE), Ok(None));
        for (outcome, names) in [
            (check((Some(&a), Some(&path)), &[], NONE), "`--source-database-file`"),
            (check(NONE, &[in_text, in_file], NONE), "`XMLX_SOURCE_DATABASE_FILE`"),
            (check(NONE, &[], (Some(&a), Some(&path))), "`source_database_file`"),
        ] {
            let err = outcome.expect_err("ambiguous");
            assert!(err.contains(names) && err.contains("keep one"), "{err}");
        }
    }

    #[test]
    fn only_the_command_line_is_warned_of() {
        let same = Secret::new("xmlx");
        let warned = |outcome: Result<Option<Found>, String>| {
            outcome.expect("valid").expect("one is given").warning.is_some()
        };
        assert!(warned(check((Some(&same), None), &[], NONE)));
        assert!(!warned(check(NONE, &[("XMLX_SOURCE_DATABASE", "xmlx")], NONE)));
        assert!(!warned(check(NONE, &[], (Some(&same), None))));
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
            let found = check((None, Some(&path)), &[], NONE).expect("valid").expect("given");
            assert_eq!(found.warning.is_some(), warned, "{mode:o}");
        }
    }

    #[test]
    fn files_may_come_from_windows_and_wrappers_are_named() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("string");
        let read = |bytes: &[u8]| {
            std::fs::write(&path, bytes).expect("writable");
            check((None, Some(&path)), &[], NONE)
        };
        assert_eq!(found(read(b"\xef\xbb\xbfServer=s\r\n")), "Server=s");
        assert_eq!(found(read(b"Server=s;Password=\"x\"")), "Server=s;Password=\"x\"");
        for (bytes, said) in [
            (&b"\xff\xfeS\0e\0"[..], "UTF-16"),
            (b"S\0e\0r\0", "UTF-16"),
            (b"Server=\xe9", "UTF-8"),
            (b"\"Server=hush\"", "quotes"),
            (b"'Server=hush'", "quotes"),
            (b"XMLX_SOURCE_DATABASE=Server=hush", "`XMLX_SOURCE_DATABASE=`"),
            (b"export XMLX_SOURCE_DATABASE=\"hush\"", "`XMLX_SOURCE_DATABASE=`"),
            (b"\n", "no connection string"),
        ] {
            let err = read(bytes).expect_err(said);
            assert!(err.contains(said) && err.contains("--source-database-file"), "{err}");
            assert!(!err.contains("hush"), "{err}");
        }
        let missing = check((None, Some(Path::new("no-such-file"))), &[], NONE);
        assert!(missing.expect_err("no file").contains("no-such-file"));
    }
}
