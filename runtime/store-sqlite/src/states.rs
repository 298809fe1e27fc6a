//! What exports keep, in SQLite.

use rusqlite::{Connection, OptionalExtension, Row};
use tradewire_store::{StateChanges, StateKey, StateRecord, StoreError};

use crate::fault::Fault;
use crate::runs::{from_column, to_column};

fn version(connection: &Connection, export: &str, tenant: &str) -> rusqlite::Result<u64> {
    let mut statement = connection.prepare_cached("SELECT version FROM states WHERE export = ?1 AND tenant = ?2")?;
    let version = statement.query_row((export, tenant), |row| row.get(0)).optional()?;
    Ok(version.map_or(0, from_column))
}

/// Within a transaction, so that values and version go together.
pub fn read(connection: &Connection, export: &str, tenant: &str) -> rusqlite::Result<StateRecord> {
    let mut statement =
        connection.prepare_cached("SELECT bucket, key, value FROM state_entries WHERE export = ?1 AND tenant = ?2")?;
    let entry = |row: &Row<'_>| Ok((StateKey { bucket: row.get(0)?, key: row.get(1)? }, row.get(2)?));
    let entries = statement.query_map((export, tenant), entry)?.collect::<rusqlite::Result<_>>()?;
    Ok(StateRecord { version: version(connection, export, tenant)?, entries })
}

/// Changes a state that is still as it was read.
pub fn change(connection: &Connection, export: &str, tenant: &str, changes: &StateChanges) -> Result<(), Fault> {
    let version = version(connection, export, tenant)?;
    if version != changes.version {
        let (export, tenant) = (export.to_owned(), tenant.to_owned());
        return Err(StoreError::StateMoved { export, tenant }.into());
    }
    if changes.entries.is_empty() {
        return Ok(());
    }
    let mut set = connection.prepare_cached(
        "INSERT INTO state_entries (export, tenant, bucket, key, value) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (export, tenant, bucket, key) DO UPDATE SET value = excluded.value",
    )?;
    let mut delete = connection
        .prepare_cached("DELETE FROM state_entries WHERE export = ?1 AND tenant = ?2 AND bucket = ?3 AND key = ?4")?;
    for (StateKey { bucket, key }, value) in &changes.entries {
        match value {
            Some(value) => set.execute((export, tenant, bucket, key, value))?,
            None => delete.execute((export, tenant, bucket, key))?,
        };
    }
    connection
        .prepare_cached(
            "INSERT INTO states (export, tenant, version) VALUES (?1, ?2, ?3)
             ON CONFLICT (export, tenant) DO UPDATE SET version = excluded.version",
        )?
        .execute((export, tenant, to_column(version + 1)))?;
    Ok(())
}
