//! Runs, their logs and their host calls in SQLite.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use rusqlite::{Connection, OptionalExtension, Row, named_params};
use tradewire_schedule::Window;
use tradewire_store::{
    Ending, FailureKind, HostCalls, LogLevel, LogLine, Opened, Opening, Outcome, RunFilter, RunId, RunName, RunRecord,
    SlotRecord, SlotState, StoreError, TriggerKind,
};

use crate::columns::{millis, moment, run_id, unreadable, word};
use crate::fault::Fault;
use crate::{slots, writes};

pub fn open(connection: &Connection, opening: &Opening, after: Option<RunId>) -> Result<Opened, Fault> {
    let latest = latest(connection, &opening.export, &opening.tenant, &opening.window)?;
    if let Some(due) = opening.due
        && let Some(slot) = slots::one(connection, &opening.export, &opening.tenant, due)?
        && slot.state != SlotState::Queued
        && !goes_on(connection, opening, latest.as_ref(), &slot)?
    {
        return Ok(Opened::SlotTaken(Box::new(slot)));
    }
    if let Some(latest) = &latest {
        let run = latest.opening.id;
        if latest.ending.is_none() {
            return Ok(Opened::GoesOn(run));
        }
        if latest.delivers() {
            return Ok(Opened::Delivers(run));
        }
        if writes::is_unsettled(connection, run)? {
            return Ok(Opened::Waits(run));
        }
    }
    if latest.map(|latest| latest.opening.id) != after {
        return Ok(Opened::Overtaken);
    }
    connection
        .prepare_cached("UPDATE runs SET retry_at = NULL WHERE id = ?1")?
        .execute([after.map(|run| run.to_string())])?;
    connection
        .prepare_cached(
            "INSERT INTO runs (id, export, tenant, tenant_id, plugin, begun_by, due, journal, attempt, window_start,
                               window_end, timezone, started, owner, lease_until)
             VALUES (:id, :export, :tenant, :tenant_id, :plugin, :begun_by, :due, :journal, :attempt, :window_start,
                     :window_end, :timezone, :started, :owner, :lease_until)",
        )?
        .execute(named_params! {
            ":id": opening.id.to_string(),
            ":export": opening.export,
            ":tenant": opening.tenant,
            ":tenant_id": opening.tenant_id,
            ":plugin": opening.plugin,
            ":begun_by": opening.trigger.as_str(),
            ":due": opening.due.map(millis),
            ":journal": opening.journal.to_string(),
            ":attempt": opening.attempt,
            ":window_start": millis(opening.window.start.to_utc()),
            ":window_end": millis(opening.window.end.to_utc()),
            ":timezone": opening.window.start.timezone().name(),
            ":started": millis(opening.started),
            ":owner": opening.owner,
            ":lease_until": millis(opening.lease_until),
        })?;
    if let Some(due) = opening.due {
        let Opening { id, export, tenant, started, .. } = opening;
        let slot = SlotRecord::new(export, tenant, due, SlotState::Taken, *started);
        slots::take(connection, &SlotRecord { run: Some(*id), ..slot })?;
    }
    Ok(Opened::Yes)
}

/// Whether a run is a further attempt of the one that has the slot already: someone asks for it, it has waited, or its
/// next attempt is due.
fn goes_on(
    connection: &Connection,
    opening: &Opening,
    latest: Option<&RunRecord>,
    slot: &SlotRecord,
) -> rusqlite::Result<bool> {
    let owner = slot.run.map(|run| one(connection, run)).transpose()?.flatten();
    let is_due = latest.and_then(|run| run.ending.as_ref()).is_some_and(|ending| {
        ending.outcome == Outcome::Waiting || ending.retry_at.is_some_and(|at| at <= opening.started)
    });
    let same = owner.is_some_and(|owner| owner.opening.journal == opening.journal);
    Ok(same && (opening.trigger == TriggerKind::Manual || is_due))
}

/// The latest run of a window: by the order in which they were inserted, which no clock changes.
pub fn latest(
    connection: &Connection,
    export: &str,
    tenant: &str,
    window: &Window,
) -> rusqlite::Result<Option<RunRecord>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM runs WHERE export = ?1 AND tenant = ?2 AND window_start = ?3 AND window_end = ?4
         ORDER BY rowid DESC LIMIT 1"
    );
    let (start, end) = (millis(window.start.to_utc()), millis(window.end.to_utc()));
    connection.prepare_cached(&sql)?.query_row((export, tenant, start, end), read).optional()
}

/// The runs that have waited and have no unresolved writes left, and that no later attempt goes on with.
pub fn settled(connection: &Connection) -> rusqlite::Result<Vec<RunRecord>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM runs
         WHERE outcome = 'waiting'
           AND NOT EXISTS (SELECT 1 FROM runs later WHERE later.journal = runs.journal AND later.attempt > runs.attempt)
           AND NOT EXISTS (SELECT 1 FROM writes WHERE writes.journal = runs.journal AND {})
         ORDER BY rowid",
        writes::UNSETTLED
    );
    connection.prepare_cached(&sql)?.query_map([], read)?.collect()
}

/// The runs whose next attempt has not begun, the earliest due first.
pub fn retries(connection: &Connection) -> rusqlite::Result<Vec<RunRecord>> {
    let sql = format!("SELECT {COLUMNS} FROM runs WHERE retry_at IS NOT NULL ORDER BY retry_at, rowid");
    connection.prepare_cached(&sql)?.query_map([], read)?.collect()
}

pub fn renew(connection: &Connection, run: RunId, lease_until: DateTime<Utc>) -> Result<bool, Fault> {
    let sql = "UPDATE runs SET lease_until = ?2 WHERE id = ?1 AND ended IS NULL RETURNING cancel_asked IS NOT NULL";
    let mut statement = connection.prepare_cached(sql)?;
    let is_asked = statement.query_row((run.to_string(), millis(lease_until)), |row| row.get(0)).optional()?;
    is_asked.ok_or_else(|| StoreError::RunClosed(run).into())
}

pub fn ask_to_cancel(connection: &Connection, run: RunId, at: DateTime<Utc>) -> Result<(), Fault> {
    let sql = "UPDATE runs SET cancel_asked = coalesce(cancel_asked, ?2)
               WHERE id = ?1 AND (ended IS NULL OR outcome = 'delivering')";
    still_open(run, connection.prepare_cached(sql)?.execute((run.to_string(), millis(at)))?)
}

/// Whether a statement that touches the run only while it is open has touched it.
fn still_open(run: RunId, touched: usize) -> Result<(), Fault> {
    if touched == 0 { Err(StoreError::RunClosed(run).into()) } else { Ok(()) }
}

pub fn ensure_open(connection: &Connection, run: RunId) -> Result<(), Fault> {
    let mut statement = connection.prepare_cached("SELECT 1 FROM runs WHERE id = ?1 AND ended IS NULL")?;
    still_open(run, usize::from(statement.exists([run.to_string()])?))
}

/// From here on an open run can only succeed.
pub fn decide(connection: &Connection, run: RunId) -> Result<Opening, Fault> {
    let sql = "UPDATE runs SET decided = 1 WHERE id = ?1 AND ended IS NULL";
    still_open(run, connection.prepare_cached(sql)?.execute([run.to_string()])?)?;
    Ok(one(connection, run)?.ok_or(StoreError::RunClosed(run))?.opening)
}

pub fn is_decided(connection: &Connection, run: RunId) -> rusqlite::Result<bool> {
    connection.prepare_cached("SELECT 1 FROM runs WHERE id = ?1 AND decided = 1")?.exists([run.to_string()])
}

/// What a line takes beside its text: its row, and the key of it.
const BESIDE_A_LINE: usize = 100;

pub fn append_log(connection: &Connection, run: RunId, lines: &[LogLine]) -> Result<(), Fault> {
    ensure_open(connection, run)?;
    let run = run.to_string();
    let mut statement = connection.prepare_cached(
        "INSERT INTO log_lines (run, seq, at, level, text) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
    )?;
    let mut bytes = 0;
    for line in lines {
        let added = statement.execute((&run, line.seq, millis(line.at), line.level.as_str(), &line.text))?;
        bytes += added * (line.text.len() + BESIDE_A_LINE);
    }
    let sql = "UPDATE runs SET log_bytes = log_bytes + ?2 WHERE id = ?1";
    connection.prepare_cached(sql)?.execute((&run, to_column(bytes as u64)))?;
    Ok(())
}

pub fn close(connection: &Connection, run: RunId, ending: &Ending) -> Result<(), Fault> {
    let id = run.to_string();
    let reasons = serde_json::to_string(&ending.reasons).map_err(|e| StoreError::Failed(e.into()))?;
    let touched = connection
        .prepare_cached(
            "UPDATE runs SET ended = :ended, outcome = :outcome, failure = :failure, message = :message,
                             reasons = :reasons, plugin_digest = :plugin_digest, log_dropped = :log_dropped,
                             retry_at = CASE WHEN cancel_asked IS NULL THEN :retry_at END
             WHERE id = :id AND ended IS NULL",
        )?
        .execute(named_params! {
            ":id": id,
            ":ended": millis(ending.ended),
            ":outcome": ending.outcome.as_str(),
            ":failure": ending.failure.map(FailureKind::as_str),
            ":message": ending.message,
            ":reasons": reasons,
            ":plugin_digest": ending.plugin_digest,
            ":log_dropped": to_column(ending.log_dropped),
            ":retry_at": ending.retry_at.map(millis),
        })?;
    still_open(run, touched)?;
    let mut statement = connection.prepare_cached(
        "INSERT INTO host_calls (run, operation, calls, failures, retries, waited_ms, bytes)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    for call in &ending.host_calls {
        statement.execute((
            &id,
            &call.operation,
            to_column(call.calls),
            to_column(call.failures),
            to_column(call.retries),
            to_column(call.waited_ms),
            to_column(call.bytes),
        ))?;
    }
    Ok(())
}

/// Queues the slots of the exports that run after one which has just succeeded. Its attempts are followed once: whoever
/// runs its window again goes on with what is done already.
pub fn follow(connection: &Connection, run: RunId, ending: &Ending) -> Result<(), Fault> {
    if ending.followers.is_empty() {
        return Ok(());
    }
    let opening = one(connection, run)?.ok_or(StoreError::RunClosed(run))?.opening;
    let sql = "SELECT 1 FROM runs WHERE journal = ?1 AND id <> ?2 AND outcome IN ('succeeded', 'unchanged')";
    if connection.prepare_cached(sql)?.exists([opening.journal.to_string(), run.to_string()])? {
        return Ok(());
    }
    let Opening { export, tenant, window, .. } = &opening;
    let cause = format!("run {run} of {export}");
    for follower in &ending.followers {
        let slot = slots::Queued {
            export: follower,
            tenant,
            trigger: TriggerKind::After,
            cause: Some(&cause),
            window: Some(window),
        };
        slots::queue(connection, &slot, ending.ended)?;
    }
    Ok(())
}

const COLUMNS: &str = "id, export, tenant, plugin, begun_by, due, attempt, window_start, window_end, timezone, started, \
                       owner, lease_until, ended, outcome, failure, message, reasons, plugin_digest, log_dropped, tenant_id, \
                       journal, retry_at, cancel_asked, decided";

pub fn one(connection: &Connection, run: RunId) -> rusqlite::Result<Option<RunRecord>> {
    let sql = format!("SELECT {COLUMNS} FROM runs WHERE id = ?1");
    connection.prepare_cached(&sql)?.query_row([run.to_string()], read).optional()
}

pub fn all_open(connection: &Connection) -> rusqlite::Result<Vec<RunRecord>> {
    let sql = format!("SELECT {COLUMNS} FROM runs WHERE ended IS NULL ORDER BY id");
    connection.prepare_cached(&sql)?.query_map([], read)?.collect()
}

/// Those whose id begins or ends so; of many the first few.
pub fn named(connection: &Connection, name: &RunName) -> rusqlite::Result<Vec<RunRecord>> {
    let sql =
        format!("SELECT {COLUMNS} FROM runs WHERE id LIKE ?1 || '%' OR id LIKE '%' || ?1 ORDER BY id DESC LIMIT 4");
    connection.prepare_cached(&sql)?.query_map([name.as_str()], read)?.collect()
}

pub fn list(connection: &Connection, filter: &RunFilter) -> rusqlite::Result<Vec<RunRecord>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM runs
         WHERE (:export IS NULL OR export = :export) AND (:tenant IS NULL OR tenant = :tenant)
           AND (:outcome IS NULL OR outcome = :outcome) AND (NOT :open OR ended IS NULL)
           AND (:journal IS NULL OR journal = :journal) AND (:since IS NULL OR started >= :since)
           AND (:window_start IS NULL OR window_start = :window_start AND window_end = :window_end)
         ORDER BY started DESC, id DESC LIMIT :limit"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map(
        named_params! {
            ":export": filter.export,
            ":tenant": filter.tenant,
            ":outcome": filter.outcome.map(Outcome::as_str),
            ":open": filter.open,
            ":journal": filter.journal.map(|journal| journal.to_string()),
            ":since": filter.since.map(millis),
            ":window_start": filter.window.map(|window| millis(window.start.to_utc())),
            ":window_end": filter.window.map(|window| millis(window.end.to_utc())),
            ":limit": filter.limit.unwrap_or(100),
        },
        read,
    )?;
    rows.collect()
}

fn read(row: &Row<'_>) -> rusqlite::Result<RunRecord> {
    let zone: Tz = row.get::<_, String>(9)?.parse().map_err(|e: chrono_tz::ParseError| unreadable(9, e))?;
    let window = Window {
        start: moment(7, row.get(7)?)?.with_timezone(&zone),
        end: moment(8, row.get(8)?)?.with_timezone(&zone),
    };
    let opening = Opening {
        id: run_id(0, &row.get::<_, String>(0)?)?,
        export: row.get(1)?,
        tenant: row.get(2)?,
        tenant_id: row.get(20)?,
        plugin: row.get(3)?,
        trigger: word(4, &row.get::<_, String>(4)?, TriggerKind::from_word)?,
        due: row.get::<_, Option<i64>>(5)?.map(|due| moment(5, due)).transpose()?,
        journal: run_id(21, &row.get::<_, String>(21)?)?,
        attempt: row.get(6)?,
        window,
        started: moment(10, row.get(10)?)?,
        owner: row.get(11)?,
        lease_until: moment(12, row.get(12)?)?,
    };
    let cancel_asked = row.get::<_, Option<i64>>(23)?.map(|at| moment(23, at)).transpose()?;
    let decided = row.get(24)?;
    let Some(ended) = row.get::<_, Option<i64>>(13)? else {
        return Ok(RunRecord { opening, cancel_asked, decided, ending: None });
    };
    let reasons: Option<String> = row.get(17)?;
    let failure: Option<String> = row.get(15)?;
    let ending = Ending {
        ended: moment(13, ended)?,
        outcome: word(14, &row.get::<_, String>(14)?, Outcome::from_word)?,
        failure: failure.map(|kind| word(15, &kind, FailureKind::from_word)).transpose()?,
        message: row.get::<_, Option<String>>(16)?.unwrap_or_default(),
        reasons: match reasons {
            Some(json) => serde_json::from_str(&json).map_err(|e| unreadable(17, e))?,
            None => Vec::new(),
        },
        retry_at: row.get::<_, Option<i64>>(22)?.map(|at| moment(22, at)).transpose()?,
        plugin_digest: row.get(18)?,
        host_calls: Vec::new(),
        followers: Vec::new(),
        log_dropped: from_column(row.get(19)?),
    };
    Ok(RunRecord { opening, cancel_asked, decided, ending: Some(ending) })
}

pub fn log(connection: &Connection, run: RunId, from: u32, limit: u32) -> rusqlite::Result<Vec<LogLine>> {
    let mut statement = connection.prepare_cached(
        "SELECT seq, at, level, text FROM log_lines WHERE run = ?1 AND seq >= ?2 ORDER BY seq LIMIT ?3",
    )?;
    let rows = statement.query_map((run.to_string(), from, limit), |row| {
        Ok(LogLine {
            seq: row.get(0)?,
            at: moment(1, row.get(1)?)?,
            level: word(2, &row.get::<_, String>(2)?, LogLevel::from_word)?,
            text: row.get(3)?,
        })
    })?;
    rows.collect()
}

pub fn host_calls(connection: &Connection, run: RunId) -> rusqlite::Result<Vec<HostCalls>> {
    let mut statement = connection.prepare_cached(
        "SELECT operation, calls, failures, retries, waited_ms, bytes FROM host_calls WHERE run = ?1 ORDER BY operation",
    )?;
    let rows = statement.query_map([run.to_string()], |row| {
        Ok(HostCalls {
            operation: row.get(0)?,
            calls: from_column(row.get(1)?),
            failures: from_column(row.get(2)?),
            retries: from_column(row.get(3)?),
            waited_ms: from_column(row.get(4)?),
            bytes: from_column(row.get(5)?),
        })
    })?;
    rows.collect()
}

/// SQLite's numbers are signed.
pub fn to_column(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

pub fn from_column(count: i64) -> u64 {
    u64::try_from(count).unwrap_or(0)
}
