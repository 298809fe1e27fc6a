//! Runs with an unresolved write: whatever their attempt came to, they wait for an operator.

use tradewire_store::{Ending, Outcome, RunId, StoreError, WriteRecord, with_retries};

use super::Runner;
use super::attempt::Unfinished;

impl Runner {
    /// The writes that a run has to wait for.
    pub(super) async fn unresolved_writes(&self, run: RunId) -> Result<Vec<WriteRecord>, StoreError> {
        with_retries("reading a journal", || self.store.unsettled_writes(run)).await
    }

    /// What an attempt came to, unless the run has to wait.
    pub(super) async fn hold_back<T>(
        &self,
        run: RunId,
        attempted: Result<T, Unfinished>,
    ) -> Result<Result<T, Unfinished>, StoreError> {
        let unresolved = self.unresolved_writes(run).await?;
        if unresolved.is_empty() {
            return Ok(attempted);
        }
        let failure = match attempted {
            Err(Unfinished::Failed(failure)) => Some(failure),
            _ => None,
        };
        Ok(Err(Unfinished::Unresolved { unresolved, failure }))
    }

    /// The end of an attempt whose run waits. It is no failure: trying again is what must not happen.
    pub(super) fn waiting(&self, unresolved: &[WriteRecord]) -> Ending {
        let writes = if unresolved.len() == 1 { "a write" } else { "writes" };
        let message = format!("{writes} may have taken effect; `tradewire writes list` shows what is to be resolved");
        let reason = |unresolved_write: &WriteRecord| {
            let why = unresolved_write.message.as_deref().unwrap_or("the run ended before it was answered");
            let WriteRecord { id, operation, method, path, begun, .. } = unresolved_write;
            super::one_line(&format!("{operation} ({method} {path}), sent {}: {why}; {id}", begun.to_rfc3339()))
        };
        self.ending(Outcome::Waiting, None, message, unresolved.iter().map(reason).collect())
    }
}
