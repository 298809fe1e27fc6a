//! The store itself: its thread, and what it is asked.

use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};
use tradewire_disk::with_help;
use tradewire_schedule::Window;
use tradewire_store::{
    Begun, Claim, Claimed, Delivered, DeliveryRecord, DeliveryState, Dispatch, Ending, EventFilter, EventId,
    EventPlace, EventRecord, FileRecord, HostCalls, Incoming, LogLine, Opened, Opening, Outcome, Pause, Postponed,
    Pruned, ReceivedEvent, Resolution, RunFilter, RunId, RunName, RunRecord, Settlement, SlotFilter, SlotRecord,
    StateChanges, StateRecord, Store, StoreError, Stored, UnresolvedWrite, WriteCall, WriteId, WriteRecord,
};

use crate::fault::Fault;
use crate::{
    BUSY, backup, deliveries, dispatches, events, fault, files, pauses, prune, runs, schema, slots, states, writes,
};

/// How many requests may wait for the thread before those who ask have to wait themselves.
const QUEUE: usize = 1024;

type Request = Box<dyn FnOnce(&mut Connection) + Send>;

/// A store in an SQLite file. Cheap to clone.
#[derive(Debug, Clone)]
pub struct SqliteStore {
    path: Arc<Path>,
    requests: mpsc::Sender<Request>,
}

impl SqliteStore {
    /// Opens the file, which is made where it is not there (with its folder), and brings its tables up to date. Blocks
    /// for a moment.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let failed =
            |error: std::io::Error| StoreError::Open { path: path.to_owned(), source: with_help(error).into() };
        let unopened = |error| fault::unopened(path, error);
        if let Some(folder) = path.parent() {
            // Where this fails for a reason that matters, opening fails and says it.
            let _ = std::fs::create_dir(folder);
        }
        let in_use = backup::share(path).map_err(failed)?;
        let mut connection = Connection::open(path).map_err(unopened)?;
        let set_up = |connection: &Connection| -> rusqlite::Result<()> {
            connection.busy_timeout(BUSY)?;
            connection.pragma_update(None, "journal_mode", "WAL")?;
            connection.pragma_update(None, "synchronous", "FULL")?;
            connection.pragma_update(None, "foreign_keys", true)
        };
        // SQLite does not wait where two make the write-ahead log at once.
        let patience = Instant::now() + BUSY;
        while let Err(error) = set_up(&connection) {
            if error.sqlite_error_code() != Some(ErrorCode::DatabaseBusy) || Instant::now() > patience {
                return Err(unopened(error));
            }
            thread::sleep(BUSY / 500);
        }
        match schema::bring_up_to_date(&mut connection) {
            Ok(()) => {}
            Err(rusqlite_migration::Error::MigrationDefinition(
                rusqlite_migration::MigrationDefinitionError::DatabaseTooFarAhead,
            )) => return Err(StoreError::Newer { path: path.to_owned() }),
            Err(rusqlite_migration::Error::RusqliteError { err, .. }) => return Err(unopened(err)),
            Err(error) => return Err(StoreError::Open { path: path.to_owned(), source: error.into() }),
        }
        let (requests, mut waiting) = mpsc::channel::<Request>(QUEUE);
        let thread = thread::Builder::new().name("store".to_owned()).spawn(move || {
            while let Some(request) = waiting.blocking_recv() {
                request(&mut connection);
            }
            drop(connection);
            drop(in_use);
        });
        thread.map_err(failed)?;
        Ok(Self { path: path.into(), requests })
    }

    /// Has the thread do something with the connection.
    async fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        let request: Request = Box::new(move |connection| {
            // Whoever asked may have gone away.
            let _ = answer.send(work(connection));
        });
        let stopped = || StoreError::Failed("its thread has stopped".into());
        self.requests.send(request).await.map_err(|_| stopped())?;
        match answered.await.map_err(|_| stopped())? {
            Ok(value) => Ok(value),
            Err(Fault::Sql(error)) => Err(fault::failed(&self.path, error)),
            Err(Fault::Store(error)) => Err(error),
        }
    }

    /// Has the thread do something in a transaction, all of it or nothing.
    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.ask(move |connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let value = work(&transaction)?;
            transaction.commit()?;
            Ok(value)
        })
        .await
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn open_run(&self, opening: &Opening, after: Option<RunId>) -> Result<Opened, StoreError> {
        let opening = opening.clone();
        self.write(move |t| runs::open(t, &opening, after)).await
    }

    async fn latest_run(&self, export: &str, tenant: &str, window: &Window) -> Result<Option<RunRecord>, StoreError> {
        let (export, tenant, window) = (export.to_owned(), tenant.to_owned(), *window);
        self.ask(move |c| Ok(runs::latest(c, &export, &tenant, &window)?)).await
    }

    async fn renew(&self, run: RunId, lease_until: DateTime<Utc>) -> Result<bool, StoreError> {
        self.write(move |t| runs::renew(t, run, lease_until)).await
    }

    async fn ask_to_cancel(&self, run: RunId, at: DateTime<Utc>) -> Result<(), StoreError> {
        self.write(move |t| runs::ask_to_cancel(t, run, at)).await
    }

    async fn append_log(&self, run: RunId, lines: Vec<LogLine>) -> Result<(), StoreError> {
        self.write(move |t| runs::append_log(t, run, &lines)).await
    }

    async fn close_run(&self, run: RunId, ending: &Ending) -> Result<(), StoreError> {
        let ending = ending.clone();
        self.write(move |t| {
            let delivers = ending.outcome.is_success() || ending.outcome == Outcome::Delivering;
            if !delivers && runs::is_decided(t, run)? {
                return Err(StoreError::Decided(run).into());
            }
            if ending.outcome != Outcome::Waiting {
                writes::ensure_settled(t, run)?;
            }
            runs::close(t, run, &ending)?;
            writes::leave_unresolved(t, run, ending.ended)?;
            deliveries::give_up_soon(t, run)?;
            if ending.outcome.is_success() {
                files::settle(t, run, ending.ended)?;
                deliveries::finish(t, run, DeliveryState::Done)?;
            }
            runs::follow(t, run, &ending)
        })
        .await
    }

    async fn delivered(&self, of: &Delivered) -> Result<Option<FileRecord>, StoreError> {
        let of = of.clone();
        self.ask(move |c| Ok(files::delivered(c, &of)?)).await
    }

    async fn decide_delivery(
        &self,
        run: RunId,
        decided: Vec<(FileRecord, Option<RunId>)>,
        state: Option<StateChanges>,
        delivery: Option<DeliveryRecord>,
    ) -> Result<(), StoreError> {
        self.write(move |t| {
            let opening = runs::decide(t, run)?;
            writes::ensure_settled(t, run)?;
            files::decide(t, &opening, &decided)?;
            delivery.map_or(Ok(()), |delivery| deliveries::insert(t, &delivery))?;
            state.map_or(Ok(()), |changes| states::change(t, &opening.export, &opening.tenant, &changes))
        })
        .await
    }

    async fn state(&self, export: &str, tenant: &str) -> Result<StateRecord, StoreError> {
        let (export, tenant) = (export.to_owned(), tenant.to_owned());
        self.write(move |t| Ok(states::read(t, &export, &tenant)?)).await
    }

    async fn change_state(&self, export: &str, tenant: &str, changes: StateChanges) -> Result<(), StoreError> {
        let (export, tenant) = (export.to_owned(), tenant.to_owned());
        self.write(move |t| states::change(t, &export, &tenant, &changes)).await
    }

    async fn deliveries(&self) -> Result<Vec<DeliveryRecord>, StoreError> {
        self.ask(move |c| Ok(deliveries::unfinished(c)?)).await
    }

    async fn delivery(&self, run: RunId) -> Result<Option<DeliveryRecord>, StoreError> {
        self.ask(move |c| Ok(deliveries::one(c, run)?)).await
    }

    async fn claim_delivery(&self, run: RunId, claim: &Claim) -> Result<Claimed, StoreError> {
        let claim = claim.clone();
        self.write(move |t| deliveries::claim(t, run, &claim)).await
    }

    async fn renew_delivery(&self, run: RunId, by: &str, until: DateTime<Utc>) -> Result<bool, StoreError> {
        let by = by.to_owned();
        self.write(move |t| deliveries::renew(t, run, &by, until)).await
    }

    async fn record_file(&self, run: RunId, by: &str, file: &FileRecord) -> Result<(), StoreError> {
        let (by, file) = (by.to_owned(), file.clone());
        self.write(move |t| {
            deliveries::ensure_held(t, run, &by)?;
            files::record(t, run, &file)?;
            Ok(deliveries::redirect(t, run, &file.destination)?)
        })
        .await
    }

    async fn postpone_delivery(&self, run: RunId, by: &str, postponed: &Postponed) -> Result<(), StoreError> {
        let (by, postponed) = (by.to_owned(), postponed.clone());
        self.write(move |t| deliveries::postpone(t, run, &by, &postponed)).await
    }

    async fn end_delivery(&self, run: RunId, by: &str, ending: &Ending) -> Result<(), StoreError> {
        let (by, ending) = (by.to_owned(), ending.clone());
        self.write(move |t| deliveries::end(t, run, &by, &ending)).await
    }

    async fn needed_contents(&self, hashes: Vec<String>) -> Result<Vec<String>, StoreError> {
        self.ask(move |c| Ok(files::needed(c, hashes)?)).await
    }

    async fn begin_write(&self, run: RunId, call: &WriteCall, at: DateTime<Utc>) -> Result<Begun, StoreError> {
        let call = call.clone();
        self.write(move |t| writes::begin(t, run, &call, at)).await
    }

    async fn known_write(&self, run: RunId, digest: &str, ordinal: u32) -> Result<Option<WriteRecord>, StoreError> {
        let digest = digest.to_owned();
        self.ask(move |c| Ok(writes::known(c, run, &digest, ordinal)?)).await
    }

    async fn settle_write(
        &self,
        run: RunId,
        write: WriteId,
        settlement: &Settlement,
        at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let settlement = settlement.clone();
        self.write(move |t| Ok(writes::settle(t, run, write, &settlement, at)?)).await
    }

    async fn resolve_write(
        &self,
        write: WriteId,
        resolution: &Resolution,
        at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let resolution = resolution.clone();
        self.write(move |t| writes::resolve(t, write, &resolution, at)).await
    }

    async fn unresolved_write(&self, write: WriteId) -> Result<Option<UnresolvedWrite>, StoreError> {
        self.ask(move |c| Ok(writes::one_unresolved(c, write)?)).await
    }

    async fn unresolved_writes(&self) -> Result<Vec<UnresolvedWrite>, StoreError> {
        self.ask(move |c| Ok(writes::unresolved(c)?)).await
    }

    async fn writes(&self, run: RunId) -> Result<Vec<WriteRecord>, StoreError> {
        self.ask(move |c| Ok(writes::of_run(c, run)?)).await
    }

    async fn unsettled_writes(&self, run: RunId) -> Result<Vec<WriteRecord>, StoreError> {
        self.ask(move |c| Ok(writes::unsettled(c, run)?)).await
    }

    async fn settled_runs(&self) -> Result<Vec<RunRecord>, StoreError> {
        self.ask(move |c| Ok(runs::settled(c)?)).await
    }

    async fn retries(&self) -> Result<Vec<RunRecord>, StoreError> {
        self.ask(move |c| Ok(runs::retries(c)?)).await
    }

    async fn record_slots(&self, slots: Vec<SlotRecord>) -> Result<usize, StoreError> {
        self.write(move |t| Ok(slots::record(t, &slots)?)).await
    }

    async fn slot(&self, export: &str, tenant: &str, due: DateTime<Utc>) -> Result<Option<SlotRecord>, StoreError> {
        let (export, tenant) = (export.to_owned(), tenant.to_owned());
        self.ask(move |c| Ok(slots::one(c, &export, &tenant, due)?)).await
    }

    async fn last_slots(&self, of: Vec<(String, String)>) -> Result<Vec<Option<DateTime<Utc>>>, StoreError> {
        self.ask(move |c| Ok(slots::last(c, &of)?)).await
    }

    async fn queued_slots(&self) -> Result<Vec<SlotRecord>, StoreError> {
        self.ask(move |c| Ok(slots::queued(c)?)).await
    }

    async fn pause(&self, pause: &Pause) -> Result<(), StoreError> {
        let pause = pause.clone();
        self.write(move |t| Ok(pauses::pause(t, &pause)?)).await
    }

    async fn resume(&self, export: &str, tenant: Option<&str>) -> Result<bool, StoreError> {
        let (export, tenant) = (export.to_owned(), tenant.map(str::to_owned));
        self.write(move |t| Ok(pauses::resume(t, &export, tenant.as_deref())?)).await
    }

    async fn pauses(&self) -> Result<Vec<Pause>, StoreError> {
        self.ask(move |c| Ok(pauses::all(c)?)).await
    }

    async fn open_runs(&self) -> Result<Vec<RunRecord>, StoreError> {
        self.ask(move |c| Ok(runs::all_open(c)?)).await
    }

    async fn run(&self, id: RunId) -> Result<Option<RunRecord>, StoreError> {
        self.ask(move |c| Ok(runs::one(c, id)?)).await
    }

    async fn runs_named(&self, name: &RunName) -> Result<Vec<RunRecord>, StoreError> {
        let name = name.clone();
        self.ask(move |c| Ok(runs::named(c, &name)?)).await
    }

    async fn runs(&self, filter: &RunFilter) -> Result<Vec<RunRecord>, StoreError> {
        let filter = filter.clone();
        self.ask(move |c| Ok(runs::list(c, &filter)?)).await
    }

    async fn slots(&self, filter: &SlotFilter) -> Result<Vec<SlotRecord>, StoreError> {
        let filter = filter.clone();
        self.ask(move |c| Ok(slots::list(c, &filter)?)).await
    }

    async fn log(&self, run: RunId, from: u32, limit: u32) -> Result<Vec<LogLine>, StoreError> {
        self.ask(move |c| Ok(runs::log(c, run, from, limit)?)).await
    }

    async fn host_calls(&self, run: RunId) -> Result<Vec<HostCalls>, StoreError> {
        self.ask(move |c| Ok(runs::host_calls(c, run)?)).await
    }

    async fn prune(&self, before: DateTime<Utc>, most: u32) -> Result<Pruned, StoreError> {
        self.write(move |t| Ok(prune::prune(t, before, most)?)).await
    }

    async fn prune_logs(&self, most_bytes: u64, most: u32) -> Result<usize, StoreError> {
        self.write(move |t| Ok(prune::prune_logs(t, most_bytes, most)?)).await
    }

    async fn files(&self, run: RunId) -> Result<Vec<FileRecord>, StoreError> {
        self.ask(move |c| Ok(files::of_run(c, run)?)).await
    }

    async fn store_events(&self, incoming: Vec<Incoming>) -> Result<Vec<Stored>, StoreError> {
        self.write(move |t| Ok(incoming.iter().map(|one| events::store(t, one)).collect::<rusqlite::Result<_>>()?))
            .await
    }

    async fn event(&self, id: EventId) -> Result<Option<ReceivedEvent>, StoreError> {
        self.ask(move |c| Ok(events::one(c, id)?)).await
    }

    async fn dispatch_again(
        &self,
        wanted: Vec<(EventId, String)>,
        at: DateTime<Utc>,
    ) -> Result<Vec<Dispatch>, StoreError> {
        self.write(move |t| dispatches::dispatch_again(t, &wanted, at)).await
    }

    async fn events_in(
        &self,
        export: &str,
        tenant: &str,
        window: &Window,
        after: Option<EventPlace>,
        limit: u32,
    ) -> Result<Vec<(EventPlace, EventRecord)>, StoreError> {
        let (export, tenant, window) = (export.to_owned(), tenant.to_owned(), *window);
        self.ask(move |c| Ok(dispatches::page(c, (&export, &tenant, &window), after, limit)?)).await
    }

    async fn prune_events(&self, before: DateTime<Utc>, most: u32) -> Result<usize, StoreError> {
        self.write(move |t| Ok(events::prune(t, before, most)?)).await
    }

    async fn events(&self, filter: &EventFilter) -> Result<Vec<ReceivedEvent>, StoreError> {
        let filter = filter.clone();
        self.ask(move |c| Ok(events::list(c, &filter)?)).await
    }
}
