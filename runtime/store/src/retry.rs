//! Retries: a hiccup of the store must not cost a run its outcome.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder, Retryable};

use super::StoreError;

/// The retries; with the pauses between them about two minutes.
const TIMES: usize = 14;
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// Does something until the store does not fail, or for about two minutes.
///
/// # Errors
/// What the store fails with at the end, or what no retry mends.
pub async fn with_retries<T, F: Future<Output = Result<T, StoreError>>>(
    what: &'static str,
    work: impl FnMut() -> F,
) -> Result<T, StoreError> {
    work.retry(exponential().with_max_times(TIMES))
        .when(StoreError::is_transient)
        .notify(|error, pause| tracing::warn!(%error, what, ?pause, "the store failed; asking again"))
        .await
}

/// Does something until the store answers, however it fails.
pub async fn with_endless_retries<T, F: Future<Output = Result<T, StoreError>>>(
    what: &'static str,
    mut work: impl FnMut() -> F,
) -> T {
    let mut pauses = backoff();
    loop {
        match work().await {
            Ok(answer) => return answer,
            Err(error) => {
                tracing::error!(%error, what, "the store failed; asking again");
                tokio::time::sleep(pauses.next().unwrap_or(LONGEST_PAUSE)).await;
            }
        }
    }
}

/// The pauses between retries, without end: from a tenth of a second, each twice the one before, to 15 seconds.
pub fn backoff() -> impl Iterator<Item = Duration> + Send {
    exponential().without_max_times().build()
}

fn exponential() -> ExponentialBuilder {
    ExponentialBuilder::default().with_factor(2.0).with_min_delay(FIRST_PAUSE).with_max_delay(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest_and_never_end() {
        let millis: Vec<u128> = backoff().take(10).map(|pause| pause.as_millis()).collect();
        assert_eq!(millis, [100, 200, 400, 800, 1600, 3200, 6400, 12800, 15000, 15000]);
        assert_eq!(backoff().nth(10_000), Some(LONGEST_PAUSE));
        let all: Duration = exponential().with_max_times(TIMES).build().sum();
        assert!((100..130).contains(&all.as_secs()), "{all:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn what_may_pass_is_tried_again_and_nothing_else() {
        let mut tries = 0;
        let failed = with_retries("a test", || {
            tries += 1;
            async { Err::<(), _>(StoreError::Failed("locked".into())) }
        });
        assert!(failed.await.is_err());
        assert_eq!(tries, TIMES + 1);
        let mut tries = 0;
        let refused = with_retries("a test", || {
            tries += 1;
            async { Err::<(), _>(StoreError::Newer { path: "tradewire.db".into() }) }
        });
        assert!(refused.await.is_err());
        assert_eq!(tries, 1);
    }
}
