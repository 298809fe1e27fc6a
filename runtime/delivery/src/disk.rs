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

/// Opens what is to be delivered. That it is as long as it should be is told before anything is sent.
pub(crate) async fn open_content(parcel: Parcel<'_>) -> Result<File, PlaceError> {
    let unreadable = |error: io::Error| unreadable(parcel.content, &error);
    let file = File::open(parcel.content).await.map_err(unreadable)?;
    let bytes = file.metadata().await.map_err(unreadable)?.len();
    if bytes != parcel.bytes {
        return Err(PlaceError::lasting(format!(
            "cannot deliver `{}`: it has {bytes} bytes and should have {}; something else has changed it, run the export again",
            parcel.content.display(),
            parcel.bytes
        )));
    }
    Ok(file)
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
