//! A scheduler that goes on beside the test, and what is recorded meanwhile.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tradewire_runs::CancellationToken;
use tradewire_runs::run::Runner;
use tradewire_runs::scheduler::Scheduler;
use tradewire_store::{RunFilter, RunRecord, SlotFilter, SlotRecord, SlotState, Store};

use super::{Bench, at};

/// A scheduler that goes on.
pub struct Going {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

/// Starts a scheduler whose schedules have run before: last on the 9th of March.
pub async fn start(runner: Arc<Runner>) -> Going {
    start_after(runner, "2026-03-09T13:00:00Z", Duration::from_millis(300)).await
}

/// Starts one whose schedules have run before: last at this time.
pub async fn start_after(runner: Arc<Runner>, last: &str, patience: Duration) -> Going {
    let slot = |export, tenant| SlotRecord::new(export, tenant, at(last), SlotState::Missed, at(last));
    let slots = vec![slot("weekly", "acme"), slot("weekly", "zenith"), slot("nowhere", "acme")];
    while runner.store().record_slots(slots.clone()).await.is_err() {}
    let stop = CancellationToken::new();
    let told = stop.clone();
    let scheduler = Scheduler::new(runner).wait_at_shutdown(patience);
    Going { stop, task: tokio::spawn(async move { scheduler.run(told).await }) }
}

impl Going {
    /// One that is started already, and what stops it.
    pub fn of(stop: CancellationToken, task: JoinHandle<()>) -> Going {
        Going { stop, task }
    }

    /// Ends it as if its process were killed.
    pub fn kill(self) {
        self.task.abort();
    }

    /// Tells it to stop, and waits for that.
    pub async fn stop(self) {
        self.stop.cancel();
        tokio::time::timeout(Duration::from_secs(30), self.task).await.expect("the scheduler stops").unwrap();
    }
}

/// The rows of `weekly` for one tenant but the one that it begins with, the earliest first.
pub async fn slots(bench: &Bench, tenant: &str) -> Vec<SlotRecord> {
    let filter = SlotFilter { export: Some("weekly".into()), tenant: Some(tenant.into()), ..SlotFilter::default() };
    let mut slots = bench.store.slots(&filter).await.unwrap();
    slots.retain(|slot| slot.reason.is_some() || slot.run.is_some());
    slots.reverse();
    slots
}

pub async fn runs(bench: &Bench) -> Vec<RunRecord> {
    runs_of(bench, "weekly").await
}

/// The runs of an export, the latest first.
pub async fn runs_of(bench: &Bench, export: &str) -> Vec<RunRecord> {
    let filter = RunFilter { export: Some(export.into()), ..RunFilter::default() };
    bench.store.runs(&filter).await.unwrap()
}

pub async fn ended(bench: &Bench) -> usize {
    runs(bench).await.iter().filter(|run| run.ending.is_some()).count()
}

pub async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    for _ in 0..1500 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it never came to that: {what}");
}

/// Long enough for what should not happen to happen.
pub async fn a_while() {
    tokio::time::sleep(Duration::from_millis(300)).await;
}

pub fn states(slots: &[SlotRecord]) -> Vec<(String, SlotState)> {
    slots.iter().map(|slot| (slot.due.format("%m-%d %H").to_string(), slot.state)).collect()
}
