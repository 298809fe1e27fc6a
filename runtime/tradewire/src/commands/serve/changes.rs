//! Being told that the configuration has changed: by SIGHUP, and by looking at its file.
//!
//! The file is looked at, rather than watched by what the system offers for that: a look costs nothing, finds also what
//! was put in the file's place by a rename or behind a link, and works on network file systems and mounts into
//! containers, where nobody is told of anything.

use std::fs::Metadata;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// How often the file is looked at. What has changed is read once it has stayed the same for so long: an editor may save
/// in several steps.
const LOOK: Duration = Duration::from_secs(1);

/// By what a file is known again.
type Stamp = (SystemTime, u64, u64);

/// The changes of a file.
pub struct Changes {
    path: PathBuf,
    /// None where there is none.
    read: Option<Stamp>,
    seen: Option<Stamp>,
    hangup: Hangup,
}

impl Changes {
    /// From now on: what is read after this is either as it is now or told as changed.
    pub fn of(path: &Path) -> io::Result<Changes> {
        let stamp = stamp(path);
        Ok(Changes { path: path.to_owned(), read: stamp, seen: stamp, hangup: Hangup::new()? })
    }

    /// Until it is to be read again. A file that is gone is no change: one may take its place.
    pub async fn next(&mut self) {
        loop {
            tokio::select! {
                () = self.hangup.next() => break,
                () = tokio::time::sleep(LOOK) => {}
            }
            let before = std::mem::replace(&mut self.seen, stamp(&self.path));
            if self.seen.is_some() && self.seen == before && self.seen != self.read {
                break;
            }
        }
        self.read = stamp(&self.path);
        self.seen = self.read;
    }
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

#[cfg(unix)]
struct Hangup(tokio::signal::unix::Signal);

#[cfg(unix)]
impl Hangup {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self(signal(SignalKind::hangup())?))
    }

    async fn next(&mut self) {
        self.0.recv().await;
    }
}

#[cfg(not(unix))]
struct Hangup;

#[cfg(not(unix))]
impl Hangup {
    fn new() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        std::future::pending().await
    }
}
