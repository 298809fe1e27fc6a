//! Schedules over weeks that pass in a moment: what runs, what does not, and what the rows say of it.

use std::sync::Arc;
use std::time::Duration;

use SlotState::{Missed, Skipped, Taken};
use chrono::TimeDelta;
use tradewire_runs::run::{Failure, Summary};
use tradewire_runs::scheduler::Scheduler;
use tradewire_store::{Outcome, Resolution, SlotState, Store, TriggerKind};

use crate::support::api::{Ends, Scripted, call};
use crate::support::faults::{Fault, Faulty};
use crate::support::scheduling::{a_while, ended, runs, slots, start, start_after, states, until};
use crate::support::{Bench, CONFIG, Closure, at};

#[tokio::test]
async fn each_tenant_runs_at_six_of_its_own_time() {
    let bench = Bench::new(Closure::writing(&[("a.csv", "1\n")]));
    let going = start(bench.runner.clone()).await;
    // Six in New York, three in Phoenix.
    bench.clock.set("2026-03-16T10:00:00Z");
    until("zenith ran", async || ended(&bench).await == 1).await;
    a_while().await;
    assert_eq!(states(&slots(&bench, "zenith").await), [("03-16 10".to_owned(), Taken)]);
    assert!(slots(&bench, "acme").await.is_empty());
    bench.clock.set("2026-03-16T13:00:00Z");
    until("acme ran", async || ended(&bench).await == 2).await;
    assert_eq!(states(&slots(&bench, "acme").await), [("03-16 13".to_owned(), Taken)]);
    let run = runs(&bench).await.remove(0);
    assert_eq!((run.opening.trigger, run.opening.due), (TriggerKind::Schedule, Some(at("2026-03-16T13:00:00Z"))));
    assert_eq!(run.opening.window.to_string(), "2026-03-09T06:00:00-07:00/2026-03-16T06:00:00-07:00");
    going.stop().await;
}

#[tokio::test]
async fn weeks_that_were_slept_through_are_recorded_and_the_latest_runs() {
    let bench = Bench::new(Closure::writing(&[("a.csv", "1\n")]));
    let going = start(bench.runner.clone()).await;
    bench.clock.set("2026-04-01T00:00:00Z");
    until("both ran", async || ended(&bench).await == 2).await;
    let expected = [("03-16 13".to_owned(), Missed), ("03-23 13".to_owned(), Missed), ("03-30 13".to_owned(), Taken)];
    until("the missed are recorded", async || slots(&bench, "acme").await.len() == 3).await;
    assert_eq!(states(&slots(&bench, "acme").await), expected);
    going.stop().await;
}

#[tokio::test]
async fn what_fell_due_while_the_process_was_down_is_found_at_the_next_start() {
    let bench = Bench::new(Closure::writing(&[("a.csv", "1\n")]));
    let going = start(bench.runner.clone()).await;
    bench.clock.set("2026-03-16T14:00:00Z");
    until("both ran", async || ended(&bench).await == 2).await;
    going.stop().await;
    bench.clock.set("2026-04-01T00:00:00Z");
    let going = start(Arc::new(bench.another())).await;
    until("both ran again", async || ended(&bench).await == 4).await;
    until("the missed are recorded", async || slots(&bench, "acme").await.len() == 3).await;
    let expected = [("03-16 13".to_owned(), Taken), ("03-23 13".to_owned(), Missed), ("03-30 13".to_owned(), Taken)];
    assert_eq!(states(&slots(&bench, "acme").await), expected);
    going.stop().await;
}

#[tokio::test]
async fn with_missed_skip_nothing_late_runs() {
    let config = CONFIG.replace("deliver = \"outbox\"", "deliver = \"outbox\"\nmissed = \"skip\"");
    let bench = Bench::with(Closure::writing(&[]), &config, |store| store);
    let going = start(bench.runner.clone()).await;
    bench.clock.set("2026-03-17T00:00:00Z");
    until("it is recorded", async || slots(&bench, "acme").await.len() == 1).await;
    let slot = slots(&bench, "acme").await.remove(0);
    assert_eq!((slot.state, slot.run), (Missed, None));
    assert!(slot.reason.unwrap().contains("`missed` is \"skip\""));
    bench.clock.set("2026-03-23T13:00:30Z");
    until("the next one runs", async || slots(&bench, "acme").await.len() == 2).await;
    assert_eq!(slots(&bench, "acme").await[1].state, Taken);
    going.stop().await;
}

#[tokio::test]
async fn a_slot_that_falls_due_while_its_export_runs_is_skipped_and_other_tenants_are_not() {
    let config = CONFIG.replace("time = \"1 min\"", "time = \"1 h\"");
    let plugin = Closure::new(async |attempt| match attempt.job.tenant.as_str() {
        "acme" => std::future::pending().await,
        _ => Ok(Summary::default()),
    });
    let bench = Bench::with(plugin, &config, |store| store);
    let going = start(bench.runner.clone()).await;
    bench.clock.set("2026-03-16T13:00:00Z");
    until("acme runs", async || !slots(&bench, "acme").await.is_empty()).await;
    until("zenith ran", async || ended(&bench).await == 1).await;
    a_while().await;
    bench.clock.set("2026-03-23T13:00:00Z");
    until("zenith ran again", async || ended(&bench).await == 2).await;
    until("the overlap is recorded", async || slots(&bench, "acme").await.len() == 2).await;
    let rows = slots(&bench, "acme").await;
    assert_eq!(states(&rows), [("03-16 13".to_owned(), Taken), ("03-23 13".to_owned(), Skipped)]);
    assert_eq!(rows[1].reason.as_deref(), Some("the run of the slot of 2026-03-16T06:00:00-07:00 was still going on"));
    // The shutdown waits a little, then cancels what goes on, and says so.
    going.stop().await;
    let acme = runs(&bench).await.into_iter().find(|run| run.opening.tenant == "acme").unwrap();
    assert_eq!(acme.ending.unwrap().outcome, Outcome::Interrupted);
}

#[tokio::test]
async fn a_shutdown_lets_a_run_end_that_is_nearly_done() {
    let bench = Bench::new(Closure::new(async |_| {
        tokio::time::sleep(Duration::from_millis(150)).await;
        Ok(Summary::default())
    }));
    let going = start_after(bench.runner.clone(), "2026-03-09T13:00:00Z", Duration::from_secs(20)).await;
    bench.clock.set("2026-03-16T10:00:00Z");
    until("it runs", async || runs(&bench).await.len() == 1).await;
    going.stop().await;
    assert_eq!(runs(&bench).await.remove(0).ending.unwrap().outcome, Outcome::Succeeded);
}

#[tokio::test]
async fn a_tenant_whose_runs_panic_or_fail_stops_nobody_and_goes_on_itself() {
    let bench = Bench::new(Closure::new(async |attempt| match attempt.job.tenant.as_str() {
        "acme" => panic!("oh"),
        _ => Err(Failure::transient("ServiceTitan is down")),
    }));
    let going = start(bench.runner.clone()).await;
    for (week, day) in [(1, "2026-03-16T13:00:00Z"), (2, "2026-03-23T13:00:00Z"), (3, "2026-03-30T13:00:00Z")] {
        bench.clock.set(day);
        until("both ended", async || ended(&bench).await == 2 * week).await;
        a_while().await;
    }
    assert!(runs(&bench).await.iter().all(|run| run.ending.as_ref().unwrap().outcome == Outcome::Failed));
    going.stop().await;
}

#[tokio::test]
async fn a_store_that_fails_for_a_while_costs_no_slot() {
    let faults: &[_] = &[
        ("last_slots", Fault::Fails(3)),
        ("open_run", Fault::Fails(5)),
        ("record_slots", Fault::Fails(4)),
        ("open_runs", Fault::Fails(2)),
    ];
    let bench = Bench::with(Closure::writing(&[]), CONFIG, |store| Arc::new(Faulty::new(store, faults)));
    let going = start(bench.runner.clone()).await;
    bench.clock.set("2026-03-24T00:00:00Z");
    until("both ran", async || ended(&bench).await == 2).await;
    until("all is recorded", async || slots(&bench, "acme").await.len() == 2).await;
    assert_eq!(
        states(&slots(&bench, "zenith").await),
        [("03-16 10".to_owned(), Missed), ("03-23 10".to_owned(), Taken)]
    );
    going.stop().await;
}

#[tokio::test]
async fn a_clock_that_is_set_back_brings_no_slot_twice_and_loses_none() {
    let bench = Bench::new(Closure::writing(&[]));
    let going = start(bench.runner.clone()).await;
    bench.clock.set("2026-03-16T13:00:10Z");
    until("both ran", async || ended(&bench).await == 2).await;
    bench.clock.advance(TimeDelta::hours(-4));
    a_while().await;
    bench.clock.set("2026-03-16T13:00:20Z");
    a_while().await;
    assert_eq!(runs(&bench).await.len(), 2);
    bench.clock.set("2026-03-23T13:00:10Z");
    until("the next week runs", async || ended(&bench).await == 4).await;
    going.stop().await;
}

#[tokio::test]
async fn two_processes_share_the_slots_of_one_store() {
    let bench = Bench::new(Closure::writing(&[]));
    let (one, two) = (start(bench.runner.clone()).await, start(Arc::new(bench.another())).await);
    a_while().await;
    for (week, day) in [(1, "2026-03-16T13:00:00Z"), (2, "2026-03-23T13:00:00Z"), (3, "2026-03-30T13:00:00Z")] {
        bench.clock.set(day);
        until("both tenants ran", async || ended(&bench).await == 2 * week).await;
        a_while().await;
        assert_eq!(runs(&bench).await.len(), 2 * week);
    }
    one.stop().await;
    two.stop().await;
}

#[tokio::test]
async fn a_slot_without_a_window_is_refused_with_the_reason() {
    // There is no slot before the first of all.
    let config = CONFIG.replace("0 6 * * MON", "0 6 * * *");
    let bench = Bench::with(Closure::writing(&[]), &config, |store| store);
    bench.clock.set("1970-01-01T13:00:00Z");
    let going = start_after(bench.runner.clone(), "1969-12-31T13:00:00Z", Duration::ZERO).await;
    until("it is recorded", async || !slots(&bench, "acme").await.is_empty()).await;
    let slot = slots(&bench, "acme").await.remove(0);
    assert_eq!(slot.state, SlotState::Refused);
    assert!(slot.reason.unwrap().contains("has no window"));
    going.stop().await;
}

#[tokio::test]
async fn what_comes_next_can_be_asked() {
    let bench = Bench::new(Closure::writing(&[]));
    let upcoming = Scheduler::new(bench.runner.clone()).upcoming(at("2026-03-11T12:00:00Z"));
    let upcoming: Vec<_> = upcoming.iter().map(|(e, t, due)| (e.as_str(), t.as_str(), due.to_rfc3339())).collect();
    assert_eq!(
        upcoming,
        [
            ("weekly", "zenith", "2026-03-16T06:00:00-04:00".to_owned()),
            ("weekly", "acme", "2026-03-16T06:00:00-07:00".to_owned()),
            ("nowhere", "acme", "2026-03-16T06:00:00-07:00".to_owned()),
        ]
    );
}

#[tokio::test]
async fn a_run_that_waits_lets_later_windows_run_and_goes_on_once_its_write_is_resolved() {
    let api = Scripted::with([Ends::Lost]);
    let seen = api.clone();
    let bench = Bench::new(Closure::new(move |attempt| {
        let api = attempt.journal.layer(Arc::new(seen.clone()));
        async move {
            let body = if attempt.job.tenant == "acme" { "a" } else { "z" };
            call(&*api, "dispatch/team.create", &[], body).await.map_err(|error| Failure::transient(error.message))?;
            Ok(Summary::default())
        }
    }));
    let config = bench.runner.clone();
    let going = start_after(config, "2026-03-09T13:00:00Z", Duration::from_millis(300)).await;
    let outcomes = async || {
        let mut runs = runs(&bench).await;
        runs.retain(|run| run.opening.tenant == "zenith");
        runs.into_iter().rev().filter_map(|run| run.ending.map(|end| end.outcome)).collect::<Vec<_>>()
    };
    // Zenith's slot comes first.
    bench.clock.set("2026-03-16T10:00:00Z");
    until("zenith waits", async || outcomes().await == [Outcome::Waiting]).await;
    bench.clock.set("2026-03-23T10:00:00Z");
    until("the next week runs", async || outcomes().await == [Outcome::Waiting, Outcome::Succeeded]).await;
    bench.clock.advance(TimeDelta::minutes(5));
    a_while().await;
    assert_eq!(outcomes().await.len(), 2, "nobody has resolved it");

    let unresolved_write = bench.store.unresolved_writes().await.unwrap().remove(0);
    let resolution = Resolution::Applied(Some("{}".into()));
    bench.store.resolve_write(unresolved_write.write.id, &resolution, at("2026-03-23T10:10:00Z")).await.unwrap();
    let sent = api.sent().len();
    bench.clock.advance(TimeDelta::minutes(5));
    let all = [Outcome::Waiting, Outcome::Succeeded, Outcome::Succeeded];
    until("it goes on", async || outcomes().await == all).await;
    bench.clock.advance(TimeDelta::minutes(5));
    a_while().await;
    assert_eq!(outcomes().await, all, "once");
    assert_eq!(api.sent().len(), sent, "the write that happened is not made again");
    let slot = slots(&bench, "zenith").await.remove(0);
    let run = bench.store.run(slot.run.unwrap()).await.unwrap().unwrap();
    assert_eq!(
        (slot.due, run.opening.attempt),
        (at("2026-03-16T10:00:00Z"), 2),
        "the slot is that of the last attempt"
    );
    going.stop().await;
}
