//! What was compiled is kept, and run again only where this installation's key has sealed it.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::PathBuf;

use super::limits::of;
use super::plugins::{Parts, plugin};
use crate::bench::{Bench, Told};

/// A bench whose cache is its own, with a plugin that was compiled and run.
fn bench() -> Bench {
    let bench = Bench::with(&of(""));
    let state = bench.path(".tradewire");
    fs::remove_file(state.join("compiled")).unwrap();
    fs::remove_file(state.join("compiled.key")).unwrap();
    bench.write("bomb.wasm", plugin(Parts::default()));
    runs(&bench);
    bench
}

#[track_caller]
fn runs(bench: &Bench) -> Told {
    bench.tradewire("run boom --force").succeeded()
}

fn entry(bench: &Bench) -> PathBuf {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(bench.path(".tradewire/compiled")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(entries.len(), 1, "{entries:?}");
    entries.remove(0)
}

fn mode(path: PathBuf) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn entries_and_key_are_this_user_s_alone_and_what_is_kept_is_found_again() {
    let bench = bench();
    assert_eq!(mode(bench.path(".tradewire/compiled")), 0o700);
    assert_eq!(mode(bench.path(".tradewire/compiled.key")), 0o600);
    assert_eq!(mode(entry(&bench)), 0o600);
    let written = fs::metadata(entry(&bench)).unwrap();
    let told = runs(&bench);
    assert!(!told.err.contains("compiled again"), "{told}");
    let found = fs::metadata(entry(&bench)).unwrap();
    assert_eq!(found.ino(), written.ino(), "the same file");
    assert!(found.modified().unwrap() > written.modified().unwrap(), "as old as its last use");
}

#[test]
fn an_entry_of_another_installation_is_told_thrown_away_and_compiled_again() {
    let (bench, other) = (bench(), bench());
    let (ours, theirs) = (fs::read(entry(&bench)).unwrap(), fs::read(entry(&other)).unwrap());
    assert_ne!(ours, theirs, "each is sealed with its own key");
    fs::write(entry(&bench), &theirs).unwrap();
    let told = runs(&bench);
    assert!(told.err.contains("was not sealed by this installation, or is damaged"), "{told}");
    assert_eq!(fs::read(entry(&bench)).unwrap(), ours);
    // So is one whose key is gone.
    fs::remove_file(bench.path(".tradewire/compiled.key")).unwrap();
    let told = runs(&bench);
    assert!(told.err.contains("was not sealed by this installation, or is damaged"), "{told}");
    assert_ne!(fs::read(entry(&bench)).unwrap(), ours);
    assert!(!runs(&bench).err.contains("compiled again"));
}

#[test]
fn a_sealed_entry_of_another_component_is_not_taken_for_this_one() {
    let bench = bench();
    let first = (entry(&bench), fs::read(entry(&bench)).unwrap());
    bench.write("bomb.wasm", plugin(Parts { types: 1, ..Parts::default() }));
    runs(&bench);
    fs::remove_file(&first.0).unwrap();
    fs::write(entry(&bench), &first.1).unwrap();
    let told = runs(&bench);
    assert!(told.err.contains("was not sealed by this installation, or is damaged"), "{told}");
}

#[test]
fn a_folder_or_a_key_that_others_can_reach_is_refused_with_what_to_do() {
    let bench = bench();
    let refused = |texts: &[&str]| bench.tradewire("run boom").refused(texts);
    let set = |name: &str, mode| fs::set_permissions(bench.path(name), fs::Permissions::from_mode(mode)).unwrap();
    set(".tradewire/compiled", 0o770);
    let told = bench.tradewire("run boom");
    assert!(told.err.contains("compiled` (mode 0770); its mode is 0700 now"), "{told}");
    set(".tradewire/compiled.key", 0o644);
    refused(&["compiled.key` (mode 0644): `rm "]);
    set(".tradewire/compiled.key", 0o600);
    fs::rename(bench.path(".tradewire/compiled.key"), bench.path("elsewhere.key")).unwrap();
    symlink(bench.path("elsewhere.key"), bench.path(".tradewire/compiled.key")).unwrap();
    refused(&["compiled.key cannot be read: "]);
    fs::remove_file(bench.path(".tradewire/compiled.key")).unwrap();
    fs::write(bench.path(".tradewire/compiled.key"), "short").unwrap();
    set(".tradewire/compiled.key", 0o600);
    refused(&["compiled.key is no key of 32 bytes; help: remove it"]);
    fs::remove_file(bench.path(".tradewire/compiled.key")).unwrap();
    if rustix::process::geteuid().is_root() {
        chown(bench.path(".tradewire/compiled"), Some(65_534), None).unwrap();
        refused(&["compiled` belongs to user 65534, and this is user 0: "]);
    }
}
