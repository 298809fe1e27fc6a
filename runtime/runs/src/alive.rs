//! Signs of life: a file that is locked for as long as the process lives that made it, however that ends.
//!
//! Leases alone would leave what a process had begun that was killed unexplained for their whole length, though whoever
//! starts next on the same machine can know better.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// A sign of life. It ends with this.
#[derive(Debug)]
pub(crate) struct Alive(#[allow(dead_code)] File);

/// Gives a sign of life in this file. Blocks for a moment.
pub(crate) fn begin(file: &Path) -> io::Result<Alive> {
    // The file gets its name only when it is locked: nobody finds it in between.
    let unnamed = unnamed(file);
    let locked = File::create(&unnamed)?;
    locked.try_lock()?;
    fs::rename(&unnamed, file)?;
    Ok(Alive(locked))
}

/// What a file is called until it is locked.
pub(crate) fn unnamed(file: &Path) -> PathBuf {
    let mut name = OsString::from(file);
    name.push(".new");
    name.into()
}

/// Whether there was a sign of life in this file and is no more. False where there never was one: nothing is known then.
pub(crate) fn has_ended(file: &Path) -> bool {
    File::open(file).is_ok_and(|file| file.try_lock().is_ok())
}
