//! The encrypted local vault: secrets by name in one file that a key opens.
//!
//! The file is in the format of [age](https://age-encryption.org), so that `age --decrypt` opens it too. Its key is an age
//! identity, which opens it at once, or a passphrase, which is stretched with scrypt and takes about a second. What is in
//! it is written as a whole: encrypted beside the file, flushed, and moved to its name, by one writer at a time.
//!
//! A [`Vault`] is opened once for all secrets that are asked of it, and again only when its file or its key has changed.

mod content;
mod error;
mod file;
mod key;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::{fmt, fs, io};

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use tradewire_surface::Catalog;

use crate::Secret;
use key::Key;

pub use content::{Secrets, StoredSecret};
pub use error::VaultError;

/// The longest secret: more is a file.
const LONGEST: usize = 64 * 1024;
const LONGEST_NAME: usize = 64;

/// A vault, whether its file is there or not.
pub struct Vault {
    path: PathBuf,
    key: Secret,
    opened: Mutex<Option<Opened>>,
}

/// What was read the last time, or why not.
struct Opened {
    sealed: Vec<u8>,
    key: SecretString,
    secrets: Result<Arc<Secrets>, VaultError>,
}

impl Vault {
    /// The vault in this file, with its key in that place.
    pub fn new(path: PathBuf, key: Secret) -> Vault {
        Vault { path, key, opened: Mutex::default() }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the key is.
    pub fn key(&self) -> &Secret {
        &self.key
    }

    /// What is in it. Blocks, for about a second where the key is a passphrase and the file or the key is another than the
    /// last time.
    pub fn secrets(&self) -> Result<Arc<Secrets>, VaultError> {
        let sealed = file::read(&self.path)?;
        let key = self.key.resolve().map_err(VaultError::key)?;
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        match &*opened {
            Some(last) if last.sealed == sealed && last.key.expose_secret() == key.expose_secret() => {
                last.secrets.clone()
            }
            _ => {
                let secrets = self.open(&key, &sealed).map(Arc::new);
                *opened = Some(Opened { sealed, key, secrets: secrets.clone() });
                secrets
            }
        }
    }

    /// Makes it, empty. Where the key is to be in a file that is not there, a new one is written to it; then its path is
    /// the answer.
    pub fn init(&self) -> Result<Option<PathBuf>, VaultError> {
        let _alone = file::lock(&self.path)?;
        if fs::symlink_metadata(&self.path).is_ok() {
            return Err(VaultError::Exists { path: self.path.clone() });
        }
        let made = make_key(&self.key)?;
        let key = strong(&self.key)?;
        file::replace(&self.path, &key.seal(&Secrets::default().to_json()?)?)?;
        Ok(made)
    }

    /// Puts a secret in, over the one that may be there; whether there was one.
    pub fn set(&self, name: &str, value: SecretString, at: DateTime<Utc>) -> Result<bool, VaultError> {
        if !is_name(name) {
            return Err(VaultError::NotAName { name: name.to_owned() });
        }
        match value.expose_secret() {
            "" => return Err(VaultError::Empty { name: name.to_owned() }),
            value if value.len() > LONGEST => {
                return Err(VaultError::TooLong { name: name.to_owned(), most: LONGEST });
            }
            _ => {}
        }
        tradewire_secrets::register(value.expose_secret());
        self.change(|secrets| Ok(secrets.insert(name, StoredSecret { value, set: at })))
    }

    /// Takes a secret out.
    pub fn remove(&self, name: &str) -> Result<(), VaultError> {
        self.change(|secrets| if secrets.remove(name) { Ok(()) } else { Err(self.missing(secrets, name)) })
    }

    /// Writes it for another key, from then on the only one that opens it. Where that is to be in a file that is not
    /// there, a new one is written to it; then its path is the answer.
    pub fn rekey(&self, other: &Secret) -> Result<Option<PathBuf>, VaultError> {
        if *other == self.key {
            return Err(VaultError::SameKey { key: other.to_string() });
        }
        let _alone = file::lock(&self.path)?;
        let secrets = self.open(&self.key.resolve().map_err(VaultError::key)?, &file::read(&self.path)?)?;
        let made = make_key(other)?;
        if let Some(key) = &made {
            file::give_as(key, &self.path)?;
        }
        file::replace(&self.path, &strong(other)?.seal(&secrets.to_json()?)?)?;
        Ok(made)
    }

    /// That a secret is not in it, with what is near.
    pub(crate) fn missing(&self, secrets: &Secrets, name: &str) -> VaultError {
        let near = Catalog::nearest(name, secrets.names()).map(str::to_owned);
        VaultError::NoSuchSecret { path: self.path.clone(), name: name.to_owned(), near }
    }

    fn change<T>(&self, change: impl FnOnce(&mut Secrets) -> Result<T, VaultError>) -> Result<T, VaultError> {
        let _alone = file::lock(&self.path)?;
        let text = self.key.resolve().map_err(VaultError::key)?;
        let mut secrets = self.open(&text, &file::read(&self.path)?)?;
        let done = change(&mut secrets)?;
        file::replace(&self.path, &Key::read(&self.key, &text)?.seal(&secrets.to_json()?)?)?;
        Ok(done)
    }

    fn open(&self, key: &SecretString, sealed: &[u8]) -> Result<Secrets, VaultError> {
        let plain = Key::read(&self.key, key)?.open(sealed).map_err(|fault| fault.of(&self.path, &self.key))?;
        Secrets::from_json(&plain, &self.path)
    }
}

/// Whether a secret may be called so, or what the configuration names.
pub fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    (1..=LONGEST_NAME).contains(&name.len()) && name.chars().all(plain)
}

/// Writes a new identity where a key is to be in a file that is not there.
fn make_key(place: &Secret) -> Result<Option<PathBuf>, VaultError> {
    let Secret::File(path) = place else { return Ok(None) };
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let key = key::generate();
            tradewire_secrets::register(key.expose_secret());
            file::replace(path, key.expose_secret().as_bytes())?;
            Ok(Some(path.clone()))
        }
        _ => Ok(None),
    }
}

/// The key in a place, strong enough to write something for.
fn strong(place: &Secret) -> Result<Key, VaultError> {
    let key = Key::read(place, &place.resolve().map_err(VaultError::key)?)?;
    if key.is_weak() { Err(VaultError::Weak { key: place.to_string(), least: key::SHORTEST }) } else { Ok(key) }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").field("path", &self.path).field("key", &self.key).finish_non_exhaustive()
    }
}

impl PartialEq for Vault {
    fn eq(&self, other: &Vault) -> bool {
        self.path == other.path && self.key == other.key
    }
}

impl Eq for Vault {}

#[cfg(test)]
mod tests;
