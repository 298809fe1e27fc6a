//! The key of this installation, by which it knows again what it wrote.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;

use hmac::{Hmac, Mac};
use sha2::Sha256;

/// The length of a seal, in bytes.
pub(crate) const SEAL: usize = 32;
/// The length of the key, in bytes.
const KEY: usize = 32;
/// What the seals of this key are for.
const PURPOSE: &str = "tradewire compiled component, 1";

/// Seals bytes and knows its seals again: HMAC-SHA256.
#[derive(Clone)]
pub(crate) struct Sealer(Hmac<Sha256>);

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer")
    }
}

impl Sealer {
    /// The key in this file, which is made where there is none. One that others may have read or written is refused.
    pub fn open(path: &Path) -> io::Result<Sealer> {
        let key = match read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                make(path)?;
                read(path)?
            }
            key => key?,
        };
        let mac = Hmac::new_from_slice(&key).map_err(io::Error::other)?;
        Ok(Sealer(mac.chain_update(PURPOSE)))
    }

    /// The seal of these bytes under this name.
    pub fn seal(&self, name: &str, bytes: &[u8]) -> [u8; SEAL] {
        self.over(name, bytes).finalize().into_bytes().into()
    }

    /// Whether this is the seal of these bytes under this name.
    pub fn is_seal(&self, seal: &[u8], name: &str, bytes: &[u8]) -> bool {
        self.over(name, bytes).verify_slice(seal).is_ok()
    }

    fn over(&self, name: &str, bytes: &[u8]) -> Hmac<Sha256> {
        // Its length keeps the name apart from the bytes.
        self.0.clone().chain_update((name.len() as u64).to_le_bytes()).chain_update(name).chain_update(bytes)
    }
}

fn read(path: &Path) -> io::Result<[u8; KEY]> {
    let mut file = open(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => error,
        kind => io::Error::new(kind, format!("{} cannot be read: {error}", path.display())),
    })?;
    // Of the file that is open, not of its name.
    let known = file.metadata()?;
    tradewire_private::ensure_ours(path, &known).map_err(|loose| {
        // With its mode mended it would still be a key that others know.
        let told = format!("{}: `rm {}`, and plugins are compiled once more", loose.diagnosis(), path.display());
        io::Error::new(io::ErrorKind::PermissionDenied, told)
    })?;
    let damaged = || {
        let shown = path.display();
        let message = format!("{shown} is no key of {KEY} bytes; help: remove it, and plugins are compiled once more");
        io::Error::new(io::ErrorKind::InvalidData, message)
    };
    if !known.is_file() || known.len() != KEY as u64 {
        return Err(damaged());
    }
    let mut key = [0; KEY];
    file.read_exact(&mut key).map_err(|_| damaged())?;
    Ok(key)
}

/// That others may have read or written it; the message says what to do.
pub(crate) fn denied(loose: tradewire_private::Loose) -> io::Error {
    io::Error::new(io::ErrorKind::PermissionDenied, loose)
}

#[cfg(unix)]
fn open(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    // A link is nobody's key, and a pipe would be waited for.
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    fs::OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path)
}

#[cfg(not(unix))]
fn open(path: &Path) -> io::Result<File> {
    File::open(path)
}

/// Makes a key, whole and for this user alone. Of several that make one at once, one is kept.
fn make(path: &Path) -> io::Result<()> {
    let mut key = [0; KEY];
    getrandom::fill(&mut key).map_err(io::Error::other)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Made with O_EXCL and 0600, and in place only when it is written.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(&key)?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(path) {
        Err(error) if error.error.kind() != io::ErrorKind::AlreadyExists => Err(error.error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_seal_is_known_again_by_the_same_key_and_of_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let one = Sealer::open(&folder.path().join("one.key")).unwrap();
        let seal = one.seal("name", b"bytes");
        assert!(Sealer::open(&folder.path().join("one.key")).unwrap().is_seal(&seal, "name", b"bytes"));
        assert!(!one.is_seal(&seal, "other", b"bytes"));
        assert!(!one.is_seal(&seal, "name", b"byte"));
        assert!(!one.is_seal(&seal, "nam", b"ebytes"));
        assert!(!one.is_seal(&seal[..31], "name", b"bytes"));
        assert!(!one.is_seal(b"", "name", b"bytes"));
        assert!(!Sealer::open(&folder.path().join("two.key")).unwrap().is_seal(&seal, "name", b"bytes"));
        assert!(!format!("{one:?}").contains(|c: char| c.is_ascii_digit()), "nothing of the key is shown");
    }

    #[test]
    fn several_that_make_the_key_at_once_have_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("compiled.key");
        let seals = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| Sealer::open(&path).unwrap().seal("", b""))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
        });
        assert!(seals.iter().all(|seal| *seal == seals[0]));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn a_key_that_others_may_have_read_is_refused_and_so_is_what_is_no_key() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("compiled.key");
        Sealer::open(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
        let told = |path: &Path| Sealer::open(path).unwrap_err().to_string();
        for mode in [0o640, 0o604, 0o620, 0o602] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let mends = format!("(mode {mode:04o}): `rm {}`, and plugins", path.display());
            assert!(told(&path).contains(&mends), "{}", told(&path));
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        symlink(&path, folder.path().join("link.key")).unwrap();
        assert!(Sealer::open(&folder.path().join("link.key")).is_err());
        fs::write(&path, b"short").unwrap();
        assert!(told(&path).contains("is no key of 32 bytes; help: remove it"), "{}", told(&path));
        fs::write(&path, [7; 33]).unwrap();
        assert!(told(&path).contains("is no key"), "{}", told(&path));
        if rustix::process::geteuid().is_root() {
            fs::write(&path, [7; 32]).unwrap();
            std::os::unix::fs::chown(&path, Some(65_534), None).unwrap();
            assert!(told(&path).contains("belongs to user 65534"), "{}", told(&path));
        }
    }
}
