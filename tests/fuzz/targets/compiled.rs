//! A compiled component that is kept on disk and then changed is compiled again: it is never taken as it is.
#![no_main]
#![allow(clippy::unwrap_used)]

use std::path::PathBuf;
use std::sync::LazyLock;

use tempfile::TempDir;
use tradewire_fuzz::{changed, fuzz, number, split};
use tradewire_host::{Cache, Engine, EngineOptions, LoadError, Plugin};
use tradewire_surface::grants::Grants;

/// The smallest component; it is compiled before it is found to be no plugin.
const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

struct Kept {
    engine: Engine,
    entry: PathBuf,
    genuine: Vec<u8>,
    _folder: TempDir,
}

fn load(engine: &Engine) {
    let loaded = Plugin::load(engine, COMPONENT, Grants::default());
    assert!(matches!(loaded, Err(LoadError::WrongWorld(_))), "{:?}", loaded.err());
}

static KEPT: LazyLock<Kept> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::open(&folder.path().join("compiled")).unwrap();
    let engine = Engine::new(EngineOptions { runs: 1, memory: 1 << 20, cache: Some(cache) }).unwrap();
    load(&engine);
    let entries: Vec<_> =
        std::fs::read_dir(folder.path().join("compiled")).unwrap().map(|e| e.unwrap().path()).collect();
    let [entry] = &entries[..] else { panic!("one entry is expected: {entries:?}") };
    Kept { genuine: std::fs::read(entry).unwrap(), entry: entry.clone(), engine, _folder: folder }
});

fuzz!(|bytes| {
    let Kept { engine, entry, genuine, .. } = &*KEPT;
    let (length, rest) = number(bytes);
    let (mode, rest) = split(rest, 1);
    let written = match mode.first().map_or(0, |mode| mode % 3) {
        0 => changed(genuine, rest),
        1 => rest.to_vec(),
        _ => genuine[..length % genuine.len()].to_vec(),
    };
    std::fs::write(entry, &written).unwrap();
    load(engine);
    // Compiling gives the same again, so what is there now is genuine, whatever was.
    assert!(std::fs::read(entry).unwrap() == *genuine, "what was not written by the engine was taken");
});
