//! What a test waits for, each with a deadline, and what has to hold at its end.

use std::time::Duration;

use serde_json::Value;

use super::{Cluster, DEADLINE};

/// The number of the error of a statement that has waited for a lock too long.
const LOCK_TIMEOUT: i32 = 1222;
/// How long a commit waits for a lock: its own `SET LOCK_TIMEOUT`.
const COMMIT_LOCK_TIMEOUT: Duration = Duration::from_secs(5);
/// How often it looks.
const LOOK: Duration = Duration::from_millis(25);

impl Cluster {
    /// Waits until a coordinator leads and all workers are known to it.
    pub async fn wait_complete(&self) {
        self.wait_for("a leader and all workers", async |cluster| {
            let status = cluster.status();
            status["leader"]["alive"] == true
                && status["workers"]
                    .as_array()
                    .is_some_and(|all| all.len() == cluster.workers.len())
        })
        .await;
    }

    /// Waits until a leader of that term answers and all workers are connected to it.
    pub async fn wait_connected(&self, term: i64) {
        self.wait_for("all workers to be connected to the leader of the term", async |cluster| {
            let status = cluster.status();
            status["answered_by_leader"] == true
                && status["leader"]["term"] == term
                && status["workers"]
                    .as_array()
                    .is_some_and(|all| all.len() == cluster.workers.len())
        })
        .await;
    }

    /// Waits until there is a later term than `term`.
    pub async fn wait_term_after(&self, term: i64) {
        self.wait_for("another leader", async |cluster| cluster.term().await > term).await;
    }

    /// Waits until all workers hold leases and something has been committed.
    pub async fn wait_busy(&self) {
        self.wait_for("all workers to hold leases", async |cluster| {
            let status = cluster.status();
            let busy = |it: &Value| it["leases"].as_i64().unwrap_or(0) > 0;
            let all = status["workers"].as_array().expect("workers");
            all.len() == cluster.workers.len() && all.iter().all(busy)
        })
        .await;
        self.wait_logged(20).await;
    }

    /// Waits until the job is done.
    pub async fn wait_done(&self, job: i64) {
        self.wait_for("the job to be done", async |cluster| {
            let job = cluster.job(job);
            assert_ne!(job["state"], "failed", "{job}");
            job["state"] == "done"
        })
        .await;
    }

    /// Waits until `n` applications have a log row.
    pub async fn wait_logged(&self, n: i64) {
        self.wait_for("applications in processing_log", async |cluster| {
            cluster.logged().await >= n
        })
        .await;
    }

    /// Waits until a commit has given up waiting for a lock.
    pub async fn wait_for_a_lock_timeout(&self) {
        if self.db.is_devdb() {
            self.wait_for("a lock timeout", async |cluster| cluster.db.n_errors(LOCK_TIMEOUT) > 0)
                .await;
        } else {
            // Nothing of another server tells: a commit that began at the last moment gives up within this time, too.
            tokio::time::sleep(2 * COMMIT_LOCK_TIMEOUT).await;
        }
    }

    /// Waits for something, with a deadline.
    pub async fn wait_for(&self, what: &str, holds: impl AsyncFn(&Self) -> bool) {
        let waiting = async {
            while !holds(self).await {
                tokio::time::sleep(LOOK).await;
            }
        };
        let waited = tokio::time::timeout(DEADLINE, waiting).await;
        assert!(waited.is_ok(), "waited in vain for {what}");
    }

    /// Nobody wrote under an earlier term once a later one had begun.
    pub async fn assert_terms_in_order(&self) {
        let late = "SELECT COUNT_BIG(*) AS [n] FROM [xmlx].[range_history] AS h WHERE h.[term] > 0 AND EXISTS \
             (SELECT 1 FROM [xmlx].[range_history] AS k WHERE k.[history_id] < h.[history_id] AND k.[term] > h.[term])";
        assert_eq!(self.db.count(late).await, 0);
    }

    /// `verify --history` holds, and nothing is repeated.
    pub async fn assert_verified(&self, job: i64) {
        self.assert_each_verified(&[job]);
        assert_eq!(self.repeated().await, 0);
    }

    /// `verify --history` holds for each of the jobs.
    pub fn assert_each_verified(&self, jobs: &[i64]) {
        for job in jobs {
            let verified = self.client(&["verify", &job.to_string(), "--history", "-o", "json"]);
            assert_eq!(verified.code, 0, "{verified:?}");
        }
    }

    /// The history of a job that has not been finished holds.
    pub fn assert_history_holds(&self, job: i64) {
        let printed = self.client(&["verify", &job.to_string(), "--history", "-o", "json"]).json();
        let checks = printed["checks"].as_array().expect("checks");
        let history = checks.iter().filter(|check| {
            check["check"].as_str().is_some_and(|name| name.starts_with("history: "))
        });
        let history: Vec<&Value> = history.collect();
        assert!(history.len() > 10, "{printed}");
        assert!(history.iter().all(|check| check["holds"] == true), "{printed}");
    }

    /// Every fault of the plan has struck.
    pub fn assert_faults_fired(&self) {
        let pending = self.db.faults().pending();
        assert!(pending.is_empty(), "did not fire: {pending:?}");
    }
}
