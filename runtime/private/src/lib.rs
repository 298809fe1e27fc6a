//! What is nobody else's: files and folders that other users of the machine neither read nor change nor lock, and memory
//! that is not written to a core dump.
//!
//! [`begin`] is the first thing that the process does: whatever it makes from then on is its user's alone, however the
//! umask was set by whoever started it. That umask is kept: files that are made *for* others, as those that are delivered to
//! a folder, have the mode that it gives ([`usual_file_mode`]).
//!
//! What is there already is looked at before it is used: [`keep`] mends what is ours and too open, and says so, and refuses
//! what belongs to somebody else or lies where somebody else can replace it.
//!
//! What is read is a regular file and no longer than was asked for ([`read_regular`]), and what somebody else's folder holds
//! is read without leaving it ([`Folder`]).
//!
//! Elsewhere than on Unix owners and modes are not looked at: access is inherited from the folder there.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod loose;
#[cfg(unix)]
mod owned;
#[cfg(unix)]
mod process;
mod regular;

use std::fs::Metadata;
use std::path::Path;

pub use loose::{Loose, Mended};
pub use regular::{Entry, Folder, read_regular, read_regular_text};

/// Makes the process its user's own: new files and folders are for nobody else, and no core dump is written, which would
/// hold secrets. Another process of the same user cannot trace it, either.
pub fn begin() {
    #[cfg(unix)]
    process::begin();
}

/// The mode of a file that is made for others, by the umask that the process was started with; none where that is not
/// known.
#[must_use]
pub fn usual_file_mode() -> Option<u32> {
    #[cfg(unix)]
    return process::usual_umask().map(|umask| 0o666 & !umask);
    #[cfg(not(unix))]
    None
}

/// The mode of a folder that is made for others.
#[must_use]
pub fn usual_folder_mode() -> Option<u32> {
    #[cfg(unix)]
    return process::usual_umask().map(|umask| 0o777 & !umask);
    #[cfg(not(unix))]
    None
}

/// Whether core dumps of the process are off.
#[must_use]
pub fn is_never_dumped() -> bool {
    #[cfg(unix)]
    return process::is_never_dumped();
    #[cfg(not(unix))]
    true
}

/// Whether the process is the machine's administrator.
#[must_use]
pub fn is_administrator() -> bool {
    #[cfg(unix)]
    return process::is_administrator();
    #[cfg(not(unix))]
    false
}

/// Sees to it that a file or folder of ours is nobody else's. What is not there yet is no fault.
///
/// # Errors
/// It belongs to another user, or lies in a folder where another user can replace it; then nothing is changed.
pub fn keep(path: &Path) -> Result<Option<Mended>, Loose> {
    #[cfg(unix)]
    return owned::keep(path);
    #[cfg(not(unix))]
    Ok(None)
}

/// Whether nobody else can change what is read here, such as a configuration or a secret: it belongs to us or to the
/// administrator, and others can neither write it nor replace it.
///
/// # Errors
/// Others can.
pub fn ensure_unchanged_by_others(path: &Path) -> Result<(), Loose> {
    #[cfg(unix)]
    return owned::ensure_unchanged_by_others(path);
    #[cfg(not(unix))]
    Ok(())
}

/// What others can change of what is read here, if it is a folder of all that is in it: what [`ensure_unchanged_by_others`]
/// tells, each kind of it once.
#[must_use]
pub fn changed_by_others(path: &Path) -> Vec<Loose> {
    #[cfg(unix)]
    return owned::changed_by_others(path);
    #[cfg(not(unix))]
    Vec::new()
}

/// Whether others can come into this folder, or where it is not there yet, into the one that it will be in.
#[must_use]
pub fn lets_others_in(folder: &Path) -> bool {
    #[cfg(unix)]
    return owned::lets_others_in(folder);
    #[cfg(not(unix))]
    false
}

/// Whether every user of the machine can put files into this folder.
#[must_use]
pub fn lets_others_write(folder: &Path) -> bool {
    #[cfg(unix)]
    return owned::lets_others_write(folder);
    #[cfg(not(unix))]
    false
}

/// All that keeps a file or folder from being ours alone, as [`keep`] would have it; it is only looked at. What is not
/// there yet is no fault.
#[must_use]
pub fn not_ours_alone(path: &Path) -> Vec<Loose> {
    #[cfg(unix)]
    return owned::not_ours_alone(path);
    #[cfg(not(unix))]
    Vec::new()
}

/// Whether what was opened at this path is ours alone, by what is known of it: nobody else reads it, writes to it, or did.
///
/// # Errors
/// It belongs to another user, or others can read it or write to it.
pub fn ensure_ours(path: &Path, opened: &Metadata) -> Result<(), Loose> {
    #[cfg(unix)]
    return owned::ensure_ours(path, opened);
    #[cfg(not(unix))]
    Ok(())
}

/// Whether nobody else can read what is here, such as a secret.
///
/// # Errors
/// Others can.
pub fn ensure_unread_by_others(path: &Path) -> Result<(), Loose> {
    #[cfg(unix)]
    return owned::ensure_unread_by_others(path);
    #[cfg(not(unix))]
    Ok(())
}
