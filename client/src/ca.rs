//! A first certificate authority, for clusters whose company has none to offer: made and used offline.

use std::io::Write as _;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, SanType,
};
use time::OffsetDateTime;
use xmlx_domain::AccessRole;
use xmlx_runtime::Secret;

/// A certificate is valid from a little before it is made: hosts' clocks differ.
const BACKDATED: Duration = Duration::from_secs(3600);
const CERTIFICATE: &str = "ca.crt";
const KEY: &str = "ca.key";
/// More of a name than anybody needs, and little enough for every list that shows it.
const NAME_CHARS_MAX: usize = 64;

/// A folder with a CA's certificate and key. Whoever has the key can make certificates for anybody.
#[derive(Clone, Debug)]
pub struct Authority {
    dir: PathBuf,
}

/// Who a certificate is for.
#[derive(Clone, Debug)]
pub struct Holder {
    /// What its holder may do.
    pub role: AccessRole,
    /// Its name in the record, in `workers`, and in the certificate.
    pub name: String,
    /// DNS names and IP addresses under which a coordinator is dialled.
    pub hosts: Vec<String>,
}

/// Where a certificate and its key lie.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Pair {
    /// The certificate, as PEM.
    pub certificate: PathBuf,
    /// Its key, as PEM; only its owner may read it.
    pub key: PathBuf,
}

/// Whether what is there may be replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// No: that is an error.
    Keep,
    /// Yes.
    Replace,
}

impl Authority {
    /// The CA in a folder, which need not be there yet.
    #[must_use]
    pub fn at(dir: &Path) -> Self {
        Self { dir: dir.to_owned() }
    }

    /// The files of the CA itself.
    #[must_use]
    pub fn pair(&self) -> Pair {
        Pair { certificate: self.dir.join(CERTIFICATE), key: self.dir.join(KEY) }
    }

    /// Makes the CA.
    ///
    /// # Errors
    /// Where there is one already, or the files cannot be written.
    pub fn create(&self, valid: Duration) -> anyhow::Result<Pair> {
        let pair = self.pair();
        if pair.certificate.exists() || pair.key.exists() {
            bail!(
                "there is a CA in `{}` already; `xmlx-client ca renew` replaces it without a pause",
                self.dir.display()
            );
        }
        std::fs::create_dir_all(&self.dir)
            .with_context(|| format!("cannot make the folder `{}`", self.dir.display()))?;
        let (certificate, key) = new_authority(valid)?;
        write(&pair.key, key.reveal(), Existing::Keep)?;
        write(&pair.certificate, &certificate, Existing::Keep)?;
        Ok(pair)
    }

    /// Makes a new CA beside the old one: from now on the new one signs, and whoever gets this file believes both.
    ///
    /// # Errors
    /// Where there is no CA, or an earlier renewal has not been completed by [`Authority::retire`].
    pub fn renew(&self, valid: Duration) -> anyhow::Result<Pair> {
        let pair = self.pair();
        let old = self.certificates()?;
        if old.len() > 1 {
            bail!(
                "`{}` holds two CAs already; run `xmlx-client ca retire` first",
                pair.certificate.display()
            );
        }
        let (certificate, key) = new_authority(valid)?;
        write(&pair.key, key.reveal(), Existing::Replace)?;
        write(&pair.certificate, &format!("{certificate}{}", old[0]), Existing::Replace)?;
        Ok(pair)
    }

    /// Takes the old CA out of the file, once every program has a certificate of the new one.
    ///
    /// # Errors
    /// Where there is no CA, or no old one.
    pub fn retire(&self) -> anyhow::Result<Pair> {
        let pair = self.pair();
        let all = self.certificates()?;
        if all.len() < 2 {
            bail!(
                "`{}` holds one CA alone; there is no old one to take out",
                pair.certificate.display()
            );
        }
        write(&pair.certificate, &all[0], Existing::Replace)?;
        Ok(pair)
    }

    /// Makes a certificate and its key, in the CA's folder.
    ///
    /// # Errors
    /// Where the name will not do, there is no CA, or the files are there already and are to be kept.
    pub fn issue(
        &self,
        holder: &Holder,
        valid: Duration,
        existing: Existing,
    ) -> anyhow::Result<Pair> {
        let params = params(holder, valid)?;
        let authority = self.pair();
        let certificates = self.certificates()?;
        let key = read(&authority.key)?;
        let key = KeyPair::from_pem(&key)
            .with_context(|| format!("`{}` holds no key", authority.key.display()))?;
        let issuer = Issuer::from_ca_cert_pem(&certificates[0], key)
            .with_context(|| format!("`{}` holds no CA", authority.certificate.display()))?;
        let own = KeyPair::generate()?;
        let certificate = params.signed_by(&own, &issuer)?;
        let stem = format!("{}-{}", holder.role, holder.name);
        let pair = Pair {
            certificate: self.dir.join(format!("{stem}.crt")),
            key: self.dir.join(format!("{stem}.key")),
        };
        if existing == Existing::Keep && (pair.certificate.exists() || pair.key.exists()) {
            bail!("`{}` is there already; `--renew` replaces it", pair.certificate.display());
        }
        write(&pair.key, Secret::new(own.serialize_pem()).reveal(), Existing::Replace)?;
        write(&pair.certificate, &certificate.pem(), Existing::Replace)?;
        Ok(pair)
    }

    /// The certificates in the CA's file, the one that signs first.
    fn certificates(&self) -> anyhow::Result<Vec<String>> {
        const END: &str = "-----END CERTIFICATE-----\n";
        let path = self.pair().certificate;
        let text = std::fs::read_to_string(&path).with_context(|| {
            format!("there is no CA in `{}`; `xmlx-client ca init` makes one", self.dir.display())
        })?;
        let all: Vec<String> = text
            .replace("\r\n", "\n")
            .split_inclusive(END)
            .filter(|part| part.ends_with(END))
            .map(str::to_owned)
            .collect();
        anyhow::ensure!(!all.is_empty(), "`{}` holds no certificate", path.display());
        Ok(all)
    }
}

fn new_authority(valid: Duration) -> anyhow::Result<(String, Secret)> {
    let mut params = dated(valid)?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    // Two CAs of one cluster are told apart by it.
    let number = uuid::Uuid::new_v4().simple().to_string();
    params.distinguished_name = named(&format!("xmlx CA {}", &number[..8]));
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?;
    Ok((certificate.pem(), Secret::new(key.serialize_pem())))
}

fn params(holder: &Holder, valid: Duration) -> anyhow::Result<CertificateParams> {
    let Holder { role, name, hosts } = holder;
    let is_plain =
        |character: char| character.is_ascii_alphanumeric() || "._@-".contains(character);
    if name.is_empty() || name.len() > NAME_CHARS_MAX || !name.chars().all(is_plain) {
        bail!(
            "`{name}` will not do as a name: it has 1 to {NAME_CHARS_MAX} letters, digits and `.`, `_`, `-`, `@`"
        );
    }
    let mut params = dated(valid)?;
    params.distinguished_name = named(name);
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.subject_alt_names.push(SanType::URI(xmlx_tls::role_uri(*role, name).try_into()?));
    // Neither kind may be used as the other, whatever names stand in it.
    params.extended_key_usages = vec![match role {
        AccessRole::Coordinator => ExtendedKeyUsagePurpose::ServerAuth,
        AccessRole::Viewer | AccessRole::Operator | AccessRole::Approver | AccessRole::Worker => {
            ExtendedKeyUsagePurpose::ClientAuth
        }
    }];
    for host in hosts {
        let host = match host.parse::<IpAddr>() {
            Ok(address) => SanType::IpAddress(address),
            Err(_) => SanType::DnsName(
                host.as_str().try_into().with_context(|| format!("`{host}` is no host's name"))?,
            ),
        };
        params.subject_alt_names.push(host);
    }
    Ok(params)
}

fn named(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

fn dated(valid: Duration) -> anyhow::Result<CertificateParams> {
    let at = |since_1970: Duration| -> anyhow::Result<OffsetDateTime> {
        let seconds = i64::try_from(since_1970.as_secs())?;
        OffsetDateTime::from_unix_timestamp(seconds).context("no certificate is valid for so long")
    };
    let now = xmlx_runtime::since_1970();
    let mut params = CertificateParams::default();
    params.not_before = at(now.saturating_sub(BACKDATED))?;
    params.not_after = at(now.saturating_add(valid))?;
    Ok(params)
}

fn read(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))
}

/// Writes a file that its owner alone can read, as a whole or not at all: programs read it while it changes.
fn write(path: &Path, text: &str, existing: Existing) -> anyhow::Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let context = || format!("cannot write `{}`", path.display());
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    if existing == Existing::Keep {
        return options
            .open(path)
            .and_then(|mut file| file.write_all(text.as_bytes()))
            .with_context(context);
    }
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    drop(std::fs::remove_file(&beside));
    let mut file = options.open(&beside).with_context(context)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).with_context(context)?;
    std::fs::rename(&beside, path).with_context(context)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    const DAY: Duration = Duration::from_secs(24 * 3600);

    fn holder(role: AccessRole, name: &str) -> Holder {
        Holder { role, name: name.to_owned(), hosts: Vec::new() }
    }

    #[test]
    fn keys_are_private_and_nothing_is_overwritten_by_mistake() {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::at(&folder.path().join("ca"));
        let nothing = authority.issue(&holder(AccessRole::Worker, "w1"), DAY, Existing::Keep);
        assert!(nothing.unwrap_err().to_string().contains("ca init"));
        let pair = authority.create(DAY).unwrap();
        assert!(authority.create(DAY).unwrap_err().to_string().contains("ca renew"));
        let issued =
            authority.issue(&holder(AccessRole::Worker, "w1"), DAY, Existing::Keep).unwrap();
        for key in [&pair.key, &issued.key] {
            let mode = std::fs::metadata(key).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{}", key.display());
        }
        let again = authority.issue(&holder(AccessRole::Worker, "w1"), DAY, Existing::Keep);
        assert!(again.unwrap_err().to_string().contains("--renew"));
        let before = read(&issued.certificate).unwrap();
        authority.issue(&holder(AccessRole::Worker, "w1"), DAY, Existing::Replace).unwrap();
        assert_ne!(read(&issued.certificate).unwrap(), before);
    }

    #[test]
    fn a_renewed_authority_stands_beside_the_old_one_until_that_is_retired() {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::at(folder.path());
        let pair = authority.create(DAY).unwrap();
        assert!(authority.retire().is_err());
        let old = read(&pair.certificate).unwrap();
        authority.renew(DAY).unwrap();
        let both = read(&pair.certificate).unwrap();
        assert!(both.ends_with(&old) && both.len() > old.len());
        assert!(authority.renew(DAY).unwrap_err().to_string().contains("ca retire"));
        authority.retire().unwrap();
        assert_eq!(read(&pair.certificate).unwrap() + &old, both);
    }

    #[test]
    fn names_that_could_mean_something_else_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::at(folder.path());
        authority.create(DAY).unwrap();
        for name in ["", "a/b", "..%2f", "a b", "ä", &"n".repeat(65)] {
            let refused = authority.issue(&holder(AccessRole::Worker, name), DAY, Existing::Keep);
            assert!(refused.unwrap_err().to_string().contains("will not do"), "{name}");
        }
    }
}
