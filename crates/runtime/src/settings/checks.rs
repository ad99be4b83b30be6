//! The second look at settings, once each can be read: what a program needs, and what goes together.

use std::fmt::Display;

use super::problem::{Invalid, Origins, Place, Problem};

/// Collects what is wrong, so that all of it is reported at once.
///
/// ```
/// use xmlx_runtime::{Checks, Origins};
///
/// let origins = Origins::default();
/// let mut checks = Checks::new(&origins);
/// let slots = checks.value("slots", "4".parse::<u32>());
/// let name = checks.value("name", Err::<String, _>("`a\\nb` holds a line break"));
/// assert_eq!((slots, name), (Some(4), None));
/// assert_eq!(checks.problems().len(), 1);
/// ```
#[derive(Debug)]
pub struct Checks<'a> {
    origins: &'a Origins,
    problems: Vec<Problem>,
}

impl<'a> Checks<'a> {
    /// Nothing is wrong so far.
    #[must_use]
    pub fn new(origins: &'a Origins) -> Self {
        Self { origins, problems: Vec::new() }
    }

    /// Where the settings came from.
    #[must_use]
    pub fn origins(&self) -> &'a Origins {
        self.origins
    }

    /// The value made of a setting; an error is recorded at the setting's place.
    pub fn value<T, E: Display>(&mut self, key: &str, outcome: Result<T, E>) -> Option<T> {
        outcome.map_err(|err| self.refuse(key, &err)).ok()
    }

    /// Records what is wrong with a setting, unless its value could not even be read.
    pub fn refuse(&mut self, key: &str, message: &impl Display) {
        if !self.origins.unreadable.contains(key) {
            let place = self.origins.place(key);
            self.problems.push(Problem { place, message: message.to_string() });
        }
    }

    /// Records that a setting is missing which has no default.
    pub fn missing(&mut self, key: &str, message: &impl Display) {
        if !self.origins.unreadable.contains(key) {
            let place = Place::Setting(key.to_owned());
            self.problems.push(Problem { place, message: message.to_string() });
        }
    }

    /// What is wrong.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// The configuration, where nothing is wrong.
    ///
    /// # Errors
    /// Everything that was recorded.
    ///
    /// # Panics
    /// Where there is no configuration although nothing was recorded.
    pub fn finish<C>(self, config: Option<C>) -> Result<C, Invalid> {
        if self.problems.is_empty() {
            return Ok(config.expect("a value that is missing has been recorded"));
        }
        Err(Invalid(self.problems))
    }
}
