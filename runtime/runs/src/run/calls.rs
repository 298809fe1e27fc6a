//! What a run asked of the host, counted by operation.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::store::HostCalls;

/// Counts the host calls of one run. Cheap to clone; all clones count together.
#[derive(Debug, Clone, Default)]
pub struct CallLedger(Arc<Mutex<Entries>>);

#[derive(Debug, Default)]
struct Entries {
    plugin_digest: Option<String>,
    calls: BTreeMap<String, HostCalls>,
}

impl CallLedger {
    /// Records what identifies the plugin's bytes: `sha256:…`.
    pub fn plugin_digest(&self, digest: impl Into<String>) {
        self.entries().plugin_digest = Some(digest.into());
    }

    /// Adds to what is counted of an operation.
    pub fn add(&self, cost: HostCalls) {
        let mut entries = self.entries();
        let entry = match entries.calls.get_mut(&cost.operation) {
            Some(entry) => entry,
            None => {
                let empty = HostCalls { operation: cost.operation.clone(), ..HostCalls::default() };
                entries.calls.entry(cost.operation.clone()).or_insert(empty)
            }
        };
        entry.calls = entry.calls.saturating_add(cost.calls);
        entry.failures = entry.failures.saturating_add(cost.failures);
        entry.retries = entry.retries.saturating_add(cost.retries);
        entry.waited_ms = entry.waited_ms.saturating_add(cost.waited_ms);
        entry.bytes = entry.bytes.saturating_add(cost.bytes);
    }

    /// What is counted so far, and the plugin's digest.
    pub fn read(&self) -> (Vec<HostCalls>, Option<String>) {
        let entries = self.entries();
        (entries.calls.values().cloned().collect(), entries.plugin_digest.clone())
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
