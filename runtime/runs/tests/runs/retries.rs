//! Runs that fail and are tried again: when, how often, which not, and that nothing is sent twice.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use tradewire_runs::CancellationToken;
use tradewire_runs::run::{Failure, Request, Runner, Summary};
use tradewire_store::{Outcome, RunRecord, SlotState, Store};

use crate::support::api::{Ends, Scripted, call};
use crate::support::scheduling::{Going, a_while, ended, runs, slots, start_after, until};
use crate::support::vendor::{Came, Vendor};
use crate::support::{Bench, Closure, at, weekly};

const RETRIES: &str = r#"retries = { times = 3, backoff = "10 min", longest = "15 min" }"#;

/// A plugin that writes a team and then fails so often, for a reason that may pass.
fn failing(api: &Scripted, times: u32) -> Closure {
    let api = api.clone();
    Closure::new(move |attempt| {
        let api = attempt.journal.layer(Arc::new(api.clone()));
        async move {
            call(&*api, "dispatch/team.create", &[], "a").await.map_err(|error| Failure::transient(error.message))?;
            match attempt.job.attempt {
                attempt if attempt <= times => Err(Failure::transient("the vendor is down")),
                _ => Ok(Summary::default()),
            }
        }
    })
}

/// A bench whose zenith is due at ten, and nobody else that day.
async fn start(plugin: Closure) -> (Bench, Going) {
    let bench = Bench::with(plugin, &weekly(RETRIES), |store| store);
    let going = go_on(bench.runner.clone()).await;
    (bench, going)
}

async fn go_on(runner: Arc<Runner>) -> Going {
    start_after(runner, "2026-03-09T13:00:00Z", Duration::from_millis(100)).await
}

/// The attempts, the first first: how each ended, and when it began in minutes after ten.
async fn attempts(bench: &Bench) -> Vec<(u32, Outcome, i64)> {
    let minutes = |run: &RunRecord| (run.opening.started - at("2026-03-16T10:00:00Z")).num_minutes();
    let ended = |run: RunRecord| Some((run.opening.attempt, run.ending.as_ref()?.outcome, minutes(&run)));
    runs(bench).await.into_iter().rev().filter_map(ended).collect()
}

/// Lets time pass, minute by minute.
async fn pass(bench: &Bench, minutes: u32) {
    for _ in 0..minutes {
        bench.clock.advance(TimeDelta::minutes(1));
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
}

use Outcome::{Failed, Succeeded};

#[tokio::test]
async fn what_may_pass_is_tried_again_after_pauses_that_grow_and_writes_are_made_once() {
    let api = Scripted::default();
    let (bench, going) = start(failing(&api, 2)).await;
    bench.clock.set("2026-03-16T10:00:00Z");
    until("the first attempt", async || ended(&bench).await == 1).await;
    let run = runs(&bench).await.remove(0);
    assert_eq!(run.ending.unwrap().retry_at, Some(at("2026-03-16T10:10:00Z")));
    let log = bench.store.log(run.opening.id, 0, 100).await.unwrap();
    assert!(log.iter().any(|line| line.text == "attempt 2 is due at 2026-03-16T06:10:00-04:00"), "{log:?}");
    pass(&bench, 9).await;
    assert_eq!(ended(&bench).await, 1);
    pass(&bench, 1).await;
    until("the second", async || ended(&bench).await == 2).await;
    // The pause would be 20 minutes.
    pass(&bench, 15).await;
    until("the third", async || ended(&bench).await == 3).await;
    assert_eq!(attempts(&bench).await, [(1, Failed, 0), (2, Failed, 10), (3, Succeeded, 25)]);
    assert_eq!(api.sent().len(), 1, "{:?}", api.sent());
    assert!(bench.store.retries().await.unwrap().is_empty());
    let all = runs(&bench).await;
    assert!(
        all.iter().all(|run| run.opening.journal == all[2].opening.id && run.opening.window == all[0].opening.window)
    );
    let slot = slots(&bench, "zenith").await.remove(0);
    assert_eq!((slot.state, slot.run), (SlotState::Taken, Some(all[0].opening.id)), "the slot is the last attempt's");
    going.stop().await;
}

#[tokio::test]
async fn after_the_last_attempt_there_is_no_other() {
    let (bench, going) = start(failing(&Scripted::default(), 9)).await;
    bench.clock.set("2026-03-16T10:00:00Z");
    for attempt in 1..=4 {
        until("an attempt", async || ended(&bench).await == attempt).await;
        bench.clock.advance(TimeDelta::minutes(15));
    }
    pass(&bench, 30).await;
    assert_eq!(attempts(&bench).await.len(), 4);
    assert_eq!(runs(&bench).await[0].ending.as_ref().unwrap().retry_at, None);
    going.stop().await;
}

#[tokio::test]
async fn the_wait_survives_the_process() {
    let (bench, going) = start(failing(&Scripted::default(), 1)).await;
    bench.clock.set("2026-03-16T10:00:00Z");
    until("the first attempt", async || ended(&bench).await == 1).await;
    going.stop().await;
    bench.clock.advance(TimeDelta::minutes(5));
    let going = go_on(Arc::new(bench.another())).await;
    pass(&bench, 4).await;
    assert_eq!(ended(&bench).await, 1, "not before its time");
    pass(&bench, 1).await;
    until("the second", async || ended(&bench).await == 2).await;
    assert_eq!(attempts(&bench).await[1], (2, Succeeded, 10));
    going.stop().await;
}

#[tokio::test]
async fn a_run_whose_process_was_killed_is_tried_again() {
    let (bench, going) = start(Closure::new(|_| std::future::pending())).await;
    bench.clock.set("2026-03-16T10:00:00Z");
    until("it goes on", async || runs(&bench).await.len() == 1).await;
    going.kill();
    bench.plugin.becomes(Closure::writing(&[]));
    let going = go_on(Arc::new(bench.another())).await;
    until("it is found abandoned", async || ended(&bench).await == 1).await;
    bench.clock.advance(TimeDelta::minutes(10));
    until("it is tried again", async || ended(&bench).await == 2).await;
    assert_eq!(attempts(&bench).await, [(1, Outcome::Interrupted, 0), (2, Succeeded, 10)]);
    going.stop().await;
}

#[tokio::test]
async fn what_is_refused_unresolved_or_was_run_by_hand_is_not_tried_again() {
    let lost = Scripted::with([Ends::Lost]);
    let (bench, going) = start(failing(&lost, 0)).await;
    bench.clock.set("2026-03-16T10:00:00Z");
    until("zenith waits", async || ended(&bench).await == 1).await;
    bench.plugin.becomes(Closure::new(async |_| Err(Failure::refused("a technician has no code"))));
    bench.clock.set("2026-03-16T13:00:00Z");
    until("acme is refused", async || ended(&bench).await == 2).await;
    bench.plugin.becomes(Closure::new(async |_| Err(Failure::transient("the vendor is down"))));
    let by_hand = Request { window: None, ..Request::now("weekly", "acme") };
    bench.runner.run(by_hand, CancellationToken::new()).await.unwrap();
    assert!(bench.store.retries().await.unwrap().is_empty());
    bench.clock.advance(TimeDelta::hours(2));
    a_while().await;
    let outcomes: Vec<_> = attempts(&bench).await.into_iter().map(|(attempt, outcome, _)| (attempt, outcome)).collect();
    assert_eq!(outcomes, [(1, Outcome::Waiting), (1, Failed), (2, Failed)]);
    going.stop().await;
}

#[tokio::test]
async fn a_run_by_hand_takes_the_place_of_the_next_attempt() {
    let (bench, going) = start(failing(&Scripted::default(), 1)).await;
    bench.clock.set("2026-03-16T10:00:00Z");
    until("the first attempt", async || ended(&bench).await == 1).await;
    bench.runner.run(Request::now("weekly", "zenith"), CancellationToken::new()).await.unwrap();
    bench.clock.advance(TimeDelta::hours(1));
    a_while().await;
    assert_eq!(attempts(&bench).await, [(1, Failed, 0), (2, Succeeded, 0)]);
    going.stop().await;
}

#[tokio::test]
async fn the_next_slot_does_not_wait_for_a_run_between_its_attempts() {
    let config = weekly(r#"retries = { times = 1, backoff = "20 h" }"#).replacen("0 6 * * MON", "0 6 * * *", 1);
    let bench = Bench::with(failing(&Scripted::default(), 1), &config, |store| store);
    let going = start_after(bench.runner.clone(), "2026-03-15T13:00:00Z", Duration::from_millis(100)).await;
    bench.clock.set("2026-03-16T10:00:00Z");
    until("the first fails", async || ended(&bench).await == 1).await;
    bench.plugin.becomes(Closure::writing(&[]));
    for _ in 0..3 {
        bench.clock.advance(TimeDelta::hours(8));
        a_while().await;
    }
    let zenith = slots(&bench, "zenith").await;
    assert!(zenith.iter().all(|slot| slot.state == SlotState::Taken), "{zenith:?}");
    until("zenith's first is tried again", async || {
        attempts(&bench).await.iter().any(|a| a.0 == 2 && a.1 == Succeeded)
    })
    .await;
    going.stop().await;
}

/// A plugin that orders from a vendor and then fails so often.
fn ordering(vendor: &Vendor, times: u32) -> Closure {
    let vendor = vendor.clone();
    Closure::new(move |attempt| {
        let vendor = vendor.clone();
        async move {
            let came = vendor.order(&attempt.journal, "PO-1").await;
            came.map_err(|error| Failure::transient(error.message))?;
            match attempt.job.attempt {
                attempt if attempt <= times => Err(Failure::transient("ServiceTitan is down")),
                _ => Ok(Summary::default()),
            }
        }
    })
}

#[tokio::test]
async fn a_run_that_has_ordered_is_tried_again_and_the_order_is_not() {
    let vendor = Vendor::default();
    let (bench, going) = start(ordering(&vendor, 1)).await;
    bench.clock.set("2026-03-16T10:00:00Z");
    until("the first attempt", async || ended(&bench).await == 1).await;
    pass(&bench, 10).await;
    until("the second", async || ended(&bench).await == 2).await;
    assert_eq!(attempts(&bench).await, [(1, Failed, 0), (2, Succeeded, 10)]);
    assert_eq!(vendor.asked(), ["PO-1"]);
    going.stop().await;
}

#[tokio::test]
async fn a_run_whose_order_is_unresolved_is_not_tried_again() {
    let vendor = Vendor::with([Came::Lost]);
    let (bench, going) = start(ordering(&vendor, 0)).await;
    bench.clock.set("2026-03-16T10:00:00Z");
    until("it waits", async || ended(&bench).await == 1).await;
    assert!(bench.store.retries().await.unwrap().is_empty());
    pass(&bench, 20).await;
    assert_eq!(attempts(&bench).await, [(1, Outcome::Waiting, 0)]);
    assert_eq!(vendor.asked(), ["PO-1"]);
    going.stop().await;
}
