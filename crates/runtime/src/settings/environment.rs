//! The environment variables of the project: all that begin with `XMLX_`.

use std::collections::BTreeMap;
use std::ffi::OsString;

use super::Setting;
use super::problem::{Place, Problem, suggestion};

const PREFIX: &str = "XMLX_";
/// The project's own tests use such variables; programs that they start inherit them.
const FOR_TESTS: &str = "XMLX_TEST_";
/// The variables of all programs, each with its key in the settings file. One environment or one file often serves
/// several programs on a host, so what is meant for another program is no mistake. A test writes this file and holds it
/// up to date.
const OF_ALL_PROGRAMS: &str = include_str!("names.txt");

/// Variables by name; those that are empty count as not set, since files of variables leave those blank that nobody
/// needs.
#[derive(Clone, Debug, Default)]
pub struct Environment(BTreeMap<String, OsString>);

impl Environment {
    /// Those of this process.
    #[must_use]
    pub fn of_process() -> Self {
        Self::new(std::env::vars_os())
    }

    /// Those of the project among the given ones.
    pub fn new<K: Into<OsString>, V: Into<OsString>>(
        variables: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let mut kept = BTreeMap::new();
        for (name, value) in variables {
            let (name, value) = (name.into().to_string_lossy().into_owned(), value.into());
            if name.starts_with(PREFIX) && !value.is_empty() {
                kept.insert(name, value);
            }
        }
        Self(kept)
    }

    pub(super) fn get(&self, name: &str) -> Option<&OsString> {
        self.0.get(name)
    }

    /// The variables that no program of the project reads.
    pub(super) fn unknown(&self, settings: &[Setting], config: Option<&str>) -> Vec<Problem> {
        let own = settings.iter().map(|setting| setting.variable.as_str());
        let own: Vec<&str> = own.chain(config).collect();
        let is_known = |name: &str| own.contains(&name) || variables().any(|known| known == name);
        let mut problems = Vec::new();
        for (name, value) in &self.0 {
            let is_ours = !name.starts_with(FOR_TESTS) && !is_made_by_kubernetes(name, value);
            if is_ours && !is_known(name) {
                let meant = suggestion(name, own.iter().copied().chain(variables()));
                let message = format!("no program reads this variable{meant}");
                problems.push(Problem { place: Place::Variable(name.clone()), message });
            }
        }
        problems
    }
}

fn variables<'a>() -> impl Iterator<Item = &'a str> {
    OF_ALL_PROGRAMS.lines().filter_map(|line| line.split(' ').next())
}

/// Whether a program of the project has a setting of that key.
pub(super) fn is_key_of_any_program(key: &str) -> bool {
    OF_ALL_PROGRAMS.lines().any(|line| line.split(' ').nth(1) == Some(key))
}

/// Kubernetes sets variables such as `XMLX_COORDINATOR_SERVICE_HOST` and `XMLX_COORDINATOR_PORT_7400_TCP_ADDR` for each
/// service, here one called `xmlx-coordinator`; Docker links do the same. See
/// <https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables>.
fn is_made_by_kubernetes(name: &str, value: &OsString) -> bool {
    name.ends_with("_SERVICE_HOST")
        || name.contains("_SERVICE_PORT")
        || ["_TCP", "_UDP", "_SCTP"].iter().any(|protocol| {
            name.split_once(protocol).is_some_and(|(before, _)| {
                let (service, port) = before.rsplit_once('_').unwrap_or_default();
                service.ends_with("_PORT") && port.parse::<u16>().is_ok()
            })
        })
        || (name.ends_with("_PORT") && value.to_string_lossy().contains("://"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_of_kubernetes_are_left_alone_and_no_others() {
        for (name, value, expected) in [
            ("XMLX_COORDINATOR_SERVICE_HOST", "10.0.0.1", true),
            ("XMLX_COORDINATOR_SERVICE_PORT", "7400", true),
            ("XMLX_COORDINATOR_SERVICE_PORT_GRPC", "7400", true),
            ("XMLX_COORDINATOR_PORT", "tcp://10.0.0.1:7400", true),
            ("XMLX_COORDINATOR_PORT_7400_TCP", "tcp://10.0.0.1:7400", true),
            ("XMLX_COORDINATOR_PORT_7400_TCP_ADDR", "10.0.0.1", true),
            ("XMLX_COORDINATOR_PORT", "7400", false),
            ("XMLX_PORT", "7400", false),
            ("XMLX_COORDINATOR_TCP", "x", false),
        ] {
            assert_eq!(is_made_by_kubernetes(name, &value.into()), expected, "{name}={value}");
        }
    }

    #[test]
    fn only_variables_that_nobody_reads_are_refused() {
        let environment = Environment::new([
            ("XMLX_SLOTS", "2"),
            ("XMLX_SLTS", "2"),
            ("XMLX_QQQ", "2"),
            ("XMLX_EMPTY", ""),
            ("XMLX_TEST_ANYTHING", "x"),
            ("PATH", "/bin"),
        ]);
        let problems = environment.unknown(&[], None);
        let shown: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(
            shown,
            [
                "XMLX_QQQ: no program reads this variable",
                "XMLX_SLTS: no program reads this variable; did you mean `XMLX_SLOTS`?",
            ]
        );
    }
}
