//! The connection string: from a flag, the environment, a settings file, or a file of its own.

use std::path::Path;

use anyhow::{Context as _, bail};

use crate::Secret;

/// One place where the connection string may be given: the text, or the file that holds it.
pub type Given<'a> = (Option<&'a Secret>, Option<&'a Path>);

/// The connection string of the first place that gives one. `name` is the setting, such as `database`.
///
/// # Errors
/// Where one place gives both, or the file cannot be read or is empty. The text is never repeated.
pub fn connection_setting(name: &str, places: &[Given<'_>]) -> anyhow::Result<Option<Secret>> {
    for place in places {
        match place {
            (Some(_), Some(_)) => {
                bail!("both `{name}` and `{name}_file` are set; keep one of them")
            }
            (Some(text), None) => return Ok(Some((*text).clone())),
            (None, Some(file)) => return read(file).map(Some),
            (None, None) => (),
        }
    }
    Ok(None)
}

fn read(file: &Path) -> anyhow::Result<Secret> {
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("cannot read the connection string in `{}`", file.display()))?;
    let text = text.trim();
    anyhow::ensure!(!text.is_empty(), "`{}` holds no connection string", file.display());
    Ok(Secret::new(text))
}

/// What to tell where the secret stands on the command line, which every user of the host can read.
#[must_use]
pub fn public_warning(secret: &Secret) -> Option<&'static str> {
    std::env::args().any(|it| it.contains(secret.reveal())).then_some(
        "the connection string stands on the command line, where every user of this host can read its password; \
         use `--database-file` or XMLX_DATABASE",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_place_wins_and_one_place_gives_one() {
        let (a, b) = (Secret::new("a"), Secret::new("b"));
        let check = |places: &[Given<'_>]| connection_setting("database", places);
        let found = check(&[(None, None), (Some(&a), None), (Some(&b), None)]);
        assert_eq!(found.expect("valid"), Some(a.clone()));
        assert_eq!(check(&[(None, None)]).expect("valid"), None);
        let both = check(&[(Some(&a), Some(Path::new("f")))]).expect_err("ambiguous");
        assert!(both.to_string().contains("`database_file`"), "{both}");
        let missing = check(&[(None, Some(Path::new("no-such-file")))]).expect_err("no file");
        assert!(missing.to_string().contains("no-such-file"), "{missing}");
    }
}
