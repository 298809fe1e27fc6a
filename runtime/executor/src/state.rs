//! What a run keeps, as the host sees it.

use tradewire_client::Later;
use tradewire_host::{State, StateKeys};
use tradewire_runs::state;

/// Hands on what a plugin keeps.
pub struct RunState(pub state::State);

impl State for RunState {
    fn get<'a>(&'a self, bucket: &'a str, key: &'a str) -> Later<'a, Result<Option<Vec<u8>>, String>> {
        Box::pin(async move { self.0.get(bucket, key).await.map_err(|e| e.to_string()) })
    }

    fn set<'a>(&'a self, bucket: &'a str, key: &'a str, value: Option<Vec<u8>>) -> Later<'a, Result<(), String>> {
        Box::pin(async move { self.0.set(bucket, key, value).await.map_err(|e| e.to_string()) })
    }

    fn keys<'a>(&'a self, bucket: &'a str, after: Option<&'a str>) -> Later<'a, Result<StateKeys, String>> {
        Box::pin(async move {
            let (keys, more) = self.0.keys(bucket, after).await.map_err(|e| e.to_string())?;
            Ok(StateKeys { keys, more })
        })
    }
}
