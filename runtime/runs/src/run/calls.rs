//! What a run asked of the host, counted by operation.
//!
//! The names are bounded in number and in length: who calls by the raw door chooses them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tradewire_store::HostCalls;
use tradewire_text::cut;

/// The most operations that are told apart: more than the catalog and all vendors' endpoints have.
const MOST_OPERATIONS: usize = 2_000;
/// The most bytes of an operation's name.
const LONGEST_NAME: usize = 200;
/// What the others are counted under.
const OTHERS: &str = "others";

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
        let name = cut(&cost.operation, LONGEST_NAME);
        let is_full = entries.calls.len() >= MOST_OPERATIONS && !entries.calls.contains_key(&*name);
        let name = if is_full { OTHERS } else { &*name };
        let entry = match entries.calls.get_mut(name) {
            Some(entry) => entry,
            None => {
                let empty = HostCalls { operation: name.to_owned(), ..HostCalls::default() };
                entries.calls.entry(name.to_owned()).or_insert(empty)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_a_plugin_chooses_are_bounded_in_number_and_length_and_every_call_is_counted() {
        let ledger = CallLedger::default();
        let long = "x".repeat(1 << 20);
        for number in 0..3_000 {
            let operation = format!("{number}{long}");
            ledger.add(HostCalls { operation, calls: 1, ..HostCalls::default() });
        }
        let (calls, _) = ledger.read();
        assert_eq!(calls.len(), MOST_OPERATIONS + 1);
        assert_eq!(calls.iter().map(|calls| calls.calls).sum::<u64>(), 3_000);
        assert!(calls.iter().all(|calls| calls.operation.len() < LONGEST_NAME + 40));
        let others = calls.iter().find(|calls| calls.operation == OTHERS).map(|calls| calls.calls);
        assert_eq!(others, Some(1_000));
    }
}
