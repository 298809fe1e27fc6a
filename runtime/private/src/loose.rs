//! What others could do, and the line that mends it.

use std::path::PathBuf;

/// Why a file or folder is not only ours. The message ends with the line that mends it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Loose {
    /// It belongs to another user, who can read and change all of it.
    #[error(
        "`{}` belongs to user {owner}, and this is user {us}: run tradewire as its owner, or give it to this user with \
         `chown -R {us} {}`", path.display(), path.display()
    )]
    Foreign {
        /// What.
        path: PathBuf,
        /// Whose.
        owner: u32,
        /// Who we are.
        us: u32,
    },
    /// Others can write to it.
    #[error("other users can change `{}` (mode {mode:04o}): `chmod go-w {}`", path.display(), path.display())]
    Writable {
        /// What.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// Others can read it.
    #[error("other users can read `{}` (mode {mode:04o}): `chmod {to} {}`", path.display(), path.display())]
    Readable {
        /// What.
        path: PathBuf,
        /// Its mode.
        mode: u32,
        /// The mode that it should have, as `chmod` takes it.
        to: &'static str,
    },
    /// A folder on the way to it is one where others can put something else in its place.
    #[error(
        "other users can replace `{}`, because they can change the folder `{}` (mode {mode:04o}): `chmod go-w {}`",
        path.display(), folder.display(), folder.display()
    )]
    Replaceable {
        /// What.
        path: PathBuf,
        /// The folder.
        folder: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// A folder on the way to it belongs to another user.
    #[error(
        "user {owner} can replace `{}`, because the folder `{}` belongs to them, and this is user {us}: run tradewire \
         as its owner, or give the folder to this user with `chown {us} {}`", path.display(), folder.display(), folder.display()
    )]
    ForeignFolder {
        /// What.
        path: PathBuf,
        /// The folder.
        folder: PathBuf,
        /// Whose.
        owner: u32,
        /// Who we are.
        us: u32,
    },
    /// It cannot be looked at, or its mode cannot be changed.
    #[error("cannot make `{}` private: {why}; look at it with `ls -ld {}`", path.display(), path.display())]
    Unknown {
        /// What.
        path: PathBuf,
        /// Why not.
        why: String,
    },
}

/// What was too open, and is not any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mended {
    /// What.
    pub path: PathBuf,
    /// The mode that it had.
    pub was: u32,
    /// The mode that it has.
    pub is: u32,
}

impl std::fmt::Display for Mended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Mended { path, was, is } = self;
        write!(f, "other users could reach `{}` (mode {was:04o}); its mode is {is:04o} now", path.display())
    }
}
