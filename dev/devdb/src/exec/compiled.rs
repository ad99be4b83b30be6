//! A batch with the plans of its statements, which are made when they first run.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use crate::plan::Plan;
use crate::sql::ast::{Batch, Node};
use crate::sync;

/// A parsed batch; kept and shared between the sessions that send the same text.
#[derive(Debug)]
pub(crate) struct Compiled {
    pub(crate) batch: Batch,
    plans: Mutex<Plans>,
}

#[derive(Debug, Default)]
struct Plans {
    /// The version of the catalog that they are valid for.
    version: u64,
    /// By the statement's number and the user.
    by_statement: BTreeMap<(usize, i64), Arc<Plan>>,
}

impl Compiled {
    pub(crate) fn new(batch: Batch) -> Self {
        Self { batch, plans: Mutex::default() }
    }

    pub(crate) fn plan(&self, node: &Node, version: u64, user: i64) -> Option<Arc<Plan>> {
        let plans = sync::lock(&self.plans);
        let found = plans.by_statement.get(&(node.number, user));
        found.filter(|_| plans.version == version).map(Arc::clone)
    }

    pub(crate) fn keep(&self, node: &Node, version: u64, user: i64, plan: &Arc<Plan>) {
        let mut plans = sync::lock(&self.plans);
        if plans.version != version {
            *plans = Plans { version, by_statement: BTreeMap::new() };
        }
        plans.by_statement.insert((node.number, user), Arc::clone(plan));
    }
}
