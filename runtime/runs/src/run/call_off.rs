//! Calling a run off while it goes on.

use std::sync::{Arc, OnceLock};

use tokio_util::sync::CancellationToken;

/// What calls one run off. Cheap to clone; all clones are one.
#[derive(Debug, Clone, Default)]
pub struct CallOff(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    reason: OnceLock<String>,
    token: CancellationToken,
}

impl CallOff {
    /// Calls the run off, for the first reason that is given. A delivery that has begun is completed all the same.
    pub fn call_off(&self, reason: impl Into<String>) {
        let _ = self.0.reason.set(reason.into());
        self.0.token.cancel();
    }

    /// Until it is called off; the reason.
    pub(super) async fn called_off(&self) -> String {
        self.0.token.cancelled().await;
        self.0.reason.get().cloned().unwrap_or_default()
    }
}
