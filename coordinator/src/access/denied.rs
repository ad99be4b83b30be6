//! What was denied, recorded: not each try, or whoever tries would fill the database.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tracing::warn;
use xmlx_runtime::Clock;
use xmlx_store::{Record, Store};

use super::Caller;

/// The same caller that is denied the same again is recorded so often.
const AGAIN: Duration = Duration::from_secs(60);
/// Of all callers together no more in that time.
const MOST: usize = 60;

/// Records what was denied.
#[derive(Clone, Debug)]
pub(crate) struct Denied {
    store: Store,
    clock: Clock,
    seen: Arc<Mutex<Seen>>,
}

/// When what was recorded last.
#[derive(Debug, Default)]
struct Seen(BTreeMap<(String, String), Duration>);

impl Denied {
    pub(crate) fn new(store: Store) -> Self {
        Self { store, clock: Clock::start(), seen: Arc::default() }
    }

    /// Records it in a task beside the call, unless it was not long ago.
    pub(super) fn note(&self, caller: &Caller, path: &str) {
        let method = path.trim_start_matches('/');
        let method = method.strip_prefix("xmlx.v1.").unwrap_or(method);
        let who = if caller.name.is_empty() { caller.host() } else { caller.name.clone() };
        let mut seen = self.seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if !seen.is_due((who, method.to_owned()), self.clock.now()) {
            return;
        }
        drop(seen);
        warn!(caller = caller.name, address = caller.host(), method, "denied");
        let record =
            Record { outcome: "denied".to_owned(), ..caller.record(method, String::new()) };
        let store = self.store.clone();
        tokio::spawn(async move {
            if let Err(err) = store.record(&record).await {
                warn!(%err, "what was denied cannot be recorded");
            }
        });
    }
}

impl Seen {
    fn is_due(&mut self, key: (String, String), now: Duration) -> bool {
        self.0.retain(|_, at| now < *at + AGAIN);
        if self.0.contains_key(&key) || self.0.len() >= MOST {
            return false;
        }
        self.0.insert(key, now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_is_recorded_once_a_minute_and_all_together_a_bounded_number() {
        let mut seen = Seen::default();
        let key = |who: &str| (who.to_owned(), "m".to_owned());
        let s = Duration::from_secs;
        assert!(seen.is_due(key("a"), s(0)));
        assert!(!seen.is_due(key("a"), s(59)));
        assert!(seen.is_due(key("b"), s(59)));
        assert!(seen.is_due(key("a"), s(60)));
        let n = (0..1000).filter(|n| seen.is_due(key(&n.to_string()), s(61))).count();
        assert_eq!(n, MOST - 2);
    }
}
