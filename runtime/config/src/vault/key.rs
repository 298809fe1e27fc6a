//! Keys of vaults: an age identity, or a passphrase.

use std::io::{Read, Write};
use std::iter;
use std::path::Path;
use std::str::FromStr;

use age::{DecryptError, Decryptor, Encryptor, Identity, Recipient, scrypt, x25519};
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use super::VaultError;
use crate::Secret;

/// The fewest characters of a passphrase.
pub(super) const SHORTEST: usize = 12;
/// How much work a guess is: 2 to the power of it, about a second and 256 MiB.
const WORK: u8 = if cfg!(test) { 10 } else { 18 };
/// Four times as much, from whoever wrote the file with another tool.
const MOST_WORK: u8 = 20;
const IDENTITY: &str = "AGE-SECRET-KEY-";

pub(super) enum Key {
    Identity(Box<x25519::Identity>),
    Passphrase(SecretString),
}

/// Why a key does not open a file.
pub(super) enum Fault {
    WrongKey(&'static str),
    Damaged(&'static str),
}

impl Fault {
    pub(super) fn of(self, path: &Path, key: &Secret) -> VaultError {
        match self {
            Fault::WrongKey(reason) => VaultError::WrongKey { path: path.to_owned(), key: key.to_string(), reason },
            Fault::Damaged(reason) => VaultError::damaged(path, reason),
        }
    }
}

/// A new identity.
pub(super) fn generate() -> SecretString {
    let identity = x25519::Identity::generate();
    let public = identity.to_public();
    format!("# The key of a vault of tradewire\n# public key: {public}\n{}\n", identity.to_string().expose_secret())
        .into()
}

impl Key {
    /// The key that a text is: the identity in it, on a line of its own, else a passphrase.
    pub(super) fn read(place: &Secret, text: &SecretString) -> Result<Key, VaultError> {
        let not_a_key = || VaultError::NotAKey { key: place.to_string() };
        let text = text.expose_secret();
        let lines = || text.lines().map(str::trim);
        let mut identities = lines().filter(|line| line.to_ascii_uppercase().starts_with(IDENTITY));
        match (identities.next(), identities.next()) {
            (Some(identity), None)
                if lines().all(|line| line.is_empty() || line.starts_with('#') || line == identity) =>
            {
                let identity = x25519::Identity::from_str(identity).map_err(|_| not_a_key())?;
                Ok(Key::Identity(Box::new(identity)))
            }
            (None, _) if lines().count() == 1 => Ok(Key::Passphrase(text.into())),
            _ => Err(not_a_key()),
        }
    }

    /// Whether someone who has the file may guess it.
    pub(super) fn is_weak(&self) -> bool {
        match self {
            Key::Identity(_) => false,
            Key::Passphrase(passphrase) => passphrase.expose_secret().chars().count() < SHORTEST,
        }
    }

    /// Encrypts.
    pub(super) fn seal(&self, plain: &[u8]) -> Result<Vec<u8>, VaultError> {
        let seal = |recipient: &dyn Recipient| {
            let encryptor = Encryptor::with_recipients(iter::once(recipient)).map_err(std::io::Error::other)?;
            let mut sealed = Vec::new();
            let mut writer = encryptor.wrap_output(&mut sealed)?;
            writer.write_all(plain)?;
            writer.finish()?;
            Ok(sealed)
        };
        let sealed = match self {
            Key::Identity(identity) => seal(&identity.to_public()),
            Key::Passphrase(passphrase) => {
                let mut recipient = scrypt::Recipient::new(passphrase.clone());
                recipient.set_work_factor(WORK);
                seal(&recipient)
            }
        };
        sealed.map_err(VaultError::unwritten)
    }

    /// Decrypts.
    pub(super) fn open(&self, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Fault> {
        let decryptor = Decryptor::new_buffered(sealed).map_err(|error| fault(&error))?;
        let opened = match (self, decryptor.is_scrypt()) {
            (Key::Identity(_), true) => {
                return Err(Fault::WrongKey(
                    "it is an age identity, and the vault was written for a passphrase: correct `key` of `[vault]`",
                ));
            }
            (Key::Passphrase(_), false) => {
                return Err(Fault::WrongKey(
                    "it is a passphrase, and the vault was written for an age identity: correct `key` of `[vault]`",
                ));
            }
            (Key::Identity(identity), false) => decryptor.decrypt(iter::once(&**identity as &dyn Identity)),
            (Key::Passphrase(passphrase), true) => {
                let mut identity = scrypt::Identity::new(passphrase.clone());
                identity.set_max_work_factor(MOST_WORK);
                decryptor.decrypt(iter::once(&identity as &dyn Identity))
            }
        };
        // Encrypted it is longer: nothing grows, which would leave copies behind.
        let mut plain = Zeroizing::new(Vec::with_capacity(sealed.len()));
        let read = opened.map_err(|error| fault(&error))?.read_to_end(&mut plain);
        read.map_err(|_| Fault::Damaged("its content does not decrypt as a whole"))?;
        Ok(plain)
    }
}

fn fault(error: &DecryptError) -> Fault {
    match error {
        DecryptError::NoMatchingKeys | DecryptError::DecryptionFailed | DecryptError::KeyDecryptionFailed => {
            Fault::WrongKey(
                "it is not the key that the vault was written with last, or the file is damaged; put the right key \
                 there, or correct `key` and `file` of `[vault]`",
            )
        }
        DecryptError::ExcessiveWork { .. } => Fault::Damaged("its passphrase asks for more work than tradewire does"),
        DecryptError::InvalidMac => Fault::Damaged("its head is not as it was written"),
        _ => Fault::Damaged("it is no age file, or it is cut off"),
    }
}
