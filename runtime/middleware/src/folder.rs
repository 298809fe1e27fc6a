//! Packs for unit tests.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

/// A folder of these files.
pub(crate) fn folder(files: impl IntoIterator<Item = (impl AsRef<Path>, impl AsRef<str>)>) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (file, text) in files {
        let path = folder.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text.as_ref()).unwrap();
    }
    folder
}
