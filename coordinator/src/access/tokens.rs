//! Tokens that are presented, checked against those in the database.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tracing::warn;
use xmlx_runtime::{Clock, Recurring};
use xmlx_store::{Store, TokenRow, token_hash};

/// How long the list of tokens is believed: a token that was revoked opens nothing after that time, and made-up tokens
/// cost the database one short question in it, however many there are.
const FRESH: Duration = Duration::from_secs(2);
/// While the database does not answer, tokens that were valid are for so long. A takeover of the database must not lock
/// everybody out who could do something about it.
const STALE: Duration = Duration::from_secs(60);

/// The tokens that are valid.
#[derive(Clone, Debug)]
pub(crate) struct Tokens {
    store: Store,
    clock: Clock,
    known: Arc<Mutex<Known>>,
}

#[derive(Debug, Default)]
struct Known {
    valid: Vec<TokenRow>,
    read_at: Option<Duration>,
    /// Also where it failed: strangers with made-up tokens must not have each call wait for a database that is gone.
    tried_at: Option<Duration>,
    trouble: Recurring<String>,
}

impl Tokens {
    pub(crate) fn new(store: Store) -> Self {
        Self { store, clock: Clock::start(), known: Arc::default() }
    }

    /// The token, where it is valid.
    pub(super) async fn find(&self, token: &str) -> Option<TokenRow> {
        let mut known = self.known.lock().await;
        let now = self.clock.now();
        let age = known.read_at.map(|at| now.saturating_sub(at));
        if known.tried_at.is_none_or(|at| now.saturating_sub(at) > FRESH) {
            known.tried_at = Some(now);
            match crate::convert::in_time(self.read()).await {
                Ok(valid) => (known.valid, known.read_at) = (valid, Some(now)),
                Err(err) => {
                    known.tried_at = Some(self.clock.now());
                    if known.trouble.is_due(err.to_string(), now) {
                        warn!(%err, "cannot read the tokens");
                    }
                    if age.is_none_or(|age| age > STALE) {
                        known.valid.clear();
                    }
                }
            }
        }
        let hash = token_hash(token);
        known.valid.iter().find(|row| row.hash == hash).cloned()
    }

    async fn read(&self) -> Result<Vec<TokenRow>, xmlx_proto::Refusal> {
        let mut all = self.store.tokens().await.map_err(|err| crate::convert::refusal(&err))?;
        all.retain(|row| row.is_valid);
        Ok(all)
    }
}
