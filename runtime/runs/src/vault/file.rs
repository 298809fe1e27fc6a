//! The files of a vault: read at a go, replaced as a whole, written by one at a time.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::VaultError;
use crate::durable::{folder_of, sync_folder};

/// More is no vault.
const LARGEST: u64 = 64 * 1024 * 1024;

/// The encrypted bytes.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, VaultError> {
    tradewire_private::read_regular(path, LARGEST).map_err(|error| match error.kind() {
        ErrorKind::FileTooLarge => VaultError::damaged(path, "it is too large to be one"),
        _ => VaultError::unreadable(path, error),
    })
}

/// Lets nobody else write until it is dropped; waits for whoever does.
pub(super) fn lock(vault: &Path) -> Result<File, VaultError> {
    let path = PathBuf::from(format!("{}.lock", target(vault).display()));
    let failed = |error| VaultError::unwritable(&path, error);
    let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
    file.lock().map_err(failed)?;
    Ok(file)
}

/// Writes a file that only its owner may read, whole or not at all.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> Result<(), VaultError> {
    let path = target(path);
    let write = || {
        // Temporary files are made so that nobody else may read them.
        let mut part = tempfile::Builder::new().prefix(".vault-").tempfile_in(folder_of(&path))?;
        part.write_all(bytes)?;
        part.as_file().sync_all()?;
        part.persist(&path)?;
        sync_folder(folder_of(&path))
    };
    write().map_err(|error| VaultError::unwritable(&path, error))
}

/// What a link leads to, so that it stays one.
fn target(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}
