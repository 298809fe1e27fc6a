//! Compiled components, kept on disk.
//!
//! An entry is keyed by the component's content and by everything of the engine that its code depends on, so an entry
//! that is found fits. It begins with its seal: one that this installation did not write, or that was cut short or
//! damaged, is told, thrown away and compiled again, and never run.
#![allow(unsafe_code)]

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::seal::{SEAL, Sealer, denied};

/// A folder of compiled components, and the key that seals them.
#[derive(Debug, Clone)]
pub struct Cache {
    folder: PathBuf,
    sealer: Sealer,
}

/// The most bytes of an entry.
const LARGEST: u64 = 4 << 30;
/// An entry that nobody has loaded for so long is removed when another is written.
const KEPT: Duration = Duration::from_secs(30 * 24 * 3600);

impl Cache {
    /// Uses the folder and the file of the key, which are made where they are missing, for this user alone. A folder that
    /// is ours and too open is mended, and that is told; one that is another's is refused, and so is a key that others
    /// may have read.
    pub fn open(folder: &Path, key: &Path) -> io::Result<Cache> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder)?;
        if let Some(mended) = tradewire_private::keep(folder).map_err(denied)? {
            tracing::warn!("{mended}");
        }
        Ok(Cache { folder: folder.to_owned(), sealer: Sealer::open(key)? })
    }

    /// The name of a component's entry.
    fn name(engine: &Engine, digest: &str) -> String {
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        format!("{digest}-{:016x}.cwasm", hasher.finish())
    }

    /// The compiled form of a component, if it is there and can be used.
    pub(crate) fn load(&self, engine: &Engine, digest: &str) -> Option<Component> {
        let name = Cache::name(engine, digest);
        let entry = self.folder.join(&name);
        let sealed = match read(&entry) {
            Ok(sealed) => sealed,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => return throw_away(&entry, &format!("cannot be read ({error})")),
        };
        let Some((seal, code)) = sealed.split_at_checked(SEAL) else { return throw_away(&entry, "is cut short") };
        if !self.sealer.is_seal(seal, &name, code) {
            return throw_away(&entry, "was not sealed by this installation, or is damaged");
        }
        // SAFETY: wasmtime asks that it wrote these bytes itself. The seal over these very bytes, which are in this
        // process's memory since, shows that whoever has the key wrote them: `store` below, of what a compiler answered.
        match unsafe { Component::deserialize(engine, code) } {
            Ok(component) => {
                // It is as old as its last use. Where that cannot be written, it is compiled again some day.
                let _ = File::options().append(true).open(&entry).and_then(|file| file.set_modified(SystemTime::now()));
                Some(component)
            }
            Err(error) => throw_away(&entry, &format!("cannot be used ({error:#})")),
        }
    }

    /// Keeps the compiled form of a component. That it cannot is no fault of the run.
    pub(crate) fn store(&self, engine: &Engine, digest: &str, code: &[u8]) {
        let name = Cache::name(engine, digest);
        if let Err(error) = self.write(&name, code) {
            let entry = self.folder.join(&name);
            tracing::warn!(entry = %entry.display(), "a compiled component cannot be kept: {error:#}");
        }
        if let Err(error) = self.remove_unused() {
            tracing::warn!(folder = %self.folder.display(), "compiled components that nobody uses stay: {error:#}");
        }
    }

    /// Removes entries of plugins and versions that are gone.
    fn remove_unused(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let known = entry.metadata()?;
            let unused = known.modified()?.elapsed().is_ok_and(|age| age > KEPT);
            if known.is_file() && unused && entry.path().extension().is_some_and(|extension| extension == "cwasm") {
                match fs::remove_file(entry.path()) {
                    // Another process was first.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    removed => removed?,
                }
            }
        }
        Ok(())
    }

    fn write(&self, name: &str, code: &[u8]) -> io::Result<()> {
        // Several may write the same entry at once, in this process and in others: each its own part, then whole.
        let mut part = tempfile::Builder::new().prefix(".part-").tempfile_in(&self.folder)?;
        part.write_all(&self.sealer.seal(name, code))?;
        part.write_all(code)?;
        part.persist(self.folder.join(name)).map(drop).map_err(|error| error.error)
    }
}

fn read(entry: &Path) -> io::Result<Vec<u8>> {
    let known = fs::symlink_metadata(entry)?;
    if !known.is_file() || known.len() > LARGEST {
        return Err(io::Error::other("it is no file, or one that is too large"));
    }
    let mut sealed = Vec::new();
    File::open(entry)?.take(LARGEST).read_to_end(&mut sealed)?;
    Ok(sealed)
}

fn throw_away<T>(entry: &Path, why: &str) -> Option<T> {
    tracing::warn!(entry = %entry.display(), "a compiled component {why}: it is thrown away and compiled again");
    // What cannot be removed is replaced, or told as often as it is found.
    let _ = fs::remove_file(entry);
    None
}

/// The SHA-256 of a component, in hexadecimal digits.
pub(crate) fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
