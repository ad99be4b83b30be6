//! Names of machines, and those that people give to workers and jobs.

use crate::printable;

/// This machine's name; `unknown` where it has none.
#[must_use]
pub fn host_name() -> String {
    let name = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok());
    name.filter(|name| !name.is_empty()).unwrap_or_else(|| "unknown".to_owned())
}

/// The room for names in the control tables, in UTF-16 units.
pub const NAME_UNITS_MAX: usize = 200;

/// What is wrong with a name, if anything is: it has to fit its column, and to stay on its line of a log or a table.
#[must_use]
pub fn name_problem(name: &str, units_max: usize) -> Option<String> {
    if name.encode_utf16().count() > units_max {
        return Some(format!("has more than {units_max} characters"));
    }
    let shown = printable(name);
    (shown != name).then(|| format!("holds a line break or another control character: `{shown}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_their_column_and_their_line() {
        for good in ["w1", "Zoë 3 [x]", &"n".repeat(200), "card+loan"] {
            assert_eq!(name_problem(good, NAME_UNITS_MAX), None, "{good}");
        }
        for (bad, problem) in [
            ("𝄞".repeat(101).as_str(), "has more than 200 characters"),
            ("a\nb", "holds a line break or another control character: `a\\nb`"),
            ("a\u{1b}[2J", "holds a line break or another control character: `a\\u001b[2J`"),
        ] {
            assert_eq!(name_problem(bad, NAME_UNITS_MAX).as_deref(), Some(problem), "{bad:?}");
        }
    }
}
