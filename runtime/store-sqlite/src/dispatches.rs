//! Which events begin which runs, in SQLite.
//!
//! The events of a slot grow while it waits, up to a limit, beyond which the next slot is queued: so a burst of thousands
//! begins a few runs. Whoever takes the slot takes the events that it has then; nothing joins them any more.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, named_params};
use tradewire_schedule::Window;
use tradewire_store::{
    Dispatch, DispatchState, EventId, EventPlace, EventRecord, ReceivedEvent, StoreError, TriggerKind,
};

use crate::columns::{millis, moment, run_id, word};
use crate::fault::Fault;
use crate::runs::to_column;
use crate::{events, slots};

/// The most events that begin one run.
const MOST: i64 = 1000;
/// The most bytes of payload that begin one run; a single event may be larger.
const MOST_BYTES: i64 = 8 * 1024 * 1024;
/// The bytes of payload that are read at a time, more or less.
const PAGE_BYTES: usize = 1024 * 1024;

/// Dispatches with their slots and runs, as far as these are known.
pub const WITH_RUNS: &str = "dispatches
    LEFT JOIN slots ON slots.export = dispatches.export AND slots.tenant = dispatches.tenant AND slots.due = dispatches.due
    LEFT JOIN runs ON runs.id = slots.run";
/// Whether the run is still to come, goes on, or is tried again.
pub const WAITING: &str = "(slots.state = 'queued' OR slots.state = 'taken'
    AND (runs.ended IS NULL OR runs.outcome IN ('waiting', 'delivering') OR runs.retry_at IS NOT NULL))";

/// Where the next event of a slot stands, and the bytes of those before it.
struct End {
    due: DateTime<Utc>,
    seq: i64,
    bytes: i64,
}

impl End {
    fn has_room(&self, event: &EventRecord) -> bool {
        self.seq < MOST && self.bytes + size(event) <= MOST_BYTES
    }
}

/// Has an event that has just come in begin a run of an export, with others that wait where there is room. Whether a slot
/// was queued for it.
pub fn dispatch(connection: &Connection, export: &str, event: &EventRecord) -> rusqlite::Result<bool> {
    match room(connection, export, event)? {
        Some(end) => add(connection, export, event, &end).map(|()| false),
        None => {
            let end = begin(connection, export, event, None, event.received)?;
            add(connection, export, event, &end).map(|()| true)
        }
    }
}

/// The end of the events that wait to begin a run, where there are such and another one fits.
fn room(connection: &Connection, export: &str, event: &EventRecord) -> rusqlite::Result<Option<End>> {
    // Slots are queued one after the other: if any waits with room, it is the latest.
    let mut statement = connection.prepare_cached(
        "SELECT dispatches.due, dispatches.seq + 1, dispatches.bytes FROM dispatches
         JOIN (SELECT due, state, begun_by FROM slots WHERE export = ?1 AND tenant = ?2 ORDER BY due DESC LIMIT 1) latest
           ON latest.due = dispatches.due AND latest.state = 'queued' AND latest.begun_by = 'events'
         WHERE dispatches.export = ?1 AND dispatches.tenant = ?2
         ORDER BY dispatches.seq DESC LIMIT 1",
    )?;
    let read = |row: &rusqlite::Row<'_>| Ok(End { due: moment(0, row.get(0)?)?, seq: row.get(1)?, bytes: row.get(2)? });
    let end = statement.query_row((export, &event.tenant), read).optional()?;
    Ok(end.filter(|end| end.has_room(event)))
}

/// Queues a slot that has no events yet.
fn begin(
    connection: &Connection,
    export: &str,
    event: &EventRecord,
    cause: Option<&str>,
    at: DateTime<Utc>,
) -> rusqlite::Result<End> {
    let tenant = &event.tenant;
    let window = Window::moment(slots::next_due(connection, export, tenant, at)?);
    let slot = slots::Queued { export, tenant, trigger: TriggerKind::Events, cause, window: Some(&window) };
    Ok(End { due: slots::queue(connection, &slot, at)?, seq: 0, bytes: 0 })
}

fn add(connection: &Connection, export: &str, event: &EventRecord, end: &End) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO dispatches (export, tenant, due, seq, bytes, event)
         VALUES (:export, :tenant, :due, :seq, :bytes, :event)",
    )?;
    statement.execute(named_params! {
        ":export": export,
        ":tenant": event.tenant,
        ":due": millis(end.due),
        ":seq": end.seq,
        ":bytes": end.bytes + size(event),
        ":event": event.id.to_string(),
    })?;
    Ok(())
}

fn size(event: &EventRecord) -> i64 {
    to_column(event.payload.len() as u64)
}

/// Has events begin runs once more. They join none that wait, so that it can be told apart what an operator asked for.
pub fn dispatch_again(
    connection: &Connection,
    wanted: &[(EventId, String)],
    at: DateTime<Utc>,
) -> Result<Vec<Dispatch>, Fault> {
    let mut begun: HashMap<(String, String), End> = HashMap::new();
    let mut dispatches = Vec::new();
    for (id, export) in wanted {
        let ReceivedEvent { event, .. } = events::one(connection, *id)?.ok_or(StoreError::NoEvent(*id))?;
        let whose = (export.clone(), event.tenant.clone());
        if begun.get(&whose).is_none_or(|end| !end.has_room(&event)) {
            let end = begin(connection, export, &event, Some("as an operator asked"), at)?;
            begun.insert(whose.clone(), end);
        }
        let Some(end) = begun.get_mut(&whose) else { continue };
        add(connection, export, &event, end)?;
        (end.seq, end.bytes) = (end.seq + 1, end.bytes + size(&event));
        let (export, state) = (export.clone(), DispatchState::Waiting);
        dispatches.push(Dispatch { export, due: end.due, state, run: None });
    }
    Ok(dispatches)
}

/// What an event began.
pub fn of(connection: &Connection, event: EventId) -> rusqlite::Result<Vec<Dispatch>> {
    let sql = format!(
        "SELECT dispatches.export, dispatches.due, slots.run,
                CASE WHEN {WAITING} THEN 'waiting'
                     WHEN runs.outcome IN ('succeeded', 'unchanged') THEN 'dispatched'
                     ELSE 'failed' END
         FROM {WITH_RUNS} WHERE dispatches.event = ?1 ORDER BY dispatches.due, dispatches.export"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map([event.to_string()], |row| {
        Ok(Dispatch {
            export: row.get(0)?,
            due: moment(1, row.get(1)?)?,
            run: row.get::<_, Option<String>>(2)?.map(|run| run_id(2, &run)).transpose()?,
            state: word(3, &row.get::<_, String>(3)?, DispatchState::from_word)?,
        })
    })?;
    rows.collect()
}

/// The events of the slots in a window that do not wait any more, in order.
pub fn page(
    connection: &Connection,
    (export, tenant, window): (&str, &str, &Window),
    after: Option<EventPlace>,
    limit: u32,
) -> rusqlite::Result<Vec<(EventPlace, EventRecord)>> {
    let EventPlace { due, seq } = after.unwrap_or(EventPlace { due: i64::MIN, seq: -1 });
    let sql = format!(
        "SELECT {}, dispatches.due, dispatches.seq
         FROM dispatches JOIN events ON events.id = dispatches.event
         WHERE dispatches.export = :export AND dispatches.tenant = :tenant
           AND dispatches.due >= :start AND dispatches.due < :end AND (dispatches.due, dispatches.seq) > (:due, :seq)
           AND EXISTS (SELECT 1 FROM slots WHERE slots.export = :export AND slots.tenant = :tenant
                                             AND slots.due = dispatches.due AND slots.state <> 'queued')
         ORDER BY dispatches.due, dispatches.seq LIMIT :limit",
        events::COLUMNS.split(", ").map(|column| format!("events.{column}")).collect::<Vec<_>>().join(", ")
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(named_params! {
        ":export": export,
        ":tenant": tenant,
        ":start": millis(window.start.to_utc()),
        ":end": millis(window.end.to_utc()),
        ":due": due,
        ":seq": seq,
        ":limit": limit,
    })?;
    let (mut page, mut bytes) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        let event = events::read(row)?;
        bytes += event.payload.len();
        if bytes > PAGE_BYTES && !page.is_empty() {
            break;
        }
        page.push((EventPlace { due: row.get("due")?, seq: row.get("seq")? }, event));
    }
    Ok(page)
}
