//! Files encrypted and signed as OpenPGP does it, for receivers that want that.
//!
//! Two encryptions of one file have no bytes in common: a file is encrypted once for each delivery, and what comes out
//! is kept and delivered. It is what every implementation reads: AES-256 with a modification check (RFC 4880, and 9580,
//! 5.13.1), uncompressed, signed inside. A file is read, encrypted and written piece by piece, however large it is.

mod certificate;
mod key;
mod settings;

use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use data_encoding::HEXLOWER;
use pgp::composed::{ArmorOptions, MessageBuilder};
use pgp::crypto::sym::SymmetricKeyAlgorithm;
use rand::rngs::OsRng;
use sha2::{Digest as _, Sha256};
use tradewire_disk::with_help;

use self::certificate::{Part, Recipient};
use self::key::Signer;
pub use self::settings::OpenPgpSettings;
use crate::SettingsError;

/// Encrypts files to some, signed by one or by nobody.
pub struct Encryption {
    recipients: Vec<Recipient>,
    signer: Option<Signer>,
    armor: bool,
}

/// An encrypted file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encrypted {
    /// How many bytes it has.
    pub bytes: u64,
    /// Their SHA-256, as lower-case hexadecimal digits.
    pub sha256: String,
}

/// Why a file was not encrypted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenPgpError {
    /// A key was good when it was read, and is no more.
    #[error("{0}")]
    Key(#[from] SettingsError),
    /// The file cannot be read.
    #[error("cannot read `{}` to encrypt it: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The encrypted file cannot be written.
    #[error("cannot write the encrypted file `{}`: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Anything else.
    #[error("cannot encrypt `{name}`: {fault}")]
    Encrypt {
        /// What the file is called.
        name: String,
        /// Why not.
        fault: String,
    },
}

impl OpenPgpError {
    /// Whether a later try may succeed without anyone's doing.
    pub fn is_transient(&self) -> bool {
        match self {
            OpenPgpError::Key(_) | OpenPgpError::Encrypt { .. } => false,
            OpenPgpError::Read { source, .. } | OpenPgpError::Write { source, .. } => {
                !matches!(source.kind(), io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied)
            }
        }
    }
}

impl Encryption {
    /// Reads the keys. Each recipient's has to be one that can be encrypted to now: not expired, not revoked, and not for
    /// signatures alone. Blocks while a passphrase is checked.
    pub fn new(settings: &OpenPgpSettings) -> Result<Self, SettingsError> {
        let mut recipients = Vec::new();
        for file in &settings.recipients {
            recipients.extend(certificate::read(file)?);
        }
        if recipients.is_empty() {
            return Err(SettingsError::new(
                "recipients",
                "there is no key to encrypt to; give the receiver's public key",
            ));
        }
        let signer = match (&settings.sign, &settings.passphrase) {
            (Some(key), passphrase) => Some(Signer::read(key, passphrase.as_ref())?),
            (None, Some(_)) => {
                return Err(SettingsError::new(
                    "passphrase",
                    "there is no key that it is of; take it out, or give `sign`",
                ));
            }
            (None, None) => None,
        };
        let encryption = Self { recipients, signer, armor: settings.armor };
        encryption.parts(SystemTime::now()).map(drop)?;
        Ok(encryption)
    }

    /// The end of an encrypted file's name: `asc` or `pgp`.
    pub fn extension(&self) -> &'static str {
        if self.armor { "asc" } else { "pgp" }
    }

    /// The keys that can decrypt, each as its fingerprint with who has it.
    pub fn recipients(&self) -> impl Iterator<Item = String> + '_ {
        self.recipients.iter().map(Recipient::to_string)
    }

    /// Encrypts a file to a new one, which has all its bytes on the disk afterwards, or is not there. `name` is what
    /// messages call the file; it is not in the encrypted one, as RFC 9580, 5.9, has it. Blocks.
    pub fn encrypt(&self, from: &Path, name: &str, to: &Path) -> Result<Encrypted, OpenPgpError> {
        let now = SystemTime::now();
        let parts = self.parts(now)?;
        let source = File::open(from).map_err(|source| OpenPgpError::Read { path: from.to_owned(), source })?;
        let unwritten = |source| OpenPgpError::Write { path: to.to_owned(), source: with_help(source) };
        let target = File::options().write(true).create_new(true).open(to).map_err(unwritten)?;
        let mut source = Remembering { inner: BufReader::new(source), failed: None };
        let mut target = Measured { inner: BufWriter::new(target), bytes: 0, sha256: Sha256::new(), failed: None };
        let written = self.write(&mut source, &mut target, &parts, now).map_err(|error| error.to_string());
        let (read_failed, write_failed) = (source.failed, target.failed.take());
        let finished = match (written, read_failed, write_failed) {
            (_, Some(source), _) => Err(OpenPgpError::Read { path: from.to_owned(), source }),
            (_, _, Some(source)) => Err(unwritten(source)),
            (Err(fault), ..) => Err(OpenPgpError::Encrypt { name: name.to_owned(), fault }),
            (Ok(()), None, None) => target.finish().map_err(unwritten),
        };
        if finished.is_err() {
            let _ = fs::remove_file(to);
        }
        finished
    }

    fn write(
        &self,
        source: impl io::Read,
        target: impl Write,
        parts: &[Part<'_>],
        now: SystemTime,
    ) -> Result<(), pgp::errors::Error> {
        let builder = MessageBuilder::from_reader("", source);
        let mut builder = builder.seipd_v1(OsRng, SymmetricKeyAlgorithm::AES256);
        for part in parts {
            part.add_to(&mut builder)?;
        }
        if let Some(signer) = &self.signer {
            signer.add_to(&mut builder, now)?;
        }
        match self.armor {
            true => builder.to_armored_writer(OsRng, ArmorOptions::default(), target),
            false => builder.to_writer(OsRng, target),
        }
    }

    /// The part of each recipient's key that is encrypted to, where all keys are good: they expire while a server runs.
    fn parts(&self, now: SystemTime) -> Result<Vec<Part<'_>>, SettingsError> {
        let parts = self.recipients.iter().map(|recipient| recipient.part(now)).collect::<Result<_, _>>()?;
        self.signer.as_ref().map_or(Ok(()), |signer| signer.check(now))?;
        Ok(parts)
    }
}

impl fmt::Debug for Encryption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let recipients: Vec<String> = self.recipients().collect();
        f.debug_struct("Encryption")
            .field("recipients", &recipients)
            .field("armor", &self.armor)
            .finish_non_exhaustive()
    }
}

/// A reader that remembers why it failed: the library tells failed reads and writes alike.
struct Remembering<R> {
    inner: R,
    failed: Option<io::Error>,
}

impl<R: io::Read> io::Read for Remembering<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.inner.read(buffer).map_err(|error| remember(&mut self.failed, error))
    }
}

/// What is written, measured.
struct Measured {
    inner: BufWriter<File>,
    bytes: u64,
    sha256: Sha256,
    failed: Option<io::Error>,
}

impl Measured {
    fn finish(self) -> io::Result<Encrypted> {
        self.inner.into_inner()?.sync_all()?;
        Ok(Encrypted { bytes: self.bytes, sha256: HEXLOWER.encode(&self.sha256.finalize()) })
    }
}

impl Write for Measured {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(buffer).map_err(|error| remember(&mut self.failed, error))?;
        self.bytes += written as u64;
        self.sha256.update(&buffer[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush().map_err(|error| remember(&mut self.failed, error))
    }
}

fn remember(failed: &mut Option<io::Error>, error: io::Error) -> io::Error {
    let kind = error.kind();
    if kind != io::ErrorKind::Interrupted {
        failed.get_or_insert(error);
    }
    kind.into()
}
