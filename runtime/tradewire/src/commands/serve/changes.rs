//! Being told that the configuration has changed: by SIGHUP, and by looking at its file.

use std::io;
use std::path::Path;

use crate::looks::Looks;

/// The changes of a file.
pub struct Changes {
    looks: Looks,
    hangup: Hangup,
}

impl Changes {
    /// From now on: what is read after this is either as it is now or told as changed.
    pub fn of(path: &Path) -> io::Result<Changes> {
        Ok(Changes { looks: Looks::at(vec![path.to_owned()]), hangup: Hangup::new()? })
    }

    /// Until it is to be read again; whether by SIGHUP.
    pub async fn next(&mut self) -> bool {
        tokio::select! {
            () = self.hangup.next() => {
                self.looks.are_read();
                true
            }
            () = self.looks.changed() => false,
        }
    }
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
