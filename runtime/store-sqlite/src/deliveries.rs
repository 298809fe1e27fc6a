//! Deliveries in SQLite: who tries them, in which order, and what came of it.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, Row, named_params};
use tradewire_store::{Claim, Claimed, DeliveryRecord, DeliveryState, Ending, Outcome, Postponed, RunId, StoreError};

use crate::columns::{millis, moment, run_id, word};
use crate::fault::Fault;
use crate::{files, runs};

const COLUMNS: &str = "run, export, tenant, delivery, destination, summary, state, decided, tries, last_error, next_try, \
                       held_by, held_until";
/// The states of those that are neither done nor given up; as the index has it.
const UNFINISHED: &str = "state IN ('pending', 'stopped')";

pub fn insert(connection: &Connection, delivery: &DeliveryRecord) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO deliveries (run, export, tenant, delivery, destination, summary, state, decided)
             VALUES (:run, :export, :tenant, :delivery, :destination, :summary, :state, :decided)",
        )?
        .execute(named_params! {
            ":run": delivery.run.to_string(),
            ":export": delivery.export,
            ":tenant": delivery.tenant,
            ":delivery": delivery.delivery,
            ":destination": delivery.destination,
            ":summary": delivery.summary,
            ":state": delivery.state.as_str(),
            ":decided": millis(delivery.decided),
        })?;
    Ok(())
}

pub fn one(connection: &Connection, run: RunId) -> rusqlite::Result<Option<DeliveryRecord>> {
    let sql = format!("SELECT {COLUMNS} FROM deliveries WHERE run = ?1");
    connection.prepare_cached(&sql)?.query_row([run.to_string()], read).optional()
}

pub fn unfinished(connection: &Connection) -> rusqlite::Result<Vec<DeliveryRecord>> {
    let sql = format!("SELECT {COLUMNS} FROM deliveries WHERE {UNFINISHED} ORDER BY rowid");
    connection.prepare_cached(&sql)?.query_map([], read)?.collect()
}

pub fn claim(connection: &Connection, run: RunId, claim: &Claim) -> Result<Claimed, Fault> {
    let id = run.to_string();
    let Some(delivery) = one(connection, run)? else { return Ok(Claimed::Over) };
    if !matches!(delivery.state, DeliveryState::Pending | DeliveryState::Stopped) {
        return Ok(Claimed::Over);
    }
    if claim.in_turn
        && let Some(first) = first_before(connection, &delivery)?
    {
        return Ok(Claimed::Behind(first));
    }
    if let (Some(by), Some(until)) = (&delivery.held_by, delivery.held_until)
        && until >= claim.now
        && claim.ended.as_ref() != Some(by)
    {
        return Ok(Claimed::Held(by.clone()));
    }
    connection.prepare_cached("UPDATE deliveries SET held_by = ?2, held_until = ?3 WHERE run = ?1")?.execute((
        &id,
        &claim.by,
        millis(claim.until),
    ))?;
    Ok(Claimed::Yes {
        delivery: Box::new(delivery),
        files: files::of_run(connection, run)?,
        is_cancelled: is_cancelled(connection, run)?,
    })
}

/// The first run whose files come before these.
fn first_before(connection: &Connection, delivery: &DeliveryRecord) -> rusqlite::Result<Option<RunId>> {
    let sql = format!(
        "SELECT run FROM deliveries
         WHERE export = ?1 AND tenant = ?2 AND delivery = ?3 AND {UNFINISHED}
           AND rowid < (SELECT rowid FROM deliveries WHERE run = ?4)
         ORDER BY rowid LIMIT 1"
    );
    let DeliveryRecord { export, tenant, delivery, run, .. } = delivery;
    let first = |row: &Row<'_>| run_id(0, &row.get::<_, String>(0)?);
    connection.prepare_cached(&sql)?.query_row((export, tenant, delivery, run.to_string()), first).optional()
}

pub fn renew(connection: &Connection, run: RunId, by: &str, until: DateTime<Utc>) -> Result<bool, Fault> {
    let sql = format!("UPDATE deliveries SET held_until = ?3 WHERE run = ?1 AND held_by = ?2 AND {UNFINISHED}");
    still_held(run, connection.prepare_cached(&sql)?.execute((run.to_string(), by, millis(until)))?)?;
    Ok(is_cancelled(connection, run)?)
}

/// Whether someone has asked for the end of a run that delivers; while it is open its process sees to that.
fn is_cancelled(connection: &Connection, run: RunId) -> rusqlite::Result<bool> {
    let sql = "SELECT 1 FROM runs WHERE id = ?1 AND outcome = 'delivering' AND cancel_asked IS NOT NULL";
    connection.prepare_cached(sql)?.exists([run.to_string()])
}

pub fn ensure_held(connection: &Connection, run: RunId, by: &str) -> Result<(), Fault> {
    let sql = format!("SELECT 1 FROM deliveries WHERE run = ?1 AND held_by = ?2 AND {UNFINISHED}");
    still_held(run, usize::from(connection.prepare_cached(&sql)?.exists((run.to_string(), by))?))
}

/// Whether a statement that touches the delivery only while it is held has touched it.
fn still_held(run: RunId, touched: usize) -> Result<(), Fault> {
    if touched == 0 { Err(StoreError::DeliveryLost(run).into()) } else { Ok(()) }
}

pub fn postpone(connection: &Connection, run: RunId, by: &str, postponed: &Postponed) -> Result<(), Fault> {
    ensure_held(connection, run, by)?;
    let Postponed { state, tries, error, next_try } = postponed;
    let error = &*tradewire_secrets::mask(error);
    let id = run.to_string();
    connection
        .prepare_cached(
            "UPDATE deliveries SET state = ?2, tries = ?3, last_error = ?4, next_try = ?5, held_by = NULL,
                                   held_until = NULL
             WHERE run = ?1",
        )?
        .execute((&id, state.as_str(), tries, error, next_try.map(millis)))?;
    connection
        .prepare_cached("UPDATE runs SET message = ?2 WHERE id = ?1 AND outcome = 'delivering'")?
        .execute((&id, error))?;
    Ok(give_up_soon(connection, run)?)
}

/// Whoever looks next gives a delivery up whose run was asked to end, however long its next try would have been off.
pub fn give_up_soon(connection: &Connection, run: RunId) -> rusqlite::Result<()> {
    if is_cancelled(connection, run)? {
        let sql = format!("UPDATE deliveries SET state = 'pending', next_try = NULL WHERE run = ?1 AND {UNFINISHED}");
        connection.prepare_cached(&sql)?.execute([run.to_string()])?;
    }
    Ok(())
}

/// A delivery goes where its files do, by what the configuration says now.
pub fn redirect(connection: &Connection, run: RunId, destination: &str) -> rusqlite::Result<()> {
    let sql = "UPDATE deliveries SET destination = ?2 WHERE run = ?1 AND destination <> ?2";
    connection.prepare_cached(sql)?.execute((run.to_string(), destination))?;
    Ok(())
}

/// The delivery of a run that ends is over, if it has one.
pub fn finish(connection: &Connection, run: RunId, state: DeliveryState) -> rusqlite::Result<()> {
    let sql = "UPDATE deliveries SET state = ?2, next_try = NULL, held_by = NULL, held_until = NULL WHERE run = ?1";
    connection.prepare_cached(sql)?.execute((run.to_string(), state.as_str()))?;
    Ok(())
}

pub fn end(connection: &Connection, run: RunId, by: &str, ending: &Ending) -> Result<(), Fault> {
    ensure_held(connection, run, by)?;
    let touched = connection
        .prepare_cached(
            "UPDATE runs SET ended = ?2, outcome = ?3, message = ?4, reasons = '[]'
             WHERE id = ?1 AND outcome = 'delivering'",
        )?
        .execute((run.to_string(), millis(ending.ended), ending.outcome.as_str(), &ending.message))?;
    still_held(run, touched)?;
    match ending.outcome {
        Outcome::Cancelled => {
            files::give_up(connection, run)?;
            finish(connection, run, DeliveryState::Cancelled)?;
        }
        _ => {
            files::settle(connection, run, ending.ended)?;
            finish(connection, run, DeliveryState::Done)?;
        }
    }
    runs::follow(connection, run, ending)
}

fn read(row: &Row<'_>) -> rusqlite::Result<DeliveryRecord> {
    let at = |column: usize| -> rusqlite::Result<Option<DateTime<Utc>>> {
        row.get::<_, Option<i64>>(column)?.map(|at| moment(column, at)).transpose()
    };
    Ok(DeliveryRecord {
        run: run_id(0, &row.get::<_, String>(0)?)?,
        export: row.get(1)?,
        tenant: row.get(2)?,
        delivery: row.get(3)?,
        destination: row.get(4)?,
        summary: row.get(5)?,
        state: word(6, &row.get::<_, String>(6)?, DeliveryState::from_word)?,
        decided: moment(7, row.get(7)?)?,
        tries: row.get(8)?,
        last_error: row.get(9)?,
        next_try: at(10)?,
        held_by: row.get(11)?,
        held_until: at(12)?,
    })
}
