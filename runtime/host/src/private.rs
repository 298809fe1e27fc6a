//! Whether files and folders are this user's alone.

use std::fs::Metadata;
use std::io;
use std::path::Path;

/// Refuses what belongs to another user, or what others may do to it any of what these bits of a mode allow.
#[cfg(unix)]
pub(crate) fn ensure_private(path: &Path, known: &Metadata, bits: u32) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt;
    let (owner, user) = (known.uid(), rustix::process::geteuid().as_raw());
    let shown = path.display();
    let refused = |message: String| Err(io::Error::new(io::ErrorKind::PermissionDenied, message));
    if owner != user {
        return refused(format!(
            "{shown} belongs to the user {owner}, and this is the user {user}; help: `chown {user} {shown}` if nobody \
             else has written to it, or remove it"
        ));
    }
    if known.mode() & bits != 0 {
        let (mode, wanted) = (known.mode() & 0o7777, known.mode() & 0o7777 & !bits);
        return refused(format!(
            "{shown} is open to other users: its mode is {mode:04o}; help: `chmod {wanted:04o} {shown}`, or remove it"
        ));
    }
    Ok(())
}

#[cfg(not(unix))]
pub(crate) fn ensure_private(_: &Path, _: &Metadata, _: u32) -> io::Result<()> {
    Ok(())
}
