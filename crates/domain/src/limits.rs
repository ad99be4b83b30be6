//! Limits that several programs have to agree on.

/// The lowest id that a job takes: a cursor stands one below the first id of its range.
pub const IDS_MIN: i64 = i64::MIN + 1;
/// The highest id that a job takes: a range ends one above its last id.
pub const IDS_MAX: i64 = i64::MAX - 1;

/// The most slots of a worker: more than any machine has processors.
pub const SLOTS_MAX: u32 = 1024;

/// Leases that a worker holds beside one per slot, so that no slot waits for the coordinator.
pub const PREFETCHED: u32 = 1;

/// The most leases that a worker with so many slots holds. Worker and coordinator have to agree: a coordinator that
/// grants fewer leaves slots idle, and one that grants more lets leases wait that others could work on.
///
/// ```
/// assert_eq!(xmlx_domain::leases_max(4), 5);
/// ```
#[must_use]
pub fn leases_max(slots: u32) -> u32 {
    slots.saturating_add(PREFETCHED)
}
