//! The files of a vault: read at a go, replaced as a whole, written by one at a time.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use tradewire_disk::{folder_of, sync_folder};

use super::VaultError;

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
    keep_for(&file, vault, false).map_err(failed)?;
    file.lock().map_err(failed)?;
    Ok(file)
}

/// Writes a file that only its owner may read, whole or not at all. It stays its owner's, where the administrator writes it
/// for a service.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> Result<(), VaultError> {
    let path = target(path);
    let write = || {
        // Temporary files are made so that nobody else may read them.
        let mut part = tempfile::Builder::new().prefix(".vault-").tempfile_in(folder_of(&path))?;
        keep_for(part.as_file(), &path, true)?;
        part.write_all(bytes)?;
        part.as_file().sync_all()?;
        part.persist(&path)?;
        sync_folder(folder_of(&path))
    };
    write().map_err(|error| VaultError::unwritable(&path, error))
}

/// Gives a new key to whose the vault is: who writes it for a service may be the administrator.
pub(super) fn give_as(key: &Path, vault: &Path) -> Result<(), VaultError> {
    let given = File::open(key).and_then(|file| keep_for(&file, vault, false));
    given.map_err(|error| VaultError::unwritable(key, error))
}

/// Gives a file to whose the one at the path is; if that is wanted, with what its mode lets the owner do, and others
/// nothing. One that is not there yet is nobody's.
#[cfg(unix)]
fn keep_for(file: &File, path: &Path, with_mode: bool) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};

    let there = match fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        other => other?,
    };
    if with_mode {
        file.set_permissions(fs::Permissions::from_mode(there.mode() & 0o700))?;
    }
    let ours = file.metadata()?;
    if (ours.uid(), ours.gid()) == (there.uid(), there.gid()) {
        return Ok(());
    }
    fchown(file, Some(there.uid()), Some(there.gid()))
}

#[cfg(not(unix))]
fn keep_for(_: &File, _: &Path, _: bool) -> io::Result<()> {
    Ok(())
}

/// What a link leads to, so that it stays one.
fn target(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};

    use super::*;

    #[test]
    fn a_vault_that_is_written_anew_stays_whose_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let vault = folder.path().join("tradewire.vault");
        replace(&vault, b"one").unwrap();
        fs::set_permissions(&vault, fs::Permissions::from_mode(0o400)).unwrap();
        // The administrator alone can give it away.
        let is_given = chown(&vault, Some(65_534), Some(65_534)).is_ok();
        drop(lock(&vault).unwrap());
        replace(&vault, b"two").unwrap();
        let there = fs::metadata(&vault).unwrap();
        assert_eq!((fs::read(&vault).unwrap(), there.mode() & 0o777), (b"two".to_vec(), 0o400));
        if is_given {
            let lock = fs::metadata(folder.path().join("tradewire.vault.lock")).unwrap();
            assert_eq!((there.uid(), there.gid(), lock.uid()), (65_534, 65_534, 65_534));
        }
        let key = folder.path().join("new.key");
        replace(&key, b"key").unwrap();
        give_as(&key, &vault).unwrap();
        let given = fs::metadata(&key).unwrap();
        assert_eq!((given.uid(), given.mode() & 0o777), (there.uid(), 0o600));
        fs::set_permissions(&vault, fs::Permissions::from_mode(0o644)).unwrap();
        replace(&vault, b"three").unwrap();
        assert_eq!(fs::metadata(&vault).unwrap().mode() & 0o777, 0o600, "one that was too open is closed");
    }
}
