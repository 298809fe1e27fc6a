//! Folders of this machine: parts that are flushed before they get a name, and names that are never taken twice.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use tempfile::TempPath;
use tokio::task::spawn_blocking;
use tradewire_disk::{sync_folder, with_help};

use crate::disk::{open_content, wrong_length};
use crate::{Destination, DestinationError, Item, Published, SettingsError, Upload};

/// A folder of this machine.
#[derive(Debug, Clone)]
pub struct Folder {
    path: PathBuf,
    address: String,
    file_mode: Option<u32>,
    folder_mode: Option<u32>,
}

impl Folder {
    /// The folder of that path, which is resolved now: links are followed, and what is relative is to the current
    /// folder. The folder itself may be missing, the one that it is in may not.
    pub fn new(path: &Path) -> Result<Self, SettingsError> {
        let fault = |message: String| SettingsError::new("path", message);
        let path = resolve(path).map_err(|error| {
            fault(format!("cannot deliver to the folder `{}`: {error}; make the folder, or correct it", path.display()))
        })?;
        match path.to_str() {
            Some(address) => Ok(Self { address: address.to_owned(), path, file_mode: None, folder_mode: None }),
            None => Err(fault(format!(
                "cannot deliver to the folder `{}`: its path is not UTF-8; deliver to another",
                path.display()
            ))),
        }
    }

    /// The modes of what is made there, which are those of the umask where none is given. Whoever takes files away may be
    /// another user.
    #[must_use]
    pub fn with_modes(self, file_mode: Option<u32>, folder_mode: Option<u32>) -> Self {
        Self { file_mode, folder_mode, ..self }
    }

    fn part(&self, upload_id: &str) -> PathBuf {
        self.path.join(format!(".{upload_id}.part"))
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> Result<T, DestinationError> {
        let done = spawn_blocking(work).await.unwrap_or_else(|error| Err(io::Error::other(error)));
        done.map_err(|error| self.error(error))
    }

    fn error(&self, error: io::Error) -> DestinationError {
        let permanent = matches!(
            error.kind(),
            ErrorKind::NotFound
                | ErrorKind::NotADirectory
                | ErrorKind::PermissionDenied
                | ErrorKind::ReadOnlyFilesystem
                | ErrorKind::InvalidFilename
        );
        let help = match error.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => "; make the folder, or correct `to` of the delivery",
            _ => "",
        };
        let message = format!("cannot deliver to the folder `{}`: {}{help}", self.address, with_help(error));
        if permanent { DestinationError::permanent(message) } else { DestinationError::transient(message) }
    }
}

#[async_trait]
impl Destination for Folder {
    fn address(&self) -> &str {
        &self.address
    }

    async fn stage(&self, upload: Upload<'_>) -> Result<(), DestinationError> {
        let mut source = open_content(upload).await?.into_std().await;
        let (folder, part) = (self.path.clone(), self.part(upload.id));
        let (file_mode, folder_mode) = (self.file_mode, self.folder_mode);
        let copied = self.blocking(move || {
            make(&folder, folder_mode)?;
            let mut target = match OpenOptions::new().write(true).create_new(true).open(&part) {
                // Removed, not truncated: it may be a link that somebody put there.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                    fs::remove_file(&part)?;
                    OpenOptions::new().write(true).create_new(true).open(&part)?
                }
                other => other?,
            };
            let copied = io::copy(&mut source, &mut target)?;
            // By the open file: its name may be another's by now.
            set_mode(file_mode, |mode| target.set_permissions(mode))?;
            target.sync_all()?;
            sync_folder(&folder)?;
            Ok(copied)
        });
        let copied = copied.await?;
        if copied == upload.bytes { Ok(()) } else { Err(wrong_length(upload.content, copied, upload.bytes)) }
    }

    async fn publish(&self, item: Item<'_>) -> Result<Published, DestinationError> {
        let (folder, part, target) = (self.path.clone(), self.part(item.upload.id), self.path.join(item.name));
        self.blocking(move || {
            let published = if is_there(&part)? { move_to(&part, &target)? } else { Published::Before };
            sync_folder(&folder)?;
            Ok(published)
        })
        .await
    }

    async fn is_taken(&self, name: &str) -> Result<bool, DestinationError> {
        let path = self.path.join(name);
        self.blocking(move || is_there(&path)).await
    }

    async fn discard(&self, upload_id: &str) -> Result<(), DestinationError> {
        let part = self.part(upload_id);
        let remove = move || match fs::remove_file(part) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            other => other,
        };
        self.blocking(remove).await
    }

    async fn probe(&self) -> Result<String, DestinationError> {
        let folder = self.path.clone();
        let found = self.blocking(move || {
            let (writable, found) = match fs::metadata(&folder) {
                Ok(there) if there.is_dir() => (folder.as_path(), "can be written to"),
                Ok(_) => return Err(ErrorKind::NotADirectory.into()),
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    (folder.parent().unwrap_or(&folder), "is not there yet, and can be made")
                }
                Err(error) => return Err(error),
            };
            tempfile::Builder::new().prefix(".tradewire-").tempfile_in(writable)?;
            Ok(found)
        });
        Ok(format!("the folder `{}` {}", self.address, found.await?))
    }
}

/// The absolute path. Where the folder is missing it is that of the one that it is in, with its name.
fn resolve(path: &Path) -> io::Result<PathBuf> {
    match fs::canonicalize(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let path = std::path::absolute(path)?;
            let (Some(above), Some(name)) = (path.parent(), path.file_name()) else { return Err(error) };
            // Where more is missing the first try says so: a disk may be mounted by then.
            Ok(fs::canonicalize(above).unwrap_or_else(|_| above.to_owned()).join(name))
        }
        other => other,
    }
}

/// Makes the last part of the path where it is missing; where more is missing, a typing error or an unmounted disk is
/// more likely than the wish for a new folder.
fn make(folder: &Path, mode: Option<u32>) -> io::Result<()> {
    match fs::create_dir(folder) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        other => {
            other?;
            set_mode(mode, |mode| fs::set_permissions(folder, mode))?;
            sync_folder(folder.parent().unwrap_or(folder))?;
        }
    }
    if fs::metadata(folder)?.is_dir() { Ok(()) } else { Err(ErrorKind::NotADirectory.into()) }
}

/// Sets a mode, where there are modes.
fn set_mode(mode: Option<u32>, set: impl FnOnce(fs::Permissions) -> io::Result<()>) -> io::Result<()> {
    #[cfg(unix)]
    if let Some(mode) = mode {
        use std::os::unix::fs::PermissionsExt as _;
        return set(fs::Permissions::from_mode(mode));
    }
    let _ = (mode, set);
    Ok(())
}

fn is_there(path: &Path) -> io::Result<bool> {
    match fs::symlink_metadata(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

fn move_to(part: &Path, target: &Path) -> io::Result<Published> {
    match TempPath::try_from_path(part)?.persist_noclobber(target) {
        Ok(()) => Ok(Published::Now),
        Err(mut failure) => {
            // The part must outlive this attempt.
            failure.path.disable_cleanup(true);
            match failure.error.kind() {
                ErrorKind::AlreadyExists => Ok(Published::NameTaken),
                _ => Err(failure.error),
            }
        }
    }
}
