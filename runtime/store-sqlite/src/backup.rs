//! Copies of the store: made while processes work on it, put back while none does.
//!
//! Every process that has the store open holds a shared lock on a file beside it, which ends with the process however it
//! ends; whoever puts a copy back holds it alone.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use chrono::Utc;
use rusqlite::{Connection, OpenFlags};
use tradewire_disk::{folder_of, sync_folder};

use crate::{SqliteStore, fault, schema};

/// Why there is no copy, or why it is not put back.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// There is no store.
    #[error("there is no store `{}`", .0.display())]
    NoStore(PathBuf),
    /// The file is there already.
    #[error("`{}` is there already: name a file that is not", .0.display())]
    Exists(PathBuf),
    /// A process works on the store.
    #[error("a process works on the store `{}`: stop `tradewire serve` and whatever else runs, then try again", .0.display())]
    InUse(PathBuf),
    /// It is no copy of a store, or a damaged one.
    #[error("`{}` is not a whole store ({reason}); nothing was changed", file.display())]
    NotAStore {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The store is damaged, so that a copy might lack something.
    #[error(
        "the store `{}` is damaged ({reason}), and no copy of it was made: stop tradewire and put an earlier copy in its \
         place with `tradewire store restore <copy>`, which keeps the damaged one beside it", store.display()
    )]
    Damaged {
        /// The store.
        store: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A newer version of Tradewire has written it.
    #[error("`{}` was written by a newer version of tradewire: use that version; nothing was changed", .0.display())]
    Newer(PathBuf),
    /// A file cannot be read or written.
    #[error("cannot write `{}`: {source}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The database failed.
    #[error("cannot copy `{}`: {source}", file.display())]
    Database {
        /// The file that is copied.
        file: PathBuf,
        /// Why not.
        source: rusqlite::Error,
    },
}

/// How long a restore waits for processes that are ending, in steps.
const STEP: Duration = Duration::from_millis(50);
const STEPS: u32 = 40;

/// Holds the store open for this process, for as long as it lives.
pub fn share(store: &Path) -> io::Result<File> {
    let file = lock_file(store)?;
    file.lock_shared()?;
    Ok(file)
}

fn hold_alone(store: &Path) -> Result<File, BackupError> {
    let failed = |source| BackupError::File { file: store.to_owned(), source };
    let file = lock_file(store).map_err(failed)?;
    for _ in 0..STEPS {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => thread::sleep(STEP),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
    }
    Err(BackupError::InUse(store.to_owned()))
}

fn lock_file(store: &Path) -> io::Result<File> {
    File::options().create(true).truncate(false).write(true).open(beside(store, "in-use"))
}

/// `tradewire.db` and `in-use` are `tradewire.db.in-use`.
fn beside(file: &Path, what: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(format!(".{what}"));
    name.into()
}

impl SqliteStore {
    /// Copies a store as it is at this moment into a file that is not there yet; processes go on working on it. The copy
    /// has its name only when it is whole. Blocks.
    pub fn backup(store: &Path, file: &Path) -> Result<(), BackupError> {
        if !store.exists() {
            return Err(BackupError::NoStore(store.to_owned()));
        }
        let _in_use = share(store).map_err(|source| BackupError::File { file: store.to_owned(), source })?;
        // A copy is written anew from the tables: it would not show that an index is damaged.
        if let Some(reason) = damage(store)? {
            return Err(BackupError::Damaged { store: store.to_owned(), reason });
        }
        copy(store, file)
    }

    /// Puts a copy in the place of the store, and answers where the store is now that was there before, if one was.
    /// Refused while a process works on it. Blocks.
    pub fn restore(store: &Path, file: &Path) -> Result<Option<PathBuf>, BackupError> {
        if !file.exists() {
            return Err(BackupError::NoStore(file.to_owned()));
        }
        let _alone = hold_alone(store)?;
        ensure_whole(file)?;
        let new = beside(store, "restored");
        remove(&new)?;
        copy(file, &new)?;
        let before = store.exists().then(|| set_aside(store)).transpose()?;
        fs::rename(&new, store).map_err(|source| BackupError::File { file: store.to_owned(), source })?;
        sync_name(store)?;
        Ok(before)
    }
}

impl SqliteStore {
    /// What is damaged in a store, where something is. Blocks for as long as it takes to read all of it.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn damage(store: &Path) -> Result<Option<String>, BackupError> {
        damage(store)
    }
}

/// Copies a database whole, with what is only in its write-ahead log yet.
fn copy(from: &Path, to: &Path) -> Result<(), BackupError> {
    let failed = |source| BackupError::File { file: to.to_owned(), source };
    if to.exists() {
        return Err(BackupError::Exists(to.to_owned()));
    }
    let part = beside(to, "part");
    remove(&part)?;
    let copied = Connection::open_with_flags(from, OpenFlags::SQLITE_OPEN_READ_WRITE).and_then(|connection| {
        connection.busy_timeout(crate::BUSY)?;
        // Keeps the rows in their order, which says which run of a window is the latest.
        connection.execute("VACUUM INTO ?1", [part.to_string_lossy()]).map(drop)
    });
    if let Err(source) = copied {
        let _ = fs::remove_file(&part);
        return Err(BackupError::Database { file: from.to_owned(), source });
    }
    File::open(&part).and_then(|file| file.sync_all()).map_err(failed)?;
    // Unlike a rename, a link never takes the place of a file that came meanwhile; not every file system has links.
    let named = fs::hard_link(&part, to);
    named.or_else(|error| if to.exists() { Err(error) } else { fs::rename(&part, to) }).map_err(failed)?;
    remove(&part)?;
    sync_name(to)
}

/// What is damaged, where something is.
fn damage(store: &Path) -> Result<Option<String>, BackupError> {
    let check = || {
        let connection = Connection::open_with_flags(store, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        connection.busy_timeout(crate::BUSY)?;
        connection.query_row("PRAGMA integrity_check(1)", (), |row| row.get::<_, String>(0))
    };
    match check() {
        Ok(check) if check == "ok" => Ok(None),
        // On lines of its own it says where.
        Ok(check) => Ok(Some(check.lines().last().unwrap_or_default().to_owned())),
        Err(error) => match fault::damage(&error) {
            Some(reason) => Ok(Some(reason)),
            None => Err(BackupError::Database { file: store.to_owned(), source: error }),
        },
    }
}

/// That a file is a store of this version or an earlier one, and not damaged.
fn ensure_whole(file: &Path) -> Result<(), BackupError> {
    let not_a_store = |reason: String| BackupError::NotAStore { file: file.to_owned(), reason };
    let read = || -> rusqlite::Result<(String, i64, bool)> {
        let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        let check = connection.query_row("PRAGMA integrity_check(1)", (), |row| row.get(0))?;
        let version = connection.query_row("PRAGMA user_version", (), |row| row.get(0))?;
        Ok((check, version, connection.table_exists(None, "runs")?))
    };
    match read().map_err(|error| not_a_store(error.to_string()))? {
        (check, ..) if check != "ok" => Err(not_a_store(check)),
        (_, version, _) if version > schema::VERSION => Err(BackupError::Newer(file.to_owned())),
        (_, 0, _) | (_, _, false) => Err(not_a_store("it has none of its tables".to_owned())),
        _ => Ok(()),
    }
}

/// Gives the store that is there a second name, under which it stays.
fn set_aside(store: &Path) -> Result<PathBuf, BackupError> {
    let before = beside(store, &format!("before-{}", Utc::now().format("%Y%m%dT%H%M%S%3fZ")));
    let failed = |source| BackupError::File { file: before.clone(), source };
    // What is only in the write-ahead log goes into the file; of a damaged store the log is kept beside it.
    let _ = Connection::open_with_flags(store, OpenFlags::SQLITE_OPEN_READ_WRITE)
        .and_then(|connection| connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(())));
    fs::hard_link(store, &before).or_else(|_| fs::copy(store, &before).map(drop)).map_err(failed)?;
    for suffix in ["-wal", "-shm"] {
        let named = |file: &Path| PathBuf::from(format!("{}{suffix}", file.display()));
        if named(store).exists() {
            fs::rename(named(store), named(&before)).map_err(failed)?;
        }
    }
    Ok(before)
}

fn remove(file: &Path) -> Result<(), BackupError> {
    match fs::remove_file(file) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(BackupError::File { file: file.to_owned(), source })
        }
        _ => Ok(()),
    }
}

/// Makes sure that a name survives a power cut.
fn sync_name(file: &Path) -> Result<(), BackupError> {
    sync_folder(folder_of(file)).map_err(|source| BackupError::File { file: file.to_owned(), source })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use tradewire_store::{Pause, Store};

    use super::*;

    fn pause(export: &str) -> Pause {
        Pause { export: export.to_owned(), tenant: None, since: "2026-01-05T00:00:00Z".parse().unwrap() }
    }

    #[tokio::test]
    async fn a_copy_is_made_while_the_store_is_open_and_put_back_only_when_it_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let (path, file) = (folder.path().join("tradewire.db"), folder.path().join("copy.db"));
        let store = SqliteStore::open(&path).unwrap();
        store.pause(&pause("first")).await.unwrap();
        SqliteStore::backup(&path, &file).unwrap();
        assert!(matches!(SqliteStore::backup(&path, &file), Err(BackupError::Exists(_))));
        store.pause(&pause("second")).await.unwrap();
        assert!(matches!(SqliteStore::restore(&path, &file), Err(BackupError::InUse(_))));
        drop(store);
        let before = SqliteStore::restore(&path, &file).unwrap().unwrap();
        assert_eq!(SqliteStore::open(&path).unwrap().pauses().await.unwrap(), [pause("first")]);
        let both = SqliteStore::open(&before).unwrap().pauses().await.unwrap();
        assert_eq!(both, [pause("first"), pause("second")], "the old one is kept, with what was in its log");
    }

    #[test]
    fn what_is_no_whole_store_is_not_put_back() {
        let folder = tempfile::tempdir().unwrap();
        let (path, file) = (folder.path().join("tradewire.db"), folder.path().join("copy.db"));
        assert!(matches!(SqliteStore::restore(&path, &file), Err(BackupError::NoStore(_))));
        fs::write(&file, "this is no database, and long enough to be told from an empty one").unwrap();
        assert!(matches!(SqliteStore::restore(&path, &file), Err(BackupError::NotAStore { .. })));
        fs::write(&file, "").unwrap();
        assert!(matches!(SqliteStore::restore(&path, &file), Err(BackupError::NotAStore { .. })));
        fs::remove_file(&file).unwrap();
        drop(SqliteStore::open(&path).unwrap());
        SqliteStore::backup(&path, &file).unwrap();
        Connection::open(&file).unwrap().pragma_update(None, "user_version", 1000).unwrap();
        assert!(matches!(SqliteStore::restore(&path, &file), Err(BackupError::Newer(_))));
        assert!(SqliteStore::open(&path).is_ok(), "the store is as it was");
    }
}
