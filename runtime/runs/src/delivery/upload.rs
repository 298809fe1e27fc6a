//! Steps 3 and 4: bringing files to a destination and giving them their names, one after the other.
//!
//! May be done again, by anyone, after any interruption: what is recorded between the steps says where to go on.

use std::path::Path;

use chrono::{DateTime, Utc};
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use tradewire_config::Encryption;
use tradewire_delivery::{Destination, DestinationError, Item, Published, Upload};
use tradewire_store::{Content, FileRecord, FileState, Opening, RunId, Store, with_retries};

use super::{DeliveryError, Outbox, encrypt, total, version};

const TOTAL_TYPE: &str = "application/json";

/// Uploads the files of one run.
pub(crate) struct Uploader<'a> {
    pub(crate) store: &'a dyn Store,
    pub(crate) outbox: &'a Outbox,
    pub(crate) destination: &'a dyn Destination,
    /// Whether the destination is a folder of this machine.
    pub(crate) is_local: bool,
    /// How control totals of encrypted files are encrypted.
    pub(crate) encryption: Option<&'a Encryption>,
    pub(crate) opening: &'a Opening,
    /// The process that holds the delivery.
    pub(crate) by: &'a str,
    pub(crate) now: &'a (dyn Fn() -> DateTime<Utc> + Sync),
}

impl Uploader<'_> {
    /// Delivers what is not delivered yet. What is done is in `files`, also after an error.
    pub(crate) async fn deliver(&self, files: &mut [FileRecord]) -> Result<(), DeliveryError> {
        for file in files.iter_mut().filter(|file| file.state.is_under_way()) {
            self.deliver_one(file).await?;
        }
        Ok(())
    }

    async fn deliver_one(&self, file: &mut FileRecord) -> Result<(), DeliveryError> {
        if file.destination != self.destination.address() {
            // The configuration names another destination by now.
            file.destination = self.destination.address().to_owned();
            file.state = FileState::Queued;
        }
        // An earlier try may have given the name, and its answer was lost.
        let mut may_be_published = file.state == FileState::Moving;
        loop {
            if matches!(file.state, FileState::Queued | FileState::Refused) {
                match file.state {
                    FileState::Refused => self.stage_file(file).await?,
                    _ => {
                        self.choose_name(file).await?;
                        self.stage(file).await?;
                    }
                }
                file.state = FileState::Moving;
                self.record(file).await?;
                may_be_published = false;
            }
            let published = match self.publish_total(file).await {
                Ok(Published::NameTaken) => Published::NameTaken,
                Ok(_) => match self.publish_file(file).await {
                    Ok(published) => published,
                    Err(error) if may_be_published => return Err(error),
                    Err(error) => return Err(self.not_published(file, FileState::Refused, error).await?),
                },
                Err(error) if may_be_published => return Err(error),
                Err(error) => return Err(self.not_published(file, FileState::Queued, error).await?),
            };
            if published == Published::NameTaken {
                file.state = FileState::Queued;
                file.version += 1;
                self.record(file).await?;
                continue;
            }
            file.state = FileState::Delivered;
            file.delivered_at = Some((self.now)());
            self.record(file).await?;
            self.outbox.remove(&self.total_id(file)).await;
            if let Some(sent) = &file.encrypted {
                self.outbox.remove(&sent.sha256).await;
            }
            return Ok(());
        }
    }

    /// Records that a name was not given for a permanent reason, so certainly not: what was brought there may be gone
    /// by the next try. A folder of this machine keeps it.
    async fn not_published(
        &self,
        file: &mut FileRecord,
        state: FileState,
        error: DeliveryError,
    ) -> Result<DeliveryError, DeliveryError> {
        if !error.is_transient() && !self.is_local && matches!(error, DeliveryError::Destination { .. }) {
            file.state = state;
            self.record(file).await?;
        }
        Ok(error)
    }

    async fn record(&self, file: &FileRecord) -> Result<(), DeliveryError> {
        let recorded = with_retries("recording a delivery", || self.store.record_file(self.opening.id, self.by, file));
        Ok(recorded.await?)
    }

    /// The first version, from the one that it has on, whose name and whose control total's name nothing has.
    async fn choose_name(&self, file: &mut FileRecord) -> Result<(), DeliveryError> {
        let suffix = self.suffix(file);
        let free = free_name(self.destination, &file.name, suffix, file.version.max(1), &[]).await;
        (file.version, file.delivered_as) = free.map_err(|error| self.unless_local(error))?;
        Ok(())
    }

    fn suffix(&self, file: &FileRecord) -> &'static str {
        match &file.encrypted {
            Some(_) if file.delivered_as.ends_with(".asc") => ".asc",
            Some(_) => ".pgp",
            None => "",
        }
    }

    /// Brings a file and its control total to the destination.
    pub(super) async fn stage(&self, file: &FileRecord) -> Result<(), DeliveryError> {
        if let Some(content) = self.total(file, true).await? {
            let id = self.total_id(file);
            let path = self.outbox.beside(&id);
            let staged = self.destination.stage(upload(&id, &path, &content, total_type(file))).await;
            staged.map_err(|error| self.failed(&total::name_for(file), error))?;
        }
        self.stage_file(file).await
    }

    async fn stage_file(&self, file: &FileRecord) -> Result<(), DeliveryError> {
        let (id, sent) = (self.file_id(file), sent(file));
        let path = self.outbox.content(&sent.sha256);
        let staged = self.destination.stage(upload(&id, &path, &sent, file_type(file))).await;
        staged.map_err(|error| self.failed(&file.name, error))
    }

    /// Gives the control total its name, where the file has one.
    async fn publish_total(&self, file: &FileRecord) -> Result<Published, DeliveryError> {
        let Some(content) = self.total(file, false).await? else { return Ok(Published::Before) };
        let (id, name) = (self.total_id(file), total::name_for(file));
        let path = self.outbox.beside(&id);
        let item = Item { upload: upload(&id, &path, &content, total_type(file)), name: &name };
        self.destination.publish(item).await.map_err(|error| self.failed(&name, error))
    }

    async fn publish_file(&self, file: &FileRecord) -> Result<Published, DeliveryError> {
        let (id, sent) = (self.file_id(file), sent(file));
        let path = self.outbox.content(&sent.sha256);
        let item = Item { upload: upload(&id, &path, &sent, file_type(file)), name: &file.delivered_as };
        let published = self.destination.publish(item).await.map_err(|error| self.failed(&file.delivered_as, error))?;
        if published == Published::NameTaken && file.with_total {
            self.retract(file, &total::name_for(file)).await;
        }
        Ok(published)
    }

    /// Takes a control total back whose file could not get its name.
    async fn retract(&self, file: &FileRecord, total_name: &str) {
        if self.is_local {
            let _ = tokio::fs::remove_file(Path::new(&file.destination).join(total_name)).await;
        } else {
            let (run, name) = (self.opening.id, &file.delivered_as);
            tracing::warn!(%run, name, total_name, "a name was taken when its control total was there already");
        }
    }

    /// What the control total of a file comes to, kept in the outbox; none where it has none.
    async fn total(&self, file: &FileRecord, anew: bool) -> Result<Option<Content>, DeliveryError> {
        if !file.with_total {
            return Ok(None);
        }
        let (id, name) = (self.total_id(file), total::name_for(file));
        let failed =
            |source| DeliveryError::Keep { name: name.clone(), outbox: self.outbox.folder().to_owned(), source };
        let path = self.outbox.beside(&id);
        if anew || !tokio::fs::try_exists(&path).await.unwrap_or(false) {
            let text = total::text(self.opening, file);
            match self.encryption {
                None if file.encrypted.is_some() => {
                    let reason = "the delivery has no `encrypt` any more; add it again, or give this delivery up with \
                                  `tradewire runs cancel`";
                    return Err(DeliveryError::Encrypt { name, reason: reason.to_owned(), transient: false });
                }
                Some(encryption) if file.encrypted.is_some() => {
                    let plain = format!("plain.{id}");
                    self.outbox.write(&plain, text).await.map_err(failed)?;
                    self.outbox.remove(&id).await;
                    let named = total::name(&file.name);
                    let encrypted = async {
                        let keys = encrypt::keys(encryption, &named).await?;
                        encrypt::file(keys, &self.outbox.beside(&plain), &named, path.clone()).await
                    };
                    let encrypted = encrypted.await;
                    self.outbox.remove(&plain).await;
                    encrypted?;
                }
                _ => self.outbox.write(&id, text).await.map_err(failed)?,
            }
        }
        let bytes = tokio::fs::read(&path).await.map_err(failed)?;
        Ok(Some(Content { sha256: HEXLOWER.encode(&Sha256::digest(&bytes)), bytes: bytes.len() as u64 }))
    }

    /// Removes what is staged of files that will not be delivered, as far as the destination can be reached.
    pub(crate) async fn discard(&self, files: &[FileRecord]) {
        for file in files.iter().filter(|file| file.state.is_under_way()) {
            for id in [self.file_id(file), self.total_id(file)] {
                if let Err(error) = self.destination.discard(&id).await {
                    let address = self.destination.address();
                    tracing::warn!(run = %self.opening.id, address, %error, "cannot remove what was brought there");
                }
                self.outbox.remove(&id).await;
            }
        }
    }

    fn file_id(&self, file: &FileRecord) -> String {
        self.id(&file.name, file.run)
    }

    fn total_id(&self, file: &FileRecord) -> String {
        self.id(&total::name(&file.name), file.run)
    }

    /// Folders of this machine take any name that a file may have, and have what earlier versions have left there.
    fn id(&self, name: &str, run: RunId) -> String {
        if self.is_local { format!("{name}.{run}") } else { id(name, run) }
    }

    fn failed(&self, name: &str, error: DestinationError) -> DeliveryError {
        self.unless_local(DeliveryError::destination(name, error))
    }

    /// A folder's disk may be mounted again, and have room again: nobody is to be waited for.
    fn unless_local(&self, error: DeliveryError) -> DeliveryError {
        match error {
            DeliveryError::Destination { name, source } if self.is_local => {
                DeliveryError::Destination { name, source: DestinationError { transient: true, ..source } }
            }
            other => other,
        }
    }
}

/// The first version from `first` on whose name and whose control total's name nothing has, and none of `chosen`, which
/// are lower-case.
pub(super) async fn free_name(
    destination: &dyn Destination,
    name: &str,
    suffix: &str,
    first: u32,
    chosen: &[String],
) -> Result<(u32, String), DeliveryError> {
    let failed = |error| DeliveryError::destination(name, error);
    for version in first..=version::MOST {
        let plain = version::name(name, version);
        let (candidate, total) = (format!("{plain}{suffix}"), format!("{}{suffix}", total::name(&plain)));
        if chosen.contains(&candidate.to_lowercase()) {
            continue;
        }
        if !destination.is_taken(&candidate).await.map_err(failed)?
            && !destination.is_taken(&total).await.map_err(failed)?
        {
            return Ok((version, candidate));
        }
    }
    Err(DeliveryError::NoName { name: name.to_owned(), destination: destination.address().to_owned() })
}

fn upload<'a>(id: &'a str, content: &'a Path, of: &'a Content, content_type: &'a str) -> Upload<'a> {
    Upload { id, content, bytes: of.bytes, sha256: &of.sha256, content_type }
}

/// What is sent of a file.
fn sent(file: &FileRecord) -> Content {
    let own = || Content { sha256: file.sha256.clone(), bytes: file.bytes };
    file.encrypted.clone().unwrap_or_else(own)
}

fn file_type(file: &FileRecord) -> &str {
    if file.encrypted.is_some() { encrypt::content_type(&file.delivered_as) } else { &file.content_type }
}

fn total_type(file: &FileRecord) -> &'static str {
    if file.encrypted.is_some() { encrypt::content_type(&file.delivered_as) } else { TOTAL_TYPE }
}

/// What names a file of a run, and no other, at any destination.
fn id(name: &str, run: RunId) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if name.bytes().all(plain) {
        return format!("{name}.{run}");
    }
    let digest = HEXLOWER.encode(&Sha256::digest(name));
    format!("{}.{run}", &digest[..32])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_names_an_upload_is_plain_and_its_own() {
        let run = RunId::new();
        assert_eq!(id("PRAB_EPI.csv", run), format!("PRAB_EPI.csv.{run}"));
        let ids = ["Löhne.csv", "Lohne.csv", "L hne.csv"].map(|name| id(name, run));
        assert!(ids.iter().all(|id| id.is_ascii() && !id.contains(' ')), "{ids:?}");
        assert!(ids[0] != ids[1] && ids[0] != ids[2] && ids[1] != ids[2]);
    }
}
