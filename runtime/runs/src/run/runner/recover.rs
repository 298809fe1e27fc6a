//! What becomes of runs whose process died.
//!
//! A process on this machine that has ended is known at once, by the lock it no longer holds ([`super::alive`]); any
//! other, also one that hangs, by its lease.
//!
//! A delivery that was decided is completed: the run delivers, and once its files are where they go it has succeeded;
//! what it keeps was kept with the decision. A run that had not come so far is closed as interrupted, and only then its
//! parts are removed: once it is closed, a process that merely slept can no longer decide. Where it had sent a write that
//! was never answered, the run waits.

use std::sync::PoisonError;

use tradewire_store::{Ending, FailureKind, Outcome, RunId, RunRecord, StoreError};

use super::{Runner, alive};
use crate::delivery;
use crate::run::Summary;

impl Runner {
    /// Ends the runs that nobody carries out any more, clears up after them, and says which. One that cannot be ended
    /// yet stays for the next time.
    pub async fn recover(&self) -> Result<Vec<RunId>, StoreError> {
        let mut ended = Vec::new();
        let now = self.clock.now();
        for run in self.store.open_runs().await? {
            let id = run.opening.id;
            if self.active.lock().unwrap_or_else(PoisonError::into_inner).contains(&id) {
                continue;
            }
            if run.opening.lease_until >= now && !alive::has_ended(self.staging(id)).await {
                continue;
            }
            match self.end_abandoned(run).await {
                Ok(()) => ended.push(id),
                // Another process was faster.
                Err(StoreError::RunClosed(_) | StoreError::Decided(_)) => {}
                Err(error) => tracing::error!(run = %id, %error, "cannot end an abandoned run yet"),
            }
        }
        self.clear_left().await?;
        Ok(ended)
    }

    async fn end_abandoned(&self, run: RunRecord) -> Result<(), StoreError> {
        let opening = &run.opening;
        if !run.decided {
            let unresolved = self.unresolved_writes(opening.id).await?;
            let message = match opening.owner == self.owner {
                true => "the store failed when its end was to be recorded; nothing was delivered",
                false => "its process ended before it was done; nothing was delivered",
            };
            let message = message.to_owned();
            let ending = match unresolved.as_slice() {
                [] => {
                    let ending = self.ending(Outcome::Interrupted, Some(FailureKind::Transient), message, Vec::new());
                    Ending { retry_at: self.retry_at(opening, &ending), ..ending }
                }
                unresolved => self.waiting(unresolved),
            };
            self.close(opening.id, &ending).await?;
            if let Some(folder) = self.config.exports.get(&opening.export).and_then(|export| self.folder(export)) {
                delivery::sweep(&folder, opening.id).await;
            }
            tracing::warn!(run = %opening.id, export = opening.export, tenant = opening.tenant, "closed an abandoned run");
        } else if self.store.delivery(opening.id).await?.is_some() {
            let message = "its process ended before its files were all delivered".to_owned();
            self.close(opening.id, &self.ending(Outcome::Delivering, None, message, Vec::new())).await?;
            tracing::warn!(run = %opening.id, export = opening.export, tenant = opening.tenant, "an abandoned run delivers");
            // Where this fails it is tried again like any other.
            if let Err(error) = self.deliver(opening, std::future::pending()).await {
                tracing::warn!(run = %opening.id, %error, "cannot complete the delivery of an abandoned run yet");
            }
        } else {
            let message = "what it keeps was kept when its process ended".to_owned();
            let files = self.store.files(opening.id).await?;
            self.close(opening.id, &self.success(opening, Summary { message }, &files)).await?;
            tracing::warn!(run = %opening.id, export = opening.export, tenant = opening.tenant, "closed an abandoned run that had done all");
        }
        self.clear(opening.id).await;
        Ok(())
    }

    /// Removes the folders of runs that were never opened, or are closed.
    async fn clear_left(&self) -> Result<(), StoreError> {
        let Ok(mut folders) = tokio::fs::read_dir(self.state.join("runs")).await else { return Ok(()) };
        while let Ok(Some(folder)) = folders.next_entry().await {
            let Some(run) = folder.file_name().to_str().and_then(|name| name.parse::<RunId>().ok()) else { continue };
            // Looked at before the store: a run may be opened in between.
            if alive::is_left(folder.path()).await {
                let is_open = self.store.run(run).await?.is_some_and(|run| run.ending.is_none());
                if !is_open {
                    self.clear(run).await;
                }
            }
        }
        Ok(())
    }
}
