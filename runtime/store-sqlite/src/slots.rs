//! Slots in SQLite.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use rusqlite::{Connection, OptionalExtension, Row, named_params};
use tradewire_schedule::Window;
use tradewire_store::{SlotFilter, SlotRecord, SlotState, TriggerKind};

use crate::columns::{millis, moment, run_id, word};

const COLUMNS: &str = "export, tenant, due, state, reason, run, recorded, begun_by, cause, window_start, window_end";

/// A slot that waits from the moment when something queues it.
pub struct Queued<'q> {
    pub export: &'q str,
    pub tenant: &'q str,
    pub trigger: TriggerKind,
    pub cause: Option<&'q str>,
    /// None is what the export's rule makes of the slot.
    pub window: Option<&'q Window>,
}

/// When a slot is due that is queued at this time.
pub fn next_due(
    connection: &Connection,
    export: &str,
    tenant: &str,
    at: DateTime<Utc>,
) -> rusqlite::Result<DateTime<Utc>> {
    let whose = [(export.to_owned(), tenant.to_owned())];
    let after_last = last(connection, &whose)?.pop().flatten().map(|last| last + TimeDelta::milliseconds(1));
    // As a column holds it.
    let at = moment(0, millis(at))?;
    Ok(after_last.map_or(at, |after_last| after_last.max(at)))
}

/// Queues a slot at this time, or right after the latest one that its export has for the tenant; when it is due.
pub fn queue(connection: &Connection, slot: &Queued<'_>, at: DateTime<Utc>) -> rusqlite::Result<DateTime<Utc>> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO slots (export, tenant, due, state, reason, recorded, begun_by, cause, window_start, window_end)
         VALUES (:export, :tenant, :due, 'queued', 'it waits for its turn', :at, :begun_by, :cause, :window_start,
                 :window_end)",
    )?;
    let due = next_due(connection, slot.export, slot.tenant, at)?;
    statement.execute(named_params! {
        ":export": slot.export,
        ":tenant": slot.tenant,
        ":due": millis(due),
        ":at": millis(at),
        ":begun_by": slot.trigger.as_str(),
        ":cause": slot.cause,
        ":window_start": slot.window.map(|window| millis(window.start.to_utc())),
        ":window_end": slot.window.map(|window| millis(window.end.to_utc())),
    })?;
    Ok(due)
}

/// Writes rows. What queued a slot, and its window, stay as they were.
pub fn record(connection: &Connection, slots: &[SlotRecord]) -> rusqlite::Result<usize> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO slots (export, tenant, due, state, reason, run, recorded, window_start, window_end)
         VALUES (:export, :tenant, :due, :state, :reason, :run, :recorded, :window_start, :window_end)
         ON CONFLICT (export, tenant, due) DO UPDATE
         SET state = excluded.state, reason = excluded.reason, run = excluded.run, recorded = excluded.recorded
         WHERE slots.state = 'queued'",
    )?;
    // A feed that is asked every minute and has nothing new leaves one row, not half a million a year.
    let mut forget = connection
        .prepare_cached("DELETE FROM slots WHERE export = ?1 AND tenant = ?2 AND due < ?3 AND state = 'nothing-new'")?;
    let mut written = 0;
    for slot in slots {
        if slot.state == SlotState::NothingNew {
            forget.execute((&slot.export, &slot.tenant, millis(slot.due)))?;
        }
        written += statement.execute(named_params! {
            ":export": slot.export,
            ":tenant": slot.tenant,
            ":due": millis(slot.due),
            ":state": slot.state.as_str(),
            ":reason": slot.reason,
            ":run": slot.run.map(|run| run.to_string()),
            ":recorded": millis(slot.recorded),
            ":window_start": slot.window.map(|window| millis(window.start.to_utc())),
            ":window_end": slot.window.map(|window| millis(window.end.to_utc())),
        })?;
    }
    Ok(written)
}

/// Gives a slot its run; a further attempt takes the place of the one before.
pub fn take(connection: &Connection, slot: &SlotRecord) -> rusqlite::Result<()> {
    if record(connection, std::slice::from_ref(slot))? == 0 {
        let mut statement = connection
            .prepare_cached("UPDATE slots SET run = ?4 WHERE export = ?1 AND tenant = ?2 AND due = ?3 AND run <> ?4")?;
        let run = slot.run.map(|run| run.to_string());
        statement.execute((&slot.export, &slot.tenant, millis(slot.due), run))?;
    }
    Ok(())
}

pub fn one(
    connection: &Connection,
    export: &str,
    tenant: &str,
    due: DateTime<Utc>,
) -> rusqlite::Result<Option<SlotRecord>> {
    let sql = format!("SELECT {COLUMNS} FROM slots WHERE export = ?1 AND tenant = ?2 AND due = ?3");
    connection.prepare_cached(&sql)?.query_row((export, tenant, millis(due)), read).optional()
}

/// The latest of each of these exports and tenants.
pub fn last(connection: &Connection, of: &[(String, String)]) -> rusqlite::Result<Vec<Option<DateTime<Utc>>>> {
    let mut statement = connection.prepare_cached("SELECT max(due) FROM slots WHERE export = ?1 AND tenant = ?2")?;
    let last = |(export, tenant): &(String, String)| {
        let due: Option<i64> = statement.query_row((export, tenant), |row| row.get(0))?;
        due.map(|due| moment(0, due)).transpose()
    };
    of.iter().map(last).collect()
}

/// Those that wait, the earliest first.
pub fn queued(connection: &Connection) -> rusqlite::Result<Vec<SlotRecord>> {
    let sql = format!("SELECT {COLUMNS} FROM slots WHERE state = 'queued' ORDER BY due");
    connection.prepare_cached(&sql)?.query_map([], read)?.collect()
}

pub fn list(connection: &Connection, filter: &SlotFilter) -> rusqlite::Result<Vec<SlotRecord>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM slots
         WHERE (:export IS NULL OR export = :export) AND (:tenant IS NULL OR tenant = :tenant)
           AND (:state IS NULL OR state = :state) AND (NOT :idle OR run IS NULL)
           AND (:since IS NULL OR due >= :since)
         ORDER BY due DESC, export, tenant LIMIT :limit"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map(
        named_params! {
            ":export": filter.export,
            ":tenant": filter.tenant,
            ":state": filter.state.map(SlotState::as_str),
            ":idle": filter.idle,
            ":since": filter.since.map(millis),
            ":limit": filter.limit.unwrap_or(100),
        },
        read,
    )?;
    rows.collect()
}

fn read(row: &Row<'_>) -> rusqlite::Result<SlotRecord> {
    Ok(SlotRecord {
        export: row.get(0)?,
        tenant: row.get(1)?,
        due: moment(2, row.get(2)?)?,
        state: word(3, &row.get::<_, String>(3)?, SlotState::from_word)?,
        reason: row.get(4)?,
        run: row.get::<_, Option<String>>(5)?.map(|run| run_id(5, &run)).transpose()?,
        recorded: moment(6, row.get(6)?)?,
        trigger: word(7, &row.get::<_, String>(7)?, TriggerKind::from_word)?,
        cause: row.get(8)?,
        window: match (row.get::<_, Option<i64>>(9)?, row.get::<_, Option<i64>>(10)?) {
            (Some(start), Some(end)) => {
                let utc = |column, at| moment(column, at).map(|at| at.with_timezone(&Tz::UTC));
                Some(Window { start: utc(9, start)?, end: utc(10, end)? })
            }
            _ => None,
        },
    })
}
