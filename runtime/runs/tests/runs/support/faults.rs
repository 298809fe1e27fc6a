//! A store that fails or never answers where it is told to.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use tokio::sync::Notify;
use tradewire_schedule::Window;
use tradewire_store::{
    Begun, Claim, Claimed, Delivered, DeliveryRecord, Dispatch, Ending, EventFilter, EventId, EventPlace, EventRecord,
    FileRecord, HostCalls, Incoming, LogLine, Opened, Opening, Pause, Postponed, Pruned, ReceivedEvent, Resolution,
    RunFilter, RunId, RunName, RunRecord, Settlement, SlotFilter, SlotRecord, StateChanges, StateRecord, Store,
    StoreError, Stored, UnresolvedWrite, WriteCall, WriteId, WriteRecord,
};

/// What goes wrong with a request.
#[derive(Debug, Clone, Copy)]
pub enum Fault {
    /// It fails so many times.
    Fails(u32),
    /// It is done, and fails all the same, so many times.
    DoneButFails(u32),
    /// It is never done: as if the process had died before.
    HangsBefore,
    /// It is done and never answered: as if the process had died after.
    HangsAfter,
}

/// A store with faults, by the name of the request.
#[derive(Clone)]
pub struct Faulty {
    inner: Arc<dyn Store>,
    faults: Arc<Mutex<HashMap<&'static str, Fault>>>,
    hung: Arc<Notify>,
}

impl Faulty {
    pub fn new(inner: Arc<dyn Store>, faults: &[(&'static str, Fault)]) -> Self {
        Self { inner, faults: Arc::new(Mutex::new(faults.iter().copied().collect())), hung: Arc::default() }
    }

    /// Has requests of this name fail from now on, so many times.
    pub fn fails(&self, name: &'static str, times: u32) {
        self.faults.lock().unwrap().insert(name, Fault::Fails(times));
    }

    /// Until a request hangs.
    pub async fn hung(&self) {
        self.hung.notified().await;
    }

    async fn hang<T>(&self) -> T {
        self.hung.notify_one();
        std::future::pending().await
    }

    async fn go<T>(
        &self,
        name: &'static str,
        request: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let fault = {
            let mut faults = self.faults.lock().unwrap();
            let fault = faults.get(name).copied();
            match fault {
                Some(Fault::Fails(n) | Fault::DoneButFails(n)) if n <= 1 => drop(faults.remove(name)),
                Some(Fault::Fails(n)) => drop(faults.insert(name, Fault::Fails(n - 1))),
                Some(Fault::DoneButFails(n)) => drop(faults.insert(name, Fault::DoneButFails(n - 1))),
                _ => {}
            }
            fault
        };
        match fault {
            None => request.await,
            Some(Fault::Fails(_)) => Err(StoreError::Failed("the disk is full".into())),
            Some(Fault::DoneButFails(_)) => {
                request.await?;
                Err(StoreError::Failed("the connection broke".into()))
            }
            Some(Fault::HangsBefore) => self.hang().await,
            Some(Fault::HangsAfter) => {
                let _ = request.await;
                self.hang().await
            }
        }
    }
}

macro_rules! requests {
    ($($name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*) => {
        #[async_trait]
        impl Store for Faulty {
            $(async fn $name(&self, $($argument: $type),*) -> Result<$answer, StoreError> {
                self.go(stringify!($name), self.inner.$name($($argument),*)).await
            })*
        }
    };
}

requests! {
    open_run(opening: &Opening, after: Option<RunId>) -> Opened;
    latest_run(export: &str, tenant: &str, window: &Window) -> Option<RunRecord>;
    renew(run: RunId, lease_until: DateTime<Utc>) -> bool;
    ask_to_cancel(run: RunId, at: DateTime<Utc>) -> ();
    append_log(run: RunId, lines: Vec<LogLine>) -> ();
    close_run(run: RunId, ending: &Ending) -> ();
    delivered(of: &Delivered) -> Option<FileRecord>;
    decide_delivery(run: RunId, files: Vec<(FileRecord, Option<RunId>)>, state: Option<StateChanges>,
        delivery: Option<DeliveryRecord>) -> ();
    deliveries() -> Vec<DeliveryRecord>;
    delivery(run: RunId) -> Option<DeliveryRecord>;
    claim_delivery(run: RunId, claim: &Claim) -> Claimed;
    renew_delivery(run: RunId, by: &str, until: DateTime<Utc>) -> bool;
    record_file(run: RunId, by: &str, file: &FileRecord) -> ();
    postpone_delivery(run: RunId, by: &str, postponed: &Postponed) -> ();
    end_delivery(run: RunId, by: &str, ending: &Ending) -> ();
    needed_contents(hashes: Vec<String>) -> Vec<String>;
    state(export: &str, tenant: &str) -> StateRecord;
    change_state(export: &str, tenant: &str, changes: StateChanges) -> ();
    begin_write(run: RunId, call: &WriteCall, at: DateTime<Utc>) -> Begun;
    known_write(run: RunId, digest: &str, ordinal: u32) -> Option<WriteRecord>;
    settle_write(run: RunId, write: WriteId, settlement: &Settlement, at: DateTime<Utc>) -> ();
    resolve_write(write: WriteId, resolution: &Resolution, at: DateTime<Utc>) -> ();
    unresolved_write(write: WriteId) -> Option<UnresolvedWrite>;
    unresolved_writes() -> Vec<UnresolvedWrite>;
    writes(run: RunId) -> Vec<WriteRecord>;
    unsettled_writes(run: RunId) -> Vec<WriteRecord>;
    settled_runs() -> Vec<RunRecord>;
    retries() -> Vec<RunRecord>;
    record_slots(slots: Vec<SlotRecord>) -> usize;
    slot(export: &str, tenant: &str, due: DateTime<Utc>) -> Option<SlotRecord>;
    last_slots(of: Vec<(String, String)>) -> Vec<Option<DateTime<Utc>>>;
    queued_slots() -> Vec<SlotRecord>;
    pause(pause: &Pause) -> ();
    resume(export: &str, tenant: Option<&str>) -> bool;
    pauses() -> Vec<Pause>;
    open_runs() -> Vec<RunRecord>;
    run(id: RunId) -> Option<RunRecord>;
    runs_named(name: &RunName) -> Vec<RunRecord>;
    runs(filter: &RunFilter) -> Vec<RunRecord>;
    slots(filter: &SlotFilter) -> Vec<SlotRecord>;
    log(run: RunId, from: u32, limit: u32) -> Vec<LogLine>;
    host_calls(run: RunId) -> Vec<HostCalls>;
    prune(before: DateTime<Utc>, most: u32) -> Pruned;
    prune_logs(most_bytes: u64, most: u32) -> usize;
    files(run: RunId) -> Vec<FileRecord>;
    store_events(incoming: Vec<Incoming>) -> Vec<Stored>;
    event(id: EventId) -> Option<ReceivedEvent>;
    events(filter: &EventFilter) -> Vec<ReceivedEvent>;
    dispatch_again(events: Vec<(EventId, String)>, at: DateTime<Utc>) -> Vec<Dispatch>;
    events_in(export: &str, tenant: &str, window: &Window, after: Option<EventPlace>, limit: u32)
        -> Vec<(EventPlace, EventRecord)>;
    prune_events(before: DateTime<Utc>, most: u32) -> usize;
}
