//! Runs with a write in doubt: whatever their attempt came to, they wait for an operator.

use tradewire_store::{Ending, Outcome, RunId, StoreError, WriteRecord, with_retries};

use super::Runner;
use super::attempt::Unfinished;

impl Runner {
    /// The writes that a run has to wait for.
    pub(super) async fn doubts(&self, run: RunId) -> Result<Vec<WriteRecord>, StoreError> {
        with_retries("reading a journal", || self.store.unsettled_writes(run)).await
    }

    /// What an attempt came to, unless the run has to wait.
    pub(super) async fn hold_back<T>(
        &self,
        run: RunId,
        attempted: Result<T, Unfinished>,
    ) -> Result<Result<T, Unfinished>, StoreError> {
        let doubts = self.doubts(run).await?;
        if doubts.is_empty() {
            return Ok(attempted);
        }
        let failure = match attempted {
            Err(Unfinished::Failed(failure)) => Some(failure),
            _ => None,
        };
        Ok(Err(Unfinished::InDoubt { doubts, failure }))
    }

    /// The end of an attempt whose run waits. It is no failure: trying again is what must not happen.
    pub(super) fn waiting(&self, doubts: &[WriteRecord]) -> Ending {
        let writes = if doubts.len() == 1 { "a write" } else { "writes" };
        let message = format!("{writes} may have taken effect; `tradewire doubts list` shows what is to be settled");
        let reason = |doubt: &WriteRecord| {
            let why = doubt.message.as_deref().unwrap_or("the run ended before it was answered");
            let WriteRecord { id, operation, method, path, begun, .. } = doubt;
            super::one_line(&format!("{operation} ({method} {path}), sent {}: {why}; {id}", begun.to_rfc3339()))
        };
        self.ending(Outcome::Waiting, None, message, doubts.iter().map(reason).collect())
    }
}
