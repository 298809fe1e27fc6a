//! What operators ask of runs that were or go on.
//!
//! [`find`] is how a person names a run, [`account`] all that the store knows of one, [`retry()`] what runs it again,
//! [`prune()`] what forgets those that are old. [`versions()`] is what the runs of a window have delivered.

mod prune;
mod retry;
mod versions;

use serde::Serialize;
use tradewire_store::{
    DeliveryRecord, FileRecord, HostCalls, RunFilter, RunName, RunRecord, Store, StoreError, WriteRecord,
};

pub use prune::{keep_pruned, prune, prune_logs};
pub use retry::{RetryError, retry};
pub use versions::{latest_window, versions};

/// Why a run is not found.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FindError {
    /// None is named so.
    #[error("there is no run `{0}`: `tradewire runs list` shows those that there are")]
    None(RunName),
    /// Several are named so.
    #[error("`{name}` may be several runs: {}; write more of the id", list(runs))]
    Several {
        /// As it was written.
        name: RunName,
        /// Some of them.
        runs: Vec<RunRecord>,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn list(runs: &[RunRecord]) -> String {
    let one =
        |RunRecord { opening, .. }: &RunRecord| format!("{} ({} for {})", opening.id, opening.export, opening.tenant);
    runs.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// The one run that is named so.
pub async fn find(store: &dyn Store, name: &RunName) -> Result<RunRecord, FindError> {
    let mut runs = store.runs_named(name).await?;
    match (runs.pop(), runs.is_empty()) {
        (None, _) => Err(FindError::None(name.clone())),
        (Some(run), true) => Ok(run),
        (Some(run), false) => {
            runs.push(run);
            Err(FindError::Several { name: name.clone(), runs })
        }
    }
}

/// All that the store knows of a run, but for its log.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    /// The run.
    #[serde(flatten)]
    pub run: RunRecord,
    /// Where its slot comes from, where no schedule says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// What it asked of the host; recorded when it ends.
    pub host_calls: Vec<HostCalls>,
    /// Its files.
    pub files: Vec<FileRecord>,
    /// Their delivery; none where there was nothing to deliver.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivery: Option<DeliveryRecord>,
    /// The journal that it shares with the other attempts.
    pub writes: Vec<WriteRecord>,
    /// The other attempts, the latest first.
    pub other_attempts: Vec<RunRecord>,
}

impl Account {
    /// The writes that may have taken effect and nobody knows.
    pub fn unresolved_writes(&self) -> usize {
        self.writes.iter().filter(|write| write.is_unsettled()).count()
    }
}

/// All that the store knows of a run.
pub async fn account(store: &dyn Store, run: RunRecord) -> Result<Account, StoreError> {
    let id = run.opening.id;
    let attempts = RunFilter { journal: Some(run.opening.journal), ..RunFilter::default() };
    let mut other_attempts = store.runs(&attempts).await?;
    other_attempts.retain(|other| other.opening.id != id);
    let slot = match run.opening.due {
        Some(due) => store.slot(&run.opening.export, &run.opening.tenant, due).await?,
        None => None,
    };
    Ok(Account {
        cause: slot.and_then(|slot| slot.cause),
        host_calls: store.host_calls(id).await?,
        files: store.files(id).await?,
        delivery: store.delivery(id).await?,
        writes: store.writes(id).await?,
        other_attempts,
        run,
    })
}
