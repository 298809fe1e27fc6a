//! Webhook events and the runs that they begin: each is dispatched once, whatever happens in between.

use std::sync::{Arc, Mutex};

use chrono::TimeDelta;
use tradewire_runs::CancellationToken;
use tradewire_runs::history;
use tradewire_runs::replay;
use tradewire_runs::run::{Attempt, Failure, Request, Summary};
use tradewire_schedule::Window;
use tradewire_store::{
    Dispatch, DispatchState, EventFilter, EventId, EventRecord, Incoming, Outcome, Pause, SlotFilter, SlotState, Store,
    TriggerKind,
};
use tradewire_store_sqlite::SqliteStore;

use crate::support::scheduling::{a_while, runs_of, start, until};
use crate::support::{Bench, CONFIG, Closure, at};

/// With `jobs`, which runs on two types of events for acme.
fn config() -> String {
    format!(
        r#"{CONFIG}
[export.jobs]
run = "payroll"
tenants = ["acme"]
on = ["tn.jpm.job-completed", "tn.jpm.job-updated"]
retries = {{ times = 2, backoff = "1 s" }}

[webhook.all]
tenants = ["acme"]
secret = {{ env = "KEY" }}
"#
    )
}

fn event(occurrence: &str) -> EventRecord {
    EventRecord {
        id: EventId::new(),
        webhook: "all".to_owned(),
        tenant: "acme".to_owned(),
        tenant_id: 7,
        kind: "tn.jpm.job-completed".to_owned(),
        source: "https://webhooks.servicetitan.io".to_owned(),
        occurrence: occurrence.to_owned(),
        delivery: format!("delivery of {occurrence}"),
        time: at("2026-03-11T11:59:59Z"),
        received: at("2026-03-11T12:00:00Z"),
        payload: r#"{ "total": 12.10 }"#.to_owned(),
    }
}

async fn store(store: &dyn Store, event: EventRecord, takers: &[&str]) -> EventId {
    let takers = takers.iter().map(|taker| (*taker).to_owned()).collect();
    store.store_events(vec![Incoming { event, takers, by_address: false }]).await.unwrap()[0].id
}

/// Takes an event in, as a webhook does.
async fn come(bench: &Bench, occurrence: &str) -> EventId {
    let id = store(&bench.store, event(occurrence), &["jobs"]).await;
    bench.runner.queued().notify_one();
    id
}

/// What was handed over in each attempt, in order.
type Handed = Arc<Mutex<Vec<Vec<String>>>>;

async fn read(attempt: &Attempt) -> Vec<String> {
    let (mut read, mut place) = (Vec::new(), None);
    loop {
        let page = attempt.events.after(place, 2).await.unwrap();
        let Some((last, _)) = page.last() else { return read };
        place = Some(*last);
        read.extend(page.into_iter().map(|(_, event)| event.occurrence));
    }
}

/// A plugin that reads its events, and ends as this says.
fn reading(end: impl Fn(&Attempt) -> Result<Summary, Failure> + Send + Sync + Clone + 'static) -> (Closure, Handed) {
    let handed = Handed::default();
    let kept = handed.clone();
    let plugin = Closure::new(move |attempt: Attempt| {
        let (kept, end) = (kept.clone(), end.clone());
        async move {
            if attempt.job.export == "jobs" {
                let read = read(&attempt).await;
                kept.lock().unwrap().push(read);
            }
            end(&attempt)
        }
    });
    (plugin, handed)
}

fn bench(plugin: Closure) -> Bench {
    Bench::with(plugin, &config(), |store| store)
}

fn handed(of: &Handed) -> Vec<Vec<String>> {
    of.lock().unwrap().clone()
}

async fn dispatches(bench: &Bench, id: EventId) -> Vec<Dispatch> {
    bench.store.event(id).await.unwrap().unwrap().dispatches
}

async fn states(bench: &Bench, id: EventId) -> Vec<DispatchState> {
    dispatches(bench, id).await.iter().map(|dispatch| dispatch.state).collect()
}

#[tokio::test]
async fn an_event_is_stored_once_however_often_it_comes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tradewire.db");
    let first = event("a");
    assert_eq!(store(&SqliteStore::open(&path).unwrap(), first.clone(), &["jobs"]).await, first.id);
    let opened = SqliteStore::open(&path).unwrap();
    let again = EventRecord { delivery: "another".to_owned(), payload: "{}".to_owned(), ..event("a") };
    assert_eq!(store(&opened, again, &["jobs"]).await, first.id);
    let events = opened.events(&EventFilter::default()).await.unwrap();
    assert_eq!((events.len(), &events[0].event, events[0].dispatches.len()), (1, &first, 1), "as it came first");
    // What differs in anything that it is known by is another.
    for other in [
        event("b"),
        EventRecord { webhook: "jobs".to_owned(), ..event("a") },
        EventRecord { tenant: "zenith".to_owned(), ..event("a") },
        EventRecord { kind: "tn.jpm.job-updated".to_owned(), ..event("a") },
    ] {
        assert_eq!(store(&opened, other.clone(), &[]).await, other.id);
    }
    assert_eq!(opened.events(&EventFilter::default()).await.unwrap().len(), 5);
    let of_jobs = EventFilter { webhook: Some("jobs".to_owned()), ..EventFilter::default() };
    assert_eq!(opened.events(&of_jobs).await.unwrap().len(), 1);
    let latest = EventFilter { limit: Some(1), ..EventFilter::default() };
    assert_eq!(opened.events(&latest).await.unwrap()[0].event.kind, "tn.jpm.job-updated");
}

#[tokio::test]
async fn events_that_wait_together_begin_one_run_and_those_that_come_meanwhile_the_next() {
    let (plugin, seen) = reading(|_| Ok(Summary::default()));
    let bench = bench(plugin);
    let pause = Pause { export: "jobs".into(), tenant: None, since: at("2026-03-11T00:00:00Z") };
    bench.store.pause(&pause).await.unwrap();
    let going = start(bench.runner.clone()).await;
    let ids = [come(&bench, "a").await, come(&bench, "b").await, come(&bench, "c").await];
    come(&bench, "a").await;
    a_while().await;
    assert_eq!(states(&bench, ids[0]).await, [DispatchState::Waiting], "it is paused");
    bench.store.resume("jobs", None).await.unwrap();
    bench.clock.advance(TimeDelta::seconds(31));
    until("they are dispatched", async || states(&bench, ids[2]).await == [DispatchState::Dispatched]).await;
    let later = come(&bench, "d").await;
    until("so is the next", async || states(&bench, later).await == [DispatchState::Dispatched]).await;
    assert_eq!(handed(&seen), [vec!["a", "b", "c"], vec!["d"]]);
    let runs = runs_of(&bench, "jobs").await;
    assert_eq!((runs.len(), runs[0].opening.trigger), (2, TriggerKind::Events));
    let due = runs[0].opening.due.unwrap();
    assert_eq!(runs[0].opening.window, Window::moment(due).in_zone(chrono_tz::Tz::America__Phoenix));
    assert_eq!(dispatches(&bench, later).await[0].run, Some(runs[0].opening.id));
    going.stop().await;
}

#[tokio::test]
async fn an_event_of_which_only_its_address_says_whose_it_is_stays_that_tenants() {
    let (plugin, _) = reading(|_| Ok(Summary::default()));
    let bench = bench(plugin);
    let incoming = |webhook: &str, tenant: &str, by_address: bool| {
        let event = EventRecord { webhook: webhook.to_owned(), tenant: tenant.to_owned(), ..event("silent") };
        Incoming { event, takers: vec!["jobs".to_owned()], by_address }
    };
    // In one transaction and in others alike.
    let group = vec![incoming("all", "acme", true), incoming("all", "zenith", true)];
    let stored = bench.store.store_events(group).await.unwrap();
    let first = stored[0].id;
    assert_eq!((&stored[0].bound_to, stored[0].queued), (&None, true));
    assert_eq!((&stored[1].bound_to, stored[1].queued), (&Some("acme".to_owned()), false));
    for (webhook, tenant, by_address, bound) in [
        ("other", "zenith", true, Some("acme".to_owned())),
        ("all", "acme", true, None),
        ("other", "acme", true, None),
        // One that says whose it is, is another.
        ("all", "zenith", false, None),
    ] {
        let stored = bench.store.store_events(vec![incoming(webhook, tenant, by_address)]).await.unwrap();
        assert_eq!(stored[0].bound_to, bound, "{webhook} {tenant}");
        assert_eq!(
            stored[0].id == first,
            bound.is_some() || (webhook, tenant) == ("all", "acme"),
            "{webhook} {tenant}"
        );
    }
    assert_eq!(bench.store.events(&EventFilter::default()).await.unwrap().len(), 3);
}

#[tokio::test]
async fn a_burst_becomes_a_few_runs() {
    let (plugin, seen) = reading(|_| Ok(Summary::default()));
    let bench = bench(plugin);
    let takers = vec!["jobs".to_owned()];
    let incoming = |n: usize| Incoming { event: event(&n.to_string()), takers: takers.clone(), by_address: false };
    let stored = bench.store.store_events((0..2300).map(incoming).collect()).await.unwrap();
    assert_eq!(stored.iter().filter(|stored| stored.queued).count(), 3);
    // Large ones are fewer.
    let large = EventRecord { payload: format!("\"{}\"", "x".repeat(5 << 20)), ..event("large") };
    let larger = EventRecord { payload: large.payload.clone(), ..event("larger") };
    store(&bench.store, large, &["jobs"]).await;
    store(&bench.store, larger, &["jobs"]).await;
    let going = start(bench.runner.clone()).await;
    until("all are dispatched", async || handed(&seen).iter().map(Vec::len).sum::<usize>() == 2302).await;
    assert_eq!(handed(&seen).iter().map(Vec::len).collect::<Vec<_>>(), [1000, 1000, 301, 1]);
    let all: Vec<String> = handed(&seen).concat();
    assert_eq!(all[..2300], (0..2300).map(|n| n.to_string()).collect::<Vec<_>>());
    going.stop().await;
}

#[tokio::test]
async fn every_attempt_gets_the_same_events_and_what_fails_for_good_is_told_and_can_be_replayed() {
    let (plugin, seen) = reading(|attempt| match attempt.job.attempt {
        1 => Err(Failure::transient("the vendor is down")),
        _ => Err(Failure::refused("no such job")),
    });
    let bench = bench(plugin);
    let going = start(bench.runner.clone()).await;
    let id = come(&bench, "a").await;
    until("it fails", async || runs_of(&bench, "jobs").await.iter().any(|run| run.ending.is_some())).await;
    assert_eq!(states(&bench, id).await, [DispatchState::Waiting], "it is tried again");
    let later = come(&bench, "b").await;
    until("the other fails as well", async || {
        let runs = runs_of(&bench, "jobs").await;
        runs.len() == 2 && runs.iter().all(|run| run.ending.is_some())
    })
    .await;
    bench.clock.advance(TimeDelta::seconds(31));
    until("it fails for good", async || states(&bench, id).await == [DispatchState::Failed]).await;
    assert_eq!(handed(&seen).iter().filter(|events| **events == ["a"]).count(), 2);
    until("so does the other", async || states(&bench, later).await == [DispatchState::Failed]).await;

    let (plugin, seen) = reading(|_| Ok(Summary::default()));
    bench.plugin.becomes(plugin);
    let ids = [id, later];
    let told = replay(&bench.store, bench.runner.config(), &ids, None, at("2026-03-11T13:00:00Z")).await.unwrap();
    assert_eq!((told.len(), told[0].1.due), (2, told[1].1.due), "they begin one run");
    bench.runner.queued().notify_one();
    let expected = [DispatchState::Failed, DispatchState::Dispatched];
    until("they are dispatched", async || states(&bench, later).await == expected).await;
    assert_eq!(handed(&seen), [vec!["a", "b"]]);
    let slot = bench.store.slot("jobs", "acme", told[0].1.due).await.unwrap().unwrap();
    assert_eq!(slot.cause.as_deref(), Some("as an operator asked"));
    // Also what has succeeded.
    replay(&bench.store, bench.runner.config(), &[id], Some("jobs"), at("2026-03-11T14:00:00Z")).await.unwrap();
    bench.runner.queued().notify_one();
    until("it is dispatched again", async || handed(&seen).len() == 2).await;
    going.stop().await;
}

#[tokio::test]
async fn what_cannot_be_replayed_is_told() {
    let bench = bench(Closure::writing(&[]));
    let config = bench.runner.config().clone();
    let told = async |ids: &[EventId], export: Option<&str>| {
        let now = at("2026-03-11T13:00:00Z");
        replay(&bench.store, &config, ids, export, now).await.map(|_| ()).unwrap_err().to_string()
    };
    let known = come(&bench, "a").await;
    let other = EventRecord { kind: "tn.acc.invoice-posted".to_owned(), ..event("i") };
    let other = store(&bench.store, other, &[]).await;
    let stranger = EventId::new();
    assert_eq!(told(&[known], Some("job")).await, "there is no export `job`; did you mean `jobs`?");
    assert!(
        told(&[known, other], None).await.starts_with(&format!("no export runs for event {other}: it is a `tn.acc."))
    );
    assert!(told(&[known], Some("weekly")).await.starts_with("export `weekly` does not run for event "));
    assert!(told(&[stranger], None).await.starts_with(&format!("there is no event {stranger}")));
    assert_eq!(dispatches(&bench, known).await.len(), 1, "all of them or none");
}

#[tokio::test]
async fn a_process_that_dies_loses_no_event_and_hands_none_over_twice() {
    let (plugin, seen) = reading(|_| Ok(Summary::default()));
    let bench = bench(plugin);
    // Nobody runs schedules.
    let id = store(&bench.store, event("a"), &["jobs"]).await;
    let going = start(Arc::new(bench.another())).await;
    until("it is dispatched", async || states(&bench, id).await == [DispatchState::Dispatched]).await;
    going.kill();
    let going = start(Arc::new(bench.another())).await;
    a_while().await;
    assert_eq!(handed(&seen), [["a"]]);
    going.stop().await;
}

#[tokio::test]
async fn a_run_that_dies_is_gone_on_with_and_its_events_stay_what_they_are() {
    let hangs = Closure::new(async |_| std::future::pending().await);
    let bench = bench(hangs);
    let id = store(&bench.store, event("a"), &["jobs"]).await;
    let going = start(Arc::new(bench.another())).await;
    until("it runs", async || !runs_of(&bench, "jobs").await.is_empty()).await;
    going.kill();
    let later = store(&bench.store, event("b"), &["jobs"]).await;
    let (plugin, seen) = reading(|_| Ok(Summary::default()));
    bench.plugin.becomes(plugin);
    // Until the lease of the one that is gone has ended, and the pause has passed.
    bench.clock.advance(TimeDelta::seconds(120));
    let going = start(bench.runner.clone()).await;
    until("the later one is dispatched", async || states(&bench, later).await == [DispatchState::Dispatched]).await;
    bench.clock.advance(TimeDelta::seconds(31));
    until("the first one is", async || states(&bench, id).await == [DispatchState::Dispatched]).await;
    let mut all = handed(&seen);
    all.sort();
    assert_eq!(all, [["a"], ["b"]]);
    going.stop().await;
}

#[tokio::test]
async fn by_hand_a_window_is_dispatched_again_but_for_what_still_waits() {
    let (plugin, seen) = reading(|_| Ok(Summary::default()));
    let bench = bench(plugin);
    let going = start(bench.runner.clone()).await;
    let id = come(&bench, "a").await;
    until("it is dispatched", async || states(&bench, id).await == [DispatchState::Dispatched]).await;
    going.stop().await;
    come(&bench, "b").await;
    let window = Window::parse("2026-03-11", "2026-03-12", chrono_tz::Tz::America__Phoenix).unwrap();
    let request = Request { window: Some(window), ..Request::now("jobs", "acme") };
    let report = bench.runner.run(request, CancellationToken::new()).await.unwrap();
    assert_eq!(report.outcome(), Outcome::Succeeded);
    assert_eq!(handed(&seen), [["a"], ["a"]]);
    let slots = bench.store.slots(&SlotFilter { export: Some("jobs".into()), ..SlotFilter::default() }).await.unwrap();
    assert_eq!(slots.iter().map(|slot| slot.state).collect::<Vec<_>>(), [SlotState::Queued, SlotState::Taken]);
}

#[tokio::test]
async fn old_events_are_forgotten_once_nothing_waits_for_them_and_none_that_may_come_again() {
    let (plugin, _) = reading(|_| Ok(Summary::default()));
    let bench = bench(plugin);
    let going = start(bench.runner.clone()).await;
    let done = come(&bench, "done").await;
    until("it is dispatched", async || states(&bench, done).await == [DispatchState::Dispatched]).await;
    going.stop().await;
    let waiting = come(&bench, "waiting").await;
    let nobodys = store(&bench.store, event("nobody's"), &[]).await;
    let prune = async |before: &str, now: &str| {
        history::prune(&bench.store, bench.runner.outbox(), at(before), at(now)).await.unwrap().events
    };
    // All that ended is old, but whether one comes again is to be known for thirty days.
    assert_eq!(prune("2026-04-10T00:00:00Z", "2026-04-10T00:00:00Z").await, 0);
    assert_eq!(store(&bench.store, event("done"), &["jobs"]).await, done);
    assert_eq!(prune("2026-04-11T00:00:00Z", "2026-04-11T12:00:00Z").await, 2);
    assert!(bench.store.event(done).await.unwrap().is_none() && bench.store.event(nobodys).await.unwrap().is_none());
    assert_eq!(states(&bench, waiting).await, [DispatchState::Waiting]);
}
