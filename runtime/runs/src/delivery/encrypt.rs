//! Encryption of what is delivered: from file to file, once.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use secrecy::SecretString;
use tokio::task::spawn_blocking;
use tradewire_config::{Encryption, PublicKey, Secret};
use tradewire_delivery::SettingsError;
use tradewire_delivery::openpgp::{self, OpenPgpSettings};
use tradewire_store::Content;

use super::DeliveryError;

/// No public key is longer.
const LARGEST: u64 = 1024 * 1024;

/// The media type of an encrypted file of this name.
pub(super) fn content_type(name: &str) -> &'static str {
    if name.ends_with(".asc") { "text/plain" } else { "application/octet-stream" }
}

/// The keys of an `encrypt`, read anew; `name` is the file that they are for.
pub(super) async fn keys(encryption: &Encryption, name: &str) -> Result<Arc<openpgp::Encryption>, DeliveryError> {
    let encryption = encryption.clone();
    blocking(name, move || open(&encryption).map(Arc::new).map_err(|reason| (reason, false))).await
}

/// Encrypts a file to a new one; `name` is what it is called in messages, and is not in the encrypted file.
pub(super) async fn file(
    keys: Arc<openpgp::Encryption>,
    from: &Path,
    name: &str,
    to: PathBuf,
) -> Result<Content, DeliveryError> {
    let (from, called) = (from.to_owned(), name.to_owned());
    let encrypt = move || {
        let encrypted = keys.encrypt(&from, &called, &to).map_err(|error| (error.to_string(), error.is_transient()))?;
        Ok(Content { sha256: encrypted.sha256, bytes: encrypted.bytes })
    };
    blocking(name, encrypt).await
}

/// Work on a file beside the loop; why it fails, and whether that may pass.
async fn blocking<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> Result<T, (String, bool)> + Send + 'static,
) -> Result<T, DeliveryError> {
    let done = spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err((format!("the runtime failed: {error}"), true)))
        .map_err(|(reason, transient)| DeliveryError::Encrypt { name: name.to_owned(), reason, transient })
}

/// The keys of an `encrypt`, read anew. Blocks.
pub fn open(encryption: &Encryption) -> Result<openpgp::Encryption, String> {
    let read =
        |secret: &Secret| -> Result<SecretString, String> { secret.resolve().map_err(|error| error.to_string()) };
    let public = |key: &PublicKey| match key {
        PublicKey::File(path) => tradewire_private::read_regular(path, LARGEST).map_err(|error| {
            format!("cannot read the public key `{}`: {error}; correct `to` of `encrypt`", path.display())
        }),
        PublicKey::Secret(secret) => {
            read(secret).map(|key| secrecy::ExposeSecret::expose_secret(&key).as_bytes().to_vec())
        }
    };
    let (sign, passphrase) = match &encryption.sign {
        Some(signing) => (Some(read(&signing.key)?), signing.passphrase.as_ref().map(read).transpose()?),
        None => (None, None),
    };
    let recipients = encryption.to.iter().map(public).collect::<Result<Vec<_>, _>>()?;
    let settings = OpenPgpSettings { recipients, sign, passphrase, armor: encryption.armor };
    openpgp::Encryption::new(&settings).map_err(|SettingsError { setting, message }| {
        let key = if setting == "recipients" { "to" } else { setting };
        format!("`{key}` of `encrypt`: {message}")
    })
}
