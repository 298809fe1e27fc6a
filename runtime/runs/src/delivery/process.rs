//! A process that tries deliveries, as others know it: by a lock on a file in the outbox that ends with the process,
//! however it ends.
//!
//! The lease alone would leave what a process that was killed had begun for its whole length.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::sync::OnceLock;

use tokio::task::spawn_blocking;

use super::outbox::{self, Outbox};
use crate::store::RunId;

/// This process.
#[derive(Debug)]
pub(crate) struct Process {
    id: String,
    outbox: Outbox,
    /// The file that is locked; none where it cannot be, so that others know of this process's end by its lease alone.
    alive: OnceLock<Option<File>>,
}

impl Process {
    pub(crate) fn new(outbox: Outbox) -> Self {
        Self { id: RunId::new().to_string(), outbox, alive: OnceLock::new() }
    }

    /// What it is called.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// Gives the sign of life, the first time. Blocks for a moment.
    pub(crate) fn begin(&self) {
        self.alive.get_or_init(|| {
            let begin = || -> io::Result<File> {
                outbox::make(self.outbox.folder())?;
                let unnamed = self.outbox.beside(&format!("{}.new", name(&self.id)));
                let file = File::create(&unnamed)?;
                file.try_lock()?;
                // It gets its name only when it is locked: nobody finds it in between.
                fs::rename(unnamed, self.outbox.beside(&name(&self.id)))?;
                Ok(file)
            };
            begin()
                .inspect_err(|error| tracing::warn!(%error, "others know of this process's end by its leases alone"))
                .ok()
        });
    }

    /// Whether another process gave a sign of life and gives it no more. False where it never did: nothing is known then.
    pub(crate) async fn has_ended(&self, other: &str) -> bool {
        if other == self.id {
            return false;
        }
        let file = self.outbox.beside(&name(other));
        spawn_blocking(move || File::open(file).is_ok_and(|file| file.try_lock().is_ok())).await.unwrap_or(false)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(Some(_)) = self.alive.get() {
            let _ = fs::remove_file(self.outbox.beside(&name(&self.id)));
        }
    }
}

/// How the names of these files begin.
pub(super) const PROCESS: &str = "alive.";

fn name(id: &str) -> String {
    format!("{PROCESS}{id}")
}

/// Removes the file of a process that has ended. Blocks.
pub(super) fn remove_if_ended(file: &Path) -> io::Result<()> {
    if File::open(file)?.try_lock().is_ok() { fs::remove_file(file) } else { Ok(()) }
}
