//! Compiled components, kept on disk.
//!
//! An entry is keyed by the component's content and by everything of the engine that its code depends on, so an entry
//! that is found fits. It begins with the hash of what follows: one that was cut short or damaged is compiled again,
//! and never run.
#![allow(unsafe_code)]

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::{fs, io};

use sha2::{Digest, Sha256};
use wasmtime::Engine;
use wasmtime::component::Component;

/// A folder of compiled components. Only this user may be able to write to it: what is in it is run as it is.
#[derive(Debug, Clone)]
pub struct Cache {
    folder: PathBuf,
}

/// The length of the hash that an entry begins with.
const SEAL: usize = 32;

impl Cache {
    /// Uses the folder, which is created where it is missing, for this user alone. A folder that others may write to
    /// is refused.
    pub fn open(folder: &Path) -> io::Result<Cache> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder)?;
        #[cfg(unix)]
        if std::os::unix::fs::MetadataExt::mode(&fs::metadata(folder)?) & 0o022 != 0 {
            let folder = folder.display();
            let message = format!(
                "other users may write to {folder}, and what is in it is run; help: `chmod go-w {folder}`, or remove it"
            );
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, message));
        }
        Ok(Cache { folder: folder.to_owned() })
    }

    fn entry(&self, engine: &Engine, digest: &str) -> PathBuf {
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        self.folder.join(format!("{digest}-{:016x}.cwasm", hasher.finish()))
    }

    /// The compiled form of a component, if it is there and can be used.
    pub(crate) fn load(&self, engine: &Engine, digest: &str) -> Option<Component> {
        let entry = self.entry(engine, digest);
        let sealed = match fs::read(&entry) {
            Ok(sealed) => sealed,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => {
                tracing::warn!(entry = %entry.display(), "a compiled component cannot be read, compiling again: {error}");
                return None;
            }
        };
        let intact = sealed.split_at_checked(SEAL).filter(|(seal, code)| Sha256::digest(code)[..] == **seal);
        let Some((_, code)) = intact else {
            tracing::warn!(entry = %entry.display(), "a compiled component is damaged, compiling again");
            return None;
        };
        // SAFETY: wasmtime asks that it wrote these bytes itself. Only `store` below writes to this folder, which
        // nobody but this user can write to; and what it wrote is unchanged, as the hash has just shown.
        match unsafe { Component::deserialize(engine, code) } {
            Ok(component) => Some(component),
            Err(error) => {
                tracing::warn!(entry = %entry.display(), "a compiled component cannot be used, compiling again: {error:#}");
                None
            }
        }
    }

    /// Keeps the compiled form of a component. That it cannot is no fault of the run.
    pub(crate) fn store(&self, engine: &Engine, digest: &str, component: &Component) {
        let entry = self.entry(engine, digest);
        if let Err(error) = self.write(&entry, component) {
            tracing::warn!(entry = %entry.display(), "a compiled component cannot be kept: {error:#}");
        }
    }

    fn write(&self, entry: &Path, component: &Component) -> wasmtime::Result<()> {
        // Several may write the same entry at once, in this process and in others: each its own part, then whole.
        static PARTS: AtomicU64 = AtomicU64::new(0);
        let number = PARTS.fetch_add(1, Ordering::Relaxed);
        let part = entry.with_extension(format!("part-{}-{number}", std::process::id()));
        let code = component.serialize()?;
        let sealed = [&Sha256::digest(&code)[..], &code].concat();
        let written = fs::write(&part, sealed).and_then(|()| fs::rename(&part, entry));
        if written.is_err() {
            let _ = fs::remove_file(&part);
        }
        Ok(written?)
    }
}

/// The SHA-256 of a component, in hexadecimal digits.
pub(crate) fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
