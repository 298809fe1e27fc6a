//! Asking again: a hiccup of the store must not cost a run its outcome.

use std::time::Duration;

use super::StoreError;

/// The tries; with the pauses between them about two minutes.
const TRIES: u32 = 14;
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// Does something until the store does not fail, or for about two minutes.
pub async fn with_retries<T, F: Future<Output = Result<T, StoreError>>>(
    what: &'static str,
    mut work: impl FnMut() -> F,
) -> Result<T, StoreError> {
    let mut tries = 0;
    loop {
        match work().await {
            Err(error) if error.is_transient() && tries < TRIES => {
                tracing::warn!(%error, what, tries, "the store failed; asking again");
                tokio::time::sleep(pause(tries)).await;
                tries += 1;
            }
            other => return other,
        }
    }
}

/// The pause after so many tries.
pub fn pause(tries: u32) -> Duration {
    FIRST_PAUSE.saturating_mul(1 << tries.min(16)).min(LONGEST_PAUSE)
}
