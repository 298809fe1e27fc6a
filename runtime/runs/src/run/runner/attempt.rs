//! One attempt: a task of its own, a time limit around it, and an end to it whatever the plugin does.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tradewire_store::WriteRecord;

use super::Runner;
use crate::run::{Attempt, Cancellation, Failure, Summary};

/// How an attempt ends that has no summary.
pub(super) enum Unfinished {
    /// It failed.
    Failed(Failure),
    /// It was told to stop.
    Interrupted,
    /// It was cancelled, for this reason.
    Cancelled(String),
    /// Whatever it came to, these writes are unresolved.
    Unresolved {
        /// The writes.
        unresolved: Vec<WriteRecord>,
        /// How it failed, if it did.
        failure: Option<Failure>,
    },
}

/// How long writes that are on their way may take to be answered once nobody waits for them any more.
pub(super) const ANSWER: Duration = Duration::from_secs(10);

/// How much later than the limit the attempt is ended from out here. What executes it keeps the limit itself and can say
/// more of where it was; this one is for what the inner one cannot end.
const SLACK: Duration = Duration::from_secs(1);
/// How long an attempt that is aborted may take to let go.
const LET_GO: Duration = Duration::from_secs(5);

impl Runner {
    pub(super) async fn attempt(
        &self,
        attempt: Attempt,
        cancel: CancellationToken,
        cancellation: &Cancellation,
    ) -> Result<Summary, Unfinished> {
        let limit = attempt.job.limits.time;
        let execute = self.execute.clone();
        let mut task = AbortOnDropHandle::new(tokio::spawn(async move { execute.execute(attempt).await }));
        let unfinished = tokio::select! {
            ended = &mut task => return match ended {
                Ok(result) => result.map_err(Unfinished::Failed),
                Err(error) => {
                    // A plugin's own panic is a trap, which the host tells as such: this one is ours.
                    let message = format!("the runtime failed while it ran the plugin: {error}");
                    Err(Unfinished::Failed(Failure::refused(message)))
                }
            },
            () = tokio::time::sleep(limit + SLACK) => {
                let limit = humantime::format_duration(limit);
                let message = format!("the plugin ran past its time limit of {limit}: raise `time` in its `limits`");
                Unfinished::Failed(Failure::refused(message))
            }
            () = cancel.cancelled() => Unfinished::Interrupted,
            reason = cancellation.cancelled() => Unfinished::Cancelled(reason),
        };
        task.abort();
        if tokio::time::timeout(LET_GO, task).await.is_err() {
            tracing::warn!("an attempt that was aborted does not let go; its files and its log are closed to it");
        }
        Err(unfinished)
    }
}
