//! Public keys that files are encrypted to. The library checks signatures; which of them count, and what follows from
//! them (RFC 9580, 5.2.3.13, 5.2.3.29 and 10.1), is decided here.

use std::fmt;
use std::io::Read;
use std::time::SystemTime;

use pgp::composed::{EncryptionSeipdV1, MessageBuilder, PublicOrSecret, SignedPublicKey, SignedPublicSubKey};
use pgp::packet::{KeyFlags, PublicKey, PublicSubkey, Signature, SignatureType, SubpacketData};
use pgp::types::{KeyDetails, SignedUser, Tag};
use rand::rngs::OsRng;

use crate::SettingsError;

const SETTING: &str = "recipients";
const BEGIN: &[u8] = b"-----BEGIN PGP PUBLIC KEY BLOCK-----";
const END: &[u8] = b"-----END PGP PUBLIC KEY BLOCK-----";

/// Somebody who can decrypt.
pub(super) struct Recipient(SignedPublicKey);

/// The keys of a file, armoured or binary.
pub(super) fn read(file: &[u8]) -> Result<Vec<Recipient>, SettingsError> {
    let fault = |message: &str| SettingsError::new(SETTING, message);
    let none = "it is no OpenPGP public key; write it with `gpg --armor --export <user>`";
    let mut recipients = Vec::new();
    for block in blocks(file) {
        let (keys, _) = PublicOrSecret::from_reader_many(block).map_err(|_| fault(none))?;
        for key in keys {
            match key.map_err(|_| fault(none))? {
                PublicOrSecret::Public(key) => recipients.push(Recipient(key)),
                PublicOrSecret::Secret(_) => {
                    return Err(fault(
                        "it is a secret key, which nobody should give away; export the public one of it",
                    ));
                }
            }
        }
    }
    if recipients.is_empty() { Err(fault(none)) } else { Ok(recipients) }
}

/// The armoured blocks of a file, of which the library reads one at a time and nothing after it; a binary file is one.
fn blocks(file: &[u8]) -> Vec<&[u8]> {
    let find =
        |from: usize, text: &[u8]| file[from..].windows(text.len()).position(|bytes| bytes == text).map(|at| from + at);
    let (mut blocks, mut from) = (Vec::new(), 0);
    while let Some(begin) = find(from, BEGIN) {
        from = find(begin, END).map_or(file.len(), |end| end + END.len());
        blocks.push(&file[begin..from]);
    }
    if blocks.is_empty() { vec![file] } else { blocks }
}

impl Recipient {
    /// What of it is encrypted to.
    pub(super) fn part(&self, now: SystemTime) -> Result<Part<'_>, SettingsError> {
        self.find(seconds(now)).map_err(|fault| SettingsError::new(SETTING, format!("{self} {fault}")))
    }

    /// The newest subkey that can be encrypted to, else the primary key.
    fn find(&self, now: u32) -> Result<Part<'_>, String> {
        let primary = Primary::of(&self.0, now)?;
        let capable = self.0.public_subkeys.iter().filter(|subkey| subkey.key.algorithm().can_encrypt());
        let mut faults = Vec::new();
        let mut good = Vec::new();
        for subkey in capable {
            match check_subkey(&self.0, subkey, now) {
                Ok(flags) if flags.as_ref().is_none_or(encrypts) => good.push(subkey),
                Ok(_) => {}
                Err(fault) => faults.push(format!("its subkey {:X} {fault}", subkey.key.fingerprint())),
            }
        }
        if let Some(newest) = good.into_iter().max_by_key(|subkey| subkey.key.created_at()) {
            return Ok(Part::Subkey(&newest.key));
        }
        if self.0.primary_key.algorithm().can_encrypt() && primary.flags.as_ref().is_none_or(encrypts) {
            return Ok(Part::Primary(&self.0.primary_key));
        }
        match faults.is_empty() {
            true => Err("is for signatures alone, and cannot be encrypted to; ask the receiver for another".to_owned()),
            false => Err(format!("cannot be encrypted to: {}; ask the receiver for it anew", faults.join(", "))),
        }
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&name(&self.0))
    }
}

/// The part of a key that is encrypted to.
pub(super) enum Part<'a> {
    Primary(&'a PublicKey),
    Subkey(&'a PublicSubkey),
}

impl Part<'_> {
    /// Lets whoever has it decrypt a message.
    pub(super) fn add_to<R: Read>(
        &self,
        message: &mut MessageBuilder<'_, R, EncryptionSeipdV1>,
    ) -> Result<(), pgp::errors::Error> {
        match self {
            Part::Primary(key) => message.encrypt_to_key(OsRng, *key)?,
            Part::Subkey(key) => message.encrypt_to_key(OsRng, *key)?,
        };
        Ok(())
    }
}

/// `the key 6A…41 of "Acme <edi@example.com>"`
pub(super) fn name(key: &SignedPublicKey) -> String {
    let user = key.details.users.iter().max_by_key(|user| user.is_primary());
    let user = user.map_or_else(String::new, |user| format!(" of {:?}", String::from_utf8_lossy(user.id.id())));
    format!("the key {:X}{user}", key.fingerprint())
}

/// What a key says of itself, by its newest signatures.
pub(super) struct Primary {
    /// What the primary key is for; none where nothing is said.
    pub(super) flags: Option<KeyFlags>,
}

impl Primary {
    /// Refuses a key that is revoked or has expired, in words that follow its name.
    pub(super) fn of(key: &SignedPublicKey, now: u32) -> Result<Self, String> {
        let signs = |signature: &&Signature| signature.verify_key(&key.primary_key).is_ok();
        if key.details.revocation_signatures.iter().any(|signature| signs(&signature)) {
            return Err("was revoked; ask the receiver for another".to_owned());
        }
        let direct = newest(key.details.direct_signatures.iter().filter(signs), now);
        let user = key
            .details
            .users
            .iter()
            .filter_map(|user| Some((user.is_primary(), certification(key, user, now)?)))
            .max_by_key(|(primary, _)| *primary)
            .map(|(_, signature)| signature);
        let mut said: Vec<&Signature> = [direct, user].into_iter().flatten().collect();
        if said.is_empty() {
            return Err("has no signature of its own that is valid; ask the receiver for it anew".to_owned());
        }
        said.sort_by_key(|signature| std::cmp::Reverse(signature.created()));
        let expires = said.iter().find_map(|signature| signature.key_expiration_time());
        check_expiry(key.primary_key.created_at().as_secs(), expires, now)?;
        Ok(Self { flags: said.iter().find_map(|signature| flags(signature)) })
    }
}

/// The newest signature that binds a user to the key, where the user was not revoked since.
fn certification<'a>(key: &SignedPublicKey, user: &'a SignedUser, now: u32) -> Option<&'a Signature> {
    let own =
        user.signatures.iter().filter(|s| s.verify_certification(&key.primary_key, Tag::UserId, &user.id).is_ok());
    newest(own, now).filter(|newest| newest.typ() != Some(SignatureType::CertRevocation))
}

/// What a subkey is for; none where nothing is said. One that is revoked, has expired or is not the key's is refused.
pub(super) fn check_subkey(
    key: &SignedPublicKey,
    subkey: &SignedPublicSubKey,
    now: u32,
) -> Result<Option<KeyFlags>, String> {
    let own: Vec<&Signature> =
        subkey.signatures.iter().filter(|s| s.verify_subkey_binding(&key.primary_key, &subkey.key).is_ok()).collect();
    if own.iter().any(|signature| signature.typ() == Some(SignatureType::SubkeyRevocation)) {
        return Err("was revoked".to_owned());
    }
    let Some(binding) = newest(own.into_iter(), now) else { return Err("is not bound to it".to_owned()) };
    check_expiry(subkey.key.created_at().as_secs(), binding.key_expiration_time(), now)?;
    Ok(flags(binding))
}

/// The newest signature that is in force.
fn newest<'a>(signatures: impl Iterator<Item = &'a Signature>, now: u32) -> Option<&'a Signature> {
    let in_force = |signature: &&Signature| {
        let created = signature.created().map_or(0, |created| created.as_secs());
        let lasts = signature.signature_expiration_time().map_or(0, |lasts| lasts.as_secs());
        lasts == 0 || created.saturating_add(lasts) > now
    };
    signatures.filter(in_force).max_by_key(|signature| signature.created())
}

fn check_expiry(created: u32, lasts: Option<pgp::types::Duration>, now: u32) -> Result<(), String> {
    let Some(lasts) = lasts.map(pgp::types::Duration::as_secs).filter(|lasts| *lasts > 0) else { return Ok(()) };
    let expires = created.saturating_add(lasts);
    if now < expires {
        return Ok(());
    }
    let day = chrono::DateTime::from_timestamp(expires.into(), 0).unwrap_or_default().format("%Y-%m-%d");
    Err(format!("has expired on {day}; ask the receiver for it anew, or for another"))
}

/// What a signature says that a key is for.
fn flags(signature: &Signature) -> Option<KeyFlags> {
    signature.config()?.hashed_subpackets().find_map(|subpacket| match &subpacket.data {
        SubpacketData::KeyFlags(flags) => Some(flags.clone()),
        _ => None,
    })
}

fn encrypts(flags: &KeyFlags) -> bool {
    flags.encrypt_comms() || flags.encrypt_storage()
}

/// As OpenPGP counts time: until 2106.
pub(super) fn seconds(now: SystemTime) -> u32 {
    let since = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u32::try_from(since.as_secs()).unwrap_or(u32::MAX)
}
