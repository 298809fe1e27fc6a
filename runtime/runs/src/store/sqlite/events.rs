//! Webhook events in SQLite.

use rusqlite::{Connection, Row, named_params};

use super::{millis, moment, unreadable};
use crate::store::{EventFilter, EventId, EventRecord};

const COLUMNS: &str = "id, webhook, tenant, tenant_id, type, occurrence, delivery, time, received, payload";

/// Inserts an event, unless it is there. The id by which it is.
pub(super) fn insert(connection: &Connection, event: &EventRecord) -> rusqlite::Result<EventId> {
    let inserted = connection
        .prepare_cached(
            "INSERT INTO events (id, webhook, tenant, tenant_id, type, occurrence, delivery, time, received, payload)
             VALUES (:id, :webhook, :tenant, :tenant_id, :type, :occurrence, :delivery, :time, :received, :payload)
             ON CONFLICT (webhook, tenant, type, occurrence) DO NOTHING",
        )?
        .execute(named_params! {
            ":id": event.id.to_string(),
            ":webhook": event.webhook,
            ":tenant": event.tenant,
            ":tenant_id": event.tenant_id,
            ":type": event.kind,
            ":occurrence": event.occurrence,
            ":delivery": event.delivery,
            ":time": millis(event.time),
            ":received": millis(event.received),
            ":payload": event.payload,
        })?;
    if inserted == 1 {
        return Ok(event.id);
    }
    let mut statement = connection
        .prepare_cached("SELECT id FROM events WHERE webhook = ?1 AND tenant = ?2 AND type = ?3 AND occurrence = ?4")?;
    let before = (&event.webhook, &event.tenant, &event.kind, &event.occurrence);
    statement.query_row(before, |row| event_id(0, &row.get::<_, String>(0)?))
}

pub(super) fn list(connection: &Connection, filter: &EventFilter) -> rusqlite::Result<Vec<EventRecord>> {
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
    rows.collect()
}

fn read(row: &Row<'_>) -> rusqlite::Result<EventRecord> {
    Ok(EventRecord {
        id: event_id(0, &row.get::<_, String>(0)?)?,
        webhook: row.get(1)?,
        tenant: row.get(2)?,
        tenant_id: row.get(3)?,
        kind: row.get(4)?,
        occurrence: row.get(5)?,
        delivery: row.get(6)?,
        time: moment(7, row.get(7)?)?,
        received: moment(8, row.get(8)?)?,
        payload: row.get(9)?,
    })
}

fn event_id(column: usize, text: &str) -> rusqlite::Result<EventId> {
    text.parse().map_err(|error: uuid::Error| unreadable(column, error))
}
