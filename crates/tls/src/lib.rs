//! Mutual TLS between the programs: whose certificate is on the other side, and what changes while a program runs.
//!
//! A program has three files: its certificate, its key, and the CA certificates that it believes. [`Credentials`] reads
//! them and looks every second whether they have changed; whatever connects afterwards uses the new ones, and what is
//! connected already goes on. Files that make no sense leave the last good ones in use.
//!
//! A certificate says who its holder is by its subject alternative names: `spiffe://xmlx/worker/host3` is the worker
//! `host3`. Names of a company's own CA are given a role by the coordinator's settings ([`RoleRules`]).
//!
//! It lies beside `xmlx-runtime` and not in it: that crate knows nothing of the protocol, and this one is about
//! connections of tonic.

mod accept;
mod activity;
mod credentials;
mod dial;
mod error;
mod expiry;
mod names;
mod places;
mod settings;
#[cfg(test)]
mod testing;

pub use accept::{Accepted, Acceptor, Peer};
pub use activity::{Activity, Call};
pub use credentials::{Credentials, Files, Wake};
pub use dial::Dialer;
pub use error::Error;
pub use expiry::days_left;
pub use names::{Names, RoleRules, TRUST_DOMAIN, role_uri};
pub use places::Place;
pub use settings::{CoordinatorNames, Security, TlsSettings};
