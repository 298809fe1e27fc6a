//! What an export hands over to those that run after it.
//!
//! It keeps that as anything else, in the bucket [`HANDOVER`], so what a run that failed would have handed over is not there.
//! Whoever runs after it, and after no other, reads it as [`FOLLOWED`], once the files of the window are delivered.

use std::collections::BTreeMap;
use std::ops::Bound;

use tokio::sync::OnceCell;
use tradewire_config::Trigger;
use tradewire_schedule::Window;
use tradewire_store::{Outcome, Store, StoreError, with_retries};

use super::{PAGE, StateError};

/// The bucket of what an export hands over.
pub const HANDOVER: &str = "handover";
/// The bucket, which can only be read, of what the export before has handed over.
pub const FOLLOWED: &str = "_followed";

/// What was handed over to a run, read when it is first asked for.
pub(super) struct Followed {
    exports: Vec<String>,
    window: Window,
    entries: OnceCell<BTreeMap<String, Vec<u8>>>,
}

impl Followed {
    /// What those hand over that begin an export's runs, to one of this window.
    pub fn by(trigger: Option<&Trigger>, window: Window) -> Self {
        let exports = match trigger {
            Some(Trigger::After(exports)) => exports.clone(),
            _ => Vec::new(),
        };
        Self { exports, window, entries: OnceCell::new() }
    }

    /// A value.
    pub async fn get(&self, store: &dyn Store, tenant: &str, key: &str) -> Result<Option<Vec<u8>>, StateError> {
        Ok(self.entries(store, tenant).await?.get(key).cloned())
    }

    /// Keys in order, those after this one or the first, and whether others follow.
    pub async fn keys(
        &self,
        store: &dyn Store,
        tenant: &str,
        after: Option<&str>,
    ) -> Result<(Vec<String>, bool), StateError> {
        let entries = self.entries(store, tenant).await?;
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let mut found = entries.range::<str, _>((from, Bound::Unbounded)).map(|(key, _)| key.clone());
        let keys = found.by_ref().take(PAGE).collect();
        Ok((keys, found.next().is_some()))
    }

    async fn entries(&self, store: &dyn Store, tenant: &str) -> Result<&BTreeMap<String, Vec<u8>>, StateError> {
        let export = match &self.exports[..] {
            [export] => export,
            [] => return Err(StateError::FollowsNone),
            several => return Err(StateError::FollowsSeveral(several.join(", "))),
        };
        let failed = |error: StoreError| StateError::Store(error.to_string());
        let read = async || {
            let run = with_retries("reading a run", || store.latest_run(export, tenant, &self.window))
                .await
                .map_err(failed)?;
            // What it keeps was kept when its delivery was decided.
            if let Some(run) = run.filter(|run| run.decided && !run.succeeded()) {
                return Err(match run.ending {
                    Some(ending) if ending.outcome == Outcome::Cancelled => StateError::FollowsGivenUp(export.clone()),
                    _ => StateError::FollowsUndelivered(export.clone()),
                });
            }
            let state = with_retries("reading state", || store.state(export, tenant)).await.map_err(failed)?;
            let handed = state.entries.into_iter().filter(|(place, _)| place.bucket == HANDOVER);
            Ok(handed.map(|(place, value)| (place.key, value)).collect())
        };
        self.entries.get_or_try_init(read).await
    }
}
