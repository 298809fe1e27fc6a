//! Forgetting what is old, as `[store] keep` says: now and then, in steps so small that nobody has to wait for them.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio_util::sync::CancellationToken;
use tradewire_config::LONGEST_REPLAY_WINDOW;
use tradewire_store::{Pruned, Store, StoreError};

use crate::clock::Clock;
use crate::delivery::Outbox;

/// How many runs are forgotten at a time.
const STEP: u32 = 100;
/// Others may go on in between.
const PAUSE: Duration = Duration::from_millis(200);
const EVERY: TimeDelta = TimeDelta::hours(1);

/// Forgets what ended before, step by step, and what the outbox need not keep any more. Events are remembered for as long
/// at least as one that comes again may be taken in: until it would be refused for its age, only the one that is stored
/// tells that it is a repeated one.
pub async fn prune(
    store: &dyn Store,
    outbox: &Outbox,
    before: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Pruned, StoreError> {
    let events_before = now.checked_sub_signed(LONGEST_REPLAY_WINDOW).map_or(before, |youngest| youngest.min(before));
    let mut all = Pruned::default();
    loop {
        // Events first: a run that they began is kept for as long as they are.
        let events = store.prune_events(events_before, STEP).await?;
        let step = Pruned { events, ..store.prune(before, STEP).await? };
        if step == Pruned::default() {
            return Ok(Pruned { contents: outbox.clear(store).await?, ..all });
        }
        all = Pruned {
            contents: 0,
            runs: all.runs + step.runs,
            logs: all.logs + step.logs,
            slots: all.slots + step.slots,
            events: all.events + step.events,
        };
        tokio::time::sleep(PAUSE).await;
    }
}

/// Forgets the oldest logs, step by step, until all that are left take no more bytes than these. Of how many runs it were.
pub async fn prune_logs(store: &dyn Store, most_bytes: u64) -> Result<usize, StoreError> {
    let mut all = 0;
    loop {
        let step = store.prune_logs(most_bytes, STEP).await?;
        if step == 0 {
            return Ok(all);
        }
        all += step;
        tokio::time::sleep(PAUSE).await;
    }
}

/// Every hour forgets the oldest logs, where all take more than `logs` bytes, and what is older than `keep`, or with none
/// only what the outbox need not keep any more; until the shutdown.
pub async fn keep_pruned(
    store: &dyn Store,
    outbox: &Outbox,
    clock: &dyn Clock,
    keep: Option<TimeDelta>,
    logs: u64,
    shutdown: CancellationToken,
) {
    let forget = async {
        loop {
            let now = clock.now();
            let old = async {
                let logs = prune_logs(store, logs).await?;
                let pruned = match keep.and_then(|keep| now.checked_sub_signed(keep)) {
                    Some(before) => prune(store, outbox, before, now).await?,
                    None => Pruned { contents: outbox.clear(store).await?, ..Pruned::default() },
                };
                Ok::<_, StoreError>(Pruned { logs: pruned.logs + logs, ..pruned })
            };
            match old.await {
                Ok(pruned) if pruned == Pruned::default() => {}
                Ok(Pruned { runs, logs, slots, events, contents }) => {
                    tracing::info!(runs, logs, slots, events, contents, "forgot what is old");
                }
                Err(error) => tracing::warn!(%error, "cannot forget what is old; trying again in an hour"),
            }
            clock.sleep(EVERY.to_std().unwrap_or_default()).await;
        }
    };
    tokio::select! { () = forget => {}, () = shutdown.cancelled() => {} }
}
