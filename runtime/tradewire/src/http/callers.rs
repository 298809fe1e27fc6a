//! Who may call suppliers, told apart by their keys.

use std::collections::HashMap;

use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};
use tradewire_runs::config::{self, Config};

use crate::faults::Faults;

/// Callers by the digests of their keys: how long a look-up takes tells nothing of a key.
#[derive(Debug, Default)]
pub struct Callers(HashMap<[u8; 32], config::Caller>);

impl Callers {
    /// Reads the keys.
    pub fn load(config: &Config, faults: &mut Faults) -> Callers {
        let mut callers = HashMap::<_, config::Caller>::new();
        for caller in config.callers.values() {
            match caller.key.resolve() {
                Err(error) => faults.secret(format_args!("caller `{}`, `key`", caller.name), &error),
                Ok(key) => {
                    if let Some(other) = callers.insert(digest(key.expose_secret().as_bytes()), caller.clone()) {
                        let (one, other) = (&other.name, &caller.name);
                        faults.add(format!("callers `{one}` and `{other}` have the same key: give each its own"));
                    }
                }
            }
        }
        Callers(callers)
    }

    /// Whose key this is.
    pub fn find(&self, key: &[u8]) -> Option<&config::Caller> {
        self.0.get(&digest(key))
    }
}

fn digest(key: &[u8]) -> [u8; 32] {
    Sha256::digest(key).into()
}
