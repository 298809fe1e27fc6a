//! What columns hold.

use chrono::{DateTime, Utc};
use tradewire_store::RunId;

/// A moment as a column holds it.
pub fn millis(moment: DateTime<Utc>) -> i64 {
    moment.timestamp_millis()
}

/// The moment that a column holds.
pub fn moment(column: usize, millis: i64) -> rusqlite::Result<DateTime<Utc>> {
    DateTime::from_timestamp_millis(millis).ok_or_else(|| unreadable(column, format!("{millis} is not a moment")))
}

/// A column that does not hold what it should.
pub fn unreadable(column: usize, what: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, what.into())
}

/// What a word in a column stands for.
pub fn word<T>(column: usize, word: &str, read: impl FnOnce(&str) -> Option<T>) -> rusqlite::Result<T> {
    read(word).ok_or_else(|| unreadable(column, format!("`{word}` is not known")))
}

/// The run whose id a column holds.
pub fn run_id(column: usize, text: &str) -> rusqlite::Result<RunId> {
    text.parse().map_err(|error: uuid::Error| unreadable(column, error))
}
