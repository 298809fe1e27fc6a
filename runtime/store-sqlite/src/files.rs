//! Files in SQLite.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, Row, named_params};
use tradewire_store::{Content, Delivered, FileRecord, FileState, Opening, RunId, StoreError};

use crate::columns::{millis, moment, run_id, unreadable, word};
use crate::fault::Fault;
use crate::runs::{from_column, to_column};

const COLUMNS: &str = "files.run, files.name, files.content_type, files.sha256, files.bytes, files.totals, \
                       files.destination, files.delivered_as, files.version, files.state, files.delivered_at, \
                       files.with_total, files.sent_sha256, files.sent_bytes";

/// The last file that is delivered, or whose delivery is decided.
pub fn delivered(connection: &Connection, of: &Delivered) -> rusqlite::Result<Option<FileRecord>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM files JOIN runs ON runs.id = files.run
         WHERE runs.export = :export AND runs.tenant = :tenant
           AND runs.window_start = :window_start AND runs.window_end = :window_end
           AND files.destination = :destination AND files.name = :name
           AND files.state NOT IN ('unchanged', 'cancelled')
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

pub fn decide(
    connection: &Connection,
    opening: &Opening,
    decided: &[(FileRecord, Option<RunId>)],
) -> Result<(), Fault> {
    for (place, (file, expected)) in decided.iter().enumerate() {
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
        insert(connection, place, file)?;
    }
    Ok(())
}

/// `place` is its place among the files of its run, from 0.
fn insert(connection: &Connection, place: usize, file: &FileRecord) -> Result<(), Fault> {
    let totals = serde_json::to_string(&file.totals).map_err(|e| StoreError::Failed(e.into()))?;
    connection
        .prepare_cached(
            "INSERT INTO files (run, name, content_type, sha256, bytes, totals, destination, delivered_as, version,
                                state, delivered_at, with_total, sent_sha256, sent_bytes, place)
             VALUES (:run, :name, :content_type, :sha256, :bytes, :totals, :destination, :delivered_as, :version,
                     :state, :delivered_at, :with_total, :sent_sha256, :sent_bytes, :place)",
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
            ":with_total": file.with_total,
            ":sent_sha256": file.encrypted.as_ref().map(|sent| &sent.sha256),
            ":sent_bytes": file.encrypted.as_ref().map(|sent| to_column(sent.bytes)),
            ":place": to_column(place as u64),
        })?;
    Ok(())
}

/// How far a file has come.
pub fn record(connection: &Connection, run: RunId, file: &FileRecord) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        "UPDATE files SET destination = ?3, delivered_as = ?4, version = ?5, state = ?6, delivered_at = ?7
         WHERE run = ?1 AND name = ?2",
    )?;
    let FileRecord { name, destination, delivered_as, version, state, delivered_at, .. } = file;
    let at = delivered_at.map(millis);
    statement.execute((run.to_string(), name, destination, delivered_as, version, state.as_str(), at))?;
    Ok(())
}

/// The files of a run that ends have arrived.
pub fn settle(connection: &Connection, run: RunId, at: DateTime<Utc>) -> Result<(), Fault> {
    let mut statement = connection.prepare_cached(
        "UPDATE files SET state = 'delivered', delivered_at = ?2 WHERE run = ?1 AND state IN ('queued', 'moving', 'refused')",
    )?;
    statement.execute((run.to_string(), millis(at)))?;
    Ok(())
}

/// The files of a run that are still on their way are given up.
pub fn give_up(connection: &Connection, run: RunId) -> rusqlite::Result<()> {
    let sql = "UPDATE files SET state = 'cancelled' WHERE run = ?1 AND state IN ('queued', 'moving', 'refused')";
    connection.prepare_cached(sql)?.execute([run.to_string()])?;
    Ok(())
}

/// Those of these hashes whose bytes are to be sent, or are those of a run that is remembered whole.
pub fn needed(connection: &Connection, hashes: Vec<String>) -> rusqlite::Result<Vec<String>> {
    let mut needed = connection.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM files JOIN runs ON runs.id = files.run
                        WHERE files.sha256 = ?1 AND (runs.pruned = 0 OR files.state IN ('queued', 'moving', 'refused')))
             OR EXISTS (SELECT 1 FROM files WHERE sent_sha256 = ?1 AND state IN ('queued', 'moving', 'refused'))",
    )?;
    let mut is_needed = |hash: String| -> rusqlite::Result<Option<String>> {
        Ok(needed.query_row([&hash], |row| row.get::<_, bool>(0))?.then_some(hash))
    };
    hashes.into_iter().filter_map(|hash| is_needed(hash).transpose()).collect()
}

/// The files of a run, in the order in which it began them.
pub fn of_run(connection: &Connection, run: RunId) -> rusqlite::Result<Vec<FileRecord>> {
    let sql = format!("SELECT {COLUMNS} FROM files WHERE run = ?1 ORDER BY place, name");
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
        with_total: row.get(11)?,
        encrypted: match (row.get(12)?, row.get::<_, Option<i64>>(13)?) {
            (Some(sha256), Some(bytes)) => Some(Content { sha256, bytes: from_column(bytes) }),
            _ => None,
        },
    })
}
