//! The outbox: what runs have produced, by the hash of its bytes, below the state folder.
//!
//! Content is there, flushed, before a delivery of it is decided, and stays for as long as it is to be sent and the run is
//! remembered whole. It is what may be personal of a state folder, so nobody else of this machine may look into it.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::task::spawn_blocking;
use tradewire_disk::{sync_folder, with_help};
use tradewire_store::{FileRecord, RunId, Store, StoreError};

use super::process::{self, PROCESS};

/// Held by whoever puts something in that is not decided yet, and alone by whoever clears up.
const LOCK: &str = ".lock";
/// How many hashes the store is asked about at a time.
const AT_A_TIME: usize = 500;
/// How long clearing up waits for those who put something in.
const STEP: Duration = Duration::from_millis(20);
const STEPS: u32 = 100;

/// The outbox of a state folder.
#[derive(Debug, Clone)]
pub struct Outbox(PathBuf);

/// What is put in while this lives is not cleared away.
#[derive(Debug)]
pub(crate) struct Held(#[allow(dead_code)] File);

impl Outbox {
    /// That of this state folder; it need not be there.
    pub fn of(state: &Path) -> Self {
        Self(state.join("outbox"))
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.0
    }

    /// Opens what a run has produced, as it was before it was encrypted. Not found where it is forgotten by now, as
    /// `[store] keep` says, or was produced before there was an outbox.
    pub fn open(&self, file: &FileRecord) -> io::Result<File> {
        File::open(self.content(&file.sha256))
    }

    /// Where content of this hash is, if it is there.
    pub(crate) fn content(&self, sha256: &str) -> PathBuf {
        self.0.join(sha256)
    }

    /// Where something of one delivery is that is made while it goes on.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Holds what is put in from now on, until it is decided.
    pub(crate) async fn hold(&self) -> io::Result<Held> {
        let folder = self.0.clone();
        blocking(move || {
            make(&folder)?;
            let lock = lock(&folder)?;
            lock.lock_shared()?;
            Ok(Held(lock))
        })
        .await
    }

    /// Takes a file whose bytes have this hash in, flushed; it is moved.
    pub(crate) async fn keep(&self, file: PathBuf, sha256: &str) -> io::Result<()> {
        let (folder, content) = (self.0.clone(), self.content(sha256));
        blocking(move || {
            File::open(&file)?.sync_all()?;
            // What is there already has the same bytes.
            fs::rename(&file, content)?;
            sync_folder(&folder)
        })
        .await
    }

    /// Writes something of one delivery, flushed.
    pub(crate) async fn write(&self, name: &str, text: String) -> io::Result<()> {
        let path = self.beside(name);
        blocking(move || {
            use io::Write;
            let mut file = File::create(path)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()
        })
        .await
    }

    /// Removes something, where it can be removed.
    pub(crate) async fn remove(&self, name: &str) {
        let _ = tokio::fs::remove_file(self.beside(name)).await;
    }

    /// Removes what nobody needs any more, and answers how many files that were. Where others put something in all the
    /// time it is left for the next time.
    pub async fn clear(&self, store: &dyn Store) -> Result<usize, StoreError> {
        let failed = |error: io::Error| StoreError::Failed(Box::new(error));
        let folder = self.0.clone();
        let Some(alone) = blocking(move || hold_alone(&folder)).await.map_err(failed)? else { return Ok(0) };
        let (mut contents, mut others) = (Vec::new(), Vec::new());
        let mut entries = tokio::fs::read_dir(&self.0).await.map_err(failed)?;
        while let Some(entry) = entries.next_entry().await.map_err(failed)? {
            match entry.file_name().into_string() {
                Ok(name) if is_hash(&name) => contents.push(name),
                // Of a process, which may go on.
                Ok(name) if name.starts_with(PROCESS) => {
                    let path = entry.path();
                    let _ = blocking(move || process::remove_if_ended(&path)).await;
                }
                Ok(name) if name != LOCK => others.push(name),
                _ => {}
            }
        }
        let mut needless = Vec::new();
        for some in contents.chunks(AT_A_TIME) {
            let needed: HashSet<String> = store.needed_contents(some.to_vec()).await?.into_iter().collect();
            needless.extend(some.iter().filter(|hash| !needed.contains(*hash)).cloned());
        }
        let under_way: HashSet<RunId> = store.deliveries().await?.into_iter().map(|delivery| delivery.run).collect();
        needless.extend(others.into_iter().filter(|name| {
            let run = name.rsplit('.').next().and_then(|run| run.parse::<RunId>().ok());
            run.is_some_and(|run| !under_way.contains(&run))
        }));
        for name in &needless {
            self.remove(name).await;
        }
        drop(alone);
        Ok(needless.len())
    }
}

fn is_hash(name: &str) -> bool {
    name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

pub(super) fn make(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(folder)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    }
    folder.parent().map_or(Ok(()), sync_folder)
}

fn lock(folder: &Path) -> io::Result<File> {
    File::options().create(true).truncate(false).write(true).open(folder.join(LOCK))
}

fn hold_alone(folder: &Path) -> io::Result<Option<File>> {
    if !folder.is_dir() {
        return Ok(None);
    }
    let lock = lock(folder)?;
    for _ in 0..STEPS {
        match lock.try_lock() {
            Ok(()) => return Ok(Some(lock)),
            Err(fs::TryLockError::WouldBlock) => std::thread::sleep(STEP),
            Err(fs::TryLockError::Error(error)) => return Err(error),
        }
    }
    Ok(None)
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    let done = spawn_blocking(work).await.unwrap_or_else(|error| Err(io::Error::other(error)));
    done.map_err(with_help)
}
