//! What a window has delivered, version by version.

use tradewire_schedule::Window;
use tradewire_store::{FileRecord, FileState, Outcome, RunFilter, Store, StoreError};

/// What the runs of a window have delivered: by name, and of each name by version. What was delivered before with the same
/// bytes is there once.
pub async fn versions(
    store: &dyn Store,
    export: &str,
    tenant: &str,
    window: Window,
) -> Result<Vec<FileRecord>, StoreError> {
    let filter = RunFilter {
        export: Some(export.to_owned()),
        tenant: Some(tenant.to_owned()),
        window: Some(window),
        limit: Some(u32::MAX),
        ..RunFilter::default()
    };
    let mut files = Vec::new();
    for run in store.runs(&filter).await? {
        let delivered = store.files(run.opening.id).await?;
        files.extend(delivered.into_iter().filter(|file| file.state == FileState::Delivered));
    }
    files.sort_by(|a, b| (&a.name, &a.destination, a.version).cmp(&(&b.name, &b.destination, b.version)));
    Ok(files)
}

/// The window of the latest run that has delivered something new; none where none has, of those that are looked at.
pub async fn latest_window(store: &dyn Store, export: &str, tenant: &str) -> Result<Option<Window>, StoreError> {
    let filter = RunFilter {
        export: Some(export.to_owned()),
        tenant: Some(tenant.to_owned()),
        outcome: Some(Outcome::Succeeded),
        ..RunFilter::default()
    };
    for run in store.runs(&filter).await? {
        if !store.files(run.opening.id).await?.is_empty() {
            return Ok(Some(run.opening.window));
        }
    }
    Ok(None)
}
