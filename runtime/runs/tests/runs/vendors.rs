//! Calls to vendors in the journal: ordered once, whatever dies, breaks or changes on the way.

use std::sync::{Arc, Mutex};

use tradewire_client::CallError;
use tradewire_runs::CancellationToken;
use tradewire_runs::journal::look;
use tradewire_runs::run::{Failure, Request};
use tradewire_store::{Outcome, Resolution, Store, WriteState};

use crate::support::api::{Ends, Scripted, call};
use crate::support::faults::{Fault, Faulty};
use crate::support::vendor::{Came, Vendor};
use crate::support::{Bench, CONFIG, Closure, at};

const CREATE: &str = "dispatch/team.create";

type Answers = Arc<Mutex<Vec<Result<String, CallError>>>>;

/// A plugin that orders by these numbers, whatever comes of each, and fails at the end unless all are taken.
fn ordering(vendor: &Vendor, numbers: &[&'static str]) -> (Closure, Answers) {
    let (vendor, numbers, answers) = (vendor.clone(), numbers.to_vec(), Answers::default());
    let told = answers.clone();
    let plugin = Closure::new(move |attempt| {
        let (vendor, numbers, told) = (vendor.clone(), numbers.clone(), told.clone());
        async move {
            told.lock().unwrap().clear();
            for number in numbers {
                let answer = vendor.order(&attempt.journal, number).await;
                told.lock().unwrap().push(answer);
            }
            ended(told.lock().unwrap().iter().find_map(|answer| answer.as_ref().err()))
        }
    });
    (plugin, answers)
}

fn ended(error: Option<&CallError>) -> Result<tradewire_runs::run::Summary, Failure> {
    error.map_or(Ok(Default::default()), |error| Err(Failure::transient(error.message.clone())))
}

async fn outcome(bench: &Bench) -> Outcome {
    bench.runner.run(Request::now("weekly", "acme"), CancellationToken::new()).await.unwrap().outcome()
}

fn told(answers: &Answers) -> Vec<String> {
    let text = |answer: &Result<String, CallError>| answer.clone().unwrap_or_else(|error| error.message);
    answers.lock().unwrap().iter().map(text).collect()
}

#[tokio::test]
async fn an_order_that_was_taken_is_answered_and_one_that_was_refused_is_placed() {
    let vendor = Vendor::with([Came::Taken, Came::Taken, Came::Refused]);
    let (plugin, answers) = ordering(&vendor, &["1", "1", "2", "3"]);
    let bench = Bench::new(plugin);
    assert_eq!(outcome(&bench).await, Outcome::Failed);
    assert_eq!(vendor.asked(), ["1", "1", "2", "3"], "equal ones are two");
    assert_eq!(outcome(&bench).await, Outcome::Succeeded);
    assert_eq!(vendor.asked(), ["1", "1", "2", "3", "2"]);
    assert_eq!(told(&answers), ["taken 1", "taken 1", "taken 2", "taken 3"]);
    assert_eq!(outcome(&bench).await, Outcome::Succeeded, "and by hand once more");
    assert_eq!(vendor.asked().len(), 5);
}

#[tokio::test]
async fn an_answer_that_turns_out_to_say_no_is_a_refusal() {
    let vendor = Vendor::with([Came::SaysNo]);
    let (plugin, _) = ordering(&vendor, &["1"]);
    let bench = Bench::new(plugin);
    assert_eq!(outcome(&bench).await, Outcome::Failed);
    let run = bench.store.runs(&Default::default()).await.unwrap()[0].opening.id;
    assert_eq!(bench.store.writes(run).await.unwrap()[0].state, WriteState::Failed);
    assert_eq!(outcome(&bench).await, Outcome::Succeeded);
    assert_eq!(vendor.asked(), ["1", "1"]);
}

#[tokio::test]
async fn an_order_whose_answer_was_lost_holds_back_all_that_acts_until_it_is_resolved() {
    let vendor = Vendor::with([Came::Lost]);
    let (plugin, answers) = ordering(&vendor, &["1", "2"]);
    let bench = Bench::new(plugin);
    assert_eq!(outcome(&bench).await, Outcome::Waiting);
    assert_eq!(vendor.asked(), ["1"]);
    assert!(told(&answers)[1].contains("is unresolved, so the run waits"), "{:?}", told(&answers));

    let unresolved_write = bench.store.unresolved_writes().await.unwrap().remove(0);
    let write = &unresolved_write.write;
    assert_eq!((write.operation.as_str(), write.method.as_str()), ("harborline/purchaseorder", "POST"));
    assert_eq!(
        (write.path.as_str(), write.arguments.body.as_deref()),
        ("https://harborline.example/orders?at=0", Some("1"))
    );
    let went_out = write.arguments.vendor.clone().unwrap();
    assert_eq!((went_out.bytes, went_out.sha256.len()), (1, 64));
    assert_eq!(look(write, 7).unwrap().operation, "harborline/purchaseorderstatus");

    bench
        .store
        .resolve_write(write.id, &Resolution::Applied(Some("SO-9".into())), at("2026-03-11T13:00:00Z"))
        .await
        .unwrap();
    assert_eq!(outcome(&bench).await, Outcome::Succeeded);
    assert_eq!(told(&answers), ["SO-9", "taken 2"]);
    assert_eq!(vendor.asked(), ["1", "2"]);
}

#[tokio::test]
async fn an_order_that_was_not_applied_is_placed_again_whatever_goes_out_by_then() {
    let vendor = Vendor::with([Came::Lost]);
    let (plugin, _) = ordering(&vendor, &["1"]);
    let bench = Bench::new(plugin);
    assert_eq!(outcome(&bench).await, Outcome::Waiting);
    let unresolved_write = bench.store.unresolved_writes().await.unwrap().remove(0).write.id;
    bench.store.resolve_write(unresolved_write, &Resolution::NotApplied, at("2026-03-11T13:00:00Z")).await.unwrap();
    assert_eq!(outcome(&bench).await, Outcome::Succeeded);
    assert_eq!(vendor.asked(), ["1", "1"]);
    let run = bench.store.runs(&Default::default()).await.unwrap()[0].opening.id;
    let writes = bench.store.writes(run).await.unwrap();
    assert_eq!(writes.len(), 1);
    assert_eq!(writes[0].path, "https://harborline.example/orders?at=1", "what went out last is what is shown");
}

#[tokio::test]
async fn a_process_that_dies_between_the_order_and_its_answer_leaves_an_unresolved_write() {
    let vendor = Vendor::default();
    let (plugin, _) = ordering(&vendor, &["1"]);
    let mut faulty = None;
    let faults = [("settle_write", Fault::HangsBefore)];
    let bench = Bench::with(plugin, CONFIG, |store| Arc::new(faulty.insert(Faulty::new(store, &faults)).clone()));
    let runner = bench.runner.clone();
    let dies = tokio::spawn(async move { runner.run(Request::now("weekly", "acme"), CancellationToken::new()).await });
    faulty.unwrap().hung().await;
    dies.abort();
    let _ = dies.await;
    let another = bench.another();
    bench.clock.advance(chrono::TimeDelta::minutes(5));
    another.recover().await.unwrap();
    let runs = bench.store.runs(&Default::default()).await.unwrap();
    assert_eq!(runs[0].ending.as_ref().unwrap().outcome, Outcome::Waiting);
    assert_eq!((bench.store.unresolved_writes().await.unwrap().len(), vendor.asked().len()), (1, 1));
}

/// A plugin that makes one order whose templates make a team before and after, then a team of its own, and fails.
fn with_teams(vendor: &Vendor, api: &Scripted) -> Closure {
    let (vendor, api) = (vendor.clone(), api.clone());
    Closure::new(move |attempt| {
        let (vendor, api) = (vendor.clone(), Arc::new(api.clone()));
        async move {
            let request = attempt.journal.vendor("harborline", "purchaseorder", "1", "1");
            let inner = request.layer(api.clone());
            let known = request.before().await.unwrap().is_some();
            let team =
                async || call(&*inner, CREATE, &[], "a").await.map_err(|error| Failure::transient(error.message));
            if !known {
                team().await?;
            }
            vendor.order_by(&request, "1").await.map_err(|error| Failure::transient(error.message))?;
            team().await?;
            let own = attempt.journal.layer(api);
            call(&*own, CREATE, &[], "a").await.map_err(|error| Failure::transient(error.message))?;
            match attempt.job.attempt {
                3 => Ok(Default::default()),
                _ => Err(Failure::transient("not yet")),
            }
        }
    })
}

#[tokio::test]
async fn what_templates_write_is_the_requests_own_and_no_write_of_the_plugins() {
    let (vendor, api) = (Vendor::default(), Scripted::with([Ends::Well("1"), Ends::Well("2"), Ends::Refused(409)]));
    let bench = Bench::new(with_teams(&vendor, &api));
    assert_eq!(outcome(&bench).await, Outcome::Failed);
    assert_eq!((vendor.asked().len(), api.sent().len()), (1, 3), "two of the templates', the plugin's is refused");
    // The order is answered from the journal, so its first template writes nothing; what the second one writes is known,
    // and the plugin's own, which says the same, is still to be made.
    assert_eq!(outcome(&bench).await, Outcome::Failed);
    assert_eq!((vendor.asked().len(), api.sent().len()), (1, 4));
    assert_eq!(outcome(&bench).await, Outcome::Succeeded);
    assert_eq!((vendor.asked().len(), api.sent().len()), (1, 4));
}
