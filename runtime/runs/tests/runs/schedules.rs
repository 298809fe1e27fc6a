//! Slots that cannot simply run: missed ones that run all, queues, replacements, pauses, blackouts, jitter. Each has a row.

use std::sync::Arc;
use std::time::Duration;

use SlotState::{BlackedOut, Missed, Paused, Queued, Skipped, Taken};
use chrono::TimeDelta;
use tokio::sync::Semaphore;
use tradewire_runs::run::{Runner, Summary};
use tradewire_store::{Outcome, Pause, SlotState, Store};

use crate::support::faults::{Fault, Faulty};
use crate::support::scheduling::{Going, a_while, ended, runs, slots, start_after, until};
use crate::support::{Bench, CONFIG, Closure, at};

/// `weekly` every hour, for zenith alone, with these lines.
fn hourly(lines: &str) -> String {
    let config = CONFIG.replacen("0 6 * * MON", "0 * * * *", 1).replacen("\"acme\", \"zenith\"", "\"zenith\"", 1);
    config.replacen("deliver = \"outbox\"", &format!("deliver = \"outbox\"\n{lines}"), 1)
}

/// Starts a scheduler whose last slot was at six, New York's time.
async fn start(runner: Arc<Runner>) -> Going {
    start_after(runner, "2026-03-11T10:00:00Z", Duration::from_millis(100)).await
}

/// Sets New York's clock on that day.
fn set(bench: &Bench, time: &str) {
    bench.clock.set(&format!("2026-03-11T{time}:00-04:00"));
}

/// A plugin whose runs go on until they are let go.
fn held() -> (Closure, Arc<Semaphore>) {
    let gate = Arc::new(Semaphore::new(0));
    let held = gate.clone();
    let plugin = Closure::new(move |_| {
        let held = held.clone();
        async move {
            held.acquire().await.unwrap().forget();
            Ok(Summary::default())
        }
    });
    (plugin, gate)
}

/// Zenith's slots: the hour, what became of it, and why.
async fn rows(bench: &Bench) -> Vec<(String, SlotState, String)> {
    let zone = bench.runner.config().tenants["zenith"].timezone;
    let rows = slots(bench, "zenith").await.into_iter();
    rows.map(|slot| {
        (slot.due.with_timezone(&zone).format("%H").to_string(), slot.state, slot.reason.unwrap_or_default())
    })
    .collect()
}

async fn states(bench: &Bench) -> Vec<(String, SlotState)> {
    rows(bench).await.into_iter().map(|(hour, state, _)| (hour, state)).collect()
}

fn hours(states: &[(u32, SlotState)]) -> Vec<(String, SlotState)> {
    states.iter().map(|(hour, state)| (format!("{hour:02}"), *state)).collect()
}

/// The hours of the slots whose runs have begun, in that order.
async fn began(bench: &Bench) -> Vec<i64> {
    let hour = |due: Option<chrono::DateTime<chrono::Utc>>| (due.unwrap() - at("2026-03-11T04:00:00Z")).num_hours();
    runs(bench).await.into_iter().rev().map(|run| hour(run.opening.due)).collect()
}

#[tokio::test]
async fn with_missed_all_every_slot_that_was_slept_through_runs_one_after_the_other() {
    let (plugin, gate) = held();
    let bench = Bench::with(plugin, &hourly("missed = \"all\"\nmissed_cap = 3"), |store| store);
    let going = start(bench.runner.clone()).await;
    set(&bench, "11:30");
    until("one runs, two wait", async || {
        states(&bench).await == hours(&[(7, Missed), (8, Missed), (9, Taken), (10, Queued), (11, Queued)])
    })
    .await;
    let reason = rows(&bench).await[0].2.clone();
    assert!(reason.ends_with("`missed_cap` lets the latest 3 of those that were missed run"), "{reason}");
    assert_eq!(runs(&bench).await.len(), 1);
    gate.add_permits(3);
    until("all ran", async || ended(&bench).await == 3).await;
    assert_eq!(began(&bench).await, [9, 10, 11]);
    assert!(states(&bench).await[2..].iter().all(|(_, state)| *state == Taken));
    let windows: Vec<_> = runs(&bench).await.into_iter().rev().map(|run| run.opening.window).collect();
    assert!(windows.windows(2).all(|pair| pair[0].end == pair[1].start), "each accounts for its own hour");
    going.stop().await;
}

#[tokio::test]
async fn what_waits_is_still_there_after_the_process_has_died() {
    let (plugin, gate) = held();
    let bench = Bench::with(plugin, &hourly("missed = \"all\""), |store| store);
    let going = start(bench.runner.clone()).await;
    set(&bench, "09:30");
    until("two wait", async || states(&bench).await == hours(&[(7, Taken), (8, Queued), (9, Queued)])).await;
    going.kill();
    gate.add_permits(9);
    let going = start(Arc::new(bench.another())).await;
    until("they ran", async || states(&bench).await == hours(&[(7, Taken), (8, Taken), (9, Taken)])).await;
    until("and have ended", async || ended(&bench).await >= 2).await;
    assert_eq!(began(&bench).await, [7, 8, 9]);
    going.stop().await;
}

#[tokio::test]
async fn a_process_that_dies_before_a_run_is_open_loses_no_slot() {
    let (plugin, gate) = held();
    gate.add_permits(9);
    let mut faulty = None;
    let bench = Bench::with(plugin, &hourly("missed = \"all\""), |store| {
        Arc::new(faulty.insert(Faulty::new(store, &[("open_run", Fault::HangsBefore)])).clone())
    });
    let going = start(bench.runner.clone()).await;
    set(&bench, "09:30");
    faulty.unwrap().hung().await;
    assert_eq!(states(&bench).await, hours(&[(7, Queued), (8, Queued), (9, Queued)]));
    going.kill();
    let going = start(Arc::new(bench.another())).await;
    until("they ran", async || ended(&bench).await == 3).await;
    assert_eq!(began(&bench).await, [7, 8, 9]);
    going.stop().await;
}

#[tokio::test]
async fn with_overlap_queue_a_slot_waits_for_the_run_before() {
    let (plugin, gate) = held();
    let bench = Bench::with(plugin, &hourly("overlap = \"queue\""), |store| store);
    let going = start(bench.runner.clone()).await;
    set(&bench, "07:00");
    until("it runs", async || runs(&bench).await.len() == 1).await;
    a_while().await;
    for hour in ["08:00", "09:00"] {
        set(&bench, hour);
        a_while().await;
    }
    assert_eq!(states(&bench).await, hours(&[(7, Taken), (8, Queued), (9, Queued)]));
    assert_eq!(rows(&bench).await[2].2, "it waits for the run of the slot of 2026-03-11T08:00:00-04:00");
    gate.add_permits(1);
    until("the next one runs", async || runs(&bench).await.len() == 2).await;
    assert_eq!(states(&bench).await, hours(&[(7, Taken), (8, Taken), (9, Queued)]));
    gate.add_permits(2);
    until("all ran", async || ended(&bench).await == 3).await;
    assert_eq!(began(&bench).await, [7, 8, 9]);
    assert_eq!(rows(&bench).await[2].2, "", "what it waited for is over");
    going.stop().await;
}

#[tokio::test]
async fn with_overlap_replace_the_run_that_goes_on_is_cancelled() {
    let (plugin, gate) = held();
    let bench = Bench::with(plugin, &hourly("overlap = \"replace\"\nretries = { times = 3 }"), |store| store);
    let going = start(bench.runner.clone()).await;
    set(&bench, "07:00");
    until("it runs", async || runs(&bench).await.len() == 1).await;
    a_while().await;
    set(&bench, "08:00");
    until("the next one runs", async || runs(&bench).await.len() == 2).await;
    gate.add_permits(1);
    until("it has ended", async || ended(&bench).await == 2).await;
    let endings: Vec<_> = runs(&bench).await.into_iter().rev().map(|run| run.ending.unwrap()).collect();
    assert_eq!((endings[0].outcome, endings[1].outcome), (Outcome::Cancelled, Outcome::Succeeded));
    assert_eq!(endings[0].message, "replaced by the slot of 2026-03-11T08:00:00-04:00; nothing was delivered");
    assert_eq!(endings[0].retry_at, None, "it is not tried again");
    going.stop().await;
}

fn pause(tenant: Option<&str>) -> Pause {
    Pause { export: "weekly".to_owned(), tenant: tenant.map(str::to_owned), since: at("2026-03-11T10:30:00Z") }
}

#[tokio::test]
async fn slots_of_a_paused_schedule_have_rows_and_do_not_run_until_it_is_resumed() {
    let bench = Bench::with(Closure::writing(&[]), &hourly(""), |store| store);
    bench.store.pause(&pause(None)).await.unwrap();
    bench.store.pause(&pause(Some("acme"))).await.unwrap();
    let going = start(bench.runner.clone()).await;
    for hour in ["07:00", "08:00"] {
        set(&bench, hour);
        a_while().await;
    }
    assert_eq!(states(&bench).await, hours(&[(7, Paused), (8, Paused)]));
    assert_eq!(rows(&bench).await[0].2, "its schedule is paused, since 2026-03-11T06:30:00-04:00");
    // Resuming acme, whom it does not run for, changes nothing.
    assert!(bench.store.resume("weekly", Some("acme")).await.unwrap());
    set(&bench, "09:00");
    until("it is recorded", async || states(&bench).await == hours(&[(7, Paused), (8, Paused), (9, Paused)])).await;
    assert!(bench.store.resume("weekly", None).await.unwrap());
    assert!(!bench.store.resume("weekly", None).await.unwrap());
    bench.clock.advance(TimeDelta::seconds(30));
    a_while().await;
    set(&bench, "10:00");
    until("it runs again", async || ended(&bench).await == 1).await;
    // And is paused while the scheduler goes on.
    bench.store.pause(&pause(Some("zenith"))).await.unwrap();
    bench.clock.advance(TimeDelta::seconds(30));
    a_while().await;
    set(&bench, "11:00");
    until("it is recorded", async || states(&bench).await.len() == 5).await;
    assert_eq!(states(&bench).await[3..], hours(&[(10, Taken), (11, Paused)]));
    assert_eq!(runs(&bench).await.len(), 1);
    going.stop().await;
}

#[tokio::test]
async fn slots_in_a_blackout_have_rows_and_do_not_run() {
    let bench = Bench::with(Closure::writing(&[]), &hourly("blackout = [\"07:30-09:30\", \"SUN\"]"), |store| store);
    let going = start(bench.runner.clone()).await;
    for hour in ["07:00", "08:00", "09:00", "10:00"] {
        set(&bench, hour);
        a_while().await;
    }
    until("the last has ended", async || ended(&bench).await == 2).await;
    assert_eq!(states(&bench).await, hours(&[(7, Taken), (8, BlackedOut), (9, BlackedOut), (10, Taken)]));
    assert_eq!(rows(&bench).await[1].2, "it lies in the blackout `07:30-09:30`");
    going.stop().await;
}

#[tokio::test]
async fn what_is_found_in_a_blackout_waits_for_its_end() {
    let bench = Bench::with(Closure::writing(&[]), &hourly("blackout = [\"07:30-09:30\"]"), |store| store);
    set(&bench, "07:45");
    let going = start(bench.runner.clone()).await;
    until("the slot of seven waits", async || states(&bench).await == hours(&[(7, Queued)])).await;
    assert_eq!(rows(&bench).await[0].2, "it waits for the end of the blackout `07:30-09:30`");
    set(&bench, "09:30");
    until("it runs", async || ended(&bench).await == 1).await;
    assert_eq!(states(&bench).await, hours(&[(7, Taken), (8, BlackedOut), (9, BlackedOut)]));
    going.stop().await;
}

#[tokio::test]
async fn jitter_moves_the_beginning_and_neither_the_slot_nor_the_window() {
    let bench = Bench::with(Closure::writing(&[]), &hourly("jitter = \"30 min\""), |store| store);
    let schedule = bench.runner.config().schedules().next().unwrap();
    let (due, start_at) = (at("2026-03-11T11:00:00Z"), schedule.start(at("2026-03-11T11:00:00Z")));
    assert!(start_at > due && start_at < due + TimeDelta::minutes(30), "{start_at}");
    let going = start(bench.runner.clone()).await;
    bench.clock.set(&(start_at - TimeDelta::milliseconds(1)).to_rfc3339());
    a_while().await;
    assert!(runs(&bench).await.is_empty());
    bench.clock.set(&start_at.to_rfc3339());
    until("it runs", async || ended(&bench).await == 1).await;
    let run = runs(&bench).await.remove(0).opening;
    assert_eq!((run.due, run.started), (Some(due), start_at));
    assert_eq!(run.window.to_string(), "2026-03-11T06:00:00-04:00/2026-03-11T07:00:00-04:00");
    assert_eq!(states(&bench).await, hours(&[(7, Taken)]));
    going.stop().await;
}

#[tokio::test]
async fn a_store_that_fails_to_say_what_is_paused_changes_nothing() {
    let faults: &[_] = &[("pauses", Fault::Fails(4)), ("queued_slots", Fault::Fails(2)), ("retries", Fault::Fails(3))];
    let bench = Bench::with(Closure::writing(&[]), &hourly(""), |store| Arc::new(Faulty::new(store, faults)));
    bench.store.pause(&pause(None)).await.unwrap();
    let going = start(bench.runner.clone()).await;
    for hour in ["07:00", "08:00"] {
        set(&bench, hour);
        until("it is recorded", async || !states(&bench).await.is_empty()).await;
        a_while().await;
    }
    assert!(states(&bench).await.iter().all(|(_, state)| matches!(state, Paused | Skipped | Missed)));
    assert!(runs(&bench).await.is_empty());
    going.stop().await;
}
