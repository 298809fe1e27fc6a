//! Deliveries: where files go, how each kind of destination is reached, and how often it is tried.

use std::path::PathBuf;
use std::time::Duration;

use indexmap::IndexMap;
use tradewire_delivery::HttpMethod;
use tradewire_outbound::Ca;
use tradewire_schedule::Retries;
use url::Url;

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
    /// `timeout`: how long nothing may move. 30 seconds; at most an hour.
    pub timeout: Duration,
    /// `retries`: after what may pass. 100 times, with pauses from 10 seconds to an hour: about four days.
    pub retries: Retries,
    /// `allow_http`: whether it may be reached without TLS on another machine. It may not.
    pub allow_http: bool,
    /// `ca`: whom the certificate of S3 or HTTP may be signed by, besides the authorities of this machine.
    pub ca: Ca,
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
    Sftp(SftpAccess),
    /// A bucket of an S3-compatible store.
    S3(S3Access),
    /// Whoever takes files over HTTP.
    Http {
        /// `to`.
        url: Url,
        /// `method`.
        method: HttpMethod,
        /// `headers`.
        headers: IndexMap<String, TextOrSecret>,
    },
}

impl DestinationSettings {
    /// The address as it is recorded and shown: without query, and without `/` at the end. None of a folder, whose path
    /// is not known before it is there.
    pub fn address(&self) -> Option<String> {
        let mut address = match self {
            DestinationSettings::Folder(_) => return None,
            DestinationSettings::Sftp(SftpAccess { url, .. }) | DestinationSettings::S3(S3Access { url, .. }) => {
                let mut address = url.clone();
                address.set_path(url.path().trim_end_matches('/'));
                address
            }
            DestinationSettings::Http { url, .. } => url.clone(),
        };
        address.set_query(None);
        Some(address.to_string())
    }

    /// `an SFTP server`
    pub fn kind(&self) -> &'static str {
        match self {
            DestinationSettings::Folder(_) => "a folder",
            DestinationSettings::Sftp(_) => "an SFTP server",
            DestinationSettings::S3(_) => "S3",
            DestinationSettings::Http { .. } => "HTTP",
        }
    }
}

/// How an SFTP server is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SftpAccess {
    /// `to`.
    pub url: Url,
    /// `user`.
    pub user: String,
    /// `password`.
    pub password: Option<Secret>,
    /// `key`: the private key.
    pub key: Option<Secret>,
    /// `passphrase`: of the key.
    pub passphrase: Option<Secret>,
    /// `host_key`: fingerprints; with none each try fails with the one that the server shows.
    pub host_keys: Vec<String>,
}

/// How a bucket is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Access {
    /// `to`.
    pub url: Url,
    /// `region`.
    pub region: String,
    /// `endpoint`: where the store is not Amazon's.
    pub endpoint: Option<Url>,
    /// `access_key_id`.
    pub access_key_id: TextOrSecret,
    /// `secret_access_key`.
    pub secret_access_key: Secret,
    /// `session_token`.
    pub session_token: Option<Secret>,
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
