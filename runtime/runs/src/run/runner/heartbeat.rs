//! What goes on beside a run: its lease is renewed, its log written to the store; where someone asks for its end, it is
//! cancelled.

use std::time::Duration;

use tradewire_store::{RunId, StoreError, with_retries};

use super::{LEASE, Runner};
use crate::log::RunLog;
use crate::run::Cancellation;

/// How often its owner says that it is there.
const RENEW_EVERY: Duration = Duration::from_secs(20);
/// How often its log is written to the store.
const WRITE_LOG_EVERY: Duration = Duration::from_millis(500);

impl Runner {
    /// Keeps the lease and writes the log, until the run turns out to be closed.
    pub(super) async fn heartbeat(&self, run: RunId, log: &RunLog, cancellation: &Cancellation) -> StoreError {
        let write = async {
            let mut time = tokio::time::interval(WRITE_LOG_EVERY);
            time.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                tokio::select! { _ = time.tick() => {}, _ = log.batch() => {} }
                match self.write_log_once(run, log).await {
                    Ok(()) => {}
                    // The lines are kept, and written next time.
                    Err(error) if error.is_transient() => tracing::warn!(%run, %error, "cannot write the run's log"),
                    Err(error) => return error,
                }
            }
        };
        let renew = async {
            loop {
                tokio::time::sleep(RENEW_EVERY).await;
                match self.store.renew(run, self.clock.now() + LEASE).await {
                    Ok(false) => {}
                    Ok(true) => cancellation.cancel("cancelled by an operator"),
                    Err(error) if error.is_transient() => tracing::warn!(%run, %error, "cannot renew the run's lease"),
                    Err(error) => return error,
                }
            }
        };
        tokio::select! { lost = write => lost, lost = renew => lost }
    }

    pub(super) async fn write_log(&self, run: RunId, log: &RunLog) -> Result<(), StoreError> {
        with_retries("writing a log", || self.write_log_once(run, log)).await
    }

    async fn write_log_once(&self, run: RunId, log: &RunLog) -> Result<(), StoreError> {
        let lines = log.unwritten();
        let Some(last) = lines.last().map(|line| line.seq) else { return Ok(()) };
        self.store.append_log(run, lines).await?;
        log.written(last);
        Ok(())
    }
}
