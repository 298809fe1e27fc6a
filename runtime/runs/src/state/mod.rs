//! What an export keeps for a tenant from run to run: the runs' side of `wasi:keyvalue`.
//!
//! A run reads the state when it first asks for something of it, as a whole, so that what it sees never changes beside
//! it. Its own changes it sees at once. They are made in the store together with the decision to deliver its files, and
//! thrown away unless the run succeeds.
//!
//! Two runs of one export and tenant may go on at once, for two windows. Whoever has read the state and finds it changed
//! when it is done does not succeed: what it made of the old state would undo what the other has made, or was made of
//! what is not so any more. A run that never asks for state knows nothing of all this.

mod handover;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytesize::ByteSize;
use tokio::sync::{Mutex, MutexGuard};
use tradewire_config::{Limits, Trigger};
use tradewire_schedule::Window;
use tradewire_store::{StateChanges, StateKey, StateRecord, Store, with_retries};

use handover::Followed;
pub use handover::{FOLLOWED, HANDOVER};

/// The most keys that are listed at once.
const PAGE: usize = 1000;

/// Why state could not be read or changed. The messages are shown to plugins.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// The key is empty.
    #[error("a key of the state is empty")]
    Empty,
    /// The key is too long.
    #[error("a key of the state has {bytes} bytes and may have {most}: raise `state_key` in the plugin's `limits`")]
    Key {
        /// How long it is.
        bytes: usize,
        /// How long it may be.
        most: u64,
    },
    /// The value is too long.
    #[error(
        "the value of `{}` exceeds the limit of {}: raise `state_value` in the plugin's `limits`", .key.escape_debug(),
        ByteSize(*.most)
    )]
    Value {
        /// Its key.
        key: String,
        /// How long it may be.
        most: u64,
    },
    /// Too many values.
    #[error(
        "the state has more than {0} keys: raise `state_keys` in the plugin's `limits`, or delete what is not needed"
    )]
    Keys(u64),
    /// Too many bytes.
    #[error(
        "the state exceeds the limit of {}: raise `state` in the plugin's `limits`, or delete what is not needed",
        ByteSize(*.0)
    )]
    Size(u64),
    /// It is another export's.
    #[error("what another export hands over can be read and not be changed")]
    ReadOnly,
    /// Nobody hands anything over.
    #[error("the export runs after no other that would hand something over: add `after = \"…\"` to it")]
    FollowsNone,
    /// Nobody knows which of them is meant.
    #[error("the export runs after several ({0}): for what one hands over write an export for each")]
    FollowsSeveral(String),
    /// What is handed over is of files that nobody has yet.
    #[error("the files of `{0}` for this window are not all delivered yet, and what it hands over counts only then")]
    FollowsUndelivered(String),
    /// What is handed over is of files that nobody will have.
    #[error(
        "the delivery of `{0}` for this window was given up, so what it hands over does not count: run the window again, \
         `tradewire run {0} --force --from … --to …`"
    )]
    FollowsGivenUp(String),
    /// The run is over.
    #[error("the run is over")]
    Over,
    /// The store does not answer.
    #[error("the state cannot be read: {0}")]
    Store(String),
}

impl StateError {
    /// Whether a later try may succeed.
    pub fn is_transient(&self) -> bool {
        matches!(self, StateError::Store(_) | StateError::FollowsUndelivered(_))
    }
}

/// The state of an export for a tenant, as a run sees it. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct State(Arc<Shared>);

struct Shared {
    store: Arc<dyn Store>,
    export: String,
    tenant: String,
    limits: Limits,
    followed: Followed,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    /// As the run sees it; none was not asked for yet.
    state: Option<Held>,
    /// What keeps the run from succeeding.
    fault: Option<StateError>,
    over: bool,
}

impl Seen {
    /// Notes what may pass: whatever a plugin makes of it, it went on without knowing what is kept.
    fn note<T>(&mut self, read: Result<T, StateError>) -> Result<T, StateError> {
        if self.over {
            return Err(StateError::Over);
        }
        read.inspect_err(|error| {
            if error.is_transient() {
                self.fault = Some(error.clone());
            }
        })
    }
}

#[derive(Default)]
struct Held {
    version: u64,
    entries: BTreeMap<StateKey, Vec<u8>>,
    changed: BTreeSet<StateKey>,
    /// Bytes and number of the plugin's own values.
    bytes: u64,
    keys: u64,
}

impl State {
    pub(crate) fn new(
        store: Arc<dyn Store>,
        export: &str,
        tenant: &str,
        limits: &Limits,
        trigger: Option<&Trigger>,
        window: Window,
    ) -> Self {
        let (export, tenant, followed) = (export.to_owned(), tenant.to_owned(), Followed::by(trigger, window));
        Self(Arc::new(Shared { store, export, tenant, limits: limits.clone(), followed, seen: Mutex::default() }))
    }

    /// A value.
    pub async fn get(&self, bucket: &str, key: &str) -> Result<Option<Vec<u8>>, StateError> {
        self.check_key(key)?;
        let mut seen = self.0.seen.lock().await;
        if bucket == FOLLOWED {
            let Shared { store, tenant, followed, .. } = &*self.0;
            return seen.note(followed.get(store.as_ref(), tenant, key).await);
        }
        let held = self.held(&mut seen).await?;
        Ok(held.entries.get(&StateKey::new(bucket, key)).cloned())
    }

    /// Sets a value; none deletes it.
    pub async fn set(&self, bucket: &str, key: &str, value: Option<Vec<u8>>) -> Result<(), StateError> {
        self.check_key(key)?;
        if bucket == FOLLOWED {
            return Err(StateError::ReadOnly);
        }
        let limits = &self.0.limits;
        let is_long = value.as_ref().is_some_and(|value| value.len() as u64 > limits.state_value);
        if is_long && !is_own(bucket) {
            return Err(StateError::Value { key: key.to_owned(), most: limits.state_value });
        }
        let mut seen = self.0.seen.lock().await;
        let held = self.held(&mut seen).await?;
        held.set(StateKey::new(bucket, key), value, limits)
    }

    /// Keys of a bucket in order, those after this one or the first, and whether others follow.
    pub async fn keys(&self, bucket: &str, after: Option<&str>) -> Result<(Vec<String>, bool), StateError> {
        let mut seen = self.0.seen.lock().await;
        if bucket == FOLLOWED {
            let Shared { store, tenant, followed, .. } = &*self.0;
            return seen.note(followed.keys(store.as_ref(), tenant, after).await);
        }
        let held = self.held(&mut seen).await?;
        let from = StateKey::new(bucket, after.unwrap_or_default());
        // No key is empty, so that the first comes after the empty one.
        let range = held.entries.range((std::ops::Bound::Excluded(from), std::ops::Bound::Unbounded));
        let mut found = range.map(|(place, _)| place).take_while(|place| place.bucket == bucket);
        let keys = found.by_ref().take(PAGE).map(|place| place.key.clone()).collect();
        Ok((keys, found.next().is_some()))
    }

    /// Takes no more changes, and gives what the run has made of the state; none where it never asked for it.
    pub(crate) async fn seal(&self) -> Result<Option<StateChanges>, StateError> {
        let mut seen = self.0.seen.lock().await;
        seen.over = true;
        match (seen.fault.take(), seen.state.take()) {
            (Some(fault), _) => Err(fault),
            (None, state) => Ok(state.map(Held::changes)),
        }
    }

    fn check_key(&self, key: &str) -> Result<(), StateError> {
        let most = self.0.limits.state_key;
        match key.len() {
            0 => Err(StateError::Empty),
            bytes if bytes as u64 > most => Err(StateError::Key { bytes, most }),
            _ => Ok(()),
        }
    }

    /// The state, read where that was not done yet.
    async fn held<'a>(&self, seen: &'a mut MutexGuard<'_, Seen>) -> Result<&'a mut Held, StateError> {
        let Shared { store, export, tenant, .. } = &*self.0;
        let Seen { state, fault, over } = &mut **seen;
        if *over {
            return Err(StateError::Over);
        }
        let held = match state.take() {
            Some(held) => held,
            None => match with_retries("reading state", || store.state(export, tenant)).await {
                Ok(record) => record.into(),
                // Whatever a plugin makes of it, it went on without knowing what it keeps.
                Err(error) => {
                    let error = StateError::Store(error.to_string());
                    *fault = Some(error.clone());
                    return Err(error);
                }
            },
        };
        Ok(state.insert(held))
    }
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State").field("export", &self.0.export).field("tenant", &self.0.tenant).finish_non_exhaustive()
    }
}

impl From<StateRecord> for Held {
    fn from(StateRecord { version, entries }: StateRecord) -> Self {
        let mut held = Held { version, ..Held::default() };
        for (place, value) in &entries {
            held.count(place, Some(value));
        }
        Held { entries, ..held }
    }
}

impl Held {
    fn set(&mut self, place: StateKey, value: Option<Vec<u8>>, limits: &Limits) -> Result<(), StateError> {
        let before = self.entries.get(&place).cloned();
        let (bytes, keys) = (self.bytes, self.keys);
        self.uncount(&place, before.as_ref());
        self.count(&place, value.as_ref());
        let refused = match () {
            // Where the limits were lowered, what becomes less is taken all the same.
            () if self.keys > limits.state_keys && self.keys > keys => Some(StateError::Keys(limits.state_keys)),
            () if self.bytes > limits.state && self.bytes > bytes => Some(StateError::Size(limits.state)),
            () => None,
        };
        if let Some(error) = refused {
            (self.bytes, self.keys) = (bytes, keys);
            return Err(error);
        }
        if before != value {
            self.changed.insert(place.clone());
        }
        match value {
            Some(value) => drop(self.entries.insert(place, value)),
            None => drop(self.entries.remove(&place)),
        }
        Ok(())
    }

    fn count(&mut self, place: &StateKey, value: Option<&Vec<u8>>) {
        let (bytes, keys) = size(place, value);
        (self.bytes, self.keys) = (self.bytes + bytes, self.keys + keys);
    }

    fn uncount(&mut self, place: &StateKey, value: Option<&Vec<u8>>) {
        let (bytes, keys) = size(place, value);
        (self.bytes, self.keys) = (self.bytes.saturating_sub(bytes), self.keys.saturating_sub(keys));
    }

    fn changes(mut self) -> StateChanges {
        let entries = self.changed.into_iter().map(|place| {
            let value = self.entries.remove(&place);
            (place, value)
        });
        StateChanges { version: self.version, entries: entries.collect() }
    }
}

/// Whether a bucket is the runtime's own.
fn is_own(bucket: &str) -> bool {
    bucket.starts_with('_')
}

/// What a value takes of the limits: nothing, where it is the runtime's own.
fn size(place: &StateKey, value: Option<&Vec<u8>>) -> (u64, u64) {
    match value {
        Some(value) if !is_own(&place.bucket) => ((place.key.len() + value.len()) as u64, 1),
        _ => (0, 0),
    }
}
