//! Who the holder of a certificate is, and which roles that gives.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use rustls::pki_types::CertificateDer;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer as _;
use xmlx_domain::AccessRole;

use crate::Error;

/// What our own CA's certificates begin with: a SPIFFE id's scheme and trust domain.
pub const TRUST_DOMAIN: &str = "spiffe://xmlx/";

/// The name that our own CA gives the holder of a role, such as `spiffe://xmlx/worker/host3`.
///
/// ```
/// use xmlx_domain::AccessRole;
///
/// let uri = xmlx_tls::role_uri(AccessRole::Worker, "host3");
/// assert_eq!(uri, "spiffe://xmlx/worker/host3");
/// ```
#[must_use]
pub fn role_uri(role: AccessRole, name: &str) -> String {
    format!("{TRUST_DOMAIN}{role}/{name}")
}

/// The subject alternative names of a certificate. The subject itself does not count: nobody checks what CAs write there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    uris: Vec<String>,
    others: Vec<String>,
}

impl Names {
    /// The names in a certificate.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn of(certificate: &CertificateDer<'_>) -> Result<Self, Error> {
        let wrong = |reason: String| Error::Certificate(reason);
        let (_, parsed) = x509_parser::certificate::X509Certificate::from_der(certificate)
            .map_err(|err| wrong(err.to_string()))?;
        let mut names = Self::default();
        let extension = parsed.subject_alternative_name().map_err(|err| wrong(err.to_string()))?;
        for name in extension.iter().flat_map(|found| &found.value.general_names) {
            if let GeneralName::URI(uri) = name {
                names.uris.push((*uri).to_owned());
            } else if let GeneralName::DNSName(text) | GeneralName::RFC822Name(text) = name {
                names.others.push((*text).to_owned());
            }
        }
        Ok(names)
    }

    /// Its names: URIs first, then DNS names and mail addresses.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.uris.iter().chain(&self.others).map(String::as_str)
    }

    /// Whether it has one of these names.
    #[must_use]
    pub fn has_any(&self, wanted: &[String]) -> bool {
        self.iter().any(|name| wanted.iter().any(|wanted| wanted == name))
    }

    /// The name under which its holder is shown and recorded: its first.
    #[must_use]
    pub fn shown(&self) -> &str {
        self.iter().next().unwrap_or("a certificate without names")
    }

    /// Roles that our own CA has written into it.
    fn own_roles(&self) -> impl Iterator<Item = AccessRole> {
        self.uris.iter().filter_map(|uri| {
            let (role, name) = uri.strip_prefix(TRUST_DOMAIN)?.split_once('/')?;
            let role = role.parse().ok()?;
            (!name.is_empty()).then_some(role)
        })
    }

    /// Whether it is one of our own CA's for a program that is no coordinator. Such a certificate never stands for one,
    /// whatever other names it has.
    #[must_use]
    pub fn is_of_another_role(&self) -> bool {
        let roles: BTreeSet<AccessRole> = self.own_roles().collect();
        !roles.is_empty() && !roles.contains(&AccessRole::Coordinator)
    }
}

/// Which certificates of a company's own CA have which role.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoleRules(Vec<RoleRule>);

/// `ROLE=NAME`; a `*` at the end of the name stands for anything.
#[derive(Clone, Debug, PartialEq, Eq)]
struct RoleRule {
    role: AccessRole,
    name: String,
}

impl RoleRules {
    /// Rules as they are written, such as `operator=alice@example.com`.
    ///
    /// # Errors
    /// Names the rule that cannot be read, and why.
    pub fn read(texts: &[String]) -> Result<Self, String> {
        texts.iter().map(|text| text.parse()).collect::<Result<_, _>>().map(Self)
    }

    /// All roles of a certificate's holder. None is an answer: a certificate of the right CA alone opens nothing.
    #[must_use]
    pub fn roles(&self, names: &Names) -> BTreeSet<AccessRole> {
        let given = self.0.iter().filter(|rule| names.iter().any(|name| rule.fits(name)));
        names.own_roles().chain(given.map(|rule| rule.role)).collect()
    }
}

impl RoleRule {
    fn fits(&self, name: &str) -> bool {
        match self.name.strip_suffix('*') {
            Some(start) => name.starts_with(start),
            None => name == self.name,
        }
    }
}

impl FromStr for RoleRule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form =
            "write it like `operator=alice@example.com` or `worker=spiffe://example.com/workers/*`";
        let Some((role, name)) = text.trim().split_once('=') else {
            return Err(format!("`{text}` has no `=`; {form}"));
        };
        let role = role.trim().parse().map_err(|err| format!("`{text}`: {err}"))?;
        let name = name.trim().to_owned();
        // A lone star would let everybody in whom the CA knows.
        if name.trim_end_matches('*').is_empty() || name.trim_end_matches('*').contains('*') {
            return Err(format!(
                "`{text}` names nobody: a `*` stands at the end of a name alone; {form}"
            ));
        }
        Ok(Self { role, name })
    }
}

impl fmt::Display for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.shown())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(uris: &[&str], others: &[&str]) -> Names {
        let owned = |texts: &[&str]| texts.iter().map(ToString::to_string).collect();
        Names { uris: owned(uris), others: owned(others) }
    }

    fn roles(rules: &[&str], names: &Names) -> Vec<&'static str> {
        let rules: Vec<String> = rules.iter().map(ToString::to_string).collect();
        let rules = RoleRules::read(&rules).expect("valid rules");
        rules.roles(names).into_iter().map(AccessRole::as_str).collect()
    }

    #[test]
    fn own_names_hold_their_role_and_others_get_theirs_by_rule() {
        for (uris, others, rules, expected) in [
            (&["spiffe://xmlx/worker/host3"][..], &[][..], &[][..], &["worker"][..]),
            (&["spiffe://xmlx/worker/"], &[], &[], &[]),
            (&["spiffe://xmlx/king/arthur"], &[], &[], &[]),
            (&["spiffe://xmlx.example/worker/host3"], &[], &[], &[]),
            (&[], &["spiffe://xmlx/worker/host3"], &[], &[]),
            (&["spiffe://c/w/1"], &[], &["worker=spiffe://c/w/*"], &["worker"]),
            (&["spiffe://c/w"], &[], &["worker=spiffe://c/w/*"], &[]),
            (&["spiffe://c/w/1"], &[], &["worker=spiffe://c/w"], &[]),
            (
                &["spiffe://xmlx/viewer/a"],
                &["a@c.example"],
                &["operator=a@c.example", "approver=b@c.example"],
                &["viewer", "operator"],
            ),
        ] {
            assert_eq!(roles(rules, &names(uris, others)), expected, "{uris:?} {others:?}");
        }
    }

    #[test]
    fn rules_that_name_everybody_or_nobody_are_refused() {
        for (text, expected) in [
            ("operator", "has no `=`"),
            ("king=arthur", "`king` is no role"),
            ("operator=", "names nobody"),
            ("operator=*", "names nobody"),
            ("operator=a*b*", "names nobody"),
        ] {
            let err = RoleRules::read(&[text.to_owned()]).expect_err(text);
            assert!(err.contains(expected), "{err}");
        }
    }

    #[test]
    fn a_certificate_of_another_role_never_stands_for_a_coordinator() {
        assert!(names(&["spiffe://xmlx/worker/a"], &["host1"]).is_of_another_role());
        assert!(!names(&["spiffe://xmlx/coordinator/a"], &["host1"]).is_of_another_role());
        assert!(!names(&["spiffe://c/any"], &["host1"]).is_of_another_role());
    }
}
