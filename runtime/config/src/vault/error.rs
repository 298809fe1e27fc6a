//! What may go wrong with a vault. No message holds anything of a secret or a key.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::SecretError;

/// What may go wrong with a vault.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum VaultError {
    /// There is none.
    #[error("there is no vault `{}`: make it with `tradewire vault init`, or correct `file` of `[vault]`", path.display())]
    NotThere {
        /// The file.
        path: PathBuf,
    },
    /// There is one already.
    #[error("the vault `{}` is there already: `tradewire vault set` puts a secret in, `rekey` gives it another key", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// Its file cannot be read.
    #[error("cannot read the vault `{}`: {source}; look whose it is with `ls -l {}`", path.display(), path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: Arc<io::Error>,
    },
    /// A file cannot be written: the vault, its lock or its new key. The vault is as it was.
    #[error("cannot write `{}`: {source}; the vault is as it was", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: Arc<io::Error>,
    },
    /// What is to be in it cannot be encrypted.
    #[error("cannot encrypt the vault: {source}; it is as it was")]
    Unwritten {
        /// Why not.
        source: Arc<io::Error>,
    },
    /// Its key is not where the configuration says.
    #[error("the vault has no key: {0}")]
    Key(Arc<SecretError>),
    /// Its key is none.
    #[error(
        "{key} holds neither a passphrase on one line nor an age identity (`AGE-SECRET-KEY-1…`): correct `key` of `[vault]`"
    )]
    NotAKey {
        /// Where it was found.
        key: String,
    },
    /// The passphrase may be guessed.
    #[error(
        "{key} holds a passphrase of fewer than {least} characters, which may be guessed: take a longer one, or write \
         `key = {{ file = \"vault.key\" }}` and let `tradewire vault init` make a key"
    )]
    Weak {
        /// Where it was found.
        key: String,
        /// How many there must be.
        least: usize,
    },
    /// Its key is another one.
    #[error("{key} does not open the vault `{}`: {reason}", path.display())]
    WrongKey {
        /// The file.
        path: PathBuf,
        /// Where the key was found.
        key: String,
        /// What is known of it, and what to do.
        reason: &'static str,
    },
    /// The key that it is to have is the one that it has.
    #[error(
        "{key} is the vault's key already: give the new one another name, and correct `key` of `[vault]` afterwards"
    )]
    SameKey {
        /// Where it is.
        key: String,
    },
    /// Its file is not as it was written.
    #[error(
        "the vault `{}` is damaged ({reason}): put a copy of it back, or move it away, make a new one with `tradewire \
         vault init` and set its secrets again",
        path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A newer version of Tradewire has written it.
    #[error("the vault `{}` was written by a newer version of tradewire: use that version", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
    },
    /// It holds no such secret.
    #[error(
        "the vault `{}` holds no `{}`; {}", path.display(), name.escape_debug(), match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => "`tradewire vault list` shows what it holds, `tradewire vault set` puts a secret in".to_owned(),
        }
    )]
    NoSuchSecret {
        /// The file.
        path: PathBuf,
        /// The secret.
        name: String,
        /// What may be meant.
        near: Option<String>,
    },
    /// A secret cannot be called so.
    #[error("`{}` is not a name: write 1 to 64 letters, digits, `-`, `_` and `.`", name.escape_debug())]
    NotAName {
        /// The name.
        name: String,
    },
    /// There is no secret to put in.
    #[error("there is no secret to set for `{name}`: write it to the standard input")]
    Empty {
        /// The name.
        name: String,
    },
    /// A secret is too long.
    #[error("the secret for `{name}` has more than {most} bytes: keep it in a file, `{{ file = \"…\" }}`")]
    TooLong {
        /// The name.
        name: String,
        /// The most it may have.
        most: usize,
    },
}

impl VaultError {
    pub(super) fn key(error: SecretError) -> VaultError {
        VaultError::Key(Arc::new(error))
    }

    pub(super) fn unreadable(path: &Path, source: io::Error) -> VaultError {
        match source.kind() {
            io::ErrorKind::NotFound => VaultError::NotThere { path: path.to_owned() },
            _ => VaultError::Unreadable { path: path.to_owned(), source: Arc::new(source) },
        }
    }

    pub(super) fn unwritable(path: &Path, source: io::Error) -> VaultError {
        VaultError::Unwritable { path: path.to_owned(), source: Arc::new(source) }
    }

    pub(super) fn unwritten(source: io::Error) -> VaultError {
        VaultError::Unwritten { source: Arc::new(source) }
    }

    pub(super) fn damaged(path: &Path, reason: impl Into<String>) -> VaultError {
        VaultError::Damaged { path: path.to_owned(), reason: reason.into() }
    }
}
