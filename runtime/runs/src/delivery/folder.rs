//! Folders of this machine: parts that are flushed before they get a name, and names that are never taken twice.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use tempfile::TempPath;
use tokio::task::spawn_blocking;

use super::{DeliveryError, total, version};
use crate::durable::sync_folder;

/// What became of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moved {
    /// It has its name now.
    Now,
    /// It was moved before.
    Before,
    /// Something else has the name.
    NameTaken,
}

/// The folder's absolute path. Its last part is made where it is missing; where more is missing, a typing error or an
/// unmounted disk is more likely than the wish for a new folder.
pub(super) async fn ensure(folder: &Path) -> Result<PathBuf, DeliveryError> {
    let failed = |source| DeliveryError::Folder { folder: folder.to_owned(), source };
    let path = folder.to_owned();
    blocking(move || {
        match fs::create_dir(&path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            other => other?,
        }
        let whole = fs::canonicalize(&path)?;
        if fs::metadata(&whole)?.is_dir() { Ok(whole) } else { Err(ErrorKind::NotADirectory.into()) }
    })
    .await
    .map_err(failed)
}

/// The first version, from `first` on, whose name and whose control total's name nothing has, and none of `chosen`.
pub(super) async fn free_name(folder: PathBuf, name: String, first: u32, chosen: Vec<String>) -> Option<(u32, String)> {
    let find = move || {
        let taken = |name: &str| fs::symlink_metadata(folder.join(name)).is_ok();
        let free = (first..=version::MOST).map(|v| (v, version::name(&name, v))).find(|(_, candidate)| {
            !chosen.contains(&candidate.to_lowercase()) && !taken(candidate) && !taken(&total::name(candidate))
        });
        Ok(free)
    };
    blocking(find).await.ok().flatten()
}

/// Copies a file to a new part and flushes it.
pub(super) async fn copy_part(from: &Path, part: PathBuf) -> io::Result<()> {
    let from = from.to_owned();
    blocking(move || {
        let mut source = File::open(from)?;
        let mut target = OpenOptions::new().write(true).create_new(true).open(part)?;
        io::copy(&mut source, &mut target)?;
        target.sync_all()
    })
    .await
}

/// Writes a new part and flushes it.
pub(super) async fn write_part(part: PathBuf, text: String) -> io::Result<()> {
    blocking(move || {
        let mut target = OpenOptions::new().write(true).create_new(true).open(part)?;
        target.write_all(text.as_bytes())?;
        target.sync_all()
    })
    .await
}

/// Writes a part over the one that may be there, and flushes it.
pub(super) async fn replace_part(part: PathBuf, text: String) -> io::Result<()> {
    remove(part.clone()).await;
    write_part(part, text).await
}

/// Moves a part to its name, never over anything.
pub(super) async fn move_part(part: PathBuf, target: PathBuf) -> io::Result<Moved> {
    blocking(move || {
        if fs::symlink_metadata(&part).is_err_and(|error| error.kind() == ErrorKind::NotFound) {
            return Ok(Moved::Before);
        }
        match TempPath::try_from_path(&part)?.persist_noclobber(&target) {
            Ok(()) => Ok(Moved::Now),
            Err(mut failure) => {
                // The part must outlive this attempt.
                failure.path.disable_cleanup(true);
                match failure.error.kind() {
                    ErrorKind::AlreadyExists => Ok(Moved::NameTaken),
                    _ => Err(failure.error),
                }
            }
        }
    })
    .await
}

/// Flushes the names in a folder.
pub(super) async fn sync(folder: PathBuf) -> io::Result<()> {
    blocking(move || sync_folder(&folder)).await
}

/// Whether there is anything of that name.
pub(super) async fn exists(path: PathBuf) -> bool {
    blocking(move || Ok(fs::symlink_metadata(path).is_ok())).await.unwrap_or(false)
}

/// Removes a file, where it can be removed.
pub(super) async fn remove(path: PathBuf) {
    let _ = blocking(move || fs::remove_file(path)).await;
}

/// Removes the hidden files whose names end so, where they can be removed.
pub(super) async fn remove_ending_with(folder: PathBuf, end: String) {
    let _ = blocking(move || {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name();
            if name.to_str().is_some_and(|name| name.starts_with('.') && name.ends_with(&end)) {
                let _ = fs::remove_file(entry.path());
            }
        }
        Ok(())
    })
    .await;
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    spawn_blocking(work).await.unwrap_or_else(|error| Err(io::Error::other(error)))
}
