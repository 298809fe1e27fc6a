//! What makes names of files survive a power cut.

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
