//! Exports that run after others: what begins their runs, and that none is lost or made twice.

use std::sync::Arc;

use tradewire_runs::CancellationToken;
use tradewire_runs::run::{Failure, Request, RunError, Summary};
use tradewire_runs::scheduler::{Condition, statuses};
use tradewire_schedule::Window;
use tradewire_store::{Outcome, Pause, RunRecord, SlotFilter, SlotRecord, SlotState, Store, TriggerKind};

use crate::support::scheduling::{Going, a_while, runs_of, start, until};
use crate::support::{Bench, CONFIG, Closure, at};

/// With `report`, which runs after `weekly` for acme, and `archive`, which runs after that.
fn config() -> String {
    let follower = |name: &str, after: &str| {
        format!("\n[export.{name}]\nrun = \"payroll\"\ntenants = [\"acme\"]\nafter = \"{after}\"\n")
    };
    format!("{CONFIG}{}{}", follower("report", "weekly"), follower("archive", "report"))
}

fn bench(plugin: Closure) -> Bench {
    Bench::with(plugin, &config(), |store| store)
}

fn week(from: &str, to: &str) -> Window {
    Window::parse(from, to, chrono_tz::Tz::America__Phoenix).unwrap()
}

fn request(from: &str, to: &str) -> Request {
    Request { window: Some(week(from, to)), ..Request::now("weekly", "acme") }
}

/// Runs `weekly` by hand for a week.
async fn run(bench: &Bench, request: Request) -> RunRecord {
    bench.runner.run(request, CancellationToken::new()).await.unwrap().run
}

async fn slots(bench: &Bench, export: &str) -> Vec<SlotRecord> {
    let filter = SlotFilter { export: Some(export.into()), ..SlotFilter::default() };
    let mut slots = bench.store.slots(&filter).await.unwrap();
    slots.reverse();
    slots
}

async fn begin(bench: &Bench) -> Going {
    start(bench.runner.clone()).await
}

async fn ended(bench: &Bench, export: &str) -> usize {
    runs_of(bench, export).await.iter().filter(|run| run.ending.is_some()).count()
}

#[tokio::test]
async fn a_run_that_succeeds_is_followed_for_its_tenant_and_window_and_so_is_its_follower() {
    let bench = bench(Closure::writing(&[]));
    let going = begin(&bench).await;
    bench.clock.set("2026-03-16T13:00:00Z");
    until("the last of them ran", async || ended(&bench, "archive").await == 1).await;
    let weekly = runs_of(&bench, "weekly").await.into_iter().find(|run| run.opening.tenant == "acme").unwrap();
    let report = runs_of(&bench, "report").await.remove(0);
    assert_eq!((report.opening.trigger, report.opening.window), (TriggerKind::After, weekly.opening.window));
    let slot = slots(&bench, "report").await.remove(0);
    assert_eq!((slot.state, slot.run, slot.trigger), (SlotState::Taken, Some(report.opening.id), TriggerKind::After));
    assert_eq!(slot.cause, Some(format!("run {} of weekly", weekly.opening.id)));
    assert_eq!(runs_of(&bench, "archive").await.remove(0).opening.window, weekly.opening.window);
    a_while().await;
    assert_eq!([ended(&bench, "weekly").await, ended(&bench, "report").await], [2, 1], "zenith has no report");
    going.stop().await;
}

#[tokio::test]
async fn what_fails_is_not_followed_and_what_is_tried_again_is_followed_once() {
    let plugin = Closure::new(async |attempt| match (attempt.job.export.as_str(), attempt.job.attempt) {
        ("weekly", 1) => Err(Failure::transient("the vendor is down")),
        _ => Ok(Summary::default()),
    });
    let bench = bench(plugin);
    let week = request("2026-03-02", "2026-03-09");
    assert_eq!(run(&bench, week.clone()).await.ending.unwrap().outcome, Outcome::Failed);
    assert!(slots(&bench, "report").await.is_empty());
    assert_eq!(run(&bench, week.clone()).await.ending.unwrap().outcome, Outcome::Succeeded);
    assert_eq!(slots(&bench, "report").await.len(), 1);
    // A third attempt goes on with what is done; a run of its own is followed for itself.
    assert_eq!(run(&bench, week.clone()).await.opening.attempt, 3);
    assert_eq!(slots(&bench, "report").await.len(), 1);
    run(&bench, Request { force: true, ..week }).await;
    assert_eq!(slots(&bench, "report").await.len(), 1, "its first attempt fails");
}

#[tokio::test]
async fn what_has_changed_nothing_is_not_followed() {
    let bench = bench(Closure::writing(&[("a.csv", "1\n")]));
    let week = request("2026-03-02", "2026-03-09");
    run(&bench, week.clone()).await;
    let again = run(&bench, Request { force: true, ..week.clone() }).await;
    assert_eq!(again.ending.unwrap().outcome, Outcome::Unchanged);
    assert_eq!(slots(&bench, "report").await.len(), 1);
    bench.plugin.becomes(Closure::writing(&[("a.csv", "2\n")]));
    run(&bench, Request { force: true, ..week }).await;
    assert_eq!(slots(&bench, "report").await.len(), 2);
}

#[tokio::test]
async fn a_process_that_dies_between_the_two_loses_nothing_and_makes_nothing_twice() {
    let bench = bench(Closure::writing(&[]));
    // Nobody runs schedules: the process ends with the run that is followed.
    let weekly = run(&bench, request("2026-03-02", "2026-03-09")).await;
    assert_eq!(slots(&bench, "report").await[0].state, SlotState::Queued);
    let going = start(Arc::new(bench.another())).await;
    until("it runs", async || ended(&bench, "archive").await == 1).await;
    going.kill();
    let going = start(Arc::new(bench.another())).await;
    a_while().await;
    let report = runs_of(&bench, "report").await;
    assert_eq!((report.len(), report[0].opening.window), (1, weekly.opening.window));
    going.stop().await;
}

#[tokio::test]
async fn what_another_process_queues_is_found_at_the_next_look() {
    let bench = bench(Closure::writing(&[]));
    let going = start(Arc::new(bench.another())).await;
    a_while().await;
    run(&bench, request("2026-03-02", "2026-03-09")).await;
    bench.clock.advance(chrono::TimeDelta::seconds(31));
    until("it is found", async || ended(&bench, "report").await == 1).await;
    going.stop().await;
}

#[tokio::test]
async fn slots_queued_at_one_moment_are_due_one_after_the_other_and_all_run() {
    let bench = bench(Closure::writing(&[]));
    let weeks = ["2026-02-16", "2026-02-23", "2026-03-02", "2026-03-09"];
    for pair in weeks.windows(2) {
        run(&bench, request(pair[0], pair[1])).await;
    }
    let dues: Vec<_> = slots(&bench, "report").await.iter().map(|slot| slot.due).collect();
    let first = at("2026-03-11T12:00:00Z");
    assert_eq!(dues, [0, 1, 2].map(|millis| first + chrono::TimeDelta::milliseconds(millis)));
    let going = begin(&bench).await;
    until("all ran", async || ended(&bench, "report").await == 3).await;
    let mut windows: Vec<_> = runs_of(&bench, "report").await.iter().map(|run| run.opening.window).collect();
    windows.reverse();
    assert_eq!(windows, weeks.windows(2).map(|pair| week(pair[0], pair[1])).collect::<Vec<_>>());
    going.stop().await;
}

#[tokio::test]
async fn a_pause_and_a_blackout_are_waited_for() {
    let config = config().replace("after = \"weekly\"", "after = \"weekly\"\nblackout = [\"2026-03-12\"]");
    let bench = Bench::with(Closure::writing(&[]), &config, |store| store);
    let pause = Pause { export: "report".into(), tenant: None, since: at("2026-03-11T00:00:00Z") };
    bench.store.pause(&pause).await.unwrap();
    let going = begin(&bench).await;
    run(&bench, request("2026-03-02", "2026-03-09")).await;
    a_while().await;
    assert_eq!(slots(&bench, "report").await[0].state, SlotState::Queued);
    let status = |now: &'static str| {
        let (config, store) = (bench.runner.config().clone(), bench.store.clone());
        async move {
            let all = statuses(&config, &store, at(now)).await.unwrap();
            all.into_iter().find(|status| status.export == "report").unwrap()
        }
    };
    let paused = status("2026-03-11T12:00:00Z").await;
    assert_eq!((paused.condition, paused.queued, paused.next), (Condition::Paused, 1, None));
    assert_eq!(paused.trigger.to_string(), "after weekly");
    bench.clock.set("2026-03-12T12:00:00Z");
    bench.store.resume("report", None).await.unwrap();
    a_while().await;
    assert_eq!(slots(&bench, "report").await[0].state, SlotState::Queued, "it lies in the blackout");
    assert_eq!(status("2026-03-12T12:00:00Z").await.condition, Condition::Queued);
    assert_eq!(status("2026-03-13T12:00:00Z").await.condition, Condition::Overdue);
    bench.clock.set("2026-03-13T12:00:00Z");
    until("it runs", async || ended(&bench, "report").await == 1).await;
    assert_eq!(status("2026-03-13T12:00:00Z").await.condition, Condition::Ready);
    going.stop().await;
}

#[tokio::test]
async fn a_slot_that_a_run_of_its_window_bars_goes_on_waiting() {
    let gate = Arc::new(tokio::sync::Semaphore::new(0));
    let held = gate.clone();
    let plugin = Closure::new(move |attempt| {
        let held = held.clone();
        async move {
            if attempt.job.export == "report" {
                held.acquire().await.unwrap().forget();
            }
            Ok(Summary::default())
        }
    });
    let bench = bench(plugin);
    let by_hand = Request { export: "report".into(), ..request("2026-03-02", "2026-03-09") };
    let by_hand = bench.runner.open(by_hand).await.unwrap();
    let runner = bench.runner.clone();
    let by_hand = tokio::spawn(async move { runner.carry_out(by_hand, CancellationToken::new()).await.unwrap() });
    let going = begin(&bench).await;
    run(&bench, request("2026-03-02", "2026-03-09")).await;
    let barred = "of the same window still goes on";
    let reason = async || slots(&bench, "report").await[0].reason.clone().unwrap_or_default();
    until("it is barred", async || reason().await.ends_with(barred)).await;
    assert_eq!(slots(&bench, "report").await[0].state, SlotState::Queued);
    gate.add_permits(2);
    assert!(by_hand.await.unwrap().succeeded());
    bench.clock.advance(chrono::TimeDelta::seconds(31));
    until("its turn comes", async || slots(&bench, "report").await[0].state == SlotState::Taken).await;
    going.stop().await;
}

#[tokio::test]
async fn by_hand_it_needs_a_window() {
    let bench = bench(Closure::writing(&[]));
    let error = bench.runner.run(Request::now("report", "acme"), CancellationToken::new()).await.unwrap_err();
    assert!(matches!(error, RunError::NoOwnWindow { .. }));
    let told = "export `report` runs after weekly, which says what its runs account for: name a window with `--from` and \
                `--to`";
    assert_eq!(error.to_string(), told);
}
