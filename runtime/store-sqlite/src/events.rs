//! Webhook events in SQLite.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, Row, named_params};
use tradewire_store::{EventFilter, EventId, EventRecord, Incoming, ReceivedEvent, Stored};

use crate::columns::{millis, moment, unreadable};
use crate::dispatches;

pub const COLUMNS: &str = "id, webhook, tenant, tenant_id, type, source, occurrence, delivery, time, received, payload";

/// Stores an event and what it begins, unless it is there.
pub fn store(connection: &Connection, incoming: &Incoming) -> rusqlite::Result<Stored> {
    let Incoming { event, takers, by_address } = incoming;
    if *by_address && let Some((id, tenant)) = bound(connection, event)? {
        return Ok(Stored { id, queued: false, bound_to: Some(tenant) });
    }
    let id = insert(connection, event, *by_address)?;
    let mut queued = false;
    if id == event.id {
        for export in takers {
            queued |= dispatches::dispatch(connection, export, event)?;
        }
    }
    Ok(Stored { id, queued, bound_to: None })
}

/// The event that is the same but for its tenant, where of both only their address says whose they are.
fn bound(connection: &Connection, event: &EventRecord) -> rusqlite::Result<Option<(EventId, String)>> {
    let mut statement = connection.prepare_cached(
        "SELECT id, tenant FROM events WHERE by_address = 1 AND occurrence = ?1 AND type = ?2 AND tenant <> ?3 LIMIT 1",
    )?;
    let other = (&event.occurrence, &event.kind, &event.tenant);
    statement.query_row(other, |row| Ok((event_id(0, &row.get::<_, String>(0)?)?, row.get(1)?))).optional()
}

/// Inserts an event, unless it is there. The id by which it is.
fn insert(connection: &Connection, event: &EventRecord, by_address: bool) -> rusqlite::Result<EventId> {
    let inserted = connection
        .prepare_cached(
            "INSERT INTO events (id, webhook, tenant, tenant_id, type, source, occurrence, delivery, time, received,
                                 payload, by_address)
             VALUES (:id, :webhook, :tenant, :tenant_id, :type, :source, :occurrence, :delivery, :time, :received,
                     :payload, :by_address)
             ON CONFLICT (webhook, tenant, type, occurrence) DO NOTHING",
        )?
        .execute(named_params! {
            ":id": event.id.to_string(),
            ":webhook": event.webhook,
            ":tenant": event.tenant,
            ":tenant_id": event.tenant_id,
            ":type": event.kind,
            ":source": event.source,
            ":occurrence": event.occurrence,
            ":delivery": event.delivery,
            ":time": millis(event.time),
            ":received": millis(event.received),
            ":payload": event.payload,
            ":by_address": by_address,
        })?;
    if inserted == 1 {
        return Ok(event.id);
    }
    let mut statement = connection
        .prepare_cached("SELECT id FROM events WHERE webhook = ?1 AND tenant = ?2 AND type = ?3 AND occurrence = ?4")?;
    let before = (&event.webhook, &event.tenant, &event.kind, &event.occurrence);
    statement.query_row(before, |row| event_id(0, &row.get::<_, String>(0)?))
}

pub fn one(connection: &Connection, id: EventId) -> rusqlite::Result<Option<ReceivedEvent>> {
    let sql = format!("SELECT {COLUMNS} FROM events WHERE id = ?1");
    let event = connection.prepare_cached(&sql)?.query_row([id.to_string()], read).optional()?;
    event.map(|event| received(connection, event)).transpose()
}

pub fn list(connection: &Connection, filter: &EventFilter) -> rusqlite::Result<Vec<ReceivedEvent>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM events
         WHERE (:webhook IS NULL OR webhook = :webhook) AND (:tenant IS NULL OR tenant = :tenant)
         ORDER BY rowid DESC LIMIT :limit"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map(
        named_params! {
            ":webhook": filter.webhook,
            ":tenant": filter.tenant,
            ":limit": filter.limit.unwrap_or(100),
        },
        read,
    )?;
    rows.map(|event| received(connection, event?)).collect()
}

fn received(connection: &Connection, event: EventRecord) -> rusqlite::Result<ReceivedEvent> {
    Ok(ReceivedEvent { dispatches: dispatches::of(connection, event.id)?, event })
}

/// Forgets events for which nothing is still to come.
pub fn prune(connection: &Connection, before: DateTime<Utc>, most: u32) -> rusqlite::Result<usize> {
    let sql = format!(
        "SELECT id FROM events
         WHERE received < ?1 AND time < ?1
           AND NOT EXISTS (SELECT 1 FROM {} WHERE dispatches.event = events.id AND {})
         ORDER BY received LIMIT ?2",
        dispatches::WITH_RUNS,
        dispatches::WAITING
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let ids: Vec<String> =
        statement.query_map((millis(before), most), |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    for id in &ids {
        connection.prepare_cached("DELETE FROM dispatches WHERE event = ?1")?.execute([id])?;
        connection.prepare_cached("DELETE FROM events WHERE id = ?1")?.execute([id])?;
    }
    Ok(ids.len())
}

pub fn read(row: &Row<'_>) -> rusqlite::Result<EventRecord> {
    Ok(EventRecord {
        id: event_id(0, &row.get::<_, String>(0)?)?,
        webhook: row.get(1)?,
        tenant: row.get(2)?,
        tenant_id: row.get(3)?,
        kind: row.get(4)?,
        source: row.get(5)?,
        occurrence: row.get(6)?,
        delivery: row.get(7)?,
        time: moment(8, row.get(8)?)?,
        received: moment(9, row.get(9)?)?,
        payload: row.get(10)?,
    })
}

fn event_id(column: usize, text: &str) -> rusqlite::Result<EventId> {
    text.parse().map_err(|error: uuid::Error| unreadable(column, error))
}
