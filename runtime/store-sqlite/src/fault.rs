//! What SQLite's errors mean to whoever reads them: what is wrong with which file, and what to do about it.

use std::path::Path;

use rusqlite::{Error, ErrorCode, ffi};
use tradewire_store::StoreError;

use crate::BUSY;

/// What may go wrong on the thread.
pub enum Fault {
    Sql(Error),
    Store(StoreError),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Fault::Sql(error)
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Fault::Store(error)
    }
}

/// An error with what it means.
#[derive(Debug, thiserror::Error)]
#[error("{meaning}")]
struct Explained {
    meaning: String,
    source: Error,
}

/// A request that failed.
pub fn failed(path: &Path, error: Error) -> StoreError {
    match damage(&error) {
        Some(reason) => StoreError::Damaged { path: path.to_owned(), reason },
        None => StoreError::Failed(explained(path, error)),
    }
}

/// A store that cannot be opened.
pub fn unopened(path: &Path, error: Error) -> StoreError {
    match damage(&error) {
        Some(reason) => StoreError::Damaged { path: path.to_owned(), reason },
        None => StoreError::Open { path: path.to_owned(), source: explained(path, error) },
    }
}

/// What is damaged, where something is.
pub fn damage(error: &Error) -> Option<String> {
    let is_damage = matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase));
    is_damage.then(|| match error {
        Error::SqliteFailure(_, Some(message)) => message.clone(),
        other => other.to_string(),
    })
}

fn explained(path: &Path, error: Error) -> Box<dyn std::error::Error + Send + Sync> {
    let place = path.display();
    let is_extended = |code| matches!(&error, Error::SqliteFailure(failure, _) if failure.extended_code == code);
    let meaning = match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => format!(
            "another process holds `{place}` locked, for longer than {} s: let it finish, or end it",
            BUSY.as_secs()
        ),
        Some(ErrorCode::DiskFull) => format!("the disk that `{place}` is on is full: make room there"),
        // What SQLite keeps in memory that processes share is a file beside the store too.
        Some(ErrorCode::SystemIoFailure) if is_extended(ffi::SQLITE_IOERR_SHMSIZE) => {
            format!("the disk that `{place}` is on is full: make room there")
        }
        Some(ErrorCode::SystemIoFailure) => {
            format!("the disk that `{place}` is on is full or fails: make room there, or look after it")
        }
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => {
            format!("`{place}` cannot be written to: let tradewire write to it and to its folder")
        }
        _ => return error.into(),
    };
    Box::new(Explained { meaning, source: error })
}
