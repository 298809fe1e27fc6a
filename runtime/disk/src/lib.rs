//! Files of this machine: names that survive a power cut, and what to do where a disk refuses.

use std::fs::File;
use std::io;
use std::path::Path;

/// The folder that a file is in.
#[must_use]
pub fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Flushes the names in a folder: what was renamed into it is there after a power cut. Blocks.
///
/// # Errors
/// The folder cannot be opened, or its disk fails.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    // Elsewhere a folder cannot be opened as a file, and the file system looks after its names itself.
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

/// An error of a disk with what may be done about it, where that is known.
///
/// ```
/// let full = std::io::Error::from(std::io::ErrorKind::StorageFull);
/// assert!(tradewire_disk::with_help(full).to_string().ends_with("; make room on that disk"));
/// ```
#[must_use]
pub fn with_help(error: io::Error) -> io::Error {
    let help = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "make room on that disk",
        io::ErrorKind::FileTooLarge => "raise the limit on the size of files",
        io::ErrorKind::ReadOnlyFilesystem => "mount that disk for writing",
        io::ErrorKind::PermissionDenied => "let tradewire write there",
        _ => return error,
    };
    io::Error::new(error.kind(), format!("{error}; {help}"))
}
