//! Deliveries: where files go, how each kind of destination is reached, and how often it is tried.

use std::path::PathBuf;

use tradewire_delivery::{HttpSettings, S3Settings, SftpSettings};
use tradewire_schedule::Retries;

use crate::{Secret, SecretError};

/// Where files go.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Its name in the configuration.
    pub name: String,
    /// `to`, and the keys that are of its kind.
    pub to: DestinationSettings,
    /// `mode`: that of the files in a folder. What the umask gives that the process was started with.
    pub mode: Option<u32>,
    /// `retries`: after what may pass. 100 times, with pauses from 10 seconds to an hour: about four days.
    pub retries: Retries,
    /// `total`: whether each file has its control total beside it. It has, but over HTTP.
    pub total: bool,
    /// `encrypt`.
    pub encrypt: Option<Encryption>,
}

impl Delivery {
    /// How often it is tried where nothing is said.
    pub const RETRIES: Retries =
        Retries { times: 100, backoff: chrono::TimeDelta::seconds(10), longest: chrono::TimeDelta::hours(1) };
}

/// A kind of destination that files go to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DestinationSettings {
    /// A folder of this machine, seen from the configuration's folder.
    Folder(PathBuf),
    /// A folder of an SFTP server.
    Sftp(SftpSettings<Secret>),
    /// A bucket of an S3-compatible store.
    S3(S3Settings<TextOrSecret, Secret>),
    /// Whoever takes files over HTTP.
    Http(HttpSettings<TextOrSecret>),
}

impl DestinationSettings {
    /// The address as it is recorded and shown: without query, and without `/` at the end. None of a folder, whose path
    /// is not known before it is there.
    pub fn address(&self) -> Option<String> {
        let url = match self {
            DestinationSettings::Folder(_) => return None,
            DestinationSettings::Sftp(sftp) => &sftp.url,
            DestinationSettings::S3(s3) => &s3.url,
            DestinationSettings::Http(http) => &http.url,
        };
        Some(tradewire_delivery::address(url))
    }

    /// `an SFTP server`
    pub fn kind(&self) -> &'static str {
        match self {
            DestinationSettings::Folder(_) => "a folder",
            DestinationSettings::Sftp(_) => "an SFTP server",
            DestinationSettings::S3(_) => "S3",
            DestinationSettings::Http(_) => "HTTP",
        }
    }
}

/// Text that may stand in the configuration itself, or be kept elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextOrSecret {
    /// The text.
    Text(String),
    /// Where it is found.
    Secret(Secret),
}

impl TextOrSecret {
    /// Reads it.
    pub fn resolve(&self) -> Result<secrecy::SecretString, SecretError> {
        match self {
            TextOrSecret::Text(text) => Ok(text.as_str().into()),
            TextOrSecret::Secret(secret) => secret.resolve(),
        }
    }
}

/// `encrypt`: files are encrypted with OpenPGP before they go anywhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encryption {
    /// `to`: the public keys, each of which can decrypt.
    pub to: Vec<PublicKey>,
    /// `sign`.
    pub sign: Option<Signing>,
    /// `armor`: text (`.asc`) in place of binary (`.pgp`).
    pub armor: bool,
}

impl Encryption {
    /// What is added to the names of files that are encrypted.
    pub fn suffix(&self) -> &'static str {
        if self.armor { ".asc" } else { ".pgp" }
    }
}

/// Where a public key is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublicKey {
    /// A file, armoured or binary, seen from the configuration's folder.
    File(PathBuf),
    /// Where secrets are: an armoured one.
    Secret(Secret),
}

/// Who signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signing {
    /// `key`: an armoured secret key.
    pub key: Secret,
    /// `passphrase`: of the key.
    pub passphrase: Option<Secret>,
}
