//! Files in SQLite.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::runs::{from_column, to_column};
use super::{Fault, millis, moment, run_id, unreadable, word};
use crate::store::{Delivered, FileRecord, FileState, Opening, RunId, StoreError};

const COLUMNS: &str = "files.run, files.name, files.content_type, files.sha256, files.bytes, files.totals, \
                       files.destination, files.delivered_as, files.version, files.state, files.delivered_at";

/// The last file that is delivered, or whose delivery is decided.
pub(super) fn delivered(connection: &Connection, of: &Delivered) -> rusqlite::Result<Option<FileRecord>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM files JOIN runs ON runs.id = files.run
         WHERE runs.export = :export AND runs.tenant = :tenant
           AND runs.window_start = :window_start AND runs.window_end = :window_end
           AND files.destination = :destination AND files.name = :name AND files.state <> 'unchanged'
         ORDER BY files.version DESC, files.run DESC LIMIT 1"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let parameters = named_params! {
        ":export": of.export,
        ":tenant": of.tenant,
        ":window_start": millis(of.window.start.to_utc()),
        ":window_end": millis(of.window.end.to_utc()),
        ":destination": of.destination,
        ":name": of.name,
    };
    statement.query_row(parameters, read).optional()
}

pub(super) fn decide(
    connection: &Connection,
    opening: &Opening,
    decided: &[(FileRecord, Option<RunId>)],
) -> Result<(), Fault> {
    for (file, expected) in decided {
        let of = Delivered {
            export: opening.export.clone(),
            tenant: opening.tenant.clone(),
            window: opening.window,
            destination: file.destination.clone(),
            name: file.name.clone(),
        };
        if delivered(connection, &of)?.map(|previous| previous.run) != *expected {
            return Err(StoreError::Overtaken.into());
        }
        insert(connection, file)?;
    }
    Ok(())
}

fn insert(connection: &Connection, file: &FileRecord) -> Result<(), Fault> {
    let totals = serde_json::to_string(&file.totals).map_err(|e| StoreError::Failed(e.into()))?;
    connection
        .prepare_cached(
            "INSERT INTO files (run, name, content_type, sha256, bytes, totals, destination, delivered_as, version,
                                state, delivered_at)
             VALUES (:run, :name, :content_type, :sha256, :bytes, :totals, :destination, :delivered_as, :version,
                     :state, :delivered_at)",
        )?
        .execute(named_params! {
            ":run": file.run.to_string(),
            ":name": file.name,
            ":content_type": file.content_type,
            ":sha256": file.sha256,
            ":bytes": to_column(file.bytes),
            ":totals": totals,
            ":destination": file.destination,
            ":delivered_as": file.delivered_as,
            ":version": file.version,
            ":state": file.state.as_str(),
            ":delivered_at": file.delivered_at.map(millis),
        })?;
    Ok(())
}

pub(super) fn rename(connection: &Connection, run: RunId, file: &FileRecord) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        "UPDATE files SET delivered_as = ?3, version = ?4 WHERE run = ?1 AND name = ?2 AND state = 'moving'",
    )?;
    statement.execute((run.to_string(), &file.name, &file.delivered_as, file.version))?;
    Ok(())
}

/// The files of a run that ends have arrived.
pub(super) fn settle(connection: &Connection, run: RunId, at: DateTime<Utc>) -> Result<(), Fault> {
    let mut statement = connection.prepare_cached(
        "UPDATE files SET state = 'delivered', delivered_at = ?2 WHERE run = ?1 AND state = 'moving'",
    )?;
    statement.execute((run.to_string(), millis(at)))?;
    Ok(())
}

pub(super) fn of_run(connection: &Connection, run: RunId) -> rusqlite::Result<Vec<FileRecord>> {
    let sql = format!("SELECT {COLUMNS} FROM files WHERE run = ?1 ORDER BY name");
    connection.prepare_cached(&sql)?.query_map([run.to_string()], read)?.collect()
}

fn read(row: &Row<'_>) -> rusqlite::Result<FileRecord> {
    Ok(FileRecord {
        run: run_id(0, &row.get::<_, String>(0)?)?,
        name: row.get(1)?,
        content_type: row.get(2)?,
        sha256: row.get(3)?,
        bytes: from_column(row.get(4)?),
        totals: serde_json::from_str(&row.get::<_, String>(5)?).map_err(|e| unreadable(5, e))?,
        destination: row.get(6)?,
        delivered_as: row.get(7)?,
        version: row.get(8)?,
        state: word(9, &row.get::<_, String>(9)?, FileState::from_word)?,
        delivered_at: row.get::<_, Option<i64>>(10)?.map(|at| moment(10, at)).transpose()?,
    })
}
