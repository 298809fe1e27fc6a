//! Disks of this machine that do not take or give what they should.

use std::io;
use std::path::Path;

use tokio::fs::File;

use crate::{Parcel, PlaceError};

/// An error with what may be done about it, where that is known.
pub fn what_to_do(error: io::Error) -> io::Error {
    let help = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "make room on that disk",
        io::ErrorKind::FileTooLarge => "raise the limit on the size of files",
        io::ErrorKind::ReadOnlyFilesystem => "mount that disk for writing",
        io::ErrorKind::PermissionDenied => "let tradewire write there",
        _ => return error,
    };
    io::Error::new(error.kind(), format!("{error}; {help}"))
}

/// Flushes the names in a folder. Blocks.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    // Elsewhere a folder cannot be opened as a file, and the file system looks after its names itself.
    if cfg!(unix) { std::fs::File::open(folder)?.sync_all() } else { Ok(()) }
}

/// Opens what is to be delivered. That it is as long as it should be is told before anything is sent.
pub(crate) async fn open_content(parcel: Parcel<'_>) -> Result<File, PlaceError> {
    let unreadable = |error: io::Error| unreadable(parcel.content, &error);
    let file = File::open(parcel.content).await.map_err(unreadable)?;
    let bytes = file.metadata().await.map_err(unreadable)?.len();
    if bytes == parcel.bytes { Ok(file) } else { Err(wrong_length(parcel.content, bytes, parcel.bytes)) }
}

/// What is to be delivered is not what was recorded.
pub(crate) fn wrong_length(content: &Path, found: u64, expected: u64) -> PlaceError {
    PlaceError::lasting(format!(
        "cannot deliver `{}`: it has {found} bytes and should have {expected}; something else has changed it, run the \
         export again",
        content.display()
    ))
}

/// What is to be delivered cannot be read: the file is gone or its disk is, which somebody has to mend.
pub(crate) fn unreadable(content: &Path, error: &io::Error) -> PlaceError {
    let message = format!("cannot read `{}`, which is to be delivered: {error}", content.display());
    match error.kind() {
        io::ErrorKind::NotFound => PlaceError::lasting(format!("{message}; run the export again")),
        io::ErrorKind::PermissionDenied => PlaceError::lasting(format!("{message}; let tradewire read it")),
        _ => PlaceError::passing(message),
    }
}
