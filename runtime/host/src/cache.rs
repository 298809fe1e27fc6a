//! Compiled components, kept on disk.
//!
//! An entry is keyed by the component's content and by everything of the engine that its code depends on, so an entry
//! that is found fits. Loading one maps it into memory: a large component that takes seconds to compile starts in
//! milliseconds.
#![allow(unsafe_code)]

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::{fs, io};

use sha2::{Digest, Sha256};
use wasmtime::Engine;
use wasmtime::component::Component;

/// A folder of compiled components. Only this user may be able to write to it: what is in it is run as it is.
#[derive(Debug, Clone)]
pub struct Cache {
    folder: PathBuf,
}

impl Cache {
    /// Uses the folder, which is created where it is missing, for this user alone.
    pub fn open(folder: &Path) -> io::Result<Cache> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder)?;
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
        if !entry.is_file() {
            return None;
        }
        // SAFETY: wasmtime asks that the file is one that it wrote itself. Only `store` below writes to this folder,
        // and the folder belongs to this user alone.
        match unsafe { Component::deserialize_file(engine, &entry) } {
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
        let write = || -> wasmtime::Result<()> {
            let part = entry.with_extension(format!("part-{}", std::process::id()));
            fs::write(&part, component.serialize()?)?;
            fs::rename(&part, &entry)?;
            Ok(())
        };
        if let Err(error) = write() {
            tracing::warn!(entry = %entry.display(), "a compiled component cannot be kept: {error:#}");
        }
    }
}

/// The SHA-256 of a component, in hexadecimal digits.
pub(crate) fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
