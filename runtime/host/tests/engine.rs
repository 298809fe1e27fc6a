//! The engine under load, and its cache of compiled components.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use support::{Silent, guest, request};
use tradewire_host::{Cache, Engine, EngineOptions, Plugin, Request};
use tradewire_surface::grants::Grants;

fn load(engine: &Engine) -> Plugin {
    Plugin::load(engine, &guest("hostile.wasm"), Grants::parse(&["payroll:view"]).unwrap()).unwrap()
}

fn cached(folder: &Path) -> Engine {
    let cache = Some(Cache::open(folder, &folder.with_extension("key")).unwrap());
    Engine::new(EngineOptions { runs: 2, cache, ..EngineOptions::default() }).unwrap()
}

async fn behaves(plugin: &Plugin) {
    assert_eq!(plugin.run(request("", &[])).await.0.unwrap(), "no harm done");
}

#[tokio::test]
async fn more_runs_than_there_is_room_for_wait_and_none_fails() {
    let engine = Engine::new(EngineOptions { runs: 3, ..EngineOptions::default() }).unwrap();
    let plugin = load(&engine);
    let api = Arc::new(Silent::default());
    let run = || {
        let request = Request { api: api.clone(), ..request("", &[("behaviour", "calls-without-end")]) };
        let plugin = plugin.clone();
        tokio::spawn(async move { plugin.run(request).await.0 })
    };
    let runs: Vec<_> = (0..20).map(|_| run()).collect();
    while api.inside.load(Ordering::SeqCst) < 3 {
        tokio::task::yield_now().await;
    }
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(api.inside.load(Ordering::SeqCst), 3, "the others wait outside");
    api.answer_all();
    for run in runs {
        let told = run.await.unwrap().unwrap_err().message;
        assert!(told.contains("no more"), "{told}");
    }
}

#[tokio::test]
async fn a_run_that_is_given_up_leaves_its_room_to_the_next() {
    let engine = Engine::new(EngineOptions { runs: 1, ..EngineOptions::default() }).unwrap();
    let plugin = load(&engine);
    for _ in 0..5 {
        let silent = Request { api: Arc::new(Silent::default()), ..request("", &[("behaviour", "calls-without-end")]) };
        let given_up = tokio::time::timeout(std::time::Duration::from_millis(20), plugin.run(silent)).await;
        assert!(given_up.is_err());
    }
    behaves(&plugin).await;
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

#[tokio::test]
async fn a_compiled_component_is_kept_and_found_again() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("compiled");
    load(&cached(&folder));
    let kept = entries(&folder);
    assert_eq!(kept.len(), 1);
    // Were it written again, it would not be open to us.
    let mut held = std::fs::File::options().read(true).write(true).open(&kept[0]).unwrap();
    behaves(&load(&cached(&folder))).await;
    assert_eq!(entries(&folder), kept);
    let one = std::fs::read(&kept[0]).unwrap();
    std::io::Write::write_all(&mut held, b"other").unwrap();
    assert_ne!(std::fs::read(&kept[0]).unwrap(), one, "found, so not written again");
}

#[tokio::test]
async fn an_entry_that_nobody_uses_any_more_goes() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("compiled");
    load(&cached(&folder));
    let used = entries(&folder).remove(0);
    let grow_old = |path: &Path| {
        let long_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(31 * 24 * 3600);
        std::fs::File::options().append(true).open(path).unwrap().set_modified(long_ago).unwrap();
    };
    let [unused, foreign] = ["of-another-version.cwasm", "notes.txt"].map(|name| folder.join(name));
    for path in [&unused, &foreign] {
        std::fs::write(path, "").unwrap();
        grow_old(path);
    }
    grow_old(&used);
    // It is used, and so is as new as the one that is written.
    load(&cached(&folder));
    let grants = Grants::parse(&["crm:view"]).unwrap();
    Plugin::load(&cached(&folder), &guest("bench.wasm"), grants).unwrap();
    let left = entries(&folder);
    assert!(left.contains(&used) && left.contains(&foreign) && !left.contains(&unused), "{left:?}");
    assert_eq!(left.len(), 3);
}

#[tokio::test]
async fn a_damaged_entry_is_compiled_again_and_never_run() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("compiled");
    load(&cached(&folder));
    let entry = entries(&folder).remove(0);
    let whole = std::fs::read(&entry).unwrap();
    let flipped = |at: usize| {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        bytes
    };
    let damaged = [
        Vec::new(),
        whole[..10].to_vec(),
        whole[..whole.len() / 2].to_vec(),
        flipped(3),
        flipped(whole.len() / 2),
        flipped(whole.len() - 1),
        [&whole[..], b"more"].concat(),
        b"#!/bin/sh".repeat(100),
    ];
    for bytes in damaged {
        std::fs::write(&entry, &bytes).unwrap();
        behaves(&load(&cached(&folder))).await;
        assert!(std::fs::read(&entry).unwrap() != bytes, "it is replaced by a good one");
    }
    std::fs::remove_file(&entry).unwrap();
    std::fs::create_dir(&entry).unwrap();
    behaves(&load(&cached(&folder))).await;
}

#[test]
fn several_that_write_the_same_entry_at_once_do_not_disturb_one_another() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("compiled");
    let engine = cached(&folder);
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| load(&engine));
        }
    });
    let kept = entries(&folder);
    assert_eq!(kept.len(), 1, "one entry and no parts: {kept:?}");
    load(&engine);
}

#[cfg(unix)]
#[test]
fn a_cache_that_others_may_write_to_is_closed_to_them() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
    Cache::open(folder.path(), &folder.path().join("key")).unwrap();
    assert_eq!(std::fs::metadata(folder.path()).unwrap().permissions().mode() & 0o7777, 0o700);
}
