//! The secret key that files are signed with.

use std::io::Read;
use std::time::SystemTime;

use pgp::composed::{Deserializable as _, Encryption, MessageBuilder, SignedPublicKey, SignedSecretKey};
use pgp::errors::Error;
use pgp::types::{KeyDetails as _, Password, SigningKey};
use secrecy::{ExposeSecret as _, SecretString};

use super::certificate::{Primary, check_subkey, name, seconds};
use crate::SettingsError;

const SETTING: &str = "sign";

/// Who signs.
pub(super) struct Signer {
    key: SignedSecretKey,
    public: SignedPublicKey,
    passphrase: Option<SecretString>,
}

impl Signer {
    /// Reads an armoured secret key, and opens it with its passphrase.
    pub(super) fn read(key: &SecretString, passphrase: Option<&SecretString>) -> Result<Self, SettingsError> {
        let fault = |message: &str| SettingsError::new(SETTING, message);
        let (key, _) = SignedSecretKey::from_armor_single(key.expose_secret().as_bytes()).map_err(|_| {
            fault("it is no armoured OpenPGP secret key; write it with `gpg --armor --export-secret-keys <user>`")
        })?;
        let signer = Self { public: key.to_public_key(), key, passphrase: passphrase.cloned() };
        let opened = match signer.signing_key(seconds(SystemTime::now())) {
            Ok(SigningPart::Primary) => signer.key.primary_key.unlock(&signer.password(), |_, _| Ok(())),
            Ok(SigningPart::Subkey(subkey)) => {
                signer.key.secret_subkeys[subkey].key.unlock(&signer.password(), |_, _| Ok(()))
            }
            Err(error) => return Err(fault(&format!("{} {error}", name(&signer.public)))),
        };
        match (opened, passphrase) {
            (Ok(Ok(())), _) => Ok(signer),
            (_, Some(_)) => Err(SettingsError::new("passphrase", "it does not open the key of `sign`; correct it")),
            (_, None) => Err(SettingsError::new(
                "passphrase",
                "the key of `sign` is encrypted and there is no passphrase; give it, or a key without one",
            )),
        }
    }

    /// Whether it can still sign.
    pub(super) fn check(&self, now: SystemTime) -> Result<(), SettingsError> {
        let fault = |fault| SettingsError::new(SETTING, format!("{} {fault}", name(&self.public)));
        self.signing_key(seconds(now)).map(drop).map_err(fault)
    }

    /// Signs a message.
    pub(super) fn add_to<'a, R: Read, E: Encryption>(
        &'a self,
        message: &mut MessageBuilder<'a, R, E>,
        now: SystemTime,
    ) -> Result<(), Error> {
        let part = self.signing_key(seconds(now)).map_err(std::io::Error::other)?;
        let key: &dyn SigningKey = match part {
            SigningPart::Primary => &self.key.primary_key,
            SigningPart::Subkey(subkey) => &self.key.secret_subkeys[subkey].key,
        };
        message.sign(key, self.password(), key.hash_alg());
        Ok(())
    }

    fn password(&self) -> Password {
        self.passphrase.as_ref().map_or_else(Password::empty, |passphrase| passphrase.expose_secret().into())
    }

    /// The newest subkey that signs, else the primary key.
    fn signing_key(&self, now: u32) -> Result<SigningPart, String> {
        let primary = Primary::of(&self.public, now)?;
        let mut good = Vec::new();
        for (index, subkey) in self.key.secret_subkeys.iter().enumerate() {
            let flags = check_subkey(&self.public, &subkey.signed_public_key(), now);
            if subkey.key.algorithm().can_sign() && flags.is_ok_and(|flags| flags.is_some_and(|flags| flags.sign())) {
                good.push((subkey.key.created_at(), index));
            }
        }
        if let Some((_, newest)) = good.into_iter().max() {
            return Ok(SigningPart::Subkey(newest));
        }
        if self.key.primary_key.algorithm().can_sign() && primary.flags.is_none_or(|flags| flags.sign()) {
            return Ok(SigningPart::Primary);
        }
        Err("has no part that signs and is neither expired nor revoked; give another".to_owned())
    }
}

/// The part of a key that signs.
enum SigningPart {
    Primary,
    /// By its place among the secret subkeys.
    Subkey(usize),
}
