//! Files on their way to those who asked for them: whole, once, never over another.
//!
//! 1. Each file and its control total are written to the target folder as hidden parts (`.<name>.<run>.part`) and
//!    flushed to the disk.
//! 2. The store records the delivery as decided, and the run's changes of state with it. Before this moment nothing is
//!    delivered, whatever happens; after it everything is, also when the machine dies: whoever finds the run abandoned
//!    goes on from here.
//! 3. The parts are moved to their names, the control total before its file. A reader that waits for the file so
//!    finds the total; one that finds a total alone waits a moment longer.
//! 4. The run is closed.
//!
//! The same window again with the same bytes is told by the hash and written nowhere, also when the receiver has
//! taken the file away. With other bytes it becomes a new version by name: `name.v2.csv`. So does a file whose name
//! is taken by anything else. Equal bytes of another window are another delivery: two weeks of equal hours are two
//! weeks of pay.

mod content;
mod folder;
mod forecast;
mod total;
mod version;

use std::path::{Path, PathBuf};

pub use content::{ContentError, content_of};
pub(crate) use forecast::forecast;
pub use forecast::{Change, Forecast};

use crate::durable::what_to_do;
use crate::run::Produced;
use crate::store::{Delivered, FileRecord, FileState, Opening, RunId, StateChanges, Store, StoreError, patiently};

/// Why files could not be delivered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeliveryError {
    /// The folder is not there and cannot be made.
    #[error("cannot deliver to the folder `{}`: {source}; make the folder, or correct `to` of the delivery", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The folder's name cannot be recorded.
    #[error("cannot deliver to the folder `{}`: its path is not UTF-8; deliver to another", .0.display())]
    Path(PathBuf),
    /// A file cannot be written there.
    #[error("cannot deliver `{name}` to the folder `{}`: {source}", folder.display())]
    Write {
        /// The file.
        name: String,
        /// The folder.
        folder: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// Every name of the kind is taken.
    #[error("cannot deliver `{name}` to the folder `{}`: all of its {} version names are taken; clear the folder", folder.display(), version::MOST)]
    NoName {
        /// The file.
        name: String,
        /// The folder.
        folder: PathBuf,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How often a delivery is planned anew because another run of the same window was faster.
const PLANS: usize = 5;

/// Steps 1 and 2: writes the parts and decides. What comes back is still to be moved; files that are as they were
/// delivered before come back as such.
pub(crate) async fn decide(
    store: &dyn Store,
    opening: &Opening,
    produced: &[Produced],
    state: Option<&StateChanges>,
    folder: &Path,
) -> Result<Vec<FileRecord>, DeliveryError> {
    let folder = folder::ensure(folder).await?;
    let mut plans = 0;
    loop {
        plans += 1;
        let decided = plan(store, opening, produced, &folder).await?;
        let files: Vec<FileRecord> = decided.iter().map(|(file, _)| file.clone()).collect();
        let outcome = match write_parts(opening, produced, &files, &folder).await {
            Ok(()) => commit(store, opening.id, decided, state).await.map_err(DeliveryError::from),
            Err(error) => Err(error),
        };
        match outcome {
            Ok(()) => return Ok(files),
            // Whether the store failed before or after it decided is not known: the parts are left for whoever finds
            // the run abandoned.
            Err(DeliveryError::Store(error @ (StoreError::Failed(_) | StoreError::Damaged { .. }))) => {
                return Err(error.into());
            }
            Err(error) => {
                sweep(&folder, opening.id).await;
                match error {
                    DeliveryError::Store(StoreError::Overtaken) if plans < PLANS => {}
                    error => return Err(error),
                }
            }
        }
    }
}

/// Records the decision, patiently. A store that failed may have recorded it all the same: it is asked first.
pub(crate) async fn commit(
    store: &dyn Store,
    run: RunId,
    decided: Vec<(FileRecord, Option<RunId>)>,
    state: Option<&StateChanges>,
) -> Result<(), StoreError> {
    let mut failed_before = false;
    patiently("deciding a delivery", || {
        let (decided, state) = (decided.clone(), state.cloned());
        let ask_first = std::mem::replace(&mut failed_before, true);
        async move {
            if ask_first && store.run(run).await?.is_some_and(|run| run.decided) {
                return Ok(());
            }
            store.decide_delivery(run, decided, state).await
        }
    })
    .await
}

/// What becomes of each file, and which run's file was the latest when that was found.
async fn plan(
    store: &dyn Store,
    opening: &Opening,
    produced: &[Produced],
    folder: &Path,
) -> Result<Vec<(FileRecord, Option<RunId>)>, DeliveryError> {
    let destination = folder.to_str().ok_or_else(|| DeliveryError::Path(folder.to_owned()))?;
    let mut decided: Vec<(FileRecord, Option<RunId>)> = Vec::with_capacity(produced.len());
    for file in produced {
        let of = Delivered {
            export: opening.export.clone(),
            tenant: opening.tenant.clone(),
            window: opening.window,
            destination: destination.to_owned(),
            name: file.name.to_string(),
        };
        let previous = store.delivered(&of).await?;
        let mut record = FileRecord {
            run: opening.id,
            name: file.name.to_string(),
            content_type: file.content_type.clone(),
            sha256: file.sha256.clone(),
            bytes: file.bytes,
            totals: file.totals.clone(),
            destination: destination.to_owned(),
            delivered_as: String::new(),
            version: 0,
            state: FileState::Moving,
            delivered_at: None,
        };
        match &previous {
            Some(previous) if previous.sha256 == file.sha256 => {
                record.state = FileState::Unchanged;
                record.delivered_as = previous.delivered_as.clone();
                record.version = previous.version;
                record.delivered_at = previous.delivered_at;
            }
            _ => {
                let first = previous.as_ref().map_or(1, |previous| previous.version + 1);
                let chosen: Vec<String> = decided.iter().map(|(file, _)| file.delivered_as.to_lowercase()).collect();
                (record.version, record.delivered_as) = free_name(folder, &record.name, first, chosen).await?;
            }
        }
        decided.push((record, previous.map(|previous| previous.run)));
    }
    Ok(decided)
}

async fn free_name(folder: &Path, name: &str, first: u32, chosen: Vec<String>) -> Result<(u32, String), DeliveryError> {
    let free = folder::free_name(folder.to_owned(), name.to_owned(), first, chosen).await;
    free.ok_or_else(|| DeliveryError::NoName { name: name.to_owned(), folder: folder.to_owned() })
}

async fn write_parts(
    opening: &Opening,
    produced: &[Produced],
    files: &[FileRecord],
    folder: &Path,
) -> Result<(), DeliveryError> {
    for (file, produced) in files.iter().zip(produced).filter(|(file, _)| file.state == FileState::Moving) {
        let failed = |source| {
            let (name, folder, source) = (file.name.clone(), folder.to_owned(), what_to_do(source));
            DeliveryError::Write { name, folder, source }
        };
        let total = total::text(opening, file);
        folder::copy_part(&produced.staged, folder.join(part(&file.name, opening.id))).await.map_err(failed)?;
        folder::write_part(folder.join(total_part(&file.name, opening.id)), total).await.map_err(failed)?;
    }
    let failed = |source| DeliveryError::Folder { folder: folder.to_owned(), source };
    folder::sync(folder.to_owned()).await.map_err(failed)
}

/// Step 3: moves what is decided to its names. May be done again, by anyone, after any interruption.
pub(crate) async fn move_into_place(
    store: &dyn Store,
    opening: &Opening,
    files: &mut [FileRecord],
) -> Result<(), DeliveryError> {
    for file in files.iter_mut().filter(|file| file.state == FileState::Moving) {
        let folder = PathBuf::from(&file.destination);
        let failed = |name: &str, source| {
            let (name, folder, source) = (name.to_owned(), folder.clone(), what_to_do(source));
            DeliveryError::Write { name, folder, source }
        };
        let data = folder.join(part(&file.name, opening.id));
        let total = folder.join(total_part(&file.name, opening.id));
        loop {
            let total_name = total::name(&file.delivered_as);
            let moved = match folder::move_part(total.clone(), folder.join(&total_name)).await {
                Ok(folder::Moved::NameTaken) => folder::Moved::NameTaken,
                Ok(_) => match folder::move_part(data.clone(), folder.join(&file.delivered_as)).await {
                    Ok(moved) => moved,
                    Err(source) => return Err(failed(&file.delivered_as, source)),
                },
                Err(source) => return Err(failed(&total_name, source)),
            };
            if moved != folder::Moved::NameTaken {
                break;
            }
            // Someone else took the name after it was chosen. The total speaks of the name: it is written anew, before
            // the new name is recorded, so that no interruption leaves a file without one.
            let ours = !folder::exists(total.clone()).await;
            let (version, name) = free_name(&folder, &file.name, file.version + 1, Vec::new()).await?;
            (file.version, file.delivered_as) = (version, name);
            folder::replace_part(total.clone(), total::text(opening, file))
                .await
                .map_err(|source| failed(&file.delivered_as, source))?;
            store.rename_file(opening.id, file).await?;
            if ours {
                folder::remove(folder.join(&total_name)).await;
            }
        }
        folder::sync(folder.clone()).await.map_err(|source| failed(&file.delivered_as, source))?;
        file.state = FileState::Delivered;
    }
    Ok(())
}

/// Removes the parts of a run that delivers nothing.
pub(crate) async fn sweep(folder: &Path, run: RunId) {
    folder::remove_ending_with(folder.to_owned(), format!(".{run}.part")).await;
}

fn part(name: &str, run: RunId) -> String {
    format!(".{name}.{run}.part")
}

fn total_part(name: &str, run: RunId) -> String {
    part(&total::name(name), run)
}
