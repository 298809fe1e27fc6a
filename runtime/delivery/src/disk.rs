//! Disks of this machine that do not take or give what they should.

use std::io;
use std::path::Path;

use tokio::fs::File;

use crate::{DestinationError, Upload};

/// Opens what is to be delivered. That it is as long as it should be is told before anything is sent.
pub(crate) async fn open_content(upload: Upload<'_>) -> Result<File, DestinationError> {
    let unreadable = |error: io::Error| unreadable(upload.content, &error);
    let file = File::open(upload.content).await.map_err(unreadable)?;
    let bytes = file.metadata().await.map_err(unreadable)?.len();
    if bytes == upload.bytes { Ok(file) } else { Err(wrong_length(upload.content, bytes, upload.bytes)) }
}

/// What is to be delivered is not what was recorded.
pub(crate) fn wrong_length(content: &Path, found: u64, expected: u64) -> DestinationError {
    DestinationError::permanent(format!(
        "cannot deliver `{}`: it has {found} bytes and should have {expected}; something else has changed it, run the \
         export again",
        content.display()
    ))
}

/// What is to be delivered cannot be read: the file is gone or its disk is, which somebody has to mend.
pub(crate) fn unreadable(content: &Path, error: &io::Error) -> DestinationError {
    let message = format!("cannot read `{}`, which is to be delivered: {error}", content.display());
    match error.kind() {
        io::ErrorKind::NotFound => DestinationError::permanent(format!("{message}; run the export again")),
        io::ErrorKind::PermissionDenied => DestinationError::permanent(format!("{message}; let tradewire read it")),
        _ => DestinationError::transient(message),
    }
}
