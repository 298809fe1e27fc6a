//! A process that tries deliveries, as others know it: by its sign of life in the outbox.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::OnceLock;

use tokio::task::spawn_blocking;
use tradewire_store::RunId;

use super::outbox::{self, Outbox};
use crate::alive::{self, Alive};

/// This process.
#[derive(Debug)]
pub(crate) struct Process {
    id: String,
    outbox: Outbox,
    /// None where it cannot be given, so that others know of this process's end by its lease alone.
    alive: OnceLock<Option<Alive>>,
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
            let made = outbox::make(self.outbox.folder());
            made.and_then(|()| alive::begin(&self.outbox.beside(&name(&self.id))))
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
        spawn_blocking(move || alive::has_ended(&file)).await.unwrap_or(false)
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
    if alive::has_ended(file) { fs::remove_file(file) } else { Ok(()) }
}
