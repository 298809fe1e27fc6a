//! Doing something again whenever a file is saved.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use notify::{Event, RecursiveMode, Watcher};

use crate::cli::template::Preview;

/// An editor saves in several steps; they are over when nothing more comes for this long.
const QUIET: Duration = Duration::from_millis(80);
/// Nobody waits longer than this for it to be quiet.
const LONGEST: Duration = Duration::from_secs(1);

/// Does it now, and again each time that something of the pack or the files beside it changes. Ends with the process.
pub fn each_save(options: &Preview, mut again: impl FnMut()) -> Result<()> {
    let (sender, receiver) = channel();
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
        // Reading is no change; and nobody is told of what cannot be watched any more.
        let _ = event.is_ok_and(|event| !event.kind.is_access()).then(|| sender.send(()));
    })
    .context("cannot watch files here")?;
    let mut watch =
        |path: &Path, mode| watcher.watch(path, mode).with_context(|| format!("cannot watch `{}`", path.display()));
    watch(&options.pack, RecursiveMode::Recursive)?;
    for file in options.input.iter().chain(&options.answer) {
        // The folder, because many editors save by putting another file in a file's place.
        watch(&folder_of(file), RecursiveMode::NonRecursive)?;
    }
    again();
    while receiver.recv().is_ok() {
        let end = Instant::now() + LONGEST;
        while Instant::now() < end {
            match receiver.recv_timeout(QUIET) {
                Ok(()) => {}
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
            }
        }
        again();
    }
    Ok(())
}

fn folder_of(file: &Path) -> PathBuf {
    match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}
