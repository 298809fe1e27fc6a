//! What outlives a process: slots, runs, their logs, host calls, writes and files.
//!
//! [`Store`] is the whole of what the runtime asks of it; `tradewire-store-sqlite` is the embedded one. Nothing here
//! relies on there being one process: a slot is a row that only one can insert, an open run is a lease that its owner
//! renews, and whatever a run still wants to record is refused once the run is closed. The run's id so serves as the
//! fencing token: a process that slept through its lease can no longer deliver or begin a write. Only the answer to a
//! write that it had sent is taken: that is a fact, whoever knows it.

mod error;
mod events;
mod files;
mod ids;
mod records;
mod retry;
mod state;
mod writes;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use tradewire_schedule::Window;

pub use error::StoreError;
pub use events::{Dispatch, DispatchState, EventFilter, EventPlace, EventRecord, Incoming, ReceivedEvent, Stored};
pub use files::{Claim, Claimed, Content, Delivered, DeliveryRecord, DeliveryState, FileRecord, FileState, Postponed};
pub use ids::{EventId, NotARunName, RunId, RunName, WriteId};

pub use records::{
    Ending, FailureKind, HostCalls, LogLevel, LogLine, Opened, Opening, Outcome, Pause, Pruned, RunFilter, RunRecord,
    SlotFilter, SlotRecord, SlotState, TriggerKind,
};
pub use retry::{backoff, with_endless_retries, with_retries};
pub use state::{StateChanges, StateKey, StateRecord};
pub use writes::{
    Begun, Resolution, Settlement, UnresolvedWrite, WriteAnswer, WriteArguments, WriteCall, WriteRecord, WriteState,
    WrittenFile, WrittenRequest,
};

/// A store of slots and runs.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Opens a run, after the window's latest as [`Store::latest_run`] has answered it. Where it is the run of a slot, the
    /// slot's row is inserted with it, both or neither; the next attempt of a run keeps the row that the run has.
    async fn open_run(&self, opening: &Opening, after: Option<RunId>) -> Result<Opened, StoreError>;

    /// The latest run of a window.
    async fn latest_run(&self, export: &str, tenant: &str, window: &Window) -> Result<Option<RunRecord>, StoreError>;

    /// Holds an open run for longer, and answers whether someone has asked for its end. [`StoreError::RunClosed`] where it
    /// is not open any more.
    async fn renew(&self, run: RunId, lease_until: DateTime<Utc>) -> Result<bool, StoreError>;

    /// Asks for the end of a run that is open or delivers: whoever carries it out, or tries its delivery, sees that when it
    /// renews its lease, and whatever the run ends with, no further attempt is due by itself. [`StoreError::RunClosed`]
    /// where it is neither any more.
    async fn ask_to_cancel(&self, run: RunId, at: DateTime<Utc>) -> Result<(), StoreError>;

    /// Adds lines to the log of an open run.
    async fn append_log(&self, run: RunId, lines: Vec<LogLine>) -> Result<(), StoreError>;

    /// Closes a run; where it succeeds its files that were on their way count as delivered with it, and in any case its
    /// writes that were not answered as unresolved. [`StoreError::RunClosed`] where it is not open any more,
    /// [`StoreError::Decided`] where it is to end without delivering and its delivery is decided,
    /// [`StoreError::Unresolved`] where it is to end otherwise than waiting and would leave a write unresolved. Where
    /// it is the first of its attempts to succeed, its [`followers`](Ending::followers) get their slots with it, all or
    /// nothing: each at the run's end, or right after its latest.
    async fn close_run(&self, run: RunId, ending: &Ending) -> Result<(), StoreError>;

    /// The last file that the runs of this window delivered under that name to that destination, or have decided to.
    async fn delivered(&self, of: &Delivered) -> Result<Option<FileRecord>, StoreError>;

    /// Decides the delivery of a run: from here on it can only succeed. Its changes of state are made in the same moment,
    /// and its files are delivered, also by whoever finds the run abandoned. Each comes with what
    /// [`Store::delivered`] answered when its name was chosen; [`StoreError::Overtaken`] where another run has delivered
    /// since, [`StoreError::StateMoved`] where the state is not any more what the run has read,
    /// [`StoreError::Unresolved`] where a write of the run is not settled.
    async fn decide_delivery(
        &self,
        run: RunId,
        files: Vec<(FileRecord, Option<RunId>)>,
        state: Option<StateChanges>,
        delivery: Option<DeliveryRecord>,
    ) -> Result<(), StoreError>;

    /// The deliveries that are decided and neither done nor given up, in the order in which they were decided.
    async fn deliveries(&self) -> Result<Vec<DeliveryRecord>, StoreError>;

    /// The delivery of a run; none where it had nothing to deliver.
    async fn delivery(&self, run: RunId) -> Result<Option<DeliveryRecord>, StoreError>;

    /// Takes a delivery for one process, to try it. Only one has it at a time, for as long as it renews that.
    async fn claim_delivery(&self, run: RunId, claim: &Claim) -> Result<Claimed, StoreError>;

    /// Holds a delivery for longer, and answers whether an operator has given it up. [`StoreError::DeliveryLost`] where
    /// another process has it.
    async fn renew_delivery(&self, run: RunId, by: &str, until: DateTime<Utc>) -> Result<bool, StoreError>;

    /// Records how far a file has come: destination, name, version, state and when. [`StoreError::DeliveryLost`] where
    /// another process has the delivery.
    async fn record_file(&self, run: RunId, by: &str, file: &FileRecord) -> Result<(), StoreError>;

    /// Records that a try has failed and lets go of the delivery; a run that delivers says why as its message.
    /// [`StoreError::DeliveryLost`] where another process has it.
    async fn postpone_delivery(&self, run: RunId, by: &str, postponed: &Postponed) -> Result<(), StoreError>;

    /// Ends a run that delivers: it has succeeded and its followers get their slots, or its delivery was given up.
    /// [`StoreError::DeliveryLost`] where another process has the delivery.
    async fn end_delivery(&self, run: RunId, by: &str, ending: &Ending) -> Result<(), StoreError>;

    /// Those of these hashes whose bytes are still needed: they are to be sent, or those of a run that is remembered whole.
    async fn needed_contents(&self, hashes: Vec<String>) -> Result<Vec<String>, StoreError>;

    /// What an export keeps for a tenant.
    async fn state(&self, export: &str, tenant: &str) -> Result<StateRecord, StoreError>;

    /// Changes that by hand; [`StoreError::StateMoved`] where it is not any more what was read.
    async fn change_state(&self, export: &str, tenant: &str, changes: StateChanges) -> Result<(), StoreError>;

    /// Writes down that a write is about to be sent, or answers what became of it before; asking again gives the same
    /// entry. [`StoreError::RunClosed`] where the run is not open any more.
    async fn begin_write(&self, run: RunId, call: &WriteCall, at: DateTime<Utc>) -> Result<Begun, StoreError>;

    /// What the journal that a run shares with its earlier attempts knows of a write.
    async fn known_write(&self, run: RunId, digest: &str, ordinal: u32) -> Result<Option<WriteRecord>, StoreError>;

    /// Records what came of a write that this run has sent, also after it was closed. One that was answered may turn out
    /// to have failed; otherwise nothing changes what is settled, by another attempt since or by an operator.
    async fn settle_write(
        &self,
        run: RunId,
        write: WriteId,
        settlement: &Settlement,
        at: DateTime<Utc>,
    ) -> Result<(), StoreError>;

    /// Records what an operator has found out about an unresolved write; may be corrected until the run goes on.
    /// [`StoreError::NotUnresolved`] where there is none of that id.
    async fn resolve_write(&self, write: WriteId, resolution: &Resolution, at: DateTime<Utc>)
    -> Result<(), StoreError>;

    /// A write that is unresolved, or was until an operator resolved it.
    async fn unresolved_write(&self, write: WriteId) -> Result<Option<UnresolvedWrite>, StoreError>;

    /// The writes that runs wait for, the earliest first.
    async fn unresolved_writes(&self) -> Result<Vec<UnresolvedWrite>, StoreError>;

    /// The journal that a run shares with its earlier attempts, in the order in which its writes were first begun.
    async fn writes(&self, run: RunId) -> Result<Vec<WriteRecord>, StoreError>;

    /// Those of them that the run has to wait for. Answers may be large, and these have none.
    async fn unsettled_writes(&self, run: RunId) -> Result<Vec<WriteRecord>, StoreError>;

    /// The runs that have waited and have no unresolved writes left, the earliest first.
    async fn settled_runs(&self) -> Result<Vec<RunRecord>, StoreError>;

    /// The runs whose next attempt is due at some time and has not begun, the earliest due first. Opening the next run of
    /// the window takes one off.
    async fn retries(&self) -> Result<Vec<RunRecord>, StoreError>;

    /// Records slots that do not run, or wait. A slot that has a row keeps it, unless it has waited; then what queued it and
    /// its window stay what they are. The number of rows written.
    async fn record_slots(&self, slots: Vec<SlotRecord>) -> Result<usize, StoreError>;

    /// The row of a slot.
    async fn slot(&self, export: &str, tenant: &str, due: DateTime<Utc>) -> Result<Option<SlotRecord>, StoreError>;

    /// The latest slot that has a row of each of these exports and tenants, in their order.
    async fn last_slots(&self, of: Vec<(String, String)>) -> Result<Vec<Option<DateTime<Utc>>>, StoreError>;

    /// The slots that wait for their turn, the earliest first.
    async fn queued_slots(&self) -> Result<Vec<SlotRecord>, StoreError>;

    /// Pauses a schedule; one that is paused stays so since when it was.
    async fn pause(&self, pause: &Pause) -> Result<(), StoreError>;

    /// Ends the pause of an export for a tenant, or without a tenant every pause of the export. Whether there was one.
    async fn resume(&self, export: &str, tenant: Option<&str>) -> Result<bool, StoreError>;

    /// The schedules that are paused.
    async fn pauses(&self) -> Result<Vec<Pause>, StoreError>;

    /// The runs that are open, the earliest first.
    async fn open_runs(&self) -> Result<Vec<RunRecord>, StoreError>;

    /// A run.
    async fn run(&self, id: RunId) -> Result<Option<RunRecord>, StoreError>;

    /// The runs that are named so, the latest first; of many the first few.
    async fn runs_named(&self, name: &RunName) -> Result<Vec<RunRecord>, StoreError>;

    /// Runs, the latest first.
    async fn runs(&self, filter: &RunFilter) -> Result<Vec<RunRecord>, StoreError>;

    /// Slots that have a row, the latest first.
    async fn slots(&self, filter: &SlotFilter) -> Result<Vec<SlotRecord>, StoreError>;

    /// Lines of a run's log, from this sequence number on, at most `limit`.
    async fn log(&self, run: RunId, from: u32, limit: u32) -> Result<Vec<LogLine>, StoreError>;

    /// What a run asked of the host.
    async fn host_calls(&self, run: RunId) -> Result<Vec<HostCalls>, StoreError>;

    /// Forgets some of what ended before: at most so many runs, and slots without one. What keeps a write or a delivery from
    /// being made twice, unresolved writes, attempts to come and the latest slot of each schedule are left.
    async fn prune(&self, before: DateTime<Utc>, most: u32) -> Result<Pruned, StoreError>;

    /// Forgets the logs of some runs, those that ended first, where the logs of all that have ended take more bytes than
    /// these: of at most so many runs. Of how many it were.
    async fn prune_logs(&self, most_bytes: u64, most: u32) -> Result<usize, StoreError>;

    /// What a run produced.
    async fn files(&self, run: RunId) -> Result<Vec<FileRecord>, StoreError>;

    /// Stores webhook events, all of them or none, and what becomes of each, in order. One of the same webhook, tenant, type
    /// and occurrence as one before is not stored and begins nothing. Any other joins the events that wait to begin a run
    /// of each of its takers, or queues a slot there; once a run has taken the slot, no event joins it any more. Of those
    /// of which only their address says whose they are, one type and occurrence is one tenant's, by whichever webhook.
    async fn store_events(&self, incoming: Vec<Incoming>) -> Result<Vec<Stored>, StoreError>;

    /// A webhook event, and what it began.
    async fn event(&self, id: EventId) -> Result<Option<ReceivedEvent>, StoreError>;

    /// Webhook events, the latest first.
    async fn events(&self, filter: &EventFilter) -> Result<Vec<ReceivedEvent>, StoreError>;

    /// Has stored events begin runs of these exports once more, in slots of their own. What they begin, in order.
    async fn dispatch_again(
        &self,
        events: Vec<(EventId, String)>,
        at: DateTime<Utc>,
    ) -> Result<Vec<Dispatch>, StoreError>;

    /// The events that begin runs of an export for a tenant whose slots lie in a window and do not wait any more, after
    /// this place: at most so many, fewer where they are large, but for one.
    async fn events_in(
        &self,
        export: &str,
        tenant: &str,
        window: &Window,
        after: Option<EventPlace>,
        limit: u32,
    ) -> Result<Vec<(EventPlace, EventRecord)>, StoreError>;

    /// Forgets some webhook events that both happened and came in before, at most so many; those that a run is still to be
    /// begun by, or that one may still be tried again with, are left. How many it were.
    async fn prune_events(&self, before: DateTime<Utc>, most: u32) -> Result<usize, StoreError>;
}
