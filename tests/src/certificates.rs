//! A CA for a cluster under test, made with the client's own commands.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{Output, binary};

/// A folder with a CA and what it has issued.
#[derive(Clone, Debug)]
pub struct Certificates {
    dir: PathBuf,
}

impl Certificates {
    /// Makes the CA in a folder of its own.
    #[must_use]
    pub fn create(dir: &Path) -> Self {
        let it = Self { dir: dir.to_owned() };
        let _ = it.run(&["init"]);
        it
    }

    /// A CA that is there.
    #[must_use]
    pub fn at(dir: &Path) -> Self {
        Self { dir: dir.to_owned() }
    }

    /// Runs a command of `xmlx-client ca`, which has to work.
    pub fn run(&self, args: &[&str]) -> Output {
        let mut command = Command::new(binary("xmlx-client"));
        command.arg("ca").args(args).arg("--dir").arg(&self.dir);
        Output::of(command).expect(0)
    }

    /// Makes a certificate, unless it is there; the variables with which a program uses it.
    #[must_use]
    pub fn issue(&self, kind: &str, name: &str, more: &[&str]) -> Vec<(&'static str, PathBuf)> {
        let role = more.iter().skip_while(|flag| **flag != "--role").nth(1);
        let stem = match (kind, role) {
            ("client", Some(role)) => format!("{role}-{name}"),
            ("client", None) => format!("operator-{name}"),
            _ => format!("{kind}-{name}"),
        };
        if !self.dir.join(format!("{stem}.crt")).exists() {
            let _ = self.run(&[&["issue", kind, name], more].concat());
        }
        self.of(&stem)
    }

    /// The variables with which a program uses a certificate that is there, such as `worker-w1`.
    #[must_use]
    pub fn of(&self, stem: &str) -> Vec<(&'static str, PathBuf)> {
        vec![
            ("XMLX_TLS_CA", self.dir.join("ca.crt")),
            ("XMLX_TLS_CERT", self.dir.join(format!("{stem}.crt"))),
            ("XMLX_TLS_KEY", self.dir.join(format!("{stem}.key"))),
        ]
    }

    /// The folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }
}
