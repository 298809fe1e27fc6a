//! References to secrets. The secret itself is read when it is needed and is never part of the configuration.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use secrecy::{ExposeSecret as _, SecretString};

use crate::vault::{Vault, VaultError};
use tradewire_private::{Loose, read_regular};

/// No secret is longer.
const LARGEST: u64 = 1024 * 1024;

/// Where a secret is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Secret {
    /// `{ env = "NAME" }`: an environment variable.
    Env(String),
    /// `{ file = "path" }`: a file, without the line end that it may close with.
    File(PathBuf),
    /// `{ vault = "name" }`: a secret of the encrypted vault.
    Vault(VaultReference),
}

/// A reference to a secret, as the configuration holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// `tenant.acme.client_secret`
    pub key: String,
    /// Where the secret is.
    pub secret: Secret,
}

/// A secret of the vault, and where the configuration refers to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VaultReference {
    /// The vault of `[vault]`.
    pub vault: Arc<Vault>,
    /// The secret's name there.
    pub name: String,
    /// `tradewire.toml:14:19`: file, line and column.
    pub place: String,
}

/// A secret that cannot be read. The message names the reference, never the secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// No such variable.
    #[error("environment variable `{0}` is not set: set it to the secret, or change the reference to it")]
    NotSet(String),
    /// The variable or the file is not text.
    #[error("{0} holds a secret that is not UTF-8 text: write it anew")]
    NotText(Secret),
    /// The variable or the file holds nothing.
    #[error("{0} holds no secret, it is empty: set it to the secret, or change the reference to it")]
    Empty(Secret),
    /// The file cannot be read.
    #[error("cannot read the secret file `{}`: {source}; {}, or change the reference to it", path.display(), readable(source))]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// Others can change the file.
    #[error("a secret is not to be had from everybody: {0}")]
    Loose(Loose),
    /// The vault cannot be opened, which is so for every secret in it.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The vault holds no secret of that name.
    #[error("{place}: {source}")]
    NotInVault {
        /// Where the configuration refers to it.
        place: String,
        /// What is near.
        source: VaultError,
    },
}

/// What makes a secret's file one that can be read.
fn readable(error: &std::io::Error) -> &'static str {
    match error.kind() {
        std::io::ErrorKind::PermissionDenied => "give it to the user that tradewire runs as",
        _ => "write the secret to a file there",
    }
}

impl Secret {
    /// Reads it. A line end at its end is not part of it; other white space is. From then on it is masked wherever texts
    /// are shown, kept or handed on.
    pub fn resolve(&self) -> Result<SecretString, SecretError> {
        let text = match self {
            Secret::Env(name) => match std::env::var(name) {
                Ok(text) => text,
                Err(std::env::VarError::NotPresent) => return Err(SecretError::NotSet(name.clone())),
                Err(std::env::VarError::NotUnicode(_)) => return Err(SecretError::NotText(self.clone())),
            },
            Secret::Vault(reference) => return reference.resolve(),
            Secret::File(path) => match read_private(path)? {
                Ok(bytes) => String::from_utf8(bytes).map_err(|_| SecretError::NotText(self.clone()))?,
                Err(source) => return Err(SecretError::Unreadable { path: path.clone(), source }),
            },
        };
        match text.trim_end_matches(['\r', '\n']) {
            "" => Err(SecretError::Empty(self.clone())),
            text => {
                tradewire_secrets::register(text);
                Ok(SecretString::from(text))
            }
        }
    }
}

/// Reads a file that nobody else can write to. That others own or read it is for `tradewire doctor` to tell: containers
/// hand secrets in like that.
fn read_private(path: &Path) -> Result<std::io::Result<Vec<u8>>, SecretError> {
    match tradewire_private::ensure_unchanged_by_others(path) {
        Err(loose @ Loose::Writable { .. }) => Err(SecretError::Loose(loose)),
        _ => Ok(read_regular(path, LARGEST)),
    }
}

impl VaultReference {
    fn resolve(&self) -> Result<SecretString, SecretError> {
        let secrets = self.vault.secrets()?;
        match secrets.get(&self.name) {
            Some(secret) => {
                tradewire_secrets::register(secret.value.expose_secret());
                Ok(secret.value.clone())
            }
            None => {
                let source = self.vault.missing(&secrets, &self.name);
                Err(SecretError::NotInVault { place: self.place.clone(), source })
            }
        }
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Secret::Env(name) => write!(f, "environment variable `{name}`"),
            Secret::File(path) => write!(f, "file `{}`", path.display()),
            Secret::Vault(reference) => write!(f, "vault secret `{}`", reference.name),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use secrecy::ExposeSecret;

    #[test]
    fn a_file_gives_its_text_without_the_last_line_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("acme.secret");
        std::fs::write(&path, "cs1.abc \r\n").unwrap();
        assert_eq!(Secret::File(path).resolve().unwrap().expose_secret(), "cs1.abc ");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_is_no_file_or_has_no_end_is_told_and_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").args(["-m", "600"]).arg(&pipe).status().unwrap().success());
        let told = |path: PathBuf| Secret::File(path).resolve().unwrap_err().to_string();
        let said = told(pipe.clone());
        assert!(
            said.starts_with(&format!("cannot read the secret file `{}`: it is a named pipe", pipe.display())),
            "{said}"
        );
        let long = folder.path().join("long");
        std::fs::write(&long, vec![b'a'; 1024 * 1024 + 1]).unwrap();
        assert!(told(long).contains("it is longer than 1048576 bytes, which is the most; write the secret to a file"));
    }

    #[test]
    fn what_cannot_be_read_names_the_reference() {
        let folder = tempfile::tempdir().unwrap();
        let empty = folder.path().join("empty");
        std::fs::write(&empty, "\n").unwrap();
        assert!(Secret::File(empty).resolve().unwrap_err().to_string().contains("is empty"));
        assert!(matches!(Secret::File(folder.path().join("none")).resolve(), Err(SecretError::Unreadable { .. })));
        let unset = Secret::Env("TRADEWIRE_TEST_THAT_NOBODY_SETS".to_owned()).resolve().unwrap_err();
        assert!(unset.to_string().contains("`TRADEWIRE_TEST_THAT_NOBODY_SETS` is not set"));
    }
}
