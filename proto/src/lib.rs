//! The wire: `xmlx.v1`, generated from `proto/xmlx/v1`, and its one way to say what went wrong.

mod status;

pub use status::{ErrorCode, Refusal};

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

/// The protocol versions this build speaks, oldest and newest.
pub const PROTOCOL: std::ops::RangeInclusive<u32> = 1..=1;

/// The largest message either side accepts: a contract, or a page of ranges.
pub const MESSAGE_BYTES_MAX: usize = 16 * 1024 * 1024;
