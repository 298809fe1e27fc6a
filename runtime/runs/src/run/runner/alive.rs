//! The sign of life of whoever carries out a run, in the run's folder.

use std::fs;
use std::io;
use std::path::PathBuf;

use tokio::task::spawn_blocking;

use crate::alive::{self, Alive};

const NAME: &str = "alive";

/// Gives a sign of life in the run's folder, which is made.
pub(super) async fn begin(folder: PathBuf) -> io::Result<Alive> {
    let begin = move || {
        fs::create_dir_all(&folder)?;
        alive::begin(&folder.join(NAME))
    };
    spawn_blocking(begin).await.unwrap_or_else(|error| Err(io::Error::other(error)))
}

/// Whether there was a sign of life and is no more. False where there never was one: nothing is known then.
pub(super) async fn has_ended(folder: PathBuf) -> bool {
    spawn_blocking(move || alive::has_ended(&folder.join(NAME))).await.unwrap_or(false)
}

/// Whether a folder is what a process has left that ended before it said so, or before it cleared up.
pub(super) async fn is_left(folder: PathBuf) -> bool {
    let is_left = move || {
        let file = folder.join(NAME);
        alive::has_ended(&file) || alive::has_ended(&alive::unnamed(&file))
    };
    spawn_blocking(is_left).await.unwrap_or(false)
}
