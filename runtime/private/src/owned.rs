//! Owners and modes.

use std::fs::{self, Metadata, Permissions};
use std::io::{self, ErrorKind};
use std::mem::discriminant;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use rustix::process::{getegid, geteuid};

use crate::{Loose, Mended};

const OTHERS: u32 = 0o077;
const OTHERS_WRITE: u32 = 0o022;
const GROUP_WRITES: u32 = 0o020;
const ALL_WRITE: u32 = 0o002;
const ALL_ENTER: u32 = 0o001;
/// In such a folder nobody removes what is another's.
const STICKY: u32 = 0o1000;

/// So many files and folders of one that is used as a whole are looked at, and no more: none that is in use has as many.
const MOST_PARTS: usize = 10_000;
/// So deep are its folders in each other.
const DEEPEST: usize = 16;

pub(super) fn keep(path: &Path) -> Result<Option<Mended>, Loose> {
    let Some(there) = look(path)? else { return Ok(None) };
    ensure_owned(path, &there)?;
    ensure_in_place(path)?;
    let was = mode(&there);
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
    // What anybody can change is told before whose it is.
    if others_write(&there) {
        return Err(Loose::Writable { path: path.to_owned(), mode: mode(&there) });
    }
    ensure_in_place(path)?;
    ensure_ours_or_the_administrators(path, &there)
}

pub(super) fn changed_by_others(path: &Path) -> Vec<Loose> {
    let mut found: Vec<Loose> = Vec::new();
    let mut note = |looked: Result<(), Loose>| {
        let loose = looked.err().map(|loose| match loose {
            Loose::Writable { path: part, mode } if part != path => {
                Loose::WritableWithin { folder: path.to_owned(), path: part, mode }
            }
            loose => loose,
        });
        found.extend(loose.filter(|loose| found.iter().all(|found| discriminant(found) != discriminant(loose))));
    };
    note(ensure_unchanged_by_others(path));
    if path.is_dir() {
        let mut left = MOST_PARTS;
        each_within(path, DEEPEST, &mut left, &mut note);
    }
    found
}

/// Looks at everything in a folder that is in place itself, so each part is told by its own mode. A link leads elsewhere,
/// and is looked at with all that is on the way to there.
fn each_within(folder: &Path, depth: usize, left: &mut usize, note: &mut impl FnMut(Result<(), Loose>)) {
    let Ok(parts) = fs::read_dir(folder) else { return };
    for part in parts.flatten() {
        let path = part.path();
        *left = left.saturating_sub(1);
        if depth == 0 || *left == 0 {
            let why = format!("more than {MOST_PARTS} files, or folders more than {DEEPEST} deep");
            note(Err(Loose::Unknown { path: folder.to_owned(), why }));
            return;
        }
        let Ok(there) = fs::symlink_metadata(&path) else { continue };
        match there.is_symlink() {
            true => note(ensure_unchanged_by_others(&path)),
            false if others_write(&there) => note(Err(Loose::Writable { path: path.clone(), mode: mode(&there) })),
            false => note(ensure_ours_or_the_administrators(&path, &there)),
        }
        // What a link leads to may hold more, or itself.
        if path.is_dir() {
            each_within(&path, depth - 1, left, note);
        }
    }
}

pub(super) fn lets_others_in(folder: &Path) -> bool {
    let Ok(absolute) = std::path::absolute(folder) else { return false };
    let lets_in = |folder: &Path| fs::metadata(folder).is_ok_and(|there| there.mode() & ALL_ENTER != 0);
    absolute.ancestors().filter(|folder| folder.exists()).all(lets_in)
}

pub(super) fn lets_others_write(folder: &Path) -> bool {
    fs::metadata(folder).is_ok_and(|there| there.mode() & ALL_WRITE != 0) && lets_others_in(folder)
}

fn ensure_ours_or_the_administrators(path: &Path, there: &Metadata) -> Result<(), Loose> {
    if there.uid() == 0 { Ok(()) } else { ensure_owned_by_us(path, there, true) }
}

pub(super) fn not_ours_alone(path: &Path) -> Vec<Loose> {
    let there = match look(path) {
        Ok(Some(there)) => there,
        Ok(None) => return Vec::new(),
        Err(loose) => return vec![loose],
    };
    let looked = [
        ensure_owned(path, &there),
        ensure_unwritten(path, &there),
        ensure_in_place(path),
        ensure_unread(path, &there),
    ];
    looked.into_iter().filter_map(Result::err).collect()
}

pub(super) fn ensure_ours(path: &Path, opened: &Metadata) -> Result<(), Loose> {
    ensure_owned(path, opened)?;
    ensure_unwritten(path, opened)?;
    ensure_unread(path, opened)
}

fn ensure_unwritten(path: &Path, there: &Metadata) -> Result<(), Loose> {
    if there.mode() & OTHERS_WRITE == 0 {
        return Ok(());
    }
    Err(Loose::Writable { path: path.to_owned(), mode: mode(there) })
}

pub(super) fn ensure_unread_by_others(path: &Path) -> Result<(), Loose> {
    look(path)?.map_or(Ok(()), |there| ensure_unread(path, &there))
}

fn ensure_owned(path: &Path, there: &Metadata) -> Result<(), Loose> {
    ensure_owned_by_us(path, there, false)
}

fn ensure_owned_by_us(path: &Path, there: &Metadata, is_read: bool) -> Result<(), Loose> {
    let us = geteuid().as_raw();
    if there.uid() == us {
        return Ok(());
    }
    Err(Loose::Foreign { path: path.to_owned(), is_folder: there.is_dir(), is_read, owner: there.uid(), us })
}

fn ensure_unread(path: &Path, there: &Metadata) -> Result<(), Loose> {
    if there.mode() & OTHERS == 0 {
        return Ok(());
    }
    let to = if there.is_dir() { "700" } else { "600" };
    let us = geteuid().as_raw();
    Err(Loose::Readable { path: path.to_owned(), mode: mode(there), to, owner: there.uid(), us })
}

/// What is there, behind a link; a link itself must be ours, or the administrator's.
fn look(path: &Path) -> Result<Option<Metadata>, Loose> {
    let met = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        other => other.map_err(|error| unknown(path, &error))?,
    };
    let us = geteuid().as_raw();
    if met.is_symlink() && ![us, 0].contains(&met.uid()) {
        return Err(Loose::ForeignLink { path: path.to_owned(), owner: met.uid(), us });
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
    let mut seen: Vec<&Path> = Vec::new();
    let mut foreign = None;
    for folder in absolute.ancestors().skip(1).chain(behind.ancestors().skip(1)) {
        if seen.contains(&folder) {
            continue;
        }
        seen.push(folder);
        let there = fs::metadata(folder).map_err(|error| unknown(folder, &error))?;
        let (path, folder) = (path.to_owned(), folder.to_owned());
        if others_write(&there) && there.mode() & STICKY == 0 {
            return Err(Loose::Replaceable { path, folder, mode: mode(&there) });
        }
        if ![us, 0].contains(&there.uid()) {
            foreign.get_or_insert(Loose::ForeignFolder { path, folder, owner: there.uid(), us });
        }
    }
    foreign.map_or(Ok(()), Err)
}

/// Whether others can write to it. The group that its owner has for itself alone, as many systems give one, is no other.
fn others_write(there: &Metadata) -> bool {
    let own_group = there.gid() == there.uid() && (there.gid() != 0 || getegid().is_root());
    let writes = if own_group { OTHERS_WRITE & !GROUP_WRITES } else { OTHERS_WRITE };
    there.mode() & writes != 0
}

fn mode(there: &Metadata) -> u32 {
    there.mode() & 0o7777
}

fn unknown(path: &Path, error: &io::Error) -> Loose {
    Loose::Unknown { path: path.to_owned(), why: error.to_string() }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{chown, symlink};
    use std::path::PathBuf;

    use super::*;

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    fn state(folder: &tempfile::TempDir) -> PathBuf {
        let state = folder.path().join("state");
        fs::create_dir(&state).unwrap();
        set_mode(&state, 0o700);
        state
    }

    #[test]
    fn what_is_ours_and_open_is_mended_and_told() {
        let folder = tempfile::tempdir().unwrap();
        let state = state(&folder);
        assert_eq!(keep(&state), Ok(None));
        set_mode(&state, 0o755);
        let mended = keep(&state).unwrap().unwrap();
        assert_eq!((mended.was, mended.is), (0o755, 0o700));
        assert_eq!(fs::metadata(&state).unwrap().mode() & 0o7777, 0o700);
        assert!(mended.to_string().ends_with("(mode 0755); its mode is 0700 now"), "{mended}");
        assert_eq!(keep(&state.join("none")), Ok(None));
    }

    #[test]
    fn all_that_keeps_it_from_being_ours_alone_is_told_and_nothing_is_changed() {
        let folder = tempfile::tempdir().unwrap();
        let state = state(&folder);
        assert_eq!((not_ours_alone(&state), not_ours_alone(&state.join("none"))), (vec![], vec![]));
        set_mode(&state, 0o757);
        set_mode(folder.path(), 0o757);
        let found = not_ours_alone(&state);
        assert!(
            matches!(&found[..], [Loose::Writable { .. }, Loose::Replaceable { .. }, Loose::Readable { .. }]),
            "{found:?}"
        );
        assert_eq!(fs::metadata(&state).unwrap().mode() & 0o7777, 0o757);
        set_mode(folder.path(), 0o700);
        if chown(&state, Some(65534), None).is_ok() {
            assert!(matches!(not_ours_alone(&state)[0], Loose::Foreign { is_read: false, .. }));
        }
    }

    #[test]
    fn where_others_can_replace_it_it_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let state = state(&folder);
        set_mode(folder.path(), 0o757);
        let told = keep(&state).unwrap_err();
        assert!(matches!(told, Loose::Replaceable { .. }), "{told}");
        assert!(told.to_string().ends_with(&format!("`chmod go-w {}`", folder.path().display())), "{told}");
        set_mode(folder.path(), 0o1757);
        assert_eq!(keep(&state), Ok(None), "what is sticky is no danger");
        set_mode(folder.path(), 0o700);
    }

    #[test]
    fn a_link_is_looked_behind() {
        let folder = tempfile::tempdir().unwrap();
        let open = folder.path().join("open");
        fs::create_dir(&open).unwrap();
        let state = state(&folder);
        fs::create_dir(open.join("state")).unwrap();
        set_mode(&open.join("state"), 0o700);
        set_mode(&open, 0o777);
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
        set_mode(&file, 0o644);
        assert_eq!(ensure_unchanged_by_others(&file), Ok(()));
        assert!(ensure_unread_by_others(&file).unwrap_err().to_string().contains("`chmod 600 "));
        set_mode(&file, 0o646);
        assert!(matches!(ensure_unchanged_by_others(&file), Err(Loose::Writable { mode: 0o646, .. })));
        set_mode(&file, 0o600);
        if chown(&file, Some(65534), None).is_ok() {
            let told = ensure_unchanged_by_others(&file).unwrap_err().to_string();
            assert!(told.contains("belongs to user 65534, and this is user 0"), "{told}");
            assert!(matches!(keep(&file), Err(Loose::Foreign { owner: 65534, .. })));
            set_mode(&file, 0o646);
            assert!(ensure_unchanged_by_others(&file).unwrap_err().is_open(), "worse than that it is another's");
        }
    }

    #[test]
    fn all_of_a_folder_is_looked_at_and_told_with_one_line_for_all() {
        let folder = tempfile::tempdir().unwrap();
        let (pack, inner) = (folder.path().join("pack"), folder.path().join("pack/Templates"));
        fs::create_dir_all(&inner).unwrap();
        for file in ["a.liquid", "b.liquid"] {
            fs::write(inner.join(file), "").unwrap();
            set_mode(&inner.join(file), 0o644);
        }
        set_mode(&pack, 0o755);
        set_mode(&inner, 0o755);
        assert_eq!(changed_by_others(&pack), []);
        set_mode(&inner.join("a.liquid"), 0o666);
        set_mode(&inner.join("b.liquid"), 0o666);
        let found = changed_by_others(&pack);
        assert!(matches!(&found[..], [Loose::WritableWithin { .. }]), "{found:?}");
        assert!(found[0].to_string().ends_with(&format!("`chmod -R go-w {}`", pack.display())), "{}", found[0]);
        set_mode(&inner.join("a.liquid"), 0o644);
        set_mode(&inner.join("b.liquid"), 0o644);
        // Others remove nothing from a sticky folder, but add to it.
        set_mode(&inner, 0o1777);
        assert!(matches!(&changed_by_others(&pack)[..], [Loose::WritableWithin { mode: 0o1777, .. }]));
        set_mode(&inner, 0o755);
        let open = folder.path().join("open");
        fs::create_dir(&open).unwrap();
        fs::write(open.join("c.liquid"), "").unwrap();
        set_mode(&open, 0o777);
        symlink(open.join("c.liquid"), inner.join("c.liquid")).unwrap();
        assert!(matches!(&changed_by_others(&pack)[..], [Loose::Replaceable { folder, .. }] if *folder == open));
        set_mode(&open, 0o755);
        symlink(&pack, inner.join("circle")).unwrap();
        assert!(matches!(&changed_by_others(&pack)[..], [Loose::Unknown { .. }]), "a circle ends");
        assert_eq!(changed_by_others(&folder.path().join("none")), []);
    }

    #[test]
    fn others_are_let_in_where_every_folder_on_the_way_lets_them() {
        let folder = tempfile::tempdir().unwrap();
        let (outer, inner) = (folder.path().join("outer"), folder.path().join("outer/inner"));
        fs::create_dir_all(&inner).unwrap();
        for (path, mode) in [(folder.path(), 0o755), (&outer, 0o755), (&inner, 0o755)] {
            set_mode(path, mode);
        }
        assert!(lets_others_in(&inner) && lets_others_in(&inner.join("not-there-yet")));
        set_mode(&outer, 0o750);
        assert!(!lets_others_in(&inner));
    }
}
