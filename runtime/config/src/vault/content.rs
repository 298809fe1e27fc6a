//! What is in a vault.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::VaultError;

const VERSION: u32 = 1;

/// The secrets of a vault, by name.
#[derive(Debug, Default)]
pub struct Secrets(BTreeMap<String, StoredSecret>);

/// A secret, and when it was set.
#[derive(Debug, Deserialize)]
pub struct StoredSecret {
    /// The secret.
    pub value: SecretString,
    /// When it was set.
    pub set: DateTime<Utc>,
}

#[derive(Deserialize)]
struct Document {
    secrets: BTreeMap<String, StoredSecret>,
}

#[derive(Serialize)]
struct Written<'a> {
    version: u32,
    secrets: BTreeMap<&'a str, WrittenSecret<'a>>,
}

#[derive(Serialize)]
struct WrittenSecret<'a> {
    value: &'a str,
    set: DateTime<Utc>,
}

impl Secrets {
    /// A secret.
    pub fn get(&self, name: &str) -> Option<&StoredSecret> {
        self.0.get(name)
    }

    /// The names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Names, and when each was set, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, DateTime<Utc>)> {
        self.0.iter().map(|(name, secret)| (name.as_str(), secret.set))
    }

    pub(super) fn insert(&mut self, name: &str, secret: StoredSecret) -> bool {
        self.0.insert(name.to_owned(), secret).is_some()
    }

    pub(super) fn remove(&mut self, name: &str) -> bool {
        self.0.remove(name).is_some()
    }

    pub(super) fn to_json(&self) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let written = |secret: &StoredSecret| secret.value.expose_secret().len() * 6 + 256;
        // Room for all of it: what grows leaves copies behind.
        let mut json = Zeroizing::new(Vec::with_capacity(self.0.values().map(written).sum::<usize>() + 256));
        let secrets = self.0.iter().map(|(name, secret)| {
            (name.as_str(), WrittenSecret { value: secret.value.expose_secret(), set: secret.set })
        });
        let document = Written { version: VERSION, secrets: secrets.collect() };
        serde_json::to_writer(&mut *json, &document).map_err(|error| VaultError::unwritten(error.into()))?;
        Ok(json)
    }

    pub(super) fn from_json(json: &[u8], path: &Path) -> Result<Secrets, VaultError> {
        #[derive(Deserialize)]
        struct Version {
            version: u32,
        }
        // What a parser says of a text may show some of it.
        let damaged = |_| VaultError::damaged(path, "what it holds is no vault of tradewire");
        let Version { version } = serde_json::from_slice(json).map_err(damaged)?;
        if version > VERSION {
            return Err(VaultError::Newer { path: path.to_owned() });
        }
        let Document { secrets } = serde_json::from_slice(json).map_err(damaged)?;
        Ok(Secrets(secrets))
    }
}
