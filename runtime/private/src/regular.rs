//! Files that are read whole: regular ones, of at most so many bytes.
//!
//! Whoever opens a pipe waits for somebody who writes to it, and a device has no end. So opening waits for nothing, what
//! was opened is looked at rather than what the path led to before, and no more is read than was asked for: a file of the
//! kernel's says that it is empty, and is not.

use std::ffi::OsString;
use std::fs::{File, Metadata};
use std::io::{self, ErrorKind, Read};
use std::path::{Component, Path, PathBuf};

/// Reads a regular file of at most so many bytes. The path may be a link: it is whoever wrote the path down that chose it.
///
/// # Errors
/// What `open` and `read` tell; something else than a file; a longer one.
pub fn read_regular(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    whole(open(path)?, most)
}

/// The same for a text.
///
/// # Errors
/// As [`read_regular`]; what is not UTF-8.
pub fn read_regular_text(path: &Path, most: u64) -> io::Result<String> {
    String::from_utf8(read_regular(path, most)?)
        .map_err(|_| io::Error::new(ErrorKind::InvalidData, "it is not UTF-8 text"))
}

fn whole(file: File, most: u64) -> io::Result<Vec<u8>> {
    let known = file.metadata()?;
    if !known.is_file() {
        return Err(io::Error::new(ErrorKind::InvalidInput, format!("it is {}, not a file", kind(&known))));
    }
    let too_long =
        || io::Error::new(ErrorKind::FileTooLarge, format!("it is longer than {most} bytes, which is the most"));
    if known.len() > most {
        return Err(too_long());
    }
    let mut bytes = Vec::new();
    // It may grow meanwhile.
    file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most { Err(too_long()) } else { Ok(bytes) }
}

fn kind(known: &Metadata) -> &'static str {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        let kind = known.file_type();
        match () {
            () if kind.is_fifo() => return "a named pipe",
            () if kind.is_socket() => return "a socket",
            () if kind.is_block_device() || kind.is_char_device() => return "a device",
            () => {}
        }
    }
    if known.is_dir() { "a folder" } else { "something else" }
}

/// What is in a folder under a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// A folder.
    Folder,
    /// A link, which is not followed.
    Link,
    /// A file, or what is neither.
    Other,
}

/// A folder whose files somebody else wrote: no link in it is followed, so nothing is read but what it holds. The folder
/// itself may be behind links: whoever named it chose them.
#[derive(Debug)]
pub struct Folder {
    #[cfg(unix)]
    handle: std::os::fd::OwnedFd,
    #[cfg(not(unix))]
    path: PathBuf,
}

impl Folder {
    /// Reads a regular file in it of at most so many bytes.
    ///
    /// # Errors
    /// As [`read_regular`]; a link, whether it is the file or a folder on the way to it.
    pub fn read(&self, file: &Path, most: u64) -> io::Result<Vec<u8>> {
        whole(self.open_file(file)?, most)
    }

    /// Whether there is something under this path, be it only a link.
    #[must_use]
    pub fn has(&self, path: &Path) -> bool {
        !matches!(self.look(path), Err(error) if error.kind() == ErrorKind::NotFound)
    }
}

/// The names on the way to something in a folder.
fn names(path: &Path) -> io::Result<Vec<&Path>> {
    let name = |part: Component<'_>| matches!(part, Component::Normal(_));
    match path.components().all(name) {
        true => Ok(path.iter().map(Path::new).collect()),
        false => Err(io::Error::new(ErrorKind::InvalidInput, "its path leads out of the folder")),
    }
}

fn linked(way: &Path) -> io::Error {
    let what = format!(
        "`{}` is a link, and no link in here is followed; put what it leads to in its place",
        way.display().to_string().escape_debug()
    );
    io::Error::new(ErrorKind::InvalidInput, what)
}

#[cfg(unix)]
mod unix {
    use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
    use std::os::unix::ffi::OsStringExt;

    use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, openat, statat};

    use super::*;

    /// Opening waits for nobody, makes nothing a terminal of ours, and is not inherited.
    const CALMLY: OFlags = OFlags::NONBLOCK.union(OFlags::NOCTTY).union(OFlags::CLOEXEC);

    pub(super) fn open(path: &Path) -> io::Result<File> {
        Ok(openat(CWD, path, CALMLY | OFlags::RDONLY, Mode::empty())?.into())
    }

    impl Folder {
        /// Opens a folder.
        ///
        /// # Errors
        /// It is none, or cannot be opened.
        pub fn open(path: &Path) -> io::Result<Folder> {
            let handle = openat(CWD, path, CALMLY | OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty())?;
            Ok(Folder { handle })
        }

        /// What is in it, or in a folder in it, in order of the names.
        ///
        /// # Errors
        /// It is no folder or cannot be read; a link is one of these.
        pub fn entries(&self, folder: &Path) -> io::Result<Vec<(OsString, Entry)>> {
            let opened = self.open_at(folder, OFlags::DIRECTORY)?;
            let mut entries = Vec::new();
            for entry in Dir::read_from(&opened)? {
                let name = entry?.file_name().to_owned();
                if matches!(name.to_bytes(), b"." | b"..") {
                    continue;
                }
                let entry = match statat(&opened, &name, AtFlags::SYMLINK_NOFOLLOW) {
                    Ok(known) => match FileType::from_raw_mode(known.st_mode) {
                        FileType::Directory => Entry::Folder,
                        FileType::Symlink => Entry::Link,
                        _ => Entry::Other,
                    },
                    // It has gone meanwhile.
                    Err(rustix::io::Errno::NOENT) => continue,
                    Err(error) => return Err(error.into()),
                };
                entries.push((OsString::from_vec(name.into_bytes()), entry));
            }
            entries.sort_by(|(one, _), (other, _)| one.cmp(other));
            Ok(entries)
        }

        pub(super) fn open_file(&self, file: &Path) -> io::Result<File> {
            self.open_at(file, OFlags::empty()).map(File::from)
        }

        pub(super) fn look(&self, path: &Path) -> io::Result<()> {
            let opened = match path.parent() {
                Some(parent) if !parent.as_os_str().is_empty() => Some(self.open_at(parent, OFlags::DIRECTORY)?),
                _ => None,
            };
            let folder = opened.as_ref().map_or(self.handle.as_fd(), OwnedFd::as_fd);
            let name = path.file_name().map(Path::new).unwrap_or(path);
            Ok(statat(folder, name, AtFlags::SYMLINK_NOFOLLOW).map(drop)?)
        }

        /// Opens name by name: none on the way may be a link, and none can become one.
        fn open_at(&self, path: &Path, last: OFlags) -> io::Result<OwnedFd> {
            let names = names(path)?;
            let mut way = PathBuf::new();
            let mut opened = self.handle.try_clone()?;
            for (index, name) in names.iter().enumerate() {
                way.push(name);
                let flags = if index + 1 < names.len() { OFlags::DIRECTORY } else { last };
                let flags = CALMLY | OFlags::RDONLY | OFlags::NOFOLLOW | flags;
                opened = match openat(&opened, *name, flags, Mode::empty()) {
                    Ok(next) => next,
                    Err(_) if is_link(opened.as_fd(), name) => return Err(linked(&way)),
                    Err(error) => return Err(error.into()),
                };
            }
            Ok(opened)
        }
    }

    fn is_link(folder: BorrowedFd<'_>, name: &Path) -> bool {
        let known = statat(folder, name, AtFlags::SYMLINK_NOFOLLOW);
        known.is_ok_and(|known| FileType::from_raw_mode(known.st_mode) == FileType::Symlink)
    }
}
#[cfg(unix)]
use unix::open;

#[cfg(not(unix))]
mod elsewhere {
    use super::*;

    pub(super) fn open(path: &Path) -> io::Result<File> {
        File::open(path)
    }

    impl Folder {
        /// Opens a folder.
        ///
        /// # Errors
        /// It is none, or cannot be read.
        pub fn open(path: &Path) -> io::Result<Folder> {
            std::fs::read_dir(path)?;
            Ok(Folder { path: path.to_owned() })
        }

        /// What is in it, or in a folder in it, in order of the names.
        ///
        /// # Errors
        /// It is no folder or cannot be read; a link is one of these.
        pub fn entries(&self, folder: &Path) -> io::Result<Vec<(OsString, Entry)>> {
            let mut entries = Vec::new();
            for entry in std::fs::read_dir(self.within(folder)?)? {
                let entry = entry?;
                let kind = entry.file_type()?;
                let is = match () {
                    () if kind.is_symlink() => Entry::Link,
                    () if kind.is_dir() => Entry::Folder,
                    () => Entry::Other,
                };
                entries.push((entry.file_name(), is));
            }
            entries.sort_by(|(one, _), (other, _)| one.cmp(other));
            Ok(entries)
        }

        pub(super) fn open_file(&self, file: &Path) -> io::Result<File> {
            File::open(self.within(file)?)
        }

        pub(super) fn look(&self, path: &Path) -> io::Result<()> {
            names(path)?;
            std::fs::symlink_metadata(self.path.join(path)).map(drop)
        }

        /// The path, on which no name is a link.
        fn within(&self, path: &Path) -> io::Result<PathBuf> {
            let mut way = PathBuf::new();
            for name in names(path)? {
                way.push(name);
                if std::fs::symlink_metadata(self.path.join(&way))?.is_symlink() {
                    return Err(linked(&way));
                }
            }
            Ok(self.path.join(way))
        }
    }
}
#[cfg(not(unix))]
use elsewhere::open;

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::os::unix::fs::symlink;

    use rustix::fs::{CWD, FileType, Mode, mknodat};

    use super::*;

    fn told<T: std::fmt::Debug>(read: io::Result<T>) -> String {
        read.unwrap_err().to_string()
    }

    #[test]
    fn a_file_is_read_up_to_its_most_and_no_further() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::fs::write(&path, "abc").unwrap();
        symlink(&path, folder.path().join("link")).unwrap();
        assert_eq!(read_regular(&folder.path().join("link"), 3).unwrap(), b"abc");
        assert_eq!(told(read_regular(&path, 2)), "it is longer than 2 bytes, which is the most");
        std::fs::write(&path, [0xff]).unwrap();
        assert_eq!(told(read_regular_text(&path, 3)), "it is not UTF-8 text");
        assert_eq!(read_regular(&folder.path().join("none"), 3).unwrap_err().kind(), ErrorKind::NotFound);
        // It says that it is empty.
        assert!(told(read_regular(Path::new("/proc/self/status"), 3)).contains("longer than 3 bytes"));
    }

    #[test]
    fn what_is_no_file_is_told_and_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        mknodat(CWD, &pipe, FileType::Fifo, Mode::RUSR, 0).unwrap();
        assert_eq!(told(read_regular(&pipe, 9)), "it is a named pipe, not a file");
        assert_eq!(told(read_regular(Path::new("/dev/zero"), 9)), "it is a device, not a file");
        assert_eq!(told(read_regular(folder.path(), 9)), "it is a folder, not a file");
    }

    #[test]
    fn nothing_in_a_folder_leads_out_of_it() {
        let outside = tempfile::tempdir().unwrap();
        std::fs::write(outside.path().join("secret"), "s").unwrap();
        let inside = tempfile::tempdir().unwrap();
        std::fs::create_dir(inside.path().join("a")).unwrap();
        std::fs::write(inside.path().join("a/file"), "f").unwrap();
        symlink(outside.path(), inside.path().join("out")).unwrap();
        symlink("file", inside.path().join("a/link")).unwrap();
        symlink("/proc/self/environ", inside.path().join("a/environ")).unwrap();
        mknodat(CWD, inside.path().join("a/pipe"), FileType::Fifo, Mode::RUSR, 0).unwrap();
        // The folder itself may be behind a link.
        symlink(inside.path(), outside.path().join("pack")).unwrap();
        let folder = Folder::open(&outside.path().join("pack")).unwrap();
        let read = |file: &str| folder.read(Path::new(file), 9);
        assert_eq!(read("a/file").unwrap(), b"f");
        for (file, link) in [("a/link", "a/link"), ("a/environ", "a/environ"), ("out/secret", "out")] {
            let told = told(read(file));
            assert!(told.starts_with(&format!("`{link}` is a link, and no link in here is followed")), "{told}");
        }
        assert_eq!(told(read("a/pipe")), "it is a named pipe, not a file");
        assert_eq!(told(read("a")), "it is a folder, not a file");
        for out in ["../x", "/etc/passwd", "a/../../x"] {
            assert_eq!(told(read(out)), "its path leads out of the folder", "{out}");
        }
        assert_eq!(read("none/file").unwrap_err().kind(), ErrorKind::NotFound);
        let entries = folder.entries(Path::new("a")).unwrap();
        let entries: Vec<_> = entries.iter().map(|(name, entry)| (name.to_str().unwrap(), *entry)).collect();
        let other = Entry::Other;
        assert_eq!(entries, [("environ", Entry::Link), ("file", other), ("link", Entry::Link), ("pipe", other)]);
        assert_eq!(folder.entries(Path::new("")).unwrap().len(), 2);
        assert!(told(folder.entries(Path::new("out"))).contains("`out` is a link"));
        assert!(folder.has(Path::new("a/link")) && folder.has(Path::new("out")) && !folder.has(Path::new("a/none")));
        assert!(!folder.has(Path::new("none/file")));
    }
}
