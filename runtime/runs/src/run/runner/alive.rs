//! A sign of life that ends with the process, however it ends: a lock on a file in the run's folder.
//!
//! The lease alone would leave the runs of a process that was killed unexplained for its whole length, though whoever
//! starts next on the same machine can know better.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use tokio::task::spawn_blocking;

const NAME: &str = "alive";
/// What the file is called until it is locked.
const UNNAMED: &str = "alive.new";

/// The run is being carried out for as long as this lives.
#[derive(Debug)]
pub(super) struct Alive(#[allow(dead_code)] File);

/// Gives a sign of life in the run's folder, which is made.
pub(super) async fn begin(folder: PathBuf) -> io::Result<Alive> {
    let begin = move || {
        fs::create_dir_all(&folder)?;
        // The file gets its name only when it is locked: nobody finds it in between.
        let unnamed = folder.join(UNNAMED);
        let file = File::create(&unnamed)?;
        file.try_lock()?;
        fs::rename(&unnamed, folder.join(NAME))?;
        Ok(Alive(file))
    };
    spawn_blocking(begin).await.unwrap_or_else(|error| Err(io::Error::other(error)))
}

/// Whether there was a sign of life and is no more. False where there never was one: nothing is known then.
pub(super) async fn has_ended(folder: PathBuf) -> bool {
    spawn_blocking(move || is_unlocked(&folder.join(NAME))).await.unwrap_or(false)
}

fn is_unlocked(file: &Path) -> bool {
    File::open(file).is_ok_and(|file| file.try_lock().is_ok())
}

/// Whether a folder is what a process has left that ended before it said so, or before it cleared up.
pub(super) async fn is_left(folder: PathBuf) -> bool {
    let is_left = move || is_unlocked(&folder.join(NAME)) || is_unlocked(&folder.join(UNNAMED));
    spawn_blocking(is_left).await.unwrap_or(false)
}
