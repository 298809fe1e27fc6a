//! Forgetting what is old, in small steps.
//!
//! A run that wrote nothing at ServiceTitan and delivered nothing is forgotten with its log, its host calls and its
//! slot. Of any other only log and host calls are: what it wrote answers whoever runs its window again, what it
//! delivered keeps that delivery from being made twice, and what events began it stays told of them. A run with an
//! unresolved write, with an attempt to come or with files under way is left whole, and so is the latest slot of each
//! schedule, which says how far it has come.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, Row};
use tradewire_store::Pruned;

use crate::columns::millis;
use crate::runs::to_column;
use crate::writes;

pub fn prune(connection: &Connection, before: DateTime<Utc>, most: u32) -> rusqlite::Result<Pruned> {
    let mut pruned = Pruned::default();
    for id in old_runs(connection, before, most)? {
        for table in ["log_lines", "host_calls"] {
            connection.prepare_cached(&format!("DELETE FROM {table} WHERE run = ?1"))?.execute([&id])?;
        }
        if is_needed(connection, &id)? {
            connection.prepare_cached("UPDATE runs SET pruned = 1, log_bytes = 0 WHERE id = ?1")?.execute([&id])?;
            pruned.logs += 1;
            continue;
        }
        for table in ["files", "deliveries"] {
            connection.prepare_cached(&format!("DELETE FROM {table} WHERE run = ?1"))?.execute([&id])?;
        }
        pruned.slots += connection.prepare_cached("DELETE FROM slots WHERE run = ?1")?.execute([&id])?;
        pruned.runs += connection.prepare_cached("DELETE FROM runs WHERE id = ?1")?.execute([&id])?;
    }
    pruned.slots += connection
        .prepare_cached(
            "DELETE FROM slots WHERE (export, tenant, due) IN (
                 SELECT export, tenant, due FROM slots old
                 WHERE due < ?1 AND run IS NULL AND state <> 'queued'
                   AND NOT EXISTS (SELECT 1 FROM dispatches WHERE dispatches.export = old.export
                                   AND dispatches.tenant = old.tenant AND dispatches.due = old.due)
                   AND EXISTS (SELECT 1 FROM slots later WHERE later.export = old.export AND later.tenant = old.tenant
                                                           AND later.due > old.due)
                 ORDER BY due LIMIT ?2)",
        )?
        .execute((millis(before), most))?;
    Ok(pruned)
}

/// Forgets the logs of runs that ended first, where all logs together take more than that: at most so many. A line in their
/// place says so.
pub fn prune_logs(connection: &Connection, most_bytes: u64, most: u32) -> rusqlite::Result<usize> {
    let sql =
        "SELECT id, ended FROM (SELECT id, ended, sum(log_bytes) OVER (ORDER BY ended DESC, id DESC) AS with_later
                                      FROM runs WHERE log_bytes > 0 AND ended IS NOT NULL)
               WHERE with_later > ?1 ORDER BY ended, id LIMIT ?2";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map((to_column(most_bytes), most), |row| Ok((row.get(0)?, row.get(1)?)))?;
    let old: Vec<(String, i64)> = rows.collect::<rusqlite::Result<_>>()?;
    for (id, ended) in &old {
        connection.prepare_cached("DELETE FROM log_lines WHERE run = ?1")?.execute([id])?;
        let forgotten = "this log is forgotten: the logs of all runs took more than `logs` of `[store]`";
        connection
            .prepare_cached("INSERT INTO log_lines (run, seq, at, level, text) VALUES (?1, 0, ?2, 'warn', ?3)")?
            .execute((id, ended, forgotten))?;
        connection.prepare_cached("UPDATE runs SET log_bytes = 0 WHERE id = ?1")?.execute([id])?;
    }
    Ok(old.len())
}

/// The ids of runs that ended before and are not pruned yet, the earliest first.
fn old_runs(connection: &Connection, before: DateTime<Utc>, most: u32) -> rusqlite::Result<Vec<String>> {
    let sql = format!(
        "SELECT id FROM runs
         WHERE pruned = 0 AND ended < ?1 AND retry_at IS NULL AND outcome <> 'delivering'
           AND (due IS NULL OR EXISTS (SELECT 1 FROM slots WHERE slots.export = runs.export
                                       AND slots.tenant = runs.tenant AND slots.due > runs.due))
           AND NOT EXISTS (SELECT 1 FROM writes WHERE writes.journal = runs.journal AND {})
         ORDER BY ended LIMIT ?2",
        writes::UNSETTLED
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let ids = statement.query_map((millis(before), most), |row: &Row<'_>| row.get(0))?;
    ids.collect()
}

/// Whether a run has written or delivered something, or was begun by events that are still there.
fn is_needed(connection: &Connection, id: &str) -> rusqlite::Result<bool> {
    connection
        .prepare_cached(
            "SELECT 1 WHERE EXISTS (SELECT 1 FROM files WHERE run = ?1 AND state NOT IN ('unchanged', 'cancelled'))
                OR EXISTS (SELECT 1 FROM writes WHERE journal = (SELECT journal FROM runs WHERE id = ?1))
                OR EXISTS (SELECT 1 FROM slots JOIN dispatches USING (export, tenant, due) WHERE slots.run = ?1)",
        )?
        .exists([id])
}
