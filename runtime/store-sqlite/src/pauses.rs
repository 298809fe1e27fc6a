//! Pauses in SQLite.

use rusqlite::{Connection, Row};
use tradewire_store::Pause;

use crate::columns::{millis, moment};

pub fn pause(connection: &Connection, pause: &Pause) -> rusqlite::Result<()> {
    let sql = "INSERT INTO pauses (export, tenant, since) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
    let tenant = pause.tenant.as_deref().unwrap_or_default();
    connection.prepare_cached(sql)?.execute((&pause.export, tenant, millis(pause.since)))?;
    Ok(())
}

pub fn resume(connection: &Connection, export: &str, tenant: Option<&str>) -> rusqlite::Result<bool> {
    let sql = "DELETE FROM pauses WHERE export = ?1 AND (?2 IS NULL OR tenant = ?2)";
    Ok(connection.prepare_cached(sql)?.execute((export, tenant))? > 0)
}

pub fn all(connection: &Connection) -> rusqlite::Result<Vec<Pause>> {
    let sql = "SELECT export, tenant, since FROM pauses ORDER BY export, tenant";
    connection.prepare_cached(sql)?.query_map([], read)?.collect()
}

fn read(row: &Row<'_>) -> rusqlite::Result<Pause> {
    let tenant: String = row.get(1)?;
    Ok(Pause {
        export: row.get(0)?,
        tenant: Some(tenant).filter(|name| !name.is_empty()),
        since: moment(2, row.get(2)?)?,
    })
}
