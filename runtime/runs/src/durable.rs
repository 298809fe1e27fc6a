//! What makes names of files survive a power cut, and what to do where disks do not take what they are given.

use std::path::Path;
use std::{fs::File, io};

/// The folder that a file is in.
pub(crate) fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Flushes the names in a folder. Blocks.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    // Elsewhere a folder cannot be opened as a file, and the file system looks after its names itself.
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

/// An error with what may be done about it, where that is known.
pub(crate) fn what_to_do(error: io::Error) -> io::Error {
    let help = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "make room on that disk",
        io::ErrorKind::FileTooLarge => "raise the limit on the size of files",
        io::ErrorKind::ReadOnlyFilesystem => "mount that disk for writing",
        io::ErrorKind::PermissionDenied => "let tradewire write there",
        _ => return error,
    };
    io::Error::new(error.kind(), format!("{error}; {help}"))
}
