//! The embedded store on its own: what it takes, what it refuses, and what it says of files that are not its own.

#![allow(clippy::unwrap_used)]

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use tradewire_schedule::Window;
use tradewire_store::{
    Begun, Ending, FileRecord, FileState, HostCalls, LogLevel, LogLine, Opened, Opening, Outcome, Pruned, Resolution,
    RunFilter, RunId, Settlement, SlotFilter, SlotRecord, SlotState, Store, StoreError, TriggerKind, WriteAnswer,
    WriteArguments, WriteCall, WriteId, WriteRecord,
};
use tradewire_store_sqlite::SqliteStore;
use tradewire_surface::Method;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn opening(due: &str) -> Opening {
    let due = at(due);
    let zone = Tz::Australia__Lord_Howe;
    let id = RunId::new();
    Opening {
        id,
        journal: id,
        export: "weekly".to_owned(),
        tenant: "acme".to_owned(),
        tenant_id: 7,
        plugin: "payroll".to_owned(),
        trigger: TriggerKind::Schedule,
        due: Some(due),
        attempt: 1,
        window: Window { start: (due - TimeDelta::days(7)).with_timezone(&zone), end: due.with_timezone(&zone) },
        started: due,
        owner: "test".to_owned(),
        lease_until: due + TimeDelta::seconds(60),
    }
}

fn missed(due: &str) -> SlotRecord {
    let slot = SlotRecord::new("weekly", "acme", at(due), SlotState::Missed, at(due));
    SlotRecord { reason: Some("asleep".to_owned()), ..slot }
}

/// The latest slots of `weekly` for these tenants.
async fn last(store: &SqliteStore, tenants: &[&str]) -> Vec<Option<DateTime<Utc>>> {
    let of = tenants.iter().map(|tenant| ("weekly".to_owned(), (*tenant).to_owned()));
    store.last_slots(of.collect()).await.unwrap()
}

#[tokio::test]
async fn what_is_stored_is_read_again_after_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tradewire.db");
    let opening = opening("2026-03-09T13:00:00Z");
    {
        let store = SqliteStore::open(&path).unwrap();
        assert_eq!(store.open_run(&opening, None).await.unwrap(), Opened::Yes);
        let line = LogLine { seq: 0, at: opening.started, level: LogLevel::Warn, text: "lương".to_owned() };
        store.append_log(opening.id, vec![line.clone()]).await.unwrap();
        store.append_log(opening.id, vec![line]).await.unwrap();
    }
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(store.run(opening.id).await.unwrap().unwrap().opening, opening);
    assert_eq!(store.log(opening.id, 0, 10).await.unwrap().len(), 1, "a line that is written again is one line");
    let slots = store.slots(&SlotFilter::default()).await.unwrap();
    assert_eq!((slots[0].state, slots[0].run), (SlotState::Taken, Some(opening.id)));
    assert_eq!(last(&store, &["zenith", "acme"]).await, [None, opening.due]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_that_want_one_slot_one_gets_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tradewire.db");
    let mut wanting = tokio::task::JoinSet::new();
    for _ in 0..8 {
        // Each with a connection of its own, as another process would have.
        let store = SqliteStore::open(&path).unwrap();
        wanting.spawn(async move { store.open_run(&opening("2026-03-09T13:00:00Z"), None).await.unwrap() });
    }
    let opened = wanting.join_all().await;
    assert_eq!(opened.iter().filter(|opened| **opened == Opened::Yes).count(), 1, "{opened:?}");
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(store.runs(&RunFilter::default()).await.unwrap().len(), 1, "no run without its slot");
}

#[tokio::test]
async fn a_slot_keeps_its_first_row() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("tradewire.db")).unwrap();
    store.open_run(&opening("2026-03-09T13:00:00Z"), None).await.unwrap();
    let rows = vec![missed("2026-03-09T13:00:00Z"), missed("2026-03-16T13:00:00Z")];
    assert_eq!(store.record_slots(rows).await.unwrap(), 1);
    let opened = store.open_run(&opening("2026-03-16T13:00:00Z"), None).await.unwrap();
    assert!(matches!(opened, Opened::SlotTaken(slot) if slot.state == SlotState::Missed));
}

#[tokio::test]
async fn a_run_that_is_not_open_takes_nothing_more() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("tradewire.db")).unwrap();
    let stranger = RunId::new();
    assert!(matches!(store.renew(stranger, Utc::now()).await, Err(StoreError::RunClosed(id)) if id == stranger));
    assert!(matches!(store.append_log(stranger, vec![]).await, Err(StoreError::RunClosed(_))));
    assert!(matches!(store.decide_delivery(stranger, vec![], None, None).await, Err(StoreError::RunClosed(_))));
}

#[tokio::test]
async fn a_store_of_a_newer_version_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tradewire.db");
    drop(SqliteStore::open(&path).unwrap());
    let other = rusqlite::Connection::open(&path).unwrap();
    other.pragma_update(None, "user_version", 1000).unwrap();
    drop(other);
    let error = SqliteStore::open(&path).unwrap_err();
    assert!(matches!(error, StoreError::Newer { .. }), "{error}");
}

#[test]
fn what_is_not_a_store_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tradewire.db");
    std::fs::write(&path, "this is no database, and long enough to be told from an empty one").unwrap();
    let error = SqliteStore::open(&path).unwrap_err().to_string();
    assert!(error.contains("tradewire.db` is damaged") && error.contains("not a database"), "{error}");
    let error = SqliteStore::open(&folder.path().join("no/such/folder.db")).unwrap_err().to_string();
    assert!(error.contains("no/such/folder.db"), "{error}");
}

#[test]
fn of_many_that_open_a_new_store_at_once_none_fails() {
    for _ in 0..20 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tradewire.db");
        let start = std::sync::Arc::new(std::sync::Barrier::new(4));
        let threads = [(); 4].map(|()| {
            let (path, start) = (path.clone(), start.clone());
            std::thread::spawn(move || {
                start.wait();
                SqliteStore::open(&path).map(drop)
            })
        });
        for thread in threads {
            thread.join().unwrap().unwrap();
        }
    }
}

#[tokio::test]
async fn a_run_whose_end_was_asked_for_is_told_so_and_has_no_attempt_to_come() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("tradewire.db")).unwrap();
    let run = opening("2026-03-09T13:00:00Z");
    store.open_run(&run, None).await.unwrap();
    assert!(!store.renew(run.id, run.lease_until).await.unwrap());
    store.ask_to_cancel(run.id, at("2026-03-09T13:01:00Z")).await.unwrap();
    store.ask_to_cancel(run.id, at("2026-03-09T13:02:00Z")).await.unwrap();
    assert!(store.renew(run.id, run.lease_until).await.unwrap());
    let retry_at = Some(at("2026-03-09T14:00:00Z"));
    store.close_run(run.id, &Ending { retry_at, ..ending("2026-03-09T13:03:00Z") }).await.unwrap();
    let record = store.run(run.id).await.unwrap().unwrap();
    assert_eq!(record.cancel_asked, Some(at("2026-03-09T13:01:00Z")), "the first who asked");
    assert_eq!(record.ending.unwrap().retry_at, None);
    assert!(store.retries().await.unwrap().is_empty());
    assert!(matches!(store.ask_to_cancel(run.id, Utc::now()).await, Err(StoreError::RunClosed(_))));
}

fn ending(ended: &str) -> Ending {
    Ending {
        ended: at(ended),
        outcome: Outcome::Failed,
        failure: None,
        message: "no".to_owned(),
        reasons: Vec::new(),
        retry_at: None,
        plugin_digest: None,
        host_calls: vec![HostCalls { operation: "a".to_owned(), calls: 1, ..HostCalls::default() }],
        followers: Vec::new(),
        log_dropped: 0,
    }
}

/// Opens a run, has it log a line, and closes it a minute later.
async fn ended(store: &SqliteStore, due: &str, outcome: Outcome, files: Vec<FileRecord>) -> RunId {
    let run = opening(due);
    store.open_run(&run, None).await.unwrap();
    let line = LogLine { seq: 0, at: run.started, level: LogLevel::Info, text: "hello".to_owned() };
    store.append_log(run.id, vec![line]).await.unwrap();
    if !files.is_empty() {
        let files = files.into_iter().map(|file| (FileRecord { run: run.id, ..file }, None)).collect();
        store.decide_delivery(run.id, files, None, None).await.unwrap();
    }
    let ended = run.started + TimeDelta::minutes(1);
    store.close_run(run.id, &Ending { ended, outcome, ..ending(due) }).await.unwrap();
    run.id
}

fn file() -> FileRecord {
    FileRecord {
        run: RunId::new(),
        name: "hours.csv".to_owned(),
        content_type: "text/csv".to_owned(),
        sha256: "00".to_owned(),
        bytes: 1,
        totals: Vec::new(),
        destination: "outbox".to_owned(),
        delivered_as: "hours.csv".to_owned(),
        version: 1,
        state: FileState::Moving,
        delivered_at: None,
        with_total: true,
        encrypted: None,
    }
}

/// Begins a write of a run: which of several, and whether it may be sent twice.
async fn begun(store: &SqliteStore, run: &Opening, ordinal: u32, repeatable: bool) -> WriteId {
    let call = WriteCall {
        operation: "dispatch/team.create".to_owned(),
        method: Method::Post,
        path: "/teams".to_owned(),
        arguments: WriteArguments::default(),
        digest: "00".to_owned(),
        ordinal,
        repeatable,
    };
    match store.begin_write(run.id, &call, run.started).await.unwrap() {
        Begun::Send { id, .. } => id,
        known => panic!("it is to be sent: {known:?}"),
    }
}

#[tokio::test]
async fn of_all_writes_of_a_run_those_it_has_to_wait_for_are_the_unsettled() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("tradewire.db")).unwrap();
    let (run, other) = (opening("2026-01-05T13:00:00Z"), opening("2026-01-12T13:00:00Z"));
    for one in [&run, &other] {
        store.open_run(one, None).await.unwrap();
    }
    begun(&store, &other, 0, false).await;
    let settlements = [
        None,
        Some(Settlement::Answered(WriteAnswer { status: 200, body: Some("{}".into()) })),
        Some(Settlement::Failed { status: Some(409), message: "no".to_owned() }),
        Some(Settlement::Unresolved { message: "lost".to_owned() }),
    ];
    let all: Vec<_> = settlements.iter().flat_map(|settlement| [(settlement, true), (settlement, false)]).collect();
    let mut ids = Vec::new();
    for (ordinal, (_, repeatable)) in (0..).zip(&all) {
        ids.push(begun(&store, &run, ordinal, *repeatable).await);
    }
    for (id, (settlement, _)) in ids.iter().zip(&all) {
        if let Some(settlement) = settlement {
            store.settle_write(run.id, *id, settlement, run.started).await.unwrap();
        }
    }
    let mut writes = store.writes(run.id).await.unwrap();
    assert_eq!(writes.len(), all.len());
    writes.retain(WriteRecord::is_unsettled);
    assert_eq!(writes.len(), 2, "one that is begun and one unresolved: {writes:?}");
    assert_eq!(store.unsettled_writes(run.id).await.unwrap(), writes);
}

#[tokio::test]
async fn what_is_old_is_forgotten_but_for_what_keeps_things_from_being_done_twice() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("tradewire.db")).unwrap();
    let failed = ended(&store, "2026-01-05T13:00:00Z", Outcome::Failed, vec![]).await;
    let delivered = ended(&store, "2026-01-12T13:00:00Z", Outcome::Succeeded, vec![file()]).await;
    let wrote = opening("2026-01-19T13:00:00Z");
    store.open_run(&wrote, None).await.unwrap();
    let write = begun(&store, &wrote, 0, false).await;
    store.close_run(wrote.id, &Ending { outcome: Outcome::Waiting, ..ending("2026-01-19T13:01:00Z") }).await.unwrap();
    store.record_slots(vec![missed("2026-01-20T13:00:00Z"), missed("2026-01-21T13:00:00Z")]).await.unwrap();
    let recent = ended(&store, "2026-03-02T13:00:00Z", Outcome::Failed, vec![]).await;

    let before = at("2026-02-01T00:00:00Z");
    let mut all = Pruned::default();
    loop {
        let step = store.prune(before, 1).await.unwrap();
        if step == Pruned::default() {
            break;
        }
        all = Pruned { runs: all.runs + step.runs, logs: all.logs + step.logs, slots: all.slots + step.slots, ..all };
    }
    assert_eq!(all, Pruned { runs: 1, logs: 1, slots: 3, ..Pruned::default() });
    assert_eq!(store.run(failed).await.unwrap(), None);
    assert!(store.run(delivered).await.unwrap().is_some() && store.files(delivered).await.unwrap().len() == 1);
    assert!(
        store.log(delivered, 0, 10).await.unwrap().is_empty() && store.host_calls(delivered).await.unwrap().is_empty()
    );
    assert_eq!(store.host_calls(wrote.id).await.unwrap().len(), 1, "a run with an unresolved write is left whole");
    assert_eq!(store.log(recent, 0, 10).await.unwrap().len(), 1);
    assert_eq!(store.slots(&SlotFilter::default()).await.unwrap().len(), 3);

    store.resolve_write(write, &Resolution::NotApplied, before).await.unwrap();
    assert_eq!(store.prune(before, 10).await.unwrap(), Pruned { logs: 1, ..Pruned::default() });
    assert_eq!(store.writes(wrote.id).await.unwrap().len(), 1);

    // The latest slot of a schedule says how far it has come.
    assert_eq!(store.prune(at("2027-01-01T00:00:00Z"), 10).await.unwrap(), Pruned::default());
    assert_eq!(last(&store, &["acme"]).await, [Some(at("2026-03-02T13:00:00Z"))]);
}

#[tokio::test]
async fn the_oldest_logs_are_forgotten_where_all_take_too_much() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("tradewire.db")).unwrap();
    let mut runs = Vec::new();
    for day in ["05", "12", "19"] {
        let run = opening(&format!("2026-01-{day}T13:00:00Z"));
        store.open_run(&run, None).await.unwrap();
        let line = |seq| LogLine { seq, at: run.started, level: LogLevel::Info, text: "x".repeat(1000) };
        store.append_log(run.id, (0..10).map(line).collect()).await.unwrap();
        // A batch that comes again takes no room.
        store.append_log(run.id, (5..10).map(line).collect()).await.unwrap();
        store.close_run(run.id, &ending(&format!("2026-01-{day}T13:01:00Z"))).await.unwrap();
        runs.push(run.id);
    }
    let open = opening("2026-01-01T13:00:00Z");
    store.open_run(&open, None).await.unwrap();
    let line = LogLine { seq: 0, at: open.started, level: LogLevel::Info, text: "x".repeat(100_000) };
    store.append_log(open.id, vec![line]).await.unwrap();

    assert_eq!(
        store.prune_logs(33_000, 10).await.unwrap(),
        0,
        "11,000 bytes each, and a run that goes on does not count"
    );
    assert_eq!(store.prune_logs(32_999, 10).await.unwrap(), 1);
    assert_eq!(store.prune_logs(10_000, 1).await.unwrap(), 1, "step by step");
    let log = async |run| store.log(run, 0, 100).await.unwrap();
    for run in &runs[..2] {
        let [line] = &log(*run).await[..] else { panic!("one line says so") };
        assert!(line.text.contains("`logs` of `[store]`"), "{}", line.text);
        assert_eq!(store.host_calls(*run).await.unwrap().len(), 1, "the rest of the run is there");
    }
    assert_eq!((log(runs[2]).await.len(), log(open.id).await.len()), (10, 1));
}
