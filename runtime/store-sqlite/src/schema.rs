//! The tables, as a list of steps that each database goes through once.
//!
//! Moments are milliseconds since 1970 in UTC. A step that has been released is never changed; a new one is added.

use rusqlite::Connection;
use rusqlite_migration::{M, Migrations};

const STEPS: &[M<'_>] = &[
    M::up(
        "
    CREATE TABLE runs (
        id             TEXT PRIMARY KEY,
        export         TEXT NOT NULL,
        tenant         TEXT NOT NULL,
        tenant_id      INTEGER NOT NULL,
        plugin         TEXT NOT NULL,
        plugin_digest  TEXT,
        begun_by       TEXT NOT NULL,
        due            INTEGER,
        attempt        INTEGER NOT NULL,
        window_start   INTEGER NOT NULL,
        window_end     INTEGER NOT NULL,
        timezone       TEXT NOT NULL,
        started        INTEGER NOT NULL,
        owner          TEXT NOT NULL,
        lease_until    INTEGER NOT NULL,
        ended          INTEGER,
        outcome        TEXT,
        failure        TEXT,
        message        TEXT,
        reasons        TEXT,             -- a JSON list
        log_dropped    INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE INDEX runs_by_window ON runs (export, tenant, window_start, window_end);
    CREATE INDEX open_runs ON runs (lease_until) WHERE ended IS NULL;

    -- One row a slot: who inserts it has it.
    CREATE TABLE slots (
        export    TEXT NOT NULL,
        tenant    TEXT NOT NULL,
        due       INTEGER NOT NULL,
        state     TEXT NOT NULL,
        reason    TEXT,
        run       TEXT REFERENCES runs (id),
        recorded  INTEGER NOT NULL,
        PRIMARY KEY (export, tenant, due)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX slots_by_due ON slots (due);

    CREATE TABLE log_lines (
        run    TEXT NOT NULL REFERENCES runs (id),
        seq    INTEGER NOT NULL,
        at     INTEGER NOT NULL,
        level  TEXT NOT NULL,
        text   TEXT NOT NULL,
        PRIMARY KEY (run, seq)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE host_calls (
        run        TEXT NOT NULL REFERENCES runs (id),
        operation  TEXT NOT NULL,
        calls      INTEGER NOT NULL,
        failures   INTEGER NOT NULL,
        retries    INTEGER NOT NULL,
        waited_ms  INTEGER NOT NULL,
        bytes      INTEGER NOT NULL,
        PRIMARY KEY (run, operation)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE files (
        run           TEXT NOT NULL REFERENCES runs (id),
        name          TEXT NOT NULL,
        content_type  TEXT NOT NULL,
        sha256        TEXT NOT NULL,
        bytes         INTEGER NOT NULL,
        totals        TEXT NOT NULL,     -- a JSON list of pairs
        destination   TEXT NOT NULL,
        delivered_as  TEXT NOT NULL,
        version       INTEGER NOT NULL,
        state         TEXT NOT NULL,
        delivered_at  INTEGER,
        PRIMARY KEY (run, name)
    ) STRICT, WITHOUT ROWID;
    ",
    ),
    M::up(
        "
    -- Attempts of one run share a journal, which has the id of the first.
    ALTER TABLE runs ADD COLUMN journal TEXT NOT NULL DEFAULT '';
    UPDATE runs SET journal = id;
    CREATE UNIQUE INDEX attempts ON runs (journal, attempt);
    CREATE INDEX waiting_runs ON runs (journal) WHERE outcome = 'waiting';

    CREATE TABLE writes (
        id          TEXT PRIMARY KEY,
        journal     TEXT NOT NULL,
        digest      TEXT NOT NULL,
        ordinal     INTEGER NOT NULL,
        run         TEXT NOT NULL REFERENCES runs (id),    -- the attempt that sent it last
        operation   TEXT NOT NULL,
        method      TEXT NOT NULL,
        path        TEXT NOT NULL,
        arguments   TEXT NOT NULL,     -- JSON
        repeatable  INTEGER NOT NULL,  -- 1 where sending it twice is sending it once
        state       TEXT NOT NULL,
        begun       INTEGER NOT NULL,
        settled     INTEGER,
        status      INTEGER,
        answer      BLOB,
        message     TEXT,
        UNIQUE (journal, digest, ordinal)
    ) STRICT;
    -- What may be in doubt; the rest is history.
    CREATE INDEX unsettled_writes ON writes (journal) WHERE state IN ('begun', 'in-doubt');
    ",
    ),
    M::up(
        "
    -- When the next attempt is due, until it begins.
    ALTER TABLE runs ADD COLUMN retry_at INTEGER;
    CREATE INDEX retries ON runs (retry_at) WHERE retry_at IS NOT NULL;
    CREATE INDEX queued_slots ON slots (due) WHERE state = 'queued';

    CREATE TABLE pauses (
        export  TEXT NOT NULL,
        tenant  TEXT NOT NULL,         -- empty for all
        since   INTEGER NOT NULL,
        PRIMARY KEY (export, tenant)
    ) STRICT, WITHOUT ROWID;
    ",
    ),
    M::up(
        "
    -- When someone asked for the end of a run that goes on.
    ALTER TABLE runs ADD COLUMN cancel_asked INTEGER;
    -- 1 once its log and its host calls have been forgotten.
    ALTER TABLE runs ADD COLUMN pruned INTEGER NOT NULL DEFAULT 0;
    CREATE INDEX runs_by_start ON runs (started);
    CREATE INDEX whole_runs ON runs (ended) WHERE pruned = 0;
    CREATE INDEX slots_by_run ON slots (run);
    CREATE INDEX writes_by_run ON writes (run);
    ",
    ),
    M::up(
        "
    CREATE TABLE events (
        id          TEXT PRIMARY KEY,
        webhook     TEXT NOT NULL,
        tenant      TEXT NOT NULL,
        tenant_id   INTEGER NOT NULL,
        type        TEXT NOT NULL,
        occurrence  TEXT NOT NULL,
        delivery    TEXT NOT NULL,
        time        INTEGER NOT NULL,
        received    INTEGER NOT NULL,
        payload     TEXT NOT NULL,     -- JSON
        UNIQUE (webhook, tenant, type, occurrence)
    ) STRICT;
    ",
    ),
    M::up(
        "
    -- What queued a slot that no schedule has, and what its run accounts for.
    ALTER TABLE slots ADD COLUMN begun_by TEXT NOT NULL DEFAULT 'schedule';
    ALTER TABLE slots ADD COLUMN cause TEXT;
    ALTER TABLE slots ADD COLUMN window_start INTEGER;
    ALTER TABLE slots ADD COLUMN window_end INTEGER;
    ",
    ),
    M::up(
        "
    ALTER TABLE events ADD COLUMN source TEXT NOT NULL DEFAULT '';
    CREATE INDEX events_by_receipt ON events (received);

    -- Which events begin the run of a slot, in the order in which they came in.
    CREATE TABLE handovers (
        export  TEXT NOT NULL,
        tenant  TEXT NOT NULL,
        due     INTEGER NOT NULL,
        seq     INTEGER NOT NULL,      -- from 0
        bytes   INTEGER NOT NULL,      -- of the payloads up to this one
        event   TEXT NOT NULL REFERENCES events (id),
        PRIMARY KEY (export, tenant, due, seq)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX handovers_by_event ON handovers (event);
    ",
    ),
    M::up(
        "
    -- 1 once its delivery and its changes of state are decided: it can only succeed.
    ALTER TABLE runs ADD COLUMN decided INTEGER NOT NULL DEFAULT 0;
    UPDATE runs SET decided = 1 WHERE EXISTS (SELECT 1 FROM files WHERE files.run = runs.id);

    -- What an export keeps for a tenant, and how often that was changed.
    CREATE TABLE states (
        export   TEXT NOT NULL,
        tenant   TEXT NOT NULL,
        version  INTEGER NOT NULL,
        PRIMARY KEY (export, tenant)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE state_entries (
        export  TEXT NOT NULL,
        tenant  TEXT NOT NULL,
        bucket  TEXT NOT NULL,
        key     TEXT NOT NULL,
        value   BLOB NOT NULL,
        PRIMARY KEY (export, tenant, bucket, key)
    ) STRICT;
    ",
    ),
    M::up(
        "
    -- The files of a run on their way, together. Rows are in the order in which they were decided.
    CREATE TABLE deliveries (
        run          TEXT PRIMARY KEY REFERENCES runs (id),
        export       TEXT NOT NULL,
        tenant       TEXT NOT NULL,
        delivery     TEXT NOT NULL,      -- its name in the configuration
        destination  TEXT NOT NULL,
        summary      TEXT NOT NULL,
        state        TEXT NOT NULL,
        decided      INTEGER NOT NULL,
        tries        INTEGER NOT NULL DEFAULT 0,
        last_error   TEXT,
        next_try     INTEGER,
        held_by      TEXT,
        held_until   INTEGER
    ) STRICT;
    CREATE INDEX unfinished_deliveries ON deliveries (export, tenant, delivery) WHERE state IN ('pending', 'stopped');
    INSERT INTO deliveries (run, export, tenant, delivery, destination, summary, state, decided)
        SELECT id, export, tenant, '', max(files.destination), 'its delivery was completed by a later version', 'pending',
               started
        FROM runs JOIN files ON files.run = runs.id
        WHERE ended IS NULL AND files.state = 'moving' GROUP BY id ORDER BY id;

    -- In which order the run began them.
    ALTER TABLE files ADD COLUMN place INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE files ADD COLUMN with_total INTEGER NOT NULL DEFAULT 1;
    -- What is sent, where it is encrypted.
    ALTER TABLE files ADD COLUMN sent_sha256 TEXT;
    ALTER TABLE files ADD COLUMN sent_bytes INTEGER;
    CREATE INDEX files_by_content ON files (sha256);
    CREATE INDEX files_by_sent ON files (sent_sha256) WHERE sent_sha256 IS NOT NULL;
    ",
    ),
    M::up(
        "
    -- 1 where only the address that it came by says whose an event is: it is that tenant's, and nobody else's.
    ALTER TABLE events ADD COLUMN by_address INTEGER NOT NULL DEFAULT 0;
    UPDATE events SET by_address = 1
        WHERE CASE WHEN json_valid(payload) THEN json_extract(payload, '$.tenantId') IS NULL ELSE 0 END;
    CREATE INDEX events_by_address ON events (occurrence, type) WHERE by_address = 1;
    ",
    ),
    M::up(
        "
    -- Without a rowid a row longer than a quarter of a page has a page of its own beside it: a line of 1 KB took 4.7 KB.
    CREATE TABLE lines (
        run    TEXT NOT NULL REFERENCES runs (id),
        seq    INTEGER NOT NULL,
        at     INTEGER NOT NULL,
        level  TEXT NOT NULL,
        text   TEXT NOT NULL,
        PRIMARY KEY (run, seq)
    ) STRICT;
    INSERT INTO lines SELECT run, seq, at, level, text FROM log_lines;
    DROP TABLE log_lines;
    ALTER TABLE lines RENAME TO log_lines;

    -- What a run's log takes, so that the oldest are forgotten where all together take too much.
    ALTER TABLE runs ADD COLUMN log_bytes INTEGER NOT NULL DEFAULT 0;
    UPDATE runs SET log_bytes = (SELECT coalesce(sum(octet_length(text) + 100), 0) FROM log_lines WHERE run = id);
    CREATE INDEX kept_logs ON runs (ended, id, log_bytes) WHERE log_bytes > 0;
    ",
    ),
    M::up(
        "
    -- The words of the field.
    ALTER TABLE handovers RENAME TO dispatches;
    UPDATE runs SET failure = 'transient' WHERE failure = 'passing';
    UPDATE runs SET message = replace(message, 'tradewire doubts list', 'tradewire writes list')
        WHERE outcome = 'waiting';
    DROP INDEX unsettled_writes;
    UPDATE writes SET state = CASE state
        WHEN 'in-doubt' THEN 'unresolved'
        WHEN 'happened' THEN 'applied'
        WHEN 'did-not-happen' THEN 'not-applied'
        ELSE state END;
    UPDATE writes SET arguments = json_remove(json_set(arguments, '$.vendor', json_object(
            'vendor', json_extract(arguments, '$.supplier.supplier'),
            'endpoint', json_extract(arguments, '$.supplier.endpoint'),
            'bytes', json_extract(arguments, '$.supplier.bytes'),
            'sha256', json_extract(arguments, '$.supplier.sha256')
        )), '$.supplier')
        WHERE json_valid(arguments) AND json_extract(arguments, '$.supplier') IS NOT NULL;
    CREATE INDEX unsettled_writes ON writes (journal) WHERE state IN ('begun', 'unresolved');
    ",
    ),
];

/// The version of a store that has gone through all of them.
pub const VERSION: i64 = STEPS.len() as i64;

const MIGRATIONS: Migrations<'static> = Migrations::from_slice(STEPS);

/// Takes the database through the steps that it has not gone through.
pub fn bring_up_to_date(connection: &mut Connection) -> rusqlite_migration::Result<()> {
    // Two processes that begin at once both take a step, and one of them fails: the other has done it.
    let mut tries = STEPS.len();
    loop {
        match MIGRATIONS.to_latest(connection) {
            Err(rusqlite_migration::Error::RusqliteError { .. }) if tries > 0 => tries -= 1,
            other => return other,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    #[test]
    fn a_run_of_before_the_journal_has_one_of_its_own() {
        let mut database = rusqlite::Connection::open_in_memory().unwrap();
        super::MIGRATIONS.to_version(&mut database, 1).unwrap();
        let columns = "id, export, tenant, tenant_id, plugin, begun_by, attempt, window_start, window_end, timezone, \
                       started, owner, lease_until";
        for id in ["a", "b"] {
            let values = format!("'{id}', 'e', 't', 1, 'p', 'manual', 1, 0, 1, 'UTC', 0, 'o', 0");
            database.execute(&format!("INSERT INTO runs ({columns}) VALUES ({values})"), ()).unwrap();
        }
        super::MIGRATIONS.to_latest(&mut database).unwrap();
        let own = database.query_row("SELECT count(*) FROM runs WHERE journal = id", (), |row| row.get::<_, i64>(0));
        assert_eq!(own, Ok(2));
    }

    #[test]
    fn what_an_earlier_version_had_decided_to_deliver_is_on_its_way() {
        let mut database = rusqlite::Connection::open_in_memory().unwrap();
        super::MIGRATIONS.to_version(&mut database, 8).unwrap();
        let columns = "id, export, tenant, tenant_id, plugin, begun_by, attempt, window_start, window_end, timezone, \
                       started, owner, lease_until, journal, decided, ended";
        for (id, ended) in [("a", "NULL"), ("b", "5")] {
            let values = format!("'{id}', 'e', 't', 1, 'p', 'manual', 1, 0, 1, 'UTC', 7, 'o', 0, '{id}', 1, {ended}");
            database.execute(&format!("INSERT INTO runs ({columns}) VALUES ({values})"), ()).unwrap();
            let state = if ended == "NULL" { "moving" } else { "delivered" };
            let values = format!("'{id}', 'f', 'text/csv', '', 0, '[]', '/out', 'f', 1, '{state}'");
            let columns = "run, name, content_type, sha256, bytes, totals, destination, delivered_as, version, state";
            database.execute(&format!("INSERT INTO files ({columns}) VALUES ({values})"), ()).unwrap();
        }
        super::MIGRATIONS.to_latest(&mut database).unwrap();
        let row = |row: &rusqlite::Row<'_>| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, i64>(2)?, row.get::<_, String>(3)?))
        };
        let sql = "SELECT run, destination, decided, state FROM deliveries";
        assert_eq!(database.query_row(sql, (), row), Ok(("a".into(), "/out".into(), 7, "pending".into())));
        let totals = database.query_row("SELECT sum(with_total) FROM files", (), |row| row.get::<_, i64>(0));
        assert_eq!(totals, Ok(2));
    }

    #[test]
    fn logs_of_before_are_kept_in_less_room() {
        let mut database = rusqlite::Connection::open_in_memory().unwrap();
        super::MIGRATIONS.to_version(&mut database, 10).unwrap();
        let columns = "id, export, tenant, tenant_id, plugin, begun_by, attempt, window_start, window_end, timezone, \
                       started, owner, lease_until, journal";
        let values = "'a', 'e', 't', 1, 'p', 'manual', 1, 0, 1, 'UTC', 0, 'o', 0, 'a'";
        database.execute(&format!("INSERT INTO runs ({columns}) VALUES ({values})"), ()).unwrap();
        let text = "x".repeat(1024);
        for seq in 0..1000 {
            let values = (seq, 7, &text);
            database.execute("INSERT INTO log_lines VALUES ('a', ?1, ?2, 'info', ?3)", values).unwrap();
        }
        let pages = |database: &rusqlite::Connection| {
            let sql = "SELECT (SELECT * FROM pragma_page_count) - (SELECT * FROM pragma_freelist_count)";
            database.query_row(sql, (), |row| row.get::<_, i64>(0)).unwrap()
        };
        let before = pages(&database);
        super::MIGRATIONS.to_latest(&mut database).unwrap();
        let after = pages(&database);
        assert!(after * 3 < before, "{before} pages before, {after} after");
        let sql = "SELECT count(*), max(seq), sum(at), sum(text = ?1) FROM log_lines WHERE run = 'a'";
        let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
        assert_eq!(database.query_row(sql, [&text], row), Ok((1000, 999, 7000, 1000)));
        let bytes = database.query_row("SELECT log_bytes FROM runs", (), |row| row.get::<_, i64>(0));
        assert_eq!(bytes, Ok(1000 * (1024 + 100)));
    }

    #[test]
    fn words_of_before_are_those_of_the_field() {
        let mut database = rusqlite::Connection::open_in_memory().unwrap();
        super::MIGRATIONS.to_version(&mut database, 11).unwrap();
        let columns = "id, export, tenant, tenant_id, plugin, begun_by, attempt, window_start, window_end, timezone, \
                       started, owner, lease_until, journal, failure";
        let values = "'a', 'e', 't', 1, 'p', 'manual', 1, 0, 1, 'UTC', 0, 'o', 0, 'a', 'passing'";
        database.execute(&format!("INSERT INTO runs ({columns}) VALUES ({values})"), ()).unwrap();
        let said = r#"{"path":[],"query":[],"body":"{\"supplier\":1}","supplier":{"supplier":"harborline","endpoint":"orders","bytes":7,"sha256":"ab"}}"#;
        for (id, state, arguments) in
            [("1", "in-doubt", said), ("2", "happened", "{}"), ("3", "did-not-happen", "{}"), ("4", "answered", "{}")]
        {
            let columns =
                "id, journal, digest, ordinal, run, operation, method, path, arguments, repeatable, state, begun";
            let sql =
                format!("INSERT INTO writes ({columns}) VALUES (?1, 'a', ?1, 0, 'a', 'o', 'POST', '/', ?2, 0, ?3, 0)");
            database.execute(&sql, (id, arguments, state)).unwrap();
        }
        super::MIGRATIONS.to_latest(&mut database).unwrap();
        let texts = |sql: &str| -> Vec<String> {
            let mut found = database.prepare(sql).unwrap();
            found.query_map((), |row| row.get(0)).unwrap().map(Result::unwrap).collect()
        };
        assert_eq!(texts("SELECT failure FROM runs"), ["transient"]);
        assert_eq!(texts("SELECT state FROM writes ORDER BY id"), ["unresolved", "applied", "not-applied", "answered"]);
        let arguments = texts("SELECT arguments FROM writes ORDER BY id");
        let said: tradewire_store::WriteArguments = serde_json::from_str(&arguments[0]).unwrap();
        let vendor = said.vendor.unwrap();
        assert_eq!((vendor.vendor.as_str(), vendor.endpoint.as_str(), vendor.bytes), ("harborline", "orders", 7));
        assert_eq!((said.body.as_deref(), &*arguments[1]), (Some(r#"{"supplier":1}"#), "{}"));
    }

    #[test]
    fn every_step_applies_to_an_empty_database() {
        assert!(super::MIGRATIONS.validate().is_ok());
    }
}
