//! Deliveries to destinations that are down, slow or far: whatever happens and whoever comes next, each file arrives
//! once, whole and in order, and nothing that comes after it begins before.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use tradewire_delivery::DestinationError;
use tradewire_runs::CancellationToken;
use tradewire_runs::history;
use tradewire_runs::run::{Attempt, DeliverError, Report, Request, RunError, Summary};
use tradewire_runs::scheduler::{Condition, statuses};
use tradewire_runs::state::{FOLLOWED, HANDOVER};
use tradewire_schedule::Window;
use tradewire_store::{
    Claim, Claimed, DeliveryState, FailureKind, FileState, Outcome, Postponed, RunRecord, SlotFilter, Store,
};

use crate::support::destination::{ADDRESS, FakeDestination, Trouble, down};
use crate::support::faults::{Fault, Faulty};
use crate::support::scheduling::{a_while, runs_of, start, until};
use crate::support::{Bench, CONFIG, Closure, at};

const FILES: [(&str, &str); 2] = [("a.csv", "1\n"), ("b.csv", "2\n")];
const ALL: [&str; 4] = ["a.csv", "a.csv.total.json", "b.csv", "b.csv.total.json"];

fn config() -> String {
    let sftp = format!(
        "to = \"{ADDRESS}\"\nuser = \"acme\"\npassword = {{ env = \"PASSWORD\" }}\n\
         retries = {{ times = 3, backoff = \"10 min\", longest = \"15 min\" }}"
    );
    let after = "\n[export.report]\nrun = \"payroll\"\ntenants = [\"acme\"]\nafter = \"weekly\"\n";
    CONFIG.replacen("to = \"outbox\"", &sftp, 1) + after
}

fn bench_of(files: &[(&str, &str)], faults: &[(&'static str, Fault)]) -> (Bench, FakeDestination, Faulty) {
    let destination = FakeDestination::default();
    let mut faulty = None;
    let around = |store| -> Arc<dyn Store> { Arc::new(faulty.insert(Faulty::new(store, faults)).clone()) };
    let bench = Bench::delivering(Closure::writing(files), &config(), around, Arc::new(destination.clone()));
    (bench, destination, faulty.unwrap())
}

fn bench() -> (Bench, FakeDestination) {
    let (bench, destination, _) = bench_of(&FILES, &[]);
    (bench, destination)
}

fn week(n: u32) -> Request {
    let window =
        Window::parse(&format!("2026-01-{n:02}"), &format!("2026-01-{:02}", n + 7), chrono_tz::Tz::UTC).unwrap();
    Request { window: Some(window), ..Request::now("weekly", "acme") }
}

async fn run(bench: &Bench, request: Request) -> Report {
    bench.runner.run(request, CancellationToken::new()).await.unwrap()
}

async fn read(bench: &Bench, run: &RunRecord) -> RunRecord {
    bench.store.run(run.opening.id).await.unwrap().unwrap()
}

fn never() -> std::future::Pending<()> {
    std::future::pending()
}

#[tokio::test]
async fn files_are_brought_there_first_and_each_total_gets_its_name_before_its_file() {
    let (bench, destination) = bench();
    let report = run(&bench, week(5)).await;
    assert_eq!(report.outcome(), Outcome::Succeeded, "{report:?}");
    assert_eq!(destination.names(), ALL);
    let of_a: Vec<String> = destination.steps().into_iter().filter(|step| step.contains("a.csv")).collect();
    let expected = [
        "look for a.csv",
        "look for a.csv.total.json",
        "stage a.csv.total.json",
        "stage a.csv",
        "publish a.csv.total.json",
        "publish a.csv",
    ];
    assert_eq!(of_a, expected);
    assert_eq!(report.files[0].state, FileState::Delivered);
    assert_eq!(
        (report.files[0].destination.as_str(), report.files[0].delivered_at),
        (ADDRESS, Some(at("2026-03-11T12:00:00Z")))
    );
    let delivery = bench.store.delivery(report.run.opening.id).await.unwrap().unwrap();
    assert_eq!((delivery.state, delivery.tries, delivery.destination.as_str()), (DeliveryState::Done, 0, ADDRESS));
    // The same window with the same bytes goes nowhere.
    let steps = destination.steps().len();
    destination.trouble("all", Trouble::Fails(u32::MAX, down));
    assert_eq!(run(&bench, week(5)).await.outcome(), Outcome::Unchanged);
    assert_eq!(destination.steps().len(), steps);
}

#[tokio::test]
async fn a_destination_that_is_down_leaves_a_run_that_delivers_and_succeeds_without_its_plugin() {
    let (bench, destination) = bench();
    destination.trouble("all", Trouble::Fails(u32::MAX, down));
    let report = run(&bench, week(5)).await;
    assert_eq!((report.outcome(), report.succeeded(), report.delivers()), (Outcome::Delivering, false, true));
    let ending = report.run.ending.as_ref().unwrap();
    assert_eq!((ending.message.as_str(), ending.retry_at), ("`a.csv`: the receiver is down", None));
    let delivery = report.delivery.unwrap();
    assert_eq!((delivery.state, delivery.tries), (DeliveryState::Pending, 1));
    assert_eq!(delivery.next_try, Some(at("2026-03-11T12:10:00Z")));
    assert!(report.files.iter().all(|file| file.state == FileState::Queued));
    assert!(bench.staged().is_empty(), "the run is over");
    // Whoever asks for the window is told, and what comes after it has not begun.
    let refused = bench.runner.run(week(5), CancellationToken::new()).await.unwrap_err();
    assert!(matches!(refused, RunError::Delivers(run) if run == report.run.opening.id), "{refused}");
    let report_slots = SlotFilter { export: Some("report".into()), ..SlotFilter::default() };
    assert!(bench.store.slots(&report_slots).await.unwrap().is_empty());
    // Any process completes it, and the plugin is not asked again.
    bench.plugin.becomes(Closure::new(async |_| panic!("the plugin is not needed")));
    destination.recovers();
    let other = bench.another();
    let done = other.deliver(&report.run.opening, never()).await.unwrap();
    assert_eq!((done.outcome(), done.run.ending.unwrap().message.as_str()), (Outcome::Succeeded, "done"));
    assert_eq!(destination.names(), ALL);
    assert_eq!((destination.read("a.csv"), destination.read("b.csv")), ("1\n".into(), "2\n".into()));
    assert_eq!(bench.store.slots(&report_slots).await.unwrap().len(), 1, "and now that begins");
    let over = other.deliver(&report.run.opening, never()).await.unwrap_err();
    assert!(matches!(over, DeliverError::Over(_)), "{over}");
}

#[tokio::test]
async fn a_hiccup_costs_no_more_than_a_moment() {
    let (bench, destination) = bench();
    destination.trouble("stage a.csv", Trouble::Fails(2, down));
    destination.trouble("publish b.csv", Trouble::AnswerIsLost(1));
    destination.trouble("publish b.csv.total.json", Trouble::AnswerIsLost(1));
    assert_eq!(run(&bench, week(5)).await.outcome(), Outcome::Succeeded);
    assert_eq!(destination.names(), ALL);
}

#[tokio::test]
async fn whatever_step_a_process_dies_at_each_file_arrives_once() {
    for step in [
        "stage a.csv.total.json",
        "stage a.csv",
        "publish a.csv.total.json",
        "publish a.csv",
        "stage b.csv",
        "publish b.csv",
    ] {
        for trouble in [Trouble::HangsBefore, Trouble::HangsAfter] {
            let (bench, destination) = bench();
            destination.trouble(step, trouble.clone());
            tokio::select! {
                report = run(&bench, week(5)) => panic!("it should have died: {report:?}"),
                () = destination.hung() => {}
            }
            destination.recovers();
            // The receiver takes away what it has.
            let fetched = destination.names().contains(&"a.csv".to_owned());
            if fetched {
                destination.remove("a.csv");
            }
            arrives(&bench, &destination, fetched, &format!("{step}, {trouble:?}")).await;
        }
    }
}

#[tokio::test]
async fn whatever_is_not_recorded_when_a_process_dies_each_file_arrives_once() {
    for request in ["decide_delivery", "claim_delivery", "record_file", "close_run"] {
        for fault in [Fault::HangsBefore, Fault::HangsAfter] {
            if (request, matches!(fault, Fault::HangsBefore)) == ("decide_delivery", true) {
                continue;
            }
            let (bench, destination, faulty) = bench_of(&FILES, &[(request, fault)]);
            tokio::select! {
                report = run(&bench, week(5)) => panic!("it should have died: {report:?}"),
                () = faulty.hung() => {}
            }
            if (request, matches!(fault, Fault::HangsAfter)) == ("close_run", true) {
                assert_eq!(destination.names(), ALL);
                continue;
            }
            arrives(&bench, &destination, false, &format!("{request}, {fault:?}")).await;
        }
    }
}

/// What another process makes of a run whose process has died.
async fn arrives(bench: &Bench, destination: &FakeDestination, fetched: bool, what: &str) {
    bench.clock.advance(TimeDelta::minutes(2));
    let ended = bench.another().recover().await.unwrap();
    assert_eq!(ended.len(), 1, "{what}");
    let run = bench.store.run(ended[0]).await.unwrap().unwrap();
    assert_eq!(run.ending.as_ref().unwrap().outcome, Outcome::Succeeded, "{what}: {run:?}");
    assert_eq!(destination.names(), ALL[usize::from(fetched)..], "{what}");
    assert_eq!(destination.parts(), 0, "{what}");
    assert!(bench.staged().is_empty(), "{what}");
}

#[tokio::test]
async fn one_process_at_a_time_tries_a_delivery_and_one_that_slept_records_nothing() {
    let (bench, destination) = bench();
    destination.trouble("all", Trouble::Fails(u32::MAX, down));
    let report = run(&bench, week(5)).await;
    let opening = report.run.opening;
    destination.recovers();
    destination.trouble("stage a.csv", Trouble::HangsBefore);
    let (sleeper, other) = (bench.another(), bench.another());
    tokio::select! {
        tried = sleeper.deliver(&opening, never()) => panic!("it should sleep: {tried:?}"),
        () = destination.hung() => {}
    }
    destination.recovers();
    let held = other.deliver(&opening, never()).await.unwrap_err();
    assert!(matches!(held, DeliverError::Held(_)), "{held}");
    let held = other.give_up(&opening).await.unwrap_err();
    assert!(matches!(held, DeliverError::Held(_)), "{held}");
    // Its lease ends, or its process.
    bench.clock.advance(TimeDelta::minutes(2));
    assert!(other.deliver(&opening, never()).await.unwrap().succeeded());
    assert_eq!(destination.names(), ALL);
    let late = bench.store.renew_delivery(opening.id, "the sleeper", bench.clock.now_plus(60)).await.unwrap_err();
    assert!(late.to_string().contains("is not this process's any more"), "{late}");
}

#[tokio::test]
async fn a_process_that_has_ended_holds_nothing_any_more() {
    let (bench, destination) = bench();
    destination.trouble("all", Trouble::Fails(u32::MAX, down));
    let opening = run(&bench, week(5)).await.run.opening;
    destination.recovers();
    destination.trouble("stage a.csv", Trouble::HangsBefore);
    let dying = bench.another();
    tokio::select! {
        tried = dying.deliver(&opening, never()) => panic!("it should hang: {tried:?}"),
        () = destination.hung() => {}
    }
    destination.recovers();
    // As the system does it when a process is killed: the lock goes, its file stays.
    let outbox = bench.runner.outbox().folder().to_owned();
    let alive =
        || crate::support::names(&outbox).into_iter().filter(|name| name.starts_with("alive.")).collect::<Vec<_>>();
    let before = alive();
    drop(dying);
    for name in before.iter().filter(|name| !alive().contains(name)) {
        std::fs::write(outbox.join(name), "").unwrap();
    }
    assert!(bench.another().deliver(&opening, never()).await.unwrap().succeeded(), "at once, whatever its lease says");
    assert_eq!(destination.names(), ALL);
}

#[tokio::test]
async fn files_of_one_export_arrive_in_the_order_of_their_runs() {
    let (bench, destination) = bench();
    destination.trouble("all", Trouble::Fails(u32::MAX, down));
    let first = run(&bench, week(5)).await;
    destination.recovers();
    let second = run(&bench, week(12)).await;
    assert_eq!(second.outcome(), Outcome::Delivering, "the first is not due, so this waits");
    assert!(destination.names().is_empty());
    let other = bench.another();
    let behind = other.deliver(&second.run.opening, never()).await.unwrap_err();
    assert!(matches!(behind, DeliverError::Behind { first: id, .. } if id == first.run.opening.id), "{behind}");
    // Another tenant's do not wait.
    assert_eq!(run(&bench, Request { tenant: "zenith".into(), ..week(5) }).await.outcome(), Outcome::Succeeded);
    let zenith = destination.steps().len();
    bench.clock.advance(TimeDelta::minutes(11));
    let third = run(&bench, week(19)).await;
    assert_eq!(third.outcome(), Outcome::Succeeded, "what is due is tried first");
    let published: Vec<String> = destination
        .steps()
        .split_off(zenith)
        .into_iter()
        .filter(|step| step.starts_with("publish a") && !step.contains("total"))
        .collect();
    assert_eq!(published, ["publish a.v2.csv", "publish a.v3.csv", "publish a.v4.csv"]);
    for (run, version) in [(&first, 2), (&second, 3), (&third, 4)] {
        let file = bench.store.files(run.run.opening.id).await.unwrap().remove(0);
        assert_eq!((file.version, file.state), (version, FileState::Delivered));
        assert!(read(&bench, &run.run).await.succeeded());
    }
}

#[tokio::test]
async fn what_a_destination_asks_to_wait_is_waited() {
    let (bench, destination) = bench();
    destination.trouble(
        "stage a.csv",
        Trouble::Fails(1, || DestinationError { retry_after: Some(Duration::from_secs(3 * 3600)), ..down() }),
    );
    let report = run(&bench, week(5)).await;
    assert_eq!(report.outcome(), Outcome::Delivering, "and it is not asked again at once");
    assert_eq!(report.delivery.unwrap().next_try, Some(at("2026-03-11T15:00:00Z")));
}

#[tokio::test]
async fn what_lasts_waits_for_an_operator() {
    let (bench, destination) = bench();
    destination
        .trouble("publish a.csv", Trouble::Fails(1, || DestinationError::permanent("the host key is another: pin it")));
    let report = run(&bench, week(5)).await;
    let delivery = report.delivery.clone().unwrap();
    assert_eq!((delivery.state, delivery.next_try), (DeliveryState::Stopped, None));
    assert_eq!(delivery.last_error.as_deref(), Some("`a.csv`: the host key is another: pin it"));
    let status = statuses(bench.runner.config(), &bench.store, bench.clock.now_plus(0)).await.unwrap().remove(0);
    assert_eq!(status.condition, Condition::Delivering);
    let reason = status.reason.unwrap();
    assert!(reason.contains("pin it") && reason.contains("not again by itself"), "{reason}");
    let (going, steps) = (start(bench.runner.clone()).await, destination.steps().len());
    bench.clock.advance(TimeDelta::hours(5));
    a_while().await;
    assert_eq!(destination.steps().len(), steps, "nobody tries it by himself");
    going.stop().await;
    // The operator does; it is brought there anew.
    assert!(bench.runner.deliver(&report.run.opening, never()).await.unwrap().succeeded());
    assert_eq!(destination.names(), ALL);
}

#[tokio::test]
async fn tries_end_at_last_and_an_operator_may_go_on() {
    let (bench, destination) = bench();
    destination.trouble("all", Trouble::Fails(u32::MAX, down));
    let opening = run(&bench, week(5)).await.run.opening;
    let mut tried = Vec::new();
    for _ in 0..3 {
        let delivery = bench.runner.deliver(&opening, never()).await.unwrap().delivery.unwrap();
        let pause = delivery.next_try.map(|at| (at - bench.clock.now_plus(0)).num_minutes());
        tried.push((delivery.tries, delivery.state, pause));
    }
    use DeliveryState::{Pending, Stopped};
    assert_eq!(tried, [(2, Pending, Some(15)), (3, Pending, Some(15)), (4, Stopped, None)]);
    destination.recovers();
    assert!(bench.runner.deliver(&opening, never()).await.unwrap().succeeded());
}

#[tokio::test]
async fn a_delivery_that_is_given_up_leaves_nothing_and_the_window_may_be_run_again() {
    let (bench, destination) = bench();
    destination.trouble("publish a.csv", Trouble::Fails(u32::MAX, down));
    let report = run(&bench, week(5)).await;
    assert_eq!(destination.parts(), 1, "the file; its total has its name");
    let ended = bench.runner.give_up(&report.run.opening).await.unwrap();
    assert_eq!(ended.outcome(), Outcome::Cancelled);
    assert_eq!(
        ended.run.ending.unwrap().message,
        "its delivery was given up by an operator; 0 of 2 files were delivered"
    );
    assert!(ended.files.iter().all(|file| file.state == FileState::Cancelled));
    assert_eq!((destination.parts(), bench.store.deliveries().await.unwrap().len()), (0, 0));
    destination.recovers();
    let again = run(&bench, week(5)).await;
    assert_eq!((again.outcome(), again.run.opening.attempt), (Outcome::Succeeded, 2));
    assert_eq!(again.files[0].delivered_as, "a.v2.csv", "the first name has a total beside it");
    assert_eq!(destination.read("a.v2.csv"), "1\n");
}

#[tokio::test]
async fn a_delivery_that_is_asked_to_end_ends_at_the_next_try() {
    let (bench, destination) = bench();
    destination.trouble("all", Trouble::Fails(u32::MAX, down));
    let report = run(&bench, week(5)).await;
    destination.recovers();
    bench.store.ask_to_cancel(report.run.opening.id, bench.clock.now_plus(0)).await.unwrap();
    let ended = bench.runner.deliver(&report.run.opening, never()).await.unwrap();
    assert_eq!((ended.outcome(), destination.names().len()), (Outcome::Cancelled, 0));
}

#[tokio::test]
async fn what_is_asked_to_end_while_it_is_tried_is_due_at_once() {
    let (bench, destination) = bench();
    destination.trouble("all", Trouble::Fails(u32::MAX, down));
    let opening = run(&bench, week(5)).await.run.opening;
    destination.recovers();
    let (by, now) = ("another".to_owned(), bench.clock.now_plus(0));
    let claim = Claim { by, now, until: bench.clock.now_plus(60), ended: None, in_turn: true };
    assert!(matches!(bench.store.claim_delivery(opening.id, &claim).await.unwrap(), Claimed::Yes { .. }));
    bench.store.ask_to_cancel(opening.id, now).await.unwrap();
    // Its try fails for good before it sees what is asked.
    let error = "the host key is another: pin it".to_owned();
    let postponed = Postponed { state: DeliveryState::Stopped, tries: 2, error, next_try: None };
    bench.store.postpone_delivery(opening.id, "another", &postponed).await.unwrap();
    let going = start(bench.runner.clone()).await;
    until("it is given up", async || bench.store.deliveries().await.unwrap().is_empty()).await;
    let ended = bench.store.run(opening.id).await.unwrap().unwrap();
    assert_eq!((ended.ending.unwrap().outcome, destination.names().len()), (Outcome::Cancelled, 0));
    going.stop().await;
}

#[tokio::test]
async fn an_answer_that_is_lost_before_what_lasts_sends_nothing_twice() {
    let (bench, destination) = bench();
    destination.trouble("publish a.csv", Trouble::AnswerIsLost(5));
    let report = run(&bench, week(5)).await;
    assert_eq!((report.outcome(), destination.names().len()), (Outcome::Delivering, 2));
    // The receiver takes the file, and then lets nobody in.
    destination.remove("a.csv");
    destination
        .trouble("publish a.csv.total.json", Trouble::Fails(1, || DestinationError::permanent("the key is refused")));
    let refused = bench.runner.deliver(&report.run.opening, never()).await.unwrap();
    assert_eq!(refused.delivery.unwrap().state, DeliveryState::Stopped);
    assert!(bench.runner.deliver(&report.run.opening, never()).await.unwrap().succeeded());
    assert_eq!(destination.names(), ["a.csv.total.json", "b.csv", "b.csv.total.json"], "it was there once");
}

#[tokio::test]
async fn a_try_that_is_told_to_stop_leaves_a_delivery_as_it_was() {
    let (bench, destination) = bench();
    destination
        .trouble("stage a.csv", Trouble::Fails(1, || DestinationError::permanent("the host key is another: pin it")));
    let opening = run(&bench, week(5)).await.run.opening;
    destination.trouble("stage a.csv", Trouble::HangsBefore);
    let stopped = bench.runner.deliver(&opening, destination.hung()).await.unwrap().delivery.unwrap();
    assert_eq!((stopped.state, stopped.next_try), (DeliveryState::Stopped, None));
    assert_eq!(stopped.last_error.as_deref(), Some("`a.csv`: the host key is another: pin it"));
}

#[tokio::test]
async fn what_fails_of_an_earlier_run_is_no_fault_of_a_later_one() {
    let (bench, destination, faulty) = bench_of(&FILES, &[]);
    destination.trouble("all", Trouble::Fails(u32::MAX, down));
    run(&bench, week(5)).await;
    destination.recovers();
    bench.clock.advance(TimeDelta::minutes(11));
    // Looking for the earlier run's delivery fails; recording the later one's own end does not.
    faulty.fails("delivery", 1);
    let later = run(&bench, week(12)).await;
    assert_eq!(later.outcome(), Outcome::Delivering, "it waits for the one before");
    assert!(later.run.ending.is_some());
}

#[tokio::test]
async fn what_is_handed_over_is_read_only_once_its_files_are_there() {
    let (bench, destination) = bench();
    bench.plugin.becomes(Closure::new(async |attempt: Attempt| match attempt.job.export.as_str() {
        "weekly" => {
            attempt.state.set(HANDOVER, "bill-1", Some(b"told".to_vec())).await?;
            attempt.files.create("a.csv", "text/csv").await?.finish(vec![]).await?;
            Ok(Default::default())
        }
        _ => {
            let told = attempt.state.get(FOLLOWED, "bill-1").await?;
            Ok(Summary { message: String::from_utf8(told.unwrap_or_default()).unwrap() })
        }
    }));
    destination.trouble("all", Trouble::Fails(u32::MAX, down));
    let opening = run(&bench, week(5)).await.run.opening;
    let by_hand = async || {
        let report = run(&bench, Request { export: "report".into(), ..week(5) }).await;
        let ending = report.run.ending.unwrap();
        (ending.outcome, ending.failure, ending.message)
    };
    let (outcome, failure, message) = by_hand().await;
    assert_eq!((outcome, failure), (Outcome::Failed, Some(FailureKind::Transient)));
    assert!(message.contains("`weekly` for this window are not all delivered yet"), "{message}");
    destination.recovers();
    bench.runner.give_up(&opening).await.unwrap();
    let (outcome, failure, message) = by_hand().await;
    assert_eq!((outcome, failure), (Outcome::Failed, Some(FailureKind::Refused)));
    assert!(message.contains("was given up"), "{message}");
    assert_eq!(run(&bench, week(5)).await.outcome(), Outcome::Succeeded);
    assert_eq!(by_hand().await, (Outcome::Succeeded, None, "told".to_owned()));
}

#[tokio::test]
async fn a_name_that_is_taken_becomes_the_next_version_and_its_total_says_so() {
    let (bench, destination) = bench();
    destination.put("a.csv", "theirs");
    destination.put("b.csv.total.json", "theirs");
    assert_eq!(run(&bench, week(5)).await.outcome(), Outcome::Succeeded);
    assert_eq!(
        (destination.read("a.csv"), destination.read("a.v2.csv"), destination.read("b.v2.csv")),
        ("theirs".into(), "1\n".into(), "2\n".into())
    );
    assert!(destination.read("a.v2.csv.total.json").contains("\"versionOf\": \"a.csv\""));
    // Other bytes of the same window are a new version.
    bench.plugin.becomes(Closure::writing(&[("a.csv", "3\n")]));
    let corrected = run(&bench, week(5)).await;
    assert_eq!((corrected.files[0].version, destination.read("a.v3.csv")), (3, "3\n".into()));
}

#[tokio::test]
async fn the_schedule_goes_on_meanwhile_and_files_are_tried_when_they_are_due() {
    let (bench, destination) = bench();
    let going = start(bench.runner.clone()).await;
    destination.trouble("all", Trouble::Fails(u32::MAX, down));
    let delivering = async |n: usize| {
        let runs = runs_of(&bench, "weekly").await;
        runs.iter().filter(|run| run.delivers()).count() == n
    };
    bench.clock.set("2026-03-16T13:00:00Z");
    until("acme and zenith deliver", async || delivering(2).await).await;
    a_while().await;
    // The next slot runs though the files of the first have not arrived.
    bench.clock.set("2026-03-23T13:00:00Z");
    until("those deliver as well", async || delivering(4).await).await;
    assert!(runs_of(&bench, "report").await.is_empty());
    destination.recovers();
    bench.clock.advance(TimeDelta::minutes(20));
    until("all succeed", async || {
        let runs = runs_of(&bench, "weekly").await;
        runs.iter().filter(|run| run.succeeded()).count() == 4
    })
    .await;
    until("acme's are followed", async || {
        let runs = runs_of(&bench, "report").await;
        runs.iter().filter(|run| run.ending.is_some()).count() == 2
    })
    .await;
    assert_eq!(destination.names().iter().filter(|name| name.starts_with("a.") && name.ends_with(".csv")).count(), 4);
    going.stop().await;
}

#[tokio::test]
async fn what_was_produced_can_be_read_until_its_run_is_forgotten() {
    let (bench, destination) = bench();
    let done = run(&bench, week(5)).await;
    destination.trouble("all", Trouble::Fails(u32::MAX, down));
    bench.plugin.becomes(Closure::writing(&[("a.csv", "later\n")]));
    let under_way = run(&bench, week(12)).await;
    let outbox = bench.runner.outbox();
    let content = |report: &Report| outbox.open(&report.files[0]).map(|file| std::io::read_to_string(file).unwrap());
    assert_eq!((content(&done).unwrap(), content(&under_way).unwrap()), ("1\n".into(), "later\n".into()));
    std::fs::write(outbox.folder().join("0".repeat(64)), "nobody's").unwrap();
    let pruned =
        history::prune(&bench.store, outbox, at("2026-03-01T00:00:00Z"), at("2026-03-11T12:00:00Z")).await.unwrap();
    assert_eq!(pruned.contents, 1, "only what nobody knows");
    let later = at("2027-03-01T00:00:00Z");
    let pruned = history::prune(&bench.store, outbox, later, later).await.unwrap();
    assert_eq!((pruned.logs, pruned.contents), (1, 2), "the files of the run that is done");
    assert!(content(&done).is_err());
    assert_eq!(content(&under_way).unwrap(), "later\n", "what is to be sent stays");
    destination.recovers();
    assert!(bench.runner.deliver(&under_way.run.opening, never()).await.unwrap().succeeded());
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_to_when_it_is_decided_is_tried_again() {
    let files = [("a.csv", "1\n")];
    let (bench, _, faulty) = {
        let mut faulty = None;
        let around = |store| -> Arc<dyn Store> {
            Arc::new(faulty.insert(Faulty::new(store, &[("claim_delivery", Fault::HangsBefore)])).clone())
        };
        let bench = Bench::with(Closure::writing(&files), CONFIG, around);
        (bench, (), faulty.unwrap())
    };
    tokio::select! {
        report = run(&bench, week(5)) => panic!("it should have died: {report:?}"),
        () = faulty.hung() => {}
    }
    // The disk goes and comes back as it was.
    let away = bench.folder.path().join("away");
    std::fs::rename(bench.outbox(), &away).unwrap();
    bench.clock.advance(TimeDelta::minutes(2));
    let ended = bench.another().recover().await.unwrap();
    let delivers = bench.store.run(ended[0]).await.unwrap().unwrap();
    assert!(delivers.delivers(), "{delivers:?}");
    std::fs::rename(&away, bench.outbox()).unwrap();
    assert!(bench.another().deliver(&delivers.opening, never()).await.unwrap().succeeded());
    assert_eq!(bench.names(), ["a.csv", "a.csv.total.json"]);
}
