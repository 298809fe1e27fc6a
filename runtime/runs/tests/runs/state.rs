//! What exports keep: with the run that succeeds, as a whole, and with no other.

use std::sync::Arc;

use chrono::TimeDelta;
use tokio::sync::Notify;
use tradewire_runs::CancellationToken;
use tradewire_runs::run::{Attempt, Failure, Report, Request};
use tradewire_runs::state::{FOLLOWED, HANDOVER, StateError};
use tradewire_schedule::Window;
use tradewire_store::{FailureKind, Outcome, StateChanges, StateKey, Store, StoreError};

use crate::support::faults::{Fault, Faulty};
use crate::support::{Bench, CONFIG, Closure};

const BUCKET: &str = "default";

/// Adds one to `count`, writes it into a file, and ends so.
fn counting(end: Result<(), Failure>) -> Closure {
    Closure::new(move |attempt| {
        let end = end.clone();
        async move {
            let count = count(&attempt).await? + 1;
            attempt.state.set(BUCKET, "count", Some(count.to_string().into_bytes())).await?;
            let mut file = attempt.files.create("count.csv", "text/csv").await?;
            file.write(count.to_string().as_bytes()).await?;
            file.finish(vec![]).await?;
            end.map(|()| Default::default())
        }
    })
}

/// The same without a file.
fn counting_quietly() -> Closure {
    Closure::new(|attempt| async move {
        let count = count(&attempt).await? + 1;
        attempt.state.set(BUCKET, "count", Some(count.to_string().into_bytes())).await?;
        Ok(Default::default())
    })
}

async fn count(attempt: &Attempt) -> Result<u64, StateError> {
    let value = attempt.state.get(BUCKET, "count").await?;
    Ok(value.map_or(0, |value| String::from_utf8(value).unwrap().parse().unwrap()))
}

async fn run(bench: &Bench, days: i64) -> Report {
    bench.runner.run(window(bench, days), CancellationToken::new()).await.unwrap()
}

/// The week that ended so many days ago.
fn window(bench: &Bench, days: i64) -> Request {
    use tradewire_runs::clock::Clock;
    let end = bench.clock.now().with_timezone(&chrono_tz::Tz::America__Phoenix) - TimeDelta::days(days);
    let window = Window { start: end - TimeDelta::days(7), end };
    Request { window: Some(window), ..Request::now("weekly", "acme") }
}

async fn kept(bench: &Bench) -> Option<String> {
    let state = bench.store.state("weekly", "acme").await.unwrap();
    state.entries.get(&StateKey::new(BUCKET, "count")).map(|value| String::from_utf8(value.clone()).unwrap())
}

#[tokio::test]
async fn what_a_run_keeps_is_there_for_the_next_and_for_nobody_else() {
    let bench = Bench::new(counting(Ok(())));
    for days in [0, 7, 14] {
        assert_eq!(run(&bench, days).await.outcome(), Outcome::Succeeded);
    }
    assert_eq!((kept(&bench).await.as_deref(), bench.read("count.v3.csv").as_str()), (Some("3"), "3"));
    assert!(bench.store.state("weekly", "zenith").await.unwrap().entries.is_empty());
    assert!(bench.store.state("nowhere", "acme").await.unwrap().entries.is_empty());
}

#[tokio::test]
async fn a_run_that_does_not_succeed_keeps_nothing() {
    let bench = Bench::new(counting(Err(Failure::transient("no"))));
    assert_eq!(run(&bench, 0).await.outcome(), Outcome::Failed);
    assert_eq!(kept(&bench).await, None);
    // One that could not deliver keeps nothing either.
    bench.plugin.becomes(counting(Ok(())));
    std::fs::write(bench.outbox(), "not a folder").unwrap();
    assert_eq!(run(&bench, 0).await.outcome(), Outcome::Failed);
    assert_eq!(kept(&bench).await, None);
    std::fs::remove_file(bench.outbox()).unwrap();
    assert_eq!(run(&bench, 0).await.outcome(), Outcome::Succeeded);
    assert_eq!((kept(&bench).await.as_deref(), bench.read("count.csv").as_str()), (Some("1"), "1"));
}

/// The process dies at this request; another one ends what it has left.
async fn dies(plugin: Closure, request: &'static str, fault: Fault) -> Bench {
    let mut faulty = None;
    let bench = Bench::with(plugin, CONFIG, |store| {
        let store = Faulty::new(store, &[(request, fault)]);
        faulty = Some(store.clone());
        Arc::new(store)
    });
    let dying = tokio::spawn({
        let (runner, request) = (bench.runner.clone(), window(&bench, 0));
        async move { runner.run(request, CancellationToken::new()).await.map(|_| ()) }
    });
    faulty.unwrap().hung().await;
    dying.abort();
    let _ = dying.await;
    bench.clock.advance(TimeDelta::seconds(61));
    assert_eq!(bench.another().recover().await.unwrap().len(), 1);
    bench
}

#[tokio::test]
async fn whoever_dies_keeps_everything_or_nothing() {
    for (request, fault, kept_then) in [
        ("decide_delivery", Fault::HangsBefore, None),
        ("decide_delivery", Fault::HangsAfter, Some("1")),
        ("close_run", Fault::HangsBefore, Some("1")),
        ("close_run", Fault::HangsAfter, Some("1")),
    ] {
        for plugin in [counting(Ok(())), counting_quietly()] {
            if let ("close_run", Fault::HangsAfter) = (request, fault) {
                continue; // Nothing is left to recover.
            }
            let bench = dies(plugin, request, fault).await;
            let outcome = if kept_then.is_some() { Outcome::Succeeded } else { Outcome::Interrupted };
            let runs = bench.store.runs(&Default::default()).await.unwrap();
            assert_eq!(runs[0].ending.as_ref().unwrap().outcome, outcome, "{request} {fault:?}");
            assert_eq!(kept(&bench).await.as_deref(), kept_then, "{request} {fault:?}");
        }
    }
}

#[tokio::test]
async fn a_decision_whose_answer_is_lost_is_made_once() {
    for plugin in [counting(Ok(())), counting_quietly()] {
        let bench = Bench::with(plugin, CONFIG, |store| {
            Arc::new(Faulty::new(store, &[("decide_delivery", Fault::DoneButFails(1))]))
        });
        assert_eq!(run(&bench, 0).await.outcome(), Outcome::Succeeded);
        assert_eq!(kept(&bench).await.as_deref(), Some("1"));
    }
}

#[tokio::test]
async fn of_two_runs_that_go_on_at_once_one_is_to_be_run_again() {
    let (read, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (told, waits) = (read.clone(), go_on.clone());
    let slow = Closure::new(move |attempt| {
        let (told, waits) = (told.clone(), waits.clone());
        async move {
            let count = count(&attempt).await? + 1;
            told.notify_one();
            waits.notified().await;
            attempt.state.set(BUCKET, "count", Some(count.to_string().into_bytes())).await?;
            let file = attempt.files.create("slow.csv", "text/csv").await?;
            file.finish(vec![]).await?;
            Ok(Default::default())
        }
    });
    let bench = Bench::new(slow);
    let first = tokio::spawn({
        let (runner, request) = (bench.runner.clone(), window(&bench, 0));
        async move { runner.run(request, CancellationToken::new()).await.unwrap() }
    });
    read.notified().await;
    bench.plugin.becomes(counting_quietly());
    assert_eq!(run(&bench, 7).await.outcome(), Outcome::Succeeded);
    go_on.notify_one();
    let ending = first.await.unwrap().run.ending.unwrap();
    assert_eq!((ending.outcome, ending.failure), (Outcome::Failed, Some(FailureKind::Transient)));
    assert!(
        ending.message.contains("the state of `weekly` for `acme` has been changed meanwhile"),
        "{}",
        ending.message
    );
    assert!(bench.names().is_empty(), "nothing of it is delivered: {:?}", bench.names());
    bench.plugin.becomes(counting(Ok(())));
    assert_eq!(run(&bench, 0).await.outcome(), Outcome::Succeeded);
    assert_eq!(kept(&bench).await.as_deref(), Some("2"), "no count is lost");
}

#[tokio::test]
async fn limits_are_kept_and_name_their_setting() {
    let config = CONFIG.replace(
        "log_lines = 50",
        "log_lines = 50, state = \"100 B\", state_keys = 3, state_value = \"60 B\", state_key = \"8 B\"",
    );
    let plugin = Closure::new(|attempt| async move {
        let state = &attempt.state;
        let refused = async |key: &str, size: usize| {
            state.set(BUCKET, key, Some(vec![b'x'; size])).await.unwrap_err().to_string()
        };
        assert!(refused("", 1).await.contains("empty"));
        assert!(refused("too-long-", 1).await.contains("raise `state_key` in the plugin's `limits`"));
        assert!(refused("a", 61).await.contains("raise `state_value` in the plugin's `limits`"));
        state.set(BUCKET, "a", Some(vec![b'x'; 60])).await?;
        assert!(refused("b", 60).await.contains("the limit of 100 B: raise `state` in the plugin's `limits`"));
        assert_eq!(state.get(BUCKET, "b").await?, None, "what is refused is not there");
        for key in ["b", "c"] {
            state.set("other", key, Some(Vec::new())).await?;
        }
        assert!(refused("d", 1).await.contains("raise `state_keys` in the plugin's `limits`"));
        state.set("other", "b", None).await?;
        state.set("other", "d", Some(b"y".to_vec())).await?;
        assert_eq!(state.keys("other", None).await?, (vec!["c".to_owned(), "d".to_owned()], false));
        assert_eq!(state.keys("other", Some("c")).await?, (vec!["d".to_owned()], false));
        Ok(Default::default())
    });
    let bench = Bench::with(plugin, &config, |store| store);
    let report = run(&bench, 0).await;
    assert_eq!(report.outcome(), Outcome::Succeeded, "{:?}", report.run.ending);
    let state = bench.store.state("weekly", "acme").await.unwrap();
    let keys: Vec<String> = state.entries.keys().map(|place| format!("{}/{}", place.bucket, place.key)).collect();
    assert_eq!(keys, ["default/a", "other/c", "other/d"]);
}

#[tokio::test]
async fn many_keys_are_listed_in_pages() {
    let plugin = Closure::new(|attempt| async move {
        for n in 0..2500 {
            attempt.state.set(BUCKET, &format!("{n:04}"), Some(Vec::new())).await?;
        }
        let (mut all, mut after) = (Vec::new(), None::<String>);
        loop {
            let (keys, more) = attempt.state.keys(BUCKET, after.as_deref()).await?;
            after = keys.last().cloned();
            all.extend(keys);
            if !more {
                break;
            }
        }
        assert_eq!((all.len(), all[0].as_str(), all[2499].as_str()), (2500, "0000", "2499"));
        Ok(Default::default())
    });
    assert_eq!(run(&Bench::new(plugin), 0).await.outcome(), Outcome::Succeeded);
}

#[tokio::test]
async fn by_hand_a_state_is_changed_only_as_it_was_read() {
    let bench = Bench::new(counting_quietly());
    run(&bench, 0).await;
    let changes = StateChanges { version: 0, entries: vec![(StateKey::new(BUCKET, "count"), None)] };
    let error = bench.store.change_state("weekly", "acme", changes.clone()).await.unwrap_err();
    assert!(matches!(error, StoreError::StateMoved { .. }));
    let version = bench.store.state("weekly", "acme").await.unwrap().version;
    bench.store.change_state("weekly", "acme", StateChanges { version, ..changes }).await.unwrap();
    assert_eq!(kept(&bench).await, None);
}

#[tokio::test]
async fn whoever_runs_after_reads_what_was_handed_over_and_changes_nothing_of_it() {
    let config = format!("{CONFIG}\n[export.report]\nrun = \"payroll\"\ntenants = [\"acme\"]\nafter = \"weekly\"\n");
    let plugin = Closure::new(async |attempt: Attempt| match attempt.job.export.as_str() {
        "weekly" => {
            attempt.state.set(HANDOVER, "bill-1", Some(b"first".to_vec())).await?;
            attempt.state.set(BUCKET, "secret", Some(b"own".to_vec())).await?;
            assert_eq!(attempt.state.get(FOLLOWED, "bill-1").await, Err(StateError::FollowsNone));
            if attempt.job.attempt == 1 { Err(Failure::transient("no")) } else { Ok(Default::default()) }
        }
        _ => {
            assert_eq!(attempt.state.set(FOLLOWED, "bill-1", None).await, Err(StateError::ReadOnly));
            let (keys, more) = attempt.state.keys(FOLLOWED, None).await?;
            assert!(!more);
            let mut read = Vec::new();
            for key in keys {
                let value = attempt.state.get(FOLLOWED, &key).await?.unwrap_or_default();
                read.push(format!("{key} {}", String::from_utf8(value).unwrap()));
            }
            assert_eq!(attempt.state.keys(FOLLOWED, Some("bill-1")).await?, (vec![], false));
            Ok(tradewire_runs::run::Summary { message: read.join(", ") })
        }
    });
    let bench = Bench::with(plugin, &config, |store| store);
    let read = async |bench: &Bench| {
        let request = Request { export: "report".into(), force: true, ..window(bench, 0) };
        bench.runner.run(request, CancellationToken::new()).await.unwrap().run.ending.unwrap().message
    };
    assert_eq!(run(&bench, 0).await.outcome(), Outcome::Failed);
    assert_eq!(read(&bench).await, "", "what failed hands nothing over");
    assert_eq!(run(&bench, 0).await.outcome(), Outcome::Succeeded);
    assert_eq!(read(&bench).await, "bill-1 first");
}
