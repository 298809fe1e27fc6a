//! Who may call vendors, told apart by their keys.

use std::collections::HashMap;
use std::sync::LazyLock;

use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};
use tradewire_config::{self as config, CallerKey, Config};
use tradewire_executor::Faults;
use tradewire_secrets::guessable;

/// A key of fewer characters may be guessed.
const SHORTEST_KEY: usize = 20;
/// What suggestions print a good key with.
const DRAWN: &str = "set it to one that is drawn at random, such as `openssl rand -hex 32` prints";

/// Callers by their keys, as [`Sealed`] keeps them.
#[derive(Debug, Default)]
pub struct Callers(HashMap<Sealed, config::Caller>);

/// The digest of a key's digest, with what only this process knows: how long a look-up takes tells nothing of a key, not
/// even of its digest.
type Sealed = [u8; 32];

impl Callers {
    /// Reads the keys.
    pub fn load(config: &Config, faults: &mut Faults) -> Callers {
        let mut callers = HashMap::<_, config::Caller>::new();
        for caller in config.callers.values() {
            let digest = match &caller.key {
                CallerKey::Sha256(digest) => *digest,
                CallerKey::Secret(secret) => match secret.resolve() {
                    Err(error) => {
                        faults.secret(format_args!("caller `{}`, `key`", caller.name), &error);
                        continue;
                    }
                    Ok(key) => {
                        if let Some(fault) = guessable(key.expose_secret(), SHORTEST_KEY) {
                            faults.add(format!("caller `{}`, `key`: {secret} holds {fault}: {DRAWN}", caller.name));
                        }
                        Sha256::digest(key.expose_secret()).into()
                    }
                },
            };
            if let Some(other) = callers.insert(sealed(digest), caller.clone()) {
                let (one, other) = (&other.name, &caller.name);
                faults.add(format!("callers `{one}` and `{other}` have the same key: give each its own"));
            }
        }
        Callers(callers)
    }

    /// Whose key this is.
    pub fn find(&self, key: &[u8]) -> Option<&config::Caller> {
        self.0.get(&sealed(Sha256::digest(key).into()))
    }

    /// The names of all.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.0.values().map(|caller| caller.name.as_str())
    }
}

fn sealed(digest: [u8; 32]) -> Sealed {
    static SEAL: LazyLock<[u8; 32]> = LazyLock::new(|| {
        let mut seal = [0; 32];
        // Without it there would still be the digest between a guess and what it is compared with.
        let _ = getrandom::fill(&mut seal);
        seal
    });
    Sha256::new().chain_update(*SEAL).chain_update(digest).finalize().into()
}
