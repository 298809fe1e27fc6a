//! A compiled component that is kept on disk and then changed is compiled again: it is never taken as it is.
#![no_main]
#![allow(clippy::unwrap_used)]

use std::path::PathBuf;
use std::sync::LazyLock;

use tempfile::TempDir;
use tradewire_fuzz::{changed, fuzz, number, split};
use tradewire_host::{Cache, Engine, EngineOptions, Plugin};
use tradewire_onslaught::{Much, Of, onslaught};
use tradewire_surface::grants::Grants;

struct Kept {
    component: Vec<u8>,
    engine: Engine,
    entry: PathBuf,
    genuine: Vec<u8>,
    _folder: TempDir,
}

fn load(engine: &Engine, component: &[u8]) {
    Plugin::load(engine, component, Grants::default()).unwrap_or_else(|error| panic!("{error}"));
}

static KEPT: LazyLock<Kept> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::open(&folder.path().join("compiled"), &folder.path().join("key")).unwrap();
    let options = EngineOptions { runs: 4, memory: 64 << 20, cache: Some(cache), ..EngineOptions::default() };
    let engine = Engine::new(options).unwrap();
    // The smallest plugin there is.
    let component = onslaught(Of::Raw, Much { bytes: 1, first: true, letter: b'a', times: 1 }).component;
    load(&engine, &component);
    let entries: Vec<_> =
        std::fs::read_dir(folder.path().join("compiled")).unwrap().map(|e| e.unwrap().path()).collect();
    let [entry] = &entries[..] else { panic!("one entry is expected: {entries:?}") };
    Kept { component, genuine: std::fs::read(entry).unwrap(), entry: entry.clone(), engine, _folder: folder }
});

fuzz!(|bytes| {
    let Kept { component, engine, entry, genuine, .. } = &*KEPT;
    let (length, rest) = number(bytes);
    let (mode, rest) = split(rest, 1);
    let written = match mode.first().map_or(0, |mode| mode % 3) {
        0 => changed(genuine, rest),
        1 => rest.to_vec(),
        _ => genuine[..length % genuine.len()].to_vec(),
    };
    std::fs::write(entry, &written).unwrap();
    load(engine, component);
    // Compiling and sealing give the same again, so what is there now is genuine, whatever was.
    assert!(std::fs::read(entry).unwrap() == *genuine, "what was not written by the engine was taken");
});
