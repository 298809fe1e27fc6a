//! Cancelling a run while it goes on.

use std::sync::{Arc, OnceLock};

use tokio_util::sync::CancellationToken;

/// What cancels one run. Cheap to clone; all clones are one.
#[derive(Debug, Clone, Default)]
pub struct Cancellation(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    reason: OnceLock<String>,
    token: CancellationToken,
}

impl Cancellation {
    /// Cancels the run, for the first reason that is given. A delivery that has begun is completed all the same.
    pub fn cancel(&self, reason: impl Into<String>) {
        let _ = self.0.reason.set(reason.into());
        self.0.token.cancel();
    }

    /// Until it is cancelled; the reason.
    pub(super) async fn cancelled(&self) -> String {
        self.0.token.cancelled().await;
        self.0.reason.get().cloned().unwrap_or_default()
    }
}
