//! Reading the file of a component.

use std::io;
use std::path::Path;

use crate::limits::{CompileLimits, Limit};
use crate::load_error::LoadError;

/// The bytes of a component's file, unless they are more than it may have.
pub fn read_component(path: &Path, limits: &CompileLimits) -> io::Result<Vec<u8>> {
    let limit = limits.component;
    tradewire_private::read_regular(path, limit as u64).map_err(|error| {
        if error.kind() != io::ErrorKind::FileTooLarge {
            return error;
        }
        let size = std::fs::metadata(path).map_or(0, |known| known.len());
        let size = usize::try_from(size).unwrap_or(usize::MAX).max(limit.saturating_add(1));
        io::Error::new(error.kind(), LoadError::Limit(Limit::Component { limit, size }))
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::fs::File;

    use super::*;

    #[test]
    fn a_file_is_read_up_to_its_limit_and_no_further() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plugin.wasm");
        std::fs::write(&path, [7; 100]).unwrap();
        let limits = |component| CompileLimits { component, ..CompileLimits::default() };
        assert_eq!(read_component(&path, &limits(100)).unwrap(), [7; 100]);
        let told = read_component(&path, &limits(99)).unwrap_err().to_string();
        assert!(told.contains("`component` is 99 bytes; raise it in the plugin's `limits`"), "{told}");
        // As large as a disk, and nothing on it.
        File::create(&path).unwrap().set_len(1 << 40).unwrap();
        assert!(read_component(&path, &CompileLimits::default()).is_err());
    }

    #[test]
    fn what_is_no_file_is_told_and_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let limits = CompileLimits::default();
        assert!(read_component(folder.path(), &limits).unwrap_err().to_string().contains("not a file"));
        assert_eq!(read_component(&folder.path().join("none"), &limits).unwrap_err().kind(), io::ErrorKind::NotFound);
        #[cfg(unix)]
        assert!(read_component(Path::new("/dev/zero"), &limits).unwrap_err().to_string().contains("not a file"));
    }
}
