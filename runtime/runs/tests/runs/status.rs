//! How a schedule is said to do.

use std::sync::Arc;
use std::time::Duration;

use tradewire_runs::run::{Failure, Summary};
use tradewire_runs::scheduler::{Condition, Status, statuses};
use tradewire_store::{Pause, SlotRecord, SlotState, Store};

use crate::support::scheduling::{ended, runs, start_after, until};
use crate::support::{Bench, Closure, at, weekly};

/// How zenith's `weekly` does.
async fn status(bench: &Bench, now: &str) -> Status {
    let all = statuses(bench.runner.config(), &bench.store, at(now)).await.unwrap();
    let whose: Vec<_> = all.iter().map(|status| (status.export.as_str(), status.tenant.as_str())).collect();
    assert_eq!(whose, [("weekly", "acme"), ("weekly", "zenith"), ("nowhere", "acme")], "in the order of the file");
    all.into_iter().nth(1).unwrap()
}

async fn condition(bench: &Bench, now: &str) -> (Condition, Option<String>) {
    let status = status(bench, now).await;
    (status.condition, status.reason)
}

async fn record(bench: &Bench, due: &str, state: SlotState, reason: Option<&str>) {
    let reason = reason.map(str::to_owned);
    let row = SlotRecord { reason, ..SlotRecord::new("weekly", "zenith", at(due), state, at(due)) };
    bench.store.record_slots(vec![row]).await.unwrap();
}

#[tokio::test]
async fn without_rows_a_schedule_is_ready() {
    let bench = Bench::new(Closure::writing(&[]));
    let status = status(&bench, "2026-03-11T12:00:00Z").await;
    assert_eq!((status.condition, status.reason, status.queued), (Condition::Ready, None, 0));
    assert_eq!(status.next.as_deref(), Some("2026-03-16T06:00:00-04:00"));
    assert_eq!((status.trigger.to_string().as_str(), status.timezone.as_str()), ("0 6 * * MON", "America/New_York"));
    assert_eq!(condition(&bench, "2100-12-31T12:00:00Z").await.0, Condition::Over);
}

#[tokio::test]
async fn a_slot_that_nobody_took_is_overdue_and_one_that_was_refused_says_why() {
    let bench = Bench::new(Closure::writing(&[]));
    record(&bench, "2026-03-09T10:00:00Z", SlotState::Refused, Some("it has no window")).await;
    let refused = (Condition::Refused, Some("it has no window".to_owned()));
    assert_eq!(condition(&bench, "2026-03-16T10:01:00Z").await, refused);
    let reason = "the slot of 2026-03-16T06:00:00-04:00 fell due and nobody took it: does `tradewire serve` run?";
    assert_eq!(condition(&bench, "2026-03-16T10:02:00Z").await, (Condition::Overdue, Some(reason.to_owned())));
    let pause = Pause { export: "weekly".into(), tenant: None, since: at("2026-03-10T12:00:00Z") };
    bench.store.pause(&pause).await.unwrap();
    let paused = (Condition::Paused, Some("since 2026-03-10T08:00:00-04:00".to_owned()));
    assert_eq!(condition(&bench, "2026-03-16T10:02:00Z").await, paused);
}

#[tokio::test]
async fn a_run_that_goes_on_fails_and_is_tried_again_is_told() {
    let gate = Arc::new(tokio::sync::Semaphore::new(0));
    let held = gate.clone();
    let plugin = Closure::new(move |_| {
        let held = held.clone();
        async move {
            held.acquire().await.unwrap().forget();
            Err::<Summary, _>(Failure::transient("the vendor is down"))
        }
    });
    let bench = Bench::with(plugin, &weekly("retries = { times = 1, backoff = \"10 min\" }"), |store| store);
    let going = start_after(bench.runner.clone(), "2026-03-09T13:00:00Z", Duration::from_millis(100)).await;
    bench.clock.set("2026-03-16T10:00:00Z");
    until("it goes on", async || runs(&bench).await.len() == 1).await;
    let now = "2026-03-16T10:00:10Z";
    let running = (Condition::Running, Some("since 2026-03-16T06:00:00-04:00".to_owned()));
    assert_eq!(condition(&bench, now).await, running);
    gate.add_permits(2);
    until("it fails", async || ended(&bench).await == 1).await;
    let retrying = (Condition::Retrying, Some("attempt 2 is due at 2026-03-16T06:10:00-04:00".to_owned()));
    assert_eq!(condition(&bench, now).await, retrying);
    bench.clock.set("2026-03-16T10:10:00Z");
    until("it fails again", async || ended(&bench).await == 2).await;
    let failing = (Condition::Failing, Some("failed: the vendor is down".to_owned()));
    assert_eq!(condition(&bench, "2026-03-16T10:10:10Z").await, failing);
    going.stop().await;
}

#[tokio::test]
async fn slots_that_wait_are_counted_and_say_for_what() {
    let bench = Bench::new(Closure::writing(&[]));
    record(&bench, "2026-03-09T10:00:00Z", SlotState::Queued, Some("it waits")).await;
    let status = status(&bench, "2026-03-11T12:00:00Z").await;
    assert_eq!((status.queued, status.condition), (1, Condition::Queued));
    assert_eq!(status.reason.as_deref(), Some("the slot of 2026-03-09T06:00:00-04:00: it waits"));
}
