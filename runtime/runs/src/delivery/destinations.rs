//! The destinations that the configuration names, with their secrets read.

use std::path::Path;
use std::sync::Arc;

use secrecy::SecretString;
use tradewire_config::{Delivery, DestinationSettings, Secret, SecretError, TextOrSecret};
use tradewire_delivery::{Destination, DestinationError, Folder, Http, S3, SettingsError, Sftp};
use tradewire_store::DeliveryRecord;

/// What opens destinations: the configuration's own, but in tests.
pub trait Destinations: Send + Sync + 'static {
    /// The destination of a delivery. Secrets are read anew each time, and so may be changed while files wait. Blocks.
    fn open(&self, delivery: &Delivery) -> Result<Arc<dyn Destination>, DestinationError>;
}

/// The destinations that the configuration names.
#[derive(Debug, Clone, Copy, Default)]
pub struct Configured;

impl Destinations for Configured {
    fn open(&self, delivery: &Delivery) -> Result<Arc<dyn Destination>, DestinationError> {
        let fault = |key: &str, what: &dyn std::fmt::Display| {
            DestinationError::permanent(format!("`{key}` of [delivery.{}]: {what}", delivery.name))
        };
        let read = |setting: &str, resolved: Result<SecretString, SecretError>| {
            resolved.map_err(|error| fault(key_of(setting), &error))
        };
        let secret = |setting: &'static str, secret: &Secret| read(setting, secret.resolve());
        let text = |setting: &'static str, text: &TextOrSecret| read(setting, text.resolve());
        let settings = |error: SettingsError| fault(key_of(error.setting), &error.message);
        Ok(match &delivery.to {
            DestinationSettings::Folder(path) => folder(path, delivery.mode)?,
            DestinationSettings::Sftp(sftp) => Arc::new(Sftp::new(sftp.with_secrets(secret)?).map_err(settings)?),
            DestinationSettings::S3(s3) => Arc::new(S3::new(s3.with_secrets(text, secret)?).map_err(settings)?),
            DestinationSettings::Http(http) => Arc::new(Http::new(http.with_secrets(text)?).map_err(settings)?),
        })
    }
}

/// A folder of this machine. What is wrong with it may pass: a disk may be mounted again.
pub(super) fn folder(path: &Path, mode: Option<u32>) -> Result<Arc<dyn Destination>, DestinationError> {
    let folder = Folder::new(path).map_err(|error| DestinationError::transient(error.message))?;
    // The process itself makes what nobody else may read; whoever takes the files away is somebody else.
    let mode = mode.or_else(tradewire_private::usual_file_mode);
    Ok(Arc::new(folder.with_modes(mode, tradewire_private::usual_folder_mode())))
}

/// The key of the configuration that a setting comes from.
fn key_of(setting: &str) -> &str {
    match setting {
        "url" | "path" => "to",
        "host_keys" => "host_key",
        "private_key" => "key",
        other => other,
    }
}

/// The destination of a delivery that the configuration does not name any more. A folder is known by its path.
pub(crate) fn gone(delivery: &DeliveryRecord) -> Result<Arc<dyn Destination>, DestinationError> {
    let DeliveryRecord { delivery: name, destination, run, .. } = delivery;
    if !destination.contains("://") {
        return folder(Path::new(destination), None);
    }
    Err(DestinationError::permanent(format!(
        "the configuration has no [delivery.{name}] any more, which goes to `{destination}`: add it again, or give the \
         delivery up with `tradewire runs cancel {run}`"
    )))
}
