//! What an export keeps for a tenant from run to run.

use std::collections::BTreeMap;

/// The state of an export for a tenant, as it is committed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StateRecord {
    /// How often it was changed.
    pub version: u64,
    /// Its values.
    pub entries: BTreeMap<StateKey, Vec<u8>>,
}

/// Where a value stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StateKey {
    /// The bucket. Those that begin with `_` are the runtime's own.
    pub bucket: String,
    /// The key.
    pub key: String,
}

impl StateKey {
    /// A key in a bucket.
    pub fn new(bucket: impl Into<String>, key: impl Into<String>) -> Self {
        Self { bucket: bucket.into(), key: key.into() }
    }
}

/// What someone has made of the state that they read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StateChanges {
    /// The version that was read: where it is another by now, nothing is changed.
    pub version: u64,
    /// The new values; none is deleted. There may be none at all, where the state was only read.
    pub entries: Vec<(StateKey, Option<Vec<u8>>)>,
}
