//! Host keys: which are pinned, and which one a server has shown.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};

use russh::Preferred;
use russh::client::Handler;
use russh::keys::ssh_key::Fingerprint;
use russh::keys::{Algorithm, EcdsaCurve, HashAlg, PublicKeyOrCertificate};

use crate::SettingsError;

/// The fingerprints of the keys that a server may show.
#[derive(Debug, Clone)]
pub(super) struct HostKeys(Arc<[Fingerprint]>);

impl HostKeys {
    pub(super) fn new(pinned: &[String]) -> Result<Self, SettingsError> {
        let read = |text: &String| match text.trim().trim_end_matches('=').parse() {
            Ok(fingerprint @ Fingerprint::Sha256(_)) => Ok(fingerprint),
            _ => Err(SettingsError::new(
                "host_keys",
                format!(
                    "`{text}` is no fingerprint of a host key; write it as `ssh-keygen -lf` prints it, `SHA256:` and 43 \
                     characters"
                ),
            )),
        };
        Ok(Self(pinned.iter().map(read).collect::<Result<_, _>>()?))
    }

    /// The check of one connection, and where what it was shown is found afterwards.
    pub(super) fn check(&self) -> (Check, Shown) {
        let shown = Shown::default();
        (Check { pinned: self.clone(), shown: shown.clone() }, shown)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `SHA256:… or SHA256:…`
    pub(super) fn expected(&self) -> String {
        let all: Vec<String> = self.0.iter().map(Fingerprint::to_string).collect();
        all.join(" or ")
    }
}

/// The host key that a connection was shown.
#[derive(Debug, Clone, Default)]
pub(super) struct Shown(Arc<Mutex<Option<HostKey>>>);

/// A host key, and whether it is pinned.
#[derive(Debug, Clone)]
pub(super) struct HostKey {
    pub(super) fingerprint: String,
    pub(super) family: Family,
    pub(super) trusted: bool,
}

impl Shown {
    pub(super) fn get(&self) -> Option<HostKey> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The kinds of keys that a server may have one of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    Ed25519,
    Ecdsa,
    Rsa,
}

impl Family {
    pub(super) const ALL: [Family; 3] = [Family::Ed25519, Family::Ecdsa, Family::Rsa];

    fn of(algorithm: &Algorithm) -> Self {
        match algorithm {
            Algorithm::Rsa { .. } => Family::Rsa,
            Algorithm::Ecdsa { .. } => Family::Ecdsa,
            _ => Family::Ed25519,
        }
    }

    /// What to ask a server for, so that it shows this kind of key.
    pub(super) fn preferred(self) -> Preferred {
        let ecdsa = |curve| Algorithm::Ecdsa { curve };
        let keys = match self {
            Family::Ed25519 => vec![Algorithm::Ed25519],
            Family::Ecdsa => [EcdsaCurve::NistP256, EcdsaCurve::NistP384, EcdsaCurve::NistP521].map(ecdsa).into(),
            Family::Rsa => [Some(HashAlg::Sha512), Some(HashAlg::Sha256)].map(|hash| Algorithm::Rsa { hash }).into(),
        };
        Preferred { key: Cow::Owned(keys), ..Preferred::DEFAULT }
    }

    /// What to ask a server for, so that it shows this kind of key where it has one, and else another.
    pub(super) fn preferred_first(self) -> Preferred {
        let mut keys = self.preferred().key.into_owned();
        keys.extend(Preferred::DEFAULT.key.iter().filter(|key| Family::of(key) != self).cloned());
        Preferred { key: Cow::Owned(keys), ..Preferred::DEFAULT }
    }
}

/// Lets a connection go on only with a server that shows a pinned key.
pub(super) struct Check {
    pinned: HostKeys,
    shown: Shown,
}

impl Handler for Check {
    type Error = russh::Error;

    async fn check_server_key(&mut self, key: &PublicKeyOrCertificate) -> Result<bool, Self::Error> {
        // Certificates are not asked for.
        let PublicKeyOrCertificate::PublicKey { key, .. } = key else { return Ok(false) };
        let fingerprint = key.fingerprint(HashAlg::Sha256);
        let trusted = self.pinned.0.contains(&fingerprint);
        let shown = HostKey { fingerprint: fingerprint.to_string(), family: Family::of(&key.algorithm()), trusted };
        *self.shown.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(shown);
        Ok(trusted)
    }
}
