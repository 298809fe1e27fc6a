//! Disks that are full or read-only, a store that is locked, damaged or stalls: each is told, nothing is lost, and it goes
//! on when the fault is gone. A vault that does not open is among `vault`.
#![cfg(target_os = "linux")]

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::Connection;
use serde_json::Value;
use tradewire_store::{Outcome, RunFilter, RunRecord, SlotFilter, SlotState, Store};

use crate::bench::{Bench, Disk, Told, hostile};
use crate::vendors::serving::Serving;

const STORE: &str = ".tradewire/tradewire.db";
const JANUARY: &str = "--from 2026-01-05 --to 2026-01-12";
const FEBRUARY: &str = "--from 2026-02-02 --to 2026-02-09";
const PIECE: u64 = 64 * 1024;

/// A bench whose export delivers so many bytes at this schedule.
fn writes(bytes: u64, schedule: &str) -> Bench {
    let config = hostile("output = \"4 GiB\"", &format!("behaviour = \"writes-big\", bytes = {bytes}"));
    Bench::with(&config.replace("cron = \"0 6 * * MON\"", schedule))
}

/// A small disk under the state folder of a bench.
fn state_on_a_disk(bench: &Bench, size: &str) -> Option<Disk> {
    let compiled = fs::read_link(bench.path(".tradewire/compiled")).unwrap();
    let disk = Disk::over(bench, ".tradewire", size)?;
    symlink(compiled, disk.path("compiled")).unwrap();
    fs::copy(bench.path(".tradewire/compiled.key"), disk.path("compiled.key")).unwrap();
    Some(disk)
}

fn runs(bench: &Bench) -> Vec<RunRecord> {
    let filter = RunFilter { limit: Some(1000), ..RunFilter::default() };
    bench.recorded(async |store| store.runs(&filter).await.unwrap())
}

fn outcomes(told: &Told) -> Vec<String> {
    let runs: &Value = &told.json()["runs"];
    runs.as_array().unwrap().iter().map(|run| run["outcome"].as_str().unwrap().to_owned()).collect()
}

/// What a schedule of every so many seconds has come to: each slot has one row, and those that ran have one delivery.
fn nothing_is_lost_or_doubled(bench: &Bench, every: TimeDelta) -> BTreeMap<DateTime<Utc>, SlotState> {
    let slots = bench.recorded(async |store| {
        let filter = SlotFilter { limit: Some(1000), ..SlotFilter::default() };
        store.slots(&filter).await.unwrap()
    });
    let by_time: BTreeMap<_, _> = slots.iter().map(|slot| (slot.due, slot.state)).collect();
    assert_eq!(by_time.len(), slots.len(), "a slot has two rows");
    let times: Vec<_> = by_time.keys().collect();
    assert!(times.windows(2).all(|two| *two[1] - *two[0] == every), "a slot has no row: {times:?}");
    let runs = runs(bench);
    for (due, state) in &by_time {
        let of_slot: Vec<_> = runs.iter().filter(|run| run.opening.due == Some(*due)).collect();
        assert_eq!(of_slot.len(), usize::from(*state == SlotState::Taken), "{due}: {state}, {of_slot:?}");
    }
    let succeeded = runs.iter().filter(|run| run.ending.as_ref().is_some_and(|end| end.outcome == Outcome::Succeeded));
    let files = bench.delivered().iter().filter(|name| name.ends_with(".bin")).count();
    assert_eq!(succeeded.count(), files, "{:?}", bench.delivered());
    assert!(bench.delivered().iter().all(|name| !name.starts_with('.')), "{:?}", bench.delivered());
    by_time
}

fn until(what: &str, serving: &mut Serving, mut come: impl FnMut(&Serving) -> bool) {
    crate::bench::until(what, || {
        serving.is_alive();
        come(serving)
    });
}

fn runs_told(serving: &Serving) -> usize {
    serving.out().matches("odd for acme: succeeded").count()
}

#[test]
fn a_run_that_fills_the_disk_of_the_state_folder_is_recorded_as_failed() {
    let bench = writes(64 * PIECE, "window = \"week\"");
    let Some(disk) = state_on_a_disk(&bench, "2m") else { return };
    disk.tradewire(&bench, &format!("run odd {JANUARY}"))
        .refused(&["odd for acme: failed: ", "No space left on device (os error 28); make room on that disk"]);
    bench.has_delivered_nothing();
    disk.remount("size=16m");
    disk.tradewire(&bench, &format!("run odd {JANUARY}")).succeeded();
    assert_eq!(outcomes(&disk.tradewire(&bench, "runs list --json")), ["succeeded", "failed"]);
    assert_eq!(bench.delivered(), ["big.bin", "big.bin.total.json"]);
}

#[test]
fn a_full_disk_under_the_store_is_told_and_waited_for() {
    let bench = writes(PIECE, "cron = \"* * * * * *\"\nmissed = \"all\"\noverlap = \"queue\"");
    let Some(disk) = state_on_a_disk(&bench, "16m") else { return };
    disk.tradewire(&bench, &format!("run odd {JANUARY}")).succeeded();
    disk.fill();
    disk.tradewire(&bench, &format!("run odd {FEBRUARY}"))
        .refused(&["the disk that `.tradewire/tradewire.db` is on is full", "make room there"]);
    disk.clear();
    disk.tradewire(&bench, &format!("run odd {FEBRUARY}")).succeeded();
    let mut serving = Serving::of(disk.start(&bench, "serve"));
    until("runs succeed", &mut serving, |serving| runs_told(serving) >= 2);
    disk.fill();
    until("the disk is said to be full", &mut serving, |serving| {
        serving.err().contains("the disk that `.tradewire/tradewire.db` is on is full: make room there")
    });
    let before = runs_told(&serving);
    disk.clear();
    until("it goes on", &mut serving, |serving| runs_told(serving) >= before + 3);
    serving.stop();
    // The store is looked at where the disk is not seen.
    for entry in fs::read_dir(disk.path("")).unwrap().map(|entry| entry.unwrap()) {
        if entry.file_name().to_string_lossy().starts_with("tradewire.db") {
            fs::copy(entry.path(), bench.path(".tradewire").join(entry.file_name())).unwrap();
        }
    }
    nothing_is_lost_or_doubled(&bench, TimeDelta::seconds(1));
}

#[test]
fn a_full_disk_under_the_delivery_folder_delivers_nothing_by_half() {
    let bench = writes(4 * PIECE, "window = \"week\"");
    let Some(disk) = Disk::over(&bench, "outbox", "128k") else { return };
    disk.tradewire(&bench, &format!("run odd {JANUARY}")).refused(&[
        "odd for acme: failed: `big.bin`: cannot deliver to the folder `",
        "No space left on device (os error 28); make room on that disk",
    ]);
    assert!(disk.names().is_empty(), "{:?}", disk.names());
    disk.remount("size=2m");
    disk.tradewire(&bench, &format!("run odd {JANUARY}")).succeeded();
    assert_eq!(disk.names(), ["big.bin", "big.bin.total.json"]);
    assert_eq!(fs::metadata(disk.path("big.bin")).unwrap().len(), 4 * PIECE);
}

#[test]
fn a_limit_on_the_size_of_files_is_told_as_one() {
    let bench = writes(32 * PIECE, "window = \"week\"");
    let limited = |bytes: u64| -> Told {
        let run = bench.command(&format!("run odd {JANUARY}"));
        let mut command = Command::new("sh");
        // Unless it is ignored, a signal ends whoever meets the limit.
        command.args(["-c", "trap '' XFSZ; exec \"$@\"", "sh", "prlimit", &format!("--fsize={bytes}")]);
        command.arg(run.get_program()).args(run.get_args()).current_dir(bench.path(""));
        for (name, value) in run.get_envs().filter_map(|(name, value)| Some((name, value?))) {
            command.env(name, value);
        }
        command.output().unwrap().into()
    };
    let told = limited(PIECE / 2);
    told.refused(&["cannot open the store `.tradewire/tradewire.db`: ", "is full or fails: make room there"]);
    limited(16 * PIECE)
        .refused(&["odd for acme: failed: ", "File too large (os error 27); raise the limit on the size of files"]);
    bench.has_delivered_nothing();
    limited(64 * PIECE).succeeded();
    assert_eq!(bench.delivered(), ["big.bin", "big.bin.total.json"]);
}

#[test]
fn a_state_folder_that_is_read_only_is_told() {
    let bench = writes(PIECE, "cron = \"0 6 * * MON\"");
    let Some(disk) = state_on_a_disk(&bench, "2m") else { return };
    disk.tradewire(&bench, &format!("run odd {JANUARY}")).succeeded();
    disk.remount("ro");
    for words in ["run odd", "serve"] {
        disk.tradewire(&bench, words).refused(&[
            "cannot open the store `.tradewire/tradewire.db`: Read-only file system (os error 30); mount that disk for \
             writing",
        ]);
    }
    disk.remount("rw");
    disk.tradewire(&bench, &format!("run odd {FEBRUARY}")).succeeded();
    assert_eq!(outcomes(&disk.tradewire(&bench, "runs list --json")), ["succeeded", "succeeded"]);
}

#[test]
fn a_delivery_folder_that_is_read_only_fails_runs_until_it_is_not() {
    let bench = writes(PIECE, "cron = \"* * * * * *\"\nmissed = \"all\"\noverlap = \"queue\"");
    let Some(disk) = Disk::over(&bench, "outbox", "16m") else { return };
    let mut serving = Serving::of(disk.start(&bench, "serve"));
    until("runs succeed", &mut serving, |serving| runs_told(serving) >= 1);
    // Refused while a file is being written there.
    crate::bench::until("it is read-only", || disk.try_remount("ro"));
    until("runs fail", &mut serving, |serving| {
        serving.out().contains("Read-only file system (os error 30); mount that disk for writing")
    });
    disk.remount("rw");
    let before = runs_told(&serving);
    until("it goes on", &mut serving, |serving| runs_told(serving) >= before + 2);
    serving.stop();
    // Whoever comes next completes a delivery that was decided when it could not be moved.
    disk.tradewire(&bench, &format!("run odd {JANUARY}")).succeeded();
    let runs = runs(&bench);
    let succeeded = runs.iter().filter(|run| run.ending.as_ref().unwrap().outcome == Outcome::Succeeded).count();
    assert!(runs.len() > succeeded);
    assert_eq!(disk.names().iter().filter(|name| name.ends_with(".bin")).count(), succeeded, "{:?}", disk.names());
    assert!(disk.names().iter().all(|name| !name.starts_with('.')), "{:?}", disk.names());
}

#[test]
fn folders_that_may_not_be_written_to_are_told() {
    if rustix::process::geteuid().is_root() {
        let _ = writeln!(std::io::stderr(), "NOT TESTED: permissions of folders, which do not bind root");
        return;
    }
    let bench = writes(PIECE, "window = \"week\"");
    let permit = |folder: &str, mode: u32| {
        fs::set_permissions(bench.path(folder), fs::Permissions::from_mode(mode)).unwrap();
    };
    bench.tradewire(&format!("run odd {JANUARY}")).succeeded();
    permit("outbox", 0o555);
    bench.tradewire(&format!("run odd {FEBRUARY}")).refused(&[
        "`big.bin`: cannot deliver to the folder",
        "Permission denied (os error 13); let tradewire write there",
    ]);
    permit("outbox", 0o755);
    bench.tradewire(&format!("run odd {FEBRUARY}")).succeeded();
}

#[test]
fn a_store_that_another_process_holds_is_told_and_goes_on_afterwards() {
    let bench = writes(PIECE, "window = \"week\"");
    bench.tradewire(&format!("run odd {JANUARY}")).succeeded();
    let other = Connection::open(bench.path(STORE)).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    bench.tradewire(&format!("run odd {FEBRUARY}")).refused(&[
        "another process holds `.tradewire/tradewire.db` locked, for longer than 5 s: let it finish, or end it",
    ]);
    assert_eq!(outcomes(&bench.tradewire("runs list --json").succeeded()), ["succeeded"], "who reads does not wait");
    other.execute_batch("COMMIT").unwrap();
    bench.tradewire(&format!("run odd {FEBRUARY}")).succeeded();
    assert_eq!(runs(&bench).len(), 2);
    assert!(bench.unfinished().is_empty(), "{:?}", bench.unfinished());
}

#[test]
fn a_store_that_stalls_for_a_minute_costs_no_slot_and_no_run() {
    const EVERY: i64 = 5;
    let bench = writes(PIECE, "cron = \"*/5 * * * * *\"\nmissed = \"all\"\noverlap = \"queue\"");
    let mut serving = Serving::of(bench.start("serve"));
    until("a run succeeds", &mut serving, |serving| runs_told(serving) >= 1);
    let other = Connection::open(bench.path(STORE)).unwrap();
    other.busy_timeout(Duration::from_secs(60)).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let stalled = Utc::now();
    std::thread::sleep(Duration::from_secs(62));
    serving.is_alive();
    other.execute_batch("COMMIT").unwrap();
    let over = Utc::now();
    assert!(serving.err().contains("another process holds `.tradewire/tradewire.db` locked"), "{}", serving.err());
    let caught_up =
        || runs(&bench).iter().any(|run| run.opening.due.is_some_and(|due| due > over) && run.ending.is_some());
    until("it has caught up", &mut serving, |_| caught_up());
    serving.stop();
    let slots = nothing_is_lost_or_doubled(&bench, TimeDelta::seconds(EVERY));
    let meanwhile: Vec<_> = slots.range(stalled..over).collect();
    assert!(meanwhile.len() >= 12, "{slots:?}");
    assert!(meanwhile.iter().all(|(_, state)| **state == SlotState::Taken), "{meanwhile:?}");
    let runs = runs(&bench);
    assert!(
        runs.iter().all(|run| run.ending.as_ref().is_some_and(|end| end.outcome == Outcome::Succeeded)),
        "{runs:?}"
    );
}

#[test]
fn a_damaged_store_is_told_kept_as_it_is_and_put_back_from_a_copy() {
    let bench = writes(PIECE, "cron = \"0 6 * * MON\"");
    bench.tradewire(&format!("run odd {JANUARY}")).succeeded();
    bench.tradewire("store backup copy.db").succeeded();
    for what in ["runs", "writes_by_run", "everything"] {
        let whole = fs::read(bench.path(STORE)).unwrap();
        damage(&bench.path(STORE), what);
        let damaged = fs::read(bench.path(STORE)).unwrap();
        let refusals: &[&str] = match what {
            // Only what is damaged is told: what else there is can be read.
            "writes_by_run" => &["store backup other.db"],
            _ => &["run odd", "serve", "runs list", "store backup other.db"],
        };
        for words in refusals {
            bench.tradewire(words).refused(&[
                "the store `.tradewire/tradewire.db` is damaged (",
                "copy in its place with `tradewire store restore <copy>`, which keeps the damaged one beside it",
            ]);
        }
        assert!(!bench.path("other.db").exists());
        assert_eq!(fs::read(bench.path(STORE)).unwrap(), damaged, "nothing was written over it");
        let told = bench.tradewire("store restore copy.db").succeeded();
        let kept = told.out.trim().rsplit(' ').next().unwrap().to_owned();
        assert_eq!(fs::read(bench.path(&kept)).unwrap(), damaged, "{told}");
        assert_ne!(damaged, whole);
        // What was delivered is known again.
        let told = bench.tradewire(&format!("run odd {JANUARY}")).succeeded();
        assert!(told.out.contains("unchanged"), "{told}");
        assert_eq!(bench.delivered(), ["big.bin", "big.bin.total.json"]);
    }
}

/// Overwrites the page that a table or an index begins at, or the first of all.
fn damage(store: &Path, what: &str) {
    let connection = Connection::open(store).unwrap();
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(())).unwrap();
    let size: u64 = connection.query_row("PRAGMA page_size", (), |row| row.get::<_, i64>(0)).unwrap() as u64;
    let page = match what {
        "everything" => 1,
        name => {
            let find = "SELECT rootpage FROM sqlite_schema WHERE name = ?1";
            connection.query_row(find, [name], |row| row.get::<_, i64>(0)).unwrap() as u64
        }
    };
    drop(connection);
    let mut file = fs::File::options().read(true).write(true).open(store).unwrap();
    file.seek(SeekFrom::Start((page - 1) * size)).unwrap();
    let mut before = vec![0; size as usize];
    file.read_exact(&mut before).unwrap();
    file.seek(SeekFrom::Start((page - 1) * size)).unwrap();
    file.write_all(&before.iter().map(|byte| !byte).collect::<Vec<_>>()).unwrap();
}
