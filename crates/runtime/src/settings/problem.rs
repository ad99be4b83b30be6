//! Where values come from, and what is wrong with them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;

use crate::printable;

/// Names that are less alike than this are not what was meant. Of `clap`, which suggests flags by the same measure.
const SIMILARITY_MIN: f64 = 0.7;

/// Where the value of a setting came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// Nothing sets it.
    #[default]
    Default,
    /// A line of the settings file.
    File {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// The environment variable of that name.
    Variable(String),
    /// The flag of that name.
    Flag(String),
}

/// The origin and the text of each setting, by key.
#[derive(Clone, Debug, Default)]
pub struct Origins {
    pub(super) values: BTreeMap<String, (Origin, Vec<String>)>,
    /// Settings whose value cannot be read: nothing more is said of them.
    pub(super) unreadable: BTreeSet<String>,
}

impl Origins {
    /// Where the setting came from.
    #[must_use]
    pub fn of(&self, key: &str) -> Origin {
        self.values.get(key).map(|(origin, _)| origin.clone()).unwrap_or_default()
    }

    /// The place to name in a message about the setting.
    pub(super) fn place(&self, key: &str) -> Place {
        match self.of(key) {
            Origin::Default => Place::Setting(key.to_owned()),
            Origin::File { path, line } => Place::Key { path, line, key: key.to_owned() },
            Origin::Variable(name) => Place::Variable(name),
            Origin::Flag(name) => Place::Flag(name),
        }
    }
}

/// A place that somebody can go to and correct.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Given nowhere.
    Setting(String),
    File(PathBuf),
    Line {
        path: PathBuf,
        line: usize,
    },
    Key {
        path: PathBuf,
        line: usize,
        key: String,
    },
    Variable(String),
    Flag(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Setting(key) => write!(f, "`{key}`"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Line { path, line } => write!(f, "{}, line {line}", path.display()),
            Self::Key { path, line, key } => write!(f, "{}, line {line}: `{key}`", path.display()),
            Self::Variable(name) | Self::Flag(name) => f.write_str(name),
        }
    }
}

/// One thing that is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub(super) place: Place,
    pub(super) message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // One line for each problem: a value that holds line breaks must not forge others.
        let line = format!("{}: {}", self.place, self.message);
        f.write_str(&printable(&line))
    }
}

/// Everything that is wrong with the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid(pub Vec<Problem>);

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.len() {
            1 => f.write_str("the settings are invalid")?,
            n => write!(f, "the settings are invalid in {n} places")?,
        }
        self.0.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

impl std::error::Error for Invalid {}

/// `; did you mean ..?` for the name that is most alike, or nothing where none is.
pub(super) fn suggestion<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    // The prefix is the same in all variables, and would make any two of them alike.
    let bare = |name: &'a str| name.strip_prefix("XMLX_").unwrap_or(name);
    let wanted = name.strip_prefix("XMLX_").unwrap_or(name);
    let likeness = |candidate: &'a str| (strsim::jaro(wanted, bare(candidate)), candidate);
    let best = known
        .into_iter()
        .map(likeness)
        .filter(|(likeness, _)| *likeness > SIMILARITY_MIN)
        .max_by(|(left, _), (right, _)| left.total_cmp(right));
    best.map_or_else(String::new, |(_, name)| format!("; did you mean `{name}`?"))
}
