//! The write journal: whatever dies or breaks at whatever moment, a write is sent once, or its run waits and says so.

use std::sync::{Arc, Mutex};

use chrono::{TimeDelta, Utc};
use tradewire_client::{CallError, ServiceTitan};
use tradewire_runs::CancellationToken;
use tradewire_runs::run::{Failure, Report, Request, RunError};
use tradewire_store::{Outcome, Resolution, Store, WriteState};

use crate::support::api::{Ends, Scripted, call};
use crate::support::faults::{Fault, Faulty};
use crate::support::{Bench, CONFIG, Closure, at};

const CREATE: &str = "dispatch/team.create";

/// What the plugin was answered, call by call.
type Answers = Arc<Mutex<Vec<Result<String, CallError>>>>;

/// A plugin that makes these calls in order (operation, values in its path, body), goes on whatever comes of them, and
/// ends with the first error.
fn calling(api: &Scripted, calls: &[(&str, &str, &str)]) -> (Closure, Answers) {
    let answers = Answers::default();
    let (api, told) = (api.clone(), answers.clone());
    let calls: Vec<_> = calls.iter().map(|(o, p, b)| (o.to_string(), p.to_string(), b.to_string())).collect();
    let plugin = Closure::new(move |attempt| {
        let (api, told, calls) = (attempt.journal.layer(Arc::new(api.clone())), told.clone(), calls.clone());
        async move {
            told.lock().unwrap().clear();
            for (operation, value, body) in calls {
                let path: Vec<&str> = value.split_whitespace().collect();
                let answer = call(&*api, &operation, &path, &body).await;
                told.lock().unwrap().push(answer);
            }
            let mut file = attempt.files.create("a.csv", "text/csv").await?;
            file.write(b"done").await?;
            file.finish(vec![]).await?;
            match told.lock().unwrap().iter().find_map(|answer| answer.as_ref().err()) {
                Some(error) => Err(Failure::transient(error.message.clone())),
                None => Ok(Default::default()),
            }
        }
    });
    (plugin, answers)
}

async fn run(bench: &Bench) -> Result<Report, RunError> {
    bench.runner.run(Request::now("weekly", "acme"), CancellationToken::new()).await
}

async fn outcome(bench: &Bench) -> Outcome {
    run(bench).await.unwrap().outcome()
}

fn oks(answers: &Answers) -> Vec<String> {
    answers.lock().unwrap().iter().map(|answer| answer.clone().unwrap()).collect()
}

#[tokio::test]
async fn a_later_attempt_is_answered_from_the_journal_and_sends_what_is_new() {
    let api = Scripted::with([Ends::Well("1"), Ends::Well("2"), Ends::Well("3"), Ends::Refused(400)]);
    let (plugin, answers) =
        calling(&api, &[(CREATE, "", "a"), (CREATE, "", "a"), (CREATE, "", "b"), (CREATE, "", "c")]);
    let bench = Bench::new(plugin);
    assert_eq!(outcome(&bench).await, Outcome::Failed);
    assert_eq!(api.sent().len(), 4, "equal calls of one attempt are two");
    let report = run(&bench).await.unwrap();
    assert_eq!((report.outcome(), report.run.opening.attempt), (Outcome::Succeeded, 2));
    assert_eq!(oks(&answers), ["1", "2", "3", "{\"id\":5}"]);
    assert_eq!(api.sent()[4..], ["dispatch/team.create  c"], "what failed is sent anew, and nothing else");
    assert_eq!(outcome(&bench).await, Outcome::Unchanged, "whoever runs the window again makes nothing twice");
    assert_eq!(api.sent().len(), 5);
    let again = Request { force: true, ..Request::now("weekly", "acme") };
    let report = bench.runner.run(again, CancellationToken::new()).await.unwrap();
    assert_eq!((api.sent().len(), report.run.opening.attempt), (9, 1), "unless they ask for it");
}

#[tokio::test]
async fn a_call_that_failed_and_was_repeated_is_one_write() {
    let api = Scripted::with([Ends::Refused(409), Ends::Well("1"), Ends::Refused(400)]);
    let (plugin, answers) = calling(&api, &[(CREATE, "", "a"), (CREATE, "", "a"), (CREATE, "", "b")]);
    let bench = Bench::new(plugin);
    assert_eq!(outcome(&bench).await, Outcome::Failed);
    assert_eq!(outcome(&bench).await, Outcome::Succeeded);
    assert_eq!(
        answers.lock().unwrap()[0],
        Ok("1".to_owned()),
        "the first of the next attempt is the one that was made"
    );
    let made = api.sent().iter().filter(|sent| sent.ends_with(" a")).count();
    assert_eq!(made, 3, "the second is one more");
}

#[tokio::test]
async fn an_unresolved_write_holds_the_run_its_window_and_everything_that_it_would_write() {
    let api = Scripted::with([Ends::Well("1"), Ends::Lost]);
    let (plugin, answers) =
        calling(&api, &[(CREATE, "", "a"), (CREATE, "", "b"), (CREATE, "", "b"), (CREATE, "", "c")]);
    let bench = Bench::new(plugin);
    let report = run(&bench).await.unwrap();
    let ending = report.run.ending.as_ref().unwrap();
    assert_eq!((ending.outcome, ending.failure), (Outcome::Waiting, None));
    assert!(ending.reasons[0].starts_with("dispatch/team.create (POST /dispatch/v2/tenant/1234567890/teams)"));
    assert_eq!(api.sent().len(), 2, "neither the same again nor another");
    assert!(answers.lock().unwrap()[3].as_ref().unwrap_err().message.contains("unresolved, so the run waits"));
    assert!(bench.names().is_empty(), "{:?}", bench.names());
    assert!(matches!(run(&bench).await, Err(RunError::Waits(waits)) if waits == report.run.opening.id));
    let next = Request { force: true, ..Request::now("weekly", "acme") };
    assert!(matches!(bench.runner.run(next, CancellationToken::new()).await, Err(RunError::Waits(_))));
    let other = bench.runner.run(Request::now("weekly", "zenith"), CancellationToken::new()).await.unwrap();
    assert_eq!(other.outcome(), Outcome::Succeeded, "another tenant does not wait");
}

#[tokio::test]
async fn a_plugin_that_ignores_an_unresolved_write_waits_all_the_same() {
    let api = Scripted::with([Ends::Lost]);
    let bench = Bench::new(Closure::new(move |attempt| {
        let api = attempt.journal.layer(Arc::new(api.clone()));
        async move {
            let _ = call(&*api, CREATE, &[], "a").await;
            let file = attempt.files.create("a.csv", "text/csv").await?;
            file.finish(vec![]).await?;
            Ok(Default::default())
        }
    }));
    assert_eq!(outcome(&bench).await, Outcome::Waiting);
    assert!(bench.names().is_empty() && bench.staged().is_empty());
}

#[tokio::test]
async fn an_unresolved_write_is_resolved_either_way_and_the_run_goes_on() {
    for (resolution, sent, first) in [
        (Resolution::Applied(Some("7".into())), 2, "7"),
        (Resolution::Applied(None), 2, ""),
        (Resolution::NotApplied, 3, "{\"id\":2}"),
    ] {
        let api = Scripted::with([Ends::Lost]);
        let (plugin, answers) = calling(&api, &[(CREATE, "", "a"), (CREATE, "", "b")]);
        let bench = Bench::new(plugin);
        assert_eq!(outcome(&bench).await, Outcome::Waiting);
        let unresolved_write = bench.store.unresolved_writes().await.unwrap().remove(0);
        assert_eq!(
            (unresolved_write.export.as_str(), unresolved_write.tenant_id, unresolved_write.write.attempt),
            ("weekly", 1234567890, 1)
        );
        assert!(bench.store.settled_runs().await.unwrap().is_empty());
        bench.store.resolve_write(unresolved_write.write.id, &resolution, Utc::now()).await.unwrap();
        assert!(bench.store.unresolved_writes().await.unwrap().is_empty());
        assert_eq!(bench.store.settled_runs().await.unwrap()[0].opening.id, unresolved_write.write.run);
        assert_eq!(outcome(&bench).await, Outcome::Succeeded);
        assert_eq!((api.sent().len(), oks(&answers)[0].as_str()), (sent, first), "{resolution:?}");
        assert!(bench.store.settled_runs().await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_change_that_happened_is_answered_with_the_record_as_it_is() {
    let api = Scripted::with([Ends::Lost]);
    let (plugin, answers) = calling(&api, &[("crm/customers.update", "5", "{}")]);
    let bench = Bench::new(plugin);
    assert_eq!(outcome(&bench).await, Outcome::Waiting);
    let unresolved_write = bench.store.unresolved_writes().await.unwrap().remove(0);
    bench.store.resolve_write(unresolved_write.write.id, &Resolution::Applied(None), Utc::now()).await.unwrap();
    assert_eq!(outcome(&bench).await, Outcome::Succeeded);
    assert_eq!(api.sent()[1..], ["crm/customers.get 5 "]);
    assert_eq!(oks(&answers), ["{\"id\":2}"]);
}

#[tokio::test]
async fn what_may_be_sent_twice_is_sent_again_and_nobody_is_asked() {
    let api = Scripted::with([Ends::Lost, Ends::Well("1"), Ends::Lost, Ends::Refused(404)]);
    let put = ("dispatch/arrival-windows.update", "5", "{}");
    let (plugin, answers) = calling(&api, &[put]);
    let bench = Bench::new(plugin);
    assert_eq!(outcome(&bench).await, Outcome::Failed);
    assert_eq!(outcome(&bench).await, Outcome::Succeeded);
    assert_eq!((api.sent().len(), oks(&answers)), (2, vec!["1".to_owned()]));
    let (plugin, answers) = calling(&api, &[("dispatch/team.delete", "5", "")]);
    bench.plugin.becomes(plugin);
    assert_eq!(outcome(&bench).await, Outcome::Failed);
    assert_eq!(outcome(&bench).await, Outcome::Unchanged, "gone is what was asked for");
    assert_eq!((api.sent().len(), oks(&answers)), (4, vec![String::new()]));
}

#[tokio::test]
async fn the_raw_door_goes_through_the_journal_and_reads_do_not() {
    let api = Scripted::default();
    let seen = api.clone();
    let bench = Bench::new(Closure::new(move |attempt| {
        let api = attempt.journal.layer(Arc::new(seen.clone()));
        async move {
            let path = &"/x/tenant/{tenant}/y".parse().unwrap();
            api.raw("POST".parse().unwrap(), path, &[], Some("{}".into())).await.unwrap();
            api.raw("GET".parse().unwrap(), path, &[], None).await.unwrap();
            call(&*api, "crm/customers.get", &["5"], "").await.unwrap();
            call(&*api, "dispatch/capacity.get-list", &[], "{}").await.unwrap();
            Err(Failure::transient("again"))
        }
    }));
    for _ in 0..2 {
        assert_eq!(outcome(&bench).await, Outcome::Failed);
    }
    let posts = api.sent().iter().filter(|sent| sent.starts_with("POST")).count();
    assert_eq!((posts, api.sent().len()), (1, 7));
}

fn faulty(plugin: Closure, faults: &[(&'static str, Fault)]) -> (Bench, Faulty) {
    let mut faulty = None;
    let bench = Bench::with(plugin, CONFIG, |store| Arc::new(faulty.insert(Faulty::new(store, faults)).clone()));
    (bench, faulty.unwrap())
}

#[tokio::test]
async fn a_store_that_hiccups_costs_no_write_and_makes_none_twice() {
    for faults in [
        [("begin_write", Fault::Fails(2)), ("settle_write", Fault::Fails(2))],
        [("begin_write", Fault::DoneButFails(2)), ("settle_write", Fault::DoneButFails(2))],
    ] {
        let api = Scripted::default();
        let (plugin, answers) = calling(&api, &[(CREATE, "", "a")]);
        let (bench, _) = faulty(plugin, &faults);
        assert_eq!(outcome(&bench).await, Outcome::Succeeded);
        assert_eq!((api.sent().len(), oks(&answers).len()), (1, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_cannot_be_recorded_is_unresolved_and_nothing_more_is_sent() {
    let api = Scripted::default();
    let (plugin, _) = calling(&api, &[(CREATE, "", "a"), (CREATE, "", "b")]);
    let config = CONFIG.replace("time = \"1 min\"", "time = \"1 h\"");
    let faults = [("settle_write", Fault::Fails(1000))];
    let bench = Bench::with(plugin, &config, |store| Arc::new(Faulty::new(store, &faults)));
    assert_eq!(outcome(&bench).await, Outcome::Waiting);
    assert_eq!(api.sent().len(), 1);
}

#[tokio::test]
async fn dead_between_the_journal_and_the_answer_the_run_waits() {
    for (fault, sent) in [("begin_write", 0), ("settle_write", 1)] {
        let api = Scripted::default();
        let (plugin, _) = calling(&api, &[(CREATE, "", "a")]);
        let how = if sent == 0 { Fault::HangsAfter } else { Fault::HangsBefore };
        let (bench, faulty) = faulty(plugin, &[(fault, how)]);
        tokio::select! {
            report = run(&bench) => panic!("it should have died: {report:?}"),
            () = faulty.hung() => {}
        }
        let ended = bench.another().recover().await.unwrap();
        let ending = bench.store.run(ended[0]).await.unwrap().unwrap().ending.unwrap();
        assert_eq!(ending.outcome, Outcome::Waiting);
        assert!(ending.reasons[0].contains("the run ended before it was answered"), "{ending:?}");
        assert_eq!(api.sent().len(), sent);
        assert_eq!(bench.store.unresolved_writes().await.unwrap()[0].write.state, WriteState::Unresolved);
    }
}

#[tokio::test]
async fn a_run_that_is_cancelled_waits_for_the_answer_to_what_it_has_sent() {
    let api = Scripted::with([Ends::Hangs]);
    let (plugin, _) = calling(&api, &[(CREATE, "", "a")]);
    let bench = Bench::new(plugin);
    let cancel = CancellationToken::new();
    tokio::time::pause();
    let run = bench.runner.run(Request::now("weekly", "acme"), cancel.clone());
    let (report, ()) = tokio::join!(run, async {
        while api.sent().is_empty() {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        cancel.cancel();
    });
    assert_eq!(report.unwrap().outcome(), Outcome::Waiting);
}

#[tokio::test]
async fn only_an_open_run_begins_a_write_and_an_answer_that_comes_late_ends_it() {
    let api = Scripted::default();
    let (plugin, _) = calling(&api, &[(CREATE, "", "a")]);
    let (bench, faulty) = faulty(plugin, &[("settle_write", Fault::HangsBefore)]);
    let taken: Arc<Mutex<Option<Arc<dyn ServiceTitan>>>> = Arc::default();
    let seen = taken.clone();
    let late = api.clone();
    bench.plugin.becomes(Closure::new(move |attempt| {
        let api = attempt.journal.layer(Arc::new(late.clone()));
        *seen.lock().unwrap() = Some(api.clone());
        async move {
            let _ = call(&*api, CREATE, &[], "a").await;
            std::future::pending().await
        }
    }));
    tokio::select! {
        report = run(&bench) => panic!("it should have died: {report:?}"),
        () = faulty.hung() => {}
    }
    bench.clock.advance(TimeDelta::minutes(2));
    let run_id = bench.another().recover().await.unwrap()[0];
    let api_of_the_dead = taken.lock().unwrap().take().unwrap();
    let error = call(&*api_of_the_dead, CREATE, &[], "b").await.unwrap_err();
    assert!(error.message.contains("is closed"), "{error:?}");
    assert_eq!(api.sent().len(), 1);
    let unresolved_write = bench.store.unresolved_writes().await.unwrap().remove(0);
    let answer = tradewire_store::WriteAnswer { status: 200, body: Some("9".into()) };
    let settlement = tradewire_store::Settlement::Answered(answer);
    bench.store.settle_write(run_id, unresolved_write.write.id, &settlement, at("2026-03-11T12:05:00Z")).await.unwrap();
    assert!(bench.store.unresolved_writes().await.unwrap().is_empty());
    assert_eq!(bench.store.writes(run_id).await.unwrap()[0].answer.as_deref(), Some(&b"9"[..]));
    let resolution = bench.store.resolve_write(unresolved_write.write.id, &Resolution::NotApplied, Utc::now()).await;
    assert!(resolution.unwrap_err().to_string().contains("no unresolved write"), "what is known cannot be overruled");
}
