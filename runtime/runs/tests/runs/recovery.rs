//! A process that dies, a store that fails: whatever the moment, a delivery is whole or is not.

use std::sync::Arc;

use chrono::TimeDelta;
use tokio::sync::Notify;
use tradewire_runs::CancellationToken;
use tradewire_runs::run::Request;
use tradewire_store::{FileState, Outcome, RunFilter, Store, StoreError};

use crate::support::faults::{Fault, Faulty};
use crate::support::{Bench, CONFIG, Closure};

fn bench(faults: &[(&'static str, Fault)]) -> (Bench, Faulty) {
    let files = [("a.csv", "1\n"), ("b.csv", "2\n")];
    let mut faulty = None;
    let bench = Bench::with(Closure::writing(&files), CONFIG, |store| {
        Arc::new(faulty.insert(Faulty::new(store, faults)).clone())
    });
    (bench, faulty.unwrap())
}

/// Runs until the process "dies" at its fault.
async fn run_and_die(bench: &Bench, faulty: &Faulty) {
    let run = bench.runner.run(Request::now("weekly", "acme"), CancellationToken::new());
    tokio::select! {
        report = run => panic!("it should have died: {report:?}"),
        () = faulty.hung() => {}
    }
}

async fn recover(bench: &Bench) -> (Outcome, usize) {
    bench.clock.advance(TimeDelta::minutes(2));
    let ended = bench.another().recover().await.unwrap();
    assert_eq!(ended.len(), 1);
    assert!(bench.staged().is_empty());
    let run = bench.store.run(ended[0]).await.unwrap().unwrap();
    let delivered = bench.store.files(ended[0]).await.unwrap();
    let delivered = delivered.iter().filter(|file| file.state == FileState::Delivered).count();
    (run.ending.unwrap().outcome, delivered)
}

const ALL: [&str; 4] = ["a.csv", "a.csv.total.json", "b.csv", "b.csv.total.json"];

#[tokio::test]
async fn dead_before_the_decision_nothing_is_delivered_and_no_part_is_left() {
    let (bench, faulty) = bench(&[("decide_delivery", Fault::HangsBefore)]);
    run_and_die(&bench, &faulty).await;
    assert_eq!(bench.names().iter().filter(|name| name.ends_with(".part")).count(), 4);
    assert_eq!(recover(&bench).await, (Outcome::Interrupted, 0));
    assert!(bench.names().is_empty(), "{:?}", bench.names());
}

#[tokio::test]
async fn dead_after_the_decision_everything_is_delivered_by_whoever_comes_next() {
    let (bench, faulty) = bench(&[("decide_delivery", Fault::HangsAfter)]);
    run_and_die(&bench, &faulty).await;
    assert_eq!(recover(&bench).await, (Outcome::Succeeded, 2));
    assert_eq!(bench.names(), ALL);
}

#[tokio::test]
async fn dead_with_everything_in_place_it_is_delivered_once() {
    let (bench, faulty) = bench(&[("close_run", Fault::HangsBefore)]);
    run_and_die(&bench, &faulty).await;
    assert_eq!(bench.names(), ALL);
    // The receiver fetches one file before anybody looks after the run.
    std::fs::remove_file(bench.outbox().join("a.csv")).unwrap();
    assert_eq!(recover(&bench).await, (Outcome::Succeeded, 2));
    assert_eq!(bench.names(), ALL[1..]);
}

#[tokio::test]
async fn dead_between_two_files_the_second_follows() {
    let (bench, faulty) = bench(&[("decide_delivery", Fault::HangsAfter)]);
    run_and_die(&bench, &faulty).await;
    let part = |name: &str| bench.names().into_iter().find(|part| part.starts_with(&format!(".{name}."))).unwrap();
    let total = bench.outbox().join(part("a.csv.total.json"));
    std::fs::rename(total, bench.outbox().join("a.csv.total.json")).unwrap();
    // And someone else takes the name of the other before it is moved.
    std::fs::write(bench.outbox().join("b.csv"), "theirs").unwrap();
    assert_eq!(recover(&bench).await, (Outcome::Succeeded, 2));
    let names = ["a.csv", "a.csv.total.json", "b.csv", "b.v2.csv", "b.v2.csv.total.json"];
    assert_eq!(bench.names(), names);
    assert!(bench.read("b.v2.csv.total.json").contains("\"file\": \"b.v2.csv\""));
    assert_eq!((bench.read("b.csv"), bench.read("b.v2.csv")), ("theirs".into(), "2\n".into()));
}

#[tokio::test]
async fn a_run_that_goes_on_is_not_taken_for_abandoned() {
    let (bench, faulty) = bench(&[("decide_delivery", Fault::HangsBefore)]);
    let runner = bench.runner.clone();
    let run = tokio::spawn(async move { runner.run(Request::now("weekly", "acme"), CancellationToken::new()).await });
    faulty.hung().await;
    assert!(bench.another().recover().await.unwrap().is_empty(), "its lease has not ended");
    bench.clock.advance(TimeDelta::minutes(2));
    assert!(bench.runner.recover().await.unwrap().is_empty(), "it goes on in this very process");
    run.abort();
}

#[tokio::test]
async fn a_process_that_has_ended_is_known_at_once() {
    let (bench, faulty) = bench(&[("decide_delivery", Fault::HangsBefore)]);
    run_and_die(&bench, &faulty).await;
    let ended = bench.another().recover().await.unwrap();
    assert_eq!(ended.len(), 1, "its lease goes on, but its lock is gone");
    assert_eq!(bench.store.run(ended[0]).await.unwrap().unwrap().ending.unwrap().outcome, Outcome::Interrupted);
    assert!(bench.names().is_empty() && bench.staged().is_empty());
}

#[tokio::test]
async fn a_process_that_slept_through_its_lease_delivers_nothing() {
    let bench = Bench::new(Closure::writing(&[]));
    let other = bench.another();
    let (asleep, awake) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (sleeps, wakes) = (asleep.clone(), awake.clone());
    bench.plugin.becomes(Closure::new(move |attempt| {
        let (sleeps, wakes) = (sleeps.clone(), wakes.clone());
        async move {
            let mut file = attempt.files.create("a.csv", "text/csv").await?;
            file.write(b"late").await?;
            file.finish(vec![]).await?;
            sleeps.notify_one();
            wakes.notified().await;
            Ok(Default::default())
        }
    }));
    let run = bench.runner.run(Request::now("weekly", "acme"), CancellationToken::new());
    let (run, ended) = tokio::join!(run, async {
        asleep.notified().await;
        bench.clock.advance(TimeDelta::minutes(2));
        let ended = other.recover().await.unwrap();
        awake.notify_one();
        ended
    });
    assert_eq!(ended.len(), 1);
    assert!(run.unwrap_err().to_string().contains("taken it for abandoned"));
    assert!(bench.names().is_empty(), "{:?}", bench.names());
}

#[tokio::test]
async fn a_store_that_hiccups_costs_nothing() {
    let (bench, _) = bench(&[
        ("append_log", Fault::Fails(2)),
        ("decide_delivery", Fault::DoneButFails(1)),
        ("close_run", Fault::Fails(3)),
    ]);
    let report = bench.runner.run(Request::now("weekly", "acme"), CancellationToken::new()).await.unwrap();
    assert_eq!(report.outcome(), Outcome::Succeeded);
    assert_eq!(bench.names(), ALL);
    let runs = bench.store.runs(&RunFilter::default()).await.unwrap();
    assert_eq!(runs[0].ending.as_ref().unwrap().outcome, Outcome::Succeeded);
}

#[tokio::test]
async fn a_decided_delivery_cannot_be_recorded_as_if_nothing_were_delivered() {
    let (bench, faulty) = bench(&[("decide_delivery", Fault::HangsAfter)]);
    run_and_die(&bench, &faulty).await;
    let run = bench.store.runs(&RunFilter::default()).await.unwrap().remove(0);
    let ending = tradewire_store::Ending {
        ended: run.opening.started,
        outcome: Outcome::Interrupted,
        retry_at: None,
        failure: None,
        message: String::new(),
        reasons: Vec::new(),
        plugin_digest: None,
        host_calls: Vec::new(),
        followers: Vec::new(),
        log_dropped: 0,
    };
    let error = bench.store.close_run(run.opening.id, &ending).await.unwrap_err();
    assert!(matches!(error, StoreError::Decided(_)), "{error}");
}
