//! Whom a file is encrypted to, and who signs it.

use secrecy::SecretString;

/// Whom a file is encrypted to, and who signs it.
#[derive(Debug, Clone)]
pub struct OpenPgpSettings {
    /// Public keys, armoured or binary, one or more in each. All of them can decrypt; one at least is needed.
    pub recipients: Vec<Vec<u8>>,
    /// An armoured secret key that signs.
    pub sign: Option<SecretString>,
    /// The passphrase of the secret key, where it is encrypted.
    pub passphrase: Option<SecretString>,
    /// Whether what comes out is text (`.asc`) and not binary (`.pgp`).
    pub armor: bool,
}
