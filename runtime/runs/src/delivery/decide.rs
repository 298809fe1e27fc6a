//! Steps 1 and 2: keeping what a run has produced, and deciding that it is delivered.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use tokio::task::spawn_blocking;
use tradewire_config::{Delivery, DestinationSettings};
use tradewire_delivery::{Destination, DestinationError};
use tradewire_store::{
    Content, DeliveryRecord, DeliveryState, FileRecord, FileState, Opening, RunId, StateChanges, Store, StoreError,
    with_retries,
};

use super::forecast::{Change, forecast_at};
use super::upload::Uploader;
use super::{DeliveryError, Destinations, Outbox, encrypt};
use crate::run::Produced;

/// How often a delivery is planned anew because another run of the same window was faster.
const PLANS: usize = 5;

/// What a delivery is decided with.
pub(crate) struct Deciding<'a> {
    pub(crate) store: &'a dyn Store,
    pub(crate) outbox: &'a Outbox,
    pub(crate) destinations: &'a Arc<dyn Destinations>,
    pub(crate) delivery: &'a Delivery,
    pub(crate) opening: &'a Opening,
    /// What the run says of itself.
    pub(crate) summary: &'a str,
    pub(crate) now: DateTime<Utc>,
}

/// A file with the run whose file was the latest when its name was chosen.
type Planned = (FileRecord, Option<RunId>);

impl Deciding<'_> {
    /// Keeps and decides. What comes back is still to be delivered; files that are as they were delivered before come back
    /// as such.
    pub(crate) async fn decide(
        &self,
        produced: &[Produced],
        state: Option<&StateChanges>,
    ) -> Result<Vec<FileRecord>, DeliveryError> {
        let held = self.outbox.hold().await.map_err(|source| self.unkept("files", source))?;
        let decided = self.decide_held(produced, state).await;
        drop(held);
        if decided.as_ref().is_err_and(is_undecided) {
            // It may be what fills the disk that the run's end is to be recorded on.
            if let Err(error) = self.outbox.clear(self.store).await {
                tracing::warn!(%error, "cannot clear the outbox");
            }
        }
        decided
    }

    async fn decide_held(
        &self,
        produced: &[Produced],
        state: Option<&StateChanges>,
    ) -> Result<Vec<FileRecord>, DeliveryError> {
        let local = open_local(self.destinations, self.delivery).await?;
        self.keep(produced).await?;
        let mut sent = HashMap::new();
        let mut plans = 0;
        loop {
            plans += 1;
            let mut planned = self.plan(produced, local.as_deref()).await?;
            self.encrypt(produced, &mut planned, &mut sent).await?;
            let files: Vec<FileRecord> = planned.iter().map(|(file, _)| file.clone()).collect();
            let outcome = match self.stage(&files, local.as_deref()).await {
                Ok(()) => self.commit(planned, state).await.map_err(DeliveryError::from),
                Err(error) => Err(error),
            };
            match outcome {
                Ok(()) => return Ok(files),
                // What is staged is left for whoever finds the run abandoned.
                Err(error) if !is_undecided(&error) => return Err(error),
                Err(error) => {
                    if let Some(destination) = &local {
                        sweep(Path::new(destination.address()), self.opening.id).await;
                    }
                    match error {
                        DeliveryError::Store(StoreError::Overtaken) if plans < PLANS => {}
                        error => return Err(error),
                    }
                }
            }
        }
    }

    /// Takes the files into the outbox.
    async fn keep(&self, produced: &[Produced]) -> Result<(), DeliveryError> {
        for file in produced {
            let kept = self.outbox.keep(file.staged.clone(), &file.sha256).await;
            kept.map_err(|source| self.unkept(file.name.as_str(), source))?;
        }
        Ok(())
    }

    /// Encrypts what is to be sent, where that is asked for; once, however often it is planned. `sent` is what is sent in
    /// destination of each file, by its name.
    async fn encrypt(
        &self,
        produced: &[Produced],
        planned: &mut [Planned],
        sent: &mut HashMap<String, Content>,
    ) -> Result<(), DeliveryError> {
        let Some(encryption) = &self.delivery.encrypt else { return Ok(()) };
        let mut keys = None;
        for (file, (record, _)) in produced.iter().zip(planned).filter(|(_, (file, _))| file.state.is_under_way()) {
            let name = &record.name;
            if !sent.contains_key(name) {
                let keys = match &keys {
                    Some(keys) => keys,
                    None => keys.insert(encrypt::keys(encryption, name).await?),
                };
                let encrypted = file.staged.with_extension("encrypted");
                let plain = self.outbox.content(&file.sha256);
                let content = encrypt::file(keys.clone(), &plain, name, encrypted.clone()).await?;
                let kept = self.outbox.keep(encrypted, &content.sha256).await;
                kept.map_err(|source| self.unkept(name, source))?;
                sent.insert(name.clone(), content);
            }
            record.encrypted = sent.get(name).cloned();
        }
        Ok(())
    }

    fn unkept(&self, name: &str, source: std::io::Error) -> DeliveryError {
        DeliveryError::Keep { name: name.to_owned(), outbox: self.outbox.folder().to_owned(), source }
    }

    /// What becomes of each file. Names at a destination that is not of this machine are chosen when the files are
    /// brought there.
    async fn plan(
        &self,
        produced: &[Produced],
        local: Option<&dyn Destination>,
    ) -> Result<Vec<Planned>, DeliveryError> {
        let forecasts = forecast_at(self.store, local, self.delivery, self.opening, produced).await?;
        let mut planned: Vec<Planned> = Vec::with_capacity(produced.len());
        for (file, forecast) in produced.iter().zip(forecasts) {
            let mut record = FileRecord {
                run: self.opening.id,
                name: file.name.to_string(),
                content_type: file.content_type.clone(),
                sha256: file.sha256.clone(),
                bytes: file.bytes,
                totals: file.totals.clone(),
                destination: forecast.destination,
                delivered_as: forecast.deliver_as,
                version: forecast.version,
                state: if local.is_some() { FileState::Moving } else { FileState::Queued },
                delivered_at: None,
                with_total: self.delivery.total,
                encrypted: None,
            };
            let previous = forecast.previous;
            if let (Change::Unchanged, Some(previous)) = (forecast.change, &previous) {
                record.state = FileState::Unchanged;
                record.delivered_at = previous.delivered_at;
                record.encrypted = previous.encrypted.clone();
            }
            planned.push((record, previous.map(|previous| previous.run)));
        }
        Ok(planned)
    }

    /// Writes the parts where the files go to a folder of this machine.
    async fn stage(&self, files: &[FileRecord], local: Option<&dyn Destination>) -> Result<(), DeliveryError> {
        let Some(destination) = local else { return Ok(()) };
        let uploader = Uploader {
            store: self.store,
            outbox: self.outbox,
            destination,
            is_local: true,
            encryption: self.delivery.encrypt.as_ref(),
            opening: self.opening,
            by: "",
            now: &Utc::now,
        };
        for file in files.iter().filter(|file| file.state.is_under_way()) {
            uploader.stage(file).await?;
        }
        Ok(())
    }

    async fn commit(&self, planned: Vec<Planned>, state: Option<&StateChanges>) -> Result<(), StoreError> {
        let under_way = planned.iter().find(|(file, _)| file.state.is_under_way());
        let delivery = under_way.map(|(file, _)| DeliveryRecord {
            run: self.opening.id,
            export: self.opening.export.clone(),
            tenant: self.opening.tenant.clone(),
            delivery: self.delivery.name.clone(),
            destination: file.destination.clone(),
            summary: self.summary.to_owned(),
            state: DeliveryState::Pending,
            decided: self.now,
            tries: 0,
            last_error: None,
            next_try: None,
            held_by: None,
            held_until: None,
        });
        commit(self.store, self.opening.id, planned, state, delivery).await
    }
}

/// Whether nothing is decided for sure: where the store failed, it may have done so after it decided.
fn is_undecided(error: &DeliveryError) -> bool {
    !matches!(error, DeliveryError::Store(StoreError::Failed(_) | StoreError::Damaged { .. }))
}

/// Records the decision, with retries. A store that failed may have recorded it all the same: it is asked first.
pub(crate) async fn commit(
    store: &dyn Store,
    run: RunId,
    decided: Vec<Planned>,
    state: Option<&StateChanges>,
    delivery: Option<DeliveryRecord>,
) -> Result<(), StoreError> {
    let mut failed_before = false;
    with_retries("deciding a delivery", || {
        let (decided, state, delivery) = (decided.clone(), state.cloned(), delivery.clone());
        let ask_first = std::mem::replace(&mut failed_before, true);
        async move {
            if ask_first && store.run(run).await?.is_some_and(|run| run.decided) {
                return Ok(());
            }
            store.decide_delivery(run, decided, state, delivery).await
        }
    })
    .await
}

/// The destination of a delivery.
pub(crate) async fn open(
    destinations: &Arc<dyn Destinations>,
    delivery: &Delivery,
) -> Result<Arc<dyn Destination>, DestinationError> {
    let (destinations, delivery) = (destinations.clone(), delivery.clone());
    let opened = spawn_blocking(move || destinations.open(&delivery)).await;
    opened.unwrap_or_else(|error| Err(DestinationError::transient(format!("the runtime failed: {error}"))))
}

/// The destination of a delivery, where it is a folder of this machine.
pub(super) async fn open_local(
    destinations: &Arc<dyn Destinations>,
    delivery: &Delivery,
) -> Result<Option<Arc<dyn Destination>>, DeliveryError> {
    match &delivery.to {
        DestinationSettings::Folder(_) => {
            Ok(Some(open(destinations, delivery).await.map_err(DeliveryError::Settings)?))
        }
        _ => Ok(None),
    }
}

/// Removes the parts of a run that delivers nothing from a folder of this machine.
pub(crate) async fn sweep(folder: &Path, run: RunId) {
    let (folder, end): (PathBuf, String) = (folder.to_owned(), format!(".{run}.part"));
    let remove = move || -> std::io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name();
            if name.to_str().is_some_and(|name| name.starts_with('.') && name.ends_with(&end)) {
                let _ = fs::remove_file(entry.path());
            }
        }
        Ok(())
    };
    let _ = spawn_blocking(remove).await;
}
