//! Owners and modes.

use std::fs::{self, Metadata, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::process::{getegid, geteuid};

use crate::{Loose, Mended};

const OTHERS: u32 = 0o077;
const OTHERS_WRITE: u32 = 0o022;
const GROUP_WRITES: u32 = 0o020;
/// In such a folder nobody removes what is another's.
const STICKY: u32 = 0o1000;

pub(super) fn keep(path: &Path) -> Result<Option<Mended>, Loose> {
    let Some(there) = look(path)? else { return Ok(None) };
    ensure_owned(path, &there)?;
    ensure_in_place(path)?;
    let was = there.mode() & 0o7777;
    if was & OTHERS == 0 {
        return Ok(None);
    }
    let is = was & !OTHERS;
    match fs::set_permissions(path, Permissions::from_mode(is)) {
        // SQLite removes its log when the last process lets go of it.
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        other => other.map(|()| Some(Mended { path: path.to_owned(), was, is })).map_err(|error| unknown(path, &error)),
    }
}

pub(super) fn ensure_unchanged_by_others(path: &Path) -> Result<(), Loose> {
    let Some(there) = look(path)? else { return Ok(()) };
    let us = geteuid().as_raw();
    if ![us, 0].contains(&there.uid()) {
        return Err(Loose::Foreign { path: path.to_owned(), owner: there.uid(), us });
    }
    if others_write(&there) {
        return Err(Loose::Writable { path: path.to_owned(), mode: there.mode() & 0o7777 });
    }
    ensure_in_place(path)
}

pub(super) fn ensure_ours(path: &Path, opened: &Metadata) -> Result<(), Loose> {
    ensure_owned(path, opened)?;
    if opened.mode() & OTHERS_WRITE != 0 {
        return Err(Loose::Writable { path: path.to_owned(), mode: opened.mode() & 0o7777 });
    }
    ensure_unread(path, opened)
}

pub(super) fn ensure_unread_by_others(path: &Path) -> Result<(), Loose> {
    look(path)?.map_or(Ok(()), |there| ensure_unread(path, &there))
}

fn ensure_owned(path: &Path, there: &Metadata) -> Result<(), Loose> {
    let us = geteuid().as_raw();
    if there.uid() == us {
        return Ok(());
    }
    Err(Loose::Foreign { path: path.to_owned(), owner: there.uid(), us })
}

fn ensure_unread(path: &Path, there: &Metadata) -> Result<(), Loose> {
    if there.mode() & OTHERS == 0 {
        return Ok(());
    }
    let to = if there.is_dir() { "700" } else { "600" };
    Err(Loose::Readable { path: path.to_owned(), mode: there.mode() & 0o7777, to })
}

/// What is there, behind a link; a link itself must be ours, or the administrator's.
fn look(path: &Path) -> Result<Option<Metadata>, Loose> {
    let met = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        other => other.map_err(|error| unknown(path, &error))?,
    };
    let us = geteuid().as_raw();
    if met.is_symlink() && ![us, 0].contains(&met.uid()) {
        return Err(Loose::Foreign { path: path.to_owned(), owner: met.uid(), us });
    }
    match fs::metadata(path) {
        // A link to what is made later.
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        other => other.map(Some).map_err(|error| unknown(path, &error)),
    }
}

/// That every folder on the way to it, and on the way to what it links to, is one in which others replace nothing.
fn ensure_in_place(path: &Path) -> Result<(), Loose> {
    let absolute = std::path::absolute(path).map_err(|error| unknown(path, &error))?;
    let behind = match fs::canonicalize(path) {
        // It has gone meanwhile.
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        other => other.map_err(|error| unknown(path, &error))?,
    };
    let us = geteuid().as_raw();
    let mut seen: Vec<PathBuf> = Vec::new();
    for folder in absolute.ancestors().skip(1).chain(behind.ancestors().skip(1)) {
        if seen.iter().any(|seen| seen == folder) {
            continue;
        }
        seen.push(folder.to_owned());
        let there = fs::metadata(folder).map_err(|error| unknown(folder, &error))?;
        let (path, folder) = (path.to_owned(), folder.to_owned());
        if ![us, 0].contains(&there.uid()) {
            return Err(Loose::ForeignFolder { path, folder, owner: there.uid(), us });
        }
        if others_write(&there) && there.mode() & STICKY == 0 {
            return Err(Loose::Replaceable { path, folder, mode: there.mode() & 0o7777 });
        }
    }
    Ok(())
}

/// Whether others can write to it. The group that a user has for itself alone, as many systems give one, is no other.
fn others_write(there: &Metadata) -> bool {
    let own_group = there.gid() == getegid().as_raw() && there.gid() == there.uid();
    let writes = if own_group { OTHERS_WRITE & !GROUP_WRITES } else { OTHERS_WRITE };
    there.mode() & writes != 0
}

fn unknown(path: &Path, error: &io::Error) -> Loose {
    Loose::Unknown { path: path.to_owned(), why: error.to_string() }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{chown, symlink};

    use super::*;

    fn mode(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    fn state(folder: &tempfile::TempDir) -> PathBuf {
        let state = folder.path().join("state");
        fs::create_dir(&state).unwrap();
        mode(&state, 0o700);
        state
    }

    #[test]
    fn what_is_ours_and_open_is_mended_and_told() {
        let folder = tempfile::tempdir().unwrap();
        let state = state(&folder);
        assert_eq!(keep(&state), Ok(None));
        mode(&state, 0o755);
        let mended = keep(&state).unwrap().unwrap();
        assert_eq!((mended.was, mended.is), (0o755, 0o700));
        assert_eq!(fs::metadata(&state).unwrap().mode() & 0o7777, 0o700);
        assert!(mended.to_string().ends_with("(mode 0755); its mode is 0700 now"), "{mended}");
        assert_eq!(keep(&state.join("none")), Ok(None));
    }

    #[test]
    fn where_others_can_replace_it_it_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let state = state(&folder);
        mode(folder.path(), 0o757);
        let told = keep(&state).unwrap_err();
        assert!(matches!(told, Loose::Replaceable { .. }), "{told}");
        assert!(told.to_string().ends_with(&format!("`chmod go-w {}`", folder.path().display())), "{told}");
        mode(folder.path(), 0o1757);
        assert_eq!(keep(&state), Ok(None), "what is sticky is no danger");
        mode(folder.path(), 0o700);
    }

    #[test]
    fn a_link_is_looked_behind() {
        let folder = tempfile::tempdir().unwrap();
        let open = folder.path().join("open");
        fs::create_dir(&open).unwrap();
        let state = state(&folder);
        fs::create_dir(open.join("state")).unwrap();
        mode(&open.join("state"), 0o700);
        mode(&open, 0o777);
        symlink(open.join("state"), state.join("link")).unwrap();
        assert!(
            matches!(keep(&state.join("link")), Err(Loose::Replaceable { folder, .. }) if folder.ends_with("open"))
        );
    }

    #[test]
    fn what_is_read_may_be_the_administrators_and_no_third_users() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tradewire.toml");
        fs::write(&file, "").unwrap();
        mode(&file, 0o644);
        assert_eq!(ensure_unchanged_by_others(&file), Ok(()));
        assert!(ensure_unread_by_others(&file).unwrap_err().to_string().contains("`chmod 600 "));
        mode(&file, 0o646);
        assert!(matches!(ensure_unchanged_by_others(&file), Err(Loose::Writable { mode: 0o646, .. })));
        mode(&file, 0o600);
        if chown(&file, Some(65534), None).is_ok() {
            let told = ensure_unchanged_by_others(&file).unwrap_err().to_string();
            assert!(told.contains("belongs to user 65534, and this is user 0"), "{told}");
            assert!(matches!(keep(&file), Err(Loose::Foreign { owner: 65534, .. })));
        }
    }
}
