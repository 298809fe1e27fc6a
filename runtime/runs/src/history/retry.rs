//! Running a run's window again.
//!
//! The attempts of a run share a journal, and only the latest run of a window can be gone on with: what an earlier one
//! wrote is in the later one's journal, or was made anew on purpose. So there is one way to try again, that of
//! [`Runner::open`](crate::run::Runner::open) for anyone who asks for that window. Here stands what is refused before.

use tradewire_store::{RunId, RunRecord, Store, StoreError};

use crate::run::Request;

/// Why a run is not tried again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RetryError {
    /// It has not ended.
    #[error("run {0} still goes on; `tradewire runs cancel {0}` asks for its end")]
    GoesOn(RunId),
    /// It has an unresolved write.
    #[error("run {0} waits: a write of it may have taken effect; `tradewire writes list` shows what is to be resolved")]
    Waits(RunId),
    /// Its files are not all delivered yet.
    #[error(
        "the files of run {0} are not all delivered yet: `tradewire runs retry {0}` without `--force` tries that now, \
         `tradewire runs cancel {0}` gives them up; then its window may be run anew"
    )]
    Delivers(RunId),
    /// It did what it should.
    #[error("run {0} has succeeded; `--force` runs its window anew, and makes anew the writes that it has made")]
    Succeeded(RunId),
    /// The window has a later run.
    #[error("run {run} is not the latest of its window; that is {later}: retry that one")]
    Later {
        /// The run.
        run: RunId,
        /// The latest.
        later: RunId,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What runs the window of a run again: as its next attempt, or by `force` as a run of its own that sends its writes again.
pub async fn retry(store: &dyn Store, run: &RunRecord, force: bool) -> Result<Request, RetryError> {
    let opening = &run.opening;
    let id = opening.id;
    let Some(ending) = &run.ending else { return Err(RetryError::GoesOn(id)) };
    if run.delivers() {
        return Err(RetryError::Delivers(id));
    }
    if !store.unsettled_writes(id).await?.is_empty() {
        return Err(RetryError::Waits(id));
    }
    let latest = store.latest_run(&opening.export, &opening.tenant, &opening.window).await?;
    if let Some(later) = latest.map(|latest| latest.opening.id).filter(|latest| *latest != id) {
        return Err(RetryError::Later { run: id, later });
    }
    if !force && ending.outcome.is_success() {
        return Err(RetryError::Succeeded(id));
    }
    Ok(Request { window: Some(opening.window), force, ..Request::now(&opening.export, &opening.tenant) })
}
