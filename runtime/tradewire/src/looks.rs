//! Files that are looked at for changes.
//!
//! They are looked at, rather than watched by what the system offers for that: a look costs nothing, finds also what was
//! put in a file's place by a rename or behind a link, and works on network file systems and mounts into containers, where
//! nobody is told of anything.

use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// How often they are looked at. What has changed is read once it has stayed the same for so long: an editor may save in
/// several steps.
const LOOK: Duration = Duration::from_secs(1);

/// By what a file is known again.
type Stamp = (SystemTime, u64, u64);

/// Files, as they were when they were read.
pub struct Looks {
    paths: Vec<PathBuf>,
    /// None where there is none.
    read: Vec<Option<Stamp>>,
    seen: Vec<Option<Stamp>>,
}

impl Looks {
    /// From now on: what is read after this is either as it is now or told as changed.
    pub fn at(paths: Vec<PathBuf>) -> Looks {
        let read = stamps(&paths);
        Looks { paths, seen: read.clone(), read }
    }

    /// Until they have changed and are to be read again. A file that is gone is no change: one may take its place.
    pub async fn changed(&mut self) {
        loop {
            tokio::time::sleep(LOOK).await;
            let before = std::mem::replace(&mut self.seen, stamps(&self.paths));
            if self.seen.iter().all(Option::is_some) && self.seen == before && self.seen != self.read {
                break self.are_read();
            }
        }
    }

    /// They are read as they are now.
    pub fn are_read(&mut self) {
        self.read = stamps(&self.paths);
        self.seen.clone_from(&self.read);
    }
}

fn stamps(paths: &[PathBuf]) -> Vec<Option<Stamp>> {
    paths.iter().map(|path| stamp(path)).collect()
}

fn stamp(path: &Path) -> Option<Stamp> {
    let file = std::fs::metadata(path).ok()?;
    Some((file.modified().ok()?, file.len(), number(&file)))
}

#[cfg(unix)]
fn number(file: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(file)
}

#[cfg(not(unix))]
fn number(_: &Metadata) -> u64 {
    0
}
