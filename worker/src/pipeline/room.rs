//! Room for the documents that a process has in memory at once.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

/// The unit in which room is counted: a semaphore holds fewer permits than a large machine has bytes.
const PERMIT_BYTES: u64 = 1024;

/// Groups of a slot whose documents may be in memory at once: one is fetched while one is extracted and one committed.
const GROUPS_IN_FLIGHT: u64 = 3;

/// Room for `slots` times three groups.
#[derive(Debug)]
pub(crate) struct Room {
    permits: Arc<Semaphore>,
    permits_max: u32,
}

impl Room {
    pub(crate) fn new(slots: u32, group_bytes: u64) -> Self {
        let bytes = u64::from(slots).saturating_mul(GROUPS_IN_FLIGHT).saturating_mul(group_bytes);
        // Half of what fits: a single request may ask for all of it.
        let permits_max = u32::try_from(bytes / PERMIT_BYTES).unwrap_or(u32::MAX / 2).max(1);
        let permits = usize::try_from(permits_max).unwrap_or(Semaphore::MAX_PERMITS);
        let permits = permits.min(Semaphore::MAX_PERMITS);
        Self { permits: Arc::new(Semaphore::new(permits)), permits_max }
    }

    /// Bytes of documents that have room now, about.
    pub(crate) fn in_use(&self) -> u64 {
        let free = u64::try_from(self.permits.available_permits()).unwrap_or(u64::MAX);
        u64::from(self.permits_max).saturating_sub(free).saturating_mul(PERMIT_BYTES)
    }

    /// Waits until documents of so many bytes have room; `None`: until a drain began. A document that is larger than all
    /// the room there is waits for the whole of it.
    pub(crate) async fn take(
        &self,
        bytes: u64,
        stop: &CancellationToken,
    ) -> Option<OwnedSemaphorePermit> {
        let permits = u32::try_from(bytes.div_ceil(PERMIT_BYTES)).unwrap_or(u32::MAX);
        let permits = permits.clamp(1, self.permits_max);
        tokio::select! {
            permit = Arc::clone(&self.permits).acquire_many_owned(permits) => {
                Some(permit.expect("the semaphore is never closed"))
            }
            () = stop.cancelled() => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn documents_wait_for_room() {
        let (room, stop) = (Room::new(2, 2 * PERMIT_BYTES), CancellationToken::new());
        assert_eq!(room.permits.available_permits(), 12, "2 slots, 3 groups each");
        let first = room.take(8 * PERMIT_BYTES, &stop).await.unwrap();
        let mut second = std::pin::pin!(room.take(5 * PERMIT_BYTES, &stop));
        assert!(futures_util::poll!(&mut second).is_pending());
        drop(first);
        let second = second.await.unwrap();
        assert_eq!(room.in_use(), 5 * PERMIT_BYTES);
        assert_eq!(room.permits.available_permits(), 7);
        drop(second);
        let huge = room.take(1_000 * PERMIT_BYTES, &stop).await.unwrap();
        assert_eq!(room.permits.available_permits(), 0, "all the room there is");
        let mut waiting = std::pin::pin!(room.take(1, &stop));
        assert!(futures_util::poll!(&mut waiting).is_pending());
        stop.cancel();
        assert!(waiting.await.is_none(), "a drain does not wait");
        drop(huge);
    }

    #[test]
    fn any_setting_makes_room() {
        for (slots, group_bytes) in [(1, 0), (1, 1), (1024, u64::MAX)] {
            assert!(Room::new(slots, group_bytes).permits.available_permits() > 0);
        }
    }
}
