//! The wire: `xmlx.v1`, generated from `proto/xmlx/v1`, and its one way to say what went wrong.

mod convert;
mod status;

use xmlx_domain::{Extent, Mode};

pub use convert::{class_fields, class_of_fields, required};
pub use status::{ErrorCode, Refusal, reasons};

/// Messages and services of `xmlx.v1`.
#[allow(
    clippy::all,
    clippy::allow_attributes_without_reason,
    clippy::wildcard_enum_match_arm,
    clippy::use_self,
    clippy::too_many_lines,
    clippy::large_futures,
    unused_qualifications,
    unreachable_pub,
    missing_debug_implementations,
    reason = "generated"
)]
pub mod v1 {
    tonic::include_proto!("xmlx.v1");
}

/// The compiled descriptors, for gRPC reflection.
pub const DESCRIPTORS: &[u8] = tonic::include_file_descriptor_set!("xmlx.v1");

/// Which release a program behaves like. The tests of rolling upgrades run both beside each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Release {
    /// This one.
    #[default]
    Current,
    /// The one before: it speaks no newer protocol and makes no newer control tables.
    Previous,
}

impl Release {
    /// The protocol versions that it speaks, oldest and newest. What each brought is in `worker.proto`.
    #[must_use]
    pub fn protocols(self) -> std::ops::RangeInclusive<u32> {
        match self {
            Self::Current => 1..=4,
            Self::Previous => 1..=1,
        }
    }

    /// The version of the control tables that it was made for; `current`: this release's.
    #[must_use]
    pub fn schema(self, current: i32) -> i32 {
        match self {
            Self::Current => current,
            Self::Previous => current.min(2),
        }
    }
}

/// The protocol version from which a worker is told of splits.
pub const PROTOCOL_SPLIT: u32 = 2;

/// The protocol version from which a worker knows jobs that rehearse, reconcile, cover, diff or replace.
const PROTOCOL_READING: u32 = 3;

/// The protocol version from which a worker knows jobs that take a part of their scopes.
const PROTOCOL_PART: u32 = 4;

/// The protocol that a worker has to speak to be given leases of a job: an older one does not know what to do with it.
#[must_use]
pub fn protocol_for(mode: Mode, extent: Extent) -> u32 {
    match (mode, extent) {
        (_, Extent::Part) => PROTOCOL_PART,
        (Mode::Once | Mode::Follow | Mode::Retry, Extent::Whole) => 1,
        (
            Mode::Rehearse
            | Mode::Reconcile
            | Mode::Cover
            | Mode::Diff
            | Mode::Replace
            | Mode::ReplaceAll,
            Extent::Whole,
        ) => PROTOCOL_READING,
    }
}

/// The largest message either side accepts: a contract, or a page of ranges.
pub const MESSAGE_BYTES_MAX: usize = 16 * 1024 * 1024;
