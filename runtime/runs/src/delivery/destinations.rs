//! The destinations that the configuration names, with their secrets read.

use std::path::Path;
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};
use tradewire_config::{Delivery, DestinationSettings, S3Access, Secret, SftpAccess};
use tradewire_delivery::{
    Destination, DestinationError, Folder, Http, HttpSettings, S3, S3Settings, SettingsError, Sftp, SftpSettings,
};
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
        let read = |key: &str, secret: &Secret| secret.resolve().map_err(|error| fault(key, &error));
        let may = |key: &str, secret: &Option<Secret>| -> Result<Option<SecretString>, DestinationError> {
            secret.as_ref().map(|secret| read(key, secret)).transpose()
        };
        let settings = |error: SettingsError| fault(key_of(error.setting), &error.message);
        let timeout = delivery.timeout;
        Ok(match &delivery.to {
            DestinationSettings::Folder(path) => folder(path, delivery.mode)?,
            DestinationSettings::Sftp(SftpAccess { url, user, password, key, passphrase, host_keys }) => {
                let settled = SftpSettings {
                    url: url.clone(),
                    user: user.clone(),
                    password: may("password", password)?,
                    private_key: may("key", key)?,
                    passphrase: may("passphrase", passphrase)?,
                    host_keys: host_keys.clone(),
                    timeout,
                };
                Arc::new(Sftp::new(settled).map_err(settings)?)
            }
            DestinationSettings::S3(S3Access {
                url,
                region,
                endpoint,
                access_key_id,
                secret_access_key,
                session_token,
            }) => {
                let id = access_key_id.resolve().map_err(|error| fault("access_key_id", &error))?;
                let settled = S3Settings {
                    url: url.clone(),
                    region: region.clone(),
                    endpoint: endpoint.clone(),
                    access_key_id: id.expose_secret().to_owned(),
                    secret_access_key: read("secret_access_key", secret_access_key)?,
                    session_token: may("session_token", session_token)?,
                    timeout,
                    allow_http: delivery.allow_http,
                    ca: delivery.ca.clone(),
                };
                Arc::new(S3::new(settled).map_err(settings)?)
            }
            DestinationSettings::Http { url, method, headers } => {
                let headers: Result<Vec<_>, DestinationError> = headers
                    .iter()
                    .map(|(name, value)| Ok((name.clone(), value.resolve().map_err(|error| fault("headers", &error))?)))
                    .collect();
                let (url, allow_http, ca) = (url.clone(), delivery.allow_http, delivery.ca.clone());
                let settled = HttpSettings { url, method: *method, headers: headers?, timeout, allow_http, ca };
                Arc::new(Http::new(settled).map_err(settings)?)
            }
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
