//! Disks of this machine that do not take or give what they should.

use std::io;
use std::path::Path;

use tokio::fs::File;

use crate::{Parcel, PlaceError};

/// Opens what is to be delivered. That it is as long as it should be is told before anything is sent.
pub(crate) async fn open_content(parcel: Parcel<'_>) -> Result<File, PlaceError> {
    let unreadable = |error: io::Error| unreadable(parcel.content, &error);
    let file = File::open(parcel.content).await.map_err(unreadable)?;
    let bytes = file.metadata().await.map_err(unreadable)?.len();
    if bytes == parcel.bytes { Ok(file) } else { Err(wrong_length(parcel.content, bytes, parcel.bytes)) }
}

/// What is to be delivered is not what was recorded.
pub(crate) fn wrong_length(content: &Path, found: u64, expected: u64) -> PlaceError {
    PlaceError::permanent(format!(
        "cannot deliver `{}`: it has {found} bytes and should have {expected}; something else has changed it, run the \
         export again",
        content.display()
    ))
}

/// What is to be delivered cannot be read: the file is gone or its disk is, which somebody has to mend.
pub(crate) fn unreadable(content: &Path, error: &io::Error) -> PlaceError {
    let message = format!("cannot read `{}`, which is to be delivered: {error}", content.display());
    match error.kind() {
        io::ErrorKind::NotFound => PlaceError::permanent(format!("{message}; run the export again")),
        io::ErrorKind::PermissionDenied => PlaceError::permanent(format!("{message}; let tradewire read it")),
        _ => PlaceError::transient(message),
    }
}
