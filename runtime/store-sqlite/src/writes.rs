//! The journals of runs in SQLite.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use rusqlite::{Connection, OptionalExtension, Row, named_params};
use tradewire_schedule::Window;
use tradewire_store::{
    Begun, Resolution, RunId, Settlement, StoreError, UnresolvedWrite, WriteAnswer, WriteCall, WriteId, WriteRecord,
    WriteState,
};

use crate::columns::{millis, moment, run_id, unreadable, word};
use crate::fault::Fault;
use crate::runs::{ensure_open, is_decided, one};

/// What a run has to wait for.
pub const UNSETTLED: &str = "writes.state IN ('begun', 'unresolved') AND writes.repeatable = 0";

const COLUMNS: &str = "writes.id, writes.run, runs.attempt, writes.operation, writes.method, writes.path, \
                       writes.arguments, writes.digest, writes.ordinal, writes.repeatable, writes.state, \
                       writes.begun, writes.settled, writes.status, writes.answer, writes.message";
/// What an unresolved write has besides.
const WHOSE: &str = "runs.export, runs.tenant, runs.tenant_id, runs.window_start, runs.window_end, runs.timezone";

pub fn begin(connection: &Connection, run: RunId, call: &WriteCall, at: DateTime<Utc>) -> Result<Begun, Fault> {
    ensure_open(connection, run)?;
    if is_decided(connection, run)? {
        return Err(StoreError::Decided(run).into());
    }
    let journal = one(connection, run)?.ok_or(StoreError::RunClosed(run))?.opening.journal;
    let known = find(connection, journal, &call.digest, call.ordinal)?;
    if let Some(known) = &known {
        match known.state {
            WriteState::Answered | WriteState::Applied => {
                let status = known.status.unwrap_or_default();
                return Ok(Begun::Answered(WriteAnswer { status, body: known.answer.clone() }));
            }
            // Asked again, because the store failed after it had done this.
            WriteState::Begun if known.run == run => return Ok(Begun::Send { id: known.id, again: false }),
            _ => {}
        }
    }
    // Whatever was begun and is not settled by an attempt before this one; what this one is at may go on side by side.
    let sql = "SELECT id FROM writes WHERE journal = ?1 AND repeatable = 0
               AND (state = 'unresolved' OR (state = 'begun' AND run <> ?2)) LIMIT 1";
    let mut statement = connection.prepare_cached(sql)?;
    let unresolved_write: Option<String> =
        statement.query_row((journal.to_string(), run.to_string()), |row| row.get(0)).optional()?;
    if let Some(unresolved_write) = unresolved_write {
        return Ok(Begun::Unresolved(write_id(0, &unresolved_write)?));
    }
    match known {
        Some(known) => {
            connection
                .prepare_cached(
                    "UPDATE writes SET run = ?2, state = 'begun', begun = ?3, settled = NULL, status = NULL,
                                       answer = NULL, message = NULL, method = ?4, path = ?5, arguments = ?6
                     WHERE id = ?1",
                )?
                .execute((
                    known.id.to_string(),
                    run.to_string(),
                    millis(at),
                    call.method.as_str(),
                    &call.path,
                    arguments(call)?,
                ))?;
            let again = matches!(known.state, WriteState::Begun | WriteState::Unresolved);
            Ok(Begun::Send { id: known.id, again })
        }
        None => Ok(Begun::Send { id: insert(connection, journal, run, call, at)?, again: false }),
    }
}

/// What the journal of a run knows of a write.
pub fn known(connection: &Connection, run: RunId, digest: &str, ordinal: u32) -> rusqlite::Result<Option<WriteRecord>> {
    let Some(run) = one(connection, run)? else { return Ok(None) };
    find(connection, run.opening.journal, digest, ordinal)
}

fn find(connection: &Connection, journal: RunId, digest: &str, ordinal: u32) -> rusqlite::Result<Option<WriteRecord>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM writes JOIN runs ON runs.id = writes.run
         WHERE writes.journal = ?1 AND writes.digest = ?2 AND writes.ordinal = ?3"
    );
    connection.prepare_cached(&sql)?.query_row((journal.to_string(), digest, ordinal), read).optional()
}

fn arguments(call: &WriteCall) -> Result<String, StoreError> {
    serde_json::to_string(&call.arguments).map_err(|error| StoreError::Failed(error.into()))
}

fn insert(
    connection: &Connection,
    journal: RunId,
    run: RunId,
    call: &WriteCall,
    at: DateTime<Utc>,
) -> Result<WriteId, Fault> {
    let id = WriteId::new();
    connection
        .prepare_cached(
            "INSERT INTO writes (id, journal, digest, ordinal, run, operation, method, path, arguments, repeatable,
                                 state, begun)
             VALUES (:id, :journal, :digest, :ordinal, :run, :operation, :method, :path, :arguments, :repeatable,
                     'begun', :begun)",
        )?
        .execute(named_params! {
            ":id": id.to_string(),
            ":journal": journal.to_string(),
            ":digest": call.digest,
            ":ordinal": call.ordinal,
            ":run": run.to_string(),
            ":operation": call.operation,
            ":method": call.method.as_str(),
            ":path": call.path,
            ":arguments": arguments(call)?,
            ":repeatable": call.repeatable,
            ":begun": millis(at),
        })?;
    Ok(id)
}

pub fn settle(
    connection: &Connection,
    run: RunId,
    write: WriteId,
    settlement: &Settlement,
    at: DateTime<Utc>,
) -> rusqlite::Result<()> {
    let (state, status, answer, message) = match settlement {
        Settlement::Answered(WriteAnswer { status, body }) => {
            (WriteState::Answered, Some(*status), body.as_deref(), None)
        }
        Settlement::Failed { status, message } => (WriteState::Failed, *status, None, Some(message)),
        Settlement::Unresolved { message } => (WriteState::Unresolved, None, None, Some(message)),
    };
    connection
        .prepare_cached(
            "UPDATE writes SET state = :state, settled = :at, status = :status, answer = :answer, message = :message
             WHERE id = :id AND run = :run
               AND (state IN ('begun', 'unresolved') OR (state = 'answered' AND :state = 'failed'))",
        )?
        .execute(named_params! {
            ":id": write.to_string(),
            ":run": run.to_string(),
            ":state": state.as_str(),
            ":at": millis(at),
            ":status": status,
            ":answer": answer,
            ":message": message.map(|message| tradewire_secrets::mask(message)),
        })?;
    Ok(())
}

pub fn resolve(
    connection: &Connection,
    write: WriteId,
    resolution: &Resolution,
    at: DateTime<Utc>,
) -> Result<(), Fault> {
    let (state, answer) = match resolution {
        Resolution::Applied(answer) => (WriteState::Applied, answer.as_deref()),
        Resolution::NotApplied => (WriteState::NotApplied, None),
    };
    // A write of a run that is open is on its way, not unresolved.
    let touched = connection
        .prepare_cached(
            "UPDATE writes SET state = ?2, settled = ?3, status = ?4, answer = ?5
             WHERE id = ?1 AND repeatable = 0 AND state IN ('unresolved', 'applied', 'not-applied')
               AND NOT EXISTS (SELECT 1 FROM runs WHERE runs.journal = writes.journal AND runs.ended IS NULL)",
        )?
        .execute((write.to_string(), state.as_str(), millis(at), answer.map(|_| 200), answer))?;
    if touched == 0 { Err(StoreError::NotUnresolved(write).into()) } else { Ok(()) }
}

/// What a closed run has begun and nobody has answered is unresolved.
pub fn leave_unresolved(connection: &Connection, run: RunId, at: DateTime<Utc>) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        "UPDATE writes SET state = 'unresolved', settled = ?2, message = 'the run ended before it was answered'
         WHERE run = ?1 AND state = 'begun'",
    )?;
    statement.execute((run.to_string(), millis(at)))?;
    Ok(())
}

pub fn ensure_settled(connection: &Connection, run: RunId) -> Result<(), Fault> {
    if is_unsettled(connection, run)? { Err(StoreError::Unresolved(run).into()) } else { Ok(()) }
}

pub fn is_unsettled(connection: &Connection, run: RunId) -> rusqlite::Result<bool> {
    let sql =
        format!("SELECT 1 FROM writes WHERE writes.journal = (SELECT journal FROM runs WHERE id = ?1) AND {UNSETTLED}");
    connection.prepare_cached(&sql)?.exists([run.to_string()])
}

pub fn of_run(connection: &Connection, run: RunId) -> rusqlite::Result<Vec<WriteRecord>> {
    of_run_that(connection, run, "TRUE")
}

pub fn unsettled(connection: &Connection, run: RunId) -> rusqlite::Result<Vec<WriteRecord>> {
    of_run_that(connection, run, UNSETTLED)
}

fn of_run_that(connection: &Connection, run: RunId, are: &str) -> rusqlite::Result<Vec<WriteRecord>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM writes JOIN runs ON runs.id = writes.run
         WHERE writes.journal = (SELECT journal FROM runs WHERE id = ?1) AND {are} ORDER BY writes.rowid"
    );
    connection.prepare_cached(&sql)?.query_map([run.to_string()], read)?.collect()
}

pub fn unresolved(connection: &Connection) -> rusqlite::Result<Vec<UnresolvedWrite>> {
    let sql = format!(
        "SELECT {COLUMNS}, {WHOSE} FROM writes JOIN runs ON runs.id = writes.run
         WHERE writes.state = 'unresolved' AND writes.repeatable = 0 ORDER BY writes.begun, writes.rowid"
    );
    connection.prepare_cached(&sql)?.query_map([], read_unresolved)?.collect()
}

pub fn one_unresolved(connection: &Connection, write: WriteId) -> rusqlite::Result<Option<UnresolvedWrite>> {
    let sql = format!(
        "SELECT {COLUMNS}, {WHOSE} FROM writes JOIN runs ON runs.id = writes.run
         WHERE writes.id = ?1 AND writes.repeatable = 0
           AND writes.state IN ('unresolved', 'applied', 'not-applied')"
    );
    connection.prepare_cached(&sql)?.query_row([write.to_string()], read_unresolved).optional()
}

fn read(row: &Row<'_>) -> rusqlite::Result<WriteRecord> {
    Ok(WriteRecord {
        id: write_id(0, &row.get::<_, String>(0)?)?,
        run: run_id(1, &row.get::<_, String>(1)?)?,
        attempt: row.get(2)?,
        operation: row.get(3)?,
        method: row.get(4)?,
        path: row.get(5)?,
        arguments: serde_json::from_str(&row.get::<_, String>(6)?).map_err(|e| unreadable(6, e))?,
        digest: row.get(7)?,
        ordinal: row.get(8)?,
        repeatable: row.get(9)?,
        state: word(10, &row.get::<_, String>(10)?, WriteState::from_word)?,
        begun: moment(11, row.get(11)?)?,
        settled: row.get::<_, Option<i64>>(12)?.map(|at| moment(12, at)).transpose()?,
        status: row.get(13)?,
        answer: row.get::<_, Option<Vec<u8>>>(14)?.map(Bytes::from),
        message: row.get(15)?,
    })
}

fn read_unresolved(row: &Row<'_>) -> rusqlite::Result<UnresolvedWrite> {
    let zone: Tz = row.get::<_, String>(21)?.parse().map_err(|e: chrono_tz::ParseError| unreadable(21, e))?;
    let window = Window {
        start: moment(19, row.get(19)?)?.with_timezone(&zone),
        end: moment(20, row.get(20)?)?.with_timezone(&zone),
    };
    Ok(UnresolvedWrite {
        write: read(row)?,
        export: row.get(16)?,
        tenant: row.get(17)?,
        tenant_id: row.get(18)?,
        window,
    })
}

fn write_id(column: usize, text: &str) -> rusqlite::Result<WriteId> {
    text.parse().map_err(|error: uuid::Error| unreadable(column, error))
}
