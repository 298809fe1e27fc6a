//! Steps 1 and 2: keeping what a run has produced, and deciding that it is delivered.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use tokio::task::spawn_blocking;
use tradewire_delivery::{Place, PlaceError};

use super::carry::{Carrier, free_name};
use super::{DeliveryError, Outbox, Places, encrypt, version};
use crate::config::{Delivery, Destination};
use crate::run::Produced;
use crate::store::{
    Content, Delivered, DeliveryRecord, DeliveryState, FileRecord, FileState, Opening, RunId, StateChanges, Store,
    StoreError, patiently,
};

/// How often a delivery is planned anew because another run of the same window was faster.
const PLANS: usize = 5;

/// What a delivery is decided with.
pub(crate) struct Deciding<'a> {
    pub(crate) store: &'a dyn Store,
    pub(crate) outbox: &'a Outbox,
    pub(crate) places: &'a Arc<dyn Places>,
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
        let local = match &self.delivery.to {
            Destination::Folder(_) => Some(open(self.places, self.delivery).await.map_err(DeliveryError::Settings)?),
            _ => None,
        };
        let sent = self.keep(produced).await?;
        let mut plans = 0;
        loop {
            plans += 1;
            let planned = self.plan(produced, &sent, local.as_deref()).await?;
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
                    if let Some(place) = &local {
                        sweep(Path::new(place.address()), self.opening.id).await;
                    }
                    match error {
                        DeliveryError::Store(StoreError::Overtaken) if plans < PLANS => {}
                        error => return Err(error),
                    }
                }
            }
        }
    }

    /// Takes the files into the outbox; what is sent in place of each, by name, where it is encrypted.
    async fn keep(&self, produced: &[Produced]) -> Result<HashMap<String, Content>, DeliveryError> {
        let mut sent = HashMap::new();
        for file in produced {
            let name = file.name.to_string();
            if let Some(encryption) = &self.delivery.encrypt {
                let encrypted = file.staged.with_extension("encrypted");
                let content = encrypt::file(encryption, &file.staged, &name, encrypted.clone()).await?;
                let kept = self.outbox.keep(encrypted, &content.sha256).await;
                kept.map_err(|source| self.unkept(&name, source))?;
                sent.insert(name.clone(), content);
            }
            let kept = self.outbox.keep(file.staged.clone(), &file.sha256).await;
            kept.map_err(|source| self.unkept(&name, source))?;
        }
        Ok(sent)
    }

    fn unkept(&self, name: &str, source: std::io::Error) -> DeliveryError {
        DeliveryError::Keep { name: name.to_owned(), outbox: self.outbox.folder().to_owned(), source }
    }

    /// What becomes of each file. Names at a place that is not of this machine are chosen when the files are brought there.
    async fn plan(
        &self,
        produced: &[Produced],
        sent: &HashMap<String, Content>,
        local: Option<&dyn Place>,
    ) -> Result<Vec<Planned>, DeliveryError> {
        let destination = match local {
            Some(place) => place.address().to_owned(),
            None => self.delivery.to.address().unwrap_or_default(),
        };
        let suffix = self.delivery.encrypt.as_ref().map_or("", |encryption| encryption.suffix());
        let mut planned: Vec<Planned> = Vec::with_capacity(produced.len());
        for file in produced {
            let Opening { export, tenant, window, .. } = self.opening;
            let name = file.name.to_string();
            let of = Delivered {
                export: export.clone(),
                tenant: tenant.clone(),
                window: *window,
                destination: destination.clone(),
                name: name.clone(),
            };
            let previous = self.store.delivered(&of).await?;
            let mut record = FileRecord {
                run: self.opening.id,
                encrypted: sent.get(&name).cloned(),
                name,
                content_type: file.content_type.clone(),
                sha256: file.sha256.clone(),
                bytes: file.bytes,
                totals: file.totals.clone(),
                destination: destination.clone(),
                delivered_as: String::new(),
                version: 0,
                state: if local.is_some() { FileState::Moving } else { FileState::Queued },
                delivered_at: None,
                with_total: self.delivery.total,
            };
            match &previous {
                Some(previous) if previous.sha256 == file.sha256 => {
                    record.state = FileState::Unchanged;
                    record.delivered_as = previous.delivered_as.clone();
                    record.version = previous.version;
                    record.delivered_at = previous.delivered_at;
                    if let Some(needless) = std::mem::replace(&mut record.encrypted, previous.encrypted.clone()) {
                        self.outbox.remove(&needless.sha256).await;
                    }
                }
                _ => {
                    let first = previous.as_ref().map_or(1, |previous| previous.version + 1);
                    let chosen: Vec<String> =
                        planned.iter().map(|(file, _)| file.delivered_as.to_lowercase()).collect();
                    (record.version, record.delivered_as) = match local {
                        Some(place) => free_name(place, &record.name, suffix, first, &chosen).await?,
                        None => (first, format!("{}{suffix}", version::name(&record.name, first))),
                    };
                }
            }
            planned.push((record, previous.map(|previous| previous.run)));
        }
        Ok(planned)
    }

    /// Writes the parts where the files go to a folder of this machine.
    async fn stage(&self, files: &[FileRecord], local: Option<&dyn Place>) -> Result<(), DeliveryError> {
        let Some(place) = local else { return Ok(()) };
        let carrier = Carrier {
            store: self.store,
            outbox: self.outbox,
            place,
            is_local: true,
            encryption: self.delivery.encrypt.as_ref(),
            opening: self.opening,
            by: "",
            now: &Utc::now,
        };
        for file in files.iter().filter(|file| file.state.is_under_way()) {
            carrier.stage(file).await?;
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

/// Records the decision, patiently. A store that failed may have recorded it all the same: it is asked first.
pub(crate) async fn commit(
    store: &dyn Store,
    run: RunId,
    decided: Vec<Planned>,
    state: Option<&StateChanges>,
    delivery: Option<DeliveryRecord>,
) -> Result<(), StoreError> {
    let mut failed_before = false;
    patiently("deciding a delivery", || {
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

/// The place of a delivery.
pub(crate) async fn open(places: &Arc<dyn Places>, delivery: &Delivery) -> Result<Arc<dyn Place>, PlaceError> {
    let (places, delivery) = (places.clone(), delivery.clone());
    let opened = spawn_blocking(move || places.open(&delivery)).await;
    opened.unwrap_or_else(|error| Err(PlaceError::passing(format!("the runtime failed: {error}"))))
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
